"""The files of an export as bytes, by its layout."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from io import BytesIO, StringIO

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from recon.model import JournalEntry
from recon.money import Currencies
from reports.journal.layouts import Layout
from reports.journal.rows import NUMBERS, Assertion, Setting, file_chunks, rows_of, text_of
from reports.sheet import column_letter
from reports.workbook.styles import DAY_FORMAT

_XLSX = ".xlsx"
_WIDTHS = {"journal_id": 32, "date": 12, "account_name": 24, "description": 46, "kind": 20, "digest": 20}
_WIDTH = 14


@dataclass(frozen=True)
class Files:
    """An export's files; `replaced` characters are not in the layout's encoding, and are "?" in them."""

    contents: tuple[bytes, ...]
    replaced: int = 0


def files(
    layout: Layout, currencies: Currencies, entries: Sequence[JournalEntry], assertions: Sequence[Assertion]
) -> Files:
    """Every entry, on as many files as the layout's rows of one need; no entry is split."""
    setting = Setting(layout, currencies)
    contents = []
    replaced = 0
    for chunk in file_chunks(setting, entries):
        if layout.suffix == _XLSX:
            contents.append(_workbook(setting, chunk))
            continue
        text = text_of(setting, chunk, assertions) if layout.pairing == "text" else _table(setting, chunk)
        content = text.encode(layout.encoding, "replace")
        replaced += sum(before != after for before, after in zip(text, content.decode(layout.encoding), strict=True))
        contents.append(content)
    return Files(tuple(contents), replaced)


def _table(setting: Setting, entries: Sequence[JournalEntry]) -> str:
    file = StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    if setting.layout.header:
        writer.writerow([title for title, _ in setting.layout.columns])
    writer.writerows(rows_of(setting, entries))
    return file.getvalue()


def _workbook(setting: Setting, entries: Sequence[JournalEntry]) -> bytes:
    """Amounts and counts as numbers, days as days, all else as text that no spreadsheet takes for a formula."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Journal"
    titles = [title for title, _ in setting.layout.columns]
    sheet.append(titles)
    for place, title in enumerate(titles):
        sheet.cell(1, place + 1).font = Font(bold=True)
        sheet.column_dimensions[column_letter(place)].width = _WIDTHS.get(title, _WIDTH)
    rows = rows_of(setting, entries)
    decimals = [setting.currencies.decimals(entry.currency) for entry in entries for _ in entry.lines]
    for number, (row, places) in enumerate(zip(rows, decimals, strict=True), start=2):
        for place, ((_, template), text) in enumerate(zip(setting.layout.columns, row, strict=True), start=1):
            _fill(sheet, number, place, template, text, setting, places)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _fill(sheet: Worksheet, row: int, column: int, template: str, text: str, setting: Setting, decimals: int) -> None:
    if not text:
        return
    cell = sheet.cell(row, column)
    if template in ("{line}", "{items}"):
        cell.value = int(text)
    elif template in NUMBERS:
        cell.value = Decimal(text)
        cell.number_format = f"#,##0.{'0' * decimals}" if decimals else "#,##0"
    elif template == "{date}":
        cell.value = datetime.strptime(text, setting.layout.date).date()  # noqa: DTZ007
        cell.number_format = DAY_FORMAT
    else:
        cell.value = text
        cell.data_type = "s"
