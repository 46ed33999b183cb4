"""Who agrees in whole columns, and what becomes a case."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.arrays import Mask
from recon.model import Break, Case, Exposure, Severity
from recon.money import Tolerance
from recon.rules import CATALOGUE, case_rules, judge
from recon.rules.rule import Rule
from recon.settings import Context, WithoutOrders
from recon.triage import triage
from recon.triage.columns import CaseColumns
from tests.kit import clocks
from tests.kit.books import AS_OF, DAY, MINUTE, NOON, Job, Row, charge, failed, order, voided, with_context
from tests.kit.clocks import dispute, refund
from tests.kit.properties import DEAR


def cases(orders: list[Row], charges: list[Row], *, everything: bool = False) -> tuple[Case, ...]:
    return Job().judged(orders, charges, everything=everything).triage.cases


def test_what_agrees_becomes_no_case_and_is_counted() -> None:
    judged = Job().judged([order("A-1"), order("A-2")], [charge(of="A-1")])
    assert [case.order.id for case in judged.triage.cases if case.order] == ["A-2"]


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


def _spotted(rule: Rule, case: Case, context: Context) -> Break | None:
    return rule.on_order(case, context, "A case was looked at.") if case.order else None


@pytest.mark.parametrize("with_mask", [True, False])
def test_a_rule_that_is_added_without_a_mask_is_asked_of_every_case(with_mask: bool) -> None:
    def nowhere(columns: CaseColumns, _context: Context) -> Mask:
        return np.zeros(len(columns.books.orders), dtype=bool)

    mask = nowhere if with_mask else None
    words = ("spotted", Severity.LOW, "order", "When.", "What.")
    group = "Order and charge"
    added = Rule(*words, _spotted, may_apply=mask, title="Spotted", exposure=Exposure.NO_CASH, group=group)
    rules = (*CATALOGUE, added)
    judged = Job().judged([order("A-1"), order("A-2")], [charge("chrg_1", "A-1"), charge("chrg_2", "A-2")])
    assert judged.triage.cases == ()
    context = Job().context
    again = triage(judged.books, judged.matching, judged.scope, context, case_rules(context, rules))
    breaks = [(raised.code, raised.subject_id) for raised in judge(again.cases, context, rules)]
    assert breaks == [] if with_mask else [("spotted", "A-1"), ("spotted", "A-2")]


BOOKS = st.fixed_dictionaries(
    {
        "orders": st.lists(
            st.tuples(
                st.sampled_from(["paid", "pending", "cancelled", "refund_requested", "refunded"]),
                st.sampled_from([0, 1_000, 10_000, 10_004]),
                st.sampled_from([0, 0, 4_000, 10_000]),
                st.sampled_from(["th", "sg"]),
            ),
            max_size=12,
        ),
        "charges": st.lists(
            st.tuples(
                st.sampled_from(["successful", "successful", "failed", "pending", "expired"]),
                st.sampled_from([10_000, 10_000, 1_000, 4_000, 100_000]),
                st.sampled_from([0, 0, 4_000, 10_000, 11_000]),
                st.sampled_from([*(f"A-{number}" for number in range(12)), "A-0,A-1", None]),
                st.sampled_from([{}, {"voided": True}, {"was_failed": True}, {"currency": "SGD"}, {"account": "sg"}]),
            ),
            max_size=16,
        ),
        "refunds": st.lists(
            st.tuples(st.integers(0, 16), st.sampled_from(["pending", "closed", "failed"])), max_size=3
        ),
        "disputes": st.lists(st.tuples(st.integers(0, 16), st.sampled_from(["open", "lost", "won"])), max_size=2),
        "tolerance": st.sampled_from([Tolerance(), Tolerance({"THB": 5}), Tolerance({"THB": 10_000})]),
        "count": st.sampled_from([0, 1, 2, 13]),
        "days": st.sampled_from([0, 20, 400]),
    }
)


@DEAR
@given(BOOKS)
def test_a_mask_hides_no_break_of_any_books(drawn: dict[str, Any]) -> None:
    orders = [
        order(f"A-{number}", amount, status, refunded_amount=back, account=account)
        for number, (status, amount, back, account) in enumerate(drawn["orders"])
    ]
    charges = [
        charge(f"chrg_{number}", of, amount, status=status, refunded_amount=back, **fields)
        for number, (status, amount, back, of, fields) in enumerate(drawn["charges"])
    ]
    refunds = [
        refund(f"rfnd_{number}", f"chrg_{of}", 1_000, status=status)
        for number, (of, status) in enumerate(drawn["refunds"])
    ]
    disputes = [
        dispute(f"dspt_{number}", f"chrg_{of}", status=status)
        for number, (of, status) in enumerate(drawn["disputes"])
    ]
    using = clocks.context(
        AS_OF + drawn["days"] * DAY,
        thresholds={"refund_count_limit": {"at": drawn["count"]}},
        tolerance=drawn["tolerance"],
    )
    clocks.breaks(using.as_of, orders, charges, using=using, refunds=refunds, disputes=disputes)
