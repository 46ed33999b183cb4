"""Cases of transfers and the bank, which are matched by day: who leaves anything for others has an account alone."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.contract.case import ANY, Expected, case, expect, perhaps
from tests.contract.objects import Json
from tests.contract.world import Account, World

BANK, MORE = "bank", "more of the bank"  # what is quick to run every time, and the rest
MISSING = "bank_credit_missing: paid, no credit, after 2 business days"
NAMED = "bank_amount_mismatch: where the line names the transfer, whatever the amounts (but a fee within fee_bound)"
ALONE = (
    "bank_amount_mismatch: only where it is the one credit and the one transfer left that day and they differ by no "
    "more than 5 % or the bank's fee; further apart they are a missing and an unexplained credit"
)
UNEXPLAINED = "bank_credit_unexplained: an Omise-looking credit that no transfer explains"
AGREES = "credit = net: no break"
DAY = timedelta(days=1)
MONDAY = date(2026, 9, 14)


PAIRED = "paired"  # an account in which each transfer has its credit, whose amount no other transfer has
WAITING = "waiting"  # and one to which no credit came


def shop(world: World, region: str = "TH", settings: str = "", *, shared: str = "") -> Account:
    """An account of this case alone, or shared by some, whose statement goes on to the last day."""
    if shared in world.accounts:
        return world.accounts[shared]
    account = world.account(shared or f"{region.lower()}{len(world.accounts)}", region)
    world.own(account.name)
    account.pays_out, account.bank_settings = False, settings
    account.bank_line(date(2026, 9, 1), -1_000, "BANK CHARGES")
    account.bank_line(date(2026, 9, 18), -120_000, "RENT")
    return account


def at_hour(account: Account, day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(account.facts.timezone))


def payout(account: Account, amount: int = 2_000_000, day: date = MONDAY, hour: int = 10) -> Json:
    """A sale whose net is transferred in full: sent three days before `day`, and paid on it."""
    sent_at = at_hour(account, day - 3 * DAY, 9)
    _, charge = account.sale(amount, at=sent_at - account.facts.hold - 2 * DAY)
    return account.transfer(charge["net"], sent_at=sent_at, paid_at=at_hour(account, day, hour))


@case(BANK, AGREES)
def credit_that_names_its_transfer(world: World) -> list[Expected]:
    account = shop(world, shared=PAIRED)
    account.credit(payout(account))
    return []


@case(MORE, AGREES + "; the id stands in the description")
def credit_that_names_its_transfer_in_the_description(world: World) -> list[Expected]:
    account = shop(world)
    transfer = payout(account)
    account.bank_line(MONDAY, transfer["net"], f"OMISE CO LTD {transfer['id']} PAYOUT")
    return []


@case(BANK, AGREES)
def credit_with_nothing_but_its_amount(world: World) -> list[Expected]:
    account = shop(world, shared=PAIRED)
    account.credit(payout(account, 2_100_000), style="amount")
    return []


@case(MORE, AGREES + "; the bank books it a day later")
def credit_a_day_after_the_transfer_was_paid(world: World) -> list[Expected]:
    account = shop(world)
    account.credit(payout(account), style="amount", days=1)
    return []


@case(MORE, AGREES + ": two transfers of one amount, two credits of that amount, no ids")
def two_equal_transfers_and_two_equal_credits(world: World) -> list[Expected]:
    account = shop(world)
    for _ in range(2):
        account.credit(payout(account, 1_500_000), style="amount")
    return []


@case(MORE, MISSING + ": two equal transfers, one credit")
def two_equal_transfers_and_one_credit(world: World) -> list[Expected]:
    account = shop(world)
    account.credit(payout(account, 1_500_000))
    return [expect("bank_credit_missing", payout(account, 1_500_000))]


@case(BANK, MISSING)
def transfer_paid_on_monday_and_never_credited(world: World) -> list[Expected]:
    return [expect("bank_credit_missing", payout(shop(world, shared=WAITING)))]


@case(BANK, MISSING + ": 17 and 18 September are the two, and Friday noon is not the end of the second")
def transfer_paid_on_wednesday_afternoon_and_not_credited_yet(world: World) -> list[Expected]:
    payout(shop(world, shared=WAITING), day=date(2026, 9, 16), hour=14)
    return []


@case(MORE, MISSING + ": not paid yet")
def transfer_sent_yesterday_and_not_credited(world: World) -> list[Expected]:
    account = shop(world)
    sent_at = at_hour(account, date(2026, 9, 17), 9)
    _, charge = account.sale(2_000_000, at=sent_at - 9 * DAY)
    account.transfer(charge["net"], sent_at=sent_at)
    return []


@case(BANK, NAMED)
def named_credit_ten_baht_short(world: World) -> list[Expected]:
    account = shop(world, shared=PAIRED)
    transfer = payout(account, 2_200_000)
    account.credit(transfer, amount=transfer["net"] - 1_000)
    return [expect("bank_amount_mismatch", transfer)]


@case(MORE, NAMED)
def named_credit_ten_baht_over(world: World) -> list[Expected]:
    account = shop(world)
    transfer = payout(account)
    account.credit(transfer, amount=transfer["net"] + 1_000)
    return [expect("bank_amount_mismatch", transfer)]


@case(MORE, NAMED)
def named_credit_of_half(world: World) -> list[Expected]:
    account = shop(world)
    transfer = payout(account)
    account.credit(transfer, amount=transfer["net"] // 2)
    return [expect("bank_amount_mismatch", transfer)]


@case(MORE, NAMED + ": one satang")
def named_credit_one_satang_short(world: World) -> list[Expected]:
    account = shop(world)
    transfer = payout(account)
    account.credit(transfer, amount=transfer["net"] - 1)
    return [expect("bank_amount_mismatch", transfer)]


@case(BANK, AGREES + ": of several lines that name it the sum")
def transfer_in_two_credits_that_name_it(world: World) -> list[Expected]:
    account = shop(world, shared=PAIRED)
    transfer = payout(account, 2_300_000)
    account.credit(transfer, amount=700_000)
    account.credit(transfer, amount=transfer["net"] - 700_000, days=1)
    return []


@case(MORE, NAMED + ": of several lines the sum")
def transfer_in_three_credits_that_lack_ten_baht(world: World) -> list[Expected]:
    account = shop(world)
    transfer = payout(account)
    for amount in (700_000, 300_000, transfer["net"] - 1_001_000):
        account.credit(transfer, amount=amount)
    return [expect("bank_amount_mismatch", transfer)]


@case(BANK, NAMED + "; fee_bound = 20.00")
def named_credit_short_by_exactly_the_fee_bound(world: World) -> list[Expected]:
    account = shop(world, settings='fee_bound = "20.00"')
    transfer = payout(account)
    account.credit(transfer, amount=transfer["net"] - 2_000)
    return []


@case(MORE, NAMED + "; fee_bound = 20.00")
def named_credit_short_by_more_than_the_fee_bound(world: World) -> list[Expected]:
    account = shop(world, settings='fee_bound = "20.00"')
    transfer = payout(account)
    account.credit(transfer, amount=transfer["net"] - 2_001)
    return [expect("bank_amount_mismatch", transfer)]


@case(MORE, "fee_bound: a bank fee up to this explains a smaller credit, not a larger one")
def named_credit_over_by_less_than_the_fee_bound(world: World) -> list[Expected]:
    account = shop(world, settings='fee_bound = "20.00"')
    transfer = payout(account)
    account.credit(transfer, amount=transfer["net"] + 1_000)
    return [expect("bank_amount_mismatch", transfer)]


@case(MORE, "fee_bound: a bank fee up to this explains a smaller credit")
def unnamed_credit_short_by_the_fee_bound(world: World) -> list[Expected]:
    account = shop(world, settings='fee_bound = "20.00"')
    transfer = payout(account)
    account.credit(transfer, style="amount", amount=transfer["net"] - 2_000)
    return []


@case(BANK, ALONE)
def unnamed_credit_four_per_cent_short(world: World) -> list[Expected]:
    account = shop(world)
    transfer = payout(account)
    account.credit(transfer, style="amount", amount=transfer["net"] * 96 // 100)
    return [expect("bank_amount_mismatch", transfer)]


@case(MORE, ALONE)
def unnamed_credit_four_per_cent_over(world: World) -> list[Expected]:
    account = shop(world)
    transfer = payout(account)
    account.credit(transfer, style="amount", amount=transfer["net"] * 104 // 100)
    return [expect("bank_amount_mismatch", transfer)]


@case(MORE, ALONE + ": exactly 5 % is no more than 5 %")
def unnamed_credit_five_per_cent_short(world: World) -> list[Expected]:
    account = shop(world)
    transfer = payout(account)
    account.credit(transfer, style="amount", amount=transfer["net"] - transfer["net"] * 5 // 100)
    return [expect("bank_amount_mismatch", transfer)]


@case(BANK, ALONE)
def unnamed_credit_six_per_cent_short(world: World) -> list[Expected]:
    account = shop(world)
    transfer = payout(account)
    account.credit(transfer, style="amount", amount=transfer["net"] * 94 // 100)
    return [expect("bank_credit_missing", transfer), expect("bank_credit_unexplained", ANY)]


@case(BANK, ALONE)
def unnamed_credit_of_twice_as_much(world: World) -> list[Expected]:
    account = shop(world)
    transfer = payout(account)
    account.credit(transfer, style="amount", amount=transfer["net"] * 2)
    return [expect("bank_credit_missing", transfer), expect("bank_credit_unexplained", ANY)]


@case(BANK, ALONE + ": here two transfers are left, both within 5 %")
def unnamed_credit_near_two_transfers(world: World) -> list[Expected]:
    account = shop(world)
    transfers = [payout(account, 2_000_000), payout(account, 2_020_000)]
    account.bank_line(MONDAY, transfers[0]["net"] + 5_000)
    return [
        *(expect("bank_credit_missing", transfer) for transfer in transfers),
        expect("bank_credit_unexplained", ANY),
    ]


@case(MORE, ALONE + ": here two credits are left, both within 5 %")
def two_unnamed_credits_near_one_transfer(world: World) -> list[Expected]:
    account = shop(world)
    transfer = payout(account)
    for change in (-3_000, 4_000):
        account.bank_line(MONDAY, transfer["net"] + change)
    return [expect("bank_credit_missing", transfer), *[expect("bank_credit_unexplained", ANY)] * 2]


@case(MORE, ALONE + ": left once the named one is taken")
def unnamed_credit_of_the_transfer_that_is_left(world: World) -> list[Expected]:
    account = shop(world)
    account.credit(payout(account, 3_000_000))
    transfer = payout(account)
    account.credit(transfer, style="amount", amount=transfer["net"] - 2_500)
    return [expect("bank_amount_mismatch", transfer)]


@case(MORE, ALONE + ": left once the exact one is taken")
def unnamed_credit_beside_an_exact_one(world: World) -> list[Expected]:
    account = shop(world)
    account.credit(payout(account, 3_000_000), style="amount")
    transfer = payout(account)
    account.credit(transfer, style="amount", amount=transfer["net"] + 2_500)
    return [expect("bank_amount_mismatch", transfer)]


@case(BANK, UNEXPLAINED)
def credit_of_omise_without_any_transfer(world: World) -> list[Expected]:
    shop(world).bank_line(MONDAY, 77_700)
    return [expect("bank_credit_unexplained", ANY)]


@case(MORE, UNEXPLAINED)
def credit_that_names_a_transfer_nobody_made(world: World) -> list[Expected]:
    shop(world).bank_line(MONDAY, 88_800, reference="trsf_test_5fz0olfpy32zadv96ek")
    return [expect("bank_credit_unexplained", ANY)]


@case(MORE, UNEXPLAINED)
def second_credit_of_a_transfer_that_has_its_own(world: World) -> list[Expected]:
    account = shop(world)
    transfer = payout(account)
    account.credit(transfer)
    account.bank_line(MONDAY + DAY, transfer["net"], "OMISE CO LTD AGAIN")
    return [expect("bank_credit_unexplained", ANY)]


@case(BANK, UNEXPLAINED + ": these do not look like Omise's, or take money")
def lines_that_are_not_credits_of_omise(world: World) -> list[Expected]:
    account = shop(world, shared=PAIRED)
    account.bank_line(MONDAY, 500_000, "CUSTOMER 4711")
    account.bank_line(MONDAY, -20_000, "OMISE CO LTD RETURN")
    return []


@case(MORE, "payout_pattern: which credits are Omise's")
def credit_by_a_pattern_of_the_merchant(world: World) -> list[Expected]:
    account = shop(world, settings='payout_pattern = "OPN PAYMENTS"')
    account.bank_line(MONDAY, payout(account)["net"], "opn payments co ltd")
    account.bank_line(MONDAY, 99_900, "OMISE CO LTD")
    return []


@case(MORE, AGREES + "; Singapore, no transfer fee")
def credit_in_singapore(world: World) -> list[Expected]:
    account = shop(world, "SG")
    account.credit(payout(account, 500_000), style="amount")
    return []


@case(MORE, AGREES + "; Japan, yen have no decimals")
def credit_in_yen(world: World) -> list[Expected]:
    account = shop(world, "JP")
    account.credit(payout(account, 400_000), style="amount")
    return []


@case(MORE, NAMED + "; one yen")
def credit_one_yen_short(world: World) -> list[Expected]:
    account = shop(world, "JP")
    transfer = payout(account, 400_000)
    account.credit(transfer, amount=transfer["net"] - 1)
    return [expect("bank_amount_mismatch", transfer)]


@case(MORE, MISSING + ": a credit of as many dollars is none in baht")
def credit_of_the_same_number_in_another_currency(world: World) -> list[Expected]:
    account = shop(world)
    transfer = payout(account)
    account.credit(transfer)["currency"] = "USD"
    told = [perhaps("bank_line_invalid", ANY), perhaps("bank_credit_unexplained", ANY)]
    return [expect("bank_credit_missing", transfer), *told]


@case(MORE, "without a statement nothing at the bank is judged")
def transfer_of_an_account_without_a_bank(world: World) -> list[Expected]:
    account = shop(world)
    account.has_bank = False
    payout(account)
    return []
