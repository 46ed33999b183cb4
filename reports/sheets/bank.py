"""The Bank sheet: each transfer beside its bank credit, what has no other side first."""

from __future__ import annotations

from recon import columns as c
from recon.columnar import pd
from reports.report import Report
from reports.sheet import Column, Grouping, Kind, Sheet, in_shape
from reports.totals import Totals

_OPEN = (c.NO_CREDIT, c.NOT_READ, c.NO_TRANSFER, c.OTHER_AMOUNT)


def _rows(report: Report) -> pd.DataFrame:
    """A credit that no transfer explains is a difference as a whole; what has no credit yet has none."""
    frame = in_shape(report.result.settlement.banked, c.BANKED)
    unexplained = frame[c.DIFFERENCE].mask(frame[c.MATCH] == c.NO_TRANSFER, frame[c.AMOUNT])
    return frame.assign(**{c.DIFFERENCE: unexplained})


def _open_first(frame: pd.DataFrame) -> pd.DataFrame:
    settled = ~frame[c.MATCH].isin(_OPEN)
    return frame.loc[settled.sort_values(kind="stable").index].reset_index(drop=True)


SHEET = Sheet(
    order=100,
    name="Bank",
    columns=(
        Column("Found by", c.MATCH, Kind.TEXT, 18),
        Column("Transfer", c.TRANSFER_ID, Kind.TEXT, 31),
        Column("Paid on", c.PAID_ON, Kind.TEXT, 12),
        Column("Currency", c.CURRENCY, Kind.TEXT, 10),
        Column("Net of the transfer", c.NET, Kind.MONEY, 17, c.CURRENCY),
        Column("Bank credit", c.AMOUNT, Kind.MONEY, 17, c.CURRENCY),
        Column("Difference", c.DIFFERENCE, Kind.MONEY, 15, c.CURRENCY),
        Column("Booked on", c.BOOKED_ON, Kind.TEXT, 12),
        Column("Text", c.DESCRIPTION, Kind.TEXT, 40),
        Column("Reference", c.REFERENCE, Kind.TEXT, 26),
        Column("Line", c.LINE_ID, Kind.TEXT, 34),
    ),
    rows=_rows,
    empty="No transfers and no bank credits of these days; without [bank.NAME] there are none.",
    printed=10,
    totals=Totals((c.NET, c.AMOUNT, c.DIFFERENCE), whole=(c.DIFFERENCE,)),
    arrange=_open_first,
    grouping=Grouping.EACH,
)
