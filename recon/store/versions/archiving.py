"""Moves old evidence out of the database into compressed files, a batch at a time.

A row is in the database or in a recorded file, never in both and never in neither: a batch is written under a passing
name, forced to the disk, named after its own hash, and recorded in the transaction that takes its rows out, in the
audit log, too. A file that a kill left unrecorded is nobody's, and the same batch takes its name again; a change in
place takes it out. No recorded file is ever removed, or replaced by anything but its equal.

What later work reads stays: current versions; the last version of each life of an object; a charge's failures, which
say that its success came late; and what was superseded since an account's last run but one, which may end a sign-off.
"""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    LargeBinary,
    Row,
    Select,
    Table,
    and_,
    func,
    insert,
    or_,
    select,
    tuple_,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql.elements import ColumnElement

from recon import columns as c
from recon.columnar import pa, parquet
from recon.model import ChargeStatus
from recon.store import bulk, tables
from recon.store.desk import audit
from recon.store.desk.people import Act
from recon.store.engine import SQLITE, Store, reading, to_micros, writing
from recon.store.related.unfinished import NOT_FINAL
from recon.store.tables.archive import ARCHIVE_FILE, MASKING
from recon.store.versions import packing
from recon.store.versions.archive import RAW_OBJECTS, TABLES, VERSIONS, ArchiveError, folder_of

BATCH = 10_000  # rows of a file
BEGUN = ".begun"  # ends the name of a mark beside a file that is not recorded yet
MOVED = b""  # a raw object that is in the archive
_LEVEL = 3  # 9 takes eight times as long and saves a twentieth
_Lists = Mapping[str, Sequence[Any]]  # rows by their columns
_Cause = tuple[datetime, Act]  # before which moment, and who moves it
_ENDED = (ChargeStatus.FAILED.value, ChargeStatus.EXPIRED.value)
_LEFT_OVER = timedelta(days=1)  # an unfinished file so old is nobody's
_EMPTY = 5  # one in so many of a file's pages
_ROOM = 2  # a compacted copy of the file, and the same again in its write-ahead log


class ArchiveStopped(ArchiveError):
    """Folder or store cannot be written: what was moved until then is moved, all else is where it was."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Cut:
    """What is old: what ended, or was made, before an account's moment; `otherwise` for accounts not named."""

    accounts: Mapping[str, datetime]
    otherwise: datetime

    def of(self, account: str) -> datetime:
        """The moment of one account."""
        return self.accounts.get(account, self.otherwise)


@dataclass(frozen=True, slots=True)
class Moved:
    """What went into one file."""

    kind: str
    what: str
    account: str
    rows: int
    size: int
    name: str


@dataclass(frozen=True, slots=True)
class _Part:
    """The rows of one account in one table that move together, and how they are taken out of the database."""

    table: Table
    what: str
    account: str
    rows: Select[Any]
    change: str


@dataclass(frozen=True, slots=True)
class _Fetched:
    """Rows as they were, and which change in place was the last one by then."""

    rows: Sequence[Row[Any]]
    rewritten: int


def archive(store: Store, cut: Cut, act: Act, batch: int = BATCH) -> list[Moved]:
    """Moves what is older than the cut into files of so many rows; what went. A second time there is nothing left.

    Raises ArchiveError where nobody says where the folder is, or two do it at once; ArchiveStopped where folder or
    store cannot be written.
    """
    folder = folder_of(store)
    for path in folder.glob("*.tmp"):
        if path.stat().st_mtime < (act.at - _LEFT_OVER).timestamp():
            path.unlink(missing_ok=True)
    moved: list[Moved] = []
    for table in TABLES.values():
        for account in _accounts(store, table):
            for part in _parts(store, table, account, cut):
                moved += _move(store, folder, part, (cut.of(account), act), batch)
    return moved


def give_back(store: Store) -> str:
    """Gives back the room of what was moved, SQLite to the disk, PostgreSQL to its tables; "" or what is left."""
    if store.dialect.name != SQLITE:
        with store.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in TABLES.values():
                connection.exec_driver_sql(f"VACUUM (ANALYZE) {bulk.quoted(connection, table)}")
        return "PostgreSQL keeps the room for new rows; VACUUM FULL, which locks its tables, gives it to the disk"
    path = Path(str(store.url.database))
    needed = _ROOM * path.stat().st_size
    if shutil.disk_usage(path.parent).free < needed:
        return f"the store's file was not made smaller: that needs {needed // 2**20} MiB of room beside it"
    try:
        with closing(store.raw_connection()) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        return f"the store's file was not made smaller ({error})"
    return ""


def has_room(store: Store) -> bool:
    """Whether a good part of SQLite's file is empty, as after a kill between moving and giving back."""
    if store.dialect.name != SQLITE:
        return False
    with reading(store) as connection:
        return _EMPTY * _pragma(connection, "freelist_count") > _pragma(connection, "page_count")


def size_of(store: Store) -> int:
    """Bytes of the store: SQLite's pages, those that still stand in its write-ahead log included, or the database."""
    with reading(store) as connection:
        if store.dialect.name == SQLITE:
            return _pragma(connection, "page_count") * _pragma(connection, "page_size")
        return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())


def _accounts(store: Store, table: Table) -> Sequence[str]:
    account = table.c[c.ACCOUNT]
    with reading(store) as connection:
        return sorted(connection.execute(select(account).distinct()).scalars())


def _parts(store: Store, table: Table, account: str, cut: Cut) -> list[_Part]:
    """First whole versions, then the raw objects of what stays."""
    before = to_micros(cut.of(account))
    with reading(store) as connection:
        until = _looked_at(connection, account)
    mine = table.c[c.ACCOUNT] == account
    key = tables.key_of(table)
    whole = select(table).where(mine, _superseded(table, before, until))
    at = " AND ".join(f"{name} = ?" for name in (c.ACCOUNT, key, c.SEEN_AT))
    name = store.dialect.identifier_preparer.format_table(table)
    parts = [_Part(table, VERSIONS, account, whole, f"DELETE FROM {name} WHERE {at}")]
    if tables.RAW in table.c:
        names = (c.ACCOUNT, key, c.SEEN_AT, tables.RAW)
        raw = select(*(table.c[name] for name in names)).where(mine, _raw_is_old(table, before))
        empty = "x''" if store.dialect.name == SQLITE else "''"
        parts.append(_Part(table, RAW_OBJECTS, account, raw, f"UPDATE {name} SET {tables.RAW} = {empty} WHERE {at}"))
    return parts


def _looked_at(connection: Connection, account: str) -> int | None:
    """When the account's last run but one was recorded, else its only one: later changes may yet end a sign-off."""
    run = tables.RUN.c
    part = tables.RUN_ACCOUNT.c
    last = (
        select(run.recorded_at)
        .join(tables.RUN_ACCOUNT, part.run_id == run.id)
        .where(part.account == account)
        .order_by(run.id.desc())
        .limit(2)
    )
    moments = connection.execute(last).scalars().all()
    return to_micros(min(moments)) if moments else None


def _superseded(table: Table, before: int, until: int | None) -> ColumnElement[bool]:
    """What ended before a moment, and has a later version in the same life: that one stays, so a gap can be seen."""
    now = table.c
    later = table.alias("later").c
    same = (c.ACCOUNT, tables.key_of(table), c.FIRST_SEEN_AT)
    followed = (
        select(1).where(*(later[name] == now[name] for name in same), later[c.SEEN_AT] > now[c.SEEN_AT]).exists()
    )
    ended = now[tables.SUPERSEDED_AT] < (before if until is None else min(before, until + 1))
    failed = now[c.STATUS].in_(_ENDED) if table.name == "charge" else None
    return and_(ended, followed) if failed is None else and_(ended, followed, ~failed)


def _raw_is_old(table: Table, before: int) -> ColumnElement[bool]:
    """A raw object that is still here, of what was made before a moment, is final, and was not seen changed since."""
    now = table.c
    waits = NOT_FINAL.get(table.name)
    current = tables.known_at(table, None) & (now[c.SEEN_AT] < before)
    settled = or_(now[tables.SUPERSEDED_AT] < before, current if waits is None else current & ~waits)
    return and_(now[tables.RAW] != MOVED, now[c.CREATED_AT] < before, settled)


def _move(store: Store, folder: Path, part: _Part, cause: _Cause, batch: int) -> list[Moved]:
    """Batch by batch in the order of the table's key, so that each file holds a stretch of ids."""
    place = (part.table.c[tables.key_of(part.table)], part.table.c[c.SEEN_AT])
    rest = part.rows.order_by(*place).limit(batch)
    moved: list[Moved] = []
    fetched = _fetched(store, rest)
    while fetched.rows:
        moved.append(_move_rows(store, folder, part, fetched, cause))
        if len(fetched.rows) < batch:
            break
        last = tuple(fetched.rows[-1]._mapping[column.name] for column in place)
        fetched = _fetched(store, rest.where(tuple_(*place) > last))
    return moved


def _fetched(store: Store, statement: Select[Any]) -> _Fetched:
    with reading(store) as connection:
        return _Fetched(connection.execute(statement).all(), _last_rewritten(connection))


def _last_rewritten(connection: Connection) -> int:
    """The number of the last change of what is stored in place, as an erasure is one."""
    return int(connection.execute(select(func.coalesce(func.max(MASKING.c.id), 0))).scalar_one())


def _move_rows(store: Store, folder: Path, part: _Part, fetched: _Fetched, cause: _Cause) -> Moved:
    rows = fetched.rows
    lists = dict(zip(rows[0]._mapping.keys(), map(list, zip(*rows, strict=True)), strict=True))
    content = parquet_of(part.table, lists)
    sha256 = hashlib.sha256(content).hexdigest()
    done = Moved(part.table.name, part.what, part.account, len(rows), len(content), _name(part, sha256))
    keys = list(zip(lists[c.ACCOUNT], lists[tables.key_of(part.table)], lists[c.SEEN_AT], strict=True))
    file = folder / done.name
    try:
        write_file(folder, done.name, content)
        with writing(store, "archive") as connection:
            if _recorded(connection, done.name) or bulk.execute_many(connection, part.change, keys) != len(rows):
                raise ArchiveError("another archive moved the same rows at the same time: run it again")
            if _last_rewritten(connection) != fetched.rewritten or not file.exists():  # rows are locked now
                file.unlink(missing_ok=True)  # what was taken out would come back
                raise ArchiveError("what is stored was changed in place, as by an erasure, meanwhile: run it again")
            _record(connection, _line(lists, part, done, sha256, cause), cause)
        file.with_name(f"{file.name}{BEGUN}").unlink(missing_ok=True)
    except (OSError, OperationalError) as error:
        where, why = (folder, error.strerror) if isinstance(error, OSError) else ("the store", error.orig)
        raise ArchiveStopped(
            f"{where}: cannot be written ({why}); what was moved before is kept, make room and run again"
        ) from None
    return done


def _record(connection: Connection, line: Mapping[str, Any], cause: _Cause) -> None:
    """A file, and in the audit log who took its rows out of the database."""
    before, act = cause
    connection.execute(insert(ARCHIVE_FILE), line)
    detail = {
        "kind": line["kind"],
        "what": line["what"],
        "account": line["account"],
        "rows": line["row_count"],
        "sha256": line["sha256"],
        "before": before.isoformat(),
    }
    audit.append(connection, act.who, audit.ARCHIVED, line["name"], detail, act.at, act.audit_key)


def _name(part: _Part, sha256: str) -> str:
    return f"{part.table.name}-{part.what}-{sha256}.parquet"


def _recorded(connection: Connection, name: str) -> bool:
    statement = select(func.count()).select_from(ARCHIVE_FILE).where(ARCHIVE_FILE.c.name == name)
    return bool(connection.execute(statement).scalar_one())


def _line(lists: _Lists, part: _Part, done: Moved, sha256: str, cause: _Cause) -> dict[str, Any]:
    """The row of the file."""
    ids = lists[tables.key_of(part.table)]
    seen = lists[c.SEEN_AT]
    ended = lists.get(tables.SUPERSEDED_AT, ())
    return {
        "name": done.name,
        "kind": done.kind,
        "what": done.what,
        "account": done.account,
        "row_count": done.rows,
        "size": done.size,
        "sha256": sha256,
        "first_id": min(ids),
        "last_id": max(ids),
        "first_seen_at": min(seen),
        "last_seen_at": max(seen),
        "last_superseded_at": max(ended, default=None),
        "before_at": cause[0],
        "archived_at": cause[1].at,
    }


def parquet_of(table: Table, lists: _Lists) -> bytes:
    """The rows as a compressed file; raw objects as Omise said them, since together they compress far better."""
    raw = {tables.RAW: [packing.unpack(packed) if packed else packed for packed in lists.get(tables.RAW, ())]}
    whole = {**lists, **(raw if tables.RAW in lists else {})}
    arrays = {name: pa.array(values, _type(table, name)) for name, values in whole.items()}
    sink = pa.BufferOutputStream()
    repeated = [name for name in arrays if name != tables.RAW]  # no two raw objects are the same
    parquet.write_table(pa.table(arrays), sink, compression="zstd", compression_level=_LEVEL, use_dictionary=repeated)
    return bytes(sink.getvalue())


def _type(table: Table, name: str) -> Any:
    kind = table.c[name].type
    if isinstance(kind, BigInteger):
        return pa.int64()
    if isinstance(kind, Boolean):
        return pa.bool_()
    return pa.large_binary() if isinstance(kind, LargeBinary) else pa.large_string()


def write_file(folder: Path, name: str, content: bytes, passing_name: str = "") -> None:
    """The file whole and on the disk under its name, or not at all; a kill leaves it under its passing name.

    Beside it stands its mark of being begun (BEGUN), for who records it to take away.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}{BEGUN}").touch()
    passing = folder / (passing_name or f"{uuid4().hex}.tmp")
    try:
        with passing.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        passing.replace(folder / name)
    finally:
        passing.unlink(missing_ok=True)
    sync(folder)


def sync(folder: Path) -> None:
    """A folder's names on the disk, as its files are."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
