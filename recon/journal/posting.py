"""One amount on one account of the books, and how amounts become the lines of balanced entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from recon import columns as c
from recon.columnar import pd
from recon.journal.words import EntryKind, LedgerAccount
from recon.model import Account

_KINDS = tuple(EntryKind)
_ACCOUNTS = tuple(LedgerAccount)


@dataclass(frozen=True, slots=True)
class Posting:
    """Minor units of a currency on an account, a credit negative; `rows` objects have it. `day` is YYYY-MM-DD."""

    day: str
    kind: EntryKind
    currency: str
    account: LedgerAccount
    amount: int
    rows: int
    note: str = ""


def moved(
    day: str, kind: EntryKind, currency: str, amount: int, *, debit: LedgerAccount, credit: LedgerAccount, rows: int
) -> tuple[Posting, Posting]:
    """The same amount on both sides, a negative one the other way round."""
    return Posting(day, kind, currency, debit, amount, rows), Posting(day, kind, currency, credit, -amount, rows)


def entries(account: Account, postings: Iterable[Posting]) -> pd.DataFrame:
    """The postings as entries of an Omise account (shaped JOURNAL): one a day, kind and currency, debits first.

    Raises AssertionError where the sides of an entry differ.
    """
    grouped: dict[tuple[str, int, str], dict[tuple[LedgerAccount, str], list[int]]] = defaultdict(dict)
    for posting in postings:
        group = grouped[posting.day, _KINDS.index(posting.kind), posting.currency]
        sums = group.setdefault((posting.account, posting.note), [0, 0])
        sums[0] += posting.amount
        sums[1] += posting.rows
    return c.JOURNAL.from_rows(
        line
        for day, kind, currency in sorted(grouped)
        for line in _lines(account, day, _KINDS[kind], currency, grouped[day, kind, currency])
    )


def _lines(
    account: Account, day: str, kind: EntryKind, currency: str, sums: dict[tuple[LedgerAccount, str], list[int]]
) -> Iterator[tuple[Any, ...]]:
    number = entry_number(account, day, kind, currency)
    assert sum(amount for amount, _ in sums.values()) == 0, f"{number}: debits are not credits"
    booked = [(key, amount, rows) for key, (amount, rows) in sums.items() if amount]
    booked.sort(key=lambda line: (line[1] < 0, _ACCOUNTS.index(line[0][0]), line[0][1]))
    for place, ((ledger_account, note), amount, rows) in enumerate(booked, start=1):
        sides = (amount, None) if amount > 0 else (None, -amount)
        head = (account.name, number, day, kind.value, place, ledger_account.value, currency)
        yield (*head, *sides, rows, note or None)


def entry_number(account: Account, day: str, kind: EntryKind, currency: str) -> str:
    """Derived from account, day and kind alone: OMISE-TH-20260131-FEE; a currency not the account's stands behind."""
    number = f"OMISE-{account.name.upper()}-{day.replace('-', '')}-{kind.short}"
    return number if currency == account.currency else f"{number}-{currency}"
