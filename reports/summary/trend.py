"""The ranges before this one, each by its last run, with this one: match rate and open breaks, as rows and charts."""

from collections.abc import Iterator
from dataclasses import dataclass

from recon import columns as c
from recon.model import Result
from recon.result.changes import open_breaks
from reports.report import Report
from reports.sheet import Cell, Chart, Line
from reports.summary.parts import PlacedSheets, empty_block, header, rate_cell, section

_CHART = (408.0, 165.0)  # points
_CHART_ROWS = 12
_SECOND = 4  # the column where the second chart begins


@dataclass(frozen=True, slots=True)
class _Point:
    """One range: its days (ISO), orders and open breaks."""

    first: str
    last: str
    matched: int
    expecting: int
    breaks: int
    rate_known: bool = True


def trend(report: Report, _: PlacedSheets, row: int) -> Iterator[Line]:
    """A row per range and two charts below; words where there is no earlier range of this length."""
    result = report.result
    yield section("Over time (earlier ranges of this length, each by its last run)")
    earlier = list(_earlier(result))
    if not earlier:
        yield empty_block("No earlier range of this length has been run.")
        return
    points = [*earlier, _this(result)]
    yield header(("From", "To", "Matched", "Expect a charge", "Match rate", "Open breaks"))
    for number, point in enumerate(points, start=row + 2):
        yield _line(point, number)
    yield from _charts(row + 2, row + 1 + len(points))


def _earlier(result: Result) -> Iterator[_Point]:
    past = result.details.past
    for row in () if past.empty else c.plain_rows(past, c.PAST.names):
        yield _Point(*row)


def _this(result: Result) -> _Point:
    days = (result.first_day.isoformat(), result.last_day.isoformat())
    counted = (result.matched_orders, result.expecting_orders, len(open_breaks(result.breaks)))
    return _Point(*days, *counted, result.rate_known)


def _line(point: _Point, row: int) -> Line:
    rate = Cell("not applicable" if point.rate_known else "not known")
    if point.expecting and point.rate_known:
        rate = rate_cell(point.matched, point.expecting, f"C{row}", f"D{row}")
    numbers = (Cell(point.matched), Cell(point.expecting), rate, Cell(point.breaks))
    return Line((Cell(point.first), Cell(point.last), *numbers))


def _charts(first: int, last: int) -> Iterator[Line]:
    rate = Chart("Match rate", 0, 4, first, last, "0.0%", 0, _CHART)
    breaks = Chart("Open breaks", 0, 5, first, last, "#,##0", _SECOND, _CHART, bars=True)
    yield Line()
    yield Line(charts=(rate, breaks))
    yield from (Line() for _ in range(_CHART_ROWS - 1))
