"""The workbook as a whole: its sheets, its Summary, its bytes; a wrong or half file never leaves the house."""

import resource
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache, lru_cache
from io import BytesIO
from itertools import takewhile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from recon import columns as c
from recon.calendars import business_calendar
from recon.model import BreakStatus, Exposure, Result, Severity
from recon.money import Currencies
from recon.rules import title_of
from recon.settings import RuleSettings
from reports.report import Basis, Report
from reports.sheet import Column, Kind, PlacedSheet, Sheet, column_letter, place
from reports.sheets import SHEETS
from reports.sheets.changes import figure_words
from reports.totals import Totals
from reports.workbook.links import with_links
from reports.workbook.write import write_report, write_workbook
from tests.kit.loaded_book import loaded
from tests.kit.report_example import (
    AS_OF,
    BREAKS,
    JP,
    TH,
    bare_result_of,
    breaks,
    empty_result,
    known_break,
    matched,
    result_of,
    result_with_a_closed_break,
    totals,
)

Rows = list[list[Any]]
DETAIL = {sheet.name: sheet for sheet in SHEETS if isinstance(sheet, Sheet)}


def report_of(result: Result) -> Report:
    return Report(result, basis())


@cache
def basis() -> Basis:
    """The rules of the example, one of them switched off and one made worse, and the calendar of its country."""
    settings = {
        "fee_vat_mismatch": RuleSettings(enabled=False),
        "refund_overdue": RuleSettings(severity=Severity.CRITICAL, thresholds={"business_days": 3}),
    }
    calendars = {one.name: business_calendar(one.region, one.zone, AS_OF.date()) for one in (TH, JP)}
    return Basis(
        "0.1.0",
        settings=settings,
        calendars=calendars,
        audit_head="ab" * 32,
        book_codes={"th": {"clearing": "1150", "fees": "6210"}},
    )


def written(result: Result, **limits: int) -> BytesIO:
    file = BytesIO()
    write_report(report_of(result), file, **limits)
    file.seek(0)
    return file


@cache
def _example() -> bytes:
    return written(result_of()).getvalue()


def example() -> BytesIO:
    """The workbook of the full result, made once."""
    return BytesIO(_example())


def write(result: Result, folder: Path) -> Path:
    return write_workbook(report_of(result), folder)


def shown(file: BytesIO, *, values: bool = True) -> Workbook:
    """To look at, not to change: the same bytes are read once."""
    return _shown(file.getvalue(), values)


@lru_cache(maxsize=8)
def _shown(content: bytes, values: bool) -> Workbook:
    return loaded(BytesIO(content), values=values)


def values(file: BytesIO, name: str) -> Rows:
    """What stands in a sheet, read in a hundredth of the time that openpyxl takes."""
    with CalamineWorkbook.from_filelike(BytesIO(file.getvalue())) as book:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    return [[None if cell == "" else cell for cell in row] for row in rows]


def read_by_calamine(file: BytesIO, name: str) -> list[list[Any]]:
    file.seek(0)
    rows: list[list[Any]] = CalamineWorkbook.from_filelike(file).get_sheet_by_name(name).to_python()
    return rows


def sheet_of(book: Workbook, name: str) -> Worksheet:
    sheet = book[name]
    assert isinstance(sheet, Worksheet)
    return sheet


def cells(sheet: Worksheet | Rows) -> Rows:
    return sheet if isinstance(sheet, list) else [list(row) for row in sheet.iter_rows(values_only=True)]


def first_table(sheet: Worksheet | Rows) -> Rows:
    """The rows of a detail sheet, its header first, without what stands below a gap."""
    return [*takewhile(any, cells(sheet))]


def row_of(sheet: Worksheet | Rows, *start: str) -> list[Any]:
    """The row that begins with these cells."""
    [found] = [row for row in cells(sheet) if tuple(row[: len(start)]) == start]
    return found


def open_of(summary: Worksheet | Rows, for_cash: str, currency: str) -> list[Any]:
    """How many breaks are open of this kind and currency, and how much."""
    return next(row[2:4] for row in cells(summary) if row[:2] == [for_cash, currency])


@cache
def _placed() -> dict[str, PlacedSheet]:
    report = report_of(result_of())
    return with_links({one.name: place(one, report) for one in DETAIL.values()})[0]


def expected(sheet: Sheet, report: Report) -> list[list[Any]]:
    """All rows of a sheet of the example, worked out cell by cell: its own with totals, then each table below."""
    placed = _placed()[sheet.name]
    found = _table(sheet.columns, placed.frame, placed.empty, report)
    sums = _sums(sheet.columns, placed.frame, sheet.totals)
    found += [[], *sums] if sums else []
    for table, block in zip(placed.below, sheet.below, strict=True):
        found += [[], [table.title], *_table(table.columns, table.frame, table.empty, report)]
        found += _sums(table.columns, table.frame, block.totals)
    wide = max(map(len, found))
    return [[*row, *[None] * (wide - len(row))] for row in found]


def _sums(columns: tuple[Column, ...], frame: pd.DataFrame, totals: Totals | None) -> list[list[Any]]:
    """Row by row, one amount after another: by what sets the lines apart and currency."""
    if totals is None:
        return []
    currencies = {column.name: column.currency for column in columns}
    keys = list(dict.fromkeys([*totals.apart, *(currencies[name] for name in totals.summed)]))
    lines: dict[tuple[Any, ...], dict[str, Decimal]] = {}
    for row in frame.astype(object).where(frame.notna(), None).to_dict("records"):
        line = lines.setdefault(tuple(row[key] for key in keys), {})
        for name in totals.summed:
            if row[name] is not None:
                amount = Decimal(int(row[name])).scaleb(-Currencies().exponent(row[currencies[name]]))
                line[name] = line.get(name, Decimal(0)) + amount
    found = []
    for values, sums in sorted(lines.items(), key=str):
        line = dict(zip(keys, values, strict=True)) | {name: float(amount) for name, amount in sums.items()}
        words = [line.get(column.name) for column in columns]
        word = next(at for at, column in enumerate(columns) if column.name not in {*keys, *totals.summed})
        found += [[*words[:word], "Total", *words[word + 1 :]]] if sums else []
    return found


def _table(columns: tuple[Column, ...], frame: pd.DataFrame, empty: str, report: Report) -> list[list[Any]]:
    rows = [[_expected(column, row, report) for column in columns] for row in frame.to_dict("records")]
    return [[column.title for column in columns], *(rows or [[empty]])]


def _expected(column: Column, row: dict[Any, Any], report: Report) -> Any:
    value = row[column.name]
    if pd.isna(value):
        return None
    if column.kind is Kind.MONEY:
        exponent = Currencies().exponent(row[column.currency])
        return float(Decimal(int(value)).scaleb(-exponent))
    if column.kind is Kind.MOMENT:
        return value.tz_convert(report.zone).tz_localize(None).to_pydatetime()
    if column.kind is Kind.RATE:
        return pytest.approx(value / 10_000)
    if column.kind is Kind.BREAKS:
        return "; ".join(map(title_of, value.split(", ")))
    return value.replace("_", " ") if column.kind is Kind.WORDS else value


def same(found: Sequence[Sequence[Any]], wanted: Sequence[Sequence[Any]]) -> bool:
    left, right = ([[None if cell == "" else cell for cell in row] for row in rows] for rows in (found, wanted))
    return left == right


def part_of(name: str) -> str:
    """The part of the package that holds a sheet."""
    return f"xl/worksheets/sheet{[sheet.name for sheet in SHEETS].index(name) + 1}.xml"


def test_the_sheets_stand_in_the_contract_s_order() -> None:
    assert [sheet.name for sheet in SHEETS] == [
        "Summary",
        "Breaks",
        "Settlement",
        "Balance proof",
        "Journal",
        "Matched",
        "Pending",
        "Refunds",
        "Fees and VAT",
        "Disputes",
        "Bank",
        "Rulings",
        "Rejected rows",
        "Changes",
        "Legend",
    ]
    assert shown(example()).sheetnames == [sheet.name for sheet in SHEETS]


@pytest.mark.parametrize("name", DETAIL)
def test_every_cell_of_a_detail_sheet_is_its_frame_s(name: str) -> None:
    file = example()
    wanted = expected(DETAIL[name], report_of(result_of()))
    assert cells(sheet_of(shown(file), name)) == wanted
    plain = cells(sheet_of(shown(file, values=False), name))
    values = [row for row in wanted if "Total" not in row]
    assert [row for row in plain if "Total" not in row] == values
    sums = [cell for row in plain if "Total" in row for cell in row if str(cell).startswith("=ROUND(SUMIFS(")]
    assert len(sums) == sum(isinstance(cell, float) for row in wanted if "Total" in row for cell in row)
    assert same(read_by_calamine(file, name), wanted)


def test_the_file_is_named_after_account_and_range(tmp_path: Path) -> None:
    assert write(bare_result_of(), tmp_path / "new").name == "settlement_th_2026-11-01_2026-11-30.xlsx"


def test_summary_shows_the_result_s_figures_and_every_total_is_a_formula_with_its_value() -> None:
    result, file = result_of(), example()
    values, formulas = sheet_of(shown(file), "Summary"), sheet_of(shown(file, values=False), "Summary")
    assert row_of(values, "Orders")[1:6] == [72, None, "Orders that expect a charge", None, 71]
    assert row_of(values, "Charges")[5] == 60
    assert str(row_of(formulas, "Charges")[5]).startswith("=COUNTIFS('Matched'!")
    assert row_of(values, "Refunds")[5] == 0.845  # cut
    assert row_of(values, "Transfers")[5] == 2
    thb = next(total for total in result.currencies if total.currency == "THB")
    assert row_of(values, "THB")[1:5] == [thb.orders, thb.charges, 60, thb.amount_matched / 100]
    kinds = [open_of(values, kind.words, "THB")[1] for kind in Exposure]
    assert sum(kinds) == pytest.approx(thb.amount_open / 100), "what is open is said by kind, never in one sum"
    assert str(open_of(formulas, "lost", "THB")[1]).startswith("=ROUND(SUMIFS('Breaks'!")
    assert open_of(values, "owed to us", "JPY") == [1, 12_000]  # yen have no decimals


def test_no_formula_is_without_its_value() -> None:
    file = example()
    values, formulas = sheet_of(shown(file), "Summary"), sheet_of(shown(file, values=False), "Summary")
    found = [cell.coordinate for row in formulas for cell in row if cell.data_type == "f"]
    assert len(found) > 40
    assert [place for place in found if not isinstance(values[place].value, int | float)] == []


def test_summary_counts_breaks_by_code_and_currency_and_links_to_their_rows() -> None:
    file = example()
    summary, sheet = sheet_of(shown(file), "Summary"), sheet_of(shown(file), "Breaks")
    failed, missing = "Order paid, charge failed", "Order paid, and no charge for it"
    assert row_of(summary, failed)[1:7] == ["critical", "THB", 2, 1730.5, "lost", "order_paid_charge_failed"]
    assert row_of(summary, missing, "high", "THB")[3:5] == [1, 999]
    assert row_of(summary, missing, "high", "USD")[3:5] == [1, 55]
    assert row_of(summary, "Order row could not be read")[1:5] == ["medium", "no amount", 1, None]
    assert row_of(summary, "All breaks")[3] == 15
    assert row_of(summary, "All that is open")[2] == 15
    links = {cell.value: cell.hyperlink.location for row in summary for cell in row if cell.hyperlink}
    place = str(links["Refund takes too long"]).partition("!")[2]
    assert sheet.cell(sheet[place].row, 12).value == "refund_overdue"


def test_summary_sorts_breaks_by_age_at_every_border() -> None:
    ages = (0, 7, 8, 30, 31, 60, 61, 90, 91, 400)
    known = [known_break("charge_missing", n, risk=100, age=0, since=n) for n in ages]
    summary = values(written(bare_result_of(open_breaks=breaks(known))), "Summary")
    assert row_of(summary, "Breaks")[2:] == [2, 2, 2, 2, 2, 10]
    assert row_of(summary, "Breaks, by days since first seen")[2:] == [10, 0, 0, 0, 0, 10]
    found = [row for row in cells(summary) if row[:2] == ["lost", "THB"]]
    assert found[-1][2:8] == [2, 2, 2, 2, 2, 10]


def test_summary_never_adds_what_is_owed_to_what_is_lost() -> None:
    known = [
        known_break("charge_missing", 1, expected=500, actual=0, risk=500),
        known_break("amount_mismatch", 2, expected=500, actual=700, risk=200, owner="Malee"),
        known_break("amount_mismatch", 3, expected=500, actual=400, risk=100, owner="Malee"),
    ]
    summary = values(written(bare_result_of(open_breaks=breaks(known))), "Summary")
    kinds = ("lost", "owed to customers", "owed to us")
    assert [open_of(summary, kind, "THB") for kind in kinds] == [[1, 5], [1, 2], [1, 1]]
    assert [1, "owed to customers", 2] in [row[2:5] for row in cells(summary) if row[0] == "Malee"]
    assert row_of(summary, "nobody yet", "THB")[2:5] == [1, "lost", 5]
    amounts = [cell for row in cells(summary)[20:] for cell in row if isinstance(cell, int | float)]
    assert 8 not in amounts
    assert 3 not in {row[3] for row in cells(summary) if row[0] == "The amounts differ"}


def test_breaks_of_one_cause_are_one_group_with_its_members() -> None:
    known = [known_break("settlement_overdue", n, risk=100, age=1, since=n) for n in range(1, 15)]
    known += [known_break("charge_missing", n, risk=100) for n in (30, 31)]
    summary = values(written(bare_result_of(open_breaks=breaks(known))), "Summary")
    cause = row_of(summary, "Payouts of th are late or paused")
    assert cause[1:6] == ["THB", 14, 14, "2026-11-17", "2026-11-30"]
    members = [row[1] for row in cells(summary) if str(row[1]).startswith("charge_")]
    assert members == [f"charge_{n}" for n in range(14, 2, -1)], "the oldest first"
    assert [row[1] for row in cells(summary) if str(row[1]).startswith("and ")] == [
        "and 2 more: filter the Breaks sheet by its cause"
    ]


def test_a_file_beside_a_signed_one_says_why_and_what_differs_one_by_one() -> None:
    result = result_of()
    file = BytesIO()
    write_report(replace(report_of(result), beside="settlement.xlsx was signed as preparer by Mei"), file)
    rows = values(file, "Summary")
    at = next(number for number, row in enumerate(rows) if row[0] == "settlement.xlsx was signed as preparer by Mei")
    block = [[cell for cell in row if cell is not None] for row in takewhile(any, rows[at + 1 :])]
    changes = result.details.changes
    assert len(changes) >= 3
    assert f"what differs from the result of {result.details.since}" in str(block[0])
    for what, subject in zip(changes[c.WHAT], changes[c.SUBJECT_ID], strict=True):
        assert any(what in row and subject in row for row in block), (what, subject)
    for figure in result.details.figures[c.FIGURE]:
        assert any(row[:2] == [figure_words(figure), "figure"] for row in block)


def test_a_closed_break_is_on_no_sheet() -> None:
    known = [*BREAKS, known_break("order_missing", 7, risk=1, status=BreakStatus.WRITTEN_OFF)]
    result = replace(bare_result_of(), breaks=breaks(known))
    assert row_of(values(written(result), "Summary"), "All breaks")[3] == len(BREAKS)


def test_proofs_say_whether_they_tie_out() -> None:
    summary = sheet_of(shown(example()), "Summary")
    name = "Ledger balance = balance at Omise"
    assert row_of(summary, name)[1:] == ["THB", 81200.5, 80950.5, -250, -250, 0, "ties out"]
    assert row_of(summary, "Transfers paid = credits at the bank")[4:] == [-15, 0, -15, "DOES NOT TIE"]


def test_an_incomplete_result_says_so_before_anything_else() -> None:
    complete = [row[0] for row in cells(sheet_of(shown(example()), "Summary")) if row[0]]
    partial = [row[0] for row in values(written(replace(bare_result_of(), complete=False)), "Summary")]
    assert "NOT COMPLETE" not in "".join(complete)
    assert str(partial[3]).startswith("NOT COMPLETE")


def test_an_empty_result_says_it_in_words() -> None:
    file = written(empty_result())
    wanted = {
        "Breaks": "No breaks.",
        "Matched": "No matched orders.",
        "Rejected rows": "No rejected rows.",
        "Pending": "Nothing is pending.",
        "Refunds": "No refunds.",
        "Disputes": "No disputes.",
        "Changes": "The first result of this range: there is nothing to compare with.",
    }
    for name, words in wanted.items():
        assert [cell for cell in values(file, name)[1] if cell] == [words]
    assert row_of(values(file, "Summary"), "Refunds")[5] == "not applicable"


def test_matched_orders_without_a_row_are_shown_and_the_totals_still_add_up() -> None:
    file = written(result_with_a_closed_break())
    summary, formulas = values(file, "Summary"), sheet_of(shown(file, values=False), "Summary")
    assert row_of(summary, "Charges")[5] == 61
    assert row_of(summary, "THB")[5:7] == [1, 50]
    place = next(number for number, row in enumerate(summary, 1) if row[0] == "THB")
    assert str(formulas[f"E{place}"].value).endswith(f"+G{place}")


def test_several_charges_of_one_order_count_it_once() -> None:
    links = matched(3)
    links[c.ORDER_ID] = pd.Series(["A", "A", "B"], dtype=c.TEXT)
    file = written(bare_result_of(links))
    assert row_of(values(file, "Summary"), "Charges")[5] == 2
    assert [row[-1] for row in first_table(values(file, "Matched"))[1:]] == [1, 2, 1]


def test_totals_that_differ_from_the_sheets_stop_the_file(tmp_path: Path) -> None:
    wrong = bare_result_of()
    path = write(wrong, tmp_path)
    before = path.read_bytes()
    more = tuple(replace(total, amount_open=total.amount_open + 1) for total in wrong.currencies)
    for result in (
        replace(wrong, currencies=more),
        replace(wrong, matched_orders=wrong.matched_orders + 1),
        replace(wrong, rejected_rows=9),
        replace(wrong, currencies=tuple(replace(t, amount_matched=t.amount_matched + 1) for t in wrong.currencies)),
        replace(wrong, currencies=wrong.currencies[1:]),
    ):
        with pytest.raises(AssertionError):
            write(result, tmp_path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = write(bare_result_of(), tmp_path)
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Openpyxl's own files, which are not packed, stay below it: it is ours that is too large.
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            write(bare_result_of(matched(10_000)), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_result_gives_the_same_bytes_at_another_hour(tmp_path: Path) -> None:
    result, first = result_of(), example().getvalue()
    later = AS_OF + timedelta(hours=2)
    again = replace(result, as_of=later, breaks_new=3, breaks_closed=1, breaks=result.breaks.assign(last_seen=later))
    assert write(again, tmp_path / "b").read_bytes() == first
    assert write(replace(result, as_of=AS_OF + timedelta(days=1)), tmp_path / "c").read_bytes() != first
    assert write(replace(result, refunds=35), tmp_path / "d").read_bytes() != first


def test_the_package_carries_no_clock_and_no_data_descriptors() -> None:
    with zipfile.ZipFile(example()) as package:
        assert {info.date_time for info in package.infolist()} == {(2026, 12, 1, 0, 0, 0)}
        assert [info.filename for info in package.infolist() if info.flag_bits & 0x08] == []
        assert b"2026-12-01T00:00:00Z" in package.read("docProps/core.xml")


def test_money_has_its_currency_s_format() -> None:
    book = shown(written(bare_result_of(matched(3, currency="JPY", funding="JPY"), account=JP)))
    sheet = sheet_of(book, "Matched")
    assert sheet["F2"].number_format == '"¥"#,##0_);[Red]-"¥"#,##0_)'
    assert sheet["F2"].value == 10_000
    mixed = sheet_of(book, "Breaks")
    formats = {row[13].value: row[5].number_format for row in mixed.iter_rows(min_row=2) if row[13].value}
    assert {code: "0.00" in text for code, text in formats.items()} == {
        "JPY": False,
        "SGD": True,
        "THB": True,
        "USD": True,
    }


def test_every_sheet_is_ready_to_print_and_to_filter() -> None:
    book = shown(example())
    for name, sheet in DETAIL.items():
        found = sheet_of(book, name)
        assert found.freeze_panes == f"{column_letter(sheet.frozen)}2"
        assert found.auto_filter.ref.startswith("A1:")
        assert found.print_title_rows == ("$1:$1" if sheet.repeated else None)
        widths = [found.column_dimensions[column_letter(index)].width for index in range(len(sheet.columns))]
        assert widths == [column.width for column in sheet.columns]
    for found in book.worksheets:
        assert found.page_setup.orientation == "landscape"
        assert found.page_setup.fitToHeight == 0
        assert found.oddFooter is not None
        assert found.oddFooter.right.text == "Page &P of &N"


def test_totals_of_the_example_are_not_taken_from_the_code_under_test() -> None:
    result = result_of()
    assert result.currencies == totals(result.matched, result.breaks)
    assert sum(total.matched_orders for total in result.currencies) == 60


@pytest.mark.parametrize("sheet", [sheet for sheet in DETAIL.values() if sheet.below], ids=lambda sheet: sheet.name)
def test_money_below_the_rows_has_the_room_that_it_asks_for(sheet: Sheet) -> None:
    """A column is as wide as the sheet's: a sum that does not fit is printed as ###."""
    narrow = [
        (block.title, column.title, above.width)
        for block in sheet.below
        for column, above in zip(block.columns, sheet.columns, strict=False)
        if column.kind == Kind.MONEY and above.width < min(column.width, 14)
    ]
    assert narrow == []
