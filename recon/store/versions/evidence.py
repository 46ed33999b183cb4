"""What is stored of one object, archived or not, for people to look at."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, func, select, true, tuple_

from recon import columns as c
from recon.store import tables
from recon.store.engine import Store, from_micros, reading
from recon.store.related.charge_names import charges_naming
from recon.store.runs.break_rows import chunks
from recon.store.versions import archive

TABLES = archive.TABLES
_NAMING = 200  # charges that may name an order: the id may be a word of many
_MOMENTS = {
    kind: {column.name for column in frame.columns if column.dtype == c.MOMENT}
    for kind, frame in {**c.KINDS, "order": c.ORDER, "bank_line": c.BANK_LINE}.items()
}
# Not for people: hashes, and what the version itself says.
_HIDDEN = {c.DIGEST, c.SEEN_AT, c.FIRST_SEEN_AT, tables.SUPERSEDED_AT, tables.RAW}
_HIDDEN |= {c.ACCOUNT, c.CUSTOMER, c.FILE_HASH}


@dataclass(frozen=True)
class Version:
    """One version of an object: its fields by their names (money in minor units), and since when it was known."""

    seen_at: datetime
    fields: Mapping[str, Any]

    def changed(self, before: "Version | None") -> list[tuple[str, Any, Any]]:
        """Field, before, now: what is not as it was."""
        if before is None:
            return []
        return [
            (name, before.fields.get(name), value)
            for name, value in self.fields.items()
            if before.fields.get(name) != value
        ]


def versions(
    store: Store,
    kind: str,
    account: str | None,
    object_id: str,
    visible: frozenset[str] | None = None,
    archived: bool = True,
) -> list[Version]:
    """Every version of an object (a key of `TABLES`) that was ever stored, oldest first; none for an unknown one.

    An id that the account does not have is looked for in the others that may be seen (`visible` null: all). With
    `archived` raises ArchiveError where a file of the archive is needed and is not as it was; without, what is there.
    """
    table = TABLES[kind]
    shown = [column.name for column in table.columns if column.name not in _HIDDEN]
    with reading(store) as connection:
        kept = (c.FIRST_SEEN_AT, tables.SUPERSEDED_AT, *shown)
        rows = _stored(connection, table, kept, (account, object_id), visible)
        names = {row[c.ACCOUNT] for row in rows}
        chosen = account if account in names else min(names, default=None)
        mine: Sequence[Mapping[str, Any]] = [row for row in rows if row[c.ACCOUNT] == chosen]
        if archived:
            mine = _with_archived(connection, table, object_id, mine)
    return [
        Version(from_micros(row[c.SEEN_AT]), {name: _value(kind, name, row[name]) for name in shown}) for row in mine
    ]


@dataclass(frozen=True, slots=True)
class OrderCharge:
    """A charge of an order as it is now, minor units; `matched_by`: the pass that linked them (null: none did)."""

    id: str
    status: str
    amount: int  # what was captured of it, where Omise says so
    currency: str
    refunded_amount: int
    created_at: datetime
    matched_by: str | None


def charges_of(
    store: Store, account: str, order_id: str, visible: frozenset[str] | None, limit: int
) -> list[OrderCharge]:
    """The charges that are linked to an account's order, then those of its account that name it; the oldest first."""
    table = TABLES["charge"]
    match = tables.MATCH.c
    of_order = (match[c.ORDER_ACCOUNT] == account) & (match[c.ORDER_ID] == order_id)
    links = select(match[c.CHARGE_ACCOUNT], match[c.CHARGE_ID], match[c.MATCHED_BY]).where(of_order)
    owner = table.c[c.ACCOUNT]
    key = table.c[c.CHARGE_ID]
    took = func.coalesce(table.c[c.CAPTURED_AMOUNT], table.c[c.AMOUNT])
    named = (table.c[name] for name in (c.CURRENCY, c.REFUNDED_AMOUNT, c.CREATED_AT))
    with reading(store) as connection:
        linked = {(row[0], row[1]): row[2] for row in connection.execute(links)}
        naming = {(account, charge_id) for charge_id in sorted(charges_naming(connection, [order_id]))[:_NAMING]}
        wanted = tuple_(owner, key).in_([*linked, *(naming - linked.keys())])
        seen = true() if visible is None else owner.in_(sorted(visible))
        columns = (owner, key, table.c[c.STATUS], took, *named)
        statement = select(*columns).where(wanted, seen, tables.known_at(table, None)).order_by(table.c[c.CREATED_AT])
        rows = connection.execute(statement).all()
    charges = [
        OrderCharge(id_, status, amount, currency, refunded, from_micros(at), linked.get((of_account, id_)))
        for of_account, id_, status, amount, currency, refunded, at in rows
    ]
    return sorted(charges, key=lambda charge: charge.matched_by is None)[:limit]


def order_sources(store: Store, orders: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """From which source orders (account and order id) come today; those that are not stored are left out."""
    ids_of_account: dict[str, list[str]] = {}
    for account, order_id in dict.fromkeys(orders):
        ids_of_account.setdefault(account, []).append(order_id)
    table = tables.ORDER
    current = tables.known_at(table, None)
    sources: dict[tuple[str, str], str] = {}
    with reading(store) as connection:
        for account, order_ids in ids_of_account.items():
            for chunk in chunks(order_ids):
                wanted = (table.c[c.ACCOUNT] == account) & table.c[c.ORDER_ID].in_(chunk)
                rows = connection.execute(select(table.c[c.ORDER_ID], table.c[c.SOURCE]).where(wanted, current))
                sources |= {(account, order_id): source for order_id, source in rows}
    return sources


def _stored(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    of: tuple[str | None, str],
    visible: frozenset[str] | None,
) -> list[Mapping[str, Any]]:
    """The versions in the database, oldest first: the account's, else of those that hold the id, else of any."""
    (account, object_id), key = of, table.c[tables.key_of(table)]
    seen = table.c[c.SEEN_AT]
    owner = table.c[c.ACCOUNT]
    statement = select(seen, owner, *(table.c[name] for name in names)).where(key == object_id).order_by(seen)
    if visible is not None:
        statement = statement.where(owner.in_(sorted(visible)))
    holders = select(owner).where(key == object_id, tables.known_at(table, None))
    ways = [owner.in_(holders), true()]  # the latter takes no index: it is for what is gone and was another's
    for those in [owner == account, *ways] if account else ways:
        rows: list[Mapping[str, Any]] = [dict(row._mapping) for row in connection.execute(statement.where(those))]
        if rows:
            break
    return rows


def _with_archived(
    connection: Connection, table: Table, object_id: str, rows: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """One account's versions with those that the archive has: only where the stored ones do not follow each other."""
    with_archived: list[Mapping[str, Any]] = []
    ended: dict[int, int] = {}  # of each life, by its beginning: until when its versions are known
    for row in rows:
        life = row[c.FIRST_SEEN_AT]
        seen = row[c.SEEN_AT]
        known_until = ended.get(life, life)
        if known_until < seen:
            with_archived += archive.versions_of(connection, table, row[c.ACCOUNT], object_id, (known_until, seen))
        with_archived.append(row)
        ended[life] = row[tables.SUPERSEDED_AT] or seen
    return with_archived


def _value(kind: str, name: str, value: Any) -> Any:
    return from_micros(value) if name in _MOMENTS[kind] and value is not None else value
