"""Bookings: every movement of the balance on both its accounts, and what does not move it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given

from recon import columns as c
from recon.journal.posting import Posting, entries
from recon.journal.words import EntryKind, LedgerAccount
from recon.journal.write_offs import OF_A_REFUND, directions
from recon.model import BalanceLine, Break, Severity
from recon.model.rulings import Ruling
from recon.rules import CATALOGUE
from recon.settings import Context
from tests.kit.books import DAY, TH, Row, build
from tests.kit.journals import FIRST, LAST, balances, booked, lines, of_shop, signed_amounts
from tests.kit.ledgers import ACTS, START, Merchant, column_breaks, judged_whole, play, signed
from tests.kit.properties import DEAR


def test_a_sale_is_booked_gross_with_its_costs_apart() -> None:
    # 1,000.00 at 3.65 % is 36.50, 7 % VAT on it 2.56 (2.555, half up).
    shop = Merchant()
    shop.charge()
    frame = of_shop(shop)
    assert lines(frame) == [
        "sales clearing 100000",
        "sales orders_clearing -100000",
        "fees fees 3650",
        "fees clearing -3650",
        "fee_vat fee_vat_pending 256",
        "fee_vat clearing -256",
    ]
    day = FIRST.strftime("%Y%m%d")
    assert frame[c.ENTRY].unique().tolist() == [f"OMISE-TH-{day}-{short}" for short in ("SAL", "FEE", "VAT")]
    assert set(frame[c.DAY]) == {FIRST.isoformat()}
    assert set(frame[c.ROWS]) == {1}


def test_refunds_disputes_and_interest() -> None:
    shop = Merchant()
    sale = shop.charge(interest=1_000, interest_vat=70, net=100_000 - 3_650 - 256 - 1_070)
    disputed = shop.charge()
    shop.refund(sale, 30_000)
    shop.dispute(disputed)
    shop.dispute(sale, won=True)
    assert lines(of_shop(shop), "interest", "interest_vat", "refunds", "disputes_opened", "disputes_won") == [
        "interest interest 1000",
        "interest clearing -1000",
        "interest_vat fee_vat_pending 70",
        "interest_vat clearing -70",
        "refunds refunds 30000",
        "refunds clearing -30000",
        "disputes_opened disputed 200000",
        "disputes_opened clearing -200000",
        "disputes_won clearing 100000",
        "disputes_won disputed -100000",
    ]


def test_a_lost_dispute_is_a_loss_on_the_day_it_was_closed_without_a_transaction() -> None:
    shop = Merchant()
    dispute = shop.dispute(shop.charge())
    dispute["closed_at"] = shop.now + 5 * DAY
    frame = of_shop(shop)
    lost = frame[frame[c.ENTRY_KIND] == "disputes_lost"]
    assert lines(lost) == ["disputes_lost chargeback_loss 100000", "disputes_lost disputed -100000"]
    assert set(lost[c.DAY]) == {(FIRST + timedelta(days=5)).isoformat()}
    assert "disputed" not in balances(frame)


def _paid_out(**fields: Any) -> tuple[Merchant, Row]:
    """A merchant with one sale and, eight days later, a payout over 500.00."""
    shop = Merchant()
    shop.charge()
    shop.wait(8 * DAY)
    return shop, shop.pay_out(50_000, **fields)


def test_a_payout_leaves_the_clearing_gross_and_is_in_transit_net() -> None:
    shop, _ = _paid_out()
    assert lines(of_shop(shop), "payouts") == [
        "payouts cash_in_transit 47000",
        "payouts fee_vat_pending 196",
        "payouts transfer_fees 2804",
        "payouts clearing -50000",
    ]


def test_a_payout_that_comes_back_whole_takes_its_fees_along() -> None:
    shop, payout = _paid_out()
    shop.move(50_000, payout["transfer_id"], "transfer.failed.credit")
    assert balances(of_shop(shop)).keys() == {"clearing", "orders_clearing", "fees", "fee_vat_pending"}


def test_a_payout_that_comes_back_net_leaves_its_fees() -> None:
    shop, payout = _paid_out()
    shop.move(47_000, payout["transfer_id"], "transfer.failed.credit")
    after = balances(of_shop(shop))
    assert (after.get("cash_in_transit", 0), after["transfer_fees"]) == (0, 2_804)


def test_a_transfer_that_took_something_else_leaves_the_rest_in_suspense() -> None:
    shop, _ = _paid_out(net=46_000)
    frame = of_shop(shop)
    rest = frame[frame[c.LEDGER_ACCOUNT] == "suspense"]
    assert (lines(rest), rest[c.NOTE].tolist()) == (["payouts suspense 1000"], ["not as the transfer says"])


def test_what_nobody_knows_is_suspense_by_omises_key() -> None:
    shop = Merchant()
    shop.move(-700, "loan_001", "loan.repaid")
    shop.move(90, "gift_001", "gift.received")
    frame = of_shop(shop)
    suspense = frame[frame[c.LEDGER_ACCOUNT] == "suspense"]
    assert dict(zip(suspense[c.NOTE], signed_amounts(suspense), strict=True)) == {
        "loan.repaid": 700,
        "gift.received": -90,
    }


@pytest.mark.parametrize(("taken", "parked"), [(100_000, 0), (96_094, -3_906)])
def test_a_void_clears_the_order_and_parks_what_is_not_known_of_its_fees(taken: int, parked: int) -> None:
    shop = Merchant()
    refund = shop.refund(shop.charge(), 100_000, voided=True)
    shop.transactions[-1]["amount"] = taken
    after = balances(of_shop(shop))
    assert refund["voided"]
    assert (after.get("orders_clearing", 0), after.get("suspense", 0)) == (0, parked)


def test_a_debit_of_a_charge_clears_its_order_only_where_the_charge_is_voided() -> None:
    shop = Merchant()
    voided = shop.charge(voided=True)
    kept = shop.charge()
    shop.move(-96_094, voided["charge_id"], "charge.voided")
    shop.move(-11, kept["charge_id"], "charge.corrected.debit")
    frame = of_shop(shop)
    assert lines(frame, "voids") == [
        "voids orders_clearing 100000",
        "voids clearing -96094",
        "voids suspense -3906",
    ]
    assert lines(frame, "other") == ["other suspense 11", "other clearing -11"]
    notes = frame[frame[c.LEDGER_ACCOUNT] == "suspense"][c.NOTE].tolist()
    assert notes == ["fees of voided charges", "charge.corrected.debit"]


def test_receipts_make_vat_claimable_and_rounding_is_apart() -> None:
    # Two sales of the day: 2 x 2.56 VAT as charged, 5.11 on the day's receipt (7 % of 73.00).
    shop = Merchant()
    shop.charge()
    shop.charge()
    receipts = build(
        c.RECEIPTS,
        [
            {
                "account": "th",
                "receipt_id": "rcpt_1",
                "currency": "THB",
                "vat": 511,
                "wht": 0,
                "total": 7_811,
                "issued_on": FIRST.isoformat(),
                "created_at": shop.now + DAY,
            }
        ],
    )
    frame = booked(shop.books(receipts=receipts))
    assert lines(frame, "vat_claimable") == [
        "vat_claimable fee_vat 511",
        "vat_claimable rounding 1",
        "vat_claimable fee_vat_pending -512",
    ]
    assert "fee_vat_pending" not in balances(frame)


def _line(number: int, day: str, amount: int, reference: str | None = None) -> Row:
    return {
        "account": "th",
        "line_id": f"line_{number}",
        "source": "scb",
        "booked_on": day,
        "amount": amount,
        "currency": "THB",
        "reference": reference,
        "payout": True,
        "file": "bank.csv",
        "file_hash": "0",
        "row": number,
    }


def test_a_credit_at_the_bank_ends_the_transit_and_its_fee_is_a_bank_charge() -> None:
    shop = Merchant()
    shop.charge(amount=500_000)
    shop.wait(8 * DAY)
    shop.pay_out(50_000)
    day = (FIRST + timedelta(days=9)).isoformat()
    frame = booked(shop.books(bank_lines=build(c.BANK_LINES, [_line(1, day, 46_500)])), bank_fee=1_000)
    assert lines(frame, "bank_credits", "bank_fees") == [
        "bank_credits bank 46500",
        "bank_credits cash_in_transit -46500",
        "bank_fees bank_charges 500",
        "bank_fees cash_in_transit -500",
    ]
    assert set(frame[frame[c.ENTRY_KIND] == "bank_credits"][c.DAY]) == {day}
    assert "cash_in_transit" not in balances(frame)


def test_every_one_of_several_credits_of_a_payout_ends_its_transit() -> None:
    shop, payout = _paid_out()
    named = payout["transfer_id"]
    days = [(FIRST + timedelta(days=days)).isoformat() for days in (8, 9)]
    credits = [_line(1, days[0], 20_000, named), _line(2, days[1], 26_500, named)]
    frame = booked(shop.books(bank_lines=build(c.BANK_LINES, credits)), bank_fee=1_000)
    of_bank = frame[frame[c.LEDGER_ACCOUNT] == "bank"]
    assert dict(zip(of_bank[c.DAY], signed_amounts(of_bank), strict=True)) == {days[0]: 20_000, days[1]: 26_500}
    assert balances(frame).get("cash_in_transit", 0) == 0
    assert balances(frame)["bank_charges"] == 500


def test_a_sale_in_another_currency_is_shown_apart_and_its_refund_has_the_rate_of_the_sale() -> None:
    # USD 30.00 came to THB 1,000.00; a third of it went back at a worse rate, THB 340.00.
    shop = Merchant()
    sale = shop.charge(currency="USD", amount=100_000, funding_amount=100_000)
    sale |= {"amount": 3_000, "captured_amount": 3_000}
    shop.charge()
    shop.refund(sale, 34_000, currency="USD")
    shop.refunds[-1]["amount"] = 1_000
    frame = of_shop(shop)
    orders = frame[(frame[c.LEDGER_ACCOUNT] == "orders_clearing") & (frame[c.ENTRY_KIND] == "sales")]
    assert list(zip(orders[c.NOTE].fillna(""), signed_amounts(orders), orders[c.ROWS], strict=True)) == [
        ("", -100_000, 1),
        ("paid as USD 30.00", -100_000, 1),
    ]
    assert lines(frame, "refunds") == [
        "refunds refunds 33333",
        "refunds fx_difference 667",
        "refunds clearing -34000",
    ]


def _write_off(code: str, **fields: Any) -> tuple[Ruling, Break]:
    raised = Break(code, Severity.HIGH, "th", "order", "A-1", "", "", "THB", **fields)
    ruling = Ruling(7, raised.id, "write_off", "ann", START, "timing", "stands", amount=500, currency="THB")
    return ruling, raised


@pytest.mark.parametrize(
    ("code", "facts", "booked_as"),
    [
        ("charge_missing", {}, ["write_offs write_off 500", "write_offs orders_clearing -500"]),
        ("order_missing", {}, ["write_offs orders_clearing 500", "write_offs write_off -500"]),
        (
            "amount_mismatch",
            {"expected": 1_500, "actual": 1_000},
            ["write_offs write_off 500", "write_offs orders_clearing -500"],
        ),
        (
            "bank_amount_mismatch",
            {"expected": 1_000, "actual": 1_500},
            ["write_offs cash_in_transit 500", "write_offs write_off -500"],
        ),
        (
            "refund_amount_mismatch",
            {"expected": 1_000, "actual": 1_500},
            ["write_offs write_off 500", "write_offs refunds -500"],
        ),
        (
            "transaction_unexplained",
            {"expected": 0, "actual": 500},
            ["write_offs suspense 500", "write_offs write_off -500"],
        ),
        (
            "transaction_missing",
            {"expected": 500, "actual": 0},
            ["write_offs write_off 500", "write_offs orders_clearing -500"],
        ),
        ("fee_mismatch", {"expected": 900, "actual": 400}, ["write_offs fees 500", "write_offs write_off -500"]),
        ("amount_out_of_limits", {"expected": 400, "actual": 500}, []),
        ("of_tomorrow", {}, ["write_offs write_off 500", "write_offs suspense -500"]),
    ],
)
def test_a_write_off_goes_against_what_was_open(code: str, facts: dict[str, int], booked_as: list[str]) -> None:
    assert lines(of_shop(Merchant(), write_offs=[_write_off(code, **facts)])) == booked_as


@pytest.mark.parametrize(("key", "moved"), [("gift.received", 90), ("loan.repaid", -700)])
def test_a_movement_without_a_reason_that_is_written_off_leaves_nothing_in_suspense(key: str, moved: int) -> None:
    shop = Merchant()
    shop.move(moved, "thing_001", key)
    ruling, raised = _write_off("transaction_unexplained", expected=0, actual=moved)
    after = balances(of_shop(shop, write_offs=[(replace(ruling, amount=abs(moved)), raised)]))
    assert after == {"clearing": moved, "write_off": -moved}


@pytest.mark.parametrize("code", ["transaction_missing", "transaction_amount_mismatch", "transaction_unexplained"])
def test_what_the_ledger_has_otherwise_of_a_refund_is_written_off_against_the_refunds(code: str) -> None:
    shop = Merchant()
    refund = shop.refund(shop.charge(), 30_000)
    returned = 30_000  # what the shop's own books have as given back
    if code == "transaction_missing":
        refund["transaction_id"] = None
        del shop.transactions[-1]
    elif code == "transaction_amount_mismatch":
        shop.transactions[-1]["amount"] = 30_700
    else:
        refund["status"] = "failed"
        returned = 0
    books = shop.books()
    (raised,) = column_breaks(judged_whole(books, Context(books.as_of)), Context(books.as_of), code)
    ruling, _ = _write_off(raised.code)
    before, after = (
        balances(of_shop(shop, write_offs=write_offs))
        for write_offs in ((), [(replace(ruling, amount=raised.amount_at_risk), raised)])
    )
    assert before.get("refunds", 0) != returned == after.get("refunds", 0)
    assert after["write_off"] == before.get("refunds", 0) - returned
    assert "suspense" not in after


def test_a_credit_for_a_failed_charge_is_no_sale_and_its_write_off_leaves_nothing_in_suspense() -> None:
    shop = Merchant()
    moved = shop.charge(status="failed")["net"]
    frame = of_shop(shop)
    assert lines(frame) == [f"other clearing {moved}", f"other suspense {-moved}"]
    books = shop.books()
    (raised,) = column_breaks(
        judged_whole(books, Context(books.as_of)), Context(books.as_of), "transaction_unexplained"
    )
    ruling, _ = _write_off(raised.code)
    after = balances(of_shop(shop, write_offs=[(replace(ruling, amount=raised.amount_at_risk), raised)]))
    assert after == {"clearing": moved, "write_off": -moved}


def test_a_transfer_that_does_not_add_up_and_is_written_off_leaves_nothing_in_suspense() -> None:
    shop, _ = _paid_out(net=46_000)
    books = shop.books()
    rules = Context(books.as_of)
    (raised,) = column_breaks(judged_whole(books, rules), rules, "transfer_amount_mismatch")
    assert raised.difference == -1_000
    ruling, _ = _write_off(raised.code)
    after = balances(of_shop(shop, write_offs=[(replace(ruling, amount=raised.amount_at_risk), raised)]))
    assert ("suspense" in after, after["write_off"]) == (False, 1_000)


def test_a_write_off_is_booked_once_somebody_approved_it_and_on_that_day_only() -> None:
    ruling, raised = _write_off("charge_missing")
    assert len(booked(Merchant().books(), FIRST, FIRST, write_offs=[(ruling, raised)]))
    assert not len(booked(Merchant().books(), FIRST + timedelta(days=1), LAST, write_offs=[(ruling, raised)]))


def test_every_code_with_a_place_for_its_write_off_is_a_rule_s() -> None:
    assert {code.removesuffix(OF_A_REFUND) for code in directions()} <= {rule.code for rule in CATALOGUE}


def test_an_entry_whose_sides_differ_is_refused() -> None:
    odd = [Posting("2026-01-31", EntryKind.FEES, "THB", LedgerAccount.FEES, 100, 1)]
    with pytest.raises(AssertionError, match="OMISE-TH-20260131-FEE: debits are not credits"):
        entries(TH, odd)


def test_a_clearing_that_is_not_the_balance_s_movement_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recon.journal.of_balance", lambda _: [])
    shop = Merchant()
    shop.charge()
    with pytest.raises(AssertionError, match="th: the journal's clearing is not the balance's movement: -96094"):
        of_shop(shop)


def _cells(frame: pd.DataFrame) -> list[list[Any]]:
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()


def _entry_sums(frame: pd.DataFrame) -> list[int]:
    signed_frame = frame.assign(signed=signed_amounts(frame))
    return [int(total) for total in signed_frame.groupby(c.ENTRY)["signed"].sum()]


@DEAR
@given(ACTS)
def test_entries_balance_and_the_clearing_moves_as_the_balance(acts: list[Any]) -> None:
    shop = play(acts)
    frame = of_shop(shop)
    assert not any(_entry_sums(frame))
    assert (frame[c.DEBIT].isna() ^ frame[c.CREDIT].isna()).all()
    assert (frame[c.DEBIT].fillna(0) >= 0).all()
    assert (frame[c.CREDIT].fillna(0) >= 0).all()
    assert balances(frame).get("clearing", 0) == sum(map(signed, shop.transactions))
    middle = FIRST + timedelta(days=1)
    parts = [booked(shop.books(), FIRST, middle), booked(shop.books(), middle + timedelta(days=1), LAST)]
    assert [line for part in parts for line in _cells(part)] == _cells(frame)


def test_kinds_that_move_the_balance_bear_its_words() -> None:
    assert {kind.value for kind in EntryKind} > {line.value for line in list(BalanceLine)[1:14]}
    assert len({kind.short for kind in EntryKind}) == len(EntryKind)
