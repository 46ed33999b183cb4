"""Changes what is stored of people in place: no new version, nothing judged anew, the archive's files with it.

An object's row keeps its moments and its mark and gets the digest that the same object has when it comes again, so
that no pull finds it changed. Files of the archive are written anew under their new hashes and recorded in the same
transaction and in the audit log; the old ones go once that is committed, and SQLite's file, or PostgreSQL's tables,
are written anew, so that what was changed stands in no free page. What a kill left of this the next change, or the
next opening, does.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Table, insert, select, tuple_, update
from sqlalchemy.exc import OperationalError

from recon import columns as c
from recon.model import ObjectRow
from recon.store import bulk, tables
from recon.store.desk import audit
from recon.store.desk.people import Act
from recon.store.engine import BUSY_SECONDS, SQLITE, Store, reading, writing
from recon.store.tables.archive import ARCHIVE_FILE, MASKING
from recon.store.tables.customers import HASH_KEY
from recon.store.tables.related import LEDGER_DAY
from recon.store.versions import archive, packing
from recon.store.versions.archiving import BEGUN, give_back, parquet_of, write_file
from recon.store.versions.save import DIGEST_BYTES, digests_of

LOCK = "masking"
Values = dict[str, Any]
RowValues = Mapping[Any, Any]  # by column
_CHUNK = 5_000  # rows
_PASSING = ".passing"  # beside a file of the archive that a change writes
_TEXTS = (c.DESCRIPTION, c.METADATA)  # of an object's columns those that others wrote


def _every(*_: Any) -> bool:
    return True


@dataclass(frozen=True)
class Changes:
    """What becomes of what is stored.

    `concerns` is asked of each row of a kind, with its raw object or, where that is not at hand, its texts.
    `object_of` reads a raw object of a kind as it is stored, and raises ValueError where it cannot; `texts_of` gives
    description and metadata (JSON) where no raw object is at hand; the others give the columns that change in a row.
    """

    object_of: Callable[[str, bytes], ObjectRow]
    texts_of: Callable[[str | None, str | None], tuple[str | None, str | None]]
    order: Callable[[RowValues], Values]
    bank_line: Callable[[RowValues], Values] | None = None  # null: they stay
    concerns: Callable[[str, RowValues, bytes], bool] = _every


@dataclass(frozen=True)
class Changed:
    """How many rows changed, by their table, and the files of the archive that others replaced."""

    counts: Mapping[str, int]
    replaced: Sequence[str]


def lock(connection: Connection) -> None:
    """Nobody else writes what is changed, and SQLite wipes what it frees."""
    if connection.dialect.name == SQLITE:
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
        return
    others = (tables.ORDER, tables.BANK_LINE, tables.REJECTED, tables.KEPT_ASIDE, LEDGER_DAY)
    all_tables = (HASH_KEY, *tables.OBJECTS.values(), *others)  # in the order in which who saves locks them
    names = ", ".join(bulk.quoted(connection, table) for table in all_tables)
    connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")


def change(connection: Connection, changes: Changes, act: Act) -> Changed:
    """Changes archive, objects, orders, bank lines and what was kept aside, in a transaction that holds the locks.

    Record what changed with `record`, and call `clear` once it is committed. Raises ArchiveError.
    """
    _drop_unrecorded(connection)
    counts: dict[str, int] = {}
    replaced: list[str] = []
    archived: dict[tuple[str, ...], ObjectRow] = {}
    for file in connection.execute(select(ARCHIVE_FILE).order_by(ARCHIVE_FILE.c.name)).all():
        if _change_file(connection, file, changes, act, archived):
            replaced.append(file.name)
    for kind, table in tables.OBJECTS.items():
        counts[kind] = _change_objects(connection, kind, table, changes, archived)
    counts["order"] = change_rows(connection, tables.ORDER, lambda row: changes.order(row._mapping), c.ORDER)
    of_line = changes.bank_line
    if of_line is not None:
        table = tables.BANK_LINE
        counts["bank_line"] = change_rows(connection, table, lambda row: of_line(row._mapping), c.BANK_LINE)
    counts["kept_aside"] = _change_kept_aside(connection, changes)
    return Changed({name: count for name, count in counts.items() if count}, replaced)


def record(connection: Connection, changed: Changed, at: datetime, rules: int | None = None) -> None:
    """Keeps that freed pages and the replaced files are still to go; `rules`: all is masked by these."""
    if rules is None and not (changed.counts or changed.replaced):
        return
    cleared = None if changed.counts or changed.replaced else at
    values = {"rules": rules, "masked_at": at, "replaced": json.dumps(changed.replaced), "cleared_at": cleared}
    connection.execute(insert(MASKING), values)


def clear(store: Store, at: datetime) -> str:
    """Takes out what changes left: files that were replaced, freed pages; "" or what is left, in words."""
    waiting = select(MASKING).where(MASKING.c.cleared_at.is_(None))
    with reading(store) as connection:
        rows = connection.execute(waiting).all()
        done = [marker for marker in _markers(connection) if _is_recorded(connection, marker)]
    if not rows:
        return ""
    for row in rows:
        for name in json.loads(row.replaced):
            (archive.folder_of(store) / name).unlink(missing_ok=True)
    for marker in done:
        marker.unlink(missing_ok=True)
    if words := _write_pages_anew(store):
        return words
    with writing(store, LOCK) as connection:
        ids = [row.id for row in rows]
        connection.execute(update(MASKING).where(MASKING.c.id.in_(ids)).values(cleared_at=at))
    return ""


def _markers(connection: Connection) -> list[Path]:
    """Files that say of a file beside them that it was begun by a transaction, which may have been cut off."""
    with suppress(archive.ArchiveError):  # nobody says where, so there are none
        return sorted(archive.folder_of(connection).glob(f"*{BEGUN}"))
    return []


def _is_recorded(connection: Connection, marker: Path) -> bool:
    named = select(ARCHIVE_FILE.c.name).where(ARCHIVE_FILE.c.name == marker.stem)
    return connection.execute(named).first() is not None


def _drop_unrecorded(connection: Connection) -> None:
    """Takes out the files that somebody wrote and, cut off, did not record: they keep what another one erases."""
    with suppress(archive.ArchiveError):  # nobody says where, so there are none
        for path in archive.folder_of(connection).glob("*.tmp"):
            path.unlink(missing_ok=True)
    for marker in _markers(connection):
        if not _is_recorded(connection, marker):
            marker.with_suffix("").unlink(missing_ok=True)
        marker.with_suffix(_PASSING).unlink(missing_ok=True)
        marker.unlink(missing_ok=True)


def _write_pages_anew(store: Store) -> str:
    """Nothing of what was changed stands in a free page; "" or what is left, in words."""
    if store.dialect.name == SQLITE:
        return give_back(store)
    with store.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"SET lock_timeout = '{BUSY_SECONDS}s'")
        try:
            for table in (*archive.TABLES.values(), tables.KEPT_ASIDE):
                connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {bulk.quoted(connection, table)}")
            connection.exec_driver_sql("VACUUM (FULL) pg_catalog.pg_statistic")  # which held common values of theirs
        except OperationalError as error:
            return f"PostgreSQL's tables were not written anew ({error.orig}): the next command tries again"
        finally:
            connection.exec_driver_sql("RESET lock_timeout")
    return ""


def _chunks(connection: Connection, table: Table) -> Iterator[Sequence[Row[Any]]]:
    """All rows in the order of the key, so many at a time."""
    key = list(table.primary_key)
    ordered = select(table).order_by(*key).limit(_CHUNK)
    rows = connection.execute(ordered).all()
    while rows:
        yield rows
        last = tuple(rows[-1]._mapping[column.name] for column in key)
        rows = connection.execute(ordered.where(tuple_(*key) > last)).all() if len(rows) == _CHUNK else []


def change_rows(
    connection: Connection, table: Table, fresh_of: Callable[[Row[Any]], Values], shape: c.Frame | None = None
) -> int:
    """Every row gets the columns that are to change in it, and with a shape its digest; how many changed."""
    count = 0
    for rows in _chunks(connection, table):
        changes = [(row, fresh) for row in rows if (fresh := fresh_of(row))]
        write(connection, table, changes if shape is None else _with_digests(changes, shape))
        count += len(changes)
    return count


def unlike(row: RowValues, values: Values) -> Values:
    """Of some values those that a row does not have."""
    return {name: value for name, value in values.items() if row[name] != value}


def write(connection: Connection, table: Table, changes: Sequence[tuple[Row[Any], Values]]) -> None:
    """Gives rows their new values."""
    for row, values in changes:
        at_key = (column == row._mapping[column.name] for column in table.primary_key)
        connection.execute(update(table).where(*at_key).values(values))


def _change_objects(
    connection: Connection, kind: str, table: Table, changes: Changes, archived: Mapping[tuple[str, ...], ObjectRow]
) -> int:
    key = tables.key_of(table)

    def fresh_of(row: Row[Any]) -> Values:
        now = dict(row._mapping)
        return _fresh(kind, now, changes, archived.get((kind, now[c.ACCOUNT], now[key], str(now[c.SEEN_AT]))))

    return change_rows(connection, table, fresh_of)


def _fresh(kind: str, row: RowValues, changes: Changes, archived: ObjectRow | None = None) -> Values:
    """What changes in an object's row, its raw object packed; nothing where it is as it should be."""
    raw = packing.unpack(row[tables.RAW]) if row[tables.RAW] else b""
    if archived is None and not changes.concerns(kind, row, raw or _texts_of(row)):
        return {}
    object_row = archived
    if raw:
        with suppress(ValueError):
            object_row = changes.object_of(kind, raw)
    fresh: Values = {}
    if object_row is not None:
        named = dict(zip(c.KINDS[kind].names, object_row.values, strict=True))
        fresh = {name: named[name] for name in _TEXTS if name in named}
        fresh[c.DIGEST] = object_row.digest + row[c.DIGEST][DIGEST_BYTES:]
        if raw and raw != object_row.raw:
            fresh[tables.RAW] = packing.pack(kind, object_row.raw)
    elif c.METADATA in row:
        fresh = dict(zip(_TEXTS, changes.texts_of(row[c.DESCRIPTION], row[c.METADATA]), strict=True))
    return unlike(row, fresh)


def _texts_of(row: RowValues) -> bytes:
    return "\n".join(str(row.get(name) or "") for name in _TEXTS).encode()


def _with_digests(changed: Sequence[tuple[Any, Values]], shape: c.Frame) -> list[tuple[Any, Values]]:
    if not changed:
        return []
    mappings = (getattr(row, "_mapping", row) for row, _ in changed)
    whole = [{**mapping, **fresh} for mapping, (_, fresh) in zip(mappings, changed, strict=True)]
    frame = shape.from_rows([tuple(values[name] for name in shape.names) for values in whole])
    digests = digests_of(frame, shape)
    return [(row, {**fresh, c.DIGEST: digest}) for (row, fresh), digest in zip(changed, digests, strict=True)]


def _change_kept_aside(connection: Connection, changes: Changes) -> int:
    def fresh_of(row: Row[Any]) -> Values:
        if not changes.concerns(row.kind, row._mapping, _texts_of(row._mapping)):
            return {}
        texts = changes.texts_of(row.description, row.metadata)
        return unlike(dict(row._mapping), dict(zip(_TEXTS, texts, strict=True)))

    return change_rows(connection, tables.KEPT_ASIDE, fresh_of)


def _change_file(
    connection: Connection, file: Row[Any], changes: Changes, act: Act, archived: dict[tuple[str, ...], ObjectRow]
) -> bool:
    """Whether a file of the archive changed: it is then written anew, and recorded in the old one's place.

    What it holds raw of rows that are still in the database is kept in `archived`.
    """
    folder = archive.folder_of(connection)
    table = archive.TABLES[file.kind]
    names = [column.name for column in table.columns]
    if file.what == archive.RAW_OBJECTS:
        names = [c.ACCOUNT, tables.key_of(table), c.SEEN_AT, tables.RAW]
    rows: list[Values] = archive.read(folder, file, names).to_pylist()
    fresh_rows = _changed_rows(file, table, rows, changes, archived)
    if fresh_rows == rows:
        return False
    lists = {name: [row[name] for row in fresh_rows] for name in names}
    if tables.RAW in lists:
        lists[tables.RAW] = [packing.pack(file.kind, raw) if raw else raw for raw in lists[tables.RAW]]
    content = parquet_of(table, lists)
    sha256 = hashlib.sha256(content).hexdigest()
    name = f"{file.name.rpartition('-')[0]}-{sha256}{Path(file.name).suffix}"
    write_file(folder, name, content, f"{name}{_PASSING}")
    values = {"name": name, "sha256": sha256, "size": len(content)}
    ids = lists[tables.key_of(table)]
    values |= {"first_id": min(ids), "last_id": max(ids)}
    connection.execute(update(ARCHIVE_FILE).where(ARCHIVE_FILE.c.name == file.name).values(values))
    detail = {"kind": file.kind, "what": file.what, "account": file.account, "rows": len(rows), "sha256": sha256}
    audit.append(connection, act.who, audit.ARCHIVED, name, detail, act.at, act.audit_key)
    return True


def _changed_rows(
    file: Row[Any],
    table: Table,
    rows: Sequence[Values],
    changes: Changes,
    archived: dict[tuple[str, ...], ObjectRow],
) -> list[Values]:
    """The rows of a file, raw objects as Omise said them."""
    if file.kind not in c.KINDS:
        of_row, shape = (changes.order, c.ORDER) if table is tables.ORDER else (changes.bank_line, c.BANK_LINE)
        changed = [(row, fresh) for row in rows if of_row and (fresh := of_row(row))]
        fresh_of = {id(row): fresh for row, fresh in _with_digests(changed, shape)}
        return [{**row, **fresh_of.get(id(row), {})} for row in rows]
    changed_rows = []
    key = tables.key_of(table)
    for row in rows:
        object_row = None
        if row[tables.RAW] and changes.concerns(file.kind, row, row[tables.RAW]):
            with suppress(ValueError):
                object_row = changes.object_of(file.kind, row[tables.RAW])
        now: Values = {} if object_row is None else {tables.RAW: object_row.raw}
        if file.what == archive.VERSIONS:
            now |= _fresh(file.kind, {**row, tables.RAW: None}, changes, object_row)
        elif object_row is not None:
            archived[file.kind, row[c.ACCOUNT], row[key], str(row[c.SEEN_AT])] = object_row
        changed_rows.append({**row, **now})
    return changed_rows
