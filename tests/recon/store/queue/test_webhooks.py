"""Webhooks as they are kept: each event once, read in turn, judged again, held against what Omise lists."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from recon.model import Webhook
from recon.store.engine import Store
from recon.store.queue import webhooks
from recon.store.queue.webhooks import Delivery, Received, Waiting
from recon.store.versions.save import save_objects
from tests.kit.store_samples import DATABASES, HOUR, NOON, charge, count, opened, row

MINUTE = timedelta(minutes=1)


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def keep(store: Store, *ids: str, at: datetime = NOON, account: str = "th") -> None:
    received = [Received(account, Webhook(id, False, f"chrg_{id[5:]}"), at) for id in ids]
    webhooks.keep(store, received)


def ids(store: Store, now: datetime = NOON) -> list[tuple[str, bool]]:
    return [(item.event_id, item.is_read) for item in webhooks.waiting(store, "th", now, 10)]


def test_each_event_once_of_each_account_the_oldest_first(store: Store) -> None:
    keep(store, "evnt_2", at=NOON + MINUTE)
    keep(store, "evnt_1", "evnt_1")
    keep(store, "evnt_1", at=NOON + HOUR)
    keep(store, "evnt_1", account="jp")
    assert webhooks.waiting(store, "th", NOON, 10) == [
        Waiting("evnt_1", "chrg_1", False, NOON),
        Waiting("evnt_2", "chrg_2", False, NOON + MINUTE),
    ]
    assert len(webhooks.waiting(store, "th", NOON, 1)) == 1


def test_what_was_read_comes_again_at_its_moment_and_what_is_forged_never(store: Store) -> None:
    keep(store, "evnt_1", "evnt_2", "evnt_3")
    webhooks.finish(store, "th", ["evnt_1"], ["evnt_2"], NOON, NOON + HOUR)
    assert ids(store) == [("evnt_3", False)]
    assert ids(store, NOON + HOUR) == [("evnt_1", True), ("evnt_3", False)]
    webhooks.finish(store, "th", ["evnt_1"], [], NOON + HOUR, None)
    assert ids(store, NOON + 2 * HOUR) == [("evnt_3", False)]


def test_what_is_over_is_forgotten_and_what_waits_is_not(store: Store) -> None:
    keep(store, "evnt_1", "evnt_2")
    webhooks.finish(store, "th", ["evnt_1"], [], NOON, None)
    webhooks.finish(store, "th", [], [], NOON + webhooks.KEPT + MINUTE, None)
    assert (ids(store), count(store, "webhook")) == ([("evnt_2", False)], 1)


def test_events_that_no_webhook_brought_are_missed_once_they_are_late(store: Store) -> None:
    late = NOON + 2 * HOUR
    save_objects(
        store,
        "th",
        "event",
        [
            row("event", "evnt_before", created_at=NOON - MINUTE),
            row("event", "evnt_1", created_at=NOON),
            row("event", "evnt_2", created_at=NOON + MINUTE),
            row("event", "evnt_soon", created_at=late - MINUTE),
        ],
        late,
    )
    assert webhooks.delivery(store, "th", late) == Delivery(late - timedelta(days=1), 3, 3)  # none ever came
    keep(store, "evnt_1")
    assert webhooks.delivery(store, "th", late) == Delivery(NOON, 2, 1)


def test_what_is_booked_of_a_charge_is_read_where_it_is_not_stored(store: Store) -> None:
    save_objects(store, "th", "charge", [charge("chrg_1", transaction_id="trxn_1"), charge("chrg_2")], NOON)
    assert webhooks.transactions_to_read(store, "th", ["chrg_1", "chrg_2"]) == ["trxn_1"]
    save_objects(store, "th", "transaction", [row("transaction", "trxn_1")], NOON)
    assert webhooks.transactions_to_read(store, "th", ["chrg_1", "chrg_2"]) == []


def test_a_part_of_a_charge_knows_it_once_it_is_stored(store: Store) -> None:
    save_objects(store, "th", "refund", [row("refund", "rfnd_1", charge_id="chrg_1")], NOON)
    save_objects(store, "th", "event", [row("event", "evnt_1", object_id="rfnd_1")], NOON)
    assert webhooks.objects_of(store, "th", ["evnt_1", "evnt_2"]) == {"evnt_1": "rfnd_1"}
    assert webhooks.charges_of(store, "th", ["rfnd_1", "dspt_1"]) == {"rfnd_1": "chrg_1"}
