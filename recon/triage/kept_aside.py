"""What objects of Omise that could not be read may explain: that is not judged, and all beside it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from recon import columns as c
from recon.arrays import Mask
from recon.columnar import np, pd
from recon.model import Books, ChargeStatus, Matching
from recon.settlement.ledger import PREFIXES, kinds

_BOOKED_LATE = timedelta(days=40)  # a charge that is held for thirty days is booked when it is captured
_VALUE_DATE = timedelta(days=2)  # zones, and a value date before Omise's word
_NEAR = 20  # a credit within a twentieth of a net may be its
_STATUSES = [str(status) for status in ChargeStatus]


def stale(books: Books, frame: pd.DataFrame, key: str, kind: str) -> Mask:
    """Stored objects of which Omise has another version by now, which could not be read."""
    if not len(books.kept_aside):
        return np.zeros(len(frame), dtype=bool)
    rows = c.still_aside(books.kept_aside)
    return c.is_in(frame[key], rows[c.OBJECT_ID][c.equals(rows, c.KIND, kind)])


def waiting_orders(books: Books, matching: Matching) -> Mask:
    """Per case whether a charge that is kept aside may belong to it."""
    waiting = np.zeros(len(books.orders), dtype=bool)
    for row, orders in matching.kept_aside.items():
        if pd.isna(books.kept_aside[c.RELEASED_AT].iloc[row]):
            waiting[matching.stands_for[orders]] = True
    return waiting


def released_orders(books: Books, matching: Matching, looked_at: Mapping[str, datetime]) -> Mask:
    """Per case whether a charge that may belong to it was kept aside until after its account's last run."""
    released = np.zeros(len(books.orders), dtype=bool)
    for row, orders in matching.kept_aside.items():
        account = books.kept_aside[c.ACCOUNT].iloc[row]
        moment = books.kept_aside[c.RELEASED_AT].iloc[row]
        if not pd.isna(moment) and account in looked_at and moment > looked_at[account]:
            released[matching.stands_for[orders]] = True
    return released


def unknown_statuses(books: Books, matching: Matching) -> Mask:
    """Per case that expects money whether a charge of it has a status that nobody knows, and none took money."""
    count = len(books.orders)
    documented = books.charges[c.STATUS].isin(_STATUSES).to_numpy(dtype=bool)
    if documented.all():
        return np.zeros(count, dtype=bool)
    cases = matching.stands_for[matching.orders]
    unknown = c.mask_at(cases[~documented[matching.charges]], count)
    paid = c.mask_at(cases[c.took_money(books.charges)[matching.charges]], count)
    return unknown & ~paid & c.expects_charge(books.orders)


def explained_transactions(books: Books) -> Mask:
    """Transactions that come from something kept aside, or may: of its kind, and it has no id."""
    transactions = books.transactions
    result = np.zeros(len(transactions), dtype=bool)
    if not len(books.kept_aside) or not len(transactions):
        return result
    rows = c.still_aside(books.kept_aside)
    result |= c.is_in(transactions[c.ORIGIN], rows[c.OBJECT_ID])
    result |= c.is_in(transactions[c.TRANSACTION_ID], rows[c.TRANSACTION_ID])  # that they name
    nameless = rows[rows[c.OBJECT_ID].isna() & rows[c.KIND].isin(list(PREFIXES.values()))]
    if not len(nameless):
        return result
    booked = transactions[c.CREATED_AT]
    origin_kinds = kinds(transactions[c.ORIGIN])
    names = [c.ACCOUNT, c.KIND, c.CREATED_FROM, c.CREATED_TO]
    for account, kind, first, last in nameless[names].itertuples(index=False, name=None):
        near = ((booked >= first) & (booked <= last + _BOOKED_LATE)).to_numpy(dtype=bool)
        result |= near & np.asarray(origin_kinds == kind) & c.of_account(transactions, account)
    return result


def explained_credits(books: Books) -> Mask:
    """Bank credits that may be of a transfer that is kept aside: they name it, or are near its net, if known."""
    lines = books.bank_lines
    result = np.zeros(len(lines), dtype=bool)
    if not len(books.kept_aside) or not len(lines):
        return result
    rows = c.still_aside(books.kept_aside)
    transfers = rows[c.equals(rows, c.KIND, "transfer")]
    amounts = lines[c.AMOUNT].to_numpy(dtype=np.int64)
    texts = lines[c.DESCRIPTION].fillna("") + " " + lines[c.REFERENCE].fillna("")
    names = [c.ACCOUNT, c.OBJECT_ID, c.AMOUNT, c.CREATED_FROM]
    for account, transfer, net, made in transfers[names].itertuples(index=False, name=None):
        later = (lines[c.BOOKED_ON] >= (made - _VALUE_DATE).date().isoformat()).to_numpy(dtype=bool)
        near = later if pd.isna(net) else later & (np.abs(amounts - int(net)) * _NEAR <= int(net))
        if isinstance(transfer, str):
            near = near | texts.str.contains(transfer, regex=False).to_numpy(dtype=bool)
        payouts = lines[c.PAYOUT].to_numpy(dtype=bool) & (amounts > 0)
        result |= near & payouts & c.of_account(lines, account)
    return result


def unread_ledgers(books: Books) -> frozenset[str]:
    """Accounts with a transaction that could not be read: what it moved is not in the books."""
    if not len(books.kept_aside):
        return frozenset()
    rows = c.still_aside(books.kept_aside)
    return frozenset(rows[c.ACCOUNT][c.equals(rows, c.KIND, "transaction")])


def accounts_with_unread_fees(books: Books) -> frozenset[str]:
    """Accounts with a charge, refund or transfer that could not be read: a day's fees are then not all known."""
    if not len(books.kept_aside):
        return frozenset()
    rows = c.still_aside(books.kept_aside)
    return frozenset(rows[c.ACCOUNT][rows[c.KIND].isin(["charge", "refund", "transfer"])])


def with_unread_parts(books: Books) -> Mask:
    """Charges with a refund or a dispute that could not be read; one that names no charge may be any of its sum's."""
    charges = books.charges
    if not len(books.kept_aside):
        return np.zeros(len(charges), dtype=bool)
    rows = c.still_aside(books.kept_aside)
    rows = rows[rows[c.KIND].isin(["refund", "dispute"])]
    result = c.is_in(charges[c.CHARGE_ID], rows[c.CHARGE_ID]).copy()
    names = [c.ACCOUNT, c.AMOUNT, c.CURRENCY, c.CREATED_TO]
    for account, amount, currency, last in rows[names][rows[c.CHARGE_ID].isna()].itertuples(index=False, name=None):
        may_be = c.of_account(charges, account) & c.took_money(charges)
        may_be &= (charges[c.CREATED_AT] <= last).to_numpy(dtype=bool)
        if isinstance(currency, str):
            may_be &= c.equals(charges, c.CURRENCY, currency)
        if not pd.isna(amount):
            may_be &= c.captured_amounts(charges) >= int(amount)
        result |= may_be
    return result
