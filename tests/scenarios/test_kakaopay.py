"""The KakaoPay document, one test for each of its thirteen statements, and what the job says where life differs."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from recon.methods import MethodBook
from recon.model import Severity
from recon.money import Currencies
from tests.kit.books import AS_OF, DAY, HOUR, MINUTE, NOON, charge, order, pending
from tests.kit.clocks import SECOND, breaks, codes, context, only, refund
from tests.kit.kakaopay_shop import shop

KAKAO: Mapping[str, Any] = {"method": "kakaopay"}
WON: Mapping[str, Any] = {"currency": "KRW", "account": "kr", **KAKAO}
WON_ORDER: Mapping[str, Any] = {"currency": "KRW", "account": "kr"}


@pytest.mark.parametrize(
    ("account", "currency", "amount", "said"),
    [
        ("sg", "SGD", 99, ["amount_out_of_limits"]),
        ("sg", "SGD", 100, []),
        ("sg", "SGD", 2_000_000, []),
        ("sg", "SGD", 2_000_001, ["amount_out_of_limits"]),
        ("th", "THB", 1_999, ["amount_out_of_limits"]),
        ("th", "THB", 2_000, []),
        ("th", "THB", 15_000_000, []),
        ("th", "THB", 15_000_001, ["amount_out_of_limits"]),
        ("jp", "JPY", 5_000, ["method_not_in_region"]),
        ("my", "MYR", 5_000, ["method_not_in_region"]),
    ],
)
def test_1_offered_in_singapore_and_thailand_within_limits(
    account: str, currency: str, amount: int, said: list[str]
) -> None:
    money = {"account": account, "currency": currency}
    found = breaks(AS_OF, [order(amount=amount, **money)], [charge(amount=amount, **money, **KAKAO)])
    assert [one.code for one in found] == said
    assert all(one.severity == Severity.MEDIUM for one in found)


@pytest.mark.parametrize(("exponent", "unit"), [(0, 1), (2, 100)])
def test_2_won_by_both_readings(exponent: int, unit: int) -> None:
    currencies = Currencies({"KRW": exponent})
    using = context(AS_OF, currencies=currencies, methods=MethodBook(currencies))
    for won, said in (
        (99, ["amount_out_of_limits"]),
        (100, []),
        (10_000_000, []),
        (10_000_001, ["amount_out_of_limits"]),
    ):
        rows = [order(amount=won * unit, **WON_ORDER)], [charge(amount=won * unit, **WON)]
        assert codes(AS_OF, *rows, using=using) == said


def test_2_a_hundredfold_difference_is_never_close_enough() -> None:
    found = only(AS_OF, [order(amount=10_000, **WON_ORDER)], [charge(amount=1_000_000, **WON)])
    assert (found.code, found.severity) == ("amount_scale_mismatch", Severity.CRITICAL)


async def test_3_pending_until_the_payer_pays_and_a_lost_webhook_shows(tmp_path: Path) -> None:
    async with shop(tmp_path) as merchant:
        merchant.write("K-1", "pending", "10000")
        charge_id = await merchant.pay("K-1", 10_000)
        merchant.wait(5 * MINUTE)
        assert await merchant.status(charge_id) == "successful"
        assert await merchant.says() == []
        merchant.wait(HOUR)
        assert await merchant.says() == [("order_not_marked_paid", "K-1")]


async def test_4_the_order_is_found_by_its_metadata_and_the_payer_is_nobodys(tmp_path: Path) -> None:
    async with shop(tmp_path) as merchant:
        merchant.write("K-1", "paid", "10000")
        await merchant.pay("K-1", 10_000)
        merchant.wait(HOUR)
        assert await merchant.says() == []
        assert merchant.job.rows("match")[0][-1] == "metadata"
        stored = b"".join(path.read_bytes() for path in tmp_path.glob("recon.db*"))
        assert b"payer@example.com" not in stored


@pytest.mark.parametrize(("off", "said"), [(0 * SECOND, []), (SECOND, ["pending_stuck"])])
def test_5_the_payer_has_ten_minutes(off: timedelta, said: list[str]) -> None:
    row = pending("chrg_1", expires_at=None, **KAKAO)
    assert codes(row["created_at"] + 10 * MINUTE + 30 * MINUTE + off, [order(status="pending")], [row]) == said


@pytest.mark.parametrize("code", ["no_payment_method", "transaction_limit_exceeded", "insufficient_balance"])
def test_6_failed_charges_say_why_in_open_words(code: str) -> None:
    row = charge(status="failed", failure_code=code, **KAKAO)
    found = only(AS_OF, [order()], [row])
    assert found.code == "order_paid_charge_failed"
    assert f"is failed ({code})" in found.explanation


@pytest.mark.parametrize(
    ("days", "off", "said"),
    [
        (351, -SECOND, []),
        (351, 0 * SECOND, ["refund_window_closing"]),
        (365, 0 * SECOND, ["refund_window_closing"]),
        (365, SECOND, ["refund_window_closed"]),
    ],
)
@pytest.mark.parametrize("asked", [0, 4_000])
def test_7_refunds_in_full_or_in_part_within_a_year(days: int, off: timedelta, said: list[str], asked: int) -> None:
    rows = [order(status="refund_requested", refunded_amount=asked)], [charge(paid_at=NOON, **KAKAO)]
    found = breaks(NOON + days * DAY + off, *rows)
    assert [one.code for one in found] == said
    assert all(one.severity == Severity.HIGH and one.due_by == NOON + 365 * DAY for one in found)


def test_7_never_more_than_was_taken() -> None:
    rows = [order(status="refunded", refunded_amount=10_001)], [charge(refunded_amount=10_001, **KAKAO)]
    assert codes(AS_OF, *rows) == ["refund_exceeds_charge"]


async def test_7_a_refund_made_at_omise_alone_shows_and_its_ledger_ties(tmp_path: Path) -> None:
    async with shop(tmp_path) as merchant:
        merchant.write("K-1", "paid", "10000")
        charge_id = await merchant.pay("K-1", 10_000)
        merchant.wait(HOUR)
        await merchant.post(f"/charges/{charge_id}/refunds", amount=4_000)
        merchant.wait(HOUR)
        assert await merchant.says() == [("refund_unrecorded", "K-1")]


async def test_what_else_is_made_by_hand_ties_too(tmp_path: Path) -> None:
    async with shop(tmp_path) as merchant:
        merchant.write("C-1", "paid", "300.00", "THB")
        token = await merchant.post("/tokens", **{"card[number]": "4242424242424242", "card[name]": "Jo Fictional"})
        card = {"card": token["id"], "metadata[order_id]": "C-1", "capture": "false"}
        held = await merchant.post("/charges", amount=50_000, currency="THB", **card)
        await merchant.post(f"/charges/{held['id']}/capture", capture_amount=30_000)
        merchant.wait(HOUR)
        dispute = await merchant.post(f"/charges/{held['id']}/disputes")
        merchant.wait(HOUR)
        assert [code for code, _ in await merchant.says()] == ["dispute_open"]
        await merchant.post(f"/disputes/{dispute['id']}/mark_as_won")
        merchant.wait(HOUR)
        assert await merchant.says() == []


@pytest.mark.parametrize(("off", "said"), [(0 * SECOND, []), (SECOND, ["refund_overdue"])])
def test_8_a_refund_arrives_within_five_business_days(off: timedelta, said: list[str]) -> None:
    rows = [order(status="refunded", refunded_amount=10_000)], [charge(refunded_amount=10_000, **KAKAO)]
    waiting = [refund(status="pending", created_at=datetime(2026, 4, 10, 3, tzinfo=UTC))]
    end = datetime(2026, 4, 22, 17, tzinfo=UTC)  # the end of 22 April in Bangkok: Songkran lies between
    assert codes(end + off, *rows, refunds=waiting) == said


def test_9_settled_within_three_business_days_of_the_apis_own_word() -> None:
    book = MethodBook()
    for account, region, hold in (("th", "TH", 7 * DAY), ("sg", "SG", 5 * DAY)):
        days = book.figure("settlement_business_days", "kakaopay", account, region)
        held = book.figure("hold", "kakaopay", account, region)
        assert days is not None
        assert held is not None
        assert (days.value, days.certainty, held.value) == (3, "documented", hold)


@pytest.mark.parametrize(
    ("amount", "status", "failure"),
    [
        (10_000, "successful", None),
        (500_000, "successful", None),
        (999_999, "successful", None),
        (1_000_000, "failed", "insufficient_balance"),
        (1_000_001, "failed", "payment_rejected"),
        (9_999, "pending", None),
        (1_000_002, "pending", None),
    ],
)
async def test_10_test_amounts_decide(tmp_path: Path, amount: int, status: str, failure: str | None) -> None:
    async with shop(tmp_path) as merchant:
        charge_id = await merchant.pay("K-1", amount)
        merchant.wait(2 * MINUTE)
        found = merchant.job.server.get("th", "charges", charge_id)
        assert (found["status"], found["failure_code"]) == (status, failure)
        merchant.wait(HOUR)
        assert await merchant.status(charge_id) == ("expired" if status == "pending" else status)


async def test_10_a_charge_is_marked_by_hand(tmp_path: Path) -> None:
    async with shop(tmp_path) as merchant:
        first, second = await merchant.pay("K-1", 5_000), await merchant.pay("K-2", 5_000)
        assert (await merchant.post(f"/charges/{first}/mark_as_successful"))["status"] == "successful"
        merchant.job.server.mark("th", second, "failed")
        assert await merchant.status(second) == "failed"
        merchant.wait(HOUR)
        assert await merchant.says() == [("order_missing", first)]


# what happened, and what the shop believes -> what the job says
SCENARIOS: Mapping[str, tuple[int, str, str, list[str]]] = {
    "success": (10_000, "", "paid", []),
    "failure": (1_000_001, "", "pending", []),
    "failure that the shop took for a success": (1_000_001, "", "paid", ["order_paid_charge_failed"]),
    "too little": (99, "successful", "paid", ["amount_out_of_limits"]),  # by the document's own limits in won, at low
    "low balance": (1_000_000, "", "cancelled", []),
    "abandoned": (9_999, "", "pending", []),
    "abandoned and delivered": (9_999, "", "paid", ["order_paid_charge_failed"]),
    "webhook of a success lost": (10_000, "", "pending", ["order_not_marked_paid"]),
    "webhook of a failure lost": (1_000_001, "", "pending", []),
    "cancelled and paid": (10_000, "", "cancelled", ["order_cancelled_but_charged"]),
}


async def test_11_scenarios(tmp_path: Path) -> None:
    """Each with an order of its own, in one shop."""
    order_ids = {name: f"K-{number}" for number, name in enumerate(SCENARIOS, start=1)}
    async with shop(tmp_path) as merchant:
        for name, (amount, marked, status, _) in SCENARIOS.items():
            merchant.write(order_ids[name], status, str(amount))
            charge_id = await merchant.pay(order_ids[name], amount)
            if marked:
                merchant.job.server.mark("th", charge_id, marked)
        merchant.wait(2 * HOUR)
        breaks = await merchant.says()
    by_scenario = {name: [code for code, order_id in breaks if order_id == order_ids[name]] for name in SCENARIOS}
    assert by_scenario == {name: codes for name, (*_, codes) in SCENARIOS.items()}
    assert len(breaks) == sum(map(len, by_scenario.values()))


async def test_11_a_charge_that_failed_and_succeeds_after_all(tmp_path: Path) -> None:
    async with shop(tmp_path) as merchant:
        merchant.write("K-1", "pending", "1000001")
        charge_id = await merchant.pay("K-1", 1_000_001)
        merchant.wait(HOUR)
        assert await merchant.says() == []
        merchant.job.server.mark("th", charge_id, "successful")
        merchant.wait(HOUR)
        assert await merchant.says() == [("late_success", "K-1"), ("order_not_marked_paid", "K-1")]


def test_12_won_have_no_decimals() -> None:
    found = only(AS_OF, [order(amount=10_000, status="cancelled", **WON_ORDER)], [charge(amount=10_000, **WON)])
    assert "KRW 10,000 " in found.explanation
    assert Currencies().show(10_000, "KRW") == "10,000"


def test_13_the_wallets_cap_in_korea_stands_in_the_document_only() -> None:
    found = only(AS_OF, [order(amount=10_000_001, **WON_ORDER)], [charge(amount=10_000_001, **WON)])
    assert (found.code, found.severity) == ("amount_out_of_limits", Severity.LOW)
    assert "document only" in found.explanation
