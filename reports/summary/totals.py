"""How much was compared and matched, by currency, and what is not final yet: formulas over the sheets."""

from __future__ import annotations

from collections.abc import Iterator

from recon import columns as c
from recon.columnar import pd
from recon.model import CurrencyTotals
from recon.money import Money
from reports.report import Report
from reports.sheet import Cell, Line, PlacedSheet
from reports.sheets.breaks import SHEET as BREAKS
from reports.sheets.matched import PAYMENT
from reports.sheets.matched import SHEET as MATCHED
from reports.sheets.pending import DAYS_LEFT
from reports.sheets.pending import SHEET as PENDING
from reports.sheets.rejected import SHEET as REJECTED
from reports.summary.parts import PlacedSheets, assert_ties, empty_block, header, rate_cell, section, sum_cell
from reports.totals import exact_sum

_WAITING = {
    "charge": "not finished, not captured, or too young for an order",
    "refund": "refunds on their way to the payer",
    "dispute": "disputes that are not decided",
    "transfer": "payouts on their way to the bank",
    "order": "asking for a refund, or too young for a charge",
}


def counts(report: Report, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """Orders, charges and the rest, with the match rate."""
    result = report.result
    matched = placed[MATCHED.name]
    rejected = placed[REJECTED.name]
    assert_ties(
        "matched orders by currency", sum(total.matched_orders for total in result.currencies), result.matched_orders
    )
    assert_ties("rejected rows", len(rejected.frame), result.rejected_rows)
    off_sheet = result.matched_orders - _orders(matched.frame)
    on_sheet = matched.area.count((PAYMENT, "1"))
    rate = Cell(result.match_rate_words)
    if result.match_rate is not None:
        rate = rate_cell(result.matched_orders, result.expecting_orders, f"F{row + 2}", f"F{row + 1}")
    pairs = (
        ("Orders", Cell(result.orders), "Orders that expect a charge", Cell(result.expecting_orders)),
        (
            "Charges",
            Cell(result.charges),
            "Matched orders",
            Cell(result.matched_orders, formula=on_sheet + (f"+F{row + 6}" if off_sheet else "")),
        ),
        ("Refunds", Cell(result.refunds), "Match rate", rate),
        (
            "Transfers",
            Cell(result.transfers),
            "Rejected rows",
            Cell(result.rejected_rows, formula=rejected.area.count_numbers(c.ROW), link=rejected.link()),
        ),
        ("Ledger transactions", Cell(result.transactions), "Ignored rows", Cell(result.ignored_rows)),
    )
    yield section("What was compared")
    for name, value, other, right in pairs:
        filler = Cell("", "label", span=2)
        yield Line((Cell(name, "label"), value, Cell("", "label"), Cell(other, "label", span=2), right, filler))
    if off_sheet:
        note = "of these not on the Matched sheet: a person closed their break, or this kind is not looked for"
        yield Line((Cell(note, "label", span=5), Cell(off_sheet), Cell("", "label", span=2)))


def currencies(report: Report, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """Totals per presentment currency."""
    totals = sorted(report.result.currencies, key=lambda total: total.currency)
    unknown = set(placed[BREAKS.name].frame[c.CURRENCY].dropna()) - {total.currency for total in totals}
    assert not unknown, f"breaks have currencies that the result's totals lack: {sorted(unknown)}"
    titles = ["Currency", "Orders", "Charges", "Matched orders", "Amount matched"]
    off_sheet = [_off_sheet(placed[MATCHED.name], total) for total in totals]
    if any(off_sheet):
        titles += ["Matched, not on its sheet", "Their amount"]
    yield section("By currency (never added together)")
    yield header(tuple(titles))
    for number, (total, missing) in enumerate(zip(totals, off_sheet, strict=True), start=row + 2):
        cells = _currency(report, placed, total, number, missing)
        orders, missing_amount = missing or (0, 0)
        shown = (Cell(orders), Cell(Money(missing_amount, total.currency))) if any(off_sheet) else ()
        yield Line((*cells, *shown))
    if not totals:
        yield empty_block("No orders and no charges.")


def _currency(
    report: Report, placed: PlacedSheets, total: CurrencyTotals, row: int, missing: tuple[int, int] | None
) -> tuple[Cell, ...]:
    matched = placed[MATCHED.name]
    in_currency = (c.CURRENCY, f"$A{row}")
    paid = _matched_in(matched, total.currency)
    paid_here = sum_cell(report.basis, matched, paid, c.ORDER_AMOUNT, total.currency, in_currency)
    plus_orders, plus_amount = (f"+F{row}", f"+G{row}") if missing else ("", "")
    orders = Cell(total.matched_orders, formula=matched.area.count((PAYMENT, "1"), in_currency) + plus_orders)
    formula = paid_here.formula and paid_here.formula + plus_amount
    paid_amount = Cell(Money(total.amount_matched, total.currency), formula=formula)
    return (Cell(total.currency), Cell(total.orders), Cell(total.charges), orders, paid_amount)


def _off_sheet(matched: PlacedSheet, total: CurrencyTotals) -> tuple[int, int] | None:
    """How many orders, and how much, count as matched without a row; None where the sheet holds all of them.

    Such are orders whose break a person has closed or whose rule is switched off, and, where several charges pay
    one order, what the tolerance allows between them.
    """
    on_sheet = _matched_in(matched, total.currency)
    orders = total.matched_orders - _orders(on_sheet)
    missing = total.amount_matched - exact_sum(on_sheet[c.ORDER_AMOUNT])
    if orders == 0 and (on_sheet[PAYMENT] == 1).all():
        assert_ties(f"amount matched in {total.currency}", -missing, 0)
    return (orders, missing) if orders or missing else None


def _matched_in(matched: PlacedSheet, currency: str) -> pd.DataFrame:
    """The two columns that are summed: a copy of all would be as large as the sheet."""
    names = [PAYMENT, c.ORDER_AMOUNT]
    return matched.frame.loc[c.equals(matched.frame, c.CURRENCY, currency), names]


def _orders(matched: pd.DataFrame) -> int:
    return int((matched[PAYMENT] == 1).sum())


def waiting(report: Report, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """What is not final yet, by what it is and currency: how much of it, and how much is late."""
    pending = placed[PENDING.name]
    if pending.frame.empty:
        return
    yield section("Not final yet (on the Pending sheet; late is what was due before the as-of day)")
    yield header(("What", "Currency", "Count", "Of these late", "Amount", "That is"), last=3)
    frame = pending.frame
    number = row + 2
    for _, group in frame.groupby([c.SUBJECT_TYPE, c.CURRENCY], sort=True):
        kind, currency = group[[c.SUBJECT_TYPE, c.CURRENCY]].iloc[0].tolist()
        criteria = ((c.SUBJECT_TYPE, f"$A{number}"), (c.CURRENCY, f"$B{number}"))
        late = int((group[DAYS_LEFT] < 0).sum())
        yield Line(
            (
                Cell(kind.capitalize(), "link", link=pending.link(group.index.tolist()[0])),
                Cell(currency),
                Cell(len(group), formula=pending.area.count(*criteria)),
                Cell(late, formula=pending.area.count(*criteria, (DAYS_LEFT, '"<0"'))),
                sum_cell(report.basis, pending, group, c.AMOUNT, currency, *criteria),
                Cell(_WAITING.get(kind, ""), span=3),
            )
        )
        number += 1
