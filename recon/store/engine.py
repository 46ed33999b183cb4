"""Opens a database and its transactions, and turns moments into integers."""

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, InterfaceError, OperationalError

Store = Engine  # what the store's functions are handed first; SQLAlchemy's own name stays in here
SQLITE = "sqlite"
BUSY_SECONDS = 60  # how long a writer waits for another one
_TRIES = 5  # to find a moment without a commit
SYNCHRONOUS = "NORMAL"  # of SQLite's disk: a commit may be lost with the power, the file never
CACHE_KIB = 65_536  # of pages per SQLite connection: the keys of a million rows are then found in memory

# Of PostgreSQL: a connection that hears nothing of its database is given up within a minute or so.
ALIVE = {"keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}
_ROOM = 65_536  # bytes that reading takes beside SQLite's file, too
_LOG_PER_INDEX = 256  # bytes of SQLite's log for one of its index, and more than that
_WRITES = "recon_writes"
LOGIN = "recon_login"  # an option of a store: the operating system's login, which every audit entry keeps
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class DiskFull(OSError):
    """No room for even the smallest file beside the store; nothing was read or written."""


def open_store(url: str) -> Engine:
    """An engine for `sqlite:///PATH` (its folder is made) or `postgresql://…` (psycopg 3); nothing is migrated.

    Raises ValueError for any other database and for SQLite without a file.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # whose words may hold the password
        raise ValueError("the URL is neither sqlite:///PATH nor postgresql://…") from None
    if parsed.drivername in ("postgresql", "postgresql+psycopg"):
        # A statement prepared on an empty table keeps that table's plan: 50 times slower at 200,000 rows.
        # A connection that died while nobody used it is replaced: a restart is not the next one's error.
        engine = create_engine(parsed, connect_args={"prepare_threshold": None, **ALIVE}, pool_pre_ping=True)
        event.listen(engine, "connect", _let_go_of_the_dead)
        return engine
    if parsed.drivername != SQLITE or not parsed.database or parsed.database == ":memory:":
        raise ValueError(f'store "{parsed.render_as_string()}" is neither sqlite:///PATH nor postgresql://…')
    Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    # The driver's own transaction mode begins too late and loses updates: we begin.
    engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS, "isolation_level": None})
    event.listen(engine, "connect", partial(_refuse_full_disk, Path(parsed.database)), once=True)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def shown_url(engine: Engine) -> str:
    """The URL of a store as people may read it: without who logs in there."""
    return engine.url._replace(username=None, password=None).render_as_string()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that sees one state of the store, whatever others write meanwhile."""
    options = {} if engine.dialect.name == SQLITE else {"isolation_level": "REPEATABLE READ"}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


@contextmanager
def reading_together(engine: Engine, count: int) -> Iterator[list[Connection]]:
    """So many transactions that all see one state of the store, for threads; where that cannot be had, one."""
    if engine.dialect.name != SQLITE:
        with ExitStack() as stack:
            first, *others = (stack.enter_context(reading(engine)) for _ in range(count))
            snapshot = first.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
            for connection in others:
                connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
            yield [first, *others]
        return
    with closing(engine.raw_connection()) as watch:
        for _ in range(_TRIES):
            with ExitStack() as stack:
                before = _data_version(watch)
                connections = [stack.enter_context(reading(engine)) for _ in range(count)]
                for connection in connections:  # its first look is what a transaction goes on seeing
                    connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").all()
                if _data_version(watch) == before:
                    yield connections
                    for connection in connections:
                        connection.exec_driver_sql("PRAGMA shrink_memory")  # pages of all that was read once
                    return
    with reading(engine) as connection:
        yield [connection]


def _data_version(connection: Any) -> Any:
    """A number that another connection's commit changes."""
    return connection.execute("PRAGMA data_version").fetchone()


@contextmanager
def writing(engine: Engine, lock: str = "store") -> Iterator[Connection]:
    """One transaction that reads and writes: all of it is kept, or, on an error, nothing.

    SQLite has one writer at a time; on PostgreSQL those that name the same `lock` wait for each other.
    """
    with engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
        if engine.dialect.name != SQLITE:
            connection.exec_driver_sql("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (lock,))
        yield connection


class Refused(Exception):
    """Something that the store does not do, in words for whoever asked; nothing was changed."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.messages = (message,)


def is_lost(error: BaseException) -> bool:
    """Whether the database could not be reached or went away: the same may work when it is back."""
    return isinstance(error, OperationalError | InterfaceError) or _is_of_driver(
        error, "OperationalError", "InterfaceError"
    )


def is_of_data(error: BaseException) -> bool:
    """Whether what was read, stored or computed is at fault, and not the database: only what it came with fails."""
    python = ArithmeticError | AssertionError | AttributeError | LookupError | RecursionError | TypeError | ValueError
    own = isinstance(error, python | DataError | IntegrityError)
    return own or _is_of_driver(error, "DataError", "IntegrityError")


def _is_of_driver(error: BaseException, *names: str) -> bool:
    """Whether it is one of these errors of psycopg: bulk reads and writes go past SQLAlchemy."""
    psycopg = sys.modules.get("psycopg")  # where nobody imported it, no error is its
    return psycopg is not None and isinstance(error, tuple(getattr(psycopg, name) for name in names))


def to_micros(moment: datetime) -> int:
    """Microseconds since the epoch (UTC), exactly; a naive moment raises TypeError."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC moment of microseconds since the epoch."""
    return _EPOCH + micros * _MICROSECOND


def _let_go_of_the_dead(connection: Any, _record: Any) -> None:
    """The server, too, gives up a connection whose host is gone, with the locks that it holds."""
    for name in ("idle", "interval", "count"):
        connection.execute(f"SET tcp_keepalives_{name} = {ALIVE[f'keepalives_{name}']}")
    connection.commit()


def _refuse_full_disk(file: Path, _connection: Any, _record: Any) -> None:
    """Where the index of its log finds no room SQLite may map what is not there, and the system ends the process."""
    log = file.with_name(f"{file.name}-wal")
    needed = _ROOM + (log.stat().st_size // _LOG_PER_INDEX if log.exists() else 0)
    if shutil.disk_usage(file.parent).free < needed:
        raise DiskFull(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    pragmas = ("journal_mode=WAL", f"synchronous={SYNCHRONOUS}", "foreign_keys=ON", f"cache_size=-{CACHE_KIB}")
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
