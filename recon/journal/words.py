"""The accounts of the merchant's books that a journal needs, and the kinds of its entries."""

from collections.abc import Mapping
from enum import StrEnum

from recon.model import BalanceLine


class LedgerAccount(StrEnum):
    """The closed list; the words are those of `[journal.accounts]`, the order that of an entry's lines."""

    CLEARING = "clearing"
    ORDERS_CLEARING = "orders_clearing"
    CASH_IN_TRANSIT = "cash_in_transit"
    BANK = "bank"
    FEES = "fees"
    FEE_VAT_PENDING = "fee_vat_pending"
    FEE_VAT = "fee_vat"
    INTEREST = "interest"
    REFUNDS = "refunds"
    DISPUTED = "disputed"
    CHARGEBACK_LOSS = "chargeback_loss"
    TRANSFER_FEES = "transfer_fees"
    BANK_CHARGES = "bank_charges"
    FX_DIFFERENCE = "fx_difference"
    ROUNDING = "rounding"
    WRITE_OFF = "write_off"
    SUSPENSE = "suspense"

    @property
    def label(self) -> str:
        """For people."""
        return _LABELS[self]


_LABELS: Mapping[LedgerAccount, str] = {
    LedgerAccount.CLEARING: "Omise clearing",
    LedgerAccount.ORDERS_CLEARING: "Orders clearing",
    LedgerAccount.CASH_IN_TRANSIT: "Cash in transit",
    LedgerAccount.BANK: "Bank",
    LedgerAccount.FEES: "Payment fees",
    LedgerAccount.FEE_VAT_PENDING: "Input VAT not yet due",
    LedgerAccount.FEE_VAT: "Input VAT claimable",
    LedgerAccount.INTEREST: "Instalment interest",
    LedgerAccount.REFUNDS: "Refunds",
    LedgerAccount.DISPUTED: "Disputed funds",
    LedgerAccount.CHARGEBACK_LOSS: "Chargeback losses",
    LedgerAccount.TRANSFER_FEES: "Transfer fees",
    LedgerAccount.BANK_CHARGES: "Bank charges",
    LedgerAccount.FX_DIFFERENCE: "Exchange differences",
    LedgerAccount.ROUNDING: "Rounding",
    LedgerAccount.WRITE_OFF: "Write-offs",
    LedgerAccount.SUSPENSE: "Omise suspense",
}


class EntryKind(StrEnum):
    """What an entry books: first, under the words of BalanceLine, what moved the balance, then what did not."""

    SALES = BalanceLine.SALES
    FEES = BalanceLine.FEES
    FEE_VAT = BalanceLine.FEE_VAT
    INTEREST = BalanceLine.INTEREST
    INTEREST_VAT = BalanceLine.INTEREST_VAT
    REFUNDS = BalanceLine.REFUNDS
    VOIDS = BalanceLine.VOIDS
    DISPUTES_OPENED = BalanceLine.DISPUTES_OPENED
    DISPUTES_WON = BalanceLine.DISPUTES_WON
    RECEIPT_ADJUSTMENTS = BalanceLine.RECEIPT_ADJUSTMENTS
    OTHER = BalanceLine.OTHER
    PAYOUTS = BalanceLine.PAYOUTS
    PAYOUTS_RETURNED = BalanceLine.PAYOUTS_RETURNED
    VAT_CLAIMABLE = "vat_claimable"
    DISPUTES_LOST = "disputes_lost"
    BANK_CREDITS = "bank_credits"
    BANK_FEES = "bank_fees"
    WRITE_OFFS = "write_offs"

    @property
    def short(self) -> str:
        """As an entry's number has it."""
        return _WORDS[self][0]

    @property
    def label(self) -> str:
        """For people."""
        return _WORDS[self][1]


_WORDS: Mapping[EntryKind, tuple[str, str]] = {
    EntryKind.SALES: ("SAL", "Sales"),
    EntryKind.FEES: ("FEE", "Payment fees"),
    EntryKind.FEE_VAT: ("VAT", "VAT on payment fees"),
    EntryKind.INTEREST: ("INT", "Instalment interest"),
    EntryKind.INTEREST_VAT: ("IVT", "VAT on instalment interest"),
    EntryKind.REFUNDS: ("REF", "Refunds"),
    EntryKind.VOIDS: ("VOI", "Voids"),
    EntryKind.DISPUTES_OPENED: ("DSO", "Disputes opened"),
    EntryKind.DISPUTES_WON: ("DSW", "Disputes won"),
    EntryKind.RECEIPT_ADJUSTMENTS: ("RCA", "Adjustments by receipts"),
    EntryKind.OTHER: ("OTH", "Other bookings of Omise"),
    EntryKind.PAYOUTS: ("PAY", "Payouts"),
    EntryKind.PAYOUTS_RETURNED: ("PRT", "Payouts returned"),
    EntryKind.VAT_CLAIMABLE: ("VTC", "VAT with a tax receipt"),
    EntryKind.DISPUTES_LOST: ("DSL", "Disputes lost"),
    EntryKind.BANK_CREDITS: ("BNK", "Payouts at the bank"),
    EntryKind.BANK_FEES: ("BFE", "Bank fees on payouts"),
    EntryKind.WRITE_OFFS: ("WOF", "Write-offs"),
}
