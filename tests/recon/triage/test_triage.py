"""Who agrees in whole columns, and what becomes a case."""

import pytest

from recon.model import Case
from recon.money import Tolerance
from recon.settings import WithoutOrders
from tests.kit.books import MINUTE, NOON, Job, Row, charge, failed, order, voided, with_context


def cases(orders: list[Row], charges: list[Row], *, everything: bool = False) -> tuple[Case, ...]:
    return Job().judged(orders, charges, everything=everything).triage.cases


def test_what_agrees_becomes_no_case_and_is_counted() -> None:
    judged = Job().judged([order("A-1"), order("A-2")], [charge(of="A-1")])
    assert [case.order.id for case in judged.triage.cases if case.order] == ["A-2"]
    assert judged.triage.agreeing_orders.tolist() == [True, False]


def test_everything_becomes_a_case_when_asked_for() -> None:
    found = cases([order()], [charge(), charge("chrg_2", None, 7)], everything=True)
    assert [(case.order.id if case.order else None, [one.id for one in case.charges]) for case in found] == [
        ("A-1", ["chrg_1"]),
        (None, ["chrg_2"]),
    ]


def test_a_case_holds_its_charges_by_creation_and_id_each_with_its_pass() -> None:
    charges = [
        charge("chrg_3", created_at=NOON + MINUTE),
        failed("chrg_2", created_at=NOON + MINUTE),
        failed("chrg_9", None, created_at=NOON, description="A-1"),
    ]
    (case,) = cases([order(amount=1)], charges)
    assert [(one.id, one.matched_by) for one in case.charges] == [
        ("chrg_9", "description"),
        ("chrg_2", "metadata"),
        ("chrg_3", "metadata"),
    ]


def test_a_case_of_several_orders_stands_under_the_first_id() -> None:
    (case,) = cases([order("A-2", 1), order("A-1", 2)], [charge(of="A-2,A-1")])
    assert case.order is not None
    assert (case.order.id, [one.id for one in case.other_orders], case.expected) == ("A-1", ["A-2"], 3)


def test_null_cells_become_none_and_moments_stay_aware() -> None:
    (case,) = cases([], [charge(of=None, captured_amount=None, method=None, expires_at=None)])
    (one,) = case.charges
    assert (one.captured.amount, one.method, one.expires_at, one.failure_code) == (10_000, None, None, None)
    assert one.created_at == NOON + MINUTE
    assert type(one.money.amount) is int


@pytest.mark.parametrize("status", ["paid", "pending", "cancelled", "refund_requested", "refunded"])
@pytest.mark.parametrize("money", [charge(), charge(refunded_amount=10_000), voided("chrg_1"), failed("chrg_1")])
@pytest.mark.parametrize("back", [0, 10_000])
def test_judging_all_finds_what_judging_the_rest_finds(status: str, money: Row, back: int) -> None:
    Job(group=None).breaks([order(status=status, refunded_amount=back)], [money])


def test_a_tolerance_agrees_in_columns_as_in_words() -> None:
    job = with_context(tolerance=Tolerance({"THB": 5}, {"THB": 1_000}))
    for off in (-11, -10, -1, 0, 10, 11):
        breaks = job.says([order()], [charge(amount=10_000 + off)])
        assert breaks == ["amount_mismatch A-1"] * (abs(off) > 10)


def test_charges_without_orders_by_design_are_counted() -> None:
    job = with_context(without_orders=WithoutOrders(frozenset({"link"})))
    triage = job.judged([], [charge("chrg_1", None, link="link_1"), failed("chrg_2", None, link="link_1")]).triage
    assert triage.by_design.tolist() == [True, False]
    assert triage.cases == ()
