"""Is a charge where it should be by now, as its method allows? The group "Charge alone"."""

from collections.abc import Collection, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from recon import columns as c
from recon.methods.deadlines import GRACE, WITHIN, lapses, local, no_more_than_low, stuck
from recon.model import Break, Case, Charge, ChargeStatus, Severity
from recon.rules.orders import is_paid_but_pending
from recon.rules.rule import Rule
from recon.settings import Context

GROUP = "Charge alone"


def _pending_stuck(rule: Rule, case: Case, charge: Charge, context: Context) -> Break | None:
    if charge.status != ChargeStatus.PENDING or is_paid_but_pending(case):
        return None
    due = stuck(charge, context)
    if due is None or context.as_of <= due.at:
        return None
    since = local(due.at, charge.account, context)
    found = rule.on_charge(
        case,
        charge,
        context,
        f"Charge {_name(charge, context)} is still pending, beyond {due.why} and the grace, which ended {since}.",
        actual=charge.money.amount,
        amount_at_risk=charge.money.amount,
        due_by=due.at,
    )
    return no_more_than_low(found, sure=due.sure)


def _authorization_expiring(rule: Rule, case: Case, charge: Charge, context: Context) -> Break | None:
    if charge.status != ChargeStatus.PENDING or not charge.authorized:
        return None
    due = lapses(charge, context)
    if due is None or context.as_of < due.at - context.threshold(rule.code, "within", WITHIN):
        return None
    until = local(due.at, charge.account, context)
    found = rule.on_charge(
        case,
        charge,
        context,
        f"Charge {_name(charge, context)} is authorised and not captured; the authorisation ends {until}.",
        suggestion=f"Capture charge {charge.id} before {until}, or reverse it: after that the money is lost.",
        actual=charge.money.amount,
        amount_at_risk=charge.money.amount,
        due_by=due.at,
    )
    return no_more_than_low(found, sure=due.sure)


def _late_success(rule: Rule, case: Case, charge: Charge, context: Context) -> Break | None:
    if charge.status != ChargeStatus.SUCCESSFUL or not charge.was_failed:
        return None
    paid = f" at {local(charge.paid_at, charge.account, context)}" if charge.paid_at else ""
    return rule.on_charge(
        case,
        charge,
        context,
        f"Charge {_name(charge, context)} turned successful{paid} after it had been seen failed or expired.",
        actual=charge.captured.amount,
        amount_at_risk=charge.captured.amount - charge.refunded.amount,
    )


def _amount_out_of_limits(rule: Rule, case: Case, charge: Charge, context: Context) -> Break | None:
    if charge.status != ChargeStatus.SUCCESSFUL:
        return None
    amount, currency = charge.money.amount, charge.money.currency
    low = context.figure("minimum", charge, currency)
    high = context.figure("maximum", charge, currency)
    for figure, outside, word in (
        (low, low is not None and amount < low.value, "below the minimum"),
        (high, high is not None and amount > high.value, "above the maximum"),
    ):
        if figure is not None and outside:
            limit = context.currencies.show(figure.value, currency)
            found = rule.on_charge(
                case,
                charge,
                context,
                f"Charge {_name(charge, context)} is {word} of {charge.method} there, {currency} {limit} "
                f"({figure.certainty}: {figure.source}).",
                expected=figure.value,
                actual=amount,
                amount_at_risk=amount,
            )
            return no_more_than_low(found, sure=figure.sure)
    return None


def strange_methods(
    charges: pd.DataFrame, judged: npt.NDArray[np.bool_], spoken_of: Collection[str], context: Context
) -> Iterator[Break]:
    """One break per account and method that the rule book does not know there, or at all: on the first charge of it.

    `charges` are shaped `columns.CHARGES`, by creation and id within an account; `judged` says which this run judges.
    A charge that another break of the group speaks of is passed over.
    """
    rows = charges[judged & charges[c.METHOD].notna().to_numpy(dtype=bool)]
    first = rows[~rows[c.CHARGE_ID].isin(spoken_of)].drop_duplicates([c.ACCOUNT, c.METHOD])
    names = [c.ACCOUNT, c.METHOD, c.CHARGE_ID, c.AMOUNT, c.CURRENCY]
    for account, method, charge_id, amount, currency in first[names].itertuples(index=False, name=None):
        region = context.regions.get(account, "")
        known = context.methods.knows(method)
        rule = METHOD_NOT_IN_REGION if known else METHOD_UNKNOWN
        if context.methods.offers(method, account, region) or not rule.enabled(context):
            continue
        yield Break(
            code=rule.code,
            severity=rule.severity_in(context),
            account=account,
            subject_type=rule.subject,
            subject_id=charge_id,
            explanation=f'The rule book does not know "{method}"{f" in {region}" if known else ""}; '
            f"{charge_id} ({currency} {context.currencies.show(amount, currency)}) is the first such charge.",
            suggestion=rule.action,
            currency=currency,
            actual=amount,
            charge_id=charge_id,
        )


def _name(charge: Charge, context: Context) -> str:
    amount = context.currencies.show(charge.money.amount, charge.money.currency)
    return f"{charge.id} ({charge.money.currency} {amount})"


METHOD_NOT_IN_REGION = Rule(
    "method_not_in_region",
    GROUP,
    Severity.MEDIUM,
    "charge",
    "The rule book knows the charge's method, but not in the account's region.",
    "Check which keys the shop used; if the method is offered there now, say so in [methods.NAME.ACCOUNT].",
)
METHOD_UNKNOWN = Rule(
    "method_unknown",
    GROUP,
    Severity.LOW,
    "charge",
    "The rule book does not know the charge's method at all; nothing about its times and limits is judged.",
    "Add the method's figures in [methods.NAME] of the configuration.",
)

RULES = (
    Rule(
        "pending_stuck",
        GROUP,
        Severity.HIGH,
        "charge",
        "A charge is pending beyond its expires_at, else its method's expiry, plus the grace.",
        "Look the charge up at Omise; if it stays pending, ask Omise's support what became of the payment.",
        judge_each=_pending_stuck,
        thresholds={"grace": GRACE},
    ),
    Rule(
        "authorization_expiring",
        GROUP,
        Severity.HIGH,
        "charge",
        "A charge is authorised and not captured, and its authorisation ends soon.",
        "Capture the charge before its authorisation ends, or reverse it.",
        judge_each=_authorization_expiring,
        thresholds={"within": WITHIN},
    ),
    Rule(
        "late_success",
        GROUP,
        Severity.MEDIUM,
        "charge",
        "A charge turned successful after it had been seen failed or expired.",
        "Find out whether the order was cancelled or paid again meanwhile; deliver it, or refund the charge.",
        judge_each=_late_success,
    ),
    Rule(
        "amount_out_of_limits",
        GROUP,
        Severity.MEDIUM,
        "charge",
        "A successful charge lies outside its method's limits for the region.",
        "Compare the amount with the order; if Omise allows it here, correct the limit in [methods.NAME].",
        judge_each=_amount_out_of_limits,
    ),
    METHOD_NOT_IN_REGION,
    METHOD_UNKNOWN,
)
CODES = frozenset(rule.code for rule in RULES)
