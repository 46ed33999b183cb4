"""Is a charge where it should be by now? The rules of the group "Charge alone"; knows no order's amount."""

from datetime import timedelta

from recon.model import Break, Case, Charge, ChargeStatus, Severity
from recon.rules.orders import is_paid_but_pending
from recon.rules.rule import Rule
from recon.settings import Context

GROUP = "Charge alone"


def _pending_stuck(rule: Rule, case: Case, charge: Charge, context: Context) -> Break | None:
    if charge.status != ChargeStatus.PENDING or is_paid_but_pending(case):
        return None
    stuck_from = context.stuck_from(charge)
    if stuck_from is None or context.as_of <= stuck_from:
        return None
    amount = context.currencies.show(charge.money.amount, charge.money.currency)
    due = "its expires_at" if charge.expires_at else f"the expiry of {charge.method}"
    return rule.on_charge(
        case,
        charge,
        context,
        f"Charge {charge.id} ({charge.money.currency} {amount}) is still pending, beyond {due} and the grace.",
        actual=charge.money.amount,
        amount_at_risk=charge.money.amount,
    )


RULES = (
    Rule(
        "pending_stuck", GROUP, Severity.HIGH, "charge",
        "A charge is pending beyond its expires_at, else its method's expiry, plus the grace.",
        "Look the charge up at Omise; if it stays pending, ask Omise's support what became of the payment.",
        judge_charge=_pending_stuck,
        thresholds={"grace": timedelta(minutes=30)},
    ),
)  # fmt: skip
