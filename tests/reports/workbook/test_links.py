"""Links of the Breaks sheet: each leads to a row that holds the id it stands on; ids stay text; never too many."""

import re
from io import BytesIO
from typing import Any

import pandas as pd
import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from recon import columns as c
from reports.report import Group, Report
from reports.workbook import links
from reports.workbook.write import write_report
from tests.kit.report_example import breaks, known_break, matched, result_of
from tests.reports.summary.test_group import TWO
from tests.reports.workbook.test_write import report_of


def book_of(report: Report | Group) -> dict[str, Worksheet]:
    file = BytesIO()
    write_report(report, file)
    return {sheet.title: sheet for sheet in load_workbook(file).worksheets}


def followed(sheets: dict[str, Worksheet]) -> list[tuple[str, str, list[Any]]]:
    """Of every link the title of its column, its text, and the row where it leads."""
    found: list[tuple[str, str, list[Any]]] = []
    for row in sheets["Breaks"].iter_rows(min_row=2):
        for cell in row:
            if cell.hyperlink:
                tab, at = re.fullmatch(r"'(.+)'!A(\d+)", str(cell.hyperlink.location)).groups()  # type: ignore[union-attr]
                there = [other.value for other in sheets[tab][int(at)]]
                found.append((str(sheets["Breaks"].cell(1, cell.column or 1).value), str(cell.value), there))
    return found


def linked_report() -> Report:
    rows = matched(3)
    known = [known_break("amount_mismatch", n, expected=1, actual=2, risk=1) for n in range(3)]
    frame = breaks(known)
    frame[c.ORDER_ID] = rows[c.ORDER_ID].iloc[[2, 0, 1]].to_numpy()
    frame[c.CHARGE_ID] = pd.Series([rows[c.CHARGE_ID].iloc[2], "chrg_of_nowhere", None], dtype=c.TEXT)
    return report_of(result_of(rows, frame))


def test_each_link_leads_to_the_row_of_its_id() -> None:
    report = linked_report()
    found = followed(book_of(report))
    ids = [(title, text) for title, text, _ in found if title in ("Order", "Charge")]
    assert sorted(ids) == sorted(
        [("Order", one) for one in report.result.matched[c.ORDER_ID]]
        + [("Charge", report.result.matched[c.CHARGE_ID].iloc[2])]
    )
    assert all(text in there for title, text, there in found if title in ("Order", "Charge"))
    assert sum(title == "Its row" and text.startswith("Matched, row ") for title, text, _ in found) == 3


def test_in_the_group_s_file_a_link_stays_in_its_account() -> None:
    sheets = book_of(TWO)
    accounts = [cell.value for cell in sheets["Breaks"][1]].index("Account")
    for row in sheets["Breaks"].iter_rows(min_row=2):
        for cell in row:
            if cell.hyperlink:
                tab, at = re.fullmatch(r"'(.+)'!A(\d+)", str(cell.hyperlink.location)).groups()  # type: ignore[union-attr]
                assert sheets[tab].cell(int(at), 1).value == row[accounts].value


def test_there_are_never_more_than_excel_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MOST", 4)
    assert len(followed(book_of(linked_report()))) == 4
