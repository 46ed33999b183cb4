"""Balances day by day: opening + credits - debits = closing, beside what `/balance` said; judges nothing."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from recon import columns as c
from recon import ledger_columns as lc
from recon.calendars import days_window, local_day
from recon.ledger import Ledger, kind_words
from recon.model import Account, Books, Proof, Window

Ints = npt.NDArray[np.int64]
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHOWN_BEYOND = 40  # days after the range up to the last reading; beyond, only that reading's own


def days(books: Books, ledger: Ledger, account: Account, first: date, last: date) -> pd.DataFrame:
    """One row per day of the range (shaped BALANCE_DAYS), and on to the day of the account's last reading.

    The first reading says what was there before the stored ledger begins; without one, that counts as nothing.
    """
    read = _readings(books, account)
    ends = _span(first, last, max(read, default=last))
    made, sums = _moves(books, ledger, account)
    base = held_before(books, account.name) or 0
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
                -int(moved[moved < 0].sum()), closing, *(said or (None,) * 5),
            )
        )  # fmt: skip
    return lc.BALANCE_DAYS.from_rows(rows)


def moves(books: Books, ledger: Ledger, account: Account, window: Window) -> pd.DataFrame:
    """What moved the balance in a window (shaped MOVES), by kind, key and direction; a debit's sum is negative."""
    rows = books.transactions
    created = rows[c.CREATED_AT]
    mine = (rows[c.ACCOUNT] == account.name) & (created >= window.start) & (created < window.end)
    at = np.flatnonzero(mine.to_numpy(dtype=bool))
    if not len(at):
        return lc.MOVES.empty()
    kinds = kind_words(ledger.kinds[at])
    chosen = rows[[c.KEY, c.DIRECTION, c.CURRENCY]].iloc[at].reset_index(drop=True)
    counted = {lc.ROWS: np.ones(len(at), dtype=np.int64), c.AMOUNT: ledger.signed[at]}
    found = chosen.assign(**counted).assign(**{lc.KIND: kinds}).assign(**{c.ACCOUNT: account.name})
    keys = [c.ACCOUNT, lc.KIND, c.KEY, c.DIRECTION, c.CURRENCY]
    sums = found.groupby(keys, sort=True)[[lc.ROWS, c.AMOUNT]].sum().reset_index()
    return lc.MOVES.check(sums.astype({one.name: one.dtype for one in lc.MOVES.columns})[lc.MOVES.names])


def proof(books: Books, account: str) -> tuple[Proof, ...]:
    """The first reading and what was booked since, against the last reading; nothing where none was taken."""
    mine = _of(books.readings, account)
    if not len(mine):
        return ()
    totals, grown = mine[c.TOTAL].tolist(), mine[lc.SINCE_FIRST].tolist()
    currency = str(mine[c.CURRENCY].iloc[-1])
    return (Proof("ledger_to_balance", currency, totals[0] + grown[-1], totals[-1], explained=0),)


def _span(first: date, last: date, read: date) -> list[date]:
    until = read if last < read <= last + _SHOWN_BEYOND * _DAY else last
    found = [first + n * _DAY for n in range((until - first).days + 1)]
    return found if read <= until else [*found, read]


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
        found[local_day(min(read_at, books.as_of), account.zone)] = (
            total, total - first - grown, free, held, reserve
        )  # fmt: skip
    return found


def held_before(books: Books, account: str) -> int | None:
    """What the account's first reading held beyond the stored transactions; null where none was taken."""
    mine = _of(books.readings, account)
    return int(mine[lc.BEFORE].iloc[0]) if len(mine) else None


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


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // c.MICROSECOND
