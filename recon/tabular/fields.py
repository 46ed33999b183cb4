"""The cells of a table by our field: found by the layout, trimmed, joined, and the rows that its filter keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from recon.arrays import Ints, Mask
from recon.columnar import np, pa, pc
from recon.tabular.faults import shown_names
from recon.tabular.layout import Header, Layout, Way, is_kept
from recon.tabular.table import SourceUnreadable, Table, Torn, mapped, mask_of

FORMULA = r'^="(.*)"$'  # a text that Excel is kept from reading as a number


class Fields:
    """Where each field stands in a table; raises SourceUnreadable where a needed one is nowhere, or twice."""

    def __init__(self, table: Table, layout: Layout, fields: Iterable[str], needed: Iterable[str]) -> None:
        self.table = table
        self.layout = layout
        self._header = Header(table.header)
        wanted = {ours: layout.column(ours) for ours in fields if ours not in layout.constants}
        self.ways = {ours: way for ours, column in wanted.items() if (way := self._header.way(column))}
        self._refuse_twice()
        self._refuse_missing([ours for ours in needed if ours in wanted and ours not in self.ways])
        self._filters = [(self._filtered(name), patterns) for name, patterns in layout.keep.items()]

    def has(self, ours: str) -> bool:
        """Whether the table, or a constant, says anything of a field."""
        return ours in self.ways or ours in self.layout.constants

    def name(self, ours: str) -> str:
        """What the table calls a field; ours where it has no column for it."""
        return " + ".join(self.table.header[at] for at in self.places(ours)) or ours

    def places(self, ours: str) -> list[int]:
        """The columns of a field."""
        return self._places(self.ways.get(ours, ()))

    def texts(self, ours: str, at: Ints) -> pa.Array:
        """A field's trimmed texts at some rows, several columns joined by a blank; empty where it is nowhere."""
        if ours in self.layout.constants:
            return repeated(self.layout.constants[ours], len(at))
        columns = [self.column(place, at) for place in self.places(ours)]
        if not columns:
            return repeated("", len(at))
        if len(columns) == 1:
            return columns[0]
        joined = pc.binary_join_element_wise(*columns, " ")
        return pc.utf8_trim_whitespace(pc.replace_substring_regex(joined, r"\s+", " "))

    def column(self, place: int, at: Ints) -> pa.Array:
        """One column's trimmed texts at some rows."""
        cells = self.table.cells[place]
        texts = pc.utf8_trim_whitespace(cells if len(at) == len(cells) else cells.take(pa.array(at)))
        is_formula = pc.starts_with(texts, '="')
        return pc.replace_substring_regex(texts, FORMULA, r"\1") if pc.any(is_formula).as_py() else texts

    def were_numbers(self, ours: str, at: Ints) -> Mask | None:
        """Which of some rows' cells of a field were numbers before they were text; null where none was."""
        places = self.places(ours)
        return self.table.numbers[places[0]][at] if self.table.numbers and len(places) == 1 else None

    def ignored_place(self, name: str) -> int | None:
        """The column of a field of ours, or of the table's own name."""
        places = self.places(name) or self._header.places(name)
        return places[0] if places else None

    def kept(self) -> Mask:
        """Per row whether the layout's filter keeps it."""
        count = len(self.table.rows)
        kept = np.ones(count, dtype=bool)
        for place, patterns in self._filters:
            texts = self.column(place, np.arange(count))
            kept &= mask_of(mapped(texts, partial(is_kept, patterns=patterns), pa.bool_()))
        return kept

    def torn(self) -> Iterator[Torn]:
        """The rows that do not fit the header and that the filter keeps, by what they have."""
        for torn in self.table.torn:
            if torn.is_open or all(is_kept(cell_of(torn, place), patterns) for place, patterns in self._filters):
                yield torn

    def filled(self) -> Mask:
        """Rows with anything in them: blank lines are no rows."""
        filled = np.zeros(len(self.table.rows), dtype=bool)
        rest = np.arange(len(filled))
        for cells in self.table.cells:
            has_text = mask_of(pc.not_equal(pc.utf8_trim_whitespace(cells.take(pa.array(rest))), ""))
            filled[rest[has_text]] = True
            rest = rest[~has_text]
            if not len(rest):
                break
        return filled

    def _places(self, way: Way) -> list[int]:
        return [self._header.places(name)[0] for name in way]

    def _filtered(self, name: str) -> int:
        place = self.ignored_place(name)
        if place is None:
            words = f'{self.table.name} has no column "{name}", which [{self.layout.place}.filter] names'
            raise SourceUnreadable(f"{words}; {self._columns()}")
        return place

    def _refuse_twice(self) -> None:
        names = (name for way in self.ways.values() for name in way)
        twice = next((name for name in names if len(self._header.places(name)) > 1), None)
        if twice is not None:
            raise SourceUnreadable(f'{self.table.name} has column "{twice}" more than once; {self._columns()}')

    def _refuse_missing(self, missing: Sequence[str]) -> None:
        if not missing:
            return
        names = ", ".join(f"{self.layout.column(ours)} (our {ours})" for ours in missing)
        advice = f"name the right one in [{self.layout.place}.columns], or correct the file"
        raise SourceUnreadable(f"{self.table.name} has no column {names}; {self._columns()}; {advice}")

    def _columns(self) -> str:
        return f"its columns are: {', '.join(shown_names(self.table.header))}"


def cell_of(torn: Torn, place: int) -> str:
    """Where a column should stand in a torn row; empty where it does not reach so far."""
    return torn.cells[place].strip() if place < len(torn.cells) else ""


def repeated(text: str, count: int) -> pa.Array:
    """A column of one text."""
    return pa.repeat(pa.scalar(text, pa.string()), count)
