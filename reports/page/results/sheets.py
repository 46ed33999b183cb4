"""A sheet of a finished workbook as lines of text, a page at a time."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

from python_calamine import CalamineWorkbook

from recon.money import Currencies
from reports.sheet import HEADER_ROWS, Column, Kind, Sheet
from reports.sheets import SHEETS as DECLARED

ROWS = 200
SHEETS: Mapping[str, Sheet] = {sheet.name: sheet for sheet in DECLARED if isinstance(sheet, Sheet)}
SUMMARY = "Summary"
_BREAK_ID = re.compile(r"brk_[a-z2-7]{16}")
_NUMBERS = (Kind.MONEY, Kind.COUNT, Kind.RATE)
_MORE_TABS = re.compile(r" \(\d+\)")
Columns = Sequence[Column | None]  # what each place of a row is; null: nothing that the sheet declares


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One row: its number in the file, its cells, whether it is a part of a transfer, which break it is about."""

    number: int
    cells: Sequence[str]
    is_part: bool
    break_id: str | None

    @property
    def is_title(self) -> bool:
        """Whether it has words in its first cell alone, which go over all columns."""
        return len(self.cells) > 1 and bool(self.cells[0]) and not any(self.cells[1:])


@dataclass(frozen=True)
class View:
    """One page of a sheet: its heads (and which of them are numbers), its lines, where it is in the whole, and how
    many columns go to paper."""

    heads: Sequence[tuple[str, bool]]
    lines: Sequence[SheetLine]
    page: int
    pages: int
    printed: int


def page_of(row: int) -> int:
    """The page on which a row of a sheet stands."""
    return max(0, row - HEADER_ROWS - 1) // ROWS + 1


def sheet_names(content: bytes) -> list[str]:
    """The sheets of a workbook that we wrote."""
    with CalamineWorkbook.from_filelike(BytesIO(content)) as book:
        return book.sheet_names


def view(content: bytes, name: str, page: int, currencies: Currencies) -> View:
    """A page of a sheet of a workbook that we wrote; raises KeyError for one that it has not."""
    sheet = SHEETS[_MORE_TABS.sub("", name)]
    with CalamineWorkbook.from_filelike(BytesIO(content)) as book:
        if name not in book.sheet_names:
            raise KeyError(name)
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    heads = [str(value) for value in rows[0]] if rows else []
    pages = max(1, -(-(len(rows) - HEADER_ROWS) // ROWS))
    page = min(max(1, page), pages)
    start = HEADER_ROWS + (page - 1) * ROWS
    columns = list(_columns(sheet, rows))
    kind = heads.index("Line") if "Line" in heads else None
    below = next((number for number, row in enumerate(rows) if not any(row)), len(rows))  # a second table
    lines = []
    for number, row in enumerate(rows[start : start + ROWS], start=start):
        break_id = next((cell for cell in row if isinstance(cell, str) and _BREAK_ID.fullmatch(cell)), None)
        is_part = kind is not None and number < below and row[kind] != "transfer"
        lines.append(SheetLine(number + 1, _line(row, columns[number], currencies), is_part, break_id))
    of_numbers = [column is not None and column.kind in _NUMBERS for column in (columns[0] if rows else ())]
    printed = sheet.printed + len(heads) - len(sheet.columns)  # in the workbook of all accounts some come before
    return View(list(zip(heads, of_numbers, strict=True)), lines, page, pages, printed)


def _columns(sheet: Sheet, rows: Sequence[Sequence[Any]]) -> Iterator[Columns]:
    """Of each row what its places are: the sheet's own columns, then those of the table below that it belongs to.

    In the workbook of all accounts more columns stand among them.
    """
    tables = [
        {column.title: column for column in columns}
        for columns in (sheet.columns, *(block.columns for block in sheet.below))
    ]
    columns: Columns = [None] * len(rows[0]) if rows else ()
    for row in rows:
        for by_title in tables:
            if by_title.keys() <= set(row):  # its heads
                columns = [by_title.get(cell) for cell in row]
        yield columns


def _line(row: Sequence[Any], columns: Columns, currencies: Currencies) -> list[str]:
    places = {column.name: place for place, column in enumerate(columns) if column}
    texts = []
    for cell, column in zip(row, columns, strict=True):
        currency = ""
        if column and column.kind is Kind.MONEY and column.currency in places:
            currency = str(row[places[column.currency]])
        texts.append(_text(cell, column, currencies.decimals(currency)))
    return texts


def _text(value: Any, column: Column | None, decimals: int) -> str:
    """A cell as people read it; a number of money has so many decimals if it has no more."""
    match value:
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
        case int() | float() if not isinstance(value, bool):
            exact = Decimal(repr(value))
            if column and column.kind is Kind.RATE:
                return f"{exact * 100:.2f}%"
            if decimals == 0 and exact != exact.to_integral_value():
                return f"{exact:,}"
            return f"{exact:,.{decimals}f}"
        case _:
            return str(value)
