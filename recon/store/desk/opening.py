"""Keeps what was known to be open at go-live: an item once, replaced and audited where it changed; judges nothing."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from recon.model.rulings import OpeningItem
from recon.rulings.opening_items import Items, LocatedItem, by_key, key_of
from recon.store import bulk
from recon.store.desk.audit import Entry, append_all
from recon.store.engine import Store, reading, writing
from recon.store.tables.desk import OPENING_ITEM
from recon.store.versions.save import Saved

_ITEM = OPENING_ITEM.c
_SAID = ("amount", "currency", "note")


def save(store: Store, places: Iterable[LocatedItem], at: datetime, audit_key: bytes | None) -> Saved:
    """Store items in one transaction, each new or changed one with an entry in the audit log.

    An item whose amount, currency and note are those that are known changes nothing, whoever brings it; one that a
    later file leaves out stays.
    """
    given = {key_of(one.item): one for one in places}
    with writing(store, "opening_item") as connection:
        known = by_key(_item_of(row) for row in connection.execute(select(OPENING_ITEM)))
        differ = [one for key, one in given.items() if key not in known or _said(known[key]) != _said(one.item)]
        bulk.upsert(connection, OPENING_ITEM, [_row_of(one, at) for one in differ])
        if differ:
            append_all(connection, [_entry(one, known) for one in differ], at, audit_key)
    changed = sum(key_of(one.item) in known for one in differ)
    return Saved(len(differ) - changed, changed, len(given) - len(differ))


def load(store: Store) -> Items:
    """Every item, by account, kind and id."""
    statement = select(OPENING_ITEM).order_by(_ITEM.account, _ITEM.kind, _ITEM.item_id)
    with reading(store) as connection:
        return by_key(_item_of(row) for row in connection.execute(statement))


def _said(item: OpeningItem) -> dict[str, object]:
    return {name: getattr(item, name) for name in _SAID}


def _entry(place: LocatedItem, known: Items) -> Entry:
    item = place.item
    before = known.get(key_of(item))
    detail = {**_said(item), "file": place.file, "row": place.row, "before": before and _said(before)}
    return Entry(item.who, "opening", f"{item.account} {item.kind} {item.id}", detail)


def _row_of(place: LocatedItem, at: datetime) -> dict[str, object]:
    row = asdict(place.item)
    return {"item_id": row.pop("id"), **row, "at": at, "file": place.file, "row": place.row}


def _item_of(row: Row[Any]) -> OpeningItem:
    return OpeningItem(row.account, row.kind, row.item_id, row.amount, row.currency, row.note, row.who)
