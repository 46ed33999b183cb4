"""Says what a pull reads again by id: what is not final, told, named, or no longer listed; judges nothing.

Windows handed over as `swept`, by kind, are those that a sweep reads whole: what was created in them is not named
again.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    not_,
    select,
    true,
    union,
)

from recon import columns as c
from recon.model import OPEN_DISPUTES, ChargeStatus, OrderStatus, Window
from recon.store import bulk, tables
from recon.store.engine import Store, reading, to_micros, writing
from recon.store.tables.desk import OPENING_ITEM
from recon.store.tables.related import NAMES_LOOKED_AT, UNSTORED_NAME

_CHARGE = tables.OBJECTS["charge"].c
_REFUND = tables.OBJECTS["refund"].c
_TRANSFER = tables.OBJECTS["transfer"].c
_DISPUTE = tables.OBJECTS["dispute"].c
_PENDING = ChargeStatus.PENDING.value

# An authorised charge that waits for its capture is pending, too.
NOT_FINAL: Mapping[str, ColumnElement[bool]] = {
    "charge": _CHARGE[c.STATUS] == _PENDING,
    "refund": _REFUND[c.STATUS] == _PENDING,
    "transfer": ~_TRANSFER[c.PAID] & ~_TRANSFER[c.DELETED] & _TRANSFER[c.FAILURE_CODE].is_(None),
    "dispute": _DISPUTE[c.STATUS].in_(sorted(OPEN_DISPUTES)),
}
# A charge holds its refunds and its dispute: when they change, it does.
_PARTS = ("refund", "dispute")
_ENDED = (ChargeStatus.FAILED.value, ChargeStatus.EXPIRED.value)
_PAID = OrderStatus.PAID.value
_PREFIXES = {"charge": "chrg_", "transaction": "trxn_", "transfer": "trsf_", "dispute": "dspt_"}
_CHANGING_PREFIXES = {"charge": "chrg_", "refund": "rfnd_", "transfer": "trsf_", "dispute": "dspt_"}
_MOVES = tables.OBJECTS["transaction"]
# Who names what; a transaction names what it comes from. A refund cannot be asked for without its charge.
_NAMING = {
    "charge": (tables.ORDER, tables.OBJECTS["refund"], tables.OBJECTS["dispute"], _MOVES),
    "transaction": (tables.OBJECTS["charge"], tables.OBJECTS["refund"], tables.OBJECTS["transfer"]),
    "transfer": (_MOVES,),
    "dispute": (_MOVES,),
}
# Of these an index finds what was seen last; transfers are few.
_SEEN = (tables.ORDER, *(tables.OBJECTS[kind] for kind in ("charge", "refund", "transaction", "dispute")))
_ACCOUNT: ColumnElement[str] = bindparam("account")
_LOOKED_UNTIL = select(NAMES_LOOKED_AT.c.seen_until).where(NAMES_LOOKED_AT.c.account == _ACCOUNT)
_FORGET_UNSTORED = delete(UNSTORED_NAME).where(UNSTORED_NAME.c.account == _ACCOUNT)
_OVERLAP = timedelta(days=1) // c.MICROSECOND  # what another process stored meanwhile may have been seen before
Swept = Mapping[str, Sequence[Window]]


def not_final(store: Store, account: str, swept: Swept) -> dict[str, list[Any]]:
    """Ids of what may still change by itself, by kind; a refund's id is the pair (charge id, refund id).

    A charge with an unfinished refund or dispute is read again once that has changed (`with_new_parts`).
    """
    ids_by_kind: dict[str, list[Any]] = {}
    with reading(store) as connection:
        for kind, condition in NOT_FINAL.items():
            table = tables.OBJECTS[kind]
            statement = _ids(kind).where(tables.current(table, account), _beyond(table, swept), condition)
            ids_by_kind[kind] = sorted(_id(kind, row) for row in connection.execute(statement))
    return ids_by_kind


def with_new_parts(store: Store, account: str, since: datetime, swept: Swept) -> list[str]:
    """Ids of charges with a refund or dispute of which this version was first seen at or after a moment."""
    charge_ids: set[str] = set()
    with reading(store) as connection:
        for kind in _PARTS:
            new = tables.OBJECTS[kind].c[c.SEEN_AT] >= to_micros(since)
            charge_ids.update(connection.execute(_charges_of(kind, account, new, swept)).scalars())
    return sorted(charge_ids)


def may_succeed_late(store: Store, account: str, until: datetime, lookback: timedelta, swept: Swept) -> list[str]:
    """Ids of charges that failed or expired within `lookback` before `until`, while their order stands as paid.

    A late success moves money, and its transaction names the charge: this is for one that has none. Omise keeps no
    moment of a failure; a charge ends at `expires_at` at the latest. Its order is the one a run linked it to, and
    no charge linked to that order is successful. Looks at what was created in twice that time.
    """
    charge = tables.OBJECTS["charge"]
    order = tables.ORDER
    ended_at = func.coalesce(_CHARGE[c.EXPIRES_AT], _CHARGE[c.CREATED_AT])
    waits = exists().where(
        _links(tables.MATCH, charge),
        _links(tables.MATCH, order),
        tables.known_at(order, None),
        order.c[c.STATUS] == _PAID,
        ~_paid(order),
    )
    statement = _ids("charge").where(
        tables.current(charge, account),
        _CHARGE[c.CREATED_AT] >= to_micros(until - 2 * lookback),
        ended_at >= to_micros(until - lookback),
        _beyond(charge, swept),
        _CHARGE[c.STATUS].in_(_ENDED),
        waits,
    )
    with reading(store) as connection:
        return sorted(connection.execute(statement).scalars())


def unlisted(store: Store, account: str, kind: str, window: Window, listed: Collection[str]) -> list[Any]:
    """Ids of what is stored as created in a window and was not listed; a refund's is a pair as above."""
    table = tables.OBJECTS[kind]
    statement = _ids(kind).where(tables.current(table, account), tables.created_in(table, window))
    listed_ids = set(listed)
    with reading(store) as connection:
        return sorted(_id(kind, row) for row in connection.execute(statement) if row[-1] not in listed_ids)


def named_not_stored(store: Store, account: str) -> dict[str, list[str]]:
    """Ids that current rows of an account, or its opening items, name and no account holds, by kind.

    Only what looks like an id of Omise's own: a shop's file may hold anything in its charge column. Looks at the rows
    that were seen since a day before it was last asked, and at those that named something missing then.
    """
    ids_by_kind: dict[str, set[str]] = {kind: set() for kind in _NAMING}
    unstored: list[tuple[str, ...]] = []
    of_account = {"account": account}
    with writing(store, f"named {account}") as connection:
        looked_until = connection.execute(_LOOKED_UNTIL, of_account).scalar()
        for kind, items in _missing_items():
            ids_by_kind[kind].update(connection.execute(items, of_account).scalars())
        since = of_account if looked_until is None else of_account | {"looked_until": looked_until}
        for kind, table, names in _naming_missing(looked_until is None):
            rows = connection.execute(names, since).all()
            ids_by_kind[kind].update(named for named, _ in rows)
            unstored += [(account, kind, named, table.name, key) for named, key in rows]
        connection.execute(_FORGET_UNSTORED, of_account)
        bulk.insert_rows(connection, UNSTORED_NAME, unstored)
        last_seen = [connection.execute(newest, of_account).scalar() or 0 for newest in _last_seen()]
        looked = {"account": account, "seen_until": max(last_seen) - _OVERLAP}
        bulk.upsert(connection, NAMES_LOOKED_AT, [looked])
    return {kind: sorted(ids) for kind, ids in ids_by_kind.items()}


def named_by_events(store: Store, account: str, since: datetime, swept: Swept) -> dict[str, list[Any]]:
    """Ids of the objects that an account's events since a moment name, by kind; a refund's is a pair as above.

    A refund that is not stored is left out: it cannot be asked for without its charge.
    """
    event = tables.OBJECTS["event"].c
    recent = (event[c.ACCOUNT] == account) & (event[c.CREATED_AT] >= to_micros(since))
    return _named(store, account, event[c.OBJECT_ID], recent, swept)


def named_by_transactions(store: Store, account: str, since: datetime, swept: Swept) -> dict[str, list[Any]]:
    """As `named_by_events`: what the transactions come from that were first seen at or after a moment.

    But for a charge's own payment, where the charge as it is stored names it: it tells of nothing newer.
    """
    charge = tables.OBJECTS["charge"]
    names_it = tables.current(charge, account) & (charge.c[c.CHARGE_ID] == _MOVES.c[c.ORIGIN])
    names_it &= charge.c[c.TRANSACTION_ID] == _MOVES.c[c.TRANSACTION_ID]
    recent = tables.current(_MOVES, account) & (_MOVES.c[c.SEEN_AT] >= to_micros(since)) & ~exists().where(names_it)
    return _named(store, account, _MOVES.c[c.ORIGIN], recent, swept)


def _named(
    store: Store, account: str, named: ColumnElement[Any], recent: ColumnElement[bool], swept: Swept
) -> dict[str, list[Any]]:
    ids_by_kind: dict[str, list[Any]] = {}
    with reading(store) as connection:
        for kind, prefix in _CHANGING_PREFIXES.items():
            table = tables.OBJECTS[kind]
            key = table.c[tables.key_of(table)]
            names = select(named).where(recent, func.substr(named, 1, len(prefix)) == prefix).distinct()
            if kind == "refund":
                names = _ids(kind).where(tables.current(table, account), _beyond(table, swept), key.in_(names))
            else:
                in_sweep = exists().where(tables.current(table, account), key == named, not_(_beyond(table, swept)))
                names = names.where(~in_sweep)
            ids_by_kind[kind] = sorted(_id(kind, row) for row in connection.execute(names))
    return ids_by_kind


def _ids(kind: str) -> Select[Any]:
    table = tables.OBJECTS[kind]
    key = table.c[tables.key_of(table)]
    return select(table.c[c.CHARGE_ID], key) if kind == "refund" else select(key)


def _id(kind: str, row: Any) -> Any:
    return tuple(row) if kind == "refund" else row[0]


def _beyond(table: Table, swept: Swept) -> ColumnElement[bool]:
    """Created outside the windows of its kind. So put that SQLite looks for what else is asked, not for the sides."""
    return and_(true(), *(not_(tables.created_in(table, window)) for window in swept.get(table.name, ())))


def _charges_of(kind: str, account: str, condition: ColumnElement[bool], swept: Swept) -> Select[Any]:
    """Stored charges beyond a window with a part of a kind that meets a condition."""
    charge = tables.OBJECTS["charge"]
    part = tables.OBJECTS[kind]
    parts = select(part.c[c.CHARGE_ID]).where(tables.current(part, account), condition)
    return _ids("charge").where(
        tables.current(charge, account), _beyond(charge, swept), charge.c[c.CHARGE_ID].in_(parts)
    )


def _links(match: FromClause, table: Table) -> ColumnElement[bool]:
    """A recorded link is one of this order or of this charge."""
    if table is tables.ORDER:
        ours = c.ORDER_ACCOUNT
        key = c.ORDER_ID
    else:
        ours = c.CHARGE_ACCOUNT
        key = c.CHARGE_ID
    return and_(match.c[ours] == table.c[c.ACCOUNT], match.c[key] == table.c[key])


def _paid(order: Table) -> ColumnElement[bool]:
    """A successful charge is linked to the order."""
    other = tables.OBJECTS["charge"].alias("other")
    link = tables.MATCH.alias("other_link")
    return exists().where(
        _links(link, order),
        link.c[c.CHARGE_ACCOUNT] == other.c[c.ACCOUNT],
        link.c[c.CHARGE_ID] == other.c[c.CHARGE_ID],
        other.c[tables.SUPERSEDED_AT].is_(None),
        other.c[c.STATUS] == ChargeStatus.SUCCESSFUL.value,
    )


@cache
def _missing_items() -> list[tuple[str, Select[Any]]]:
    """What opening items of an account name that is not stored, by kind; made once, as those below: it takes longer
    than to ask."""
    item = OPENING_ITEM.c
    return [
        (kind, _missing(kind, item.item_id).where(item.account == _ACCOUNT, item.kind == kind)) for kind in _NAMING
    ]


@cache
def _naming_missing(is_first: bool) -> list[tuple[str, Table, CompoundSelect[Any]]]:
    """What rows of a table name that is not stored, with the rows' ids; all rows the first time."""
    return [
        (kind, table, union(*_naming(kind, table, is_first))) for kind, naming in _NAMING.items() for table in naming
    ]


def _naming(kind: str, table: Table, is_first: bool) -> Iterator[Select[Any]]:
    named = table.c[c.ORIGIN if table is _MOVES else tables.key_of(tables.OBJECTS[kind])]
    key = table.c[tables.key_of(table)]
    missing = _missing(kind, named).add_columns(key).where(tables.current(table, _ACCOUNT))
    if is_first or table not in _SEEN:
        yield missing
        return
    before = UNSTORED_NAME.c
    yield missing.where(table.c[c.SEEN_AT] > bindparam("looked_until"))
    known = (before.account == _ACCOUNT) & (before.kind == kind) & (before.named_by == table.name)
    yield missing.where(known, before.key == key, before.name == named)


def _missing(kind: str, named: ColumnElement[Any]) -> Select[Any]:
    stored = tables.OBJECTS[kind]
    key = tables.key_of(stored)
    return select(named).where(
        func.substr(named, 1, len(_PREFIXES[kind])) == _PREFIXES[kind],
        ~exists().where(stored.c[key] == named, tables.known_at(stored, None)),
    )


@cache
def _last_seen() -> list[Select[Any]]:
    """When a version of an account's was last seen, by the index of each table."""
    return [
        select(table.c[c.SEEN_AT]).where(table.c[c.ACCOUNT] == _ACCOUNT).order_by(table.c[c.SEEN_AT].desc()).limit(1)
        for table in _SEEN
    ]
