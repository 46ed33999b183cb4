"""What comes into the store while a run judges is for the next run, whatever its days; rulings change no data.

Each is a short sequence whose end a naive keeper knows; `tests/proof/test_lives_of_breaks.py` has random ones.
"""

from pathlib import Path

import pytest

from tests.kit.break_histories import Merchant
from tests.kit.history_steps import Act, Rule, Run, Say, Wait
from tests.kit.naive_cases import Charge, Order

ANOTHER_DAY = Run(first=5, last=5)
UNNAMED: list[Act] = [
    Say(2, Order("paid", 10_200)),
    Say(2, Charge("successful", 10_200, named=False)),
    Wait(2),
    Run(),
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
SIGNED = Run(("th",), first=0, last=0, signs="th")
CASES: dict[str, list[Act]] = {
    "a link is undone": [*UNNAMED, LINK, Run(meanwhile=(UNDO,)), ANOTHER_DAY],
    "its break is reopened": [*UNNAMED, LINK, Run(meanwhile=(REOPEN,)), ANOTHER_DAY],
    "a link is made": [*UNNAMED, Run(meanwhile=(LINK,)), ANOTHER_DAY, ANOTHER_DAY],
    "a charge changes": [*PAID, Run(), Run(meanwhile=(LESS,)), ANOTHER_DAY],
    "a charge comes": [Wait(3), Run(), Run(meanwhile=(PAID[1],)), ANOTHER_DAY],
    "a charge of a signed range changes": [
        *PAID,
        Run(("th",), first=1, last=2, signs="th"),
        Run(("th",), first=1, last=2, meanwhile=(LESS,)),
        ANOTHER_DAY,
    ],
    "a link that closed its break ends though both are not found": [
        *UNNAMED,
        LINK,
        Run(),
        Say(2, Order("cancelled", 10_200)),
        Say(2, Charge("failed", 10_200, named=False)),
        Run(),
        *UNNAMED[:2],
        Run(),
    ],
    "a resolution under a signature is taken back": [
        *MISSING,
        Run(),
        RESOLVE,
        SIGNED,
        TAKEN_BACK,
        *BACK,
        ANOTHER_DAY,
    ],
    "and made again": [*MISSING, Run(), RESOLVE, SIGNED, TAKEN_BACK, RESOLVE, *BACK, ANOTHER_DAY],
}


@pytest.mark.parametrize("case", CASES)
def test_short_sequences(tmp_path: Path, case: str) -> None:
    Merchant(tmp_path).play(CASES[case])
