"""The Refunds sheet: every refund of the range and every open one, with both sides' sums."""

from __future__ import annotations

from recon import columns as c
from recon.columnar import pd
from reports.codes import BREAK_CODES, codes_of
from reports.report import Report
from reports.sheet import Column, Grouping, Kind, Sheet, in_shape
from reports.totals import Totals


def _rows(report: Report) -> pd.DataFrame:
    refunds = in_shape(report.result.details.refunds, c.REFUND_LIST)
    breaks = report.result.breaks
    of_refunds = breaks[breaks[c.CODE].str.startswith("refund_")] if len(breaks) else breaks
    by_refund = codes_of(breaks, c.REFUND_ID, refunds[c.REFUND_ID])
    by_order = codes_of(of_refunds, c.ORDER_ID, refunds[c.ORDER_ID])
    by_charge = codes_of(of_refunds, c.CHARGE_ID, refunds[c.CHARGE_ID])
    return refunds.assign(**{BREAK_CODES: by_refund.fillna(by_order).fillna(by_charge)})


SHEET = Sheet(
    order=70,
    name="Refunds",
    columns=(
        Column("Refund", c.REFUND_ID, Kind.TEXT, 31),
        Column("Order", c.ORDER_ID, Kind.TEXT, 17),
        Column("Method", c.METHOD, Kind.TEXT, 22),
        Column("Status", c.STATUS, Kind.WORDS, 15),
        Column("Order status", c.ORDER_STATUS, Kind.WORDS, 17),
        Column("Currency", c.CURRENCY, Kind.TEXT, 10),
        Column("This refund", c.AMOUNT, Kind.MONEY, 15, c.CURRENCY),
        Column("Order, at the shop", c.SHOP_REFUNDED, Kind.MONEY, 15, c.CURRENCY),
        Column("Order, at Omise", c.OMISE_REFUNDED, Kind.MONEY, 15, c.CURRENCY),
        Column("Difference", c.DIFFERENCE, Kind.MONEY, 15, c.CURRENCY),
        Column("What it is", c.REFUND_NOTE, Kind.TEXT, 36),
        Column("Created", c.CREATED_AT, Kind.MOMENT, 21),
        Column("Refundable until", c.WINDOW_END, Kind.MOMENT, 21),
        Column("Break", BREAK_CODES, Kind.BREAKS, 30),
        Column("Charge", c.CHARGE_ID, Kind.TEXT, 31),
    ),
    rows=_rows,
    empty="No refunds.",
    printed=14,
    totals=Totals((c.AMOUNT,), (c.STATUS,)),
    grouping=Grouping.EACH,
)
