"""Cases of money on its way: transferable and not paid out, transfers that fail, get stuck or do not add up."""

from datetime import UTC, date, datetime, timedelta

from tests.contract.case import Expected, case, expect, perhaps
from tests.contract.cases_bank import BANK, MONDAY, MORE, WAITING, at_hour, payout, shop
from tests.contract.objects import Json
from tests.contract.world import Account, World

OVERDUE = (
    "settlement_overdue: transferable, not paid out after 3 business days; one per account and day, the first charge"
)
FIFO = "all debits, refunds and disputes included, consume credits first in first out"
FAILED = "transfer_failed: failure code set"
AMOUNT = "transfer_amount_mismatch: amount ≠ net + fees, or ≠ its own transaction"
STUCK = "transfer_stuck: sent, not paid after 3 business days"
DAY = timedelta(days=1)


def sold(account: Account, day: int, amount: int = 300_000, hour: int = 3) -> Json:
    """A charge of that day of September (UTC); in Thailand it is transferable seven days later."""
    return account.sale(amount, at=datetime(2026, 9, day, hour, tzinfo=UTC))[1]


@case(BANK, OVERDUE)
def charge_transferable_since_the_tenth(world: World) -> list[Expected]:
    return [expect("settlement_overdue", sold(shop(world), 3))]


@case(MORE, OVERDUE)
def three_charges_transferable_on_one_day(world: World) -> list[Expected]:
    account = shop(world)
    first, *_ = [sold(account, 3, hour=hour) for hour in (2, 5, 9)]
    return [expect("settlement_overdue", first)]


@case(MORE, OVERDUE)
def charges_transferable_on_two_days(world: World) -> list[Expected]:
    account = shop(world)
    return [expect("settlement_overdue", sold(account, day)) for day in (2, 3)]


@case(MORE, OVERDUE + ": 17 and 18 September are two business days")
def charge_transferable_since_wednesday(world: World) -> list[Expected]:
    sold(shop(world), 9)
    return []


@case(MORE, OVERDUE + ": on hold until the twenty-second")
def charge_not_transferable_yet(world: World) -> list[Expected]:
    sold(shop(world), 15)
    return []


@case(MORE, OVERDUE + ": 16 September is a holiday in Malaysia; 15, 17 and 18 are the three")
def charge_transferable_since_monday_in_malaysia(world: World) -> list[Expected]:
    sold(shop(world, "MY"), 7, hour=6)
    return []


@case(BANK, FIFO)
def charges_of_two_days_and_a_payout_of_the_first(world: World) -> list[Expected]:
    account = shop(world)
    first, second = sold(account, 2), sold(account, 3)
    transfer = account.transfer(first["net"], sent_at=at_hour(account, date(2026, 9, 11), 9), paid_at=monday(account))
    account.credit(transfer)
    return [expect("settlement_overdue", second)]


def monday(account: Account) -> datetime:
    return at_hour(account, MONDAY, 10)


@case(BANK, FIFO + ": the refund of a later charge consumes the earlier credit")
def charge_consumed_by_the_refund_of_a_later_one(world: World) -> list[Expected]:
    account = shop(world)
    sold(account, 3)
    order, charge = account.sale(600_000, at=datetime(2026, 9, 13, 3, tzinfo=UTC))
    order["refunded_amount"] = "5000.00"
    account.refund(charge, 500_000)
    return []


@case(MORE, FIFO + ": the dispute of a later charge consumes the earlier credit")
def charge_consumed_by_the_dispute_of_a_later_one(world: World) -> list[Expected]:
    account = shop(world)
    sold(account, 3)
    return [expect("dispute_open", account.dispute(sold(account, 13, 400_000)))]


@case(MORE, OVERDUE + ": paid out")
def charge_paid_out_in_full(world: World) -> list[Expected]:
    account = shop(world)
    account.credit(payout(account))
    return []


def failed(world: World) -> Json:
    account = shop(world)
    body = account.transfer(sold(account, 9)["net"], at=datetime(2026, 9, 17, 2, tzinfo=UTC))
    body.update(failure_code="insufficient_balance", failure_message="insufficient balance")
    return body


@case(BANK, FAILED)
def transfer_that_failed(world: World) -> list[Expected]:
    return [expect("transfer_failed", failed(world))]


@case(MORE, FAILED + ": failure codes are open words")
def transfer_that_failed_for_an_unheard_reason(world: World) -> list[Expected]:
    transfer = failed(world)
    transfer["failure_code"] = "moon_phase"
    return [expect("transfer_failed", transfer)]


@case(MORE, FAILED + ": only created, and deleted again")
def transfer_that_was_deleted(world: World) -> list[Expected]:
    transfer = failed(world)
    transfer.update(failure_code=None, failure_message=None, deleted=True, sendable=False)
    return []


@case(MORE, FAILED + ": waiting for its morning")
def transfer_created_yesterday(world: World) -> list[Expected]:
    failed(world).update(failure_code=None, failure_message=None)
    return []


@case(BANK, AMOUNT)
def transfer_whose_net_and_fees_do_not_add_up(world: World) -> list[Expected]:
    account = shop(world)
    transfer = payout(account)
    transfer["net"] -= 500
    account.credit(transfer)
    return [expect("transfer_amount_mismatch", transfer)]


@case(BANK, AMOUNT)
def transfer_that_took_more_than_its_amount(world: World) -> list[Expected]:
    account = shop(world)
    transfer = payout(account)
    transfer["transactions"][0]["amount"] += 700
    account.credit(transfer)
    return [expect("transfer_amount_mismatch", transfer)]


@case(MORE, AMOUNT + ": amount, fee, VAT and net add up")
def transfer_with_fee_and_vat(world: World) -> list[Expected]:
    account = shop(world)
    transfer = payout(account)
    account.credit(transfer)
    adds_up = transfer["amount"] == transfer["net"] + transfer["fee"] + transfer["fee_vat"]
    return [] if adds_up else [expect("transfer_amount_mismatch", transfer)]


def sent(world: World, day: int, hour: int = 9, region: str = "TH", shared: str = "") -> Json:
    account = shop(world, region, shared=shared)
    sent_at = at_hour(account, date(2026, 9, day), hour)
    _, charge = account.sale(2_000_000, at=sent_at - 9 * DAY)
    return account.transfer(charge["net"], sent_at=sent_at)


@case(MORE, STUCK)
def transfer_sent_on_friday_the_eleventh(world: World) -> list[Expected]:
    return [expect("transfer_stuck", sent(world, 11))]


@case(BANK, STUCK + ": 15, 16 and 17 September are over")
def transfer_sent_on_monday(world: World) -> list[Expected]:
    return [expect("transfer_stuck", sent(world, 14, shared=WAITING))]


@case(BANK, STUCK + ": the third business day is not over")
def transfer_sent_on_tuesday_afternoon(world: World) -> list[Expected]:
    sent(world, 15, hour=14, shared=WAITING)
    return []


@case(MORE, STUCK + ": 16 September is a holiday in Malaysia")
def transfer_sent_on_monday_in_malaysia(world: World) -> list[Expected]:
    sent(world, 14, hour=14, region="MY")
    return []


@case(MORE, STUCK + "; everything not final is judged, whenever made")
def transfer_sent_in_august(world: World) -> list[Expected]:
    account = shop(world)
    sent_at = datetime(2026, 8, 24, 2, tzinfo=UTC)
    _, charge = account.sale(2_000_000, at=sent_at - 9 * DAY)
    return [expect("transfer_stuck", account.transfer(charge["net"], sent_at=sent_at))]


@case(MORE, STUCK + "; a failure code comes first in its group")
def transfer_sent_and_failed(world: World) -> list[Expected]:
    transfer = sent(world, 11)
    transfer.update(failure_code="transfer_failed", failure_message="the bank sent it back")
    return [expect("transfer_failed", transfer), perhaps("settlement_overdue", transfer)]
