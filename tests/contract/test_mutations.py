"""Damaged inputs: the result is right or the damage is said, and never another result in silence."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.contract import mutations_bank, mutations_omise, mutations_orders
from tests.contract.known_wrong import KNOWN_ACCUSATIONS, KNOWN_HIDING, KNOWN_SILENT
from tests.contract.mutations import MUTATIONS, Mutation, Verdict, judge, truth

TABLES = (mutations_bank, mutations_omise, mutations_orders)
VERDICTS: dict[str, Verdict] = {}
QUICK = {  # one of the shop's, of the bank's and of Omise's; the others are proofs
    "orders: every amount with decimal comma",
    "MT940: an unknown mark",
    "charges: amount text",
}


def parameters() -> list[object]:
    return [
        pytest.param(mutated, id=name, marks=() if name in QUICK else pytest.mark.proof)
        for name, mutated in MUTATIONS.items()
    ]


def known_to_accuse(name: str, verdict: Verdict) -> set[tuple[str, str]]:
    """Which rules of the list cover the false breaks of this mutation."""
    codes = {code for _, code, _ in verdict.extra}
    return {rule for rule in KNOWN_ACCUSATIONS if name.startswith(rule[0]) and rule[1] in codes}


def table(verdicts: Mapping[str, Verdict]) -> str:
    """How many mutations of each family were tried, and how many ended with which word."""
    words = ("right", "said", "accuses", "hides", "silent")
    families: dict[str, Counter[str]] = {}
    for name, verdict in verdicts.items():
        family = re.split(r"[:,]| of ", name)[0]
        families.setdefault(family, Counter())[verdict.word] += 1
    rows: list[tuple[str, ...]] = [("family", "tried", *words)]
    for family, counts in [*sorted(families.items()), ("all", sum(families.values(), Counter[str]()))]:
        rows.append((family, str(counts.total()), *(str(counts[word]) for word in words)))
    return "\n".join(f"{row[0]:<24}" + "".join(f"{cell:>9}" for cell in row[1:]) for row in rows)


def test_a_verdict_is_counted_in_its_family() -> None:
    none: Counter[tuple[str, str, str]] = Counter()
    verdicts = {"orders: a": "right", "orders: b": "said", "MT940: c": "silent"}
    lines = table({name: Verdict(word, 0, none, none) for name, word in verdicts.items()}).splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["MT940", "1", "0", "0", "0", "0", "1"],
        ["orders", "2", "1", "1", "0", "0", "0"],
        ["all", "3", "1", "1", "0", "0", "1"],
    ]


def test_the_undamaged_world_has_what_was_planted() -> None:
    codes: Counter[str] = Counter()
    for (_, code, _), count in truth().items():
        codes[code] += count
    assert codes == dict.fromkeys(
        ("charge_missing", "order_missing", "amount_mismatch", "bank_credit_missing", "bank_credit_unexplained"), 3
    )


@pytest.mark.parametrize("mutated", parameters())
def test_mutation(mutated: Mutation, tmp_path: Path) -> None:
    verdict = VERDICTS[mutated.name] = judge(mutated, tmp_path)
    words = (
        f"{verdict.word}, code {verdict.code}\nlost {verdict.lost}\nextra {verdict.extra}\n{verdict.words[-1500:]}"
    )
    if mutated.name in KNOWN_SILENT:
        assert verdict.word == "silent", f"{mutated.name} is mended: take it off KNOWN_SILENT\n{words}"
        return
    assert verdict.word != "silent", words
    assert verdict.word != "hides" or any(mutated.name.startswith(family) for family in KNOWN_HIDING), words
    covered = {code for _, code in known_to_accuse(mutated.name, verdict)}
    assert {code for _, code, _ in verdict.extra} <= covered, words


@pytest.mark.parametrize("part", ["quick", pytest.param("all", marks=pytest.mark.proof)])
def test_the_table_of_verdicts(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Tried, right, said, accusing, silent; a rule of the list that no mutation of its family needs is mended."""
    whole = QUICK if part == "quick" else set(MUTATIONS) - QUICK
    if not whole <= set(VERDICTS):
        pytest.skip(f"{len(VERDICTS)} of {len(whole)} mutations ran")
    with capsys.disabled():
        print(f"\n{table(VERDICTS)}")
    used = {rule for name, verdict in VERDICTS.items() for rule in known_to_accuse(name, verdict)}
    tried = {rule for rule in KNOWN_ACCUSATIONS if any(name.startswith(rule[0]) for name in VERDICTS)}
    assert tried - used == set(), "mended: take it off KNOWN_ACCUSATIONS"
    hiding = [name for name, verdict in VERDICTS.items() if verdict.word == "hides"]
    asked = {family for family in KNOWN_HIDING if any(name.startswith(family) for name in VERDICTS)}
    mended = {family for family in asked if not any(name.startswith(family) for name in hiding)}
    assert part == "quick" or mended == set(), "mended: take it off KNOWN_HIDING"
    assert set(KNOWN_SILENT) | QUICK <= set(MUTATIONS)
