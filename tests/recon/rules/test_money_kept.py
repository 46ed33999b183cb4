"""What refunds and lost disputes left of an order's money, within the tolerance, and of charges that pay several."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from recon.model import Break
from recon.money import Tolerance
from recon.settings import MatchSettings
from tests.kit.books import AS_OF, NOON, Job, Row, charge, failed, order, pending
from tests.kit.clocks import breaks, codes, context, dispute, only

TOLERANCE = Tolerance({"THB": 10})


def lost(amount: int, of: str = "chrg_1") -> dict[str, Any]:
    return {"disputes": [dispute(f"dspt_{of}", of=of, amount=amount, status="lost")]}


def tolerant(*rows: Sequence[Row]) -> list[str]:
    job = replace(Job(), settings=MatchSettings(tolerance=TOLERANCE), context=context(AS_OF, tolerance=TOLERANCE))
    return [one.code for one in replace(job, group=None).breaks(*rows)]


def of_code(code: str, found: Sequence[Break]) -> Break:
    (one,) = [one for one in found if one.code == code]
    return one


@pytest.mark.parametrize("back", [0, 10_000])
def test_all_that_went_back_agrees_though_the_amounts_differ_within_the_tolerance(back: int) -> None:
    refunded = [order(status="refunded", refunded_amount=back)]
    assert tolerant(refunded, [charge(amount=9_990, refunded_amount=9_990)]) == []
    assert tolerant(refunded, [charge(amount=9_990, refunded_amount=9_980)]) == ["refund_amount_mismatch"]
    assert tolerant(refunded, [charge(amount=9_980, refunded_amount=9_980)]) == [
        "amount_mismatch",
        "refund_amount_mismatch",
    ]


def test_all_of_an_order_is_a_full_refund_of_a_charge_within_the_tolerance() -> None:
    full_only = [charge(amount=10_010, method="truemoney", paid_at=NOON)]
    asked = [order(status="refund_requested", refunded_amount=10_000)]
    assert tolerant(asked, full_only) == []
    part = [order(status="refund_requested", refunded_amount=9_000)]
    assert tolerant(part, full_only) == ["refund_not_supported"]


@pytest.mark.parametrize(("taken_back", "at_risk"), [(0, 3_000), (1_000, 2_000), (3_000, None), (7_000, None)])
def test_what_a_lost_dispute_took_back_need_not_be_refunded(taken_back: int, at_risk: int | None) -> None:
    found = breaks(AS_OF, [order(refunded_amount=3_000)], [charge()], **lost(taken_back))
    told = [one.amount_at_risk for one in found if one.code == "refund_missing"]
    assert told == ([] if at_risk is None else [at_risk])


@pytest.mark.parametrize(("taken_back", "at_risk"), [(500, 1_500), (2_000, None), (5_000, None)])
def test_nor_need_what_it_took_besides_a_refund(taken_back: int, at_risk: int | None) -> None:
    found = breaks(AS_OF, [order(refunded_amount=3_000)], [charge(refunded_amount=1_000)], **lost(taken_back))
    told = [one.amount_at_risk for one in found if one.code == "refund_amount_mismatch"]
    assert told == ([] if at_risk is None else [at_risk])


@pytest.mark.parametrize("status", ["paid", "refunded", "refund_requested"])
def test_a_dispute_lost_what_the_shop_still_counts_as_paid(status: str) -> None:
    rows = [order(status=status, refunded_amount=3_000)], [charge()]
    assert of_code("dispute_lost", breaks(AS_OF, *rows, **lost(10_000))).amount_at_risk == 7_000
    assert of_code("dispute_lost", breaks(AS_OF, *rows, **lost(3_500))).amount_at_risk == 500
    assert "dispute_lost" not in codes(AS_OF, *rows, **lost(3_000))


def test_what_a_lost_dispute_took_is_not_at_risk_without_an_order() -> None:
    alone = [charge(of=None, was_failed=True)]
    found = breaks(AS_OF, [], alone, **lost(6_000))
    assert [(one.code, one.amount_at_risk) for one in found] == [("late_success", 4_000), ("order_missing", 4_000)]


def test_an_order_whose_payment_was_lost_is_not_to_be_delivered() -> None:
    found = only(AS_OF, [order(status="pending")], [charge()], **lost(10_000))
    assert (found.code, found.amount_at_risk) == ("order_not_marked_paid", 0)
    assert found.suggestion.startswith("Do not deliver")


def test_a_second_payment_that_was_lost_does_not_speak_for_the_order() -> None:
    using = context(AS_OF, split_sources=frozenset({"shop"}))
    twice = [charge("chrg_1"), charge("chrg_2")]
    assert codes(AS_OF, [order()], twice, using=using, **lost(10_000, "chrg_2")) == []
    scaled = [charge("chrg_1", amount=100_000), charge("chrg_2", currency="USD")]
    assert "amount_scale_mismatch" in codes(AS_OF, [order()], scaled, **lost(10_000, "chrg_2"))


@pytest.mark.parametrize(
    ("status", "raised"),
    [
        ("paid", ["amount_mismatch"]),
        ("pending", ["order_not_marked_paid"]),
        ("cancelled", ["order_cancelled_but_charged"]),
    ],
)
def test_money_that_was_taken_for_an_order_over_nothing_is_told(status: str, raised: list[str]) -> None:
    found = breaks(AS_OF, [order(amount=0, status=status)], [charge()])
    assert [(one.code, one.expected, one.actual, one.amount_at_risk) for one in found] == [
        (code, 0, 10_000, 10_000) for code in raised
    ]
    assert codes(AS_OF, [order(amount=0, status=status)], [charge(amount=0)]) == []
    assert codes(AS_OF, [order(amount=0, status=status)], [pending("chrg_1")]) == []


class TestSeveralOrders:
    def test_of_many_cancelled_orders_those_that_were_charged_are_found(self) -> None:
        cancelled = [order(f"A-{n:02}", 1_000 + 2**n, "cancelled") for n in range(1, 13)]
        rows = [order("A-00"), *cancelled]
        charged = sum(row["amount"] for row in (rows[0], *cancelled[::2]))
        ids = ",".join(row["order_id"] for row in rows)
        back = charged - rows[0]["amount"]
        assert codes(AS_OF, rows, [charge(of=ids, amount=charged, refunded_amount=back)]) == []
        found = only(AS_OF, rows, [charge(of=ids, amount=charged)])
        assert (found.code, found.order_id, found.amount_at_risk) == ("order_cancelled_but_charged", "A-01", back)

    def test_a_refund_of_an_order_that_was_not_charged_is_no_other_s(self) -> None:
        rows = [order("A-1"), order("A-2", 4_000, "cancelled", refunded_amount=4_000)]
        found = only(AS_OF, rows, [charge(of="A-1,A-2", refunded_amount=4_000)])
        assert (found.code, found.expected, found.actual) == ("amount_mismatch", 14_000, 10_000)
        assert codes(AS_OF, rows, [charge(of="A-1,A-2", amount=14_000, refunded_amount=4_000)]) == []
        asks = [order("A-1", status="refund_requested", refunded_amount=10_000), rows[1]]
        assert "amount_mismatch" in codes(AS_OF, asks, [charge(of="A-1,A-2", refunded_amount=4_000)])

    def test_all_that_is_held_is_kept_where_all_are_cancelled(self) -> None:
        rows = [order("A-1", 7_000, "cancelled"), order("A-2", 7_000, "cancelled")]
        found = only(AS_OF, rows, [charge(of="A-1,A-2", amount=14_007, refunded_amount=14_000)])
        assert (found.code, found.amount_at_risk) == ("order_cancelled_but_charged", 7)

    def test_what_went_back_of_a_cancelled_one_is_no_unrecorded_refund(self) -> None:
        rows = [order("A-1", 4_000, "cancelled"), order("A-2", status="pending")]
        found = breaks(AS_OF, rows, [charge(of="A-1,A-2", amount=14_000, refunded_amount=14_000)])
        told = of_code("refund_unrecorded", found)
        assert (told.order_id, told.actual, told.amount_at_risk) == ("A-2", 14_000, 10_000)

    def test_a_dispute_that_took_back_what_was_cancelled_lost_nothing(self) -> None:
        rows = [order("A-1"), order("A-2", 4_000, "cancelled")]
        assert codes(AS_OF, rows, [charge(of="A-1,A-2", amount=14_000)], **lost(4_000)) == []

    def test_a_payment_that_went_back_whole_has_no_part_in_what_a_second_one_holds(self) -> None:
        rows = [order("A-1"), order("A-2", 4_000, "cancelled")]
        twice = [charge("chrg_1", "A-1,A-2", 14_000, refunded_amount=14_000), charge("chrg_2", "A-1,A-2", 14_000)]
        found = only(AS_OF, rows, twice)
        assert (found.code, found.order_id, found.amount_at_risk) == ("order_cancelled_but_charged", "A-2", 4_000)
        both = [charge(f"chrg_{n}", of="A-1,A-2", refunded_amount=10_000) for n in (1, 2)]
        assert "refund_unrecorded" in codes(AS_OF, rows, both)

    def test_orders_that_were_paid_one_by_one_after_a_try_for_all(self) -> None:
        rows = [order("A-1"), order("A-2", 4_000, "refunded"), order("A-3", 5_000, refunded_amount=500)]
        tried = failed("chrg_0", "A-1,A-2,A-3", amount=19_000, created_at=NOON)
        paid = [
            charge("chrg_1", "A-1"),
            charge("chrg_2", "A-2", 4_000, refunded_amount=4_000),
            charge("chrg_3", "A-3", 5_000, refunded_amount=500),
        ]
        assert codes(AS_OF, rows, [tried, *paid]) == []
        assert codes(AS_OF, rows, [tried, *paid[:2], charge("chrg_3", "A-3", 5_000)]) == ["refund_amount_mismatch"]
