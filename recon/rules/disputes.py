"""What a chargeback does to an order: the dispute rules of "Disputes and data"."""

from datetime import datetime, timedelta

from recon import columns as c
from recon.calendars import local_day
from recon.methods.deadlines import REPLY_DAYS, answer_due, local
from recon.model import (
    EXPECTS_CHARGE,
    OPEN_DISPUTES,
    Break,
    Case,
    Dispute,
    DisputeStatus,
    Exposure,
    Order,
    OrderStatus,
    Severity,
)
from recon.rules.rule import Rule, order_of, rests_of
from recon.settings import Context

GROUP = "Disputes and data"


def _dispute_open(rule: Rule, case: Case, dispute: Dispute, context: Context) -> Break | None:
    if dispute.status not in OPEN_DISPUTES:
        return None
    zone = context.calendar(dispute.account).zone
    days = (local_day(context.as_of, zone) - local_day(dispute.created_at, zone)).days
    age = "1 day" if days == 1 else f"{days} days"
    due_by = answer_due(dispute, context)
    return rule.on_thing(
        dispute,
        context,
        f"Dispute {dispute.id} of charge {dispute.charge_id} over {context.words(dispute.money)} is "
        f'"{dispute.status}" since {local(dispute.created_at, dispute.account, context)}, for {age}'
        f"{_reason(dispute)}. {_answered(dispute, due_by, context)}",
        due_by=due_by,
        charge_id=dispute.charge_id,
        order_id=case.order.id if case.order else None,
        actual=dispute.money.amount,
        amount_at_risk=dispute.money.amount,
    )


def _dispute_lost(rule: Rule, whole: Case, dispute: Dispute, context: Context) -> Break | None:
    case = whole.led_by(lambda order: _still_paid(order) > 0)
    if dispute.status != DisputeStatus.LOST or case is None:
        return None
    order = order_of(case)
    lacks = _lacks(case, context)
    if lacks == 0:
        return None
    lost = dispute.money.amount
    return rule.on_thing(
        dispute,
        context,
        f"Dispute {dispute.id} of charge {dispute.charge_id} over {context.words(dispute.money)} is lost, "
        f"and order {order.id} still stands as paid{_reason(dispute)}.",
        charge_id=dispute.charge_id,
        order_id=order.id,
        expected=0,
        actual=lost,
        amount_at_risk=lost if lacks is None else min(lost, lacks),
    )


def _still_paid(order: Order) -> int:
    """What the shop still counts as paid: a refund that is asked for is made by a lost dispute."""
    asks_for_all = order.status == OrderStatus.REFUND_REQUESTED and not order.refunded.amount
    if order.status not in EXPECTS_CHARGE or asks_for_all:
        return 0
    return max(0, order.money.amount - order.given_back)


def _lacks(case: Case, context: Context) -> int | None:
    """What the charges no longer hold of what the shop counts as paid; null where the currencies differ.

    Nothing where what was lost is a second payment, or what the shop has refunded.
    """
    currency = order_of(case).money.currency
    if any(charge.captured.currency != currency for charge in case.paying):
        return None
    due = sum(map(_still_paid, case.orders))
    held = sum(rest.amount for rest in rests_of(case).values())
    return 0 if context.tolerance.allows(due, held, currency) else max(0, due - held)


def _answered(dispute: Dispute, due_by: datetime | None, context: Context) -> str:
    """What was answered, else how long there is time."""
    if due_by is None:
        return "It is answered."
    sent = "not answered: documents are there, a message is not" if dispute.answer else "not answered"
    zone = context.calendar(dispute.account).zone
    left = (local_day(due_by, zone) - local_day(context.as_of, zone)).days
    until = local(due_by, dispute.account, context)
    if context.as_of > due_by:
        return f"It is {sent}, and the time for it ended {until}."
    days = {0: "this is the last day", 1: "1 day is left"}.get(left, f"{left} days are left")
    return f"It is {sent}; {days}, until {until}."


def _reason(dispute: Dispute) -> str:
    return f" ({dispute.reason})" if dispute.reason else ""


RULES = (
    Rule(
        "dispute_open",
        Severity.HIGH,
        "dispute",
        "A dispute is open or pending: the money has already left the balance.",
        "Send the evidence, or accept the dispute, before Omise's deadline.",
        judge_each=_dispute_open,
        may_apply=lambda columns, _: columns.books.disputes[c.STATUS].isin(OPEN_DISPUTES).to_numpy(dtype=bool),
        thresholds={"reply_days": REPLY_DAYS},
        warns=tuple(timedelta(days=days) for days in (4, 2, 1)),
        title="Dispute open",
        exposure=Exposure.OWED_TO_US,
    ),
    Rule(
        "dispute_lost",
        Severity.HIGH,
        "dispute",
        "A dispute is lost, the order still stands as paid, and no other charge pays it.",
        "Write the order off, or mark it as refunded, and do not refund it again.",
        judge_each=_dispute_lost,
        may_apply=lambda columns, _: c.equals(columns.books.disputes, c.STATUS, DisputeStatus.LOST),
        title="Dispute lost, order still paid",
        exposure=Exposure.LOST,
    ),
)
