"""Hostile lines of banks: each is kept aside with its row and reason, and leaves the store as a clean one has it."""

import csv
import io
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from recon import columns as c
from recon.bank.source import LoadedBank
from recon.store.engine import Store
from recon.store.versions.save import save_bank_lines
from tests.kit.bank_files import load
from tests.kit.hostile_rows import DIGITS, HOSTILE_AMOUNTS, HOSTILE_DAYS, KEPT, LONG, books_after, names
from tests.kit.store_samples import DATABASES

HEADER = ("date", "amount", "currency", "description", "reference")
AMOUNTS = {
    **HOSTILE_AMOUNTS,
    "-1": KEPT,
    "-0": KEPT,
    "∞": "is not a number",
    "½": "is not a number",
    "": "amount is empty",
}
DAYS = {
    **HOSTILE_DAYS,
    "0001-01-01": "cannot be a statement's",
    "9999-12-31": "cannot be a statement's",
    "1969-12-31": "cannot be a statement's",
    "2026-13-01": "does not exist",
    "２０２６-11-24": "is not like",
    "24/11/2026" + "1" * 120_000: "is not like",
    LONG: "is not like",
    "": "is not like",
}
CURRENCIES = {
    "THB\x00": "is not known",
    "฿": "is not known",
    "XXX": "is not known",
    "T": "is not known",
    LONG: "is not known",
    "": "currency is empty",
    "thb": KEPT,
}
TEXTS = (
    "OMISE\x00",
    "OMISE\x1b[31m",
    "OMISE\u202e",
    "OMISE " + LONG,
    "OMISE " + "a@b" * 40_000,
    "OMISE " + DIGITS,
    "OMISE 4242 4242 4242 4242",
    "OMISE 081-234-5678",
    "=cmd|'/c calc'!A0",
    "\ud7ff\uffff\x7f OMISE",
    "'; drop table bank_line; --",
    "trsf_test_" * 10_000,
    "😀" * 300,
    "%s%n{0}",
)
ATTACKS = [
    *(("amount", text, reason) for text, reason in AMOUNTS.items()),
    *(("date", text, reason) for text, reason in DAYS.items()),
    *(("currency", text, reason) for text, reason in CURRENCIES.items()),
    *((column, text, KEPT) for column in ("description", "reference") for text in TEXTS),
]


def line(reference: str, column: str = "", value: str = "") -> dict[str, str]:
    day = {"date": "2026-11-24", "amount": "100.00", "currency": "THB", "description": "OMISE PAYOUT"}
    return {**day, "reference": reference} | ({column: value} if column else {})


def loaded(folder: Path, *lines: dict[str, str]) -> LoadedBank:
    file = io.StringIO()
    writer = csv.DictWriter(file, HEADER)
    writer.writeheader()
    writer.writerows(lines)
    return load(folder, "csv", {"a.csv": file.getvalue()})


@pytest.mark.parametrize("attack", ATTACKS, ids=names)
def test_one_bad_line_is_kept_aside_and_nothing_beside_it(tmp_path: Path, attack: tuple[str, str, str]) -> None:
    column, value, reason = attack
    bank = loaded(tmp_path, line("A1"), line("B2", column, value), line("C3"))
    assert {"A1", "C3"} <= set(bank.lines[c.REFERENCE].dropna())
    assert len(bank.lines) + len(bank.rejected) == 3
    if not reason:
        assert len(bank.lines) == 3
        assert bank.lines[c.DESCRIPTION].dropna().str.len().max() <= 1_000
        assert bank.lines[c.REFERENCE].dropna().str.len().max() <= 1_000
        return
    assert bank.rejected[c.FILE].tolist() == ["a.csv"]
    assert bank.rejected[c.ROW].tolist() == [3]
    assert bank.rejected[c.COLUMN].tolist() == [column]
    assert reason in bank.rejected[c.REASON][0]
    assert len(bank.rejected[c.REASON][0]) < 600


@pytest.mark.parametrize("database", DATABASES)
def test_after_every_attack_the_store_has_what_a_clean_one_has(tmp_path: Path, database: str) -> None:
    """All at once, then without them: what is current is what a store has that never met one."""
    lines = [line(f"B{at}", column, value) for at, (column, value, _) in enumerate(ATTACKS)]
    kept = [written for written, (_, _, reason) in zip(lines, ATTACKS, strict=True) if not reason]
    attacked = loaded(tmp_path / "bank", line("A1"), *lines)
    clean = loaded(tmp_path / "bank", line("A1"), *kept)
    assert len(attacked.rejected) == len(ATTACKS) - len(kept)
    books = [books_after(database, tmp_path, banks, keep) for banks in ([attacked, clean], [clean])]
    moments = [c.SEEN_AT, c.FIRST_SEEN_AT, c.ROW, c.FILE, c.FILE_HASH]
    both, alone = (book.bank_lines.drop(columns=moments, errors="ignore") for book in books)
    in_order = [frame.sort_values(c.LINE_ID, ignore_index=True) for frame in (both, alone)]
    pd.testing.assert_frame_equal(in_order[0], in_order[1])
    assert (len(books[0].rejected), len(books[1].rejected)) == (0, 0)


def keep(store: Store, bank: LoadedBank, moment: datetime) -> None:
    save_bank_lines(store, "bank.scb", bank.lines, bank.rejected, moment, bank.unread)
