"""What is kept of customers: under which key their hashes stand, and of whom none is kept any more.

What was forgotten stays so: what comes again of an object or order that was forgotten, or that is older than what is
kept, is stored without its hashes, and so is as it is known.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from recon import columns as c
from recon.columnar import pd
from recon.model import Malformed, ObjectRow, Window
from recon.privacy import HashKey
from recon.store import bulk, tables
from recon.store.engine import SQLITE, Refused, Store, from_micros, to_micros
from recon.store.tables.customers import FORGOTTEN, HASH_KEY, RETENTION

_OPTION = "recon_customers"


class HashKeyMissing(Refused):
    """The key that the store's customers are hashed with is not at hand; nothing was written."""


@dataclass(frozen=True)
class Customers:
    """How this process hashes customers, and how it takes the hashes out of an object of a kind, or out of a
    description and metadata (JSON)."""

    key: HashKey | None
    without: Callable[[str, ObjectRow], ObjectRow]
    texts_without: Callable[[str | None, str | None], tuple[str | None, str | None]]


def keep_customers(store: Store, customers: Customers) -> None:
    """Whatever is saved from now on is hashed with this key, or refused."""
    store.update_execution_options(**{_OPTION: customers})


def key_in_force(connection: Connection) -> str | None:
    """The name of today's key of the store; null: nothing was hashed yet."""
    latest = select(HASH_KEY.c.name).order_by(HASH_KEY.c.id.desc()).limit(1)
    return connection.execute(latest).scalar_one_or_none()


def begin_key(connection: Connection, name: str, at: datetime) -> None:
    """From now on customers are hashed with another key."""
    connection.execute(insert(HASH_KEY), {"name": name, "begun_at": at})


def lacking_key(connection: Connection, key: HashKey | None) -> str:
    """Why nothing may be hashed by this key, in words; "" where it may."""
    name = key_in_force(connection)
    if name is None or (key is not None and key.ids[-1] == name):
        return ""
    begin = "begin another one with recon keys rotate hash"
    if key is None:
        given = "[privacy] hash_key is not set"
        return f"customers are hashed with key {name}, and {given}: bring that key back, or {begin} --lost"
    words = f"customers are hashed with key {name}, and the first of [privacy] hash_key is {key.ids[-1]}"
    return f"{words}: {begin}" if name in key.ids else f"{words}: bring that key back, or {begin} --lost"


def kept_objects(connection: Connection, account: str, kind: str, rows: Sequence[ObjectRow]) -> Sequence[ObjectRow]:
    """Objects as they may be saved; raises HashKeyMissing where another key goes on."""
    customers = _customers(connection)
    if customers is None:
        return rows
    made = c.KINDS[kind].names.index(c.CREATED_AT)
    gone = _gone(connection, account, kind, {row.id: int(row.values[made] or 0) for row in rows})
    return [customers.without(kind, row) if row.id in gone else row for row in rows]


def kept_malformed(
    connection: Connection, account: str, malformed: Sequence[Malformed], unknown: Window
) -> Sequence[Malformed]:
    """As `kept_objects`, of one kind; `unknown` is when those may have been made of which nothing says it."""
    customers = _customers(connection)
    if customers is None:
        return malformed
    made = {item.name: to_micros((item.traces.created or (unknown.start, unknown.end))[1]) for item in malformed}
    gone = _gone(connection, account, malformed[0].kind, made)
    kept = []
    for item in malformed:
        traces = item.traces
        if item.name in gone:
            description, metadata = customers.texts_without(traces.description, traces.metadata)
            traces = replace(traces, description=description, metadata=metadata)
        kept.append(replace(item, traces=traces))
    return kept


def kept_orders(connection: Connection, orders: pd.DataFrame) -> pd.DataFrame:
    """Orders (`c.ORDER`) as they may be saved; raises HashKeyMissing where another key goes on."""
    if _customers(connection) is None or orders[c.CUSTOMER].isna().all():
        return orders
    is_forgotten = pd.Series(False, index=orders.index)
    if (before := _before(connection)) is not None:
        is_forgotten |= orders[c.CREATED_AT] < pd.Timestamp(from_micros(before))
    for account, rows in orders.groupby(c.ACCOUNT):
        ids = forgotten(connection, str(account), tables.ORDER.name, rows[c.ORDER_ID].tolist())
        is_forgotten[rows.index] |= rows[c.ORDER_ID].isin(ids)
    if not is_forgotten.any():
        return orders
    return orders.assign(**{c.CUSTOMER: orders[c.CUSTOMER].mask(is_forgotten)}).astype(orders.dtypes.to_dict())


def _gone(connection: Connection, account: str, kind: str, made: Mapping[str, int]) -> set[str]:
    """Of some ids, with when each was made, those of which no hash is kept."""
    before = _before(connection) or 0
    return forgotten(connection, account, kind, made) | {name for name, at in made.items() if at < before}


def forgotten(connection: Connection, account: str, kind: str, ids: Collection[str]) -> set[str]:
    """Of some ids those whose customers were erased."""
    table = FORGOTTEN.c
    if connection.execute(select(table.object_id).limit(1)).first() is None:
        return set()
    found: set[str] = set()
    for among in bulk.among(connection, table.object_id, ids):
        of_kind = select(table.object_id).where(table.account == account, table.kind == kind, among)
        found.update(connection.execute(of_kind).scalars())
    return found


def forget(connection: Connection, ids: Mapping[tuple[str, str], Collection[str]], at: datetime) -> None:
    """No hash of these is stored again; ids by account and kind (a table's name)."""
    rows = [
        {"account": account, "kind": kind, "object_id": object_id, "at": at}
        for (account, kind), object_ids in ids.items()
        for object_id in sorted(set(object_ids) - forgotten(connection, account, kind, object_ids))
    ]
    if rows:
        connection.execute(insert(FORGOTTEN), rows)


def keep_from(connection: Connection, before: datetime, at: datetime) -> None:
    """Of what was created before a moment no hash is stored again."""
    latest = _before(connection)
    if latest is None or latest < to_micros(before):
        connection.execute(insert(RETENTION), {"before_at": before, "at": at})


def _before(connection: Connection) -> int | None:
    """Before when no hashes are kept (microseconds since the epoch)."""
    before: datetime | None = connection.execute(select(func.max(RETENTION.c.before_at))).scalar()
    return None if before is None else to_micros(before)


def _customers(connection: Connection) -> Customers | None:
    customers: Customers | None = connection.get_execution_options().get(_OPTION)
    if customers is None:
        return None
    if connection.dialect.name != SQLITE:  # what is being rotated or erased is waited for, and then known
        connection.exec_driver_sql(f"LOCK TABLE {bulk.quoted(connection, HASH_KEY)} IN SHARE MODE")
    if words := lacking_key(connection, customers.key):
        raise HashKeyMissing(words)
    return customers
