"""Reads the cells of one sheet from outside, row by row, in bounded time and memory."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from xml.parsers import expat

from reports.rulings.xlsx_guard import Package, Refused, feed, local_name
from reports.sheet import column_letter

MOST_COLUMNS = 200
MOST_CELLS = 1_000_000  # empty ones included
NAMED = 5  # so many of the cells that are wrong are named
_REFERENCE = re.compile(r"([A-Z]{1,3})[1-9][0-9]*", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,6}", re.ASCII)
# Excel's own escapes, of what may stand in a text.
_ESCAPE = re.compile("_x(0009|000[aAdD]|005[fF])_")


class CellType(Enum):
    """What a cell holds."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    ERROR = "error"
    DAY = "day"


_TYPES = {
    "s": CellType.TEXT,
    "inlineStr": CellType.TEXT,
    "str": CellType.TEXT,
    "n": CellType.NUMBER,
    "b": CellType.FLAG,
    "e": CellType.ERROR,
    "d": CellType.DAY,
}


@dataclass(frozen=True, slots=True)
class CellValue:
    """A cell that is not empty: its text, or its number as the file has it."""

    text: str
    type: CellType


Row = tuple[int, dict[int, CellValue]]  # the row's number, its cells by column from 0


def read_rows(package: Package, name: str, most_rows: int) -> Iterator[Row]:
    """The rows of a sheet that hold something; what the file says about its own size is not believed.

    Raises Refused for a sheet that is not there, for formulas (naming the first cells), and for more than
    `most_rows` rows, empty ones included.
    """
    if name not in package.sheets:
        there = ", ".join(f'"{sheet}"' for sheet in package.sheets)
        raise Refused(f'there is no sheet "{name}" (there is {there}): import a file of `recon rulings export`')
    reader = _Cells(_shared_texts(package), most_rows)
    for _ in feed(reader.parser, package.archive, package.sheets[name]):
        yield from reader.rows
        reader.rows.clear()
    if reader.formulas:
        more = " and more" if len(reader.formulas) > NAMED else ""
        cells = ", ".join(reader.formulas[:NAMED])
        raise Refused(f"formulas are not read: put plain values into {cells}{more}")


def _shared_texts(package: Package) -> list[str]:
    """The texts that cells name by number."""
    if package.shared is None:
        return []
    reader = _Shared()
    for _ in feed(reader.parser, package.archive, package.shared):
        pass
    return reader.found


@dataclass
class _Texts:
    """The text of an item, joined from its runs; a reading aid (phonetic) beside it is left out."""

    parts: list[str] = field(default_factory=list)
    open: list[str] | None = None
    phonetic: bool = False

    def start(self, name: str) -> None:
        if name == "rPh":
            self.phonetic = True
        elif name in ("t", "v") and not self.phonetic:
            self.open = []

    def end(self, name: str) -> None:
        if name == "rPh":
            self.phonetic = False
        elif name in ("t", "v") and self.open is not None:
            text = "".join(self.open)
            self.parts.append(_unescaped(text) if name == "t" else text)
            self.open = None

    def characters(self, text: str) -> None:
        if self.open is not None:
            self.open.append(text)

    def take(self) -> str:
        text = "".join(self.parts)
        self.parts.clear()
        return text


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _parser(start: object, end: object, texts: _Texts) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end  # type: ignore[assignment]
    parser.CharacterDataHandler = texts.characters
    return parser


class _Shared:
    """Reads the shared texts."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.texts = _Texts()
        self.parser = _parser(self._start, self._end, self.texts)

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        self.texts.start(local_name(name))

    def _end(self, name: str) -> None:
        self.texts.end(local_name(name))
        if local_name(name) == "si":
            self.found.append(self.texts.take())
            if len(self.found) > MOST_CELLS:
                raise Refused("the file holds too many texts")


class _Cells:
    """Reads a sheet: what was seen of the row and of the cell that are open, and the rows that are done."""

    def __init__(self, shared: list[str], most_rows: int) -> None:
        self.shared, self.most_rows = shared, most_rows
        self.rows: list[Row] = []
        self.formulas: list[str] = []
        self.texts = _Texts()
        self.parser = _parser(self._start, self._end, self.texts)
        self.in_row = False  # elsewhere elements of the same names say other things
        self.seen_rows = self.seen_cells = self.number = 0
        self.column, self.type = -1, "n"
        self.cells: dict[int, CellValue] = {}

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = local_name(name)
        if name == "row":
            self._begin_row(attributes.get("r", ""))
        elif self.in_row and name == "c":
            self._begin_cell(attributes)
        elif self.in_row and name == "f":
            self.formulas = [*self.formulas[:NAMED], self._place()]
        elif self.in_row:
            self.texts.start(name)

    def _end(self, name: str) -> None:
        name = local_name(name)
        if name == "row":
            self.in_row = False
            if self.cells:
                self.rows.append((self.number, self.cells))
        elif self.in_row and name == "c":
            self._end_cell()
        elif self.in_row:
            self.texts.end(name)

    def _place(self) -> str:
        return f"{column_letter(self.column)}{self.number}"

    def _begin_row(self, number: str) -> None:
        self.seen_rows += 1
        if self.seen_rows > self.most_rows:
            rows = f"more than {self.most_rows:,} rows, empty ones included"
            raise Refused(f"the sheet has {rows}: delete the empty rows below the last one, or split the file")
        self.number = int(number) if _NUMBER.fullmatch(number) else self.number + 1
        self.in_row, self.column, self.cells = True, -1, {}

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        self.seen_cells += 1
        found = _REFERENCE.fullmatch(attributes.get("r", ""))
        self.column = _column(found[1]) if found else self.column + 1
        if self.column >= MOST_COLUMNS:
            raise Refused(
                f"the sheet has a cell far to the right, {self._place()}: delete the columns that you added"
            )
        if self.seen_cells > MOST_CELLS:
            raise Refused(f"the sheet has more than {MOST_CELLS:,} cells, empty ones included: delete those")
        self.type = attributes.get("t", "n")
        self.texts.take()

    def _end_cell(self) -> None:
        text = self.texts.take()
        if self.type == "s" and text:
            number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else MOST_CELLS
            if number >= len(self.shared):
                raise Refused(f"the file is damaged: cell {self._place()} names a text that is not there")
            text = self.shared[number]
        if text:
            self.cells[self.column] = CellValue(text, _TYPES.get(self.type, CellType.ERROR))


@lru_cache(1_024)
def _column(letters: str) -> int:
    number = 0
    for char in letters:
        number = number * 26 + ord(char) - ord("A") + 1
    return number - 1
