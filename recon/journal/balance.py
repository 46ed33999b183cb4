"""Bookings of what moved Omise's balance: each on the clearing account, and on the account that it belongs to.

The clearing account has exactly the movements; what of the other side belongs elsewhere (the fee of a transfer, the
rate of a refund) is moved between accounts of the books without touching it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from recon import columns as c
from recon.arrays import Ints, Positions
from recon.calendars import days_window
from recon.columnar import np, pd
from recon.journal.posting import Posting
from recon.journal.words import EntryKind, LedgerAccount
from recon.model import Account, BalanceLine, Books
from recon.money import Currencies
from recon.settlement.ledger import Ledger, places
from recon.settlement.movements import split

_OTHER_SIDE: Mapping[EntryKind, LedgerAccount] = {
    EntryKind.SALES: LedgerAccount.ORDERS_CLEARING,
    EntryKind.FEES: LedgerAccount.FEES,
    EntryKind.FEE_VAT: LedgerAccount.FEE_VAT_PENDING,
    EntryKind.INTEREST: LedgerAccount.INTEREST,
    EntryKind.INTEREST_VAT: LedgerAccount.FEE_VAT_PENDING,
    EntryKind.REFUNDS: LedgerAccount.REFUNDS,
    EntryKind.VOIDS: LedgerAccount.ORDERS_CLEARING,
    EntryKind.DISPUTES_OPENED: LedgerAccount.DISPUTED,
    EntryKind.DISPUTES_WON: LedgerAccount.DISPUTED,
    EntryKind.RECEIPT_ADJUSTMENTS: LedgerAccount.FEE_VAT_PENDING,
    EntryKind.OTHER: LedgerAccount.SUSPENSE,
    EntryKind.PAYOUTS: LedgerAccount.CASH_IN_TRANSIT,
    EntryKind.PAYOUTS_RETURNED: LedgerAccount.CASH_IN_TRANSIT,
}
FEES_OF_VOIDS = "fees of voided charges"
NOT_OF_THE_TRANSFER = "not as the transfer says"
NO_SUCH_TRANSFER = "of no known transfer"

# From an account to another, by day, kind, currency and note: what is debited to the second, and of how many.
_Shift = tuple[str, EntryKind, str, LedgerAccount, LedgerAccount, str]


@dataclass(frozen=True)
class _Days:
    """An account's transactions of the days that need a look at what they come from, and those objects."""

    books: Books
    ledger: Ledger
    at: Positions
    days: tuple[str, ...]  # per transaction

    def head(self, place: int) -> tuple[str, str]:
        """Day and currency of a transaction."""
        return self.days[place], str(self.books.transactions[c.CURRENCY].iloc[self.at[place]])


def of_balance(moved_lines: pd.DataFrame) -> Iterator[Posting]:
    """Both sides of every movement (shaped MOVEMENTS)."""
    names = [c.DAY, c.LINE, c.KEY, c.CURRENCY, c.ROWS, c.AMOUNT]
    for day, line, key, currency, rows, amount in moved_lines[names].itertuples(index=False, name=None):
        kind = EntryKind(line)
        yield Posting(day, kind, currency, LedgerAccount.CLEARING, amount, rows)
        yield Posting(day, kind, currency, _OTHER_SIDE[kind], -amount, rows, key if isinstance(key, str) else "")


def elsewhere(
    books: Books, ledger: Ledger, account: Account, first: date, last: date, currencies: Currencies
) -> Iterator[Posting]:
    """What of the other sides belongs to other accounts of the books, or stands apart."""
    chosen = _chosen(books, ledger, account, first, last)
    shifts: dict[_Shift, list[int]] = defaultdict(lambda: [0, 0])
    for line, at, amounts in split(books, ledger, chosen.at):
        if line == BalanceLine.SALES:
            yield from _in_other_currencies(chosen, at, amounts, currencies)
            continue
        for place, amount in zip(at.tolist(), amounts.tolist(), strict=True):
            for shift, shifted in _shifts(chosen, line, place, amount):
                shifts[shift][0] += shifted
                shifts[shift][1] += 1
    for (day, kind, currency, source, target, note), (amount, rows) in shifts.items():
        yield Posting(day, kind, currency, target, amount, rows, note)
        yield Posting(day, kind, currency, source, -amount, 0)


def _chosen(books: Books, ledger: Ledger, account: Account, first: date, last: date) -> _Days:
    """All but the plain sales: those of a month are a million."""
    rows = books.transactions
    mine = c.created_in(rows, account.name, days_window(first, last, account.zone))
    plain = (ledger.kinds == "charge") & (ledger.signed >= 0)
    foreign = np.flatnonzero((books.charges[c.CURRENCY] != books.charges[c.FUNDING_CURRENCY]).to_numpy(dtype=bool))
    plain &= ~np.isin(ledger.origin_at, foreign)
    at = np.flatnonzero(mine & ~plain)
    days = c.local_days(rows[c.CREATED_AT].iloc[at], account.zone)
    return _Days(books, ledger, at, tuple(days.astype(str).tolist()))


def _in_other_currencies(chosen: _Days, at: Positions, amounts: Ints, currencies: Currencies) -> Iterator[Posting]:
    """Sales that were paid in another currency than they were credited in, by what was paid: at Omise's own rate."""
    books = chosen.books
    origins = chosen.ledger.origin_at[chosen.at[at]]
    currency_of, funding_of = (books.charges[name].iloc[origins] for name in (c.CURRENCY, c.FUNDING_CURRENCY))
    foreign = np.flatnonzero(~c.same_words(currency_of, funding_of))
    if not len(foreign):
        return
    heads = [chosen.head(place) for place in at[foreign].tolist()]
    days, currencies_booked = zip(*heads, strict=True)
    groups, group_of = c.distinct([pd.Series(days), pd.Series(currencies_booked), currency_of.iloc[foreign]])
    rows = c.counts_by(group_of, len(groups))
    paid = c.sums_by(group_of, len(groups), c.captured_amounts(books.charges)[origins[foreign]])
    booked = c.sums_by(group_of, len(groups), amounts[foreign])
    for (day, currency, paid_currency), count, whole, amount in sorted(zip(groups, rows, paid, booked, strict=True)):
        note = f"paid as {currencies.words(whole, paid_currency)}"
        yield Posting(day, EntryKind.SALES, currency, LedgerAccount.ORDERS_CLEARING, -amount, count, note)
        yield Posting(day, EntryKind.SALES, currency, LedgerAccount.ORDERS_CLEARING, amount, -count)


def _shifts(chosen: _Days, line: BalanceLine, place: int, amount: int) -> Iterator[tuple[_Shift, int]]:
    """What one movement's other side leaves to another account: minor units debited there."""
    match line:
        case BalanceLine.PAYOUTS | BalanceLine.PAYOUTS_RETURNED:
            targets = _of_payout(chosen, line, place, amount)
        case BalanceLine.VOIDS:
            targets = _of_void(chosen, place, amount)
        case BalanceLine.REFUNDS:
            targets = _of_refund(chosen, place, amount)
        case _:
            return
    kind = EntryKind(line)
    day, currency = chosen.head(place)
    for target, note, shifted in targets:
        if shifted:
            yield (day, kind, currency, _OTHER_SIDE[kind], target, note), shifted


_Targets = Iterator[tuple[LedgerAccount, str, int]]


def _of_payout(chosen: _Days, line: BalanceLine, place: int, amount: int) -> _Targets:
    """Fee and VAT of a transfer; what is not as the transfer says goes to suspense."""
    ledger = chosen.ledger
    row = int(ledger.origin_at[chosen.at[place]])
    if row < 0:
        yield LedgerAccount.SUSPENSE, NO_SUCH_TRANSFER, -amount
        return
    transfer = chosen.books.transfers.iloc[row]
    returned = line == BalanceLine.PAYOUTS_RETURNED
    if returned and amount != int(transfer[c.AMOUNT]):
        return  # of the net alone: the fees stay
    if not returned and int(ledger.transfer_at[row]) != int(chosen.at[place]):
        yield LedgerAccount.SUSPENSE, NOT_OF_THE_TRANSFER, -amount
        return
    sign = -1 if returned else 1
    fee = int(transfer[c.FEE])
    vat = int(transfer[c.FEE_VAT])
    net = int(transfer[c.NET])
    yield LedgerAccount.TRANSFER_FEES, "", sign * fee
    yield LedgerAccount.FEE_VAT_PENDING, "", sign * vat
    yield LedgerAccount.SUSPENSE, NOT_OF_THE_TRANSFER, -amount - sign * (fee + vat + net)


def _of_void(chosen: _Days, place: int, amount: int) -> _Targets:
    """Whether a void takes back the gross or the net was never seen: the order is cleared, the rest stands apart."""
    row = int(chosen.ledger.origin_at[chosen.at[place]])
    of_refund = chosen.ledger.kinds[chosen.at[place]] == "refund"
    origin = (chosen.books.refunds if of_refund else chosen.books.charges).iloc[row]
    gross = int(origin[c.FUNDING_AMOUNT])
    wanted = gross if amount < 0 else -gross
    yield LedgerAccount.SUSPENSE, FEES_OF_VOIDS, -amount - wanted


def _of_refund(chosen: _Days, place: int, amount: int) -> _Targets:
    """A refund of a sale in another currency is booked at the rate of that sale; the difference is of exchange."""
    books = chosen.books
    row = int(chosen.ledger.origin_at[chosen.at[place]])
    refund = books.refunds.iloc[row] if row >= 0 else None
    if refund is None or refund[c.CURRENCY] == refund[c.FUNDING_CURRENCY]:
        return
    at = int(places(books.charges[c.CHARGE_ID], books.refunds[c.CHARGE_ID].iloc[[row]])[0])
    if at < 0:
        return
    sale = books.charges.iloc[[at]]
    paid = int(c.captured_amounts(sale)[0])
    is_rate = paid > 0 and sale[c.CURRENCY].iloc[0] == refund[c.CURRENCY]
    if is_rate and sale[c.FUNDING_CURRENCY].iloc[0] == refund[c.FUNDING_CURRENCY]:
        gross = int(sale[c.FUNDING_AMOUNT].iloc[0])
        at_sale = (2 * int(refund[c.AMOUNT]) * gross + paid) // (2 * paid)  # half up
        yield LedgerAccount.FX_DIFFERENCE, "", -amount - (at_sale if amount < 0 else -at_sale)
