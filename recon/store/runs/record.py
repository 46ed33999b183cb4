"""Records what a run did and found, all of it or nothing, and reads it back."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, func, insert, select, update

from recon import columns as c
from recon.columnar import pd
from recon.columns import RUN_BREAKS
from recon.model import BreakStatus, KnownBreak, Severity
from recon.model.rulings import EndedRuling, Ruling, RulingKind, RulingState, Standing
from recon.rulings.life import RUN, CarriedBreaks
from recon.store import bulk, tables
from recon.store.desk import audit
from recon.store.engine import Store, reading, writing
from recon.store.queue import batches
from recon.store.runs import links
from recon.store.runs.break_rows import (
    LASTING,
    break_of,
    break_row,
    breaks_by,
    chunks,
    content,
    end_rulings,
    in_force,
    insert_events,
    rulings_by,
)
from recon.store.runs.links import Links
from recon.store.tables.desk import RULING
from recon.store.versions.frames import Query, fetch

# Among a run's options, as ISO moments.
WAITS_FROM = "waits_from"
LOOKED_AT = "looked_at"

DECIDED = c.Frame(
    "decided",
    (
        *(c.Column(name, c.TEXT) for name in (c.BREAK_ID, c.STATUS, c.SUBJECT_TYPE, c.SUBJECT_ID)),
        *(
            c.Column(name, c.TEXT, required=False)
            for name in (c.ORDER_ID, c.CHARGE_ID, c.REFUND_ID, c.TRANSFER_ID, c.TRANSACTION_ID, c.DISPUTE_ID)
        ),
    ),
)
_CLOSING = (RulingKind.RESOLVE, RulingKind.WRITE_OFF)
_IS_UNLINKED = func.coalesce(tables.BREAK.c.ruling_kind, "") != RulingKind.LINK.value


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One execution: when, as of when, by whom, with what; `options` and `timings` (seconds) as JSON holds them."""

    started_at: datetime
    recorded_at: datetime
    as_of: datetime
    who: str
    command: str
    options: Mapping[str, Any]
    software: str
    config_digest: str
    status: str
    timings: Mapping[str, float]

    @property
    def looked_at(self) -> datetime:
        """When it began to judge: what came into the store later, even before it was recorded, it does not know."""
        return moment_of_look(self.options, self.recorded_at)


@dataclass(frozen=True, slots=True)
class RunAccount:
    """What a run found for one account and range, in counts, with the digest of its result."""

    account: str
    first_day: date
    last_day: date
    counts: Mapping[str, Any]
    result_digest: str


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A recorded run with its accounts, by name."""

    run_id: int
    record: RunRecord
    accounts: tuple[RunAccount, ...]


@dataclass(frozen=True, slots=True)
class LastRun:
    """The latest recorded run of an account; `waits_from`: what was made or paid from then on may have waited.

    `looked_at`: what came into the store later, even before it was recorded, it does not know.
    """

    run_id: int
    looked_at: datetime
    as_of: datetime
    waits_from: datetime | None = None


@dataclass(frozen=True)
class RunFindings:
    """What a run found.

    `carry` says what becomes of the accounts' breaks that `breaks_to_carry` gives (without and with `break_ids`, the
    ids of the breaks that the run raised or knew), by the patterns and links by hand that are in force. `left_open`
    has, by account, the breaks (`columns.BREAKS`) that the run reports as open: what a later run of the range
    compares with.
    """

    accounts: Sequence[RunAccount]
    carry: Callable[[Sequence[KnownBreak], Sequence[Ruling]], CarriedBreaks]
    break_ids: Collection[str] = ()
    links: Links = field(default_factory=Links)
    left_open: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    cases_of: Sequence[str] = ()  # accounts of which only some cases were judged: this is no run of their days


def record_run(
    store: Store,
    run: RunRecord,
    findings: RunFindings,
    audit_key: bytes | None = None,
    marker: batches.Marker | None = None,
) -> int:
    """Records a run in one transaction and returns its id, higher than any before.

    Breaks are carried from what is known of them by then, so that a ruling that was made while the run judged is not
    lost; they replace what stands under their id. `audit_key` keys the entries of the rulings that the run ends.
    With the `marker` of a batch's step the accounts join the run of the step's range, complete once all its steps
    are; raises StepDone, and records nothing, where it was done before.
    """
    with writing(store, "record") as connection:
        run_id = batches.run_of(connection, marker) if marker else None
        if run_id is None:
            run_id = int(connection.execute(insert(tables.RUN).returning(tables.RUN.c.id), _row_of(run)).scalar_one())
        _insert(connection, tables.RUN_ACCOUNT, [{**_row_of(part), "run_id": run_id} for part in findings.accounts])
        names = [*(part.account for part in findings.accounts), *findings.cases_of]
        known_breaks = [*_to_carry(connection, names, None), *_to_carry(connection, names, findings.break_ids)]
        carried = findings.carry(known_breaks, in_force(connection, *LASTING))
        bulk.upsert(connection, tables.BREAK, [break_row(known_break) for known_break in carried.changed])
        insert_events(connection, carried.events, run_id, run.recorded_at)
        _end(connection, carried.ended, run, audit_key)
        this = update(tables.RUN).where(tables.RUN.c.id == run_id)
        connection.execute(this.values(audit_head=audit.head(connection)))
        for account, frame in findings.left_open.items():
            _insert(connection, tables.RUN_BREAK, _left_rows(run_id, account, frame))
        links.write(connection, findings.links, run_id)
        if marker:
            batches.finish(connection, marker, run_id)
            status = "complete" if batches.is_whole(connection, marker) else "incomplete"
            connection.execute(this.values(status=status))
    return run_id


def _end(connection: Connection, ended: Sequence[EndedRuling], run: RunRecord, audit_key: bytes | None) -> None:
    """Mark the rulings that no longer hold, each with its own audit entry."""
    entries = [
        audit.Entry(
            who=RUN,
            what=ruling.standing,
            subject=ruling.break_id or ruling.name,
            detail={"rulings": [content(ruling)], "as_of": str(run.as_of)},
        )
        for ruling in end_rulings(connection, ended, run.as_of)
    ]
    if entries:
        audit.append_all(connection, entries, run.recorded_at, audit_key)


def last_run(store: Store, account: str) -> LastRun | None:
    """The latest recorded run of an account, by the moment that it judged as of; None before the first.

    A look at old versions (`--no-pull --as-of`) or as of an earlier moment leaves what came since to the next run.
    """
    run = tables.RUN.c
    part = tables.RUN_ACCOUNT.c
    statement = (
        select(run.id, run.recorded_at, run.as_of, run.options)
        .join(tables.RUN_ACCOUNT, part.run_id == run.id)
        .where(part.account == account)
        .order_by(run.as_of.desc(), run.id.desc())
    )
    with reading(store) as connection:
        for row in connection.execute(statement):
            options = json.loads(row.options)
            if options.get("as_of") and not options.get("pull"):
                continue
            waits_from = options.get(WAITS_FROM)
            looked_at = moment_of_look(options, row.recorded_at)
            return LastRun(row.id, looked_at, row.as_of, waits_from and datetime.fromisoformat(waits_from))
    return None


def moment_of_look(options: Mapping[str, Any], recorded_at: datetime) -> datetime:
    """When a run began to judge; of one that does not say so, when it was recorded."""
    looked_at = options.get(LOOKED_AT)
    return datetime.fromisoformat(looked_at) if looked_at else recorded_at


def list_runs(store: Store, limit: int, run_id: int | None = None) -> list[StoredRun]:
    """The latest runs, newest first; with a number that run alone."""
    run = tables.RUN
    part = tables.RUN_ACCOUNT
    statement = select(run).order_by(run.c.id.desc()).limit(limit)
    if run_id is not None:
        statement = statement.where(run.c.id == run_id)
    with reading(store) as connection:
        rows = connection.execute(statement).all()
        ids = [row.id for row in rows]
        parts = connection.execute(select(part).where(part.c.run_id.in_(ids)).order_by(part.c.account)).all()
    accounts: dict[int, list[RunAccount]] = {run_id: [] for run_id in ids}
    for row in parts:
        accounts[row.run_id].append(account_of(row))
    return [StoredRun(row.id, _run_of(row), tuple(accounts[row.id])) for row in rows]


def find_run(store: Store, run_id: int) -> StoredRun | None:
    """A recorded run by its number."""
    return next(iter(list_runs(store, 1, run_id)), None) if 0 < run_id < 2**63 else None


def breaks_to_carry(store: Store, break_ids: Collection[str] | None = None) -> list[KnownBreak]:
    """Breaks that a run has to carry, by first seen and id: those that are not closed, and those linked by hand.

    With `break_ids` the others, of these ids alone.
    """
    with reading(store) as connection:
        known_breaks = _to_carry(connection, None, break_ids)
    return sorted(known_breaks, key=lambda known_break: (known_break.first_seen, known_break.latest.id))


def decided_breaks(store: Store) -> pd.DataFrame:
    """What breaks are about that people closed, not by a link (DECIDED); also where they closed by themselves since.

    They are of all of history: by this a run chooses those that it loads.
    """
    table = tables.BREAK.c
    ruling = RULING.c
    by_people = table.status.in_([BreakStatus.RESOLVED.value, BreakStatus.WRITTEN_OFF.value]) & _IS_UNLINKED
    needless = select(ruling.break_id).where(ruling.kind.in_(_CLOSING), ruling.standing == RulingState.CLOSED.value)
    since = (table.status == BreakStatus.AUTO_CLOSED.value) & table.id.in_(needless)
    picked = select(*(table[name] for name in DECIDED.names))
    with reading(store) as connection:
        return fetch(connection, Query(DECIDED, tables.BREAK, picked, (c.BREAK_ID,), [by_people, since]))


def closings(store: Store, break_ids: Iterable[str]) -> dict[str, str]:
    """Why breaks closed by themselves, of each the last time, in the words of the run."""
    table = tables.BREAK_EVENT.c
    words: dict[str, str] = {}
    with reading(store) as connection:
        for chunk in chunks(list(break_ids)):
            statement = select(table.break_id, table.detail).where(table.break_id.in_(chunk))
            rows = connection.execute(statement.where(table.what == "auto_closed").order_by(table.seq))
            words.update((break_id, detail) for break_id, detail in rows)
    return words


def closed_after_rulings(store: Store, break_ids: Collection[str], until: datetime | None = None) -> list[KnownBreak]:
    """Of some breaks those that people resolved or wrote off and that closed by themselves since, as before that.

    What was decided explains its amount for good. With `until` only what was decided by then.
    """
    with reading(store) as connection:
        rulings = [
            ruling
            for ruling in rulings_by(connection, "break_id", break_ids)
            if ruling.standing == RulingState.CLOSED and ruling.kind in _CLOSING
            if until is None or ruling.at <= until
        ]
        by_break = {str(ruling.break_id): ruling for ruling in rulings}
        decided = _last_decisions(connection, list(by_break))
        breaks = breaks_by(connection, "id", list(by_break), status=BreakStatus.AUTO_CLOSED.value)
    known_breaks = []
    for known in breaks:
        ruling = by_break[known.latest.id]
        status = decided.get(known.latest.id)
        if status is not None:
            standing = Standing(ruling.id, ruling.kind, ruling.who, ruling.reason)
            known_breaks.append(replace(known, status=status, standing=standing))
    return known_breaks


def _last_decisions(connection: Connection, break_ids: Sequence[str]) -> dict[str, BreakStatus]:
    """What people last made of each break, where it was not a proposal that waited."""
    table = tables.BREAK_EVENT.c
    last: dict[str, BreakStatus | None] = {}
    for chunk in chunks(break_ids):
        statement = select(table.break_id, table.what).where(table.break_id.in_(chunk))
        for break_id, event in connection.execute(statement.order_by(table.seq)):
            if event in ("resolved", "written_off"):
                last[break_id] = BreakStatus(event)
            elif event == "approved":
                last[break_id] = BreakStatus.WRITTEN_OFF
            elif event in ("proposed", "undone", "reopened", "fell"):
                last[break_id] = None
    return {break_id: status for break_id, status in last.items() if status is not None}


def _to_carry(
    connection: Connection, accounts: Sequence[str] | None, break_ids: Collection[str] | None
) -> list[KnownBreak]:
    """Of some accounts and of none (null: all) what is not closed or linked by hand, or of these ids the others.

    By id: the steps of their lives are then written in one order on every database.
    """
    table = tables.BREAK.c
    statement = select(tables.BREAK).order_by(table.id)
    if accounts is not None:
        statement = statement.where(table.account.in_(accounts) | table.account.is_(None))
    if break_ids is None:
        conditions = [tables.IS_OPEN, ~tables.IS_OPEN & ~_IS_UNLINKED]
    else:
        conditions = [~tables.IS_OPEN & _IS_UNLINKED & table.id.in_(chunk) for chunk in chunks(break_ids)]
    return [break_of(row) for condition in conditions for row in connection.execute(statement.where(condition)).all()]


def list_breaks(
    store: Store,
    *,
    accounts: Collection[str] = (),
    codes: Collection[str] = (),
    severities: Collection[Severity] = (),
    statuses: Collection[BreakStatus] = (),
    owner: str | None = None,
) -> list[KnownBreak]:
    """Breaks in any of the given accounts, codes, severities and statuses (none given: any), by first seen and id."""
    table = tables.BREAK.c
    statement = select(tables.BREAK).order_by(table.first_seen, table.id)
    wanted: Mapping[Column[Any], Collection[Any]] = {
        table.account: accounts,
        table.code: codes,
        table.severity: [int(severity) for severity in severities],
        table.status: [str(status) for status in statuses],
    }
    for column, values in wanted.items():
        if values:
            statement = statement.where(column.in_(values))
    if owner is not None:
        statement = statement.where(table.owner == owner)
    with reading(store) as connection:
        return [break_of(row) for row in connection.execute(statement)]


def breaks_like(store: Store, beginning: str, limit: int) -> list[KnownBreak]:
    """Breaks whose id begins so, by id, at most so many; nothing for nothing."""
    key = tables.BREAK.c.id
    statement = select(tables.BREAK).where(key.startswith(beginning, autoescape=True)).order_by(key).limit(limit)
    with reading(store) as connection:
        return [break_of(row) for row in connection.execute(statement)] if beginning else []


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), list(rows))


def _row_of(value: Any) -> dict[str, Any]:
    """A frozen value's fields under their own names; mappings as JSON text."""
    values = ((column.name, getattr(value, column.name)) for column in fields(value))
    return {name: json.dumps(dict(v), sort_keys=True) if isinstance(v, Mapping) else v for name, v in values}


def _left_rows(run_id: int, account: str, frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "run_id": run_id,
            "account": account,
            "break_id": break_id,
            "severity": int(Severity[severity.upper()]),
            "status": status,
            "expected": expected,
            "actual": actual,
            "amount_at_risk": at_risk,
        }
        for break_id, severity, status, expected, actual, at_risk in c.plain_rows(frame, RUN_BREAKS.names)
    ]


def _run_of(row: Row[Any]) -> RunRecord:
    values = {column.name: row._mapping[column.name] for column in fields(RunRecord)}
    return RunRecord(**{**values, "options": json.loads(row.options), "timings": json.loads(row.timings)})


def account_of(row: Row[Any]) -> RunAccount:
    """A row of the table of runs' accounts as a value."""
    return RunAccount(row.account, row.first_day, row.last_day, json.loads(row.counts), row.result_digest)
