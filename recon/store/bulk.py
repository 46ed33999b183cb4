"""Rows to and from the driver in bulk, as each database likes it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Table,
    Text,
    any_,
    bindparam,
    func,
    insert,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY

from recon import columns as c
from recon.columnar import pa, pd
from recon.store.engine import SQLITE

_TEXTS = 50_000  # in one condition


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts tuples in the table's column order: executemany on SQLite, COPY on PostgreSQL; nothing for no tuple."""
    if not rows:
        return
    if connection.dialect.name == SQLITE:
        connection.exec_driver_sql(_insert(connection.dialect, table), rows)
        return
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(_copy(connection.dialect, table)) as copy:
        for row in rows:
            copy.write_row(row)


def execute_many(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """One statement, written with `?`, for every tuple; how many rows it changed, none for no tuple."""
    return connection.exec_driver_sql(_marks(connection, statement), rows).rowcount if rows else 0


def fetch(connection: Connection, statement: str, values: Sequence[Any]) -> list[Any]:
    """All rows of one query, written with `?`; a list among the values is for `in_list`."""
    if connection.dialect.name == SQLITE:
        values = [json.dumps(value) if isinstance(value, list) else value for value in values]
    return list(connection.exec_driver_sql(_marks(connection, statement), tuple(values)).fetchall())


def in_list(connection: Connection, column: str) -> str:
    """`column` is one of a list of any length, handed over as one value: the text stays the same for each page."""
    if connection.dialect.name == SQLITE:
        return f"{column} IN (SELECT value FROM json_each(?))"
    return f"{column} = ANY(?)"


def among(connection: Connection, column: ColumnElement[Any], texts: Collection[Any]) -> list[ColumnElement[bool]]:
    """`column` is one of some texts, for statements of SQLAlchemy's: so many texts in each condition."""
    listed = list(texts)
    return [_among(connection, column, listed[at : at + _TEXTS]) for at in range(0, len(listed), _TEXTS)]


def _among(connection: Connection, column: ColumnElement[Any], texts: list[Any]) -> ColumnElement[bool]:
    if connection.dialect.name == SQLITE:
        return column.in_(select(literal_column("value")).select_from(func.json_each(json.dumps(texts))))
    return column == any_(bindparam(None, texts, ARRAY(Text()), unique=True))


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows, or replaces those that stand under the same key."""
    if not rows:
        return
    dialect: Any = sqlite if connection.dialect.name == SQLITE else postgresql
    statement = dialect.insert(table)
    keys = [column.name for column in table.primary_key]
    changes = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes), list(rows))


def quoted(connection: Connection, table: Table) -> str:
    """The table's name as the database wants it."""
    return connection.dialect.identifier_preparer.format_table(table)


@lru_cache(maxsize=64)
def _insert(dialect: Dialect, table: Table) -> str:
    return str(insert(table).compile(dialect=dialect))


@lru_cache(maxsize=64)
def _copy(dialect: Dialect, table: Table) -> str:
    names = dialect.identifier_preparer
    listed = ", ".join(names.format_column(column) for column in table.columns)
    return f"COPY {names.format_table(table)} ({listed}) FROM STDIN"


def _marks(connection: Connection, statement: str) -> str:
    return statement if connection.dialect.name == SQLITE else statement.replace("?", "%s")


def to_arrow(values: pd.Series[Any], dtype: str) -> Any:
    """One column of a frame as the store holds it: moments as microseconds since the epoch (UTC), nulls as nulls."""
    if dtype == c.MOMENT:
        return pa.array(values, pa.timestamp("us", "UTC"), from_pandas=True).cast(pa.int64())
    return pa.array(values, from_pandas=True)


def to_lists(frame: pd.DataFrame, shape: c.Frame) -> list[list[Any]]:
    """The columns of a frame, in the shape's order, as the driver takes them; a null is None."""
    return [to_arrow(frame[column.name], column.dtype).to_pylist() for column in shape.columns]
