"""What a chargeback does to an order: the dispute rules of "Disputes and data"."""

from recon import columns as c
from recon.calendars import local_day
from recon.methods.deadlines import local
from recon.model import OPEN_DISPUTES, Break, Case, Dispute, DisputeStatus, Exposure, OrderStatus, Severity
from recon.rules.rule import Rule
from recon.settings import Context

GROUP = "Disputes and data"


def _dispute_open(rule: Rule, case: Case, dispute: Dispute, context: Context) -> Break | None:
    if dispute.status not in OPEN_DISPUTES:
        return None
    zone = context.calendar(dispute.account).zone
    days = (local_day(context.as_of, zone) - local_day(dispute.created_at, zone)).days
    age = "1 day" if days == 1 else f"{days} days"
    return rule.on_thing(
        dispute,
        context,
        f"Dispute {dispute.id} of charge {dispute.charge_id} over {context.words(dispute.money)} is "
        f'"{dispute.status}" since {local(dispute.created_at, dispute.account, context)}, for {age}'
        f"{_reason(dispute)}.",
        charge_id=dispute.charge_id,
        order_id=case.order.id if case.order else None,
        actual=dispute.money.amount,
        amount_at_risk=dispute.money.amount,
    )


def _dispute_lost(rule: Rule, case: Case, dispute: Dispute, context: Context) -> Break | None:
    order = case.order
    if dispute.status != DisputeStatus.LOST or order is None or order.status != OrderStatus.PAID:
        return None
    if order.refunded.amount >= order.money.amount:
        return None
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


def _reason(dispute: Dispute) -> str:
    return f" ({dispute.reason})" if dispute.reason else ""


RULES = (
    Rule(
        "dispute_open",
        GROUP,
        Severity.HIGH,
        "dispute",
        "A dispute is open or pending: the money has already left the balance.",
        "Send the evidence, or accept the dispute, before Omise's deadline.",
        judge_each=_dispute_open,
        may_apply=lambda columns, _: columns.books.disputes[c.STATUS].isin(OPEN_DISPUTES).to_numpy(dtype=bool),
        title="Dispute open",
        exposure=Exposure.OWED_TO_US,
    ),
    Rule(
        "dispute_lost",
        GROUP,
        Severity.HIGH,
        "dispute",
        "A dispute is lost, and the order still stands as paid.",
        "Write the order off, or mark it as refunded, and do not refund it again.",
        judge_each=_dispute_lost,
        may_apply=lambda columns, _: c.equals(columns.books.disputes, c.STATUS, DisputeStatus.LOST),
        title="Dispute lost, order still paid",
        exposure=Exposure.LOST,
    ),
)
