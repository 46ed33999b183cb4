"""Does each order agree with its charge? The rules of the group "Order and charge", in the order they are asked."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime

from recon import columns as c
from recon.arrays import Mask
from recon.columnar import np
from recon.methods.deadlines import owed
from recon.model import (
    EXPECTS_CHARGE,
    NEVER_PAID,
    Break,
    Case,
    Charge,
    Exposure,
    Order,
    OrderStatus,
    Severity,
)
from recon.model.cases import total_of
from recon.money import Money
from recon.rules.counted import agrees, back_at_shop, counted, may_split, pays_it, power_of_ten, splits
from recon.rules.rule import BySign, Rule, held_of, holding, order_of, rests_of
from recon.rules.several import beside, first_of, held_for_cancelled, paid_orders, payers_of, taken_by
from recon.settings import WEBHOOK_GRACE, Context
from recon.triage.columns import CaseColumns

GROUP = "Order and charge"
_CANDIDATES = re.compile(r"it could be paid by any of (?:.+: )?(?P<ids>\S+(?:, \S+)*), so nothing is linked")
_REFUNDING = (OrderStatus.REFUNDED, OrderStatus.REFUND_REQUESTED)
_DO_NOT_DELIVER = "Do not deliver: cancel the order, or mark it as refunded, and find out who gave the money back."


def _wrong_account(rule: Rule, case: Case, context: Context) -> Break | None:
    if case.order is None or not case.paying or any(charge.account == case.account for charge in case.paying):
        return None
    for charge in case.paying:
        return rule.on_order(
            case,
            context,
            f"{_order(case, context)}; its successful charge {charge.id} ({context.words(charge.captured)}) sits in "
            f'account "{charge.account}", not in "{case.account}".',
            charge_id=charge.id,
            expected=case.order.money.amount,
            actual=_same_currency(case, charge.captured),
            amount_at_risk=case.order.money.amount,
        )
    return None


def candidates_of(break_: Break) -> list[str]:
    """The charges that a `match_ambiguous` names; none of any other break."""
    named = _CANDIDATES.search(break_.explanation) if break_.code == "match_ambiguous" else None
    return named["ids"].split(", ") if named else []


def _match_ambiguous(rule: Rule, case: Case, context: Context) -> Break | None:
    if case.order is None or not case.candidates:
        return None
    nearest = ", ".join(case.candidates)
    if case.more_candidates:
        count = len(case.candidates) + case.more_candidates
        nearest = f"{count:,} charges, of which these are the nearest in time: {nearest}"
    return rule.on_order(
        case,
        context,
        f"{_order(case, context)}; it could be paid by any of {nearest}, so nothing is linked.",
        expected=case.order.money.amount,
        amount_at_risk=case.order.money.amount,
    )


def _charge_missing(rule: Rule, case: Case, context: Context) -> Break | None:
    if case.charges or not any(map(_expects_charge, case.orders)) or context.is_young(order_of(case).created_at):
        return None
    id = order_of(case).charge_id
    named = f" The order names {id}, which is another order's, of another account, or not at Omise." if id else ""
    return rule.on_order(
        case,
        context,
        f"{_order(case, context)}, but there is no charge for it at Omise.{named}",
        charge_id=id,
        expected=case.expected,
        actual=0,
    )


def _paid_charge_pending(rule: Rule, whole: Case, context: Context) -> Break | None:
    case = whole.led_by(_expects_charge)
    if case is None or not is_paid_but_pending(case):
        return None
    open_ones = [charge for charge in case.charges if charge.status not in NEVER_PAID and not charge.voided]
    charge = open_ones[-1]
    return rule.on_order(
        case,
        context,
        f'{_order(case, context)}, but its charge {charge.id} is "{charge.status}", not successful.',
        charge_id=charge.id,
        expected=case.expected,
        actual=0,
    )


def is_paid_but_pending(case: Case) -> bool:
    """Paid at the shop, no charge successful, and one that may still become so."""
    if case.paying or not any(map(_expects_charge, case.orders)):
        return False
    return any(charge.status not in NEVER_PAID and not charge.voided for charge in case.charges)


def _paid_charge_failed(rule: Rule, whole: Case, context: Context) -> Break | None:
    if not whole.charges or whole.paying:
        return None
    voided = any(charge.voided for charge in whole.charges)
    case = whole.led_by(lambda order: _expects_charge(order) and not (voided and _refunding(order)))
    if case is None:
        return None
    returned = total_of(order for order in case.orders if _refunding(order)) if voided else 0
    last = case.charges[-1]
    how = "was voided" if last.voided else f"is {last.status}"
    why = f" ({last.failure_code})" if last.failure_code else ""
    tries = f"all {len(case.charges)} charges failed; the last," if len(case.charges) > 1 else "its only charge"
    return rule.on_order(
        case,
        context,
        f"{_order(case, context)}, but {tries} {last.id} {how}{why}.",
        charge_id=last.id,
        expected=case.expected - returned,
        actual=0,
    )


def _refunding(order: Order) -> bool:
    """Refunded, or asked to be: where its charge was voided, the money came, and went back the same day."""
    return order.status in _REFUNDING


def _order_missing(rule: Rule, case: Case, context: Context) -> Break | None:
    if case.order is not None or not case.needs_order or not case.paying:
        return None
    charge = case.paying[0]
    if context.is_young(_paid_at(charge)):
        return None
    return rule.on_charge(
        case,
        charge,
        context,
        f"Charge {charge.id} took {context.words(charge.captured)}, but no order in any source belongs to it.",
        expected=0,
        actual=charge.captured.amount,
        amount_at_risk=held_of(case, charge).amount,
    )


def _not_marked_paid(rule: Rule, whole: Case, context: Context) -> Break | None:
    pending = [order for order in whole.orders if order.status == OrderStatus.PENDING] if whole.paying else []
    if not pending:
        return None
    pending = [order for order in pending if order in paid_orders(whole, payers_of(whole, context), context)]
    case = whole.led_by(lambda order: order in pending)
    if case is None:
        return None
    charge = holding(case)[0]
    if context.as_of <= _paid_at(charge) + context.threshold(rule.code, "grace", WEBHOOK_GRACE):
        return None
    held = held_of(case, charge)
    back = "" if held.amount else ", and all of it went back"
    sums = [_same_currency(case, money) for money in (charge.captured, held)]
    if case.other_orders:
        sums = [taken if taken is None else min(taken, total_of(pending)) for taken in sums]
    paid = paid_orders(case, payers_of(case, context), context)
    paid_for = ", ".join(order.id for order in paid) if case.other_orders else "it"
    return rule.on_order(
        case,
        context,
        f"{_order(case, context)}{beside(case, pending)}, but charge {charge.id} took "
        f"{context.words(charge.captured)} for {paid_for}{back}.",
        suggestion=rule.action if held.amount else _DO_NOT_DELIVER,
        charge_id=charge.id,
        expected=0,
        actual=sums[0],
        amount_at_risk=sums[1],
    )


def _cancelled_but_charged(rule: Rule, whole: Case, context: Context) -> Break | None:
    rests = rests_of(whole) if any(order.status == OrderStatus.CANCELLED for order in whole.orders) else {}
    paid = paid_orders(whole, payers_of(whole, context), context) if rests else ()
    cancelled = [order for order in paid if order.status == OrderStatus.CANCELLED]
    case = whole.led_by(lambda order: order in cancelled)
    if case is None:
        return None
    held = _total_of(case, rests.values())
    if held is not None and case.other_orders:
        held = held_for_cancelled(case, held, context)
        if held <= context.tolerance.slack(case.expected, order_of(case).money.currency):
            return None
        rests = first_of(rests, held)
    held_words = " and ".join(f"{charge.id} still holds {context.words(rest)}" for charge, rest in rests.items())
    due_by, action = owed(rests, context)
    return rule.on_order(
        case,
        context,
        f"{_order(case, context)}{beside(case, cancelled)}, but charge {held_words} of the payer's money.",
        suggestion=f"{action} Or reinstate the order.",
        due_by=due_by,
        charge_id=next(iter(rests)).id,
        expected=0,
        actual=held,
        amount_at_risk=held,
    )


def _duplicate_charge(rule: Rule, whole: Case, context: Context) -> Break | None:
    case = whole.led_by(_expects_charge)
    if case is None or len(case.paying) < 2:
        return None
    order = order_of(case)
    rests = rests_of(case)
    kept = list(rests)
    if len(kept) < 2 or splits(case, kept, context):
        return None
    good = [charge for charge in kept if pays_it(case, charge, context)]
    if not good:
        return None
    back = back_at_shop(case)
    payer = min(good, key=lambda charge: (charge.id != order.charge_id, charge.refunded.amount != back))
    extra = {charge: rest for charge, rest in rests.items() if charge is not payer}
    total = _total_of(case, extra.values())
    again = ", ".join(f"{charge.id} ({context.words(charge.captured)})" for charge in extra)
    due_by, action = owed(extra, context)
    due = case.due(payer.captured.amount)
    return rule.on_order(
        case,
        context,
        f"{_order(case, context)} and paid by {payer.id}; {again} took money for it again.",
        suggestion=f"{action} Keep {payer.id}.",
        due_by=due_by,
        charge_id=next(iter(extra)).id,
        expected=due,
        actual=None if total is None else due + total,
        amount_at_risk=total,
    )


def _currency_mismatch(rule: Rule, whole: Case, context: Context) -> Break | None:
    case = whole.led_by(_expects_charge)
    for charge in counted(case, context) if case else ():
        if case and charge.captured.currency != order_of(case).money.currency:
            return rule.on_order(
                case,
                context,
                f"{_order(case, context)}, but charge {charge.id} took {context.words(charge.captured)}"
                f"{_converted(charge, context)}.",
                charge_id=charge.id,
                expected=case.expected,
                amount_at_risk=case.expected,
            )
    return None


def _converted(charge: Charge, context: Context) -> str:
    """What Omise made of a payment in another currency than the account's: it may be just what the order is over."""
    if charge.funding.currency == charge.captured.currency:
        return ""
    return f", which Omise took in as {context.words(charge.funding)}"


def _amount_scale_mismatch(rule: Rule, whole: Case, context: Context) -> Break | None:
    case = whole.led_by(_expects_charge)
    payers = counted(case, context) if case else ()
    if case is None or not payers or agrees(case, taken_by(payers), context):
        return None
    sums = [taken_by(payers)] if may_split(case, context) else [charge.captured.amount for charge in payers]
    if not any(power_of_ten(case.due(taken), taken) for taken in sums):
        return None
    return _amounts_differ(rule, case, context, "the amounts differ by exactly a power of ten")


def _amount_mismatch(rule: Rule, whole: Case, context: Context) -> Break | None:
    case = whole.led_by(_expects_charge)
    payers = counted(case, context) if case else ()
    if case is None or not payers:
        return None
    together = len(payers) > 1 and not may_split(case, context)
    if agrees(case, taken_by(payers), context) and (not together or len(payers) <= 1 + len(case.other_orders) > 1):
        return None
    return _amounts_differ(rule, case, context, "none of them is the order's" if together else "the amounts differ")


def _amounts_differ(rule: Rule, case: Case, context: Context, words: str) -> Break | None:
    currency = order_of(case).money.currency
    payers = counted(case, context)
    if any(charge.captured.currency != currency for charge in payers):
        return None
    ids = ", ".join(charge.id for charge in payers)
    taken = Money(taken_by(payers), currency)
    due = case.due(taken.amount)
    expects = f", {context.words(Money(due, currency))} together" if case.other_orders else ""
    return rule.on_order(
        case,
        context,
        f"{_order(case, context)}{beside(case, case.orders)}{expects}, but {ids} took "
        f"{context.words(taken)}: {words}.",
        charge_id=payers[0].id,
        expected=due,
        actual=taken.amount,
    )


def _paid_at(charge: Charge) -> datetime:
    return charge.paid_at or charge.created_at


def _expects_charge(order: Order) -> bool:
    return order.status in EXPECTS_CHARGE


def _same_currency(case: Case, money: Money) -> int | None:
    return money.amount if money.currency == order_of(case).money.currency else None


def _total_of(case: Case, sums: Collection[Money]) -> int | None:
    """Their sum in minor units; null where one is in another currency than the order."""
    same = all(money.currency == order_of(case).money.currency for money in sums)
    return sum(money.amount for money in sums) if same else None


def _order(case: Case, context: Context) -> str:
    order = order_of(case)
    return f"Order {order.id} ({context.words(order.money)}) is {order.status.replace('_', ' ')}"


def _ambiguous(columns: CaseColumns, _context: Context) -> Mask:
    return c.mask_at(list(columns.matching.ambiguous), len(columns.books.orders))


def _without_charge(columns: CaseColumns, _context: Context) -> Mask:
    return np.asarray(columns.expects & ~columns.with_charge & ~columns.young_orders)


def _unpaid(columns: CaseColumns, _context: Context) -> Mask:
    return np.asarray(columns.expects & columns.with_charge & (columns.paying == 0))


def _without_order(columns: CaseColumns, _context: Context) -> Mask:
    return columns.without_order & columns.pays & ~columns.by_design & ~columns.young_charges


def _paid_differently(columns: CaseColumns, _context: Context) -> Mask:
    differs = np.abs(columns.captured - columns.expected) > columns.allowed_difference
    return np.asarray(columns.expects & ((columns.paying > 1) | ((columns.paying == 1) & differs)))


RULES = (
    Rule(
        "wrong_account",
        Severity.HIGH,
        "order",
        "The order's successful charge sits in another Omise account.",
        "Find out which keys the shop used; correct the order's account, or refund and charge again.",
        judge=_wrong_account,
        may_apply=lambda columns, _: columns.paid_elsewhere(c.ACCOUNT),
        title="Paid into another account",
        exposure=BySign(less=Exposure.OWED_TO_US, more=Exposure.OWED_TO_CUSTOMER),
    ),
    Rule(
        "match_ambiguous",
        Severity.MEDIUM,
        "order",
        "Several equally good charges fit the order; nothing is linked.",
        "Compare the named charges with the order and link the right one by hand.",
        judge=_match_ambiguous,
        may_apply=_ambiguous,
        title="Several charges fit the order",
        exposure=Exposure.NO_CASH,
    ),
    Rule(
        "charge_missing",
        Severity.HIGH,
        "order",
        "The order is paid or refunded, and no charge for it came, though there was time ([matching] settle).",
        "Ask the shop why it counts the order as paid; do not deliver before the money is found.",
        judge=_charge_missing,
        may_apply=_without_charge,
        title="Order paid, and no charge for it",
        exposure=Exposure.LOST,
    ),
    Rule(
        "order_paid_charge_pending",
        Severity.HIGH,
        "order",
        "The order is paid, no charge is successful, and one is still pending.",
        "Do not deliver yet; wait for the charge, and correct the order if it fails.",
        judge=_paid_charge_pending,
        may_apply=_unpaid,
        title="Order paid, charge still pending",
        exposure=Exposure.TIMING,
    ),
    Rule(
        "order_paid_charge_failed",
        Severity.CRITICAL,
        "order",
        "The order is paid, and every charge failed, expired, was reversed or voided.",
        "Stop delivery, correct the order, and ask the customer to pay again.",
        judge=_paid_charge_failed,
        may_apply=_unpaid,
        title="Order paid, charge failed",
        exposure=Exposure.LOST,
    ),
    Rule(
        "order_missing",
        Severity.HIGH,
        "charge",
        "A successful charge, not voided, whose order is in no source, though there was time ([matching] settle).",
        "Find the order it belongs to, or refund the payer.",
        judge=_order_missing,
        may_apply=_without_order,
        title="Charge without an order",
        exposure=Exposure.OWED_TO_CUSTOMER,
    ),
    Rule(
        "order_not_marked_paid",
        Severity.HIGH,
        "order",
        "The charge is successful, and the shop has the order as pending: Omise's message (webhook) was likely lost.",
        "Mark the order as paid and deliver; have the shop's makers look for the message that did not arrive.",
        judge=_not_marked_paid,
        may_apply=lambda columns, _: columns.orders_in(OrderStatus.PENDING) & (columns.paying > 0),
        thresholds={"grace": WEBHOOK_GRACE},
        title="Charge paid, order still pending",
        exposure=Exposure.NO_CASH,
    ),
    Rule(
        "order_cancelled_but_charged",
        Severity.HIGH,
        "order",
        "The order is cancelled, and its successful charge is not fully refunded.",
        "Refund the rest of the charge, or reinstate the order.",
        judge=_cancelled_but_charged,
        may_apply=lambda columns, _: columns.orders_in(OrderStatus.CANCELLED) & (columns.paying > 0),
        title="Order cancelled, money kept",
        exposure=Exposure.OWED_TO_CUSTOMER,
    ),
    Rule(
        "duplicate_charge",
        Severity.HIGH,
        "order",
        "More than one successful, not fully refunded charge, where one pays the order.",
        "Refund the charge that the order does not point at.",
        judge=_duplicate_charge,
        may_apply=lambda columns, _: columns.paying > 1,
        title="Charged more than once",
        exposure=Exposure.OWED_TO_CUSTOMER,
    ),
    Rule(
        "currency_mismatch",
        Severity.HIGH,
        "order",
        "The charge's currency is not the order's.",
        "Compare what the payer was shown with what was charged; refund and charge again if it was wrong.",
        judge=_currency_mismatch,
        may_apply=lambda columns, _: columns.expects & columns.paid_elsewhere(c.CURRENCY),
        title="The currencies differ",
        exposure=Exposure.OWED_TO_US,
    ),
    Rule(
        "amount_scale_mismatch",
        Severity.CRITICAL,
        "order",
        "The amounts differ by exactly a power of ten: minor units were taken for major ones, or the reverse.",
        "Correct the shop's conversion at once; every order of this currency is in danger. Refund what is too much.",
        judge=_amount_scale_mismatch,
        may_apply=_paid_differently,
        title="Decimal point in the wrong place",
        cause="The shop sends {currency} amounts of {account} in the wrong unit",
        exposure=BySign(less=Exposure.OWED_TO_US, more=Exposure.OWED_TO_CUSTOMER),
    ),
    Rule(
        "amount_mismatch",
        Severity.HIGH,
        "order",
        "The captured amount and the order's amount differ beyond the tolerance.",
        "Find out which is right; refund the difference or correct the order.",
        judge=_amount_mismatch,
        may_apply=_paid_differently,
        title="The amounts differ",
        exposure=BySign(less=Exposure.OWED_TO_US, more=Exposure.OWED_TO_CUSTOMER),
    ),
)
