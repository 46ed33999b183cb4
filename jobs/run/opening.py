"""Takes the items known to be open at go-live from their file into the store."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from jobs.config.config import Config
from jobs.run.outcome import JobError
from recon.orders.opening import OpeningUnreadable, read_opening
from recon.rulings.opening_items import Placed
from recon.store.desk import opening
from recon.store.engine import Store


def read_items(config: Config, path: Path, who: str) -> tuple[Placed, ...]:
    """Every item of the file; raises JobError with all its faults, of any account of the configuration."""
    names = [account.name for account in config.as_accounts()]
    try:
        return read_opening(path, names, config.currencies(), who)
    except OpeningUnreadable as error:
        raise JobError(*(f"--opening {message}" for message in error.messages)) from None


def save_items(config: Config, store: Store, items: tuple[Placed, ...], clock: Callable[[], datetime]) -> None:
    """The items, stored; those that are known already change nothing."""
    opening.save(store, items, clock(), config.audit_key)
