"""What a rule is: a code, its words for the catalogue, and a judgement on one case."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from recon.model import Break, Case, Charge, Dispute, Order, Refund, Severity, Transfer
from recon.settings import Context

Judge = Callable[["Rule", Case, Context], Break | None]
JudgeEach = Callable[["Rule", Case, Any, Context], Break | None]


@dataclass(frozen=True)
class Rule:
    """One break of the catalogue. In a group the first rule that applies to a subject is the one raised."""

    code: str
    group: str
    default: Severity
    subject: str  # what the break is about: order, charge, refund, ..., row, account
    meaning: str  # one sentence: when it is raised
    action: str  # one sentence: what to do
    judge: Judge | None = None  # on the case as a whole
    judge_each: JudgeEach | None = None  # on each charge, refund, ... of the case; neither: found where data comes in
    thresholds: Mapping[str, timedelta | int] = field(default_factory=dict)

    @property
    def severity(self) -> str:
        """The default severity's word, for the catalogue."""
        return self.default.word

    def enabled(self, context: Context) -> bool:
        """Whether the configuration leaves it on."""
        settings = context.settings.get(self.code)
        return settings is None or settings.enabled

    def severity_in(self, context: Context) -> Severity:
        """The configured severity, else the default."""
        settings = context.settings.get(self.code)
        return self.default if settings is None or settings.severity is None else settings.severity

    def on_order(self, case: Case, context: Context, explanation: str, **fields: Any) -> Break:
        """The break of this rule on the case's order."""
        order = case.order
        assert order is not None
        facts = {"currency": order.money.currency, "suggestion": self.action, "order_id": order.id} | fields
        return Break(
            code=self.code,
            severity=self.severity_in(context),
            account=case.account,
            subject_type="order",
            subject_id=order.id,
            explanation=explanation,
            **facts,
        )

    def on_charge(self, case: Case, charge: Charge, context: Context, explanation: str, **fields: Any) -> Break:
        """The break of this rule on one charge of the case."""
        facts = {
            "currency": charge.money.currency,
            "suggestion": self.action,
            "charge_id": charge.id,
            "order_id": case.order.id if case.order else None,
        } | fields
        return Break(
            code=self.code,
            severity=self.severity_in(context),
            account=charge.account,
            subject_type="charge",
            subject_id=charge.id,
            explanation=explanation,
            **facts,
        )

    def on_thing(
        self, thing: Refund | Dispute | Transfer, context: Context, explanation: str, **fields: Any
    ) -> Break:
        """The break of this rule on a refund, a dispute or a transfer, whichever is its subject."""
        facts = {"currency": thing.money.currency, "suggestion": self.action, f"{self.subject}_id": thing.id} | fields
        return Break(
            code=self.code,
            severity=self.severity_in(context),
            account=thing.account,
            subject_type=self.subject,
            subject_id=thing.id,
            explanation=explanation,
            **facts,
        )


def order_of(case: Case) -> Order:
    """The case's order, where the caller knows that there is one."""
    assert case.order is not None
    return case.order
