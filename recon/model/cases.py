"""An order with all that belongs to it, as rules judge it."""

from dataclasses import dataclass, field

from recon.model.charges import Charge, Dispute, Refund
from recon.model.orders import EXPECTS_CHARGE, Order


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
