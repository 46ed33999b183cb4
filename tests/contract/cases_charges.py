"""Cases of charges alone: stuck, about to lapse, outside limits, of methods that the rule book does not know."""

from datetime import UTC, datetime, timedelta

from tests.contract.case import Expected, case, expect
from tests.contract.objects import Json, stamp
from tests.contract.world import NOW, World

SALES = "sales"
STUCK = "pending_stuck: pending beyond its expires_at, else its method's expiry, plus grace 30m"
EXPIRING = "authorization_expiring: authorised, not captured, within 24h of its expiry"
LIMITS = "amount_out_of_limits: successful outside the method's limits for that region"
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def waiting(world: World, *, since: timedelta, method: str = "card", expires_at: datetime | None = None) -> Json:
    """A pending order and its pending charge, made `since` before now."""
    region = "SG" if method == "paynow" else "TH"
    account = world.account(region.lower(), region)
    order = account.order(amount := account.next_amount(), "pending", at=NOW - since)
    charge = account.charge(
        amount, order_id=order["order_id"], status="pending", at=NOW - since, method=method, expires_in=None
    )
    charge["expires_at"] = stamp(expires_at) if expires_at else None
    return charge


@case(SALES, STUCK)
def pending_thirty_one_minutes_beyond_expires_at(world: World) -> list[Expected]:
    return [expect("pending_stuck", waiting(world, since=48 * HOUR, expires_at=NOW - 31 * MINUTE))]


@case(SALES, STUCK)
def pending_twenty_nine_minutes_beyond_expires_at(world: World) -> list[Expected]:
    waiting(world, since=48 * HOUR, expires_at=NOW - 29 * MINUTE)
    return []


@case(SALES, STUCK + ": expires_at beats the method's ten minutes")
def kakaopay_pending_before_its_expires_at(world: World) -> list[Expected]:
    waiting(world, since=5 * HOUR, method="kakaopay", expires_at=NOW + HOUR)
    return []


@case(SALES, STUCK + "; KakaoPay: 10 minutes")
def kakaopay_pending_for_forty_one_minutes(world: World) -> list[Expected]:
    return [expect("pending_stuck", waiting(world, since=41 * MINUTE, method="kakaopay"))]


@case(SALES, STUCK + "; KakaoPay: 10 minutes")
def kakaopay_pending_for_thirty_nine_minutes(world: World) -> list[Expected]:
    waiting(world, since=39 * MINUTE, method="kakaopay")
    return []


@case(SALES, STUCK + "; PromptPay: 24 hours")
def promptpay_pending_for_twenty_five_hours(world: World) -> list[Expected]:
    return [expect("pending_stuck", waiting(world, since=25 * HOUR, method="promptpay"))]


@case(SALES, STUCK + "; PromptPay: 24 hours")
def promptpay_pending_for_twenty_four_hours_and_a_bit(world: World) -> list[Expected]:
    waiting(world, since=24 * HOUR + 20 * MINUTE, method="promptpay")
    return []


@case(SALES, STUCK + ": the rule book has no expiry of PayNow, and the charge none")
def pending_without_any_known_expiry(world: World) -> list[Expected]:
    waiting(world, since=100 * HOUR, method="paynow")
    return []


@case(SALES, STUCK)
def pending_without_order_beyond_its_time(world: World) -> list[Expected]:
    charge = world.account("th").charge(status="pending", at=NOW - 30 * HOUR, expires_in=HOUR)
    return [expect("pending_stuck", charge)]


@case(SALES, "everything not final is judged, whenever made")
def pending_since_august(world: World) -> list[Expected]:
    return [expect("pending_stuck", waiting(world, since=timedelta(days=29), expires_at=NOW - timedelta(days=22)))]


@case(SALES, STUCK + ": a failed one is not pending")
def failed_long_ago(world: World) -> list[Expected]:
    world.account("th").charge(status="failed", at=NOW - 70 * HOUR, expires_in=HOUR)
    return []


def authorised(world: World, left: timedelta, status: str = "pending") -> tuple[dict[str, str], Json]:
    th = world.account("th")
    order = th.order(amount := th.next_amount(), status)
    charge = th.charge(amount, order_id=order["order_id"], status="authorised")
    charge["expires_at"] = stamp(NOW + left)
    return order, charge


@case(SALES, EXPIRING)
def authorised_with_twenty_three_hours_left(world: World) -> list[Expected]:
    return [expect("authorization_expiring", authorised(world, 23 * HOUR)[1])]


@case(SALES, EXPIRING)
def authorised_with_twenty_five_hours_left(world: World) -> list[Expected]:
    authorised(world, 25 * HOUR)
    return []


@case(SALES, EXPIRING + "; groups never hide each other")
def paid_order_whose_authorisation_ends_soon(world: World) -> list[Expected]:
    order, charge = authorised(world, 5 * HOUR, status="paid")
    return [expect("order_paid_charge_pending", order), expect("authorization_expiring", charge)]


@case(SALES, STUCK + ": an authorisation that lapsed an hour ago is pending beyond its expires_at")
def authorised_beyond_its_expiry(world: World) -> list[Expected]:
    return [expect("pending_stuck", authorised(world, -HOUR)[1])]


@case(SALES, EXPIRING + ": this one only waits for its payer")
def unauthorised_with_five_hours_left(world: World) -> list[Expected]:
    waiting(world, since=10 * HOUR, method="promptpay", expires_at=NOW + 5 * HOUR)
    return []


def limited(world: World, region: str, amount: int, method: str = "card", status: str = "successful") -> Json:
    account = world.account(region.lower(), region)
    order, charge = account.sale(amount, method=method, status=status)
    if status != "successful":
        order["status"] = "pending"
    return charge


@case(SALES, LIMITS + "; cards in Thailand: 20.00 to 150,000.00")
def baht_card_below_the_minimum(world: World) -> list[Expected]:
    return [expect("amount_out_of_limits", limited(world, "TH", 1_999))]


@case(SALES, LIMITS)
def baht_card_at_the_minimum(world: World) -> list[Expected]:
    limited(world, "TH", 2_000)
    return []


@case(SALES, LIMITS)
def baht_card_at_the_maximum(world: World) -> list[Expected]:
    limited(world, "TH", 15_000_000)
    return []


@case(SALES, LIMITS)
def baht_card_above_the_maximum(world: World) -> list[Expected]:
    return [expect("amount_out_of_limits", limited(world, "TH", 15_000_001))]


@case(SALES, LIMITS + "; KakaoPay in Singapore: 1.00 to 20,000.00")
def singapore_kakaopay_above_the_maximum(world: World) -> list[Expected]:
    return [expect("amount_out_of_limits", limited(world, "SG", 2_000_001, "kakaopay"))]


@case(SALES, LIMITS + "; KakaoPay in Singapore: 1.00 to 20,000.00")
def singapore_kakaopay_at_the_maximum(world: World) -> list[Expected]:
    limited(world, "SG", 2_000_000, "kakaopay")
    return []


@case(SALES, LIMITS + "; convenience stores in Japan: 200 to 49,999 yen")
def yen_convenience_store_at_the_maximum(world: World) -> list[Expected]:
    limited(world, "JP", 49_999, "econtext")
    return []


@case(SALES, LIMITS + "; convenience stores in Japan: 200 to 49,999 yen")
def yen_convenience_store_above_the_maximum(world: World) -> list[Expected]:
    return [expect("amount_out_of_limits", limited(world, "JP", 50_000, "econtext"))]


@case(SALES, LIMITS + "; convenience stores in Japan: 200 to 49,999 yen")
def yen_convenience_store_below_the_minimum(world: World) -> list[Expected]:
    return [expect("amount_out_of_limits", limited(world, "JP", 199, "econtext"))]


@case(SALES, "what rests on a rule-book figure marked unsure raises no more than low: TrueMoney's 100,000.00")
def truemoney_above_an_unsure_maximum(world: World) -> list[Expected]:
    return [expect("amount_out_of_limits", limited(world, "TH", 10_000_001, "truemoney"), "low")]


@case(SALES, LIMITS + "; instalments from 2,000.00")
def instalment_below_the_minimum(world: World) -> list[Expected]:
    return [expect("amount_out_of_limits", limited(world, "TH", 199_999, "installment_bay"))]


@case(SALES, LIMITS + ": pending and failed ones are not judged")
def unsuccessful_charges_outside_the_limits(world: World) -> list[Expected]:
    limited(world, "TH", 1_500, status="pending")
    limited(world, "TH", 1_600, status="failed")
    return []


@case(
    SALES,
    "method_not_in_region: the rule book does not know the method there; one break per method, the first charge",
)
def kakaopay_in_malaysia_twice(world: World) -> list[Expected]:
    first = limited(world, "MY", 40_100, "kakaopay")
    limited(world, "MY", 40_200, "kakaopay")
    return [expect("method_not_in_region", first)]


@case(SALES, "method_not_in_region")
def paynow_in_thailand(world: World) -> list[Expected]:
    return [expect("method_not_in_region", limited(world, "TH", 40_300, "paynow"))]


@case(SALES, "method_unknown (low): one break per method and run, the charge is the first")
def a_method_that_nobody_knows_three_times(world: World) -> list[Expected]:
    first = limited(world, "TH", 40_400, "moonpay")
    for amount in (40_500, 40_600):
        limited(world, "TH", amount, "moonpay")
    return [expect("method_unknown", first)]


@case(SALES, "method_unknown: nothing about its times and limits is judged")
def another_unknown_method_far_above_every_limit(world: World) -> list[Expected]:
    return [expect("method_unknown", limited(world, "TH", 99_000_000, "marspay"))]


@case(SALES, "an event's `data` is a hint only: an odd one changes nothing")
def event_with_data_of_an_old_version(world: World) -> list[Expected]:
    th = world.account("th")
    _, charge = th.sale()
    at = datetime(2026, 9, 17, 3, tzinfo=UTC)
    event = {
        "object": "event",
        "id": th.next_id("evnt"),
        "livemode": False,
        "key": "charge.complete",
        "created_at": stamp(at),
        "webhook_deliveries": [{"object": "webhook_delivery", "created_at": "2026-09-17 03:00:09 UTC"}],
        "data": {"object": "charge", "id": charge["id"], "currency": "thb", "created": stamp(at), "refunded": 0},
    }
    event["location"] = f"/events/{event['id']}"
    th.keep("events", event)
    return []
