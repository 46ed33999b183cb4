"""Frames from queries at the speed of columns: the database writes CSV, Arrow reads it.

A driver makes a Python object of every cell, and that takes longer than all the rest. So the database writes rows as
text, in which a null and an empty text differ and integers stay exact: SQLite some ten thousand rows in one value,
while Python's lock is free for another thread, PostgreSQL as a COPY. Sorting is left to Arrow: a database that reads
a million rows in the order of an index looks each of them up. Where few rows of many are wanted, an index finds them.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from queue import SimpleQueue
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    Table,
    any_,
    cast,
    func,
    literal_column,
    select,
    union,
)

from recon import columns as c
from recon.bounds import LARGEST_AMOUNT, YEARS
from recon.columnar import arrow_csv, np, npt, pa, pc, pd
from recon.store.engine import SQLITE, to_micros

_ROWS = 25_000  # parsed at once
# Arrow's types by their names.
_ARROW = {
    c.TEXT: "large_string",
    c.MINOR: "int64",
    c.OPTIONAL_MINOR: "int64",
    c.FLAG: "bool",
    c.MOMENT: "int64",
}
# Columns of a few words, again and again: sorted as numbers, spelled out at the end.
_FEW_WORDS = frozenset(
    {
        c.ACCOUNT,
        c.STATUS,
        c.CURRENCY,
        c.FUNDING_CURRENCY,
        c.FEE_FLAT,
        c.FEE_RATE,
        c.VAT_RATE,
        c.METHOD,
        c.CARD_BRAND,
        c.FAILURE_CODE,
        c.SOURCE,
        c.FILE,
        c.FILE_HASH,
        c.PAYMENT_METHOD,
        c.DIRECTION,
        c.KEY,
        c.MATCHED_BY,
        c.ORDER_ACCOUNT,
        c.CHARGE_ACCOUNT,
    }
)
# Between which values a column of a kind is kept; moments are microseconds since the epoch.
_BOUNDS = {
    **dict.fromkeys((c.MINOR, c.OPTIONAL_MINOR), (-LARGEST_AMOUNT, LARGEST_AMOUNT)),
    c.MOMENT: (0, to_micros(datetime(YEARS.stop, 1, 1, tzinfo=UTC)) - 1),
}


@dataclass(frozen=True)
class Query:
    """Rows of a table: the statement's columns stand in the frame's order, the rows by the keys (texts by bytes).

    The whole table is read for rows that meet the statement's condition; with `either`, indexes find those that also
    meet one of these. What earlier versions stored beyond the bounds of today is left out: `outside` then has the
    account and the id of each such row, for whoever counts them.
    """

    frame: c.Frame
    table: Table
    statement: Select[Any]
    keys: Sequence[str]
    either: Sequence[ColumnElement[bool]] | None = None
    outside: dict[tuple[str, str], None] = field(default_factory=dict, compare=False)

    def where(self, either: Sequence[ColumnElement[bool]]) -> Query:
        """The rows that also meet one of some conditions; none for no condition."""
        return replace(self, either=either)


def fetch(connection: Connection, query: Query) -> pd.DataFrame:
    """The rows of one query as its frame."""
    return fetch_all([connection], [query])[0]


def fetch_all(connections: Sequence[Connection], queries: Sequence[Query]) -> list[pd.DataFrame]:
    """The rows of every query as its frame, read by as many threads as there are connections."""
    read = _Reader(connections)
    pieces = [_pieces(connections[0], query) for query in queries]
    pool = ThreadPoolExecutor(len(connections))
    try:
        begun = deque(
            deque(pool.submit(read, query, piece) for piece in of) for query, of in zip(queries, pieces, strict=True)
        )
        with ThreadPoolExecutor(len(connections)) as beside:  # frames are made while the next are read
            made = [beside.submit(_assemble, query, _tables(begun.popleft())) for query in queries]
        return [frame.result() for frame in made]
    finally:
        pool.shutdown(cancel_futures=True)


def batches(connections: Sequence[Connection], query: Query) -> Iterator[Any]:
    """The rows of one query in no order, as Arrow tables (moments: microseconds), of which few are held at a time."""
    read = _Reader(connections)
    pieces = iter(_pieces(connections[0], query))
    if connections[0].dialect.name != SQLITE:
        yield from (_parse(text, query.frame, True) for text in _postgresql_csv(connections[0], query))
        return
    pool = ThreadPoolExecutor(len(connections))
    try:
        ahead = deque(pool.submit(read, query, piece) for piece in islice(pieces, 2 * len(connections)))
        while ahead:
            yield from ahead.popleft().result()
            ahead.extend(pool.submit(read, query, piece) for piece in islice(pieces, 1))
    finally:
        pool.shutdown(cancel_futures=True)


def _tables(pieces: deque[Future[list[Any]]]) -> list[Any]:
    """What was read, each piece in one place only: who combines them can let them go."""
    tables: list[Any] = []
    while pieces:
        tables += pieces.popleft().result()
    return tables


class _Reader:
    """Reads a piece of a query, for as many threads as there are connections."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._idle: SimpleQueue[Connection] = SimpleQueue()
        for connection in connections:
            self._idle.put(connection)

    def __call__(self, query: Query, piece: _Piece) -> list[Any]:
        connection = self._idle.get()
        try:
            return [_parse(text, query.frame, piece is None) for text in _csv(connection, query, piece) if text]
        finally:
            self._idle.put(connection)


_Piece = tuple[int, int] | str | None  # rows of SQLite from and before a number, or a JSON list; all of PostgreSQL's


def _pieces(connection: Connection, query: Query) -> list[_Piece]:
    if query.either is not None and not query.either:
        return []
    if connection.dialect.name != SQLITE:
        return [None]
    row = _row_number(query.table)
    if query.either is not None:
        row_numbers = _found(connection, query, row)
        return [json.dumps(row_numbers[at : at + _ROWS].tolist()) for at in range(0, len(row_numbers), _ROWS)]
    ends = [select(end(row)).select_from(query.table).scalar_subquery() for end in (func.min, func.max)]
    first, last = connection.execute(select(*ends)).one()  # each alone: together they would be looked for in all rows
    return [] if first is None or last is None else [(at, at + _ROWS) for at in range(first, last + 1, _ROWS)]


def _found(connection: Connection, query: Query, row: Any) -> npt.NDArray[np.int64]:
    """Numbers of the rows that an index finds for each condition, in order, each once."""
    rows = query.statement.with_only_columns(row)
    each = [list(connection.execute(rows.where(condition)).scalars()) for condition in query.either or ()]
    return np.unique(np.array([number for numbers in each for number in numbers], dtype=np.int64))


def _row_number(table: Table) -> Any:
    return literal_column(f'"{table.name}".rowid')


def _csv(connection: Connection, query: Query, piece: _Piece) -> Iterator[bytes | None]:
    return _postgresql_csv(connection, query) if piece is None else _sqlite_csv(connection, query, piece)


def _sqlite_csv(connection: Connection, query: Query, piece: tuple[int, int] | str) -> Iterator[bytes | None]:
    # %Q: a text in single quotes, these doubled, or NULL; %d: an integer; %s: one, or nothing.
    marks = ("%Q" if column.dtype == c.TEXT else "%d" if column.required else "%s" for column in query.frame.columns)
    template = ",".join(marks) + "\n"
    line = func.format(template, *query.statement.selected_columns)
    row = _row_number(query.table)
    statement = query.statement.with_only_columns(cast(func.group_concat(line, ""), LargeBinary))
    if isinstance(piece, str):
        inside = row.in_(select(literal_column("value")).select_from(func.json_each(piece)))
    else:
        inside = (row >= piece[0]) & (row < piece[1])
    yield connection.execute(statement.where(inside)).scalar()


def _postgresql_csv(connection: Connection, query: Query) -> Iterator[bytes]:
    # A null is nothing, an empty text stands in quotes.
    statement = query.statement if query.either is None else query.statement.where(_one_of(query, query.either))
    text = statement.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    copied = f"COPY ({text}) TO STDOUT WITH (FORMAT csv, QUOTE '''')"
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(copied, text.params) as copy:
        lines = iter(copy)
        while batch := b"".join(islice(lines, _ROWS)):
            yield batch


def _one_of(query: Query, either: Sequence[ColumnElement[bool]]) -> Any:
    """The rows by their places, each condition by its own index: many conditions in one are none's index's."""
    place: Any = literal_column(f'"{query.table.name}".ctid')
    places = union(*(query.statement.with_only_columns(place).where(condition) for condition in either))
    return place == any_(func.array(places.scalar_subquery()))


def _parse(batch: bytes, frame: c.Frame, postgresql: bool) -> Any:
    words = pa.dictionary(pa.int32(), pa.large_string())
    return arrow_csv.read_csv(
        pa.BufferReader(batch),
        read_options=arrow_csv.ReadOptions(column_names=frame.names, use_threads=False, block_size=len(batch) + 1),
        parse_options=arrow_csv.ParseOptions(quote_char="'", newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types={c.name: words if c.name in _FEW_WORDS else _ARROW[c.dtype] for c in frame.columns},
            null_values=("",) if postgresql else ("NULL", ""),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["1", "t"],
            false_values=["0", "f"],
        ),
    )


def _assemble(query: Query, tables: list[Any]) -> pd.DataFrame:
    """The tables below each other, sorted; the list is empty afterwards, since a million rows are held once."""
    frame = query.frame
    if not tables:
        return frame.empty()
    whole = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    tables.clear()
    whole = _bounded(query, whole)
    order = _order(whole, query.keys)
    columns = dict(zip(frame.names, whole.select(frame.names).columns, strict=True))
    without_text = _series(pa.chunked_array([pa.nulls(len(whole), pa.large_string())]), c.TEXT)  # which many share
    del whole
    series = {
        column.name: without_text
        if column.dtype == c.TEXT and columns[column.name].null_count == len(without_text)
        else _series(_in_order(columns.pop(column.name), order), column.dtype)
        for column in frame.columns
    }
    return frame.check(frame.named(series))


def _bounded(query: Query, whole: Any) -> Any:
    """The rows whose amounts and moments can be reckoned with."""
    if query.frame in (c.KEPT_ASIDE, c.UNREAD):  # which were bad from the start, and are reckoned with by nobody
        return whole
    wrong: Any = None
    for column in query.frame.columns:
        if column.dtype not in _BOUNDS:
            continue
        least, most = _BOUNDS[column.dtype]
        ends = pc.min_max(whole[column.name]).as_py()
        if ends["min"] is not None and (ends["min"] < least or ends["max"] > most):
            values = pc.fill_null(whole[column.name], 0)
            beyond = pc.or_(pc.less(values, least), pc.greater(values, most))
            wrong = beyond if wrong is None else pc.or_(wrong, beyond)
    if wrong is None:
        return whole
    rows = whole.filter(wrong)
    ids = (_spelled(rows[key]).to_pylist() for key in (query.keys[0], query.keys[-1]))
    query.outside.update(dict.fromkeys(zip(*ids, strict=True)))
    return whole.filter(pc.invert(wrong))


def ordered(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Rows by the keys, as a query of all of them has them."""
    order = _order(pa.table({key: pa.array(frame[key]) for key in keys}), keys)
    return frame if order is None else frame.take(order.to_numpy()).reset_index(drop=True)


def _order(whole: Any, keys: Sequence[str]) -> Any:
    """Places of the rows by the keys; null where they stand so already."""
    table = pa.table({key: _spelled(whole[key]) for key in keys})
    order = pc.sort_indices(table, sort_keys=[(key, "ascending") for key in keys])
    return None if np.array_equal(order.to_numpy(), np.arange(len(order))) else order


def _in_order(values: Any, order: Any) -> Any:
    return _spelled(values if order is None else values.take(order))


def _spelled(values: Any) -> Any:
    return values.cast(pa.large_string()) if pa.types.is_dictionary(values.type) else values


@cache
def _with_nulls(dtype: str) -> Any:
    """pandas' own type with room for nulls, which has a way in from Arrow; None where a kind has no such type."""
    return {c.TEXT: c.text_type(), c.OPTIONAL_MINOR: pd.Int64Dtype()}.get(dtype)


def _series(values: Any, dtype: str) -> Any:
    extension = _with_nulls(dtype)
    if extension is not None:
        return extension.__from_arrow__(values.combine_chunks())
    if dtype == c.MOMENT:
        return pd.array(values.cast("timestamp[us]").to_numpy(), dtype=dtype, copy=False)
    return values.to_numpy()
