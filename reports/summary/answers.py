"""What a controller asks first, of one account: what was sold, kept, given back, paid out, is left, is to be done."""

from collections.abc import Sequence
from dataclasses import dataclass

from recon import columns as c
from recon.model import BalanceLine, PayoutLine, Result, nearest_hundredths
from recon.result.changes import open_breaks

KEPT_BY_BANK = "Kept by the bank"
_NAMES = (
    "Sold",
    "Kept by Omise",
    "Given back",
    "Paid out",
    "At the bank",
    KEPT_BY_BANK,
    "In transit",
    "Still at Omise",
    "To be cleared up",
    "To be booked",
)
JOURNAL = "Journal"
BREAKS = "Breaks"
KEPT = (BalanceLine.FEES, BalanceLine.FEE_VAT, BalanceLine.INTEREST, BalanceLine.INTEREST_VAT)
_FEES_OF_PAYOUTS = (PayoutLine.FEES, PayoutLine.FEES_RETURNED)
_GIVEN_BACK = (BalanceLine.REFUNDS, BalanceLine.VOIDS, BalanceLine.DISPUTES_OPENED, BalanceLine.DISPUTES_WON)


def lines_of(result: Result, currency: str) -> dict[str, tuple[int | None, int]]:
    """Of an account and currency the waterfall's lines, how many rows and the amount; empty where there is none."""
    frame = result.settlement.waterfall
    own = frame[frame[c.CURRENCY] == currency] if len(frame) else frame
    if not len(own):
        return {}
    return {line: (rows, amount) for line, rows, amount in c.plain_rows(own, (c.LINE, c.ROWS, c.AMOUNT))}


def payout_lines_of(result: Result) -> dict[str, tuple[int, int]]:
    """The same of the payouts; nothing where nothing was paid out."""
    frame = result.settlement.paid_out
    cells = c.plain_rows(frame, (c.LINE, c.ROWS, c.AMOUNT)) if len(frame) else ()
    return {line: (rows, amount) for line, rows, amount in cells}


@dataclass(frozen=True)
class Short:
    """One line that answers a question at once: what, how many, how much, in words; `keys` are the lines it sums."""

    name: str
    count: int | None
    amount: int | None
    about: str
    keys: tuple[str, ...] = ()
    sign: str = ""
    sheet: str = ""


def names_together(answers: Sequence[Sequence[Short]]) -> list[str]:
    """What short answers of several accounts are called, each once and in their order: not every account has all."""
    names = {answer.name for of_account in answers for answer in of_account}
    return [name for name in _NAMES if name in names]


def short_answers(result: Result) -> list[Short]:
    """Sold, kept, given back, paid out, at the bank, in transit, still at Omise, to be cleared, to be booked."""
    payouts = payout_lines_of(result)
    amounts = {**lines_of(result, result.account.currency), **payouts}

    def total(keys: Sequence[str]) -> int:
        return sum(amounts.get(key, (0, 0))[1] for key in keys)

    def count(keys: Sequence[str]) -> int:
        return sum(amounts.get(key, (0, 0))[0] or 0 for key in keys)

    kept: tuple[str, ...] = (*KEPT, *(line for line in _FEES_OF_PAYOUTS if line in payouts))
    less = " less those that came back" if PayoutLine.FEES_RETURNED in payouts else ""
    share = _share(-total(kept), total((BalanceLine.SALES,)))
    about_kept = f"Fees, interest, their VAT, fees of payouts{less}{share}."
    rows = [
        Short("Sold", count((BalanceLine.SALES,)), total((BalanceLine.SALES,)), "Sales.", (BalanceLine.SALES,)),
        Short("Kept by Omise", None, -total(kept), about_kept, kept, "-"),
        Short("Given back", count(_GIVEN_BACK), -total(_GIVEN_BACK), "Refunds, voids, disputes.", _GIVEN_BACK, "-"),
    ]
    if payouts:
        sent = (PayoutLine.NET,)
        bank = (PayoutLine.AT_BANK,)
        lost = (PayoutLine.KEPT_BY_BANK,)
        transit = (PayoutLine.IN_TRANSIT,)
        rows += [
            Short("Paid out", count(sent), total(sent), "Sent to the bank, after the fees of payouts.", sent),
            Short("At the bank", count(bank), -total(bank), "Of these payouts, until the last day.", bank, "-"),
            Short(KEPT_BY_BANK, count(lost), -total(lost), "Its fees, or a credit of another sum.", lost, "-"),
            Short("In transit", count(transit), total(transit), "Of these payouts, after the last day.", transit),
        ]
        rows = [row for row in rows if row.name != KEPT_BY_BANK or row.amount]
    else:
        rows.append(Short("Paid out", 0, 0, "Nothing was paid out in these days."))
    closing = (BalanceLine.CLOSING,)
    rows.append(Short("Still at Omise", None, total(closing), "The balance at the end of the days.", closing))
    still_open = len(open_breaks(result.breaks))
    about = "Breaks that are open; by what they mean for cash and by owner further below."
    rows.append(Short("To be cleared up", still_open, None, about, sheet=BREAKS))
    if len(result.journal):
        entries = int(result.journal[c.ENTRY].nunique())
        rows.append(Short("To be booked", entries, None, "Entries on the Journal sheet.", sheet=JOURNAL))
    return rows


def _share(part: int, whole: int) -> str:
    """In hundredths of a percent, half up."""
    if whole <= 0 or part <= 0:
        return ""
    hundredths = nearest_hundredths(part, whole)
    return f", {hundredths // 100}.{hundredths % 100:02d} % of what was sold"
