"""Orders from CSV files: bytes to columns of text, rows that do not fit the header aside."""

import csv
import io
import re
from collections.abc import Iterable

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.csv as arrow_csv  # type: ignore[import-untyped]

from recon.arrays import Ints
from recon.orders.files import file_kind
from recon.orders.source import OrderSource, SourceUnreadable
from recon.tabular.dialect import UNCLOSED, UTF8_MARK, Dialect, delimiter_of, encoding_advice, wrong_width
from recon.tabular.files import SourceFile
from recon.tabular.table import Table, Torn

_UTF8 = frozenset({"utf-8", "utf8", "utf-8-sig", "utf_8", "utf_8_sig", "ascii", "us-ascii"})
_FIRST_LINE = re.compile(r"[^\r\n]*[^\s][^\r\n]*")
_BLOCK = 1 << 22  # bytes


def _table(file: SourceFile, source: OrderSource) -> Table:
    text = _decode(file, source)
    header = _FIRST_LINE.search(text)
    if header is None:
        raise SourceUnreadable(f"{file.name} is empty: it needs at least a header row with the columns' names")
    dialect = Dialect(delimiter_of(header.group()))
    fast = None if text[0] in "\r\n" else _fast(file, text, dialect, header.group())
    return fast or _careful(file, text, dialect)


KIND = file_kind("csv", _table)


def _decode(file: SourceFile, source: OrderSource) -> str:
    encoding = source.encoding
    content = file.content.removeprefix(UTF8_MARK)
    marked = len(content) < len(file.content)
    advice = encoding_advice(f"orders.{source.name}", encoding)
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


def _fast(file: SourceFile, text: str, dialect: Dialect, header: str) -> Table | None:
    """The whole file through Arrow, which is lenient: none where a strict reading finds faulty quotes."""
    width = len(next(csv.reader([header], delimiter=dialect.delimiter)))
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
                delimiter=dialect.delimiter,
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
    starts = _starts(text, dialect, count) if '"' in text else np.arange(1, count + 1)
    if starts is None or any(record == 1 for record, _ in torn):
        return None
    lines = np.delete(starts, [record - 1 for record, _ in torn])
    return Table(
        file.name,
        file.sha256,
        _header(column[0].as_py() for column in cells),
        tuple(column.slice(1) for column in cells),
        lines[1:],
        tuple(_torn(int(starts[record - 1]), _split(raw, dialect), width) for record, raw in torn),
    )


def _starts(text: str, dialect: Dialect, count: int) -> Ints | None:
    """The line where each record begins, read strictly; none where that finds other records or faulty quotes."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter, strict=True)
    try:
        ends = np.fromiter((reader.line_num for _ in reader), dtype=np.int64)
    except csv.Error:
        return None
    starts = np.concatenate(([1], ends[:-1] + 1))
    return starts if len(ends) == count and (ends - starts < dialect.longest_record).all() else None


def _careful(file: SourceFile, text: str, dialect: Dialect) -> Table:
    """Record by record, for files with faulty quotes: a quote that never closes costs its own line only."""
    records: list[list[str]] = []
    rows: list[int] = []
    torn: list[Torn] = []
    header: tuple[str, ...] | None = None
    lines = list(io.StringIO(text, newline=""))
    for row, cells in dialect.records(lines):
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
        file.sha256,
        header or (),
        tuple(pa.array(column, pa.string()) for column in columns),
        np.array(rows, dtype=np.int64),
        tuple(torn),
    )


def _split(record: str, dialect: Dialect) -> list[str]:
    return next(csv.reader(io.StringIO(record, newline=""), delimiter=dialect.delimiter), [])


def _header(cells: Iterable[str]) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in cells)


def _torn(row: int, cells: list[str], width: int) -> Torn:
    return Torn(row, wrong_width(cells, width), tuple(cells))
