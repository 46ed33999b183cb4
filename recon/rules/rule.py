"""What a rule is: a code, its words for the catalogue, its judgement, and to which cases it may apply at all."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from recon.model import (
    BREAK_IDS,
    Break,
    Case,
    Charge,
    Dispute,
    DisputeStatus,
    Exposure,
    Order,
    Refund,
    Severity,
    Transfer,
)
from recon.money import Money
from recon.settings import Context
from recon.triage import Judged, MayApply

Judge = Callable[["Rule", Case, Context], Break | None]
JudgeEach = Callable[["Rule", Case, Any, Context], Break | None]
Find = Callable[["Rule", Judged, Context], Iterator[Break]]

ORDERS = "orders"
BANK = "bank"
PULL = "pull"


@dataclass(frozen=True)
class BySign:
    """The exposure where `actual` is less or more than `expected`, or where that is not said."""

    less: Exposure
    more: Exposure
    else_: Exposure = Exposure.NO_CASH

    def of(self, expected: int | None, actual: int | None) -> Exposure:
        """Of a break with these amounts, minor units of one currency."""
        if expected is None or actual is None or expected == actual:
            return self.else_
        return self.less if actual < expected else self.more


@dataclass(frozen=True)
class Rule:
    """One break of the catalogue. In a group the first rule that applies to a subject is the one raised.

    It judges cases (`judge`, `judge_each`), or finds its breaks in whole columns (`find`). A case to which no rule of
    a case may apply is not built; without `may_apply` a rule is asked of every case.
    """

    code: str
    default: Severity
    subject: str  # what the break is about: order, charge, refund, ..., row, account
    meaning: str  # one sentence: when it is raised
    action: str  # one sentence: what to do
    judge: Judge | None = None  # on the case as a whole
    judge_each: JudgeEach | None = None  # on each charge, refund, ... of the case
    may_apply: MayApply | None = None  # per case (of an order), or per charge, refund, dispute: as the subject is
    find: Find | None = None  # over all that was judged
    needs: str = ""  # what a run must have read to know that it no longer applies: ORDERS, BANK, PULL; any run knows
    proof: str = ""  # the proof of which an open break of it explains a gap, by its subject
    thresholds: Mapping[str, timedelta | int] = field(default_factory=dict)
    warns: tuple[timedelta, ...] = ()  # so long before its due_by an open break of it is told again
    title: str = field(kw_only=True)  # a few plain words, as they stand beside the code
    exposure: Exposure | BySign = field(kw_only=True)  # what its amount means for cash; see DECISIONS.md
    # What its breaks of one account and currency have for a common cause, if any; {account} and {currency} in it.
    cause: str = ""
    group: str = field(default="", kw_only=True)  # that of its module, which the catalogue gives it

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

    def on(self, context: Context, account: str | None, subject_id: str, explanation: str, **fields: Any) -> Break:
        """The break of this rule on a subject; `fields` are further ones of `Break`, besides the subject's own id.

        At risk is by how much `actual` differs from `expected`, where both are given and nothing else is said.
        """
        own_id = f"{fields.setdefault('subject_type', self.subject)}_id"
        if own_id in BREAK_IDS:
            fields.setdefault(own_id, subject_id)
        fields.setdefault("suggestion", self.action)
        expected = fields.get("expected")
        actual = fields.get("actual")
        if expected is not None and actual is not None:
            fields.setdefault("amount_at_risk", abs(actual - expected))
        return Break(
            code=self.code,
            severity=self.severity_in(context),
            account=account,
            subject_id=subject_id,
            explanation=explanation,
            **fields,
        )

    def on_order(self, case: Case, context: Context, explanation: str, **fields: Any) -> Break:
        """The break of this rule on the case's order."""
        order = order_of(case)
        fields.setdefault("currency", order.money.currency)
        return self.on(context, case.account, order.id, explanation, subject_type="order", **fields)

    def on_charge(self, case: Case, charge: Charge, context: Context, explanation: str, **fields: Any) -> Break:
        """The break of this rule on one charge of the case."""
        fields.setdefault("currency", charge.money.currency)
        fields.setdefault("order_id", case.order.id if case.order else None)
        return self.on(context, charge.account, charge.id, explanation, subject_type="charge", **fields)

    def on_thing(
        self, thing: Refund | Dispute | Transfer, context: Context, explanation: str, **fields: Any
    ) -> Break:
        """The break of this rule on a refund, a dispute or a transfer, whichever is its subject."""
        fields.setdefault("currency", thing.money.currency)
        return self.on(context, thing.account, thing.id, explanation, **fields)


def order_of(case: Case) -> Order:
    """The case's order, where the caller knows that there is one."""
    assert case.order is not None
    return case.order


def rests_of(case: Case) -> dict[Charge, Money]:
    """The charges that hold money of the payer, each with how much: what a lost dispute took, the payer has back."""
    lost = Counter[str]()
    for dispute in case.disputes:
        lost[dispute.charge_id] += dispute.money.amount if dispute.status == DisputeStatus.LOST else 0
    rests = {charge: Money(charge.left.amount - lost[charge.id], charge.left.currency) for charge in case.paying}
    return {charge: rest for charge, rest in rests.items() if rest.amount > 0}


def held_of(case: Case, charge: Charge) -> Money:
    """What one charge holds of the payer's money."""
    return rests_of(case).get(charge, Money(0, charge.captured.currency))


def holding(case: Case) -> tuple[Charge, ...]:
    """The charges that hold money of the payer; where none does any more, all that took some."""
    return tuple(rests_of(case)) or case.paying
