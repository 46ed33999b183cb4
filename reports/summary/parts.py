"""What the blocks of a Summary are put together from: titles, headers, sums over sheets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict, Unpack

from recon.columnar import pd
from recon.model import hundredths_of
from recon.money import Money
from reports.report import Basis
from reports.sheet import ROW_POINTS, AnyReport, Cell, Criterion, Line, PlacedSheet, column_letter
from reports.totals import Sum, exact_sum
from reports.workbook.paper import lines_of, points_of
from reports.workbook.styles import total_money_style

WIDTHS = (32, 19, 19, 21, 19, 19, 19, 19)
COLUMNS = len(WIDTHS)
GAP = Line(height=10)
PlacedSheets = Mapping[str, PlacedSheet]
Block = Callable[[Any, PlacedSheets, int], Iterable[Line]]  # of a report or a group, and the row it begins in
_LINE_POINTS = 13.0


def page_lines(blocks: Sequence[Block], report: AnyReport, placed: PlacedSheets, row: int = 1) -> list[Line]:
    """The lines of blocks below each other from a row on, a gap after each that has any."""
    lines: list[Line] = []
    for block in blocks:
        block_lines = list(block(report, placed, row + len(lines)))
        lines += [*block_lines, GAP] if block_lines else []
    return lines


def section(text: str, *, starts: bool = True) -> Line:
    """The title of a block."""
    return Line((Cell(text, "section", span=COLUMNS),), 21, starts)


def header(titles: tuple[str, ...], last: int = 1) -> Line:
    """`last`: over how many columns the last title goes."""
    spans = [*(1 for _ in titles[1:]), last]
    rooms = (points_of(WIDTHS[at : at + span]) + 12 for at, span in enumerate(spans))
    wraps = any(lines_of(title, room, bold=True) > 1 for title, room in zip(titles, rooms, strict=True))
    cells = tuple(Cell(title, "header", span=span) for title, span in zip(titles, spans, strict=True))
    return Line(cells, 30 if wraps else 18)


def empty_block(text: str) -> Line:
    """Words where a block has no rows."""
    return Line((Cell(text, "text", span=COLUMNS),))


def height(text: str, start: int, stop: int) -> float:
    """Points for a text that wraps over these columns: merged cells do not grow by themselves."""
    rows = lines_of(text, points_of(WIDTHS[start:stop]))
    return max(ROW_POINTS, rows * _LINE_POINTS + 2)


def rate_cell(matched: int, expecting: int, matched_at: str, expecting_at: str) -> Cell:
    """A match rate with its formula, over the cells of its figures."""
    value = hundredths_of(matched, expecting) / 10_000
    return Cell(value, formula=f"INT(10000*{matched_at}/{expecting_at})/10000")


def sum_cell(
    basis: Basis, placed: PlacedSheet, frame: pd.DataFrame, name: str, currency: str, *criteria: Criterion
) -> Cell:
    """A SUMIFS over a frame's column with its value."""
    known = frame[name].dropna()
    largest = int(known.abs().max()) if len(known) else 0
    return total_cell(basis, placed, name, Sum(exact_sum(known), largest, currency), *criteria)


def total_cell(basis: Basis, placed: PlacedSheet, name: str, total: Sum, *criteria: Criterion) -> Cell:
    """A SUMIFS with its value; the value alone where a cell under it, or itself, is too large for a number."""
    money = Money(total.amount or 0, total.currency)
    exact = basis.is_number(money) and basis.is_number(Money(total.largest, total.currency))
    formula = placed.area.total(name, basis.currencies.exponent(total.currency), *criteria) if exact else ""
    return Cell(money, formula=formula)


class Shown(TypedDict, total=False):
    """How an amount's line stands: formulas of amount and count, where its name leads, whether it is a total."""

    formula: str
    count_formula: str
    link: str
    is_total: bool


def amount_line(
    basis: Basis, name: str, count: int | None, amount: Money | None, about: str, **shown: Unpack[Shown]
) -> Line:
    """What, how many, how much, and in words over the columns that are left; a formula only where it is exact."""
    total = shown.get("is_total", False)
    link = shown.get("link", "")
    blank = Cell("", "total" if total else "text")
    money = blank
    if amount is not None:
        exact = basis.is_number(amount)
        style = total_money_style(amount.currency) if total and exact else ""
        money = Cell(amount, style, formula=shown.get("formula", "") if exact else "")
    count_formula = shown.get("count_formula", "")
    counted = blank if count is None else Cell(count, "total count" if total else "", formula=count_formula)
    words = Cell(about, "total" if total else "wrapped", span=COLUMNS - 3)
    name_cell = Cell(name, "total" if total else "link" if link else "wrapped", link=link)
    if link and height(name, 0, 1) > ROW_POINTS:  # LibreOffice does not wrap a link
        name_cell = Cell(name, "wrapped")
        words = Cell(about or "The rows", "link", span=COLUMNS - 3, link=link)
    cells = (name_cell, counted, money, words)
    return Line(cells, max(height(name, 0, 1), height(about, 3, COLUMNS)))


def total_of_counts(words: str, count: int, at: int, first: int, last: int) -> Line:
    """The line below rows of a block that adds up their counts in the column `at`, from 0."""
    letter = column_letter(at)
    total = Cell(count, "total count", formula=f"SUM({letter}{first}:{letter}{last})")
    between = [Cell("", "total") for _ in range(at - 1)]
    return Line((Cell(words, "total"), *between, total, Cell("", "total", span=COLUMNS - at - 1)))


def assert_ties(figure: str, sheets_sum: int, stated: int) -> None:
    """Stops a file whose sheets do not come to what the result says."""
    assert sheets_sum == stated, (
        f"{figure}: the sheets come to {sheets_sum}, the result says {stated}; nothing is written"
    )
