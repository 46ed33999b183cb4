"""The rules of the group "Order and charge": what each break carries, and which of several that apply is raised."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from recon.model import Break
from recon.rules import CATALOGUE
from recon.rules.orders import candidates_of
from recon.settings import RuleSettings
from tests.kit.books import (
    AS_OF,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    Job,
    Row,
    charge,
    failed,
    order,
    pending,
    voided,
    with_context,
)

GROUP = [rule for rule in CATALOGUE if rule.group == "Order and charge"]
CODES = [
    "wrong_account",
    "match_ambiguous",
    "charge_missing",
    "order_paid_charge_pending",
    "order_paid_charge_failed",
    "order_missing",
    "order_not_marked_paid",
    "order_cancelled_but_charged",
    "duplicate_charge",
    "currency_mismatch",
    "amount_scale_mismatch",
    "amount_mismatch",
]
TWICE = [charge("chrg_1"), charge("chrg_2")]
NAMELESS = [charge("chrg_1", None), charge("chrg_2", None)]
# Per code: orders, charges, and what the break carries: expected, actual, at risk, the charge it names.
EXAMPLES: dict[str, tuple[list[Row], list[Row], tuple[Any, ...]]] = {
    "wrong_account": ([order()], [charge(account="sg")], (10_000, 10_000, 10_000, "chrg_1")),
    "match_ambiguous": ([order()], NAMELESS, (10_000, None, 10_000, None)),
    "charge_missing": ([order(charge_id="chrg_9")], [], (10_000, 0, 10_000, "chrg_9")),
    "order_paid_charge_pending": ([order()], [pending("chrg_1")], (10_000, 0, 10_000, "chrg_1")),
    "order_paid_charge_failed": ([order()], [failed("chrg_1")], (10_000, 0, 10_000, "chrg_1")),
    "order_missing": ([], [charge(of=None)], (0, 10_000, 10_000, "chrg_1")),
    "order_not_marked_paid": ([order(status="pending")], [charge()], (0, 10_000, 10_000, "chrg_1")),
    "order_cancelled_but_charged": ([order(status="cancelled")], [charge()], (0, 10_000, 10_000, "chrg_1")),
    "duplicate_charge": ([order()], TWICE, (10_000, 20_000, 10_000, "chrg_2")),
    "currency_mismatch": ([order()], [charge(currency="USD")], (10_000, None, 10_000, "chrg_1")),
    "amount_scale_mismatch": ([order()], [charge(amount=100)], (10_000, 100, 9_900, "chrg_1")),
    "amount_mismatch": ([order()], [charge(amount=10_007)], (10_000, 10_007, 7, "chrg_1")),
}


@cache
def only(code: str) -> Break:
    orders, charges, _ = EXAMPLES[code]
    return Job().break_(orders, charges)


def test_the_group_stands_as_the_contract_orders_it() -> None:
    assert [rule.code for rule in GROUP] == CODES
    assert set(EXAMPLES) == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_each_break_carries_its_figures_and_ids(code: str) -> None:
    found, (*_, wanted) = only(code), EXAMPLES[code]
    assert found.code == code
    assert (found.expected, found.actual, found.amount_at_risk, found.charge_id) == wanted
    kind, subject = ("charge", "chrg_1") if code == "order_missing" else ("order", "A-1")
    assert (found.account, found.subject_type, found.subject_id) == ("th", kind, subject)
    assert found.order_id == (None if code == "order_missing" else "A-1")
    assert found.currency == "THB"
    assert found.explanation.endswith(".")
    assert found.suggestion


@pytest.mark.parametrize("code", CODES)
def test_each_rule_can_be_turned_off(code: str) -> None:
    off = with_context(settings={code: RuleSettings(enabled=False)})
    orders, charges, _ = EXAMPLES[code]
    assert code not in [one.code for one in off.breaks(orders, charges)]


@pytest.mark.parametrize("code", CODES)
def test_the_same_trouble_has_the_same_id_tomorrow_and_another_elsewhere(code: str) -> None:
    orders, charges, _ = EXAMPLES[code]
    elsewhere = [{**one, "account": "sg" if one["account"] == "th" else "th"} for one in charges]
    moved = Job().breaks([{**one, "account": "sg"} for one in orders], elsewhere)
    assert Job().break_(orders, charges).id == only(code).id
    assert only(code).id not in [one.id for one in moved]


@pytest.mark.parametrize(
    ("orders", "charges", "raised"),
    [
        ([order()], [pending("chrg_1"), charge("chrg_2", account="sg")], "wrong_account"),
        ([order()], [failed("chrg_1"), pending("chrg_2")], "order_paid_charge_pending"),
        ([order(status="pending")], TWICE, "order_not_marked_paid"),
        ([order(status="cancelled")], TWICE, "order_cancelled_but_charged"),
        ([order()], [charge("chrg_1"), charge("chrg_2", amount=100)], "duplicate_charge"),
        ([order()], [charge(currency="USD", amount=100)], "currency_mismatch"),
        ([order()], [charge(amount=1_000)], "amount_scale_mismatch"),
        ([order(status="refund_requested")], [], "charge_missing"),
        ([order(status="refund_requested")], [failed("chrg_1")], "order_paid_charge_failed"),
        ([order(status="refunded")], [failed("chrg_1")], "order_paid_charge_failed"),
    ],
)
def test_of_several_that_apply_the_first_is_raised(orders: list[Row], charges: list[Row], raised: str) -> None:
    assert [one.code for one in Job().breaks(orders, charges)] == [raised]


@pytest.mark.parametrize(
    ("orders", "of", "code"),
    [([order(status="pending")], "A-1", "order_not_marked_paid"), ([], None, "order_missing")],
)
def test_a_charge_of_which_more_went_back_than_it_took_puts_nothing_at_risk(
    orders: list[Row], of: str | None, code: str
) -> None:
    """A sum below nothing would be taken off what other breaks put at risk."""
    found = Job().breaks(orders, [charge(of=of, refunded_amount=12_000)])
    assert [one.amount_at_risk for one in found if one.code == code] == [0]


def test_a_pending_order_is_not_to_be_delivered_where_all_of_its_money_went_back() -> None:
    back = charge("chrg_1", refunded_amount=10_000)
    (found,) = [one for one in Job().breaks([order(status="pending")], [back]) if one.code == "order_not_marked_paid"]
    assert (found.actual, found.amount_at_risk) == (10_000, 0)
    assert "all of it went back" in found.explanation
    assert found.suggestion.startswith("Do not deliver")
    later = charge("chrg_2", created_at=NOON + MINUTE)
    found = Job().break_([order(status="pending")], [back, later])
    assert (found.charge_id, found.amount_at_risk) == ("chrg_2", 10_000)
    assert "deliver;" in found.suggestion


@pytest.mark.parametrize(
    ("ours", "theirs", "code"),
    [
        (10_000, 1_000, "amount_scale_mismatch"),
        (10_000, 10_000_000, "amount_scale_mismatch"),
        (10_000, 2_000, "amount_mismatch"),
        (10_000, 10_001, "amount_mismatch"),
        (3, 30, "amount_scale_mismatch"),
        (3, 31, "amount_mismatch"),
        (9_007_199_254_740_993, 9_007_199_254_740_992, "amount_mismatch"),  # no double tells them apart
    ],
)
def test_scales_and_differences_are_exact(ours: int, theirs: int, code: str) -> None:
    assert Job().break_([order(amount=ours)], [charge(amount=theirs)]).code == code


def test_amounts_are_told_with_their_currencys_decimals() -> None:
    yen = Job().break_([order(amount=3_000, currency="JPY")], [charge(amount=2_999, currency="JPY")])
    assert yen.explanation.startswith("Order A-1 (JPY 3,000) is paid, but chrg_1 took JPY 2,999")


def test_a_duplicate_in_another_currency_has_no_sum() -> None:
    found = Job().break_([order()], [charge("chrg_1"), charge("chrg_2", currency="USD")])
    assert (found.code, found.actual, found.amount_at_risk) == ("duplicate_charge", None, None)


@pytest.mark.parametrize(
    ("age", "codes"), [(HOUR - MINUTE, []), (HOUR, ["charge_missing A-1", "order_missing chrg_1"])]
)
def test_what_is_younger_than_settle_is_not_yet_missing_its_other_side(age: timedelta, codes: list[str]) -> None:
    """A charge is as old as its payment: a shop that makes its orders of payments could not know of it sooner."""
    made = AS_OF - age
    orders = [order(created_at=made)]
    charges = [charge("chrg_1", None, 700, created_at=AS_OF - DAY, paid_at=made)]
    assert Job().says(orders, charges) == codes
    assert with_context(settle=timedelta()).says(orders, charges) == ["charge_missing A-1", "order_missing chrg_1"]


def test_what_has_its_other_side_is_judged_however_young() -> None:
    made = AS_OF - 5 * MINUTE
    assert Job().says([order(created_at=made)], [charge(amount=9_000, created_at=made)]) == ["amount_mismatch A-1"]
    assert Job().says([order(created_at=made)], [failed("chrg_1", created_at=made)]) == [
        "order_paid_charge_failed A-1"
    ]


@pytest.mark.parametrize(
    ("parts", "code", "taken"),
    [
        ((10_007, 40_000), "amount_mismatch", 50_007),
        ((10_007, 100_000), "amount_scale_mismatch", 110_007),
        ((5_000, 5_000), "amount_mismatch", 10_000),  # without split payments one charge pays one order
    ],
)
def test_charges_of_which_none_has_the_orders_amount_are_told_with_all_that_they_took(
    parts: tuple[int, int], code: str, taken: int
) -> None:
    charges = [charge(f"chrg_{at}", amount=amount) for at, amount in enumerate(parts, 1)]
    found = Job().break_([order()], charges)
    assert (found.code, found.actual, found.amount_at_risk) == (code, taken, taken - 10_000)
    assert "chrg_1, chrg_2 took" in found.explanation


def test_a_refunded_charge_of_the_orders_amount_does_not_stand_for_the_one_that_holds_another() -> None:
    charges = [charge("chrg_1", refunded_amount=10_000), charge("chrg_2", amount=4_000)]
    found = Job().break_([order()], charges)
    assert (found.code, found.actual, found.charge_id) == ("amount_mismatch", 4_000, "chrg_2")
    assert Job().breaks([order(status="refunded")], charges) == []


def test_of_two_charges_the_duplicate_is_the_one_that_the_shop_knows_no_refund_of() -> None:
    charges = [charge("chrg_1", refunded_amount=2_500), charge("chrg_2")]
    assert Job().break_([order()], charges).suggestion.endswith("Keep chrg_2.")
    assert Job().break_([order(refunded_amount=2_500)], charges).suggestion.endswith("Keep chrg_1.")
    assert Job().break_([order(charge_id="chrg_1")], charges).suggestion.endswith("Keep chrg_1.")


def test_a_refund_that_is_asked_for_and_made_as_a_void_is_no_failed_charge() -> None:
    asked = order(status="refund_requested")
    assert Job().breaks([asked], [voided("chrg_1")]) == []
    assert Job().break_([asked], [failed("chrg_1")]).code == "order_paid_charge_failed"


def test_a_charge_that_the_order_names_and_another_account_has_pending_is_not_said_to_be_nowhere() -> None:
    found = Job().break_([order(charge_id="chrg_1")], [pending("chrg_1", None, account="sg")])
    assert "The order names chrg_1, which is another order's, of another account, or not at Omise." in (
        found.explanation
    )


@pytest.mark.parametrize("count", [2, 52])
def test_an_ambiguous_order_s_break_gives_its_candidates(count: int) -> None:
    charges = [charge(f"chrg_{number:02}", None) for number in range(count)]
    (found,) = Job().breaks([order()], charges)
    assert candidates_of(found)[:2] == ["chrg_00", "chrg_01"]
    assert len(candidates_of(found)) == min(count, 50)
    assert candidates_of(replace(found, code="charge_missing")) == []
