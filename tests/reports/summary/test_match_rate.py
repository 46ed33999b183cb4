"""The match rate is one figure wherever people read it, and 100 % nowhere where one is missing."""

from dataclasses import replace

import pytest

from jobs.cli.answers.tables import _share
from jobs.desk.signing import ToSign
from recon.money import Currencies
from reports.summary.parts import rate_cell
from tests.kit.report_example import result_of


@pytest.mark.parametrize(
    ("matched", "expecting", "value", "words"),
    [
        (199_999, 200_000, 0.9999, "99.99 %"),
        (57, 100, 0.57, "57.00 %"),
        (2, 3, 0.6666, "66.66 %"),
        (3, 3, 1.0, "100.00 %"),
    ],
)
def test_a_match_rate_is_cut_everywhere(matched: int, expecting: int, value: float, words: str) -> None:
    cell = rate_cell(matched, expecting, "F2", "F1")
    assert (cell.value, cell.formula) == (value, "INT(10000*F2/F1)/10000")
    signed = ToSign("th", matched, expecting, True, 0, (), {}, 0)
    assert f"orders matched ({words})" in signed.words(Currencies())
    assert _share(replace(result_of(), matched_orders=matched, expecting_orders=expecting)) == words
