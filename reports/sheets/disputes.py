"""The Disputes sheet: every dispute of the range and every undecided one."""

import pandas as pd

from recon import columns as c
from reports.codes import BREAK_CODES, codes_of
from reports.report import Report
from reports.sheet import Column, Grouping, Kind, Sheet, in_shape
from reports.totals import Totals


def _rows(report: Report) -> pd.DataFrame:
    disputes = in_shape(report.result.details.disputes, c.DISPUTE_LIST)
    codes = codes_of(report.result.breaks, c.DISPUTE_ID, disputes[c.DISPUTE_ID])
    return disputes.assign(**{BREAK_CODES: codes})


SHEET = Sheet(
    order=90,
    name="Disputes",
    columns=(
        Column("Dispute", c.DISPUTE_ID, Kind.TEXT, 31),
        Column("Status", c.STATUS, Kind.TEXT, 11),
        Column("Age, days", c.AGE_DAYS, Kind.COUNT, 8),
        Column("Reason", c.REASON_CODE, Kind.TEXT, 30),
        Column("Order", c.ORDER_ID, Kind.TEXT, 17),
        Column("Order status", c.ORDER_STATUS, Kind.TEXT, 17),
        Column("Method", c.METHOD, Kind.TEXT, 18),
        Column("Currency", c.CURRENCY, Kind.TEXT, 10),
        Column("Amount", c.AMOUNT, Kind.MONEY, 16, c.CURRENCY),
        Column("Opened", c.CREATED_AT, Kind.MOMENT, 21),
        Column("Closed", c.CLOSED_AT, Kind.MOMENT, 21),
        Column("Break", BREAK_CODES, Kind.TEXT, 16),
        Column("Charge", c.CHARGE_ID, Kind.TEXT, 31),
        Column("Settled in", c.FUNDING_CURRENCY, Kind.TEXT, 11),
        Column("Amount taken back", c.FUNDING_AMOUNT, Kind.MONEY, 16, c.FUNDING_CURRENCY),
    ),
    rows=_rows,
    empty="No disputes.",
    printed=12,
    totals=Totals((c.AMOUNT, c.FUNDING_AMOUNT), (c.STATUS,)),
    grouping=Grouping.EACH,
)
