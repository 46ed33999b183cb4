"""Keeps what finished workbooks are, by the hash of their bytes, and who signed them."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import IO, Any

from sqlalchemy import Connection, Table, and_, exists, func, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from recon import columns as c
from recon.model import Window
from recon.people import is_same_person
from recon.store import tables
from recon.store.desk import audit
from recon.store.desk.workbook_bytes import LARGEST, is_kept, put_chunks
from recon.store.engine import Store, reading, to_micros, writing
from recon.store.runs import attempts
from recon.store.runs.record import moment_of_look
from recon.store.tables.desk import RULING, SIGN_OFF, WORKBOOK
from recon.store.tables.nights import ATTEMPT

PREPARER, REVIEWER = ROLES = ("preparer", "reviewer")
GROUP = "group"  # the account of a workbook over all accounts


@dataclass(frozen=True, slots=True)
class StoredWorkbook:
    """A workbook as it was written: `account` may be GROUP, `run_id` is null where a report was made alone."""

    sha256: str
    name: str
    account: str
    first_day: date
    last_day: date
    run_id: int | None
    as_of: datetime
    result_digest: str
    audit_head: str | None
    written_at: datetime
    size: int

    def covers(self, account: str) -> bool:
        """Whether an account's figures stand in it."""
        return self.account in (account, GROUP)


@dataclass(frozen=True, slots=True)
class SignOff:
    """Who signed which workbook as what, and when, by what and why that ended (null: it stands); `id` 0: not kept."""

    id: int
    account: str
    first_day: date
    last_day: date
    result_digest: str
    sha256: str
    role: str
    who: str
    at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None
    ended_why: str | None = None
    reason: str | None = None  # why it was signed although something in it is in doubt


class NotSigned(Exception):
    """A sign-off that cannot be, in words."""


def keep(store: Store, workbook: StoredWorkbook, file: IO[bytes]) -> bool:
    """Keep a finished workbook, its bytes too where they are not larger than LARGEST; whether it is new.

    The file stands at its beginning; its bytes take the place of a damaged copy.
    """
    table = WORKBOOK.c
    with writing(store, "workbook") as connection:
        stored = connection.execute(select(table.sha256).where(table.sha256 == workbook.sha256)).first()
        if stored is None:
            row = {column.name: getattr(workbook, column.name) for column in fields(StoredWorkbook)}
            connection.execute(insert(WORKBOOK), row)
        if workbook.size <= LARGEST and not is_kept(connection, workbook.sha256):
            put_chunks(connection, workbook.sha256, file)
    return stored is None


def by_hash(store: Store, sha256: str) -> StoredWorkbook | None:
    """The workbook with these bytes; None where none was written."""
    return next(iter(_workbooks(store, WORKBOOK.c.sha256 == sha256)), None)


def by_digest(store: Store, digest: str) -> list[StoredWorkbook]:
    """Those of one result, the latest first."""
    return _workbooks(store, WORKBOOK.c.result_digest == digest)


def by_range(store: Store, account: str, first: date, last: date) -> list[StoredWorkbook]:
    """Those of a range, the latest first."""
    return _workbooks(store, _is_range(WORKBOOK, account, first, last))


def latest(store: Store, accounts: Collection[str] | None, limit: int) -> list[StoredWorkbook]:
    """The latest workbook of each account and range, newest first; accounts null: all, the group's included."""
    table = WORKBOOK.c
    newest = select(
        table.sha256,
        func.row_number()
        .over(
            partition_by=(table.account, table.first_day, table.last_day),
            order_by=(table.written_at.desc(), table.sha256),
        )
        .label("place"),
    )
    if accounts is not None:
        newest = newest.where(table.account.in_(sorted(accounts)))
    ranked = newest.subquery()
    chosen = select(ranked.c.sha256).where(ranked.c.place == 1)
    return _workbooks(store, table.sha256.in_(chosen))[:limit]


def head(store: Store) -> str | None:
    """The head of the audit chain."""
    with reading(store) as connection:
        return audit.head(connection)


def sign_offs(store: Store, account: str, first: date, last: date) -> list[SignOff]:
    """Every sign-off of a range, those that ended too, in the order in which they were made."""
    return _found(store, _is_range(SIGN_OFF, account, first, last))


def sign_offs_since(store: Store, day: date) -> list[SignOff]:
    """Every sign-off of a range that ends on a day or later, those that ended too, in the order of their making."""
    return _found(store, SIGN_OFF.c.last_day >= day)


def standing(store: Store) -> list[SignOff]:
    """Every sign-off that has not ended."""
    return _found(store, SIGN_OFF.c.ended_at.is_(None))


def standing_over(store: Store, accounts: Collection[str], first: date, last: date) -> list[SignOff]:
    """Every sign-off that has not ended, of a range of these accounts (or GROUP), that shares days with one."""
    return [
        sign_off
        for sign_off in standing(store)
        if sign_off.account in accounts and sign_off.first_day <= last and sign_off.last_day >= first
    ]


def signed_words(sign_offs: Iterable[SignOff]) -> list[str]:
    """What a run over signed ranges may do to them, a line each."""
    people: dict[str, list[str]] = {}
    for sign_off in sign_offs:
        people.setdefault(_range_of(sign_off), []).append(f"{sign_off.who} as {sign_off.role}")
    return [
        f"{where} is signed by {' and '.join(who)}: if its figures change, the sign-off ends; the signed file stays"
        for where, who in people.items()
    ]


def ended_by(store: Store, by: str) -> list[SignOff]:
    """Every sign-off that this ended, in the order in which they were made."""
    return _found(store, SIGN_OFF.c.ended_by == by)


def runs_recorded(store: Store, account: str) -> int:
    """How often a run of an account was recorded; GROUP: of any."""
    with reading(store) as connection:
        return _runs_recorded(connection, account)


def _runs_recorded(connection: Connection, account: str) -> int:
    part = tables.RUN_ACCOUNT.c
    counted = select(func.count()).select_from(tables.RUN_ACCOUNT)
    return connection.execute(counted if account == GROUP else counted.where(part.account == account)).scalar_one()


def sign(store: Store, wanted: SignOff, audit_key: bytes | None, recorded: int | None = None) -> SignOff:
    """Keep a sign-off, with its audit entry; one that stands already is given back.

    A range has one standing signed workbook: first a preparer, then a reviewer, somebody else. `recorded` are the
    runs that were recorded before it was looked at: a later one did not know of the sign-off, so it cannot have ended
    it. Raises NotSigned.
    """
    with writing(store, "record") as connection:  # the lock of those who record runs
        if recorded is not None and _runs_recorded(connection, wanted.account) != recorded:
            raise NotSigned(f"a run of {wanted.account} was recorded meanwhile: look at {_range_of(wanted)} again")
        where = _is_range(SIGN_OFF, wanted.account, wanted.first_day, wanted.last_day) & SIGN_OFF.c.ended_at.is_(None)
        before = {sign_off.role: sign_off for sign_off in _sign_offs(connection, where)}
        if (signed := _allowed(wanted, before)) is not None:
            return signed
        row = {column.name: getattr(wanted, column.name) for column in fields(SignOff) if column.name != "id"}
        connection.execute(insert(SIGN_OFF), row)
        detail = {"role": wanted.role, "sha256": wanted.sha256, "result_digest": wanted.result_digest}
        detail |= {"reason": wanted.reason} if wanted.reason else {}
        audit.append(connection, wanted.who, "signed", _range_of(wanted), detail, wanted.at, audit_key)
        return next(sign_off for sign_off in _sign_offs(connection, where) if sign_off.role == wanted.role)


def end(
    store: Store, ended: Sequence[SignOff], who: str, by: str, why: str, at: datetime, audit_key: bytes | None
) -> None:
    """End sign-offs that stand, with an audit entry for their range; `by` is what ended them, as "run 12"."""
    ids = [sign_off.id for sign_off in ended]
    with writing(store, "workbook") as connection:
        changed = (
            update(SIGN_OFF)
            .where(SIGN_OFF.c.id.in_(ids), SIGN_OFF.c.ended_at.is_(None))
            .values(ended_at=at, ended_by=by, ended_why=why)
        )
        if connection.execute(changed).rowcount:
            detail = {"by": by, "why": why, "roles": [sign_off.role for sign_off in ended], "sha256": ended[0].sha256}
            audit.append(connection, who, "unsigned", _range_of(ended[0]), detail, at, audit_key)


def touched_since(store: Store, account: str, window: Window, days: tuple[date, date], since: datetime) -> bool:
    """Whether anything that was made (booked) in a range has a version that was first seen after a moment."""
    start = to_micros(window.start)
    stop = to_micros(window.end)
    seen = to_micros(since)
    with reading(store) as connection:
        for table in (tables.ORDER, *tables.OBJECTS.values()):
            made = table.c[c.CREATED_AT]
            if _any(connection, table, account, and_(made >= start, made < stop), seen):
                return True
        booked = tables.BANK_LINE.c[c.BOOKED_ON]
        inside = and_(booked >= days[0].isoformat(), booked <= days[1].isoformat())
        return _any(connection, tables.BANK_LINE, account, inside, seen)


def ruled_since(store: Store, account: str, moment: datetime) -> set[str]:
    """The ids of an account's breaks on which people decided anything after a moment."""
    table = RULING.c
    at = tables.BREAK.c
    later = or_(table.at > moment, table.approved_at > moment, table.ended_at > moment)
    statement = select(table.break_id).join(tables.BREAK, at.id == table.break_id).where(later)
    with reading(store) as connection:
        return set(connection.execute(statement.where(at.account == account).distinct()).scalars())


def looked_before(store: Store, account: str, run_id: int) -> datetime | None:
    """When the account's run before this one looked at the store; one that ended before it could look at what is
    signed is none."""
    part = tables.RUN_ACCOUNT.c
    whole = tables.RUN.c
    was_cut = exists().where(
        ATTEMPT.c.account == account,
        ATTEMPT.c.ending.in_([attempts.DIED, attempts.FAILED]),
        ATTEMPT.c.began_at <= whole.recorded_at,
        ATTEMPT.c.ended_at >= whole.recorded_at,
    )
    statement = (
        select(whole.options, whole.recorded_at)
        .join(tables.RUN_ACCOUNT, part.run_id == whole.id)
        .where(part.account == account, whole.id < run_id, ~was_cut)
        .order_by(whole.recorded_at.desc())
        .limit(1)
    )
    with reading(store) as connection:
        row = connection.execute(statement).one_or_none()
    return row and moment_of_look(json.loads(row.options), row.recorded_at)


def _allowed(wanted: SignOff, before: dict[str, SignOff]) -> SignOff | None:
    """The sign-off that stands already; raises NotSigned in words."""
    where = _range_of(wanted)
    signed = before.get(wanted.role)
    preparer = before.get(PREPARER)
    if preparer and preparer.sha256 != wanted.sha256:
        raise NotSigned(f"another workbook of {where} is signed: {preparer.who} signed it as preparer")
    if signed is not None:
        if is_same_person(signed.who, wanted.who):
            return signed
        raise NotSigned(f"{where} is signed as {wanted.role} already, by {signed.who}")
    if wanted.role == REVIEWER and preparer is None:
        raise NotSigned(f"no preparer has signed {where} yet: the preparer signs first")
    if wanted.role == REVIEWER and preparer and is_same_person(preparer.who, wanted.who):
        raise NotSigned(f"{wanted.who} signed {where} as preparer: the reviewer is another person")
    return None


def _range_of(sign_off: SignOff) -> str:
    return f"{sign_off.account} {sign_off.first_day} to {sign_off.last_day}"


def _workbooks(store: Store, where: Any) -> list[StoredWorkbook]:
    wanted = [WORKBOOK.c[column.name] for column in fields(StoredWorkbook)]
    statement = (
        select(*wanted).where(where).order_by(WORKBOOK.c.written_at.desc(), WORKBOOK.c.account, WORKBOOK.c.sha256)
    )
    with reading(store) as connection:
        return [StoredWorkbook(*row) for row in connection.execute(statement)]


def _is_range(table: Table, account: str, first: date, last: date) -> ColumnElement[bool]:
    return and_(table.c.account == account, table.c.first_day == first, table.c.last_day == last)


def _found(store: Store, where: Any) -> list[SignOff]:
    with reading(store) as connection:
        return _sign_offs(connection, where)


def _sign_offs(connection: Connection, where: Any) -> list[SignOff]:
    statement = select(*(SIGN_OFF.c[column.name] for column in fields(SignOff))).where(where).order_by(SIGN_OFF.c.id)
    return [SignOff(*row) for row in connection.execute(statement)]


def _any(connection: Connection, table: Table, account: str, inside: Any, seen: int) -> bool:
    newer = or_(table.c[c.SEEN_AT] > seen, table.c[tables.SUPERSEDED_AT] > seen)  # the latter alone: it vanished
    statement = select(1).select_from(table).where(table.c[c.ACCOUNT] == account, inside, newer).limit(1)
    return connection.execute(statement).first() is not None
