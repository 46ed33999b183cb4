"""One report to one workbook: pages drawn, detail sheets prepared, moved in place."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import IO
from uuid import uuid4

from openpyxl import Workbook
from openpyxl.styles.cell_style import StyleArray
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from recon.columnar import pa, pc
from recon.money import Money
from reports.report import Basis, Report
from reports.sheet import (
    TAB_ROWS,
    AnyReport,
    Cell,
    Grouping,
    Kind,
    Line,
    Page,
    PlacedSheet,
    Sheet,
    column_letter,
    place,
)
from reports.sheets import SHEETS
from reports.summary.group import PAGE as GROUP_SUMMARY
from reports.workbook.book import empty_book, prepare_sheet
from reports.workbook.cells import CellContext, major_text, text_value
from reports.workbook.charts import chart_of
from reports.workbook.links import with_links
from reports.workbook.paper import page_breaks, set_up_paper
from reports.workbook.shop_links import with_shop_links
from reports.workbook.stream import CHUNK, FilledSheet, write_package
from reports.workbook.styles import money_style, page_style, register


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
    basis = report.basis
    first, last = report.days
    title = f"Settlement reconciliation {report.name} {first} to {last}"
    subject = "Orders, charges, refunds and settlement on Omise"
    book = empty_book(title, f"omise-recon {basis.software_version}", report.as_of_day, subject)
    declared = sheets_of(report)
    tables = (sheet for sheet in declared if isinstance(sheet, Sheet))
    placed, links = with_links({sheet.name: place(sheet, report, tab_rows) for sheet in tables})
    placed, links, shop_links = with_shop_links(placed, links, report)
    style_ids = register(book, _currencies(report, placed), basis.currencies)
    context = CellContext(style_ids, report.zone, basis.currencies)
    styles = {name: book._cell_styles[style] for name, style in context.styles.items()}  # type: ignore[attr-defined]
    filled: dict[str, FilledSheet] = {}
    values: dict[str, dict[str, str]] = {}
    for sheet in declared:
        if isinstance(sheet, Page):
            drawn, part = _add_sheet(book, sheet.name)
            values[part] = _draw(drawn, sheet.widths, sheet.lines(report, placed), basis, styles)
            _set_up_paper(drawn, report)
            continue
        for tab in placed[sheet.name].tabs:
            prepared, part = _add_sheet(book, tab.title)
            filled[part] = FilledSheet(
                placed[sheet.name], tab, links.get(tab.title, ()), shop_links.get(tab.title, ())
            )
            prepare_sheet(prepared, filled[part])
            _set_up_paper(prepared, report)
    write_package(book, file, context, filled=filled, values=values, day=report.as_of_day, chunk=chunk)


def _add_sheet(book: Workbook, title: str) -> tuple[Worksheet, str]:
    """A new last sheet, and the name of its part in the package."""
    sheet = book.create_sheet(title)
    return sheet, f"xl/worksheets/sheet{len(book.worksheets)}.xml"


def _set_up_paper(sheet: Worksheet, report: AnyReport) -> None:
    first, last = report.days
    zone = f"  ·  times in {report.zone.key}" if isinstance(report, Report) or report.shares_zone else ""
    set_up_paper(sheet, f"omise-recon  {report.digest[:12]}", f"{report.name}  {first} to {last}{zone}")


def sheets_of(report: AnyReport) -> tuple[Page | Sheet, ...]:
    """The sheets of an account's report, or of the group's, in order."""
    if isinstance(report, Report):
        return SHEETS
    shared = (sheet for sheet in SHEETS if isinstance(sheet, Sheet) and sheet.grouping is not Grouping.ABSENT)
    return (GROUP_SUMMARY, *shared)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the path's place when all of it is on disk, and leaves nothing behind when it fails."""
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            flock(file, LOCK_EX)  # held while its process lives: `remove_left` goes by it
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def remove_left(folder: Path) -> None:
    """Removes the parts of workbooks that a killed process left in a folder; another one's that lives stay."""
    for part in folder.glob(".settlement_*.part"):
        with suppress(OSError), part.open("rb") as file:
            flock(file, LOCK_EX | LOCK_NB)
            part.unlink()


def _currencies(report: AnyReport, placed: Mapping[str, PlacedSheet]) -> list[str]:
    """Every currency that a cell needs a style for."""
    codes = set(report.codes)
    tables = [(sheet.sheet.columns, sheet.frame) for sheet in placed.values()]
    tables += [(table.columns, table.frame) for sheet in placed.values() for table in sheet.below]
    for columns, frame in tables:
        for name in {column.currency for column in columns if column.kind is Kind.MONEY}:
            codes.update(pc.unique(pa.array(frame[name])).drop_null().to_pylist())
    return sorted(code for code in codes if report.basis.is_number(Money(0, code)))


def _draw(
    sheet: Worksheet, widths: Sequence[int], lines: Sequence[Line], basis: Basis, styles: Mapping[str, StyleArray]
) -> dict[str, str]:
    """Put a page's lines on a sheet; what comes back is each number's exact text by its cell, for the XML.

    `styles` has the named styles as openpyxl's cells keep them: by its name each would be looked for among all.
    """
    values = {}
    for index, width in enumerate(widths):
        sheet.column_dimensions[column_letter(index)].width = width
    for row, line in enumerate(lines, start=1):
        sheet.row_dimensions[row].height = line.height
        column = 1
        for cell in line.cells:
            number = _draw_cell(basis, styles, sheet, row, column, cell)
            if number:
                values[f"{column_letter(column - 1)}{row}"] = number
            column += cell.span
        for chart in line.charts:
            sheet.add_chart(chart_of(chart, sheet), f"{column_letter(chart.at)}{row}")
    for row in page_breaks(widths, lines):
        sheet.row_breaks.append(Break(id=row))
    sheet.print_area = f"A1:{column_letter(len(widths) - 1)}{len(lines)}"
    sheet.sheet_view.showGridLines = False
    return values


def _draw_cell(
    basis: Basis, styles: Mapping[str, StyleArray], sheet: Worksheet, row: int, column: int, cell: Cell
) -> str | None:
    """Put a cell on a sheet; what comes back is a number's exact text, for the XML."""
    style, shown, number = _shown(basis, cell)
    array = styles.get(page_style(style)) or styles[style]
    place = sheet.cell(row, column)
    for more in range(column, column + cell.span):
        sheet.cell(row, more)._style = array  # type: ignore[union-attr]
    if cell.span > 1:
        merged = CellRange(min_row=row, max_row=row, min_col=column, max_col=column + cell.span - 1)
        sheet.merged_cells.ranges.add(merged)  # no look at all others for whether it is among them
    place.value = f"={cell.formula}" if cell.formula else shown  # type: ignore[assignment]
    if isinstance(shown, str) and not cell.formula:
        place.data_type = "s"  # else a text that begins with "=" would be a formula
    if cell.link:
        place.hyperlink = Hyperlink(ref=place.coordinate, location=cell.link)
    if cell.file:
        place.hyperlink = Hyperlink(ref=place.coordinate, target=cell.file)
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
