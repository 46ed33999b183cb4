"""Disputes by month against Omise's limits: exact at each, up to the range's last day, of all stored charges."""

import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib import resources

import pytest

from recon import columns as c
from recon.calendars import days_window, months_to_date
from recon.methods import UNSURE
from recon.result.dispute_rates import dispute_rates, standing
from tests.kit.books import AS_OF, BANGKOK, DAY, NOON, TH, books, charge, failed, voided
from tests.kit.clocks import dispute

SEPTEMBER = NOON - 30 * DAY
DISPUTED = books(
    [],
    [
        charge("chrg_1", None, created_at=SEPTEMBER),
        charge("chrg_2", None),
        voided("chrg_3", None),  # it took money, be it voided since
        failed("chrg_4", None),
        charge("chrg_5", None, created_at=NOON + 2 * DAY),  # after the range
        charge("chrg_6", None, account="sg"),
        charge("chrg_7", None, created_at=datetime(2026, 9, 30, 17, tzinfo=UTC)),  # October in Bangkok
    ],
    AS_OF,
    disputes=[
        dispute("dspt_1", created_at=SEPTEMBER, status="won"),
        dispute("dspt_2"),
        dispute("dspt_3", created_at=NOON + 2 * DAY),
        dispute("dspt_4", account="sg"),
    ],
)


@pytest.mark.parametrize(
    ("disputes", "charges", "word"),
    [
        (3, 1_000, "below"),  # at the limit, not above it
        (3, 999, "review"),
        (5, 1_000, "review"),
        (5, 999, "above"),
        (74, 24_667, "below"),  # 0.299996 %
        (74, 24_666, "review"),  # 0.300008 %, shown as 0.30 %
        (75, 1_000_000, "above"),
        (1, 0, "no charges"),
        (75, 0, "above"),
    ],
)
def test_a_month_is_above_a_limit_by_the_exact_fraction_or_by_number(disputes: int, charges: int, word: str) -> None:
    assert standing(disputes, charges) == word


def test_months_go_from_their_first_day_to_the_last_of_the_range() -> None:
    window = days_window(date(2025, 12, 31), date(2026, 2, 10), BANGKOK)
    assert months_to_date(window, BANGKOK) == {
        date(2025, 12, 31): days_window(date(2025, 12, 1), date(2025, 12, 31), BANGKOK),
        date(2026, 1, 31): days_window(date(2026, 1, 1), date(2026, 1, 31), BANGKOK),
        date(2026, 2, 10): days_window(date(2026, 2, 1), date(2026, 2, 10), BANGKOK),
    }


def test_each_month_of_the_range_counts_its_own_disputes_and_successful_charges() -> None:
    first, last = date(2026, 9, 25), date(2026, 10, 21)
    rates = dispute_rates(DISPUTED, TH, days_window(first, last, BANGKOK))
    assert c.DISPUTE_RATES.check(rates).values.tolist() == [
        ["2026-09-30", 1, 1, 10_000, "above"],
        ["2026-10-21", 1, 3, 3_333, "above"],
    ]


def test_charges_that_the_books_do_not_hold_are_those_that_the_store_counted() -> None:
    month = days_window(date(2026, 10, 1), date(2026, 10, 20), BANGKOK)
    night = days_window(date(2026, 10, 20), date(2026, 10, 20), BANGKOK)
    counted = replace(DISPUTED, successes={("th", month): 1_000})
    assert dispute_rates(counted, TH, night).values.tolist() == [["2026-10-20", 1, 1_000, 10, "below"]]


def test_a_month_without_disputes_has_no_line() -> None:
    assert dispute_rates(DISPUTED, TH, days_window(date(2026, 8, 1), date(2026, 8, 31), BANGKOK)).empty


def test_each_limit_names_its_source_and_how_sure_it_is() -> None:
    table = tomllib.loads(resources.files("recon.result").joinpath("dispute_limits.toml").read_text(encoding="utf-8"))
    figures = [figure for limit in table["limit"] for figure in limit.values() if isinstance(figure, list)]
    assert all(source in table["sources"] and certainty not in UNSURE for _, certainty, source in figures)
