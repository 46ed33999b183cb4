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
_VALUES = ("amount", "currency", "note")


def save(store: Store, places: Iterable[LocatedItem], at: datetime, audit_key: bytes | None) -> Saved:
    """Store items in one transaction, each new or changed one with an entry in the audit log.

    An item whose amount, currency and note are those that are known changes nothing, whoever brings it; one that a
    later file leaves out stays.
    """
    given = {key_of(place.item): place for place in places}
    with writing(store, "opening_item") as connection:
        stored = by_key(_item_of(row) for row in connection.execute(select(OPENING_ITEM)))
        differ = {
            key: place
            for key, place in given.items()
            if key not in stored or _values(stored[key]) != _values(place.item)
        }
        bulk.upsert(connection, OPENING_ITEM, [_row_of(place, at) for place in differ.values()])
        if differ:
            entries = [_entry(place, stored.get(key)) for key, place in differ.items()]
            append_all(connection, entries, at, audit_key)
    changed = len(differ.keys() & stored.keys())
    return Saved(len(differ) - changed, changed, len(given) - len(differ))


def load(store: Store) -> Items:
    """Every item, by account, kind and id."""
    statement = select(OPENING_ITEM).order_by(_ITEM.account, _ITEM.kind, _ITEM.item_id)
    with reading(store) as connection:
        return by_key(_item_of(row) for row in connection.execute(statement))


def _values(item: OpeningItem) -> dict[str, object]:
    return {name: getattr(item, name) for name in _VALUES}


def _entry(place: LocatedItem, before: OpeningItem | None) -> Entry:
    item = place.item
    detail = {**_values(item), "file": place.file, "row": place.row, "before": before and _values(before)}
    return Entry(item.who, "opening", f"{item.account} {item.kind} {item.id}", detail)


def _row_of(place: LocatedItem, at: datetime) -> dict[str, object]:
    row = asdict(place.item)
    return {"item_id": row.pop("id"), **row, "at": at, "file": place.file, "row": place.row}


def _item_of(row: Row[Any]) -> OpeningItem:
    return OpeningItem(row.account, row.kind, row.item_id, row.amount, row.currency, row.note, row.who)
