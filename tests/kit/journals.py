"""Journals of small ledgers for tests: booked as a run books them, read as words."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from recon import columns as c
from recon.calendars import Calendar, days_window, local_day
from recon.journal import journal
from recon.model import Account, Books, Break
from recon.model.rulings import Ruling
from recon.money import Currencies
from recon.settings import Context
from recon.settlement import of_range, settle
from recon.settlement.fifo import histories_of
from tests.kit.books import AS_OF, TH
from tests.kit.ledgers import START, Merchant

FIRST = local_day(START, TH.zone)
LAST = local_day(AS_OF, TH.zone)


def booked(
    books: Books,
    first: date = FIRST,
    last: date = LAST,
    account: Account = TH,
    write_offs: Sequence[tuple[Ruling, Break]] = (),
    bank_fee: int | None = None,
) -> pd.DataFrame:
    """The journal of some days, settled as a run settles them; a bank fee has the account's statements read."""
    books = replace(books, histories=histories_of(books))
    bank_fees = {} if bank_fee is None else {account.name: bank_fee}
    everything = np.ones(len(books.charges), dtype=bool)
    settled = settle(books, everything, {account.name: account}, Context(books.as_of, bank_fees=bank_fees))
    window = days_window(first, last, account.zone)
    calendar = Calendar(account.zone)
    settlement = of_range(settled.settlement, books, settled.ledger, account, window, (first, last), calendar)
    days = settled.receipts[c.DAY]
    inside = ((days >= first.isoformat()) & (days <= last.isoformat())).to_numpy(dtype=bool)
    settlement = replace(settlement, receipts=settled.receipts[inside].reset_index(drop=True))
    return journal(books, settled.ledger, settlement, account, (first, last), write_offs, Currencies())


def lines(frame: pd.DataFrame, *kinds: str) -> list[str]:
    """Each line in words: `FEE fees 3650`, a credit negative; with kinds those alone."""
    shown = frame[frame[c.ENTRY_KIND].isin(kinds)] if kinds else frame
    signed = signed_amounts(shown)
    names = [c.ENTRY_KIND, c.LEDGER_ACCOUNT]
    return [
        f"{kind} {account} {amount}"
        for (kind, account), amount in zip(shown[names].to_numpy().tolist(), signed, strict=True)
    ]


def signed_amounts(frame: pd.DataFrame) -> list[int]:
    """Minor units per line, a credit negative."""
    return [int(amount) for amount in frame[c.DEBIT].fillna(0) - frame[c.CREDIT].fillna(0)]


def balances(frame: pd.DataFrame) -> dict[str, int]:
    """What stands on each account of the books after all lines, those at nothing left out."""
    sums: dict[str, int] = {}
    for account, amount in zip(frame[c.LEDGER_ACCOUNT].tolist(), signed_amounts(frame), strict=True):
        sums[account] = sums.get(account, 0) + amount
    return {account: amount for account, amount in sums.items() if amount}


def of_shop(shop: Merchant, **fields: Any) -> pd.DataFrame:
    """A merchant's whole journal."""
    return booked(shop.books(), **fields)
