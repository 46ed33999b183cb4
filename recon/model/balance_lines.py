"""The lines that lead from a balance's opening to its closing, and on to what Omise read."""

from enum import StrEnum


class BalanceLine(StrEnum):
    """In the order in which they are shown; the words are those of the public JSON."""

    OPENING = "opening"
    SALES = "sales"
    FEES = "fees"
    FEE_VAT = "fee_vat"
    INTEREST = "interest"
    INTEREST_VAT = "interest_vat"
    REFUNDS = "refunds"
    VOIDS = "voids"
    DISPUTES_OPENED = "disputes_opened"
    DISPUTES_WON = "disputes_won"
    RECEIPT_ADJUSTMENTS = "receipt_adjustments"
    OTHER = "other"
    PAYOUTS = "payouts"  # gross: the transfers' amounts
    PAYOUTS_RETURNED = "payouts_returned"
    CLOSING = "closing"
    BOOKED_SINCE = "booked_since"  # between the closing and the reading
    READING = "reading"
    DIFFERENCE = "difference"


_ALL = tuple(BalanceLine)
MOVING_LINES = _ALL[_ALL.index(BalanceLine.SALES) : _ALL.index(BalanceLine.CLOSING)]
