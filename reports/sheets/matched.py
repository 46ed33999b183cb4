"""The Matched sheet: every order with the charge that pays it."""

from __future__ import annotations

from recon import columns as c
from recon.columnar import pa, pc, pd
from reports.report import Report
from reports.sheet import Column, Kind, Sheet, in_shape
from reports.totals import Totals

PAYMENT = "payment"  # this sheet's own column: 1 for an order's first charge, so that orders can be counted


def _rows(report: Report) -> pd.DataFrame:
    matched = in_shape(report.result.matched, c.MATCHED)
    orders = matched[c.ORDER_ID]
    order_ids = pa.array(orders)  # sorted by the order's creation and id: rows of one order lie together
    several = pc.any(pc.equal(order_ids[1:], order_ids[:-1])).as_py()
    payment = orders.groupby(orders).cumcount() + 1 if several else 1
    return matched.assign(**{PAYMENT: payment}).astype({PAYMENT: c.COUNT})


SHEET = Sheet(
    order=50,
    name="Matched",
    columns=(
        Column("Order", c.ORDER_ID, Kind.TEXT, 17),
        Column("Charge", c.CHARGE_ID, Kind.TEXT, 31),
        Column("Matched by", c.MATCHED_BY, Kind.TEXT, 14),
        Column("Method", c.METHOD, Kind.TEXT, 22),
        Column("Currency", c.CURRENCY, Kind.TEXT, 10),
        Column("Order amount", c.ORDER_AMOUNT, Kind.MONEY, 16, c.CURRENCY),
        Column("Charge amount", c.CHARGE_AMOUNT, Kind.MONEY, 16, c.CURRENCY),
        Column("Refunded", c.REFUNDED_AMOUNT, Kind.MONEY, 14, c.CURRENCY),
        Column("Settled in", c.FUNDING_CURRENCY, Kind.TEXT, 11),
        Column("Gross", c.FUNDING_AMOUNT, Kind.MONEY, 16, c.FUNDING_CURRENCY),
        Column("Fee", c.FEE, Kind.MONEY, 13, c.FUNDING_CURRENCY),
        Column("VAT on fee", c.FEE_VAT, Kind.MONEY, 13, c.FUNDING_CURRENCY),
        Column("Net", c.NET, Kind.MONEY, 16, c.FUNDING_CURRENCY),
        Column("Paid at", c.PAID_AT, Kind.MOMENT, 21),
        Column("Card brand", c.CARD_BRAND, Kind.TEXT, 17),
        Column("Order status", c.ORDER_STATUS, Kind.WORDS, 17),
        Column("Charge status", c.CHARGE_STATUS, Kind.WORDS, 13),
        Column("Ordered at", c.ORDER_CREATED_AT, Kind.MOMENT, 21),
        Column("Charged at", c.CREATED_AT, Kind.MOMENT, 21),
        Column("Implied rate", c.IMPLIED_RATE, Kind.TEXT, 14),
        Column("Payment of the order", PAYMENT, Kind.COUNT, 12),
    ),
    rows=_rows,
    empty="No matched orders.",
    printed=14,
    totals=Totals((c.ORDER_AMOUNT, c.CHARGE_AMOUNT, c.REFUNDED_AMOUNT, c.FUNDING_AMOUNT, c.FEE, c.FEE_VAT, c.NET)),
)
