"""The Breaks sheet: every break that is not closed, worst first."""

import pandas as pd

from recon import columns as c
from recon.model import Severity
from recon.result.changes import open_breaks
from reports.report import Report
from reports.sheet import Column, Grouping, Kind, Sheet

ITS_ROW = "its_row"  # this sheet's own column: where the subject stands in the same file; reports.workbook.links
_RANK = {severity.word: -severity for severity in Severity}


def _rows(report: Report) -> pd.DataFrame:
    breaks = open_breaks(report.result.breaks)
    return breaks.assign(**{ITS_ROW: pd.Series([None] * len(breaks), index=breaks.index, dtype=c.TEXT)})


def _worst_first(breaks: pd.DataFrame) -> pd.DataFrame:
    # By code inside a severity, so that a link to a code's first row finds the others below it.
    keys = pd.DataFrame(
        {
            "rank": breaks[c.SEVERITY].map(_RANK).fillna(0).astype("int64"),
            "code": breaks[c.CODE],
            "currency": breaks[c.CURRENCY].fillna(""),
            "risk": -breaks[c.AMOUNT_AT_RISK].fillna(0).astype("int64"),
            "id": breaks[c.BREAK_ID],
        }
    )
    order = keys.sort_values(list(keys.columns)).index
    return breaks.loc[order].reset_index(drop=True)


SHEET = Sheet(
    order=20,
    name="Breaks",
    columns=(
        Column("Severity", c.SEVERITY, Kind.SEVERITY, 10),
        Column("Code", c.CODE, Kind.TEXT, 27),
        Column("Order", c.ORDER_ID, Kind.TEXT, 17),
        Column("Charge", c.CHARGE_ID, Kind.TEXT, 31),
        Column("Currency", c.CURRENCY, Kind.TEXT, 10),
        Column("Expected (ours)", c.EXPECTED, Kind.MONEY, 16, c.CURRENCY),
        Column("Actual (Omise or bank)", c.ACTUAL, Kind.MONEY, 16, c.CURRENCY),
        Column("Difference", c.DIFFERENCE, Kind.MONEY, 16, c.CURRENCY),
        Column("Amount at risk", c.AMOUNT_AT_RISK, Kind.MONEY, 16, c.CURRENCY),
        Column("Age, days", c.AGE_DAYS, Kind.COUNT, 7),
        Column("What is wrong", c.EXPLANATION, Kind.WRAPPED, 52),
        Column("What to do", c.SUGGESTION, Kind.WRAPPED, 44),
        Column("Its row", ITS_ROW, Kind.LINK, 20),
        Column("Due by", c.DUE_BY, Kind.MOMENT, 21),
        Column("Status", c.STATUS, Kind.TEXT, 17),
        Column("Owner", c.OWNER, Kind.TEXT, 14),
        Column("First seen", c.FIRST_SEEN, Kind.MOMENT, 21),
        Column("Subject", c.SUBJECT_TYPE, Kind.TEXT, 12),
        Column("Subject id", c.SUBJECT_ID, Kind.TEXT, 31),
        Column("Refund", c.REFUND_ID, Kind.TEXT, 31),
        Column("Transfer", c.TRANSFER_ID, Kind.TEXT, 31),
        Column("Transaction", c.TRANSACTION_ID, Kind.TEXT, 31),
        Column("Dispute", c.DISPUTE_ID, Kind.TEXT, 31),
        Column("Account", c.ACCOUNT, Kind.TEXT, 12),
        Column("Region", c.REGION, Kind.TEXT, 8),
        Column("Break", c.BREAK_ID, Kind.TEXT, 22),
    ),
    rows=_rows,
    empty="No breaks.",
    printed=11,
    frozen=2,
    arrange=_worst_first,
    grouping=Grouping.EACH,
)
