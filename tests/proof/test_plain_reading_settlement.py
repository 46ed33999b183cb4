"""Small odd ledgers against a plain reading: breaks, waterfalls that chain, journals that come to the same by days.

The reading (`tests.kit.plain_reading`) is written from what is promised and knows nothing of how it is done.
"""

import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from recon import columns as c
from recon.calendars import Calendar, days_window
from recon.journal import journal
from recon.journal.exporting import entries_of, to_export
from recon.matching import match
from recon.model import Account, Books, JournalEntry
from recon.money import Currencies
from recon.rules import case_rules, find_breaks
from recon.settings import Context, MatchSettings
from recon.settlement import of_range, settle
from recon.triage import Judged, triage
from recon.triage.scope import Range, scope
from tests.kit.books import EVER, build
from tests.kit.journals import signed_amounts
from tests.kit.odd_ledgers import DAY, START, World, local, make
from tests.kit.plain_reading import reading, waterfall

pytestmark = pytest.mark.proof
FRAMES = {
    "orders": c.ORDERS,
    "charges": c.CHARGES,
    "refunds": c.REFUNDS,
    "transactions": c.TRANSACTIONS,
    "transfers": c.TRANSFERS,
    "disputes": c.DISPUTES,
    "receipts": c.RECEIPTS,
    "readings": c.READINGS,
    "bank_lines": c.BANK_LINES,
}
CODES = {
    *(
        "transaction_missing",
        "transaction_amount_mismatch",
        "fee_mismatch",
        "fee_vat_mismatch",
        "transaction_unexplained",
    ),
    *("receipt_mismatch", "balance_mismatch", "settlement_overdue", "transfer_failed", "transfer_amount_mismatch"),
    *("transfer_stuck", "bank_credit_missing", "bank_amount_mismatch", "bank_credit_unexplained"),
    *("dispute_open", "dispute_lost"),
}
WORLDS, PARTS = 200, 10
FIRST = START.date() - DAY


def judged(world: World, seed: int = 0) -> tuple[Judged, Context]:
    """All of a world judged; with a seed its rows come in another order."""
    rows = {kind: list(of_kind) for kind, of_kind in world.rows.items()}
    if seed:
        for kind in rows.keys() - {"readings"}:
            random.Random(seed).shuffle(rows[kind])
    frames: dict[str, Any] = {kind: build(FRAMES[kind], of_kind) for kind, of_kind in rows.items()}
    books = Books(world.now, rejected=c.REJECTED.empty(), **frames)
    accounts = {name: place.account for name, place in world.places.items()}
    context = Context(
        world.now,
        regions={name: account.region for name, account in accounts.items()},
        calendars={n: Calendar(place.account.zone, tuple(sorted(place.off))) for n, place in world.places.items()},
        bank_fees={name: place.fee_bound for name, place in world.places.items() if place.fee_bound is not None},
    )
    matching = match(books.orders, books.charges, MatchSettings(), None)
    seen = scope(books, matching, Range(accounts, dict.fromkeys(accounts, EVER)))
    settled = settle(books, seen.charges, accounts, context)
    cases = triage(books, matching, seen, context, case_rules(context))
    return Judged(books, matching, seen, cases, settled, accounts), context


def says(world: World, seed: int = 0) -> set[tuple[str, str]]:
    return {(one.code, one.subject_id) for one in find_breaks(*judged(world, seed)) if one.code in CODES}


def of_days(
    whole: Judged, context: Context, account: Account, first: date, last: date
) -> tuple[Any, list[JournalEntry]]:
    """The waterfall's lines of some days that come to anything, and the journal's entries."""
    window, calendar = days_window(first, last, account.zone), context.calendar(account.name)
    books, settled = whole.books, whole.settled
    settlement = of_range(settled.settlement, books, settled.ledger, account, window, (first, last), calendar)
    receipts = settled.receipts[c.of_account(settled.receipts, account.name)]
    inside = (receipts[c.DAY] >= first.isoformat()) & (receipts[c.DAY] <= last.isoformat())
    settlement = replace(settlement, receipts=receipts[inside])
    booked = journal(books, settled.ledger, settlement, account, (first, last), [], Currencies())
    assert not pd.Series(signed_amounts(booked)).groupby(booked[c.ENTRY]).sum().any()
    lines = dict(zip(settlement.waterfall[c.LINE], settlement.waterfall[c.AMOUNT].tolist(), strict=True))
    beside = {"booked_since", "reading", "difference"}
    moving = {line: amount for line, amount in lines.items() if amount and line not in beside}
    return moving, entries_of(booked, account, "day")


@pytest.mark.parametrize("part", range(PARTS))
def test_every_break_is_one_that_a_plain_reading_finds(part: int) -> None:
    for seed in range(part, WORLDS, PARTS):
        world = make(seed)
        assert says(world) == reading(world), f"world {seed}"
        assert says(world, seed + 1) == says(world), f"world {seed}: the order of rows counts"


@pytest.mark.parametrize("part", range(PARTS))
def test_waterfalls_chain_and_journals_of_days_are_the_whole(part: int) -> None:
    for seed in range(part, WORLDS, PARTS):
        world = make(seed)
        whole, context = judged(world)
        chance = random.Random(seed)
        for name, account in whole.accounts.items():
            end = local(world.now, account.zone)
            lines, entries = of_days(whole, context, account, FIRST, end)
            assert lines == waterfall(world, name, FIRST, end), f"world {seed}: {name}"
            starts = sorted({FIRST, *(FIRST + chance.randint(1, 25) * DAY for _ in range(3))})
            stretches = zip(starts, [*(start - DAY for start in starts[1:]), end], strict=True)
            parts = [of_days(whole, context, account, *stretch) for stretch in stretches]
            closings = [of_part.get("closing", 0) for of_part, _ in parts]
            assert [of_part.get("opening", 0) for of_part, _ in parts[1:]] == closings[:-1]
            sums: Counter[str] = Counter()
            for of_part, _ in parts:
                sums.update({line: amount for line, amount in of_part.items() if line not in ("opening", "closing")})
            assert {line: amount for line, amount in sums.items() if amount} == {
                line: amount for line, amount in lines.items() if line not in ("opening", "closing")
            }
            by_days = [entry for _, of_part in parts for entry in of_part]
            assert sorted(map(repr, by_days)) == sorted(map(repr, entries)), f"world {seed}: {name}"


def test_nothing_is_exported_twice_or_left_out() -> None:
    """Stretches that overlap, of a store that has more each time and other fees, and in the end the whole."""
    for seed in range(0, WORLDS, PARTS):
        chance = random.Random(seed)
        register: list[JournalEntry] = []
        for share in (0.7, 0.9, 0.8, 1.0):
            world = make(seed)
            for kind in ("charges", "refunds", "transactions", "transfers", "disputes", "receipts", "bank_lines"):
                world.rows[kind] = [row for row in world.rows[kind] if chance.random() < share]
            whole, context = judged(world)
            for account in whole.accounts.values():
                end = local(world.now, account.zone)
                first, last = sorted(FIRST + timedelta(days=chance.randint(0, (end - FIRST).days)) for _ in range(2))
                if share == 1.0:
                    first, last = FIRST, end
                drafts = of_days(whole, context, account, first, last)[1]
                register += to_export(drafts, exported(register, account, first, last))
                assert amounts(exported(register, account, first, last)) == amounts(drafts), f"world {seed}"
                assert to_export(drafts, exported(register, account, first, last)) == []
        assert len({entry.number for entry in register}) == len(register)


def exported(register: list[JournalEntry], account: Account, first: date, last: date) -> list[JournalEntry]:
    return [entry for entry in register if entry.account == account.name and first <= entry.day <= last]


def amounts(entries: list[JournalEntry]) -> dict[tuple[str, str], int]:
    """What stands on each account of the books by each entry and what takes it back."""
    sums: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        for line in entry.lines:
            sums[entry.base, line.ledger_account] += (line.debit or 0) - (line.credit or 0)
    return {place: amount for place, amount in sums.items() if amount}
