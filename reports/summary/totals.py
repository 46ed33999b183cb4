"""How much was compared and matched, by currency, and what is not final yet: formulas over the sheets."""

from collections.abc import Iterator

import pandas as pd

from recon import columns as c
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
from reports.summary.parts import PlacedSheets, assert_ties, empty_block, exact_sum, header, section, sum_cell

_WAITING = {
    "charge": "payments not finished, or authorised and not captured",
    "refund": "refunds on their way to the payer",
    "dispute": "disputes that are not decided",
    "transfer": "payouts on their way to the bank",
    "order": "orders that ask for a refund",
}


def counts(report: Report, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """Orders, charges and the rest, with the match rate."""
    result, matched, rejected = report.result, placed[MATCHED.name], placed[REJECTED.name]
    assert_ties(
        "matched orders by currency", sum(one.matched_orders for one in result.currencies), result.matched_orders
    )
    assert_ties("rejected rows", len(rejected.frame), result.rejected_rows)
    elsewhere = result.matched_orders - _orders(matched.frame)
    rate = Cell("not applicable")
    if result.match_rate is not None:
        rate = Cell(result.match_rate, formula=f"F{row + 2}/F{row + 1}")
    pairs = (
        ("Orders", Cell(result.orders), "Orders that expect a charge", Cell(result.expecting_orders)),
        (
            "Charges",
            Cell(result.charges),
            "Matched orders",
            Cell(
                result.matched_orders, formula=matched.count((PAYMENT, "1")) + (f"+F{row + 6}" if elsewhere else "")
            ),
        ),
        ("Refunds", Cell(result.refunds), "Match rate", rate),
        (
            "Transfers",
            Cell(result.transfers),
            "Rejected rows",
            Cell(result.rejected_rows, formula=rejected.count_numbers(c.ROW), link=rejected.link()),
        ),
        ("Ledger transactions", Cell(result.transactions), "Ignored rows", Cell(result.ignored_rows)),
    )
    yield section("What was compared")
    for name, value, other, right in pairs:
        filler = Cell("", "label", span=2)
        yield Line((Cell(name, "label"), value, Cell("", "label"), Cell(other, "label", span=2), right, filler))
    if elsewhere:
        note = "of these not on the Matched sheet: their break was closed by a person, or its rule is switched off"
        yield Line((Cell(note, "label", span=5), Cell(elsewhere), Cell("", "label", span=2)))


def currencies(report: Report, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """Totals per presentment currency."""
    totals = sorted(report.result.currencies, key=lambda total: total.currency)
    unknown = set(placed[BREAKS.name].frame[c.CURRENCY].dropna()) - {total.currency for total in totals}
    assert not unknown, f"breaks have currencies that the result's totals lack: {sorted(unknown)}"
    titles = ["Currency", "Orders", "Charges", "Matched orders", "Amount matched", "Amount open"]
    others = [_elsewhere(placed[MATCHED.name], total) for total in totals]
    if any(others):
        titles += ["Matched, not on its sheet", "Their amount"]
    yield section("By currency (never added together; open is what the breaks put at risk)")
    yield header(tuple(titles))
    for number, (total, other) in enumerate(zip(totals, others, strict=True), start=row + 2):
        cells = _currency(report, placed, total, number, other)
        orders, missing = other or (0, 0)
        shown = (Cell(orders), Cell(Money(missing, total.currency))) if any(others) else ()
        yield Line((*cells, *shown))
    if not totals:
        yield empty_block("No orders and no charges.")


def _currency(
    report: Report, placed: PlacedSheets, total: CurrencyTotals, row: int, other: tuple[int, int] | None
) -> tuple[Cell, ...]:
    matched, breaks = placed[MATCHED.name], placed[BREAKS.name]
    here = (c.CURRENCY, f"$A{row}")
    risk = breaks.frame[breaks.frame[c.CURRENCY] == total.currency]
    open_ = sum_cell(report.basis, breaks, risk, c.AMOUNT_AT_RISK, total.currency, here)
    assert_ties(f"amount open in {total.currency}", exact_sum(risk[c.AMOUNT_AT_RISK]), total.amount_open)
    paid = _matched_in(matched, total.currency)
    paid_here = sum_cell(report.basis, matched, paid, c.ORDER_AMOUNT, total.currency, here)
    plus = (f"+G{row}", f"+H{row}") if other else ("", "")
    orders = Cell(total.matched_orders, formula=matched.count((PAYMENT, "1"), here) + plus[0])
    formula = paid_here.formula and paid_here.formula + plus[1]
    paid_amount = Cell(Money(total.amount_matched, total.currency), formula=formula)
    return (Cell(total.currency), Cell(total.orders), Cell(total.charges), orders, paid_amount, open_)


def _elsewhere(matched: PlacedSheet, total: CurrencyTotals) -> tuple[int, int] | None:
    """How many orders, and how much, count as matched without a row; None where the sheet holds all of them.

    Such are orders whose break a person has closed or whose rule is switched off, and, where several charges pay
    one order, what the tolerance allows between them.
    """
    mine = _matched_in(matched, total.currency)
    orders = total.matched_orders - _orders(mine)
    missing = total.amount_matched - exact_sum(mine[c.ORDER_AMOUNT])
    if orders == 0 and (mine[PAYMENT] == 1).all():
        assert_ties(f"amount matched in {total.currency}", -missing, 0)
    return (orders, missing) if orders or missing else None


def _matched_in(matched: PlacedSheet, currency: str) -> pd.DataFrame:
    """The two columns that are summed: a copy of all would be as large as the sheet."""
    names = [PAYMENT, c.ORDER_AMOUNT]
    return matched.frame.loc[(matched.frame[c.CURRENCY] == currency).to_numpy(dtype=bool), names]


def _orders(matched: pd.DataFrame) -> int:
    return int((matched[PAYMENT] == 1).sum())


def waiting(report: Report, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """What is not final yet, by what it is and currency: how much of it, and how much is late."""
    pending = placed[PENDING.name]
    if pending.frame.empty:
        return
    yield section("Not final yet (on the Pending sheet; late is what was due before the as-of day)")
    yield header(("What", "Currency", "Count", "Of these late", "Amount", "That is"), last=3)
    frame, number = pending.frame, row + 2
    for _, group in frame.groupby([c.SUBJECT_TYPE, c.CURRENCY], sort=True):
        kind, currency = group[[c.SUBJECT_TYPE, c.CURRENCY]].iloc[0].tolist()
        of = ((c.SUBJECT_TYPE, f"$A{number}"), (c.CURRENCY, f"$B{number}"))
        late = int((group[DAYS_LEFT] < 0).sum())
        yield Line(
            (
                Cell(kind.capitalize(), "link", link=pending.link(group.index.tolist()[0])),
                Cell(currency),
                Cell(len(group), formula=pending.count(*of)),
                Cell(late, formula=pending.count(*of, (DAYS_LEFT, '"<0"'))),
                sum_cell(report.basis, pending, group, c.AMOUNT, currency, *of),
                Cell(_WAITING.get(kind, ""), span=3),
            )
        )
        number += 1
