"""Hostile cells of rows from outside, with what the reason says of each, and a store after such rows."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from recon.model import Books
from recon.store.engine import Store
from recon.store.versions.load import load_books
from tests.kit.store_samples import opened

Loaded = TypeVar("Loaded")

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
LONG = "x" * 120_000
DIGITS = "9" * 120_000
KEPT = ""  # the reason of what is hostile and a row all the same

HOSTILE_AMOUNTS = {
    "12345678901234567": "too large",  # a bar code in the wrong column
    "90000000000.01": "too large",
    "92233720368547758.08": "too large",
    "9" * 150: "too large",
    "9" * 5_000: "too long",
    DIGITS: "too long",
    "1e3": "is not a number",
    "1E+400": "is not a number",
    "NaN": "is not a number",
    "inf": "is not a number",
    "-Infinity": "is not a number",
    "0x10": "is not a number",
    "๑๒๓": "is not a number",
    "１２３": KEPT,
    "1\x002": "is not a number",
    "1 000": "is not a number",
    "--1": "is not a number",
    "0.001": "more decimals",
    "." * 120_000: "too long",
    "1," * 60_000: "too long",
    "=1+1": "is not a number",
}
HOSTILE_DAYS = {
    "2567-11-24": "Buddhist",
    "10000-01-01": "is not like",
    "2026-02-30": "does not exist",
    "2026-11-24T25:00:00": "does not exist",
    "2026-11-24T09:30:00+99:99": "does not exist",
    "1764000000": "is not like",
    "now": "is not like",
    "2026-11-24\x00": "is not like",
}


def names(attack: tuple[str, Any, str]) -> str:
    """An attack (column, value, reason) as a test's parameter."""
    column, value, _ = attack
    length = f"-{len(value)}" if isinstance(value, str) else ""
    return f"{column}-{ascii(value)[:24]}{length}"


def books_after(
    database: str, folder: Path, loads: Iterable[Loaded], keep: Callable[[Store, Loaded, datetime], None]
) -> Books:
    """What a new store has after one load an hour from noon on."""
    [books] = [_books_after(store, loads, keep) for store in opened(database, folder)]
    return books


def _books_after(store: Store, loads: Iterable[Loaded], keep: Callable[[Store, Loaded, datetime], None]) -> Books:
    for hours, loaded in enumerate(loads):
        keep(store, loaded, NOON + timedelta(hours=hours))
    return load_books(store, NOON + timedelta(hours=5))
