"""Branches of the rules that judge cases, each on a case that is written down as it is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from recon.model import Severity
from recon.money import Tolerance
from recon.settings import Context, RuleSettings
from tests.kit.books import AS_OF, NOON, charge, failed, order, pending, voided
from tests.kit.cases import breaks, case, order_of, says
from tests.kit.clocks import dispute, refund

CONTEXT = Context(AS_OF, regions={"th": "TH", "sg": "SG"})


def test_an_order_and_its_charge_agree() -> None:
    assert says(case(order(), charge())) == []
    assert says(case(order(), failed("chrg_0"), charge())) == []


def test_many_candidates_are_counted_and_the_nearest_named() -> None:
    (one,) = breaks(case(order(), candidates=("chrg_1", "chrg_2")))
    assert (one.code, one.amount_at_risk) == ("match_ambiguous", 10_000)
    assert "any of chrg_1, chrg_2, so nothing is linked" in one.explanation
    (many,) = breaks(case(order(), candidates=("chrg_1", "chrg_2"), more_candidates=48))
    assert "any of 50 charges, of which these are the nearest in time: chrg_1, chrg_2" in many.explanation
    assert says(case(order(status="pending"), candidates=("chrg_1",))) == ["match_ambiguous A-1"]


def test_a_missing_charge_says_which_one_the_order_names() -> None:
    (unnamed,) = breaks(case(order()))
    assert (unnamed.code, unnamed.expected, unnamed.actual) == ("charge_missing", 10_000, 0)
    assert "names" not in unnamed.explanation
    (named,) = breaks(case(order(charge_id="chrg_9")))
    assert "The order names chrg_9" in named.explanation
    assert says(case(order(status="pending"))) == []


@pytest.mark.parametrize(
    ("charges", "words"),
    [
        ([failed("chrg_1")], "its only charge chrg_1 is failed (insufficient_fund)"),
        ([failed("chrg_1"), failed("chrg_2")], "all 2 charges failed; the last, chrg_2 is failed"),
        ([voided("chrg_1")], "its only charge chrg_1 was voided"),
    ],
)
def test_a_paid_order_whose_charges_failed(charges: list[dict[str, object]], words: str) -> None:
    (raised,) = breaks(case(order(), *charges))
    assert (raised.code, raised.severity, raised.amount_at_risk) == (
        "order_paid_charge_failed",
        Severity.CRITICAL,
        10_000,
    )
    assert words in raised.explanation


def test_a_charge_in_another_account_is_wrong_only_where_none_is_in_its_own() -> None:
    elsewhere = charge("chrg_2", account="sg")
    assert says(case(order(), elsewhere)) == ["wrong_account A-1"]
    assert says(case(order(), charge(), elsewhere)) == ["duplicate_charge A-1"]
    assert says(case(order(), charge("chrg_2", account="sg", status="failed"))) == ["order_paid_charge_failed A-1"]


def test_a_power_of_ten_within_the_tolerance_is_no_break() -> None:
    assert says(case(order(amount=1), charge(amount=10, method=None))) == ["amount_scale_mismatch A-1"]
    tolerant = replace(CONTEXT, tolerance=Tolerance({"THB": 9}))
    assert says(case(order(amount=1), charge(amount=10, method=None)), using=tolerant) == []
    assert says(case(order(amount=1), charge(amount=100, method=None)), using=tolerant) == [
        "amount_scale_mismatch A-1"
    ]


def test_orders_that_one_charge_pays_are_summed() -> None:
    together = (order_of(order("A-2", 4_000)),)
    assert says(case(order("A-1", 6_000), charge(), other_orders=together)) == []
    (raised,) = breaks(case(order("A-1", 6_001), charge(), other_orders=together))
    assert (raised.code, raised.expected, raised.actual, raised.amount_at_risk) == (
        "amount_mismatch",
        10_001,
        10_000,
        1,
    )
    assert "with A-2, THB 100.01 together" in raised.explanation


def test_a_lost_dispute_is_said_as_long_as_the_order_stands_as_paid() -> None:
    lost = [dispute(status="lost")]
    assert says(case(order(), charge(), disputes=lost)) == ["dispute_lost dspt_1"]
    assert says(case(order(status="cancelled"), voided("chrg_1"), disputes=lost)) == []
    assert says(case(None, charge(), needs_order=False, disputes=lost)) == []
    assert says(case(order(), charge(), disputes=[dispute(status="won")])) == []


def test_a_refund_on_its_way_is_late_after_five_business_days() -> None:
    refunded = charge(refunded_amount=10_000)
    asked = order(status="refunded", refunded_amount=10_000)
    back = case(asked, refunded, refunds=[refund(status="pending", created_at=NOON)])
    assert says(back) == []
    assert says(back, as_of=NOON + timedelta(days=9)) == ["refund_overdue rfnd_1"]
    (alone,) = breaks(
        case(None, charge(), needs_order=False, refunds=[refund(status="pending")]), as_of=NOON + timedelta(days=9)
    )
    assert (alone.code, alone.order_id, alone.charge_id) == ("refund_overdue", None, "chrg_1")


def test_a_charge_is_near_its_last_refund_where_the_configuration_says_so() -> None:
    given_back = [refund(f"rfnd_{number}", amount=1) for number in range(3)]
    split = case(None, charge(refunded_amount=3), needs_order=False, refunds=given_back)
    assert says(split) == []
    sooner = replace(CONTEXT, settings={"refund_count_limit": RuleSettings(thresholds={"at": 3})})
    assert says(split, using=sooner) == ["refund_count_limit chrg_1"]
    never = replace(CONTEXT, settings={"refund_count_limit": RuleSettings(enabled=False, thresholds={"at": 3})})
    assert says(split, using=never) == []


def test_a_break_on_the_order_speaks_for_its_charges() -> None:
    too_much = charge(refunded_amount=10_001)
    assert says(case(order(), too_much)) == ["refund_exceeds_charge chrg_1"]
    assert says(case(order(status="pending"), pending("chrg_1"), charge("chrg_2"))) == ["order_not_marked_paid A-1"]
