"""Says whether a store knows a moment that is later than now, as a run with a wrong clock leaves behind."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, bindparam, func, select

from recon import columns as c
from recon.store import tables
from recon.store.engine import Store, from_micros, reading, to_micros
from recon.store.tables.alerts import ALERT
from recon.store.tables.batches import BATCH
from recon.store.tables.desk import RULING, SIGN_OFF, WORKBOOK
from recon.store.tables.nights import ATTEMPT

NEAR = timedelta(minutes=5)  # hosts' clocks may differ by so much

# What is never later than now in a store whose clocks were right, of the tables that grow by runs and by people's
# work: the rest of what a wrong clock wrote stands beside one of these. The audit log and the breaks' events are
# proved by hashes: they keep what was written.
_MOMENTS: tuple[tuple[str, Column[Any]], ...] = (
    ("a run's as-of", tables.RUN.c.as_of),
    ("a run", tables.RUN.c.recorded_at),
    ("a pull's window", tables.PULL_WINDOW.c.end_at),
    ("a pull", tables.PULL_WINDOW.c.pulled_at),
    ("a balance", tables.BALANCE.c.read_at),
    ("an attempt at a run", ATTEMPT.c.beat_at),
    ("an attempt's as-of", ATTEMPT.c.as_of),
    ("a batch", BATCH.c.created_at),
    ("a batch's as-of", BATCH.c.as_of),
    ("an alert", ALERT.c.at),
    ("a ruling", RULING.c.at),
    ("a sign-off", SIGN_OFF.c.at),
    ("a workbook", WORKBOOK.c.written_at),
)
# What came from outside, where an index finds the latest of an account at once.
_SEEN = (*(tables.OBJECTS[kind] for kind in ("charge", "refund", "transaction", "dispute")), tables.ORDER)
_LATEST = select(*(select(func.max(column)).scalar_subquery() for _, column in _MOMENTS))
_LATEST_SEEN = select(
    *(
        select(table.c[c.SEEN_AT])
        .where(table.c[c.ACCOUNT] == bindparam("account"), table.c[c.SEEN_AT] > bindparam("now"))
        .order_by(table.c[c.SEEN_AT].desc())
        .limit(1)
        .scalar_subquery()
        for table in _SEEN
    )
)


def later_than(store: Store, now: datetime) -> tuple[str, datetime] | None:
    """What the store knows of the latest moment after `now` (a few minutes are none), and that moment; else null."""
    latest: list[tuple[datetime, str]] = []
    with reading(store) as connection:
        moments = connection.execute(_LATEST).one()
        latest += [
            (moment, words) for (words, _), moment in zip(_MOMENTS, moments, strict=True) if moment is not None
        ]
        for account in connection.execute(select(tables.ACCOUNT.c.name)).scalars().all():
            seen = connection.execute(_LATEST_SEEN, {"account": account, "now": to_micros(now)}).one()
            latest += [
                (from_micros(micros), f"a version of {table.name}s")
                for table, micros in zip(_SEEN, seen, strict=True)
                if micros is not None
            ]
    moment, words = max(latest, default=(now, ""))
    return (words, moment) if moment > now + NEAR else None


def later_words(store: Store, now: datetime) -> str:
    """The same for people, with what to do; nothing where all is well."""
    later = later_than(store, now)
    if later is None:
        return ""
    words, moment = later
    return (
        f"the store knows a later moment than now: {words} at {moment:%Y-%m-%d %H:%M} UTC. A wrong clock wrote it, "
        "and what was judged since may be wrong; look at this machine's clock, then: recon db repair --clock"
    )
