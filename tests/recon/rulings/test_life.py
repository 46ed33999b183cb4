"""The life of a break through runs: opened once, carried, closed when the facts agree, reopened under the same id."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from recon.model import Break, BreakStatus, KnownBreak, Severity
from recon.model.rulings import EndedRuling, RulingState, Standing
from recon.rulings.facts import facts_of
from recon.rulings.life import CarriedBreaks, RulingsInForce, carry

NIGHT = datetime(2026, 3, 5, 18, 30, tzinfo=UTC)
DAY = timedelta(days=1)
MISSING = Break(
    "charge_missing", Severity.HIGH, "th", "order", "A-1", "Order A-1 is paid.", "Ask.", "THB", 500, 0, 500
)


def night(known: Sequence[KnownBreak], found: Sequence[Break], as_of: datetime, judged: bool = True) -> CarriedBreaks:
    return carry(known, found, lambda _: judged, as_of)


def words(carried: CarriedBreaks) -> list[str]:
    return [event.what for event in carried.events]


def test_a_new_break_is_opened_once_and_then_carried_without_a_word() -> None:
    first = night([], [MISSING], NIGHT)
    assert words(first) == ["opened"]
    second = night(first.reported, [MISSING], NIGHT + DAY)
    assert words(second) == []
    assert second.reported[0].first_seen == NIGHT
    assert second.reported[0].last_seen == NIGHT + DAY


def test_a_break_is_told_again_where_a_moment_to_warn_has_passed_and_once_for_each() -> None:
    due = replace(MISSING, due_by=NIGHT + 7 * DAY)
    warns = RulingsInForce(warns={MISSING.code: (4 * DAY, 2 * DAY, DAY)})
    known: Sequence[KnownBreak] = ()
    told = []
    for hours in range(0, 9 * 24, 8):
        carried = carry(known, [due], lambda _: True, NIGHT + timedelta(hours=hours), warns)
        known = carried.reported
        told += [(hours, word) for word in words(carried)]
    assert told == [(0, "opened"), (3 * 24, "due_soon"), (5 * 24, "due_soon"), (6 * 24, "due_soon")]
    late = carry(carry([], [due], lambda _: True, NIGHT).reported, [due], lambda _: True, NIGHT + 6.5 * DAY, warns)
    assert words(late) == ["due_soon"]
    answered = carry(night([], [due], NIGHT).reported, [MISSING], lambda _: True, NIGHT + 6.5 * DAY, warns)
    assert words(answered) == ["changed"]


def test_the_same_night_again_writes_nothing() -> None:
    first = night([], [MISSING], NIGHT)
    again = night(first.reported, [MISSING], NIGHT)
    assert (again.changed, again.events, again.opened, again.closed) == ((), (), (), ())


def test_it_closes_when_it_was_judged_and_not_found_and_reopens_as_the_same() -> None:
    first = night([], [MISSING], NIGHT)
    closing = night(first.reported, [], NIGHT + DAY)
    assert words(closing) == ["auto_closed"]
    assert closing.changed[0].status == BreakStatus.AUTO_CLOSED
    reopening = night(closing.changed, [MISSING], NIGHT + 2 * DAY)
    assert words(reopening) == ["reopened"]
    assert reopening.reported[0].latest.id == MISSING.id
    assert reopening.reported[0].first_seen == NIGHT


def test_it_stays_open_when_its_subject_was_not_judged() -> None:
    first = night([], [MISSING], NIGHT)
    assert night(first.reported, [], NIGHT + DAY, judged=False).changed == ()


def test_a_changed_amount_is_told_with_both_figures() -> None:
    first = night([], [MISSING], NIGHT)
    changed = night(first.reported, [replace(MISSING, amount_at_risk=700)], NIGHT + DAY)
    assert words(changed) == ["changed"]
    assert changed.events[0].detail == "amount_at_risk: 500 -> 700"


def test_an_acknowledged_break_stays_so_while_it_is_found() -> None:
    known = KnownBreak(MISSING, BreakStatus.ACKNOWLEDGED, NIGHT, NIGHT, "Malee")
    carried = night([known], [MISSING], NIGHT + DAY).reported[0]
    assert (carried.status, carried.owner) == (BreakStatus.ACKNOWLEDGED, "Malee")


def test_a_look_at_the_past_reports_what_was_and_rewrites_nothing() -> None:
    known = KnownBreak(MISSING, BreakStatus.AUTO_CLOSED, NIGHT, NIGHT + 5 * DAY)
    past = night([known], [MISSING], NIGHT + DAY)
    assert past.reported[0].status == BreakStatus.OPEN
    assert (past.changed, past.events) == ((), ())
    open_later = replace(known, status=BreakStatus.OPEN)
    assert night([open_later], [], NIGHT + DAY).changed == ()


def test_the_id_is_the_same_tomorrow_and_another_for_another_subject() -> None:
    assert MISSING.id == replace(MISSING, explanation="other words", amount_at_risk=1).id
    others = [
        replace(MISSING, code="order_missing"),
        replace(MISSING, account="sg"),
        replace(MISSING, subject_id="A-2"),
    ]
    assert len({MISSING.id, *(other.id for other in others)}) == 4


def test_breaks_are_reported_by_account_severity_code_and_subject() -> None:
    found = [
        replace(MISSING, account="th", severity=Severity.LOW),
        replace(MISSING, account="jp", subject_id="B"),
        replace(MISSING, account="jp", subject_id="A", severity=Severity.CRITICAL),
    ]
    reported = night([], found, NIGHT).reported
    assert [(known.latest.account, known.latest.subject_id) for known in reported] == [
        ("jp", "A"),
        ("jp", "B"),
        ("th", "A-1"),
    ]


def test_its_age_is_in_days_of_its_accounts_zone() -> None:
    known = KnownBreak(MISSING, BreakStatus.OPEN, datetime(2026, 3, 5, 16, 59, tzinfo=UTC), NIGHT)
    assert known.age_days(datetime(2026, 3, 5, 17, 1, tzinfo=UTC), ZoneInfo("Asia/Bangkok")) == 1
    assert known.age_days(datetime(2026, 3, 5, 17, 1, tzinfo=UTC), UTC) == 0


def ruled(
    status: BreakStatus, kind: str, facts: str | None = facts_of(MISSING), found: Break = MISSING
) -> KnownBreak:
    return KnownBreak(
        found, status, NIGHT, NIGHT, standing=Standing(7, kind, "Malee", "because", None, facts), version=3
    )


def test_a_ruling_holds_while_other_words_are_found_and_falls_with_its_facts() -> None:
    resolved = ruled(BreakStatus.RESOLVED, "resolve")
    later = replace(MISSING, explanation="other words", severity=Severity.LOW)
    held = night([resolved], [later], NIGHT + DAY)
    assert (held.reported[0].status, held.reported[0].version, held.ended) == (BreakStatus.RESOLVED, 3, ())
    fallen = night([resolved], [replace(MISSING, actual=100)], NIGHT + DAY)
    assert (fallen.reported[0].status, fallen.reported[0].version) == (BreakStatus.OPEN, 4)
    assert words(fallen) == ["fell"]
    assert fallen.ended == (EndedRuling(7, RulingState.FELL, "actual: 0 -> 100"),)


def test_facts_that_agree_end_a_ruling_and_a_proposal() -> None:
    for status, kind in ((BreakStatus.WRITTEN_OFF, "write_off"), (BreakStatus.PENDING_APPROVAL, "link")):
        closing = night([ruled(status, kind)], [], NIGHT + DAY)
        assert closing.changed[0].status == BreakStatus.AUTO_CLOSED
        assert "by Malee is no longer needed" in closing.events[0].detail
        assert [(one.ruling_id, one.standing) for one in closing.ended] == [(7, RulingState.CLOSED)]


def test_a_link_by_hand_outlives_the_break_that_it_closed_and_falls_with_its_own_facts() -> None:
    linked = ruled(BreakStatus.RESOLVED, "link")
    closing = night([linked], [], NIGHT + DAY)
    assert (closing.changed[0].status, closing.ended) == (BreakStatus.AUTO_CLOSED, ())
    ended = EndedRuling(7, RulingState.FELL, "order 500 THB -> order 700 THB")
    said = RulingsInForce(fallen=[(MISSING.id, ended)])
    again = carry(closing.changed, [MISSING], lambda _: True, NIGHT + 2 * DAY, said)
    assert words(again) == ["fell", "reopened"]
    assert again.ended == (ended,)
    resting = carry([linked], [MISSING], lambda _: True, NIGHT + DAY, said)
    assert (words(resting), resting.reported[0].status) == (["fell"], BreakStatus.OPEN)


def test_what_is_expected_is_acknowledged_when_it_is_opened_and_when_a_ruling_fell() -> None:
    opening = Standing(0, "opening", "Malee", "known at go-live", facts=facts_of(MISSING))
    said = RulingsInForce(expected=lambda found: opening if found.amount_at_risk == 500 else None)
    first = carry([], [MISSING], lambda _: True, NIGHT, said)
    assert words(first) == ["opened", "opening"]
    assert first.reported[0].standing == opening
    grown = carry(first.reported, [replace(MISSING, amount_at_risk=900)], lambda _: True, NIGHT + DAY, said)
    assert (words(grown), grown.reported[0].status, grown.ended) == (["fell"], BreakStatus.OPEN, ())


def test_a_look_at_the_past_ends_no_ruling() -> None:
    later = replace(ruled(BreakStatus.RESOLVED, "resolve"), last_seen=NIGHT + 5 * DAY)
    past = night([later], [replace(MISSING, actual=100)], NIGHT + DAY)
    assert (past.changed, past.events, past.ended) == ((), (), ())
