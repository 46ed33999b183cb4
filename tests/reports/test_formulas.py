"""What a spreadsheet would take for a formula is marked the same in every text file."""

import pytest

from recon.columnar import pa, pc
from reports.formulas import STARTS, marked_as_text
from reports.workbook import plain

HARMLESS = ("", "A-1", "1=1", "a|b", "オ＝ム")


@pytest.mark.parametrize("start", STARTS)
def test_a_text_that_begins_like_a_formula_is_marked(start: str) -> None:
    assert marked_as_text(f"{start}1+1") == f"'{start}1+1"


def test_columns_of_a_report_and_single_cells_go_by_the_same_signs() -> None:
    texts = [*(f"{start}1+1" for start in STARTS), *HARMLESS]
    found = pc.match_substring_regex(pa.array(texts), plain._FORMULA).to_pylist()
    assert found == [marked_as_text(text) != text for text in texts]
    assert [marked_as_text(text) for text in HARMLESS] == list(HARMLESS)
