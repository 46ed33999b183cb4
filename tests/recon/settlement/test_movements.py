"""Where the money went: every movement stands on one line, and they lead from the opening to the closing."""

from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given

from recon import columns as c
from recon.calendars import local_day
from recon.model import MOVING_LINES, Books
from recon.settlement.balance import AGREES_LATER, OF_LAST_READING, closing_proof, proof
from recon.settlement.gaps import Reasons
from recon.settlement.ledger import read
from recon.settlement.movements import movements, waterfall
from tests.kit.books import AS_OF, TH
from tests.kit.ledgers import ACTS, DAY, START, Merchant, play, readings, signed
from tests.kit.properties import DEAR

FIRST = local_day(START, TH.zone)
LAST = local_day(AS_OF, TH.zone)


def _moved(books: Books, first: date = FIRST, last: date = LAST) -> pd.DataFrame:
    return movements(books, read(books), TH, first, last)


def _lines(books: Books, first: date = FIRST, last: date = LAST) -> dict[str, int]:
    shown = waterfall(books, _moved(books, first, last), TH, first, last)
    return dict(zip(shown[c.LINE], shown[c.AMOUNT].tolist(), strict=True))


def test_a_shop_s_week_by_hand() -> None:
    # 1,000.00 sold twice at 3.65 % and 7 % VAT on the fee: 36.50 and 2.56 (2.555, rounded half up) each.
    shop = Merchant()
    sale = shop.charge()
    lost = shop.charge()
    shop.refund(sale, 30_000)
    shop.dispute(lost)
    shop.dispute(sale, won=True)
    shop.wait(8 * DAY)
    shop.pay_out(50_000)
    shop.move(500, "rcpt_001", "receipt.vat_adjustment.credit")
    shop.move(-700, "loan_001", "loan.repaid")
    assert {line: amount for line, amount in _lines(shop.books()).items() if amount} == {
        "sales": 200_000,
        "fees": -7_300,
        "fee_vat": -512,
        "refunds": -30_000,
        "disputes_opened": -200_000,
        "disputes_won": 100_000,
        "receipt_adjustments": 500,
        "other": -700,
        "payouts": -50_000,
        "closing": 11_988,
        "reading": 11_988,
    }


def test_the_next_days_open_with_the_closing() -> None:
    shop = Merchant()
    shop.charge()
    shop.wait(3 * DAY)
    shop.charge()
    day = FIRST + timedelta(days=1)
    before = _lines(shop.books(), FIRST, day)
    after = _lines(shop.books(), day + timedelta(days=1), LAST)
    assert before["closing"] == after["opening"] == 96_094
    assert after["closing"] == 2 * 96_094


def test_what_was_booked_until_the_reading_stands_between() -> None:
    shop = Merchant()
    shop.charge()
    shop.wait(3 * DAY)
    shop.charge()
    lines = _lines(shop.books(), FIRST, FIRST)
    assert (lines["closing"], lines["booked_since"], lines["reading"], lines["difference"]) == (
        96_094,
        96_094,
        192_188,
        0,
    )


def test_a_balance_that_is_not_the_ledger_s_differs() -> None:
    shop = Merchant()
    shop.charge()
    odd = readings((START - DAY, 0, 0), (AS_OF, shop.total() - 77, shop.total()))
    assert _lines(shop.books(readings=odd))["difference"] == -77


@pytest.mark.parametrize(
    ("last", "of_break", "why"),
    [
        (0, "", AGREES_LATER),  # the rows came between the two readings
        (-77, "open break balance_mismatch", "open break balance_mismatch"),
        (-77, "", OF_LAST_READING),  # its break is switched off: ledger_to_balance has the rest, once
    ],
)
def test_a_closing_that_is_not_the_reading_s_is_explained_and_told_once(last: int, of_break: str, why: str) -> None:
    shop = Merchant()
    shop.charge()
    total = shop.total()
    readings_of_nights = [(START - DAY, 0, 0), (START + DAY, total - 77, total), (AS_OF, total + last, total)]
    books = shop.books(readings=readings(*readings_of_nights))
    reasons = Reasons(balance=of_break)
    assert _lines(books, FIRST, FIRST)["difference"] == -77
    (closing,) = closing_proof(books, TH, (FIRST, FIRST), reasons)
    assert (closing.left, closing.right, closing.unexplained) == (total, total - 77, 0)
    assert [(item.what, item.amount) for item in closing.items] == [(why, -77)]
    (to_last,) = proof(books, TH.name, reasons)
    assert to_last.unexplained == (0 if of_break else last)
    assert closing_proof(books, TH, (FIRST, LAST), reasons) == ()  # held against the last reading, as that one


def test_without_a_reading_nothing_is_held_against_it() -> None:
    shop = Merchant()
    shop.charge()
    assert not {"reading", "difference", "booked_since"} & _lines(shop.books(readings=c.READINGS.empty())).keys()


def test_a_net_that_the_ledger_has_otherwise_leaves_a_rest() -> None:
    shop = Merchant()
    shop.charge()
    shop.transactions[-1]["amount"] += 5
    moved = _moved(shop.books())
    rest = moved[moved[c.LINE] == "other"]
    assert rest[[c.KEY, c.ROWS, c.AMOUNT]].to_numpy().tolist() == [["charge.captured.net", 1, 5]]


def test_a_charge_that_is_not_stored_is_other_by_its_key() -> None:
    shop = Merchant()
    shop.move(96_094, "chrg_gone", "charge.captured.net")
    assert _moved(shop.books())[[c.LINE, c.KEY, c.AMOUNT]].to_numpy().tolist() == [
        ["other", "charge.captured.net", 96_094]
    ]


def test_voids_are_no_refunds() -> None:
    shop = Merchant()
    sale = shop.charge()
    shop.refund(sale, 100_000, voided=True)
    again = shop.charge(voided=True)
    shop.move(-again["net"], again["charge_id"], "charge.voided")
    assert _lines(shop.books())["voids"] == -100_000 - again["net"]
    assert _lines(shop.books())["refunds"] == 0


def test_a_debit_of_a_charge_that_is_not_voided_is_no_void() -> None:
    shop = Merchant()
    kept = shop.charge()
    shop.move(-11, kept["charge_id"], "charge.corrected.debit")
    lines = _lines(shop.books())
    assert (lines["voids"], lines["other"]) == (0, -11)


def test_a_returned_payout_comes_back() -> None:
    shop = Merchant()
    shop.charge()
    shop.wait(8 * DAY)
    payout = shop.pay_out(50_000)
    shop.move(50_000, payout["transfer_id"], "transfer.failed.credit")
    lines = _lines(shop.books())
    assert (lines["payouts"], lines["payouts_returned"]) == (-50_000, 50_000)


def test_days_are_the_account_s_own() -> None:
    shop = Merchant(now=START.replace(hour=16, minute=59))
    shop.charge()
    shop.wait(timedelta(minutes=2))  # 00:01 in Bangkok
    shop.charge()
    sales = _moved(shop.books()).query("line == 'sales'")
    assert sales[[c.DAY, c.ROWS]].to_numpy().tolist() == [
        [FIRST.isoformat(), 1],
        [(FIRST + timedelta(days=1)).isoformat(), 1],
    ]


@DEAR
@given(ACTS)
def test_the_lines_lead_from_opening_to_closing(acts: list[Any]) -> None:
    shop = play(acts)
    books = shop.books()
    moved = _moved(books)
    assert moved[c.AMOUNT].sum() == sum(map(signed, shop.transactions))
    lines = _lines(books)
    assert lines["opening"] + sum(lines[line] for line in MOVING_LINES) == lines["closing"]
    assert lines["closing"] + lines["booked_since"] + lines["difference"] == lines["reading"]
