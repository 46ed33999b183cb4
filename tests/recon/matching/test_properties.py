"""What must hold for every book however nasty: null ids, equal ids in two accounts, equal amounts, shared charges."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recon import columns as c
from recon.arrays import Positions
from recon.matching import links, match
from recon.model import EXPECTS_CHARGE
from recon.money import Tolerance
from recon.result import Intake, Lives, summarise
from recon.result.proofs import orders_to_charges, sides_of
from recon.result.reasons import reasons_of
from recon.rules import judge
from recon.rulings.life import carry
from recon.settings import Context, MatchSettings
from recon.triage import Judged
from tests.kit.books import (
    AS_OF,
    DAY,
    EVER,
    HOUR,
    MINUTE,
    NOON,
    TH,
    Job,
    Row,
    ambiguous_of,
    books,
    charge,
    day,
    links_of,
    order,
)
from tests.kit.proofs import re_add
from tests.kit.properties import DEAR

IDS = ["1", "2", "A-1", "A-2", "A-3", "A 4"]
AMOUNTS = [0, 100, 1_000, 9_950, 10_000]
TEXTS = [None, "Order A-1", "A-1, A-2", "#2; thanks", "nothing", "A-1 A-2 A-3"]
REFS = [None, *IDS, "nobody", "A-1,A-2", '["1","2"]', '["A-3"]', "1,nobody", "A-1;A-2;A-3"]
STATUSES = ["paid", "pending", "cancelled", "refund_requested", "refunded"]
FATES = ["successful", "successful", "successful", "failed", "pending", "expired", "reversed", "on_the_moon"]
WHENS = [0 * MINUTE, 1 * MINUTE, HOUR, 71 * HOUR, 72 * HOUR, 73 * HOUR, -2 * HOUR]
CUSTOMERS = [None, "h1", "h2"]
ACCOUNTS = ["th", "th", "sg"]
CURRENCIES = ["THB", "THB", "THB", "USD"]


@st.composite
def orders_(draw: st.DrawFn) -> list[Row]:
    keys = draw(st.lists(st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(IDS)), unique=True, max_size=6))
    return [
        order(
            id,
            draw(st.sampled_from(AMOUNTS)),
            draw(st.sampled_from(STATUSES)),
            account=account,
            currency=draw(st.sampled_from(CURRENCIES)),
            created_at=NOON + draw(st.sampled_from(WHENS)),
            charge_id=draw(st.sampled_from([None, None, None, "chrg_0", "chrg_1", "chrg_9"])),
            customer=draw(st.sampled_from(CUSTOMERS)),
            refunded_amount=draw(st.sampled_from([0, 0, 0, 100, 10_000])),
        )
        for account, id in keys
    ]


@st.composite
def charges_(draw: st.DrawFn) -> list[Row]:
    result = []
    for number in range(draw(st.integers(0, 7))):
        amount = draw(st.sampled_from(AMOUNTS[1:]))
        status = draw(st.sampled_from(FATES))
        back = draw(st.sampled_from([0, 0, 0, 100, amount])) if status == "successful" else 0
        result.append(
            charge(
                f"chrg_{number}",
                draw(st.sampled_from([None, None, None, *REFS])),
                amount,
                account=draw(st.sampled_from(ACCOUNTS)),
                status=status,
                currency=draw(st.sampled_from(CURRENCIES)),
                captured_amount=draw(st.sampled_from([None, amount, 100])),
                created_at=NOON + draw(st.sampled_from(WHENS)),
                description=draw(st.sampled_from([None, None, *TEXTS])),
                customer=draw(st.sampled_from(CUSTOMERS)),
                refunded_amount=back,
                voided=back == amount and draw(st.booleans()),
            )
        )
    return result


NASTY = settings(DEAR, derandomize=True, suppress_health_check=list(HealthCheck))
JOBS = st.sampled_from(
    [
        Job(group=None),
        Job(
            MatchSettings(tolerance=Tolerance({"THB": 50}, {"USD": 10_000})),
            Context(AS_OF, tolerance=Tolerance({"THB": 50}, {"USD": 10_000}), split_sources=frozenset({"shop"})),
            group=None,
        ),
    ]
)


def shuffled(rows: list[Row], rng: Any) -> list[Row]:
    rows = list(rows)
    rng.shuffle(rows)
    return rows


def everything_about(job: Job, orders: list[Row], charges: list[Row]) -> Any:
    judged = job.judged(orders, charges)
    found = sorted(judge(judged.triage.cases, job.context), key=lambda one: (one.code, one.account, one.subject_id))
    return links_of(judged), ambiguous_of_sorted(judged), found


def ambiguous_of_sorted(judged: Judged) -> Any:
    orders = judged.books.orders
    names = list(zip(orders[c.ACCOUNT], orders[c.ORDER_ID], strict=True))
    charges = judged.books.charges[c.CHARGE_ID]
    return sorted((names[o], sorted(charges.iloc[list(found)])) for o, found in judged.matching.ambiguous.items())


@NASTY
@given(JOBS, orders_(), charges_(), st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters(job: Job, orders: list[Row], charges: list[Row], rng: Any) -> None:
    assert everything_about(job, orders, charges) == everything_about(
        job, shuffled(orders, rng), shuffled(charges, rng)
    )


@NASTY
@given(JOBS, orders_(), charges_())
def test_every_charge_and_every_order_stands_in_exactly_one_case(
    job: Job, orders: list[Row], charges: list[Row]
) -> None:
    judged = job.judged(orders, charges, everything=True)
    cases = judged.triage.cases
    seen = Counter(one.id for case in cases for one in case.charges)
    at_zero = {orders[at]["order_id"] for at in np.flatnonzero(judged.triage.zero)}
    skipped = {row.split(" chrg_")[1].split(" ")[0] for row in links_of(judged) if row.split(" chrg_")[0] in at_zero}
    assert all(count == 1 for count in seen.values())
    unknown = np.flatnonzero(judged.scope.unknown)  # a charge of theirs has a status that nobody knows
    waiting = {charges[charge]["charge_id"] for charge in charges_of(judged, unknown)}
    assert {row["charge_id"] for row in charges} - set(seen) <= {f"chrg_{one}" for one in skipped} | waiting
    found = Counter((one.account, one.id) for case in cases if case.order for one in (case.order, *case.other_orders))
    assert all(count == 1 for count in found.values())
    wanted = {
        (row["account"], row["order_id"]) for at, row in enumerate(orders) if row["amount"] and at not in unknown
    }
    assert wanted <= set(found)


def charges_of(judged: Judged, orders: Positions) -> list[int]:
    """Places of the charges of some orders."""
    return [int(charge) for charge in judged.matching.charges[np.isin(judged.matching.orders, orders)]]


@NASTY
@given(JOBS, orders_(), charges_())
def test_judging_all_cases_finds_what_judging_the_triaged_finds(
    job: Job, orders: list[Row], charges: list[Row]
) -> None:
    job.breaks(orders, charges)  # asserts it


@NASTY
@given(JOBS, orders_(), charges_(), st.sampled_from(STATUSES))
def test_an_unrelated_order_changes_nothing(job: Job, orders: list[Row], charges: list[Row], status: str) -> None:
    alone = order("ZZZ", 77_777, status, currency="SGD", customer="h9")
    links_before, doubts_before, before = everything_about(job, orders, charges)
    links_after, doubts_after, after = everything_about(job, [*orders, alone], charges)
    assert (links_after, doubts_after) == (links_before, doubts_before)
    assert [one for one in after if one.subject_id != "ZZZ"] == before


@NASTY
@given(JOBS, orders_(), charges_())
def test_matching_again_finds_the_same_also_with_what_was_recorded(
    job: Job, orders: list[Row], charges: list[Row]
) -> None:
    known = books(orders, charges)
    first = links(known.orders, known.charges, match(known.orders, known.charges, job.settings))
    again = match(known.orders, known.charges, job.settings, first)
    pd.testing.assert_frame_equal(links(known.orders, known.charges, again), first)


@NASTY
@given(JOBS, orders_(), charges_())
def test_a_link_holds_seen_from_either_side(job: Job, orders: list[Row], charges: list[Row]) -> None:
    """Pairs are unique, a charge has one case, and what was linked without a name is the only fit of both sides."""
    judged = job.judged(orders, charges)
    found, window = judged.matching, job.settings.window
    pairs = list(zip(found.orders.tolist(), found.charges.tolist(), found.matched_by.tolist(), strict=True))
    assert len({pair[:2] for pair in pairs}) == len(pairs)
    for at in set(found.charges.tolist()):
        assert len({int(found.stands_for[o]) for o, one, _ in pairs if one == at}) == 1
    for o, k, name in pairs:
        ours, theirs = orders[o], charges[k]
        taken = theirs["amount"] if theirs["captured_amount"] is None else theirs["captured_amount"]
        if name.startswith("amount"):
            slack = job.settings.tolerance.slack(ours["amount"], ours["currency"])
            assert ours["charge_id"] is None
            assert theirs["order_ref"] is None
            assert (ours["account"], ours["currency"]) == (theirs["account"], theirs["currency"])
            assert abs(ours["amount"] - taken) <= slack
            assert abs(ours["created_at"] - theirs["created_at"]) <= window
            assert len([pair for pair in pairs if pair[0] == o or pair[1] == k]) == 1
            assert ours["customer"] is None or theirs["customer"] in (None, ours["customer"])
        if name == "charge id":
            assert ours["charge_id"] == theirs["charge_id"]
        if name == "metadata":
            assert ours["order_id"] in (theirs["order_ref"] or "")
        if name == "description":
            assert ours["order_id"] in (theirs["description"] or "")


@NASTY
@given(JOBS, orders_(), charges_())
def test_what_is_matched_and_what_is_broken_are_all_there_is(job: Job, orders: list[Row], charges: list[Row]) -> None:
    """Amounts of matched and of broken orders add up to the input, and the proof leaves nothing unexplained."""
    judged = job.judged(orders, charges)
    carried = carry([], list(judge(judged.triage.cases, job.context)), lambda _: True, AS_OF)
    not_expecting = judged.triage.zero | judged.scope.unknown | judged.triage.columns.orders_that_wait
    for name in ("th", "sg"):
        account = replace(TH, name=name)
        mine = [one for one in carried.reported if one.latest.account == name]
        intake = Intake(EVER, day(2026, 10, 1), day(2026, 10, 31))
        reasons = reasons_of(mine, name, judged.books)
        proofs = orders_to_charges(judged, sides_of(judged.books, name, EVER), reasons)
        result = summarise(account, judged, intake, Lives(mine, proofs=proofs), job.context)
        expecting = [
            row
            for row, left_out in zip(orders, not_expecting, strict=True)
            if row["account"] == name and row["status"] in EXPECTS_CHARGE and not left_out
        ]
        named = {one.latest.order_id for one in mine if one.latest.code in GROUP}
        root = judged.matching.stands_for
        roots = {
            int(root[at]) for at, row in enumerate(orders) if row["account"] == name and row["order_id"] in named
        }
        broken = [row for row in expecting if int(root[orders.index(row)]) in roots]
        for currency in ("THB", "USD"):
            totals = [one for one in result.currencies if one.currency == currency]
            matched = sum(one.amount_matched for one in totals)
            assert matched + _sum(broken, currency) == _sum(expecting, currency)
        assert [proof for proof in result.proofs if proof.unexplained] == []
        half = sides_of(judged.books, name, replace(EVER, end=NOON))
        for made_proof in (*proofs, *orders_to_charges(judged, half, reasons)):
            re_add(made_proof)


GROUP = {
    "wrong_account",
    "match_ambiguous",
    "charge_missing",
    "order_paid_charge_pending",
    "order_paid_charge_failed",
    "order_missing",
    "order_not_marked_paid",
    "order_cancelled_but_charged",
    "duplicate_charge",
    "currency_mismatch",
    "amount_scale_mismatch",
    "amount_mismatch",
}


def _sum(rows: list[Row], currency: str) -> int:
    return sum(int(row["amount"]) for row in rows if row["currency"] == currency)


def test_nothing_in_a_matching_is_a_float_and_no_null_meets_a_null() -> None:
    orders = [order("A-1", charge_id=None), order("A-2", charge_id=None)]
    charges = [charge("chrg_1", None, amount=1), charge("chrg_2", None, amount=2)]
    known = books(orders, charges)
    found = match(known.orders, known.charges, MatchSettings())
    assert len(found.orders) == 0
    assert {found.orders.dtype.kind, found.charges.dtype.kind, found.stands_for.dtype.kind} == {"i"}


def test_no_frame_column_is_a_float() -> None:
    for known in (books([], []), books([order()], [charge()])):
        for frame in (known.orders, known.charges):
            assert not [name for name, dtype in frame.dtypes.items() if "float" in str(dtype).lower()]


@pytest.mark.parametrize("days", [0, 1])
def test_empty_books_have_no_links(days: int) -> None:
    assert Job(group=None).judged([], []).triage.cases == ()
    assert Job(group=None).breaks([], [charge(of=None, created_at=NOON + days * DAY)])[0].code == "order_missing"


def test_ambiguous_candidates_are_named_in_words() -> None:
    judged = Job().judged([order()], [charge("chrg_1", None), charge("chrg_2", None)])
    assert ambiguous_of(judged) == {"A-1": ["chrg_1", "chrg_2"]}
