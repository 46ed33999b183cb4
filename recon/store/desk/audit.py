"""The audit log: a chain of hashes over what people did, which seals the breaks' events too; decides nothing.

Each entry's hash covers the entry and the hash before it, keyed (HMAC) where a key is configured, and names the key.
Another key goes on only after an entry, made with the key before, that hands the log over to it. An entry also seals
every break event so far, so that an edited event shows as an edited entry does.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, func, insert, select, text, type_coerce

from recon.privacy import key_id
from recon.store.engine import LOGIN, SQLITE, Refused, Store, reading, to_micros
from recon.store.runs.break_rows import RULED, content, ruling_rows, ruling_statuses
from recon.store.tables import BREAK, BREAK_EVENT, RUN
from recon.store.tables.archive import ARCHIVE_FILE
from recon.store.tables.desk import AUDIT, WORKBOOK

_KEYED = "hmac:"
_PLAIN = "sha256:"
KEY_BEGUN = "audit key begun"  # by this entry the key that it names goes on with the log
ARCHIVED = "archived"  # evidence went into the file that the entry is about
MASKED = "masked"  # what is stored was masked by new rules; "replaced" names files of the archive that are no more
_AUDIT = AUDIT.c
_FILE = ARCHIVE_FILE.c
_EVENT = (
    BREAK_EVENT.c.seq,
    BREAK_EVENT.c.break_id,
    BREAK_EVENT.c.run_id,
    type_coerce(BREAK_EVENT.c.at, BigInteger()),
    type_coerce(BREAK_EVENT.c.recorded_at, BigInteger()),
    BREAK_EVENT.c.who,
    BREAK_EVENT.c.what,
    BREAK_EVENT.c.detail,
)


class AuditKeyMissing(Refused):
    """The key that the log goes on with is not at hand; nothing was written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One step to be kept; `detail` is what JSON holds, its "rulings" the rulings' content after the step."""

    who: str
    what: str
    subject: str
    detail: Mapping[str, Any]


def append(
    connection: Connection,
    who: str,
    what: str,
    subject: str,
    detail: Mapping[str, Any],
    at: datetime,
    key: bytes | None,
) -> str:
    """Add one entry inside a writing transaction, after what it speaks of is written; returns the new head."""
    return append_all(connection, [Entry(who, what, subject, detail)], at, key)


def append_all(connection: Connection, entries: Sequence[Entry], at: datetime, key: bytes | None) -> str:
    """As append, for at least one entry; the first seals the events, so write those before.

    Raises AuditKeyMissing where the log goes on with another key.
    """
    assert entries, "a chain grows by entries"
    last = _locked_last(connection)
    if words := _lacking(last, key):
        raise AuditKeyMissing(words)
    return _grow(connection, last, entries, at, key)


def begin_key(connection: Connection, who: str, at: datetime, before: bytes | None, key: bytes) -> None:
    """Hands the log over to another key, by an entry made with the key before; null: that one is lost, or none was.

    What a lost key made can be proved no more, nor that who begins another one had it. Raises AuditKeyMissing.
    """
    last = _locked_last(connection)
    name = _in_force(last)
    detail = {"from": name, "to": key_id(key), "lost": before is None and bool(name)}
    entry = Entry(who, KEY_BEGUN, key_id(key), detail)
    if before is None:
        _grow(connection, last, [entry], at, key)
    else:
        append_all(connection, [entry], at, before)


def lacking_key(connection: Connection, key: bytes | None) -> str:
    """Why the log cannot be gone on with by this key, in words; "" where it can."""
    return _lacking(_last(connection), key)


def key_in_force(connection: Connection) -> str | None:
    """The name of the key that the log goes on with; null: none yet, "": one of before keys had names."""
    return _in_force(_last(connection))


def _locked_last(connection: Connection) -> Row[Any] | None:
    """As `_last`, for who adds to the log: one at a time."""
    if connection.dialect.name != SQLITE:
        connection.execute(text("select pg_advisory_xact_lock(hashtextextended('audit', 0))"))
    return _last(connection)


def _last(connection: Connection) -> Row[Any] | None:
    return connection.execute(select(AUDIT).order_by(_AUDIT.seq.desc()).limit(1)).one_or_none()


def _grow(
    connection: Connection, last: Row[Any] | None, entries: Sequence[Entry], at: datetime, key: bytes | None
) -> str:
    seq, previous = (last.seq, last.hash) if last else (0, "")
    sealed, digest = _seal(connection, last)
    under = connection.get_execution_options().get(LOGIN)
    login = {"login": under} if under else {}
    rows = []
    for entry in entries:
        seq += 1
        row = {
            "seq": seq,
            "at": at,
            "who": entry.who,
            "what": entry.what,
            "subject": entry.subject,
            "detail": _canonical({**entry.detail, **login}),
            "sealed": sealed,
            "sealed_digest": digest,
            "previous": previous,
        }
        previous = _hash(row, key)
        rows.append({**row, "hash": previous})
    connection.execute(insert(AUDIT), rows)
    return previous


def head(connection: Connection) -> str | None:
    """The hash of the last entry; None where there is none."""
    return connection.execute(select(_AUDIT.hash).order_by(_AUDIT.seq.desc()).limit(1)).scalar_one_or_none()


def last_sealed(connection: Connection) -> int:
    """The number of the last break event that an entry has sealed; 0 where there is none."""
    return connection.execute(select(func.max(_AUDIT.sealed))).scalar_one() or 0


def prove(store: Store, keys: Iterable[bytes], heads: Iterable[str] = ()) -> list[str]:
    """What is wrong with the chain and with what it speaks of, in words; nothing: it is proved.

    `heads` are hashes that were printed elsewhere, and must be in the chain: so a cut tail shows. Those that runs and
    workbooks recorded are looked at in any case. Entries from before a key was configured stay proved by their own
    hashes; after the first keyed one every entry must be keyed. What was made with none of `keys` is not proved.
    """
    with reading(store) as connection:
        rows = connection.execute(select(AUDIT).order_by(_AUDIT.seq)).all()
        return [
            *_broken_links(rows),
            *_wrong_keys(rows),
            *_wrong_hashes(rows, {key_id(key): key for key in keys}),
            *_wrong_seals(connection, rows),
            *_wrong_rulings(connection, rows),
            *_wrong_breaks(connection),
            *_wrong_files(connection, rows),
            *_unknown_heads(connection, {row.hash for row in rows}, heads),
        ]


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _hash(row: Any, key: bytes | None) -> str:
    """Over everything of an entry (by column) but the hash itself."""
    values = [row[name] for name in _COVERED]
    covered = [to_micros(value) if isinstance(value, datetime) else value for value in values]
    message = _canonical(covered).encode()
    if key is None:
        return _PLAIN + hashlib.sha256(message).hexdigest()
    return f"{_KEYED}{key_id(key)}:{hmac.digest(key, message, 'sha256').hex()}"


_COVERED = tuple(column.name for column in AUDIT.columns if column.name != "hash")


def _seal(connection: Connection, last: Row[Any] | None) -> tuple[int, str]:
    """The number of the latest event, and the digest over all events up to it."""
    sealed, digest = (last.sealed, last.sealed_digest) if last else (0, "")
    events = connection.execute(select(*_EVENT).where(BREAK_EVENT.c.seq > sealed).order_by(BREAK_EVENT.c.seq))
    return _chained(sealed, digest, events)


def _chained(sealed: int, digest: str, events: Iterable[Row[Any]]) -> tuple[int, str]:
    chain = hashlib.sha256(digest.encode())
    latest = sealed
    for event in events:
        chain.update(_canonical(list(event)).encode() + b"\n")
        latest = event[0]
    return latest, chain.hexdigest() if latest > sealed else digest


def _broken_links(rows: Sequence[Row[Any]]) -> list[str]:
    """Entries that are missing, or that do not follow the one before."""
    wrong = []
    expected = 1
    previous = ""
    for row in rows:
        if row.seq != expected:
            wrong.append(f"audit entry {expected} is missing")
        elif row.previous != previous:
            wrong.append(f"audit entry {row.seq} does not follow the one before it: one of them was replaced")
        expected = row.seq + 1
        previous = row.hash
    return wrong


def _key_of(row: Row[Any]) -> str | None:
    """The name of the key that made an entry, "" of one of before keys had names; null: it is not keyed."""
    kind, _, rest = row.hash.partition(":")
    return rest.rpartition(":")[0] if f"{kind}:" == _KEYED else None


def _in_force(last: Row[Any] | None) -> str | None:
    """The name of the key that goes on after an entry."""
    if last is None:
        return None
    return last.subject if last.what == KEY_BEGUN else _key_of(last)


def _lacking(last: Row[Any] | None, key: bytes | None) -> str:
    name = _in_force(last)
    if name is None or (key is not None and name in ("", key_id(key))):
        return ""
    given = "[store] audit_key is not set" if key is None else f"the first of [store] audit_key is {key_id(key)}"
    return (
        f"the audit log goes on with key {name or 'that it was begun with'}, and {given}: bring that key back, or "
        "begin another one with recon keys rotate audit"
    )


def _wrong_keys(rows: Sequence[Row[Any]]) -> list[str]:
    """Entries of a key, or of none, that no entry of the key before it handed the log over to."""
    wrong = []
    name: str | None = None
    for row in rows:
        used = _key_of(row)
        if name is not None and used not in ("", name) and (name or used is None):
            made = f"with key {used}" if used else "without a key"
            before = f"key {name}" if name else "a key"
            wrong.append(f"audit entry {row.seq} is made {made}, and no entry of {before} before it began that")
        if used is not None:
            name = _in_force(row)
    return wrong


def _wrong_hashes(rows: Sequence[Row[Any]], keys: Mapping[str, bytes]) -> list[str]:
    """Entries whose content is not what was hashed, and the keys without which nobody can say."""
    wrong = []
    lacking: dict[str, list[int]] = {}
    for row in rows:
        name = _key_of(row)
        if name and name not in keys:
            lacking.setdefault(name, []).append(row.seq)
        elif name == "" and not any(_fits(row, key) for key in keys.values()):
            lacking.setdefault("of before keys had names", []).append(row.seq)
        elif name != "" and not _fits(row, keys[name] if name else None):
            wrong.append(f"audit entry {row.seq} was edited: its content does not have its hash")
    for name, numbers in lacking.items():
        span = f"entry {numbers[0]}" if len(numbers) == 1 else f"entries {numbers[0]} to {numbers[-1]}"
        wrong.append(f"audit {span}: not proved, for key {name}, which made them, is not in [store] audit_key")
    return wrong


def _fits(row: Row[Any], key: bytes | None) -> bool:
    made = _hash(row._mapping, key)
    if _key_of(row) == "":
        made = _KEYED + made.rpartition(":")[2]
    return hmac.compare_digest(made.encode(), str(row.hash).encode())


def _wrong_seals(connection: Connection, rows: Sequence[Row[Any]]) -> list[str]:
    """Break events that are not those that an entry sealed."""
    events = connection.execute(select(*_EVENT).order_by(BREAK_EVENT.c.seq)).yield_per(10_000)
    take = _taker(events)
    wrong = []
    sealed = 0
    digest = ""
    for row in rows:
        _, chained = _chained(sealed, digest, take(row.sealed)) if row.sealed > sealed else (sealed, digest)
        if row.sealed < sealed or chained != row.sealed_digest:
            wrong.append(
                f"of the break events {sealed + 1} to {row.sealed} one was edited, added or removed: "
                f"they are not what audit entry {row.seq} sealed"
            )
        sealed = row.sealed
        digest = row.sealed_digest
    return wrong


def _taker(events: Iterable[Row[Any]]) -> Callable[[int], Iterable[Row[Any]]]:
    """Hands out the events in order, up to a number each time."""
    waiting = iter(events)
    kept: list[Row[Any]] = []

    def take(last: int) -> Iterable[Row[Any]]:
        while True:
            event = kept.pop() if kept else next(waiting, None)
            if event is None:
                return
            if event[0] > last:
                kept.append(event)
                return
            yield event

    return take


def _wrong_rulings(connection: Connection, rows: Sequence[Row[Any]]) -> list[str]:
    """Rulings that are not what their last audit entry says, and those that no entry or no row speaks of."""
    audited: dict[int, tuple[int, Any]] = {}  # by ruling the last entry that has it
    for row in rows:
        for written in _list_in(row.detail, "rulings"):
            if isinstance(written, dict) and "id" in written:
                audited[written["id"]] = (row.seq, written)
    wrong = []
    for ruling in ruling_rows(connection):
        seq, written = audited.pop(ruling.id, (0, None))
        if written is None:
            wrong.append(f"rul_{ruling.id} is in no audit entry")
        elif written != content(ruling):
            names = ", ".join(name for name, value in content(ruling).items() if written.get(name) != value)
            wrong.append(f"rul_{ruling.id} was edited since audit entry {seq}: {names}")
    return wrong + [f"rul_{missing} was removed; audit entry {seq} has it" for missing, (seq, _) in audited.items()]


def _list_in(detail: str, name: str) -> list[Any]:
    """What an entry's detail lists under a name; nothing where it cannot be read: its hash is wrong then."""
    try:
        return list(json.loads(detail).get(name, []))
    except (ValueError, AttributeError):
        return []


def _wrong_breaks(connection: Connection) -> list[str]:
    """Breaks whose status says that a ruling stands where none does."""
    table = BREAK.c
    wrong = []
    statuses = ruling_statuses(connection)
    ruled = select(table.id, table.status, table.ruling_id, table.ruling_kind).where(table.status.in_(RULED))
    for break_id, status, ruling_id, kind in connection.execute(ruled.order_by(table.id)):
        if kind != "opening" and status != statuses.get(ruling_id):
            wrong.append(f"{break_id} is {status}, and no ruling that stands says so")
    return wrong


def _wrong_files(connection: Connection, rows: Sequence[Row[Any]]) -> list[str]:
    """Files of the archive that are not recorded as they were when evidence went into them, or not any more."""
    replaced = {str(name) for row in rows for name in _list_in(row.detail, "replaced")}
    audited = {row.subject: row.seq for row in rows if row.what == ARCHIVED and row.subject not in replaced}
    wrong = []
    for name, sha256 in connection.execute(select(_FILE.name, _FILE.sha256).order_by(_FILE.name)):
        if audited.pop(name, None) is None:
            wrong.append(f"the archive's file {name} is in no audit entry")
        elif sha256 not in name:
            wrong.append(f"the archive's file {name} has another hash than its name")
    return wrong + [
        f"the archive's file {name} was removed from the records; audit entry {seq} has it"
        for name, seq in audited.items()
    ]


def _unknown_heads(connection: Connection, hashes: set[str], heads: Iterable[str]) -> list[str]:
    """Heads that were recorded or printed and are not in the chain."""
    runs = connection.execute(select(RUN.c.id, RUN.c.audit_head).where(RUN.c.audit_head.is_not(None)))
    books = connection.execute(
        select(WORKBOOK.c.name, WORKBOOK.c.audit_head).where(WORKBOOK.c.audit_head.is_not(None))
    )
    recorded_heads = [
        *((f"run {run_id}", recorded) for run_id, recorded in runs),
        *((f"the workbook {name}", recorded) for name, recorded in books),
        *(("what was given", given) for given in heads),
    ]
    return [
        f"{holder} has the audit head {head_hash}, which is not in the chain: its tail was cut off or rewritten"
        for holder, head_hash in recorded_heads
        if head_hash not in hashes
    ]
