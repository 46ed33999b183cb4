"""Text files as tables: bytes to columns of text, rows that do not fit the header aside."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

from recon.arrays import Ints
from recon.columnar import arrow_csv, np, pa
from recon.tabular.dialect import DELIMITERS, UNCLOSED, Dialect, delimiter_of, first_line, lines_of, wrong_width
from recon.tabular.encodings import decoded
from recon.tabular.files import SourceFile
from recon.tabular.header_row import SEARCHED, anchors, checked_row, header_at, numbered
from recon.tabular.layout import NO_HEADER, Column, Layout
from recon.tabular.table import SourceUnreadable, Table, Torn

_BLOCK = 1 << 22  # bytes


@dataclass(frozen=True, slots=True)
class _Start:
    """Where the rows behind the header begin: their first line, and its place in the text."""

    dialect: Dialect
    names: tuple[str, ...]
    line: int
    offset: int
    header_row: int | None

    @property
    def width(self) -> int:
        return len(self.names)

    def fitted(self, cells: Sequence[str]) -> list[str] | None:
        """A row as wide as the header, where only empty cells or columns without a name hang over; else null."""
        if len(cells) > self.width:
            return None if any(cell.strip() for cell in cells[self.width :]) else list(cells[: self.width])
        if self.header_row and any(self.names[len(cells) :]):
            return None
        return [*cells, *[""] * (self.width - len(cells))]

    def torn(self, row: int, cells: Sequence[str]) -> Torn:
        return Torn(row, wrong_width(cells, self.width), tuple(cells))


def text_table(file: SourceFile, layout: Layout, needed: Sequence[str]) -> Table:
    """A file as a table; `needed` are the fields of ours that its header has. Raises SourceUnreadable."""
    text, encoding = decoded(file, layout.encoding, layout.place)
    start = _start(file, text, layout, needed)
    body = text[start.offset :]
    table = _fast(file, body, start) or _careful(file, body, start)
    return replace(table, encoding=encoding, delimiter=start.dialect.delimiter, header_row=start.header_row)


def _start(file: SourceFile, text: str, layout: Layout, needed: Sequence[str]) -> _Start:
    lines = list(islice(lines_of(text), 4 * SEARCHED + (layout.header_row or 0)))
    if not first_line(lines):
        raise SourceUnreadable(f"{file.name} is empty: it needs at least a header row with the columns' names")
    if layout.header_row == NO_HEADER:
        dialect = Dialect(layout.delimiter or delimiter_of(first_line(lines)))
        width = max(len(cells or ()) for _, cells in dialect.records(lines))
        return _Start(dialect, numbered(width), 1, 0, None)
    wanted = anchors(layout, needed)
    place = checked_row(layout, len(lines), file.name)
    if place is not None:
        return _header_in(file, lines, [], layout.delimiter or delimiter_of(lines[place]), place)[1]
    first, *others = _delimiters(lines, layout)
    most, start = _header_in(file, lines, wanted, first)
    for delimiter in others if most < len(wanted) else ():
        with suppress(SourceUnreadable):
            count, other = _header_in(file, lines, wanted, delimiter)
            if count > most:
                most = count
                start = other
    return start


def _delimiters(lines: Sequence[str], layout: Layout) -> Sequence[str]:
    """Those that may be the file's, the likeliest first."""
    usual = delimiter_of(first_line(lines))
    return [layout.delimiter] if layout.delimiter else [usual, *(mark for mark in DELIMITERS if mark != usual)]


def _header_in(
    file: SourceFile, lines: Sequence[str], wanted: Sequence[Column], delimiter: str, place: int | None = None
) -> tuple[int, _Start]:
    """The header with one delimiter, at a place or looked for, and how many of the wanted columns it has."""
    dialect = Dialect(delimiter)
    records = list(dialect.records(lines))
    at, count = header_at([cells or () for _, cells in records], wanted)
    if place is not None:
        at = next((at for at, (line, _) in enumerate(records) if line > place), len(records) - 1)
    elif not count:  # nothing that is like a header: the first row, whether it can be read or not
        at = next(at for at, (_, cells) in enumerate(records) if cells is None or any(map(str.strip, cells)))
    cells = records[at][1]
    if cells is None:
        raise SourceUnreadable(f"{file.name}: the header row cannot be read: {UNCLOSED}")
    names = tuple(cell.strip() for cell in cells)
    names += ("",) * _overhang([row or [] for _, row in records[at + 1 :]], len(names))
    line = records[at + 1][0] if at + 1 < len(records) else len(lines) + 1
    offset = sum(map(len, lines[: line - 1]))
    return count, _Start(dialect, names, line, offset, records[at][0])


def _overhang(rows: Sequence[Sequence[str]], width: int) -> int:
    """By how many empty cells the first rows are all wider than their header."""
    filled = [cells for cells in rows if any(cell.strip() for cell in cells)]
    widest = min(map(len, filled), default=width)
    return max(0, widest - width) if not any(any(map(str.strip, cells[width:])) for cells in filled) else 0


def _fast(file: SourceFile, text: str, start: _Start) -> Table | None:
    """The whole file through Arrow, which is lenient: none where a strict reading finds faulty quotes."""
    torn: list[tuple[int, str]] = []

    def aside(row: arrow_csv.InvalidRow) -> str:
        torn.append((row.number, row.text))
        return "skip"

    names = [str(index) for index in range(start.width)]
    try:
        read = arrow_csv.read_csv(
            pa.BufferReader(text.encode()),
            arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=_BLOCK),
            arrow_csv.ParseOptions(
                delimiter=start.dialect.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=aside,
            ),
            arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:  # a quote that is open for longer than a block
        return None
    cells = [column.combine_chunks() for column in read.columns]
    count = len(cells[0]) + len(torn)
    starts = _starts(text, start.dialect, count) if '"' in text else np.arange(1, count + 1)
    if starts is None:
        return None
    lines = np.delete(starts, [record - 1 for record, _ in torn]) + start.line - 1
    table = Table(file.name, file.sha256, start.names, tuple(cells), lines)
    rows = ((int(starts[record - 1]) + start.line - 1, _split(raw, start.dialect)) for record, raw in torn)
    return _with_rows(table, rows, start)


def _with_rows(table: Table, rows: Iterator[tuple[int, list[str]]], start: _Start) -> Table:
    """A table with those rows of another width that fit it all the same, the others aside."""
    torn: list[Torn] = []
    fitting: list[tuple[int, list[str]]] = []
    for row, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        fitted = start.fitted(cells)
        if fitted is None:
            torn.append(start.torn(row, cells))
        else:
            fitting.append((row, fitted))
    if not fitting:
        return replace(table, torn=tuple(torn))
    numbers = np.concatenate([table.rows, np.array([row for row, _ in fitting], dtype=np.int64)])
    order = np.argsort(numbers, kind="stable")
    columns = zip(table.cells, zip(*(cells for _, cells in fitting), strict=True), strict=True)
    merged = tuple(
        pa.concat_arrays([column, pa.array(more, pa.string())]).take(pa.array(order)) for column, more in columns
    )
    return replace(table, cells=merged, rows=numbers[order], torn=tuple(torn))


def _starts(text: str, dialect: Dialect, count: int) -> Ints | None:
    """The line where each record begins, read strictly; none where that finds other records or faulty quotes."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter, strict=True)
    try:
        ends = np.fromiter((reader.line_num for _ in reader), dtype=np.int64)
    except csv.Error:
        return None
    starts = np.concatenate(([1], ends[:-1] + 1))
    return starts if len(ends) == count and (ends - starts < dialect.longest_record).all() else None


def _careful(file: SourceFile, text: str, start: _Start) -> Table:
    """Record by record, for files with faulty quotes: a quote that never closes costs its own line only."""
    records: list[list[str]] = []
    rows: list[int] = []
    torn: list[Torn] = []
    lines = list(lines_of(text))
    for line, cells in start.dialect.records(lines):
        row = line + start.line - 1
        fitted = start.fitted(cells) if cells else None
        if cells is None:
            torn.append(Torn(row, UNCLOSED, (lines[line - 1],), is_open=True))
        elif fitted is not None:
            records.append(fitted)
            rows.append(row)
        elif any(cell.strip() for cell in cells):
            torn.append(start.torn(row, cells))
    columns = zip(*records, strict=True) if records else [()] * start.width
    return Table(
        file.name,
        file.sha256,
        start.names,
        tuple(pa.array(column, pa.string()) for column in columns),
        np.array(rows, dtype=np.int64),
        tuple(torn),
    )


def _split(record: str, dialect: Dialect) -> list[str]:
    return next(csv.reader(io.StringIO(record, newline=""), delimiter=dialect.delimiter), [])
