"""The Fees and VAT sheet: what was charged and what should have been, by month, and Omise's tax receipts."""

from __future__ import annotations

from recon import columns as c
from recon.columnar import pd
from reports.codes import BREAK_CODES, codes_of
from reports.report import Report
from reports.sheet import Block, Column, Grouping, Kind, Sheet, in_shape
from reports.totals import Totals

_NUMBERED = "numbered"  # this sheet's own column: of a receipt in its register, from 1


def _fee_lines(report: Report) -> pd.DataFrame:
    return in_shape(report.result.settlement.fees, c.FEE_LINES)


def _months(report: Report) -> pd.DataFrame:
    """Per month and currency: fees, interest and their VAT as charged; base, VAT and withholding tax on receipts."""
    lines = _fee_lines(report)
    if lines.empty:
        return c.VAT_MONTHS.empty()
    sums: dict[tuple[str, str, str], list[int]] = {}
    names = (c.ACCOUNT, c.MONTH, c.CURRENCY, c.KIND, c.FEE, c.INTEREST, c.FEE_VAT, c.INTEREST_VAT, c.WHT)
    for *key, kind, fee, interest, vat, interest_vat, withheld in c.plain_rows(lines, names):
        charged, receipts = (fee, interest, vat, interest_vat), (fee, vat)
        of_kind = ((0,) * 4, receipts) if kind == "receipt" else (charged, (0, 0))
        amounts = (*of_kind[0], *of_kind[1], withheld or 0)
        before = sums.get((*key,), (0,) * len(amounts))
        sums[*key,] = [one + more for one, more in zip(before, amounts, strict=True)]
    return c.VAT_MONTHS.from_rows((*key, *amounts) for key, amounts in sorted(sums.items()))


def _register(report: Report) -> pd.DataFrame:
    """Each receipt in the order of its day, numbered, and each day without one, with the break that tells of it."""
    lines = in_shape(report.result.settlement.receipt_lines, c.RECEIPT_LINES)
    receipts = lines[c.RECEIPT_ID].notna()
    own = {
        _NUMBERED: receipts.cumsum().astype("Int64").where(receipts),
        c.RECEIPT_NUMBER: lines[c.RECEIPT_NUMBER].fillna(lines[c.RECEIPT_ID]),
        BREAK_CODES: codes_of(report.result.breaks, c.SUBJECT_ID, lines[c.RECEIPT_ID]),
    }
    return lines.assign(**own)


SHEET = Sheet(
    order=80,
    name="Fees and VAT",
    columns=(
        Column("Month", c.MONTH, Kind.TEXT, 12),
        Column("Of", c.KIND, Kind.TEXT, 12),
        Column("Method", c.METHOD, Kind.TEXT, 22),
        Column("Card brand", c.CARD_BRAND, Kind.TEXT, 17),
        Column("Currency", c.CURRENCY, Kind.TEXT, 14),
        Column("How many", c.ROWS, Kind.COUNT, 14),
        Column("Gross", c.GROSS, Kind.MONEY, 17, c.CURRENCY),
        Column("Fee", c.FEE, Kind.MONEY, 15, c.CURRENCY),
        Column("Fee by the rates", c.EXPECTED_FEE, Kind.MONEY, 15, c.CURRENCY),
        Column("VAT on fee", c.FEE_VAT, Kind.MONEY, 15, c.CURRENCY),
        Column("VAT by the rates", c.EXPECTED_VAT, Kind.MONEY, 15, c.CURRENCY),
        Column("Interest", c.INTEREST, Kind.MONEY, 15, c.CURRENCY),
        Column("VAT on interest", c.INTEREST_VAT, Kind.MONEY, 19, c.CURRENCY),
        Column("Net", c.NET, Kind.MONEY, 17, c.CURRENCY),
        Column("Withheld", c.WHT, Kind.MONEY, 14, c.CURRENCY),
    ),
    rows=_fee_lines,
    empty="No fees.",
    printed=15,
    totals=Totals(
        (c.GROSS, c.FEE, c.EXPECTED_FEE, c.FEE_VAT, c.EXPECTED_VAT, c.INTEREST, c.INTEREST_VAT, c.NET, c.WHT),
        (c.KIND,),
        whole=(c.EXPECTED_FEE, c.EXPECTED_VAT),
    ),
    grouping=Grouping.EACH,
    below=(
        Block(
            "By month: fees, interest and their VAT as charged, and Omise's tax receipts issued on the days. Figures "
            "to work with: not a tax return, and filed nowhere",
            (
                Column("Month", c.MONTH, Kind.TEXT, 12),
                Column("Currency", c.CURRENCY, Kind.TEXT, 12),
                Column("Fees as charged", c.FEE, Kind.MONEY, 22, c.CURRENCY),
                Column("Interest as charged", c.INTEREST, Kind.MONEY, 14, c.CURRENCY),
                Column("VAT on fees as charged", c.FEE_VAT, Kind.MONEY, 14, c.CURRENCY),
                Column("VAT on interest", c.INTEREST_VAT, Kind.MONEY, 14, c.CURRENCY),
                Column("Receipts before VAT: base for withholding tax", c.BASE, Kind.MONEY, 17, c.CURRENCY),
                Column("VAT on receipts", c.VAT, Kind.MONEY, 15, c.CURRENCY),
                Column("Withheld on receipts", c.WHT, Kind.MONEY, 15, c.CURRENCY),
            ),
            _months,
            "No fees.",
            totals=Totals((c.FEE, c.INTEREST, c.FEE_VAT, c.INTEREST_VAT, c.BASE, c.VAT, c.WHT)),
        ),
        Block(
            "Omise's tax receipts one by one, beside what was paid and sent on their day (in Bangkok): fees with "
            "interest, VAT with that on interest, less what Omise gave back of its rounding",
            (
                Column("Day", c.DAY, Kind.TEXT, 12),
                Column("No.", _NUMBERED, Kind.COUNT, 12),
                Column("Tax receipt", c.RECEIPT_NUMBER, Kind.TEXT, 22),
                Column("Currency", c.CURRENCY, Kind.TEXT, 14),
                Column("How it stands", c.MATCH, Kind.WRAPPED, 14),
                Column("Base, before VAT", c.BASE, Kind.MONEY, 14, c.CURRENCY),
                Column("Fees in the ledger", c.FEE, Kind.MONEY, 17, c.CURRENCY),
                Column("Difference", c.BASE_DIFFERENCE, Kind.MONEY, 15, c.CURRENCY),
                Column("VAT", c.VAT, Kind.MONEY, 15, c.CURRENCY),
                Column("VAT in the ledger", c.FEE_VAT, Kind.MONEY, 15, c.CURRENCY),
                Column("Difference in VAT", c.VAT_DIFFERENCE, Kind.MONEY, 15, c.CURRENCY),
                Column("Withheld", c.WHT, Kind.MONEY, 15, c.CURRENCY),
                Column("Break", BREAK_CODES, Kind.BREAKS, 19),
            ),
            _register,
            "No receipts: Omise makes them for live accounts alone.",
            totals=Totals((c.BASE, c.FEE, c.BASE_DIFFERENCE, c.VAT, c.FEE_VAT, c.VAT_DIFFERENCE, c.WHT)),
        ),
    ),
)
