"""The register of decisions: which concern a range, how each stood at a moment, and numbers without gaps."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from recon import columns as c
from recon.model import BreakStatus, KnownBreak, Proof, ProofItem, Result
from recon.model.rulings import Ruling, RulingKind, RulingState
from recon.result.register import register
from tests.kit.report_example import AS_OF, known_break, result_of

RESULT = result_of()  # November 2026
IN_MAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
IN_NOVEMBER = datetime(2026, 11, 20, 12, tzinfo=UTC)


def decided(id: int, known: KnownBreak | None, at: datetime, **fields: Any) -> tuple[Ruling, KnownBreak | None]:
    plain: dict[str, Any] = {"kind": RulingKind.WRITE_OFF.value, "who": "mali", "reason": "no action needed"}
    plain |= {"standing": RulingState.STANDS.value, "break_id": known.latest.id if known else None}
    return Ruling(id=id, at=at, **{**plain, **fields}), known


def of(day: date, number: int = 1) -> KnownBreak:
    known = known_break("charge_missing", number, expected=500, actual=0, risk=500, status=BreakStatus.WRITTEN_OFF)
    return replace(known, latest=replace(known.latest, occurred_on=day))


def numbered(*decisions: tuple[Ruling, KnownBreak | None]) -> dict[int, int]:
    """Those of Thailand, and of no account, as a store counts them."""
    own = [rule.id for rule, known in decisions if (known.latest.account if known else rule.account) in ("th", None)]
    return {id: number for number, id in enumerate(own, start=1)}


def rows(result: Result, *decisions: tuple[Ruling, KnownBreak | None]) -> list[dict[Any, Any]]:
    frame = c.REGISTER.check(register(result, decisions, numbered(*decisions)))
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def test_a_write_off_stays_in_the_report_with_who_why_and_how_old_it_was() -> None:
    approval = {"approved_by": "somchai", "approved_at": IN_NOVEMBER + timedelta(hours=1)}
    [row] = rows(RESULT, decided(1, of(date(2026, 11, 10)), IN_NOVEMBER, amount=500, currency="THB", **approval))
    assert (row[c.NUMBER], row[c.RULING_ID], row[c.DECIDED_ON], row[c.DECISION]) == (
        1,
        "rul_1",
        "2026-11-20",
        "write off",
    )
    assert (row[c.CODE], row[c.SUBJECT_ID], row[c.AGE_DAYS]) == ("charge_missing", "order_1", 10)
    assert (row[c.CURRENCY], row[c.AMOUNT], row[c.DECIDED_WHY]) == ("THB", 500, "no action needed")
    assert (row[c.DECIDED_BY], row[c.APPROVED_BY], row[c.STANDING]) == ("mali", "somchai", "in force")


def test_a_withdrawn_one_stays_marked_and_numbers_have_no_gaps() -> None:
    undone = {"standing": "undone", "ended_at": IN_NOVEMBER, "ended_by": "mali", "ended_why": "a mistake"}
    found = rows(
        RESULT,
        decided(3, of(date(2026, 11, 10)), IN_NOVEMBER, **undone),
        decided(
            4, replace(of(date(2026, 11, 1)), latest=replace(of(date(2026, 11, 1)).latest, account="jp")), IN_NOVEMBER
        ),
        decided(9, of(date(2026, 11, 11), 2), IN_NOVEMBER),
    )
    assert [(row[c.NUMBER], row[c.RULING_ID], row[c.STANDING]) for row in found] == [
        (1, "rul_3", "WITHDRAWN"),
        (2, "rul_9", "in force"),
    ]
    assert found[0][c.REVERSED_BY] == "mali on 2026-11-20: a mistake"


def test_an_older_decision_is_shown_while_it_explains_a_proof() -> None:
    old = decided(1, of(date(2026, 5, 1)), IN_MAY)
    assert rows(RESULT, old) == []
    proof = Proof("orders = charges", "THB", 0, 500, (ProofItem("written off by mali", (("order_1", 500),)),))
    explained = replace(RESULT, proofs=(proof,))
    assert [row[c.DECIDED_ON] for row in rows(explained, old)] == ["2026-05-04"]
    ended = decided(1, of(date(2026, 5, 1)), IN_MAY, standing="undone", ended_at=IN_MAY, ended_by="mali")
    assert rows(explained, ended) == []


def test_what_was_decided_later_about_the_days_is_shown_and_what_came_after_the_moment_is_not() -> None:
    later = decided(1, of(date(2026, 11, 10)), AS_OF + timedelta(days=3))
    assert rows(RESULT, later) == []
    after = replace(RESULT, as_of=AS_OF + timedelta(days=9))
    assert [row[c.DECIDED_ON] for row in rows(after, later)] == ["2026-12-04"]
    approval = {"standing": "stands", "approved_by": "somchai", "approved_at": AS_OF + timedelta(days=1)}
    assert [row[c.STANDING] for row in rows(RESULT, decided(1, of(date(2026, 11, 9)), IN_NOVEMBER, **approval))] == [
        "waits for approval"
    ]


def test_what_waited_at_the_moment_was_not_in_force_however_it_ended() -> None:
    ended: dict[str, Any] = {"standing": "undone", "ended_at": AS_OF + timedelta(days=2), "ended_by": "mali"}
    alone = decided(1, of(date(2026, 11, 9)), IN_NOVEMBER, **ended)
    approval = {"approved_by": "somchai", "approved_at": AS_OF + timedelta(days=1)}
    both = decided(2, of(date(2026, 11, 10), 2), IN_NOVEMBER, **ended, **approval)
    assert [row[c.STANDING] for row in rows(RESULT, alone, both)] == ["in force", "waits for approval"]
    numbers = numbered(alone, both)
    waited = register(RESULT, [alone, both], numbers, never_approved={1})
    assert waited[c.STANDING].tolist() == ["waits for approval"] * 2
    later = replace(RESULT, as_of=AS_OF + timedelta(days=1, hours=1))
    assert register(later, [alone, both], numbers, {1})[c.STANDING].tolist() == ["waits for approval", "in force"]


def test_a_pattern_is_shown_on_the_days_that_it_covers() -> None:
    pattern = {"kind": "ignore", "code": "order_missing", "pattern": "TEST-*"}
    until = decided(1, None, IN_MAY, until=date(2026, 11, 2), **pattern)
    assert [(row[c.SUBJECT_TYPE], row[c.SUBJECT_ID]) for row in rows(RESULT, until)] == [("pattern", "TEST-*")]
    assert rows(RESULT, decided(1, None, IN_MAY, until=date(2026, 10, 2), **pattern)) == []
