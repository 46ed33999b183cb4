"""Refunds: whether shop and Omise agree on them, whether they can still be made, and whether they arrive in time."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from recon.calendars import days_window
from recon.model import Severity
from tests.kit.books import AS_OF, DAY, HOUR, NOON, charge, failed, order, pending, voided
from tests.kit.clocks import SECOND, ZONES, breaks, codes, context, dispute, only, refund, with_book

BOUNDARY = pytest.mark.parametrize(("off", "raised"), [(-SECOND, False), (0 * SECOND, False), (SECOND, True)])
ASKED = order(status="refund_requested")
ALL: Mapping[str, Any] = {"refunded_amount": 10_000}
PART: Mapping[str, Any] = {"refunded_amount": 4_000}


def back(amount: int, **fields: Any) -> Mapping[str, Any]:
    """A charge of which so much is refunded."""
    return charge(refunded_amount=amount, **fields)


class TestShopAndOmise:
    @pytest.mark.parametrize(
        ("row", "omise"),
        [
            (order(status="refunded", **ALL), back(10_000)),
            (order(status="refunded"), back(10_000)),  # the shop does not say how much: all
            (order(status="paid", **PART), back(4_000)),
            (order(status="refunded", **ALL), voided("chrg_1")),
            (order(status="cancelled"), back(10_000)),
            (order(status="cancelled"), voided("chrg_1")),
            (order(status="cancelled", **ALL), back(10_000)),
            (order(status="cancelled", **ALL), voided("chrg_1")),
            (order(status="refund_requested", **ALL), voided("chrg_1")),
            (order(status="pending"), voided("chrg_1")),
        ],
    )
    def test_they_agree(self, row: Mapping[str, Any], omise: Mapping[str, Any]) -> None:
        assert codes(AS_OF, [row], [omise]) == []

    @pytest.mark.parametrize(
        ("row", "omise", "code"),
        [
            (order(status="refunded", **ALL), charge(), "refund_missing"),
            (order(status="refunded"), charge(), "refund_missing"),
            (order(status="paid", **PART), charge(), "refund_missing"),
            (order(status="cancelled", **ALL), failed("chrg_1"), "refund_missing"),
            (order(), back(4_000), "refund_unrecorded"),
            (order(), back(10_000), "refund_unrecorded"),
            (ASKED, back(10_000), "refund_unrecorded"),
            (ASKED, voided("chrg_1"), "refund_unrecorded"),
            (order(status="refund_requested", **PART), voided("chrg_1"), "refund_amount_mismatch"),
            (order(status="refunded", **ALL), back(4_000), "refund_amount_mismatch"),
            (order(status="refunded"), back(4_000), "refund_amount_mismatch"),
            (order(status="paid", **PART), back(10_000), "refund_amount_mismatch"),
            (order(status="refunded", **PART), voided("chrg_1"), "refund_amount_mismatch"),
        ],
    )
    def test_they_do_not(self, row: Mapping[str, Any], omise: Mapping[str, Any], code: str) -> None:
        assert codes(AS_OF, [row], [omise]) == [code]

    @pytest.mark.parametrize(
        ("row", "omise", "advice"),
        [
            (order(status="refunded", **ALL), back(4_000), "Refund THB 60.00 more at Omise, or correct"),
            (
                order(status="paid", **PART),
                back(10_000),
                "Find out who refunded THB 60.00 more than",
            ),
        ],
    )
    def test_who_refunded_too_much_is_not_told_to_refund_more(
        self, row: Mapping[str, Any], omise: Mapping[str, Any], advice: str
    ) -> None:
        [found] = breaks(AS_OF, [row], [omise])
        assert found.suggestion.startswith(advice)

    def test_a_cancelled_orders_partial_refund_counts(self) -> None:
        found = codes(AS_OF, [order(status="cancelled")], [back(4_000)])
        assert found == ["order_cancelled_but_charged", "refund_unrecorded"]

    @pytest.mark.parametrize(
        ("rows", "code"),
        [
            ([], "charge_missing"),
            ([pending("chrg_1")], "order_paid_charge_pending"),
            ([failed("chrg_1")], "order_paid_charge_failed"),
        ],
    )
    def test_where_no_money_was_taken_the_order_break_says_it(self, rows: list[Mapping[str, Any]], code: str) -> None:
        assert codes(AS_OF, [order(status="refunded", **ALL)], rows) == [code]

    def test_refunds_of_a_duplicate_do_not_count(self) -> None:
        duplicate = charge("chrg_2", refunded_amount=10_000, created_at=NOON + HOUR)
        assert codes(AS_OF, [order()], [charge(), duplicate]) == []
        assert codes(AS_OF, [order(**PART)], [back(4_000), duplicate]) == []
        found = only(AS_OF, [order(status="refunded", **ALL)], [charge(), duplicate])
        assert (found.code, found.charge_id) == ("refund_missing", "chrg_1")

    def test_split_payments_refund_together(self) -> None:
        parts = [charge("chrg_1", amount=6_000, refunded_amount=6_000), charge("chrg_2", amount=4_000)]
        using = context(AS_OF, split_sources=frozenset({"shop"}))
        assert codes(AS_OF, [order(refunded_amount=6_000)], parts, using=using) == []
        assert codes(AS_OF, [order()], parts, using=using) == ["refund_unrecorded"]

    def test_a_duplicate_beside_split_payments_is_one_too(self) -> None:
        twice = [charge("chrg_1"), charge("chrg_2", refunded_amount=300)]
        using = context(AS_OF, split_sources=frozenset({"shop"}))
        assert codes(AS_OF, [order()], twice, using=using) == ["duplicate_charge"]
        assert codes(AS_OF, [order(refunded_amount=300)], twice, using=using) == ["duplicate_charge"]

    @pytest.mark.parametrize(("age", "found"), [(HOUR - SECOND, []), (HOUR, ["refund_missing"])])
    def test_a_young_order_does_not_miss_the_refund_of_a_charge_that_may_still_come(
        self, age: timedelta, found: list[str]
    ) -> None:
        young = order(status="cancelled", created_at=AS_OF - age, **ALL)
        assert codes(AS_OF, [young]) == found
        assert codes(AS_OF, [young], [failed("chrg_1")]) == ["refund_missing"]

    def test_a_refund_in_another_account_counts(self) -> None:
        elsewhere = back(10_000, account="sg")
        assert codes(AS_OF, [order(status="refunded", **ALL)], [elsewhere]) == ["wrong_account"]

    def test_pending_refunds_count_and_failed_ones_do_not(self) -> None:
        waiting = [refund(status="pending", created_at=AS_OF - HOUR)]
        assert codes(AS_OF, [order(status="refunded", **ALL)], [back(10_000)], refunds=waiting) == []
        given_up = [refund(status="failed")]
        assert codes(AS_OF, [order(status="refunded", **ALL)], [charge()], refunds=given_up) == ["refund_missing"]

    def test_sums_beyond_the_twenty_that_a_charge_embeds(self) -> None:
        many = [refund(f"rfnd_{n:02d}", amount=100) for n in range(25)]
        rows = [order(refunded_amount=2_500)], [back(2_500)]
        assert codes(AS_OF, *rows, refunds=many) == ["refund_count_limit"]

    def test_it_says_both_sums(self) -> None:
        found = only(AS_OF, [order(**PART)], [back(1_000)])
        assert (found.expected, found.actual, found.amount_at_risk) == (4_000, 1_000, 3_000)
        assert found.explanation == (
            "Order A-1 is paid, THB 40.00 refunded at the shop, but THB 10.00 of chrg_1 went back at Omise: "
            "the sums differ."
        )


class TestMoreThanTaken:
    @pytest.mark.parametrize(("refunded", "raised"), [(5_999, False), (6_000, False), (6_001, True)])
    def test_what_was_captured_is_the_most(self, refunded: int, raised: bool) -> None:
        rows = [order(amount=6_000, refunded_amount=refunded)], [back(refunded, captured_amount=6_000)]
        found = breaks(AS_OF, *rows)
        assert [one.code for one in found] == ["refund_exceeds_charge"] * raised
        assert not raised or (found[0].severity, found[0].amount_at_risk) == (Severity.CRITICAL, 1)

    def test_it_hides_what_shop_and_omise_say_of_the_same_refund(self) -> None:
        assert codes(AS_OF, [order(**ALL)], [back(10_001)]) == ["refund_exceeds_charge"]

    @pytest.mark.parametrize(("count", "raised"), [(12, False), (13, True), (14, True)])
    def test_thirteen_refunds_are_close_to_fifteen(self, count: int, raised: bool) -> None:
        many = [refund(f"rfnd_{n}", amount=100) for n in range(count)]
        many.append(refund("rfnd_x", status="failed", amount=100))
        rows = [order(refunded_amount=count * 100)], [back(count * 100)]
        assert codes(AS_OF, *rows, refunds=many) == ["refund_count_limit"] * raised


class TestNotSupported:
    @pytest.mark.parametrize(
        ("method", "asked", "raised"),
        [
            ("promptpay", 0, True),
            ("mobile_banking_scb", 0, True),
            ("bill_payment_tesco_lotus", 0, True),
            ("truemoney", 0, False),
            ("truemoney", 10_000, False),
            ("truemoney", 4_000, True),
            ("kakaopay", 0, False),
            ("kakaopay", 4_000, False),
            ("card", 4_000, False),
        ],
    )
    def test_what_the_method_can(self, method: str, asked: int, raised: bool) -> None:
        rows = [order(status="refund_requested", refunded_amount=asked)], [charge(method=method)]
        assert codes(AS_OF, *rows) == ["refund_not_supported"] * raised

    def test_an_unsure_figure_raises_no_more_than_low(self) -> None:
        unsure = only(AS_OF, [ASKED], [charge(method="direct_debit_scb")])
        sure = only(AS_OF, [ASKED], [charge(method="promptpay")])
        assert (unsure.severity, sure.severity) == (Severity.LOW, Severity.HIGH)

    def test_the_configuration_decides(self) -> None:
        using = with_book(AS_OF, promptpay={"refund": "partial"}, card={"refund": "none"})
        assert codes(AS_OF, [ASKED], [charge(method="promptpay")], using=using) == []
        assert codes(AS_OF, [ASKED], [charge()], using=using) == ["refund_not_supported"]

    def test_in_another_currency_all_that_is_left_is_asked_for_and_in_the_charges_own(self) -> None:
        asked = order(status="refund_requested", amount=3_000, currency="USD", refunded_amount=2_000)
        found = [
            one for one in breaks(AS_OF, [asked], [charge(method="promptpay")]) if one.code != "currency_mismatch"
        ]
        (one,) = found
        assert (one.code, one.currency, one.expected, one.amount_at_risk) == (
            "refund_not_supported",
            "THB",
            10_000,
            10_000,
        )
        assert "A refund of THB 100.00" in one.explanation


WINDOWS = [
    ("card", "Visa", datetime(2026, 1, 15, 3, tzinfo=UTC), datetime(2027, 1, 15, 3, tzinfo=UTC)),
    ("card", "Visa", datetime(2027, 2, 28, 3, tzinfo=UTC), datetime(2028, 2, 28, 3, tzinfo=UTC)),
    ("card", "Visa", datetime(2028, 2, 29, 3, tzinfo=UTC), datetime(2029, 2, 28, 3, tzinfo=UTC)),
    ("card", "JCB", datetime(2026, 1, 15, 3, tzinfo=UTC), datetime(2026, 6, 24, 3, tzinfo=UTC)),
    ("kakaopay", None, datetime(2026, 1, 15, 3, tzinfo=UTC), datetime(2027, 1, 15, 3, tzinfo=UTC)),
    ("truemoney", None, datetime(2026, 1, 15, 3, tzinfo=UTC), datetime(2026, 2, 14, 3, tzinfo=UTC)),
]


class TestWindow:
    @pytest.mark.parametrize(("method", "brand", "paid", "end"), WINDOWS)
    @pytest.mark.parametrize(
        ("off", "code"),
        [
            (-14 * DAY - SECOND, None),
            (-14 * DAY, "refund_window_closing"),
            (-SECOND, "refund_window_closing"),
            (0 * SECOND, "refund_window_closing"),
            (SECOND, "refund_window_closed"),
        ],
    )
    def test_it_closes(
        self, method: str, brand: str | None, paid: datetime, end: datetime, off: timedelta, code: str | None
    ) -> None:
        row = charge(method=method, card_brand=brand, created_at=paid - HOUR, paid_at=paid)
        found = breaks(end + off, [order(status="refund_requested", created_at=paid - HOUR)], [row])
        assert [one.code for one in found] == [code] * (code is not None)
        assert all(one.due_by == end and one.amount_at_risk == 10_000 for one in found)

    def test_the_configuration_says_how_many_days_before(self) -> None:
        as_of = NOON + 355 * DAY
        using = context(as_of, thresholds={"refund_window_closing": {"within_days": 5}})
        assert codes(as_of, [ASKED], [charge()]) == ["refund_window_closing"]
        assert codes(as_of, [ASKED], [charge()], using=using) == []

    def test_it_says_what_to_do_and_by_when(self) -> None:
        found = only(NOON + 360 * DAY, [ASKED], [charge(paid_at=NOON)])
        assert found.suggestion == "Refund chrg_1 for THB 100.00 before 2027-10-20 12:00."

    def test_an_unsure_window_raises_no_more_than_low(self) -> None:
        found = only(NOON + 55 * DAY, [ASKED], [charge(method="rabbit_linepay")])
        assert (found.code, found.severity) == ("refund_window_closing", Severity.LOW)

    def test_what_is_not_asked_for_has_no_window(self) -> None:
        assert codes(NOON + 400 * DAY, [order()], [charge()]) == []


class TestOwed:
    def test_a_duplicate_says_until_when_it_can_go_back(self) -> None:
        found = only(AS_OF, [order(charge_id="chrg_1")], [charge(), charge("chrg_2", paid_at=NOON + HOUR)])
        assert (found.code, found.due_by) == ("duplicate_charge", NOON + HOUR + 365 * DAY)
        assert found.suggestion == "Refund THB 100.00 of chrg_2 before 2027-10-20 13:00. Keep chrg_1."

    def test_a_cancelled_orders_charge_too(self) -> None:
        found = only(AS_OF, [order(status="cancelled")], [charge(method="truemoney", paid_at=NOON)])
        assert (found.code, found.due_by) == ("order_cancelled_but_charged", NOON + 30 * DAY)

    def test_after_its_window_it_says_so(self) -> None:
        found = only(NOON + 31 * DAY, [order(status="cancelled")], [charge(method="truemoney", paid_at=NOON)])
        assert "its refund window ended 2026-11-19 12:00" in found.suggestion

    def test_a_method_without_refunds_has_no_due_time(self) -> None:
        found = only(AS_OF, [order(status="cancelled")], [charge(method="promptpay")])
        assert found.due_by is None
        assert "Omise refunds no promptpay" in found.suggestion


# account, made (local), the last day of five business days
PENDING = [
    ("sg", "2026-10-19T10:00", "2026-10-26"),
    ("sg", "2026-10-17T10:00", "2026-10-23"),  # made on a Saturday
    ("th", "2026-04-10T10:00", "2026-04-22"),  # over Songkran
    ("jp", "2026-12-28T15:00", "2027-01-06"),  # over the year's end
    ("us", "2026-10-30T10:00", "2026-11-06"),  # over the end of summer time
    ("us", "2026-03-06T10:00", "2026-03-13"),  # over its start
    ("sg", "2028-02-28T10:00", "2028-03-06"),  # made on a holiday before a leap day
]


class TestOverdue:
    @BOUNDARY
    @pytest.mark.parametrize(("account", "made", "last"), PENDING)
    def test_five_business_days(self, account: str, made: str, last: str, off: timedelta, raised: bool) -> None:
        zone = ZoneInfo(ZONES[account][1])
        moment, day = datetime.fromisoformat(made).replace(tzinfo=zone), date.fromisoformat(last)
        end = days_window(day, day, zone).end
        money: dict[str, Any] = {"account": account, "currency": "USD"}
        rows = (
            [order(status="refunded", created_at=moment, **money, **ALL)],
            [back(10_000, created_at=moment, **money)],
        )
        waiting = refund(status="pending", created_at=moment, **money)
        found = [one for one in breaks(end + off, *rows, refunds=[waiting]) if one.subject_type == "refund"]
        assert [one.code for one in found] == ["refund_overdue"] * raised
        for one in found:
            assert (one.refund_id, one.charge_id, one.order_id, one.due_by) == ("rfnd_1", "chrg_1", "A-1", end)

    def test_closed_and_failed_ones_are_not_late(self) -> None:
        rows = [order(status="refunded", **ALL)], [back(10_000)]
        for status in ("closed", "failed", "a_new_word"):
            assert codes(NOON + 90 * DAY, *rows, refunds=[refund(status=status)]) == []

    @pytest.mark.parametrize(
        ("rule", "method", "days"), [(None, None, 5), (2, None, 2), (None, 1, 1), (9, 1, 1), (0, None, 0)]
    )
    def test_the_configuration_of_the_method_then_of_the_rule(
        self, rule: int | None, method: int | None, days: int
    ) -> None:
        made = datetime(2026, 11, 2, 3, tzinfo=UTC)  # a Monday without holidays after it
        rows = [order(status="refunded", **ALL)], [back(10_000, method="kakaopay")]
        waiting = [refund(status="pending", created_at=made)]
        last = {0: 2, 1: 3, 2: 4, 5: 9}[days]
        end = days_window(date(2026, 11, last), date(2026, 11, last), ZoneInfo("Asia/Bangkok")).end
        for off, raised in ((0 * SECOND, False), (SECOND, True)):
            using = context(
                end + off, thresholds={"refund_overdue": {"business_days": rule}} if rule is not None else {}
            )
            if method is not None:
                book = with_book(end, kakaopay={"refund_business_days": method}).methods
                using = context(end + off, thresholds=_rule(rule), methods=book)
            assert codes(end + off, *rows, refunds=waiting, using=using) == ["refund_overdue"] * raised

    def test_a_refund_of_a_charge_that_nobody_knows_is_still_seen(self) -> None:
        found = only(NOON + 30 * DAY, refunds=[refund(of="chrg_9", status="pending")])
        assert (found.code, found.charge_id) == ("refund_overdue", "chrg_9")

    def test_one_break_for_each_refund_of_a_charge(self) -> None:
        both = [refund(f"rfnd_{n}", status="pending", amount=5_000) for n in range(2)]
        rows = [order(status="refunded", **ALL)], [back(10_000)]
        assert codes(NOON + 30 * DAY, *rows, refunds=both) == ["refund_overdue"] * 2


def test_a_lost_dispute_counts_beside_refunds() -> None:
    rows = [order(status="refunded", **ALL)], [back(4_000)]
    assert codes(AS_OF, *rows, disputes=[dispute(status="lost", amount=6_000)]) == []


def _rule(days: int | None) -> dict[str, dict[str, int]]:
    return {} if days is None else {"refund_overdue": {"business_days": days}}
