"""What a case is: one thing planted in a world, and exactly the breaks that the contract then asks for."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.contract.objects import Json
from tests.contract.world import World

ANY = "*"  # a subject whose id the contract leaves open: a row, a bank line

SEVERITIES = {
    "critical": "order_paid_charge_failed amount_scale_mismatch refund_exceeds_charge balance_mismatch "
    "transfer_failed source_incomplete",
    "high": "wrong_account charge_missing order_paid_charge_pending order_missing order_not_marked_paid "
    "order_cancelled_but_charged duplicate_charge currency_mismatch amount_mismatch pending_stuck "
    "authorization_expiring refund_missing refund_unrecorded refund_amount_mismatch refund_not_supported "
    "refund_window_closed refund_window_closing transaction_missing transaction_amount_mismatch proof_unexplained "
    "transfer_amount_mismatch transfer_stuck bank_credit_missing bank_amount_mismatch dispute_open dispute_lost",
    "medium": "match_ambiguous late_success amount_out_of_limits method_not_in_region refund_overdue fee_mismatch "
    "transaction_unexplained receipt_mismatch settlement_overdue bank_credit_unexplained order_invalid "
    "bank_line_invalid",
    "low": "method_unknown refund_count_limit fee_vat_mismatch",
}
SEVERITY = {code: severity for severity, codes in SEVERITIES.items() for code in codes.split()}


@dataclass(frozen=True, order=True)
class Expected:
    """A break that must be there (or, where the contract can be read both ways, may be there)."""

    code: str
    subject: str
    severity: str
    optional: bool = field(default=False, compare=False)


def expect(code: str, subject: Json | dict[str, str] | str, severity: str = "") -> Expected:
    return Expected(code, name_of(subject), severity or SEVERITY[code])


def perhaps(code: str, subject: Json | dict[str, str] | str) -> Expected:
    """For a break that one reading of the contract asks for and another does not: neither fails the case."""
    return Expected(code, name_of(subject), SEVERITY[code], optional=True)


def name_of(subject: Json | dict[str, str] | str) -> str:
    return subject if isinstance(subject, str) else subject.get("id") or subject["order_id"]


Plant = Callable[[World], list[Expected]]


@dataclass(frozen=True)
class Case:
    """`sentence` is the contract's, quoted or paraphrased; `plant` changes the world and says what follows."""

    name: str
    world: str
    sentence: str
    plant: Plant


CASES: dict[str, Case] = {}


def case(world: str, sentence: str) -> Callable[[Plant], Plant]:
    """Puts a function into the table of cases under its own name."""

    def register(plant: Plant) -> Plant:
        name = plant.__name__
        if name in CASES:
            raise ValueError(f"two cases are called {name}")
        CASES[name] = Case(name, world, sentence, plant)
        return plant

    return register
