"""The lines from the payouts that left a balance to what of them is at the bank."""

from enum import StrEnum


class PayoutLine(StrEnum):
    """In the order in which they are shown. From SENT to NET, and from NET to IN_TRANSIT, the lines add up."""

    SENT = "sent"  # gross, as the ledger booked it in the days
    FEES = "transfer_fees"  # with their VAT
    NOT_AS_SAID = "not_as_the_transfer_says"
    NET = "net"
    FAILED = "failed"
    AT_BANK = "at_the_bank"  # credited in the days, or before
    KEPT_BY_BANK = "kept_by_the_bank"
    IN_TRANSIT = "in_transit"  # at the end of the days
    CLEARED = "cleared_afterwards"  # of them, as of the moment
    STILL_IN_TRANSIT = "still_in_transit"
    FEES_RETURNED = "transfer_fees_returned"  # in the days, with payouts that came back whole; absent: none


class HeldLine(StrEnum):
    """What stands between the credits that are not paid out and the bank."""

    FREE = "free"  # can be paid out by the as-of day
    ON_HOLD = "on_hold"
    BEYOND = "beyond"  # debits that took more than what was free, less what was there before the ledger begins
    ON_ITS_WAY = "on_its_way"  # left the balance, not at the bank yet: net
