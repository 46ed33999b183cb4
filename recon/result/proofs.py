"""Control totals that do not trust the matching: both sides summed alone, and the gap explained case by case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from recon import columns as c
from recon.arrays import Ints, Mask
from recon.methods.deadlines import last_day_without_credit
from recon.model import CLOSED, Account, Break, KnownBreak, Proof, Window
from recon.rules import RULE_OF
from recon.settings import Context
from recon.settlement import balance, tie_out
from recon.triage import Judged


@dataclass(frozen=True)
class Sides:
    """Whose totals are compared: masks over the books' orders and charges of one account and range."""

    orders: Mask
    charges: Mask
    broken: Mask  # orders with an open break of the group "Order and charge"
    account: Mask  # orders of the account, whenever made: another account's order with a charge here is broken there


def orders_to_charges(judged: Judged, sides: Sides, reported: Sequence[KnownBreak]) -> tuple[Proof, ...]:
    """Per currency: what the range's orders say was paid, against what the range's charges took.

    Explained is a gap that an open break stands for, that the range's edge makes (the other side was created
    outside), that the tolerance allows, or that a status makes (a cancelled order's refunded charge, an order not
    yet due to be marked paid). A paid order whose charges come to another sum and that has no break is unexplained.
    """
    orders, charges = judged.books.orders, judged.books.charges
    expects = c.expects_charge(orders)
    left = np.where(sides.orders & expects, orders[c.AMOUNT].to_numpy(dtype=np.int64), 0)
    right = np.where(sides.charges & c.took_money(charges), c.captured_amounts(charges), 0)
    columns = judged.triage.columns
    gaps = columns.captured - columns.expected
    differ = np.abs(gaps) > columns.allowed_difference
    silent = np.where(sides.account & _in_sight(judged, left, right) & differ, gaps, 0)
    silent[judged.matching.stands_for[sides.broken]] = 0
    alone = _alone(judged, right, reported)
    result = []
    present = {*orders[c.CURRENCY][left != 0].unique(), *charges[c.CURRENCY][right != 0].unique()}
    for currency in sorted(present):
        of_order = (orders[c.CURRENCY] == currency).to_numpy(dtype=bool)
        of_charge = (charges[c.CURRENCY] == currency).to_numpy(dtype=bool)
        total_left, total_right = int(left[of_order].sum()), int(right[of_charge].sum())
        unexplained = int(silent[of_order].sum()) + int(alone[of_charge].sum())
        explained = total_right - total_left - unexplained
        result.append(Proof("orders_to_charges", currency, total_left, total_right, explained))
    return tuple(result)


def _in_sight(judged: Judged, left: Ints, right: Ints) -> Mask:
    """Cases that the range touches, were judged, expect a charge, and have none fully refunded or voided."""
    orders, charges, matching = judged.books.orders, judged.books.charges, judged.matching
    root, own = matching.stands_for, matching.stands_for[matching.orders]
    touched = np.zeros(len(orders), dtype=bool)
    touched[root[left != 0]] = True
    touched[own[right[matching.charges] != 0]] = True
    successful = c.successful(charges)
    returned = successful & (charges[c.REFUNDED_AMOUNT].to_numpy(dtype=np.int64) >= c.captured_amounts(charges))
    touched[own[returned[matching.charges]]] = False
    expects = c.expects_charge(orders)
    return np.asarray(touched & expects & judged.scope.orders & ~judged.triage.zero)


def _alone(judged: Judged, right: Ints, reported: Sequence[KnownBreak]) -> Ints:
    """Per charge without an order: what it took, where neither a break nor a design explains it."""
    charges, matching = judged.books.charges, judged.matching
    result = np.where(judged.scope.charges & ~judged.triage.by_design, right, 0)
    result[matching.charges] = 0
    result[list(matching.contested)] = 0
    named = [known.latest.charge_id for known in reported if known.status not in CLOSED and known.latest.charge_id]
    result[charges[c.CHARGE_ID].isin(named).to_numpy(dtype=bool)] = 0
    return result


def to_ledger_balance_and_bank(
    judged: Judged,
    account: Account,
    window: Window,
    days: tuple[date, date],
    reported: Sequence[KnownBreak],
    context: Context,
) -> tuple[Proof, ...]:
    """Charges against the ledger, the ledger against the balance, transfers against the bank."""
    books, settled = judged.books, judged.settled
    broken = _broken_ids([known.latest for known in reported if known.status not in CLOSED])
    due = last_day_without_credit(account.name, context)
    banked = settled.settlement.banked
    return (
        *tie_out.charges_to_ledger(books, settled.ledger, account.name, window, broken),
        *balance.proof(books, account.name),
        *tie_out.transfers_to_bank(banked, account.name, account.currency, days, due, broken),
    )


def _broken_ids(open_breaks: Sequence[Break]) -> tie_out.BrokenIds:
    booked: dict[str, set[str]] = {"charge": set(), "refund": set(), "transaction": set()}
    for open_break in open_breaks:
        rule = RULE_OF.get(open_break.code)
        if rule and rule.proof == tie_out.CHARGES_TO_LEDGER and open_break.subject_type in booked:
            booked[open_break.subject_type].add(open_break.subject_id)
    return tie_out.BrokenIds(
        charges=booked["charge"],
        refunds=booked["refund"],
        transactions=booked["transaction"],
        transfers={open_break.transfer_id for open_break in open_breaks if open_break.transfer_id},
        lines={open_break.subject_id for open_break in open_breaks if open_break.subject_type == "bank_line"},
    )
