"""Saves what Omise and the shop said, in versions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Table, delete, select

from recon import columns as c
from recon.columnar import pa, pc, pd
from recon.model import Balance, ObjectRow, Window
from recon.store import bulk, tables
from recon.store.engine import SQLITE, Store, reading, to_micros, writing
from recon.store.related import charge_names, ledger_days, order_references
from recon.store.tables.related import NAMES_LOOKED_AT
from recon.store.versions import kept_aside, packing
from recon.store.versions.customers import kept_objects, kept_orders

PULL_LOCK = "pull_window"
DIGEST_BYTES = 16  # of a digest; what follows it in an object's row is its mark

_NEVER = (None,) * 5  # the last version of what was never stored
_CHUNK = 20_000  # orders or bank lines compared at once
_UNHASHED = frozenset({c.ACCOUNT, c.ORDER_ID, c.LINE_ID, c.FILE, c.FILE_HASH, c.ROW})


class AccountChanged(ValueError):
    """The store holds another Omise account, or the other livemode, under this name."""


@dataclass(frozen=True, slots=True)
class Saved:
    """How many ids of a batch were new, changed, and as they were known."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: Saved) -> Saved:
        return Saved(self.new + other.new, self.changed + other.changed, self.unchanged + other.unchanged)


@dataclass(frozen=True, slots=True)
class PulledWindow:
    """One pull of a window: Omise's `total` of a kind against the rows stored."""

    kind: str
    window: Window
    total: int
    stored: int
    pulled_at: datetime


def save_objects(
    store: Store,
    account: str,
    kind: str,
    rows: Sequence[ObjectRow],
    seen_at: datetime,
    marks: Mapping[str, bytes] | None = None,
) -> Saved:
    """Objects of one kind in one transaction: a changed one becomes a new version, an unchanged one no write.

    `seen_at` is when Omise answered; a version is always later than the one before it, if need be by 1 µs. The
    same id twice: the last one. The raw object is packed (`packing`); `marks`, by id, are kept with the digest for
    `known_as`. Raises AccountChanged for an object of the other livemode.
    """
    table = tables.OBJECTS[kind]
    marked = marks or {}

    def version(key: str, seen: int, first: int) -> tuple[Any, ...]:
        row = by_id[key]
        digest = row.digest + marked.get(key, b"")
        return (account, *row.values, seen, first, None, digest, packing.pack(kind, row.raw))

    with writing(store, f"{kind} {account}") as connection:
        _check_livemode(connection, account, kind, rows)
        by_id = {row.id: row for row in kept_objects(connection, account, kind, rows)}
        digests = {key: row.digest for key, row in by_id.items()}
        saved = _save_versions(connection, table, account, digests, to_micros(seen_at), version, marked)
        kept_aside.release_read(connection, account, kind, by_id, to_micros(seen_at))
        if kind == "charge" and saved.new + saved.changed:
            charge_names.mark_stale(connection, account, to_micros(seen_at))
        if kind == "transaction" and saved.new + saved.changed:
            ledger_days.forget(connection, account, list(by_id))
    return saved


def known_as(store: Store, account: str, kind: str, marks: Mapping[str, bytes]) -> frozenset[str]:
    """The ids among `marks` whose current version was stored with that very mark."""
    with reading(store) as connection:
        current = _current(connection, tables.OBJECTS[kind], account, list(marks))
    return frozenset(key for key, row in current.items() if row[1][DIGEST_BYTES:].endswith(marks[key]))


def save_gone(store: Store, account: str, kind: str, ids: Sequence[str], seen_at: datetime) -> int:
    """Objects that Omise does not know any more: their versions are kept and none is current; how many there were.

    One that comes back begins anew.
    """
    table = tables.OBJECTS[kind]
    with writing(store, f"{kind} {account}") as connection:
        current = _current(connection, table, account, list(ids))
        closed = [(max(to_micros(seen_at), row[2] + 1), account, key) for key, row in current.items()]
        bulk.execute_many(connection, f"UPDATE {_at_key(connection, table)}", closed)
        if closed:
            connection.execute(delete(NAMES_LOOKED_AT))  # any account's rows may name them
        if kind == "transaction" and closed:
            ledger_days.forget(connection, account, list(current))
        kept_aside.release_read(connection, account, kind, ids, to_micros(seen_at))
    return len(closed)


def save_orders(store: Store, orders: pd.DataFrame, rejected: pd.DataFrame, seen_at: datetime) -> Saved:
    """Orders (`c.ORDER`) and unread rows (`c.REJECTED`) of whole sources, in one transaction.

    An order whose file, hash and row alone differ is unchanged. The same order twice: the last one. An order that
    is absent stays; an unread row that its source no longer holds is closed: hand over a source's files together.
    """
    c.ORDER.check(orders)
    c.REJECTED.check(rejected)
    assert orders[c.ACCOUNT].notna().all(), "an order without an account is a rejected row"
    seen = to_micros(seen_at)
    with writing(store, "order") as connection:
        orders = kept_orders(connection, orders)
        saved = _save_frame(connection, tables.ORDER, c.ORDER, orders, seen)
        sources = {*orders[c.SOURCE].unique(), *rejected[c.SOURCE].unique()}
        _save_aside(connection, tables.REJECTED, c.REJECTED, sorted(sources), rejected, seen)
    return saved


def save_bank_lines(
    store: Store,
    source: str,
    lines: pd.DataFrame,
    rejected: pd.DataFrame,
    seen_at: datetime,
    unread: pd.DataFrame | None = None,
) -> Saved:
    """A whole bank source in one transaction: lines (`c.BANK_LINE`), unread rows (`c.REJECTED`), what they may hold.

    `source` is what the unread rows name; `unread` is shaped `c.UNREAD`, null: nothing. A line that is absent stays;
    an unread row that is absent is closed.
    """
    c.BANK_LINE.check(lines)
    c.REJECTED.check(rejected)
    unread = c.UNREAD.empty() if unread is None else c.UNREAD.check(unread)
    seen = to_micros(seen_at)
    with writing(store, "bank_line") as connection:
        saved = _save_frame(connection, tables.BANK_LINE, c.BANK_LINE, lines, seen)
        _save_aside(connection, tables.REJECTED, c.REJECTED, [source], rejected, seen)
        _save_aside(connection, tables.UNREAD, c.UNREAD, [source], unread, seen)
    return saved


def bind_account(
    store: Store, name: str, omise_id: str, country: str, currency: str, livemode: bool, seen_at: datetime
) -> None:
    """Ties a configured name to one Omise account for good; raises AccountChanged where it is tied to another.

    `country` is empty where Omise does not name it.
    """
    values = {"name": name, "omise_id": omise_id, "country": country, "currency": currency, "livemode": livemode}
    table = tables.ACCOUNT
    with writing(store, "account") as connection:
        bound = connection.execute(select(table).where(table.c.name == name)).one_or_none()
        if bound is None:
            connection.execute(table.insert(), {**values, "first_seen_at": seen_at})
        elif bound.omise_id != omise_id:
            raise AccountChanged(
                f'account "{name}" is {bound.omise_id} in this store, but the key belongs to {omise_id}: '
                "use the right key, another account name, or another store"
            )
        elif bound.livemode != livemode:
            raise AccountChanged(_mixed(name, bound.livemode))
        elif country and not bound.country:
            connection.execute(table.update().where(table.c.name == name).values(country=country))


def save_balance(store: Store, account: str, balance: Balance, read_at: datetime) -> None:
    """One reading of an account's balance; minor units of its currency."""
    row = {
        "account": account,
        "read_at": read_at,
        "currency": balance.currency,
        "total": balance.total,
        "transferable": balance.transferable,
        "reserve": balance.reserve,
        "on_hold": balance.on_hold,
    }
    with writing(store, "balance") as connection:
        bulk.upsert(connection, tables.BALANCE, [row])


def save_windows(store: Store, account: str, windows: Iterable[PulledWindow]) -> None:
    """The last pull of an account's windows, each complete where total and rows agree."""
    with writing(store, PULL_LOCK) as connection:
        write_windows(connection, account, windows)


def write_windows(connection: Connection, account: str, windows: Iterable[PulledWindow]) -> None:
    """As save_windows, inside a transaction that holds `PULL_LOCK`."""
    rows = [
        {
            "account": account,
            "kind": pulled.kind,
            "start_at": pulled.window.start,
            "end_at": pulled.window.end,
            "total": pulled.total,
            "stored": pulled.stored,
            "pulled_at": pulled.pulled_at,
            "complete": pulled.total == pulled.stored,
        }
        for pulled in windows
    ]
    bulk.upsert(connection, tables.PULL_WINDOW, rows)


def _save_versions(
    connection: Connection,
    table: Table,
    account: str,
    digests: Mapping[str, bytes],
    seen: int,
    version: Callable[[str, int, int], tuple[Any, ...]],
    marks: Mapping[str, bytes] = MappingProxyType({}),
) -> Saved:
    """`marks` of what came as it is known, by other bytes or under another key, take the place of the stored ones."""
    last_versions = _last(connection, table, account, list(digests))
    fresh: list[tuple[Any, ...]] = []
    closed: list[tuple[Any, ...]] = []
    marked: list[tuple[Any, ...]] = []
    for key, digest in digests.items():
        _, old, seen_before, first, ended = last_versions.get(key, _NEVER)
        if old is None or ended is not None:  # one that was gone begins anew, after its end
            moment = max(seen, ended or seen)
            fresh.append(version(key, moment, moment))
        elif not old.startswith(digest):
            moment = max(seen, seen_before + 1)
            closed.append((moment, account, key))
            fresh.append(version(key, moment, first))
        elif key in marks and old[len(digest) :] != marks[key]:
            marked.append((digest + marks[key], account, key))
    bulk.execute_many(connection, f"UPDATE {_at_key(connection, table)}", closed)
    bulk.execute_many(connection, f"UPDATE {_at_key(connection, table, c.DIGEST)}", marked)
    bulk.insert_rows(connection, table, fresh)
    return Saved(len(fresh) - len(closed), len(closed), len(digests) - len(fresh))


def _at_key(connection: Connection, table: Table, column: str = tables.SUPERSEDED_AT) -> str:
    key = tables.key_of(table)
    return (
        f"{bulk.quoted(connection, table)} SET {column} = ? "
        f"WHERE {c.ACCOUNT} = ? AND {key} = ? AND {tables.SUPERSEDED_AT} IS NULL"
    )


def _last(connection: Connection, table: Table, account: str, keys: list[str]) -> dict[str, Any]:
    """Id, digest, seen_at, first_seen_at and superseded_at of the last versions, by id."""
    key = tables.key_of(table)
    seen = c.SEEN_AT
    of_account = (
        f"SELECT {key}, {c.DIGEST}, {seen}, {c.FIRST_SEEN_AT}, {tables.SUPERSEDED_AT} "
        f"FROM {bulk.quoted(connection, table)} WHERE {c.ACCOUNT} = ?"
    )
    if connection.dialect.name == SQLITE:  # told the order, it would read all of the account in that order
        rows = bulk.fetch(connection, f"{of_account} AND {bulk.in_list(connection, key)}", (account, keys))
        return {row[0]: row for row in sorted(rows, key=itemgetter(2))}
    # One id at a time: without statistics, as in a store's first hour, PostgreSQL would read all of the account.
    last = f"{of_account} AND {key} = asked ORDER BY {seen} DESC LIMIT 1"
    each = f"SELECT last.* FROM unnest(?::text[]) AS asked CROSS JOIN LATERAL ({last}) AS last"
    return {row[0]: row for row in bulk.fetch(connection, each, (keys, account))}


def _current(connection: Connection, table: Table, account: str, keys: list[str]) -> dict[str, Any]:
    """As `_last`, of what is not gone."""
    return {key: row for key, row in _last(connection, table, account, keys).items() if row[-1] is None}


def _check_livemode(connection: Connection, account: str, kind: str, rows: Sequence[ObjectRow]) -> None:
    bound = bulk.fetch(connection, f"SELECT livemode FROM {tables.ACCOUNT.name} WHERE name = ?", (account,))
    place = c.KINDS[kind].names.index(c.LIVEMODE)
    for (livemode,) in bound:
        if any(row.values[place] != livemode for row in rows):
            raise AccountChanged(_mixed(account, livemode))


def _mixed(account: str, livemode: bool) -> str:
    mode, other = ("live", "test") if livemode else ("test", "live")
    return f'account "{account}" is {mode} in this store: {other} objects need another account name or another store'


def _save_frame(connection: Connection, table: Table, shape: c.Frame, frame: pd.DataFrame, seen: int) -> Saved:
    """Versions of the rows of a frame; the same id of an account twice: the last row."""
    saved = Saved()
    for account, rows in frame.groupby(c.ACCOUNT, sort=True):
        unique = rows.drop_duplicates(tables.key_of(table), keep="last")
        for start in range(0, len(unique), _CHUNK):
            saved += _save_chunk(connection, table, shape, str(account), unique.iloc[start : start + _CHUNK], seen)
    return saved


def _save_chunk(
    connection: Connection, table: Table, shape: c.Frame, account: str, rows: pd.DataFrame, seen: int
) -> Saved:
    lists = bulk.to_lists(rows, shape)
    ids = lists[shape.names.index(tables.key_of(table))]
    place = dict(zip(ids, range(len(ids)), strict=True))
    digests = dict(zip(ids, digests_of(rows, shape), strict=True))

    def version(key: str, moment: int, first: int) -> tuple[Any, ...]:
        fresh.append(place[key])
        return (*(values[place[key]] for values in lists), moment, first, None, digests[key])

    fresh: list[int] = []
    saved = _save_versions(connection, table, account, digests, seen, version)
    if table is tables.ORDER:
        order_references.keep(connection, rows.iloc[fresh])
    return saved


def digests_of(rows: pd.DataFrame, shape: c.Frame) -> Iterator[bytes]:
    """One digest per row over what the shop or the bank says, in whole columns: file and row are not hashed."""
    texts = [
        pc.fill_null(pc.cast(bulk.to_arrow(rows[c.name], c.dtype), pa.large_string()), "\x1e")
        for c in shape.columns
        if c.name not in _UNHASHED
    ]
    joined = pc.binary_join_element_wise(*texts, pa.scalar("\x1f", pa.large_string()))
    return (blake2b(text.encode(), digest_size=16).digest() for text in joined.to_pylist())


def _save_aside(
    connection: Connection, table: Table, shape: c.Frame, sources: Sequence[str], aside: pd.DataFrame, seen: int
) -> None:
    """All that sources keep aside now, by its digest; what they held before and no longer hold is closed."""
    distinct = aside.drop_duplicates([c.SOURCE, c.DIGEST], keep="first")
    rows = list(zip(*bulk.to_lists(distinct, shape), strict=True))
    source, digest = (shape.names.index(name) for name in (c.SOURCE, c.DIGEST))
    by_key = {(row[source], row[digest]): row for row in rows}
    last = {
        (row[0], row[1]): (row[2], row[3])
        for row in bulk.fetch(
            connection,
            f"SELECT {c.SOURCE}, {c.DIGEST}, {c.SEEN_AT}, {tables.SUPERSEDED_AT} FROM {table.name} "
            f"WHERE {bulk.in_list(connection, c.SOURCE)} ORDER BY {c.SEEN_AT}",
            (list(sources),),
        )
    }
    current = {key for key, (_, superseded) in last.items() if superseded is None}
    closed = [(max(seen, last[key][0] + 1), *key) for key in current - by_key.keys()]
    bulk.execute_many(
        connection,
        f"UPDATE {table.name} SET {tables.SUPERSEDED_AT} = ? "
        f"WHERE {c.SOURCE} = ? AND {c.DIGEST} = ? AND {tables.SUPERSEDED_AT} IS NULL",
        closed,
    )
    # A row that comes back is there again from when it was closed, at the earliest.
    moments = {key: max(seen, last[key][1] if key in last else seen) for key in by_key.keys() - current}
    bulk.insert_rows(connection, table, [(*by_key[key], moment, None) for key, moment in moments.items()])
