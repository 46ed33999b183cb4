"""Tables for people: what stands first."""

import pytest

from jobs.cli.answers import tables
from recon.money import Currencies
from tests.kit.books import TH
from tests.kit.report_example import known_break


def test_the_largest_by_the_digits_that_people_read_stands_first(capsys: pytest.CaptureFixture[str]) -> None:
    small = known_break("amount_mismatch", 1, currency="THB", risk=122_700)
    large = known_break("amount_mismatch", 2, currency="JPY", risk=48_600)
    none = known_break("amount_mismatch", 3, currency=None)
    tables.breaks([small, none, large], {"th": TH}, Currencies())
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert listed == [known.latest.id for known in (large, small, none)]


def test_a_table_that_is_too_wide_is_turned_and_shows_as_many_rows_as_fit() -> None:
    heads = ["order id", "created at", "method"]
    rows = [["A-1", "2026-11-28 11:59:00", "card"], ["A-2", "2026-11-28 12:00:00", "paynow"]]
    assert tables.within(heads, rows, 43) == (heads, rows)
    one = [["order id", "A-1"], ["created at", "2026-11-28 11:59:00"], ["method", "card"]]
    assert tables.within(heads, rows, 42) == (["", "1"], one)
    assert tables.within(heads, rows, 10) == (["", "1"], one)  # it folds: a row is not left out whole
    longer = [[*row, "r" * 19] for row in rows]
    assert tables.within([*heads, "reference"], longer, 60) == (
        ["", "1", "2"],
        [
            ["order id", "A-1", "A-2"],
            ["created at", "2026-11-28 11:59:00", "2026-11-28 12:00:00"],
            ["method", "card", "paynow"],
            ["reference", "r" * 19, "r" * 19],
        ],
    )


def test_an_order_that_was_paid_in_another_currency_is_shown_in_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    link = {"account": "sg", "order_id": "1017", "charge_id": "chrg_1", "matched_by": "metadata"}
    amounts = {"order_amount": 10_432, "charge_amount": 8_000, "currency": "USD", "order_currency": "SGD"}
    tables.matches([link | amounts], Currencies())
    assert capsys.readouterr().out.splitlines()[1].split()[-4:] == ["104.32", "SGD", "80.00", "USD"]
