"""Balances day by day: opening + credits - debits = closing, beside what `/balance` said; judges nothing."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from recon import columns as c
from recon.calendars import days_window, local_day
from recon.columnar import np, pd
from recon.model import Account, Books, Proof, Window
from recon.settlement.fifo import booked_before
from recon.settlement.gaps import Reasons, proof_of
from recon.settlement.ledger import Ledger, kind_words

AGREES_LATER = "booked before this reading and stored after it: the last reading agrees"
OF_LAST_READING = "the last reading differs, too: ledger_to_balance"
_DAY = timedelta(days=1)
_SHOWN_BEYOND = 40  # days after the range up to the last reading; beyond, only that reading's own


def days(books: Books, account: Account, first: date, last: date) -> pd.DataFrame:
    """One row per day of the range (shaped BALANCE_DAYS), and on to the day of the account's last reading."""
    read = _readings(books, account, days_window(first, first, account.zone).start)
    shown = _span(first, last, max(read, default=last))
    windows = [days_window(day, day, account.zone) for day in shown]
    opening, credits_before, debits_before = booked_before(books, account.name, [day.start for day in windows])
    closing, credits, debits = booked_before(books, account.name, [day.end for day in windows])
    sums = (opening, credits - credits_before, debits - debits_before, closing)
    return c.BALANCE_DAYS.from_rows(
        (account.name, day.isoformat(), account.currency, *of_day, *read.get(day, (None,) * 5))
        for day, *of_day in zip(shown, *(each.tolist() for each in sums), strict=True)
    )


def moves(books: Books, ledger: Ledger, account: Account, window: Window) -> pd.DataFrame:
    """What moved the balance in a window (shaped MOVES), by kind, key and direction; a debit's sum is negative."""
    rows = books.transactions
    at = np.flatnonzero(c.created_in(rows, account.name, window))
    if not len(at):
        return c.MOVES.empty()
    keys = (rows[name].iloc[at] for name in (c.KEY, c.DIRECTION, c.CURRENCY))
    groups, group_of = c.distinct([kind_words(ledger.kinds[at]), *keys])
    counts = c.counts_by(group_of, len(groups))
    sums = c.sums_by(group_of, len(groups), ledger.signed[at])
    moved = sorted(zip(groups, counts, sums, strict=True), key=lambda group: [word or "" for word in group[0]])
    return c.MOVES.from_rows((account.name, *group, count, amount) for group, count, amount in moved)


def proof(books: Books, account: str, reasons: Reasons) -> tuple[Proof, ...]:
    """The first reading and what was booked since, against the last reading; nothing where none was taken."""
    mine = readings_of(books, account)
    if not len(mine):
        return ()
    totals = mine[c.TOTAL].tolist()
    grown = mine[c.SINCE_FIRST].tolist()
    currency = str(mine[c.CURRENCY].iloc[-1])
    left = totals[0] + grown[-1]
    right = totals[-1]
    gaps = [(reasons.balance, account, right - left)] if left != right else []
    return (proof_of("ledger_to_balance", currency, left, right, gaps),)


def closing_proof(books: Books, account: Account, days: tuple[date, date], reasons: Reasons) -> tuple[Proof, ...]:
    """The closing of some days and what was booked from then on, against the reading that it is held against.

    Only where that is not the last reading, of which `proof` speaks, and differs (a later reading alone must not
    change a result): what differs here and not there was booked before this reading and stored after it.
    """
    mine = readings_of(books, account.name)
    place = held_against(mine, days_window(*days, account.zone).end)
    if place is None or place == len(mine) - 1:
        return ()
    booked = mine[c.TOTAL].iloc[0] + mine[c.SINCE_FIRST]
    left = int(booked.iloc[place])
    right = int(mine[c.TOTAL].iloc[place])
    if left == right:
        return ()
    is_over = booked.iloc[-1] == mine[c.TOTAL].iloc[-1]
    why = AGREES_LATER if is_over else reasons.balance or OF_LAST_READING
    return (proof_of("closing_to_reading", account.currency, left, right, [(why, account.name, right - left)]),)


def held_against(readings: pd.DataFrame, end: datetime) -> int | None:
    """Which of an account's readings (READINGS) a closing is held against: the first after it, else the last."""
    if not len(readings):
        return None
    later = np.flatnonzero((readings[c.READ_AT] >= end).to_numpy(dtype=bool))
    return int(later[0]) if len(later) else len(readings) - 1


def readings_of(books: Books, account: str) -> pd.DataFrame:
    """An account's readings of its balance (READINGS), in order."""
    return books.readings[c.of_account(books.readings, account)] if len(books.readings) else books.readings


def _span(first: date, last: date, read: date) -> list[date]:
    until = read if last < read <= last + _SHOWN_BEYOND * _DAY else last
    days_shown = [first + n * _DAY for n in range((until - first).days + 1)]
    return days_shown if read <= until else [*days_shown, read]


def _readings(books: Books, account: Account, since: datetime) -> dict[date, tuple[object, ...]]:
    """The last reading of each day from a moment on, as the columns after the closing.

    A run about the past read at its as-of.
    """
    readings = readings_of(books, account.name)
    last_of_day: dict[date, tuple[object, ...]] = {}
    if not len(readings):
        return last_of_day
    first = int(readings[c.TOTAL].iloc[0])
    names = [c.READ_AT, c.TOTAL, c.SINCE_FIRST, c.TRANSFERABLE, c.ON_HOLD, c.RESERVE]
    shown = readings[names][(readings[c.READ_AT] >= since).to_numpy(dtype=bool)]
    for read_at, total, grown, free, hold, reserve in shown.itertuples(index=False, name=None):
        held = None if pd.isna(hold) else int(hold)
        last_of_day[local_day(min(read_at, books.as_of), account.zone)] = (
            total,
            total - first - grown,
            free,
            held,
            reserve,
        )
    return last_of_day
