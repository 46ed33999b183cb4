"""What moved a balance, line by line: each charge's net taken apart into sale, fees and VAT; judges nothing.

A movement is classified as `ledger` does it, by its origin and its direction; what a charge's own transaction holds
beyond its net, what is of a charge that is not stored, and what is taken of one that is not voided, is `other`.
"""

from __future__ import annotations

from datetime import date, datetime

from recon import columns as c
from recon.arrays import Ints, Mask, Positions
from recon.calendars import days_window, local_day
from recon.columnar import np, pd
from recon.model import MOVING_LINES, Account, BalanceLine, Books
from recon.settlement.balance import held_against, readings_of
from recon.settlement.fifo import booked_before
from recon.settlement.ledger import Ledger

MovedPart = tuple[BalanceLine, Positions, Ints]  # a line, places among chosen transactions, what each moved

# What is kept back of a sale, by line.
_COSTS = {
    BalanceLine.FEES: c.FEE,
    BalanceLine.FEE_VAT: c.FEE_VAT,
    BalanceLine.INTEREST: c.INTEREST,
    BalanceLine.INTEREST_VAT: c.INTEREST_VAT,
}
# Of the other origins: the line of a credit, and that of a debit.
_LINES = {
    "refund": (BalanceLine.REFUNDS, BalanceLine.REFUNDS),
    "dispute": (BalanceLine.DISPUTES_WON, BalanceLine.DISPUTES_OPENED),
    "transfer": (BalanceLine.PAYOUTS_RETURNED, BalanceLine.PAYOUTS),
    "receipt": (BalanceLine.RECEIPT_ADJUSTMENTS, BalanceLine.RECEIPT_ADJUSTMENTS),
}


def movements(books: Books, ledger: Ledger, account: Account, first: date, last: date) -> pd.DataFrame:
    """Every movement of the account's balance on some local days, shaped MOVEMENTS; the days' rows must be there."""
    rows = books.transactions
    window = days_window(first, last, account.zone)
    at = np.flatnonzero(c.created_in(rows, account.name, window))
    if not len(at):
        return c.MOVEMENTS.empty()
    days = c.local_days(rows[c.CREATED_AT].iloc[at], account.zone).astype(np.int64)
    currencies = rows[c.CURRENCY].iloc[at]
    kinds, kind_of = c.distinct([days, currencies])
    named_kinds, named_kind_of = c.distinct([days, currencies, rows[c.KEY].iloc[at].fillna("")])
    lines: list[tuple[str, str, str | None, str, int, int]] = []  # day, line, key, currency, rows, amount
    for line, places, amounts in split(books, ledger, at):
        groups, group_of = (named_kinds, named_kind_of) if line == BalanceLine.OTHER else (kinds, kind_of)
        counts = c.counts_by(group_of[places], len(groups))
        sums = c.sums_by(group_of[places], len(groups), amounts)
        lines += [
            (str(np.datetime64(day, "D")), line, key[0] or None if key else None, currency, count, amount)
            for (day, currency, *key), count, amount in zip(groups, counts, sums, strict=True)
            if count
        ]
    lines.sort(key=lambda moved: (moved[0], MOVING_LINES.index(moved[1]), moved[2] or "", moved[3]))
    return c.MOVEMENTS.from_rows((account.name, *moved) for moved in lines)


def waterfall(books: Books, moved: pd.DataFrame, account: Account, first: date, last: date) -> pd.DataFrame:
    """Opening, movements (MOVEMENTS of these days), closing and what it is held against, shaped WATERFALL.

    The reading is the first after the days, else the last before; its lines are absent where there is none. What is
    booked in another currency than the account's stands in lines of its own, without opening and closing.
    """
    window = days_window(first, last, account.zone)
    opening, closing = booked_before(books, account.name, (window.start, window.end))[0].tolist()
    lines: list[tuple[str, str, int | None, int, str | None]] = [
        (BalanceLine.OPENING, account.currency, None, opening, None)
    ]
    sums = _sums(moved)
    others = sorted(key for key in sums if key[0] != account.currency)
    for currency, line in (*((account.currency, line) for line in MOVING_LINES), *others):
        rows, amount = sums.get((currency, line), (0, 0))
        lines.append((line, currency, rows, amount, None))
    lines.append((BalanceLine.CLOSING, account.currency, None, closing, None))
    lines += [
        (line, account.currency, None, amount, day)
        for line, amount, day in _reading(books, account, window.end, closing)
    ]
    return c.WATERFALL.from_rows(
        (account.name, currency, line, rows, amount, day) for line, currency, rows, amount, day in lines
    )


def _sums(moved: pd.DataFrame) -> dict[tuple[str, str], tuple[int, int]]:
    """Of movements (MOVEMENTS) by currency and line how many rows they have, and what they come to."""
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    columns = (moved[name].tolist() for name in (c.CURRENCY, c.LINE, c.ROWS, c.AMOUNT))
    for currency, line, rows, amount in zip(*columns, strict=True):
        rows_before, amount_before = sums.get((currency, line), (0, 0))
        sums[currency, line] = rows_before + rows, amount_before + amount
    return sums


def _reading(
    books: Books, account: Account, end: datetime, closing: int
) -> list[tuple[BalanceLine, int, str | None]]:
    """The reading that the closing is held against, what was booked up to it, and by how much it differs."""
    mine = readings_of(books, account.name)
    place = held_against(mine, end)
    if place is None:
        return []
    total = int(mine[c.TOTAL].iloc[place])
    booked = int(mine[c.TOTAL].iloc[0]) + int(mine[c.SINCE_FIRST].iloc[place])
    read_on = local_day(min(mine[c.READ_AT].iloc[place], books.as_of), account.zone)
    return [
        (BalanceLine.BOOKED_SINCE, booked - closing, None),
        (BalanceLine.READING, total, read_on.isoformat()),
        (BalanceLine.DIFFERENCE, total - booked, None),
    ]


def split(books: Books, ledger: Ledger, at: Positions) -> list[MovedPart]:
    """Per line the places among chosen transactions of the books, and what each moved: all of every one of them."""
    signed = ledger.signed[at]
    kinds = ledger.kinds[at]
    origins = ledger.origin_at[at]
    sales = of_sales(books, ledger, at)
    parts = _parts_of_sales(books, origins, signed, sales)
    left = ~sales
    voided = np.zeros(len(at), dtype=bool)
    for kind, stored in (("charge", books.charges), ("refund", books.refunds)):
        own = np.flatnonzero((kinds == kind) & (origins >= 0))
        voided[own] = stored[c.VOIDED].to_numpy(dtype=bool)[origins[own]]
    voided &= left & ((kinds == "refund") | (signed < 0))
    parts.append((BalanceLine.VOIDS, np.flatnonzero(voided), signed[voided]))
    left &= ~voided
    for kind, lines in _LINES.items():
        for line, direction in zip(lines, (signed >= 0, signed < 0), strict=True):
            chosen = left & (kinds == kind) & direction
            parts.append((line, np.flatnonzero(chosen), signed[chosen]))
        left &= kinds != kind
    parts.append((BalanceLine.OTHER, np.flatnonzero(left), signed[left]))
    return parts


def of_sales(books: Books, ledger: Ledger, at: Positions) -> Mask:
    """Which of some transactions are the own one of a stored charge that was funded in their currency.

    What is credited for a charge that never took any money is no sale.
    """
    charges = books.charges
    origins = ledger.origin_at[at]
    of_charge = np.flatnonzero((ledger.kinds[at] == "charge") & (origins >= 0))
    result = np.zeros(len(at), dtype=bool)
    places = origins[of_charge]
    funded = charges[c.FUNDING_CURRENCY].iloc[places]
    booked = books.transactions[c.CURRENCY].iloc[at[of_charge]]
    result[of_charge] = (ledger.charge_at[places] == at[of_charge]) & c.same_words(funded, booked)
    result[of_charge] &= ~c.never_paid(charges[[c.STATUS]].iloc[places])
    return result


def _parts_of_sales(books: Books, origins: Ints, signed: Ints, sales: Mask) -> list[MovedPart]:
    """The sales' transactions taken apart; what they hold beyond the charges' own figures is `other`."""
    places = np.flatnonzero(sales)
    charges = books.charges[[c.FUNDING_AMOUNT, *_COSTS.values()]].iloc[origins[places]]
    gross = charges[c.FUNDING_AMOUNT].to_numpy(dtype=np.int64)
    parts: list[MovedPart] = [(BalanceLine.SALES, places, gross)]
    rest = signed[places] - gross
    for line, name in _COSTS.items():
        cost = charges[name].to_numpy(dtype=np.int64)
        rest = rest + cost
        parts.append((line, places[cost != 0], -cost[cost != 0]))
    parts.append((BalanceLine.OTHER, places[rest != 0], rest[rest != 0]))
    return parts
