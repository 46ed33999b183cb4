"""Settlement and bank in words: what is not paid out, what failed, what the bank has and has not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from recon import columns as c
from recon import settlement
from recon.calendars import Calendar
from recon.methods.deadlines import last_day_without_credit
from recon.model import Account, Books, Break, Severity
from recon.settings import Context, RuleSettings
from recon.settlement import ledger, tie_out
from recon.settlement.gaps import Reasons
from tests.kit.books import BANGKOK, SG, TH, Row, build
from tests.kit.ledgers import Merchant, column_breaks, judged_whole

DAY = timedelta(days=1)
AT_THE_BANK = ("bank_credit_missing", "bank_amount_mismatch", "bank_credit_unexplained")
MONDAY = datetime(2026, 8, 24, 12, tzinfo=BANGKOK).astimezone(UTC)


def context(as_of: datetime, **fields: Any) -> Context:
    return Context(as_of, calendars={"th": Calendar(BANGKOK)}, bank_fees={"th": 0}, **fields)


def line(amount: int, booked: date | str, id: str = "l1", **fields: Any) -> Row:
    """A credit in Omise's name."""
    return {
        "account": "th",
        "line_id": id,
        "source": "bank.th",
        "booked_on": str(booked),
        "amount": amount,
        "currency": "THB",
        "description": "OMISE PAYOUT",
        "reference": "",
        "payout": True,
        "file": "b.csv",
        "file_hash": "0",
        "row": 2,
        "seen_at": MONDAY,
        "first_seen_at": MONDAY,
        **fields,
    }


def known(merchant: Merchant, as_of: datetime, *lines: Row) -> Books:
    return replace(merchant.books(as_of=as_of), bank_lines=build(c.BANK_LINES, lines))


def overdue(books: Books, rules: Context, account: Account = TH) -> list[Break]:
    return column_breaks(judged_whole(books, rules, th=account), rules, "settlement_overdue")


def at_bank(books: Books, rules: Context | None = None, *, everything: bool = True, **masks: Any) -> list[Break]:
    rules = rules or context(books.as_of)
    judged = judged_whole(books, rules, judged=everything)
    return column_breaks(replace(judged, scope=replace(judged.scope, **masks)), rules, *AT_THE_BANK)


def says(books: Books, rules: Context | None = None) -> list[str]:
    return [f"{one.code} {one.subject_id}" for one in at_bank(books, rules)]


def paying(*nets: int, on: datetime = MONDAY) -> Merchant:
    """Transfers of these nets, all paid at one moment."""
    merchant = Merchant(now=on)
    for net in nets:
        merchant.pay_out(net + 3_000)
    return merchant


def test_a_credit_is_overdue_after_three_business_days_and_not_before() -> None:
    merchant = Merchant(now=MONDAY - 7 * DAY)
    merchant.charge(100_000)
    merchant.wait(timedelta(hours=1))
    merchant.charge(31_000)
    merchant.wait(DAY)
    merchant.charge(5_000)
    end_of_thursday = datetime(2026, 8, 28, tzinfo=BANGKOK)
    assert overdue(known(merchant, end_of_thursday), context(end_of_thursday)) == []
    friday = end_of_thursday + timedelta(microseconds=1)
    (found,) = overdue(known(merchant, friday), context(friday))
    assert (found.code, found.subject_id, found.subject_type) == ("settlement_overdue", "chrg_001", "charge")
    assert (found.expected, found.actual, found.due_by) == (96_094 + 29_789, 0, end_of_thursday)
    assert "chrg_001 and 1 more" in found.explanation
    saturday = friday + DAY
    assert [one.subject_id for one in overdue(known(merchant, saturday), context(saturday))] == [
        "chrg_001",
        "chrg_003",
    ]
    patient = context(saturday, settings={"settlement_overdue": RuleSettings(thresholds={"business_days": 9})})
    assert overdue(known(merchant, saturday), patient) == []


def test_what_is_paid_out_or_cannot_be_is_not_overdue() -> None:
    merchant = Merchant(now=MONDAY - 7 * DAY)
    first = merchant.charge(100_000)
    merchant.charge(2_000)
    later = MONDAY + 10 * DAY
    assert len(overdue(known(merchant, later), context(later))) == 1
    merchant.refund(first, 96_000)
    assert overdue(known(merchant, later), context(later)) == []  # less than THB 30.00 cannot be transferred
    merchant.charge(100_000)
    merchant.wait(8 * DAY)
    merchant.pay_out()
    assert overdue(known(merchant, later), context(later)) == []


def test_a_refund_takes_of_the_credits_that_are_known_and_not_of_what_the_balance_held_before() -> None:
    """A reserve in it is never paid out: what the refund left of the credit is all that Omise pays of it."""
    merchant = Merchant(now=MONDAY - 7 * DAY)
    merchant.refund(merchant.charge(100_000), 30_000)
    merchant.wait(8 * DAY)
    merchant.pay_out(96_094 - 30_000)
    later = MONDAY + 10 * DAY
    reserve = {"account": "th", "read_at": later, "currency": "THB", "total": 50_000, "transferable": 0}
    reserve |= {"reserve": 50_000, "on_hold": None, "since_first": 0, "before": 50_000}
    books = replace(known(merchant, later), readings=build(c.READINGS, [reserve]))
    assert overdue(books, context(later)) == []


def test_nothing_before_the_go_live_is_overdue() -> None:
    merchant = Merchant(now=MONDAY - 7 * DAY)
    merchant.charge(100_000)
    later = MONDAY + 10 * DAY
    books = known(merchant, later)
    for go_live, count in ((date(2026, 8, 24), 1), (date(2026, 8, 25), 0)):
        assert len(overdue(books, context(later), replace(TH, go_live=go_live))) == count


def of_transfers(merchant: Merchant) -> list[Break]:
    books = merchant.books(as_of=MONDAY + DAY)
    rules = context(books.as_of)
    return column_breaks(judged_whole(books, rules), rules, "transfer_failed", "transfer_amount_mismatch")


def test_a_transfer_that_failed() -> None:
    merchant = paying(10_000)
    merchant.transfers[0] |= {"paid": False, "failure_code": "invalid_recipient"}
    (found,) = of_transfers(merchant)
    assert (found.code, found.subject_id, found.severity) == ("transfer_failed", "trsf_001", Severity.CRITICAL)
    assert (found.expected, found.actual, found.transfer_id) == (10_000, 0, "trsf_001")
    merchant.transfers[0]["deleted"] = True
    assert of_transfers(merchant) == []


@pytest.mark.parametrize(
    ("change", "difference"),
    [({"net": 9_999}, -1), ({"net": 10_001}, 1), ({"total_fee": 2_999}, -1), ({"amount": 13_001}, 0)],
)
def test_a_transfers_amounts_must_fit_and_what_left_the_balance_is_expected(
    change: dict[str, int], difference: int
) -> None:
    merchant = paying(10_000)
    assert of_transfers(merchant) == []
    merchant.transfers[0] |= change
    (found,) = of_transfers(merchant)
    assert (found.code, found.expected, found.difference) == ("transfer_amount_mismatch", 13_000, difference)


def test_a_transfer_must_be_what_its_transaction_took() -> None:
    merchant = paying(10_000)
    merchant.transactions[0]["amount"] = 12_000
    (found,) = of_transfers(merchant)
    assert (found.expected, found.actual) == (12_000, 13_000)
    assert "its transaction took" in found.explanation


def test_credits_that_agree_say_nothing() -> None:
    books = known(
        paying(10_000, 20_000), MONDAY + 9 * DAY, line(10_000, "2026-08-24"), line(20_000, "2026-08-26", "l2")
    )
    assert at_bank(books) == []


def test_a_credit_is_missing_after_two_business_days_and_not_before() -> None:
    end_of_wednesday = datetime(2026, 8, 27, tzinfo=BANGKOK)
    merchant = paying(10_000)
    assert says(known(merchant, end_of_wednesday)) == []
    (found,) = at_bank(known(merchant, end_of_wednesday + timedelta(seconds=1), line(-5, "2026-08-25", payout=False)))
    assert (found.code, found.subject_id, found.due_by) == ("bank_credit_missing", "trsf_001", end_of_wednesday)
    assert (found.expected, found.actual) == (10_000, 0)
    assert "read so far begin with 2026-08-25 and end with 2026-08-25" in found.explanation


def test_what_was_paid_before_the_statements_begin_is_only_missed_where_the_range_asks_for_it() -> None:
    books = known(paying(10_000), MONDAY + 9 * DAY, line(-5, "2026-08-25", payout=False))
    assert at_bank(books, everything=False) == []
    assert len(at_bank(books)) == 1
    earlier = known(paying(10_000), MONDAY + 9 * DAY, line(-5, "2026-08-24", payout=False))
    assert len(at_bank(earlier, everything=False)) == 1


def test_an_account_without_statements_is_not_judged() -> None:
    books = known(paying(10_000), MONDAY + 9 * DAY)
    assert at_bank(books, replace(context(books.as_of), bank_fees={})) == []


@pytest.mark.parametrize(("credit", "fee", "found"), [(9_990, 0, 1), (9_990, 9, 1), (9_990, 10, 0), (10_010, 10, 1)])
def test_another_amount_unless_the_banks_fee_explains_it(credit: int, fee: int, found: int) -> None:
    books = known(paying(10_000), MONDAY + 9 * DAY, line(credit, "2026-08-24"))
    rules = replace(context(books.as_of), bank_fees={"th": fee})
    breaks = at_bank(books, rules)
    assert [(one.code, one.expected, one.actual) for one in breaks] == [
        ("bank_amount_mismatch", 10_000, credit)
    ] * found


def test_a_credit_in_omises_name_that_nobody_sent() -> None:
    books = known(paying(10_000), MONDAY + 9 * DAY, line(10_000, "2026-08-24"), line(77, "2026-08-25", "l2"))
    (found,) = at_bank(books)
    assert (found.code, found.subject_type, found.subject_id) == ("bank_credit_unexplained", "bank_line", "l2")
    assert (found.expected, found.actual) == (0, 77)
    assert not at_bank(books, bank_lines=np.array([True, False]))


def test_other_lines_and_debits_are_nobodys_payout() -> None:
    odd = (line(500, "2026-08-25", "l2", payout=False), line(-500, "2026-08-25", "l3"))
    assert says(known(paying(), MONDAY + 9 * DAY, *odd)) == []


def test_a_line_that_names_the_transfer_is_its_credit_whatever_it_says() -> None:
    lines = (line(10_000, "2026-08-24", reference="trsf_002"), line(10_000, "2026-08-24", "l2"))
    books = known(paying(10_000, 10_000), MONDAY + 9 * DAY, *lines)
    banked = settlement.with_bank(
        settlement.rebuild(books, ledger.read(books)), books, {"th": BANGKOK}, {"th": 0}
    ).banked
    pairs = set(banked[[c.TRANSFER_ID, c.LINE_ID, c.MATCH]].itertuples(index=False, name=None))
    assert pairs == {("trsf_002", "l1", c.BY_ID), ("trsf_001", "l2", c.SAME_DAY)}


def test_equal_sums_are_counted_and_never_guessed() -> None:
    twins = paying(10_000, 10_000)
    both = known(twins, MONDAY + 9 * DAY, line(10_000, "2026-08-25"), line(10_000, "2026-08-25", "l2"))
    assert says(both) == []
    banked = settlement.with_bank(
        settlement.rebuild(both, ledger.read(both)), both, {"th": BANGKOK}, {"th": 0}
    ).banked
    assert banked[c.MATCH].tolist() == [c.AMBIGUOUS] * 2
    assert says(known(twins, MONDAY + 9 * DAY, line(10_000, "2026-08-25"))) == ["bank_credit_missing trsf_002"]
    third = (line(10_000, "2026-08-25"), line(10_000, "2026-08-25", "l2"), line(10_000, "2026-08-25", "l3"))
    assert says(known(twins, MONDAY + 9 * DAY, *third)) == ["bank_credit_unexplained l3"]


def test_equal_sums_of_other_days_find_their_own_day() -> None:
    merchant = paying(10_000)
    merchant.wait(DAY)
    merchant.pay_out(13_000)
    assert says(known(merchant, MONDAY + 9 * DAY, line(10_000, "2026-08-25"))) == ["bank_credit_missing trsf_001"]


def test_a_transfer_that_failed_or_is_only_made_expects_nothing() -> None:
    merchant = paying(10_000, 20_000, 30_000)
    merchant.transfers[0] |= {"paid": False, "failure_code": "other"}
    merchant.transfers[1] |= {"paid": False, "sent": False, "sent_at": None, "paid_at": None}
    merchant.transfers[2] |= {"paid": False, "paid_at": None}
    assert says(known(merchant, MONDAY + 9 * DAY)) == []
    assert says(known(merchant, MONDAY + 9 * DAY, line(30_000, "2026-08-25"))) == []


def test_the_proof_of_transfers_and_bank() -> None:
    merchant = paying(10_000)
    merchant.wait(DAY)
    merchant.pay_out(23_000)
    merchant.wait(6 * DAY)
    merchant.pay_out(8_000)
    as_of = merchant.now + timedelta(hours=2)
    books = known(merchant, as_of, line(10_000, "2026-08-24"), line(19_000, "2026-08-25", "l2"))
    found = settlement.with_bank(settlement.rebuild(books, ledger.read(books)), books, {"th": BANGKOK}, {"th": 0})
    due, days = last_day_without_credit("th", context(as_of)), (date(2026, 8, 24), date(2026, 8, 31))
    terms = tie_out.BankTerms(due)
    (silent,) = tie_out.transfers_to_bank(found.banked, TH, days, terms, Reasons())
    assert (silent.left, silent.right, silent.explained, silent.unexplained) == (35_000, 29_000, -5_000, -1_000)
    told = Reasons(transfers={"trsf_002": "open break"})
    (proof,) = tie_out.transfers_to_bank(found.banked, TH, days, terms, told)
    assert proof.unexplained == 0
    assert tie_out.transfers_to_bank(found.banked, SG, days, terms, told) == ()


def test_what_left_the_balance_is_not_overdue_even_where_no_credit_explains_it() -> None:
    merchant = Merchant(now=MONDAY - 7 * DAY)
    merchant.charge(100_000)
    merchant.pay_out(96_094)  # before it was free: unexplained, and gone all the same
    later = MONDAY + 10 * DAY
    assert overdue(known(merchant, later), context(later)) == []
    unread = replace(known(merchant, later), readings=merchant.books().readings.iloc[:0])
    assert len(overdue(unread, context(later))) == 1  # it may have come from days before the store began
