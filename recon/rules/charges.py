"""Is a charge where it should be by now, as its method allows? The group "Charge alone"."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Any

from recon import columns as c
from recon.arrays import Mask
from recon.columnar import np
from recon.methods.deadlines import GRACE, WITHIN, Due, lapses, local, no_more_than_low, stuck
from recon.model import Break, Case, Charge, ChargeStatus, Exposure, Severity
from recon.money import Money
from recon.rules.orders import is_paid_but_pending
from recon.rules.rule import Rule, held_of
from recon.settings import Context
from recon.triage import Judged
from recon.triage.columns import CaseColumns

GROUP = "Charge alone"


def _pending_stuck(rule: Rule, case: Case, charge: Charge, context: Context) -> Break | None:
    if charge.status != ChargeStatus.PENDING or is_paid_but_pending(case):
        return None
    due = stuck(charge, context)
    if due is None or context.as_of <= due.at:
        return None
    since = local(due.at, charge.account, context)
    words = f"is still pending, beyond {due.why} and the grace, which ended {since}."
    return _by_then(rule, case, charge, context, due, words)


def _authorization_expiring(rule: Rule, case: Case, charge: Charge, context: Context) -> Break | None:
    if charge.status != ChargeStatus.PENDING or not charge.authorized:
        return None
    due = lapses(charge, context)
    over = stuck(charge, context)  # from then on it is `pending_stuck`, or its order's break alone
    if due is None or over is None or context.as_of > over.at:
        return None
    if context.as_of < due.at - context.threshold(rule.code, "within", WITHIN):
        return None
    until = local(due.at, charge.account, context)
    words = f"is authorised and not captured; the authorisation ends {until}."
    action = f"Capture charge {charge.id} before {until}, or reverse it: after that the money is lost."
    return _by_then(rule, case, charge, context, due, words, suggestion=action)


def _by_then(rule: Rule, case: Case, charge: Charge, context: Context, due: Due, words: str, **fields: Any) -> Break:
    """The break of a charge of which something is due at a moment; no more than low where that is not sure."""
    amount = charge.money.amount
    words = f"Charge {_name(charge, context)} {words}"
    raised = rule.on_charge(
        case, charge, context, words, actual=amount, amount_at_risk=amount, due_by=due.at, **fields
    )
    return no_more_than_low(raised, sure=due.sure)


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
        amount_at_risk=held_of(case, charge).amount,
    )


def _amount_out_of_limits(rule: Rule, case: Case, charge: Charge, context: Context) -> Break | None:
    if charge.status != ChargeStatus.SUCCESSFUL:
        return None
    for name, sign, word in (("minimum", -1, "below the minimum"), ("maximum", 1, "above the maximum")):
        amount = charge.money
        figure = context.figure(name, charge, amount.currency)
        if figure is None and charge.funding.currency != amount.currency:
            amount = _converted(charge)
            figure = context.figure(name, charge, amount.currency)
        if figure is not None and (amount.amount - figure.value) * sign > _doubt(charge, amount):
            limit = context.currencies.words(figure.value, amount.currency)
            came_to = "" if amount == charge.money else f" came to {context.words(amount)}, which"
            raised = rule.on_charge(
                case,
                charge,
                context,
                f"Charge {_name(charge, context)}{came_to} is {word} of {charge.method} there, {limit} "
                f"({figure.certainty}: {figure.source}).",
                currency=amount.currency,
                expected=figure.value,
                actual=amount.amount,
                amount_at_risk=amount.amount,
            )
            return no_more_than_low(raised, sure=figure.sure)
    return None


def _converted(charge: Charge) -> Money:
    """The whole charge in the settlement currency, in which Omise asks its limits: known is what was captured."""
    captured = charge.captured.amount
    whole = round(Fraction(charge.funding.amount * charge.money.amount, captured)) if captured else 0
    return Money(whole, charge.funding.currency)


def _doubt(charge: Charge, amount: Money) -> int:
    """By how much an amount may be another than Omise's: one unit of a captured part is several of the whole."""
    same = amount == charge.money or charge.captured.amount == charge.money.amount
    return 0 if same else charge.money.amount // max(1, charge.captured.amount) + 1


def _strange_methods(rule: Rule, judged: Judged, context: Context, *, known: bool) -> Iterator[Break]:
    """One break per account and method that the rule book does not have there: on the first charge of it.

    A charge that another break of the group speaks of is passed over. `known` methods are in the book elsewhere.
    """
    charges = judged.books.charges
    book = context.methods
    kinds, kind_of = c.distinct_rows(charges, [c.ACCOUNT, c.METHOD])
    strange = [
        kind
        for kind, (account, method) in enumerate(kinds)
        if method is not None
        and book.knows(method) == known
        and not book.offers(method, account, context.regions.get(account, ""))
    ]
    if not strange:
        return
    rows = charges.iloc[np.flatnonzero(judged.scope.charges & np.isin(kind_of, strange))]
    rows = rows[~rows[c.CHARGE_ID].isin(judged.spoken)].drop_duplicates([c.ACCOUNT, c.METHOD])
    names = [c.ACCOUNT, c.METHOD, c.CHARGE_ID, c.AMOUNT, c.CURRENCY]
    for account, method, charge_id, amount, currency in rows[names].itertuples(index=False, name=None):
        place = f" in {context.regions.get(account, '')}" if known else ""
        words = context.currencies.words(amount, currency)
        yield rule.on(
            context,
            account,
            charge_id,
            f'The rule book does not know "{method}"{place}; {charge_id} ({words}) is the first such charge.',
            currency=currency,
            actual=amount,
        )


def _pending(columns: CaseColumns, _context: Context) -> Mask:
    return c.equals(columns.books.charges, c.STATUS, ChargeStatus.PENDING)


def _successful_late(columns: CaseColumns, _context: Context) -> Mask:
    charges = columns.books.charges
    return np.asarray(columns.successful & charges[c.WAS_FAILED], dtype=bool)


def _outside_limits(columns: CaseColumns, context: Context) -> Mask:
    """The book is asked once for each kind of charge; one that was captured in part may have been another amount."""
    charges = columns.books.charges
    kinds, kind_of = c.distinct_rows(charges, [c.ACCOUNT, c.METHOD, c.CURRENCY, c.FUNDING_CURRENCY])
    amounts = charges[c.AMOUNT].to_numpy(dtype=np.int64)
    converted = charges[c.FUNDING_AMOUNT].to_numpy(dtype=np.int64)
    outside = np.zeros(len(charges), dtype=bool)
    for name, sign in (("minimum", -1), ("maximum", 1)):
        limits = np.full(len(kinds), sign * np.iinfo(np.int64).max)
        foreign = np.zeros(len(kinds), dtype=bool)
        for kind, (account, method, currency, funding) in enumerate(kinds):
            region = context.regions.get(account, "")
            for money in dict.fromkeys((currency, funding)):
                figure = context.methods.figure(name, method, account, region, currency=money)
                if figure is not None:
                    limits[kind] = figure.value
                    foreign[kind] = money != currency
                    break
        found = np.where(foreign[kind_of], converted, amounts)
        outside |= found > limits[kind_of] if sign > 0 else found < limits[kind_of]
        outside |= foreign[kind_of] & (columns.captured_of_charge != amounts)
    return outside & columns.successful


def _name(charge: Charge, context: Context) -> str:
    return f"{charge.id} ({context.words(charge.money)})"


RULES = (
    Rule(
        "pending_stuck",
        Severity.HIGH,
        "charge",
        "A charge is pending for longer than it can be, by its own expiry or by its method's.",
        "Look the charge up at Omise; if it stays pending, ask Omise's support what became of the payment.",
        judge_each=_pending_stuck,
        may_apply=_pending,
        thresholds={"grace": GRACE},
        title="Charge pending for too long",
        exposure=Exposure.TIMING,
    ),
    Rule(
        "authorization_expiring",
        Severity.HIGH,
        "charge",
        "A charge is authorised and not captured, and its authorisation ends soon.",
        "Capture the charge before its authorisation ends, or reverse it.",
        judge_each=_authorization_expiring,
        may_apply=_pending,
        thresholds={"within": WITHIN},
        title="Authorisation ends soon",
        exposure=Exposure.TIMING,
    ),
    Rule(
        "late_success",
        Severity.MEDIUM,
        "charge",
        "A charge turned successful after it had been seen failed or expired.",
        "Find out whether the order was cancelled or paid again meanwhile; deliver it, or refund the charge.",
        judge_each=_late_success,
        may_apply=_successful_late,
        title="Charge paid after it had failed",
        exposure=Exposure.OWED_TO_CUSTOMER,
    ),
    Rule(
        "amount_out_of_limits",
        Severity.MEDIUM,
        "charge",
        "A successful charge lies outside its method's limits for the region.",
        "Compare the amount with the order; if Omise allows it here, correct the limit in [methods.NAME].",
        judge_each=_amount_out_of_limits,
        may_apply=_outside_limits,
        title="Amount beyond method's limits",
        exposure=Exposure.NO_CASH,
    ),
    Rule(
        "method_not_in_region",
        Severity.MEDIUM,
        "charge",
        "The rule book knows the charge's method, but not in the account's region.",
        "Check which keys the shop used; if the method is offered there now, say so in [methods.NAME.ACCOUNT].",
        find=partial(_strange_methods, known=True),
        title="Method not offered here",
        exposure=Exposure.NO_CASH,
    ),
    Rule(
        "method_unknown",
        Severity.LOW,
        "charge",
        "The rule book does not know the charge's method at all; nothing about its times and limits is judged.",
        "Add the method's figures in [methods.NAME] of the configuration.",
        find=partial(_strange_methods, known=False),
        title="Payment method not known",
        exposure=Exposure.NO_CASH,
    ),
)
