"""Bank lines in the store: versions by content, days up to the moment, unread rows of a source."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recon import columns as c
from recon.store.engine import Store
from recon.store.versions.load import load_books
from recon.store.versions.save import Saved, save_bank_lines, save_orders
from tests.kit.store_samples import DATABASES, HOUR, NOON, count, opened, orders, rejected


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def lines(*rows: dict[str, Any]) -> pd.DataFrame:
    """Credits of account "th" booked on the day of NOON, unless told otherwise."""
    plain = {
        "account": "th",
        "line_id": "l1",
        "source": "scb",
        "booked_on": "2026-03-01",
        "value_on": None,
        "amount": 100,
        "currency": "THB",
        "description": "OMISE",
        "reference": None,
        "payout": True,
        "file": "a.sta",
        "file_hash": "f0",
        "row": 2,
    }
    return c.BANK_LINE.from_rows([tuple({**plain, **given}.values()) for given in rows])


def save(store: Store, frame: pd.DataFrame, hours: int = 0, unread: pd.DataFrame | None = None) -> Saved:
    unread = rejected() if unread is None else unread
    return save_bank_lines(store, "bank.scb", frame, unread, NOON + hours * HOUR)


def test_a_line_comes_back_as_it_was_and_is_written_once(store: Store) -> None:
    first = lines({}, {"line_id": "l2", "amount": -5, "description": None, "payout": False})
    assert save(store, first) == Saved(new=2)
    assert save(store, lines({"file": "b.sta", "file_hash": "f1", "row": 9}), 1) == Saved(unchanged=1)
    loaded = load_books(store, NOON + HOUR).bank_lines
    assert c.BANK_LINES.check(loaded)[c.BANK_LINE.names].equals(first)
    assert set(loaded[c.SEEN_AT]) == {NOON}


def test_a_change_is_a_version_and_what_was_known_stays_known(store: Store) -> None:
    save(store, lines({}))
    assert save(store, lines({"payout": False, "description": None}), 2) == Saved(changed=1)
    assert count(store, "bank_line") == 2
    now = load_books(store, NOON + 2 * HOUR).bank_lines
    then = load_books(store, NOON + 2 * HOUR, versions_at=NOON + HOUR).bank_lines
    assert (now[c.PAYOUT].tolist(), then[c.PAYOUT].tolist()) == ([False], [True])
    assert set(now[c.FIRST_SEEN_AT]) == {NOON}


def test_the_same_line_of_another_account_is_another_line(store: Store) -> None:
    assert save(store, lines({}, {"account": "sg"})) == Saved(new=2)


def test_days_that_have_not_begun_anywhere_are_left_out(store: Store) -> None:
    save(store, lines({}, {"line_id": "l2", "booked_on": "2026-03-02"}, {"line_id": "l3", "booked_on": "2026-03-03"}))
    assert load_books(store, NOON).bank_lines[c.LINE_ID].tolist() == ["l1", "l2"]
    assert load_books(store, NOON - timedelta(hours=3)).bank_lines[c.LINE_ID].tolist() == ["l1"]


def test_a_banks_unread_rows_and_an_orders_of_the_same_name_leave_each_other_alone(store: Store) -> None:
    save(store, lines(), unread=rejected({"source": "bank.scb", "digest": "d2"}))
    save_orders(store, orders({"source": "scb"}), rejected({"source": "scb"}), NOON)
    assert load_books(store, NOON).rejected[c.SOURCE].tolist() == ["bank.scb", "scb"]
    save(store, lines(), 1)
    assert load_books(store, NOON).rejected[c.SOURCE].tolist() == ["scb"]
