"""One input as columns of text, whatever it was before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from recon.arrays import Mask
from recon.bounds import MOST_CELLS, MOST_COLUMNS, MOST_ROWS
from recon.columnar import np, npt, pa, pc

# A double holds 15 significant digits for sure, and Excel keeps no more of a number than these.
_CERTAIN = 10**15
LOST_DIGITS = "is a number of more than 15 digits, and its last digits are lost: keep it as text in the file"


class SourceMissing(Exception):
    """A source has nothing to read by: no file, no database file, or no table with a column that is configured."""


class SourceUnreadable(Exception):
    """A file or query cannot be read as a whole; says which, what is wrong and what to do."""


class EncodingUnclear(SourceUnreadable):
    """A text file can be in any of some encodings, and nothing says in which."""

    def __init__(self, words: str, can_be: tuple[str, ...]) -> None:
        super().__init__(words)
        self.can_be = can_be


@dataclass(frozen=True, slots=True)
class Torn:
    """A row whose cells do not fit the header: the row a person sees, why, and what stood there.

    Of a row whose quotes do not close (`is_open`) that is its line.
    """

    row: int
    reason: str
    cells: tuple[str, ...]
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """A cell (by position of its row and column) whose value was damaged before it was read, and how."""

    at: int
    column: int
    reason: str


@dataclass(frozen=True)
class Table:
    """One file or query: `cells` holds per column of `header` one array of strings without nulls.

    `rows` holds for each row the number that a person sees: the physical line where a CSV row begins, the sheet's row
    in Excel (the header is 1 in both), the record counted from 1 in Parquet and SQL. `numbers` says per column which
    cells were numbers before they were text; nothing where all was text.
    """

    name: str
    sha256: str
    header: tuple[str, ...]
    cells: tuple[pa.Array, ...]
    rows: npt.NDArray[np.int64]
    torn: tuple[Torn, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    numbers: tuple[Mask, ...] = ()
    encoding: str = ""  # of a text file
    delimiter: str = ""  # of a text file
    header_row: int | None = None  # as a person counts; null where columns are numbers, or have names of their own


def within_bounds(table: Table) -> Table:
    """The table of a file; raises SourceUnreadable where it is larger than any export."""
    columns = len(table.header)
    if len(table.rows) > MOST_ROWS or columns > MOST_COLUMNS or columns * len(table.rows) > MOST_CELLS:
        raise SourceUnreadable(f"{table.name} has {len(table.rows):,} rows of {columns:,} columns: split it by date")
    return table


def text_of(value: Any) -> str:
    """The shortest exact text of one cell; empty for none. A double is written out, never computed with."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | np.floating):
        return _number(str(value))
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)


def damaged(value: Any) -> bool:
    """Whether a number's last digits may have been lost on its way into the file."""
    return isinstance(value, float | np.floating) and abs(float(value)) >= _CERTAIN


def column_of(values: Sequence[Any]) -> pa.Array:
    """One column of text from cells of any type."""
    return pa.array([text_of(value) for value in values], pa.string())


def numbers_of(columns: Iterable[Sequence[Any]]) -> tuple[Mask, ...]:
    """Per column which cells are numbers and not text."""
    numbers = (int, float, Decimal, np.number)
    return tuple(
        np.fromiter((isinstance(value, numbers) for value in values), dtype=bool, count=len(values))
        for values in columns
    )


def doubts_of(columns: Iterable[Sequence[Any]]) -> tuple[Doubt, ...]:
    """A doubt for every damaged number."""
    return tuple(
        Doubt(at, index, LOST_DIGITS)
        for index, values in enumerate(columns)
        for at, value in enumerate(values)
        if damaged(value)
    )


def mapped(texts: pa.Array, of: Callable[[Any], str | int | bool | None], kind: pa.DataType) -> pa.Array:
    """A column worked out once per different value; a null stays one."""
    coded = texts.dictionary_encode()
    return pa.array([of(text) for text in coded.dictionary.to_pylist()], kind).take(coded.indices)


def mask_of(truths: pa.Array) -> Mask:
    """A column of truths as numpy has it; null is false."""
    mask: Mask = pc.fill_null(truths, False).to_numpy(zero_copy_only=False)
    return mask


def places_where(truths: pa.Array) -> list[int]:
    """The positions at which a column of truths is true."""
    return np.flatnonzero(mask_of(truths)).tolist()


def _number(text: str) -> str:
    if text == "nan":
        return ""
    if text.lstrip("-") == "inf":
        return text
    plain = format(Decimal(text), "f")
    return plain.removesuffix(".0")
