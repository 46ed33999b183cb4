"""From what charges took to the sales that the ledger booked: every step has a name, and nothing is left over."""

from datetime import date, timedelta

import numpy as np
from hypothesis import given

from recon import columns as c
from recon.calendars import local_day
from recon.model import BalanceLine, Books, Proof
from recon.settlement.gaps import Reasons
from recon.settlement.ledger import read
from recon.settlement.movements import movements
from recon.settlement.sales import CONVERTED, EARLIER, LATER, UNSAID, VOIDED, charges_to_sales
from tests.kit.books import AS_OF, TH
from tests.kit.ledgers import ACTS, DAY, START, Merchant, play
from tests.kit.properties import DEAR

FIRST = local_day(START, TH.zone)
LAST = local_day(AS_OF, TH.zone)


def _proof(books: Books, first: date = FIRST, last: date = LAST, reasons: Reasons | None = None) -> Proof:
    pays = c.took_money(books.charges)
    (proof,) = charges_to_sales(books, read(books), TH, (first, last), pays, reasons or Reasons())
    return proof


def _items(proof: Proof) -> dict[str, int]:
    return {item.what: item.amount for item in proof.items}


def test_what_was_sold_is_what_was_taken() -> None:
    shop = Merchant()
    shop.charge()
    proof = _proof(shop.books())
    assert (proof.left, proof.right, proof.items, proof.rest) == (100_000, 100_000, (), ())


def test_each_step_has_its_name() -> None:
    shop = Merchant()
    shop.charge(currency="USD", amount=3_000, funding_amount=100_000, captured_amount=None)
    shop.charge(funding_amount=90_000, captured_amount=None)
    shop.charge(voided=True)
    proof = _proof(shop.books())
    assert _items(proof) == {CONVERTED: 100_000, UNSAID: -10_000, VOIDED: 100_000}
    assert (proof.left, proof.right, proof.unexplained) == (100_000, 290_000, 0)


def test_less_credited_than_captured_is_explained_by_nothing() -> None:
    shop = Merchant()
    sale = shop.charge(funding_amount=90_000, captured_amount=100_000)
    proof = _proof(shop.books())
    assert (proof.items, proof.rest, proof.unexplained) == ((), ((sale["charge_id"], -10_000),), -10_000)


def test_what_is_credited_for_a_failed_charge_is_no_sale() -> None:
    shop = Merchant()
    shop.charge()
    shop.charge(status="failed")
    proof = _proof(shop.books())
    assert (proof.left, proof.right, proof.items, proof.rest) == (100_000, 100_000, (), ())


def test_a_charge_that_is_credited_on_another_day_stands_on_both() -> None:
    shop = Merchant()
    late = shop.charge()
    shop.wait(-DAY)
    late["created_at"] = shop.now
    day = FIRST - timedelta(days=1)
    assert _items(_proof(shop.books(), day, day)) == {LATER: -100_000}
    assert _items(_proof(shop.books(), FIRST, FIRST)) == {EARLIER: 100_000}


def test_a_charge_that_the_ledger_lacks_is_told_by_its_break_or_not_explained() -> None:
    shop = Merchant()
    sale = shop.charge()
    sale["transaction_id"] = None
    shop.transactions.clear()
    told = Reasons(booked={sale["charge_id"]: "open break transaction_missing"})
    assert _items(_proof(shop.books(), reasons=told)) == {"open break transaction_missing": -100_000}
    assert _proof(shop.books()).rest == ((sale["charge_id"], -100_000),)


def test_a_charge_whose_transaction_names_no_origin_is_told_by_the_break_of_that() -> None:
    shop = Merchant()
    sale = shop.charge()
    shop.transactions[0]["origin"] = None
    told = Reasons(booked={sale["transaction_id"]: "open break transaction_unexplained"})
    assert _items(_proof(shop.books(), reasons=told)) == {"open break transaction_unexplained": -100_000}
    assert _proof(shop.books()).rest == ((sale["charge_id"], -100_000),)


@DEAR
@given(ACTS)
def test_the_right_side_is_the_waterfall_s_sales(acts: list[tuple[str, int, int]]) -> None:
    books = play(acts).books()
    moved = movements(books, read(books), TH, FIRST, LAST)
    sales = int(np.sum(moved[moved[c.LINE] == BalanceLine.SALES][c.AMOUNT]))
    proofs = charges_to_sales(books, read(books), TH, (FIRST, LAST), c.took_money(books.charges), Reasons())
    assert sum(proof.right for proof in proofs) == sales
