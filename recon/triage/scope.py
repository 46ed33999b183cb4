"""Which orders and charges a run judges: range, changes, what is not final."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from recon import columns as c
from recon.arrays import Mask, Positions
from recon.calendars import local_day, within
from recon.columnar import np, pd
from recon.model import OPEN_DISPUTES, Account, Books, ChargeStatus, Matching, OrderStatus, Window
from recon.settlement.receipts import day_window, has_day, issued_on
from recon.triage.kept_aside import (
    accounts_with_unread_fees,
    explained_credits,
    explained_transactions,
    released_orders,
    stale,
    unknown_statuses,
    waiting_orders,
)

Subjects = frozenset[tuple[str, str, str]]  # account, type, id


@dataclass(frozen=True)
class LastRunState:
    """What was known of an account when its last run looked at it (absent: there was none)."""

    looked_at: datetime
    covered: tuple[Window, ...] = ()  # creation times whose charges had been pulled by then
    waits: Window | None = None  # what was made or paid since its start, and made before its end, may have waited


@dataclass(frozen=True)
class Range:
    """What a run looks at: per account its window, what earlier runs knew, and which days were pulled."""

    accounts: Mapping[str, Account]
    windows: Mapping[str, Window]
    last_runs: Mapping[str, LastRunState] = field(default_factory=dict)
    covered: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)  # absent: every day counts as pulled
    failed: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)  # not pulled now: the days that it has
    open_subjects: Subjects = frozenset()  # of open breaks
    opening: Subjects = frozenset()  # known to be open at go-live: judged in every run, whenever made
    unread_orders: frozenset[str] = frozenset()  # order sources: what they say now could not be read


@dataclass(frozen=True)
class Scope:
    """Masks over the books' frames: whose case is judged. `unpulled` orders are not, for want of their days."""

    orders: Mask  # per order: its case is judged
    charges: Mask  # per charge: its case is judged
    unpulled: Mask
    refunds: Mask  # per refund: it is judged, with its charge, or alone where that is not known; so are disputes
    disputes: Mask
    transfers: Mask
    transactions: Mask
    bank_lines: Mask
    explained_transactions: Mask  # not judged: they come, or may, from what could not be read; so do the credits
    explained_credits: Mask  # bank lines
    receipts: Mask  # per receipt: of a day that is judged; `unread_receipts` are not, for want of all of their day
    unread_receipts: Mask
    kept_aside: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))  # orders: a charge may be theirs
    unknown: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))  # orders: a new status of a charge
    unread_orders: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))  # a newer row may be unread
    apart: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))  # charges of these: judged without an order
    earlier: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))  # charges before go-live: they need none


def scope(books: Books, matching: Matching, run_range: Range) -> Scope:
    """Judge a case if any part of it was created in the range, changed since the last run, or is not final."""
    orders = books.orders
    charges = books.charges
    root = matching.stands_for
    charge_root = np.full(len(charges), -1, dtype=np.intp)
    charge_root[matching.charges] = root[matching.orders]
    own = charge_root < 0
    items = _opening_charges(books, run_range)
    named_orders = _named(orders, c.ORDER_ID, "order", run_range.windows, run_range.opening)
    opening = c.mask_at(root[named_orders], len(orders))  # per order whose case has an opening item in it
    opening[charge_root[items & ~own]] = True
    touched = opening.copy()
    touched[root[_orders(orders, run_range)]] = True
    touched[root[list(matching.parted_orders)]] = True
    touched |= released_orders(books, matching, _looked_at(run_range))
    refunds = _refunds(books.refunds, run_range)
    disputes = _disputes(books.disputes, run_range)
    named = {*books.refunds[c.CHARGE_ID][refunds], *books.disputes[c.CHARGE_ID][disputes]}
    charge_touched = _charges(charges, run_range) | c.is_in(charges[c.CHARGE_ID], named) | items
    charge_touched[list(matching.parted)] = True
    touched[charge_root[charge_touched & ~own]] = True
    touched[[order for order, some in matching.ambiguous.items() if charge_touched[list(some)].any()]] = True
    unpulled = ~_linked(matching, len(orders)) & _expects(orders) & ~_pulled(orders, run_range)
    live = _live_charges(books, run_range)
    allowed = _selected(orders, run_range) & (_live_cases(books, matching, live, run_range) | opening)
    kept_aside = waiting_orders(books, matching)
    unknown = unknown_statuses(books, matching) & ~kept_aside
    unread = c.mask_at(root[orders[c.SOURCE].isin(run_range.unread_orders).to_numpy(dtype=bool)], len(orders))
    wanted = touched & allowed & ~unpulled
    judged = wanted & ~kept_aside & ~unknown & ~unread
    of_unread = _of_cases(unread, charge_root)
    alone = charge_touched & (own | of_unread) & ~stale(books, charges, c.CHARGE_ID, "charge")
    alone &= _selected(charges, run_range) & (live | items)
    judged_charges = alone | _of_cases(judged, charge_root)
    wanted_receipts = receipts_of_days(books.receipts, run_range)
    read = _read_days(books, run_range)
    of_unread_objects = explained_transactions(books)
    of_unread_transfers = explained_credits(books)
    return Scope(
        orders=judged[root],
        charges=judged_charges,
        unpulled=touched & allowed & unpulled,
        refunds=_with_charge(books.refunds, charges, judged_charges, refunds & _selected(books.refunds, run_range)),
        disputes=_with_charge(
            books.disputes, charges, judged_charges, disputes & _selected(books.disputes, run_range)
        ),
        transfers=_transfers(books.transfers, run_range) & ~stale(books, books.transfers, c.TRANSFER_ID, "transfer"),
        transactions=_judged(books.transactions, run_range, c.TRANSACTION_ID, "transaction") & ~of_unread_objects,
        bank_lines=_bank_lines(books.bank_lines, run_range) & ~of_unread_transfers,
        explained_transactions=of_unread_objects,
        explained_credits=of_unread_transfers,
        kept_aside=(wanted & kept_aside)[root],
        unknown=(wanted & unknown)[root],
        unread_orders=(wanted & ~kept_aside & ~unknown & unread)[root],
        apart=alone & of_unread,
        earlier=~_after_go_live(charges, run_range) & ~items,
        receipts=wanted_receipts & read,
        unread_receipts=wanted_receipts & ~read,
    )


def _linked(matching: Matching, count: int) -> Mask:
    """Per case, of so many orders, whether it has a charge or may have one of several."""
    linked = c.mask_at(matching.stands_for[matching.orders], count)
    linked[list(matching.ambiguous)] = True
    return linked


def _of_cases(cases: Mask, charge_root: Positions) -> Mask:
    """Per charge whether its case is among these; `charge_root` is negative for one that has no order."""
    result = np.zeros(len(charge_root), dtype=bool)
    with_order = charge_root >= 0
    result[with_order] = cases[charge_root[with_order]]
    return result


def _looked_at(run_range: Range) -> dict[str, datetime]:
    return {account: last_run.looked_at for account, last_run in run_range.last_runs.items()}


def _with_charge(frame: pd.DataFrame, charges: pd.DataFrame, seen: Mask, touched: Mask) -> Mask:
    """Judged with its charge; what names a charge that is not known is judged if it is touched itself."""
    with_known_charge = c.is_in(frame[c.CHARGE_ID], charges[c.CHARGE_ID])
    return np.where(with_known_charge, c.is_in(frame[c.CHARGE_ID], charges[c.CHARGE_ID][seen]), touched)


def _refunds(refunds: pd.DataFrame, run_range: Range) -> Mask:
    pending = c.equals(refunds, c.STATUS, ChargeStatus.PENDING)
    opening = _named(refunds, c.REFUND_ID, "refund", run_range.windows, run_range.opening)
    return _touched(refunds, run_range, c.REFUND_ID, "refund") | pending | opening


def _opening_charges(books: Books, run_range: Range) -> Mask:
    """Charges that are opening items, and those of refunds that are."""
    refunds = books.refunds
    chosen = _named(refunds, c.REFUND_ID, "refund", run_range.windows, run_range.opening)
    named = set(refunds[c.CHARGE_ID][chosen]) if chosen.any() else set()
    charges = books.charges
    own = _named(charges, c.CHARGE_ID, "charge", run_range.windows, run_range.opening)
    return own | c.is_in(charges[c.CHARGE_ID], named) if named else own


def _disputes(disputes: pd.DataFrame, run_range: Range) -> Mask:
    undecided = disputes[c.STATUS].isin(OPEN_DISPUTES).to_numpy(dtype=bool)
    return _touched(disputes, run_range, c.DISPUTE_ID, "dispute") | undecided


def _transfers(transfers: pd.DataFrame, run_range: Range) -> Mask:
    on_its_way = (~transfers[c.PAID] & ~transfers[c.DELETED]).to_numpy(dtype=bool)
    opening = _named(transfers, c.TRANSFER_ID, "transfer", run_range.windows, run_range.opening)
    touched = _touched(transfers, run_range, c.TRANSFER_ID, "transfer") | on_its_way
    return _selected(transfers, run_range) & (touched & _after_go_live(transfers, run_range) | opening)


def _judged(frame: pd.DataFrame, run_range: Range, key: str, kind: str) -> Mask:
    return _touched(frame, run_range, key, kind) & _selected(frame, run_range) & _after_go_live(frame, run_range)


def _bank_lines(lines: pd.DataFrame, run_range: Range) -> Mask:
    """Booked on a day of the range, read after the account's last run though booked before it, or in a break."""
    result = np.zeros(len(lines), dtype=bool)
    for account, window in run_range.windows.items() if len(lines) else ():
        zone = run_range.accounts[account].zone
        last_run = run_range.last_runs.get(account)
        booked = lines[c.BOOKED_ON]
        last = local_day(window.end - timedelta.resolution, zone)
        touched = (booked >= local_day(window.start, zone).isoformat()) & (booked <= last.isoformat())
        if last_run:
            late = lines[c.FIRST_SEEN_AT] > last_run.looked_at
            touched |= late & (booked < local_day(last_run.looked_at, zone).isoformat())
        go_live = run_range.accounts[account].go_live
        after = (booked >= go_live.isoformat()) if go_live else True
        result |= c.of_account(lines, account) & (touched & after).to_numpy(dtype=bool)
    return result | (_has_open_break(lines, c.LINE_ID, "bank_line", run_range) if len(lines) else result)


def receipts_of_days(receipts: pd.DataFrame, run_range: Range) -> Mask:
    """Receipts (RECEIPTS) of the days that a run judges: of its range, with one that is new to it or in a break."""
    result = np.zeros(len(receipts), dtype=bool)
    if not len(receipts):
        return result
    days = issued_on(receipts)
    touched = _has_open_break(receipts, c.RECEIPT_ID, "receipt", run_range)
    for account, window in run_range.windows.items():
        zone = run_range.accounts[account].zone
        last_run = run_range.last_runs.get(account)
        last = local_day(window.end - timedelta.resolution, zone)
        wanted = (days >= local_day(window.start, zone).isoformat()) & (days <= last.isoformat())
        if last_run:
            wanted |= receipts[c.SEEN_AT] > last_run.looked_at
        touched |= c.of_account(receipts, account) & wanted.to_numpy(dtype=bool)
    keys = receipts[c.ACCOUNT] + " " + days  # a day's receipts are judged together
    result = c.is_in(keys, keys[touched]) & _selected(receipts, run_range)
    for name, account_of in run_range.accounts.items():
        if account_of.go_live:
            result &= ~c.of_account(receipts, name) | (days >= account_of.go_live.isoformat()).to_numpy(dtype=bool)
    return result


def _read_days(books: Books, run_range: Range) -> Mask:
    """Per receipt whether it says its day, and the day has closed and was pulled as a whole."""
    receipts = books.receipts
    if not len(receipts):
        return np.zeros(0, dtype=bool)
    result = has_day(receipts)
    unread = accounts_with_unread_fees(books)
    rows = zip(receipts[c.ACCOUNT], issued_on(receipts), strict=True)
    for place, (account, day) in enumerate(rows):
        window = day_window(day)
        covered = run_range.covered.get(account)
        whole = covered is None or within([window], covered) == (window,)
        result[place] &= window.end <= books.as_of and whole and account not in unread
    return result


def _touched(frame: pd.DataFrame, run_range: Range, key: str, kind: str) -> Mask:
    open_break = _has_open_break(frame, key, kind, run_range)
    return created_in_range(frame, run_range) | _changed(frame, run_range, late_everywhere=False) | open_break


def _orders(orders: pd.DataFrame, run_range: Range) -> Mask:
    wants_refund = c.equals(orders, c.STATUS, OrderStatus.REFUND_REQUESTED)
    open_break = _has_open_break(orders, c.ORDER_ID, "order", run_range)
    return (
        created_in_range(orders, run_range)
        | _changed(orders, run_range, late_everywhere=True)
        | _waited(orders, run_range, c.CREATED_AT)
        | wants_refund
        | open_break
    )


def _charges(charges: pd.DataFrame, run_range: Range) -> Mask:
    pending = c.equals(charges, c.STATUS, ChargeStatus.PENDING)
    open_break = _has_open_break(charges, c.CHARGE_ID, "charge", run_range)
    return (
        created_in_range(charges, run_range)
        | _changed(charges, run_range, late_everywhere=False)
        | _waited(charges, run_range, c.CREATED_AT, c.PAID_AT)
        | pending
        | open_break
    )


def created_in_range(frame: pd.DataFrame, run_range: Range) -> Mask:
    """Rows of the asked accounts that were created in their windows."""
    result = np.zeros(len(frame), dtype=bool)
    for account, window in run_range.windows.items():
        result |= c.created_in(frame, account, window)
    return result


def _changed(frame: pd.DataFrame, run_range: Range, *, late_everywhere: bool) -> Mask:
    """New versions since the account's last run, and objects that arrived late: made earlier than that run knew.

    Every run reads all orders, so an order made before the last run is late wherever it stands; a charge is late
    only within days that had been pulled.
    """
    result = np.zeros(len(frame), dtype=bool)
    for account, last_run in run_range.last_runs.items():
        recent = (frame[c.SEEN_AT] > last_run.looked_at).to_numpy(dtype=bool)
        newer = (frame[c.FIRST_SEEN_AT] <= last_run.looked_at).to_numpy(dtype=bool)
        created = frame[c.CREATED_AT]
        before = (created < last_run.looked_at).to_numpy(dtype=bool)
        late = before if late_everywhere else _within(created, last_run.covered)
        result |= c.of_account(frame, account) & recent & (newer | late)
    return result


def _waited(frame: pd.DataFrame, run_range: Range, *moments: str) -> Mask:
    """What was too young for the account's last run, or not there yet: each later run judges it until it is not.

    Of days that some run had: what was made since waits for the run of its own day.
    """
    result = np.zeros(len(frame), dtype=bool)
    for account, last_run in run_range.last_runs.items():
        if (waits := last_run.waits) is not None:
            young = (frame[list(moments)] >= waits.start).any(axis=1) & (frame[c.CREATED_AT] < waits.end)
            result |= c.of_account(frame, account) & young.to_numpy(dtype=bool)
    return result


def _has_open_break(frame: pd.DataFrame, key: str, kind: str, run_range: Range) -> Mask:
    return _named(frame, key, kind, run_range.windows, run_range.open_subjects)


def _named(frame: pd.DataFrame, key: str, kind: str, accounts: Iterable[str], subjects: Subjects) -> Mask:
    """Rows of the accounts that are among the subjects of a kind."""
    result = np.zeros(len(frame), dtype=bool)
    for account in accounts if subjects else ():
        wanted = [subject for owner, type_, subject in subjects if owner == account and type_ == kind]
        if wanted:
            result |= c.of_account(frame, account) & frame[key].isin(wanted).to_numpy(dtype=bool)
    return result


def _selected(frame: pd.DataFrame, run_range: Range) -> Mask:
    return c.is_in(frame[c.ACCOUNT], run_range.windows)


def _after_go_live(frame: pd.DataFrame, run_range: Range) -> Mask:
    result = np.ones(len(frame), dtype=bool)
    for name, account in run_range.accounts.items():
        if account.go_live:
            result &= ~(c.of_account(frame, name) & c.before_go_live(frame[c.CREATED_AT], account))
    return result


def _live_charges(books: Books, run_range: Range) -> Mask:
    """Charges made since their account went live, or refunded or disputed since: these are of that time, too."""
    charges = books.charges
    result = _after_go_live(charges, run_range)
    if not result.all():
        parts = [frame[c.CHARGE_ID][_after_go_live(frame, run_range)] for frame in (books.refunds, books.disputes)]
        result |= c.is_in(charges[c.CHARGE_ID], {charge_id for ids in parts for charge_id in ids})
    return result


def _live_cases(books: Books, matching: Matching, charges: Mask, run_range: Range) -> Mask:
    """Cases of which an order was made since its account went live, or that have one of these charges."""
    roots = matching.stands_for
    result = c.mask_at(roots[_after_go_live(books.orders, run_range)], len(roots))
    result[roots[matching.orders[charges[matching.charges]]]] = True
    return result


def _expects(orders: pd.DataFrame) -> Mask:
    return (~orders[c.STATUS].isin([OrderStatus.PENDING, OrderStatus.CANCELLED])).to_numpy(dtype=bool)


def _pulled(orders: pd.DataFrame, run_range: Range) -> Mask:
    result = np.ones(len(orders), dtype=bool)
    for account, windows in run_range.covered.items():
        result &= ~c.of_account(orders, account) | _within(orders[c.CREATED_AT], windows)
    for windows in run_range.failed.values():  # the charge may lie there: a wrong account, and none missing
        result &= _within(orders[c.CREATED_AT], windows)
    return result


def _within(moments: pd.Series[Any], windows: tuple[Window, ...]) -> Mask:
    result = np.zeros(len(moments), dtype=bool)
    for window in windows:
        result |= c.within(moments, window)
    return result
