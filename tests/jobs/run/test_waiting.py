"""What waits for its other side in one run is judged in a later one, whatever the range of either."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.config import config as configuration
from jobs.config.config import Config
from jobs.run.opening.store import open_ready_store
from jobs.run.outcome import Outcome, RunOptions
from jobs.run.run import run
from recon.model import Window
from recon.store.runs.record import list_breaks
from recon.store.versions.save import PulledWindow, save_objects, save_windows
from tests.kit.job import Silent
from tests.kit.store_samples import charge, empty_store

MIDNIGHT = datetime(2026, 3, 2, 17, tzinfo=UTC)  # of 3 March in Bangkok
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
CONFIG = """
[store]
url = "sqlite:///recon.db"
[accounts.th]
region = "TH"
currency = "THB"
timezone = "Asia/Bangkok"
secret_key = { file = "key" }
[orders.shop]
kind = "csv"
path = "orders.csv"
account = "th"
[rules.transaction_missing]
enabled = false
"""
HEADER = "order_id,amount,currency,status,created_at\n"


def merchant(folder: Path, orders: str, *charges: Any) -> Config:
    """A store with these charges, all of whose days were pulled, beside a file of orders."""
    (folder / "key").write_text("skey_test_1", encoding="utf-8")
    (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
    (folder / "orders.csv").write_text(HEADER + orders, encoding="utf-8")
    empty_store(folder / "recon.db")
    config = configuration.load(folder / "config.toml", {})
    store = open_ready_store(config)
    save_objects(store, "th", "charge", list(charges), MIDNIGHT - MINUTE)
    everything = Window(MIDNIGHT - 90 * DAY, MIDNIGHT + 90 * DAY)
    save_windows(store, "th", [PulledWindow("charge", everything, 1, 1, MIDNIGHT - MINUTE)])
    store.dispose()
    return config


async def at(config: Config, now: datetime, day: date) -> Outcome:
    """A run over one day at a moment, of what is stored."""
    options = RunOptions(day, day, pull=False, report=False, by="test")
    return await run(config, options, lambda: now, Silent())


def codes(config: Config) -> set[str]:
    store = open_ready_store(config)
    try:
        return {f"{known.latest.code} {known.latest.subject_id}" for known in list_breaks(store)}
    finally:
        store.dispose()


@pytest.mark.parametrize("between", [None, date(2026, 1, 5)], ids=["nights", "another range between"])
async def test_a_run_at_midnight_leaves_nothing_to_chance(tmp_path: Path, between: date | None) -> None:
    """An order and a charge without their other side, and a lost webhook, ten minutes before a run at 00:10."""
    late = MIDNIGHT - 10 * MINUTE
    alone = charge("chrg_1", "successful", amount=700, created_at=late, paid_at=late)
    webhook = charge(
        "chrg_2", "successful", amount=900, created_at=late, paid_at=late, metadata='{"order_id": "A-2"}'
    )
    orders = f"A-1,500.00,THB,paid,{late.isoformat()}\nA-2,9.00,THB,pending,{late.isoformat()}\n"
    config = merchant(tmp_path, orders, alone, webhook)
    yesterday = date(2026, 3, 2)
    outcome = await at(config, MIDNIGHT + 10 * MINUTE, yesterday)
    assert codes(config) == set()
    notes = outcome.results[0].notes
    assert notes["orders too young to miss their charge"] == notes["charges too young to miss their order"] == 1
    assert notes["orders not yet due to be marked as paid"] == 1
    if between is not None:
        await at(config, MIDNIGHT + 20 * MINUTE, between)
        assert codes(config) == set()
    await at(config, MIDNIGHT + DAY, yesterday + DAY)
    assert codes(config) == {"charge_missing A-1", "order_missing chrg_1", "order_not_marked_paid A-2"}


async def test_a_shorter_settle_loses_nothing_that_waited_by_the_longer_one(tmp_path: Path) -> None:
    made = MIDNIGHT - 5 * 60 * MINUTE
    config = merchant(tmp_path, f"A-1,500.00,THB,paid,{made.isoformat()}\n")
    patient = config.matching.model_copy(update={"settle": timedelta(hours=8)})
    await at(config.model_copy(update={"matching": patient}), MIDNIGHT, date(2026, 3, 2))
    assert codes(config) == set()
    await at(config, MIDNIGHT + DAY, date(2026, 3, 3))
    assert codes(config) == {"charge_missing A-1"}
