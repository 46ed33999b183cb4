"""Do the totals agree? The break of a proof whose difference its items do not explain, in the group of the ledger.

It is judged last: an open break is an item of its proof, so that this tells only a rest that no other break tells.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from recon.model import CLOSED, Account, Break, Exposure, KnownBreak, Proof, ProofItem, Severity
from recon.rules.rule import Rule
from recon.settings import Context

GROUP = "Ledger and fees"
PROOF = "proof"  # the subject's type
_NAMED = 5  # rows of the rest that are named one by one

RULES = (
    Rule(
        "proof_unexplained",
        Severity.HIGH,
        PROOF,
        "A proof does not tie out: neither a break nor anything else explains a rest of its difference.",
        "Look up the rows that it names at Omise, in the shop and at the bank; where they are right as they are, "
        "resolve it with the reason.",
        title="Two totals do not agree",
        exposure=Exposure.NO_CASH,
    ),
)
(RULE,) = RULES


@dataclass(frozen=True)
class AccountProofs:
    """The proofs of one account's days, before what people decided about them."""

    account: Account
    days: tuple[date, date]
    proofs: tuple[Proof, ...]

    def subject_of(self, proof: Proof) -> str:
        """What a break about a proof is about."""
        return f"{proof.name}:{proof.currency}:{self.days[0]}:{self.days[1]}"

    def inside(self, proof_break: Break, proof: Proof) -> bool:
        """Whether a break is about the same proof, of days that lie inside of these."""
        if proof_break.subject_type != PROOF or proof_break.account != self.account.name:
            return False
        name, currency, first, last = proof_break.subject_id.rsplit(":", 3)
        within = self.days[0] <= date.fromisoformat(first) and date.fromisoformat(last) <= self.days[1]
        return (name, currency) == (proof.name, proof.currency) and within


@dataclass(frozen=True)
class ProofBreaks:
    """The breaks of the proofs of a run, and of which known ones it knows whether they still are: their ids."""

    raised: tuple[Break, ...] = ()
    judged: frozenset[str] = frozenset()


def judge_proofs(
    accounts: Iterable[AccountProofs], known_breaks: Sequence[KnownBreak], context: Context
) -> ProofBreaks:
    """One break per proof with a rest, but where the open breaks of shorter ranges inside of it tell all of it."""
    raised: list[Break] = []
    judged: set[str] = set()
    about_proofs = [known_break for known_break in known_breaks if known_break.latest.subject_type == PROOF]
    for own in accounts:
        for proof in own.proofs:
            same = [known_break for known_break in about_proofs if own.inside(known_break.latest, proof)]
            open_breaks = [known_break.latest for known_break in same if known_break.status not in CLOSED]
            shorter = [open_break for open_break in open_breaks if open_break.subject_id != own.subject_of(proof)]
            if shorter and proof.unexplained == sum(open_break.difference or 0 for open_break in shorter):
                continue
            judged |= {known_break.latest.id for known_break in same}
            if proof.unexplained and RULE.enabled(context):
                raised.append(_break(own, proof, context))
    return ProofBreaks(tuple(raised), frozenset(judged))


def _break(own: AccountProofs, proof: Proof, context: Context) -> Break:
    def words(amount: int) -> str:
        return context.currencies.words(amount, proof.currency)

    named = ", ".join(f"{row_id} ({words(amount)})" for row_id, amount in proof.rest[:_NAMED])
    more = f" and {len(proof.rest) - _NAMED:,} more" if len(proof.rest) > _NAMED else ""
    return RULE.on(
        context,
        own.account.name,
        own.subject_of(proof),
        f"{proof.name} of {own.days[0]} to {own.days[1]}: one side comes to {words(proof.left)}, the other to "
        f"{words(proof.right)}. Of the difference of {words(proof.difference)} nothing explains "
        f"{words(proof.unexplained)}: {named}{more}.",
        currency=proof.currency,
        expected=proof.right - proof.unexplained,
        actual=proof.right,
        occurred_on=own.days[1],
    )


def with_decided(own: AccountProofs, decided: Mapping[str, str]) -> Iterator[Proof]:
    """The proofs, a rest on whose break people decided as an item; `decided` has by the break's subject in words."""
    for proof in own.proofs:
        why = decided.get(own.subject_of(proof), "") if proof.rest else ""
        if not why:
            yield proof
            continue
        items = (*proof.items, ProofItem(why, proof.rest))
        yield Proof(proof.name, proof.currency, proof.left, proof.right, items)
