"""A row that could not be read: the charges whose order may stand in it agree with what is known of it."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from recon import columns as c
from recon.matching import match
from recon.matching.kept_aside import charges_of
from recon.money import Tolerance
from recon.settings import MatchSettings
from tests.kit.books import AS_OF, Row, books, build, charge, order

MADE = charge("chrg_1")["created_at"]
CHARGES = [
    charge("chrg_1", amount=10_000),
    charge("chrg_2", amount=20_000),
    charge("chrg_3", amount=10_000, currency="USD"),
    charge("chrg_4", amount=10_000, created_at=MADE - timedelta(days=9)),
    charge("chrg_5", amount=10_000, account="sg"),
]


def row(**fields: Any) -> Row:
    plain = {"source": "shop", "file": "a.csv", "row": 2, "reason": "order_id is empty", "digest": "1"}
    return plain | fields


@pytest.mark.parametrize(
    ("known", "waiting"),
    [
        ({}, "12345"),
        ({"account": "th"}, "1234"),
        ({"account": "th", "currency": "THB"}, "124"),
        ({"account": "th", "currency": "THB", "amount": 10_000}, "14"),
        ({"account": "th", "currency": "THB", "amount": 10_000, "created_at": MADE}, "1"),
        ({"account": "th", "currency": "THB", "amount": 10_050, "created_at": MADE}, "1"),
        ({"account": "th", "currency": "THB", "amount": 10_051, "created_at": MADE}, ""),
        ({"account": "th", "created_at": MADE + timedelta(hours=72)}, "123"),
        ({"currency": "THB", "amount": 10_000, "created_at": MADE}, "15"),
        ({"source": "split", "account": "th", "currency": "THB", "amount": 25_000}, "124"),
        ({"source": "bank.scb", "account": "th"}, ""),
        ({"order_id": "A-9", "account": "th"}, ""),
        ({"charge_id": "chrg_2"}, "2"),
    ],
)
def test_a_row_that_names_nothing_holds_what_is_like_it(known: Row, waiting: str) -> None:
    settings = MatchSettings(tolerance=Tolerance({"THB": 50}), split_sources=frozenset({"split"}))
    charges = books([], CHARGES, AS_OF).charges
    found = charges_of(build(c.REJECTED, [row(**known)]), charges, np.ones(len(charges), dtype=bool), settings)
    assert "".join(sorted(charges[c.CHARGE_ID].iloc[found].str[-1])) == waiting


def test_a_charge_that_has_an_order_is_in_no_row() -> None:
    known = books([order("A-1", 10_000)], [charge("chrg_1", "A-1", amount=10_000)], AS_OF)
    matching = match(known.orders, known.charges, MatchSettings(), rejected=build(c.REJECTED, [row()]))
    assert matching.order_unread == ()
