"""Which charges of a case pay its orders, and whether what these took is what the orders are over."""

from __future__ import annotations

from recon.model import Case, Charge
from recon.rules.rule import holding, order_of
from recon.rules.several import taken_by
from recon.settings import Context


def counted(case: Case, context: Context) -> tuple[Charge, ...]:
    """The charges whose amount must be the order's: one, or with split payments all that together pay it.

    Where several hold money and none has the order's amount, all count. One that a refund or a lost dispute took back
    counts only where no other does (a refunded duplicate does not), or where the shop says that all went back.
    """
    if len(case.paying) < 2:
        return case.paying
    kept = holding(case)
    several = may_split(case, context) or bool(case.other_orders)
    if several and agrees(case, taken_by(case.paying), context):
        return case.paying
    if may_split(case, context):
        return kept
    returned = case.paying if back_at_shop(case) >= case.expected else ()
    agreeing = tuple(charge for charge in (*kept, *returned) if pays_it(case, charge, context))
    return agreeing[:1] or kept


def may_split(case: Case, context: Context) -> bool:
    """Whether the order's source allows several charges to pay one order."""
    return order_of(case).source in context.split_sources


def back_at_shop(case: Case) -> int:
    """What the shop says went back, minor units."""
    return sum(order.given_back for order in case.orders)


def splits(case: Case, kept: list[Charge], context: Context) -> bool:
    """Whether several charges pay one order, and the order's source allows it."""
    return may_split(case, context) and agrees(case, taken_by(kept), context)


def pays_it(case: Case, charge: Charge, context: Context) -> bool:
    """Whether the charge alone took what the orders are over."""
    same = charge.captured.currency == order_of(case).money.currency
    return same and agrees(case, charge.captured.amount, context)


def agrees(case: Case, taken: int, context: Context) -> bool:
    """Whether a sum is what the orders are over, within the tolerance."""
    return context.tolerance.allows(case.due(taken), taken, order_of(case).money.currency)


def power_of_ten(left: int, right: int) -> bool:
    """Whether one is the other with its decimal point in another place."""
    small, large = sorted((abs(left), abs(right)))
    if small == 0 or large % small:
        return False
    ratio = large // small
    while ratio % 10 == 0:
        ratio //= 10
    return ratio == 1 and large != small
