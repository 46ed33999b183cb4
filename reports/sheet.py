"""What a sheet is: its columns, its rows, the tabs they fill."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any

from recon import columns as c
from recon.columnar import pd
from recon.money import Money
from reports.report import Group, Report
from reports.totals import TotalLine, Totals, total_lines

HEADER_ROWS = 1
TAB_ROWS = 1_048_576  # of one Excel sheet, its header included
ROW_POINTS = 14.5  # the height of a page's row that says nothing else
AnyReport = Report | Group
TIME_ZONE = "time_zone"  # in the workbook over all accounts: the zone of the account that a row is of
AT_SHOP = "at_shop"  # in a workbook: whether the order id of a row leads to the shop


class Kind(StrEnum):
    """How the cells of a column are written and shown."""

    TEXT = "text"
    WORDS = "words"  # a code of ours or of Omise, shown with blanks for its low lines
    BREAKS = "breaks"  # codes of breaks, shown by their titles
    WRAPPED = "wrapped"
    MONEY = "money"  # minor units, shown in major units of the row's currency
    MOMENT = "moment"  # shown in the zone of the row's account
    COUNT = "count"
    RATE = "rate"  # ten-thousandths, shown in percent
    SEVERITY = "severity"
    INPUT = "input"  # text that people fill in
    INPUT_DAY = "input day"
    LINK = "link"  # words that lead to a place in the same file
    SHOP = "shop"  # an id that leads to the shop where the frame's column `AT_SHOP` is true, else text


EMPTY = '""'  # the condition of a criterion: cells with nothing in them


class Grouping(StrEnum):
    """What the workbook over all accounts makes of a table."""

    ABSENT = "absent"  # it stays in the accounts' own files
    EACH = "each"  # the accounts' rows below each other, their account first
    ONCE = "once"  # what all accounts have in common once, then what is one's alone


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a detail sheet: what it is called, the frame column it shows, how, and how wide (characters)."""

    title: str
    name: str
    kind: Kind
    width: int
    currency: str = ""  # money: the frame column that names each row's currency
    widened: int = 0  # of the last column of a table below others: so many columns of the sheet are its own, too


Rows = Callable[[Report], "pd.DataFrame"]
Text = str | Callable[[Report], str]


@dataclass(frozen=True)
class Block:
    """A table below the rows of a sheet; its columns are as wide as the sheet's."""

    title: str
    columns: tuple[Column, ...]
    rows: Rows
    empty: Text
    grouping: Grouping = Grouping.EACH
    totals: Totals | None = None


@dataclass(frozen=True)
class Sheet:
    """A detail sheet: one row per row of a frame. `rows` gives the frame, `columns` what is shown of it."""

    order: int
    name: str
    columns: tuple[Column, ...]
    rows: Rows
    empty: Text  # what the sheet says when it has no rows
    printed: int  # how many columns, from the left, go to paper
    frozen: int = 1  # how many columns stay when scrolling
    arrange: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame  # sorts the rows, of all accounts together
    below: tuple[Block, ...] = ()
    grouping: Grouping = Grouping.ABSENT
    repeated: bool = True  # the header stands on every sheet of paper
    totals: Totals | None = None


@dataclass(frozen=True, slots=True)
class Tab:
    """One sheet of the file: rows start <= i < stop of a detail sheet's frame."""

    title: str
    start: int
    stop: int


# A frame column, and a cell or a quoted condition: ("currency", "$A12"), ("age_days", '">=2"').
Criterion = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Area:
    """Cells of columns, on each tab from a first to a last row; writes formulas over them."""

    columns: tuple[Column, ...]
    spans: tuple[tuple[str, int, int], ...]  # a tab, its first and its last row

    def count(self, *criteria: Criterion) -> str:
        """A COUNTIFS over all tabs."""
        return "+".join(self._where(span, None, criteria) for span in self.spans)

    def count_numbers(self, name: str) -> str:
        """A COUNT of the number cells of one column over all tabs."""
        return "+".join(f"COUNT({self._range(span, name)})" for span in self.spans)

    def total(self, name: str, exponent: int, *criteria: Criterion) -> str:
        """A SUMIFS over all tabs, rounded to the currency's decimals: a sum of binary fractions drifts."""
        sums = (self._where(span, name, criteria) for span in self.spans)
        return f"ROUND({'+'.join(sums)},{exponent})"

    def _where(self, span: tuple[str, int, int], summed: str | None, criteria: tuple[Criterion, ...]) -> str:
        """How many rows of a tab, or the sum of their column `summed`.

        What is empty is all less what is not: LibreOffice looks for empty cells no further than the column's last
        filled one.
        """
        empty = next((criterion for criterion in criteria if criterion[1] == EMPTY), None)
        if empty is not None:
            others = tuple(criterion for criterion in criteria if criterion != empty)
            filled = (*others, (empty[0], '"<>"'))
            return f"({self._where(span, summed, others)}-{self._where(span, summed, filled)})"
        pairs = ",".join(f"{self._range(span, name)},{condition}" for name, condition in criteria)
        if summed is None:
            return f"COUNTIFS({pairs})" if criteria else f"ROWS({self._range(span, self.columns[0].name)})"
        cells = self._range(span, summed)
        return f"SUMIFS({cells},{pairs})" if criteria else f"SUM({cells})"

    def _range(self, span: tuple[str, int, int], name: str) -> str:
        letter = column_letter(next(at for at, column in enumerate(self.columns) if column.name == name))
        title, first, last = span
        return f"'{title}'!${letter}${first}:${letter}${last}"


@dataclass(frozen=True)
class Table:
    """Rows with their columns, ready to be written; `title` stands above a table that lies below another."""

    title: str
    columns: tuple[Column, ...]
    frame: pd.DataFrame
    empty: str
    totals: tuple[TotalLine, ...] = ()

    @property
    def height(self) -> int:
        """How many rows it takes: a gap, title and header, its rows or words instead, and its totals."""
        return 3 + max(1, len(self.frame)) + len(self.totals)


@dataclass(frozen=True)
class PlacedSheet:
    """A detail sheet with its rows and the tabs they fill."""

    sheet: Sheet
    frame: pd.DataFrame
    tabs: tuple[Tab, ...]
    empty: str = ""
    below: tuple[Table, ...] = ()  # on the last tab
    totals: tuple[TotalLine, ...] = ()  # likewise, between the rows and the tables below them

    @property
    def area(self) -> Area:
        """The cells of its rows."""
        spans = ((tab.title, HEADER_ROWS + 1, HEADER_ROWS + max(1, tab.stop - tab.start)) for tab in self.tabs)
        return Area(self.sheet.columns, tuple(spans))

    def link(self, index: int = 0) -> str:
        """The place of a row of the frame."""
        title, row = self.where(index)
        return f"'{title}'!A{row}"

    def where(self, index: int) -> tuple[str, int]:
        """The tab and the row in it that a row of the frame stands in."""
        tab = next((tab for tab in self.tabs if tab.start <= index < tab.stop), self.tabs[0])
        return tab.title, index - tab.start + HEADER_ROWS + 1


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a page. With a `formula`, `value` is what it must come to and is cached beside it."""

    value: str | int | float | date | Money | None  # an int is a count, a float a rate
    style: str = ""  # a style's name; without one the value's type chooses
    formula: str = ""
    span: int = 1
    link: str = ""  # a place in this workbook: 'Breaks'!A2
    file: str = ""  # another file beside this one


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart over rows of a page: one column of labels, one of numbers; `bars`, else a line."""

    title: str
    labels: int  # columns count from 0, rows from 1
    numbers: int
    first: int
    last: int
    number_format: str
    at: int  # the column where it begins
    points: tuple[float, float]  # width and height
    bars: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a page, cells from the left; `height` in points where the text needs more than one line."""

    cells: tuple[Cell, ...] = ()
    height: float = ROW_POINTS
    starts: bool = False  # a part of the page begins here: it goes to the next sheet of paper as a whole
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True)
class Page:
    """A sheet laid out by hand. `lines` may write formulas over the detail sheets, named as they are."""

    order: int
    name: str
    widths: tuple[int, ...]
    lines: Callable[[Any, Mapping[str, PlacedSheet]], Sequence[Line]]


def in_shape(frame: pd.DataFrame, shape: c.Frame) -> pd.DataFrame:
    """The frame itself; where it has no rows, an empty one of that shape."""
    return shape.empty() if frame.empty else frame


def typed_as(frame: pd.DataFrame, shape: c.Frame) -> pd.DataFrame:
    """The columns of a shape, with their dtypes."""
    columns = {column.name: frame[column.name].astype(column.dtype) for column in shape.columns}  # type: ignore[call-overload]
    return pd.DataFrame(columns, copy=False)


def place(sheet: Sheet, report: AnyReport, tab_rows: int = TAB_ROWS) -> PlacedSheet:
    """The rows on as many tabs as they need: Matched, Matched (2), …; no rows have one."""
    if isinstance(report, Group) and sheet.grouping is Grouping.EACH:
        columns = _of_group(sheet.columns, report)
        printed = sheet.printed + len(columns) - len(sheet.columns)
        sheet = replace(sheet, columns=columns, printed=printed, frozen=sheet.frozen + 1)
    frame = sheet.arrange(_rows(sheet, report))
    is_group = isinstance(report, Group)
    blocks = (block for block in sheet.below if not (is_group and block.grouping is Grouping.ABSENT))
    below = tuple(_table(block, report) for block in blocks)
    totals = _totals(sheet, sheet.columns, frame, report)
    under = sum(table.height for table in below) + (1 + len(totals) if totals else 0)
    tabs = tuple(_tabs(sheet.name, len(frame), tab_rows - HEADER_ROWS, under))
    return PlacedSheet(sheet, frame, tabs, _text(sheet.empty, report), below, totals)


def _table(block: Block, report: AnyReport) -> Table:
    each = isinstance(report, Group) and block.grouping is Grouping.EACH
    columns = _of_group(block.columns, report) if isinstance(report, Group) and each else block.columns
    frame = _rows(block, report)
    totals = _totals(block, columns, frame, report)
    return Table(block.title, columns, frame, _text(block.empty, report), totals)


def _totals(
    table: Sheet | Block, columns: tuple[Column, ...], frame: pd.DataFrame, report: AnyReport
) -> tuple[TotalLine, ...]:
    """Of a group for each account."""
    currencies = {column.name: column.currency for column in columns if column.currency}
    return total_lines(frame, table.totals, currencies, [c.ACCOUNT] if isinstance(report, Group) else [])


def _rows(table: Sheet | Block, report: AnyReport) -> pd.DataFrame:
    """The account's rows; of a group the accounts' below each other, or each that differs once."""
    if isinstance(report, Report):
        return table.rows(report)
    if table.grouping is Grouping.ONCE:
        return pd.concat([table.rows(part) for part in report.parts]).drop_duplicates(ignore_index=True)
    frames = []
    for part in report.parts:
        frame = table.rows(part)
        own = {TIME_ZONE: part.zone.key} | ({} if c.ACCOUNT in frame.columns else {c.ACCOUNT: part.name})
        texts = {name: c.typed([word] * len(frame), c.TEXT).array for name, word in own.items()}
        frames.append(frame.assign(**texts))
    return pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)


def _of_group(columns: tuple[Column, ...], group: Group) -> tuple[Column, ...]:
    """The columns with the account's name first, and where zones differ the zone before the first time."""
    declared = (column for column in columns if column.name == c.ACCOUNT)
    account = next(declared, Column("Account", c.ACCOUNT, Kind.TEXT, 12))
    shown = [account, *(column for column in columns if column is not account)]
    first_time = next((at for at, column in enumerate(shown) if column.kind is Kind.MOMENT), None)
    if first_time is not None and not group.shares_zone:
        shown.insert(first_time, Column("Time zone", TIME_ZONE, Kind.TEXT, 20))
    return tuple(shown)


def _text(words: Text, report: AnyReport) -> str:
    if isinstance(words, str):
        return words
    if isinstance(report, Report):
        return words(report)
    texts = {part.name: words(part) for part in report.parts}
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    return " ".join(f"{name}: {text}" for name, text in texts.items())


def _tabs(name: str, rows: int, size: int, under: int) -> Iterator[Tab]:
    """Where `under` more rows do not fit below the last ones, its last row begins a new tab."""
    starts = [*range(0, max(1, rows), size)]
    if rows > 1 and under and rows - starts[-1] + under > size:
        starts.append(rows - 1)
    for number, (start, stop) in enumerate(pairwise([*starts, rows]), start=1):
        yield Tab(name if number == 1 else f"{name} ({number})", start, stop)


def column_letter(index: int) -> str:
    """The name of a spreadsheet column: 0 is A, 26 is AA."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
