"""Balances day by day: opening + credits - debits = closing, beside what `/balance` said; judges nothing."""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from recon import columns as c
from recon import ledger_columns as lc
from recon.calendars import days_window, local_day
from recon.ledger import Ledger
from recon.model import Account, Books, Proof

Ints = npt.NDArray[np.int64]
_DAY = timedelta(days=1)


def days(books: Books, ledger: Ledger, account: Account, first: date, last: date) -> pd.DataFrame:
    """One row per day of the range (shaped BALANCE_DAYS), and on to the day of the account's last reading.

    The first reading says what was there before the stored ledger begins; without one, that counts as nothing.
    """
    read = _readings(books, account)
    ends = sorted({*_span(first, last), *([max(read)] if read and max(read) > last else [])})
    made, sums = _moves(books, ledger, account)
    base = _before_the_ledger(books, account)
    rows = []
    for day in ends:
        window = days_window(day, day, account.zone)
        start, end = np.searchsorted(made, [_micros(window.start), _micros(window.end)])
        moved = np.diff(sums[start : end + 1])
        opening, closing = base + int(sums[start]), base + int(sums[end])
        said = read.get(day)
        rows.append(
            (
                account.name, day.isoformat(), account.currency, opening, int(moved[moved > 0].sum()),
                -int(moved[moved < 0].sum()), closing, *(said or (None,) * 6),
            )
        )  # fmt: skip
    return lc.BALANCE_DAYS.from_rows(rows)


def proof(books: Books, account: str) -> tuple[Proof, ...]:
    """The first reading and what was booked since, against the last reading; nothing where none was taken."""
    mine = _of(books.readings, account)
    if not len(mine):
        return ()
    totals, grown = mine[c.TOTAL].tolist(), mine[lc.SINCE_FIRST].tolist()
    currency = str(mine[c.CURRENCY].iloc[-1])
    return (Proof("ledger_to_balance", currency, totals[0] + grown[-1], totals[-1], explained=0),)


def _span(first: date, last: date) -> list[date]:
    return [first + n * _DAY for n in range((last - first).days + 1)]


def _readings(books: Books, account: Account) -> dict[date, tuple[object, ...]]:
    """The last reading of each day, as the columns after the closing; a run about the past read at its as-of."""
    mine = _of(books.readings, account.name)
    found: dict[date, tuple[object, ...]] = {}
    if not len(mine):
        return found
    first = int(mine[c.TOTAL].iloc[0])
    names = [lc.READ_AT, c.TOTAL, lc.SINCE_FIRST, lc.TRANSFERABLE, lc.ON_HOLD, lc.RESERVE]
    for read_at, total, grown, free, hold, reserve in mine[names].itertuples(index=False, name=None):
        held = None if pd.isna(hold) else int(hold)
        said = (read_at, total, total - first - grown, free, held, reserve)
        found[local_day(min(read_at, books.as_of), account.zone)] = said
    return found


def _before_the_ledger(books: Books, account: Account) -> int:
    """What the account's first reading held beyond the stored transactions; nothing where none was taken."""
    mine = _of(books.readings, account.name)
    return int(mine[lc.BEFORE].iloc[0]) if len(mine) else 0


def _moves(books: Books, ledger: Ledger, account: Account) -> tuple[Ints, Ints]:
    """The account's movements by moment (microseconds): when, and the running sum before and after each."""
    mine = np.flatnonzero((books.transactions[c.ACCOUNT] == account.name).to_numpy(dtype=bool))
    made: Ints = np.asarray(books.transactions[c.CREATED_AT].astype("int64"), dtype=np.int64)[mine]
    order = np.argsort(made, kind="stable")
    sums = np.zeros(len(mine) + 1, dtype=np.int64)
    np.cumsum(ledger.signed[mine][order], out=sums[1:])
    return made[order], sums


def _of(frame: pd.DataFrame, account: str) -> pd.DataFrame:
    return frame[(frame[c.ACCOUNT] == account).to_numpy(dtype=bool)] if len(frame) else frame


def _micros(moment: object) -> int:
    return int(pd.Timestamp(moment).as_unit("us").value)  # type: ignore[arg-type]
