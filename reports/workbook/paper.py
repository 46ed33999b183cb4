"""How sheets come out on paper: orientation, headers, and where a page's parts break."""

from collections.abc import Generator, Iterator, Sequence
from itertools import pairwise

from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from reports.sheet import ROW_POINTS, Column, Line

# A4, landscape, in points; what is left of it beside the margins.
_WIDE = 841.9
_HIGH = 595.3
_SIDE = 0.4
_TOP = 0.7  # inches
_INCH = 72.0
# Fonts differ between programs: rows are packed as if the paper were a little shorter.
_SAFE = 0.95
# Of a part longer than so much of a page so many points must fit below what is there, or it begins a new one.
_TORN = 0.45
_BEGINNING = 130.0
_HEADS = 70.0  # points of a table's gap, title and header
_LAST = 3  # rows that stay with the tables below them, or together where a part is torn
_TITLES = ("section", "header")
# Arial at ten points: what is not as wide as most letters and digits.
_GROUPS = {
    "ijl'": 2.22,
    " !,./:;[]\\ftI|": 2.78,
    "()-r`": 3.33,
    '"*': 3.7,
    "cksvxyzJ": 5.0,
    "+<=>~": 5.84,
    "FTZ": 6.11,
    "&ABEKPSVXY": 6.67,
    "CDHNRUw": 7.22,
    "GOQ": 7.78,
    "Mm": 8.33,
    "%": 8.89,
    "W": 9.44,
    "@": 10.15,
}
_CHARACTERS = {char: points for group, points in _GROUPS.items() for char in group}


def set_up_paper(sheet: Worksheet, footer: str, header: str = "") -> None:
    """Landscape A4, as wide as one sheet of paper, page numbers below; a header also names the sheet."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.page_margins = PageMargins(left=_SIDE, right=_SIDE, top=_TOP, bottom=_TOP, header=0.3, footer=0.3)
    assert sheet.oddHeader is not None
    assert sheet.oddFooter is not None
    sheet.oddFooter.left.text = footer
    sheet.oddFooter.right.text = "Page &P of &N"
    if header:
        sheet.oddHeader.left.text = header
        sheet.oddHeader.right.text = sheet.title


def repeated_header(widths: Sequence[int], row_points: float, rows: int, below: Sequence[int]) -> tuple[bool, int]:
    """Whether the header of a sheet's rows may stand on every sheet of paper, and after which row to begin a new one.

    `below` has how many rows each table under them has. A header must not stand over another table's rows: these
    begin on the last sheet of paper with rows of its own, and where they need more than that it is not repeated.
    """
    if not any(below):
        return True, 0
    room = _room(widths)
    under = sum(_HEADS + ROW_POINTS * max(1, count) for count in below)
    if _HEADS + row_points * rows + under <= room:
        return True, 0
    return (True, max(1, rows - _LAST)) if under + _HEADS + row_points * (_LAST + 1) <= room else (False, 0)


def new_sheets(widths: Sequence[int], row_points: float, rows: int, below: Sequence[int]) -> list[int]:
    """Which tables below a sheet's rows begin a new sheet of paper, by their places: else a title alone may end one.

    `below` has how many rows each has. Where what stands above is longer than one sheet nobody knows where it ends.
    """
    room = _room(widths)
    used = _HEADS + row_points * rows
    torn = []
    for place, count in enumerate(below):
        size = _HEADS + ROW_POINTS * max(1, count)
        if used > room or used + (size if size <= room * _TORN else _BEGINNING) > room:
            torn.append(place)
            used = 0.0
        used += size
    return torn


def _room(widths: Sequence[int]) -> float:
    """How many points of rows go on a sheet of paper as wide as these columns."""
    scale = min(1.0, (_WIDE - 2 * _SIDE * _INCH) / sum(_points(width) for width in widths))
    return (_HIGH - 2 * _TOP * _INCH) / scale * _SAFE


def header_height(columns: Sequence[Column], widths: Sequence[int]) -> float:
    """Points for the titles of columns, which wrap at these widths; a header has room for two lines at least."""
    lines = (
        lines_of(column.title, points_of((width,)) + 12, bold=True)
        for column, width in zip(columns, widths, strict=False)
    )
    return 6 + 13.0 * max(2, *lines)


def points_of(widths: Sequence[int]) -> float:
    """How wide the text of a cell over columns of so many characters can be: less its indent and edges."""
    return sum(_points(width) for width in widths) - 18


def lines_of(text: str, room: float, *, bold: bool = False) -> int:
    """How many lines a text of Arial at ten points takes where it wraps at so many points."""
    lines = 1
    used = 0.0
    for word in text.split():
        width = sum(_CHARACTERS.get(char, 5.56) for char in word) * (1.08 if bold else 1.0)
        if used and used + width > room:
            lines += 1
            used = 0.0
        if width > room:  # torn inside
            lines += int(width // room)
            width %= room
        used += width + 2.78
    return lines


def page_breaks(widths: Sequence[int], lines: Sequence[Line]) -> Iterator[int]:
    """After which rows to begin a new sheet of paper; rows count from 1.

    A part that fits on one is not torn, and where one is, it is told after which row: programs fill their paper a
    little differently, and what they tear by themselves would shift all that follows.
    """
    room = _room(widths)
    used = 0.0
    starts = [0, *(index for index, line in enumerate(lines) if line.starts and index), len(lines)]
    for start, stop in pairwise(starts):
        size = sum(line.height for line in lines[start:stop])
        whole = size <= room * _TORN or any(line.charts for line in lines[start:stop])
        if used and used + (size if whole else _BEGINNING) > room:
            yield start
            used = 0.0
        end = stop if lines[stop - 1].cells or lines[stop - 1].charts else stop - 1  # a gap may hang over
        used = yield from _torn(lines, start, end, used, room)
        used += sum(line.height for line in lines[end:stop])


def _torn(lines: Sequence[Line], start: int, end: int, used: float, room: float) -> Generator[int, None, float]:
    """After which rows of a part a new sheet of paper begins; what comes back is how much of the last one it fills.

    Titles stay with what is under them, and the last rows together.
    """
    first = start
    for row in range(start, end):
        height = lines[row].height
        if used + height > room and row > first:
            cut = max(first + 1, min(row, end - _LAST))
            while cut > first + 1 and lines[cut - 1].cells and lines[cut - 1].cells[0].style in _TITLES:
                cut -= 1
            yield cut
            used = sum(line.height for line in lines[cut:row])
            first = cut
        used += height
    return used


def _points(width: int) -> float:
    """A column of so many characters of the standard font (seven pixels each, and the cell's edges)."""
    return (width * 7 + 5) * 0.75
