"""Why a break closes by itself: in words that are true also where nothing agrees."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from recon.model import Break, Severity
from recon.result.closing import AGREED, Closing
from recon.settings import RuleSettings
from tests.kit.books import AS_OF, DAY, NOON, Job, charge, order, pending, with_context

EXPIRING = Break(
    "authorization_expiring",
    Severity.HIGH,
    "th",
    "charge",
    "chrg_1",
    "Charge chrg_1 is authorised and not captured.",
    "Capture it.",
    "THB",
    due_by=NOON + DAY,
    charge_id="chrg_1",
)
CLOSING = replace(
    EXPIRING, code="refund_window_closing", subject_type="order", subject_id="A-1", charge_id=None, order_id="A-1"
)


def why(closed: Break, *opened: Break, job: Job | None = None, charges: Any = (), orders: Any = ()) -> str:
    job = job or Job()
    return Closing(job.judged(orders or [order()], charges or [charge()]), job.context)(opened)(closed)


def test_what_was_captured_agrees() -> None:
    assert why(EXPIRING) == AGREED


def test_an_authorisation_that_ended_agrees_with_nothing() -> None:
    words = why(EXPIRING, charges=[charge(status="expired")])
    assert words.startswith("its time is over, and nothing agrees: the authorisation ended and was not captured")


@pytest.mark.parametrize(("status", "over"), [("refund_requested", True), ("refunded", False)])
def test_a_window_that_ended_while_a_refund_is_asked_for(status: str, over: bool) -> None:
    assert why(CLOSING, orders=[order(status=status)]).startswith("its time is over") is over


def test_before_its_time_it_agrees() -> None:
    early = replace(EXPIRING, due_by=AS_OF + timedelta(hours=1))
    assert why(early, charges=[pending("chrg_1", authorized=True)]) == AGREED


def test_another_break_of_its_group_took_its_place() -> None:
    closed_window = replace(CLOSING, code="refund_window_closed")
    assert why(CLOSING, closed_window, orders=[order(status="refund_requested")]) == (
        "it became refund_window_closed of order A-1"
    )
    fees = replace(EXPIRING, code="fee_mismatch")  # another group's, on the same charge
    assert why(EXPIRING, fees) == AGREED


def test_the_next_charge_of_a_day_that_is_not_paid_out() -> None:
    overdue = replace(EXPIRING, code="settlement_overdue")
    later = replace(overdue, subject_id="chrg_2", charge_id="chrg_2")
    assert why(overdue, later) == "it became settlement_overdue of charge chrg_2"


def test_a_rule_that_is_switched_off() -> None:
    off = with_context(settings={"authorization_expiring": RuleSettings(enabled=False)})
    assert why(EXPIRING, job=off) == "its rule is switched off: nobody looks any more"
