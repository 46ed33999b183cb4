"""The frozen nouns of reconciliation as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from enum import IntEnum, StrEnum
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from recon.model.break_id import break_id
from recon.model.details import Details
from recon.model.ledger_history import LedgerLine
from recon.model.rulings import Standing
from recon.model.settlement import Settlement
from recon.money import Money


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of aware moments: start <= t < end."""

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class Account:
    """One Omise account: its name in the configuration, country, settlement currency and zone."""

    name: str
    region: str
    currency: str
    zone: ZoneInfo
    go_live: date | None = None


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One object of Omise, decoded and scrubbed."""

    id: str
    values: tuple[str | int | bool | None, ...]  # as `recon.columns.KINDS[kind]`; moments are int microseconds (UTC)
    digest: bytes  # leaves out clocks and flipping abilities
    raw: bytes  # the scrubbed object as JSON


@dataclass(frozen=True, slots=True)
class Balance:
    """What `/balance` said when it was read; minor units of the settlement currency."""

    currency: str
    total: int
    transferable: int
    reserve: int
    on_hold: int | None


class ChargeStatus(StrEnum):
    """Omise's words for a charge; any other word stays what it is and is shown."""

    PENDING = "pending"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    EXPIRED = "expired"
    REVERSED = "reversed"


class OrderStatus(StrEnum):
    """Our words for an order; `[orders.*.status]` maps the shop's to them."""

    PAID = "paid"
    PENDING = "pending"
    CANCELLED = "cancelled"
    REFUND_REQUESTED = "refund_requested"
    REFUNDED = "refunded"


OPEN_DISPUTES = frozenset({"open", "pending"})
# An order in one of these states expects a successful charge.
EXPECTS_CHARGE = frozenset({OrderStatus.PAID, OrderStatus.REFUND_REQUESTED, OrderStatus.REFUNDED})


@dataclass(frozen=True, slots=True)
class Order:
    """One order as the shop says it."""

    account: str
    id: str
    source: str
    status: str
    money: Money
    created_at: datetime
    refunded: Money
    payment_method: str | None
    charge_id: str | None


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
        return self.pays and self.refunded.amount < self.captured.amount


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


@dataclass(frozen=True, slots=True)
class Transfer:
    """A payout to the bank, as Omise says it; `money` is gross."""

    account: str
    id: str
    money: Money
    net: Money
    sent_at: datetime | None
    is_open: bool  # sent, not paid, neither failed nor deleted


@dataclass(frozen=True, slots=True)
class Case:
    """One order and every charge of it, or one charge without an order; or one thing that has no charge."""

    account: str  # the account that the case is judged under: the order's, else the charge's
    order: Order | None
    charges: tuple[Charge, ...]  # by creation, then id; those in another account included
    beside: tuple[Order, ...] = ()  # other orders that the same charge pays
    candidates: tuple[str, ...] = ()  # equally good charges, none linked
    more_candidates: int = 0  # how many there are beside those, too many to be named
    needs_order: bool = True  # false: a charge without an order by design, or one of an order's candidates
    refunds: tuple[Refund, ...] = ()  # of these charges, by creation, then id; so are the disputes
    disputes: tuple[Dispute, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    # Derived once: the charges that took the payer's money, and what the orders say was paid (order's minor units).
    paying: tuple[Charge, ...] = field(init=False, repr=False, compare=False)
    expected: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        due = [one.money.amount for one in (self.order, *self.beside) if one and one.status in EXPECTS_CHARGE]
        object.__setattr__(self, "paying", tuple([charge for charge in self.charges if charge.pays]))
        object.__setattr__(self, "expected", sum(due))


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
    subject_type: str  # order, charge, refund, transfer, transaction, dispute, account, row, bank_line
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
    """A break with its life so far; `first_seen` and `last_seen` are as-of moments; each change is a new version."""

    found: Break
    status: BreakStatus
    first_seen: datetime
    last_seen: datetime
    owner: str | None = None
    standing: Standing | None = None
    version: int = 0

    def age_days(self, as_of: datetime, zone: tzinfo) -> int:
        """Business dates in the account's zone since it was first seen: the same at every hour of a day."""
        return max(0, (as_of.astimezone(zone).date() - self.first_seen.astimezone(zone).date()).days)


@dataclass(frozen=True, slots=True)
class BreakEvent:
    """One step in a break's life: opened, changed, auto_closed, reopened, or what a person did; `at` is as-of."""

    break_id: str
    what: str
    at: datetime
    who: str
    detail: str


@dataclass(frozen=True)
class Books:
    """All that is known as of a moment, all accounts together; frames are shaped by `recon.columns`."""

    as_of: datetime
    orders: pd.DataFrame
    charges: pd.DataFrame
    refunds: pd.DataFrame
    transfers: pd.DataFrame
    transactions: pd.DataFrame
    disputes: pd.DataFrame
    rejected: pd.DataFrame
    bank_lines: pd.DataFrame = field(default_factory=pd.DataFrame)
    receipts: pd.DataFrame = field(default_factory=pd.DataFrame)  # these two are shaped by `recon.columns.ledger`
    readings: pd.DataFrame = field(default_factory=pd.DataFrame)
    lines: Mapping[str, LedgerLine] = field(default_factory=dict)  # per account; none: made of all the transactions


@dataclass(frozen=True)
class Matching:
    """Which order belongs to which charge: positions in the books' frames, pairwise; a charge may pay several orders.

    `stands_for`: per order whose case it is part of, one for all that share a charge. `ambiguous`: its equal charges.
    """

    orders: npt.NDArray[np.intp]
    charges: npt.NDArray[np.intp]
    matched_by: npt.NDArray[np.object_]
    stands_for: npt.NDArray[np.intp]
    ambiguous: Mapping[int, tuple[int, ...]]
    unnamed: Mapping[int, int] = field(default_factory=dict)  # per order: how many more, too many to be named
    contested: tuple[int, ...] = ()  # every charge that is some order's equal candidate, named or not
    loose: tuple[int, ...] = ()  # successful charges that name no order and that no pass linked


@dataclass(frozen=True, slots=True)
class CurrencyTotals:
    """Counts and minor units of one currency in a result."""

    currency: str
    orders: int
    charges: int
    matched_orders: int
    amount_matched: int
    amount_open: int


@dataclass(frozen=True, slots=True)
class Proof:
    """A total that ties out, or says by how much not: left + explained == right where it does."""

    name: str
    currency: str
    left: int
    right: int
    explained: int

    @property
    def difference(self) -> int:
        """Right less left."""
        return self.right - self.left

    @property
    def unexplained(self) -> int:
        """What nothing explains; zero where the proof holds."""
        return self.difference - self.explained


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file that a run read: its name, the SHA-256 of its bytes, its rows."""

    source: str
    name: str
    sha256: str
    rows: int


@dataclass(frozen=True)
class Result:
    """What a run found for one account and range; its frames are shaped by `recon.columns`, under their names."""

    account: Account
    first_day: date
    last_day: date
    as_of: datetime
    orders: int
    charges: int
    refunds: int
    transfers: int
    transactions: int
    matched_orders: int
    expecting_orders: int  # orders in the range that expect a charge
    rejected_rows: int
    ignored_rows: int
    notes: Mapping[str, int] = field(default_factory=dict)  # counted, not judged: reason -> how many
    currencies: tuple[CurrencyTotals, ...] = ()
    proofs: tuple[Proof, ...] = ()
    inputs: tuple[InputFile, ...] = ()
    breaks_new: int = 0
    breaks_closed: int = 0
    complete: bool = True
    matched: pd.DataFrame = field(default_factory=pd.DataFrame)
    waiting: pd.DataFrame = field(default_factory=pd.DataFrame)  # not final yet, and when it should be
    breaks: pd.DataFrame = field(default_factory=pd.DataFrame)
    rejected: pd.DataFrame = field(default_factory=pd.DataFrame)
    settlement: Settlement = field(default_factory=Settlement)
    details: Details = field(default_factory=Details)

    @property
    def match_rate(self) -> float | None:
        """Matched over expecting orders; null where no order expects a charge."""
        return self.matched_orders / self.expecting_orders if self.expecting_orders else None
