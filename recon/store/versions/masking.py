"""Masks what is stored by new rules, in place: no new version, nothing judged anew, the archive's files with it.

An object's row keeps its moments and its mark and gets the digest that the same object has when it comes again, so
that no pull finds it changed. Files of the archive are written anew under their new hashes and recorded in the same
transaction and in the audit log; the old ones go once that is committed, and SQLite's file is written anew, so that
what was masked stands in no free page. What people decided, sealed events and stored workbooks stay as they are.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, insert, select, tuple_, update

from recon import columns as c
from recon.model import ObjectRow
from recon.model.breaks import break_id
from recon.store import bulk, tables
from recon.store.desk import audit
from recon.store.desk.people import Act
from recon.store.engine import SQLITE, Store, reading, writing
from recon.store.tables.alerts import ALERT_DELIVERY
from recon.store.tables.archive import ARCHIVE_FILE, MASKING
from recon.store.tables.batches import BATCH, BATCH_STEP
from recon.store.tables.related import (
    CHARGE_NAME,
    CHARGE_NAME_RULES,
    LEDGER_DAY,
    NAMES_LOOKED_AT,
    ORDER_REFERENCE,
    UNSTORED_NAME,
)
from recon.store.versions import archive, packing
from recon.store.versions.archiving import give_back, parquet_of, write_file
from recon.store.versions.save import DIGEST_BYTES, digests_of

_CHUNK = 5_000  # rows
_TEXTS = (c.DESCRIPTION, c.METADATA)  # of an object's columns those that others wrote
_OF_ROWS = ("order_invalid", "bank_line_invalid", "source_incomplete")  # breaks that quote a row
_ORDER = "order"  # the type of subject
_MADE_OF_ROWS = (CHARGE_NAME, CHARGE_NAME_RULES, LEDGER_DAY, NAMES_LOOKED_AT, UNSTORED_NAME)  # and made again
_Values = dict[str, Any]


@dataclass(frozen=True)
class Masks:
    """Today's rules: their number, and what each kind of stored thing becomes.

    `object_of` reads a raw object of a kind as it is stored, and raises ValueError where it cannot; `texts_of` masks
    description and metadata (JSON) where no raw object is at hand; the others take a text that is not null.
    """

    rules: int
    object_of: Callable[[str, bytes], ObjectRow]
    texts_of: Callable[[str | None, str | None], tuple[str | None, str | None]]
    order: Mapping[str, Callable[[str], str]]  # by column
    bank_line: Mapping[str, Callable[[str], str]]
    reason: Callable[[str], str]


def is_masked(store: Store, rules: int) -> bool:
    """Whether what is stored is masked by these rules or later ones, and what was clear is gone."""
    with reading(store) as connection:
        row = connection.execute(select(MASKING).where(MASKING.c.rules >= rules).limit(1)).one_or_none()
        return row is not None and row.cleared_at is not None


def mask_stored(store: Store, masks: Masks, act: Act) -> int:
    """Masks all that is stored, all of it or nothing; how many rows were changed. Goes on where a kill stopped it.

    Raises ArchiveError.
    """
    changed = 0
    with reading(store) as connection:
        done = connection.execute(select(MASKING).where(MASKING.c.rules == masks.rules)).one_or_none()
    if done is None:
        with writing(store, "masking") as connection:
            done, changed = _mask(connection, masks, act)
    names = json.loads(done.replaced)
    for name in names:
        with suppress(FileNotFoundError):
            (archive.folder_of(store) / name).unlink()
    is_clear = True
    if changed or names or done.masked_at != act.at:
        is_clear = not give_back(store) or store.dialect.name != SQLITE
    if is_clear:
        with writing(store, "masking") as connection:
            connection.execute(update(MASKING).where(MASKING.c.rules == masks.rules).values(cleared_at=act.at))
    return changed


def _mask(connection: Connection, masks: Masks, act: Act) -> tuple[Row[Any], int]:
    if connection.dialect.name == SQLITE:
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
    else:
        others = (tables.ORDER, tables.BANK_LINE, tables.REJECTED, tables.KEPT_ASIDE, LEDGER_DAY)
        listed = (*tables.OBJECTS.values(), *others)
        names = ", ".join(bulk.quoted(connection, table) for table in listed)
        connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
    of_these_rules = select(MASKING).where(MASKING.c.rules == masks.rules)
    if (done := connection.execute(of_these_rules).one_or_none()) is not None:
        return done, 0  # by another process, which the lock waited for
    counts: dict[str, int] = {}
    replaced: list[str] = []
    archived: dict[tuple[str, ...], ObjectRow] = {}
    for file in connection.execute(select(ARCHIVE_FILE).order_by(ARCHIVE_FILE.c.name)).all():
        new_name = _mask_file(connection, file, masks, act, archived)
        if new_name:
            replaced.append(file.name)
    for kind, table in tables.OBJECTS.items():
        counts[kind] = _mask_objects(connection, kind, table, masks, archived)
    counts["order"] = _mask_columns(connection, tables.ORDER, masks.order, c.ORDER)
    counts["bank_line"] = _mask_columns(connection, tables.BANK_LINE, masks.bank_line, c.BANK_LINE)
    order_id = {c.ORDER_ID: masks.order[c.ORDER_ID]}
    counts["match"] = _mask_columns(connection, tables.MATCH, order_id)
    counts["kept_aside"] = _mask_kept_aside(connection, masks)
    counts["break"] = _mask_breaks(connection, masks)
    for table, column in ((tables.REJECTED, c.REASON), (ALERT_DELIVERY, "text")):
        counts[table.name] = _mask_columns(connection, table, {column: masks.reason})
    counts["rejected id"] = _mask_columns(connection, tables.REJECTED, order_id)
    counts["batch_step"] = _mask_steps(connection, masks)
    counts["order_reference"] = _mask_references(connection, masks)
    counts["break_event"] = _mask_events(connection, masks)
    counts["html"] = _mask_columns(connection, ALERT_DELIVERY, {"html": masks.reason})
    total = sum(counts.values())
    for table in _MADE_OF_ROWS if total else ():  # they hold words of what was clear
        connection.execute(delete(table))
    if total or replaced:
        changed_rows = {name: count for name, count in counts.items() if count}
        detail = {"rules": masks.rules, "rows": changed_rows, "replaced": replaced}
        audit.append(connection, act.who, audit.MASKED, f"rules {masks.rules}", detail, act.at, act.audit_key)
    values = {"rules": masks.rules, "masked_at": act.at, "replaced": json.dumps(replaced)}
    connection.execute(insert(MASKING), values)
    return connection.execute(of_these_rules).one(), total


def _chunks(connection: Connection, table: Table) -> Iterator[Sequence[Row[Any]]]:
    """All rows in the order of the key, so many at a time."""
    key = list(table.primary_key)
    ordered = select(table).order_by(*key).limit(_CHUNK)
    rows = connection.execute(ordered).all()
    while rows:
        yield rows
        last = tuple(rows[-1]._mapping[column.name] for column in key)
        rows = connection.execute(ordered.where(tuple_(*key) > last)).all() if len(rows) == _CHUNK else []


def _mask_rows(
    connection: Connection, table: Table, fresh_of: Callable[[Row[Any]], _Values], shape: c.Frame | None = None
) -> int:
    """Every row gets the columns that are to change in it, and with a shape its digest; how many changed."""
    count = 0
    for rows in _chunks(connection, table):
        changes = [(row, fresh) for row in rows if (fresh := fresh_of(row))]
        _write(connection, table, changes if shape is None else _with_digests(changes, shape))
        count += len(changes)
    return count


def _unlike(row: Mapping[str, Any], values: _Values) -> _Values:
    """Of some values those that a row does not have."""
    return {name: value for name, value in values.items() if row[name] != value}


def _write(connection: Connection, table: Table, changes: Sequence[tuple[Row[Any], _Values]]) -> None:
    for row, values in changes:
        at_key = (column == row._mapping[column.name] for column in table.primary_key)
        connection.execute(update(table).where(*at_key).values(values))


def _mask_objects(
    connection: Connection, kind: str, table: Table, masks: Masks, archived: Mapping[tuple[str, ...], ObjectRow]
) -> int:
    key = tables.key_of(table)

    def fresh_of(row: Row[Any]) -> _Values:
        now = dict(row._mapping)
        return _fresh(kind, now, masks, archived.get((kind, now[c.ACCOUNT], now[key], str(now[c.SEEN_AT]))))

    return _mask_rows(connection, table, fresh_of)


def _fresh(kind: str, row: Mapping[str, Any], masks: Masks, archived: ObjectRow | None = None) -> _Values:
    """What changes in an object's row, its raw object packed; nothing where it is masked already."""
    packed = row[tables.RAW]
    object_row = archived
    if packed:
        with suppress(ValueError):
            object_row = masks.object_of(kind, packing.unpack(packed))
    fresh: _Values = {}
    if object_row is not None:
        named = dict(zip(c.KINDS[kind].names, object_row.values, strict=True))
        fresh = {name: named[name] for name in _TEXTS if name in named}
        fresh[c.DIGEST] = object_row.digest + row[c.DIGEST][DIGEST_BYTES:]
        if packed and packing.unpack(packed) != object_row.raw:
            fresh[tables.RAW] = packing.pack(kind, object_row.raw)
    elif c.METADATA in row:
        fresh = dict(zip(_TEXTS, masks.texts_of(row[c.DESCRIPTION], row[c.METADATA]), strict=True))
    return _unlike(row, fresh)


def _mask_columns(
    connection: Connection,
    table: Table,
    by_column: Mapping[str, Callable[[str], str]],
    shape: c.Frame | None = None,
) -> int:
    return _mask_rows(connection, table, lambda row: _masked_columns(dict(row._mapping), by_column), shape)


def _masked_columns(row: Mapping[str, Any], by_column: Mapping[str, Callable[[str], str]]) -> _Values:
    return _unlike(row, {name: of(row[name]) or None for name, of in by_column.items() if row[name]})


def _with_digests(changed: Sequence[tuple[Any, _Values]], shape: c.Frame) -> list[tuple[Any, _Values]]:
    if not changed:
        return []
    mappings = (getattr(row, "_mapping", row) for row, _ in changed)
    whole = [{**mapping, **fresh} for mapping, (_, fresh) in zip(mappings, changed, strict=True)]
    frame = shape.from_rows([tuple(values[name] for name in shape.names) for values in whole])
    digests = digests_of(frame, shape)
    return [(row, {**fresh, c.DIGEST: digest}) for (row, fresh), digest in zip(changed, digests, strict=True)]


def _mask_breaks(connection: Connection, masks: Masks) -> int:
    """Breaks that quote rows, and those of orders whose id may no longer be kept.

    A break is known by its subject: one whose subject is hidden now moves under its new id, with its life. Where the
    audit log has sealed what happened to it, it stays, and the next run closes it and opens another.
    """
    moved: list[tuple[Row[Any], str]] = []

    def fresh_of(row: Row[Any]) -> _Values:
        hidden = masks.order[c.ORDER_ID](row.order_id) if row.order_id else row.order_id
        if row.subject_type == _ORDER and row.subject_id == row.order_id != hidden:
            moved.append((row, hidden))
        elif hidden != row.order_id:
            return {c.EXPLANATION: row.explanation.replace(row.order_id, hidden), "order_id": hidden}
        elif row.code in _OF_ROWS and (text := masks.reason(row.explanation)) != row.explanation:
            return {c.EXPLANATION: text}
        return {}

    count = _mask_rows(connection, tables.BREAK, fresh_of)
    sealed = audit.last_sealed(connection)
    return count + sum(_move_break(connection, row, hidden, sealed) for row, hidden in moved)


def _move_break(connection: Connection, row: Row[Any], hidden: str, sealed: int) -> bool:
    """Whether a break, and what hangs on it, stands under the hidden id of its order now."""
    events = connection.execute(select(tables.BREAK_EVENT).where(tables.BREAK_EVENT.c.break_id == row.id)).all()
    moved_id = break_id(row.code, row.account or "", row.subject_type, hidden)
    is_there = connection.execute(select(tables.BREAK.c.id).where(tables.BREAK.c.id == moved_id)).first()
    if is_there or any(event.seq <= sealed for event in events):
        return False
    fresh = {"id": moved_id, "subject_id": hidden, "order_id": hidden}
    text = row.explanation.replace(row.order_id, hidden)
    connection.execute(insert(tables.BREAK).values({**row._mapping, **fresh, c.EXPLANATION: text}))
    _write(
        connection,
        tables.BREAK_EVENT,
        [(event, {"detail": event.detail.replace(row.order_id, hidden)}) for event in events],
    )
    for table in tables.METADATA.sorted_tables:
        for column in table.columns:
            if column.references(tables.BREAK.c.id):
                connection.execute(update(table).where(column == row.id).values({column.name: moved_id}))
    connection.execute(delete(tables.BREAK).where(tables.BREAK.c.id == row.id))
    return True


def _mask_references(connection: Connection, masks: Masks) -> int:
    """By what charges may name orders; one that may not be kept is looked for no more."""
    rows = connection.execute(select(ORDER_REFERENCE)).all()
    fresh_rows = [(masks.order[c.REFERENCE](row.reference), masks.order[c.ORDER_ID](row.order_id)) for row in rows]
    if fresh_rows == [tuple(row) for row in rows]:
        return 0
    connection.execute(delete(ORDER_REFERENCE))
    kept = dict.fromkeys(pair for pair in fresh_rows if pair[0])
    bulk.insert_rows(connection, ORDER_REFERENCE, list(kept))
    return len(rows)


def _mask_steps(connection: Connection, masks: Masks) -> int:
    """What steps of batches said; their packed results go where the batch is over and nobody needs them."""
    steps = BATCH_STEP
    over = select(BATCH.c.id).where(BATCH.c.ended_at.is_not(None))
    used = update(steps).where(steps.c.batch_id.in_(over), steps.c.packed_result.is_not(None))
    connection.execute(used.values(packed_result=None))

    def outcome(text: str) -> str:
        return json.dumps(_masked_words(json.loads(text), masks))

    return _mask_columns(connection, steps, {"outcome": outcome})


def _masked_words(node: Any, masks: Masks) -> Any:
    if isinstance(node, dict):
        return {key: _masked_words(value, masks) for key, value in node.items()}
    if isinstance(node, list):
        return [_masked_words(value, masks) for value in node]
    return masks.reason(node) if isinstance(node, str) else node


def _mask_events(connection: Connection, masks: Masks) -> int:
    """Details of the breaks' events that no audit entry has sealed yet."""
    unsealed = select(tables.BREAK_EVENT).where(tables.BREAK_EVENT.c.seq > audit.last_sealed(connection))
    rows = connection.execute(unsealed.order_by(tables.BREAK_EVENT.c.seq)).all()
    changes = [(row, {"detail": masked}) for row in rows if (masked := masks.reason(row.detail)) != row.detail]
    _write(connection, tables.BREAK_EVENT, changes)
    return len(changes)


def _mask_kept_aside(connection: Connection, masks: Masks) -> int:
    def fresh_of(row: Row[Any]) -> _Values:
        texts = masks.texts_of(row.description, row.metadata)
        return _unlike(dict(row._mapping), dict(zip(_TEXTS, texts, strict=True)))

    return _mask_rows(connection, tables.KEPT_ASIDE, fresh_of)


def _mask_file(
    connection: Connection, file: Row[Any], masks: Masks, act: Act, archived: dict[tuple[str, ...], ObjectRow]
) -> str:
    """A file of the archive written anew and recorded in the old one's place; its new name, "" where nothing changed.

    What it holds raw of rows that are still in the database is kept in `archived`.
    """
    folder = archive.folder_of(connection)
    table = archive.TABLES[file.kind]
    names = [column.name for column in table.columns]
    if file.what == archive.RAW_OBJECTS:
        names = [c.ACCOUNT, tables.key_of(table), c.SEEN_AT, tables.RAW]
    rows: list[_Values] = archive.read(folder, file, names).to_pylist()
    fresh_rows = _masked_rows(file, table, rows, masks, archived)
    if fresh_rows == rows:
        return ""
    lists = {name: [row[name] for row in fresh_rows] for name in names}
    if tables.RAW in lists:
        lists[tables.RAW] = [packing.pack(file.kind, raw) if raw else raw for raw in lists[tables.RAW]]
    content = parquet_of(table, lists)
    sha256 = hashlib.sha256(content).hexdigest()
    name = f"{file.name.rpartition('-')[0]}-{sha256}{Path(file.name).suffix}"
    write_file(folder, name, content)
    values = {"name": name, "sha256": sha256, "size": len(content)}
    ids = lists[tables.key_of(table)]
    values |= {"first_id": min(ids), "last_id": max(ids)}
    connection.execute(update(ARCHIVE_FILE).where(ARCHIVE_FILE.c.name == file.name).values(values))
    detail = {"kind": file.kind, "what": file.what, "account": file.account, "rows": len(rows), "sha256": sha256}
    audit.append(connection, act.who, audit.ARCHIVED, name, detail, act.at, act.audit_key)
    return name


def _masked_rows(
    file: Row[Any], table: Table, rows: Sequence[_Values], masks: Masks, archived: dict[tuple[str, ...], ObjectRow]
) -> list[_Values]:
    """The rows of a file, raw objects as Omise said them."""
    if file.kind not in c.KINDS:
        shape, by_column = (c.ORDER, masks.order) if table is tables.ORDER else (c.BANK_LINE, masks.bank_line)
        changed = [(row, fresh) for row in rows if (fresh := _masked_columns(row, by_column))]
        fresh_of = {id(row): fresh for row, fresh in _with_digests(changed, shape)}
        return [{**row, **fresh_of.get(id(row), {})} for row in rows]
    masked = []
    key = tables.key_of(table)
    for row in rows:
        object_row = None
        if row[tables.RAW]:
            with suppress(ValueError):
                object_row = masks.object_of(file.kind, row[tables.RAW])
        now: _Values = {} if object_row is None else {tables.RAW: object_row.raw}
        if file.what == archive.VERSIONS:
            now |= _fresh(file.kind, {**row, tables.RAW: None}, masks, object_row)
        elif object_row is not None:
            archived[file.kind, row[c.ACCOUNT], row[key], str(row[c.SEEN_AT])] = object_row
        masked.append({**row, **now})
    return masked
