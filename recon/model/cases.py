"""An order with all that belongs to it, as rules judge it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from recon.model.charges import Charge, Dispute, Refund
from recon.model.orders import EXPECTS_CHARGE, Order, OrderStatus

_MOST_SUMS = 1 << 14  # of orders in other states that can come to more sums a charge is tried for all or none
_Any = TypeVar("_Any")


def subsets(things: Sequence[_Any], worth: Callable[[_Any], int]) -> Sequence[tuple[_Any, ...]]:
    """For every sum that some of these things are worth the most that come to it, the largest choices first.

    Where there are too many sums only all of them and none.
    """
    found: dict[int, tuple[_Any, ...]] = {0: ()}
    for thing in things:
        for total, chosen in [*found.items()]:
            more = total + worth(thing)
            if len(chosen) >= len(found.get(more, ())):
                found[more] = (*chosen, thing)
        if len(found) > _MOST_SUMS:
            return (tuple(things), ())
    return sorted(found.values(), key=len, reverse=True)


def total_of(orders: Iterable[Order]) -> int:
    """What orders are over together, minor units."""
    return sum(order.money.amount for order in orders)


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
                other_orders = tuple(other for other in self.orders if other is not order)
                return self if order is self.order else replace(self, order=order, other_orders=other_orders)
        return None

    def paid_for(self, taken: int) -> tuple[Order, ...]:
        """Its orders that a sum was taken for, minor units, where it is theirs; the nearest where it is nobody's.

        A charge of several orders was made for all that expect one, and for all, some or none of those that are
        cancelled or not yet marked as paid: for all of the cancelled ones whose refunds it made.
        """
        returned = sum(charge.refunded.amount for charge in self.paying)
        said = sum(order.given_back for order in self.orders)
        asked = sum(order.given_back for order in self.orders if order.status == OrderStatus.REFUND_REQUESTED)
        made = returned in (said, said - asked)
        sure: list[Order] = []
        unsure: list[Order] = []
        for order in self.orders:
            refunded = made and order.status == OrderStatus.CANCELLED and order.refunded.amount > 0
            (sure if refunded or order.status in EXPECTS_CHARGE else unsure).append(order)
        tried = ((*sure, *chosen) for chosen in subsets(unsure, lambda order: order.money.amount))
        return min(tried, key=lambda orders: abs(total_of(orders) - taken))

    def due(self, taken: int) -> int:
        """What its orders say was paid, minor units: of what several may say the nearest to what was taken."""
        return total_of(self.paid_for(taken)) if self.other_orders else self.expected
