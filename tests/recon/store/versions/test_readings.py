"""Readings of a balance with what was booked since the first one: backfilled days were in it already."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from recon import columns as c
from recon.model import Balance, Window
from recon.store.engine import Store
from recon.store.versions.load import load_books
from recon.store.versions.save import PulledWindow, save_balance, save_objects, save_windows
from tests.kit.store_samples import DATABASES, NOON, opened, row

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def book(store: Store, id: str, amount: int, created: datetime, seen: datetime, direction: str = "credit") -> None:
    save_objects(
        store,
        "th",
        "transaction",
        [row("transaction", id, amount=amount, direction=direction, created_at=created)],
        seen,
    )


def read(store: Store, total: int, at: datetime, account: str = "th") -> None:
    save_balance(store, account, Balance("THB", total, total - 5, 0, 5), at)


def growth(store: Store) -> list[tuple[int, int, int]]:
    """Of each reading the total, what was booked since the first, and what was there before the ledger."""
    books = load_books(store, NOON + 30 * DAY)
    names = [c.TOTAL, c.SINCE_FIRST, c.BEFORE]
    return list(books.readings[books.readings[c.ACCOUNT] == "th"][names].itertuples(index=False, name=None))


def test_without_a_reading_there_is_none(store: Store) -> None:
    book(store, "trxn_1", 100, NOON, NOON)
    c.READINGS.check(load_books(store, NOON + DAY).readings)
    assert growth(store) == []


def test_what_was_booked_between_readings(store: Store) -> None:
    book(store, "trxn_1", 100, NOON, NOON + HOUR)
    read(store, 150, NOON + HOUR)
    read(store, 7, NOON + HOUR, account="sg")
    book(store, "trxn_2", 40, NOON + DAY, NOON + DAY + HOUR)
    book(store, "trxn_3", 10, NOON + DAY, NOON + DAY + HOUR, direction="debit")
    read(store, 180, NOON + DAY + HOUR)
    book(store, "trxn_4", 5, NOON + 2 * DAY, NOON + 2 * DAY)
    assert growth(store) == [(150, 0, 50), (180, 30, 50)]


def test_a_late_transaction_of_days_that_were_known_is_new(store: Store) -> None:
    book(store, "trxn_1", 100, NOON, NOON + DAY)
    read(store, 100, NOON + DAY)
    book(store, "trxn_2", 40, NOON + HOUR, NOON + 2 * DAY)
    read(store, 140, NOON + 2 * DAY)
    assert growth(store) == [(100, 0, 0), (140, 40, 0)]


@pytest.mark.parametrize("days", [1, 400])
def test_days_before_the_ledger_began_were_in_the_first_reading(store: Store, days: int) -> None:
    book(store, "trxn_1", 100, NOON, NOON + HOUR)
    read(store, 1_100, NOON + HOUR)
    book(store, "trxn_0", 600, NOON - days * DAY, NOON + DAY)
    read(store, 1_100, NOON + DAY)
    assert growth(store) == [(1_100, 0, 400), (1_100, 0, 400)]


def test_a_backfill_after_an_old_charge_was_fetched_by_its_id_was_in_the_first_reading(store: Store) -> None:
    """The old charge's transaction lies before the days that were pulled, and says nothing of those between."""
    book(store, "trxn_old", 500, NOON - 300 * DAY, NOON)
    book(store, "trxn_1", 100, NOON, NOON + HOUR)
    save_windows(store, "th", [PulledWindow("transaction", Window(NOON - DAY, NOON + HOUR), 1, 1, NOON + HOUR)])
    read(store, 1_200, NOON + HOUR)
    book(store, "trxn_0", 600, NOON - 100 * DAY, NOON + DAY)
    save_windows(store, "th", [PulledWindow("transaction", Window(NOON - 200 * DAY, NOON), 1, 1, NOON + DAY)])
    book(store, "trxn_2", 40, NOON + DAY, NOON + DAY)
    read(store, 1_240, NOON + DAY)
    assert growth(store) == [(1_200, 0, 0), (1_240, 40, 0)]


def test_what_was_known_at_a_moment(store: Store) -> None:
    read(store, 100, NOON)
    read(store, 200, NOON + DAY)
    known = load_books(store, NOON + DAY, versions_at=NOON + HOUR).readings
    assert known[c.TOTAL].tolist() == [100]
