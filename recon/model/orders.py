"""Orders, as the shop says them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from recon.money import Money


class OrderStatus(StrEnum):
    """Our words for an order; `[orders.*.status]` maps the shop's to them."""

    PAID = "paid"
    PENDING = "pending"
    CANCELLED = "cancelled"
    REFUND_REQUESTED = "refund_requested"
    REFUNDED = "refunded"


# An order in one of these states expects a successful charge.
EXPECTS_CHARGE = frozenset({OrderStatus.PAID, OrderStatus.REFUND_REQUESTED, OrderStatus.REFUNDED})


@dataclass(frozen=True, slots=True)
class Order:
    """One order as the shop says it."""

    account: str
    id: str
    source: str
    status: str
    money: Money
    created_at: datetime
    refunded: Money
    payment_method: str | None
    charge_id: str | None

    @property
    def given_back(self) -> int:
        """What the shop says went back, minor units: a refunded order that does not say how much is all refunded."""
        unsaid = self.status == OrderStatus.REFUNDED and self.refunded.amount == 0
        return self.money.amount if unsaid else self.refunded.amount
