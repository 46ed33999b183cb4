"""The journal: what an account's ledger, receipts, bank and rulings say of some days, as balanced double entries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from recon import columns as c
from recon.arrays import Mask
from recon.calendars import days_window, local_day
from recon.columnar import np, pd
from recon.journal.balance import elsewhere, of_balance
from recon.journal.posting import Posting, entries, moved
from recon.journal.words import EntryKind, LedgerAccount
from recon.journal.write_offs import written_off
from recon.model import Account, Books, Break, DisputeStatus, Settlement
from recon.model.rulings import Ruling
from recon.money import Currencies
from recon.settlement.ledger import Ledger


def journal(
    books: Books,
    ledger: Ledger,
    settlement: Settlement,
    account: Account,
    days: tuple[date, date],
    write_offs: Sequence[tuple[Ruling, Break]],
    currencies: Currencies,
) -> pd.DataFrame:
    """The entries of an account's days, shaped JOURNAL; `settlement` is the account's of these days.

    Raises AssertionError where an entry does not balance, or where the clearing account's lines are not the
    movement of Omise's balance, to the unit.
    """
    first, last = days
    booked = entries(
        account,
        [
            *of_balance(settlement.movements),
            *elsewhere(books, ledger, account, first, last, currencies),
            *_with_receipts(settlement.receipts),
            *_lost(books, account, first, last),
            *_at_bank(settlement.banked, first, last),
            *written_off(write_offs, account, first, last),
        ],
    )
    _prove(booked, books, ledger, account, days)
    return booked


def _prove(booked: pd.DataFrame, books: Books, ledger: Ledger, account: Account, days: tuple[date, date]) -> None:
    """The clearing account moves as the balance does: held against the transactions themselves."""
    rows = books.transactions
    mine = c.created_in(rows, account.name, days_window(*days, account.zone))
    balance = pd.Series(ledger.signed[mine]).groupby(rows[c.CURRENCY][mine].reset_index(drop=True)).sum()
    clearing = booked[c.equals(booked, c.LEDGER_ACCOUNT, LedgerAccount.CLEARING)]
    signed = clearing[c.DEBIT].fillna(0) - clearing[c.CREDIT].fillna(0)
    sums = signed.groupby(clearing[c.CURRENCY]).sum()
    for currency in {*balance.index, *sums.index}:
        difference = int(sums.get(currency, 0)) - int(balance.get(currency, 0))
        assert difference == 0, f"{account.name}: the journal's clearing is not the balance's movement: {difference}"


def _with_receipts(receipts: pd.DataFrame) -> Iterator[Posting]:
    """VAT is claimable once the receipt of its day is there; what a receipt rounds away is rounding."""
    if not len(receipts):
        return
    names = [c.DAY, c.CURRENCY, c.ROWS, c.VAT, c.VAT_DIFFERENCE, c.MATCH]
    for day, currency, rows, vat, difference, match in receipts[names].itertuples(index=False, name=None):
        if pd.isna(vat) or not rows:
            continue
        rounding = int(difference) if match == c.AGREES else 0
        kind = EntryKind.VAT_CLAIMABLE
        yield Posting(day, kind, currency, LedgerAccount.FEE_VAT, int(vat), rows)
        yield Posting(day, kind, currency, LedgerAccount.FEE_VAT_PENDING, rounding - int(vat), rows)
        yield Posting(day, kind, currency, LedgerAccount.ROUNDING, -rounding, rows)


def _lost(books: Books, account: Account, first: date, last: date) -> Iterator[Posting]:
    """A lost dispute has no transaction: what it took when it was opened is lost on the day it was closed.

    One without that day is told in a note of the result (`lost_without_a_day`).
    """
    rows = books.disputes
    lost = c.of_account(rows, account.name) & c.equals(rows, c.STATUS, DisputeStatus.LOST)
    closed = rows[lost & rows[c.CLOSED_AT].notna().to_numpy(dtype=bool)]
    names = [c.CLOSED_AT, c.FUNDING_CURRENCY, c.FUNDING_AMOUNT]
    for closed_at, currency, amount in closed[names].itertuples(index=False, name=None):
        day = local_day(closed_at, account.zone)
        if first <= day <= last:
            sides = {"debit": LedgerAccount.CHARGEBACK_LOSS, "credit": LedgerAccount.DISPUTED}
            yield from moved(day.isoformat(), EntryKind.DISPUTES_LOST, currency, amount, **sides, rows=1)


def lost_without_a_day(books: Books, account: Account, end: datetime) -> Mask:
    """Per dispute whether it was opened before `end` and lost on a day that Omise does not say: no entry books it."""
    rows = books.disputes
    lost = c.of_account(rows, account.name) & c.equals(rows, c.STATUS, DisputeStatus.LOST)
    unsaid = (rows[c.CLOSED_AT].isna() & (rows[c.CREATED_AT] < end)).to_numpy(dtype=bool)
    return np.asarray(lost & unsaid & ~c.before_go_live(rows[c.CREATED_AT], account))


def _at_bank(banked: pd.DataFrame, first: date, last: date) -> Iterator[Posting]:
    """Payouts on the day that the bank booked them; what a bank kept of one is its fee."""
    if not len(banked):
        return
    matched = banked[banked[c.TRANSFER_ID].notna() & banked[c.LINE_ID].notna()]
    names = [c.BOOKED_ON, c.CURRENCY, c.MATCH, c.AMOUNT, c.DIFFERENCE]
    transit = LedgerAccount.CASH_IN_TRANSIT
    for day, currency, match, amount, difference in matched[names].itertuples(index=False, name=None):
        if not first <= date.fromisoformat(day) <= last:
            continue
        kind = EntryKind.BANK_CREDITS
        yield from moved(day, kind, currency, int(amount), debit=LedgerAccount.BANK, credit=transit, rows=1)
        if match == c.WITHIN_FEE:
            sides = {"debit": LedgerAccount.BANK_CHARGES, "credit": transit}
            yield from moved(day, EntryKind.BANK_FEES, currency, -int(difference), **sides, rows=1)
