"""What people read on a sheet is words: no codes with low lines, and each text under its own header."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import pandas as pd
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from recon import columns as c
from recon.journal.words import EntryKind
from recon.model import Proof, ProofItem, Result
from reports.codes import BREAK_CODES
from reports.report import Basis, Report
from reports.sheet import Column, Kind, Sheet
from reports.sheets import SHEETS
from reports.sheets.balance_proof import proof_lines
from reports.sheets.journal import SHEET as JOURNAL
from reports.workbook.write import write_report
from tests.kit.loaded_book import loaded
from tests.kit.report_example import bare_result_of, breaks, empty_result, known_break, result_of

_IN_WORDS = {c.STATUS, c.ORDER_STATUS, c.CHARGE_STATUS, c.SUBJECT_TYPE, c.REASON_CODE}
_PLAIN = {("Pending", c.SUBJECT_TYPE)}  # orders, charges, refunds, transfers and disputes: no word has two parts


def sheet_of(result: Result, name: str) -> Worksheet:
    file = BytesIO()
    write_report(Report(result, Basis("0")), file)
    sheet = loaded(file)[name]
    assert isinstance(sheet, Worksheet)
    return sheet


def columns() -> Iterator[tuple[str, Column]]:
    for sheet in SHEETS:
        if isinstance(sheet, Sheet):
            for part in (sheet.columns, *(block.columns for block in sheet.below)):
                yield from ((sheet.name, column) for column in part)


def under(sheet: Worksheet, title: str, row: int = 2) -> object:
    return sheet.cell(row, next(cell.column for cell in sheet[1] if cell.value == title)).value


def proof(*items: str) -> Proof:
    return Proof("orders_to_charges", "THB", 0, len(items), tuple(ProofItem(item, (("A-1", 1),)) for item in items))


def test_every_status_is_words_and_every_break_its_title() -> None:
    found = [(sheet, one) for sheet, one in columns() if one.name in _IN_WORDS and (sheet, one.name) not in _PLAIN]
    assert {(sheet, one.title, one.kind) for sheet, one in found if one.kind is not Kind.WORDS} == set()
    assert {one.kind for _, one in columns() if one.name == BREAK_CODES} == {Kind.BREAKS}


def test_low_lines_are_blanks_and_the_frame_keeps_its_code() -> None:
    found = breaks([known_break("bank_credit_unexplained", 1)])
    waiting = found.assign(status="pending_approval", subject_type="bank_line").astype({c.STATUS: c.TEXT})
    sheet = sheet_of(bare_result_of(open_breaks=waiting.astype({c.SUBJECT_TYPE: c.TEXT})), "Breaks")
    assert (under(sheet, "Status"), under(sheet, "Subject")) == ("pending approval", "bank line")


def test_a_total_names_its_rows_as_they_are_shown() -> None:
    result = result_of()
    refunds = result.details.refunds.assign(status="half_way").astype({c.STATUS: c.TEXT})
    sheet = sheet_of(replace(result, details=replace(result.details, refunds=refunds)), "Refunds")
    [total] = [row for row in range(2, sheet.max_row + 1) if sheet.cell(row, 1).value == "Total"]
    assert under(sheet, "Status", total) == under(sheet, "Status") == "half way"


def test_the_breaks_of_a_row_are_told_by_their_titles() -> None:
    result = result_of()
    [[order]] = result.details.refunds[[c.ORDER_ID]].dropna().head(1).to_numpy().tolist()
    known = breaks([known_break("refund_missing", 1), known_break("refund_window_closed", 2)])
    known = known.assign(order_id=order).astype({c.ORDER_ID: c.TEXT})
    rows = sheet_of(result_of(open_breaks=known), "Refunds").iter_rows(min_row=2, values_only=True)
    [shown] = {row[13] for row in rows if row[1] == order}
    assert shown == "Refund not made at Omise; Too late to refund at Omise"


@pytest.mark.parametrize("kind", EntryKind)
def test_the_kind_of_an_entry_is_its_label(kind: EntryKind) -> None:
    lines = result_of().journal.head(1).assign(entry_kind=str(kind)).astype({c.ENTRY_KIND: c.TEXT})
    frame = JOURNAL.rows(Report(replace(result_of(), journal=lines), Basis("0")))
    [shown] = [column for column in JOURNAL.columns if column.title == "Kind"]
    assert frame[shown.name].tolist() == [kind.label]
    assert "_" not in kind.label


def test_a_proof_s_gap_is_told_by_the_title_of_its_break() -> None:
    items = ("open break amount_mismatch", "charge_missing, resolved by anna: paid_in_cash", "voids")
    lines = proof_lines(Report(replace(empty_result(), proofs=(proof(*items),)), Basis("0")))
    assert lines[c.ITEM].tolist() == [
        "open break: The amounts differ",
        "Order paid, and no charge for it, resolved by anna: paid_in_cash",
        "voids",
    ]


def test_the_header_of_the_reasons_is_as_wide_as_they_are() -> None:
    sheet = sheet_of(replace(empty_result(), proofs=(proof("voids"),)), "Balance proof")
    [head] = [cell for row in sheet.iter_rows() for cell in row if cell.value == "Why"]
    assert [str(cells) for cells in sheet.merged_cells.ranges] == [f"G{head.row}:K{head.row}"]
    assert pd.Series([sheet.cell(head.row + 1, at).style for at in range(7, 12)]).unique().tolist() == ["text"]
