"""The accounts of the merchant's books that a journal needs, and the kinds of its entries."""

from enum import StrEnum
from typing import Self

from recon.model import BalanceLine


class LedgerAccount(StrEnum):
    """The closed list, each with its label for people; the words are those of `[journal.accounts]`.

    Its order is that of an entry's lines.
    """

    label: str

    def __new__(cls, word: str, label: str = "") -> Self:
        """The word alone is the value, and finds the account."""
        account = str.__new__(cls, word)
        account._value_ = word
        account.label = label
        return account

    CLEARING = "clearing", "Omise clearing"
    ORDERS_CLEARING = "orders_clearing", "Orders clearing"
    CASH_IN_TRANSIT = "cash_in_transit", "Cash in transit"
    BANK = "bank", "Bank"
    FEES = "fees", "Payment fees"
    FEE_VAT_PENDING = "fee_vat_pending", "Input VAT not yet due"
    FEE_VAT = "fee_vat", "Input VAT claimable"
    INTEREST = "interest", "Instalment interest"
    REFUNDS = "refunds", "Refunds"
    DISPUTED = "disputed", "Disputed funds"
    CHARGEBACK_LOSS = "chargeback_loss", "Chargeback losses"
    TRANSFER_FEES = "transfer_fees", "Transfer fees"
    BANK_CHARGES = "bank_charges", "Bank charges"
    FX_DIFFERENCE = "fx_difference", "Exchange differences"
    ROUNDING = "rounding", "Rounding"
    WRITE_OFF = "write_off", "Write-offs"
    SUSPENSE = "suspense", "Omise suspense"


class EntryKind(StrEnum):
    """What an entry books, with its short name (an entry's number has it) and its label for people.

    First, under the words of BalanceLine, what moved the balance, then what did not.
    """

    short: str
    label: str

    def __new__(cls, word: str, short: str = "", label: str = "") -> Self:
        """The word alone is the value, and finds the kind."""
        kind = str.__new__(cls, word)
        kind._value_ = str(word)
        kind.short = short
        kind.label = label
        return kind

    SALES = BalanceLine.SALES, "SAL", "Sales"
    FEES = BalanceLine.FEES, "FEE", "Payment fees"
    FEE_VAT = BalanceLine.FEE_VAT, "VAT", "VAT on payment fees"
    INTEREST = BalanceLine.INTEREST, "INT", "Instalment interest"
    INTEREST_VAT = BalanceLine.INTEREST_VAT, "IVT", "VAT on instalment interest"
    REFUNDS = BalanceLine.REFUNDS, "REF", "Refunds"
    VOIDS = BalanceLine.VOIDS, "VOI", "Voids"
    DISPUTES_OPENED = BalanceLine.DISPUTES_OPENED, "DSO", "Disputes opened"
    DISPUTES_WON = BalanceLine.DISPUTES_WON, "DSW", "Disputes won"
    RECEIPT_ADJUSTMENTS = BalanceLine.RECEIPT_ADJUSTMENTS, "RCA", "Adjustments by receipts"
    OTHER = BalanceLine.OTHER, "OTH", "Other bookings of Omise"
    PAYOUTS = BalanceLine.PAYOUTS, "PAY", "Payouts"
    PAYOUTS_RETURNED = BalanceLine.PAYOUTS_RETURNED, "PRT", "Payouts returned"
    VAT_CLAIMABLE = "vat_claimable", "VTC", "VAT with a tax receipt"
    DISPUTES_LOST = "disputes_lost", "DSL", "Disputes lost"
    BANK_CREDITS = "bank_credits", "BNK", "Payouts at the bank"
    BANK_FEES = "bank_fees", "BFE", "Bank fees on payouts"
    WRITE_OFFS = "write_offs", "WOF", "Write-offs"
