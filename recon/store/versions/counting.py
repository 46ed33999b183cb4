"""Counts what is stored of a list, to be held against what Omise counts, and says which days cost less as a list."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, exists, func, select

from recon import columns as c
from recon.calendars import joined, outside
from recon.model import Window
from recon.store import bulk, tables
from recon.store.engine import Store, from_micros, reading, to_micros
from recon.store.versions.save import PulledWindow

PAGE = 100  # rows of a list's answer
_LIST_COSTS = 2  # requests at least: the list, and its total once more
_SEARCHED = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)


def last_sweeps(store: Store, account: str, kind: str, stretch: Window, since: datetime | None) -> list[PulledWindow]:
    """The last sweep of each window of a kind that touches a stretch; with `since` of those from that moment on."""
    table = tables.PULL_WINDOW.c
    columns = (table.start_at, table.end_at, table.total, table.stored, table.pulled_at)
    statement = select(*columns).where(
        table.account == account, table.kind == kind, table.start_at < stretch.end, table.end_at > stretch.start
    )
    if since is not None:
        statement = statement.where(table.pulled_at >= since)
    with reading(store) as connection:
        return [
            PulledWindow(kind, Window(start, end), total, stored, pulled_at)
            for start, end, total, stored, pulled_at in connection.execute(statement)
        ]


def count_listed(store: Store, account: str, kind: str, window: Window) -> tuple[int, int]:
    """How many objects a list of a window counts by what is stored, at least and at most.

    Whether a list's ends are in it is not known, nor whether a deleted transfer is, nor when all of what could not be
    read was made.
    """
    span = {"account": account, "start": to_micros(window.start), "end": to_micros(window.end)}
    with reading(store) as connection:
        least, most, within, touching = connection.execute(_listed(kind), span).one()
        return least + within, most + touching


@cache
def _listed(kind: str) -> Select[Any]:
    """What is stored of a list at least and at most, and of what could not be read; made once: that takes longer
    than to ask."""
    account: ColumnElement[str] = bindparam("account")
    start: ColumnElement[int] = bindparam("start")
    end: ColumnElement[int] = bindparam("end")
    table = tables.OBJECTS[kind]
    created = table.c[c.CREATED_AT]
    stored = tables.current(table, account)
    listed = ~table.c[c.DELETED] if kind == c.TRANSFER.name else stored
    aside = tables.KEPT_ASIDE
    unread = tables.current(aside, account) & (aside.c[c.KIND] == kind)
    unread &= ~exists().where(stored, table.c[tables.key_of(table)] == aside.c[c.NAME])
    within = (aside.c[c.CREATED_FROM] > start) & (aside.c[c.CREATED_TO] < end)
    touching = (aside.c[c.CREATED_FROM] <= end) & (aside.c[c.CREATED_TO] >= start)
    return select(
        _counted(table, stored & listed & (created > start) & (created < end)).scalar_subquery(),
        _counted(table, stored & (created >= start) & (created <= end)).scalar_subquery(),
        _counted(aside, unread & within).scalar_subquery(),
        _counted(aside, unread & touching).scalar_subquery(),
    )


def quiet_second(store: Store, account: str, kind: str, moment: datetime) -> datetime | None:
    """The first whole second from a moment on in which nothing that is stored was created; null: none soon is."""
    table = tables.OBJECTS[kind]
    first = moment.replace(microsecond=0) + _SECOND if moment.microsecond else moment
    span = Window(first, first + _SEARCHED)
    statement = select(table.c[c.CREATED_AT]).where(table.c[c.ACCOUNT] == account, tables.created_in(table, span))
    with reading(store) as connection:
        busy = {from_micros(created) for created in connection.execute(statement).scalars()}
    seconds = (first + number * _SECOND for number in range(_SEARCHED // _SECOND))
    return next((second for second in seconds if second not in busy), None)


def crowded_days(
    store: Store, account: str, kind: str, ids: Collection[Any], swept: Sequence[Window], until: datetime
) -> tuple[tuple[Window, ...], set[Any]]:
    """The days (UTC) of a kind, but for what was `swept` of them, whose list takes fewer requests than asking for
    those of `ids` that were made on them; and these ids. A refund's id is the pair (charge id, refund id)."""
    table = tables.OBJECTS[kind]
    key = tables.key_of(table)
    own_ids = {object_id if isinstance(object_id, str) else object_id[-1]: object_id for object_id in ids}
    by_day: dict[datetime, list[Any]] = {}
    crowded: dict[datetime, tuple[Window, ...]] = {}
    with reading(store) as connection:
        statement = (
            f"SELECT {key}, {c.CREATED_AT} FROM {bulk.quoted(connection, table)} WHERE {c.ACCOUNT} = ? "
            f"AND {bulk.in_list(connection, key)} AND {tables.SUPERSEDED_AT} IS NULL"
        )
        for own_id, created in bulk.fetch(connection, statement, (account, list(own_ids))):
            moment = from_micros(created)
            if not any(moment in window for window in swept):
                day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
                by_day.setdefault(day, []).append(own_ids[own_id])
        of_account = tables.current(table, account)
        for day, asked in by_day.items():
            windows = outside([Window(day, min(day + _DAY, until))], swept) if len(asked) > _LIST_COSTS else ()
            listed = (_count(connection, table, of_account & tables.created_in(table, window)) for window in windows)
            if windows and len(asked) > sum(-(-count // PAGE) + _LIST_COSTS - 1 for count in listed):
                crowded[day] = windows
    days = joined(window for windows in crowded.values() for window in windows)
    return days, {object_id for day in crowded for object_id in by_day[day]}


def _count(connection: Connection, table: Table, condition: ColumnElement[bool]) -> int:
    return int(connection.execute(_counted(table, condition)).scalar_one())


def _counted(table: Table, condition: ColumnElement[bool]) -> Select[Any]:
    return select(func.count()).select_from(table).where(condition)
