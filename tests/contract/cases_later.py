"""Cases that need two nights: what changed between them, what closes by itself, and two readings of the balance.

The second night judges 18 and 19 September only; the expectation is what is open after it.
"""

from datetime import UTC, datetime, timedelta

from tests.contract.case import Expected, case, expect
from tests.contract.cases_bank import MONDAY, at_hour
from tests.contract.objects import Json, stamp
from tests.contract.world import NOW, Account, World

LATER = "later"
LATE = "late_success: turned successful after it had been seen failed or expired"
CHANGED = "a run judges every case with anything changed since the last run, whenever made"
CLOSES = "a break closes by itself when the facts agree"
BALANCE = (
    "balance_mismatch: an earlier stored reading + the transactions first stored after that reading's pull ≠ the "
    "reading of this pull"
)
NEXT = NOW + timedelta(days=1)
HOUR = timedelta(hours=1)


def tell(account: Account, key: str, body: Json, at: datetime = NOW + HOUR) -> None:
    """The event that Omise keeps of a change."""
    event_id = account.next_id("evnt")
    event = {
        "object": "event",
        "id": event_id,
        "livemode": account.live,
        "location": f"/events/{event_id}",
        "webhook_deliveries": [],
        "key": key,
        "data": body,
        "created_at": stamp(at),
    }
    account.keep("events", event)


def succeed(account: Account, charge: Json, at: datetime = NOW + HOUR) -> None:
    charge.update(failure_code=None, failure_message=None, expired=False, expired_at=None)
    account.bring_to(charge, "successful", at, charge["amount"])
    tell(account, "charge.complete", charge, at)


@case(LATER, LATE)
def failed_charge_that_succeeds_the_next_day(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale(status="failed")
    order["status"] = "pending"

    @world.later
    def night() -> None:
        succeed(th, charge)
        order["status"] = "paid"

    return [expect("late_success", charge)]


@case(LATER, LATE)
def expired_charge_that_succeeds_the_next_day(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale(status="expired", method="promptpay", expires_in=24 * HOUR)
    order["status"] = "pending"

    @world.later
    def night() -> None:
        succeed(th, charge)
        order["status"] = "paid"

    return [expect("late_success", charge)]


@case(LATER, LATE + "; and the shop heard nothing of it")
def failed_charge_that_succeeds_and_the_order_stays_pending(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale(status="failed")
    order["status"] = "pending"
    world.later(lambda: succeed(th, charge))
    return [expect("late_success", charge), expect("order_not_marked_paid", order)]


@case(LATER, LATE + ": it was pending, never failed")
def pending_charge_that_succeeds_the_next_day(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale(status="pending")
    order["status"] = "pending"

    @world.later
    def night() -> None:
        succeed(th, charge)
        order["status"] = "paid"

    return []


@case(LATER, CLOSES)
def missing_charge_that_comes_the_next_day(world: World) -> list[Expected]:
    th = world.account("th")
    order = th.order(61_100)
    world.later(lambda: th.charge(61_100, order_id=order["order_id"], at=NOW + HOUR))
    return []


@case(LATER, CLOSES)
def wrong_amount_that_the_shop_corrects(world: World) -> list[Expected]:
    order, _ = world.account("th").sale()
    right, order["amount"] = order["amount"], "1.11"
    world.later(lambda: order.update(amount=right))
    return []


@case(LATER, CHANGED)
def old_order_cancelled_the_next_day(world: World) -> list[Expected]:
    order, _ = world.account("th").sale()
    world.later(lambda: order.update(status="cancelled"))
    return [expect("order_cancelled_but_charged", order)]


@case(LATER, CHANGED)
def old_charge_refunded_on_the_dashboard(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale()
    world.later(lambda: tell(th, "refund.create", th.refund(charge, 12_300, at=NOW + HOUR)))
    return [expect("refund_unrecorded", order)]


@case(LATER, CHANGED)
def old_charge_disputed_the_next_day(world: World) -> list[Expected]:
    th = world.account("th")
    _, charge = th.sale()
    expected: list[Expected] = []
    world.later(lambda: expected.append(expect("dispute_open", th.dispute(charge, at=NOW + HOUR))))
    return expected


@case(LATER, "a row absent from a later file is not deleted")
def order_that_leaves_the_file(world: World) -> list[Expected]:
    order, _ = world.account("th").sale()
    world.later(lambda: world.sources["shop"].rows.remove(order))
    return []


@case(LATER, "a row absent from a later file is not deleted; its break stays")
def order_without_charge_that_leaves_the_file(world: World) -> list[Expected]:
    order = world.account("th").order(62_200)
    world.later(lambda: world.sources["shop"].rows.remove(order))
    return [expect("charge_missing", order)]


@case(LATER, "an open break is carried until the facts agree")
def charge_that_stays_missing(world: World) -> list[Expected]:
    return [expect("charge_missing", world.account("th").order(63_300))]


@case(LATER, "new sales between two nights")
def sale_between_the_nights(world: World) -> list[Expected]:
    th = world.account("th")
    world.later(lambda: th.sale(at=NOW + 2 * HOUR))
    return []


def waiting_refund(world: World) -> Json:
    th = world.account("th")
    order, charge = th.sale(at=NOW - timedelta(days=9))
    order["refunded_amount"] = order["amount"]
    return th.refund(charge, charge["amount"], at=datetime(2026, 9, 11, 7, tzinfo=UTC), status="pending")


@case(LATER, "refund_overdue: the fifth business day ended between the nights")
def refund_still_pending_on_the_second_night(world: World) -> list[Expected]:
    return [expect("refund_overdue", waiting_refund(world))]


@case(LATER, "everything not final is asked for again: a refund that closes tells no event")
def refund_closed_between_the_nights(world: World) -> list[Expected]:
    refund = waiting_refund(world)
    world.later(lambda: refund.update(status="closed"))
    return []


def disputed(world: World, status: str) -> Json:
    th = world.account("th")
    _, charge = th.sale()
    dispute = th.dispute(charge)

    @world.later
    def night() -> None:
        dispute.update(status=status, closed_at=stamp(NOW + HOUR))
        if status == "won":
            row = th.transaction(
                dispute["funding_amount"], "credit", "dispute.won.credit", dispute["id"], at=NOW + HOUR
            )
            dispute["transactions"] = [row, *dispute["transactions"]]

    return dispute


@case(LATER, CLOSES)
def dispute_won_between_the_nights(world: World) -> list[Expected]:
    disputed(world, "won")
    return []


@case(LATER, "dispute_lost: lost, and the order still stands as paid")
def dispute_lost_between_the_nights(world: World) -> list[Expected]:
    return [expect("dispute_lost", disputed(world, "lost"))]


@case(LATER, "dispute_open: open or pending")
def dispute_answered_between_the_nights(world: World) -> list[Expected]:
    return [expect("dispute_open", disputed(world, "pending"))]


@case(LATER, CLOSES)
def stuck_transfer_paid_between_the_nights(world: World) -> list[Expected]:
    account = world.account("slow")
    world.own("slow")
    account.pays_out = False
    sent_at = at_hour(account, MONDAY, 9)
    _, charge = account.sale(2_000_000, at=sent_at - timedelta(days=9))
    transfer = account.transfer(charge["net"], sent_at=sent_at)

    @world.later
    def night() -> None:
        transfer.update(paid=True, paid_at=stamp(NOW + HOUR))
        account.credit(transfer)

    return []


def watched(world: World, name: str) -> Account:
    account = world.account(name)
    world.own(name)
    account.sale()
    return account


@case(LATER, BALANCE)
def balance_that_moved_by_one_satang_more(world: World) -> list[Expected]:
    account = watched(world, "drift")

    @world.later
    def night() -> None:
        account.sale(at=NOW + HOUR)
        account.balance_changes = {"total": account.balance_json(NEXT)["total"] + 1}

    return [expect("balance_mismatch", "drift")]


@case(LATER, BALANCE)
def balance_that_moved_by_its_transactions(world: World) -> list[Expected]:
    account = watched(world, "steady")
    world.later(lambda: account.sale(at=NOW + HOUR))
    return []


@case(LATER, BALANCE + ": both readings have an old part that no transaction tells")
def balance_with_an_old_part_in_both_readings(world: World) -> list[Expected]:
    account = watched(world, "legacy")
    account.balance_changes = {"total": account.balance_json(NOW)["total"] + 777_000}

    @world.later
    def night() -> None:
        account.balance_changes = {}
        account.sale(at=NOW + HOUR)
        account.balance_changes = {"total": account.balance_json(NEXT)["total"] + 777_000}

    return []


@case(LATER, BALANCE + ": first stored after the reading, though created before; the safety net of totals finds it")
def balance_with_a_transaction_that_came_late(world: World) -> list[Expected]:
    account = watched(world, "backdated")
    row, charge = account.sale()
    booked = account.objects["transactions"].pop(charge["transaction"])
    del account.objects["charges"][charge["id"]]
    row["status"] = "pending"

    @world.later
    def night() -> None:
        account.objects["transactions"][booked["id"]] = booked
        account.objects["charges"][charge["id"]] = charge
        row["status"] = "paid"

    return []
