"""Cases of orders and charges: what is missing, pending, failed, cancelled or there twice."""

from datetime import timedelta

from tests.contract.case import Expected, case, expect, perhaps
from tests.contract.objects import major
from tests.contract.world import NOW, World

SALES = "sales"
MISSING = "charge_missing: order paid or refunded, and no charge for it at all"
PENDING = "order_paid_charge_pending: order paid, no charge successful, one still pending"
FAILED = "order_paid_charge_failed: order paid, and every charge failed, expired, was reversed or voided"
ORDERLESS = "order_missing: successful charge, not voided, and no order in any source"
UNMARKED = "order_not_marked_paid: successful charge, order still pending, grace 30m after paid_at"
CANCELLED = "order_cancelled_but_charged: order cancelled, its successful charge not fully refunded"
DUPLICATE = "duplicate_charge: more than one successful, not fully refunded charge where one pays the order"
SETTLE = "[matching] settle = 1h: an order or charge younger than this is not yet missing its other side"
MINUTE = timedelta(minutes=1)


@case(SALES, "an order and the charge that pays it agree: no break")
def plain_sale(world: World) -> list[Expected]:
    world.account("th").sale()
    return []


@case(SALES, MISSING)
def paid_order_without_charge(world: World) -> list[Expected]:
    return [expect("charge_missing", world.account("th").order(51_000))]


@case(SALES, MISSING + " (refund_missing is of another group)")
def refunded_order_without_charge(world: World) -> list[Expected]:
    order = world.account("th").order(52_000, "refunded", refunded_amount="520.00")
    return [expect("charge_missing", order), perhaps("refund_missing", order)]


@case(SALES, MISSING)
def pending_order_without_charge(world: World) -> list[Expected]:
    world.account("th").order(53_000, "pending")
    return []


@case(SALES, MISSING)
def cancelled_order_without_charge(world: World) -> list[Expected]:
    world.account("th").order(54_000, "cancelled")
    return []


@case(SALES, "Zero amounts are counted, not judged")
def paid_order_of_zero(world: World) -> list[Expected]:
    world.account("th").order(0)
    return []


@case(SALES, SETTLE)
def paid_order_of_fifty_nine_minutes(world: World) -> list[Expected]:
    world.account("th").order(55_000, at=NOW - 59 * MINUTE)
    return []


@case(SALES, SETTLE)
def paid_order_of_sixty_one_minutes(world: World) -> list[Expected]:
    return [expect("charge_missing", world.account("th").order(56_000, at=NOW - 61 * MINUTE))]


@case(SALES, SETTLE)
def charge_of_fifty_nine_minutes_without_order(world: World) -> list[Expected]:
    world.account("th").charge(at=NOW - 59 * MINUTE)
    return []


@case(SALES, SETTLE)
def charge_of_sixty_one_minutes_without_order(world: World) -> list[Expected]:
    return [expect("order_missing", world.account("th").charge(at=NOW - 61 * MINUTE))]


@case(SALES, PENDING)
def paid_order_with_pending_charge(world: World) -> list[Expected]:
    order, _ = world.account("th").sale(status="pending")
    return [expect("order_paid_charge_pending", order)]


@case(SALES, PENDING + " (that charge is then not pending_stuck)")
def paid_order_with_charge_pending_beyond_its_time(world: World) -> list[Expected]:
    order, _ = world.account("th").sale(status="pending", expires_in=timedelta(days=1))
    return [expect("order_paid_charge_pending", order)]


@case(SALES, PENDING)
def paid_order_with_failed_and_pending_charge(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale(status="failed")
    th.charge(charge["amount"], order_id=order["order_id"], status="pending")
    return [expect("order_paid_charge_pending", order)]


@case(SALES, PENDING + ": here one is successful")
def paid_order_with_successful_and_pending_charge(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    th.charge(charge["amount"], order_id=order["order_id"], status="pending")
    return []


@case(SALES, FAILED)
def paid_order_with_failed_charge(world: World) -> list[Expected]:
    return [expect("order_paid_charge_failed", world.account("th").sale(status="failed")[0])]


@case(SALES, FAILED)
def paid_order_with_expired_charge(world: World) -> list[Expected]:
    order, _ = world.account("th").sale(status="expired", method="promptpay", expires_in=timedelta(days=1))
    return [expect("order_paid_charge_failed", order)]


@case(SALES, FAILED)
def paid_order_with_reversed_charge(world: World) -> list[Expected]:
    return [expect("order_paid_charge_failed", world.account("th").sale(status="reversed")[0])]


@case(SALES, FAILED + " (whether the void is also an unrecorded refund can be read both ways)")
def paid_order_with_voided_charge(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    th.refund(charge, charge["amount"], voided=True)
    return [expect("order_paid_charge_failed", order), perhaps("refund_unrecorded", order)]


@case(SALES, FAILED)
def paid_order_with_three_charges_that_came_to_nothing(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale(status="failed")
    for status in ("expired", "reversed"):
        th.charge(charge["amount"], order_id=order["order_id"], status=status)
    return [expect("order_paid_charge_failed", order)]


@case(SALES, FAILED + ": here the second attempt succeeded")
def paid_order_with_failed_and_successful_charge(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale(status="failed")
    th.charge(charge["amount"], order_id=order["order_id"])
    return []


@case(SALES, FAILED + ": here the order is pending")
def pending_order_with_failed_charge(world: World) -> list[Expected]:
    order, _ = world.account("th").sale(status="failed")
    order["status"] = "pending"
    return []


@case(SALES, ORDERLESS)
def charge_without_order(world: World) -> list[Expected]:
    return [expect("order_missing", world.account("th").charge())]


@case(SALES, ORDERLESS)
def charge_that_names_an_unknown_order(world: World) -> list[Expected]:
    return [expect("order_missing", world.account("th").charge(order_id="NOWHERE-1"))]


@case(SALES, ORDERLESS)
def voided_charge_without_order(world: World) -> list[Expected]:
    th = world.account("th")
    charge = th.charge()
    th.refund(charge, charge["amount"], voided=True)
    return []


@case(SALES, ORDERLESS + ": refunded is not voided")
def refunded_charge_without_order(world: World) -> list[Expected]:
    th = world.account("th")
    charge = th.charge()
    th.refund(charge, charge["amount"])
    return [expect("order_missing", charge)]


@case(SALES, ORDERLESS)
def unsuccessful_charges_without_order(world: World) -> list[Expected]:
    for status in ("failed", "expired", "reversed", "pending"):
        world.account("th").charge(status=status, expires_in=timedelta(days=20))
    return []


@case(SALES, "charges_without_orders kinds link, schedule: by design, counted, not judged")
def charges_of_a_link_and_of_a_schedule(world: World) -> list[Expected]:
    th = world.account("th")
    th.charge()["link"] = "link_test_5fz0olfpy32zadv96ek"
    th.charge()["schedule"] = "schd_test_5fz0olfpy32zadv96ek"
    return []


@case(SALES, "charges_without_orders description: by design, counted, not judged")
def charge_whose_description_is_by_design(world: World) -> list[Expected]:
    world.account("th").charge()["description"] = "TOPUP wallet 77"
    return []


@case(SALES, UNMARKED)
def pending_order_with_successful_charge(world: World) -> list[Expected]:
    order, _ = world.account("th").sale()
    order["status"] = "pending"
    return [expect("order_not_marked_paid", order)]


@case(SALES, UNMARKED)
def pending_order_paid_twenty_eight_minutes_ago(world: World) -> list[Expected]:
    order, _ = world.account("th").sale(at=NOW - 30 * MINUTE)
    order["status"] = "pending"
    return []


@case(SALES, UNMARKED)
def pending_order_paid_thirty_two_minutes_ago(world: World) -> list[Expected]:
    order, _ = world.account("th").sale(at=NOW - 34 * MINUTE)
    order["status"] = "pending"
    return [expect("order_not_marked_paid", order)]


@case(SALES, "inside a group the first that applies is raised: order_not_marked_paid stands before duplicate_charge")
def pending_order_charged_twice(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    order["status"] = "pending"
    th.charge(charge["amount"], order_id=order["order_id"])
    return [expect("order_not_marked_paid", order)]


@case(SALES, CANCELLED)
def cancelled_order_with_successful_charge(world: World) -> list[Expected]:
    order, _ = world.account("th").sale()
    order["status"] = "cancelled"
    return [expect("order_cancelled_but_charged", order)]


@case(SALES, CANCELLED + "; only the full refund of a cancelled order does not count as refunded")
def cancelled_order_partly_refunded_without_record(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    order["status"] = "cancelled"
    th.refund(charge, charge["amount"] // 2)
    return [expect("order_cancelled_but_charged", order), expect("refund_unrecorded", order)]


@case(SALES, CANCELLED)
def cancelled_order_partly_refunded_with_record(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    th.refund(charge, charge["amount"] // 2)
    order.update(status="cancelled", refunded_amount=major(charge["amount"] // 2, "THB"))
    return [expect("order_cancelled_but_charged", order)]


@case(SALES, "the full refund of a cancelled order whose own refunded_amount is 0 does not count as refunded")
def cancelled_order_fully_refunded(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    order["status"] = "cancelled"
    th.refund(charge, charge["amount"])
    return []


@case(SALES, "the void of a cancelled order whose own refunded_amount is 0 does not count as refunded")
def cancelled_order_voided(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    order["status"] = "cancelled"
    th.refund(charge, charge["amount"], voided=True)
    return []


@case(SALES, CANCELLED)
def cancelled_order_fully_refunded_and_recorded(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    th.refund(charge, charge["amount"])
    order.update(status="cancelled", refunded_amount=order["amount"])
    return []


@case(SALES, "refund_amount_mismatch: both, different sums; the order's own refunded_amount is not 0")
def cancelled_order_fully_refunded_and_half_recorded(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    th.refund(charge, charge["amount"])
    order.update(status="cancelled", refunded_amount=major(charge["amount"] // 2, "THB"))
    return [expect("refund_amount_mismatch", order)]


@case(SALES, CANCELLED + "; refund_missing: refunded at the shop, nothing at Omise; groups never hide each other")
def cancelled_order_recorded_as_refunded_only_at_the_shop(world: World) -> list[Expected]:
    order, _ = world.account("th").sale()
    order.update(status="cancelled", refunded_amount=order["amount"])
    return [expect("order_cancelled_but_charged", order), expect("refund_missing", order)]


@case(SALES, "pending refunds count as refunded at Omise")
def cancelled_order_whose_full_refund_is_pending(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    order["status"] = "cancelled"
    th.refund(charge, charge["amount"], at=NOW - timedelta(days=1), status="pending")
    return []


@case(SALES, CANCELLED + "; failed refunds do not count")
def cancelled_order_whose_refund_failed(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    order["status"] = "cancelled"
    refund = th.refund(charge, charge["amount"], status="failed", counts=False)
    return [expect("order_cancelled_but_charged", order), perhaps("transaction_missing", refund)]


@case(SALES, CANCELLED)
def cancelled_order_with_failed_charge(world: World) -> list[Expected]:
    order, _ = world.account("th").sale(status="failed")
    order["status"] = "cancelled"
    return []


@case(SALES, CANCELLED)
def cancelled_order_with_pending_charge(world: World) -> list[Expected]:
    order, _ = world.account("th").sale(status="pending")
    order["status"] = "cancelled"
    return []


@case(SALES, DUPLICATE)
def order_charged_twice(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    th.charge(charge["amount"], order_id=order["order_id"])
    return [expect("duplicate_charge", order)]


@case(SALES, DUPLICATE)
def order_charged_three_times(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    for _ in range(2):
        th.charge(charge["amount"], order_id=order["order_id"])
    return [expect("duplicate_charge", order)]


@case(SALES, DUPLICATE)
def order_charged_twice_one_refunded(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    second = th.charge(charge["amount"], order_id=order["order_id"])
    th.refund(second, second["amount"])
    return []


@case(SALES, DUPLICATE)
def order_charged_twice_the_first_refunded(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    th.charge(charge["amount"], order_id=order["order_id"])
    th.refund(charge, charge["amount"])
    return []


@case(SALES, DUPLICATE)
def order_charged_twice_one_voided(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    second = th.charge(charge["amount"], order_id=order["order_id"])
    th.refund(second, second["amount"], voided=True)
    return []


@case(SALES, DUPLICATE + "; refunds of a charge that does not pay the order do not count")
def order_charged_twice_the_second_partly_refunded(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    order["charge_id"] = charge["id"]
    second = th.charge(charge["amount"], order_id=order["order_id"])
    th.refund(second, second["amount"] // 4)
    return [expect("duplicate_charge", order)]


@case(SALES, DUPLICATE)
def order_charged_twice_one_named_by_id_one_by_description(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    order["charge_id"] = charge["id"]
    th.charge(charge["amount"])["description"] = f"again for {order['order_id']} please"
    return [expect("duplicate_charge", order)]


@case(SALES, DUPLICATE + ": a failed attempt is none")
def order_charged_once_after_two_failures(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    for _ in range(2):
        th.charge(charge["amount"], order_id=order["order_id"], status="failed")
    return []
