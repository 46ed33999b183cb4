"""Keeps what people were told: claims each transition once, queues each message for each channel; tells nobody.

What to tell is decided by a callable that is handed in, inside the transaction that claims it: two processes that see
the same break tell it once.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, exists, func, insert, select, update

from recon.model import CLOSED, BreakStatus, KnownBreak, Severity
from recon.store.engine import Store, reading, writing
from recon.store.runs.break_rows import break_of
from recon.store.tables import BREAK, BREAK_EVENT, IS_OPEN, RUN, RUN_ACCOUNT
from recon.store.tables.alerts import ALERT, ALERT_CLAIM, ALERT_DELIVERY
from recon.store.tables.nights import ATTEMPT

PENDING = "pending"
SENT = "sent"
FAILED = "failed"
BREAK_KIND = "break"
WATCH_FAILED = "watch_failed"
Days = tuple[str, str, date, date]  # kind, account, first day, last day
# A person has taken an acknowledged break on: it is not told again.
_SILENT = (*CLOSED, BreakStatus.ACKNOWLEDGED)


@dataclass(frozen=True, slots=True)
class BreakStep:
    """One break event that nobody has looked at yet, with its break as it stands."""

    seq: int
    what: str
    detail: str
    known: KnownBreak


@dataclass(frozen=True, slots=True)
class AlertClaim:
    """One transition that is being told; `waits`: the account's all-clear waits until it is gone."""

    key: str
    kind: str
    account: str
    break_id: str | None = None
    severity: int | None = None
    amount_at_risk: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    waits: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    """What one channel is to be sent, from `due` on."""

    channel: str
    title: str
    text: str
    html: str
    due: datetime


@dataclass(frozen=True, slots=True)
class WaitingClaim:
    """A claim that its account's all-clear waits for, and whether what it told of is gone."""

    key: str
    account: str
    is_settled: bool


@dataclass(frozen=True)
class AlertState:
    """What a decision rests on.

    `last_claims` has the severity and amount last told of each break of `steps`; `earlier` has, for the days asked
    about, how often they were told and whether that still waits; `open` counts by account.
    """

    steps: tuple[BreakStep, ...]
    last_claims: Mapping[str, tuple[int, int]]
    waiting: tuple[WaitingClaim, ...]
    earlier: Mapping[Days, tuple[int, bool]]
    open: Mapping[str, int]


@dataclass(frozen=True)
class AlertDecision:
    """What is told; with nothing in it the events are still looked at, and told to nobody."""

    claims: Sequence[AlertClaim] = ()
    messages: Sequence[Message] = ()
    cleared: Sequence[str] = ()


@dataclass(frozen=True)
class Occasion:
    """Why something may be told: when, by which run, and the days that are spoken of; `least` is the lowest severity
    of a break that anybody is told of."""

    at: datetime
    reason: str
    run_id: int | None = None
    days: Collection[Days] = ()
    least: Severity = Severity.LOW


@dataclass(frozen=True, slots=True)
class Due:
    """A message whose turn it is; `tries` counts this one."""

    alert_id: int
    channel: str
    title: str
    text: str
    html: str = field(repr=False)
    tries: int


def claim(store: Store, occasion: Occasion, decide: Callable[[AlertState], AlertDecision]) -> int | None:
    """Claims and queues what `decide` makes of the state, in one transaction; the alert's id, or None for nothing.

    Holds the lock of those who record break events, so that none of an earlier number can come after.
    """
    with writing(store, "record") as connection:
        seen = connection.execute(select(func.coalesce(func.max(ALERT.c.last_seq), 0))).scalar_one()
        last = connection.execute(select(func.coalesce(func.max(BREAK_EVENT.c.seq), 0))).scalar_one()
        decision = decide(_state(connection, occasion, int(seen)))
        if not (decision.claims or decision.messages or decision.cleared or last > seen):
            return None
        row = {"at": occasion.at, "run_id": occasion.run_id, "reason": occasion.reason, "last_seq": last}
        alert_id = int(connection.execute(insert(ALERT).returning(ALERT.c.id), row).scalar_one())
        _queue(connection, alert_id, occasion.at, decision)
    return alert_id


def take_due(store: Store, now: datetime, lease: timedelta) -> list[Due]:
    """The messages whose turn it is, oldest first, each handed to one caller: who does not `finish` it within the
    lease leaves it to the next."""
    table = ALERT_DELIVERY
    due = and_(table.c.status == PENDING, table.c.next_try_at <= now)
    with reading(store) as connection:
        if connection.execute(select(table.c.alert_id).where(due).limit(1)).first() is None:
            return []
    with writing(store, "alerts") as connection:
        statement = select(table).where(due).order_by(table.c.alert_id, table.c.channel)
        rows = connection.execute(statement).all()
        taken = {"tries": table.c.tries + 1, "next_try_at": now + lease}
        connection.execute(update(table).where(due).values(taken))
    return [Due(row.alert_id, row.channel, row.title, row.text, row.html, row.tries + 1) for row in rows]


def finish(store: Store, due: Due, at: datetime, error: str = "", again_at: datetime | None = None) -> None:
    """What became of a message: sent, or not because of `error` and tried again at `again_at`, if at all."""
    table = ALERT_DELIVERY
    values: dict[str, Any] = {"status": SENT, "sent_at": at, "last_error": None}
    if error:
        values = {"status": PENDING if again_at else FAILED, "last_error": error}
        values |= {"next_try_at": again_at} if again_at else {}
    mine = and_(table.c.alert_id == due.alert_id, table.c.channel == due.channel)
    with writing(store, "alerts") as connection:
        connection.execute(update(table).where(mine).values(values))


def deliveries(store: Store) -> dict[tuple[str, str], int]:
    """How many messages stand at each channel and status."""
    table = ALERT_DELIVERY.c
    statement = select(table.channel, table.status, func.count()).group_by(table.channel, table.status)
    with reading(store) as connection:
        return {(channel, status): count for channel, status, count in connection.execute(statement)}


def _state(connection: Connection, occasion: Occasion, seen: int) -> AlertState:
    steps = _steps(connection, occasion.least, seen)
    by_account = select(BREAK.c.account, func.count()).where(IS_OPEN).group_by(BREAK.c.account)
    return AlertState(
        steps=steps,
        last_claims=_last_claims(connection, seen, occasion.least) if steps else {},
        waiting=_waiting(connection),
        earlier=_earlier(connection, occasion.days),
        open={account or "": count for account, count in connection.execute(by_account)},
    )


def _fresh(seen: int, least: Severity) -> Any:
    return and_(BREAK_EVENT.c.seq > seen, BREAK.c.severity >= int(least), BREAK.c.status.not_in(_SILENT))


def _steps(connection: Connection, least: Severity, seen: int) -> tuple[BreakStep, ...]:
    event = BREAK_EVENT.c
    statement = (
        select(event.seq, event.what, event.detail, BREAK)
        .join(BREAK, event.break_id == BREAK.c.id)
        .where(_fresh(seen, least))
        .order_by(event.seq)
    )
    return tuple(BreakStep(row.seq, row.what, row.detail, break_of(row)) for row in connection.execute(statement))


def _last_claims(connection: Connection, seen: int, least: Severity) -> dict[str, tuple[int, int]]:
    """By break, the last claim's severity and amount."""
    table = ALERT_CLAIM.c
    touched = select(BREAK.c.id).join(BREAK_EVENT, BREAK_EVENT.c.break_id == BREAK.c.id).where(_fresh(seen, least))
    statement = (
        select(table.break_id, table.severity, table.amount_at_risk)
        .where(table.break_id.in_(touched))
        .order_by(table.alert_id)
    )
    return {break_id: (severity, amount or 0) for break_id, severity, amount in connection.execute(statement)}


def _waiting(connection: Connection) -> tuple[WaitingClaim, ...]:
    claimed = ALERT_CLAIM.c
    part = RUN_ACCOUNT.c
    ran = (
        select(RUN.c.id)
        .join(RUN_ACCOUNT, part.run_id == RUN.c.id)
        .where(part.account == claimed.account, RUN.c.status == "complete", RUN.c.recorded_at > ALERT.c.at)
        .where(part.first_day <= claimed.first_day, part.last_day >= claimed.last_day)
        .exists()
    )
    attempt = ATTEMPT.c
    looked = exists().where(
        attempt.account == claimed.account, attempt.ending == "complete", attempt.ended_at > ALERT.c.at
    )
    settled: ColumnElement[bool] = case((claimed.kind == WATCH_FAILED, looked), else_=ran)
    statement = (
        select(claimed.key, claimed.account, claimed.kind, BREAK.c.status, settled.label("ran"))
        .select_from(ALERT_CLAIM)
        .join(ALERT, ALERT.c.id == claimed.alert_id)
        .outerjoin(BREAK, BREAK.c.id == claimed.break_id)
        .where(claimed.cleared_at.is_(None))
        .order_by(claimed.alert_id, claimed.key)
    )
    return tuple(_waiting_claim(row) for row in connection.execute(statement))


def _waiting_claim(row: Row[Any]) -> WaitingClaim:
    is_settled = BreakStatus(row.status) in CLOSED if row.kind == BREAK_KIND else bool(row.ran)
    return WaitingClaim(row.key, row.account, is_settled)


def _earlier(connection: Connection, days: Collection[Days]) -> dict[Days, tuple[int, bool]]:
    if not days:
        return {}
    table = ALERT_CLAIM.c
    kinds, accounts, firsts, lasts = (set(values) for values in zip(*days, strict=True))
    statement = (
        select(table.kind, table.account, table.first_day, table.last_day, table.cleared_at)
        .where(table.kind.in_(kinds), table.account.in_(accounts))
        .where(table.first_day >= min(firsts), table.last_day <= max(lasts))
    )
    earlier: dict[Days, tuple[int, bool]] = {}
    for kind, account, first, last, cleared in connection.execute(statement):
        times, waits = earlier.get((kind, account, first, last), (0, False))
        earlier[kind, account, first, last] = (times + 1, waits or cleared is None)
    return earlier


def _queue(connection: Connection, alert_id: int, at: datetime, decision: AlertDecision) -> None:
    if decision.cleared:
        cleared = ALERT_CLAIM.c.key.in_(decision.cleared)
        connection.execute(update(ALERT_CLAIM).where(cleared).values(cleared_at=at))
    if decision.claims:
        names = [column.name for column in fields(AlertClaim) if column.name != "waits"]
        claims = [
            {
                **{name: getattr(claim, name) for name in names},
                "alert_id": alert_id,
                "cleared_at": None if claim.waits else at,
            }
            for claim in decision.claims
        ]
        connection.execute(insert(ALERT_CLAIM), claims)
    if decision.messages:
        waiting = {"alert_id": alert_id, "status": PENDING, "tries": 0}
        rows = [{**asdict(message), **waiting, "next_try_at": message.due} for message in decision.messages]
        for row in rows:
            del row["due"]
        connection.execute(insert(ALERT_DELIVERY), rows)
