"""The Fees and VAT sheet: what was charged and what should have been, then a VAT return's lines."""

import pandas as pd

from recon import columns as c
from reports.report import Report
from reports.sheet import Block, Column, Grouping, Kind, Sheet, in_shape, typed_as
from reports.totals import Totals


def _fee_lines(report: Report) -> pd.DataFrame:
    return in_shape(report.result.settlement.fees, c.FEE_LINES)


def _returns(report: Report) -> pd.DataFrame:
    """Per month and currency: fees, interest and their VAT as charged; base, VAT and withholding tax on receipts."""
    lines = _fee_lines(report)
    if lines.empty:
        return c.VAT_RETURN.empty()
    receipts = lines[c.KIND] == "receipt"
    fees = lines[c.FEE] + lines[c.INTEREST]
    parts = lines[[c.ACCOUNT, c.MONTH, c.CURRENCY]].assign(
        **{
            c.FEE: fees.where(~receipts, 0),
            c.FEE_VAT: (lines[c.FEE_VAT] + lines[c.INTEREST_VAT]).where(~receipts, 0),
            c.BASE: lines[c.FEE].where(receipts, 0),
            c.VAT: lines[c.FEE_VAT].where(receipts, 0),
            c.WHT: lines[c.WHT].fillna(0).astype("int64"),
        }
    )
    sums = parts.groupby([c.ACCOUNT, c.MONTH, c.CURRENCY], sort=True).sum().reset_index()
    return typed_as(sums, c.VAT_RETURN)


SHEET = Sheet(
    order=80,
    name="Fees and VAT",
    columns=(
        Column("Month", c.MONTH, Kind.TEXT, 12),
        Column("Of", c.KIND, Kind.TEXT, 12),
        Column("Method", c.METHOD, Kind.TEXT, 22),
        Column("Card brand", c.CARD_BRAND, Kind.TEXT, 14),
        Column("Currency", c.CURRENCY, Kind.TEXT, 14),
        Column("How many", c.ROWS, Kind.COUNT, 14),
        Column("Gross", c.GROSS, Kind.MONEY, 17, c.CURRENCY),
        Column("Fee", c.FEE, Kind.MONEY, 15, c.CURRENCY),
        Column("Fee by the rates", c.EXPECTED_FEE, Kind.MONEY, 15, c.CURRENCY),
        Column("VAT on fee", c.FEE_VAT, Kind.MONEY, 15, c.CURRENCY),
        Column("VAT by the rates", c.EXPECTED_VAT, Kind.MONEY, 15, c.CURRENCY),
        Column("Interest", c.INTEREST, Kind.MONEY, 15, c.CURRENCY),
        Column("VAT on interest", c.INTEREST_VAT, Kind.MONEY, 15, c.CURRENCY),
        Column("Net", c.NET, Kind.MONEY, 17, c.CURRENCY),
        Column("Withheld", c.WHT, Kind.MONEY, 14, c.CURRENCY),
    ),
    rows=_fee_lines,
    empty="No fees.",
    printed=15,
    totals=Totals(
        (c.GROSS, c.FEE, c.EXPECTED_FEE, c.FEE_VAT, c.EXPECTED_VAT, c.INTEREST, c.INTEREST_VAT, c.NET, c.WHT),
        (c.KIND,),
    ),
    grouping=Grouping.EACH,
    below=(
        Block(
            "For the VAT return: charges and transfers of the days, and Omise's tax receipts issued on them",
            (
                Column("Month", c.MONTH, Kind.TEXT, 12),
                Column("Currency", c.CURRENCY, Kind.TEXT, 12),
                Column("Fees and interest as charged", c.FEE, Kind.MONEY, 22, c.CURRENCY),
                Column("VAT as charged", c.FEE_VAT, Kind.MONEY, 14, c.CURRENCY),
                Column("Receipts before VAT", c.BASE, Kind.MONEY, 14, c.CURRENCY),
                Column("VAT on receipts", c.VAT, Kind.MONEY, 14, c.CURRENCY),
                Column("Withholding tax on receipts", c.WHT, Kind.MONEY, 14, c.CURRENCY),
            ),
            _returns,
            "No fees.",
        ),
        Block(
            "Omise's tax receipts by day (in Bangkok), beside what was paid and sent on it: fees with interest, VAT "
            "with that on interest, less what Omise gave back of its rounding",
            (
                Column("Day", c.DAY, Kind.TEXT, 12),
                Column("Currency", c.CURRENCY, Kind.TEXT, 12),
                Column("How it stands", c.MATCH, Kind.TEXT, 22),
                Column("Receipts", c.ROWS, Kind.COUNT, 14),
                Column("Receipts before VAT", c.BASE, Kind.MONEY, 14, c.CURRENCY),
                Column("Fees in the ledger", c.FEE, Kind.MONEY, 14, c.CURRENCY),
                Column("Difference", c.BASE_DIFFERENCE, Kind.MONEY, 14, c.CURRENCY),
                Column("VAT on receipts", c.VAT, Kind.MONEY, 14, c.CURRENCY),
                Column("VAT in the ledger", c.FEE_VAT, Kind.MONEY, 14, c.CURRENCY),
                Column("Difference in VAT", c.VAT_DIFFERENCE, Kind.MONEY, 14, c.CURRENCY),
                Column("Withheld", c.WHT, Kind.MONEY, 14, c.CURRENCY),
            ),
            lambda report: in_shape(report.result.settlement.receipts, c.RECEIPT_DAYS),
            "No receipts: Omise makes them for live accounts alone.",
        ),
    ),
)
