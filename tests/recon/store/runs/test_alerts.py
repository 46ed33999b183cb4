"""What was told, in the store: each transition is claimed once, each message has its turn, on both databases."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from recon.model import BreakStatus, Severity
from recon.store.engine import Store
from recon.store.runs import alerts
from recon.store.runs.alerts import AlertClaim, AlertDecision, AlertState, Message, Occasion
from tests.kit.alert_samples import DAY, LATER, known, ran
from tests.kit.store_samples import DATABASES, NOON, count, opened

OCCASION = Occasion(NOON, "run")
MESSAGE = Message("json 1", "title", "text", "<p>html</p>", NOON)
LEASE = timedelta(minutes=5)


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def seen(store: Store, occasion: Occasion = OCCASION, decision: AlertDecision = AlertDecision()) -> AlertState:  # noqa: B008
    """The state that a decision is made on."""
    found: list[AlertState] = []

    def decide(state: AlertState) -> AlertDecision:
        found.append(state)
        return decision

    alerts.claim(store, occasion, decide)
    return found[0]


def claim_of(state: AlertState) -> AlertDecision:
    return AlertDecision(
        [
            AlertClaim(f"event:{one.seq}", "break", "th", one.known.latest.id, 3, one.known.latest.amount_at_risk)
            for one in state.steps
        ]
    )


def test_an_event_is_looked_at_once(store: Store) -> None:
    ran(store, (known(), "opened", "why"))
    first = seen(store)
    assert [(one.what, one.detail, one.known.latest) for one in first.steps] == [("opened", "why", known().latest)]
    assert first.open == {"th": 1}
    assert seen(store).steps == ()
    ran(store, (known("A-2"), "opened", ""))
    assert [one.known.latest.subject_id for one in seen(store).steps] == ["A-2"]


def test_nothing_new_leaves_no_row(store: Store) -> None:
    assert alerts.claim(store, OCCASION, lambda _: AlertDecision()) is None
    assert count(store, "alert") == 0


def test_closed_acknowledged_and_lesser_breaks_are_no_news(store: Store) -> None:
    silent = [known(status, status=status) for status in BreakStatus if status not in ("open", "pending_approval")]
    low = known("low", severity=Severity.LOW)
    ran(store, *((one, "opened", "") for one in (*silent, low, known("loud"))))
    state = seen(store, replace(OCCASION, least=Severity.MEDIUM))
    assert [one.known.latest.subject_id for one in state.steps] == ["loud"]


def test_many_who_see_the_same_event_tell_it_once(store: Store) -> None:
    ran(store, *((known(str(number)), "opened", "") for number in range(20)))
    told: list[str] = []

    def decide(state: AlertState) -> AlertDecision:
        told.extend(one.known.latest.subject_id for one in state.steps)
        return claim_of(state)

    threads = [threading.Thread(target=alerts.claim, args=(store, OCCASION, decide)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == len(set(told)) == count(store, "alert_claim") == 20


def test_a_decision_that_fails_claims_nothing(store: Store) -> None:
    ran(store, (known(), "opened", ""))

    def fail(_: AlertState) -> AlertDecision:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        alerts.claim(store, OCCASION, fail)
    assert len(seen(store).steps) == 1


def test_what_was_told_last_of_a_break_is_known(store: Store) -> None:
    ran(store, (known(), "opened", ""))
    alerts.claim(store, OCCASION, claim_of)
    worse = known(amount_at_risk=200_00)
    ran(store, (worse, "changed", "amount_at_risk: 10000 -> 20000"))
    assert seen(store).last_claims == {known().latest.id: (3, 100_00)}


def test_a_claimed_break_stands_until_it_is_closed_and_a_hole_until_a_complete_run(store: Store) -> None:
    ran(store, (known(), "opened", ""))
    hole = AlertClaim("missed:th", "missed", "th", first_day=DAY, last_day=DAY)
    news = AlertClaim("late:th", "late", "th", first_day=DAY, last_day=DAY, waits=False)
    seen(store, decision=AlertDecision([AlertClaim("event:1", "break", "th", known().latest.id, 3, 0), hole, news]))
    assert [(one.key, one.is_settled) for one in seen(store).waiting] == [("event:1", False), ("missed:th", False)]
    ran(store, at=LATER, accounts=("sg",))
    ran(store, at=LATER, complete=False)
    assert not any(one.is_settled for one in seen(store).waiting)
    ran(store, (known(status=BreakStatus.AUTO_CLOSED), "auto_closed", ""), at=LATER)
    assert [(one.key, one.is_settled) for one in seen(store).waiting] == [("event:1", True), ("missed:th", True)]
    seen(store, decision=AlertDecision(cleared=["event:1", "missed:th"]))
    assert seen(store).waiting == ()


def test_days_that_were_told_are_known_by_kind_and_account(store: Store) -> None:
    days = ("missed", "th", DAY, DAY)
    assert seen(store, replace(OCCASION, days=[days])).earlier == {}
    seen(store, decision=AlertDecision([AlertClaim("a", "missed", "th", first_day=DAY, last_day=DAY)]))
    asked = replace(OCCASION, days=[days, ("late", "th", DAY, DAY)])
    assert seen(store, asked).earlier == {days: (1, True)}
    seen(store, decision=AlertDecision(cleared=["a"]))
    assert seen(store, asked).earlier == {days: (1, False)}


def test_a_message_is_taken_by_one_at_a_time_and_again_after_its_lease(store: Store) -> None:
    later = replace(MESSAGE, channel="json 2", due=LATER)
    alert_id = alerts.claim(store, OCCASION, lambda _: AlertDecision(messages=[MESSAGE, later]))
    [due] = alerts.take_due(store, NOON, LEASE)
    assert (due.alert_id, due.channel, due.title, due.text, due.html, due.tries) == (
        alert_id,
        "json 1",
        "title",
        "text",
        "<p>html</p>",
        1,
    )
    assert alerts.take_due(store, NOON, LEASE) == []
    assert [one.tries for one in alerts.take_due(store, NOON + LEASE, LEASE)] == [2]
    assert [one.channel for one in alerts.take_due(store, LATER, LEASE)] == ["json 1", "json 2"]


def test_a_message_is_sent_or_tried_again_or_given_up(store: Store) -> None:
    channels = ("a", "b", "c")
    messages = [replace(MESSAGE, channel=name) for name in channels]
    alerts.claim(store, OCCASION, lambda _: AlertDecision(messages=messages))
    a, b, c = alerts.take_due(store, NOON, LEASE)
    alerts.finish(store, a, NOON)
    alerts.finish(store, b, NOON, "down", again_at=LATER)
    alerts.finish(store, c, NOON, "down for good")
    assert alerts.deliveries(store) == {("a", "sent"): 1, ("b", "pending"): 1, ("c", "failed"): 1}
    assert [one.channel for one in alerts.take_due(store, LATER, LEASE)] == ["b"]
