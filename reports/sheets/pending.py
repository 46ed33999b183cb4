"""The Pending sheet: what is not final yet and when it should be, and which payments failed and why."""

from __future__ import annotations

from typing import Any

from recon import columns as c
from recon.columnar import np, pd
from reports.codes import BREAK_CODES, ID_COLUMNS, codes_by_id
from reports.report import Report
from reports.sheet import Block, Column, Grouping, Kind, Sheet, in_shape
from reports.totals import Totals

DAYS_LEFT = "days_left"  # the sheets' own column


def days_left(due_by: pd.Series[Any], report: Report) -> pd.Series[Any]:
    """Whole days from the as-of day to each moment's; negative: late."""
    days = (c.local_days(due_by, report.zone) - np.datetime64(report.as_of_day)).astype(np.int64)
    is_missing = due_by.isna().to_numpy(dtype=bool)
    return pd.Series(pd.arrays.IntegerArray(np.where(is_missing, 0, days), is_missing), index=due_by.index)


def _rows(report: Report) -> pd.DataFrame:
    waiting = in_shape(report.result.waiting, c.WAITING)
    types = waiting[c.SUBJECT_TYPE].tolist()
    codes = {name: codes_by_id(report.result.breaks, ID_COLUMNS[name]) for name in {*types} & {*ID_COLUMNS}}
    own = [codes.get(name, {}).get(id_) for name, id_ in zip(types, waiting[c.SUBJECT_ID].tolist(), strict=True)]
    shown = pd.Series(own, index=waiting.index, dtype=c.TEXT)
    return waiting.assign(**{DAYS_LEFT: days_left(waiting[c.DUE_BY], report), BREAK_CODES: shown})


_FAILURES = Block(
    title="Failed payments of the range, by method and reason (share: of all payments tried with the method)",
    columns=(
        Column("Method", c.METHOD, Kind.TEXT, 11),
        Column("Reason (failure code)", c.FAILURE_CODE, Kind.TEXT, 31),
        Column("Status", c.STATUS, Kind.WORDS, 17),
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
        Column("Status", c.STATUS, Kind.WORDS, 17),
        Column("Currency", c.CURRENCY, Kind.TEXT, 10),
        Column("Amount", c.AMOUNT, Kind.MONEY, 16, c.CURRENCY),
        Column("Created", c.CREATED_AT, Kind.MOMENT, 21),
        Column("Due", c.DUE_BY, Kind.MOMENT, 21),
        Column("Days left", DAYS_LEFT, Kind.COUNT, 10),
        Column("Break", BREAK_CODES, Kind.BREAKS, 34),
        Column("Charge", c.CHARGE_ID, Kind.TEXT, 31),
    ),
    rows=_rows,
    empty="Nothing is pending.",
    printed=11,
    totals=Totals((c.AMOUNT,), (c.SUBJECT_TYPE,)),
    below=(_FAILURES,),
    grouping=Grouping.EACH,
)
