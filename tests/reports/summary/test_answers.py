"""What the short answers of a Summary sum, where what is said and what moved could part."""

from dataclasses import replace

import pytest

from recon import columns as c
from recon.calendars import Calendar, days_window, local_day
from recon.model import PayoutLine, Result
from recon.settings import Context
from recon.settlement import of_range, settle
from reports.summary.answers import Short, names_together, short_answers
from tests.kit.books import AS_OF, TH
from tests.kit.ledgers import DAY, START, Merchant
from tests.kit.report_example import result_of

FIRST, LAST = local_day(START, TH.zone), local_day(AS_OF, TH.zone)


def _result(shop: Merchant) -> Result:
    books = shop.books()
    settled = settle(books, books.charges["charge_id"].notna().to_numpy(dtype=bool), {"th": TH}, Context(AS_OF))
    window = days_window(FIRST, LAST, TH.zone)
    days = (FIRST, LAST)
    settlement = of_range(settled.settlement, books, settled.ledger, TH, window, days, Calendar(TH.zone))
    return replace(result_of(), account=TH, settlement=settlement)


def _kept(shop: Merchant) -> Short:
    return next(answer for answer in short_answers(_result(shop)) if answer.name == "Kept by Omise")


@pytest.mark.parametrize(("came_back", "of_payouts"), [(0, 3_000), (47_000, 3_000), (50_000, 0)])
def test_omise_did_not_keep_the_fee_of_a_payout_that_came_back_whole(came_back: int, of_payouts: int) -> None:
    shop = Merchant()
    sale = shop.charge()
    shop.wait(8 * DAY)
    shop.pay_out(50_000, failure_code="sent_failed", paid=False, paid_at=None)
    if came_back:
        shop.move(came_back, "trsf_001")
    kept = _kept(shop)
    assert kept.amount == sale["fee"] + sale["fee_vat"] + of_payouts
    assert ("less those that came back" in kept.about) == ("transfer_fees_returned" in kept.keys) == (not of_payouts)


def test_what_was_paid_out_is_at_the_bank_kept_by_it_or_in_transit() -> None:
    shop = Merchant()
    shop.charge()
    result = _result(shop)
    lines = (
        (PayoutLine.NET, 900),
        (PayoutLine.AT_BANK, -588),
        (PayoutLine.KEPT_BY_BANK, -12),
        (PayoutLine.IN_TRANSIT, 300),
    )
    payouts = c.PAYOUT_LINES.from_rows(("th", "THB", line, 1, amount) for line, amount in lines)
    result = replace(result, settlement=replace(result.settlement, paid_out=payouts))
    answers = {answer.name: answer.amount for answer in short_answers(result)}
    assert [answers[name] for name in ("At the bank", "Kept by the bank", "In transit")] == [588, 12, 300]
    assert answers["Paid out"] == 588 + 12 + 300


def test_names_of_several_accounts_stand_in_one_order() -> None:
    nothing = short_answers(_result(Merchant()))
    shop = Merchant()
    shop.charge()
    shop.wait(8 * DAY)
    shop.pay_out(50_000)
    names = names_together([nothing, short_answers(_result(shop))])
    assert names.index("Paid out") < names.index("At the bank") < names.index("Still at Omise")
    assert {answer.name for answer in nothing} < set(names)
