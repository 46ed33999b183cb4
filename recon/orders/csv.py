"""Orders from CSV files: bytes to columns of text, rows that do not fit the header aside."""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from datetime import datetime

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.csv as arrow_csv  # type: ignore[import-untyped]

from recon.arrays import Ints
from recon.model import Window
from recon.orders.files import PATH, SourceFile, source_files
from recon.orders.source import Kind, OrderSource, SourceUnreadable
from recon.tabular.table import Table, Torn

_UTF8 = frozenset({"utf-8", "utf8", "utf-8-sig", "utf_8", "utf_8_sig", "ascii", "us-ascii"})
UTF8_MARK = b"\xef\xbb\xbf"
_FIRST_LINE = re.compile(r"[^\r\n]*[^\s][^\r\n]*")
_LONGEST_RECORD = 100  # lines; a quote that is open for longer was never closed
_BLOCK = 1 << 22  # bytes
UNCLOSED = 'the quotes (") of this row do not close'


def _tables(source: OrderSource, _window: Window, _changed_since: datetime | None) -> Iterator[Table]:
    return (_table(file, source) for file in source_files(source))


KIND = Kind("csv", _tables, (PATH,))


def _table(file: SourceFile, source: OrderSource) -> Table:
    text = _decode(file, source)
    found = _FIRST_LINE.search(text)
    if found is None:
        raise SourceUnreadable(f"{file.name} is empty: it needs at least a header row with the columns' names")
    first = found.group()
    delimiter = delimiter_of(first)
    fast = None if text[0] in "\r\n" else _fast(file, text, delimiter, first)
    return fast or _careful(file, text, delimiter)


def _decode(file: SourceFile, source: OrderSource) -> str:
    encoding = source.encoding
    content = file.content.removeprefix(UTF8_MARK)
    marked = len(content) < len(file.content)
    where = f"[orders.{source.name}] encoding"
    advice = f'set {where} to what the file is ("utf-8", or "cp874" for Thai Windows); it is "{encoding}" now'
    try:
        if marked and encoding.lower() not in _UTF8:
            raise SourceUnreadable(f"{file.name} begins with the mark of UTF-8: {advice}")
        return content.decode("utf-8" if marked else encoding)
    except LookupError as error:
        raise SourceUnreadable(f'{file.name}: encoding "{encoding}" is not known: {advice}') from error
    except UnicodeError as error:
        at = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = content[:at].count(b"\n") + 1
        raise SourceUnreadable(f"{file.name} is not {encoding} text (line {line}): {advice}") from error


def delimiter_of(header: str) -> str:
    """A comma; a semicolon or a tab only where the header has that one and no comma."""
    others = [mark for mark in (";", "\t") if mark in header]
    return others[0] if "," not in header and len(others) == 1 else ","


def _fast(file: SourceFile, text: str, delimiter: str, header: str) -> Table | None:
    """The whole file through Arrow, which is lenient: none where a strict reading finds faulty quotes."""
    width = len(next(csv.reader([header], delimiter=delimiter)))
    torn: list[tuple[int, str]] = []

    def aside(row: arrow_csv.InvalidRow) -> str:
        torn.append((row.number, row.text))
        return "skip"

    names = [str(index) for index in range(width)]
    try:
        read = arrow_csv.read_csv(
            pa.BufferReader(text.encode()),
            arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=_BLOCK),
            arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=aside
            ),
            arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:  # a quote that is open for longer than a block
        return None
    cells = [column.combine_chunks() for column in read.columns]
    count = len(cells[0]) + len(torn)
    starts = _starts(text, delimiter, count) if '"' in text else np.arange(1, count + 1)
    if starts is None or any(record == 1 for record, _ in torn):
        return None
    lines = np.delete(starts, [record - 1 for record, _ in torn])
    return Table(
        file.name,
        hashlib.sha256(file.content).hexdigest(),
        _header(column[0].as_py() for column in cells),
        tuple(column.slice(1) for column in cells),
        lines[1:],
        tuple(_torn(int(starts[record - 1]), _split(raw, delimiter), width) for record, raw in torn),
    )


def _starts(text: str, delimiter: str, count: int) -> Ints | None:
    """The line where each record begins, read strictly; none where that finds other records or faulty quotes."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        ends = np.fromiter((reader.line_num for _ in reader), dtype=np.int64)
    except csv.Error:
        return None
    starts = np.concatenate(([1], ends[:-1] + 1))
    return starts if len(ends) == count and (ends - starts < _LONGEST_RECORD).all() else None


def _careful(file: SourceFile, text: str, delimiter: str) -> Table:
    """Record by record, for files with faulty quotes: a quote that never closes costs its own line only."""
    records: list[list[str]] = []
    rows: list[int] = []
    torn: list[Torn] = []
    header: tuple[str, ...] | None = None
    lines = list(io.StringIO(text, newline=""))
    for row, cells in records_of(lines, delimiter):
        if header is None and cells:
            header = _header(cells)
        elif header is None and cells is None:
            raise SourceUnreadable(f"{file.name}: the header row cannot be read: {UNCLOSED}")
        elif cells is None:
            torn.append(Torn(row, UNCLOSED, (lines[row - 1],)))
        elif header is not None and cells:
            if len(cells) == len(header):
                records.append(cells)
                rows.append(row)
            else:
                torn.append(_torn(row, cells, len(header)))
    columns = zip(*records, strict=True) if records else [()] * len(header or ())
    return Table(
        file.name,
        hashlib.sha256(file.content).hexdigest(),
        header or (),
        tuple(pa.array(column, pa.string()) for column in columns),
        np.array(rows, dtype=np.int64),
        tuple(torn),
    )


def records_of(lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """Each record with the line where it begins; none where its quotes do not close."""
    at = 0
    while at < len(lines):
        reader = csv.reader(lines[at : at + _LONGEST_RECORD], delimiter=delimiter, strict=True)
        try:
            yield at + 1, next(reader)
            at += reader.line_num
        except csv.Error:
            yield at + 1, None
            at += 1


def _split(record: str, delimiter: str) -> list[str]:
    return next(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter), [])


def _header(cells: Iterable[str]) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in cells)


def _torn(row: int, cells: list[str], width: int) -> Torn:
    return Torn(row, f"{len(cells)} fields where the header has {width}", tuple(cells))
