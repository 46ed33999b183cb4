"""Orders to charges: both sides summed alone, and nothing unexplained unless something is wrong."""

from dataclasses import replace

import pytest

from recon.model import Proof, Window
from recon.money import Tolerance
from recon.result.proofs import orders_to_charges, sides_of
from recon.settings import RuleSettings, WithoutOrders
from recon.settlement.gaps import Reasons
from tests.kit.books import (
    AS_OF,
    DAY,
    EVER,
    MINUTE,
    NOON,
    Job,
    Row,
    books,
    charge,
    failed,
    order,
    voided,
    with_context,
)
from tests.kit.clocks import dispute
from tests.recon.result.test_result import result_of


def proof(orders: list[Row], charges: list[Row], job: Job | None = None, window: Window = EVER) -> Proof:
    (found,) = [
        one for one in result_of(orders, charges, job, window=window).proofs if one.name == "orders_to_charges"
    ]
    return found


def test_both_sides_agree() -> None:
    found = proof([order("A-1"), order("A-2", 500)], [charge(of="A-1"), charge("chrg_2", "A-2", 500)])
    assert (found.left, found.right, found.difference, found.unexplained) == (10_500, 10_500, 0, 0)


@pytest.mark.parametrize(
    ("orders", "charges"),
    [
        ([order()], []),
        ([order()], [charge(amount=9_000)]),
        ([order()], [failed("chrg_1")]),
        ([order()], [charge("chrg_1"), charge("chrg_2")]),
        ([order()], [charge(account="sg")]),
        ([order("A-2", 1), order("A-1", 2)], [charge(of="A-1,A-2")]),
        ([order("A-1"), order("A-2")], [charge(of=None)]),
        ([], [charge(of=None)]),
        ([order(status="pending")], [charge()]),
        ([order(status="cancelled")], [charge()]),
    ],
)
def test_a_gap_that_an_open_break_stands_for_is_explained(orders: list[Row], charges: list[Row]) -> None:
    found = result_of(orders, charges).proofs
    assert [one.unexplained for one in found] == [0] * len(found)


def test_what_is_too_young_to_miss_its_other_side_explains_its_gap() -> None:
    young = AS_OF - MINUTE
    sides = [order(created_at=young)], [charge("chrg_1", None, 700, created_at=young)]
    found = proof(*sides)
    assert (found.difference, found.explained) == (-9_300, -9_300)
    result = result_of(*sides)
    assert (result.orders, result.expecting_orders, result.matched_orders) == (1, 0, 0)


def test_the_edge_of_the_range_explains_itself() -> None:
    window = replace(EVER, end=NOON + MINUTE)
    found = proof([order()], [charge(created_at=NOON + MINUTE)], window=window)
    assert (found.left, found.right, found.explained, found.unexplained) == (10_000, 0, -10_000, 0)


def test_money_that_went_back_is_explained_by_its_order() -> None:
    assert proof([order(status="cancelled")], [charge(refunded_amount=10_000)]).unexplained == 0
    assert proof([order(status="refunded", refunded_amount=10_000)], [voided("chrg_1")]).unexplained == 0


def test_a_charge_of_several_orders_is_explained_by_their_states() -> None:
    rows = [order("A-1", 10_000), order("A-2", 20_000, "cancelled"), order("A-3", 5_000, "pending", created_at=AS_OF)]
    of_all = charge(of="A-1,A-2,A-3", amount=35_000, refunded_amount=20_000, created_at=AS_OF, paid_at=AS_OF)
    found = proof(rows, [of_all])
    assert [(item.what, item.amount) for item in found.items] == [
        ("cancelled orders", 20_000),
        ("orders that are not yet due to be marked as paid", 5_000),
    ]
    assert found.unexplained == 0
    assert [
        one.unexplained
        for one in result_of(
            [*rows[:2], order("A-3", 9_000, "cancelled")],
            [charge(of="A-1,A-2,A-3", amount=19_000, refunded_amount=9_000)],
        ).proofs
    ] == [0]
    off = with_context(settings={"amount_mismatch": RuleSettings(enabled=False)})
    assert proof(rows, [{**of_all, "amount": 35_100, "captured_amount": 35_100}], off).unexplained == 100


def test_a_duplicate_that_was_lost_in_a_dispute_is_explained() -> None:
    twice = [charge("chrg_1"), charge("chrg_2")]
    judged = Job().judge_books(books([order()], twice, AS_OF, disputes=[dispute(of="chrg_2", status="lost")]))
    (found,) = orders_to_charges(judged, sides_of(judged.books, "th", EVER), Reasons())
    assert [(item.what, item.amount) for item in found.items] == [("charges that lost disputes took back", 10_000)]
    assert found.unexplained == 0


def test_a_charge_of_another_accounts_order_is_that_accounts_affair() -> None:
    found = result_of([order(account="sg", charge_id="chrg_1")], [charge(of=None, amount=100)]).proofs
    assert [one.unexplained for one in found] == [0]


def test_charges_by_design_are_explained() -> None:
    job = with_context(without_orders=WithoutOrders(frozenset({"link"})))
    assert proof([], [charge(of=None, link="link_1")], job).unexplained == 0


@pytest.mark.parametrize(("amount", "unexplained"), [(10_100, 0), (9_900, 0), (10_101, 101)])
def test_the_tolerance_counts_from_the_order(amount: int, unexplained: int) -> None:
    off = {"amount_mismatch": RuleSettings(enabled=False)}
    job = with_context(tolerance=Tolerance(relative_ppm={"THB": 10_000}), settings=off)
    assert proof([order()], [charge(amount=amount)], job).unexplained == unexplained


def test_a_rule_that_is_off_leaves_its_gap_unexplained() -> None:
    off = {code: RuleSettings(enabled=False) for code in ("amount_mismatch", "order_missing")}
    job = with_context(settings=off)
    assert proof([order()], [charge(amount=9_000)], job).unexplained == -1_000
    assert proof([], [charge(of=None)], job).unexplained == 10_000


def test_several_small_gaps_add_up_and_do_not_hide_each_other() -> None:
    off = {"amount_mismatch": RuleSettings(enabled=False)}
    orders = [order("A-1"), order("A-2", created_at=NOON - DAY)]
    charges = [charge("chrg_1", "A-1", 10_007), charge("chrg_2", "A-2", 9_998)]
    assert proof(orders, charges, with_context(settings=off)).unexplained == 5
