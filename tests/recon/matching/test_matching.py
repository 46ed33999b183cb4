"""Which pass links what, how sure it must be, and what an earlier run's links mean to a later one."""

import re
from datetime import timedelta
from typing import Any

import pytest

from recon import columns as c
from recon.matching import PASSES, links, match
from recon.matching.by_amount import MOST_NAMED
from recon.money import Tolerance
from recon.settings import MatchSettings
from tests.kit.books import DAY, HOUR, MINUTE, NOON, Job, ambiguous_of, books, charge, failed, links_of, order, voided


def found(orders: list, charges: list, **settings: object) -> list[str]:  # type: ignore[type-arg]
    """Every link in words, by these settings of the matching."""
    return links_of(Job(MatchSettings(**settings)).judged(orders, charges))  # type: ignore[arg-type]


def test_the_passes_stand_from_the_most_certain_to_the_least() -> None:
    names = [one.name for one in PASSES]
    assert names == [
        "by hand",
        "charge id",
        "metadata",
        "description",
        "recorded",
        "amount, time and customer",
        "amount and time",
    ]


class TestNames:
    def test_the_order_names_its_charge(self) -> None:
        assert found([order(charge_id="chrg_1")], [charge(of=None)]) == ["A-1 chrg_1 charge id"]

    def test_the_charge_names_its_order_in_the_metadata(self) -> None:
        assert found([order()], [charge()]) == ["A-1 chrg_1 metadata"]

    @pytest.mark.parametrize(
        "text", ["A-1", "Order A-1", "order #A-1, thank you", "(A-1)", "Order:\tA-1.", "[A-1] / shop", '"A-1"']
    )
    def test_the_description_holds_the_id_as_a_word(self, text: str) -> None:
        assert found([order()], [charge(of=None, amount=5, description=text)]) == ["A-1 chrg_1 description"]

    @pytest.mark.parametrize("text", ["A-11", "XA-1", "A-1-2", "a-1", "A 1", "", "A-1/A-2"])
    def test_what_only_resembles_the_id_is_no_name(self, text: str) -> None:
        assert found([order()], [charge(of=None, amount=5, description=text)]) == []

    def test_a_hash_sign_may_be_part_of_the_id(self) -> None:
        assert found([order("#7")], [charge(of=None, amount=5, description="for #7")]) == ["#7 chrg_1 description"]

    def test_a_pattern_says_where_its_sources_ids_stand(self) -> None:
        patterns = {"shop": re.compile(r"inv=(\d+)")}
        orders = [order("12"), order("34", source="other")]
        texts = [
            charge("chrg_1", None, 5, description="34 items inv=12"),
            charge("chrg_2", None, 5, description="34"),
        ]
        assert found(orders, texts, patterns=patterns) == ["34 chrg_2 description"]
        assert found(orders[:1], texts, patterns=patterns) == ["12 chrg_1 description"]

    def test_the_most_certain_name_wins(self) -> None:
        orders = [order("A-1", charge_id="chrg_1"), order("A-2"), order("A-3")]
        assert found(orders, [charge(of="A-2", description="A-3")]) == ["A-1 chrg_1 charge id"]
        assert found(orders[1:], [charge(of="A-2", description="A-3")]) == ["A-2 chrg_1 metadata"]

    def test_an_order_has_all_the_charges_that_name_it(self) -> None:
        charges = [failed("chrg_1"), charge("chrg_2"), charge("chrg_3", None, description="A-1")]
        assert found([order(charge_id="chrg_2")], charges) == [
            "A-1 chrg_1 metadata",
            "A-1 chrg_2 charge id",
            "A-1 chrg_3 description",
        ]

    def test_equal_ids_in_two_accounts_stay_apart(self) -> None:
        orders = [order(), order(account="sg", amount=7)]
        charges = [charge("chrg_1", amount=7, account="sg"), charge("chrg_2")]
        judged = Job().judged(orders, charges)
        pairs = links(judged.books.orders, judged.books.charges, judged.matching)
        assert pairs[[c.ORDER_ACCOUNT, c.CHARGE_ID]].values.tolist() == [["sg", "chrg_1"], ["th", "chrg_2"]]


class TestAmounts:
    def test_a_pair_that_is_alone_on_both_sides_is_linked(self) -> None:
        orders, charges = [order("A-1"), order("A-2", 7_000)], [charge("chrg_1", None, 7_000), charge("chrg_2", None)]
        assert found(orders, charges) == ["A-1 chrg_2 amount and time", "A-2 chrg_1 amount and time"]

    @pytest.mark.parametrize(("late", "linked"), [(72 * HOUR, True), (72 * HOUR + timedelta(microseconds=1), False)])
    def test_the_window_holds_both_its_ends(self, late: timedelta, linked: bool) -> None:
        for sign in (1, -1):
            charges = [charge(of=None, created_at=NOON + sign * late)]
            assert found([order()], charges) == ["A-1 chrg_1 amount and time"] * linked

    def test_the_window_can_be_set(self) -> None:
        assert found([order()], [charge(of=None, created_at=NOON + HOUR)], window=30 * MINUTE) == []

    @pytest.mark.parametrize(("amount", "linked"), [(9_950, True), (9_949, False), (10_050, True), (10_051, False)])
    def test_the_tolerance_counts(self, amount: int, linked: bool) -> None:
        charges = [charge(of=None, amount=amount)]
        assert bool(found([order()], charges, tolerance=Tolerance({"THB": 50}))) == linked

    def test_within_the_tolerance_nearer_is_not_better(self) -> None:
        charges = [charge("chrg_1", None), charge("chrg_2", None, 10_010)]
        assert found([order()], charges, tolerance=Tolerance({"THB": 50})) == []

    def test_the_captured_part_counts(self) -> None:
        assert found([order(amount=6_000)], [charge(of=None, captured_amount=6_000)]) != []

    def test_another_currency_or_account_never_fits(self) -> None:
        assert found([order()], [charge(of=None, currency="USD"), charge("chrg_2", None, account="sg")]) == []

    def test_who_names_somebody_is_left_alone_even_where_the_name_is_unknown(self) -> None:
        assert found([order()], [charge(of="nobody")]) == []
        assert found([order(charge_id="chrg_9")], [charge(of=None)]) == []
        patterns = {"shop": re.compile(r"inv=(\d+)")}
        assert found([order()], [charge(of=None, description="inv=99")], patterns=patterns) == []

    @pytest.mark.parametrize("status", ["failed", "pending", "expired", "reversed", "on_the_moon"])
    def test_only_a_successful_charge_is_a_candidate(self, status: str) -> None:
        assert found([order()], [charge(of=None, status=status)]) == []

    def test_a_refunded_order_may_be_found_by_its_voided_charge(self) -> None:
        orders = [order(status="refunded", refunded_amount=10_000)]
        assert found(orders, [voided("chrg_1", None)]) == ["A-1 chrg_1 amount and time"]

    def test_orders_over_nothing_have_no_candidates(self) -> None:
        assert found([order(amount=0)], [charge(of=None, amount=0)]) == []


class TestCustomers:
    def test_equal_amounts_are_told_apart_by_their_customers(self) -> None:
        orders = [order("A-1", customer="h1"), order("A-2", customer="h2")]
        charges = [charge("chrg_1", None, customer="h2"), charge("chrg_2", None, customer="h1")]
        assert found(orders, charges) == [
            "A-1 chrg_2 amount, time and customer",
            "A-2 chrg_1 amount, time and customer",
        ]

    def test_customers_that_contradict_are_never_linked(self) -> None:
        assert found([order(customer="h1")], [charge(of=None, customer="h2")]) == []

    @pytest.mark.parametrize(("ours", "theirs"), [("h1", None), (None, "h1"), (None, None)])
    def test_an_unknown_customer_contradicts_nobody(self, ours: str | None, theirs: str | None) -> None:
        pair = found([order(customer=ours)], [charge(of=None, customer=theirs)])
        assert pair == ["A-1 chrg_1 amount and time"]

    def test_two_equal_orders_of_one_customer_are_ambiguous(self) -> None:
        orders = [order("A-1", customer="h1"), order("A-2", customer="h1")]
        judged = Job().judged(orders, [charge(of=None, customer="h1")])
        assert ambiguous_of(judged) == {"A-1": ["chrg_1"], "A-2": ["chrg_1"]}


class TestStates:
    def test_a_paid_order_is_a_better_candidate_than_one_that_nobody_paid(self) -> None:
        orders = [order("A-1", status="pending"), order("A-2"), order("A-3", status="cancelled")]
        assert found(orders, [charge(of=None)]) == ["A-2 chrg_1 amount and time"]

    def test_money_given_back_belongs_to_the_order_that_was_cancelled(self) -> None:
        orders = [order("A-1", status="cancelled"), order("A-2")]
        assert found(orders, [charge(of=None, refunded_amount=10_000)]) == ["A-1 chrg_1 amount and time"]

    def test_money_given_back_belongs_to_the_refunded_order_that_does_not_say_how_much(self) -> None:
        orders = [order("A-1"), order("A-2", status="refunded")]
        charges = [charge("chrg_1", None, refunded_amount=10_000), charge("chrg_2", None)]
        assert found(orders, charges) == ["A-1 chrg_2 amount and time", "A-2 chrg_1 amount and time"]

    def test_a_lost_webhook_is_found_without_a_name(self) -> None:
        assert Job().says([order(status="pending")], [charge(of=None)]) == ["order_not_marked_paid A-1"]

    def test_among_orders_that_nobody_paid_nothing_is_guessed(self) -> None:
        orders = [order("A-1", status="pending"), order("A-2", status="pending")]
        assert Job().says(orders, [charge(of=None)]) == ["order_missing chrg_1"]


def test_of_very_many_candidates_the_nearest_are_named_and_all_are_counted() -> None:
    count = MOST_NAMED + 1_000
    charges = [charge(f"chrg_{at:03}", None, created_at=NOON + at * MINUTE) for at in range(count)]
    judged = Job().judged([order()], charges)
    assert ambiguous_of(judged)["A-1"] == [f"chrg_{at:03}" for at in range(MOST_NAMED)]
    assert judged.matching.unnamed == {0: 1_000}
    assert Job().says([order()], charges) == ["match_ambiguous A-1"]
    (found,) = Job().breaks([order()], charges)
    assert "any of 1,050 charges, of which these are the nearest in time: chrg_000, chrg_001," in found.explanation


class TestAcrossRuns:
    def test_a_link_of_last_night_stays_when_an_equal_charge_arrives(self) -> None:
        first = books([order()], [charge("chrg_1", None)])
        recorded = links(first.orders, first.charges, match(first.orders, first.charges, MatchSettings()))
        orders, charges = [order()], [charge("chrg_0", None), charge("chrg_1", None)]
        assert Job().says(orders, charges) == ["match_ambiguous A-1"]
        tonight = Job(recorded=recorded)
        assert tonight.links(orders, charges) == ["A-1 chrg_1 amount and time"]
        assert tonight.says(orders, charges) == ["order_missing chrg_0"]

    def test_a_charge_explained_once_is_not_offered_to_a_later_order(self) -> None:
        first = books([order()], [charge(of=None)])
        recorded = links(first.orders, first.charges, match(first.orders, first.charges, MatchSettings()))
        tonight = Job(recorded=recorded)
        assert tonight.says([order(), order("A-0", created_at=NOON + DAY)], [charge(of=None)]) == [
            "charge_missing A-0"
        ]

    @pytest.mark.parametrize(
        ("orders", "charges", "expected"),
        [
            ([order()], [charge(of="A-2")], []),
            ([order(charge_id="chrg_2")], [charge(of=None), charge("chrg_2", None)], ["A-1 chrg_2 charge id"]),
            ([order(), order("A-2")], [charge(of="A-2")], ["A-2 chrg_1 metadata"]),
            ([order(amount=10_001)], [charge(of=None)], []),
            ([order(currency="USD")], [charge(of=None)], []),
            ([order()], [charge(of=None, status="failed")], []),
            ([order("A-2")], [charge(of=None)], ["A-2 chrg_1 amount and time"]),
        ],
        ids=["named since", "names another", "another's name", "amount", "currency", "failed since", "order gone"],
    )
    def test_but_not_against_a_name_or_other_facts(
        self,
        orders: list[Any],
        charges: list[Any],
        expected: list[str],
    ) -> None:
        recorded = c.LINKS.from_rows([("th", "A-1", "th", "chrg_1", "amount and time")])
        assert Job(recorded=recorded).links(orders, charges) == expected

    def test_a_recorded_name_is_not_trusted_but_looked_up_again(self) -> None:
        recorded = c.LINKS.from_rows([("th", "A-1", "th", "chrg_1", "metadata")])
        assert Job(recorded=recorded).links([order()], [charge(of=None, amount=1)]) == []

    def test_links_of_accounts_that_are_not_loaded_mean_nothing(self) -> None:
        recorded = c.LINKS.from_rows([("my", "A-1", "my", "chrg_1", "amount and time")])
        assert Job(recorded=recorded).links([order()], [charge(of=None)]) == ["A-1 chrg_1 amount and time"]
