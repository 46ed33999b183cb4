"""The Balance proof sheet: opening + credits - debits = closing, day by day, beside what Omise said."""

from recon import columns as c
from reports.sheet import Block, Column, Grouping, Kind, Sheet, in_shape

SHEET = Sheet(
    order=40,
    name="Balance proof",
    columns=(
        Column("Day", c.DAY, Kind.TEXT, 12),
        Column("Currency", c.CURRENCY, Kind.TEXT, 10),
        Column("Opening", c.OPENING, Kind.MONEY, 18, c.CURRENCY),
        Column("Credits", c.CREDITS, Kind.MONEY, 18, c.CURRENCY),
        Column("Debits", c.DEBITS, Kind.MONEY, 18, c.CURRENCY),
        Column("Closing", c.CLOSING, Kind.MONEY, 18, c.CURRENCY),
        Column("Balance as Omise says", c.TOTAL, Kind.MONEY, 18, c.CURRENCY),
        Column("Difference", c.DIFFERENCE, Kind.MONEY, 16, c.CURRENCY),
        Column("Transferable", c.TRANSFERABLE, Kind.MONEY, 18, c.CURRENCY),
        Column("On hold", c.ON_HOLD, Kind.MONEY, 18, c.CURRENCY),
        Column("Reserve", c.RESERVE, Kind.MONEY, 16, c.CURRENCY),
    ),
    rows=lambda report: in_shape(report.result.settlement.days, c.BALANCE_DAYS),
    empty="No days.",
    printed=11,
    grouping=Grouping.EACH,
    below=(
        Block(
            "What moved the balance in the days (unknown: nobody here has seen such a movement before)",
            (
                Column("From", c.KIND, Kind.TEXT, 12),
                Column("Currency", c.CURRENCY, Kind.TEXT, 10),
                Column("Amount", c.AMOUNT, Kind.MONEY, 18, c.CURRENCY),
                Column("Direction", c.DIRECTION, Kind.TEXT, 18),
                Column("Movements", c.ROWS, Kind.COUNT, 18),
                Column("Omise's key", c.KEY, Kind.TEXT, 30),
            ),
            lambda report: in_shape(report.result.settlement.moves, c.MOVES),
            "No movements.",
        ),
    ),
)
