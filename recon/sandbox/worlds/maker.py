"""The hand that makes one account's orders and what Omise knows of them, from one seeded source of chance.

Knows no scenario and no rule; scenarios.py and planting.py say what to make.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from recon.sandbox.worlds.countries import Account
from recon.sandbox.worlds.facts import Charge, Dispute, Event, Refund, Transaction, Transfer
from recon.sandbox.worlds.tariff import DAY, METHODS, Method, convert

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_NAMES = ("Alex Sample", "Robin Example", "Sam Placeholder", "Kim Specimen", "Noor Mockup", "Jo Fictional")
FAILURES = (
    ("insufficient_fund", "insufficient funds in the account or the card has reached the credit limit"),
    ("payment_rejected", "payment rejected by issuer"),
    ("payment_cancelled", "payment cancelled by payer"),
    ("failed_fraud_check", "card was marked as fraudulent"),
)
# How a charge and its order name each other: the order's charge_id, metadata.order_id, the description.
METADATA = "metadata"
DESCRIPTION = "description"
CHARGE_ID = "charge_id"
ALL = "all"


@dataclass(slots=True)
class Order:
    """An order as the shop knows it. Amounts in minor units; `link` is how its charges can be found."""

    id: str
    created: int
    account: Account
    amount: int
    currency: str
    status: str
    method: str
    link: str
    refunded: int = 0
    charge_id: str = ""
    email: str = ""


Subject = Order | Charge | Refund | Dispute | Transfer | Transaction


@dataclass(frozen=True, slots=True)
class Planted:
    """A break that was planted: exactly this subject must be found with this code. A row whose account cannot be
    read has none; a row's subject is the order id written in it."""

    code: str
    account: str | None
    subject_type: str
    subject_id: str
    note: str


@dataclass
class Maker:
    """Makes the objects of one account. `start` to `end` are the range's bounds, `as_of` the moment of truth.

    From `since` on the shop sells: before the range only plain orders, so that what the range pays out was sold.
    """

    rng: Random
    account: Account
    since: int
    start: int
    end: int
    as_of: int
    orders: list[Order] = field(default_factory=list)
    bad_rows: list[dict[str, str]] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    truth: list[Planted] = field(default_factory=list)
    stray_credits: list[int] = field(default_factory=list)  # amounts that the bank credits in Omise's name
    paused_from: int = 0  # no payout is made from then until after the moment of truth; 0: they go on
    links: list[tuple[Order, Charge]] = field(default_factory=list)  # who pays whom, named or not
    prices: int = 0  # how many different amounts a method has at most; 0: any
    other: "Maker | None" = None  # another account's

    @property
    def has_history(self) -> bool:
        """Whether it sold before the range."""
        return self.since < self.start

    def id(self, prefix: str, at: int) -> str:
        """A test-mode id, roughly in the order of time: 19 base-36 characters after the prefix."""
        number = (at << 66) | self.rng.getrandbits(66)
        text = ""
        for _ in range(19):
            number, digit = divmod(number, 36)
            text = _DIGITS[digit] + text
        return f"{prefix}_test_{text}"

    def method(self, fits: Callable[[Method], bool] = lambda _: True) -> Method:
        """A method of the country by weight, of those that fit."""
        methods = [method for method in METHODS[self.account.region] if fits(method)]
        return self.rng.choices(methods, [method.weight for method in methods])[0]

    def amount(self, method: Method) -> int:
        """A usual amount. Its last digit is never 7, so that an amount ending in 7 is nobody's order."""
        low = method.low
        high = method.high
        for _ in range(2):  # small amounts are more usual than large ones
            high = self.rng.randint(low, high)
        amount = self.rng.randint(low, max(low + 10, high))
        if self.prices:
            step = max(1, (method.high - low) // self.prices)
            amount = low + (amount - low) // step * step
        if self.account.currency != "JPY" and self.rng.random() < 0.6:
            amount -= amount % 100
            amount = max(amount, low)
        return amount + 1 if amount % 10 == 7 else amount

    def order(
        self,
        at: int,
        amount: int,
        status: str,
        method: Method,
        *,
        currency: str = "",
        refunded: int = 0,
        tries: int = 1,
        link: str = "",
    ) -> Order:
        """A new order of this account; one with several tries is found through its charges, not through one id."""
        number = len(self.orders) + 1
        links = (METADATA, DESCRIPTION, ALL, CHARGE_ID)
        link = link or self.rng.choices(links, (60, 15, 15, 0 if tries > 1 else 10))[0]
        order = Order(
            f"{self.account.region}-{number:07d}",
            at,
            self.account,
            amount,
            currency or self.account.currency,
            status,
            method.name,
            link,
            refunded,
            email=f"buyer{self.rng.randrange(10_000)}@example.com",
        )
        self.orders.append(order)
        return order

    def charge(
        self,
        order: Order | None,
        at: int,
        method: Method,
        *,
        amount: int = 0,
        currency: str = "",
        capture: bool = True,
    ) -> Charge:
        """A new pending charge, some seconds to minutes after `at`; names its order as the order's link says."""
        created = at + self.rng.randint(15, 400)
        amount = amount or (order.amount if order else 0)
        currency = currency or (order.currency if order else self.account.currency)
        serial = self.rng.randrange(1_000_000)
        charge = Charge(
            self.id("chrg", created),
            created,
            self.account,
            method,
            amount,
            currency,
            created + method.expires_s,
            capture,
            holder=_NAMES[serial % len(_NAMES)],
            ip=f"203.0.113.{serial % 254 + 1}",
            serial=serial,
        )
        if order is not None:
            self._name(order, charge)
            self.links.append((order, charge))
        self.charges.append(charge)
        return charge

    def _name(self, order: Order, charge: Charge) -> None:
        charge.metadata = {"customer_email": order.email, "payment_method": order.method}
        if order.link in (METADATA, ALL):
            charge.metadata["order_id"] = order.id
        if order.link in (DESCRIPTION, ALL):
            form = ("Order {}", "{} / web shop", "Payment for {}, thank you")[charge.serial % 3]
            charge.description = form.format(order.id)
        if order.link in (CHARGE_ID, ALL):
            order.charge_id = charge.id

    def pay(self, charge: Charge, at: int = 0) -> int:
        """Make the charge successful and credit its net; without a moment, after the time its method takes."""
        method = charge.method
        wait = self.rng.choice((1, 1, 45)) if method.is_card else self.rng.randint(20, method.pay_s)
        paid_at = at or charge.created + min(wait, method.expires_s - 1)
        charge.paid_at = paid_at
        charge.authorized_at = charge.authorized_at or paid_at
        charge.transaction = self.id("trxn", paid_at)
        net = charge.funding(paid_at) - charge.costs(paid_at).total
        free = paid_at + method.hold_days * DAY
        self._move(charge.transaction, paid_at, net, "credit", "charge.captured.net", charge.id, free)
        return paid_at

    def fail(self, charge: Charge) -> int:
        """Make the charge fail within its time."""
        charge.failed_at = charge.created + self.rng.randint(2, 60)
        charge.failure = self.rng.choice(FAILURES)
        return charge.failed_at

    def lapse(self, charge: Charge) -> int:
        """Let the charge expire when its time is over."""
        charge.lapsed_at = charge.expires
        return charge.expires

    def authorize(self, charge: Charge) -> int:
        """Hold the money without taking it."""
        charge.authorized_at = charge.created + 1
        return charge.authorized_at

    def refund(self, charge: Charge, at: int, amount: int = 0, *, voided: bool = False) -> Refund:
        """Give back all or a part; cards close at once, wallets after days. The balance pays at once, in full."""
        amount = amount or (charge.captured or charge.amount) - charge.refunded(at)
        funding = convert(amount, charge.currency, self.account.currency)
        slow = not voided and not charge.method.is_card
        closed = at + self.rng.randint(1 * DAY, 3 * DAY) if slow else at
        refund = Refund(self.id("rfnd", at), at, charge, amount, funding, self.id("trxn", at), voided, closed)
        key = "refund.voided.debit" if voided else "refund.created.debit"  # synthetic: these keys were never seen
        self._move(refund.transaction, at, funding, "debit", key, refund.id, at)
        charge.refunds.append(refund)
        self.refunds.append(refund)
        return refund

    def dispute(self, charge: Charge, at: int, steps: tuple[tuple[int, str], ...]) -> Dispute:
        """Dispute what is not refunded: debited at once, credited back when won."""
        amount = charge.amount - charge.refunded(at)
        funding = convert(amount, charge.currency, self.account.currency)
        dispute = Dispute(self.id("dspt", at), at, charge, amount, funding, steps)
        moves = [(at, "debit", "dispute.started.debit")]
        moves += [(since, "credit", "dispute.won.credit") for since, status in steps if status == "won"]
        for moment, direction, key in moves:
            moved = self._move(self.id("trxn", moment), moment, funding, direction, key, dispute.id, moment)
            dispute.transactions.append(moved)
        charge.dispute = dispute
        self.disputes.append(dispute)
        return dispute

    def transfer(self, at: int, amount: int, sent: int, paid: int) -> Transfer:
        """A payout; the balance pays the gross amount when it is sent."""
        id = self.id("trsf", at)
        debit = self._move(self.id("trxn", sent), sent, amount, "debit", "transfer.sent.debit", id, sent)
        transfer = Transfer(id, at, self.account, amount, sent, paid, debit)
        self.transfers.append(transfer)
        return transfer

    def move(self, at: int, amount: int, direction: str, key: str, origin: str) -> Transaction:
        """A movement of the balance by itself, free at once."""
        return self._move(self.id("trxn", at), at, amount, direction, key, origin, at)

    def plant(self, code: str, subject: Subject, note: str) -> None:
        """Write a break into the truth."""
        account = subject.charge.account if isinstance(subject, Refund | Dispute) else subject.account
        kind = type(subject).__name__.lower()
        self.truth.append(Planted(code, account.name, kind, subject.id, note))

    def _move(self, id: str, at: int, amount: int, direction: str, key: str, origin: str, free: int) -> Transaction:
        transaction = Transaction(id, at, self.account, amount, direction, key, origin, free)
        self.transactions.append(transaction)
        return transaction


def quick(method: Method) -> bool:
    """Expires within a day, so that its fate is known at the moment of truth."""
    return method.expires_s <= DAY


def is_card(method: Method) -> bool:
    """A card of any brand."""
    return method.is_card


def abroad(method: Method) -> bool:
    """May be charged in another currency: Visa and MasterCard only."""
    return method.brand in ("Visa", "MasterCard")


def refundable(method: Method) -> bool:
    """Can be refunded in full."""
    return method.refund != "none"


def divisible(method: Method) -> bool:
    """Can be refunded in part."""
    return method.refund == "partial"
