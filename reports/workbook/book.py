"""What every workbook of ours begins with: its properties, and sheets of columns prepared for their rows."""

from datetime import date, datetime, time

from openpyxl import Workbook
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from reports.sheet import HEADER_ROWS, ROW_POINTS, Kind, column_letter
from reports.workbook.paper import header_height, new_sheets, repeated_header
from reports.workbook.stream import FilledSheet


def empty_book(title: str, creator: str, day: date, subject: str | None = None) -> Workbook:
    """A workbook without sheets, made and last changed at the beginning of a day."""
    book = Workbook()
    book.remove(book.worksheets[0])
    properties = book.properties
    properties.title = title
    properties.subject = subject
    properties.creator = properties.lastModifiedBy = creator
    properties.created = properties.modified = datetime.combine(day, time())
    return book


def prepare_sheet(sheet: Worksheet, filled: FilledSheet) -> None:
    """Header, one sample row where the frame's rows go, and everything around them."""
    declared = filled.placed.sheet
    columns = declared.columns
    for index, column in enumerate(columns):
        sheet.cell(HEADER_ROWS, index + 1, column.title).style = "header"
        sheet.column_dimensions[column_letter(index)].width = column.width
    sample = sheet.cell(HEADER_ROWS + 1, 1, "")
    if filled.links or filled.shop_links:
        sample.hyperlink = Hyperlink(ref=sample.coordinate)
    sheet.row_dimensions[HEADER_ROWS].height = header_height(columns, [column.width for column in columns])
    sheet.freeze_panes = f"{column_letter(declared.frozen)}{HEADER_ROWS + 1}"
    last_row = HEADER_ROWS + max(1, filled.tab.stop - filled.tab.start)
    sheet.auto_filter.ref = f"A{HEADER_ROWS}:{column_letter(len(columns) - 1)}{last_row}"
    widths = [column.width for column in columns[: declared.printed]]
    wrapped = any(column.kind is Kind.WRAPPED for column in columns)
    rows = filled.tab.stop - filled.tab.start + len(filled.totals)
    below = [len(table.frame) + len(table.totals) for table in filled.below]
    row_points = (3 if wrapped else 1) * ROW_POINTS
    repeats, last = repeated_header(widths, row_points, rows, below)
    is_repeated = declared.repeated and repeats
    if is_repeated:
        sheet.print_title_rows = f"{HEADER_ROWS}:{HEADER_ROWS}"
        if last:
            sheet.row_breaks.append(Break(id=HEADER_ROWS + last))
    alone = () if is_repeated else new_sheets(widths, row_points, rows, below)
    row = filled.first_below + 1  # of the header of a table below
    for place, table in enumerate(filled.below):
        last_column = len(table.columns)
        if more := table.columns[-1].widened:
            cells = CellRange(min_row=row, max_row=row, min_col=last_column, max_col=last_column + more)
            sheet.merged_cells.ranges.add(cells)
        if place in alone:
            sheet.row_breaks.append(Break(id=row - 2))
        row += table.height
    sheet.print_area = f"A1:{column_letter(declared.printed - 1)}{filled.last_row}"
