"""Do Omise's tax receipts say what their days' charges and transfers cost? A part of the group "Ledger and fees"."""

from __future__ import annotations

from collections.abc import Iterator

from recon import columns as c
from recon.arrays import Mask
from recon.columnar import np, pd
from recon.model import Break, Exposure, Severity
from recon.rules.rule import Rule
from recon.settings import Context
from recon.settlement import RECEIPT_TOLERANCE
from recon.settlement.receipts import issued_on
from recon.triage import Judged

GROUP = "Ledger and fees"
_LINES = ((c.BASE, c.FEE, c.BASE_DIFFERENCE, "fees"), (c.VAT, c.FEE_VAT, c.VAT_DIFFERENCE, "VAT"))


def waits_for_lists(judged: Judged) -> Mask:
    """Per receipt whether a list of its account does not add up, which may hold what a difference lacks."""
    receipts = judged.books.receipts
    if not len(receipts):
        return np.zeros(0, dtype=bool)
    return c.is_in(receipts[c.ACCOUNT], [name for name, lists in judged.incomplete.items() if lists])


def differing(judged: Judged, receipts: Mask) -> pd.DataFrame:
    """Days (RECEIPT_DAYS) of these receipts that differ, each with its first receipt."""
    days = judged.settled.receipts
    wrong = days[c.equals(days, c.MATCH, c.DIFFERS)]
    if not len(wrong) or not receipts.any():
        return wrong.iloc[:0].assign(**{c.RECEIPT_ID: []})
    rows = judged.books.receipts.assign(**{c.DAY: issued_on(judged.books.receipts)})[receipts]
    first = rows.sort_values([c.CREATED_AT, c.RECEIPT_ID]).drop_duplicates([c.ACCOUNT, c.DAY, c.CURRENCY])
    keys = [c.ACCOUNT, c.DAY, c.CURRENCY]
    return wrong.merge(first[[*keys, c.RECEIPT_ID]], on=keys)


def _receipt_differs(rule: Rule, judged: Judged, context: Context) -> Iterator[Break]:
    """One break per account, day and currency; the first receipt of the day is the subject."""
    receipts_of_days = judged.scope.receipts & ~waits_for_lists(judged)
    if not receipts_of_days.any():
        return
    for row in differing(judged, receipts_of_days).to_dict("records"):
        currency = row[c.CURRENCY]
        count = int(row[c.ROWS])
        money = {name: int(row[name]) for line in _LINES for name in line[:3]}

        def words(amount: int, currency: str = currency) -> str:
            return context.currencies.words(amount, currency)

        receipts = f"Receipt {row[c.RECEIPT_ID]} of {row[c.DAY]} says"
        if count > 1:
            receipts = f"The {count} receipts of {row[c.DAY]} ({row[c.RECEIPT_ID]} the first) say"
        lines = [
            f"{line} of {words(money[said])} where the day's charges and transfers have {words(money[booked])}"
            for said, booked, difference, line in _LINES
            if abs(money[difference]) > context.count(rule.code, "tolerance", RECEIPT_TOLERANCE) * count
        ]
        yield rule.on(
            context,
            row[c.ACCOUNT],
            row[c.RECEIPT_ID],
            f"{receipts} {', and '.join(lines)} (paid or sent on that day in Bangkok).",
            currency=currency,
            expected=money[c.FEE] + money[c.FEE_VAT],
            actual=money[c.BASE] + money[c.VAT],
            amount_at_risk=abs(money[c.BASE_DIFFERENCE]) + abs(money[c.VAT_DIFFERENCE]),
        )


RULES = (
    Rule(
        "receipt_mismatch",
        Severity.MEDIUM,
        "receipt",
        "Omise's tax receipts of a day say other fees or VAT than that day's charges and transfers.",
        "Claim only the VAT that the receipt says, and ask Omise for a corrected receipt or for what the rest is.",
        find=_receipt_differs,
        thresholds={"tolerance": RECEIPT_TOLERANCE},
        title="Tax receipt and fees differ",
        exposure=Exposure.NO_CASH,
    ),
)
