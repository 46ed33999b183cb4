"""The index of the order ids that charges name, so that no run reads all charges for them.

Who stores charges marks their account as stale; who stored many, and who needs the index, brings it up to date.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from recon import columns as c
from recon.arrays import Positions
from recon.store import bulk, tables
from recon.store.engine import Store, reading, writing
from recon.store.tables.related import CHARGE_NAME, CHARGE_NAME_RULES

PIECE = 100_000  # charges indexed anew in one transaction
_TOGETHER = 1_000  # charges that share the rows of their common words
_LONGEST = 200  # characters of a name: PostgreSQL's indexes take no more than 2,700 bytes
_CHARGE = tables.OBJECTS["charge"]
_INDEXED = CHARGE_NAME_RULES
_SEEN = _CHARGE.c[c.SEEN_AT]


@dataclass(frozen=True)
class NameRules:
    """How charges name orders.

    `refs_of` gives what a charge's metadata (JSON) names, as `columns.ORDER_REF` and `columns.SOURCE_REFS`.
    `names_of` gives, from these two and the descriptions of some charges, the place of a charge and an order's id or
    reference that it may name, once for each: numbers and Arrow's strings. `digest` says all that decides about
    both: by another digest charges are indexed anew. Orders of `sources_with_keys` are not compared by ORDER_REF.
    """

    digest: str
    refs_of: Callable[[str | None], tuple[str | None, str | None]]
    names_of: Callable[[Any, Any, Any], tuple[Positions, Any]]
    sources_with_keys: frozenset[str] = frozenset()


def mark_stale(connection: Connection, account: str, seen: int) -> None:
    """Says that charges of an account are stored with versions seen at a moment (microseconds) or later."""
    later = f"UPDATE {_INDEXED} SET stale_from = ? WHERE account = ? AND (stale_from IS NULL OR stale_from > ?)"
    bulk.execute_many(connection, later, [(seen, account, seen)])


def bring_up_to_date(store: Store, accounts: Collection[str], rules: NameRules, piece: int = PIECE) -> int:
    """Indexes the charges that were stored since it last was done by these rules; how many.

    Each piece is written by itself, so that what is stopped goes on where it stopped.
    """
    count = 0
    for account in accounts:
        while _is_stale(store, account, rules):
            count += _index_piece(store, account, rules, piece)
    return count


def charges_naming(connection: Connection, order_names: Iterable[str]) -> set[str]:
    """Ids of the charges that may name an order by one of some ids or references, or could in an earlier version."""
    names = {_key(name) for name in order_names}
    return {
        charge_id
        for condition in bulk.among(connection, CHARGE_NAME.c.name, names)
        for charge_ids in connection.execute(select(CHARGE_NAME.c.charge_ids).where(condition)).scalars()
        for charge_id in charge_ids.split(" ")
    }


def _index_piece(store: Store, account: str, rules: NameRules, piece: int) -> int:
    with writing(store, f"charge {account}") as connection:  # the lock of those who store its charges
        since = _stale_from(connection, account, rules)
        if since is None:  # somebody else did it meanwhile
            return 0
        stale = tables.current(_CHARGE, account) & (since <= _SEEN)
        last = connection.execute(select(_SEEN).where(stale).order_by(_SEEN).offset(piece).limit(1)).scalar()
        wanted = stale if last is None else stale & (last >= _SEEN)
        texts = [_CHARGE.c[name] for name in (c.CHARGE_ID, c.DESCRIPTION, c.METADATA)]
        charges = connection.execute(select(*texts).where(wanted)).all()
        bulk.insert_rows(connection, CHARGE_NAME, list(_rows(charges, rules)))
        done = {"account": account, "rules": rules.digest, "stale_from": None if last is None else last + 1}
        bulk.upsert(connection, _INDEXED, [done])
    return len(charges)


def _is_stale(store: Store, account: str, rules: NameRules) -> bool:
    with reading(store) as connection:
        return _stale_from(connection, account, rules) is not None


def _stale_from(connection: Connection, account: str, rules: NameRules) -> int | None:
    """From when on an account's charges are not indexed by some rules; null: all are."""
    table = _INDEXED.c
    statement = select(table.stale_from).where(table.account == account, table.rules == rules.digest)
    row = connection.execute(statement).one_or_none()
    return row.stale_from if row else 0


def _rows(charges: Sequence[Any], rules: NameRules) -> Iterator[tuple[str, str]]:
    """Each name with the ids of charges (id, description, metadata) that were taken together."""
    for start in range(0, len(charges), _TOGETHER):
        ids, descriptions, metadata = zip(*charges[start : start + _TOGETHER], strict=True)
        refs = [rules.refs_of(text) for text in metadata]
        order_refs = [ref for ref, _ in refs]
        source_refs = [ref for _, ref in refs]
        places, names = rules.names_of(order_refs, source_refs, descriptions)
        charge_ids: dict[str, set[str]] = {}
        for place, name in zip(places.tolist(), names.to_pylist(), strict=True):
            charge_ids.setdefault(name, set()).add(ids[place])
        for name, named_by in charge_ids.items():
            if name and "\x00" not in name:  # which no order's id can hold on PostgreSQL
                yield _key(name), " ".join(named_by)


def _key(name: str) -> str:
    return name[:_LONGEST]
