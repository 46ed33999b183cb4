"""What a sheet is: its columns, its rows, the tabs they fill; knows no style, no file and no single sheet."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Protocol

import pandas as pd

from recon.model import Result
from recon.money import Currencies, Money, UnknownCurrency
from reports.verify import result_digest

HEADER_ROWS = 1
TAB_ROWS = 1_048_576  # of one Excel sheet, its header included
EXACT = 10**15  # a spreadsheet number keeps 15 significant digits; larger amounts are shown as text


class Kind(StrEnum):
    """How the cells of a column are written and shown."""

    TEXT = "text"
    WRAPPED = "wrapped"
    MONEY = "money"  # minor units, shown in major units of the row's currency
    MOMENT = "moment"  # shown in the account's zone
    COUNT = "count"
    SEVERITY = "severity"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a detail sheet: what it is called, the frame column it shows, how, and how wide (characters)."""

    title: str
    name: str
    kind: Kind
    width: int
    currency: str = ""  # money: the frame column that names each row's currency


class CatalogueEntry(Protocol):
    """One kind of break, as the catalogue of rules describes it."""

    @property
    def code(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def meaning(self) -> str: ...
    @property
    def action(self) -> str: ...


@dataclass(frozen=True)
class Report:
    """All that a workbook is made of."""

    result: Result
    catalogue: Sequence[CatalogueEntry]
    currencies: Currencies
    audit_head: str | None
    software_version: str

    @cached_property
    def digest(self) -> str:
        """The result's digest, computed once."""
        return result_digest(self.result)

    @property
    def as_of_day(self) -> date:
        """The as-of moment's day in the account's zone: all of the clock that a workbook shows."""
        return self.result.as_of.astimezone(self.result.account.zone).date()

    def is_number(self, money: Money) -> bool:
        """Whether a spreadsheet can hold the amount as an exact number of its currency."""
        try:
            self.currencies.exponent(money.currency)
        except UnknownCurrency:
            return False
        return abs(money.amount) < EXACT


@dataclass(frozen=True)
class Sheet:
    """A detail sheet: one row per row of a frame. `rows` gives the frame, sorted, `columns` what is shown of it."""

    order: int
    name: str
    columns: tuple[Column, ...]
    rows: Callable[[Report], pd.DataFrame]
    empty: str  # what the sheet says when it has no rows
    printed: int  # how many columns, from the left, go to paper
    frozen: int = 1  # how many columns stay when scrolling


@dataclass(frozen=True, slots=True)
class Tab:
    """One sheet of the file: rows start <= i < stop of a detail sheet's frame."""

    title: str
    start: int
    stop: int


# A frame column, and a cell or a quoted condition: ("currency", "$A12"), ("age_days", '">=2"').
Criterion = tuple[str, str]


@dataclass(frozen=True)
class Placed:
    """A detail sheet with its rows and the tabs they fill; writes formulas over them."""

    sheet: Sheet
    frame: pd.DataFrame
    tabs: tuple[Tab, ...]

    def count(self, *criteria: Criterion) -> str:
        """A COUNTIFS over all tabs."""
        return "+".join(f"COUNTIFS({self._pairs(tab, criteria)})" for tab in self.tabs)

    def count_numbers(self, name: str) -> str:
        """A COUNT of the number cells of one column over all tabs."""
        return "+".join(f"COUNT({self._range(tab, name)})" for tab in self.tabs)

    def total(self, name: str, exponent: int, *criteria: Criterion) -> str:
        """A SUMIFS over all tabs, rounded to the currency's decimals: a sum of binary fractions drifts."""
        sums = (f"SUMIFS({self._range(tab, name)},{self._pairs(tab, criteria)})" for tab in self.tabs)
        return f"ROUND({'+'.join(sums)},{exponent})"

    def _pairs(self, tab: Tab, criteria: tuple[Criterion, ...]) -> str:
        return ",".join(f"{self._range(tab, name)},{condition}" for name, condition in criteria)

    def _range(self, tab: Tab, name: str) -> str:
        index = next(i for i, column in enumerate(self.sheet.columns) if column.name == name)
        last = HEADER_ROWS + max(1, tab.stop - tab.start)
        return f"'{tab.title}'!${letter(index)}${HEADER_ROWS + 1}:${letter(index)}${last}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a page. With a `formula`, `value` is what it must come to and is cached beside it."""

    value: str | int | float | date | Money | None  # an int is a count, a float a rate
    look: str = ""  # a style's name; without one the value's type chooses
    formula: str = ""
    span: int = 1
    link: str = ""  # a place in this workbook: 'Breaks'!A2


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a page, cells from the left; `height` in points where the text needs more than one line."""

    cells: tuple[Cell, ...] = ()
    height: float | None = None


@dataclass(frozen=True)
class Page:
    """A sheet laid out by hand. `lines` may write formulas over the detail sheets, named as they are."""

    order: int
    name: str
    widths: tuple[int, ...]
    lines: Callable[[Report, Mapping[str, Placed]], Sequence[Line]]


def place(sheet: Sheet, frame: pd.DataFrame, tab_rows: int = TAB_ROWS) -> Placed:
    """The frame on as many tabs as its rows need: Matched, Matched (2), …; an empty frame has one."""
    return Placed(sheet, frame, tuple(_tabs(sheet.name, len(frame), tab_rows - HEADER_ROWS)))


def _tabs(name: str, rows: int, size: int) -> Iterator[Tab]:
    for number, start in enumerate(range(0, max(1, rows), size), start=1):
        yield Tab(name if number == 1 else f"{name} ({number})", start, min(rows, start + size))


def letter(index: int) -> str:
    """The name of a spreadsheet column: 0 is A, 26 is AA."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
