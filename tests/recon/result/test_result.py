"""Counts, totals and matched pairs of one account; sums add up once, whatever shares or splits a payment."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from recon import columns as c
from recon.model import Account, BreakStatus, Result
from recon.result import Intake, Lives, summarise
from recon.result.proofs import orders_to_charges, sides_of
from recon.result.reasons import reasons_of
from recon.rules import judge
from recon.rulings.life import carry
from tests.kit.books import (
    AS_OF,
    DAY,
    EVER,
    MINUTE,
    NOON,
    TH,
    Job,
    Row,
    books,
    charge,
    day,
    order,
    voided,
    with_context,
)
from tests.kit.clocks import dispute


def result_of(orders: list[Row], charges: list[Row], job: Job | None = None, **intake: Any) -> Result:
    """The result of account th, every break new."""
    job = job or Job()
    judged = job.judged(orders, charges)
    carried = carry([], list(judge(judged.triage.cases, job.context)), lambda _: True, AS_OF)
    mine = [one for one in carried.reported if one.latest.account == "th"]
    what = replace(Intake(EVER, day(2026, 10, 1), day(2026, 10, 31)), **intake)
    sides, reasons = sides_of(judged.books, "th", what.window), reasons_of(mine, "th", judged.books)
    proofs = orders_to_charges(judged, sides, reasons)
    return summarise(TH, judged, what, Lives(mine, opened=len(mine), proofs=proofs), job.context)


def matched(result: Result) -> list[tuple[Any, ...]]:
    """Order, charge and both amounts of every matched row."""
    names = [c.ORDER_ID, c.CHARGE_ID, c.ORDER_AMOUNT, c.CHARGE_AMOUNT]
    return list(result.matched[names].itertuples(index=False, name=None))


def test_counts_are_of_the_range_and_of_the_account() -> None:
    orders = [order("A-1"), order("A-2", created_at=NOON - 40 * DAY), order("A-3", account="sg"), order("A-4", 0)]
    charges = [charge("chrg_1", "A-1"), charge("chrg_2", "A-2", created_at=NOON - 40 * DAY)]
    found = result_of(orders, charges, window=replace(EVER, start=NOON - DAY))
    assert (found.orders, found.charges, found.expecting_orders, found.matched_orders) == (2, 1, 1, 1)
    assert found.match_rate == 1.0
    assert found.notes["orders with an amount of zero"] == 1


def test_a_lost_dispute_of_no_day_is_told_in_every_range_since_it_was_opened() -> None:
    made: dict[str, Any] = {"status": "lost", "created_at": NOON}
    disputes = [
        dispute("dspt_1", **made),
        dispute("dspt_2", closed_at=NOON + DAY, **made),
        dispute("dspt_3", created_at=NOON),
        dispute("dspt_4", account="sg", **made),
    ]
    judged = Job().judge_books(books([], [charge()], disputes=disputes))

    def told(account: Account, end: datetime) -> int:
        intake = Intake(replace(EVER, end=end), day(2026, 10, 1), day(2026, 10, 31))
        notes = summarise(account, judged, intake, Lives(), Job().context).notes
        return notes.get("lost disputes to be booked by hand: Omise does not say when they were closed", 0)

    assert (told(TH, NOON), told(TH, NOON + MINUTE), told(TH, AS_OF)) == (0, 1, 1)
    later = replace(TH, go_live=(NOON + DAY).date())
    judged = replace(judged, accounts={**judged.accounts, "th": later})
    assert told(later, AS_OF) == 0


def test_without_orders_that_expect_a_charge_there_is_no_rate() -> None:
    assert result_of([order(status="pending")], []).match_rate is None


def test_a_broken_order_is_not_matched() -> None:
    found = result_of([order("A-1"), order("A-2")], [charge(of="A-1")])
    assert (found.expecting_orders, found.matched_orders) == (2, 1)
    (total,) = found.currencies
    assert (total.currency, total.amount_matched, total.amount_open) == ("THB", 10_000, 10_000)
    assert matched(found) == [("A-1", "chrg_1", 10_000, 10_000)]


def test_a_break_on_shared_orders_breaks_them_all() -> None:
    found = result_of([order("A-1", 1_000), order("A-2", 2_000)], [charge(of="A-1,A-2", amount=2_999)])
    assert (found.expecting_orders, found.matched_orders) == (2, 0)
    assert matched(found) == []


def test_orders_that_share_a_charge_carry_their_parts_of_it() -> None:
    found = result_of([order("A-1", 4_000), order("A-2", 6_000)], [charge(of="A-1,A-2")])
    assert matched(found) == [("A-1", "chrg_1", 4_000, 4_000), ("A-2", "chrg_1", 6_000, 6_000)]
    assert found.currencies[0].amount_matched == 10_000


def test_orders_that_share_a_charge_carry_their_parts_of_its_fee_and_its_sums_are_counted_once() -> None:
    sums: dict[str, Any] = {c.FUNDING_AMOUNT: 10_000, c.FEE: 365, c.FEE_VAT: 26, c.NET: 9_609, c.REFUNDED_AMOUNT: 0}
    shared = charge(of="A-1,A-2,A-3,A-4", **sums)
    orders = [order("A-1", 3_333), order("A-2", 3_333), order("A-3", 3_334), order("A-4", 0), order("A-5")]
    frame = result_of(orders, [shared, charge("chrg_2", "A-5", **sums)]).matched
    names = [c.ORDER_ID, c.FUNDING_AMOUNT, c.FEE, c.FEE_VAT, c.NET]
    assert list(frame[names].itertuples(index=False, name=None)) == [
        ("A-1", 3_333, 121, 8, 3_204),
        ("A-2", 3_333, 122, 9, 3_202),
        ("A-3", 3_334, 122, 9, 3_203),
        ("A-4", 0, 0, 0, 0),
        ("A-5", 10_000, 365, 26, 9_609),
    ]


def test_what_a_charge_took_for_a_cancelled_order_is_no_part_of_the_other() -> None:
    sums: dict[str, Any] = {c.FUNDING_AMOUNT: 10_000, c.FEE: 400, c.FEE_VAT: 28, c.NET: 9_572}
    orders = [order("A-1", 2_500), order("A-2", 7_500, "cancelled")]
    frame = result_of(orders, [charge(of="A-1,A-2", refunded_amount=7_500, **sums)]).matched
    names = [c.ORDER_ID, c.FUNDING_AMOUNT, c.FEE, c.FEE_VAT, c.NET]
    assert list(frame[names].itertuples(index=False, name=None)) == [("A-1", 2_500, 100, 7, 2_393)]


def test_charges_that_split_an_order_carry_their_parts_of_it() -> None:
    parts = [charge("chrg_1", amount=4_000), charge("chrg_2", amount=6_000)]
    found = result_of([order()], parts, with_context(split_sources=frozenset({"shop"})))
    assert matched(found) == [("A-1", "chrg_1", 4_000, 4_000), ("A-1", "chrg_2", 6_000, 6_000)]


@pytest.mark.parametrize("first", [True, False])
def test_a_duplicate_that_went_back_is_not_counted(first: bool) -> None:
    back = charge("chrg_1", refunded_amount=10_000, created_at=NOON if first else NOON + 9 * MINUTE)
    assert matched(result_of([order()], [back, charge("chrg_2")])) == [("A-1", "chrg_2", 10_000, 10_000)]


def test_of_two_that_both_went_back_the_first_is_counted_whatever_the_order_of_rows() -> None:
    both = [voided("chrg_2"), voided("chrg_1")]
    orders = [order(status="refunded", refunded_amount=10_000)]
    for charges in (both, both[::-1]):
        assert matched(result_of(orders, charges)) == [("A-1", "chrg_1", 10_000, 10_000)]


def test_rows_stand_by_creation_then_id() -> None:
    orders = [order("A-2"), order("A-1"), order("A-3", created_at=NOON - MINUTE)]
    charges = [charge(f"chrg_{id}", id) for id in ("A-1", "A-2", "A-3")]
    assert [row[0] for row in matched(result_of(orders, charges))] == ["A-3", "A-1", "A-2"]


def test_the_implied_rate_of_a_foreign_charge_is_shown() -> None:
    dollars = charge(currency="USD", amount=10_000, funding_amount=351_234, funding_currency="THB")
    frame = result_of([order(currency="USD")], [dollars]).matched
    assert frame[c.IMPLIED_RATE].tolist() == ["35.123400"]
    yen = charge(currency="JPY", amount=3_000, funding_amount=70_001, funding_currency="THB")
    frame = result_of([order(amount=3_000, currency="JPY")], [yen]).matched
    assert frame[c.IMPLIED_RATE].tolist() == ["0.233337"]
    assert result_of([order()], [charge()]).matched[c.IMPLIED_RATE].isna().all()


def test_every_presentment_currency_has_its_totals() -> None:
    orders = [order("A-1"), order("A-2", 500, currency="USD")]
    found = result_of(orders, [charge(of="A-1"), charge("chrg_2", "A-2", 500, currency="USD")])
    assert [(one.currency, one.orders, one.matched_orders, one.amount_matched) for one in found.currencies] == [
        ("THB", 1, 1, 10_000),
        ("USD", 1, 1, 500),
    ]


def test_an_acknowledged_break_is_still_open_and_a_resolved_one_is_not() -> None:
    job = Job()
    judged = job.judged([order()], [])
    carried = carry([], list(judge(judged.triage.cases, job.context)), lambda _: True, AS_OF)
    intake = Intake(EVER, day(2026, 10, 1), day(2026, 10, 31))
    for status, open_amount in ((BreakStatus.ACKNOWLEDGED, 10_000), (BreakStatus.RESOLVED, 0)):
        lives = Lives([replace(one, status=status) for one in carried.reported])
        found = summarise(TH, judged, intake, lives, job.context)
        assert found.currencies[0].amount_open == open_amount
        assert found.matched_orders == (0 if open_amount else 1)


def test_empty_books_have_an_empty_result() -> None:
    found = result_of([], [])
    assert (found.orders, found.currencies, found.proofs) == (0, (), ())
    assert list(found.matched.columns) == c.MATCHED.names
    assert isinstance(found.as_of, datetime)
