"""Reads the cells of one sheet from outside, row by row, in bounded time and memory."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from recon.tabular.xlsx_guard import END, START, TEXT, Package, Refused, events
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
        names = ", ".join(f'"{sheet}"' for sheet in package.sheets)
        raise Refused(f'there is no sheet "{name}" (there is {names}): import a file of `recon rulings export`')
    shared_texts = _shared_texts(package)
    text = _Text()
    formulas: list[str] = []
    row_count = row_number = cell_count = 0
    column = -1
    cell_type = "n"
    cells: dict[int, CellValue] | None = None  # of the open row: elsewhere the same elements say other things
    for kind, word, attributes in events(package.archive, package.sheets[name]):
        if cells is not None and word != "c" and word != "row":
            text.add(kind, word)
            if word == "f" and kind == START:
                formulas = [*formulas[:NAMED], _place(column, row_number)]
        elif word == "row" and kind == START:
            row_count += 1
            if row_count > most_rows:
                rows = f"more than {most_rows:,} rows, empty ones included"
                raise Refused(f"the sheet has {rows}: delete the empty rows below the last one, or split the file")
            row_number = _row_number(attributes.get("r", ""), row_number + 1)
            column = -1
            cells = {}
        elif cells is None:
            continue
        elif kind == TEXT:
            text.add(kind, word)
        elif word == "row":
            if cells:
                yield row_number, cells
            cells = None
        elif kind == START:
            cell_count += 1
            column = _column_number(attributes.get("r", ""), column + 1)
            _check_limits(column, row_number, cell_count)
            cell_type = attributes.get("t", "n")
            text.take()
        else:
            content = text.take()
            if cell_type == "s" and content:
                content = _shared_text(content, shared_texts, _place(column, row_number))
            if content:
                cells[column] = CellValue(content, _TYPES.get(cell_type, CellType.ERROR))
    if formulas:
        more = " and more" if len(formulas) > NAMED else ""
        raise Refused(f"formulas are not read: put plain values into {', '.join(formulas[:NAMED])}{more}")


def _row_number(reference: str, following: int) -> int:
    return int(reference) if _NUMBER.fullmatch(reference) else following


def _column_number(reference: str, following: int) -> int:
    match = _REFERENCE.fullmatch(reference)
    return _column_of_letters(match[1]) if match else following


@lru_cache(1_024)
def _column_of_letters(letters: str) -> int:
    number = 0
    for char in letters:
        number = number * 26 + ord(char) - ord("A") + 1
    return number - 1


def _place(column: int, row_number: int) -> str:
    return f"{column_letter(column)}{row_number}"


def _check_limits(column: int, row_number: int, cell_count: int) -> None:
    if column >= MOST_COLUMNS:
        place = _place(column, row_number)
        raise Refused(f"the sheet has a cell far to the right, {place}: delete the columns that you added")
    if cell_count > MOST_CELLS:
        raise Refused(f"the sheet has more than {MOST_CELLS:,} cells, empty ones included: delete those")


def _shared_text(number: str, shared_texts: list[str], place: str) -> str:
    """The text that a cell names by its number."""
    is_number = number.isascii() and number.isdigit() and len(number) < 9
    if not is_number or int(number) >= len(shared_texts):
        raise Refused(f"the file is damaged: cell {place} names a text that is not there")
    return shared_texts[int(number)]


def _shared_texts(package: Package) -> list[str]:
    texts: list[str] = []
    text = _Text()
    for kind, word, _ in events(package.archive, package.shared) if package.shared else ():
        text.add(kind, word)
        if kind == END and word == "si":
            texts.append(text.take())
            if len(texts) > MOST_CELLS:
                raise Refused("the file holds too many texts")
    return texts


class _Text:
    """The text of an item, joined from its runs; a reading aid (phonetic) beside it is left out."""

    def __init__(self) -> None:
        self._runs: list[str] = []
        self._run: list[str] | None = None  # the pieces of the one that is open
        self._phonetic = False

    def add(self, kind: str, word: str) -> None:
        if kind == TEXT:
            if self._run is not None:
                self._run.append(word)
        elif word == "rPh":
            self._phonetic = kind == START
        elif word in ("t", "v") and kind == START and not self._phonetic:
            self._run = []
        elif word in ("t", "v") and kind == END and self._run is not None:
            run = "".join(self._run)
            self._runs.append(_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), run) if word == "t" else run)
            self._run = None

    def take(self) -> str:
        text = "".join(self._runs)
        self._runs.clear()
        return text
