"""Links by hand: before every other pass, only while they stand, and only while both sides are what they were."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from recon import columns as c
from recon.matching import links, match
from recon.matching.by_hand import changed_links, with_hand_links
from recon.model.rulings import Ruling
from recon.settings import MatchSettings
from tests.kit.books import NOON, books, charge, failed, order

LINK = Ruling(
    7,
    "brk_1",
    "link",
    "Malee",
    NOON,
    "",
    "stands",
    order_account="th",
    order_id="A-1",
    charge_account="th",
    charge_id="chrg_1",
    facts="order 10000 THB, charge 10000 THB paid",
)


def found(orders: list[Any], charges: list[Any], *hand: Ruling, recorded: pd.DataFrame | None = None) -> list[str]:
    known = books(orders, charges)
    before = with_hand_links(c.LINKS.empty() if recorded is None else recorded, hand)
    matching = match(known.orders, known.charges, MatchSettings(), before)
    rows = links(known.orders, known.charges, matching).itertuples(index=False, name=None)
    return [f"{order_id} {charge_id} {name}" for _, order_id, _, charge_id, name in rows]


def changed(orders: list[Any], charges: list[Any]) -> dict[int, str]:
    known = books(orders, charges)
    return changed_links([LINK], known.orders, known.charges)


@pytest.mark.parametrize(
    "others",
    [
        ([order(), order("A-2", charge_id="chrg_1")], [charge(of=None)]),
        ([order(), order("A-2")], [charge(of="A-2")]),
        ([order(), order("A-2")], [charge(of=None, description="A-2")]),
        ([order(), order("A-2")], [charge(of=None)]),
    ],
)
def test_it_takes_the_charge_from_whoever_has_it_by_a_less_certain_pass(others: tuple[list[Any], list[Any]]) -> None:
    assert found(*others, LINK) == ["A-1 chrg_1 by hand"]


def test_one_that_waits_or_was_taken_back_links_nothing() -> None:
    sides = [order()], [charge(of=None, amount=77)]
    assert found(*sides, replace(LINK, standing="pending")) == []
    recorded = c.LINKS.from_rows([("th", "A-1", "th", "chrg_1", "by hand")])
    assert found(*sides, recorded=recorded) == []
    assert found(*sides, LINK, recorded=recorded) == ["A-1 chrg_1 by hand"]


def test_what_is_not_in_the_books_is_not_linked() -> None:
    assert found([order(charge_id="chrg_1")], [], LINK) == []
    assert found([], [charge(of=None)], LINK) == []
    assert found([order(account="sg")], [charge(of=None)], LINK) == []


@pytest.mark.parametrize(
    ("sides", "words"),
    [
        (([order(amount=9_000)], [charge()]), "order 9000 THB, charge 10000 THB paid"),
        (([order(currency="USD")], [charge()]), "order 10000 USD"),
        (([order()], [charge(captured_amount=5_000)]), "charge 5000 THB paid"),
        (([order()], [failed("chrg_1")]), "not paid"),
        (([order()], []), "not known any more"),
    ],
)
def test_other_sums_or_another_state_are_told_with_both(sides: tuple[list[Any], list[Any]], words: str) -> None:
    assert changed([order()], [charge()]) == {}
    assert changed([order(status="refunded")], [charge(refunded_amount=10_000)]) == {}
    why = changed(*sides)[7]
    assert why.startswith(f"{LINK.facts} -> ")
    assert words in why
