"""Opening items: which breaks they explain, what they do not, and what a run makes of both."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from recon.model import Break, BreakStatus, KnownBreak, Severity
from recon.model.rulings import OpeningItem
from recon.rulings.facts import facts_of
from recon.rulings.life import CarriedBreaks, RulingsInForce, carry
from recon.rulings.opening_items import Items, by_key, standing_of, why_not_covered

NIGHT = datetime(2026, 3, 5, 18, 30, tzinfo=UTC)
DAY = timedelta(days=1)
MISSING = Break(
    "charge_missing",
    Severity.HIGH,
    "th",
    "order",
    "A-1",
    "Order A-1 is paid.",
    "Ask.",
    "THB",
    500,
    0,
    500,
    order_id="A-1",
    charge_id="chrg_1",
)
ITEM = OpeningItem("th", "order", "A-1", 500, "THB", "the old shop's", "mali")


def night(
    known: Sequence[KnownBreak], found: Sequence[Break], items: Items, as_of: datetime = NIGHT
) -> CarriedBreaks:
    said = RulingsInForce(
        expected=lambda one: standing_of(one, items), remark=lambda one: why_not_covered(one, items)
    )
    return carry(known, found, lambda _: True, as_of, said)


def test_a_covered_break_stands_by_the_item_with_its_note() -> None:
    standing = standing_of(MISSING, by_key([ITEM]))
    assert standing is not None
    assert (standing.kind, standing.who, standing.reason, standing.until) == (
        "opening",
        "mali",
        "the old shop's",
        None,
    )
    assert standing.facts == facts_of(MISSING)
    assert why_not_covered(MISSING, by_key([ITEM])) == ""


@pytest.mark.parametrize(
    ("item", "covered"),
    [
        (replace(ITEM, amount=499), False),
        (replace(ITEM, amount=501), True),
        (replace(ITEM, currency="USD"), False),
        (replace(ITEM, account="sg"), False),
        (replace(ITEM, id="A-2"), False),
        (replace(ITEM, kind="charge"), False),
        (replace(ITEM, kind="charge", id="chrg_1"), True),
        (replace(ITEM, kind="transfer", id="chrg_1"), False),
    ],
)
def test_an_item_covers_by_account_kind_id_currency_and_amount(item: OpeningItem, covered: bool) -> None:
    assert (standing_of(MISSING, by_key([item])) is not None) is covered


def test_the_amount_at_risk_counts_without_its_sign_and_an_unknown_one_is_never_covered() -> None:
    items = by_key([ITEM])
    assert standing_of(replace(MISSING, amount_at_risk=-500), items) is not None
    assert standing_of(replace(MISSING, amount_at_risk=-501), items) is None
    assert standing_of(replace(MISSING, amount_at_risk=None), items) is None
    assert "of unknown amount" in why_not_covered(replace(MISSING, amount_at_risk=None), items)


def test_any_item_that_covers_is_enough() -> None:
    charge = replace(ITEM, kind="charge", id="chrg_1", amount=900, note="the charge's")
    standing = standing_of(MISSING, by_key([replace(ITEM, amount=1), charge]))
    assert standing is not None
    assert standing.reason == "the charge's"


def test_the_first_night_acknowledges_and_later_ones_say_nothing() -> None:
    first = night([], [MISSING], by_key([ITEM]))
    assert [event.what for event in first.events] == ["opened", "opening"]
    assert first.reported[0].status == BreakStatus.ACKNOWLEDGED
    second = night(first.changed, [MISSING], by_key([ITEM]), NIGHT + DAY)
    assert second.events == ()
    assert second.reported[0].first_seen == NIGHT


def test_a_break_over_the_amount_stays_open_and_its_history_says_why_once() -> None:
    items = by_key([replace(ITEM, amount=400)])
    first = night([], [MISSING], items)
    assert first.reported[0].status == BreakStatus.OPEN
    assert [event.what for event in first.events] == ["opened", "not_covered"]
    assert first.events[1].detail == "the opening item order A-1 (400 THB) does not cover it (500 THB)"
    assert night(first.changed, [MISSING], items, NIGHT + DAY).events == ()


def test_a_break_that_grows_beyond_its_item_is_open_again() -> None:
    items = by_key([ITEM])
    grown = night(night([], [MISSING], items).changed, [replace(MISSING, amount_at_risk=700)], items, NIGHT + DAY)
    assert grown.reported[0].status == BreakStatus.OPEN
    assert [event.what for event in grown.events] == ["fell", "not_covered"]


def test_a_replaced_item_is_asked_again() -> None:
    first = night([], [MISSING], by_key([ITEM]))
    noted = night(first.changed, [MISSING], by_key([replace(ITEM, note="written off soon")]), NIGHT + DAY)
    assert [event.what for event in noted.events] == ["fell", "opening"]
    assert noted.reported[0].standing is not None
    assert noted.reported[0].standing.reason == "written off soon"
    less = night(noted.changed, [MISSING], by_key([replace(ITEM, amount=1)]), NIGHT + 2 * DAY)
    assert less.reported[0].status == BreakStatus.OPEN


def test_it_closes_when_the_facts_agree() -> None:
    first = night([], [MISSING], by_key([ITEM]))
    closed = night(first.changed, [], by_key([ITEM]), NIGHT + DAY)
    assert closed.changed[0].status == BreakStatus.AUTO_CLOSED
