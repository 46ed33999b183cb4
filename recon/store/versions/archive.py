"""Finds evidence that left the database again, in the archive's files; moves nothing and knows no rule.

Every file that was ever recorded is needed: one that is missing, or not as it was written, is an error that names it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Alias, Column, Connection, MetaData, Row, Select, Table, select
from sqlalchemy.sql import visitors

from recon import columns as c
from recon.columnar import pa, parquet, pc, pd
from recon.store import bulk, tables
from recon.store.engine import SQLITE, Store, reading
from recon.store.tables.archive import ARCHIVE_FILE
from recon.store.versions.frames import Query, fetch

VERSIONS = "versions"
RAW_OBJECTS = "raw"  # what a file holds: whole superseded versions, or raw objects alone
TABLES: Mapping[str, Table] = {
    table.name: table for table in (*tables.OBJECTS.values(), tables.ORDER, tables.BANK_LINE)
}
_FOLDER = "recon_archive"
_UNKEPT = (tables.RAW, c.DIGEST)  # what no query of a frame asks


class ArchiveError(Exception):
    """A file of the archive is missing or altered, or nobody says where the archive is; nothing was answered."""

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


def keep_in(store: Store, folder: Path | None) -> None:
    """Says where a store's archive is; None: beside a SQLite file, as FILE.archive, and nowhere for PostgreSQL."""
    if folder is not None:
        store.update_execution_options(**{_FOLDER: folder})


def folder_of(store: Store | Connection) -> Path:
    """The archive's folder, whether it is there or not; raises ArchiveError where nobody says which."""
    given: Path | None = store.get_execution_options().get(_FOLDER)
    if given is not None:
        return given
    if store.dialect.name != SQLITE:
        raise ArchiveError('this store is PostgreSQL: name its archive\'s folder in [store] archive = "PATH"')
    return Path(f"{store.engine.url.database}.archive")


def with_archived(connection: Connection, frame: pd.DataFrame, query: Query, versions_at: int | None) -> pd.DataFrame:
    """What a query found, and what it would have found among the archived versions known at a moment (microseconds).

    `frame` and the list of the archive's files must be of one state of the store: `connection` is in the transaction
    that `frame` came from. The query is asked again of a temporary table, which lacks only raw object and digest. No
    current version (`versions_at` None) is in the archive. Raises ArchiveError.
    """
    if versions_at is None:
        return frame
    file = ARCHIVE_FILE.c
    files = _files(connection, query.table, file.first_seen_at <= versions_at, file.last_superseded_at > versions_at)
    if not files:
        return frame
    beside = _temporary(query.table)
    beside.create(connection, checkfirst=False)
    for file_row in files:
        rows = read(folder_of(connection), file_row, beside.columns.keys())
        then = pc.less_equal(rows[c.SEEN_AT], versions_at)
        rows = rows.filter(pc.and_(then, pc.greater(rows[tables.SUPERSEDED_AT], versions_at)))
        bulk.insert_rows(connection, beside, list(zip(*(column.to_pylist() for column in rows.columns), strict=True)))
    more = fetch(connection, replace(query, table=beside, statement=_asked_of(query.statement, query.table, beside)))
    beside.drop(connection, checkfirst=False)
    together = pd.concat([frame, more], ignore_index=True)
    return query.frame.check(together.sort_values(list(query.keys), ignore_index=True)) if len(more) else frame


def versions_of(
    connection: Connection, table: Table, account: str, object_id: str, between: tuple[int, int]
) -> list[Mapping[str, Any]]:
    """An object's archived versions first seen from a moment until before another (microseconds), as stored; oldest
    first. Raises ArchiveError."""
    start, end = between
    file = ARCHIVE_FILE.c
    names = [column.name for column in table.columns if column.name not in _UNKEPT]
    key = tables.key_of(table)
    rows: list[Mapping[str, Any]] = []
    for file_row in _files(
        connection, table, file.account == account, file.first_seen_at < end, file.last_seen_at >= start
    ):
        if file_row.first_id <= object_id <= file_row.last_id:  # by code points, whatever the database sorts by
            of_file = read(folder_of(connection), file_row, names)
            rows += of_file.filter(pc.equal(of_file[key], object_id)).to_pylist()
    return sorted((row for row in rows if start <= row[c.SEEN_AT] < end), key=lambda row: row[c.SEEN_AT])


def copy_files(store: Store, target: Path) -> int:
    """Copies every recorded file into a folder, each proved to be whole; how many.

    Raises ArchiveError, which names all that are not whole, after the others are copied.
    """
    files = _recorded(store)
    wrong = list[str]()
    for file in files:
        try:
            content = _whole(folder_of(store), file)
        except ArchiveError as error:
            wrong += error.messages
            continue
        target.mkdir(parents=True, exist_ok=True)
        (target / file.name).write_bytes(content)
    if wrong:
        raise ArchiveError(*wrong)
    return len(files)


def look(store: Store) -> tuple[int, int, list[str]]:
    """How many files are recorded, their bytes, and which are missing or of another size, in words; none is read.

    Raises ArchiveError where there are files and nobody says where.
    """
    files = _recorded(store)
    wrong = []
    for file in files:
        path = folder_of(store) / file.name
        try:
            size = path.stat().st_size
        except OSError as error:
            wrong.append(_missing(path, file, error))
            continue
        if size != file.size:
            wrong.append(_altered(path, file))
    return len(files), sum(file.size for file in files), wrong


def read(folder: Path, file: Row[Any], names: Sequence[str]) -> Any:
    """The rows of a recorded file as an Arrow table of these columns; one that it does not have yet is null.

    Raises ArchiveError where it is missing or altered.
    """
    there = parquet.ParquetFile(pa.BufferReader(_whole(folder, file)))
    kept_names = set(there.schema_arrow.names)
    kept = there.read([name for name in names if name in kept_names], use_threads=False)
    return pa.table({name: kept[name] if name in kept_names else pa.nulls(len(kept)) for name in names})


def _whole(folder: Path, file: Row[Any]) -> bytes:
    """A recorded file's bytes, as they were written."""
    path: Path = folder / file.name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArchiveError(_missing(path, file, error)) from None
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise ArchiveError(_altered(path, file))
    return content


def _missing(path: Path, file: Row[Any], error: OSError) -> str:
    return f"{path}: {error.strerror}; it holds {file.row_count} rows: bring it back"


def _altered(path: Path, file: Row[Any]) -> str:
    return f"{path}: is not as it was written; it holds {file.row_count} rows: bring it back"


def _recorded(store: Store) -> Sequence[Row[Any]]:
    with reading(store) as connection:
        return connection.execute(select(ARCHIVE_FILE).order_by(ARCHIVE_FILE.c.name)).all()


def _files(connection: Connection, table: Table, *where: Any) -> Sequence[Row[Any]]:
    """The files of whole versions."""
    file = ARCHIVE_FILE.c
    statement = select(ARCHIVE_FILE).where(file.kind == table.name, file.what == VERSIONS, *where).order_by(file.name)
    return connection.execute(statement).all()


def _asked_of(statement: Select[Any], table: Table, other: Table) -> Select[Any]:
    """A statement with another table in a table's place; aliases stay what they are."""

    def instead(element: Any, **_: Any) -> Any:
        if element is table:
            return other
        if isinstance(element, Column) and element.table is table:
            return other.c[element.name]
        return element if isinstance(element, Alias) or isinstance(getattr(element, "table", None), Alias) else None

    return cast("Select[Any]", visitors.replacement_traverse(statement, {}, instead))


@cache
def _temporary(table: Table) -> Table:
    kept = (column for column in table.columns if column.name not in _UNKEPT)
    copied = [Column(column.name, column.type, primary_key=column.primary_key) for column in kept]
    return Table(f"archived_{table.name}", MetaData(), *copied, prefixes=["TEMPORARY"])
