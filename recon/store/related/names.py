"""Reads once which orders the charges of times that no run judged yet may name.

A long backfill would else read the names of all months that are left for each month that it judges.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import BigInteger, ColumnElement, Connection, func, literal_column, or_, select, update

from recon import columns as c
from recon.calendars import joined, outside, within
from recon.model import Window
from recon.store import bulk, tables
from recon.store.engine import SQLITE, Store, from_micros, reading, to_micros, writing
from recon.store.related.range import created, names_query
from recon.store.tables.related import LOOSE, NAMED
from recon.store.versions.frames import fetch
from recon.store.versions.load import book_queries
from recon.store.versions.save import put

MANY = 20_000  # charges: fewer are read each time
_AT_ONCE = 100_000  # charges of one transaction
_SLACK = timedelta(minutes=2)  # from when a version was seen until it was committed
_CHARGE = tables.OBJECTS["charge"]
_MADE = _CHARGE.c[c.CREATED_AT]


@dataclass(frozen=True)
class Reading:
    """How names are read: up to a moment of creation, by which metadata keys, and `names` as `near.Near` has it.

    `rules` says all that decides about the names: what was read by other rules is read again.
    """

    as_of: datetime
    metadata_keys: Sequence[str]
    names: Callable[[pd.DataFrame], pd.DataFrame]
    rules: str


def named_windows(store: Store, rules: str) -> dict[str, list[tuple[Window, datetime]]]:
    """By account the creation times whose names were read by these rules, each with the last moment of what was."""
    found: dict[str, list[tuple[Window, datetime]]] = {}
    statement = select(NAMED).where(NAMED.c.rules == rules).order_by(NAMED.c.account, NAMED.c.start_at)
    with reading(store) as connection:
        for row in connection.execute(statement):
            found.setdefault(row.account, []).append((Window(row.start_at, row.end_at), row.named_at - _SLACK))
    return found


def read_ahead(
    store: Store, windows: Mapping[str, Sequence[Window]], how: Reading, now: datetime, many: int = MANY
) -> int:
    """Reads the names of what was created in windows of accounts and is not read yet; how many charges.

    Where an account has fewer than `many` of them, nothing is done. Each piece is written by itself, so that what is
    stopped goes on where it stopped.
    """
    done = 0
    for account, wanted in windows.items():
        done += _again(store, account, wanted, how, now)
        for window in _pieces(store, account, _left(store, account, wanted, how), many):
            with writing(store, "names") as connection:
                if outside([window], _known(connection, account, how.rules)) == (window,):  # nobody else did
                    done += _read(connection, account, created(_CHARGE, account, window), how)
                    row = {"account": account, "start_at": window.start, "end_at": window.end}
                    put(connection, NAMED, [{**row, "named_at": now, "rules": how.rules}])
    return done


def _again(store: Store, account: str, wanted: Sequence[Window], how: Reading, now: datetime) -> int:
    """Reads what was seen since the windows were read; how many charges."""
    ours = (NAMED.c.account == account) & (NAMED.c.rules == how.rules)
    with writing(store, "names") as connection:
        since = connection.execute(select(func.min(NAMED.c.named_at)).where(ours)).scalar()
        if since is None:
            return 0
        made = _MADE + literal_column("0", BigInteger())  # found by when they were seen: these are few
        inside = within(wanted, _known(connection, account, how.rules))
        either = [(made >= to_micros(one.start)) & (made < to_micros(one.end)) for one in inside]
        fresh = (_CHARGE.c[c.ACCOUNT] == account) & (_CHARGE.c[c.SEEN_AT] > to_micros(since - _SLACK))
        done = _read(connection, account, fresh & or_(*either), how) if either else 0
        connection.execute(update(NAMED).where(ours).values(named_at=now))
        return done


def _left(store: Store, account: str, wanted: Sequence[Window], how: Reading) -> list[Window]:
    """What of the windows is not read yet, up to the newest charge."""
    with reading(store) as connection:
        whose = (_CHARGE.c[c.ACCOUNT] == account) & _MADE.between(0, to_micros(how.as_of))
        newest = connection.execute(select(func.max(_MADE)).where(whose)).scalar()
        if newest is None:
            return []
        until, known = from_micros(newest + 1), _known(connection, account, how.rules)
    cut = [Window(one.start, min(one.end, until)) for one in wanted if one.start < until]
    return list(outside(cut, known))


def _known(connection: Connection, account: str, rules: str) -> list[Window]:
    statement = select(NAMED.c.start_at, NAMED.c.end_at).where(NAMED.c.account == account, NAMED.c.rules == rules)
    return list(joined([Window(*row) for row in connection.execute(statement)]))


def _pieces(store: Store, account: str, windows: Sequence[Window], many: int) -> Iterator[Window]:
    """The windows cut after so many charges each; nothing where there are few charges in all."""
    found: list[Window] = []
    count = 0
    with reading(store) as connection:
        for window in windows:
            start = window.start
            while start < window.end:
                rest = select(_MADE).where(created(_CHARGE, account, Window(start, window.end))).order_by(_MADE)
                later = connection.execute(rest.offset(_AT_ONCE).limit(1)).scalar()
                end = window.end if later is None else max(from_micros(later), start + c.MICROSECOND)
                if count < many:
                    inside = select(_MADE).where(created(_CHARGE, account, Window(start, end))).limit(many)
                    count += len(connection.execute(inside).all())
                found.append(Window(start, end))
                start = end
    return iter(found if count >= many else ())


def _read(connection: Connection, account: str, which: ColumnElement[bool], how: Reading) -> int:
    query = book_queries(connection.dialect.name, how.as_of, None, how.metadata_keys, ())["charges"]
    rows = fetch(connection, names_query(query, which))
    named = how.names(rows)
    ids = rows[c.CHARGE_ID].iloc[named[c.ROW].to_numpy()].tolist()
    _insert(connection, list(dict.fromkeys(zip([account] * len(ids), ids, named[c.ORDER_REF], strict=True))))
    return len(rows)


def _insert(connection: Connection, rows: list[tuple[str, str, str]]) -> None:
    name = LOOSE.name
    if connection.dialect.name == SQLITE:
        bulk.execute_many(connection, f"INSERT INTO {name} VALUES (?, ?, ?) ON CONFLICT DO NOTHING", rows)
        return
    connection.exec_driver_sql(f"CREATE TEMP TABLE fresh_name (LIKE {name}) ON COMMIT DROP")
    fresh = LOOSE.to_metadata(LOOSE.metadata.__class__(), name="fresh_name")
    bulk.insert_rows(connection, fresh, rows)
    connection.exec_driver_sql(f"INSERT INTO {name} SELECT * FROM fresh_name ON CONFLICT DO NOTHING")
