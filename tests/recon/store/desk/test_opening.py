"""Opening items in the store: once, replaced where they changed, each step in the audit chain."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from recon.model.rulings import OpeningItem
from recon.rulings.opening_items import LocatedItem, by_key
from recon.store.desk import audit, opening
from recon.store.engine import Store, reading
from recon.store.related.unfinished import named_not_stored
from recon.store.tables.desk import AUDIT, OPENING_ITEM
from recon.store.versions.save import Saved
from tests.kit.store_samples import DATABASES, HOUR, NOON, opened

KEY = b"chain"
ORDER = OpeningItem("th", "order", "A-1", 500, "THB", "old", "mali")
CHARGE = OpeningItem("th", "charge", "chrg_1", 700, "THB", "", "mali")


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def save(store: Store, *items: OpeningItem, hours: int = 0) -> Saved:
    return opening.save(
        store, [LocatedItem(item, "open.csv", n) for n, item in enumerate(items, 2)], NOON + hours * HOUR, KEY
    )


def rows(store: Store, table: Any) -> list[Any]:
    with reading(store) as connection:
        return [tuple(row) for row in connection.execute(select(table))]


def test_items_come_back_as_they_were_saved(store: Store) -> None:
    assert save(store, ORDER, CHARGE) == Saved(2, 0, 0)
    assert opening.load(store) == by_key([ORDER, CHARGE])


def test_the_same_file_again_changes_nothing_whoever_brings_it(store: Store) -> None:
    save(store, ORDER, CHARGE)
    before = rows(store, OPENING_ITEM), rows(store, AUDIT)
    assert save(store, CHARGE, replace(ORDER, who="somchai"), hours=1) == Saved(0, 0, 2)
    assert (rows(store, OPENING_ITEM), rows(store, AUDIT)) == before


def test_a_changed_amount_or_note_replaces_the_item_and_is_audited_with_what_was(store: Store) -> None:
    save(store, ORDER, CHARGE)
    assert save(store, replace(ORDER, amount=300, who="somchai"), replace(CHARGE, note="late")) == Saved(0, 2, 0)
    assert opening.load(store)[("th", "order", "A-1")] == replace(ORDER, amount=300, who="somchai")
    with reading(store) as connection:
        found = connection.execute(select(AUDIT.c.who, AUDIT.c.subject, AUDIT.c.detail).order_by(AUDIT.c.seq)).all()
    assert [(who, subject) for who, subject, _ in found] == [
        ("mali", "th order A-1"),
        ("mali", "th charge chrg_1"),
        ("somchai", "th order A-1"),
        ("mali", "th charge chrg_1"),
    ]
    assert json.loads(found[2].detail)["before"] == {"amount": 500, "currency": "THB", "note": "old"}
    assert audit.prove(store, [KEY]) == []


def test_an_item_that_a_later_file_leaves_out_stays(store: Store) -> None:
    save(store, ORDER, CHARGE)
    save(store, CHARGE)
    assert opening.load(store) == by_key([ORDER, CHARGE])


def test_charges_and_transfers_that_are_not_stored_are_asked_for_by_id(store: Store) -> None:
    save(store, ORDER, CHARGE, replace(CHARGE, kind="transfer", id="trsf_1"), replace(CHARGE, id="no id"))
    named = named_not_stored(store, "th")
    assert (named["charge"], named["transfer"]) == (["chrg_1"], ["trsf_1"])
    assert named_not_stored(store, "jp")["charge"] == []
