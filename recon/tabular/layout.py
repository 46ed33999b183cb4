"""How the tables of a source are written: where their header stands, what it calls our fields, how cells are read."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import product
from typing import Any, Literal

from recon.tabular.amounts import Marks
from recon.tabular.date_forms import DateForms

Way = tuple[str, ...]  # names of columns whose cells are joined by a blank
NO_HEADER = 0


@dataclass(frozen=True, slots=True)
class Column:
    """What a file calls a field: the first of `ways` whose names its header has. An empty way: it may be absent."""

    ways: tuple[Way, ...]

    @classmethod
    def named(cls, *names: str) -> "Column":
        """One column, or several that are joined."""
        return cls((names,))

    @classmethod
    def of(cls, value: Any) -> "Column":
        """What the configuration writes: a name, a number from 1, a list of these that is joined, `{ any = [...] }`.

        An empty name among the alternatives of `any`: the field may be absent. Raises ValueError, in words.
        """
        return cls(tuple(dict.fromkeys(_ways(value, inside=False))))

    @property
    def is_optional(self) -> bool:
        """Whether a file may be without it."""
        return () in self.ways

    def __str__(self) -> str:
        return " or ".join(" + ".join(f'"{name}"' for name in way) for way in self.ways if way)


@dataclass(frozen=True, slots=True)
class Direction:
    """The column that says of an unsigned amount whether it went out or came in, and its words for both."""

    column: Column
    debit: tuple[str, ...]
    credit: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The settings that a table is read by; `place` is the section of the configuration that they stand in.

    `columns` are by our field. `configured` are the columns that the configuration writes down, by their place in it:
    all of them stand in the header, and one that no file has is a mistake. `constants` are fields that no file has;
    `keep` is, by column (our field or the file's), which rows stay.
    """

    place: str = ""
    columns: Mapping[str, Column] = field(default_factory=dict)
    configured: Mapping[str, Column] = field(default_factory=dict)
    header_row: int | None = None  # from 1; NO_HEADER: none; null: it is looked for
    sheet: str | None = None  # null: the first
    delimiter: str | None = None  # null: it is looked for
    encoding: str | None = None  # null: it is looked for
    marks: Marks = field(default_factory=Marks)
    amount_unit: Literal["major", "minor"] = "major"
    dates: DateForms = field(default_factory=DateForms)
    constants: Mapping[str, str] = field(default_factory=dict)
    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    direction: Direction | None = None

    def column(self, ours: str) -> Column:
        """What the file calls a field of ours: the same where nothing else is said."""
        return self.columns.get(ours) or Column.named(ours)


@lru_cache(maxsize=10_000)  # cells are compared so, too
def folded(name: str) -> str:
    """A name or a word as it is compared: width, case, blanks and line breaks aside."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", name)).casefold()


class Header:
    """The names of a table's columns, and where one stands that is written a little otherwise."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._folded = tuple(map(folded, self.names))

    def places(self, name: str) -> list[int]:
        """Every column of that name: as it is written, else folded."""
        exact = [at for at, there in enumerate(self.names) if there == name]
        return exact or [at for at, there in enumerate(self._folded) if there and there == folded(name)]

    def way(self, column: Column) -> Way | None:
        """The way of a column that this header has; null for none."""
        return next((way for way in column.ways if all(self.places(name) for name in way)), None)

    def has(self, column: Column) -> bool:
        """Whether it has a way of a column that is not the empty one."""
        return bool(self.way(column))


def is_kept(cell: str, patterns: Sequence[str]) -> bool:
    """Whether a cell matches any of the patterns without `!`, where there are any, and none of those with it.

    `*` stands for anything, `?` for one character; width and case aside. An empty pattern is an empty cell.
    """
    text = unicodedata.normalize("NFKC", cell).strip().casefold()
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
    refused = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    matches = [bool(_glob(pattern).fullmatch(text)) for pattern in wanted]
    return (any(matches) or not wanted) and not any(_glob(pattern).fullmatch(text) for pattern in refused)


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    text = unicodedata.normalize("NFKC", pattern).strip().casefold()
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(letter) or re.escape(letter) for letter in text), re.DOTALL)


def _ways(value: Any, *, inside: bool) -> list[Way]:
    if isinstance(value, str):
        if not value.strip() and not inside:
            raise ValueError("is empty: give the column's name")
        return [(value,)] if value.strip() else [()]
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 1:
            raise ValueError(f"columns are numbers from 1, not {value}")
        return [(str(value),)]
    if isinstance(value, list | tuple) and value:
        parts = [_ways(part, inside=False) for part in value]
        return [sum(combination, ()) for combination in product(*parts)]
    if isinstance(value, dict) and list(value) == ["any"] and isinstance(value["any"], list | tuple) and value["any"]:
        return [way for choice in value["any"] for way in _ways(choice, inside=True)]
    raise ValueError('must be a name, a number, a list of names that are joined, or { any = ["…", "…"] }')
