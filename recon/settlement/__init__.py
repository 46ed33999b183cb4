"""Settlement: the ledger read, transfers rebuilt, balances proved, bank credits found."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from recon import columns as c
from recon.arrays import Mask
from recon.calendars import Calendar, local_day
from recon.columnar import np, pd
from recon.model import Account, Books, Settlement, Window
from recon.settings import Context
from recon.settlement import payouts
from recon.settlement.balance import days, moves
from recon.settlement.bank_credits import bank
from recon.settlement.fee_lines import fee_lines
from recon.settlement.fees import ExpectedFees, by_contract, by_own_rates
from recon.settlement.fifo import accounts, held_before, histories_of, shown_in
from recon.settlement.ledger import Discrepancies, Ledger, discrepancies, read
from recon.settlement.movements import movements, waterfall
from recon.settlement.on_the_way import held, paid_out
from recon.settlement.receipts import receipt_days

RECEIPT_TOLERANCE = 1  # minor units, of fees and of VAT, for each receipt
_OF_CHARGED = [
    c.ACCOUNT,
    c.CHARGE_ID,
    c.METHOD,
    c.CARD_BRAND,
    c.FUNDING_AMOUNT,
    c.FUNDING_CURRENCY,
    c.FEE,
    c.FEE_VAT,
    c.FEE_RATE,
    c.FEE_FLAT,
    c.VAT_RATE,
    c.PAID_AT,
    c.CREATED_AT,
]


@dataclass(frozen=True)
class Settled:
    """What settlement works out of the books of a run: what its rules, proofs and lists share."""

    ledger: Ledger
    discrepancies: Discrepancies
    settlement: Settlement
    misbilled: pd.DataFrame  # the judged charges that cost other fees than they should, and what these go by
    fees_by_rate: ExpectedFees  # of these charges, by the rates that they carry
    fees_by_contract: ExpectedFees
    receipts: pd.DataFrame  # of all accounts and days of the books (RECEIPT_DAYS)


def settle(books: Books, charges: Mask, accounts: Mapping[str, Account], context: Context) -> Settled:
    """Read the ledger, rebuild transfers and find their bank credits; `charges` are judged, of `accounts`."""
    ledger = read(books)
    zones = {name: account.zone for name, account in accounts.items()}
    bank_fees = {name: fee for name, fee in context.bank_fees.items() if name in accounts}
    successful = charges & c.successful(books.charges)
    charged = books.charges[_OF_CHARGED].iloc[np.flatnonzero(successful)].reset_index(drop=True)
    by_rate = by_own_rates(charged)
    contracted = by_contract(charged, context.contract)
    misbilled = np.flatnonzero(by_rate.wrong | contracted.wrong)
    return Settled(
        ledger,
        discrepancies(books, ledger),
        with_bank(rebuild(books, ledger), books, zones, bank_fees),
        charged.iloc[misbilled].reset_index(drop=True),
        by_rate.of(misbilled),
        contracted.of(misbilled),
        receipt_days(books, ledger, context.count("receipt_mismatch", "tolerance", RECEIPT_TOLERANCE)),
    )


def rebuild(books: Books, ledger: Ledger) -> Settlement:
    """What every transfer of the store paid out, and which credits are not paid out yet; all accounts together.

    A transfer has parts if the books have every credit that it took; all credits that are not paid out must be there.
    """
    parts = [c.PARTS.empty()]
    unpaid = [c.UNPAID.empty()]
    histories = histories_of(books)
    places = dict(accounts(books.transactions))
    for account, history in histories.items():
        credits = payouts.credits(books, ledger, history, places.get(account, np.zeros(0, dtype=np.int64)))
        parts.append(payouts.parts(books, ledger, history, credits))
        unpaid.append(payouts.unpaid(books, ledger, history, credits, held_before(books.readings, account)))
    all_parts = c.joined(parts)
    rebuilt = payouts.payouts(books, ledger, histories.values(), all_parts)
    return Settlement(payouts=rebuilt, parts=all_parts, unpaid=c.joined(unpaid))


def with_bank(
    settlement: Settlement, books: Books, zones: Mapping[str, ZoneInfo], bank_fees: Mapping[str, int]
) -> Settlement:
    """And the bank credit of every transfer, for accounts that have statements; see `banking.bank`."""
    return replace(settlement, banked=bank(books, zones, bank_fees))


def of_range(
    settlement: Settlement,
    books: Books,
    ledger: Ledger,
    account: Account,
    window: Window,
    span: tuple[date, date],
    calendar: Calendar,
    judged_transfers: Collection[str] = (),
) -> Settlement:
    """What of it one account's result shows: transfers and bank lines of its days, all credits not paid out yet."""
    mine = c.of_account(settlement.payouts, account.name) & shown_in(settlement.payouts, window)
    shown = settlement.payouts[mine].reset_index(drop=True)
    parts = settlement.parts
    parts = c.rows_under(parts, c.is_in(parts[c.TRANSFER_ID], shown[c.TRANSFER_ID]))
    assert parts[c.AMOUNT].sum() == shown[c.EXPLAINED].sum(), "credits that a transfer paid out are missing"
    moved = movements(books, ledger, account, *span)
    unpaid = c.rows_under(settlement.unpaid, c.of_account(settlement.unpaid, account.name))
    return Settlement(
        payouts=shown,
        parts=parts,
        unpaid=unpaid,
        days=days(books, account, *span),
        moves=moves(books, ledger, account, window),
        movements=moved,
        waterfall=waterfall(books, moved, account, *span),
        paid_out=paid_out(books, ledger, settlement.banked, account, span, judged_transfers),
        held=held(books, unpaid, settlement.banked, account, calendar, judged_transfers),
        fees=fee_lines(books, account, window, span),
        banked=_banked(settlement.banked, account, books, span),
    )


def _banked(banked: pd.DataFrame, account: Account, books: Books, span: tuple[date, date]) -> pd.DataFrame:
    """Pairs of which either side falls on one of the days, or on a later day up to the as-of's."""
    if not len(banked):
        return banked
    first = span[0].isoformat()
    last = max(span[1], local_day(books.as_of, account.zone)).isoformat()
    inside = np.zeros(len(banked), dtype=bool)
    for name in (c.PAID_ON, c.BOOKED_ON):
        inside |= ((banked[name] >= first) & (banked[name] <= last)).to_numpy(dtype=bool)
    return banked[c.of_account(banked, account.name) & inside].reset_index(drop=True)
