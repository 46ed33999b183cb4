"""Chargebacks: open ones with their age, lost ones whose order still stands as paid."""

from datetime import UTC, datetime
from typing import Any

import pytest

from recon.model import Severity
from tests.kit.books import AS_OF, DAY, HOUR, NOON, charge, order
from tests.kit.clocks import breaks, codes, context, dispute, only


@pytest.mark.parametrize(
    ("status", "answer"),
    [("open", "It is not answered; 4 days are left, until 2026-10-27 13:00."), ("pending", "It is answered.")],
)
def test_an_open_dispute_says_its_age_and_sum(status: str, answer: str) -> None:
    found = only(AS_OF, [order()], [charge()], disputes=[dispute(status=status)])
    assert (found.code, found.subject_type, found.subject_id) == ("dispute_open", "dispute", "dspt_1")
    assert (found.order_id, found.charge_id, found.dispute_id) == ("A-1", "chrg_1", "dspt_1")
    assert (found.severity, found.amount_at_risk, found.currency) == (Severity.HIGH, 10_000, "THB")
    assert found.explanation == (
        f'Dispute dspt_1 of charge chrg_1 over THB 100.00 is "{status}" since 2026-10-20 13:00, for 3 days. {answer}'
    )


@pytest.mark.parametrize(
    ("as_of", "age"),
    [
        (datetime(2026, 10, 20, 16, 59, 59, tzinfo=UTC), "0 days"),  # the last second of its day in Bangkok
        (datetime(2026, 10, 20, 17, tzinfo=UTC), "1 day"),
        (datetime(2026, 10, 21, 17, tzinfo=UTC), "2 days"),
    ],
)
def test_its_age_counts_the_days_of_the_accounts_zone(as_of: datetime, age: str) -> None:
    found = only(as_of, [order()], [charge()], disputes=[dispute()])
    assert f", for {age}. It is not answered; " in found.explanation


def test_a_lost_dispute_of_a_paid_order() -> None:
    found = only(AS_OF, [order()], [charge()], disputes=[dispute(status="lost", amount=9_000, reason_code="other")])
    assert (found.code, found.amount_at_risk, found.order_id) == ("dispute_lost", 9_000, "A-1")
    assert "order A-1 still stands as paid (other)" in found.explanation


@pytest.mark.parametrize(
    ("status", "order_status"), [("won", "paid"), ("lost", "cancelled"), ("something_new", "paid")]
)
def test_what_is_won_or_no_longer_paid_is_no_dispute_break(status: str, order_status: str) -> None:
    found = codes(AS_OF, [order(status=order_status)], [charge()], disputes=[dispute(status=status)])
    assert not {"dispute_open", "dispute_lost"} & set(found)


def test_a_lost_dispute_that_the_shop_counts_as_refunded_agrees() -> None:
    rows = [order(status="refunded", refunded_amount=10_000)], [charge()]
    assert codes(AS_OF, *rows, disputes=[dispute(status="lost")]) == []
    assert codes(AS_OF, *rows, disputes=[dispute(status="won")]) == ["refund_missing"]


@pytest.mark.parametrize("status", ["cancelled", "refund_requested"])
def test_what_a_lost_dispute_took_is_not_to_be_refunded_again(status: str) -> None:
    promptpay = charge(method="promptpay")  # no refund of it is possible: one that is asked for is told
    whole = [dispute(status="lost")]
    assert codes(AS_OF, [order(status=status)], [promptpay], disputes=whole) == []
    assert codes(AS_OF, [order(status=status)], [promptpay], disputes=[dispute(status="won")]) != []
    rest = charge(refunded_amount=4_000)
    assert codes(AS_OF, [order(status="cancelled")], [rest], disputes=[dispute(status="lost", amount=6_000)]) == []


def test_of_a_cancelled_order_only_what_a_lost_dispute_left_is_held() -> None:
    found = only(AS_OF, [order(status="cancelled")], [charge()], disputes=[dispute(status="lost", amount=6_000)])
    assert (found.code, found.amount_at_risk) == ("order_cancelled_but_charged", 4_000)
    assert "Refund THB 40.00" in found.suggestion


def test_a_duplicate_that_was_lost_in_a_dispute_is_not_to_be_refunded() -> None:
    twice = [charge("chrg_1"), charge("chrg_2")]
    assert codes(AS_OF, [order()], twice) == ["duplicate_charge"]
    lost = [dispute(of="chrg_2", status="lost")]
    assert codes(AS_OF, [order()], twice, disputes=lost) == []
    part = [order(refunded_amount=3_000)], [charge("chrg_1", refunded_amount=3_000), charge("chrg_2")]
    assert codes(AS_OF, *part, disputes=lost) == []


@pytest.mark.parametrize(
    "other",
    [charge("chrg_1", amount=9_000), charge("chrg_1", status="failed"), charge("chrg_1", refunded_amount=9_000)],
)
def test_a_lost_dispute_of_an_order_that_no_other_charge_pays_is_told(other: dict[str, Any]) -> None:
    found = codes(AS_OF, [order()], [other, charge("chrg_2")], disputes=[dispute(of="chrg_2", status="lost")])
    assert "dispute_lost" in found


def test_two_duplicates_of_which_both_were_lost_leave_the_order_unpaid() -> None:
    lost = [dispute(f"dspt_{number}", of=f"chrg_{number}", status="lost") for number in (1, 2)]
    found = codes(AS_OF, [order()], [charge("chrg_1"), charge("chrg_2")], disputes=lost)
    assert found.count("dispute_lost") == 2


def test_a_lost_dispute_without_an_order_is_the_missing_orders_affair() -> None:
    assert codes(AS_OF, [], [charge(of=None)], disputes=[dispute(status="lost")]) == ["order_missing"]


def test_a_dispute_of_a_charge_that_nobody_knows_is_still_seen() -> None:
    found = only(AS_OF, disputes=[dispute(of="chrg_9")])
    assert (found.code, found.charge_id, found.order_id) == ("dispute_open", "chrg_9", None)


def test_an_old_dispute_is_judged_as_long_as_it_is_open() -> None:
    old = NOON - 90 * DAY
    rows = [order(created_at=old)], [charge(created_at=old)]
    found = breaks(AS_OF, *rows, disputes=[dispute(created_at=old + HOUR, status="pending")])
    assert [one.code for one in found] == ["dispute_open"]


@pytest.mark.parametrize(
    ("said", "days", "due", "words"),
    [
        ({}, 0, True, "not answered; 7 days are left, until 2026-10-27 13:00"),
        ({"answer": "documents"}, 6, True, "not answered: documents are there, a message is not; 1 day is left"),
        ({}, 7, True, "not answered; this is the last day"),
        ({}, 8, True, "not answered, and the time for it ended 2026-10-27 13:00"),
        ({"answer": "message"}, 3, False, "It is answered."),
        ({"status": "pending"}, 3, False, "It is answered."),
    ],
)
def test_a_dispute_is_due_until_it_is_answered(said: dict[str, Any], days: int, due: bool, words: str) -> None:
    opened = NOON + HOUR
    found = only(opened + days * DAY, [order()], [charge()], disputes=[dispute(**said)])
    assert found.due_by == (opened + 7 * DAY if due else None)
    assert words in found.explanation


def test_the_days_to_answer_are_the_configurations() -> None:
    using = context(AS_OF, thresholds={"dispute_open": {"reply_days": 10}})
    [found] = breaks(AS_OF, [order()], [charge()], using=using, disputes=[dispute()])
    assert found.due_by == NOON + HOUR + 10 * DAY
