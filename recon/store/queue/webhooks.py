"""Webhooks on their way: kept once each, read in turn, and held against the events that Omise lists."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from recon import columns as c
from recon.model import Webhook
from recon.store import bulk, tables
from recon.store.engine import SQLITE, Store, reading, to_micros, writing
from recon.store.tables.webhooks import WEBHOOK

KEPT = timedelta(days=14)  # what was read is forgotten after that; a signature holds for minutes
SLOW = timedelta(minutes=15)  # an event that no webhook brought until then is missed
LOOKED_AT = timedelta(days=7)  # of events, for the health of deliveries
_EVENT = tables.OBJECTS["event"]
_CHARGE = tables.OBJECTS["charge"]
_REFUND = tables.OBJECTS["refund"]
_DISPUTE = tables.OBJECTS["dispute"]
_TRANSACTION = tables.OBJECTS["transaction"]


@dataclass(frozen=True, slots=True)
class Received:
    """A webhook of an account as it came."""

    account: str
    webhook: Webhook
    at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event to be read, or one that was, whose case is judged again; with the charge that its webhook named."""

    event_id: str
    charge_id: str | None
    is_read: bool
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """Of the events that Omise listed since a moment how many no webhook brought."""

    since: datetime
    events: int
    missed: int


def keep(store: Store, received: Sequence[Received]) -> None:
    """Each event once, whatever comes of it again."""
    rows = [
        {
            "account": item.account,
            "event_id": item.webhook.event_id,
            "charge_id": item.webhook.charge_id,
            "received_at": item.at,
            "is_forged": False,
        }
        for item in received
    ]
    dialect: Any = sqlite if store.dialect.name == SQLITE else postgresql
    with writing(store, "webhook") as connection:
        connection.execute(dialect.insert(WEBHOOK).on_conflict_do_nothing(), rows)


def waiting(store: Store, account: str, now: datetime, limit: int) -> list[Waiting]:
    """The oldest events that are to be read, or whose case is to be judged again."""
    hook = WEBHOOK.c
    due = or_(hook.read_at.is_(None), hook.again_at <= now)
    chosen = select(hook.event_id, hook.charge_id, hook.read_at.is_not(None), hook.received_at)
    with reading(store) as connection:
        of_account = chosen.where(hook.account == account, due)
        rows = connection.execute(of_account.order_by(hook.received_at, hook.event_id).limit(limit))
        return [Waiting(*row) for row in rows]


def finish(
    store: Store, account: str, read: Collection[str], forged: Collection[str], now: datetime, again: datetime | None
) -> None:
    """These events were read and judged, and are judged `again`; Omise knows no such event as the forged ones.

    Old ones are forgotten.
    """
    hook = WEBHOOK.c
    with writing(store, "webhook") as connection:
        for ids, values in (
            (read, {"read_at": now, "again_at": again}),
            (forged, {"read_at": now, "is_forged": True}),
        ):
            for condition in bulk.among(connection, hook.event_id, ids):
                connection.execute(update(WEBHOOK).where(hook.account == account, condition).values(values))
        connection.execute(delete(WEBHOOK).where(hook.account == account, hook.read_at < now - KEPT))


def objects_of(store: Store, account: str, event_ids: Collection[str]) -> dict[str, str | None]:
    """The object that each stored event is about, by the event's id."""
    event = _EVENT.c
    with reading(store) as connection:
        return {
            row[0]: row[1]
            for condition in bulk.among(connection, event[c.EVENT_ID], event_ids)
            for row in connection.execute(
                select(event[c.EVENT_ID], event[c.OBJECT_ID]).where(tables.current(_EVENT, account), condition)
            )
        }


def charges_of(store: Store, account: str, ids: Collection[str]) -> dict[str, str]:
    """The charge of each stored refund and dispute among the ids."""
    owners: dict[str, str] = {}
    with reading(store) as connection:
        for table in (_REFUND, _DISPUTE):
            key = table.c[tables.key_of(table)]
            for condition in bulk.among(connection, key, ids):
                own = select(key, table.c[c.CHARGE_ID]).where(tables.current(table, account), condition)
                owners.update((row[0], row[1]) for row in connection.execute(own))
    return owners


def transactions_to_read(store: Store, account: str, ids: Collection[str]) -> list[str]:
    """What is booked of these charges and refunds and is not stored."""
    booked: set[str] = set()
    with reading(store) as connection:
        for table in (_CHARGE, _REFUND):
            named = table.c[c.TRANSACTION_ID]
            is_stored = exists().where(_TRANSACTION.c[c.TRANSACTION_ID] == named)
            for condition in bulk.among(connection, table.c[tables.key_of(table)], ids):
                current = tables.current(table, account)
                rows = connection.execute(select(named).where(current, condition, named.is_not(None), ~is_stored))
                booked.update(rows.scalars())
    return sorted(booked)


def livemodes(store: Store) -> Mapping[str, bool]:
    """Of each account that Omise ever answered for whether its objects are live."""
    with reading(store) as connection:
        return {row.name: row.livemode for row in connection.execute(select(tables.ACCOUNT))}


def delivery(store: Store, account: str, now: datetime) -> Delivery:
    """How many of an account's events no webhook brought: since the first one came, of the last days alone."""
    hook = WEBHOOK.c
    event = _EVENT.c
    with reading(store) as connection:
        first = connection.execute(select(func.min(hook.received_at)).where(hook.account == account)).scalar_one()
        since = max(first, now - LOOKED_AT) if first else now - timedelta(days=1)
        made = event[c.CREATED_AT]
        listed = and_(
            tables.current(_EVENT, account),
            made >= to_micros(since),
            made < to_micros(now - SLOW),
        )
        brought = exists().where(hook.account == account, hook.event_id == event[c.EVENT_ID])
        count = select(func.count()).select_from(_EVENT).where(listed)
        events = connection.execute(count).scalar_one()
        missed = connection.execute(count.where(~brought)).scalar_one()
    return Delivery(since, events, missed)
