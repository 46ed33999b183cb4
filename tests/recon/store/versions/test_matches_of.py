"""The links of a range with what stands on both sides, on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from recon import columns as c
from recon.model import Window
from recon.store import bulk, tables
from recon.store.engine import Store, writing
from recon.store.versions.load import links_of
from recon.store.versions.save import save_objects, save_orders
from tests.kit.store_samples import DATABASES, HOUR, NOON, charge, opened, orders, rejected

DAY = timedelta(days=1)


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def test_a_link_is_listed_where_its_order_was_created_and_both_sides_are_known_by_then(store: Store) -> None:
    made = {"1": NOON, "2": NOON + DAY, "3": NOON, "4": NOON + 2 * HOUR}
    rows = [{"order_id": key, "created_at": at, "amount": 100 + int(key)} for key, at in made.items()]
    save_orders(store, orders(*rows, {"order_id": "5", "account": "sg"}), rejected(), NOON)
    ids = ("chrg_1", "chrg_2", "chrg_4", "chrg_5")
    charges = [charge(key, amount=90, currency="THB", created_at=NOON + HOUR) for key in ids]
    save_objects(store, "th", "charge", charges, NOON)
    save_objects(store, "th", "charge", [charge("chrg_1", amount=80, currency="THB", created_at=NOON)], NOON + HOUR)
    links = [("th", key, "th", f"chrg_{key}", "metadata") for key in made] + [("sg", "5", "th", "chrg_5", "amount")]
    with writing(store) as connection:
        bulk.insert_rows(connection, tables.MATCH, links)
    day = Window(NOON - HOUR, NOON + 3 * HOUR)
    found = links_of(store, {"th": day}, NOON + DAY)
    names = (c.ORDER_ID, c.CHARGE_ID, c.ORDER_AMOUNT, c.CHARGE_AMOUNT, c.CURRENCY, c.MATCHED_BY)
    assert [tuple(link[name] for name in names) for link in found] == [
        ("1", "chrg_1", 101, 80, "THB", "metadata"),
        ("4", "chrg_4", 104, 90, "THB", "metadata"),
    ]
    assert [link[c.ACCOUNT] for link in links_of(store, {"th": day, "sg": day}, NOON + DAY)] == ["sg", "th", "th"]
    assert [link[c.ORDER_ID] for link in links_of(store, {"th": day}, NOON)] == ["1"]
