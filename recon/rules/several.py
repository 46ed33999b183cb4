"""One charge that pays several orders: what of its money is whose, where the states of these orders differ."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from recon.model import Case, Charge, Order, OrderStatus
from recon.model.cases import subsets, total_of
from recon.money import Money
from recon.rules.rule import holding, order_of
from recon.settings import Context

PENDING = OrderStatus.PENDING
CANCELLED = OrderStatus.CANCELLED
REQUESTED = OrderStatus.REFUND_REQUESTED


@dataclass(frozen=True)
class Returns:
    """What may have gone back to the payer of several orders, minor units: each part of it, or none."""

    settled: int  # the shop says that it did
    asked: tuple[int, ...]  # the shop says that it is to go back, of each order; it need not have
    unsaid: int  # of cancelled orders of which the shop says nothing, as far as they were paid

    def made(self, refunded: int) -> int | None:
        """What of a sum at Omise was asked for; null where it is not what the shop says, with or without such parts.

        What was cancelled counts as paid back before what is asked for.
        """
        sums = {sum(some): refunded - self.settled - sum(some) for some in subsets(self.asked, int)}
        fitting = {asked: rest for asked, rest in sums.items() if 0 <= rest <= self.unsaid}
        return min(fitting, key=lambda asked: (fitting[asked] not in (0, self.unsaid), asked), default=None)

    def still_asked(self, refunded: int, asked: int) -> int:
        """What of the refunds that are asked for, whether the shop says how much or not, is still to be made."""
        made = self.made(refunded)
        return max(0, asked - (max(0, refunded - self.settled) if made is None else made))


def returns_of(case: Case, payers: Collection[Charge], context: Context) -> Returns:
    """Of a case of several orders and the charges that pay them."""
    settled = sum(order.given_back for order in case.orders if order.status != REQUESTED)
    asked = tuple(order.refunded.amount for order in case.orders if order.status == REQUESTED)
    paid = paid_orders(case, payers, context)
    unsaid = [order for order in paid if order.status == CANCELLED and not order.refunded.amount]
    silent = total_of(unsaid)
    taken = taken_by(payers)
    more = taken - total_of(paid)
    if context.tolerance.allows(total_of(paid), taken, order_of(case).money.currency):
        return Returns(settled, asked, silent + max(0, more) if silent else 0)
    cancelled = total_of(order for order in paid if order.status == CANCELLED)
    return Returns(settled, asked, min(silent, max(0, more + cancelled)))


def paid_orders(case: Case, payers: Collection[Charge], context: Context) -> tuple[Order, ...]:
    """Those that what was taken is for: where it is the sum of some, with all that expect money, these; else all."""
    if not case.other_orders:
        return case.orders
    currency = order_of(case).money.currency
    taken = taken_by(payers)
    same = all(charge.captured.currency == currency for charge in payers)
    known = same and context.tolerance.allows(case.due(taken), taken, currency)
    return case.paid_for(taken) if known else case.orders


def payers_of(case: Case, context: Context) -> tuple[Charge, ...]:
    """All charges that took money where they are what the orders are over; else those that still hold some."""
    taken = taken_by(case.paying)
    same = all(charge.captured.currency == order_of(case).money.currency for charge in case.paying)
    whole = same and context.tolerance.allows(case.due(taken), taken, order_of(case).money.currency)
    return case.paying if whole else holding(case)


def held_for_cancelled(case: Case, held: int, context: Context) -> int:
    """What of the money that is held for several orders is for the cancelled ones.

    It is what the others do not claim, and no more than these are over less what went back of them; all of it where
    there are no others.
    """
    if all(order.status == CANCELLED for order in case.orders):
        return held
    payers = payers_of(case, context)
    returns = returns_of(case, payers, context)
    refunded = sum(charge.refunded.amount for charge in payers)
    paid = paid_orders(case, payers, context)
    claims = total_of(order for order in paid if order.status in (PENDING, REQUESTED))
    back_of_others = 0
    for order in case.orders:
        if order.status in (OrderStatus.PAID, OrderStatus.REFUNDED):
            back_of_others += order.given_back
            claims += max(0, order.money.amount - order.given_back)
    made = returns.made(refunded) or 0
    cancelled = total_of(order for order in paid if order.status == CANCELLED)
    return min(held - claims + made, cancelled - max(0, refunded - back_of_others - made))


def taken_by(charges: Iterable[Charge]) -> int:
    """What charges took together, minor units."""
    return sum(charge.captured.amount for charge in charges)


def first_of(rests: dict[Charge, Money], total: int) -> dict[Charge, Money]:
    """Of what charges hold the first so much."""
    result = {}
    for charge, rest in rests.items():
        if total > 0:
            result[charge] = Money(min(total, rest.amount), rest.currency)
            total -= rest.amount
    return result


def beside(case: Case, orders: Iterable[Order]) -> str:
    """The other ones of some of its orders, in words."""
    ids = [order.id for order in orders if order in case.other_orders]
    return f" with {', '.join(ids)}" if ids else ""
