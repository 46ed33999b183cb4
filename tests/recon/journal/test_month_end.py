"""The month's end of random merchants: it closes and balances, beancount accepts it, and a planted fault is seen."""

import pandas as pd
import pytest
from hypothesis import given, settings

from recon import columns as c
from recon.settlement.ledger import read
from recon.settlement.movements import movements, waterfall
from tests.kit.books import TH
from tests.kit.journals import FIRST, LAST, booked
from tests.kit.ledgers import ACTS, DAY, Merchant, play
from tests.kit.month_end import beancount_errors, faults

Acts = list[tuple[str, int, int]]


def closed(shop: Merchant) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A merchant's waterfall and journal, of all days but the first."""
    books = shop.books()
    days = (FIRST + DAY, LAST)
    moved = movements(books, read(books), TH, *days)
    return waterfall(books, moved, TH, *days), booked(books, *days)


def holds(acts: Acts) -> None:
    money, journal = closed(play(acts))
    assert faults(money, journal) == []
    assert beancount_errors(money, journal, TH, (FIRST + DAY, LAST)) == []


@settings(max_examples=3)
@given(ACTS)
def test_a_month_closes_and_beancount_accepts_it(acts: Acts) -> None:
    holds(acts)


@pytest.mark.proof
@settings(max_examples=60)
@given(ACTS)
def test_any_month_closes_and_beancount_accepts_it(acts: Acts) -> None:
    holds(acts)


def a_week() -> tuple[pd.DataFrame, pd.DataFrame]:
    shop = Merchant()
    shop.charge()
    shop.wait(2 * DAY)
    shop.refund(shop.charge(), 30_000)
    shop.wait(8 * DAY)
    shop.pay_out(50_000)
    return closed(shop)


def test_one_unit_on_a_line_of_the_waterfall_is_seen() -> None:
    money, journal = a_week()
    assert faults(money, journal) == []
    for line in ("opening", "sales", "fees", "refunds", "payouts", "closing", "reading"):
        wrong = money.copy()
        wrong.loc[money[c.LINE] == line, c.AMOUNT] += 1
        assert faults(wrong, journal) != [], line


def test_one_unit_on_a_line_of_the_journal_is_seen_by_both() -> None:
    money, journal = a_week()
    for place in range(len(journal)):
        side = c.DEBIT if pd.notna(journal[c.DEBIT].iloc[place]) else c.CREDIT
        wrong = journal.assign(**{side: journal[side] + (journal.index == place)})
        assert "debits are not credits" in faults(money, wrong)[0]
    assert beancount_errors(money, wrong, TH, (FIRST + DAY, LAST)) != []


def test_an_entry_that_lacks_is_seen_by_both() -> None:
    money, journal = a_week()
    for entry in journal[journal[c.LEDGER_ACCOUNT] == "clearing"][c.ENTRY]:
        without = journal[journal[c.ENTRY] != entry].reset_index(drop=True)
        assert "the journal's clearing is not the balance's movement" in faults(money, without)[0]
    assert beancount_errors(money, without, TH, (FIRST + DAY, LAST)) != []
