"""Breaks and figures against an earlier run's, and which ranges are alike."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from recon import columns as c
from recon.model import BreakStatus
from recon.result.changes import Earlier, changes, counts, figures, past, ranges_before
from tests.kit.report_example import breaks, known_break, result_of

KNOWN = [
    known_break("amount_mismatch", 1, expected=500, actual=400, risk=100),
    known_break("amount_mismatch", 2, expected=500, actual=400, risk=100),
    known_break("order_missing", 3, risk=7),
    known_break("order_missing", 4, risk=None, status=BreakStatus.WRITTEN_OFF),
]


def left(*numbers: int) -> pd.DataFrame:
    """What an earlier run left open: these of the known breaks."""
    return breaks([KNOWN[number] for number in numbers])[c.RUN_BREAKS.names]


def test_what_stays_as_it_was_is_no_change() -> None:
    lives = {known.latest.id: known for known in KNOWN}
    assert changes(left(0, 1, 2), breaks(KNOWN), lives).empty


def test_new_changed_and_closed_in_this_order() -> None:
    cheaper = replace(KNOWN[1], latest=replace(KNOWN[1].latest, actual=450, amount_at_risk=50))
    lives = {known.latest.id: known for known in (KNOWN[0], cheaper, KNOWN[2], KNOWN[3])}
    before = left(1, 3)
    before[c.STATUS] = "open"
    frame = changes(before, breaks([KNOWN[0], cheaper, KNOWN[3]]), lives)
    assert c.CHANGES.check(frame) is frame
    assert frame[c.WHAT].tolist() == ["new", "changed", "closed"]
    assert frame[c.STATUS].tolist() == ["open", "open", "written_off"]
    assert frame[c.RISK_CHANGE].tolist() == [100, -50, 0]
    amounts = [c.ACTUAL_BEFORE, c.ACTUAL, c.RISK_BEFORE, c.AMOUNT_AT_RISK]
    assert frame[amounts].iloc[1].tolist() == [400, 450, 100, 50]


def test_figures_that_differ_are_listed_counts_first() -> None:
    result = result_of()
    before = counts(result)
    assert figures(before, result).empty
    before["orders"] -= 2
    del before["transfers"]  # a run of an older version said nothing of it
    before["currencies"]["EUR"] = {"amount_matched": 5, "amount_open": 0}
    before["currencies"]["THB"]["amount_open"] += 1
    frame = c.FIGURES.check(figures(before, result))
    assert frame[[c.FIGURE, c.CURRENCY]].fillna("").values.tolist() == [
        ["orders", ""],
        ["amount_matched", "EUR"],
        ["amount_open", "THB"],
    ]
    assert frame[c.DIFFERENCE].iloc[1:].tolist() == [-5, -1]


@pytest.mark.parametrize(
    ("first", "last", "alike"),
    [
        ("2026-10-01", "2026-10-31", True),  # a month, as November is
        ("2026-02-01", "2026-02-28", True),
        ("2026-10-02", "2026-10-31", False),  # thirty days, but no month
        ("2026-09-01", "2026-10-31", False),
        ("2026-11-01", "2026-11-30", False),  # the range itself
        ("2026-12-01", "2026-12-31", False),  # after it
    ],
)
def test_months_are_compared_with_months_before(first: str, last: str, alike: bool) -> None:
    days = (date.fromisoformat(first), date.fromisoformat(last))
    assert ranges_before([days], result_of()) == [days] * alike


def test_days_are_compared_with_days_by_the_least_that_a_record_has() -> None:
    monday = date(2026, 11, 2)
    result = replace(result_of(), first_day=monday, last_day=monday)
    plain = {"matched_orders": 3, "expecting_orders": 4, "breaks_open": 1}
    days = [(day, day) for day in (date(2026, 11, 1), date(2026, 10, 31))]
    earlier = ranges_before([*days, (date(2026, 10, 30), monday)], result)
    frame = c.PAST.check(past(Earlier(*of_days, plain) for of_days in earlier))
    assert frame[c.FIRST_DAY].tolist() == ["2026-10-31", "2026-11-01"]
