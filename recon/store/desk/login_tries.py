"""Keeps failed log-ins of late by keys that say whose and from where; knows no limit but those it is handed."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update

from recon.store.tables.people import LOGIN_TRY

WITHIN = timedelta(minutes=15)  # from the first try on; then it is forgotten
_TRY = LOGIN_TRY.c


def count(connection: Connection, limits: Mapping[str, int], now: datetime) -> dict[str, datetime]:
    """One more try of each key; those that had as many as they may before, with the moment when they may again.

    Where any has none left, nothing is counted.
    """
    connection.execute(delete(LOGIN_TRY).where(or_(_TRY.since <= now - WITHIN, _TRY.since > now)))
    rows: dict[str, Any] = {
        row.key: row for row in connection.execute(select(LOGIN_TRY).where(_TRY.key.in_(list(limits))))
    }
    full = {key: row.since + WITHIN for key, row in rows.items() if row.tries >= limits[key]}
    if not full:
        connection.execute(update(LOGIN_TRY).where(_TRY.key.in_(list(rows))).values(tries=_TRY.tries + 1))
        new = [{"key": key, "tries": 1, "since": now} for key in limits if key not in rows]
        if new:
            connection.execute(insert(LOGIN_TRY), new)
    return full


def forgive(connection: Connection, key: str, also: Iterable[str]) -> None:
    """A success: the tries of its key are forgotten, and it is none of the other keys' tries."""
    connection.execute(delete(LOGIN_TRY).where(_TRY.key == key))
    connection.execute(update(LOGIN_TRY).where(_TRY.key.in_(list(also))).values(tries=_TRY.tries - 1))
