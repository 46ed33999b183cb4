"""Hostile order rows: each is set aside with its row and reason, and leaves the store as a clean one has it."""

import csv
import io
from datetime import datetime
from pathlib import Path
from time import perf_counter

import pandas as pd
import pytest

from recon import columns as c
from recon.orders.source import LoadedOrders
from recon.store.engine import Store
from recon.store.versions.save import save_orders
from tests.kit.hostile_rows import DIGITS, HOSTILE_AMOUNTS, HOSTILE_DAYS, KEPT, LONG, books_after, names
from tests.kit.store_samples import DATABASES
from tests.recon.orders.test_csv import OURS, load_text

GOOD = ["A-1", "th", "100.00", "THB", "paid", "2026-11-24T09:30:00+07:00", "", "card", ""]

AMOUNTS = {
    **HOSTILE_AMOUNTS,
    "50000000000000000": "too large",
    "92233720368547758.07": "too large",
    "9" * 19: "too large",
    "-1": "is negative",
}
MOMENTS = {
    **HOSTILE_DAYS,
    "0001-01-01": "cannot be an order's",
    "9999-12-31T23:59:59Z": "cannot be an order's",
    "1969-12-31": "cannot be an order's",
    "24/11/2026" + "1" * 120_000: "has more than",
    LONG: "has more than",
}
IDS = {
    "A\x00B": "control character",
    "A\x1b[31mB": "control character",
    "A\u202eB": "invisible",
    "A\u200bB": "invisible",
    "x" * 256: "more than 255 characters",
    "ก" * 256: "more than 255 characters",
    "😀" * 255: KEPT,
    "x" * 255: KEPT,
    LONG: "more than 255 characters",
    "=cmd|'/c calc'!A0": KEPT,
    "../../../etc/passwd": KEPT,
    '\'; drop table "order"; --': KEPT,
    "%s%n{0}": KEPT,
}
ATTACKS = [
    *(("amount", text, reason) for text, reason in AMOUNTS.items()),
    ("refunded_amount", "12345678901234567", "too large"),
    ("refunded_amount", "-5", "is negative"),
    ("refunded_amount", DIGITS, "too long"),
    *(("created_at", text, reason) for text, reason in MOMENTS.items()),
    *(("order_id", text, reason) for text, reason in IDS.items()),
    ("order_id", "", "order_id is empty"),
    *(("charge_id", text, reason) for text, reason in IDS.items()),
    ("currency", "THB\x00", "is not known"),
    ("currency", "฿", "is not known"),
    ("currency", LONG, "has more than"),
    ("status", "paid\x00", "status"),
    ("status", LONG, "has more than"),
    ("status", "a@" * 60_000, "has more than"),
    ("account", "th\x00", "is not"),
    ("account", LONG, "has more than"),
    ("payment_method", "ca\x00rd", KEPT),
    ("payment_method", "\ud7ff\uffff\x7f", KEPT),
    ("payment_method", LONG, "has more than"),
    ("payment_method", "4242 4242 4242 4242", KEPT),
]


def text_of(*rows: list[str]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([list(OURS), *rows])
    return file.getvalue()


def hostile(column: str, value: str) -> list[str]:
    row = ["B-2", *GOOD[1:]]
    row[OURS.index(column)] = value
    return row


@pytest.mark.parametrize("attack", ATTACKS, ids=names)
def test_one_bad_row_is_set_aside_and_nothing_beside_it(tmp_path: Path, attack: tuple[str, str, str]) -> None:
    column, value, reason = attack
    began = perf_counter()
    loaded = load_text(tmp_path, text_of(GOOD, hostile(column, value), ["C-3", *GOOD[1:]]))
    assert perf_counter() - began < 2
    kept = loaded.orders[c.ORDER_ID].tolist()
    if not reason:
        assert (len(kept), len(loaded.rejected)) == (3, 0)
        return
    assert kept == ["A-1", "C-3"]
    assert loaded.rejected[c.FILE].tolist() == ["orders.csv"]
    assert loaded.rejected[c.ROW].tolist() == [3]
    assert loaded.rejected[c.COLUMN].tolist() == [column]
    assert reason in loaded.rejected[c.REASON][0]
    assert len(loaded.rejected[c.REASON][0]) < 600


@pytest.mark.parametrize("database", DATABASES)
def test_after_every_attack_the_store_has_what_a_clean_one_has(tmp_path: Path, database: str) -> None:
    """All at once, then without them: what is current is what a store has that never met one."""
    rows = [hostile(column, value) for column, value, reason in ATTACKS if reason or column != "order_id"]
    rows = [[f"B-{at}" if cell == "B-2" else cell for cell in row] for at, row in enumerate(rows)]
    attacked = load_text(tmp_path, text_of(GOOD, *rows))
    accepted = [row for row in rows if row[0] in set(attacked.orders[c.ORDER_ID])]
    clean = load_text(tmp_path, text_of(GOOD, *accepted))
    assert len(attacked.rejected) == sum(1 for _, _, reason in ATTACKS if reason)
    books = [books_after(database, tmp_path, loads, keep) for loads in ([attacked, clean], [clean])]
    both, alone = (book.orders.drop(columns=[c.SEEN_AT, c.FIRST_SEEN_AT]) for book in books)
    pd.testing.assert_frame_equal(both, alone)
    assert (len(books[0].rejected), books[0].outside) == (0, {})


def keep(store: Store, loaded: LoadedOrders, moment: datetime) -> None:
    save_orders(store, loaded.orders, loaded.rejected, moment)
