"""Breaks: what disagrees, how urgent it is, and what became of it from run to run."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import IntEnum, StrEnum
from functools import lru_cache

from recon.model.rulings import Standing

# What a break may name besides its subject.
BREAK_IDS = ("order_id", "charge_id", "refund_id", "transfer_id", "transaction_id", "dispute_id")


@lru_cache(2**16)  # a run asks each break for its id some seven times
def break_id(code: str, account: str, subject_type: str, subject_id: str) -> str:
    """The same for the same subject in every run; an unknown account is empty."""
    key = "\x1f".join((code, account, subject_type, subject_id))
    return "brk_" + base64.b32encode(hashlib.sha256(key.encode()).digest()[:10]).decode().lower()


class Severity(IntEnum):
    """How soon a person must look."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        """As configuration, JSON and sheets write it."""
        return self.name.lower()


class Exposure(StrEnum):
    """What a break's amount means for cash."""

    LOST = "lost"  # gone, or counted as ours and never taken
    OWED_TO_CUSTOMER = "owed_to_customer"
    OWED_TO_US = "owed_to_us"  # by a payer, by Omise or by the bank
    TIMING = "timing"  # on its way, or put right by itself
    NO_CASH = "no_cash"  # a record is wrong; the money is where it should be

    @property
    def words(self) -> str:
        """As sheets and the page say it."""
        return {
            Exposure.LOST: "lost",
            Exposure.OWED_TO_CUSTOMER: "owed to customers",
            Exposure.OWED_TO_US: "owed to us",
            Exposure.TIMING: "a matter of time",
            Exposure.NO_CASH: "no cash effect",
        }[self]


# First and last day of an age; the last is open.
AGES = ((0, 7), (8, 30), (31, 60), (61, 90), (91, None))


class BreakStatus(StrEnum):
    """The states of a break's life; the last three are closed."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    PENDING_APPROVAL = "pending_approval"
    RESOLVED = "resolved"
    WRITTEN_OFF = "written_off"
    AUTO_CLOSED = "auto_closed"


CLOSED = frozenset({BreakStatus.RESOLVED, BreakStatus.WRITTEN_OFF, BreakStatus.AUTO_CLOSED})


@dataclass(frozen=True, slots=True)
class Break:
    """One disagreement: `expected` is ours, `actual` Omise's or the bank's, minor units of `currency`."""

    code: str
    severity: Severity
    account: str | None  # null only for a row whose account could not be read
    subject_type: str  # order, charge, refund, transfer, transaction, dispute, account, row, bank_line, proof
    subject_id: str
    explanation: str
    suggestion: str
    currency: str | None = None
    expected: int | None = None
    actual: int | None = None
    amount_at_risk: int | None = None
    due_by: datetime | None = None
    order_id: str | None = None
    charge_id: str | None = None
    refund_id: str | None = None
    transfer_id: str | None = None
    transaction_id: str | None = None
    dispute_id: str | None = None
    occurred_on: date | None = None  # the business day of the subject; null: not known, or found before it was kept

    @property
    def id(self) -> str:
        """The same trouble has the same id in every run: derived from code, account and subject."""
        return break_id(self.code, self.account or "", self.subject_type, self.subject_id)

    @property
    def difference(self) -> int | None:
        """Actual less expected, where both are known."""
        return None if self.expected is None or self.actual is None else self.actual - self.expected


@dataclass(frozen=True, slots=True)
class KnownBreak:
    """A break as it was last found, with its life so far; `first_seen` and `last_seen` are as-of moments.

    Each change is a new version.
    """

    latest: Break
    status: BreakStatus
    first_seen: datetime
    last_seen: datetime
    owner: str | None = None
    standing: Standing | None = None
    version: int = 0

    def age_days(self, as_of: datetime, zone: tzinfo) -> int:
        """Business dates in the account's zone since its day, else since it was first seen; as of any hour of one."""
        since = self.latest.occurred_on or self.first_seen.astimezone(zone).date()
        return max(0, (as_of.astimezone(zone).date() - since).days)

    def known_days(self, as_of: datetime, zone: tzinfo) -> int:
        """The same since it was first seen."""
        return max(0, (as_of.astimezone(zone).date() - self.first_seen.astimezone(zone).date()).days)


@dataclass(frozen=True, slots=True)
class BreakEvent:
    """One step in a break's life: opened, changed, auto_closed, reopened, or what a person did; `at` is as-of."""

    break_id: str
    what: str
    at: datetime
    who: str
    detail: str
