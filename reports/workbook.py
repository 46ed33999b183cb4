"""One result to one workbook: pages drawn, detail sheets prepared, moved in place; knows no sheet by name."""

import io
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import IO
from uuid import uuid4

from openpyxl import Workbook
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from recon.model import Result
from recon.money import Currencies, Money
from reports.cells import Look, major_text, text_value
from reports.sheet import (
    HEADER_ROWS,
    TAB_ROWS,
    CatalogueEntry,
    Cell,
    Kind,
    Page,
    Placed,
    Report,
    Sheet,
    letter,
    place,
)
from reports.sheets import SHEETS
from reports.stream import CHUNK, Filled, write_package
from reports.styles import money_look, register


@dataclass
class _Draft:
    """The openpyxl workbook while it is made, and what goes into its parts when it is saved."""

    report: Report
    book: Workbook
    styles: dict[str, int] = field(default_factory=dict)  # id by name, of the styles that detail cells use
    filled: dict[str, Filled] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, title: str) -> tuple[Worksheet, str]:
        """A new last sheet, and the name of its part in the package."""
        sheet = self.book.create_sheet(title)
        return sheet, f"xl/worksheets/sheet{len(self.book.worksheets)}.xml"


def write_workbook(
    result: Result,
    folder: Path,
    *,
    catalogue: Sequence[CatalogueEntry],
    currencies: Currencies,
    audit_head: str | None = None,
    software_version: str,
) -> Path:
    """Write settlement_{account}_{from}_{to}.xlsx into the folder, made where it is missing; return its path.

    The same arguments give the same bytes, at whatever hour of the as-of day. The file is complete or, on any
    error, the one that was there before. Raises AssertionError where the sheets and the result's totals differ.
    """
    report = Report(result, catalogue, currencies, audit_head, software_version)
    days = f"{result.first_day.isoformat()}_{result.last_day.isoformat()}"
    path = folder / f"settlement_{result.account.name}_{days}.xlsx"
    folder.mkdir(parents=True, exist_ok=True)
    with _replacing(path) as file:
        write_report(report, file)
    return path


def write_report(report: Report, file: IO[bytes], *, tab_rows: int = TAB_ROWS, chunk: int = CHUNK) -> None:
    """Write the workbook into a seekable file; `tab_rows` is where a sheet goes on in the next."""
    sheets = [sheet for sheet in SHEETS if isinstance(sheet, Sheet)]
    placed = {sheet.name: place(sheet, sheet.rows(report), tab_rows) for sheet in sheets}
    draft = _Draft(report, Workbook())
    draft.book.remove(draft.book.worksheets[0])
    register(draft.book, _currencies(report, placed), report.currencies)
    draft.styles.update(_style_ids(draft.book))
    for sheet in SHEETS:
        if isinstance(sheet, Page):
            _draw(draft, sheet, placed)
        else:
            _prepare(draft, placed[sheet.name])
    _describe(draft)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        # Not Workbook.save: it puts the clock into the document's properties.
        ExcelWriter(draft.book, archive).save()
    with zipfile.ZipFile(made) as archive:
        write_package(archive, file, filled=draft.filled, values=draft.values, day=report.as_of_day, chunk=chunk)


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the path's place when all of it is on disk, and leaves nothing behind when it fails."""
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _currencies(report: Report, placed: Mapping[str, Placed]) -> list[str]:
    """Every currency that a cell needs a style for."""
    result = report.result
    found = {total.currency for total in result.currencies} | {proof.currency for proof in result.proofs}
    for sheet in placed.values():
        names = {column.currency for column in sheet.sheet.columns if column.kind is Kind.MONEY}
        for name in names:
            found |= set(sheet.frame[name].dropna().unique())
    return sorted(code for code in found if report.is_number(Money(0, code)))


def _style_ids(book: Workbook) -> dict[str, int]:
    """The id of every named style: what openpyxl will write for a cell that has it."""
    sheet = book.create_sheet()
    ids = {}
    for number, name in enumerate(book.named_styles, start=1):
        cell = sheet.cell(1, number)
        cell.style = name
        ids[name] = cell.style_id
    book.remove(sheet)
    return ids


def _draw(draft: _Draft, page: Page, placed: Mapping[str, Placed]) -> None:
    sheet, part = draft.add(page.name)
    values = draft.values.setdefault(part, {})
    for index, width in enumerate(page.widths):
        sheet.column_dimensions[letter(index)].width = width
    for row, line in enumerate(page.lines(draft.report, placed), start=1):
        if line.height is not None:
            sheet.row_dimensions[row].height = line.height
        column = 1
        for cell in line.cells:
            number = _draw_cell(draft.report, sheet, row, column, cell)
            if number:
                values[f"{letter(column - 1)}{row}"] = number
            column += cell.span
    sheet.sheet_view.showGridLines = False
    _print(draft, sheet)


def _draw_cell(report: Report, sheet: Worksheet, row: int, column: int, cell: Cell) -> str | None:
    """Put a cell on a sheet; what comes back is a number's exact text, for the XML."""
    look, shown, number = _shown(report, cell)
    place = sheet.cell(row, column)
    if cell.span > 1:
        for more in range(column, column + cell.span):
            sheet.cell(row, more).style = look
        sheet.merge_cells(start_row=row, end_row=row, start_column=column, end_column=column + cell.span - 1)
    place.value = f"={cell.formula}" if cell.formula else shown  # type: ignore[assignment]
    if isinstance(shown, str) and not cell.formula:
        place.data_type = "s"  # else a text that begins with "=" would be a formula
    place.style = look
    if cell.link:
        place.hyperlink = Hyperlink(ref=place.coordinate, location=cell.link)
        place.style = look
    return number


def _shown(report: Report, cell: Cell) -> tuple[str, object, str | None]:
    """A cell's style, the value that openpyxl is given, and a number's exact text."""
    value = cell.value
    if isinstance(value, Money):
        if report.is_number(value):
            exponent = report.currencies.exponent(value.currency)
            return cell.look or money_look(value.currency), 0, major_text(value.amount, exponent)
        return cell.look or "money as text", report.currencies.show(value.amount, value.currency), None
    if isinstance(value, int | float):
        return cell.look or ("count" if isinstance(value, int) else "rate"), 0, repr(value)
    if isinstance(value, str):
        return cell.look or "text", text_value(value), None
    return cell.look or "day", value, None


def _prepare(draft: _Draft, placed: Placed) -> None:
    """Header, one sample row where the frame's rows go, and everything around them, for every tab of a sheet."""
    columns = placed.sheet.columns
    look = Look(draft.styles, draft.report.result.account.zone, draft.report.currencies)
    for tab in placed.tabs:
        sheet, part = draft.add(tab.title)
        draft.filled[part] = Filled(placed, tab, look)
        for index, column in enumerate(columns):
            header = sheet.cell(HEADER_ROWS, index + 1, column.title)
            header.style = "header"
            sheet.column_dimensions[letter(index)].width = column.width
        sheet.cell(HEADER_ROWS + 1, 1, "")
        sheet.row_dimensions[HEADER_ROWS].height = 30
        sheet.freeze_panes = f"{letter(placed.sheet.frozen)}{HEADER_ROWS + 1}"
        last = HEADER_ROWS + max(1, tab.stop - tab.start)
        sheet.auto_filter.ref = f"A{HEADER_ROWS}:{letter(len(columns) - 1)}{last}"
        sheet.print_title_rows = f"{HEADER_ROWS}:{HEADER_ROWS}"
        sheet.print_area = f"A1:{letter(placed.sheet.printed - 1)}{last}"
        _print(draft, sheet)


def _print(draft: _Draft, sheet: Worksheet) -> None:
    result = draft.report.result
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.7, bottom=0.7, header=0.3, footer=0.3)
    sides = (
        (sheet.oddHeader, f"{result.account.name}  {result.first_day} to {result.last_day}", sheet.title),
        (sheet.oddFooter, f"omise-recon  {draft.report.digest[:12]}", "Page &P of &N"),
    )
    for item, left, right in sides:
        assert item is not None
        item.left.text, item.right.text = left, right


def _describe(draft: _Draft) -> None:
    result = draft.report.result
    day = datetime.combine(draft.report.as_of_day, time())
    about = draft.book.properties
    about.title = f"Settlement reconciliation {result.account.name} {result.first_day} to {result.last_day}"
    about.subject = "Orders, charges, refunds and settlement on Omise"
    about.creator = about.lastModifiedBy = f"omise-recon {draft.report.software_version}"
    about.created = about.modified = day
