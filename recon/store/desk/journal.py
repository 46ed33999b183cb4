"""Keeps what was exported of the journal: entries by their numbers, and the files byte for byte."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from recon.model import JournalEntry, JournalExport, JournalLine
from recon.store.desk import audit
from recon.store.engine import Store, reading, writing
from recon.store.tables.journal import JOURNAL_ENTRY, JOURNAL_EXPORT, JOURNAL_FILE

_EXPORT = ("at", "who", "first_day", "last_day", "as_of", "format", "span")
_ENTRY = tuple(field.name for field in fields(JournalEntry) if field.name != "lines")


@dataclass(frozen=True)
class Prepared:
    """What an export holds, before it is kept."""

    entries: Sequence[JournalEntry]
    files: Sequence[bytes]


def export(
    store: Store,
    wanted: JournalExport,
    prepare: Callable[[Sequence[JournalEntry]], Prepared],
    audit_key: bytes | None,
) -> tuple[JournalExport, Prepared]:
    """Keep an export, with its audit entry; where nothing is to be exported nothing is kept, and its id stays 0.

    `prepare` is given all that was ever exported of its accounts and days, and says what is to be; two exports at
    once come one after the other.
    """
    with writing(store, "journal") as connection:
        prepared = prepare(_between(connection, wanted.accounts, wanted.first_day, wanted.last_day))
        if not prepared.entries:
            return wanted, prepared
        row = {name: getattr(wanted, name) for name in _EXPORT}
        accounts = json.dumps(list(wanted.accounts))
        made = connection.execute(
            insert(JOURNAL_EXPORT).returning(JOURNAL_EXPORT.c.id), {**row, "accounts": accounts}
        )
        export_id = int(made.scalar_one())
        rows = [
            {
                **{name: getattr(entry, name) for name in _ENTRY},
                "export_id": export_id,
                "lines": json.dumps([asdict(line) for line in entry.lines], ensure_ascii=False),
            }
            for entry in prepared.entries
        ]
        connection.execute(insert(JOURNAL_ENTRY), rows)
        files = [
            {"export_id": export_id, "place": place, "content": content}
            for place, content in enumerate(prepared.files, start=1)
        ]
        connection.execute(insert(JOURNAL_FILE), files)
        reversals = sum(entry.reverses is not None for entry in prepared.entries)
        kept = replace(
            wanted, id=export_id, entries=len(rows) - reversals, reversals=reversals, files=len(prepared.files)
        )
        subject = f"journal {','.join(wanted.accounts)} {wanted.first_day} {wanted.last_day}"
        detail = {"export": export_id, "digests": {entry.number: entry.digest for entry in prepared.entries}}
        audit.append(connection, wanted.who, "exported", subject, detail, wanted.at, audit_key)
    return kept, prepared


def exports(store: Store) -> list[JournalExport]:
    """Every export, the latest first."""
    entry = JOURNAL_ENTRY.c
    counted = (
        select(entry.export_id, func.count().label("lines"), func.count(entry.reverses).label("reversals"))
        .group_by(entry.export_id)
        .subquery()
    )
    file = JOURNAL_FILE.c
    counted_files = select(file.export_id, func.count().label("files")).group_by(file.export_id).subquery()
    statement = (
        select(JOURNAL_EXPORT, counted.c.lines, counted.c.reversals, counted_files.c.files)
        .join(counted, counted.c.export_id == JOURNAL_EXPORT.c.id)
        .join(counted_files, counted_files.c.export_id == JOURNAL_EXPORT.c.id)
        .order_by(JOURNAL_EXPORT.c.id.desc())
    )
    with reading(store) as connection:
        return [_export_of(row) for row in connection.execute(statement)]


def files_of(store: Store, export_id: int) -> list[bytes]:
    """The files of an export as they were handed over; none where there is no such export."""
    table = JOURNAL_FILE.c
    statement = select(table.content).where(table.export_id == export_id).order_by(table.place)
    with reading(store) as connection:
        return [bytes(content) for content in connection.execute(statement).scalars()]


def entries_between(store: Store, accounts: Sequence[str], first: date, last: date) -> list[JournalEntry]:
    """All that was ever exported of some accounts and days, in order of numbers."""
    with reading(store) as connection:
        return _between(connection, accounts, first, last)


def _between(connection: Connection, accounts: Sequence[str], first: date, last: date) -> list[JournalEntry]:
    table = JOURNAL_ENTRY.c
    of_days = (table.day >= first) & (table.day <= last)
    statement = select(JOURNAL_ENTRY).where(table.account.in_(accounts), of_days).order_by(table.number)
    return [_entry_of(row) for row in connection.execute(statement)]


def _entry_of(row: Row[Any]) -> JournalEntry:
    lines = tuple(JournalLine(**line) for line in json.loads(row.lines))
    return JournalEntry(**{name: getattr(row, name) for name in _ENTRY}, lines=lines)


def _export_of(row: Row[Any]) -> JournalExport:
    return JournalExport(
        **{name: getattr(row, name) for name in _EXPORT},
        id=row.id,
        accounts=tuple(json.loads(row.accounts)),
        entries=row.lines - row.reversals,
        reversals=row.reversals,
        files=row.files,
    )
