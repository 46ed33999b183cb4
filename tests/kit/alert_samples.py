"""Breaks and their events as a run leaves them, and the state that alerts are decided on; for the tests."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from recon.model import Break, BreakEvent, BreakStatus, KnownBreak, Severity
from recon.store.engine import Store
from recon.store.runs.alerts import AlertState, BreakStep
from recon.store.runs.record import RunAccount, RunRecord
from tests.kit.recorded_runs import put_run
from tests.kit.store_samples import HOUR, NOON

DAY = date(2026, 2, 28)
RUN = RunRecord(
    started_at=NOON,
    recorded_at=NOON,
    as_of=NOON,
    who="mali",
    command="run",
    options={},
    software="0.1.0",
    config_digest="c0",
    status="complete",
    timings={"pull": 1.5},
)


def known(subject: str = "A-1", **fields: Any) -> KnownBreak:
    """A break of high severity of account "th" over THB 100.00, open since noon, unless told otherwise."""
    life = {name: fields.pop(name) for name in ("status",) if name in fields}
    plain = {
        "code": "charge_missing",
        "severity": Severity.HIGH,
        "account": "th",
        "subject_type": "order",
        "subject_id": subject,
        "explanation": f"Order {subject} has no charge.",
        "suggestion": "ask",
        "currency": "THB",
        "amount_at_risk": 100_00,
        "order_id": subject,
    }
    return KnownBreak(
        Break(**{**plain, **fields}), **{"status": BreakStatus.OPEN, **life}, first_seen=NOON, last_seen=NOON
    )


def step(one: KnownBreak, what: str = "opened", seq: int = 1, detail: str = "") -> BreakStep:
    """An event that nobody has looked at."""
    return BreakStep(seq, what, detail, one)


def state(*steps: BreakStep, **fields: Any) -> AlertState:
    """What a decision rests on: nothing was told before, unless told otherwise."""
    empty: dict[str, Any] = {"last_claims": {}, "waiting": (), "earlier": {}, "open": {}}
    return AlertState(steps, **{**empty, **fields})


def ran(
    store: Store,
    *changes: tuple[KnownBreak, str, str],
    accounts: tuple[str, ...] = ("th",),
    day: date = DAY,
    at: datetime = NOON,
    complete: bool = True,
) -> int:
    """A recorded run over one day with breaks and what happened to each (what, detail)."""
    events = [BreakEvent(one.latest.id, what, at, "run", detail) for one, what, detail in changes]
    run = replace(RUN, started_at=at, recorded_at=at, as_of=at, status="complete" if complete else "incomplete")
    parts = [RunAccount(name, day, day, {}, "r0") for name in accounts]
    lives = {one.latest.id: one for one, _, _ in changes}
    return put_run(store, run, parts, lives.values(), events)


LATER = NOON + HOUR
