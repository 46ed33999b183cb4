"""The Pending sheet: what is not final yet and when it should be, and which payments failed and why."""

from __future__ import annotations

from typing import Any

from recon import columns as c
from recon.columnar import pd
from reports.codes import BREAK_CODES, ID_COLUMNS, codes_of
from reports.report import Report
from reports.sheet import Block, Column, Grouping, Kind, Sheet, in_shape
from reports.totals import Totals

DAYS_LEFT = "days_left"  # the sheets' own column


def days_left(due_by: pd.Series[Any], report: Report) -> pd.Series[Any]:
    """Whole days from the as-of day to each moment's; negative: late."""
    due = due_by.dt.tz_convert(report.zone).dt.tz_localize(None).dt.normalize()
    days: pd.Series[Any] = (due - pd.Timestamp(report.as_of_day)).dt.days.astype("Int64")
    return days


def _rows(report: Report) -> pd.DataFrame:
    waiting = in_shape(report.result.waiting, c.WAITING)
    codes = pd.Series([None] * len(waiting), index=waiting.index, dtype=c.TEXT)
    for subject_type, id_column in ID_COLUMNS.items():
        of_type = waiting[c.SUBJECT_TYPE] == subject_type
        codes = codes.where(~of_type, codes_of(report.result.breaks, id_column, waiting[c.SUBJECT_ID]))
    return waiting.assign(**{DAYS_LEFT: days_left(waiting[c.DUE_BY], report), BREAK_CODES: codes})


_FAILURES = Block(
    title="Failed payments of the range, by method and reason (share: of all payments tried with the method)",
    columns=(
        Column("Method", c.METHOD, Kind.TEXT, 11),
        Column("Reason (failure code)", c.FAILURE_CODE, Kind.TEXT, 31),
        Column("Status", c.STATUS, Kind.TEXT, 17),
        Column("Failed", c.ROWS, Kind.COUNT, 22),
        Column("Share", c.RATE, Kind.RATE, 17),
        Column("Currency", c.CURRENCY, Kind.TEXT, 10),
        Column("Amount", c.AMOUNT, Kind.MONEY, 16, c.CURRENCY),
        Column("Tried with the method", c.ATTEMPTS, Kind.COUNT, 21),
        Column("Of these paid by another charge", c.PAID_OTHERWISE, Kind.COUNT, 21),
    ),
    rows=lambda report: in_shape(report.result.details.failures, c.FAILURES),
    empty="No payment failed.",
)
SHEET = Sheet(
    order=60,
    name="Pending",
    columns=(
        Column("What", c.SUBJECT_TYPE, Kind.TEXT, 22),
        Column("Id", c.SUBJECT_ID, Kind.TEXT, 31),
        Column("Order", c.ORDER_ID, Kind.TEXT, 17),
        Column("Method", c.METHOD, Kind.TEXT, 22),
        Column("Status", c.STATUS, Kind.TEXT, 17),
        Column("Currency", c.CURRENCY, Kind.TEXT, 10),
        Column("Amount", c.AMOUNT, Kind.MONEY, 16, c.CURRENCY),
        Column("Created", c.CREATED_AT, Kind.MOMENT, 21),
        Column("Due", c.DUE_BY, Kind.MOMENT, 21),
        Column("Days left", DAYS_LEFT, Kind.COUNT, 10),
        Column("Break", BREAK_CODES, Kind.TEXT, 30),
        Column("Charge", c.CHARGE_ID, Kind.TEXT, 31),
    ),
    rows=_rows,
    empty="Nothing is pending.",
    printed=11,
    totals=Totals((c.AMOUNT,), (c.SUBJECT_TYPE,)),
    below=(_FAILURES,),
    grouping=Grouping.EACH,
)
