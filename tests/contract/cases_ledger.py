"""Cases of the ledger, of fees, of disputes, and of what lies before the day of going live."""

from datetime import UTC, datetime, timedelta

from aiohttp import web

from tests.contract import objects
from tests.contract.case import Expected, case, expect
from tests.contract.objects import Json, object_id
from tests.contract.world import NOW, Account, World

SALES = "sales"
MISSING = "transaction_missing: a successful charge or a refund whose transaction is null or unknown to Omise"
AMOUNT = "transaction_amount_mismatch: balance transaction ≠ net (charge) or funding amount (refund)"
FEE = "fee_mismatch: fee ≠ the rate on the charge, or the contract rate"
VAT = "fee_vat_mismatch: VAT ≠ rate × the fee as charged (±1 unit), where no fee_mismatch stands"
UNEXPLAINED = "transaction_unexplained: its origin is unknown to Omise, or its direction impossible for it"
KIND = (
    "transaction_unexplained, new: an origin of a kind that we do not know; one break per kind and account, the first"
)
OPEN = "dispute_open: open or pending"
LOST = "dispute_lost: lost, and the order still stands as paid"
RECEIPT = "receipt_mismatch: Omise's tax receipts of a day ≠ the fees and VAT of that day's charges and transfers"
LIVE = "go_live: nothing earlier is judged, but opening items"
DAY = timedelta(days=1)
NOON = datetime(2026, 9, 14, 5, tzinfo=UTC)


def transaction_of(account: Account, body: Json) -> Json:
    return account.objects["transactions"][body["transaction"]]


def forget_transaction(account: Account, body: Json) -> None:
    """Omise knows the balance transaction of this object no more."""
    del account.objects["transactions"][body["transaction"]]


@case(SALES, MISSING)
def successful_charge_without_transaction(world: World) -> list[Expected]:
    th = world.account("th")
    _, charge = th.sale()
    forget_transaction(th, charge)
    charge["transaction"] = None
    return [expect("transaction_missing", charge)]


@case(SALES, MISSING)
def successful_charge_with_an_unknown_transaction(world: World) -> list[Expected]:
    th = world.account("th")
    _, charge = th.sale()
    forget_transaction(th, charge)
    return [expect("transaction_missing", charge)]


def partly_refunded(world: World) -> tuple[Account, Json, Json]:
    th = world.account("th")
    order, charge = th.sale()
    order["refunded_amount"] = "100.00"
    return th, charge, th.refund(charge, 10_000)


@case(SALES, MISSING)
def refund_without_transaction(world: World) -> list[Expected]:
    th, _, refund = partly_refunded(world)
    forget_transaction(th, refund)
    refund["transaction"] = None
    return [expect("transaction_missing", refund)]


@case(SALES, MISSING)
def refund_with_an_unknown_transaction(world: World) -> list[Expected]:
    th, _, refund = partly_refunded(world)
    forget_transaction(th, refund)
    return [expect("transaction_missing", refund)]


@case(SALES, MISSING + ": a failed charge needs none")
def failed_charge_without_transaction(world: World) -> list[Expected]:
    order, _ = world.account("th").sale(status="failed")
    order["status"] = "cancelled"
    return []


@case(SALES, "`transaction` is an id or, expanded, the whole object")
def charge_with_its_transaction_expanded(world: World) -> list[Expected]:
    th = world.account("th")
    _, charge = th.sale()
    charge["transaction"] = transaction_of(th, charge)
    return []


@case(SALES, AMOUNT)
def charge_booked_one_satang_short(world: World) -> list[Expected]:
    th = world.account("th")
    _, charge = th.sale()
    transaction_of(th, charge)["amount"] -= 1
    return [expect("transaction_amount_mismatch", charge)]


@case(SALES, AMOUNT)
def charge_booked_gross(world: World) -> list[Expected]:
    th = world.account("th")
    _, charge = th.sale()
    transaction_of(th, charge)["amount"] = charge["amount"]
    return [expect("transaction_amount_mismatch", charge)]


@case(SALES, AMOUNT)
def refund_booked_too_high(world: World) -> list[Expected]:
    th, _, refund = partly_refunded(world)
    transaction_of(th, refund)["amount"] += 500
    return [expect("transaction_amount_mismatch", refund)]


@case(SALES, AMOUNT + ": gross, in the funding currency")
def refund_of_a_dollar_charge_booked_in_baht(world: World) -> list[Expected]:
    th = world.account("th")
    order, charge = th.sale(40_000, currency="USD", funding=1_400_000)
    order.update(currency="USD", refunded_amount="100.00")
    th.refund(charge, 10_000)
    return []


def with_fee(account: Account, body: Json, fee: int, vat: int) -> None:
    """Another fee, with net and ledger following it, so that nothing but the fee is wrong."""
    body.update(fee=fee, fee_vat=vat, net=body["funding_amount"] - fee - vat)
    transaction_of(account, body)["amount"] = body["net"]


@case(SALES, FEE)
def fee_one_satang_too_high(world: World) -> list[Expected]:
    th = world.account("th")
    _, charge = th.sale(100_000)
    with_fee(th, charge, 3_651, 256)
    return [expect("fee_mismatch", charge)]


@case(SALES, FEE)
def fee_one_baht_too_low(world: World) -> list[Expected]:
    th = world.account("th")
    _, charge = th.sale(100_000)
    with_fee(th, charge, 3_550, 249)
    return [expect("fee_mismatch", charge)]


@case(SALES, FEE + "; half up: 3.65 % of 50.00 is 1.825, and so 1.83")
def fee_rounded_half_up(world: World) -> list[Expected]:
    _, charge = world.account("th").sale(5_000)
    return [] if charge["fee"] == 183 else [expect("fee_mismatch", charge)]


@case(SALES, FEE + "; half up, not half to even")
def fee_rounded_half_to_even(world: World) -> list[Expected]:
    th = world.account("th")
    _, charge = th.sale(5_000)
    with_fee(th, charge, 182, 13)
    return [expect("fee_mismatch", charge)]


@case(SALES, FEE + "; with a flat part")
def fee_with_a_flat_part(world: World) -> list[Expected]:
    world.account("th").sale(flat="8.0")
    return []


@case(SALES, FEE + "; the flat part was left out")
def fee_without_its_flat_part(world: World) -> list[Expected]:
    th = world.account("th")
    _, charge = th.sale(100_000, flat="8.0")
    with_fee(th, charge, 3_650, 256)
    return [expect("fee_mismatch", charge)]


@case(SALES, FEE + "; yen have no decimals")
def fee_in_yen(world: World) -> list[Expected]:
    world.account("jp", "JP").sale(9_999)
    return []


@case(SALES, "fees are of what was captured")
def fee_of_a_part_capture(world: World) -> list[Expected]:
    order, _ = world.account("th").sale(100_000, captured=50_000)
    order["amount"] = "500.00"
    return []


@case(SALES, "instalment interest and its VAT are taken beside the fee")
def instalment_with_interest(world: World) -> list[Expected]:
    world.account("th").sale(1_000_000, method="installment_bay", interest=(48_000, 3_360))
    return []


@case(SALES, "transaction_fees may be absent: there is no rate on the charge to hold the fee against")
def charge_without_rates(world: World) -> list[Expected]:
    _, charge = world.account("th").sale()
    del charge["transaction_fees"]
    return []


@case(SALES, FEE + ": [fees.my] has cards at 3.00, the charge came at 3.50")
def card_above_the_contract_rate(world: World) -> list[Expected]:
    my = world.account("my", "MY")
    _, charge = my.sale(100_000)
    charge["transaction_fees"]["fee_rate"] = "3.50"
    with_fee(my, charge, 3_500, 0)
    return [expect("fee_mismatch", charge)]


@case(SALES, FEE + ": [fees.my] has cards at 3.00")
def card_at_the_contract_rate(world: World) -> list[Expected]:
    world.account("my", "MY").sale(100_100)
    return []


@case(SALES, VAT)
def vat_one_satang_off(world: World) -> list[Expected]:
    th = world.account("th")
    _, charge = th.sale(100_000)
    with_fee(th, charge, 3_650, 257)
    return []


@case(SALES, VAT)
def vat_two_satang_off(world: World) -> list[Expected]:
    th = world.account("th")
    _, charge = th.sale(100_000)
    with_fee(th, charge, 3_650, 258)
    return [expect("fee_vat_mismatch", charge)]


@case(SALES, VAT)
def vat_of_another_rate(world: World) -> list[Expected]:
    th = world.account("th")
    _, charge = th.sale(100_000)
    with_fee(th, charge, 3_650, 365)
    return [expect("fee_vat_mismatch", charge)]


@case(SALES, VAT)
def vat_of_the_right_fee_beside_a_wrong_fee(world: World) -> list[Expected]:
    th = world.account("th")
    _, charge = th.sale(100_000)
    with_fee(th, charge, 4_650, 256)
    return [expect("fee_mismatch", charge)]


@case(SALES, UNEXPLAINED)
def transaction_of_a_charge_that_omise_does_not_know(world: World) -> list[Expected]:
    th = world.account("th")
    origin = object_id("chrg", "nobody's")
    return [
        expect("transaction_unexplained", th.transaction(7_700, "credit", "charge.captured.net", origin, at=NOON))
    ]


@case(SALES, UNEXPLAINED)
def transaction_of_a_refund_that_omise_does_not_know(world: World) -> list[Expected]:
    th = world.account("th")
    origin = object_id("rfnd", "nobody's")
    return [
        expect("transaction_unexplained", th.transaction(3_300, "debit", "refund.created.debit", origin, at=NOON))
    ]


@case(SALES, UNEXPLAINED + ": a charge cannot take money")
def debit_whose_origin_is_a_charge(world: World) -> list[Expected]:
    th = world.account("th")
    _, charge = th.sale()
    return [expect("transaction_unexplained", th.transaction(2_200, "debit", "charge.other", charge["id"], at=NOON))]


@case(SALES, KIND)
def transactions_of_two_unknown_kinds(world: World) -> list[Expected]:
    th = world.account("th")
    first = th.transaction(5_000, "credit", "adjustment.made", object_id("adjs", "1"), at=NOON)
    th.transaction(6_000, "credit", "adjustment.made", object_id("adjs", "2"), at=NOON + DAY)
    other = th.transaction(7_000, "debit", "reserve.moved", object_id("rsrv", "1"), at=NOON)
    return [expect("transaction_unexplained", first), expect("transaction_unexplained", other)]


@case(SALES, "an unknown `key` text of a known kind alone is no break")
def transaction_with_an_unknown_key(world: World) -> list[Expected]:
    th = world.account("th")
    _, charge = th.sale()
    transaction_of(th, charge)["key"] = "charge.captured.net.v2"
    return []


@case(SALES, OPEN)
def dispute_that_is_open(world: World) -> list[Expected]:
    th = world.account("th")
    return [expect("dispute_open", th.dispute(th.sale()[1]))]


@case(SALES, OPEN)
def dispute_that_is_pending(world: World) -> list[Expected]:
    th = world.account("th")
    return [expect("dispute_open", th.dispute(th.sale()[1], status="pending"))]


@case(SALES, OPEN + "; everything not final is judged, whenever made")
def dispute_open_since_august(world: World) -> list[Expected]:
    th = world.account("th")
    return [expect("dispute_open", th.dispute(th.sale(at=NOW - 35 * DAY)[1], at=NOW - 30 * DAY))]


@case(SALES, OPEN + ": it is won")
def dispute_that_was_won(world: World) -> list[Expected]:
    th = world.account("th")
    th.dispute(th.sale()[1], status="won")
    return []


@case(SALES, LOST)
def dispute_that_was_lost(world: World) -> list[Expected]:
    th = world.account("th")
    return [expect("dispute_lost", th.dispute(th.sale()[1], status="lost"))]


@case(SALES, OPEN + "; of the rest of a charge that was refunded in part")
def dispute_of_the_rest_of_a_part_refund(world: World) -> list[Expected]:
    th, charge, _ = partly_refunded(world)
    return [expect("dispute_open", th.dispute(charge, at=NOW - DAY))]


@case(SALES, LIVE)
def paid_order_before_going_live(world: World) -> list[Expected]:
    world.account("young").order(81_100, at=datetime(2026, 9, 7, 16, 30, tzinfo=UTC))
    return []


@case(SALES, LIVE)
def paid_order_on_the_day_of_going_live(world: World) -> list[Expected]:
    order = world.account("young").order(81_200, at=datetime(2026, 9, 7, 17, 30, tzinfo=UTC))
    return [expect("charge_missing", order)]


@case(SALES, LIVE)
def charge_before_going_live(world: World) -> list[Expected]:
    world.account("young").charge(81_300, at=datetime(2026, 9, 6, 3, tzinfo=UTC))
    return []


@case(SALES, LIVE)
def charge_after_going_live(world: World) -> list[Expected]:
    return [expect("order_missing", world.account("young").charge(81_400, at=datetime(2026, 9, 9, 3, tzinfo=UTC)))]


@case(SALES, LIVE)
def opening_item_before_going_live(world: World) -> list[Expected]:
    order = world.account("young").order(81_500, at=datetime(2026, 9, 4, 3, tzinfo=UTC))
    world.opening.append(("young", "order", order["order_id"], order["amount"], "THB", "unpaid at go-live"))
    return [expect("charge_missing", order)]


@case(SALES, "a charge or transaction that is named but not stored is fetched by id")
def transaction_that_no_list_shows(world: World) -> list[Expected]:
    hidden = world.account("hidden")
    _, charge = hidden.sale()
    hidden.sale()

    def tamper(path: str, _: dict[str, str], body: Json) -> Json | web.Response:
        if path != "/transactions":
            return body
        rows = [row for row in body["data"] if row["id"] != charge["transaction"]]
        return {**body, "data": rows, "total": body["total"] - (len(body["data"]) - len(rows))}

    hidden.tamper = tamper
    return []


@case(SALES, "the ledger may hold a row of a receipt: receipt.vat_adjustment.credit")
def vat_adjustment_of_a_receipt(world: World) -> list[Expected]:
    live = world.account("live", live=True)
    _, paid = live.sale(at=NOON)
    made = NOON + timedelta(hours=13)
    receipt = objects.receipt(
        live.next_id("rcpt"), NOON.date(), paid["fee"], 0, paid["fee_vat"] - 3, "THB", created_at=made
    )
    live.keep("receipts", receipt)
    live.transaction(3, "credit", "receipt.vat_adjustment.credit", receipt["id"], at=made)
    return []


def receipted(world: World, days: int, fee: int = 0, vat: int = 0) -> Json:
    """Two sales of a day in Bangkok, so many after NOON's, and the receipt of it, which is off by `fee` and `vat`."""
    account = world.account("receipts", live=True)
    noon = NOON + days * DAY
    charges = [account.sale(amount, at=noon)[1] for amount in (100_000, 250_000)]
    fees, vats = (sum(charge[key] for charge in charges) for key in ("fee", "fee_vat"))
    receipt = objects.receipt(
        account.next_id("rcpt"), noon.date(), fees + fee, 0, vats + vat, "THB", created_at=noon + timedelta(hours=13)
    )
    return account.keep("receipts", receipt)


@case(SALES, RECEIPT)
def receipt_that_agrees(world: World) -> list[Expected]:
    receipted(world, 0)
    return []


@case(SALES, RECEIPT + "; tolerance 1 unit per receipt and line")
def receipt_off_by_one_unit(world: World) -> list[Expected]:
    receipted(world, 1, vat=1)
    return []


@case(SALES, RECEIPT)
def receipt_whose_fees_are_off_by_two_units(world: World) -> list[Expected]:
    return [expect("receipt_mismatch", receipted(world, 2, fee=2))]


@case(SALES, RECEIPT)
def receipt_whose_vat_is_off_by_a_baht(world: World) -> list[Expected]:
    return [expect("receipt_mismatch", receipted(world, 3, vat=-100))]


@case(SALES, "a day without a receipt is none, but shown")
def live_sales_without_a_receipt(world: World) -> list[Expected]:
    world.account("live").sale(at=NOON + DAY)
    return []
