"""One charge that pays several orders: what of its money is whose, where the states of these orders differ."""

from __future__ import annotations

from dataclasses import dataclass

from recon.model import Case, Charge, Order, OrderStatus
from recon.money import Money
from recon.rules.rule import order_of
from recon.settings import Context

PENDING = OrderStatus.PENDING
CANCELLED = OrderStatus.CANCELLED
REQUESTED = OrderStatus.REFUND_REQUESTED


def given_back(order: Order) -> int:
    """A refunded order that does not say how much was refunded in full."""
    unsaid = order.status == OrderStatus.REFUNDED and order.refunded.amount == 0
    return order.money.amount if unsaid else order.refunded.amount


@dataclass(frozen=True)
class Returns:
    """What may have gone back to the payer of several orders, minor units: each part of it, or none."""

    settled: int  # the shop says that it did
    asked: int  # the shop says that it is to go back; it need not have
    unsaid: int  # of cancelled orders of which the shop says nothing, as far as they were paid

    def explain(self, refunded: int) -> bool:
        """Whether a sum at Omise is what the shop says, with or without what is asked for and what was cancelled."""
        return any(part <= refunded <= part + self.unsaid for part in (self.settled, self.settled + self.asked))

    def still_asked(self, refunded: int, asked: int) -> int:
        """What of the refunds that are asked for is still to be made; cancelled orders were paid back first."""
        gone = max(0, refunded - self.settled)
        return max(0, asked - (gone - self.unsaid if gone >= self.unsaid else gone))


def returns_of(case: Case, context: Context) -> Returns:
    """Of a case of several orders."""
    settled = sum(given_back(order) for order in case.orders if order.status != REQUESTED)
    asked = sum(order.refunded.amount for order in case.orders if order.status == REQUESTED)
    unsaid = [order for order in case.orders if order.status == CANCELLED and not order.refunded.amount]
    pending = case.total_of(PENDING) if are_pending_paid(case, context) else 0
    cancelled = max(0, _taken(case) - case.expected - pending)
    return Returns(settled, asked, min(cancelled, sum(order.money.amount for order in unsaid)))


def are_pending_paid(case: Case, context: Context) -> bool:
    """Whether what was taken is for the pending orders, too: all but where it is just what the others are over."""
    if not case.other_orders:
        return True
    currency = order_of(case).money.currency
    taken = _taken(case)
    due = case.due(taken)
    pending = case.total_of(PENDING)
    without = due - case.expected not in (pending, pending + case.total_of(CANCELLED))
    same = all(charge.captured.currency == currency for charge in case.paying)
    return not (same and without and context.tolerance.allows(due, taken, currency))


def held_for_cancelled(case: Case, held: int, context: Context) -> int:
    """What of the money that is held for several orders is for the cancelled ones.

    It is what the others do not claim, and no more than these are over less what went back of them.
    """
    returns = returns_of(case, context)
    refunded = sum(charge.refunded.amount for charge in case.paying)
    claims = case.total_of(REQUESTED) + (case.total_of(PENDING) if are_pending_paid(case, context) else 0)
    back_of_others = 0
    for order in case.orders:
        if order.status in (OrderStatus.PAID, OrderStatus.REFUNDED):
            back_of_others += given_back(order)
            claims += max(0, order.money.amount - given_back(order))
    if refunded >= returns.settled + returns.asked:
        back_of_others += returns.asked
        claims -= returns.asked
    return min(held - claims, case.total_of(CANCELLED) - max(0, refunded - back_of_others))


def first_of(rests: dict[Charge, Money], total: int) -> dict[Charge, Money]:
    """Of what charges hold the first so much."""
    result = {}
    for charge, rest in rests.items():
        if total > 0:
            result[charge] = Money(min(total, rest.amount), rest.currency)
            total -= rest.amount
    return result


def beside(case: Case, *statuses: str) -> str:
    """Its other orders in these states, or all, in words."""
    same = [order.id for order in case.other_orders if not statuses or order.status in statuses]
    return f" with {', '.join(same)}" if same else ""


def _taken(case: Case) -> int:
    return sum(charge.captured.amount for charge in case.paying)
