"""The life of a break through runs: opened once, carried, closed when the facts agree, reopened under the same id."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from recon.breaks import Carried, carry
from recon.model import Break, BreakStatus, KnownBreak, Severity

NIGHT = datetime(2026, 3, 5, 18, 30, tzinfo=UTC)
DAY = timedelta(days=1)
MISSING = Break(
    "charge_missing", Severity.HIGH, "th", "order", "A-1", "Order A-1 is paid.", "Ask.", "THB", 500, 0, 500
)


def night(known: Sequence[KnownBreak], found: Sequence[Break], as_of: datetime, judged: bool = True) -> Carried:
    return carry(known, found, lambda _: judged, as_of)


def words(carried: Carried) -> list[str]:
    return [event.what for event in carried.events]


def test_a_new_break_is_opened_once_and_then_carried_without_a_word() -> None:
    first = night([], [MISSING], NIGHT)
    assert words(first) == ["opened"]
    second = night(first.reported, [MISSING], NIGHT + DAY)
    assert words(second) == []
    assert second.reported[0].first_seen == NIGHT
    assert second.reported[0].last_seen == NIGHT + DAY


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
    assert reopening.reported[0].found.id == MISSING.id
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
    assert [(known.found.account, known.found.subject_id) for known in reported] == [
        ("jp", "A"),
        ("jp", "B"),
        ("th", "A-1"),
    ]


def test_its_age_is_in_days_of_its_accounts_zone() -> None:
    known = KnownBreak(MISSING, BreakStatus.OPEN, datetime(2026, 3, 5, 16, 59, tzinfo=UTC), NIGHT)
    assert known.age_days(datetime(2026, 3, 5, 17, 1, tzinfo=UTC), ZoneInfo("Asia/Bangkok")) == 1
    assert known.age_days(datetime(2026, 3, 5, 17, 1, tzinfo=UTC), UTC) == 0
