"""Keeps the attempts at runs, one at a time per account across processes, and extra jobs."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from recon.store.engine import Refused, Store, reading, writing
from recon.store.runs.record import account_of
from recon.store.tables import RUN_ACCOUNT
from recon.store.tables.nights import ATTEMPT, JOB_RUN

COMPLETE = "complete"
INCOMPLETE = "incomplete"
FAILED = "failed"
DIED = "died"
YIELDED = "yielded"
LOCK = "attempt"
_ALIVE = timedelta(minutes=3)  # a run without a beat for so long is over


@dataclass(frozen=True, slots=True)
class Holder:
    """One life of a process."""

    who: str
    host: str
    pid: int
    process: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One account and range that a process wants to run; `ends_at` is the end of its last day.

    `yields`: a look at the day, which gives way to any run.
    """

    account: str
    first_day: date
    last_day: date
    ends_at: datetime
    as_of: datetime
    pulled: bool
    yields: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """A run of one account as it was begun and ended; `ended_at` null: it goes on, or its process died.

    `waits_on` has, by source, the digest of the files that alone keep it from being complete.
    """

    id: int
    account: str
    first_day: date
    last_day: date
    as_of: datetime
    pulled: bool
    who: str
    host: str
    pid: int
    process: str
    began_at: datetime
    beat_at: datetime
    ended_at: datetime | None
    ending: str | None
    words: str | None
    run_id: int | None
    waits_on: Mapping[str, str]
    yields: bool | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is a complete run with Omise's word."""
        return self.ending == COMPLETE and self.pulled

    def reconciles(self, day: date, ends_at: datetime) -> bool:
        """Whether it is a whole run over a day that was over (`ends_at`) by then."""
        over = min(self.as_of, self.began_at) >= ends_at
        return self.is_whole and over and self.first_day <= day <= self.last_day


@dataclass(frozen=True, slots=True)
class Begun:
    """The attempts begun, by id; or, with none begun, who holds an account, or that others have just tried it."""

    ids: tuple[int, ...] = ()
    held: tuple[Attempt, ...] = ()
    settled: bool = False


def begin(
    store: Store,
    claims: Sequence[Claim],
    holder: Holder,
    now: datetime,
    is_dead: Callable[[Attempt], bool],
    unless_tried_since: datetime | None = None,
) -> Begun:
    """Begins an attempt for every claim, or for none, in one transaction.

    A running attempt of one of the accounts stands in the way, whatever its range: runs of an account share its open
    breaks and its request rate. One that `is_dead` is ended as died, and one that yields is asked to give way to a
    run. `unless_tried_since`: nothing begins where each claim is reconciled, or its last try ended after that moment.
    """
    with writing(store, LOCK) as connection:
        accounts = [claim.account for claim in claims]
        since = unless_tried_since
        if since is not None and all(_is_settled(connection, claim, since) for claim in claims):
            return Begun(settled=True)
        running = _attempts(connection, ATTEMPT.c.ended_at.is_(None), ATTEMPT.c.account.in_(accounts))
        held = tuple(attempt for attempt in running if not is_dead(attempt))
        if held:
            if not any(claim.yields for claim in claims):
                _ask_to_yield(connection, accounts)
            return Begun(held=held)
        dead = [attempt.id for attempt in running]
        _end(connection, dead, now, ending=DIED, words="its process ended without a word")
        return Begun(tuple(_insert(connection, claim, holder, now) for claim in claims))


def refuse_beside_runs(connection: Connection, now: datetime) -> None:
    """Raises Refused where a living run holds an account."""
    alive = ATTEMPT.c.ended_at.is_(None) & (ATTEMPT.c.beat_at > now - _ALIVE)
    statement = select(ATTEMPT.c.account).where(alive).distinct().order_by(ATTEMPT.c.account)
    if accounts := connection.execute(statement).scalars().all():
        raise Refused(f"a run of {', '.join(accounts)} goes on: wait until it is over")


def ask_to_yield(store: Store, accounts: Collection[str]) -> bool:
    """Asks looks at the day to give way; whether one goes on."""
    with writing(store, LOCK) as connection:
        return _ask_to_yield(connection, accounts)


def _ask_to_yield(connection: Connection, accounts: Collection[str]) -> bool:
    looks = update(ATTEMPT).where(ATTEMPT.c.ended_at.is_(None), ATTEMPT.c.yields, ATTEMPT.c.account.in_(accounts))
    return connection.execute(looks.values(ending=YIELDED)).rowcount > 0


def beat(store: Store, ids: Collection[int], now: datetime) -> bool:
    """Says that the attempts go on; false where one of them was ended by another process, or is to give way."""
    ours = ATTEMPT.c.id.in_(ids) & ATTEMPT.c.ended_at.is_(None) & ATTEMPT.c.ending.is_(None)
    statement = update(ATTEMPT).where(ours).values(beat_at=now)
    with writing(store, LOCK) as connection:
        return connection.execute(statement).rowcount == len(ids)


def end(
    store: Store,
    ids: Collection[int],
    now: datetime,
    ending: str,
    words: str,
    run_id: int | None,
    waits_on: Mapping[str, str] | None = None,
) -> None:
    """Ends attempts, of which those that another process ended stay as they are."""
    with writing(store, LOCK) as connection:
        _end(connection, ids, now, ending=ending, words=words, run_id=run_id, waits_on=_encoded(waits_on))


def fail(store: Store, run_id: int, now: datetime, words: str) -> int:
    """Has the attempts that a run was recorded in count as failed now, since what had to follow failed; how many."""
    values = {"ended_at": now, "ending": FAILED, "words": words, "waits_on": None}
    with writing(store, LOCK) as connection:
        ended = update(ATTEMPT).where(ATTEMPT.c.run_id == run_id, ATTEMPT.c.ended_at.is_not(None))
        return connection.execute(ended.values(values)).rowcount


def accounts_told_of(store: Store, run_id: int, waits_on: Mapping[str, str]) -> set[str]:
    """Of a run's accounts those since whose last complete run an earlier one waited for the same files."""
    with reading(store) as connection:
        of_run = _attempts(connection, ATTEMPT.c.run_id == run_id)
        same = select(func.max(ATTEMPT.c.id)).where(
            ATTEMPT.c.waits_on == _encoded(waits_on), ATTEMPT.c.run_id < run_id
        )
        last_waiting = connection.execute(same).scalar_one() or 0
        complete = select(ATTEMPT.c.account, func.max(ATTEMPT.c.id)).where(ATTEMPT.c.ending == COMPLETE)
        last_complete = {row[0]: row[1] for row in connection.execute(complete.group_by(ATTEMPT.c.account))}
    return {attempt.account for attempt in of_run if last_waiting > last_complete.get(attempt.account, 0)}


def attempts(store: Store, since: date) -> list[Attempt]:
    """Every attempt at a run of a range that ends on or after a day, in the order in which they began."""
    with reading(store) as connection:
        return _attempts(connection, ATTEMPT.c.last_day >= since, ATTEMPT.c.yields.is_not(True))


def last_looks(store: Store) -> dict[str, datetime]:
    """When each account was last looked at to the end, by a run or by a look at the day."""
    statement = select(ATTEMPT.c.account, func.max(ATTEMPT.c.ended_at)).where(ATTEMPT.c.ending == COMPLETE)
    with reading(store) as connection:
        return {row[0]: row[1] for row in connection.execute(statement.group_by(ATTEMPT.c.account))}


def first_attempts(store: Store) -> dict[str, datetime]:
    """When each account's first attempt began."""
    statement = select(ATTEMPT.c.account, func.min(ATTEMPT.c.began_at)).group_by(ATTEMPT.c.account)
    with reading(store) as connection:
        return {row[0]: row[1] for row in connection.execute(statement)}


def counted(store: Store, since: date) -> dict[tuple[int, str], Mapping[str, Any]]:
    """What runs over one single day on or after a day counted, by run and account."""
    part = RUN_ACCOUNT.c
    statement = select(RUN_ACCOUNT).where(part.first_day == part.last_day, part.last_day >= since)
    with reading(store) as connection:
        return {(row.run_id, row.account): account_of(row).counts for row in connection.execute(statement)}


def begin_job(store: Store, name: str, hour: str, host: str, now: datetime) -> bool:
    """Takes an extra job's hour; false where it is taken."""
    row = {"name": name, "hour": hour, "host": host, "began_at": now}
    try:
        with writing(store, LOCK) as connection:
            connection.execute(insert(JOB_RUN), [row])
    except IntegrityError:
        return False
    return True


def end_job(store: Store, name: str, hour: str, now: datetime, exit_code: int) -> None:
    """Records how an extra job ended."""
    statement = update(JOB_RUN).where(JOB_RUN.c.name == name, JOB_RUN.c.hour == hour)
    with writing(store, LOCK) as connection:
        connection.execute(statement.values(ended_at=now, exit_code=exit_code))


def _is_settled(connection: Connection, claim: Claim, since: datetime) -> bool:
    covers = (ATTEMPT.c.first_day <= claim.first_day, ATTEMPT.c.last_day >= claim.last_day)
    ended = _attempts(connection, ATTEMPT.c.account == claim.account, ATTEMPT.c.ended_at.is_not(None), *covers)
    if any(attempt.reconciles(claim.last_day, claim.ends_at) for attempt in ended):
        return True
    exact = [
        attempt for attempt in ended if (attempt.first_day, attempt.last_day) == (claim.first_day, claim.last_day)
    ]
    last = exact[-1] if exact else None
    return last is not None and last.ending != DIED and last.ended_at is not None and last.ended_at > since


def _attempts(connection: Connection, *where: Any) -> list[Attempt]:
    rows = connection.execute(select(ATTEMPT).where(*where).order_by(ATTEMPT.c.id))
    return [_attempt(row) for row in rows]


def _attempt(row: Row[Any]) -> Attempt:
    values = {field.name: row._mapping[field.name] for field in fields(Attempt)}
    return Attempt(**values | {"waits_on": json.loads(row.waits_on) if row.waits_on else {}})


def _encoded(waits_on: Mapping[str, str] | None) -> str | None:
    return json.dumps(waits_on, sort_keys=True) if waits_on else None


def _insert(connection: Connection, claim: Claim, holder: Holder, now: datetime) -> int:
    row = {**asdict(claim), **asdict(holder), "began_at": now, "beat_at": now, "yields": claim.yields or None}
    del row["ends_at"]
    return int(connection.execute(insert(ATTEMPT).returning(ATTEMPT.c.id), row).scalar_one())


def _end(connection: Connection, ids: Collection[int], now: datetime, **values: Any) -> None:
    running = update(ATTEMPT).where(ATTEMPT.c.id.in_(ids), ATTEMPT.c.ended_at.is_(None))
    connection.execute(running.values(ended_at=now, **values))
