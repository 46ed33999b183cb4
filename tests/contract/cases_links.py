"""Cases of how orders and charges find each other, and of their amounts, scales and currencies."""

from datetime import UTC, datetime, timedelta

from tests.contract.case import Expected, case, expect
from tests.contract.objects import Json, major
from tests.contract.world import NOW, Account, World

SALES = "sales"
AMOUNT = "amount_mismatch: amounts differ beyond the tolerance (captured amount counts)"
SCALE = "amount_scale_mismatch: amounts differ by exactly a power of ten"
CURRENCY = "currency_mismatch: presentment currency differs"
LINKS = "links, most certain first: charge_id, metadata.order_id, description, amount + window"
UNIQUE = "the last two link only when the pair is unique on both sides"
NEVER = "… and never touch a charge that names an order or an order that names a charge, even an unknown one"
AMBIGUOUS = (
    "match_ambiguous: several equally good candidates; nothing is linked; none of them is missing its other side"
)
SPLIT = "with split payments their sum counts"
HOUR = timedelta(hours=1)


def priced(account: Account, ordered: int, charged: int) -> dict[str, str]:
    order = account.order(ordered)
    account.charge(charged, order_id=order["order_id"])
    return order


@case(SALES, LINKS)
def order_that_names_its_charge(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    charge["metadata"] = {}
    order["charge_id"] = charge["id"]
    return []


@case(SALES, LINKS)
def order_named_in_a_description(world: World) -> list[Expected]:
    order, charge = world.account("th").sale()
    charge.update(metadata={}, description=f"Order {order['order_id']}, thank you")
    return []


@case(SALES, "description: an exact order id as a word")
def order_id_inside_a_longer_word(world: World) -> list[Expected]:
    order, charge = world.account("th").sale()
    charge.update(metadata={}, description=f"Order {order['order_id']}7", amount=charge["amount"])
    order["amount"] = major(charge["amount"] + 100, "THB")
    return [expect("charge_missing", order), expect("order_missing", charge)]


@case(SALES, LINKS)
def order_found_by_amount_and_time(world: World) -> list[Expected]:
    _, charge = world.account("th").sale()
    charge["metadata"] = {}
    return []


def apart(world: World, hours: int) -> tuple[dict[str, str], Json]:
    th = world.account("th")
    amount, moment = th.next_amount(), datetime(2026, 9, 11, 3, tzinfo=UTC)
    return th.order(amount, at=moment), th.charge(amount, at=moment + hours * HOUR)


@case(SALES, "window = 72h, for the passes by amount and time")
def charge_seventy_one_hours_after_its_order(world: World) -> list[Expected]:
    apart(world, 71)
    return []


@case(SALES, "window = 72h, for the passes by amount and time")
def charge_seventy_three_hours_after_its_order(world: World) -> list[Expected]:
    order, charge = apart(world, 73)
    return [expect("charge_missing", order), expect("order_missing", charge)]


@case(SALES, NEVER)
def charge_of_the_same_amount_that_names_another_order(world: World) -> list[Expected]:
    order, charge = world.account("th").sale()
    charge["metadata"] = {"order_id": "ELSEWHERE-9"}
    return [expect("charge_missing", order), expect("order_missing", charge)]


@case(SALES, NEVER)
def order_of_the_same_amount_that_names_another_charge(world: World) -> list[Expected]:
    order, charge = world.account("th").sale()
    charge["metadata"] = {}
    order["charge_id"] = "chrg_test_5fz0olfpy32zadv96ek"
    return [expect("charge_missing", order), expect("order_missing", charge)]


@case(SALES, AMBIGUOUS)
def order_with_two_equally_good_charges(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    charge["metadata"] = {}
    th.charge(charge["amount"])
    return [expect("match_ambiguous", order)]


@case(SALES, AMBIGUOUS)
def two_orders_and_two_charges_of_one_amount(world: World) -> list[Expected]:
    th = world.account("th")
    amount = th.next_amount()
    pairs = [th.sale(amount) for _ in range(2)]
    for _, charge in pairs:
        charge["metadata"] = {}
    return [expect("match_ambiguous", order) for order, _ in pairs]


@case(SALES, LINKS + ": a name makes of two equal pairs two certain ones")
def two_equal_orders_told_apart_by_one_name(world: World) -> list[Expected]:
    th = world.account("th")
    amount = th.next_amount()
    th.sale(amount)
    _, charge = th.sale(amount)
    charge["metadata"] = {}
    return []


@case(SALES, "amount + currency + window + hashed customer")
def two_equal_orders_told_apart_by_customer(world: World) -> list[Expected]:
    th = world.account("th")
    amount = th.next_amount()
    for customer in ("ann@shop.example", "bo@shop.example"):
        th.order(amount, source="members", customer_email=customer)
        th.charge(amount)["metadata"] = {"customer_email": customer}
    return []


@case(SALES, "description_pattern: a regular expression with one group")
def order_found_by_its_source_s_pattern(world: World) -> list[Expected]:
    th = world.account("th")
    order = th.order(71_100, source="patterned")
    th.charge(71_100)["description"] = f"ref={order['order_id']};web"
    return []


@case(SALES, 'metadata_keys = ["order_id"]')
def metadata_of_another_key_names_nothing(world: World) -> list[Expected]:
    order, charge = world.account("th").sale()
    charge["metadata"] = {"invoice": order["order_id"]}
    return []


@case(SALES, "an order is judged with every charge of it, whenever made: no false break at midnight")
def order_before_midnight_and_range_charge_after(world: World) -> list[Expected]:
    midnight = datetime(2026, 8, 31, 17, tzinfo=UTC)
    th = world.account("th")
    order = th.order(72_200, at=midnight - HOUR / 4)
    th.charge(72_200, order_id=order["order_id"], at=midnight + HOUR / 4)
    return []


@case(SALES, "a charge is judged with its order, whenever made")
def order_of_july_charged_in_september(world: World) -> list[Expected]:
    th = world.account("th")
    order = th.order(73_300, at=NOW - timedelta(days=70))
    th.charge(73_300, order_id=order["order_id"])
    return []


@case(SALES, "the same id twice: the newest row wins and it is counted")
def order_twice_the_later_row_right(world: World) -> list[Expected]:
    order, _ = world.account("th").sale()
    rows = world.sources["shop"].rows
    rows.insert(rows.index(order), {**order, "amount": "1.00", "status": "pending"})
    return []


@case(SALES, "the same id twice: the newest row wins and it is counted")
def order_twice_the_later_row_wrong(world: World) -> list[Expected]:
    order, _ = world.account("th").sale()
    world.sources["shop"].rows.append({**order, "amount": "1.07"})
    return [expect("amount_mismatch", order)]


@case(SALES, "[orders.shop.ignore]: rows not paid through Omise: counted, not judged")
def cash_on_delivery_without_charge(world: World) -> list[Expected]:
    world.account("th").order(74_400, source="mixed", payment_method="cod")
    return []


@case(SALES, "[orders.shop.status]: ours = the shop's words")
def order_with_the_shop_s_own_word(world: World) -> list[Expected]:
    return [expect("charge_missing", world.account("th").order(74_500, "Completed", source="mixed"))]


@case(
    SALES, "wrong_account: the order's successful charge sits in another account (that charge is not order_missing)"
)
def order_charged_in_another_account(world: World) -> list[Expected]:
    order = world.account("th").order(75_500)
    world.account("th2").charge(75_500, order_id=order["order_id"])
    return [expect("wrong_account", order)]


@case(SALES, "wrong_account, found by the order's charge_id")
def order_that_names_a_charge_of_another_account(world: World) -> list[Expected]:
    charge = world.account("th2").charge(76_600)
    return [expect("wrong_account", world.account("th").order(76_600, charge_id=charge["id"]))]


@case(SALES, "wrong_account is the first of its group: the currency differs, too")
def order_charged_in_another_country(world: World) -> list[Expected]:
    order = world.account("th").order(77_700)
    world.account("sg", "SG").charge(77_700, order_id=order["order_id"])
    return [expect("wrong_account", order)]


@case(SALES, AMOUNT)
def charge_one_satang_short(world: World) -> list[Expected]:
    return [expect("amount_mismatch", priced(world.account("th"), 123_457, 123_456))]


@case(SALES, AMOUNT)
def charge_one_satang_over(world: World) -> list[Expected]:
    return [expect("amount_mismatch", priced(world.account("th"), 123_557, 123_558))]


@case(SALES, AMOUNT)
def charge_of_half_the_order(world: World) -> list[Expected]:
    return [expect("amount_mismatch", priced(world.account("th"), 200_000, 100_000))]


@case(SALES, AMOUNT)
def authorised_for_all_and_captured_in_part(world: World) -> list[Expected]:
    order, _ = world.account("th").sale(100_000, captured=60_000)
    return [expect("amount_mismatch", order)]


@case(SALES, AMOUNT)
def captured_in_part_and_the_order_says_so(world: World) -> list[Expected]:
    order, _ = world.account("th").sale(100_000, captured=60_000)
    order["amount"] = "600.00"
    return []


@case(SALES, "1,250.00 is an amount")
def order_with_thousands_separator(world: World) -> list[Expected]:
    order, charge = world.account("th").sale(125_000_00)
    order["amount"] = "125,000.00"
    return [] if charge["amount"] == 12_500_000 else [expect("amount_mismatch", order)]


@case(SALES, 'amount_tolerance = { MYR = "1.00" }')
def one_ringgit_apart_within_tolerance(world: World) -> list[Expected]:
    priced(world.account("my", "MY"), 50_100, 50_000)
    return []


@case(SALES, 'amount_tolerance = { MYR = "1.00" }')
def one_ringgit_and_one_sen_apart(world: World) -> list[Expected]:
    return [expect("amount_mismatch", priced(world.account("my", "MY"), 60_101, 60_000))]


@case(SALES, 'amount_tolerance_percent = { SGD = "1" }')
def one_per_cent_apart_within_tolerance(world: World) -> list[Expected]:
    priced(world.account("sg", "SG"), 50_000, 49_500)
    return []


@case(SALES, 'amount_tolerance_percent = { SGD = "1" }')
def more_than_one_per_cent_apart(world: World) -> list[Expected]:
    return [expect("amount_mismatch", priced(world.account("sg", "SG"), 60_000, 59_300))]


@case(SALES, SCALE)
def charge_ten_times_the_order(world: World) -> list[Expected]:
    return [expect("amount_scale_mismatch", priced(world.account("th"), 25_100, 251_000))]


@case(SALES, SCALE)
def charge_a_hundred_times_the_order(world: World) -> list[Expected]:
    return [expect("amount_scale_mismatch", priced(world.account("th"), 25_200, 2_520_000))]


@case(SALES, SCALE)
def charge_a_thousand_times_the_order(world: World) -> list[Expected]:
    return [expect("amount_scale_mismatch", priced(world.account("th"), 2_600, 2_600_000))]


@case(SALES, SCALE)
def charge_a_tenth_of_the_order(world: World) -> list[Expected]:
    return [expect("amount_scale_mismatch", priced(world.account("th"), 253_000, 25_300))]


@case(SALES, SCALE)
def charge_a_hundredth_of_the_order(world: World) -> list[Expected]:
    return [expect("amount_scale_mismatch", priced(world.account("th"), 2_540_000, 25_400))]


@case(SALES, SCALE + ": yen have no decimals, the shop took them for cents")
def yen_charge_a_hundred_times_the_order(world: World) -> list[Expected]:
    return [expect("amount_scale_mismatch", priced(world.account("jp", "JP"), 5_100, 510_000))]


@case(SALES, SCALE)
def yen_charge_a_hundredth_of_the_order(world: World) -> list[Expected]:
    return [expect("amount_scale_mismatch", priced(world.account("jp", "JP"), 520_000, 5_200))]


@case(SALES, "[currencies.KRW] exponent = 0; a hundredfold difference is amount_scale_mismatch, never close enough")
def won_charge_a_hundred_times_the_order(world: World) -> list[Expected]:
    kr = world.account("kr", "KR")
    order = kr.order(10_300)
    kr.charge(1_030_000, order_id=order["order_id"], method="kakaopay")
    return [expect("amount_scale_mismatch", order)]


@case(SALES, "[currencies.KRW] exponent = 0")
def won_order_and_charge_that_agree(world: World) -> list[Expected]:
    world.account("kr", "KR").sale(15_000, method="kakaopay")
    return []


@case(SALES, SCALE + ": twenty times is none")
def charge_twenty_times_the_order(world: World) -> list[Expected]:
    return [expect("amount_mismatch", priced(world.account("th"), 25_500, 510_000))]


@case(SALES, SCALE + ": a hundred times and a satang is none")
def charge_a_hundred_times_and_a_satang(world: World) -> list[Expected]:
    return [expect("amount_mismatch", priced(world.account("th"), 25_600, 2_560_001))]


@case(SALES, CURRENCY)
def order_in_baht_charged_in_dollars(world: World) -> list[Expected]:
    order, _ = world.account("th").sale(40_000, currency="USD", funding=1_400_000)
    return [expect("currency_mismatch", order)]


@case(SALES, CURRENCY + ": here both are dollars, settled in baht")
def order_and_charge_in_dollars(world: World) -> list[Expected]:
    order, _ = world.account("th").sale(41_000, currency="USD", funding=1_435_000)
    order["currency"] = "USD"
    return []


@case(SALES, SPLIT)
def split_order_paid_by_two_charges(world: World) -> list[Expected]:
    th = world.account("th")
    order = th.order(100_300, source="split")
    th.charge(60_000, order_id=order["order_id"])
    th.charge(40_300, order_id=order["order_id"])
    return []


@case(SALES, SPLIT)
def split_order_paid_short(world: World) -> list[Expected]:
    th = world.account("th")
    order = th.order(100_400, source="split")
    th.charge(60_000, order_id=order["order_id"])
    th.charge(40_000, order_id=order["order_id"])
    return [expect("amount_mismatch", order)]


@case(SALES, "refunded at Omise is the sum over the charges that pay the order")
def split_order_refunded_from_both_charges(world: World) -> list[Expected]:
    th = world.account("th")
    order = th.order(100_500, source="split", refunded_amount="300.00")
    th.refund(th.charge(60_000, order_id=order["order_id"]), 10_000)
    th.refund(th.charge(40_500, order_id=order["order_id"]), 20_000)
    return []
