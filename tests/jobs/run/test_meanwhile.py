"""What comes into the store while a run judges is for the next run, whatever its days; rulings change no data.

Each is a short sequence whose end a naive keeper knows; `tests/proof/test_lives_of_breaks.py` has random ones.
"""

from pathlib import Path

import pytest

from tests.kit.break_histories import Merchant
from tests.kit.history_steps import Act, Rule, Run, Say, Wait
from tests.kit.naive_cases import Charge, Order

TH = ("th",)  # whose slots these are: another account would only take time
NIGHT, ANOTHER_DAY = Run(TH), Run(TH, first=5, last=5)
UNNAMED: list[Act] = [
    Say(2, Order("paid", 10_200)),
    Say(2, Charge("successful", 10_200, named=False)),
    Wait(2),
    NIGHT,
]
PAID: list[Act] = [Say(1, Order("paid", 10_100)), Say(1, Charge("successful", 10_100)), Wait(3)]
LESS = Say(1, Charge("successful", 10_095))
LINK, UNDO, REOPEN = (Rule(kind, "anna", 7) for kind in ("link", "undo", "reopen"))
# The order of slot 0 has no charge; the one of slot 5 agrees, and agrees as well when half a baht went back.
MISSING: list[Act] = [
    Say(0, Order("paid", 10_000)),
    Say(5, Order("paid", 10_500)),
    Say(5, Charge("successful", 10_500)),
    Wait(3),
]
BACK: list[Act] = [Say(5, Order("paid", 10_500, 50)), Say(5, Charge("successful", 10_500, 50))]
RESOLVE, TAKEN_BACK = Rule("resolve", "anna", 0), Rule("undo", "anna", 0)
SIGNED = Run(TH, first=0, last=0, signs="th")
# What several sequences begin with is played once.
BEGINNINGS: dict[str, list[Act]] = {
    "nothing": [],
    "linked": [*UNNAMED, LINK],
    "taken back": [*MISSING, NIGHT, RESOLVE, SIGNED, TAKEN_BACK],
}
CASES: dict[str, list[Act]] = {
    "linked: it is undone": [Run(TH, meanwhile=(UNDO,)), ANOTHER_DAY],
    "linked: its break is reopened": [Run(TH, meanwhile=(REOPEN,)), ANOTHER_DAY],
    "a link is made": [*UNNAMED, Run(TH, meanwhile=(LINK,)), ANOTHER_DAY, ANOTHER_DAY],
    "a charge changes": [*PAID, NIGHT, Run(TH, meanwhile=(LESS,)), ANOTHER_DAY],
    "a charge comes": [Wait(3), NIGHT, Run(TH, meanwhile=(PAID[1],)), ANOTHER_DAY],
    "a charge of a signed range changes": [
        *PAID,
        Run(TH, first=1, last=2, signs="th"),
        Run(TH, first=1, last=2, meanwhile=(LESS,)),
        ANOTHER_DAY,
    ],
    "linked: a link that closed its break ends though both are not found": [
        NIGHT,
        Say(2, Order("cancelled", 10_200)),
        Say(2, Charge("failed", 10_200, named=False)),
        NIGHT,
        *UNNAMED[:2],
        NIGHT,
    ],
    "taken back: a resolution under a signature": [*BACK, ANOTHER_DAY],
    "taken back: and made again": [RESOLVE, *BACK, ANOTHER_DAY],
}


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Merchant]:
    """A merchant after each beginning, to be copied."""
    merchants = {name: Merchant(tmp_path_factory.mktemp("begun")) for name in BEGINNINGS}
    for name, merchant in merchants.items():
        merchant.play(BEGINNINGS[name])
    return merchants


@pytest.mark.parametrize("case", CASES)
def test_short_sequences(tmp_path: Path, begun: dict[str, Merchant], case: str) -> None:
    beginning = next((name for name in BEGINNINGS if case.startswith(f"{name}: ")), "nothing")
    begun[beginning].copied(tmp_path).play(CASES[case])
