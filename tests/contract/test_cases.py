"""Every case of the table: exactly the breaks that the contract asks for, and none beside."""

import pytest

from tests.contract.case import CASES, Expected
from tests.contract.known_wrong import KNOWN_WRONG
from tests.contract.worlds import as_expected, each_world, judged, mark, owner


def agrees(raised: list[Expected], expected: list[Expected]) -> bool:
    """Every break that must be there is, once, and none that need not be, but those that may."""
    may = {row for row in expected if row.optional}
    return sorted(row for row in raised if row not in may) == sorted(row for row in expected if not row.optional)


@pytest.mark.parametrize("name", [pytest.param(name, marks=mark(case.world)) for name, case in CASES.items()])
def test_case(name: str) -> None:
    case = CASES[name]
    result = judged(case.world)
    rows = result.of_case(name)
    raised, expected = [as_expected(result.owners, row) for row in rows], result.expected[name]
    if name in KNOWN_WRONG:
        assert not agrees(raised, expected), f"{name} is mended: take it off KNOWN_WRONG"
        return
    words = "\n".join(f"  {row['code']} {row['subject_id']}: {row['explanation']}" for row in rows)
    assert agrees(raised, expected), f"{case.sentence}\nexpected {expected}\nraised {raised}\n{words}"


@pytest.mark.parametrize("world", each_world())
def test_world_raises_nothing_that_no_case_planted(world: str) -> None:
    result = judged(world)
    strays = [row for row in result.breaks if owner(result.owners, row) not in result.expected]
    assert [(row["account"], row["code"], row["subject_id"], row["explanation"]) for row in strays] == []
    assert [run.code for run in result.runs] == [0] * len(result.runs), result.runs[-1].err


def test_known_wrong_names_are_of_cases() -> None:
    assert [name for name in KNOWN_WRONG if name not in CASES] == []
