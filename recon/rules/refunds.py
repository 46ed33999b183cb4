"""Do shop and Omise agree on what went back to payers, and can it still go back? The group "Refunds"."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, NamedTuple

from recon import columns as c
from recon.arrays import Mask
from recon.columnar import np
from recon.methods.deadlines import REFUND_DAYS, Due, local, no_more_than_low, refund_arrives, refund_window
from recon.model import (
    EXPECTS_CHARGE,
    Break,
    Case,
    Charge,
    ChargeStatus,
    DisputeStatus,
    Exposure,
    Order,
    OrderStatus,
    Refund,
    Severity,
)
from recon.model.cases import total_of
from recon.money import Money
from recon.rules.rule import BySign, Rule, order_of, rests_of
from recon.rules.several import REQUESTED, Returns, beside, returns_of, taken_by
from recon.settings import Context
from recon.triage.columns import CaseColumns

GROUP = "Refunds"
WITHIN_DAYS = 14
COUNT_LIMIT = 13  # Omise allows 15 refunds of a charge (docs.omise.co/refunding-charges)
NONE = "none"
FULL = "full"
# What a refund, or a difference of sums, is where it is no break.
NOT_PAYING = "of a charge that does not pay the order"
LOST_REST = "the rest was lost in a dispute"
CANCELLED_WHOLE = "all of a cancelled order's payment"


def concerns(case: Case) -> bool:
    """Whether anything was refunded on either side, or is asked for."""
    refunding = (OrderStatus.REFUNDED, OrderStatus.REFUND_REQUESTED)
    return (
        bool(case.refunds)
        or any(charge.refunded.amount for charge in case.charges)
        or any(order.refunded.amount or order.status in refunding for order in case.orders)
    )


@dataclass(frozen=True)
class _Sides:
    """What the shop says was given back for the case's orders, and what Omise says of the charges that pay them."""

    payers: tuple[Charge, ...]
    shop: int  # minor units of the order's currency
    omise: int  # minor units of the charges' currency
    lost: int  # in disputes of these charges
    is_all: bool  # the shop says that all went back, of charges that took it within the tolerance
    returns: Returns | None = None  # of a case of several orders

    @property
    def is_said(self) -> bool:
        """Of several orders: what went back is what they say; of a voided charge also what is not theirs."""
        if self.returns is None:
            return False
        if any(self.returns.made(gone) is not None for gone in (self.omise, self.omise + self.lost)):
            return True
        return not any(charge.pays for charge in self.payers) and self.omise >= self.returns.settled

    @property
    def whole(self) -> bool:
        """All that was taken went back, by refunds or by lost disputes."""
        return bool(self.payers) and sum(charge.left.amount for charge in self.payers) <= self.lost

    @property
    def is_made(self) -> bool:
        """What the shop says went back: by refunds, by them and lost disputes, or all of it within the tolerance."""
        return self.omise <= self.shop <= self.omise + self.lost or (self.is_all and self.whole)


def _sides(case: Case, context: Context) -> _Sides | None:
    """Null where there is no order, or where nobody knows which charge is its."""
    if case.order is None or case.candidates:
        return None
    payers = _payers(case, case.order, context)
    ids = {charge.id for charge in payers}
    shop = sum(order.given_back for order in case.orders)
    return _Sides(
        payers,
        shop=shop,
        omise=sum(charge.refunded.amount for charge in payers),
        lost=sum(
            dispute.money.amount
            for dispute in case.disputes
            if dispute.status == DisputeStatus.LOST and dispute.charge_id in ids
        ),
        is_all=shop >= total_of(case.orders) and _agrees(case, payers, context),
        returns=returns_of(case, payers, context) if case.other_orders else None,
    )


class RefundSums(NamedTuple):
    """What both sides gave back for an order, minor units of its currency, and what a difference is that is no break.

    The sums are null where they cannot be compared, or where the refund is none of the order.
    """

    shop: int | None
    omise: int | None
    note: str | None = None

    @property
    def difference(self) -> int | None:
        """Omise's less the shop's."""
        return None if self.shop is None or self.omise is None else self.omise - self.shop


def refund_sums(case: Case, charge: Charge, context: Context) -> RefundSums:
    """As the rules see a refund of a charge of the case; of an order with equal candidates by the charge alone."""
    sides = _sides(case, context)
    if case.order is None or sides is None:
        return RefundSums(None, charge.refunded.amount)
    if charge.id not in {payer.id for payer in sides.payers}:
        return RefundSums(None, None, NOT_PAYING)
    if any(payer.refunded.currency != case.order.money.currency for payer in sides.payers):
        return RefundSums(None, sides.omise)
    sums = RefundSums(sides.shop, sides.omise)
    if sides.lost and sides.shop == sides.omise + sides.lost:
        return sums._replace(note=LOST_REST)
    of_cancelled = case.order.status == OrderStatus.CANCELLED and not sides.shop and sides.whole
    if of_cancelled or (sides.is_said and sides.omise > sides.shop):
        return sums._replace(note=CANCELLED_WHOLE)
    return sums


def _payers(case: Case, order: Order, context: Context) -> tuple[Charge, ...]:
    """The charges that pay the order: one, or with split payments all; a voided one where the money is to go back.

    Of several it is the one that the order names, that has the order's amount, that agrees on the refund; so with
    split payments and several orders, too, where one has the amount and all together have not.
    """
    paying = case.paying
    back_to_payer = (OrderStatus.REFUNDED, OrderStatus.REFUND_REQUESTED, OrderStatus.CANCELLED)
    if not paying and any(member.status in back_to_payer for member in case.orders):
        paying = tuple(charge for charge in case.charges if charge.status == ChargeStatus.SUCCESSFUL)
    pool = tuple(rests_of(case)) or paying
    if case.other_orders or order.source in context.split_sources:
        if _agrees(case, paying, context):
            return paying
        if _agrees(case, pool, context) or not any(_agrees(case, (charge,), context) for charge in pool):
            return pool
    back = sum(order.given_back for order in case.orders)

    def doubts(charge: Charge) -> tuple[bool, ...]:
        return not _agrees(case, (charge,), context), charge.id != order.charge_id, charge.refunded.amount != back

    return tuple(sorted(pool, key=doubts)[:1])


def _agrees(case: Case, charges: tuple[Charge, ...], context: Context) -> bool:
    order = order_of(case)
    same = all(charge.captured.currency == order.money.currency for charge in charges)
    taken = taken_by(charges)
    total = case.due(taken) if case.other_orders else order.money.amount
    return same and context.tolerance.allows(total, taken, order.money.currency)


def _exceeds(rule: Rule, case: Case, charge: Charge, context: Context) -> Break | None:
    if not charge.pays or charge.refunded.amount <= charge.captured.amount:
        return None
    return rule.on_charge(
        case,
        charge,
        context,
        f"Charge {charge.id} took {context.words(charge.captured)}, but {context.words(charge.refunded)} of it is "
        "refunded.",
        expected=charge.captured.amount,
        actual=charge.refunded.amount,
    )


def _missing(rule: Rule, whole: Case, context: Context) -> Break | None:
    sides = _sides(whole, context)
    if sides is None or sides.omise or not sides.shop or sides.is_made or whole.unread_parts:
        return None
    case = whole.led_by(lambda order: order.status != REQUESTED and order.given_back != 0)
    if case is None or (not sides.payers and not _refunded_for_nothing(case)):
        return None
    settled = sides.returns.settled if sides.returns else sides.shop
    if settled <= sides.lost or (not case.charges and context.is_young(order_of(case).created_at)):
        return None
    named = f"charge {sides.payers[0].id} is not refunded" if sides.payers else "no charge of it took any money"
    sides = replace(sides, shop=settled)
    return _order_break(rule, case, context, sides, f"but {named} at Omise.", settled - sides.lost)


def _refunded_for_nothing(case: Case) -> bool:
    """No charge took money, and no break of order and charge says so: those speak of orders that expect money."""
    return order_of(case).status not in EXPECTS_CHARGE


def _unrecorded(rule: Rule, whole: Case, context: Context) -> Break | None:
    sides = _sides(whole, context)
    if sides is None or sides.shop or not sides.omise or sides.is_said:
        return None
    if not whole.other_orders and order_of(whole).status == OrderStatus.CANCELLED and sides.whole:
        return None
    words = f"but {_back(sides, context)} at Omise."
    case = whole.led_by(lambda order: order.status != OrderStatus.CANCELLED) or whole
    unsaid = sides.returns.unsaid if sides.returns else 0
    return _order_break(rule, case, context, sides, words, sides.omise - unsaid)


def _mismatch(rule: Rule, whole: Case, context: Context) -> Break | None:
    sides = _sides(whole, context)
    case = whole.led_by(lambda order: order.given_back != 0)
    if sides is None or case is None or not sides.omise or sides.is_made or sides.is_said:
        return None
    if case.unread_parts and sides.shop > sides.omise:
        return None
    if any(charge.refunded.currency != order_of(case).money.currency for charge in sides.payers):
        return None
    words = f"but {_back(sides, context)} at Omise: the sums differ."
    made = sides.omise + (sides.lost if sides.shop > sides.omise else 0)
    apart = Money(abs(sides.shop - made), order_of(case).money.currency)
    amount = context.words(apart)
    missing = f"Refund {amount} more at Omise, or correct the order's refunded amount."
    too_much = f"Find out who refunded {amount} more than the shop knows of; record it there if it was right."
    raised = _order_break(rule, case, context, sides, words, apart.amount)
    return replace(raised, suggestion=missing if sides.shop > sides.omise else too_much)


def _back(sides: _Sides, context: Context) -> str:
    currency = sides.payers[0].refunded.currency
    payers = ", ".join(charge.id for charge in sides.payers)
    return f"{context.words(Money(sides.omise, currency))} of {payers} went back"


def _order_break(rule: Rule, case: Case, context: Context, sides: _Sides, words: str, at_risk: int) -> Break:
    order = order_of(case)
    at_shop = context.words(Money(sides.shop, order.money.currency))
    first = sides.payers[0] if sides.payers else None
    same = first is None or first.refunded.currency == order.money.currency
    charged = f" (charged{beside(case, case.orders)})" if case.other_orders else ""
    return rule.on_order(
        case,
        context,
        f"Order {order.id}{charged} is {order.status.replace('_', ' ')}, {at_shop} refunded at the shop, {words}",
        charge_id=first.id if first else None,
        expected=sides.shop,
        actual=sides.omise if same else None,
        amount_at_risk=at_risk if same else None,
    )


class _Request(NamedTuple):
    """A refund that is asked for and not made in full: of which charge, and how much."""

    case: Case  # under the order that asks
    charge: Charge
    money: Money


def _request(whole: Case, context: Context) -> _Request | None:
    """What is asked for: all that is left, unless the order says how much, in the charge's currency.

    Of several orders: all that these are over, or say, less what of it went back.
    """
    sides = _sides(whole, context)
    case = whole.led_by(lambda order: order.status == REQUESTED)
    if sides is None or case is None or not sides.payers or sides.whole:
        return None
    charge = next((payer for payer in sides.payers if payer.kept), None)
    if charge is None:
        return None
    amount = charge.left.amount
    if charge.captured.currency != order_of(case).money.currency:
        return _Request(case, charge, charge.left)
    if sides.returns:
        requests = [order for order in case.orders if order.status == REQUESTED]
        asked = sum(order.refunded.amount or order.money.amount for order in requests)
        amount = min(amount, sides.returns.still_asked(sides.omise, asked))
    elif sides.shop > sides.omise and not sides.is_all:
        amount = min(amount, sides.shop - sides.omise)
    return _Request(case, charge, Money(amount, charge.left.currency)) if amount else None


def _not_supported(rule: Rule, case: Case, context: Context) -> Break | None:
    request = _request(case, context)
    if request is None or request.charge.refunded.amount:
        return None
    charge = request.charge
    figure = context.figure("refund", charge)
    in_part = request.money.amount < charge.captured.amount
    if figure is None or figure.value not in ((NONE, FULL) if in_part else (NONE,)):
        return None
    how = "cannot be refunded" if figure.value == NONE else "can only be refunded in full"
    words = f"but {charge.method} {how} through Omise ({figure.certainty}: {figure.source})"
    asked = f"A refund of {context.words(request.money)} is asked for order {order_of(request.case).id}, {words}."
    return no_more_than_low(_on_request(rule, request.case, context, request, asked), sure=figure.sure)


def _window_closed(rule: Rule, case: Case, context: Context) -> Break | None:
    request = _request(case, context)
    due = refund_window(request.charge, context) if request else None
    if request is None or due is None or context.as_of <= due.at:
        return None
    words = f"its refund window ended {local(due.at, case.account, context)}"
    action = f"Pay the customer back yourself; {request.charge.id} can no longer be refunded."
    return _window_break(rule, request.case, context, request, due, words, action)


def _window_closing(rule: Rule, case: Case, context: Context) -> Break | None:
    request = _request(case, context)
    due = refund_window(request.charge, context) if request else None
    within = timedelta(days=context.count(rule.code, "within_days", WITHIN_DAYS))
    if request is None or due is None or not due.at - within <= context.as_of <= due.at:
        return None
    end = local(due.at, case.account, context)
    action = f"Refund {request.charge.id} for {context.words(request.money)} before {end}."
    return _window_break(rule, request.case, context, request, due, f"its refund window ends {end}", action)


def _window_break(
    rule: Rule, case: Case, context: Context, request: _Request, due: Due, words: str, action: str
) -> Break:
    asked = f"A refund of {context.words(request.money)} (charge {request.charge.id}) is asked for"
    words = f"{asked} order {order_of(case).id}; {words}."
    raised = _on_request(rule, case, context, request, words, suggestion=action, due_by=due.at)
    return no_more_than_low(raised, sure=due.sure)


def _on_request(rule: Rule, case: Case, context: Context, request: _Request, words: str, **fields: Any) -> Break:
    money = {"currency": request.money.currency, "expected": request.money.amount, "actual": 0}
    return rule.on_order(case, context, words, charge_id=request.charge.id, **money, **fields)


def _overdue(rule: Rule, case: Case, refund: Refund, context: Context) -> Break | None:
    if refund.status != "pending":
        return None
    charge = next((candidate for candidate in case.charges if candidate.id == refund.charge_id), None)
    due = refund_arrives(refund, charge, context)
    if context.as_of <= due.at:
        return None
    raised = rule.on_thing(
        refund,
        context,
        f"Refund {refund.id} of {context.words(refund.money)} (charge {refund.charge_id}) is pending since "
        f"{local(refund.created_at, refund.account, context)}, longer than {due.why}.",
        order_id=case.order.id if case.order else None,
        charge_id=refund.charge_id,
        actual=refund.money.amount,
        amount_at_risk=refund.money.amount,
        due_by=due.at,
    )
    return no_more_than_low(raised, sure=due.sure)


def _count_limit(rule: Rule, case: Case, charge: Charge, context: Context) -> Break | None:
    count = sum(refund.status != "failed" and refund.charge_id == charge.id for refund in case.refunds)
    if count < context.count(rule.code, "at", COUNT_LIMIT):
        return None
    return rule.on_charge(
        case, charge, context, f"Charge {charge.id} has {count} refunds; Omise allows 15 of a charge."
    )


def _refunds_differ(columns: CaseColumns, _context: Context) -> Mask:
    """Cases with money back on either side, but for one charge that gave back what the shop says."""
    refunded = columns.refunded_of_charge
    voided = columns.successful & ~columns.pays
    voided_in_part = voided & (refunded > 0) & (refunded < columns.captured_of_charge)
    something = (columns.refunded_at_shop != 0) | (columns.refunded != 0) | columns.of_any_charge(voided_in_part)
    something |= columns.orders_in(OrderStatus.REFUND_REQUESTED) & columns.of_any_charge(voided)
    return np.asarray(something & ((columns.paying != 1) | (columns.refunded_at_shop != columns.refunded)))


def _refund_requested(columns: CaseColumns, _context: Context) -> Mask:
    return columns.orders_in(OrderStatus.REFUND_REQUESTED) & (columns.paying > 0)


def _often_refunded(columns: CaseColumns, context: Context) -> Mask:
    refunds = columns.books.refunds
    charge_ids = columns.books.charges[c.CHARGE_ID]
    limit = context.count("refund_count_limit", "at", COUNT_LIMIT)
    if limit <= 0 or not len(refunds):
        return np.full(len(charge_ids), limit <= 0)
    counts = refunds[c.CHARGE_ID][~c.equals(refunds, c.STATUS, "failed")].value_counts()
    return c.is_in(charge_ids, counts.index[counts >= limit])


RULES = (
    Rule(
        "refund_exceeds_charge",
        Severity.CRITICAL,
        "charge",
        "More of a charge is refunded than was captured.",
        "Ask Omise's support how this could be; stop refunds of the charge.",
        judge_each=_exceeds,
        may_apply=lambda columns, _: columns.pays & (columns.refunded_of_charge > columns.captured_of_charge),
        title="Refunded more than was charged",
        exposure=Exposure.LOST,
    ),
    Rule(
        "refund_missing",
        Severity.HIGH,
        "order",
        "The order is refunded at the shop, and nothing went back at Omise.",
        "Refund the charge at Omise, or correct the order.",
        judge=_missing,
        may_apply=_refunds_differ,
        title="Refund not made at Omise",
        exposure=Exposure.OWED_TO_CUSTOMER,
    ),
    Rule(
        "refund_unrecorded",
        Severity.HIGH,
        "order",
        "Money went back at Omise, and the shop's order says nothing of it.",
        "Record the refund at the shop, or find out who made it.",
        judge=_unrecorded,
        may_apply=_refunds_differ,
        title="Refund not recorded at the shop",
        exposure=Exposure.NO_CASH,
    ),
    Rule(
        "refund_amount_mismatch",
        Severity.HIGH,
        "order",
        "Shop and Omise both refunded the order, and the sums differ.",
        "Refund what is missing, or correct the order's refunded amount.",
        judge=_mismatch,
        may_apply=_refunds_differ,
        title="The refunded amounts differ",
        exposure=BySign(less=Exposure.OWED_TO_CUSTOMER, more=Exposure.LOST, else_=Exposure.OWED_TO_CUSTOMER),
    ),
    Rule(
        "refund_not_supported",
        Severity.HIGH,
        "order",
        "A refund is asked for on a method that cannot refund, or not in part.",
        "Pay the customer back another way, and mark the order as refunded.",
        judge=_not_supported,
        may_apply=_refund_requested,
        title="Method cannot be refunded",
        exposure=Exposure.OWED_TO_CUSTOMER,
    ),
    Rule(
        "refund_window_closed",
        Severity.HIGH,
        "order",
        "A refund is asked for, and the method's window for refunds has ended.",
        "Pay the customer back another way, and mark the order as refunded.",
        judge=_window_closed,
        may_apply=_refund_requested,
        title="Too late to refund at Omise",
        exposure=Exposure.OWED_TO_CUSTOMER,
    ),
    Rule(
        "refund_window_closing",
        Severity.HIGH,
        "order",
        "A refund is asked for, and the method's window for refunds ends soon.",
        "Refund the charge before the window ends.",
        judge=_window_closing,
        may_apply=_refund_requested,
        thresholds={"within_days": WITHIN_DAYS},
        title="Last days to refund at Omise",
        exposure=Exposure.OWED_TO_CUSTOMER,
    ),
    Rule(
        "refund_overdue",
        Severity.MEDIUM,
        "refund",
        "A refund is pending for longer than it takes to reach the payer.",
        "Ask Omise's support for the refund, and tell the customer.",
        judge_each=_overdue,
        may_apply=lambda columns, _: c.equals(columns.books.refunds, c.STATUS, "pending"),
        thresholds={"business_days": REFUND_DAYS},
        title="Refund takes too long",
        exposure=Exposure.TIMING,
    ),
    Rule(
        "refund_count_limit",
        Severity.LOW,
        "charge",
        "A charge is close to the 15 refunds that Omise allows.",
        "Give back the rest of this charge in one refund.",
        judge_each=_count_limit,
        may_apply=_often_refunded,
        thresholds={"at": COUNT_LIMIT},
        title="Few refunds left for the charge",
        exposure=Exposure.NO_CASH,
    ),
)
