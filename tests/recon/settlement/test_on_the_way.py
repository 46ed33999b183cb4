"""What is between the balance and the bank: payouts line by line, and what is held with the day it should arrive."""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
from hypothesis import given

from recon import columns as c
from recon.calendars import Calendar, days_window, local_day
from recon.model import Account, Books, HeldLine
from recon.result import with_settlement
from recon.settings import Context
from recon.settlement import rebuild, with_bank
from recon.settlement.ledger import read
from recon.settlement.on_the_way import held, paid_out
from tests.kit.books import AS_OF, TH, build
from tests.kit.ledgers import ACTS, DAY, START, Merchant, column_breaks, judged_whole, play
from tests.kit.properties import DEAR
from tests.kit.report_example import result_of
from tests.recon.rules.test_settlement import line

FIRST = local_day(START, TH.zone)
LAST = local_day(AS_OF, TH.zone)
CALENDAR = Calendar(TH.zone)


def _banked(books: Books, statements: bool) -> pd.DataFrame:
    bounds = {"th": 2_000} if statements else {}
    return with_bank(rebuild(books, read(books)), books, {"th": TH.zone}, bounds).banked


def _payouts(books: Books, first: date = FIRST, last: date = LAST, *, statements: bool = True) -> dict[str, int]:
    lines = paid_out(books, read(books), _banked(books, statements), TH, (first, last))
    return {name: amount for name, amount in zip(lines[c.LINE], lines[c.AMOUNT].tolist(), strict=True) if amount}


def _counted(books: Books) -> dict[str, int]:
    lines = paid_out(books, read(books), _banked(books, statements=True), TH, (FIRST, LAST))
    return dict(zip(lines[c.LINE], lines[c.ROWS].tolist(), strict=True))


def _held(books: Books, account: Account = TH, calendar: Calendar = CALENDAR) -> list[list[object]]:
    settlement = rebuild(books, read(books))
    shown = held(books, settlement.unpaid, _banked(books, statements=False), account, calendar)
    names = [c.LINE, c.DAY, c.ARRIVES_ON, c.ROWS, c.AMOUNT]
    return shown[names].astype(object).where(shown[names].notna(), None).to_numpy().tolist()


def _paid_out_shop() -> Merchant:
    shop = Merchant()
    shop.charge()
    shop.wait(8 * DAY)
    shop.pay_out(50_000)
    return shop


def test_a_payout_is_at_the_bank_when_its_credit_is() -> None:
    shop = _paid_out_shop()
    day = local_day(shop.now, TH.zone)
    later = (day + timedelta(days=1)).isoformat()
    books = shop.books(bank_lines=build(c.BANK_LINES, [line(47_000, later)]))
    whole = {"sent": 50_000, "transfer_fees": -3_000, "net": 47_000}
    assert _payouts(books) == whole | {"at_the_bank": -47_000}
    # On the day itself it is in transit, and it is shown what became of it.
    assert _payouts(books, day, day) == whole | {"in_transit": 47_000, "cleared_afterwards": -47_000}


def test_what_a_bank_keeps_of_a_payout_stands_apart() -> None:
    shop = _paid_out_shop()
    day = local_day(shop.now, TH.zone).isoformat()
    books = shop.books(bank_lines=build(c.BANK_LINES, [line(46_000, day)]))
    assert _payouts(books)["kept_by_the_bank"] == -1_000


def test_a_payout_without_a_credit_is_in_transit_and_without_statements_omise_is_believed() -> None:
    shop = _paid_out_shop()
    first = (FIRST - timedelta(days=1)).isoformat()
    books = shop.books(bank_lines=build(c.BANK_LINES, [line(77, first, "l9")]))
    assert _payouts(books)["still_in_transit"] == 47_000
    assert _payouts(shop.books(), statements=False)["at_the_bank"] == -47_000


def test_statements_begin_with_their_first_line_be_it_no_payout() -> None:
    shop = _paid_out_shop()
    before = (FIRST - timedelta(days=1)).isoformat()
    after = (local_day(shop.now, TH.zone) + timedelta(days=40)).isoformat()
    lines = [line(-5, before, "l1", payout=False), line(77, after, "l2")]
    assert _payouts(shop.books(bank_lines=build(c.BANK_LINES, lines)))["still_in_transit"] == 47_000
    assert _payouts(shop.books(bank_lines=build(c.BANK_LINES, lines[1:])))["at_the_bank"] == -47_000


def test_a_payout_before_the_statements_is_in_transit_while_a_break_says_that_its_credit_is_missing() -> None:
    shop = _paid_out_shop()
    after = (local_day(shop.now, TH.zone) + timedelta(days=3)).isoformat()
    lines = build(c.BANK_LINES, [line(-5, after, "l1", payout=False)])
    books = shop.books(as_of=shop.now + 9 * DAY, bank_lines=lines)
    rules = Context(books.as_of, calendars={"th": CALENDAR}, bank_fees={"th": 0})
    judged = judged_whole(books, rules)
    [missing] = column_breaks(judged, rules, "bank_credit_missing")
    assert f"the statements read so far begin with {after}" in missing.explanation
    result = replace(result_of(), account=TH, first_day=FIRST, last_day=local_day(books.as_of, TH.zone))
    window = days_window(result.first_day, result.last_day, TH.zone)
    settlement = with_settlement(result, judged, window, CALENDAR).settlement
    where = dict(zip(settlement.paid_out[c.LINE], settlement.paid_out[c.AMOUNT].tolist(), strict=True))
    assert (where["at_the_bank"], where["still_in_transit"]) == (0, 47_000)
    assert settlement.held[c.AMOUNT][settlement.held[c.LINE] == HeldLine.ON_ITS_WAY].tolist() == [47_000]


def test_a_failed_payout_is_not_in_transit() -> None:
    shop = _paid_out_shop()
    shop.transfers[-1] |= {"paid": False, "paid_at": None, "failure_code": "sent_failed"}
    assert _payouts(shop.books())["failed"] == -47_000


def test_the_fee_of_a_payout_that_came_back_whole_came_back_on_its_day() -> None:
    shop = _paid_out_shop()
    sent = local_day(shop.now, TH.zone)
    shop.transfers[-1] |= {"paid": False, "paid_at": None, "failure_code": "sent_failed"}
    shop.wait(2 * DAY)
    back = local_day(shop.now, TH.zone)
    shop.move(50_000, "trsf_001")
    assert _payouts(shop.books())["transfer_fees_returned"] == 3_000
    assert "transfer_fees_returned" not in _payouts(shop.books(), sent, sent)
    assert _payouts(shop.books(), back, back) == {"transfer_fees_returned": 3_000}
    shop.transactions[-1]["amount"] = 47_000
    assert "transfer_fees_returned" not in _payouts(shop.books())


def test_a_ledger_that_took_another_sum_is_said() -> None:
    shop = _paid_out_shop()
    assert _counted(shop.books())["not_as_the_transfer_says"] == 0
    shop.transactions[-1]["amount"] += 7
    assert _payouts(shop.books())["not_as_the_transfer_says"] == -7
    assert _counted(shop.books())["not_as_the_transfer_says"] == 1
    shop.move(-900, "trsf_gone", "transfer.sent.debit")
    assert _counted(shop.books())["not_as_the_transfer_says"] == 2


def test_what_is_held_by_the_day_it_is_free_and_the_bank_day() -> None:
    shop = Merchant()
    shop.charge()  # free long ago
    shop.wait(AS_OF - shop.now)
    shop.charge()  # free at this hour in a week
    today = LAST
    assert today.isoweekday() == 5
    free = (AS_OF + 7 * DAY).astimezone(TH.zone)
    assert free.hour >= 8
    in_a_week = today + timedelta(days=7)
    assert _held(shop.books()) == [
        ["free", (FIRST + timedelta(days=7)).isoformat(), (today + timedelta(days=4)).isoformat(), 1, 96_094],
        # Not by 08:00 of its own day, a Friday: sent on Monday, at the bank on Tuesday.
        ["on_hold", in_a_week.isoformat(), (in_a_week + timedelta(days=4)).isoformat(), 1, 96_094],
    ]


def test_days_off_are_waited_for() -> None:
    shop = Merchant()
    shop.charge()
    days_off = Calendar(TH.zone, (LAST + timedelta(days=3),))
    ((_, _, arrives, _, _),) = _held(shop.books(), calendar=days_off)
    assert arrives == (LAST + timedelta(days=5)).isoformat()  # not on Monday, but sent on Tuesday


def test_a_payout_on_its_way_is_expected_on_the_next_business_day() -> None:
    shop = _paid_out_shop()
    shop.transfers[-1] |= {"paid": False, "paid_at": None}
    sent = local_day(shop.now, TH.zone)
    assert sent.isoweekday() == 6
    assert ["on_its_way", sent.isoformat(), (sent + timedelta(days=2)).isoformat(), 1, 47_000] in _held(shop.books())


def test_debits_beyond_what_is_there_stand_apart() -> None:
    shop = Merchant()
    shop.move(-700, "loan_001", "loan.repaid")
    assert _held(shop.books()) == [["beyond", None, None, 0, -700]]


@DEAR
@given(ACTS)
def test_what_is_held_is_the_balance(acts: list[tuple[str, int, int]]) -> None:
    shop = play(acts)
    rows = _held(shop.books())
    assert sum(int(str(row[4])) for row in rows if row[0] != "on_its_way") == shop.total()
