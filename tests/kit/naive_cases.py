"""A naive world of orders and charges, and what the contract's sentences say of each: for `naive_breaks`.

A world is a few slots, each with one order and one charge at most.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Bangkok")
EXPECTING = ("paid", "refunded")
Key = tuple[str, str, str]  # code, account, subject
Days = tuple[date, date]


def day_of(moment: datetime) -> date:
    return moment.astimezone(ZONE).date()


@dataclass(frozen=True)
class Order:
    """As the shop says it."""

    status: str
    amount: int
    refunded: int = 0


@dataclass(frozen=True)
class Charge:
    """As Omise says it; `named`: its metadata name the order."""

    status: str
    amount: int
    refunded: int = 0
    named: bool = True

    @property
    def took(self) -> bool:
        return self.status == "successful"


@dataclass(frozen=True)
class Facts:
    """What a break is about, in amounts and by whether order and charge are known: a ruling holds while they stay."""

    expected: int | None
    actual: int | None
    at_risk: int
    of: tuple[bool, bool] = (True, True)


@dataclass(eq=False)
class Slot:
    """An order and a charge, as the world has them (null: not yet), and as they came to be known."""

    name: str
    account: str
    order_at: datetime
    charge_at: datetime
    order: Order | None = None
    charge: Charge | None = None
    orders: list[tuple[datetime, Order]] = field(default_factory=list)
    charges: list[tuple[datetime, Charge]] = field(default_factory=list)
    parted: bool = False  # a link by hand of it ended since the account's last run looked

    @property
    def charge_id(self) -> str:
        return f"chrg_{self.name}"

    def known(self, at: datetime, made_by: datetime) -> tuple[Order | None, Charge | None]:
        """What was known at a moment of what was made by another."""
        orders = [value for seen, value in self.orders if seen <= at and self.order_at <= made_by]
        charges = [value for seen, value in self.charges if seen <= at and self.charge_at <= made_by]
        return orders[-1] if orders else None, charges[-1] if charges else None

    def rests(self, at: datetime) -> tuple[int | None, int | None, bool]:
        """What a link by hand goes by: both sums, and whether the charge is paid."""
        order, charge = self.known(at, at)
        return order.amount if order else None, charge.amount if charge else None, bool(charge and charge.took)


@dataclass(frozen=True)
class Case:
    """Both sides of a slot where they are linked, else one of them."""

    slot: Slot
    order: Order | None
    charge: Charge | None

    @property
    def subjects(self) -> list[str]:
        return [name for side, name in ((self.order, self.slot.name), (self.charge, self.slot.charge_id)) if side]

    @property
    def made(self) -> list[datetime]:
        sides = ((self.order, self.slot.order_at), (self.charge, self.slot.charge_at))
        return [moment for side, moment in sides if side]

    def is_of(self, days: Days) -> bool:
        return any(days[0] <= day_of(moment) <= days[1] for moment in self.made)

    def came_since(self, moment: datetime, known_at: datetime) -> bool:
        """Whether a side changed since a moment, or was not known yet though it had been made before it."""
        orders = [seen for seen, _ in self.slot.orders if self.order and seen <= known_at]
        charges = [seen for seen, _ in self.slot.charges if self.charge and seen <= known_at]
        sides = ((orders, self.slot.order_at), (charges, self.slot.charge_at))
        return any(seen and seen[-1] > moment and (seen[0] <= moment or made < moment) for seen, made in sides)


def judge(case: Case, failed_before: bool) -> Iterator[tuple[str, str, int | None, int | None]]:
    """What the contract says of a case: code, type of subject, expected, actual."""
    order, charge = case.order, case.charge
    if charge and charge.took and failed_before:
        yield "late_success", "charge", None, charge.amount
    if order is None:
        if charge and charge.took:
            yield "order_missing", "charge", None, charge.amount
        return
    paid = order.status in EXPECTING
    if charge is None or not charge.took:
        state = "missing" if charge is None else charge.status
        if paid:
            code = "charge_missing" if charge is None else f"order_paid_charge_{state}"
            yield code, "order", order.amount, None
        return
    left = charge.amount - charge.refunded
    if order.status == "pending":
        yield "order_not_marked_paid", "order", order.amount, charge.amount
    elif order.status == "cancelled" and left:
        yield "order_cancelled_but_charged", "order", 0, left
    elif order.status != "cancelled" and charge.amount != order.amount:
        yield "amount_mismatch", "order", order.amount, charge.amount
    back = order.refunded or (order.amount if order.status == "refunded" else 0)
    is_undone = order.status == "cancelled" and not left and not back
    if charge.refunded != back and not is_undone:
        one = "refund_missing" if back else "refund_unrecorded"
        yield "refund_amount_mismatch" if charge.refunded and back else one, "order", back, charge.refunded


def cases_of(slot: Slot, at: datetime, made_by: datetime, by_hand: Collection[Slot]) -> list[Case]:
    """What a slot was at a moment: one case, or two where nothing links its sides; `by_hand` are linked by hand."""
    order, charge = slot.known(at, made_by)
    if order and charge and not charge.named and slot not in by_hand:
        return [Case(slot, order, None), Case(slot, None, charge)]
    return [Case(slot, order, charge)] if order or charge else []


def findings(case: Case, known_at: datetime) -> dict[Key, Facts]:
    slot = case.slot
    names = {"order": slot.name, "charge": slot.charge_id}
    failed = any(charge.status == "failed" for seen, charge in slot.charges if seen <= known_at)
    of = (case.order is not None, case.charge is not None)
    return {
        (code, slot.account, names[kind]): Facts(expected, actual, at_risk(case, code, expected, actual), of)
        for code, kind, expected, actual in judge(case, failed)
    }


def at_risk(case: Case, code: str, expected: int | None, actual: int | None) -> int:
    """The difference; where money came in that no paid order waits for, what is left of it at Omise."""
    if case.charge and code in ("order_missing", "order_not_marked_paid"):
        return case.charge.amount - case.charge.refunded
    return abs((actual or 0) - (expected or 0))
