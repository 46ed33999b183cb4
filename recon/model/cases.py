"""An order with all that belongs to it, as rules judge it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from recon.model.charges import Charge, Dispute, Refund
from recon.model.orders import EXPECTS_CHARGE, Order, OrderStatus


@dataclass(frozen=True, slots=True)
class Case:
    """One order and every charge of it, or one charge without an order; or one thing that has no charge."""

    account: str  # the account that the case is judged under: the order's, else the charge's
    order: Order | None
    charges: tuple[Charge, ...]  # by creation, then id; those in another account included
    other_orders: tuple[Order, ...] = ()  # that the same charge pays
    candidates: tuple[str, ...] = ()  # equally good charges, none linked
    more_candidates: int = 0  # how many there are beside those, too many to be named
    needs_order: bool = True  # false: a charge without an order by design, or one of an order's candidates
    refunds: tuple[Refund, ...] = ()  # of these charges, by creation, then id; so are the disputes
    disputes: tuple[Dispute, ...] = ()
    unread_parts: bool = False  # a refund or dispute of these charges may be among what could not be read
    # Derived once: the charges that took the payer's money, and what the orders say was paid (order's minor units).
    paying: tuple[Charge, ...] = field(init=False, repr=False, compare=False)
    expected: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        orders = (self.order, *self.other_orders) if self.order else ()
        object.__setattr__(self, "paying", tuple([charge for charge in self.charges if charge.pays]))
        amounts = [order.money.amount for order in orders if order.status in EXPECTS_CHARGE]
        object.__setattr__(self, "expected", sum(amounts))

    @property
    def orders(self) -> tuple[Order, ...]:
        """Its order, and those that the same charge pays."""
        return (self.order, *self.other_orders) if self.order else ()

    def led_by(self, wanted: Callable[[Order], bool]) -> Case | None:
        """The same case under the first of its orders that is wanted, which its breaks then speak of."""
        for order in self.orders:
            if wanted(order):
                others = tuple(other for other in self.orders if other is not order)
                return self if order is self.order else replace(self, order=order, other_orders=others)
        return None

    def due(self, taken: int) -> int:
        """What its orders say was paid, minor units: of what they may say, the nearest to what was taken.

        A charge that pays several orders was made for all of them, or for those that still are to be paid: one that
        is cancelled, or not yet marked as paid, may be in it or not.
        """
        if not self.other_orders:
            return self.expected
        pending = self.total_of(OrderStatus.PENDING)
        cancelled = self.total_of(OrderStatus.CANCELLED)
        beside = (pending + cancelled, pending, cancelled, 0)
        return min((self.expected + more for more in beside), key=lambda due: abs(due - taken))

    def total_of(self, *statuses: str) -> int:
        """What its orders in these states are over, minor units."""
        return sum(order.money.amount for order in self.orders if order.status in statuses)
