"""Tables for people: what stands first."""

import pytest

from jobs.cli.answers import tables
from recon.money import Currencies
from tests.kit.books import TH
from tests.kit.report_example import known_break


def test_the_largest_by_the_digits_that_people_read_stands_first(capsys: pytest.CaptureFixture[str]) -> None:
    small = known_break("amount_mismatch", 1, currency="THB", risk=122_700)
    large = known_break("amount_mismatch", 2, currency="JPY", risk=48_600)
    none = known_break("amount_mismatch", 3, currency=None)
    tables.breaks([small, none, large], {"th": TH}, Currencies())
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert listed == [known.latest.id for known in (large, small, none)]
