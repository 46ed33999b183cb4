"""The Settlement sheet: every transfer of the days, below each what it paid out, then what waits."""

from __future__ import annotations

from recon import columns as c
from recon.columnar import np, pd
from recon.settlement.ledger import places
from reports.report import Report
from reports.sheet import Block, Column, Grouping, Kind, Sheet, typed_as
from reports.totals import Totals

TRANSFER = "transfer"  # the row that says the whole; the others are its parts


def _rows(report: Report) -> pd.DataFrame:
    """Each transfer in a row of its own, then the credits it took, oldest first."""
    payouts = report.result.settlement.payouts
    parts = report.result.settlement.parts
    if payouts.empty:
        return c.SETTLEMENT_LINES.empty()
    transfers = payouts.assign(**{c.KIND: TRANSFER})
    transfer_numbers = np.concatenate(
        [np.arange(len(transfers)), places(transfers[c.TRANSFER_ID], parts[c.TRANSFER_ID])]
    )
    lines = pd.concat([transfers, parts], ignore_index=True)
    ordered = lines.iloc[np.argsort(transfer_numbers, kind="stable")].reset_index(drop=True)
    return typed_as(ordered, c.SETTLEMENT_LINES)


def _unpaid(report: Report) -> pd.DataFrame:
    """Credits that are not paid out yet, by day and kind: how many, and what is left of them."""
    unpaid = report.result.settlement.unpaid
    if unpaid.empty:
        return c.UNPAID_DAYS.empty()
    days = unpaid[c.AVAILABLE_AT].dt.tz_convert(report.zone).dt.strftime("%Y-%m-%d")
    keys = [c.ACCOUNT, c.DAY, c.KIND, c.CURRENCY]
    sums = unpaid.assign(**{c.DAY: days, c.ROWS: 1}).groupby(keys, sort=True)[[c.ROWS, c.AMOUNT]].sum()
    return typed_as(sums.reset_index(), c.UNPAID_DAYS)


SHEET = Sheet(
    order=30,
    name="Settlement",
    columns=(
        Column("Transfer", c.TRANSFER_ID, Kind.TEXT, 31),
        Column("Line", c.KIND, Kind.TEXT, 10),
        Column("Charge", c.CHARGE_ID, Kind.TEXT, 31),
        Column("Currency", c.CURRENCY, Kind.TEXT, 10),
        Column("Amount", c.AMOUNT, Kind.MONEY, 16, c.CURRENCY),
        Column("Explained", c.EXPLAINED, Kind.MONEY, 16, c.CURRENCY),
        Column("Unexplained", c.UNEXPLAINED, Kind.MONEY, 15, c.CURRENCY),
        Column("Gross", c.GROSS, Kind.MONEY, 16, c.CURRENCY),
        Column("Fee", c.FEE, Kind.MONEY, 13, c.CURRENCY),
        Column("VAT on fee", c.FEE_VAT, Kind.MONEY, 13, c.CURRENCY),
        Column("Interest", c.INTEREST, Kind.MONEY, 13, c.CURRENCY),
        Column("Other than sales", c.OTHER, Kind.MONEY, 15, c.CURRENCY),
        Column("Transfer fee", c.TOTAL_FEE, Kind.MONEY, 13, c.CURRENCY),
        Column("Net to the bank", c.NET, Kind.MONEY, 16, c.CURRENCY),
        Column("Sent at", c.SENT_AT, Kind.MOMENT, 21),
        Column("Paid at", c.PAID_AT, Kind.MOMENT, 21),
        Column("Free from", c.AVAILABLE_AT, Kind.MOMENT, 21),
        Column("Transaction", c.TRANSACTION_ID, Kind.TEXT, 31),
        Column("Origin", c.ORIGIN, Kind.TEXT, 31),
    ),
    rows=_rows,
    empty="No transfers.",
    printed=14,
    totals=Totals(
        (c.AMOUNT, c.EXPLAINED, c.UNEXPLAINED, c.GROSS, c.FEE, c.FEE_VAT, c.INTEREST, c.OTHER, c.TOTAL_FEE, c.NET),
        (c.KIND,),
    ),
    frozen=2,
    grouping=Grouping.EACH,
    below=(
        Block(
            "Not paid out yet, by the day from which it can be",
            (
                Column("Free from", c.DAY, Kind.TEXT, 31),
                Column("From", c.KIND, Kind.TEXT, 10),
                Column("Credits", c.ROWS, Kind.COUNT, 31),
                Column("Currency", c.CURRENCY, Kind.TEXT, 10),
                Column("Left", c.AMOUNT, Kind.MONEY, 16, c.CURRENCY),
            ),
            _unpaid,
            "Everything is paid out.",
            totals=Totals((c.AMOUNT,), (c.KIND,)),
        ),
    ),
)
