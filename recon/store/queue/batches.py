"""Keeps batches of work and their steps, each done once."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from recon.store.engine import Store, reading, writing
from recon.store.tables.batches import BATCH, BATCH_STEP
from recon.store.versions.save import PULL_LOCK, PulledWindow, write_windows

LOCK = "batch"
_NOTHING: Mapping[str, bytes] = {}


class StepDone(Exception):
    """Somebody else finished this step: what was found a second time must not be written."""


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """What is asked for: a range of days, both inclusive, of accounts; `options` as JSON holds them.

    `name` says all of it but who asked: the same request has the same name.
    """

    name: str
    kind: str
    first_day: date
    last_day: date
    accounts: tuple[str, ...]
    options: Mapping[str, Any]
    as_of: datetime
    who: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A request that was planned; `ended_at` null: it goes on. `words`: why it ended before all was done."""

    id: int
    request: BatchRequest
    created_at: datetime
    ended_at: datetime | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of a batch; `place` orders the pieces, `key` names it. Where it is done, `complete` says whether
    nothing is missing from it."""

    key: str
    place: int
    kind: str
    account: str | None
    first_day: date
    last_day: date
    tries: int = 0
    begun_at: datetime | None = None
    host: str | None = None
    done_at: datetime | None = None
    complete: bool | None = None
    run_id: int | None = None

    @property
    def done(self) -> bool:
        """Whether its result is written."""
        return self.done_at is not None


@dataclass(frozen=True, slots=True)
class Marker:
    """That a step is done, and what came of it: `outcome` for JSON, `packed_result` for the steps after it."""

    batch_id: int
    key: str
    done_at: datetime
    complete: bool
    outcome: Mapping[str, Any]
    packed_result: bytes | None = field(default=None, repr=False)


def open_batch(
    store: Store, request: BatchRequest, steps: Sequence[Step], now: datetime, since: datetime
) -> Batch | None:
    """The batch of this name that has not come to its end, else a new one with these steps; null where none are left.

    One that was abandoned is taken up again. One that nobody worked on `since` a moment is not: its now is too old.
    """
    with writing(store, LOCK) as connection:
        unfinished = or_(BATCH.c.ended_at.is_(None), BATCH.c.words.is_not(None))
        for batch in _batches(connection, BATCH.c.name == request.name, unfinished)[-1:]:
            if _last_sign(connection, batch) >= since:
                this = update(BATCH).where(BATCH.c.id == batch.id)
                connection.execute(this.values(ended_at=None, words=None))
                return replace(batch, ended_at=None, words=None)
            _end(connection, batch.id, now, "nobody worked on it any more")
        if not steps:
            return None
        old = select(BATCH.c.id).where(BATCH.c.ended_at < since)
        used = update(BATCH_STEP).where(BATCH_STEP.c.batch_id.in_(old), BATCH_STEP.c.packed_result.is_not(None))
        connection.execute(used.values(packed_result=None))
        row = {column.name: getattr(request, column.name) for column in fields(BatchRequest)}
        row |= {
            "accounts": json.dumps(request.accounts),
            "options": json.dumps(dict(request.options)),
            "created_at": now,
        }
        batch_id = int(connection.execute(insert(BATCH).returning(BATCH.c.id), row).scalar_one())
        rows = [
            {"batch_id": batch_id, **{column.name: getattr(step, column.name) for column in fields(Step)}}
            for step in steps
        ]
        connection.execute(insert(BATCH_STEP), rows)
        return Batch(batch_id, request, now)


def going_on(store: Store) -> list[Batch]:
    """The batches that have not ended, in the order of their opening."""
    with reading(store) as connection:
        return _batches(connection, BATCH.c.ended_at.is_(None))


def one_batch(store: Store, batch_id: int) -> Batch | None:
    """A batch by its number, ended or not."""
    with reading(store) as connection:
        return next(iter(_batches(connection, BATCH.c.id == batch_id)), None)


def steps(
    store: Store, batch_id: int, kinds: Collection[str] | None = None, account: str | None = None
) -> list[Step]:
    """A batch's steps in their places; of some kinds, or of an account, alone."""
    where = [BATCH_STEP.c.batch_id == batch_id]
    where += [] if kinds is None else [BATCH_STEP.c.kind.in_([str(kind) for kind in kinds])]
    where += [] if account is None else [BATCH_STEP.c.account == account]
    with reading(store) as connection:
        return _steps(connection, *where)


def counts(store: Store, batch_id: int) -> tuple[int, int, int]:
    """How many steps a batch has, how many of them were ever begun, and how many are done."""
    table = BATCH_STEP.c
    statement = select(func.count(), func.count(table.begun_at), func.count(table.done_at))
    with reading(store) as connection:
        count, begun, done = connection.execute(statement.where(table.batch_id == batch_id)).one()
    return count, begun, done


def one_step(store: Store, batch_id: int, key: str) -> Step | None:
    """A step by its key."""
    with reading(store) as connection:
        return next(iter(_steps(connection, BATCH_STEP.c.batch_id == batch_id, BATCH_STEP.c.key == key)), None)


def begin(store: Store, batch_id: int, key: str, host: str, now: datetime) -> bool:
    """Notes a try at a step; false where the step is done or the batch has ended."""
    going = select(BATCH.c.id).where(BATCH.c.id == batch_id, BATCH.c.ended_at.is_(None))
    statement = (
        update(BATCH_STEP)
        .where(BATCH_STEP.c.batch_id.in_(going), BATCH_STEP.c.key == key, BATCH_STEP.c.done_at.is_(None))
        .values(tries=BATCH_STEP.c.tries + 1, begun_at=now, host=host)
    )
    with writing(store, LOCK) as connection:
        return connection.execute(statement).rowcount == 1


def finish(connection: Connection, marker: Marker, run_id: int | None = None) -> None:
    """Writes a marker beside what the step found, in the same transaction; raises StepDone where there is one."""
    statement = (
        update(BATCH_STEP)
        .where(*_at(marker), BATCH_STEP.c.done_at.is_(None))
        .values(
            done_at=marker.done_at,
            complete=marker.complete,
            run_id=run_id,
            packed_result=marker.packed_result,
            outcome=json.dumps(dict(marker.outcome)),
        )
    )
    if connection.execute(statement).rowcount != 1:
        raise StepDone(marker.key)


def finish_pulled(store: Store, marker: Marker, account: str, windows: Sequence[PulledWindow]) -> None:
    """The last of a pull in one transaction: its windows and the marker; raises StepDone and then writes nothing."""
    with writing(store, PULL_LOCK) as connection:
        write_windows(connection, account, windows)
        finish(connection, marker)


def finish_alone(
    store: Store, marker: Marker, run_id: int | None = None, packed_results: Mapping[str, bytes] = _NOTHING
) -> None:
    """Marks a step that writes nothing else, and by key sets the packed results of other steps; raises StepDone."""
    with writing(store, LOCK) as connection:
        finish(connection, marker, run_id)
        for key, packed_result in packed_results.items():
            other = (BATCH_STEP.c.batch_id == marker.batch_id, BATCH_STEP.c.key == key)
            connection.execute(update(BATCH_STEP).where(*other).values(packed_result=packed_result))


def run_of(connection: Connection, marker: Marker) -> int | None:
    """The run that another step of this kind and range was recorded in: a range is one run of all its accounts."""
    statement = select(func.max(BATCH_STEP.c.run_id)).where(*_beside(connection, marker))
    run_id: int | None = connection.execute(statement).scalar_one()
    return run_id


def is_whole(connection: Connection, marker: Marker) -> bool:
    """Whether every step of this kind and range is done and complete."""
    open_ = BATCH_STEP.c.complete.is_not(True)
    statement = select(func.count()).select_from(BATCH_STEP).where(*_beside(connection, marker), open_)
    return connection.execute(statement).scalar_one() == 0


def outcomes(store: Store, batch_id: int, keys: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """What came of steps that are done, by key."""
    table = BATCH_STEP.c
    statement = select(table.key, table.outcome).where(
        table.batch_id == batch_id, table.key.in_(keys), table.done_at.is_not(None)
    )
    with reading(store) as connection:
        return {key: json.loads(outcome) for key, outcome in connection.execute(statement)}


def packed_result(store: Store, batch_id: int, key: str) -> bytes | None:
    """What a step left for others; None where it left nothing or its batch has ended."""
    statement = select(BATCH_STEP.c.packed_result).where(BATCH_STEP.c.batch_id == batch_id, BATCH_STEP.c.key == key)
    with reading(store) as connection:
        return connection.execute(statement).scalar_one_or_none()


def end(store: Store, batch_id: int, now: datetime, words: str | None = None) -> bool:
    """Ends a batch; with `words` before all its steps were done. One that ended stays as it is: then it is false."""
    with writing(store, LOCK) as connection:
        return _end(connection, batch_id, now, words)


def _end(connection: Connection, batch_id: int, now: datetime, words: str | None) -> bool:
    going = (BATCH.c.id == batch_id, BATCH.c.ended_at.is_(None))
    return connection.execute(update(BATCH).where(*going).values(ended_at=now, words=words)).rowcount == 1


def _last_sign(connection: Connection, batch: Batch) -> datetime:
    """When somebody last began or finished something of a batch."""
    table = BATCH_STEP.c
    statement = select(func.max(table.begun_at), func.max(table.done_at)).where(table.batch_id == batch.id)
    signs: list[datetime | None] = [batch.created_at, *connection.execute(statement).one()]
    return max(sign for sign in signs if sign is not None)


def _at(marker: Marker) -> tuple[Any, ...]:
    return BATCH_STEP.c.batch_id == marker.batch_id, BATCH_STEP.c.key == marker.key


def _beside(connection: Connection, marker: Marker) -> tuple[Any, ...]:
    """The steps of the marker's batch, kind and range, its own among them."""
    table = BATCH_STEP.c
    mine = connection.execute(select(table.kind, table.first_day, table.last_day).where(*_at(marker))).one()
    return (
        table.batch_id == marker.batch_id,
        table.kind == mine.kind,
        table.first_day == mine.first_day,
        table.last_day == mine.last_day,
    )


def _batches(connection: Connection, *where: Any) -> list[Batch]:
    return [_batch(row) for row in connection.execute(select(BATCH).where(*where).order_by(BATCH.c.id))]


def _batch(row: Row[Any]) -> Batch:
    request = BatchRequest(
        row.name,
        row.kind,
        row.first_day,
        row.last_day,
        tuple(json.loads(row.accounts)),
        json.loads(row.options),
        row.as_of,
        row.who,
    )
    return Batch(row.id, request, row.created_at, row.ended_at, row.words)


def _steps(connection: Connection, *where: Any) -> list[Step]:
    wanted = select(*(BATCH_STEP.c[column.name] for column in fields(Step)))
    return [Step(*row) for row in connection.execute(wanted.where(*where).order_by(BATCH_STEP.c.place))]
