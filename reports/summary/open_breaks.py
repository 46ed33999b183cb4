"""Breaks by code and by age, with what they put at risk: formulas over the Breaks sheet."""

from collections.abc import Iterator

import pandas as pd

from recon import columns as c
from reports.sheet import AnyReport, Cell, Criterion, Line, column_letter
from reports.sheets.breaks import SHEET as BREAKS
from reports.summary.parts import COLUMNS, PlacedSheets, empty_block, header, height, section, sum_cell
from reports.workbook.styles import severity_style

# First and last day of an age; the last is open.
AGES = ((0, 1), (2, 7), (8, 30), (31, 90), (91, None))


def by_code(report: AnyReport, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """One row per code and currency, worst first, each with a link to its rows."""
    breaks = placed[BREAKS.name]
    meanings = {entry.code: entry.meaning for entry in report.basis.catalogue}
    yield section("Breaks by code")
    if breaks.frame.empty:
        yield empty_block(breaks.empty)
        return
    yield header(("Code", "Severity", "Currency", "Breaks", "Amount at risk", "What it means"), last=3)
    number = row + 2
    keys = [c.SEVERITY, c.CODE, c.CURRENCY]
    # The frame is sorted, worst first; groups keep that order.
    for _, group in breaks.frame.groupby(keys, sort=False, dropna=False):
        severity, code, currency = group[keys].fillna("").iloc[0].tolist()
        in_currency = f"$C{number}" if currency else '""'
        criteria = ((c.SEVERITY, f"$B{number}"), (c.CODE, f"$A{number}"), (c.CURRENCY, in_currency))
        risk = sum_cell(report.basis, breaks, group, c.AMOUNT_AT_RISK, currency, *criteria) if currency else Cell("")
        meaning = meanings.get(code, "")
        yield Line(
            (
                Cell(code, "link", link=breaks.link(group.index.tolist()[0])),
                Cell(severity, severity_style(severity)),
                Cell(currency),
                Cell(len(group), formula=breaks.count(*criteria)),
                risk,
                Cell(meaning, "wrapped", span=3),
            ),
            height(meaning, 5, COLUMNS),
        )
        number += 1
    total = Cell(len(breaks.frame), "total count", formula=f"SUM(D{row + 2}:D{number - 1})")
    yield Line((Cell("All breaks", "total"), Cell("", "total"), Cell("", "total"), total, Cell("", "total", span=4)))


def by_age(report: AnyReport, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """How many breaks, and how much is at risk per currency, in each age."""
    breaks = placed[BREAKS.name]
    if breaks.frame.empty:
        return
    yield section("Age of the breaks, in days")
    names = [f"{first} to {last}" if last is not None else f"over {first - 1}" for first, last in AGES]
    yield header(("", "Currency", *names, "All"))
    counts = [Cell(len(_aged(breaks.frame, age)), formula=breaks.count(*_between(age))) for age in AGES]
    sum_ = f"SUM(C{row + 2}:{column_letter(len(AGES) + 1)}{row + 2})"
    yield Line((Cell("Breaks", "label"), Cell(""), *counts, Cell(len(breaks.frame), formula=sum_)))
    for number, currency in enumerate(sorted(breaks.frame[c.CURRENCY].dropna().unique()), start=row + 3):
        frame = breaks.frame[breaks.frame[c.CURRENCY] == currency]
        in_currency = (c.CURRENCY, f"$B{number}")
        cells = [
            sum_cell(report.basis, breaks, _aged(frame, age), c.AMOUNT_AT_RISK, currency, in_currency, *_between(age))
            for age in AGES
        ]
        every = sum_cell(report.basis, breaks, frame, c.AMOUNT_AT_RISK, currency, in_currency)
        yield Line((Cell("Amount at risk", "label"), Cell(currency), *cells, every))


def _between(age: tuple[int, int | None]) -> list[Criterion]:
    first, last = age
    upper = [] if last is None else [(c.AGE_DAYS, f'"<={last}"')]
    return [(c.AGE_DAYS, f'">={first}"'), *upper]


def _aged(frame: pd.DataFrame, age: tuple[int, int | None]) -> pd.DataFrame:
    first, last = age
    return frame[frame[c.AGE_DAYS].between(first, last if last is not None else frame[c.AGE_DAYS].max())]
