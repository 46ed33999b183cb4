"""What is stored of an object, version by version, for people: on both databases, of the accounts they see alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from recon import columns as c
from recon.store.engine import Store, writing
from recon.store.tables import MATCH
from recon.store.tables.related import CHARGE_NAME
from recon.store.versions.evidence import TABLES, charges_of, order_sources, versions
from recon.store.versions.save import save_objects, save_orders
from tests.kit.store_samples import DATABASES, HOUR, NOON, charge, opened, orders, rejected

TH, JP = frozenset({"th"}), frozenset({"jp"})


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def test_versions_come_oldest_first_and_say_what_changed(store: Store) -> None:
    for hours, status in enumerate(("pending", "successful")):
        one = charge("chrg_1", status, amount=100, description="ค่าสินค้า 注文 주문", paid_at=NOON if hours else None)
        save_objects(store, "th", "charge", [one], NOON + hours * HOUR)
    first, second = versions(store, "charge", "th", "chrg_1")
    assert (first.seen_at, second.seen_at) == (NOON, NOON + HOUR)
    assert second.changed(first) == [("status", "pending", "successful"), ("paid_at", None, NOON)]
    assert first.changed(None) == []
    assert second.fields["description"] == "ค่าสินค้า 注文 주문"
    assert second.fields["amount"] == 100
    assert not {"raw", "digest", "customer", "superseded_at"} & second.fields.keys(), "this is not for people"


def test_another_account_s_object_is_found_only_by_those_who_see_it(store: Store) -> None:
    save_objects(store, "jp", "charge", [charge("chrg_2", amount=7)], NOON)
    assert len(versions(store, "charge", "jp", "chrg_2")) == 1
    assert len(versions(store, "charge", "th", "chrg_2")) == 1, (
        "a charge in the wrong account is shown with its order"
    )
    assert versions(store, "charge", "th", "chrg_2", TH) == []
    assert len(versions(store, "charge", "th", "chrg_2", JP)) == 1
    save_objects(store, "th", "charge", [charge("chrg_2", amount=9)], NOON)
    assert [one.fields["amount"] for one in versions(store, "charge", "th", "chrg_2")] == [9], "its own comes first"


def test_orders_are_there_by_their_id_and_an_unknown_one_is_not(store: Store) -> None:
    save_orders(store, orders({"order_id": "ORD-1", "customer": "hash of somebody"}), rejected(), NOON)
    (one,) = versions(store, "order", "th", "ORD-1")
    assert (one.fields["status"], one.fields["created_at"]) == ("paid", NOON)
    assert "hash of somebody" not in one.fields.values()
    for kind in TABLES:
        assert versions(store, kind, "th", "none such") == []


def test_an_order_has_the_charges_that_are_linked_to_it_and_those_that_name_it(store: Store) -> None:
    charges = [charge(f"chrg_{number}", amount=number, created_at=NOON - number * HOUR) for number in range(1, 5)]
    charges[1] = charge("chrg_2", amount=5, captured_amount=2, created_at=NOON - 2 * HOUR)
    save_objects(store, "th", "charge", charges, NOON)
    save_objects(store, "jp", "charge", [charge("chrg_9", amount=9)], NOON)
    link = {c.ORDER_ACCOUNT: "th", c.ORDER_ID: "ORD-1", c.MATCHED_BY: "metadata"}
    links = [{c.CHARGE_ACCOUNT: "th", c.CHARGE_ID: "chrg_1"}, {c.CHARGE_ACCOUNT: "jp", c.CHARGE_ID: "chrg_9"}]
    with writing(store) as connection:
        connection.execute(insert(MATCH), [{**link, **each} for each in links])
        named = {"name": "ORD-1", "charge_ids": "chrg_1 chrg_2 chrg_9"}
        connection.execute(insert(CHARGE_NAME), [named, {"name": "ORD-2", "charge_ids": "chrg_3"}])

    def found(visible: frozenset[str] | None, limit: int = 9) -> list[tuple[str, int, str | None]]:
        return [(each.id, each.amount, each.matched_by) for each in charges_of(store, "th", "ORD-1", visible, limit)]

    of_th = [("chrg_1", 1, "metadata"), ("chrg_2", 2, None)]
    assert found(TH) == of_th
    assert found(None) == [of_th[0], ("chrg_9", 9, "metadata"), of_th[1]], "what is linked first, the oldest first"
    assert found(None, 1) == of_th[:1]
    assert charges_of(store, "th", "ORD-2", JP, 9) == []


def test_the_source_of_an_order_is_its_account_s_and_today_s(store: Store) -> None:
    save_orders(store, orders({"source": "till"}, {"order_id": "2", "account": "jp"}), rejected(), NOON)
    save_orders(store, orders({"source": "shop", "amount": 200}), rejected(), NOON + HOUR)
    asked = [
        ("th", "1"),
        ("th", "1"),
        ("jp", "1"),
        ("jp", "2"),
        *(("th", f"none {number}") for number in range(2_000)),
    ]
    assert order_sources(store, asked) == {("th", "1"): "shop", ("jp", "2"): "shop"}
    assert order_sources(store, []) == {}
