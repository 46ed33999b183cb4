"""Lines that name a transfer, lines that are near one, and what could not be read: input written by hand."""

from dataclasses import replace
from typing import Any

import pytest

from recon import columns as c
from recon.model import Books
from recon.rules.settlement import credits_waiting
from tests.kit.books import Row, build
from tests.kit.ledgers import judged_whole
from tests.recon.rules.test_settlement import DAY, MONDAY, at_bank, context, known, line, paying, says

LATER = MONDAY + 9 * DAY
ON_MONDAY = "2026-08-24"


def named(amount: int, transfer: str, **fields: Any) -> Row:
    return line(amount, ON_MONDAY, **{"reference": f"OMISE PAYOUT/{transfer.upper()}", **fields})


@pytest.mark.parametrize("credit", [1, 5_000, 9_999, 10_001, 70_000])
def test_a_line_that_names_its_transfer_is_its_credit_whatever_the_amount(credit: int) -> None:
    (found,) = at_bank(known(paying(10_000), LATER, named(credit, "trsf_001")))
    assert (found.code, found.subject_id, found.expected, found.actual) == (
        "bank_amount_mismatch",
        "trsf_001",
        10_000,
        credit,
    )
    assert found.explanation.endswith("on 2026-08-24 in a line that names it.")


def test_the_name_wins_over_the_amount() -> None:
    books = known(paying(10_000, 20_000), LATER, named(20_000, "trsf_001"))
    assert says(books) == ["bank_credit_missing trsf_002", "bank_amount_mismatch trsf_001"]
    failed = paying(10_000)
    failed.pay_out(13_000)
    failed.transfers[1] |= {"paid": False, "failure_code": "other"}
    books = known(failed, LATER, named(10_000, "trsf_002"))
    missing, unexplained = at_bank(books)
    assert (missing.subject_id, unexplained.subject_id) == ("trsf_001", "l1")
    assert unexplained.explanation.endswith("It names trsf_002, which failed.")


def test_a_name_that_nobody_knows_is_no_transfers_credit() -> None:
    missing, unexplained = at_bank(known(paying(10_000), LATER, named(10_000, "trsf_test_5fz0olfpy32zadv96ek")))
    assert (missing.code, unexplained.code) == ("bank_credit_missing", "bank_credit_unexplained")
    assert "It names trsf_test_5fz0olfpy32zadv96ek, which is not known." in unexplained.explanation


def test_a_bank_fee_explains_a_named_credit_that_is_smaller() -> None:
    for credit, codes in ((9_990, []), (9_989, ["bank_amount_mismatch"]), (10_001, ["bank_amount_mismatch"])):
        books = known(paying(10_000), LATER, named(credit, "trsf_001"))
        rules = replace(context(books.as_of), bank_fees={"th": 10})
        assert [found.code for found in at_bank(books, rules)] == codes
        banked = judged_whole(books, rules).settled.settlement.banked
        assert banked[c.MATCH].tolist() == [c.OTHER_AMOUNT if codes else c.WITHIN_FEE]


def test_two_lines_that_name_one_transfer() -> None:
    lines = (named(4_000, "trsf_001"), named(10_000, "trsf_001", id="l2"))
    (found,) = at_bank(known(paying(10_000), LATER, *lines))
    assert (found.code, found.subject_id) == ("bank_credit_unexplained", "l1")
    assert found.explanation.endswith("It names trsf_001, which has its credit.")


@pytest.mark.parametrize(("credit", "close"), [(9_500, True), (10_500, True), (9_499, False), (10_501, False)])
def test_an_amount_alone_is_near_enough_up_to_five_per_cent(credit: int, close: bool) -> None:
    found = at_bank(known(paying(10_000), LATER, line(credit, ON_MONDAY)))
    if close:
        assert [one.code for one in found] == ["bank_amount_mismatch"]
        return
    missing, unexplained = found
    assert (missing.code, unexplained.code) == ("bank_credit_missing", "bank_credit_unexplained")
    assert "l1" in missing.explanation
    assert f"{credit // 100}.{credit % 100:02}" in missing.explanation
    assert "trsf_001 over THB 100.00 net, paid on 2026-08-24" in unexplained.explanation


def test_another_amount_of_another_day_is_not_guessed() -> None:
    assert says(known(paying(10_000), LATER, line(9_900, "2026-08-25"))) == [
        "bank_credit_missing trsf_001",
        "bank_credit_unexplained l1",
    ]


@pytest.mark.parametrize("reference", ["", "trsf_001"])
def test_a_credit_in_another_currency_is_none_of_it(reference: str) -> None:
    books = known(paying(10_000), LATER, line(10_000, ON_MONDAY, currency="USD", reference=reference))
    missing, unexplained = at_bank(books)
    assert (missing.subject_id, unexplained.subject_id) == ("trsf_001", "l1")
    assert ("which is in THB" in unexplained.explanation) == bool(reference)


def unread(**fields: Any) -> Row:
    return {"account": "th", "source": "bank.th", "file": "b.csv", "digest": "d", **fields}


def with_unread(books: Books, *parts: Row) -> Books:
    return replace(books, unread=build(c.UNREAD, parts))


@pytest.mark.parametrize(
    ("part", "waiting"),
    [
        (unread(amount=10_000, currency="THB"), {"trsf_001"}),
        (unread(amount=9_990, currency="THB"), {"trsf_001"}),  # within the bank's fee
        (unread(amount=9_989, currency="THB"), set()),
        (unread(amount=10_000, currency="USD"), set()),
        (unread(amount=10_000, currency="THB", from_day="2026-09-20", to_day="2026-09-21"), set()),
        (unread(transfer_ids="trsf_002", amount=10_000, currency="THB"), {"trsf_002"}),
        (unread(transfer_ids="trsf_test_of_nobody"), set()),
        (unread(from_day="2026-08-20", to_day="2026-08-24"), {"trsf_001", "trsf_002"}),
        (unread(from_day="2026-08-01", to_day="2026-08-22"), set()),
        (unread(to_day="2026-08-24"), {"trsf_001", "trsf_002"}),
        (unread(), {"trsf_001", "trsf_002"}),
        (unread(account="sg"), set()),
    ],
)
def test_what_could_not_be_read_accuses_nobody_whose_credit_it_may_hold(part: Row, waiting: set[str]) -> None:
    books = with_unread(known(paying(10_000, 20_000), LATER), part)
    rules = replace(context(books.as_of), bank_fees={"th": 10})
    missing = {found.subject_id for found in at_bank(books, rules)}
    assert missing == {"trsf_001", "trsf_002"} - waiting
    assert credits_waiting(judged_whole(books, rules), "th") == len(waiting)


def test_who_has_a_credit_does_not_wait() -> None:
    books = with_unread(known(paying(10_000), LATER, line(10_000, ON_MONDAY)), unread())
    assert credits_waiting(judged_whole(books, context(books.as_of)), "th") == 0
