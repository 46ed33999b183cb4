"""Takes out of a store what a run with a wrong clock left in it: no moment in it is then later than now.

Runs of a later moment are undone: what they opened is gone, what they closed or let fall is as it was before. What
was read of Omise, the shop and the bank stays, as seen now; windows, readings and marks that end later go, so that
the next pull asks again. What hashes prove (the audit log, break events that it sealed) stays as it was written.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, Table, and_, delete, or_, select, update

from recon import columns as c
from recon.model import BreakEvent, BreakStatus
from recon.model.rulings import RulingState, Standing
from recon.rulings.decide import status_of
from recon.rulings.life import RUN
from recon.store import tables
from recon.store.desk import audit
from recon.store.desk.people import Act
from recon.store.engine import Store, to_micros, writing
from recon.store.runs.attempts import FAILED
from recon.store.runs.break_rows import content, insert_events, rulings_by, standing_row
from recon.store.schema import METADATA
from recon.store.tables.alerts import ALERT_CLAIM
from recon.store.tables.archive import ARCHIVE_FILE
from recon.store.tables.batches import BATCH
from recon.store.tables.customers import RETENTION
from recon.store.tables.desk import AUDIT, RULING, SIGN_OFF
from recon.store.tables.nights import ATTEMPT, JOB_RUN
from recon.store.tables.people import LOGIN_TRY
from recon.store.tables.rate_limit import OMISE_TURN
from recon.store.tables.related import CHARGE_NAME_RULES, LEDGER_DAY, NAMES_LOOKED_AT

UNDONE = "undone"  # a run whose clock was wrong
REPAIRED = "repaired"  # the audit entry, and the event of a break whose earlier events are sealed
_WHY = "a run with a wrong clock was undone (recon db repair --clock)"
_VERSIONED: tuple[Table, ...] = (
    *tables.OBJECTS.values(),
    tables.ORDER,
    tables.BANK_LINE,
    tables.REJECTED,
    tables.UNREAD,
)
# Moments that are put right apart, that a hash proves, or at which nothing happened; all others are lowered to now. A
# retry that was put off is due then.
_APART = {
    *(*tables.BREAK.c, *tables.BREAK_EVENT.c, *AUDIT.c, *tables.BALANCE.c),
    *(tables.PULL_WINDOW.c.start_at, tables.PULL_WINDOW.c.end_at, JOB_RUN.c.began_at),
    *(ARCHIVE_FILE.c.before_at, RETENTION.c.before_at, LOGIN_TRY.c.since),
}
_LOWERED = tuple(
    column
    for table in METADATA.sorted_tables
    for column in table.columns
    if isinstance(column.type, tables.Moment) and column not in _APART
)
_STATUSES: Mapping[str, BreakStatus] = {
    **dict.fromkeys(("opened", "reopened", "fell", "expired", "undone"), BreakStatus.OPEN),
    **dict.fromkeys(("ignored", "opening"), BreakStatus.OPEN),  # the next run asks patterns and items again
    "auto_closed": BreakStatus.AUTO_CLOSED,
}
_LONGEST_QUIET = timedelta(days=1)  # that Omise may have asked for
_NO_END = {"ended_at": None, "ended_by": None, "ended_why": None}  # of a ruling or a sign-off


@dataclass(frozen=True)
class Repaired:
    """What was put right, in counts by what it is, and the runs that were undone."""

    runs: tuple[int, ...]
    counts: Mapping[str, int]


class _OnlyLooked(Exception):
    """Ends the transaction of a look without keeping anything."""


def repair_clock(store: Store, act: Act, dry: bool = False) -> Repaired:
    """Puts everything right that is later than the act's moment, in one transaction, with an audit entry.

    With `dry` nothing is kept. A store without later moments stays as it is.
    """
    try:
        with writing(store, "record") as connection:
            repaired = _Repair(connection, act).run()
            if dry or not repaired.counts:
                raise _OnlyLooked
    except _OnlyLooked:
        pass
    return repaired


class _Repair:
    def __init__(self, connection: Connection, act: Act) -> None:
        self._connection = connection
        self._act = act
        self._now = act.at
        self._micros = to_micros(act.at)
        self._counts: Counter[str] = Counter()

    def run(self) -> Repaired:
        run = tables.RUN.c
        later = or_(run.as_of > self._now, run.recorded_at > self._now, run.started_at > self._now)
        runs = self._connection.execute(
            select(run.id, run.as_of, run.recorded_at).where(later).order_by(run.id)
        ).all()
        ids = [row.id for row in runs]
        rulings = self._rulings()
        self._breaks(ids)
        self._runs(ids)
        for table in _VERSIONED:
            self._versions(table)
        for table in (LEDGER_DAY, NAMES_LOOKED_AT):  # which go by when rows were seen
            self._connection.execute(delete(table))
        self._marks()
        for column in _LOWERED:
            self._add("moments", update(column.table).where(column > self._now).values({column: self._now}))
        counts = {what: count for what, count in self._counts.items() if count}
        if counts:
            changed = [content(ruling) for ruling in rulings_by(self._connection, "id", rulings)]
            undone = [{"run": row.id, "as_of": str(row.as_of), "recorded_at": str(row.recorded_at)} for row in runs]
            detail = {"counts": counts, "undone": undone, "rulings": changed}
            audit.append(self._connection, self._act.who, REPAIRED, "store", detail, self._now, self._act.audit_key)
        return Repaired(tuple(ids), counts)

    def _add(self, what: str, statement: Any) -> None:
        self._counts[what] += self._connection.execute(statement).rowcount

    def _rulings(self) -> list[int]:
        """Puts back the rulings that a run ended at a later moment; the ids of all that change."""
        table = RULING.c
        by_runs = self._ended_by_later_runs()
        later = or_(table.at > self._now, table.approved_at > self._now, table.ended_at > self._now)
        ids = list(self._connection.execute(select(table.id).where(or_(later, table.id.in_(by_runs)))).scalars())
        ended = select(table.id).where(or_(table.ended_at > self._now, table.id.in_(by_runs)), table.ended_by == RUN)
        before = self._standing_before()
        for ruling_id in self._connection.execute(ended).scalars().all():
            standing = before.get(ruling_id, RulingState.STANDS.value)
            self._add("rulings", update(RULING).where(table.id == ruling_id).values(standing=standing, **_NO_END))
        signed = and_(SIGN_OFF.c.ended_at > self._now, SIGN_OFF.c.ended_by.startswith(RUN))
        self._add("sign-offs", update(SIGN_OFF).where(signed).values(_NO_END))
        return ids

    def _ended_by_later_runs(self) -> set[int]:
        """The rulings of audit entries that a run made later than now: as of whichever moment it ended them."""
        made_later = select(AUDIT.c.detail).where(AUDIT.c.who == RUN, AUDIT.c.at > self._now)
        details = self._connection.execute(made_later).scalars()
        return {ruling["id"] for detail in details for ruling in json.loads(detail).get("rulings", ())}

    def _standing_before(self) -> dict[int, str]:
        """By ruling how it stood in the last audit entry that no later run made."""
        standing: dict[int, str] = {}
        for row in self._connection.execute(select(AUDIT).order_by(AUDIT.c.seq)):
            if row.who == RUN and row.at > self._now:
                continue
            for ruling in json.loads(row.detail).get("rulings", ()):
                standing[ruling["id"]] = ruling["standing"]
        return standing

    def _breaks(self, run_ids: Sequence[int]) -> None:
        """Every break that a later run touched, as it was before."""
        if not run_ids:
            return
        table = tables.BREAK_EVENT.c
        breaks = tables.BREAK.c
        touched = select(table.break_id).where(table.run_id.in_(run_ids))
        seen = or_(breaks.first_seen > self._now, breaks.last_seen > self._now, breaks.id.in_(touched))
        sealed = audit.last_sealed(self._connection)
        for row in self._connection.execute(select(tables.BREAK).where(seen)).all():
            of_break = select(tables.BREAK_EVENT).where(table.break_id == row.id).order_by(table.seq)
            events = self._connection.execute(of_break).all()
            wrong = [event for event in events if event.run_id in run_ids]
            good = [event for event in events if event.run_id not in run_ids]
            unsealed = [event.seq for event in wrong if event.seq > sealed]
            self._connection.execute(delete(tables.BREAK_EVENT).where(table.seq.in_(unsealed)))
            is_sealed = len(unsealed) < len(wrong)
            if good or is_sealed:
                self._put_back(row, good, wrong, run_ids)
                if is_sealed:
                    repaired = BreakEvent(row.id, REPAIRED, self._now, self._act.who, _WHY)
                    insert_events(self._connection, [repaired], None, self._now)
            else:
                self._forget(row.id, run_ids)

    def _forget(self, break_id: str, run_ids: Sequence[int]) -> None:
        """A break that only later runs opened, and that nobody worked on."""
        left = tables.RUN_BREAK.c
        self._connection.execute(delete(tables.RUN_BREAK).where(left.break_id == break_id, left.run_id.in_(run_ids)))
        self._connection.execute(delete(ALERT_CLAIM).where(ALERT_CLAIM.c.break_id == break_id))
        self._add("breaks that only they opened", delete(tables.BREAK).where(tables.BREAK.c.id == break_id))

    def _put_back(
        self, row: Row[Any], good: Sequence[Row[Any]], wrong: Sequence[Row[Any]], run_ids: Sequence[int]
    ) -> None:
        values: dict[str, Any] = {"version": row.version + 1}
        first_moved = min((event.seq for event in wrong if event.what in _STATUSES), default=None)
        acted_since = any(event.run_id is None and first_moved and event.seq > first_moved for event in good)
        if first_moved is not None and not acted_since:
            values |= self._life(row.id, good)
        left = tables.RUN_BREAK.c
        before = self._connection.execute(
            select(tables.RUN_BREAK, tables.RUN.c.as_of)
            .join(tables.RUN, tables.RUN.c.id == left.run_id)
            .where(left.break_id == row.id, left.run_id.not_in(run_ids))
            .order_by(left.run_id.desc())
            .limit(1)
        ).one_or_none()
        seen_at = [event.at for event in good if event.run_id is not None and event.at <= self._now]
        last = max(seen_at, default=self._now)
        if before is not None:
            last = max(last, before.as_of) if last < self._now else before.as_of
            names = ("severity", "expected", "actual", "amount_at_risk")
            values |= {name: getattr(before, name) for name in names}
        values["last_seen"] = min(last, self._now)
        values["first_seen"] = min(row.first_seen, self._now)
        self._add("breaks put back", update(tables.BREAK).where(tables.BREAK.c.id == row.id).values(values))

    def _life(self, break_id: str, good: Sequence[Row[Any]]) -> dict[str, Any]:
        """The status before, and the ruling that it rests on."""
        for ruling in reversed(rulings_by(self._connection, "break_id", [break_id])):
            status = status_of(ruling.kind, ruling.standing)
            if ruling.ended_at is None and status is not None:
                standing = Standing(ruling.id, ruling.kind, ruling.who, ruling.reason, ruling.until, ruling.facts)
                return {"status": str(status), **standing_row(standing)}
        moved = [event.what for event in good if event.what in _STATUSES]
        status = _STATUSES[moved[-1]] if moved else BreakStatus.AUTO_CLOSED
        return {"status": str(status), **standing_row(None)}

    def _runs(self, run_ids: Sequence[int]) -> None:
        """The runs stay by their numbers, as undone; the days are to be run again."""
        for table in (tables.RUN_BREAK, tables.RUN_ACCOUNT):
            self._connection.execute(delete(table).where(table.c.run_id.in_(run_ids)))
        self._add("runs", update(tables.RUN).where(tables.RUN.c.id.in_(run_ids)).values(status=UNDONE))
        attempt = ATTEMPT.c
        moments = (attempt.as_of, attempt.began_at, attempt.beat_at, attempt.ended_at)
        wrong = or_(attempt.run_id.in_(run_ids), *(moment > self._now for moment in moments))
        ended = {"ending": FAILED, "words": _WHY, "ended_at": self._now}
        self._add("attempts", update(ATTEMPT).where(wrong).values(ended))
        batch = BATCH.c
        planned = and_(batch.ended_at.is_(None), or_(batch.as_of > self._now, batch.created_at > self._now))
        self._add("batches", update(BATCH).where(planned).values(ended_at=self._now, words=_WHY))

    def _marks(self) -> None:
        """Windows and readings that end later go: the next pull asks again; so does what was kept aside."""
        aside = tables.KEPT_ASIDE
        ended = aside.c[tables.SUPERSEDED_AT]
        self._add("windows", delete(tables.PULL_WINDOW).where(tables.PULL_WINDOW.c.end_at > self._now))
        self._add("balances", delete(tables.BALANCE).where(tables.BALANCE.c.read_at > self._now))
        self._add("kept aside", delete(aside).where(aside.c[c.SEEN_AT] > self._micros))
        self._add("kept aside", update(aside).where(ended > self._micros).values({ended: self._micros}))
        self._retention()
        turn = OMISE_TURN.c
        last = self._micros + _LONGEST_QUIET // timedelta(microseconds=1)
        self._add("turns at Omise", delete(OMISE_TURN).where(or_(turn.next_at > last, turn.quiet_until > last)))
        self._add("extra jobs", delete(JOB_RUN).where(JOB_RUN.c.began_at > self._now))
        stale = CHARGE_NAME_RULES.c.stale_from
        lowered = {stale: self._micros - 1_000}  # before all that was lowered to now
        self._add("moments", update(CHARGE_NAME_RULES).where(stale > self._micros - 1_000).values(lowered))

    def _retention(self) -> None:
        """Since when customers are kept went by the wrong clock, too: as much earlier as that was ahead."""
        table = RETENTION.c
        for row in self._connection.execute(select(RETENTION).where(table.at > self._now)).all():
            before = {"before_at": row.before_at - (row.at - self._now)}
            self._add("moments", update(RETENTION).where(table.id == row.id).values(before))

    def _versions(self, table: Table) -> None:
        """What was seen later was seen by now; versions of one object keep their order."""
        seen = table.c[c.SEEN_AT]
        ended = table.c[tables.SUPERSEDED_AT]
        keys = [column for column in table.primary_key if column.name != c.SEEN_AT]
        tangled = select(*keys).where(seen > self._micros, ended > self._micros).distinct()
        for key in self._connection.execute(tangled).all():
            self._untangle(table, [column == value for column, value in zip(keys, key, strict=True)])
        self._add("versions", update(table).where(seen > self._micros).values({seen: self._micros}))
        self._add("versions", update(table).where(ended > self._micros).values({ended: self._micros}))
        if c.FIRST_SEEN_AT in table.c:
            first = table.c[c.FIRST_SEEN_AT]
            self._add("versions", update(table).where(first > self._micros).values({first: seen}))

    def _untangle(self, table: Table, of_object: Sequence[Any]) -> None:
        """Several later versions of one object, the last one gone again maybe: a microsecond each, up to now."""
        seen = table.c[c.SEEN_AT]
        ended = table.c[tables.SUPERSEDED_AT]
        later = select(seen, ended).where(*of_object, seen > self._micros).order_by(seen)
        versions = self._connection.execute(later).all()
        at = self._micros - len(versions)
        before = update(table).where(*of_object, seen <= self._micros, ended > self._micros)
        self._add("versions", before.values({ended: at}))
        for version in versions:
            end = None if version[1] is None else at + 1
            this = update(table).where(*of_object, seen == version[0])
            self._add("versions", this.values({seen: at, ended: end}))
            at += 1
