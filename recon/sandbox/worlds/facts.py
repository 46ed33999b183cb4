"""What happened to each Omise object of a world, as times; says its state at any moment.

Moments inside the sandbox are whole seconds since the epoch, UTC: Omise's times have no finer grain.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from recon.sandbox.worlds.countries import Account
from recon.sandbox.worlds.tariff import DAY, Fee, Method, convert, fee_of, half_up

REFUND_WINDOW_S = 365 * DAY
VOID_WINDOW_S = DAY


@dataclass(slots=True)
class Transaction:
    """A movement of the balance; never changes. `amount` is positive, in the account's currency."""

    id: str
    created: int
    account: Account
    amount: int
    direction: str
    key: str
    origin: str
    transferable: int


@dataclass(slots=True)
class Refund:
    """Money back to a payer; debits the balance at once, in full. Closes without leaving a time."""

    id: str
    created: int
    charge: "Charge"
    amount: int
    funding: int
    transaction: str
    voided: bool
    closed: int

    def status(self, at: int) -> str:
        """`pending` until it closes."""
        return "closed" if at >= self.closed else "pending"


@dataclass(slots=True)
class Dispute:
    """A chargeback: `steps` are its later statuses with their moments, the last of them final."""

    id: str
    created: int
    charge: "Charge"
    amount: int
    funding: int
    steps: tuple[tuple[int, str], ...] = ()
    transactions: list[Transaction] = field(default_factory=list)
    message: str | None = None  # the merchant's answer

    def status(self, at: int) -> str:
        """`open`, then `pending`, then `won` or `lost`."""
        return next((status for since, status in reversed(self.steps) if at >= since), "open")


@dataclass(slots=True)
class Charge:
    """A payment. Amounts are in `currency` minor units; each `…_at` is when that happened, or None for never."""

    id: str
    created: int
    account: Account
    method: Method
    amount: int
    currency: str
    expires: int
    capture: bool = True
    authorized_at: int | None = None
    paid_at: int | None = None
    failed_at: int | None = None
    lapsed_at: int | None = None
    reversed_at: int | None = None
    captured: int = 0  # the part that a capture took; 0 means all
    failure: tuple[str, str] = ("", "")
    transaction: str = ""
    description: str | None = None
    metadata: dict[str, object] = field(default_factory=dict)
    holder: str = ""
    ip: str = ""
    serial: int = 0
    fee_error: int = 0  # planted: what Omise takes more than its rate, and more VAT than its rate
    vat_error: int = 0
    refunds: list[Refund] = field(default_factory=list)
    dispute: Dispute | None = None
    source: dict[str, object] = field(default_factory=dict)  # as it was made by hand
    authorize_uri: str = ""
    return_uri: str = ""

    def status(self, at: int) -> str:
        """Omise's word at a moment; a later success overrides a failure."""
        if self.paid_at is not None and at >= self.paid_at:
            return "successful"
        if self.reversed_at is not None and at >= self.reversed_at:
            return "reversed"
        if self.failed_at is not None and at >= self.failed_at:
            return "failed"
        if self.lapsed_at is not None and at >= self.lapsed_at:
            return "expired"
        return "pending"

    def refunded(self, at: int) -> int:
        """Refunds made so far, pending ones included."""
        return sum(refund.amount for refund in self.refunds if refund.created <= at)

    def taken(self, at: int) -> int:
        """What was captured, in `currency`: all, or the part that a capture took."""
        return self.captured if self.captured and self.status(at) == "successful" else self.amount

    def funding(self, at: int) -> int:
        """What is funded, in the account's currency."""
        return convert(self.taken(at), self.currency, self.account.currency)

    def costs(self, at: int) -> Fee:
        """Fee, VAT and interest of what is funded, in the account's currency."""
        fee = fee_of(self.funding(at), self.method, self.account)
        if self.fee_error:
            charged = fee.fee + self.fee_error
            fee = replace(fee, fee=charged, vat=half_up(charged * self.account.vat_rate, 10_000))
        return replace(fee, vat=fee.vat + self.vat_error)

    def changes(self) -> Iterator[int]:
        """Every moment at which more than a clock or an ability changes, creation left out."""
        for moment in (self.authorized_at, self.paid_at, self.failed_at, self.lapsed_at, self.reversed_at):
            if moment is not None and moment > self.created:
                yield moment
        for refund in self.refunds:
            yield refund.created
            yield refund.closed
        if self.dispute is not None:
            yield self.dispute.created
            yield from (since for since, _ in self.dispute.steps)

    def ability_changes(self) -> Iterator[int]:
        """Every moment at which only an ability or `expired_at` changes."""
        yield self.expires
        if self.paid_at is not None:
            yield self.paid_at + VOID_WINDOW_S
            yield self.paid_at + REFUND_WINDOW_S


@dataclass(slots=True)
class Transfer:
    """A payout to the bank: created, sent (then it debits the balance), paid. Minor units, `amount` gross."""

    id: str
    created: int
    account: Account
    amount: int
    sent_at: int
    paid_at: int
    transaction: Transaction | None  # null: it was never sent
    failure: str = ""
    net_error: int = 0  # planted: what its net is more than amount and fees come to
    credit: int | None = None  # planted: what the bank credited instead of the net; 0 is nothing

    @property
    def net(self) -> int:
        """What reaches the bank."""
        return self.amount - self.account.transfer_fee - self.account.transfer_fee_vat + self.net_error


@dataclass(slots=True)
class Event:
    """Something that Omise reported; its data is the subject as it stood at `created`. `delivered` to the merchant's
    webhook, or null: not yet, or there is none."""

    id: str
    created: int
    key: str
    subject: Charge | Refund | Dispute | Transfer
    delivered: bool | None = True


@dataclass(slots=True)
class Given:
    """An object put in by hand, served as it is."""

    id: str
    created: int
    data: dict[str, object]


def changes(thing: "Thing") -> Iterator[int]:
    """Every moment after its creation at which an object becomes different, abilities and clocks aside."""
    match thing:
        case Charge():
            yield from thing.changes()
        case Refund() if thing.closed > thing.created:
            yield thing.closed
        case Transfer() if not thing.failure:
            yield from (thing.sent_at, thing.paid_at)
        case Dispute():
            yield from (since for since, _ in thing.steps)


Thing = Charge | Refund | Dispute | Transfer | Transaction | Event | Given
