"""What is open: by what its amounts mean for cash, by owner, by age, by cause and by code; formulas over Breaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from recon import columns as c
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
    page_lines,
    section,
    total_cell,
    total_of_counts,
)
from reports.totals import Sum
from reports.workbook.styles import severity_style

NOBODY = "nobody yet"
_MEMBERS = 12  # of one cause that are named one by one
_MEANS = {
    Exposure.LOST: "Gone, or counted as ours and never taken.",
    Exposure.OWED_TO_CUSTOMER: "To be paid back to customers, or to be delivered for.",
    Exposure.OWED_TO_US: "To be claimed from a customer, from Omise or from the bank.",
    Exposure.TIMING: "On its way, or put right by itself; look at it when it gets old.",
    Exposure.NO_CASH: "A record is wrong; the money is where it should be.",
}


@dataclass(frozen=True, slots=True)
class _Open:
    """What the blocks count of one row of the Breaks sheet; null: it has none."""

    index: int
    severity: str
    code: str
    title: str
    exposure: Exposure
    for_cash: str
    currency: str | None
    at_risk: int | None
    age_days: int
    known_days: int
    owner: str | None
    cause: str | None
    occurred_on: str | None
    suggestion: str
    subject_id: str
    break_id: str


_OF_OPEN = [
    c.SEVERITY,
    c.CODE,
    c.TITLE,
    c.EXPOSURE,
    FOR_CASH,
    c.CURRENCY,
    c.AMOUNT_AT_RISK,
    c.AGE_DAYS,
    c.KNOWN_DAYS,
    c.OWNER,
    CAUSE,
    c.OCCURRED_ON,
    c.SUGGESTION,
    c.SUBJECT_ID,
    c.BREAK_ID,
]


def over_open_breaks(
    blocks: Sequence[Callable[[Sequence[_Open], AnyReport, PlacedSheets, int], Iterator[Line]]],
    report: AnyReport,
    placed: PlacedSheets,
    row: int,
) -> list[Line]:
    """These blocks below each other, each of all rows of the Breaks sheet in its order, which are read once."""
    rows = c.plain_rows(placed[BREAKS.name].frame, _OF_OPEN)
    every = [
        _Open(index, severity, code, title, Exposure(exposure), *rest)
        for index, (severity, code, title, exposure, *rest) in enumerate(rows)
    ]
    return page_lines([partial(block, every) for block in blocks], report, placed, row)[:-1]  # its gap is the page's


def by_exposure(every: Sequence[_Open], report: AnyReport, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """How many breaks and how much, by what the amounts mean for cash; kinds and currencies are never added."""
    breaks = placed[BREAKS.name]
    yield section("What is open, by what it means for cash (kinds are never added together)")
    if breaks.frame.empty:
        yield empty_block(breaks.empty)
        return
    _assert_stated(report, every)
    yield header(("For cash", "Currency", "Breaks", "Amount at risk", "That is"), last=4)
    number = row + 2
    for exposure, currency, rows in _kinds(every):
        criteria = ((FOR_CASH, f"$A{number}"), _in_currency(currency, f"$B{number}"))
        yield Line(
            (
                Cell(exposure.words, "link", link=breaks.link(rows[0].index)),
                Cell(currency or "no amount"),
                Cell(len(rows), formula=breaks.area.count(*criteria)),
                _risk(report, breaks, rows, currency, *criteria),
                Cell(_MEANS[exposure], span=4),
            )
        )
        number += 1
    yield total_of_counts("All that is open", len(every), 2, row + 2, number - 1)


def _assert_stated(report: AnyReport, every: Sequence[_Open]) -> None:
    """Stops a file whose sheet is not what the results say as JSON."""
    results = [part.result for part in ((report,) if isinstance(report, Report) else report.parts)]
    stated: dict[tuple[str, str | None], int] = {}
    for result in results:
        for kind in stated_by_exposure(result.breaks):
            stated[kind.exposure, kind.currency] = stated.get((kind.exposure, kind.currency), 0) + kind.amount
    shown = {(str(kind), currency): _at_risk(rows) for kind, currency, rows in _kinds(every)}
    for key in stated | shown:
        assert_ties(f"amount open, {key}", shown.get(key, 0), stated.get(key, 0))
    for code in {total.currency for result in results for total in result.currencies}:
        open_amount = sum(t.amount_open for result in results for t in result.currencies if t.currency == code)
        at_risk = sum(amount for (_, currency), amount in shown.items() if currency == code)
        assert_ties(f"amount open in {code}", at_risk, open_amount)


def by_owner(every: Sequence[_Open], report: AnyReport, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """Whose work it is, by what it means for cash and currency; what nobody has is first.

    A name is one however its letters are written: a spreadsheet counts it so.
    """
    breaks = placed[BREAKS.name]
    if breaks.frame.empty:
        return
    yield section("Who works on it")
    yield header(("Owner", "Currency", "Breaks", "For cash", "Amount at risk", "Oldest, days"), last=3)
    number = row + 2
    owned: dict[str, list[_Open]] = {}
    for break_ in every:
        owned.setdefault((break_.owner or "").casefold(), []).append(break_)
    for _, own in sorted(owned.items()):
        owner = own[0].owner or ""
        for exposure, currency, rows in _kinds(own):
            whose = (c.OWNER, f"$A{number}" if owner else EMPTY)
            criteria = (whose, (FOR_CASH, f"$D{number}"), _in_currency(currency, f"$B{number}"))
            yield Line(
                (
                    Cell(owner or NOBODY, "label" if not owner else ""),
                    Cell(currency or "no amount"),
                    Cell(len(rows), formula=breaks.area.count(*criteria)),
                    Cell(exposure.words),
                    _risk(report, breaks, rows, currency, *criteria),
                    Cell(max(break_.age_days for break_ in rows), span=3),
                )
            )
            number += 1


def by_age(every: Sequence[_Open], report: AnyReport, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """How many, and how much by what it means for cash, in each age; by first sight too, where that is another."""
    breaks = placed[BREAKS.name]
    if breaks.frame.empty:
        return
    yield section("How old it is, in days since it happened")
    names = [f"{first} to {last}" if last is not None else f"over {first - 1}" for first, last in AGES]
    yield header(("", "Currency", *names, "All"))
    counts = [sum(_is_aged(break_.age_days, age) for break_ in every) for age in AGES]
    yield _count_by_age("Breaks", counts, breaks, c.AGE_DAYS, row + 2)
    number = row + 3
    since_seen = [sum(_is_aged(break_.known_days, age) for break_ in every) for age in AGES]
    if since_seen != counts:
        yield _count_by_age("Breaks, by days since first seen", since_seen, breaks, c.KNOWN_DAYS, number)
        number += 1
    for exposure, currency, rows in _kinds(every):
        if currency is None:
            continue
        kind = ((FOR_CASH, f"$A{number}"), (c.CURRENCY, f"$B{number}"))
        cells = [
            _risk(report, breaks, aged, currency, *kind, *_between(c.AGE_DAYS, age))
            for age, aged in ((age, [break_ for break_ in rows if _is_aged(break_.age_days, age)]) for age in AGES)
        ]
        yield Line((Cell(exposure.words), Cell(currency), *cells, _risk(report, breaks, rows, currency, *kind)))
        number += 1


def _count_by_age(name: str, counts: list[int], breaks: PlacedSheet, column: str, row: int) -> Line:
    cells = [
        Cell(count, formula=breaks.area.count(*_between(column, age)))
        for age, count in zip(AGES, counts, strict=True)
    ]
    every = Cell(sum(counts), formula=f"SUM(C{row}:{column_letter(len(AGES) + 1)}{row})")
    return Line((Cell(name, "label"), Cell(""), *cells, every))


def by_cause(every: Sequence[_Open], report: AnyReport, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """Breaks of one cause as one group each, its members below it, the oldest first; two where it cuts both ways."""
    breaks = placed[BREAKS.name]
    groups: dict[tuple[str, str, str], list[_Open]] = {}
    for break_ in every:
        if break_.cause and break_.currency:
            groups.setdefault((break_.cause, break_.currency, break_.for_cash), []).append(break_)
    if not groups:
        return
    ways = Counter((cause, currency) for cause, currency, _ in groups)
    yield section("Breaks that have one cause: one thing to do each")
    yield header(
        ("Cause", "Currency", "Breaks", "Amount at risk", "Happened from", "Happened to", "What to do"), last=2
    )
    number = row + 2
    for (cause, currency, for_cash), rows in sorted(groups.items()):
        rows.sort(key=lambda break_: (break_.occurred_on is None, break_.occurred_on, break_.break_id))
        criteria = ((CAUSE, f'"{cause}"'), (c.CURRENCY, f"$B{number}"), (FOR_CASH, f'"{for_cash}"'))
        name = cause if ways[cause, currency] == 1 else f"{cause} ({for_cash})"
        days = [break_.occurred_on for break_ in rows if break_.occurred_on]
        suggestion = rows[0].suggestion
        yield Line(
            (
                Cell(name, "wrapped"),
                Cell(currency),
                Cell(len(rows), formula=breaks.area.count(*criteria)),
                _risk(report, breaks, rows, currency, *criteria),
                Cell(min(days, default="")),
                Cell(max(days, default="")),
                Cell(suggestion, "wrapped", span=2),
            ),
            max(height(name, 0, 1), height(suggestion, 6, COLUMNS)),
        )
        yield from _members(breaks, rows[:_MEMBERS], currency)
        more = len(rows) - _MEMBERS
        if more > 0:
            words = f"and {more:,} more: filter the Breaks sheet by its cause"
            yield Line((Cell("", "label"), Cell(words, "label", span=7)))
        number += 1 + min(len(rows), _MEMBERS) + (more > 0)


def _members(breaks: PlacedSheet, rows: Iterable[_Open], currency: str) -> Iterator[Line]:
    for break_ in rows:
        risk = Cell("") if break_.at_risk is None else Cell(Money(break_.at_risk, currency))
        subject = Cell(break_.subject_id, "link", span=2, link=breaks.link(break_.index))
        yield Line((Cell("", "label"), subject, risk, Cell(break_.occurred_on or "")))


def by_code(every: Sequence[_Open], report: AnyReport, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """One row per kind of break, what it means for cash, and currency; worst first, each with a link to its rows."""
    breaks = placed[BREAKS.name]
    yield section("Breaks by kind")
    if breaks.frame.empty:
        yield empty_block(breaks.empty)
        return
    yield header(("Break", "Severity", "Currency", "Breaks", "Amount at risk", "For cash", "Code"), last=2)
    groups: dict[tuple[str, str, str, str | None], list[_Open]] = {}  # the sheet is sorted, worst first; so are these
    for break_ in every:
        groups.setdefault((break_.severity, break_.code, break_.for_cash, break_.currency), []).append(break_)
    number = row + 2
    for (severity, code, for_cash, currency), rows in groups.items():
        criteria = (
            (c.SEVERITY, f"$B{number}"),
            (c.CODE, f"$G{number}"),
            (FOR_CASH, f"$F{number}"),
            _in_currency(currency, f"$C{number}"),
        )
        yield Line(
            (
                Cell(rows[0].title, "link", link=breaks.link(rows[0].index)),
                Cell(severity, severity_style(severity)),
                Cell(currency or "no amount"),
                Cell(len(rows), formula=breaks.area.count(*criteria)),
                _risk(report, breaks, rows, currency, *criteria),
                Cell(for_cash),
                Cell(code, span=2),
            )
        )
        number += 1
    yield total_of_counts("All breaks", len(every), 3, row + 2, number - 1)


def _kinds(breaks: Iterable[_Open]) -> Iterator[tuple[Exposure, str | None, list[_Open]]]:
    """Breaks by exposure and currency (null: those without one, last)."""
    kinds: dict[tuple[Exposure, str | None], list[_Open]] = {}
    for break_ in breaks:
        kinds.setdefault((break_.exposure, break_.currency), []).append(break_)
    rank = list(Exposure).index
    for exposure, currency in sorted(kinds, key=lambda kind: (rank(kind[0]), kind[1] is None, kind[1] or "")):
        yield exposure, currency, kinds[exposure, currency]


def _in_currency(currency: str | None, cell: str) -> Criterion:
    return (c.CURRENCY, cell if currency else EMPTY)


def _risk(
    report: AnyReport, breaks: PlacedSheet, rows: list[_Open], currency: str | None, *criteria: Criterion
) -> Cell:
    if not currency:
        return Cell("", "text")
    largest = max((abs(break_.at_risk or 0) for break_ in rows), default=0)
    total = Sum(_at_risk(rows), largest, currency)
    return total_cell(report.basis, breaks, c.AMOUNT_AT_RISK, total, *criteria)


def _at_risk(rows: Iterable[_Open]) -> int:
    return sum(break_.at_risk or 0 for break_ in rows)


def _between(column: str, age: tuple[int, int | None]) -> list[Criterion]:
    first, last = age
    upper = [] if last is None else [(column, f'"<={last}"')]
    return [(column, f'">={first}"'), *upper]


def _is_aged(days: int, age: tuple[int, int | None]) -> bool:
    first, last = age
    return first <= days and (last is None or days <= last)
