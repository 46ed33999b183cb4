"""Every break says in plain words what it is, what it means for cash, and on which business day it happened."""

from datetime import UTC, date, datetime, timedelta

import pytest

from recon.model import Exposure
from recon.rules import CATALOGUE, exposure_of, title_of
from tests.kit.books import NOON, charge, order
from tests.kit.clocks import SECOND, only, transfer

CASES = [
    ("amount_mismatch", 10_000, 9_000, Exposure.OWED_TO_US),
    ("amount_mismatch", 10_000, 11_000, Exposure.OWED_TO_CUSTOMER),
    ("amount_scale_mismatch", 10_000, 100, Exposure.OWED_TO_US),
    ("wrong_account", 10_000, 10_000, Exposure.NO_CASH),
    ("wrong_account", 10_000, None, Exposure.NO_CASH),
    ("wrong_account", 10_000, 9_000, Exposure.OWED_TO_US),
    ("refund_amount_mismatch", 5_000, 4_000, Exposure.OWED_TO_CUSTOMER),
    ("refund_amount_mismatch", 5_000, 6_000, Exposure.LOST),
    ("refund_amount_mismatch", 5_000, None, Exposure.OWED_TO_CUSTOMER),
    ("fee_mismatch", 365, 400, Exposure.OWED_TO_US),
    ("fee_mismatch", 365, 300, Exposure.NO_CASH),
    ("transaction_missing", 10_000, 0, Exposure.OWED_TO_US),
    ("transaction_missing", -10_000, 0, Exposure.TIMING),
    ("transaction_unexplained", 0, -500, Exposure.LOST),
    ("transaction_unexplained", 0, 500, Exposure.TIMING),
    ("bank_amount_mismatch", 97_000, 96_000, Exposure.OWED_TO_US),
    ("settlement_overdue", 97_000, 0, Exposure.TIMING),
    ("dispute_lost", 0, 10_000, Exposure.LOST),
    ("a_code_of_an_older_release", 0, 10_000, Exposure.NO_CASH),
]


@pytest.mark.parametrize(("code", "expected", "actual", "exposure"), CASES)
def test_the_exposure_goes_by_the_code_and_where_it_must_by_the_sign(
    code: str, expected: int, actual: int | None, exposure: Exposure
) -> None:
    assert exposure_of(code, expected, actual) == exposure


def test_titles_are_a_few_plain_words_each_its_own() -> None:
    titles = [rule.title for rule in CATALOGUE]
    assert len(set(titles)) == len(titles)
    for title in titles:
        assert title == title.replace("_", " ").rstrip(".").strip()
        assert title[0].isupper(), title
        assert len(title) <= 32, f"{title!r} does not fit its column of the Summary"
    assert title_of("amount_mismatch") == "The amounts differ"
    assert title_of("a_code_of_an_older_release") == "A code of an older release"


def test_a_break_happened_on_the_business_day_of_its_subject_not_of_the_look() -> None:
    late = datetime(2026, 10, 19, 17, 30, tzinfo=UTC)  # half past midnight in Bangkok
    lost = only(NOON + timedelta(days=9), [order(created_at=late)])
    assert (lost.code, lost.occurred_on) == ("charge_missing", date(2026, 10, 20))
    alone = only(NOON + timedelta(days=9), [], [charge("chrg_1", None, created_at=late - timedelta(hours=1))])
    assert (alone.code, alone.occurred_on) == ("order_missing", date(2026, 10, 19))


def test_a_transfer_of_two_weeks_ago_is_two_weeks_old_when_it_is_first_seen() -> None:
    sent = NOON - timedelta(days=14)
    stuck = only(NOON + SECOND, transfers=[transfer(sent)])
    assert (stuck.code, stuck.occurred_on) == ("transfer_stuck", date(2026, 10, 6))
