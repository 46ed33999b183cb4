"""Transfers rebuilt credit by credit, and the proofs: nothing is lost, nothing is guessed, and a unit is noticed."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon import columns as c
from recon import settlement
from recon.model import Books, Proof, Settlement, Window
from recon.settlement import balance, ledger, tie_out
from recon.settlement.gaps import EDGE, Reasons
from tests.kit.books import AS_OF, EVER, TH
from tests.kit.ledgers import ACTS, HOLD, START, Merchant, play, readings
from tests.kit.proofs import re_add
from tests.kit.properties import DEAR

DAY = timedelta(days=1)


def rebuilt(merchant: Merchant) -> Settlement:
    books = merchant.books()
    return settlement.rebuild(books, ledger.read(books))


def taken(found: Settlement) -> list[str]:
    """Every part in words: transfer, charge or else its kind, satang."""
    names = [c.TRANSFER_ID, c.CHARGE_ID, c.KIND, c.AMOUNT]
    rows = found.parts[names].itertuples(index=False, name=None)
    return [
        f"{transfer} {charge if isinstance(charge, str) else kind} {amount}"
        for transfer, charge, kind, amount in rows
    ]


def proofs(books: Books) -> tuple[Proof, ...]:
    read = ledger.read(books)
    made = (*tie_out.charges_to_ledger(books, read, TH, EVER, Reasons()), *balance.proof(books, "th", Reasons()))
    middle = replace(EVER, start=START + 2 * DAY, end=START + 5 * DAY)
    for proof in (*made, *tie_out.charges_to_ledger(books, read, TH, middle, Reasons())):
        re_add(proof)
    return made


def test_an_empty_store_has_frames_of_the_right_shape() -> None:
    found = rebuilt(Merchant())
    for frame, shape in ((found.payouts, c.PAYOUTS), (found.parts, c.PARTS), (found.unpaid, c.UNPAID)):
        shape.check(frame)
        assert len(frame) == 0


def test_a_transfer_pays_what_was_free_and_leaves_the_rest() -> None:
    merchant = Merchant()
    merchant.charge(100_000)
    merchant.charge(5_000)
    merchant.wait(8 * DAY)
    merchant.charge(31_000)
    merchant.pay_out()
    found = rebuilt(merchant)
    assert taken(found) == ["trsf_001 chrg_001 96094", "trsf_001 chrg_002 4804"]
    row = found.payouts.iloc[0]
    assert (row[c.GROSS], row[c.FEE], row[c.FEE_VAT], row[c.OTHER]) == (105_000, 3_833, 269, 0)
    assert (row[c.AMOUNT], row[c.EXPLAINED], row[c.UNEXPLAINED], row[c.NET]) == (100_898, 100_898, 0, 97_898)
    assert found.unpaid[[c.CHARGE_ID, c.AMOUNT]].values.tolist() == [["chrg_003", 29_789]]


def test_refunds_and_disputes_take_the_oldest_credits_first() -> None:
    merchant = Merchant()
    first = merchant.charge(100_000)
    merchant.charge(31_000)
    merchant.wait(8 * DAY)
    merchant.refund(first, 96_000)
    merchant.pay_out()
    found = rebuilt(merchant)
    assert taken(found) == ["trsf_001 chrg_001 94", "trsf_001 chrg_002 29789"]
    assert found.payouts[[c.EXPLAINED, c.UNEXPLAINED]].values.tolist() == [[29_883, 0]]


def test_a_refund_may_take_from_what_becomes_free_later() -> None:
    merchant = Merchant()
    merchant.refund(merchant.charge(100_000), 100_000)
    merchant.charge(31_000)
    merchant.wait(8 * DAY)
    merchant.pay_out()
    assert taken(rebuilt(merchant)) == ["trsf_001 chrg_002 25883"]


def test_a_won_dispute_comes_again() -> None:
    merchant = Merchant()
    merchant.dispute(merchant.charge(100_000), won=True)
    merchant.wait(8 * DAY)
    merchant.pay_out()
    assert taken(rebuilt(merchant)) == ["trsf_001 chrg_001 96094"]


def test_order_is_by_transferable_at_then_id() -> None:
    merchant = Merchant()
    for _ in range(3):
        merchant.charge(10_000)
    late, middle, early = merchant.transactions
    early["transferable_at"] = middle["transferable_at"] - DAY
    late["transferable_at"] = middle["transferable_at"]
    merchant.wait(8 * DAY)
    merchant.pay_out(20_000)
    assert [part.split()[1] for part in taken(rebuilt(merchant))] == ["chrg_003", "chrg_001", "chrg_002"]


def test_what_the_store_never_saw_stays_unexplained_and_the_next_transfer_is_exact() -> None:
    merchant = Merchant()
    merchant.charge(31_000)
    merchant.wait(8 * DAY)
    merchant.pay_out(1_029_789)
    merchant.charge(100_000)
    merchant.wait(8 * DAY)
    merchant.pay_out(96_094)
    found = rebuilt(merchant)
    assert found.payouts[[c.AMOUNT, c.EXPLAINED, c.UNEXPLAINED]].values.tolist() == [
        [1_029_789, 29_789, 1_000_000],
        [96_094, 96_094, 0],
    ]
    assert taken(found)[1:] == ["trsf_002 chrg_002 96094"]


def test_a_transfer_that_was_made_before_a_refund_has_its_sum_from_before() -> None:
    merchant = Merchant()
    first = merchant.charge(100_000)
    merchant.charge(31_000)
    merchant.transactions[1]["transferable_at"] += DAY / 2
    merchant.wait(HOLD)
    transfer = merchant.pay_out()
    merchant.wait(DAY)
    merchant.refund(first, 1_000)
    merchant.transactions[2]["created_at"] = transfer["sent_at"] = merchant.now + DAY / 4
    assert taken(rebuilt(merchant)) == ["trsf_001 chrg_001 96094"]


def test_partial_payouts_split_a_charge_and_its_fee_without_losing_a_unit() -> None:
    merchant = Merchant()
    merchant.charge(100_000, interest=11, interest_vat=1, net=96_082)
    merchant.wait(8 * DAY)
    for _ in range(7):
        merchant.pay_out(13_000)
    merchant.pay_out()
    found = rebuilt(merchant)
    assert found.parts[[c.GROSS, c.FEE, c.FEE_VAT, c.INTEREST]].sum().tolist() == [100_000, 3_650, 256, 12]
    assert (found.payouts[c.OTHER] == 0).all()
    assert found.payouts[c.UNEXPLAINED].tolist() == [0] * 8
    assert len(found.unpaid) == 0


@DEAR
@given(ACTS)
def test_whatever_happens_every_proof_is_zero_and_every_satang_has_its_place(
    acts: list[tuple[str, int, int]],
) -> None:
    merchant = play(acts)
    books = merchant.books()
    assert not any(proof.unexplained for proof in proofs(books))
    found = settlement.rebuild(books, ledger.read(books))
    payouts, parts = found.payouts, found.parts
    assert (payouts[c.UNEXPLAINED] == 0).all()
    assert payouts[c.EXPLAINED].tolist() == payouts[c.AMOUNT].tolist()
    costs = payouts[c.FEE] + payouts[c.FEE_VAT] + payouts[c.INTEREST]
    assert (payouts[c.GROSS] - costs + payouts[c.OTHER] == payouts[c.EXPLAINED]).all()
    assert parts.groupby(c.TRANSFER_ID)[c.AMOUNT].sum().to_dict() == dict(
        zip(payouts[c.TRANSFER_ID], payouts[c.EXPLAINED], strict=True)
    )
    credits = sum(row["amount"] for row in merchant.transactions if row["direction"] == "credit")
    assert parts[c.AMOUNT].sum() + found.unpaid[c.AMOUNT].sum() <= credits
    if merchant.total() >= 0:
        assert found.unpaid[c.AMOUNT].sum() == merchant.total()


@DEAR
@given(ACTS, st.data())
def test_change_any_one_amount_by_a_unit_and_a_proof_says_so(
    acts: list[tuple[str, int, int]], data: st.DataObject
) -> None:
    merchant = play([("charge", 50_000, 1), *acts])
    total = merchant.total()
    amounts: list[tuple[dict[str, Any], str]] = [(row, "amount") for row in merchant.transactions]
    amounts += [(row, name) for row in merchant.charges for name in ("funding_amount", "fee", "fee_vat")]
    amounts += [(row, "funding_amount") for row in (*merchant.refunds, *merchant.disputes) if row["status"] != "won"]
    row, name = data.draw(st.sampled_from(amounts))
    row[name] += 1
    booked = readings((START - DAY, 0, 0), (AS_OF, total, merchant.total()))
    assert any(proof.unexplained for proof in proofs(merchant.books(readings=booked)))


def test_breaks_and_edges_explain_and_unknown_kinds_do_not() -> None:
    merchant = Merchant()
    merchant.charge(100_000)
    merchant.transactions[0]["amount"] -= 7
    merchant.move(40, "adjs_001")
    merchant.move(3, "rcpt_001")
    books = merchant.books()
    read = ledger.read(books)
    (silent,) = tie_out.charges_to_ledger(books, read, TH, EVER, Reasons())
    assert (silent.left, silent.difference, silent.unexplained) == (96_094, 36, 33)
    (told,) = tie_out.charges_to_ledger(books, read, TH, EVER, Reasons(booked={"chrg_001": "open break"}))
    assert (told.explained, told.unexplained) == (-4, 40)


@pytest.mark.parametrize("origin", [None, "loan_001"])
def test_what_a_break_says_of_a_transaction_explains_the_charge_that_names_it_too(origin: str | None) -> None:
    """One fault is one break: a charge's own transaction that names another origin, or none."""
    merchant = Merchant()
    merchant.charge(100_000)
    merchant.transactions[0]["origin"] = origin
    books = merchant.books()
    said = {merchant.transactions[0]["transaction_id"]: "open break"}
    reasons = Reasons(booked=said) if origin is None else Reasons(kinds={"loan": "open break"})
    (proof,) = tie_out.charges_to_ledger(books, ledger.read(books), TH, EVER, reasons)
    re_add(proof)
    assert (proof.unexplained, [(item.what, item.amount, item.count) for item in proof.items]) == (
        0,
        [("open break", 0, 2)],
    )


@pytest.mark.parametrize("kind", ["charge", "refund"])
def test_what_moved_for_something_that_failed_is_at_no_edge(kind: str) -> None:
    merchant = Merchant()
    merchant.charge(50_000)
    made = merchant.charge(100_000) if kind == "charge" else merchant.refund(merchant.charges[0], 10_000)
    made["status"] = "failed"
    books = merchant.books()
    read = ledger.read(books)
    amount = 96_094 if kind == "charge" else -10_000
    (silent,) = tie_out.charges_to_ledger(books, read, TH, EVER, Reasons())
    assert (silent.items, silent.rest) == ((), ((made[f"{kind}_id"], amount),))
    spoken = Reasons(booked={made["transaction_id"]: "open break"})
    (told,) = tie_out.charges_to_ledger(books, read, TH, EVER, spoken)
    assert ([(item.what, item.amount) for item in told.items], told.rest) == ([("open break", amount)], ())


def test_a_failed_refund_that_came_back_later_is_at_the_edge() -> None:
    merchant = Merchant()
    refund = merchant.refund(merchant.charge(100_000), 10_000)
    refund["status"] = "failed"
    first = Window(START - DAY, START + DAY)
    merchant.wait(3 * DAY)
    merchant.move(10_000, refund["refund_id"])
    books = merchant.books()
    for window, amount in ((first, -10_000), (Window(first.end, AS_OF), 10_000)):
        (proof,) = tie_out.charges_to_ledger(books, ledger.read(books), TH, window, Reasons())
        assert ([(item.what, item.amount) for item in proof.items], proof.rest) == ([(EDGE, amount)], ())


@pytest.mark.parametrize("won", [True, False])
def test_a_dispute_of_an_unknown_status_is_neither_lost_nor_won(won: bool) -> None:
    merchant = Merchant()
    merchant.dispute(merchant.charge(100_000), won=won)
    merchant.disputes[0]["status"] = "reopened"
    books = merchant.books()
    (proof,) = tie_out.charges_to_ledger(books, ledger.read(books), TH, EVER, Reasons())
    assert (proof.left, proof.unexplained) == (96_094, 0)
    items = [] if won else [("disputes of a status that nobody knows here", -100_000)]
    assert [(item.what, item.amount) for item in proof.items] == items


@pytest.mark.parametrize("before", [0, 250])
def test_days_tie_and_end_with_the_reading(before: int) -> None:
    merchant = Merchant()
    merchant.charge(100_000)
    merchant.wait(DAY)
    merchant.refund(merchant.charges[0], 1_000)
    total = merchant.total()
    kept = readings((START - 3 * DAY, before, 0), (START + 2 * DAY, total + before, total))
    books = merchant.books(as_of=START + 2 * DAY, readings=kept.assign(before=before))
    first = (START - DAY).date()
    days = balance.days(books, TH, first, first + DAY)
    names = [c.DAY, c.OPENING, c.CREDITS, c.DEBITS, c.CLOSING]
    opened = date(2026, 8, 20)
    assert days[names].values.tolist() == [
        [str(opened), before, 0, 0, before],
        [str(opened + DAY), before, 96_094, 0, before + 96_094],
        [str(opened + 2 * DAY), before + 96_094, 0, 1_000, before + 95_094],
        [str(opened + 3 * DAY), before + 95_094, 0, 0, before + 95_094],
    ]
    assert days[c.TOTAL].tolist()[3] == before + 95_094
    assert days[c.DIFFERENCE].tolist()[3] == 0
