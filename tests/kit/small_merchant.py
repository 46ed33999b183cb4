"""A merchant of one account in a store that tests fill by hand: runs and looks at the day of what is stored."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from jobs.config import config as configuration
from jobs.config.config import Config
from jobs.run.opening.store import open_ready_store
from jobs.run.outcome import WATCH, Outcome, RunOptions
from jobs.run.run import run
from recon.model import BreakStatus, Window
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


def merchant(folder: Path, orders: str, *charges: Any, more: str = "") -> Config:
    """A store with these charges beside a file of orders; `more` is of the configuration."""
    (folder / "key").write_text("skey_test_1", encoding="utf-8")
    (folder / "config.toml").write_text(CONFIG + more, encoding="utf-8")
    empty_store(folder / "recon.db")
    config = configuration.load(folder / "config.toml", {})
    shop_says(config, orders)
    omise_says(config, MIDNIGHT - DAY, *charges)
    return config


def shop_says(config: Config, orders: str) -> None:
    """The file of orders from now on."""
    (config.reports.folder.parent / "orders.csv").write_text(HEADER + orders, encoding="utf-8")


def omise_says(config: Config, at: datetime, *charges: Any) -> None:
    """Charges as they were seen at a moment."""
    store = open_ready_store(config)
    save_objects(store, "th", "charge", list(charges), at)
    store.dispose()


def charged(id: str, status: str = "successful", **fields: Any) -> Any:
    """A charge in baht."""
    return charge(id, status, currency="THB", funding_currency="THB", **fields)


async def night(config: Config, now: datetime, day: date, last: date | None = None, **options: Any) -> Outcome:
    """A run over one day, or some, at a moment, of what is stored; `as_of` of the options: of what was known then."""
    plain = RunOptions(day, last or day, pull=False, report=False, by="test")
    return await _judged(config, replace(plain, **options), now)


async def look(config: Config, now: datetime) -> Outcome:
    """A look at the day at a moment, of what is stored."""
    options = RunOptions(pull=False, report=False, by="test", command=WATCH, today=True)
    return await _judged(config, options, now)


def pulled(config: Config, now: datetime) -> None:
    """As if all days had been pulled by then."""
    store = open_ready_store(config)
    save_windows(store, "th", [PulledWindow("charge", Window(MIDNIGHT - 90 * DAY, now), 1, 1, now)])
    store.dispose()


async def _judged(config: Config, options: RunOptions, now: datetime) -> Outcome:
    pulled(config, now)
    return await run(config, options, lambda: now, Silent())


def open_breaks(config: Config) -> set[str]:
    """Every open break: its code and its subject."""
    store = open_ready_store(config)
    try:
        return {
            f"{known.latest.code} {known.latest.subject_id}"
            for known in list_breaks(store, statuses=[BreakStatus.OPEN])
        }
    finally:
        store.dispose()
