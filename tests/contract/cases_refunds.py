"""Cases of refunds: what the shop and Omise say of them, and what a method allows how long."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.contract.case import Expected, case, expect, perhaps
from tests.contract.objects import Json, major
from tests.contract.world import NOW, World

SALES = "sales"
OLD = "old"  # charges of before the first pull, fetched because their orders name them
LATELY = "lately"
EXCEEDS = "refund_exceeds_charge: more refunded than captured"
MISSING = "refund_missing: refunded at the shop, nothing at Omise"
UNRECORDED = "refund_unrecorded: refunded at Omise, nothing at the shop"
DIFFERS = "refund_amount_mismatch: both, different sums"
UNSUPPORTED = "refund_not_supported: a refund is asked for on a method that cannot refund, by the rule book"
WINDOW = "refund_window_closed, refund_window_closing (within_days = 14): a refund is asked for (refund_requested)"
OVERDUE = "refund_overdue: pending for longer than 5 business days"
COUNT = "refund_count_limit (at = 13): close to Omise's 15 refunds of a charge"
DAY = timedelta(days=1)


def refunded(world: World, shop: int, omise: int, status: str = "paid") -> dict[str, str]:
    """An order over 2,000.00 of which the shop and Omise refunded these amounts."""
    th = world.account("th")
    order, charge = th.sale(200_000)
    order.update(status=status, refunded_amount=major(shop, "THB"))
    if omise:
        th.refund(charge, omise)
    return order


@case(SALES, DIFFERS + ": here they agree")
def part_refund_on_both_sides(world: World) -> list[Expected]:
    refunded(world, 50_000, 50_000)
    return []


@case(SALES, DIFFERS + ": here they agree")
def full_refund_on_both_sides(world: World) -> list[Expected]:
    refunded(world, 200_000, 200_000, "refunded")
    return []


@case(SALES, MISSING)
def full_refund_only_at_the_shop(world: World) -> list[Expected]:
    return [expect("refund_missing", refunded(world, 200_000, 0, "refunded"))]


@case(SALES, MISSING)
def part_refund_only_at_the_shop(world: World) -> list[Expected]:
    return [expect("refund_missing", refunded(world, 70_000, 0))]


@case(SALES, UNRECORDED)
def full_refund_only_at_omise(world: World) -> list[Expected]:
    return [expect("refund_unrecorded", refunded(world, 0, 200_000))]


@case(SALES, UNRECORDED)
def part_refund_only_at_omise(world: World) -> list[Expected]:
    return [expect("refund_unrecorded", refunded(world, 0, 1_000))]


@case(SALES, DIFFERS)
def shop_refunded_more(world: World) -> list[Expected]:
    return [expect("refund_amount_mismatch", refunded(world, 60_000, 50_000))]


@case(SALES, DIFFERS)
def omise_refunded_one_satang_more(world: World) -> list[Expected]:
    return [expect("refund_amount_mismatch", refunded(world, 50_000, 50_001))]


@case(SALES, "pending refunds count")
def refund_pending_and_recorded(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    order["refunded_amount"] = "100.00"
    th.refund(charge, 10_000, at=NOW - DAY, status="pending")
    return []


@case(SALES, MISSING + "; failed refunds do not count")
def refund_failed_and_recorded(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    order["refunded_amount"] = "100.00"
    refund = th.refund(charge, 10_000, status="failed", counts=False)
    return [expect("refund_missing", order), perhaps("transaction_missing", refund)]


@case(SALES, "refunds of a charge that does not pay the order, as of a duplicate, do not count")
def refund_of_a_duplicate_charge(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    order["charge_id"] = charge["id"]
    second = th.charge(charge["amount"], order_id=order["order_id"])
    th.refund(second, second["amount"])
    return []


@case(SALES, "two refunds of one charge: their sum counts")
def two_part_refunds_on_both_sides(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    order["refunded_amount"] = "300.00"
    th.refund(charge, 10_000)
    th.refund(charge, 20_000)
    return []


@case(SALES, EXCEEDS)
def more_refunded_than_captured(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale(100_000, captured=60_000)
    order.update(amount="600.00", refunded_amount="700.00")
    th.refund(charge, 70_000)
    return [expect("refund_exceeds_charge", charge)]


@case(SALES, EXCEEDS + ": here exactly as much")
def all_that_was_captured_refunded(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale(100_000, captured=60_000)
    order.update(amount="600.00", refunded_amount="600.00")
    th.refund(charge, 60_000)
    return []


def plain_order(world: World, status: str) -> tuple[dict[str, str], Json]:
    """An order of a source that has no refunded_amount column."""
    th = world.account("th")
    order = th.order(amount := th.next_amount(), status, source="plain")
    return order, th.charge(amount, order_id=order["order_id"])


@case(SALES, "refunded_amount may be absent: the status word alone")
def plain_refunded_order_fully_refunded(world: World) -> list[Expected]:
    _, charge = plain_order(world, "refunded")
    world.account("th").refund(charge, charge["amount"])
    return []


@case(SALES, MISSING + " (a source without the column)")
def plain_refunded_order_without_refund(world: World) -> list[Expected]:
    return [expect("refund_missing", plain_order(world, "refunded")[0])]


@case(SALES, UNRECORDED + " (a source without the column)")
def plain_paid_order_refunded_at_omise(world: World) -> list[Expected]:
    order, charge = plain_order(world, "paid")
    world.account("th").refund(charge, charge["amount"] // 2)
    return [expect("refund_unrecorded", order)]


def requested(
    world: World, method: str, *, days: float = 8, region: str = "TH", brand: str = "Visa"
) -> dict[str, str]:
    """An order in refund_requested whose charge was paid so many days ago."""
    account = region.lower() if region != "TH" else OLD if days > 31 else LATELY
    shop = world.account(account, region)
    order, charge = shop.sale(at=NOW - days * DAY, method=method, brand=brand)
    order.update(status="refund_requested", charge_id=charge["id"])
    return order


@case(SALES, UNSUPPORTED)
def refund_asked_for_on_promptpay(world: World) -> list[Expected]:
    return [expect("refund_not_supported", requested(world, "promptpay"))]


@case(SALES, UNSUPPORTED)
def refund_asked_for_on_mobile_banking(world: World) -> list[Expected]:
    return [expect("refund_not_supported", requested(world, "mobile_banking_kbank"))]


@case(SALES, UNSUPPORTED + "; mobile_banking_ocbc can")
def refund_asked_for_on_mobile_banking_of_ocbc(world: World) -> list[Expected]:
    requested(world, "mobile_banking_ocbc", region="SG")
    return []


@case(SALES, UNSUPPORTED)
def refund_asked_for_on_econtext(world: World) -> list[Expected]:
    return [expect("refund_not_supported", requested(world, "econtext", region="JP"))]


@case(SALES, UNSUPPORTED)
def refund_asked_for_on_wechat_pay(world: World) -> list[Expected]:
    return [expect("refund_not_supported", requested(world, "wechat_pay"))]


@case(SALES, "what rests on a figure marked unsure raises no more than low: direct debit cannot refund")
def refund_asked_for_on_direct_debit(world: World) -> list[Expected]:
    return [expect("refund_not_supported", requested(world, "direct_debit_bay"), "low")]


@case(SALES, UNSUPPORTED + ": cards can")
def refund_asked_for_on_a_card(world: World) -> list[Expected]:
    requested(world, "card")
    return []


@case(SALES, "a charge's refundable = false is never by itself refund_not_supported")
def refund_asked_for_on_a_card_that_is_not_refundable_now(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    order["status"] = "refund_requested"
    charge.update(refundable=False, partially_refundable=False)
    return []


@case(SALES, WINDOW + "; cards 365 days")
def card_refund_asked_for_after_three_hundred_and_sixty_six_days(world: World) -> list[Expected]:
    return [expect("refund_window_closed", requested(world, "card", days=366))]


@case(SALES, WINDOW + "; cards 365 days")
def card_refund_asked_for_with_five_days_left(world: World) -> list[Expected]:
    return [expect("refund_window_closing", requested(world, "card", days=360))]


@case(SALES, WINDOW + "; cards 365 days")
def card_refund_asked_for_with_thirteen_days_left(world: World) -> list[Expected]:
    return [expect("refund_window_closing", requested(world, "card", days=352))]


@case(SALES, WINDOW + "; cards 365 days")
def card_refund_asked_for_with_fifteen_days_left(world: World) -> list[Expected]:
    requested(world, "card", days=349.5)
    return []


@case(SALES, WINDOW + "; American Express 160 days")
def american_express_refund_asked_for_after_its_window(world: World) -> list[Expected]:
    return [expect("refund_window_closed", requested(world, "card", days=161, brand="American Express"))]


@case(SALES, WINDOW + "; JCB 160 days")
def jcb_refund_asked_for_with_ten_days_left(world: World) -> list[Expected]:
    return [expect("refund_window_closing", requested(world, "card", days=150, brand="JCB"))]


@case(SALES, WINDOW + "; JCB 160 days")
def jcb_refund_asked_for_with_twenty_days_left(world: World) -> list[Expected]:
    requested(world, "card", days=140, brand="JCB")
    return []


@case(SALES, WINDOW + "; TrueMoney 30 days")
def truemoney_refund_asked_for_after_its_window(world: World) -> list[Expected]:
    return [expect("refund_window_closed", requested(world, "truemoney", days=31))]


@case(SALES, WINDOW + "; TrueMoney 30 days")
def truemoney_refund_asked_for_with_ten_days_left(world: World) -> list[Expected]:
    return [expect("refund_window_closing", requested(world, "truemoney", days=20))]


@case(SALES, WINDOW + "; TrueMoney 30 days")
def truemoney_refund_asked_for_with_twenty_days_left(world: World) -> list[Expected]:
    requested(world, "truemoney", days=10)
    return []


@case(SALES, WINDOW + "; KakaoPay 365 days, counts as documented")
def kakaopay_refund_asked_for_after_its_window(world: World) -> list[Expected]:
    return [expect("refund_window_closed", requested(world, "kakaopay", days=366))]


@case(SALES, "what rests on a figure marked unsure raises no more than low: LINE Pay's 60 days")
def linepay_refund_asked_for_after_an_unsure_window(world: World) -> list[Expected]:
    return [expect("refund_window_closed", requested(world, "rabbit_linepay", days=62), "low")]


@case(SALES, WINDOW + ": here nobody asks")
def paid_order_beyond_every_window(world: World) -> list[Expected]:
    order, charge = world.account(OLD).sale(at=NOW - 380 * DAY)
    order["charge_id"] = charge["id"]
    return []


@case(
    SALES,
    "settlement_overdue: transferable, not paid out. This account was paid out everything, before the pull, too",
)
def old_charge_named_by_an_order_beside_sales_paid_out_since(world: World) -> list[Expected]:
    veteran = world.account("veteran")
    order, charge = veteran.sale(at=NOW - 200 * DAY)
    order["charge_id"] = charge["id"]
    for days in (30, 29, 28):
        veteran.sale(at=NOW - days * DAY)
    return []


def pending_refund(world: World, region: str, day: int, status: str = "pending") -> Json:
    """A refund of 14:00 local time of that day of September, later than noon, which is now in Bangkok."""
    account = world.account(region.lower(), region)
    order, charge = account.sale(at=NOW - 14 * DAY)
    order["refunded_amount"] = order["amount"]
    moment = datetime(2026, 9, day, 14, tzinfo=ZoneInfo(account.facts.timezone))
    return account.refund(charge, charge["amount"], at=moment, status=status)


@case(SALES, OVERDUE + ": 11, 14, 15, 16 and 17 September are over")
def refund_pending_for_more_than_five_business_days(world: World) -> list[Expected]:
    return [expect("refund_overdue", pending_refund(world, "TH", 10))]


@case(SALES, OVERDUE + ": the fifth business day is not over")
def refund_pending_for_not_quite_five_business_days(world: World) -> list[Expected]:
    pending_refund(world, "TH", 11)
    return []


@case(SALES, OVERDUE + ": 16 September is a holiday in Malaysia")
def refund_pending_over_a_holiday(world: World) -> list[Expected]:
    pending_refund(world, "MY", 10)
    return []


@case(SALES, OVERDUE)
def refund_pending_over_a_holiday_and_long_enough(world: World) -> list[Expected]:
    return [expect("refund_overdue", pending_refund(world, "MY", 9))]


@case(SALES, OVERDUE + ": a closed one is not pending")
def refund_closed_long_ago(world: World) -> list[Expected]:
    pending_refund(world, "TH", 7, status="closed")
    return []


def refunded_so_often(world: World, count: int) -> Json:
    th = world.account("th")
    order, charge = th.sale(500_000)
    order["refunded_amount"] = major(count * 1_000, "THB")
    for number in range(count):
        th.refund(charge, 1_000, at=NOW - timedelta(hours=30 - number))
    return charge


@case(SALES, COUNT)
def charge_refunded_twelve_times(world: World) -> list[Expected]:
    refunded_so_often(world, 12)
    return []


@case(SALES, COUNT)
def charge_refunded_thirteen_times(world: World) -> list[Expected]:
    return [expect("refund_count_limit", refunded_so_often(world, 13))]


@case(SALES, COUNT)
def charge_refunded_fifteen_times(world: World) -> list[Expected]:
    return [expect("refund_count_limit", refunded_so_often(world, 15))]
