"""What is open: by what its amounts mean for cash, by owner, by age, by cause and by code; formulas over Breaks."""

from __future__ import annotations

from collections.abc import Iterator

from recon import columns as c
from recon.columnar import pd
from recon.model import AGES, Exposure
from recon.money import Money
from recon.result.exposures import by_exposure as stated_by_exposure
from reports.report import Report
from reports.sheet import EMPTY, AnyReport, Cell, Criterion, Line, PlacedSheet, column_letter
from reports.sheets.breaks import CAUSE, FOR_CASH
from reports.sheets.breaks import SHEET as BREAKS
from reports.summary.parts import (
    COLUMNS,
    PlacedSheets,
    assert_ties,
    empty_block,
    header,
    height,
    section,
    sum_cell,
    total_of_counts,
)
from reports.totals import exact_sum
from reports.workbook.styles import severity_style

NOBODY = "nobody yet"
_COUNTED = [c.EXPOSURE, c.CURRENCY, c.AMOUNT_AT_RISK, c.AGE_DAYS]  # a break has thirty columns more
_MEMBERS = 12  # of one cause that are named one by one
_MEANS = {
    Exposure.LOST: "Gone, or counted as ours and never taken.",
    Exposure.OWED_TO_CUSTOMER: "To be paid back to customers, or to be delivered for.",
    Exposure.OWED_TO_US: "To be claimed from a customer, from Omise or from the bank.",
    Exposure.TIMING: "On its way, or put right by itself; look at it when it gets old.",
    Exposure.NO_CASH: "A record is wrong; the money is where it should be.",
}


def by_exposure(report: AnyReport, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """How many breaks and how much, by what the amounts mean for cash; kinds and currencies are never added."""
    breaks = placed[BREAKS.name]
    yield section("What is open, by what it means for cash (kinds are never added together)")
    if breaks.frame.empty:
        yield empty_block(breaks.empty)
        return
    _assert_stated(report, breaks)
    yield header(("For cash", "Currency", "Breaks", "Amount at risk", "That is"), last=4)
    number = row + 2
    for exposure, currency, frame in _kinds(breaks):
        criteria = ((FOR_CASH, f"$A{number}"), _in_currency(currency, f"$B{number}"))
        yield Line(
            (
                Cell(exposure.words, "link", link=breaks.link(frame.index.tolist()[0])),
                Cell(currency or "no amount"),
                Cell(len(frame), formula=breaks.area.count(*criteria)),
                _risk(report, breaks, frame, currency, *criteria),
                Cell(_MEANS[exposure], span=4),
            )
        )
        number += 1
    yield total_of_counts("All that is open", len(breaks.frame), 2, row + 2, number - 1)


def _assert_stated(report: AnyReport, breaks: PlacedSheet) -> None:
    """Stops a file whose sheet is not what the results say as JSON."""
    results = [part.result for part in ((report,) if isinstance(report, Report) else report.parts)]
    stated: dict[tuple[str, str | None], int] = {}
    for result in results:
        for kind in stated_by_exposure(result.breaks):
            stated[kind.exposure, kind.currency] = stated.get((kind.exposure, kind.currency), 0) + kind.amount
    shown = {(str(kind), currency): exact_sum(frame[c.AMOUNT_AT_RISK]) for kind, currency, frame in _kinds(breaks)}
    for key in stated | shown:
        assert_ties(f"amount open, {key}", shown.get(key, 0), stated.get(key, 0))
    for code in {total.currency for result in results for total in result.currencies}:
        open_amount = sum(t.amount_open for result in results for t in result.currencies if t.currency == code)
        at_risk = sum(amount for (_, currency), amount in shown.items() if currency == code)
        assert_ties(f"amount open in {code}", at_risk, open_amount)


def by_owner(report: AnyReport, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """Whose work it is, by what it means for cash and currency; what nobody has is first."""
    breaks = placed[BREAKS.name]
    if breaks.frame.empty:
        return
    yield section("Who works on it")
    yield header(("Owner", "Currency", "Breaks", "For cash", "Amount at risk", "Oldest, days"), last=3)
    owners = breaks.frame[c.OWNER].fillna("")
    number = row + 2
    for owner in sorted(owners.unique()):
        for exposure, currency, frame in _kinds(breaks, breaks.frame[_COUNTED][owners == owner]):
            whose = (c.OWNER, f"$A{number}" if owner else EMPTY)
            criteria = (whose, (FOR_CASH, f"$D{number}"), _in_currency(currency, f"$B{number}"))
            yield Line(
                (
                    Cell(owner or NOBODY, "label" if not owner else ""),
                    Cell(currency or "no amount"),
                    Cell(len(frame), formula=breaks.area.count(*criteria)),
                    Cell(exposure.words),
                    _risk(report, breaks, frame, currency, *criteria),
                    Cell(int(frame[c.AGE_DAYS].max()), span=3),
                )
            )
            number += 1


def by_age(report: AnyReport, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """How many, and how much by what it means for cash, in each age; by first sight too, where that is another."""
    breaks = placed[BREAKS.name]
    if breaks.frame.empty:
        return
    yield section("How old it is, in days since it happened")
    names = [f"{first} to {last}" if last is not None else f"over {first - 1}" for first, last in AGES]
    yield header(("", "Currency", *names, "All"))
    yield _count_by_age("Breaks", breaks, c.AGE_DAYS, row + 2)
    number = row + 3
    if not _ages_agree(breaks.frame):
        yield _count_by_age("Breaks, by days since first seen", breaks, c.KNOWN_DAYS, number)
        number += 1
    for exposure, currency, frame in _kinds(breaks):
        if currency is None:
            continue
        kind = ((FOR_CASH, f"$A{number}"), (c.CURRENCY, f"$B{number}"))
        cells = [
            _risk(report, breaks, frame[is_aged], currency, *kind, *_between(c.AGE_DAYS, age))
            for age, is_aged in ((age, _is_aged(frame[c.AGE_DAYS], age)) for age in AGES)
        ]
        yield Line((Cell(exposure.words), Cell(currency), *cells, _risk(report, breaks, frame, currency, *kind)))
        number += 1


def _ages_agree(frame: pd.DataFrame) -> bool:
    return all(_is_aged(frame[c.AGE_DAYS], age).sum() == _is_aged(frame[c.KNOWN_DAYS], age).sum() for age in AGES)


def _count_by_age(name: str, breaks: PlacedSheet, column: str, row: int) -> Line:
    counts = [
        Cell(int(_is_aged(breaks.frame[column], age).sum()), formula=breaks.area.count(*_between(column, age)))
        for age in AGES
    ]
    every = Cell(len(breaks.frame), formula=f"SUM(C{row}:{column_letter(len(AGES) + 1)}{row})")
    return Line((Cell(name, "label"), Cell(""), *counts, every))


def by_cause(report: AnyReport, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """Breaks of one cause as one group each, its members below it, the oldest first; two where it cuts both ways."""
    breaks = placed[BREAKS.name]
    groups = list(breaks.frame.groupby([CAUSE, c.CURRENCY, FOR_CASH], sort=True)) if len(breaks.frame) else []
    if not groups:
        return
    kinds = breaks.frame.groupby([CAUSE, c.CURRENCY])[FOR_CASH].nunique()
    yield section("Breaks that have one cause: one thing to do each")
    yield header(
        ("Cause", "Currency", "Breaks", "Amount at risk", "Happened from", "Happened to", "What to do"), last=2
    )
    number = row + 2
    for _, members in groups:
        ordered = members.sort_values([c.OCCURRED_ON, c.BREAK_ID])
        cause, currency, for_cash = ordered[[CAUSE, c.CURRENCY, FOR_CASH]].iloc[0].tolist()
        criteria = ((CAUSE, f'"{cause}"'), (c.CURRENCY, f"$B{number}"), (FOR_CASH, f'"{for_cash}"'))
        name = cause if kinds[cause, currency] == 1 else f"{cause} ({for_cash})"
        days = ordered[c.OCCURRED_ON].dropna()
        yield Line(
            (
                Cell(name, "wrapped"),
                Cell(currency),
                Cell(len(ordered), formula=breaks.area.count(*criteria)),
                _risk(report, breaks, ordered, currency, *criteria),
                Cell(days.min() if len(days) else ""),
                Cell(days.max() if len(days) else ""),
                Cell(ordered[c.SUGGESTION].iloc[0], "wrapped", span=2),
            ),
            max(height(name, 0, 1), height(ordered[c.SUGGESTION].iloc[0], 6, COLUMNS)),
        )
        yield from _members(breaks, ordered.iloc[:_MEMBERS], currency)
        more = len(ordered) - _MEMBERS
        if more > 0:
            words = f"and {more:,} more: filter the Breaks sheet by its cause"
            yield Line((Cell("", "label"), Cell(words, "label", span=7)))
        number += 1 + min(len(ordered), _MEMBERS) + (more > 0)


def _members(breaks: PlacedSheet, members: pd.DataFrame, currency: str) -> Iterator[Line]:
    for index, subject, amount, day in zip(
        members.index.tolist(), members[c.SUBJECT_ID], members[c.AMOUNT_AT_RISK], members[c.OCCURRED_ON], strict=True
    ):
        risk = Cell("") if pd.isna(amount) else Cell(Money(int(amount), currency))
        happened = Cell(day if isinstance(day, str) else "")
        yield Line((Cell("", "label"), Cell(subject, "link", span=2, link=breaks.link(index)), risk, happened))


def by_code(report: AnyReport, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """One row per kind of break, what it means for cash, and currency; worst first, each with a link to its rows."""
    breaks = placed[BREAKS.name]
    yield section("Breaks by kind")
    if breaks.frame.empty:
        yield empty_block(breaks.empty)
        return
    yield header(("Break", "Severity", "Currency", "Breaks", "Amount at risk", "For cash", "Code"), last=2)
    number = row + 2
    keys = [c.SEVERITY, c.CODE, FOR_CASH, c.CURRENCY]
    # The frame is sorted, worst first; groups keep that order.
    for _, group in breaks.frame.groupby(keys, sort=False, dropna=False):
        severity, code, for_cash, currency = group[keys].fillna("").iloc[0].tolist()
        criteria = (
            (c.SEVERITY, f"$B{number}"),
            (c.CODE, f"$G{number}"),
            (FOR_CASH, f"$F{number}"),
            _in_currency(currency, f"$C{number}"),
        )
        yield Line(
            (
                Cell(group[c.TITLE].iloc[0], "link", link=breaks.link(group.index.tolist()[0])),
                Cell(severity, severity_style(severity)),
                Cell(currency or "no amount"),
                Cell(len(group), formula=breaks.area.count(*criteria)),
                _risk(report, breaks, group, currency, *criteria),
                Cell(for_cash),
                Cell(code, span=2),
            )
        )
        number += 1
    yield total_of_counts("All breaks", len(breaks.frame), 3, row + 2, number - 1)


def _kinds(
    breaks: PlacedSheet, frame: pd.DataFrame | None = None
) -> Iterator[tuple[Exposure, str | None, pd.DataFrame]]:
    """The rows of the Breaks sheet, or some of them, by exposure and currency (null: those without one)."""
    rows = (breaks.frame if frame is None else frame)[_COUNTED]
    for exposure in Exposure:
        of_kind = rows[rows[c.EXPOSURE] == exposure]
        currencies = sorted(of_kind[c.CURRENCY].dropna().unique())
        for currency in currencies:
            yield exposure, currency, of_kind[of_kind[c.CURRENCY] == currency]
        if of_kind[c.CURRENCY].isna().any():
            yield exposure, None, of_kind[of_kind[c.CURRENCY].isna()]


def _in_currency(currency: str | None, cell: str) -> Criterion:
    return (c.CURRENCY, cell if currency else EMPTY)


def _risk(
    report: AnyReport, breaks: PlacedSheet, frame: pd.DataFrame, currency: str | None, *criteria: Criterion
) -> Cell:
    return (
        sum_cell(report.basis, breaks, frame, c.AMOUNT_AT_RISK, currency, *criteria) if currency else Cell("", "text")
    )


def _between(column: str, age: tuple[int, int | None]) -> list[Criterion]:
    first, last = age
    upper = [] if last is None else [(column, f'"<={last}"')]
    return [(column, f'">={first}"'), *upper]


def _is_aged(days: pd.Series[int], age: tuple[int, int | None]) -> pd.Series[bool]:
    first, last = age
    return days.between(first, last if last is not None else days.max())
