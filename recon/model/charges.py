"""Charges, and what happens to their money at Omise: refunds, disputes, transfers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from recon.money import Money


class ChargeStatus(StrEnum):
    """Omise's words for a charge; any other word stays what it is and is shown."""

    PENDING = "pending"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    EXPIRED = "expired"
    REVERSED = "reversed"


# A charge in one of these states took no money.
NEVER_PAID = frozenset({ChargeStatus.FAILED, ChargeStatus.EXPIRED, ChargeStatus.REVERSED})


class DisputeStatus(StrEnum):
    """Omise's words for a dispute; any other word stays what it is and is shown."""

    OPEN = "open"
    PENDING = "pending"
    WON = "won"
    LOST = "lost"


OPEN_DISPUTES = frozenset({DisputeStatus.OPEN, DisputeStatus.PENDING})


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge as Omise says it, with the pass that linked it to its case's order."""

    account: str
    id: str
    status: str
    money: Money
    captured: Money  # what was taken: the captured part where Omise names it, else the amount
    refunded: Money
    funding: Money
    authorized: bool
    voided: bool
    method: str | None
    created_at: datetime
    paid_at: datetime | None
    expires_at: datetime | None
    failure_code: str | None
    matched_by: str | None = None
    card_brand: str | None = None
    was_failed: bool = False  # successful now, and an earlier version of it was failed or expired

    @property
    def pays(self) -> bool:
        """Successful and not voided: the payer's money was taken."""
        return self.status == ChargeStatus.SUCCESSFUL and not self.voided

    @property
    def kept(self) -> bool:
        """Pays, and not fully refunded."""
        return self.pays and self.left.amount > 0

    @property
    def left(self) -> Money:
        """What of it did not go back; nothing where more went back than was taken."""
        return Money(max(0, self.captured.amount - self.refunded.amount), self.captured.currency)


@dataclass(frozen=True, slots=True)
class Refund:
    """Money back to a payer, as Omise says it."""

    account: str
    id: str
    charge_id: str
    status: str
    money: Money
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Dispute:
    """A chargeback, as Omise says it."""

    account: str
    id: str
    charge_id: str
    status: str
    money: Money
    reason: str | None
    created_at: datetime
    answer: str | None = None  # message, documents alone, or nothing


@dataclass(frozen=True, slots=True)
class Transfer:
    """A payout to the bank, as Omise says it; `money` is gross."""

    account: str
    id: str
    money: Money
    net: Money
    sent_at: datetime | None
