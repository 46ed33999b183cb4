"""What the job says of orders and their charges, in words: an order of ..., a charge of ..., the job says ..."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from recon.money import Tolerance
from recon.result.not_judged import not_judged
from recon.settings import Context, RuleSettings, WithoutOrders
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
    says,
    voided,
    with_context,
)

TWO = NOON + 2 * MINUTE


class TestAgreement:
    def test_a_paid_order_with_its_successful_charge_agrees(self) -> None:
        assert says([order()], [charge()]) == []

    def test_failed_tries_before_the_success_are_no_break(self) -> None:
        tries = [failed("chrg_1"), failed("chrg_2"), charge("chrg_3")]
        assert says([order()], tries) == []

    def test_a_pending_order_that_nobody_paid_agrees(self) -> None:
        assert says([order(status="pending")], []) == []

    def test_a_cancelled_order_after_failed_tries_agrees(self) -> None:
        assert says([order(status="cancelled")], [failed("chrg_1"), failed("chrg_2")]) == []

    def test_an_order_says_the_captured_part_of_a_larger_authorisation(self) -> None:
        assert says([order(amount=6_000)], [charge(amount=10_000, captured_amount=6_000)]) == []

    def test_an_order_over_nothing_is_counted_and_not_judged(self) -> None:
        assert says([order(amount=0)], []) == []
        assert Job().judged([order(amount=0)], []).triage.zero.tolist() == [True]

    def test_an_order_in_dollars_charged_in_dollars_and_funded_in_baht_agrees(self) -> None:
        dollars = charge(currency="USD", funding_amount=350_000, funding_currency="THB")
        assert says([order(currency="USD")], [dollars]) == []


class TestNoMoney:
    def test_paid_without_any_charge(self) -> None:
        found = Job().break_([order()], [])
        assert (found.code, found.subject_id, found.expected, found.actual) == ("charge_missing", "A-1", 10_000, 0)
        assert found.explanation == "Order A-1 (THB 100.00) is paid, but there is no charge for it at Omise."

    def test_refunded_without_any_charge(self) -> None:
        assert "charge_missing A-1" in says([order(status="refunded")], [])

    def test_the_charge_that_it_names_is_named(self) -> None:
        found = Job().break_([order(charge_id="chrg_9")], [])
        assert found.code == "charge_missing"
        assert "chrg_9" in found.explanation

    def test_paid_while_the_charge_pends(self) -> None:
        found = Job().break_([order()], [failed("chrg_1"), pending("chrg_2")])
        assert (found.code, found.charge_id) == ("order_paid_charge_pending", "chrg_2")

    def test_a_pending_charge_of_a_paid_order_is_not_stuck_besides(self) -> None:
        long_ago = pending("chrg_1", expires_at=NOON + HOUR)
        assert Job(group=None).says([order()], [long_ago]) == ["order_paid_charge_pending A-1"]

    @pytest.mark.parametrize("status", ["failed", "expired", "reversed"])
    def test_paid_while_every_charge_came_to_nothing(self, status: str) -> None:
        assert says([order()], [charge(status=status)]) == ["order_paid_charge_failed A-1"]

    def test_paid_while_its_only_charge_was_voided(self) -> None:
        found = Job().break_([order()], [voided("chrg_1")])
        assert (found.code, found.severity.word) == ("order_paid_charge_failed", "critical")
        assert "its only charge chrg_1 was voided" in found.explanation

    def test_the_last_of_several_failures_is_told_with_its_reason(self) -> None:
        last = failed("chrg_2", created_at=TWO, failure_code="payment_rejected")
        found = Job().break_([order()], [last, failed("chrg_1")])
        assert "all 2 charges failed; the last, chrg_2 is failed (payment_rejected)" in found.explanation

    def test_a_status_that_nobody_knows_is_shown_and_not_taken_for_money(self) -> None:
        job = Job()
        tries = [charge(status="on_the_moon")]
        assert job.breaks([order()], tries) == []
        notes = not_judged(job.judged([order()], tries), "th")
        assert {note.words: note.count for note in notes} == {
            'orders whose charge has the status "on_the_moon", which nobody knows here': 1
        }

    @pytest.mark.parametrize(
        ("orders", "tries"),
        [
            ([order(status="pending")], [charge(status="on_the_moon")]),
            ([], [charge(of=None, status="on_the_moon")]),
            ([order()], [charge("chrg_1"), charge("chrg_2", status="on_the_moon")]),
        ],
    )
    def test_a_charge_of_such_a_status_is_counted_where_no_order_waits_for_it(
        self, orders: list[Row], tries: list[Row]
    ) -> None:
        job = Job()
        assert job.breaks(orders, tries) == []
        notes = not_judged(job.judged(orders, tries), "th")
        assert [(note.words, note.count) for note in notes] == [
            ('charges of the status "on_the_moon", which nobody knows here', 1)
        ]


class TestMoneyWithoutOrder:
    def test_a_successful_charge_of_nobody(self) -> None:
        found = Job().break_([], [charge(of=None)])
        assert (found.code, found.subject_type, found.subject_id) == ("order_missing", "charge", "chrg_1")
        assert (found.expected, found.actual, found.amount_at_risk) == (0, 10_000, 10_000)

    def test_it_names_an_order_that_nobody_knows(self) -> None:
        assert says([order("A-2")], [charge(of="A-1")]) == ["charge_missing A-2", "order_missing chrg_1"]

    def test_what_was_refunded_is_no_longer_at_risk(self) -> None:
        assert Job().break_([], [charge(of=None, refunded_amount=4_000)]).amount_at_risk == 6_000

    def test_voided_failed_and_pending_charges_need_no_order(self) -> None:
        assert says([], [voided("chrg_1", None), failed("chrg_2", None), pending("chrg_3", None)]) == []

    def test_links_schedules_and_named_descriptions_need_none_by_design(self) -> None:
        design = WithoutOrders(frozenset({"link", "schedule"}), "^Donation")
        job = with_context(without_orders=design)
        charges = [
            charge("chrg_1", None, link="link_1"),
            charge("chrg_2", None, schedule="schd_1"),
            charge("chrg_3", None, description="Donation, thank you"),
            charge("chrg_4", None, description="A Donation"),
        ]
        assert job.says([], charges) == ["order_missing chrg_4"]
        assert job.judged([], charges).triage.by_design.tolist() == [True, True, True, False]

    def test_a_charge_by_design_that_names_an_order_is_judged_with_it(self) -> None:
        job = with_context(without_orders=WithoutOrders(frozenset({"link"})))
        assert job.says([order()], [charge(amount=9_000, link="link_1")]) == ["amount_mismatch A-1"]


class TestShopIsBehind:
    def test_a_lost_webhook(self) -> None:
        found = Job().break_([order(status="pending")], [charge()])
        assert (found.code, found.expected, found.actual) == ("order_not_marked_paid", 0, 10_000)

    @pytest.mark.parametrize(("late", "expected"), [(timedelta(0), []), (timedelta(microseconds=1), ["A-1"])])
    def test_the_webhook_has_thirty_minutes(self, late: timedelta, expected: list[str]) -> None:
        paid = charge(paid_at=AS_OF - 30 * MINUTE - late, created_at=AS_OF - HOUR)
        found = says([order(status="pending")], [paid])
        assert found == [f"order_not_marked_paid {one}" for one in expected]

    def test_the_grace_can_be_set(self) -> None:
        patient = RuleSettings(thresholds={"grace": 4 * DAY})
        job = with_context(settings={"order_not_marked_paid": patient})
        assert job.says([order(status="pending")], [charge()]) == []

    def test_cancelled_and_the_money_kept(self) -> None:
        found = Job().break_([order(status="cancelled")], [charge(refunded_amount=2_500)])
        assert (found.code, found.actual, found.amount_at_risk) == ("order_cancelled_but_charged", 7_500, 7_500)

    def test_cancelled_and_paid_twice_tells_all_that_is_kept(self) -> None:
        found = Job().break_([order(status="cancelled")], [charge("chrg_1"), charge("chrg_2")])
        assert (found.code, found.actual) == ("order_cancelled_but_charged", 20_000)
        assert "chrg_1" in found.explanation
        assert "chrg_2" in found.explanation

    @pytest.mark.parametrize("back", [charge(refunded_amount=10_000), voided("chrg_1")])
    def test_cancelled_and_all_given_back_agrees(self, back: dict[str, object]) -> None:
        assert says([order(status="cancelled")], [back]) == []


class TestPaidTwice:
    def test_the_charge_that_the_order_does_not_point_at_is_to_be_refunded(self) -> None:
        charges = [charge("chrg_1"), charge("chrg_2", created_at=TWO)]
        found = Job().break_([order(charge_id="chrg_2")], charges)
        assert (found.code, found.charge_id) == ("duplicate_charge", "chrg_1")
        assert found.suggestion.startswith("Refund THB 100.00 of chrg_1")
        assert found.suggestion.endswith("Keep chrg_2.")
        assert (found.expected, found.actual, found.amount_at_risk) == (10_000, 20_000, 10_000)

    def test_without_a_word_of_the_order_the_later_one_is(self) -> None:
        found = Job().break_([order()], [charge("chrg_0", created_at=TWO), charge("chrg_9")])
        assert found.charge_id == "chrg_0"
        assert found.suggestion.endswith("Keep chrg_9.")

    def test_the_one_that_pays_the_order_stays_even_if_the_other_came_first(self) -> None:
        found = Job().break_([order()], [charge("chrg_1", amount=500), charge("chrg_2", created_at=TWO)])
        assert (found.code, found.charge_id) == ("duplicate_charge", "chrg_1")
        assert found.amount_at_risk == 500

    @pytest.mark.parametrize("first", [True, False])
    def test_a_duplicate_that_was_given_back_is_no_break(self, first: bool) -> None:
        back = charge("chrg_1", refunded_amount=10_000, created_at=NOON if first else TWO)
        assert says([order()], [back, charge("chrg_2")]) == []

    def test_two_charges_of_which_none_pays_the_order_are_a_difference(self) -> None:
        charges = [charge("chrg_1", amount=4_000), charge("chrg_2", amount=5_000)]
        assert says([order()], charges) == ["amount_mismatch A-1"]

    def test_where_payments_may_be_split_their_sum_is_the_order(self) -> None:
        parts = [charge("chrg_1", amount=4_000), charge("chrg_2", amount=6_000)]
        assert with_context(split_sources=frozenset({"shop"})).says([order()], parts) == []
        assert says([order()], parts) == ["amount_mismatch A-1"]

    def test_a_split_payment_that_does_not_add_up(self) -> None:
        parts = [charge("chrg_1", amount=4_000), charge("chrg_2", amount=5_000)]
        found = with_context(split_sources=frozenset({"shop"})).break_([order()], parts)
        assert (found.code, found.expected, found.actual) == ("amount_mismatch", 10_000, 9_000)

    def test_twice_the_whole_is_a_duplicate_where_payments_may_be_split_too(self) -> None:
        twice = [charge("chrg_1"), charge("chrg_2", created_at=TWO)]
        assert with_context(split_sources=frozenset({"shop"})).says([order()], twice) == ["duplicate_charge A-1"]


class TestAmounts:
    @pytest.mark.parametrize(("amount", "expected"), [(9_999, True), (10_000, False), (10_001, True)])
    def test_without_a_tolerance_one_satang_is_a_break(self, amount: int, expected: bool) -> None:
        assert says([order()], [charge(amount=amount)]) == ["amount_mismatch A-1"] * expected

    @pytest.mark.parametrize(("amount", "expected"), [(9_950, False), (9_949, True), (10_050, False), (10_051, True)])
    def test_an_absolute_tolerance(self, amount: int, expected: bool) -> None:
        job = with_context(tolerance=Tolerance({"THB": 50}))
        assert job.says([order()], [charge(amount=amount)]) == ["amount_mismatch A-1"] * expected

    @pytest.mark.parametrize(("amount", "expected"), [(10_100, False), (10_101, True)])
    def test_a_relative_tolerance_counts_from_the_order(self, amount: int, expected: bool) -> None:
        job = with_context(tolerance=Tolerance(relative_ppm={"THB": 10_000}))  # 1 %
        assert job.says([order()], [charge(amount=amount)]) == ["amount_mismatch A-1"] * expected

    def test_what_omise_made_of_another_currency_is_told(self) -> None:
        paid = charge(currency="USD", amount=300, captured_amount=300, funding_amount=10_000, funding_currency="THB")
        found = Job().break_([order()], [paid])
        words = "Order A-1 (THB 100.00) is paid, but charge chrg_1 took USD 3.00, which Omise took in as THB 100.00."
        assert (found.code, found.explanation) == ("currency_mismatch", words)

    def test_a_tolerance_of_another_currency_helps_nobody(self) -> None:
        job = with_context(tolerance=Tolerance({"SGD": 50}))
        assert job.says([order()], [charge(amount=9_999)]) == ["amount_mismatch A-1"]

    @pytest.mark.parametrize("amount", [1_000, 100, 100_000, 1_000_000])
    def test_a_power_of_ten_is_a_scale_that_was_misread(self, amount: int) -> None:
        found = Job().break_([order()], [charge(amount=amount)])
        assert (found.code, found.severity.word) == ("amount_scale_mismatch", "critical")
        assert (found.expected, found.actual, found.difference) == (10_000, amount, amount - 10_000)

    def test_twenty_times_is_no_power_of_ten(self) -> None:
        assert says([order()], [charge(amount=200_000)]) == ["amount_mismatch A-1"]

    def test_the_captured_part_counts(self) -> None:
        assert says([order()], [charge(captured_amount=9_000)]) == ["amount_mismatch A-1"]

    def test_another_currency_is_told_before_the_amount(self) -> None:
        found = Job().break_([order()], [charge(currency="USD", amount=9_000)])
        assert (found.code, found.currency, found.actual) == ("currency_mismatch", "THB", None)


class TestOneChargeForSeveralOrders:
    def test_a_list_in_the_metadata(self) -> None:
        orders = [order("A-1", 4_000), order("A-2", 6_000)]
        for names in ('["A-1","A-2"]', "A-1, A-2", "A-2;A-1"):
            assert says(orders, [charge(of=names)]) == []

    def test_a_list_of_numbers(self) -> None:
        assert says([order("1", 4_000), order("2", 6_000)], [charge(of="[1,2]")]) == []

    def test_a_list_of_one(self) -> None:
        assert says([order()], [charge(of='["A-1"]')]) == []

    def test_a_list_whose_sum_is_another_is_one_break_on_the_first_order(self) -> None:
        found = Job().break_([order("A-2", 6_000), order("A-1", 4_000)], [charge(of="A-2,A-1", amount=9_000)])
        assert (found.code, found.subject_id, found.expected) == ("amount_mismatch", "A-1", 10_000)
        assert "with A-2, THB 100.00 together" in found.explanation

    def test_a_list_with_a_stranger_in_it_links_nothing(self) -> None:
        found = says([order("A-1", 4_000)], [charge(of="A-1,A-9")])
        assert found == ["charge_missing A-1", "order_missing chrg_1"]

    def test_one_of_the_orders_names_the_charge_besides(self) -> None:
        orders = [order("A-1", 4_000), order("A-2", 6_000, charge_id="chrg_1")]
        assert says(orders, [charge(of='["A-1","A-2"]')]) == []
        assert says(orders, [charge(of=None, description="A-1 and A-2")]) == []

    def test_all_of_the_orders_name_the_charge_besides(self) -> None:
        orders = [order("A-1", 4_000, charge_id="chrg_1"), order("A-2", 6_000, charge_id="chrg_1")]
        assert says(orders, [charge(of='["A-1","A-2"]')]) == []

    def test_a_description_that_names_orders_of_that_sum(self) -> None:
        orders = [order("A-1", 4_000), order("A-2", 6_000)]
        assert says(orders, [charge(of=None, description="Orders #A-1 and (A-2)")]) == []

    def test_a_description_that_names_orders_of_another_sum_says_nothing_sure(self) -> None:
        orders = [order("A-1", 4_000), order("A-2", 5_000)]
        found = says(orders, [charge(of=None, description="Orders A-1, A-2")])
        assert found == ["match_ambiguous A-1", "match_ambiguous A-2"]

    def test_an_order_over_nothing_among_them_hides_no_difference(self) -> None:
        orders = [order("A-0", 0), order("A-1", 4_000), order("A-2", 5_000)]
        assert says(orders, [charge(of="A-0,A-1,A-2")]) == ["amount_mismatch A-0"]


class TestOneChargeForOrdersInDifferentStates:
    A = order("A-1", 10_000)

    @pytest.mark.parametrize("said", [0, 20_000])
    def test_one_is_cancelled_and_its_part_went_back(self, said: int) -> None:
        orders = [self.A, order("A-2", 20_000, "cancelled", refunded_amount=said)]
        for group in ("Order and charge", "Refunds"):
            assert Job(group=group).says(orders, [charge(of="A-1,A-2", amount=30_000, refunded_amount=20_000)]) == []
        assert says(orders, [charge(of="A-1,A-2", amount=10_000)]) == []

    def test_one_is_cancelled_and_its_part_is_kept(self) -> None:
        orders = [self.A, order("A-2", 20_000, "cancelled")]
        for back in (0, 15_000):
            found = Job().break_(orders, [charge(of="A-1,A-2", amount=30_000, refunded_amount=back)])
            assert (found.code, found.subject_id) == ("order_cancelled_but_charged", "A-2")
            assert found.amount_at_risk == 20_000 - back

    def test_more_went_back_than_was_cancelled(self) -> None:
        orders = [self.A, order("A-2", 20_000, "cancelled")]
        assert Job(group="Refunds").says(orders, [charge(of="A-1,A-2", amount=30_000, refunded_amount=30_000)]) == [
            "refund_unrecorded A-1"
        ]

    @pytest.mark.parametrize(("first", "second"), [("pending", "paid"), ("paid", "pending")])
    def test_one_is_still_pending(self, first: str, second: str) -> None:
        amounts = {"A-1": 10_000, "A-2": 20_000}
        orders = [order("A-1", 10_000, first), order("A-2", 20_000, second)]
        pending = "A-1" if first == "pending" else "A-2"
        found = Job().break_(orders, [charge(of="A-1,A-2", amount=30_000)])
        assert (found.code, found.subject_id, found.actual) == ("order_not_marked_paid", pending, amounts[pending])
        assert says(orders, [charge(of="A-1,A-2", amount=30_000 - amounts[pending])]) == []

    def test_each_fault_is_told_of_its_own_order(self) -> None:
        orders = [order("A-1", 10_000, "pending"), order("A-2", 20_000, "cancelled"), order("A-3", 5_000)]
        faults = ["order_cancelled_but_charged A-2", "order_not_marked_paid A-1"]
        assert says(orders, [charge(of="A-1,A-2,A-3", amount=35_000)]) == faults
        assert says(orders, [charge(of="A-1,A-2,A-3", amount=35_100)]) == ["amount_mismatch A-3", *faults]

    @pytest.mark.parametrize("status", ["pending", "cancelled"])
    def test_the_one_that_is_paid_has_no_money(self, status: str) -> None:
        orders = [order("A-1", 10_000, status), order("A-2", 20_000)]
        assert says(orders, [failed("c", of="A-1,A-2", amount=30_000)]) == ["order_paid_charge_failed A-2"]

    @pytest.mark.parametrize(
        ("method", "told"), [("promptpay", True), ("truemoney", True), ("card", False), ("paynow", False)]
    )
    def test_a_refund_is_asked_for_of_the_second(self, method: str, told: bool) -> None:
        orders = [self.A, order("A-2", 20_000, "refund_requested")]
        found = Job(group="Refunds").says(orders, [charge(of="A-1,A-2", amount=30_000, method=method)])
        assert ("refund_not_supported A-2" in found) == told

    def test_the_second_is_refunded_and_nothing_went_back(self) -> None:
        orders = [self.A, order("A-2", 20_000, "refunded")]
        found = Job(group="Refunds").break_(orders, [charge(of="A-1,A-2", amount=30_000)])
        assert (found.code, found.subject_id, found.expected) == ("refund_missing", "A-2", 20_000)

    def test_of_two_that_are_cancelled_the_charge_was_for_one(self) -> None:
        orders = [self.A, order("A-2", 70_000, "cancelled"), order("A-3", 20_000, "cancelled")]
        found = Job().break_(orders, [charge(of="A-1,A-2,A-3", amount=30_000)])
        assert (found.code, found.subject_id, found.amount_at_risk) == ("order_cancelled_but_charged", "A-3", 20_000)
        assert says(orders, [charge(of="A-1,A-2,A-3", amount=30_000, refunded_amount=20_000)]) == []

    @pytest.mark.parametrize("off", [-50, 0, 50])
    def test_a_cancelled_part_went_back_of_a_charge_within_the_tolerance(self, off: int) -> None:
        orders = [self.A, order("A-2", 20_000, "cancelled")]
        paid = charge(of="A-1,A-2", amount=30_000 + off, refunded_amount=20_000)
        tolerant = with_context(tolerance=Tolerance({"THB": 50}))
        assert replace(tolerant, group=None).says(orders, [paid]) == []

    @pytest.mark.parametrize(("back", "told"), [(0, []), (4_000, []), (7_000, []), (11_000, []), (12_000, ["A-1"])])
    def test_of_two_refunds_that_are_asked_for_one_may_be_made(self, back: int, told: list[str]) -> None:
        asked = {"A-1": 4_000, "A-2": 7_000}
        orders = [order(id, 20_000, "refund_requested", refunded_amount=sum_) for id, sum_ in asked.items()]
        found = Job(group="Refunds").says(orders, [charge(of="A-1,A-2", amount=40_000, refunded_amount=back)])
        assert found == [f"refund_amount_mismatch {id}" for id in told]

    def test_each_was_paid_again_by_itself(self) -> None:
        together = charge("c1", of="A-1,A-2", amount=30_000, refunded_amount=30_000)
        each = [charge("c2", of="A-1", amount=10_000), charge("c3", of="A-2", amount=20_000)]
        assert says([self.A, order("A-2", 20_000)], [together, *each]) == []


class TestWrongAccount:
    @pytest.mark.parametrize(
        ("ordered", "charged"),
        [
            (order(charge_id="chrg_1"), charge(of=None, account="sg")),
            (order(), charge(account="sg")),
            (order(), charge(of=None, account="sg", description="Order A-1")),
        ],
        ids=["charge id", "metadata", "description"],
    )
    def test_the_money_sits_in_another_account(self, ordered: dict[str, object], charged: dict[str, object]) -> None:
        found = Job().break_([ordered], [charged])
        assert (found.code, found.account, found.charge_id) == ("wrong_account", "th", "chrg_1")
        assert 'sits in account "sg", not in "th"' in found.explanation

    def test_a_failed_try_at_home_does_not_hide_it(self) -> None:
        assert says([order()], [failed("chrg_0"), charge(account="sg")]) == ["wrong_account A-1"]

    def test_a_charge_at_home_comes_first(self) -> None:
        found = says([order()], [charge("chrg_1"), charge("chrg_2", account="sg")])
        assert found == ["order_missing chrg_2"]

    def test_two_shops_may_number_alike(self) -> None:
        found = says([order("1001")], [charge(of="1001", account="sg", amount=7_700)])
        assert found == ["charge_missing 1001", "order_missing chrg_1"]

    def test_two_unpaid_orders_of_one_number_are_not_told_apart(self) -> None:
        orders = [order("1001"), order("1001", account="my")]
        assert says(orders, [charge(of="1001", account="sg")]) == ["charge_missing 1001", "order_missing chrg_1"]

    def test_a_failed_charge_elsewhere_is_nobodys(self) -> None:
        assert says([order()], [failed("chrg_1", account="sg")]) == ["charge_missing A-1"]


class TestAmbiguity:
    def test_two_equal_charges_for_one_order_are_both_named_and_nothing_is_linked(self) -> None:
        found = Job().break_([order()], [charge("chrg_2", None), charge("chrg_1", None)])
        assert found.code == "match_ambiguous"
        assert "any of chrg_1, chrg_2, so nothing is linked" in found.explanation
        assert Job().links([order()], [charge("chrg_2", None), charge("chrg_1", None)]) == []

    def test_one_charge_for_two_equal_orders(self) -> None:
        assert says([order("A-1"), order("A-2")], [charge(of=None)]) == ["match_ambiguous A-1", "match_ambiguous A-2"]

    def test_two_orders_that_name_one_charge(self) -> None:
        orders = [order("A-1", charge_id="chrg_1"), order("A-2", charge_id="chrg_1")]
        assert says(orders, [charge(of=None)]) == ["match_ambiguous A-1", "match_ambiguous A-2"]

    def test_the_charge_itself_decides_between_two_that_name_it(self) -> None:
        orders = [order("A-1", charge_id="chrg_1"), order("A-2", charge_id="chrg_1")]
        found = Job().break_(orders, [charge(of="A-2")])
        assert (found.code, found.subject_id) == ("charge_missing", "A-1")
        assert (
            "The order names chrg_1, which is another order's, of another account, or not at Omise."
            in found.explanation
        )

    def test_two_orders_name_a_charge_that_names_a_third(self) -> None:
        orders = [order("A-1", charge_id="chrg_1"), order("A-2", charge_id="chrg_1"), order("A-3")]
        assert says(orders, [charge(of="A-3")]) == ["charge_missing A-1", "charge_missing A-2"]


class TestEdges:
    def test_an_order_ten_seconds_before_midnight_with_its_charge_after_it(self) -> None:
        late = datetime(2026, 10, 20, 23, 59, 50, tzinfo=ZoneInfo("Asia/Bangkok"))
        orders, charges = [order(created_at=late)], [charge(created_at=late + 3 * MINUTE)]
        for first in (20, 21):
            job = _on("Asia/Bangkok", (2026, 10, first))
            assert job.says(orders, charges) == []
            assert job.says([], charges) == ["order_missing chrg_1"] * (first == 21)
            assert job.says(orders, []) == ["charge_missing A-1"] * (first == 20)

    def test_the_end_of_a_month(self) -> None:
        late = datetime(2026, 10, 31, 23, 59, 59, 999_999, tzinfo=ZoneInfo("Asia/Bangkok"))
        orders, charges = [order(created_at=late)], [charge(created_at=late + MINUTE)]
        assert _on("Asia/Bangkok", (2026, 10, 31)).says(orders, charges) == []
        assert _on("Asia/Bangkok", (2026, 11, 1)).says(orders, charges) == []
        assert _on("Asia/Bangkok", (2026, 10, 31)).says(orders, []) == ["charge_missing A-1"]
        assert _on("Asia/Bangkok", (2026, 11, 1)).says(orders, []) == []

    @pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25)])
    def test_a_day_on_which_the_clocks_change(self, day: tuple[int, int, int], hours: int) -> None:
        zone = ZoneInfo("Europe/Berlin")
        start = datetime(*day, tzinfo=zone).timestamp()
        last, after = (datetime.fromtimestamp(start + hours * 3600 + off, zone) for off in (-1, 0))
        job = _on("Europe/Berlin", day)
        assert job.says([order(created_at=last)], []) == ["charge_missing A-1"]
        assert job.says([order(created_at=after)], []) == []

    def test_an_order_made_days_before_its_bank_transfer(self) -> None:
        made = datetime(2026, 10, 12, 9, tzinfo=ZoneInfo("Asia/Bangkok"))
        orders, charges = [order(created_at=made)], [charge(created_at=made + 8 * DAY)]
        assert _on("Asia/Bangkok", (2026, 10, 20)).says(orders, charges) == []
        assert _on("Asia/Bangkok", (2026, 10, 12)).says(orders, charges) == []

    def test_a_difference_is_seen_from_either_side_of_the_edge(self) -> None:
        made = datetime(2026, 10, 20, 23, 59, 50, tzinfo=ZoneInfo("Asia/Bangkok"))
        orders, charges = [order(created_at=made)], [charge(amount=9_000, created_at=made + 3 * MINUTE)]
        for first in (20, 21):
            assert _on("Asia/Bangkok", (2026, 10, first)).says(orders, charges) == ["amount_mismatch A-1"]


class TestSettings:
    def test_a_rule_that_is_off_lets_the_next_one_speak(self) -> None:
        off = {"amount_scale_mismatch": RuleSettings(enabled=False)}
        assert with_context(settings=off).says([order()], [charge(amount=1_000)]) == ["amount_mismatch A-1"]

    def test_a_severity_can_be_set(self) -> None:
        from recon.model import Severity

        low = {"charge_missing": RuleSettings(severity=Severity.LOW)}
        assert with_context(settings=low).break_([order()], []).severity == Severity.LOW


def _on(zone: str, day: tuple[int, int, int]) -> Job:
    """A job of one day of an account in that zone, judged when that day is over and nothing is young any more."""
    from datetime import date

    from recon.calendars import days_window
    from recon.model import Account
    from recon.triage.scope import Range

    account = Account("th", "TH", "THB", ZoneInfo(zone))
    window = days_window(date(*day), date(*day), account.zone)
    as_of = max(AS_OF, window.end + DAY)
    return Job(what=Range({"th": account}, {"th": window}), context=Context(as_of, regions={"th": "TH"}))
