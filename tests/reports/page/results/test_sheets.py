"""A workbook's sheets on the page: what the workbook shows, the page does."""

from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook

from recon.money import Currencies
from reports.page.results.drawn import DrawnCell, DrawnTable, drawn_blocks
from reports.page.results.sheets import view
from reports.report import Group, Report
from reports.workbook.write import write_report
from tests.kit.golden import results
from tests.reports.workbook.test_write import basis


def test_rates_of_a_table_below_a_sheet_are_percent_and_its_counts_are_not() -> None:
    content = _workbook(Report(results()[0], basis()))
    disputes = [line.cells[:6] for line in view(content, "Disputes", 1, Currencies()).lines]
    assert disputes[-3:] == [
        ["2026-09", "2026-09-30", "1", "", "0", "no charges"],
        ["2026-10", "2026-10-31", "4", "0.33%", "1,201", "review"],
        ["2026-11", "2026-11-30", "2", "2.85%", "70", "above"],
    ]
    titles = [line.cells[0] for line in view(content, "Disputes", 1, Currencies()).lines if line.is_title]
    assert [title.partition(" (")[0] for title in titles] == ["Dispute rate by month, from its first day"]
    assert disputes[0][3:] == ["documents alone", "2026-11-30 01:30", "-1"]


def test_the_summary_is_on_the_page_as_in_the_workbook() -> None:
    content = _workbook(Report(results()[0], basis()))
    blocks = {block.title: block for block in drawn_blocks(content, Currencies())}
    with CalamineWorkbook.from_filelike(BytesIO(content)) as book:
        rows = book.get_sheet_by_name("Summary").to_python()
    of_file = {cell for row in rows for cell in row if isinstance(cell, str) and cell}
    cells = [cell for block in blocks.values() for part in block.parts for cell in _cells(part)]
    on_page = {cell.text for cell in cells} | blocks.keys()
    boxes = {"Sign-off (the reviewer is not the preparer)", "Prepared by", "Reviewed by", "Date", "Signed over"}
    assert of_file - on_page == boxes, "what is signed by hand has its own place on the page"
    proofs = next(block for title, block in blocks.items() if title.startswith("Proofs")).parts[0]
    assert isinstance(proofs, DrawnTable)
    assert [head.text for head in proofs.heads][:3] == ["Proof", "Currency", "Left"]
    assert [cell.text for cell in proofs.rows[0]][1:3] == ["THB", "745,123.00"]
    assert proofs.rows[0][2].is_number
    by_kind = blocks["Breaks by kind"].parts[0]
    assert isinstance(by_kind, DrawnTable)
    first = by_kind.rows[0][0]
    line = next(line for line in view(content, first.sheet, 1, Currencies()).lines if line.number == first.row)
    assert line.cells[1] == first.text, "a link leads to its row"
    assert line.break_id


def test_the_groups_workbook_is_shown_each_amount_in_its_own_currency() -> None:
    parts = tuple(Report(result, basis()) for result in results())
    content = _workbook(Group(parts, ("settlement_th.xlsx", "settlement_jp.xlsx")))
    parts_drawn = [part for block in drawn_blocks(content, Currencies()) for part in block.parts]
    files = [cell.file for part in parts_drawn for cell in _cells(part) if cell.file]
    assert files == ["settlement_th.xlsx", "settlement_jp.xlsx"]
    breaks = view(content, "Breaks", 1, Currencies())
    heads = [head for head, _ in breaks.heads]
    risk, account = heads.index("Amount at risk"), heads.index("Account")
    shown = {line.cells[account]: line.cells[risk] for line in breaks.lines if line.break_id}
    assert shown["jp"] == "4,950"
    assert shown["th"][-3] == "."
    with pytest.raises(KeyError):
        view(content, "Breaks (2)", 1, Currencies())


def _workbook(report: Report | Group) -> bytes:
    file = BytesIO()
    write_report(report, file)
    return file.getvalue()


def _cells(part: DrawnTable | DrawnCell) -> list[DrawnCell]:
    return [part] if isinstance(part, DrawnCell) else [*part.heads, *(cell for row in part.rows for cell in row)]
