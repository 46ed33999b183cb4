"""Orders from a database that SQLAlchemy can reach: a query's rows to columns of exact text."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from recon.bounds import LARGEST_FILE, MOST_ROWS
from recon.columnar import np
from recon.extras import EXTRAS, advice
from recon.model import Window
from recon.orders.source import OrderKind, OrderSource
from recon.privacy import mask
from recon.tabular.keys import TABLE_KEYS, Key, Value
from recon.tabular.table import SourceMissing, SourceUnreadable, Table, column_of, doubts_of, numbers_of, text_of

# Which driver a URL means that names none.
_DRIVERS = {"mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
# A reader that can write nothing, and sees one state of the shop; times are UTC, as the moments that are bound.
_MYSQL = ("SET SESSION time_zone = '+00:00'", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
_SESSION = {
    "postgresql": ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",),
    "sqlite": ("PRAGMA query_only = ON",),
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
}
_TOGETHER = 20_000  # rows
_PREFIX = "{prefix}"  # in a query: what the names of the shop's tables begin with

QueryRows = tuple[tuple[str, ...], list[tuple[Any, ...]]]  # column names and rows


class _UnknownParameter(Exception):
    pass


class _TooMuch(Exception):
    pass


def _tables(source: OrderSource, window: Window, changed_since: datetime | None) -> list[Table]:
    """The query's rows, then those that only the open query has: an order in both is one order."""
    values = bound(_url(source).get_backend_name(), window, changed_since)
    with _session(source) as connection:
        first = _rows(connection, _query(source, "query"), values)
        tables = [_table("query", *first)]
        open_query = _query(source, "open_query")
        if open_query:
            tables.append(_table("open_query", *_only_new(first, _rows(connection, open_query, values))))
        return tables


def table_names(source: OrderSource) -> list[str]:
    """The tables of a source's database; raises SourceMissing and SourceUnreadable."""
    with _session(source) as connection:
        return inspect(connection).get_table_names()


@contextmanager
def _session(source: OrderSource) -> Iterator[Connection]:
    """The source's database, read only, for the block; what goes wrong in it is a SourceUnreadable."""
    url = _url(source)
    try:
        engine = create_engine(url, hide_parameters=True)
    except (NoSuchModuleError, ImportError) as error:
        library = getattr(error, "name", None)
        words = advice(library) if library in EXTRAS else f"the driver of {url.drivername} is not installed"
        raise SourceUnreadable(f"[orders.{source.name}] {words}") from error
    try:
        with engine.connect() as connection:
            for statement in _SESSION.get(url.get_backend_name(), ()):
                connection.exec_driver_sql(statement)
            yield connection
    except _UnknownParameter as error:
        words = f"[orders.{source.name}] a query names :{error}; it may name :from, :to and :changed_since"
        raise SourceUnreadable(words) from error
    except _TooMuch as error:
        words = f"[orders.{source.name}] a query gives more than {error}: narrow it to what :from and :to name"
        raise SourceUnreadable(words) from error
    except SQLAlchemyError as error:
        raise SourceUnreadable(f"[orders.{source.name}] {_words(error, url)}") from error
    finally:
        engine.dispose()


KIND = OrderKind(
    "sql",
    _tables,
    (
        *TABLE_KEYS,
        Key("url", Value.DATABASE, required=True),
        Key("query", required=True, mentions=(":from", ":to")),
        Key("open_query", mentions=(":changed_since",)),
        Key("prefix", Value.TEXT, default=""),
    ),
)


def _url(source: OrderSource) -> URL:
    try:
        url = make_url(source.settings.get("url") or "")
        url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    except ArgumentError:
        words = f"[orders.{source.name}] url is no database URL like postgresql://user:password@host/name"
        raise SourceUnreadable(words) from None  # the error's own text may hold the password
    file = url.database or ""
    on_disk = url.get_backend_name() == "sqlite" and file not in ("", ":memory:") and not file.startswith("file:")
    if on_disk and not Path(file).is_file():  # SQLite would make an empty one
        raise SourceMissing(f"[orders.{source.name}] there is no database file {Path(file).name}")
    return url


def _query(source: OrderSource, name: str) -> str:
    return (source.settings.get(name) or "").replace(_PREFIX, source.settings.get("prefix") or "")


def bound(database: str, window: Window, changed_since: datetime | None) -> dict[str, datetime | str]:
    """`:from`, `:to` and `:changed_since` (at first: `:from`) as aware UTC moments.

    SQLite has no times, only text in whatever form the shop writes, so there they are days (`2026-11-24`), a day
    wider on each side: no form and no zone loses an order. Rows that come too many are stored, not judged.
    """
    since = changed_since or window.start
    if database != "sqlite":
        return {"from": window.start, "to": window.end, "changed_since": since}
    day = timedelta(days=1)
    return {
        "from": (window.start - day).date().isoformat(),
        "to": (window.end + 2 * day).date().isoformat(),
        "changed_since": (since - day).date().isoformat(),
    }


def _rows(connection: Connection, query: str, values: dict[str, datetime | str]) -> QueryRows:
    statement = text(query)
    names = statement.compile().params
    unknown = sorted(set(names) - set(values))
    if unknown:
        raise _UnknownParameter(unknown[0])
    streamed = connection.execution_options(stream_results=True)
    result = streamed.execute(statement, {name: values[name] for name in names})
    rows: list[tuple[Any, ...]] = []
    size = 0
    for part in result.partitions(_TOGETHER):
        rows += map(tuple, part)
        size += sum(len(value) for row in part for value in row if isinstance(value, str | bytes))
        if len(rows) > MOST_ROWS:
            raise _TooMuch(f"{MOST_ROWS:,} rows")
        if size > LARGEST_FILE:
            raise _TooMuch(f"{LARGEST_FILE >> 20:,} MB of text")
    return tuple(result.keys()), rows


def _only_new(first: QueryRows, second: QueryRows) -> QueryRows:
    """The second query's rows that the first does not have, where both have the same columns."""
    if first[0] != second[0]:
        return second
    seen = {tuple(map(text_of, row)) for row in first[1]}
    return second[0], [row for row in second[1] if tuple(map(text_of, row)) not in seen]


def _table(name: str, header: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Table:
    columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) or [()] * len(header)
    cells = tuple(column_of(column) for column in columns)
    digest = hashlib.sha256("\x1e".join(header).encode())
    for column in cells:
        digest.update("\x1f".join(column.to_pylist()).encode())
    rows_seen = np.arange(1, len(rows) + 1)
    return Table(
        name,
        digest.hexdigest(),
        tuple(header),
        cells,
        rows_seen,
        doubts=doubts_of(columns),
        numbers=numbers_of(columns),
    )


def _words(error: SQLAlchemyError, url: URL) -> str:
    """The driver's own first line, without the password."""
    line = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    if url.password:
        line = line.replace(str(url.password), "***")
    return f"the database says: {mask(line)}"
