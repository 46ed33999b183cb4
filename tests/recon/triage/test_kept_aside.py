"""An object that could not be read: what it may explain waits, what stands beside it is judged."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from recon import columns as c
from recon.matching import match
from recon.model import Window
from recon.rules import case_rules, judge
from recon.settings import MatchSettings
from recon.triage import Judged, triage
from recon.triage.kept_aside import explained_transactions
from recon.triage.scope import LastRunState, scope
from tests.kit.books import AS_OF, Job, Row, books, build, charge, nothing_settled, order

MADE = order("A-1")["created_at"]


def aside(**fields: Any) -> Row:
    """A charge that could not be read, made when the orders were."""
    plain = {"account": "th", "kind": "charge", "name": "chrg_odd", "object_id": "chrg_odd", "reason": "amount"}
    return plain | {"created_from": MADE, "created_to": MADE} | fields


def missing(orders: list[Row], charges: list[Row], *odd: Row) -> list[str]:
    """Orders that are called `charge_missing`."""
    job = Job(MatchSettings(source_keys={"kiosk": ("x_reference",)}))
    kept_aside = build(c.KEPT_ASIDE, odd)
    known = replace(books(orders, charges, AS_OF), kept_aside=kept_aside)
    matching = match(known.orders, known.charges, job.settings, kept_aside=kept_aside)
    judged_scope = scope(known, matching, job.range())
    rules = case_rules(job.context)
    triaged = triage(known, matching, judged_scope, job.context, rules)
    judged = Judged(known, matching, judged_scope, triaged, nothing_settled(), job.accounts)
    return [
        raised.subject_id for raised in judge(judged.triage.cases, job.context) if raised.code == "charge_missing"
    ]


ORDERS = [
    order("A-1", 10_000),
    order("A-2", 20_000, reference="r-1 + r-2"),
    order("A-3", 30_000, charge_id="chrg_odd"),
]


@pytest.mark.parametrize(
    ("odd", "left"),
    [
        ({"order_ref": "A-1"}, ["A-2"]),  # A-3 names it, too
        ({"object_id": "chrg_other", "source_refs": "r-2"}, ["A-1", "A-3"]),
        ({"object_id": "chrg_other", "source_refs": "r-9"}, ["A-1", "A-2", "A-3"]),
        ({"object_id": "chrg_other", "description": "WooCommerce Order id A-2"}, ["A-1", "A-3"]),
        ({"object_id": "chrg_other", "description": "x.myshopify.com - #A-2", "amount": 5}, ["A-1", "A-2", "A-3"]),
        ({"object_id": "chrg_other", "order_ref": "A-1"}, ["A-2", "A-3"]),
        ({"object_id": "chrg_other", "description": "order A-2, thanks"}, ["A-1", "A-3"]),
        ({"object_id": "chrg_other", "order_ref": "Z-9"}, ["A-1", "A-2", "A-3"]),
        ({"object_id": "chrg_other", "amount": 20_000, "currency": "THB"}, ["A-1", "A-3"]),
        ({"object_id": "chrg_other", "amount": 20_000, "currency": "SGD"}, ["A-1", "A-2", "A-3"]),
        ({"object_id": "chrg_other"}, ["A-3"]),
        ({"object_id": None}, []),
        ({"object_id": "chrg_other", "account": "sg"}, ["A-1", "A-2", "A-3"]),
        ({"object_id": "chrg_other", "released_at": AS_OF}, ["A-1", "A-2", "A-3"]),
        (
            {
                "object_id": "chrg_other",
                "created_from": MADE + timedelta(days=9),
                "created_to": MADE + timedelta(days=9),
            },
            ["A-1", "A-2", "A-3"],
        ),
    ],
)
def test_only_what_it_could_explain_waits(odd: Row, left: list[str]) -> None:
    assert missing(ORDERS, [], aside(**odd)) == left


def test_an_order_that_another_charge_pays_is_judged() -> None:
    assert missing([order("A-1")], [charge("chrg_1", "A-1")], aside(order_ref="A-1")) == []
    assert missing(ORDERS, []) == ["A-1", "A-2", "A-3"]


@pytest.mark.parametrize(
    ("released", "judged"), [(None, False), (AS_OF - timedelta(hours=1), True), (AS_OF - timedelta(hours=9), False)]
)
def test_an_order_is_judged_again_once_what_may_have_explained_it_is_released(released: Any, judged: bool) -> None:
    """An old order, outside of the range: the run after the object was read, or had gone, looks at it once."""
    old = order("A-1", created_at=AS_OF - timedelta(days=9), seen_at=MADE, first_seen_at=MADE)
    kept_aside = build(c.KEPT_ASIDE, [aside(order_ref="A-1", object_id="chrg_other", released_at=released)])
    known = replace(books([old], [], AS_OF), kept_aside=kept_aside)
    last_run = LastRunState(AS_OF - timedelta(hours=8))
    range_ = replace(Job().range(), windows={"th": Window(AS_OF, AS_OF)}, last_runs={"th": last_run})
    matching = match(known.orders, known.charges, Job().settings, kept_aside=kept_aside)
    seen = scope(known, matching, range_)
    assert (seen.orders.tolist(), bool(seen.kept_aside.any())) == ([judged], False)


def test_a_transaction_that_an_odd_charge_names_is_explained() -> None:
    booked = {"account": "th", "transaction_id": "trxn_1", "amount": 1, "currency": "THB", "direction": "credit"}
    booked |= {"key": "x", "created_at": MADE, "transferable_at": MADE, "seen_at": MADE, "first_seen_at": MADE}
    known = books([], [], AS_OF, transactions=[booked, booked | {"transaction_id": "trxn_2"}])
    odd = build(c.KEPT_ASIDE, [aside(object_id=None, transaction_id="trxn_1")])
    assert explained_transactions(replace(known, kept_aside=odd)).tolist() == [True, False]


def test_an_order_of_several_payments_waits_until_all_of_it_is_paid() -> None:
    """It was `amount_mismatch`, though the odd charge may be the other part."""
    half = [charge("chrg_1", "A-1", amount=6_000)]
    settings = MatchSettings(split_sources=frozenset({"shop"}))
    kept_aside = build(c.KEPT_ASIDE, [aside(order_ref="A-1", object_id="chrg_other", amount=4_000)])

    def waiting(charges: list[Row], settings: MatchSettings) -> list[bool]:
        known = replace(books([order("A-1", 10_000)], charges, AS_OF), kept_aside=kept_aside)
        matching = match(known.orders, known.charges, settings, kept_aside=kept_aside)
        return [bool(waits) for waits in scope(known, matching, Job(settings).range()).kept_aside]

    assert waiting(half, settings) == [True]
    assert waiting([*half, charge("chrg_2", "A-1", amount=4_000)], settings) == [False]
    assert waiting(half, MatchSettings()) == [False]
