"""Loads what is known as of a moment into frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    Table,
    Text,
    case,
    cast,
    exists,
    false,
    func,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.sql.elements import ColumnElement

from recon import columns as c
from recon.columnar import pd
from recon.columns import RECEIPTS
from recon.model import Books, ChargeStatus, Window
from recon.store import tables
from recon.store.engine import SQLITE, Store, from_micros, reading, reading_together, to_micros
from recon.store.versions.archive import with_archived
from recon.store.versions.frames import Query, fetch, fetch_all
from recon.store.versions.readings import load_readings

TOGETHER = 2  # connections that read side by side
_NOTHING: Mapping[str, ColumnElement[Any]] = {}
_EASTERNMOST = timezone(timedelta(hours=14))
_LATEST = 100_000  # charges of an account that tell by which methods it is paid


@dataclass(frozen=True)
class MetadataKeys:
    """Which keys of a charge's metadata are read; of each list the first that holds something.

    `orders`: what names the order. `sources`: the further lists by which only some order sources are compared.
    """

    orders: Sequence[str] = ("order_id",)
    sources: Sequence[Sequence[str]] = ()
    customers: Sequence[str] = ()


ORDER_ID_ALONE = MetadataKeys()


def load_books(
    store: Store, as_of: datetime, *, versions_at: datetime | None = None, keys: MetadataKeys = ORDER_ID_ALONE
) -> Books:
    """All accounts' books: what was created up to `as_of` (inclusive), by account, creation and id.

    `versions_at` None: the current versions; a moment: those known then. `order_ref` and `customer` are the first
    non-empty metadata value among their keys, as text; `source_refs` joins those of each further list. All frames
    come of one state of the store.
    """
    wanted = book_queries(store.dialect.name, as_of, versions_at, keys)
    with reading_together(store, TOGETHER) as connections:
        return whole_books(connections, wanted, as_of, None if versions_at is None else to_micros(versions_at))


def pending_charges(store: Store, account: str, as_of: datetime) -> pd.DataFrame:
    """Current versions (CHARGES) of the account's charges that are pending, created up to a moment."""
    query = book_queries(store.dialect.name, as_of, None, ORDER_ID_ALONE)["charges"]
    with reading(store) as connection:
        return fetch(connection, query.where([(query.table.c[c.ACCOUNT] == account) & tables.IS_PENDING]))


def whole_books(
    connections: Sequence[Connection], wanted: Mapping[str, Query], as_of: datetime, versions_at: int | None
) -> Books:
    """Books of all rows of these queries; `versions_at` chooses the readings (microseconds since the epoch)."""
    frames = dict(zip(wanted, fetch_all(connections, list(wanted.values())), strict=True))
    frames = {name: with_archived(connections[0], frame, wanted[name], versions_at) for name, frame in frames.items()}
    readings = load_readings(connections[0], versions_at)
    return Books(as_of=as_of, **frames, readings=readings, outside=outside_of(wanted))  # type: ignore[arg-type]


def outside_of(queries: Mapping[str, Query]) -> Counter[str]:
    """By account how many rows the queries left out, for what stands in them."""
    return Counter(account for query in queries.values() for account, _ in query.outside)


def book_queries(dialect: str, as_of: datetime, versions_at: datetime | None, keys: MetadataKeys) -> dict[str, Query]:
    """What every frame of the books is read by, as `load_books` is asked for it."""
    created = to_micros(as_of)
    known = None if versions_at is None else to_micros(versions_at)
    kinds = tables.OBJECTS
    metadata = tables.OBJECTS["charge"].c[c.METADATA]
    sqlite = dialect == SQLITE
    named = {
        c.ORDER_REF: _first_value(sqlite, metadata, keys.orders).label(c.ORDER_REF),
        c.SOURCE_REFS: _first_values(sqlite, metadata, keys.sources).label(c.SOURCE_REFS),
        c.CUSTOMER: _first_value(sqlite, metadata, keys.customers).label(c.CUSTOMER),
        c.WAS_FAILED: _was_failed().label(c.WAS_FAILED),
    }

    def made(frame: c.Frame, table: Table, extra: Mapping[str, ColumnElement[Any]] = _NOTHING) -> Query:
        picked = [extra[name] if name in extra else table.c[name] for name in frame.names]
        past = (
            table.c[c.CREATED_AT] + literal_column("0") <= created
        )  # no index: SQLite would take that, whatever else
        wanted = tables.known_at(table, known) & past
        keys = (c.ACCOUNT, c.CREATED_AT, tables.key_of(table))
        return Query(frame, table, select(*picked).where(wanted), keys)

    return {
        "charges": made(c.CHARGES, kinds["charge"], named),  # the most work first
        "transactions": made(c.TRANSACTIONS, kinds["transaction"]),
        "orders": made(c.ORDERS, tables.ORDER),
        "refunds": made(c.REFUNDS, kinds["refund"]),
        "transfers": made(c.TRANSFERS, kinds["transfer"]),
        "disputes": made(c.DISPUTES, kinds["dispute"]),
        "receipts": made(RECEIPTS, kinds["receipt"]),
        "rejected": _aside(c.REJECTED, tables.REJECTED, known, (c.SOURCE, c.FILE, c.ROW, c.DIGEST)),
        "unread": _aside(c.UNREAD, tables.UNREAD, known, (c.SOURCE, c.FILE, c.DIGEST)),
        "kept_aside": _kept_aside(known, sqlite, keys),
        "bank_lines": _bank_lines(known, as_of),
    }


def load_matches(store: Store, accounts: Sequence[str]) -> pd.DataFrame:
    """The recorded links (`columns.LINKS`) with an order or a charge in one of the accounts, by charge."""
    with reading(store) as connection:
        return matches(connection, accounts)


def matches(connection: Connection, accounts: Sequence[str]) -> pd.DataFrame:
    """As load_matches, inside a transaction."""
    match = tables.MATCH.c
    touched = match[c.ORDER_ACCOUNT].in_(accounts) | match[c.CHARGE_ACCOUNT].in_(accounts)
    query = links_query()
    return fetch(connection, replace(query, statement=query.statement.where(touched)))


def links_query() -> Query:
    """Every recorded link, by charge."""
    keys = (c.CHARGE_ACCOUNT, c.CHARGE_ID, c.ORDER_ACCOUNT, c.ORDER_ID)
    return Query(c.LINKS, tables.MATCH, _all_of(c.LINKS, tables.MATCH), keys)


def links_of(store: Store, windows: Mapping[str, Window], as_of: datetime) -> list[dict[str, Any]]:
    """The recorded links of orders created in windows of accounts, with both amounts, by our columns; no frame.

    Of current versions that were created up to `as_of` (inclusive); by account, creation, order and charge.
    """
    match = tables.MATCH
    order = tables.ORDER
    charge = tables.OBJECTS["charge"]
    made = order.c[c.CREATED_AT]
    statement = (
        select(
            order.c[c.ACCOUNT],
            order.c[c.ORDER_ID],
            charge.c[c.CHARGE_ID],
            match.c[c.MATCHED_BY],
            order.c[c.AMOUNT].label(c.ORDER_AMOUNT),
            charge.c[c.AMOUNT].label(c.CHARGE_AMOUNT),
            charge.c[c.CURRENCY],
            order.c[c.CURRENCY].label(c.ORDER_CURRENCY),
            made,
        )
        .select_from(match)
        .join(order, (order.c[c.ACCOUNT] == match.c[c.ORDER_ACCOUNT]) & (order.c[c.ORDER_ID] == match.c[c.ORDER_ID]))
        .join(
            charge,
            (charge.c[c.ACCOUNT] == match.c[c.CHARGE_ACCOUNT]) & (charge.c[c.CHARGE_ID] == match.c[c.CHARGE_ID]),
        )
        .where(tables.known_at(order, None), tables.known_at(charge, None))
        .where(made <= to_micros(as_of), charge.c[c.CREATED_AT] <= to_micros(as_of))
    )
    found: list[dict[str, Any]] = []
    with reading(store) as connection:
        for account, window in sorted(windows.items()):
            of_account = statement.where(order.c[c.ACCOUNT] == account, tables.created_in(order, window))
            rows = [dict(row) for row in connection.execute(of_account).mappings()]
            found += sorted(rows, key=itemgetter(c.CREATED_AT, c.ORDER_ID, c.CHARGE_ID))
    return found


def last_complete(store: Store, account: str, kind: str) -> tuple[datetime, datetime] | None:
    """The latest end of the windows whose last pull agreed with Omise's total, and the moment of that pull."""
    table = tables.PULL_WINDOW.c
    statement = (
        select(table.end_at, table.pulled_at)
        .where(table.account == account, table.kind == kind, table.complete)
        .order_by(table.end_at.desc(), table.start_at)
        .limit(1)
    )
    with reading(store) as connection:
        last = connection.execute(statement).first()
    return None if last is None else (last.end_at, last.pulled_at)


def covered(store: Store, account: str, kind: str, by: datetime | None = None) -> tuple[Window, ...]:
    """The creation times whose last pull, at the latest `by`, agreed with Omise's total, as few windows, in order."""
    table = tables.PULL_WINDOW.c
    wanted = (table.account == account) & (table.kind == kind) & table.complete
    if by is not None:
        wanted &= table.pulled_at <= by
    order = (table.start_at, table.end_at)
    reached = func.max(table.end_at).over(order_by=order, rows=(None, -1))
    windows = select(*order, case((table.start_at <= reached, 0), else_=1).label("begins")).where(wanted).subquery().c
    number = func.sum(windows.begins).over(order_by=(windows.start_at, windows.end_at)).label("number")
    numbered = select(windows.start_at, windows.end_at, number).subquery().c
    first = func.min(numbered.start_at)
    statement = select(first, func.max(numbered.end_at)).group_by(numbered.number).order_by(first)
    with reading(store) as connection:
        return tuple(Window(start, end) for start, end in connection.execute(statement))


def accounts_without_country(store: Store) -> set[str]:
    """Accounts whose country Omise does not name, as old test accounts answer."""
    statement = select(tables.ACCOUNT.c.name).where(tables.ACCOUNT.c.country == "")
    with reading(store) as connection:
        return set(connection.execute(statement).scalars())


def latest_words(store: Store, account: str, column: str) -> set[str]:
    """What an account's latest charges say in a column of texts: their methods, their cards' brands."""
    table = tables.OBJECTS["charge"].c
    latest = select(table[column]).where(table[c.ACCOUNT] == account).order_by(table[c.CREATED_AT].desc())
    statement = select(latest.limit(_LATEST).subquery().c[column]).distinct()
    with reading(store) as connection:
        return set(filter(None, connection.execute(statement).scalars()))


_READ_AT = tables.BALANCE.c.read_at
_FIRST_SEEN = (
    *((table.c[c.ACCOUNT], table.c[c.FIRST_SEEN_AT]) for table in (tables.OBJECTS["charge"], tables.ORDER)),
    (tables.BALANCE.c.account, _READ_AT),
)


def is_known(store: Store, account: str, at: datetime) -> bool:
    """Whether anything was known of an account at a moment."""
    with reading(store) as connection:
        return any(
            connection.execute(
                select(1).where(owner == account, seen <= (at if seen is _READ_AT else to_micros(at))).limit(1)
            ).scalar()
            for owner, seen in _FIRST_SEEN
        )


def known_since(store: Store, account: str) -> datetime | None:
    """The first moment at which anything was known of an account; null where nothing is. Looks at all of it."""
    with reading(store) as connection:
        firsts = [
            connection.execute(select(func.min(seen)).where(owner == account)).scalar() for owner, seen in _FIRST_SEEN
        ]
    moments = [first if isinstance(first, datetime) else from_micros(first) for first in firsts if first is not None]
    return min(moments, default=None)


def _bank_lines(versions_at: int | None, as_of: datetime) -> Query:
    """By account, day and id. A day that has begun anywhere on earth counts: the store knows no account's zone."""
    table = tables.BANK_LINE
    begun = as_of.astimezone(_EASTERNMOST).date().isoformat()
    wanted = tables.known_at(table, versions_at) & (table.c[c.BOOKED_ON] <= begun)
    keys = (c.ACCOUNT, c.BOOKED_ON, c.LINE_ID)
    return Query(c.BANK_LINES, table, _all_of(c.BANK_LINES, table).where(wanted), keys)


def _aside(frame: c.Frame, table: Table, versions_at: int | None, keys: tuple[str, ...]) -> Query:
    """What could not be read."""
    return Query(frame, table, _all_of(frame, table).where(tables.known_at(table, versions_at)), keys)


def _kept_aside(versions_at: int | None, sqlite: bool, keys: MetadataKeys) -> Query:
    """Of what is known now also what was released by now."""
    table = tables.KEPT_ASIDE
    extra = {
        c.ORDER_REF: _first_value(sqlite, table.c[c.METADATA], keys.orders),
        c.SOURCE_REFS: _first_values(sqlite, table.c[c.METADATA], keys.sources),
        c.RELEASED_AT: table.c[tables.SUPERSEDED_AT] if versions_at is None else cast(null(), BigInteger),
    }
    picked = [extra[name].label(name) if name in extra else table.c[name] for name in c.KEPT_ASIDE.names]
    wanted = true() if versions_at is None else tables.known_at(table, versions_at)
    order = (c.ACCOUNT, c.KIND, c.NAME, c.CREATED_FROM)
    return Query(c.KEPT_ASIDE, table, select(*picked).where(wanted), order)


def _all_of(frame: c.Frame, table: Table) -> Select[Any]:
    return select(*(table.c[name] for name in frame.names))


def _was_failed() -> ColumnElement[Any]:
    """Of a successful charge: whether an earlier version was failed or expired. Few have an earlier version."""
    now = tables.OBJECTS["charge"]
    then = now.alias("then")
    earlier = exists().where(
        then.c[c.ACCOUNT] == now.c[c.ACCOUNT],
        then.c[c.CHARGE_ID] == now.c[c.CHARGE_ID],
        then.c[c.SEEN_AT] < now.c[c.SEEN_AT],
        then.c[c.STATUS].in_([ChargeStatus.FAILED.value, ChargeStatus.EXPIRED.value]),
    )
    successful = now.c[c.STATUS] == ChargeStatus.SUCCESSFUL.value
    return case((successful & (now.c[c.FIRST_SEEN_AT] < now.c[c.SEEN_AT]), earlier), else_=false())


def _first_value(sqlite: bool, metadata: Any, keys: Sequence[str]) -> ColumnElement[Any]:
    """The first of the keys with a value that is not empty; numbers and lists as their JSON text."""
    value = _sqlite_value if sqlite else _postgresql_value
    values = [func.nullif(value(metadata, key), "") for key in keys]
    return func.coalesce(*values, null()) if values else cast(null(), Text)


def _first_values(sqlite: bool, metadata: Any, lists: Sequence[Sequence[str]]) -> ColumnElement[Any]:
    """The first value of each list of keys, joined; null where none holds anything."""
    values = [_first_value(sqlite, metadata, keys) for keys in lists]
    if len(values) < 2:
        return values[0] if values else cast(null(), Text)
    nothing = c.REFS_SEPARATOR * (len(values) - 1)
    texts = [func.coalesce(value, "", type_=Text()) for value in values]
    joined: ColumnElement[Any] = texts[0]
    for text in texts[1:]:
        joined = joined + c.REFS_SEPARATOR + text
    return func.nullif(joined, nothing)


def _sqlite_value(metadata: Any, key: str) -> ColumnElement[Any]:
    path = f'$."{key}"'
    kind = func.json_type(metadata, path)
    return case((kind == "text", metadata.op("->>")(path)), (kind != "null", metadata.op("->")(path)))


def _postgresql_value(metadata: Any, key: str) -> ColumnElement[Any]:
    # A NUL is legal JSON, but no PostgreSQL text: unguarded, one such charge would end every load.
    return case((func.strpos(metadata, "\\u0000") == 0, cast(metadata, JSON).op("->>")(key)))
