"""Cases of rows and lines that cannot be read: kept aside with their reason, accusing nobody of what they hide."""

from tests.contract.case import ANY, Expected, case, expect
from tests.contract.cases_bank import BANK, MONDAY, MORE, payout, shop
from tests.contract.world import World

SALES = "sales"
INVALID = "order_invalid: a row that could not be read, an unknown account included: kept aside with the reason"
LINE = "bank_line_invalid: a row that could not be read"
HIDES = (
    "what could not be read accuses no transfer whose credit it may hold: a line with a readable amount only that "
    "net, one that names a transfer only that, any other every transfer of its statement's days"
)


def odd_row(world: World, **cells: str) -> list[Expected]:
    """A row that cannot be read between two that can, in a source of its own."""
    account = world.account("rows")
    name = f"rows{len(world.sources)}"
    world.source(name, "")
    world.own(name)
    for cells_of_row in ({}, cells, {}):
        amount = account.next_amount()
        order = account.order(amount, source=name)
        order.update(cells_of_row)
        if not cells_of_row:
            account.charge(amount, order_id=order["order_id"])
    return [expect("order_invalid", ANY)]


@case(SALES, INVALID)
def row_of_an_unknown_account(world: World) -> list[Expected]:
    return odd_row(world, account="mars")


@case(SALES, INVALID)
def row_of_an_unknown_currency(world: World) -> list[Expected]:
    return odd_row(world, currency="BAHT")


@case(SALES, INVALID)
def row_with_a_word_for_an_amount(world: World) -> list[Expected]:
    return odd_row(world, amount="twelve")


@case(SALES, INVALID)
def row_with_two_points_in_its_amount(world: World) -> list[Expected]:
    return odd_row(world, amount="12.50.00")


@case(SALES, INVALID)
def row_without_an_amount(world: World) -> list[Expected]:
    return odd_row(world, amount="")


@case(SALES, INVALID)
def row_with_no_number_for_an_amount(world: World) -> list[Expected]:
    return odd_row(world, amount="NaN")


@case(SALES, INVALID + "; thousands stand in groups of three")
def row_with_an_odd_group_of_thousands(world: World) -> list[Expected]:
    return odd_row(world, amount="1,23.00")


@case(SALES, "more decimals than the currency has are rejected")
def row_with_three_decimals(world: World) -> list[Expected]:
    return odd_row(world, amount="12.345")


@case(SALES, "more decimals than the currency has are rejected: yen have none")
def row_in_yen_with_decimals(world: World) -> list[Expected]:
    return odd_row(world, amount="1200.50", currency="JPY")


@case(SALES, INVALID)
def row_with_a_status_that_is_not_mapped(world: World) -> list[Expected]:
    return odd_row(world, status="teleported")


@case(SALES, INVALID)
def row_without_a_status(world: World) -> list[Expected]:
    return odd_row(world, status="")


@case(SALES, INVALID)
def row_with_a_word_for_a_moment(world: World) -> list[Expected]:
    return odd_row(world, created_at="yesterday")


@case(SALES, INVALID + "; a date is read only where it can be read in one way")
def row_with_a_date_that_reads_two_ways(world: World) -> list[Expected]:
    return odd_row(world, created_at="03/04/2026 10:00")


@case(SALES, INVALID + "; Buddhist years only with era")
def row_with_a_buddhist_year(world: World) -> list[Expected]:
    return odd_row(world, created_at="2569-09-12T10:00:00+07:00")


@case(SALES, INVALID)
def row_without_a_moment(world: World) -> list[Expected]:
    return odd_row(world, created_at="")


@case(SALES, INVALID)
def row_without_an_id(world: World) -> list[Expected]:
    return odd_row(world, order_id="")


@case(SALES, INVALID)
def row_with_a_word_for_its_refund(world: World) -> list[Expected]:
    return odd_row(world, refunded_amount="some")


@case(SALES, "order_missing: no order in any source; this one is in a source, and order_invalid tells of it")
def charge_of_an_order_whose_row_cannot_be_read(world: World) -> list[Expected]:
    account = world.account("rows")
    name = f"rows{len(world.sources)}"
    world.source(name, "")
    world.own(name)
    order = account.order(account.next_amount(), source=name)
    order["amount"] = "twelve"
    account.charge(order_id=order["order_id"])
    return [expect("order_invalid", ANY)]


@case(SALES, 'zeros that a whole column has ("310.0000") are not decimals too many')
def column_with_four_decimals_that_are_zeros(world: World) -> list[Expected]:
    account = world.account("rows")
    name = f"rows{len(world.sources)}"
    world.source(name, "")
    world.own(name)
    for _ in range(3):
        order = account.order(account.next_amount(), source=name)
        account.charge(int(order["amount"].replace(".", "")), order_id=order["order_id"])
        order["amount"] += "00"
        order["refunded_amount"] = "0.0000"
    return []


@case(MORE, LINE)
def line_with_a_word_for_an_amount(world: World) -> list[Expected]:
    account = shop(world)
    account.credit(payout(account))
    account.bank_line(MONDAY, 1_000, "CUSTOMER 12")["amount"] = "ten"
    return [expect("bank_line_invalid", ANY)]


@case(MORE, LINE)
def line_with_a_word_for_a_date(world: World) -> list[Expected]:
    account = shop(world)
    account.credit(payout(account))
    account.bank_line(MONDAY, 1_000, "CUSTOMER 12")["date"] = "Monday"
    return [expect("bank_line_invalid", ANY)]


@case(MORE, LINE + "; a currency that is not the account's")
def line_of_an_unknown_currency(world: World) -> list[Expected]:
    account = shop(world)
    account.credit(payout(account))
    account.bank_line(MONDAY, 1_000, "CUSTOMER 12")["currency"] = "BAHT"
    return [expect("bank_line_invalid", ANY)]


@case(BANK, HIDES)
def unreadable_line_of_the_transfer_s_amount(world: World) -> list[Expected]:
    account = shop(world)
    account.credit(payout(account), style="amount")["date"] = "Monday"
    return [expect("bank_line_invalid", ANY)]


@case(BANK, HIDES)
def unreadable_line_of_another_amount(world: World) -> list[Expected]:
    account = shop(world)
    transfer = payout(account)
    account.credit(transfer, style="amount", amount=55_500)["date"] = "Monday"
    return [expect("bank_line_invalid", ANY), expect("bank_credit_missing", transfer)]


@case(MORE, HIDES)
def unreadable_line_that_names_its_transfer(world: World) -> list[Expected]:
    account = shop(world)
    account.credit(payout(account))["amount"] = "much"
    return [expect("bank_line_invalid", ANY)]


@case(MORE, HIDES)
def unreadable_line_that_names_another_transfer(world: World) -> list[Expected]:
    account = shop(world)
    account.credit(payout(account))["amount"] = "much"
    return [expect("bank_line_invalid", ANY), expect("bank_credit_missing", payout(account, 1_700_000))]


@case(BANK, HIDES)
def unreadable_line_without_amount_or_name(world: World) -> list[Expected]:
    account = shop(world)
    account.credit(payout(account), style="amount")["amount"] = "much"
    return [expect("bank_line_invalid", ANY)]
