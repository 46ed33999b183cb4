"""Puts the rows for which two totals differ together to a proof and its items; nothing is left to be inferred."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from recon.model import Proof, ProofItem

Gap = tuple[str, str, int]  # why (empty: nothing explains it), the id of a row, what it adds to right - left

EDGE = "edge of the range: the other side lies outside of it"
BEFORE_GO_LIVE = "before go-live: not judged"
NOT_JUDGED = "not judged: what it belongs to could not be read, or lies before go-live"


@dataclass(frozen=True)
class Reasons:
    """By id what breaks say of a gap: the open ones, and those that people closed, with who and why."""

    orders: Mapping[str, str] = field(default_factory=dict)
    linked: Mapping[str, str] = field(default_factory=dict)  # orders that people linked to a charge
    charges: Mapping[str, str] = field(default_factory=dict)  # against their orders
    booked: Mapping[str, str] = field(default_factory=dict)  # charges, refunds and transactions against the ledger
    kinds: Mapping[str, str] = field(default_factory=dict)  # transactions of a kind that is not known, by the kind
    transfers: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)
    balance: str = ""
    waits: Mapping[str, str] = field(default_factory=dict)  # what was not judged: charges, transactions, bank lines


def proof_of(name: str, currency: str, left: int, right: int, gaps: Iterable[Gap]) -> Proof:
    """The proof whose sides differ by these gaps; items by their words, rows by their ids."""
    by_reason: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for why, row_id, amount in gaps:
        by_reason[why][row_id] += amount
    rest = tuple(sorted((row_id, amount) for row_id, amount in by_reason.pop("", {}).items() if amount))
    items = tuple(ProofItem(why, tuple(sorted(rows.items()))) for why, rows in sorted(by_reason.items()))
    proof = Proof(name, currency, left, right, items, rest)
    assert proof.unexplained == sum(amount for _, amount in rest), f"a gap of {name} stands in no row"
    return proof
