"""What a pull reads again by id, on both databases: beyond what a sweep reads, and no more than that."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recon.model import ObjectRow, Window
from recon.store import tables
from recon.store.engine import Store, to_micros, writing
from recon.store.related import unfinished
from recon.store.versions.save import Saved, save_gone, save_objects, save_orders
from tests.kit.store_samples import DATABASES, HOUR, NOON, charge, opened, orders, rejected, row

DAY = 24 * HOUR
OLD = NOON - 40 * DAY
WINDOW = Window(NOON - DAY, NOON)  # what a sweep reads whole
SWEPT = dict.fromkeys(("charge", "refund", "transfer", "dispute"), (WINDOW,))


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def save(store: Store, kind: str, *rows: ObjectRow, at: Any = NOON, account: str = "th") -> None:
    save_objects(store, account, kind, rows, at)


def told(store: Store, *names: str | None) -> None:
    rows = [row("event", f"evnt_{n}", object_id=name, created_at=NOON - n * HOUR) for n, name in enumerate(names)]
    save(store, "event", *rows)


def test_what_events_name_is_read_again_unless_a_sweep_has_read_it(store: Store) -> None:
    save(store, "charge", charge("chrg_old", created_at=OLD), charge("chrg_new", created_at=WINDOW.start))
    save(store, "refund", row("refund", "rfnd_1", charge_id="chrg_old", created_at=OLD))
    told(store, "chrg_old", "chrg_new", "chrg_unknown", "rfnd_1", "rfnd_unknown", "trsf_1", "dspt_1", "cust_1", None)
    named = unfinished.named_by_events(store, "th", NOON - DAY, SWEPT)
    assert named == {
        "charge": ["chrg_old", "chrg_unknown"],
        "refund": [("chrg_old", "rfnd_1")],
        "transfer": ["trsf_1"],
        "dispute": ["dspt_1"],
    }
    assert unfinished.named_by_events(store, "th", NOON, SWEPT)["charge"] == ["chrg_old"]
    assert not any(unfinished.named_by_events(store, "sg", NOON - DAY, SWEPT).values())


def test_what_a_transaction_comes_from_is_read_again(store: Store) -> None:
    save(store, "charge", charge("chrg_old", created_at=OLD), charge("chrg_new", created_at=WINDOW.start))
    save(store, "refund", row("refund", "rfnd_1", charge_id="chrg_old", created_at=OLD))
    origins = ("chrg_old", "chrg_new", "chrg_unknown", "rfnd_1", "trsf_1", "dspt_1", "rcpt_1", None)
    for number, origin in enumerate(origins):
        save(store, "transaction", row("transaction", f"trxn_{number}", origin=origin, created_at=OLD), at=NOON)
    assert unfinished.named_by_transactions(store, "th", NOON, SWEPT) == {
        "charge": ["chrg_old", "chrg_unknown"],
        "refund": [("chrg_old", "rfnd_1")],
        "transfer": ["trsf_1"],
        "dispute": ["dspt_1"],
    }
    save(store, "charge", charge("chrg_old", created_at=OLD, transaction_id="trxn_0"), at=NOON + HOUR)
    assert unfinished.named_by_transactions(store, "th", NOON, SWEPT)["charge"] == [
        "chrg_unknown"
    ]  # it names its own
    assert not any(unfinished.named_by_transactions(store, "th", NOON + HOUR, SWEPT).values())
    assert not any(unfinished.named_by_transactions(store, "sg", NOON, SWEPT).values())


def test_a_charge_is_read_again_with_a_new_version_of_its_refund_or_dispute(store: Store) -> None:
    ids = ("chrg_1", "chrg_2", "chrg_3")
    save(store, "charge", *(charge(id, created_at=OLD) for id in ids), charge("chrg_new", created_at=WINDOW.start))
    parts = {id: row("refund", f"rfnd_{id}", charge_id=id, status="pending") for id in (*ids, "chrg_new")}
    save(store, "refund", *parts.values(), at=NOON - DAY)
    save(store, "dispute", row("dispute", "dspt_1", charge_id="chrg_2"), at=NOON)
    save(store, "refund", row("refund", "rfnd_chrg_1", charge_id="chrg_1", status="closed"), at=NOON)
    assert unfinished.with_new_parts(store, "th", NOON, SWEPT) == ["chrg_1", "chrg_2"]
    assert unfinished.with_new_parts(store, "th", NOON - DAY, SWEPT) == ["chrg_1", "chrg_2", "chrg_3"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, True),
        ({"status": "expired"}, True),
        ({"status": "successful"}, False),
        ({"expires_at": NOON - 36 * DAY}, False),
        ({"created_at": NOON - 71 * DAY}, False),
        ({"created_at": WINDOW.start}, False),
        ({"charge_id": "chrg_unlinked"}, False),
    ],
    ids=str,
)
def test_what_failed_may_still_succeed(store: Store, change: dict[str, Any], found: bool) -> None:
    one = {"charge_id": "chrg_1", "status": "failed", "created_at": OLD, "expires_at": NOON - 34 * DAY, **change}
    save(store, "charge", row("charge", one.pop("charge_id"), **one))
    order(store, "paid", "chrg_1")
    assert unfinished.may_succeed_late(store, "th", NOON, 35 * DAY, SWEPT) == (["chrg_1"] if found else [])


@pytest.mark.parametrize(
    ("status", "paid", "waits"),
    [
        ("paid", False, True),
        ("pending", False, False),
        ("cancelled", False, False),
        ("refunded", False, False),
        ("paid", True, False),
    ],
)
def test_only_while_the_shop_takes_its_order_as_paid(store: Store, status: str, paid: bool, waits: bool) -> None:
    save(store, "charge", charge("chrg_1", "failed", created_at=OLD, expires_at=NOON))
    save(store, "charge", charge("chrg_2", "successful" if paid else "failed", created_at=WINDOW.start))
    order(store, status, "chrg_1", "chrg_2")
    assert unfinished.may_succeed_late(store, "th", NOON, 35 * DAY, SWEPT) == (["chrg_1"] if waits else [])


def order(store: Store, status: str, *charges: str) -> None:
    """One order that the last run linked to these charges."""
    save_orders(store, orders({"order_id": "ord_1", "status": status}), rejected(), NOON)
    with writing(store) as connection:
        rows = [("th", "ord_1", "th", charge_id, "metadata") for charge_id in charges]
        connection.execute(tables.MATCH.insert().values(rows))


def test_what_is_stored_and_no_longer_listed(store: Store) -> None:
    moments = {"chrg_1": NOON - HOUR, "chrg_2": NOON - HOUR, "chrg_3": NOON, "chrg_gone": NOON - HOUR}
    save(store, "charge", *(charge(id, created_at=at) for id, at in moments.items()))
    save(store, "refund", row("refund", "rfnd_1", charge_id="chrg_1", created_at=NOON - HOUR))
    save_gone(store, "th", "charge", ["chrg_gone"], NOON + HOUR)
    assert unfinished.unlisted(store, "th", "charge", WINDOW, {"chrg_1"}) == ["chrg_2"]
    assert unfinished.unlisted(store, "th", "refund", WINDOW, ()) == [("chrg_1", "rfnd_1")]
    assert unfinished.unlisted(store, "sg", "charge", WINDOW, ()) == []


def test_what_is_gone_is_not_current_and_may_come_back_later_at_the_earliest(store: Store) -> None:
    save(store, "charge", charge("chrg_1"), at=NOON)
    assert save_gone(store, "th", "charge", ["chrg_1", "chrg_unknown"], NOON + HOUR) == 1
    assert save_gone(store, "th", "charge", ["chrg_1"], NOON + HOUR) == 0
    assert save_objects(store, "th", "charge", [charge("chrg_1")], NOON) == Saved(new=1)  # a clock was set back
    table = tables.OBJECTS["charge"].c
    with writing(store) as connection:
        seen = connection.execute(tables.OBJECTS["charge"].select().order_by(table.seen_at)).all()
    noon, gone = to_micros(NOON), to_micros(NOON + HOUR)
    assert [(one.seen_at, one.first_seen_at, one.superseded_at) for one in seen] == [
        (noon, noon, gone),
        (gone, gone, None),
    ]


def test_what_is_missing_stays_named_and_what_is_over_is_not_looked_at_again(store: Store) -> None:
    def charges() -> list[str]:
        return unfinished.named_not_stored(store, "th")["charge"]

    refunds = [row("refund", f"rfnd_{n}", charge_id=f"chrg_{n}") for n in (0, 1, 2, 3)]
    save(store, "refund", *refunds, at=OLD)
    save(store, "charge", charge("chrg_3"), at=OLD, account="sg")
    assert charges() == ["chrg_0", "chrg_1", "chrg_2"]
    save(store, "refund", row("refund", "rfnd_4", charge_id="chrg_4"), at=NOON)
    assert charges() == ["chrg_0", "chrg_1", "chrg_2", "chrg_4"]
    save(store, "charge", charge("chrg_1"), at=NOON)  # stored
    save(store, "refund", row("refund", "rfnd_2", charge_id="chrg_3"), at=NOON + HOUR)  # named no more
    assert charges() == ["chrg_0", "chrg_4"]
    with writing(store) as connection:  # as nobody saves: what was seen long ago has been looked at
        refund = tables.OBJECTS["refund"]
        connection.execute(refund.update().where(refund.c.refund_id == "rfnd_3").values(charge_id="chrg_9"))
    assert charges() == ["chrg_0", "chrg_4"]
    save_gone(store, "sg", "charge", ["chrg_3"], NOON)  # whoever's rows may name what is gone
    assert charges() == ["chrg_0", "chrg_3", "chrg_4", "chrg_9"]
