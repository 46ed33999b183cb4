"""One report to one workbook: pages drawn, detail sheets prepared, moved in place."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import IO
from uuid import uuid4

from openpyxl import Workbook
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from recon.money import Money
from reports.report import Basis, Report
from reports.sheet import (
    HEADER_ROWS,
    TAB_ROWS,
    AnyReport,
    Cell,
    Grouping,
    Kind,
    Page,
    PlacedSheet,
    Sheet,
    column_letter,
    place,
)
from reports.sheets import SHEETS
from reports.summary.group import PAGE as GROUP_SUMMARY
from reports.workbook.cells import CellContext, major_text, text_value
from reports.workbook.charts import chart_of
from reports.workbook.links import Link, with_links
from reports.workbook.paper import header_height, page_breaks, set_up
from reports.workbook.stream import CHUNK, FilledSheet, write_package
from reports.workbook.styles import money_style, page_style, register


@dataclass
class _Draft:
    """The openpyxl workbook while it is made, and what goes into its parts when it is saved."""

    report: AnyReport
    book: Workbook
    styles: dict[str, int] = field(default_factory=dict)  # id by name, of the styles that detail cells use
    filled: dict[str, FilledSheet] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, title: str) -> tuple[Worksheet, str]:
        """A new last sheet, and the name of its part in the package."""
        sheet = self.book.create_sheet(title)
        return sheet, f"xl/worksheets/sheet{len(self.book.worksheets)}.xml"


def write_workbook(report: AnyReport, folder: Path, number: int = 1) -> Path:
    """Write settlement_{account}_{from}_{to}.xlsx into the folder, made where it is missing; return its path.

    The same report gives the same bytes, at whatever hour of the as-of day. The file is complete or, on any error,
    the one that was there before. `number` 2 and more: beside a signed one (….2.xlsx). Raises AssertionError where
    the sheets and the result's totals differ.
    """
    path = folder / file_name(report, number)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        write_report(report, file)
    return path


def file_name(report: AnyReport, number: int = 1) -> str:
    """As a report's file is named."""
    first, last = report.days
    beside = f".{number}" if number > 1 else ""
    return f"settlement_{report.name}_{first.isoformat()}_{last.isoformat()}{beside}.xlsx"


def write_report(report: AnyReport, file: IO[bytes], *, tab_rows: int = TAB_ROWS, chunk: int = CHUNK) -> None:
    """Write the workbook into a seekable file; `tab_rows` is where a sheet goes on in the next."""
    chosen = sheets_of(report)
    sheets = (sheet for sheet in chosen if isinstance(sheet, Sheet))
    placed, links = with_links({sheet.name: place(sheet, report, tab_rows) for sheet in sheets})
    draft = _Draft(report, Workbook())
    draft.book.remove(draft.book.worksheets[0])
    register(draft.book, _currencies(report, placed), report.basis.currencies)
    draft.styles.update(style_ids(draft.book))
    for sheet in chosen:
        if isinstance(sheet, Page):
            _draw(draft, sheet, placed)
        else:
            _prepare(draft, placed[sheet.name], links)
    _describe(draft)
    write_package(draft.book, file, filled=draft.filled, values=draft.values, day=report.as_of_day, chunk=chunk)


def sheets_of(report: AnyReport) -> tuple[Page | Sheet, ...]:
    """The sheets of an account's report, or of the group's, in order."""
    if isinstance(report, Report):
        return SHEETS
    shared = (one for one in SHEETS if isinstance(one, Sheet) and one.grouping is not Grouping.ABSENT)
    return (GROUP_SUMMARY, *shared)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
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


def _currencies(report: AnyReport, placed: Mapping[str, PlacedSheet]) -> list[str]:
    """Every currency that a cell needs a style for."""
    found = set(report.codes)
    tables = [(sheet.sheet.columns, sheet.frame) for sheet in placed.values()]
    tables += [(table.columns, table.frame) for sheet in placed.values() for table in sheet.below]
    for columns, frame in tables:
        for name in {column.currency for column in columns if column.kind is Kind.MONEY}:
            found |= set(frame[name].dropna().unique())
    return sorted(code for code in found if report.basis.is_number(Money(0, code)))


def style_ids(book: Workbook) -> dict[str, int]:
    """The id of every named style: what openpyxl will write for a cell that has it."""
    sheet = book.create_sheet()
    ids = {}
    for number, name in enumerate(book.named_styles, start=1):
        cell = sheet.cell(1, number)
        cell.style = name
        ids[name] = cell.style_id
    book.remove(sheet)
    return ids


def _draw(draft: _Draft, page: Page, placed: Mapping[str, PlacedSheet]) -> None:
    sheet, part = draft.add(page.name)
    values = draft.values.setdefault(part, {})
    for index, width in enumerate(page.widths):
        sheet.column_dimensions[column_letter(index)].width = width
    lines = page.lines(draft.report, placed)
    for row, line in enumerate(lines, start=1):
        sheet.row_dimensions[row].height = line.height
        column = 1
        for cell in line.cells:
            number = _draw_cell(draft.report.basis, draft.styles, sheet, row, column, cell)
            if number:
                values[f"{column_letter(column - 1)}{row}"] = number
            column += cell.span
        for chart in line.charts:
            sheet.add_chart(chart_of(chart, sheet), f"{column_letter(chart.at)}{row}")
    for row in page_breaks(page.widths, lines):
        sheet.row_breaks.append(Break(id=row))
    sheet.print_area = f"A1:{column_letter(len(page.widths) - 1)}{len(lines)}"
    sheet.sheet_view.showGridLines = False
    set_up(sheet, draft.report)


def _draw_cell(
    basis: Basis, styles: Collection[str], sheet: Worksheet, row: int, column: int, cell: Cell
) -> str | None:
    """Put a cell on a sheet; what comes back is a number's exact text, for the XML."""
    style, shown, number = _shown(basis, cell)
    style = page_style(style) if page_style(style) in styles else style
    place = sheet.cell(row, column)
    if cell.span > 1:
        for more in range(column, column + cell.span):
            sheet.cell(row, more).style = style
        sheet.merge_cells(start_row=row, end_row=row, start_column=column, end_column=column + cell.span - 1)
    place.value = f"={cell.formula}" if cell.formula else shown  # type: ignore[assignment]
    if isinstance(shown, str) and not cell.formula:
        place.data_type = "s"  # else a text that begins with "=" would be a formula
    place.style = style
    if cell.link:
        place.hyperlink = Hyperlink(ref=place.coordinate, location=cell.link)
        place.style = style
    if cell.file:
        place.hyperlink = Hyperlink(ref=place.coordinate, target=cell.file)
        place.style = style
    return number


def _shown(basis: Basis, cell: Cell) -> tuple[str, object, str | None]:
    """A cell's style, the value that openpyxl is given, and a number's exact text."""
    value = cell.value
    if isinstance(value, Money):
        if basis.is_number(value):
            exponent = basis.currencies.exponent(value.currency)
            return cell.style or money_style(value.currency), 0, major_text(value.amount, exponent)
        return cell.style or "money as text", basis.currencies.show(value.amount, value.currency), None
    if isinstance(value, int | float):
        return cell.style or ("count" if isinstance(value, int) else "rate"), 0, repr(value)
    if isinstance(value, str):
        return cell.style or "text", text_value(value), None
    return cell.style or "day", value, None


def _prepare(draft: _Draft, placed: PlacedSheet, links: Mapping[str, Sequence[Link]]) -> None:
    """Header, one sample row where the frame's rows go, and everything around them, for every tab of a sheet."""
    columns = placed.sheet.columns
    context = CellContext(draft.styles, draft.report.zone, draft.report.basis.currencies)
    for tab in placed.tabs:
        sheet, part = draft.add(tab.title)
        draft.filled[part] = FilledSheet(placed, tab, context, links.get(tab.title, ()))
        for index, column in enumerate(columns):
            header = sheet.cell(HEADER_ROWS, index + 1, column.title)
            header.style = "header"
            sheet.column_dimensions[column_letter(index)].width = column.width
        sample = sheet.cell(HEADER_ROWS + 1, 1, "")
        if draft.filled[part].links:
            sample.hyperlink = Hyperlink(ref=sample.coordinate)
        sheet.row_dimensions[HEADER_ROWS].height = header_height(columns, [column.width for column in columns])
        sheet.freeze_panes = f"{column_letter(placed.sheet.frozen)}{HEADER_ROWS + 1}"
        last = HEADER_ROWS + max(1, tab.stop - tab.start)
        sheet.auto_filter.ref = f"A{HEADER_ROWS}:{column_letter(len(columns) - 1)}{last}"
        if placed.sheet.repeated:
            sheet.print_title_rows = f"{HEADER_ROWS}:{HEADER_ROWS}"
        sheet.print_area = f"A1:{column_letter(placed.sheet.printed - 1)}{draft.filled[part].last_row}"
        set_up(sheet, draft.report)


def _describe(draft: _Draft) -> None:
    report = draft.report
    first, last = report.days
    about = draft.book.properties
    about.title = f"Settlement reconciliation {report.name} {first} to {last}"
    about.subject = "Orders, charges, refunds and settlement on Omise"
    about.creator = about.lastModifiedBy = f"omise-recon {report.basis.software_version}"
    about.created = about.modified = datetime.combine(report.as_of_day, time())
