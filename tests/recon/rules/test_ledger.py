"""Ledger and fees in words: what is missing in the ledger, what differs, what nobody knows, and the balance."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from recon import columns as c
from recon.model import Books, Break, Severity
from recon.rules.ledger import RULES
from recon.settings import Context, RuleSettings
from tests.kit.books import AS_OF, build
from tests.kit.ledgers import START, Merchant, column_breaks, judged_whole, readings

DAY = timedelta(days=1)


CODES = [rule.code for rule in RULES if rule.code != "balance_mismatch"]


def judged(books: Books, context: Context | None = None, *, everything: bool = True) -> list[Break]:
    using = context or Context(AS_OF)
    return column_breaks(judged_whole(books, using, judged=everything), using, *CODES)


def balance_breaks(books: Books) -> list[Break]:
    return column_breaks(judged_whole(books, Context(AS_OF)), Context(AS_OF), "balance_mismatch")


def read(*rows: tuple[datetime, int, int]) -> Books:
    """Books with nothing but readings of the balance."""
    return Merchant().books(readings=readings(*rows))


def says(merchant: Merchant, **frames: Any) -> list[str]:
    return [f"{one.code} {one.subject_id}" for one in judged(merchant.books(**frames))]


@pytest.fixture
def merchant() -> Merchant:
    """Three charges, one of them refunded in part and one lost in a dispute, and a transfer of the rest."""
    made = Merchant()
    first = made.charge(100_000)
    second = made.charge(31_000)
    made.charge(5_000)
    made.wait(8 * DAY)
    made.refund(first, 10_000)
    made.dispute(second)
    made.pay_out()
    return made


def test_a_ledger_that_agrees_says_nothing(merchant: Merchant) -> None:
    assert says(merchant) == []


def test_a_charge_that_names_no_transaction_or_an_unknown_one(merchant: Merchant) -> None:
    merchant.charges[0]["transaction_id"] = None
    merchant.charges[1]["transaction_id"] = "trxn_999"
    found = judged(merchant.books())
    assert [(one.code, one.subject_id) for one in found] == [
        ("transaction_missing", "chrg_001"),
        ("transaction_missing", "chrg_002"),
    ]
    assert (found[0].expected, found[0].actual, found[0].difference) == (96_094, 0, -96_094)
    assert "names no balance transaction" in found[0].explanation
    assert "does not know its transaction trxn_999" in found[1].explanation
    assert found[1].severity == Severity.HIGH


@pytest.mark.parametrize("status", ["failed", "pending", "expired", "reversed"])
def test_a_charge_that_took_no_money_needs_no_transaction(merchant: Merchant, status: str) -> None:
    merchant.charges.append({**merchant.charges[0], "charge_id": "chrg_9", "status": status, "transaction_id": None})
    assert says(merchant) == []


def test_a_refund_without_a_transaction_is_missing_unless_it_failed(merchant: Merchant) -> None:
    merchant.refunds[0]["transaction_id"] = None
    assert says(merchant) == ["transaction_missing rfnd_001"]
    merchant.refunds[0]["status"] = "failed"
    del merchant.transactions[3]
    assert says(merchant) == []


@pytest.mark.parametrize("off", [-1, 1])
def test_a_unit_more_or_less_in_the_ledger(merchant: Merchant, off: int) -> None:
    merchant.transactions[0]["amount"] += off
    merchant.transactions[3]["amount"] += off
    charge, refund = judged(merchant.books())
    assert (charge.code, charge.subject_id, charge.difference) == ("transaction_amount_mismatch", "chrg_001", off)
    assert (refund.subject_type, refund.subject_id, refund.difference) == ("refund", "rfnd_001", -off)
    assert (refund.charge_id, refund.refund_id) == ("chrg_001", "rfnd_001")
    merchant.charges[0]["fee"] += 1
    merchant.transactions[0]["amount"] -= off
    assert says(merchant) == ["transaction_amount_mismatch rfnd_001"]  # one fault of a charge hides the next


def test_a_credit_where_a_debit_should_be(merchant: Merchant) -> None:
    merchant.transactions[0]["direction"] = "debit"
    assert says(merchant) == ["transaction_amount_mismatch chrg_001"]


def test_a_refund_booked_as_a_credit_is_one_fault_and_one_break(merchant: Merchant) -> None:
    merchant.transactions[3]["direction"] = "credit"
    assert says(merchant) == ["transaction_amount_mismatch rfnd_001"]
    silent = Context(AS_OF, settings={"transaction_amount_mismatch": RuleSettings(enabled=False)})
    said = [(one.code, one.refund_id) for one in judged(merchant.books(), silent)]
    assert said == [("transaction_unexplained", "rfnd_001")]


@pytest.mark.parametrize("amount", [31_000, 29_789, 1])
def test_a_voids_sum_is_not_known_so_it_is_not_judged(amount: int) -> None:
    merchant = Merchant()
    first = merchant.charge(31_000, voided=True)
    merchant.refund(first, 31_000, voided=True)
    merchant.transactions[-1]["amount"] = amount
    assert says(merchant) == []


def test_a_charge_whose_fee_is_more_than_it_took_owes() -> None:
    merchant = Merchant()
    merchant.charge(100, fee=800, fee_vat=56, net=-756, fee_rate="0.0", fee_flat="800.0")
    assert merchant.transactions[-1]["direction"] == "debit"
    assert says(merchant) == []


def test_fees_by_the_rate_on_the_charge(merchant: Merchant) -> None:
    merchant.charges[0] |= {"fee": 3_651, "net": 96_093}
    merchant.transactions[0]["amount"] -= 1
    (found,) = judged(merchant.books())
    assert (found.code, found.expected, found.actual) == ("fee_mismatch", 3_650, 3_651)
    assert "the rate on the charge" in found.explanation


def test_vat_is_only_judged_where_the_fee_is_right(merchant: Merchant) -> None:
    merchant.charges[0] |= {"fee_vat": 260, "net": 96_090}
    merchant.transactions[0]["amount"] -= 4
    (found,) = judged(merchant.books())
    assert (found.code, found.expected, found.actual) == ("fee_vat_mismatch", 256, 260)
    assert found.severity == Severity.LOW
    merchant.charges[0] |= {"fee": 3_700, "net": 96_040}
    merchant.transactions[0]["amount"] -= 50
    assert says(merchant) == ["fee_mismatch chrg_001"]


def test_a_transaction_that_nobody_knows(merchant: Merchant) -> None:
    merchant.move(500, "chrg_999")
    merchant.move(-500, None)
    found = judged(merchant.books())
    assert [one.code for one in found] == ["transaction_unexplained"] * 2
    assert [one.actual for one in found] == [500, -500]
    assert "which Omise does not know" in found[0].explanation
    assert "names nothing" in found[1].explanation


@pytest.mark.parametrize(
    ("amount", "origin", "possible"),
    [
        (-5, "chrg_001", False),
        (5, "rfnd_001", False),
        (5, "trsf_001", False),
        (5, "dspt_001", True),
        (-5, "dspt_001", True),
        (-5, "rfnd_001", True),
        (7, "rcpt_001", True),
        (-7, "rcpt_001", True),
    ],
)
def test_directions(merchant: Merchant, amount: int, origin: str, possible: bool) -> None:
    merchant.move(amount, origin)
    assert (says(merchant) == []) is possible


def test_a_failed_refund_and_a_failed_transfer_give_back(merchant: Merchant) -> None:
    merchant.refunds[0]["status"] = "failed"
    merchant.transfers[0]["failure_code"] = "other"
    merchant.move(10_000, "rfnd_001")
    merchant.move(500, "trsf_001")
    assert says(merchant) == []


@pytest.mark.parametrize("status", ["failed", "expired", "reversed"])
def test_money_that_moved_for_a_charge_that_never_took_any_is_told(merchant: Merchant, status: str) -> None:
    charge = merchant.charge(31_000, status=status)
    found = judged(merchant.books())
    assert [one.code for one in found] == ["transaction_unexplained"]
    assert (found[0].subject_id, found[0].charge_id) == (charge["transaction_id"], charge["charge_id"])
    assert (found[0].actual, f'"{status}", and nothing undid it' in found[0].explanation) == (charge["net"], True)
    merchant.move(-charge["net"], charge["charge_id"])
    assert says(merchant) == []
    merchant.move(-5, charge["charge_id"])
    assert [one.actual for one in judged(merchant.books())] == [-charge["net"], -5]


def test_money_that_moved_for_a_failed_refund_is_told_until_it_is_back(merchant: Merchant) -> None:
    merchant.refunds[0]["status"] = "failed"
    [found] = judged(merchant.books())
    assert (found.code, found.actual, found.refund_id) == ("transaction_unexplained", -10_000, "rfnd_001")
    merchant.move(4_000, "rfnd_001")
    assert len(judged(merchant.books())) == 1
    merchant.move(6_000, "rfnd_001")
    assert says(merchant) == []
    del merchant.transactions[3]  # stored are only the days since
    assert says(merchant) == []


def test_an_unknown_key_is_no_break(merchant: Merchant) -> None:
    merchant.transactions[0]["key"] = "moon.walked.credit"
    assert says(merchant) == []


def test_a_kind_never_seen_is_one_break_on_its_first_transaction(merchant: Merchant) -> None:
    first = len(merchant.transactions)
    merchant.move(-50_000, "loan_test_5xuy4w91xqz7d1w9u0t")
    merchant.move(-7_000, "loan_test_5xuy4w91xqz7d1w9u1t")
    merchant.move(500, "adjs_001")
    ids = [merchant.transactions[place]["transaction_id"] for place in (first, first + 2)]
    assert sorted(says(merchant)) == sorted(f"transaction_unexplained {id}" for id in ids)


def test_a_receipt_that_is_not_among_the_receipts(merchant: Merchant) -> None:
    merchant.move(3, "rcpt_002")
    receipts = build(
        c.RECEIPTS,
        [
            {
                "account": "th",
                "receipt_id": "rcpt_001",
                "currency": "THB",
                "created_at": merchant.now,
                "seen_at": merchant.now,
                "first_seen_at": merchant.now,
            }
        ],
    )
    assert len(says(merchant, receipts=receipts)) == 1


def test_only_what_is_judged_is_said_and_a_rule_that_is_off_hides_nothing(merchant: Merchant) -> None:
    merchant.charges[0]["transaction_id"] = None
    books = merchant.books()
    assert judged(books, everything=False) == []
    off = Context(AS_OF, settings={"transaction_missing": RuleSettings(enabled=False)})
    merchant.charges[0]["fee"] += 2
    assert [one.code for one in judged(merchant.books(), off)] == ["fee_mismatch"]


def test_the_first_reading_of_a_balance_is_only_recorded() -> None:
    assert balance_breaks(read((START, 500, 0))) == []
    assert balance_breaks(read()) == []


def test_a_balance_that_does_not_follow_from_what_was_booked() -> None:
    kept = read((START, 500, 0), (START + DAY, 700, 200), (START + 2 * DAY, 901, 400), (START + 3 * DAY, 902, 401))
    (found,) = balance_breaks(kept)
    assert (found.code, found.subject_id, found.severity) == ("balance_mismatch", "th", Severity.CRITICAL)
    assert (found.expected, found.actual, found.difference) == (901, 902, 1)
    assert f"first differed on {START + 2 * DAY:%Y-%m-%d}" in found.explanation
    assert balance_breaks(read((START, 500, 0), (START + DAY, 701, 200), (AS_OF, 900, 400))) == []
