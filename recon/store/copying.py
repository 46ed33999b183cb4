"""Copies a whole store into another database, all of it or nothing, and reads it back."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Boolean, Connection, Date, Table, func, inspect, select

from recon.store import migrate
from recon.store.bulk import insert_rows, quoted
from recon.store.engine import SQLITE, Refused, Store, reading, writing
from recon.store.runs.attempts import refuse_beside_runs
from recon.store.schema import METADATA

_ROWS = 500  # at a time
_VERSION = "alembic_version"
_Page = list[tuple[Any, ...]]
# What the drivers give differently, as both take it.
_PLAIN: Mapping[type[Any], Callable[[Any], Any]] = {Boolean: bool, Date: str}


class CopyRefused(Refused):
    """The store is not copied, and the target holds no row of it; says why."""


@dataclass(frozen=True)
class Copied:
    """Rows by table, and the source's tables that are not of the store and stay there."""

    rows: Mapping[str, int]
    left_out: tuple[str, ...]


def copy_store(source: Store, target: Store, now: datetime) -> Copied:
    """Every table of the store into a target without rows, whose tables are made; SQLite or PostgreSQL, both ways.

    The rows are committed together, once what is read back is the same. Raises Refused.
    """
    with reading(source) as origin:
        refuse_beside_runs(origin, now)
        with reading(target) as connection:
            _refuse_rows(connection)
        migrate.upgrade(target, backup=False)
        with writing(target) as connection:
            _refuse_rows(connection)
            rows = {table.name: _copy_table(origin, connection, table) for table in METADATA.sorted_tables}
        names = set(inspect(origin).get_table_names()) - {_VERSION, *METADATA.tables}
        return Copied(rows, tuple(sorted(names)))


def _refuse_rows(connection: Connection) -> None:
    """Raises CopyRefused where any table of the database holds a row, whoever's it is."""
    quote = connection.dialect.identifier_preparer.quote
    filled = [
        name
        for name in sorted(inspect(connection).get_table_names())
        if name != _VERSION and connection.exec_driver_sql(f"SELECT 1 FROM {quote(name)} LIMIT 1").first()
    ]
    if filled:
        listed = ", ".join(filled[:5]) + (", …" if len(filled) > 5 else "")
        raise CopyRefused(f"the target is not empty, nothing was written: rows in {listed}")


def _copy_table(origin: Connection, connection: Connection, table: Table) -> int:
    """How many rows; PostgreSQL goes on counting after the last one, as SQLite does by itself."""
    sent = _read(origin, table, lambda page: insert_rows(connection, table, page))
    kept = _read(connection, table)
    if sent != kept:
        raise CopyRefused(f"{table.name}: {sent[0]:,} rows were sent, and what came back differs; nothing was kept")
    counter = table.autoincrement_column
    if connection.dialect.name != SQLITE and counter is not None:
        sequence = func.pg_get_serial_sequence(quoted(connection, table), counter.name)
        connection.execute(select(func.setval(sequence, select(func.max(counter)).scalar_subquery())))
    return sent[0]


def _read(connection: Connection, table: Table, take: Callable[[_Page], None] = lambda _: None) -> tuple[int, str]:
    """The number and the digest of a table's rows, in the order of their key; `take` is handed them page by page."""
    count = 0
    digest = sha256()
    for page in _pages(connection, table):
        take(page)
        count += len(page)
        digest.update(repr(page).encode("utf-8", "surrogatepass"))
    return count, digest.hexdigest()


def _pages(connection: Connection, table: Table) -> Iterator[_Page]:
    keys = list(table.primary_key) or list(table.columns)
    statement = str(select(table).order_by(*keys).compile(dialect=connection.dialect))
    streamed = {"stream_results": True, "max_row_buffer": _ROWS}  # past the columns' types: as the driver has them
    converted = [(at, _PLAIN[type(of.type)]) for at, of in enumerate(table.columns) if type(of.type) in _PLAIN]
    for page in connection.exec_driver_sql(statement, execution_options=streamed).partitions(_ROWS):
        rows = [list(row) for row in page]
        for row in rows:
            for at, convert in converted:
                row[at] = None if row[at] is None else convert(row[at])
        yield [tuple(row) for row in rows]
