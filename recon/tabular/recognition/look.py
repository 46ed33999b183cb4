"""How a source's first table is written, for a person to confirm, and which of its columns nothing uses."""

from collections.abc import Iterable
from dataclasses import dataclass

from recon.tabular.faults import shown_names
from recon.tabular.layout import Column, Header
from recon.tabular.table import Table

_DELIMITERS = {"\t": "tab", " ": "blank"}


@dataclass(frozen=True, slots=True)
class Look:
    """`header_row` is the number that a person sees, null for none; a workbook or a query has no delimiter."""

    name: str
    header_row: int | None
    delimiter: str
    unused: tuple[str, ...]

    @property
    def words(self) -> str:
        """What was found: delimiter and header."""
        mark = _DELIMITERS.get(self.delimiter, f'"{self.delimiter}"') if self.delimiter else ""
        header = f"header in row {self.header_row}" if self.header_row else ""
        return ", ".join(filter(None, (mark and f"delimiter {mark}", header)))


def look_of(table: Table, used: Iterable[Column]) -> Look:
    """`used` are the columns that a source is read by."""
    header = Header(table.header)
    ways = (header.way(column) for column in used)
    places = {place for way in ways for name in way or () for place in header.places(name)}
    named = [name for at, name in enumerate(table.header) if name and at not in places]
    unused = tuple(dict.fromkeys(shown_names(named)))
    return Look(table.name, table.header_row, table.delimiter, unused)
