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
    case = whole.led_by(_stands_as_paid)
    if dispute.status != DisputeStatus.LOST or case is None or _is_paid_by_others(case, dispute, context):
        return None
    order = order_of(case)
    return rule.on_thing(
        dispute,
        context,
        f"Dispute {dispute.id} of charge {dispute.charge_id} over {context.words(dispute.money)} is lost, "
        f"and order {order.id} still stands as paid{_reason(dispute)}.",
        charge_id=dispute.charge_id,
        order_id=order.id,
        expected=0,
        actual=dispute.money.amount,
    )


def _stands_as_paid(order: Order) -> bool:
    return order.status == OrderStatus.PAID and order.refunded.amount < order.money.amount


def _is_paid_by_others(case: Case, dispute: Dispute, context: Context) -> bool:
    """Whether what other charges still hold pays the order: what was lost is a second payment of it."""
    currency = order_of(case).money.currency
    rests = [rest.amount for charge, rest in rests_of(case).items() if charge.id != dispute.charge_id]
    same = all(charge.captured.currency == currency for charge in case.paying)
    due = case.expected - sum(order.refunded.amount for order in case.orders if order.status in EXPECTS_CHARGE)
    return same and bool(rests) and (sum(rests) >= due or context.tolerance.allows(due, sum(rests), currency))


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
