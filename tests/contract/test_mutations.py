"""Damaged inputs: the result is right or the damage is said, and never another result in silence."""

from collections import Counter
from pathlib import Path

import pytest

from tests.contract import mutations_bank, mutations_omise, mutations_orders
from tests.contract.known_wrong import KNOWN_WRONG_MUTATIONS
from tests.contract.mutations import MUTATIONS, Mutation, Verdict, judge, truth

TABLES = (mutations_bank, mutations_omise, mutations_orders)
VERDICTS: dict[str, Verdict] = {}


def parameters() -> list[object]:
    return [
        pytest.param(mutated, id=mutated.name, marks=() if mutated.quick else pytest.mark.proof)
        for mutated in MUTATIONS.values()
    ]


def test_the_undamaged_world_has_what_was_planted() -> None:
    codes = Counter(code for _, code, _ in truth())
    assert codes == {
        "charge_missing": 3,
        "order_missing": 3,
        "amount_mismatch": 3,
        "bank_credit_missing": 3,
        "bank_credit_unexplained": 3,
    }


@pytest.mark.parametrize("mutated", parameters())
def test_mutation(mutated: Mutation, tmp_path: Path) -> None:
    verdict = VERDICTS[mutated.name] = judge(mutated, tmp_path)
    known = KNOWN_WRONG_MUTATIONS.get(mutated.name, "right or said")
    words = f"{mutated.name}: {verdict.word}, code {verdict.code}\nlost {verdict.lost}\nextra {verdict.extra}"
    assert verdict.word in known, f"{words}\n{verdict.words[-1500:]}"


def test_the_table_of_verdicts(capsys: pytest.CaptureFixture[str]) -> None:
    """Mutations tried, right, said and known to be wrong; none else is silent."""
    counts = Counter(verdict.word for verdict in VERDICTS.values())
    with capsys.disabled():
        print(f"\nmutations tried {len(VERDICTS)}: {dict(sorted(counts.items()))}")
    wrong = {name for name, verdict in VERDICTS.items() if verdict.word in ("silent", "accuses")}
    assert wrong <= set(KNOWN_WRONG_MUTATIONS)
    assert set(KNOWN_WRONG_MUTATIONS) <= set(MUTATIONS)
