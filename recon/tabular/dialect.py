"""How a text file of a table is written: its delimiter, its quotes."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

UTF8_MARK = b"\xef\xbb\xbf"
UNCLOSED = 'the quotes (") of this row do not close'
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Dialect:
    """A quote that is open for more than `longest_record` lines was never closed."""

    delimiter: str
    longest_record: int = 100

    def records(self, lines: Sequence[str]) -> Iterator[tuple[int, list[str] | None]]:
        """Each record with the line where it begins; null for a line whose quotes do not close."""
        at = 0
        while at < len(lines):
            reader = csv.reader(lines[at : at + self.longest_record], delimiter=self.delimiter, strict=True)
            try:
                yield at + 1, next(reader)
                at += reader.line_num
            except csv.Error:
                yield at + 1, None
                at += 1


def delimiter_of(header: str) -> str:
    """A comma; another mark only where the header has that one and no comma."""
    others = [mark for mark in DELIMITERS[1:] if mark in header]
    return others[0] if "," not in header and len(others) == 1 else ","


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text with their ends, as `csv` counts them; those that nobody asks for cost nothing."""
    return (line.group() for line in _LINE.finditer(text))


def first_line(lines: Sequence[str]) -> str:
    """The first line with anything in it."""
    return next((line for line in lines if line.strip()), "")


def wrong_width(cells: Sequence[str], width: int) -> str:
    """Why a row does not fit its header."""
    return f"{len(cells)} fields where the header has {width}"
