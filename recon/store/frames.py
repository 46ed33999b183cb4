"""Frames from queries at the speed of columns: the database writes CSV, Arrow reads it; knows no table.

A driver makes a Python object of every cell, and that takes longer than all the rest. So the database writes rows as
text, in which a null and an empty text differ and integers stay exact: SQLite some ten thousand rows in one value,
while Python's lock is free for another thread, PostgreSQL as a COPY. Sorting is left to Arrow: a database that reads
a million rows in the order of an index looks each of them up.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from pyarrow import csv
from sqlalchemy import Connection, LargeBinary, Select, Table, cast, func, literal_column, select

from recon import columns
from recon.store.engine import SQLITE

_ROWS = 25_000  # parsed at once
_ARROW: Mapping[str, Any] = {
    columns.TEXT: pa.large_string(),
    columns.MINOR: pa.int64(),
    columns.OPTIONAL_MINOR: pa.int64(),
    columns.FLAG: pa.bool_(),
    columns.MOMENT: pa.int64(),
}
# Columns of a few words, again and again: sorted as numbers, spelled out at the end.
_FEW_WORDS = frozenset(
    {
        columns.ACCOUNT, columns.STATUS, columns.CURRENCY, columns.FUNDING_CURRENCY, columns.FEE_FLAT,
        columns.FEE_RATE, columns.VAT_RATE, columns.METHOD, columns.CARD_BRAND, columns.FAILURE_CODE,
        columns.SOURCE, columns.FILE, columns.FILE_HASH, columns.PAYMENT_METHOD, columns.DIRECTION, columns.KEY,
        columns.MATCHED_BY, columns.ORDER_ACCOUNT, columns.CHARGE_ACCOUNT,
    }
)  # fmt: skip
_WORDS = pa.dictionary(pa.int32(), pa.large_string())
# pandas' own types with room for nulls; Arrow's way into them.
_EXTENSIONS: Mapping[str, Any] = {
    columns.TEXT: pd.StringDtype(na_value=np.nan),
    columns.OPTIONAL_MINOR: pd.Int64Dtype(),
}


@dataclass(frozen=True)
class Query:
    """Rows of a table: the statement's columns stand in the frame's order, the rows by the keys (texts by bytes)."""

    frame: columns.Frame
    table: Table
    statement: Select[Any]
    keys: Sequence[str]


def fetch(connection: Connection, query: Query) -> pd.DataFrame:
    """The rows of one query as its frame."""
    return fetch_all([connection], [query])[0]


def fetch_all(connections: Sequence[Connection], queries: Sequence[Query]) -> list[pd.DataFrame]:
    """The rows of every query as its frame, read by as many threads as there are connections."""
    idle: SimpleQueue[Connection] = SimpleQueue()
    for connection in connections:
        idle.put(connection)

    def read(query: Query, piece: _Piece) -> list[Any]:
        connection = idle.get()
        try:
            return [_parse(text, query.frame, piece is None) for text in _csv(connection, query, piece) if text]
        finally:
            idle.put(connection)

    pieces = [_pieces(connections[0], query.table) for query in queries]
    pool = ThreadPoolExecutor(len(connections))
    try:
        begun = [[pool.submit(read, query, one) for one in of] for query, of in zip(queries, pieces, strict=True)]
        with ThreadPoolExecutor(len(connections)) as beside:  # frames are made while the next are read
            made = [
                beside.submit(_assemble, query, [table for done in of for table in done.result()])
                for query, of in zip(queries, begun, strict=True)
            ]
        return [frame.result() for frame in made]
    finally:
        pool.shutdown(cancel_futures=True)


_Piece = tuple[int, int] | None  # of a table: rows of SQLite from and before a number; all of PostgreSQL's


def _pieces(connection: Connection, table: Table) -> list[_Piece]:
    if connection.dialect.name != SQLITE:
        return [None]
    row = _row_number(table)
    first, last = (connection.execute(select(of(row)).select_from(table)).scalar() for of in (func.min, func.max))
    return [] if first is None or last is None else [(at, at + _ROWS) for at in range(first, last + 1, _ROWS)]


def _row_number(table: Table) -> Any:
    return literal_column(f'"{table.name}".rowid')


def _csv(connection: Connection, query: Query, piece: _Piece) -> Iterator[bytes | None]:
    return _postgresql_csv(connection, query) if piece is None else _sqlite_csv(connection, query, *piece)


def _sqlite_csv(connection: Connection, query: Query, first: int, end: int) -> Iterator[bytes | None]:
    # %Q: a text in single quotes, these doubled, or NULL; %d: an integer; %s: one, or nothing.
    marks = ("%Q" if c.dtype == columns.TEXT else "%d" if c.required else "%s" for c in query.frame.columns)
    template = ",".join(marks) + "\n"
    line = func.format(template, *query.statement.selected_columns)
    row = _row_number(query.table)
    statement = query.statement.with_only_columns(cast(func.group_concat(line, ""), LargeBinary))
    yield connection.execute(statement.where(row >= first, row < end)).scalar()


def _postgresql_csv(connection: Connection, query: Query) -> Iterator[bytes]:
    # A null is nothing, an empty text stands in quotes.
    text = query.statement.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    copied = f"COPY ({text}) TO STDOUT WITH (FORMAT csv, QUOTE '''')"
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(copied, text.params) as copy:
        lines = iter(copy)
        while batch := b"".join(islice(lines, _ROWS)):
            yield batch


def _parse(batch: bytes, frame: columns.Frame, postgresql: bool) -> Any:
    return csv.read_csv(
        pa.BufferReader(batch),
        read_options=csv.ReadOptions(column_names=frame.names, use_threads=False, block_size=len(batch) + 1),
        parse_options=csv.ParseOptions(quote_char="'", newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types={c.name: _WORDS if c.name in _FEW_WORDS else _ARROW[c.dtype] for c in frame.columns},
            null_values=("",) if postgresql else ("NULL", ""),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["1", "t"],
            false_values=["0", "f"],
        ),
    )


def _assemble(query: Query, tables: Sequence[Any]) -> pd.DataFrame:
    """The tables below each other, sorted."""
    frame = query.frame
    if not tables:
        return frame.empty()
    whole = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    order = _order(whole, query.keys)
    found = {c.name: _series(_in_order(whole[c.name], order), c.dtype) for c in frame.columns}
    return frame.check(pd.DataFrame(found, columns=frame.names, copy=False))


def _order(whole: Any, keys: Sequence[str]) -> Any:
    """Places of the rows by the keys; null where they stand so already."""
    table = pa.table({key: _spelled(whole[key]) for key in keys})
    order = pc.sort_indices(table, sort_keys=[(key, "ascending") for key in keys])
    return None if np.array_equal(order.to_numpy(), np.arange(len(order))) else order


def _in_order(values: Any, order: Any) -> Any:
    return _spelled(values if order is None else values.take(order))


def _spelled(values: Any) -> Any:
    return values.cast(pa.large_string()) if values.type == _WORDS else values


def _series(values: Any, dtype: str) -> Any:
    if dtype in _EXTENSIONS:
        return _EXTENSIONS[dtype].__from_arrow__(values.combine_chunks())
    if dtype == columns.MOMENT:
        return values.cast(pa.timestamp("us", "UTC")).to_pandas()
    return values.to_numpy()
