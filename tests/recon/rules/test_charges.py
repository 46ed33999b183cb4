"""Clocks of charges and transfers at their boundaries: one second before, at, and one after."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from recon.calendars import days_window
from recon.model import Break, Case, Charge, Exposure, Severity
from recon.rules.rule import Rule
from recon.settings import Context
from tests.kit.books import AS_OF, DAY, HOUR, MINUTE, NOON, charge, failed, order, pending
from tests.kit.clocks import SECOND, ZONES, breaks, codes, context, only, transfer, with_book

BOUNDARY = pytest.mark.parametrize(("off", "raised"), [(-SECOND, False), (0 * SECOND, False), (SECOND, True)])
AT_OR_AFTER = pytest.mark.parametrize(("off", "raised"), [(-SECOND, False), (0 * SECOND, True), (SECOND, True)])
END = NOON + DAY


class TestPendingStuck:
    @BOUNDARY
    def test_the_charges_own_expiry_and_the_grace(self, off: timedelta, raised: bool) -> None:
        row = pending("chrg_1", None, expires_at=END)
        assert codes(END + 30 * MINUTE + off, [], [row]) == ["pending_stuck"] * raised

    @BOUNDARY
    def test_the_books_expiry_where_the_charge_has_none(self, off: timedelta, raised: bool) -> None:
        row = pending("chrg_1", None, expires_at=None, method="kakaopay")
        made = row["created_at"]
        assert codes(made + 40 * MINUTE + off, [], [row]) == ["pending_stuck"] * raised

    @BOUNDARY
    def test_the_configurations_expiry_and_grace(self, off: timedelta, raised: bool) -> None:
        row = pending("chrg_1", None, expires_at=None, method="kakaopay")
        as_of = row["created_at"] + HOUR + 5 * MINUTE + off
        using = with_book(as_of, kakaopay={"expires_after": HOUR})
        thresholds = {"pending_stuck": {"grace": 5 * MINUTE}}
        using = replace(using, settings=context(as_of, thresholds=thresholds).settings)
        assert codes(as_of, [], [row], using=using) == ["pending_stuck"] * raised

    def test_the_api_beats_the_book(self) -> None:
        row = pending("chrg_1", None, expires_at=NOON + 30 * DAY, method="kakaopay")
        assert codes(NOON + 2 * DAY, [], [row]) == []

    def test_where_nobody_knows_when_it_ends_it_is_not_stuck(self) -> None:
        row = pending("chrg_1", None, expires_at=None, method="grabpay", account="sg", currency="SGD")
        assert codes(NOON + 300 * DAY, [], [row]) == []

    def test_it_says_how_much_and_since_when(self) -> None:
        found = only(END + HOUR, [], [pending("chrg_1", None, expires_at=END)])
        assert found.explanation == (
            "Charge chrg_1 (THB 100.00) is still pending, beyond its expiry and the grace, "
            "which ended 2026-10-21 12:30."
        )
        assert (found.severity, found.amount_at_risk, found.due_by) == (Severity.HIGH, 10_000, END + 30 * MINUTE)

    def test_expired_at_of_a_successful_charge_means_nothing(self) -> None:
        assert codes(END + 9 * DAY, [order()], [charge(expires_at=END)]) == []


class TestAuthorizationExpiring:
    @AT_OR_AFTER
    def test_a_day_before_it_ends(self, off: timedelta, raised: bool) -> None:
        row = pending("chrg_1", None, authorized=True, expires_at=END)
        assert codes(END - 24 * HOUR + off, [], [row]) == ["authorization_expiring"] * raised

    @AT_OR_AFTER
    def test_by_the_book_where_the_charge_has_no_end(self, off: timedelta, raised: bool) -> None:
        row = pending("chrg_1", None, authorized=True, expires_at=None)
        as_of = row["created_at"] + 7 * DAY - 24 * HOUR + off
        assert codes(as_of, [], [row]) == ["authorization_expiring"] * raised

    @BOUNDARY
    def test_after_its_end_and_the_grace_it_is_stuck(self, off: timedelta, raised: bool) -> None:
        row = pending("chrg_1", None, authorized=True, expires_at=END)
        said = "pending_stuck" if raised else "authorization_expiring"
        assert codes(END + 30 * MINUTE + off, [], [row]) == [said]

    @BOUNDARY
    def test_beside_a_paid_order_it_does_not_outlive_its_end_and_the_grace(
        self, off: timedelta, raised: bool
    ) -> None:
        found = codes(END + 30 * MINUTE + off, [order()], [pending("chrg_1", authorized=True, expires_at=END)])
        assert found == ["authorization_expiring"] * (not raised) + ["order_paid_charge_pending"]

    def test_it_says_what_to_do_and_by_when(self) -> None:
        found = only(END - HOUR, [], [pending("chrg_1", None, authorized=True, expires_at=END)])
        assert found.due_by == END
        assert found.suggestion.startswith("Capture charge chrg_1 before 2026-10-21 12:00")

    def test_what_is_not_authorised_only_waits(self) -> None:
        assert codes(END - HOUR, [], [pending("chrg_1", None, expires_at=END)]) == []


class TestLateSuccess:
    def test_successful_after_it_had_been_seen_failed(self) -> None:
        found = only(AS_OF, [order()], [charge(was_failed=True)])
        assert (found.code, found.order_id, found.severity) == ("late_success", "A-1", Severity.MEDIUM)

    def test_successful_from_the_start(self) -> None:
        assert codes(AS_OF, [order()], [charge()]) == []

    def test_a_failed_charge_has_fee_and_net_and_is_no_money(self) -> None:
        row = failed("chrg_1", fee=365, fee_vat=26, net=9_609, was_failed=False)
        assert codes(AS_OF, [order(status="cancelled")], [row]) == []

    def test_an_unknown_status_is_neither_money_nor_a_crash(self) -> None:
        assert codes(AS_OF, [order(status="pending")], [charge(status="on_the_moon", paid_at=None)]) == []


class TestAmountOutOfLimits:
    @pytest.mark.parametrize(
        ("method", "amount", "raised"),
        [
            ("card", 1_999, True),
            ("card", 2_000, False),
            ("card", 2_001, False),
            ("card", 14_999_999, False),
            ("card", 15_000_000, False),
            ("card", 15_000_001, True),
            ("kakaopay", 1_999, True),
            ("kakaopay", 2_000, False),
            ("kakaopay", 15_000_001, True),
            ("installment_kbank", 199_999, True),
            ("installment_kbank", 200_000, False),
        ],
    )
    def test_the_limits_are_allowed(self, method: str, amount: int, raised: bool) -> None:
        rows = [order(amount=amount)], [charge(amount=amount, method=method)]
        assert codes(AS_OF, *rows) == ["amount_out_of_limits"] * raised

    def test_an_unsure_limit_raises_no_more_than_low(self) -> None:
        found = only(AS_OF, [order(amount=10_000_001)], [charge(amount=10_000_001, method="truemoney")])
        assert (found.code, found.severity) == ("amount_out_of_limits", Severity.LOW)
        sure = only(AS_OF, [order(amount=1)], [charge(amount=1, method="truemoney")])
        assert sure.severity == Severity.MEDIUM

    @pytest.mark.parametrize(
        ("came_to", "raised"), [(1_999, True), (2_000, False), (15_000_000, False), (15_000_001, True)]
    )
    def test_another_currency_is_judged_by_what_it_came_to(self, came_to: int, raised: bool) -> None:
        rows = [order(amount=60, currency="USD")], [charge(amount=60, currency="USD", funding_amount=came_to)]
        assert codes(AS_OF, *rows) == ["amount_out_of_limits"] * raised
        if raised:
            found = only(AS_OF, *rows)
            assert (found.currency, found.actual, found.amount_at_risk) == ("THB", came_to, came_to)
            assert f"USD 0.60) came to THB {came_to // 100:,}.{came_to % 100:02d}, which is" in found.explanation

    @pytest.mark.parametrize(("came_to", "raised"), [(399, False), (398, True), (400, False)])
    def test_of_another_currency_a_part_that_was_captured_speaks_for_the_whole(
        self, came_to: int, raised: bool
    ) -> None:
        part = charge(amount=300, captured_amount=60, currency="USD", funding_amount=came_to)
        assert codes(AS_OF, [order(amount=60, currency="USD")], [part]) == ["amount_out_of_limits"] * raised

    def test_another_currency_on_both_sides_is_not_judged(self) -> None:
        row = charge(amount=1, currency="USD", funding_amount=33, funding_currency="SGD")
        assert codes(AS_OF, [order(amount=1, currency="USD")], [row]) == []

    @pytest.mark.parametrize(
        ("amount", "raised"), [(99, True), (100, False), (10_000_000, False), (10_000_001, True)]
    )
    def test_won_are_judged_by_a_document_alone_and_so_no_more_than_low(self, amount: int, raised: bool) -> None:
        rows = [order(amount=amount, currency="KRW")], [charge(amount=amount, currency="KRW", method="kakaopay")]
        assert codes(AS_OF, *rows) == ["amount_out_of_limits"] * raised
        if raised:
            found = only(AS_OF, *rows)
            assert found.severity == Severity.LOW
            assert "document only" in found.explanation

    def test_a_partial_capture_is_judged_by_what_was_charged(self) -> None:
        row = charge(amount=10_000, captured_amount=1_000)
        assert codes(AS_OF, [order(amount=1_000)], [row]) == []

    def test_what_did_not_succeed_is_not_judged(self) -> None:
        assert codes(AS_OF, [order(status="cancelled", amount=1)], [failed("chrg_1", amount=1)]) == []

    def test_the_configuration_moves_the_limit(self) -> None:
        using = with_book(AS_OF, card={"minimum": {"THB": 100_000}})
        assert codes(AS_OF, [order()], [charge()], using=using) == ["amount_out_of_limits"]


class TestStrangeMethods:
    def test_one_break_for_each_method_on_its_first_charge(self) -> None:
        orders = [order(f"A-{n}") for n in range(6)]
        methods = ["moon", "moon", "fpx", "fpx", "sun", "card"]
        charges = [charge(f"chrg_{n}", f"A-{n}", method=methods[n], created_at=NOON + n * MINUTE) for n in range(6)]
        found = [(one.code, one.subject_id, one.severity) for one in breaks(AS_OF, orders, charges)]
        assert found == [
            ("method_not_in_region", "chrg_2", Severity.MEDIUM),
            ("method_unknown", "chrg_0", Severity.LOW),
            ("method_unknown", "chrg_4", Severity.LOW),
        ]

    def test_a_charge_with_another_break_of_the_group_is_passed_over(self) -> None:
        rows = [
            charge("chrg_0", "A-0", method="moon", was_failed=True),
            charge("chrg_1", "A-1", method="moon", created_at=NOON + 2 * MINUTE),
        ]
        found = breaks(AS_OF, [order("A-0"), order("A-1")], rows)
        assert [(one.code, one.subject_id) for one in found] == [
            ("late_success", "chrg_0"),
            ("method_unknown", "chrg_1"),
        ]

    def test_a_method_is_added_by_configuration_alone(self) -> None:
        rows = [order()], [charge(method="moon_wallet")]
        assert codes(AS_OF, *rows) == ["method_unknown"]
        assert codes(AS_OF, *rows, using=with_book(AS_OF, moon_wallet={"expires_after": HOUR})) == []


# account, sent (local), the last day of three business days
SENT = [
    ("sg", "2026-10-19T08:00", "2026-10-22"),
    ("sg", "2026-10-16T08:00", "2026-10-21"),  # over a weekend
    ("th", "2026-04-10T08:00", "2026-04-20"),  # over Songkran
    ("jp", "2026-12-30T08:00", "2027-01-06"),  # over the year's end
    ("us", "2026-10-29T08:00", "2026-11-03"),  # over the end of summer time
    ("sg", "2028-02-25T08:00", "2028-03-02"),  # over Eid al-Fitr, observed on the 28th, and a leap day
]


class TestTransferStuck:
    @BOUNDARY
    @pytest.mark.parametrize(("account", "sent", "last"), SENT)
    def test_three_business_days(self, account: str, sent: str, last: str, off: timedelta, raised: bool) -> None:
        zone = ZoneInfo(ZONES[account][1])
        day = date.fromisoformat(last)
        row = transfer(datetime.fromisoformat(sent).replace(tzinfo=zone), account=account)
        end = days_window(day, day, zone).end
        found = breaks(end + off, transfers=[row])
        assert [one.code for one in found] == ["transfer_stuck"] * raised
        if raised:
            assert (found[0].due_by, found[0].transfer_id, found[0].amount_at_risk) == (end, "trsf_1", 97_000)
            assert f"3 business days ended with {last}" in found[0].explanation

    @pytest.mark.parametrize("row", [{"paid": True}, {"deleted": True}, {"failure_code": "x"}, {"sent": False}])
    def test_only_what_is_on_its_way(self, row: dict[str, Any]) -> None:
        assert codes(NOON + 90 * DAY, transfers=[transfer(NOON, **row)]) == []

    def test_the_configuration_says_how_many_days(self) -> None:
        as_of = NOON + 2 * DAY
        using = context(as_of, thresholds={"transfer_stuck": {"business_days": 1}})
        assert codes(as_of, transfers=[transfer(NOON)], using=using) == ["transfer_stuck"]
        assert codes(as_of, transfers=[transfer(NOON)]) == []


def test_a_rule_is_added_by_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    def weekend(rule: Rule, case: Case, one: Charge, context: Context) -> Break | None:
        if one.created_at.weekday() < 5:
            return None
        return rule.on_charge(case, one, context, f"Charge {one.id} was made on a weekend.")

    words = ("made_on_a_weekend", Severity.LOW, "charge", "When.", "What.")
    own = Rule(*words, judge_each=weekend, title="On a weekend", exposure=Exposure.NO_CASH, group="Charge alone")
    monkeypatch.setattr("recon.rules.CATALOGUE", (own,))
    assert codes(AS_OF, [], [charge("chrg_1", None, created_at=NOON)]) == []
    assert codes(AS_OF, [], [charge("chrg_1", None, created_at=NOON - 2 * DAY)]) == ["made_on_a_weekend"]
