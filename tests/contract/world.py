"""A merchant's world, clean by default: accounts whose ledgers add up, orders as the shop writes them, statements.

Each case changes one thing of it. Nothing here reads a clock or the product: moments are arguments or count from NOW.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.contract import objects
from tests.contract.objects import Json, major, object_id, stamp
from tests.contract.server import Tamper

NOW = datetime(2026, 9, 18, 5, 0, tzinfo=UTC)  # a Friday, noon in Bangkok
FIRST, LAST = date(2026, 9, 1), date(2026, 9, 18)
SALES_BEGIN = datetime(2026, 9, 11, 6, 0, tzinfo=UTC)  # what pends for seven days still may at NOW
DAY = timedelta(days=1)

ORDER_COLUMNS = (
    "order_id",
    "account",
    "amount",
    "currency",
    "status",
    "created_at",
    "refunded_amount",
    "payment_method",
    "charge_id",
)
BANK_COLUMNS = ("date", "amount", "currency", "description", "reference")


@dataclass(frozen=True)
class Region:
    """What differs by country: money, zone, the rates of its charges, the hold and what a transfer costs."""

    currency: str
    timezone: str
    rate: str
    vat: str
    hold: timedelta
    transfer_fee: int
    transfer_fee_vat: int


REGIONS = {
    "TH": Region("THB", "Asia/Bangkok", "3.65", "7.0", 7 * DAY, 2804, 196),
    "SG": Region("SGD", "Asia/Singapore", "3.40", "0.0", DAY, 0, 0),
    "JP": Region("JPY", "Asia/Tokyo", "3.65", "0.0", 21 * DAY, 260, 0),
    "MY": Region("MYR", "Asia/Kuala_Lumpur", "3.00", "0.0", 7 * DAY, 0, 0),
    "KR": Region("KRW", "Asia/Seoul", "3.00", "0.0", 7 * DAY, 0, 0),
}


@dataclass
class Source:
    """One place that orders come from: its rows, and how its table in the configuration reads."""

    name: str
    settings: str = ""
    columns: tuple[str, ...] = ORDER_COLUMNS
    rows: list[dict[str, str]] = field(default_factory=list)


class Account:
    """One Omise account: its objects, its ledger, its orders and its bank statement."""

    def __init__(self, world: "World", name: str, region: str, *, live: bool = False, settings: str = "") -> None:
        self.world, self.name, self.region, self.live, self.settings = world, name, region, live, settings
        self.facts = REGIONS[region]
        self.currency = self.facts.currency
        self.zone = ZoneInfo(self.facts.timezone)
        self.key = f"skey_{'' if live else 'test_'}of_account_{name}"
        self.objects: dict[str, dict[str, Json]] = {
            kind: {} for kind in ("charges", "refunds", "transfers", "transactions", "disputes", "events", "receipts")
        }
        self.tamper: Tamper | None = None
        self.page_limit = 100
        self.lines: list[dict[str, str]] = []
        self.has_bank = True
        self.bank_settings = ""
        self.bank_kind, self.bank_file = "csv", "statement.csv"
        self.pays_out = True
        self.balance_changes: Json = {}
        self._count = 0
        self._random = random.Random(f"{world.seed} {name}")

    # -- what Omise answers about the account itself -------------------------------------------------------------

    def account_json(self) -> Json:
        return {
            "object": "account",
            "id": object_id("account", self.name, live=self.live),
            "team": object_id("acct", self.name, live=True),
            "livemode": self.live,
            "location": "/account",
            "country": self.region,
            "currency": self.currency,
            "email": "owner@shop.example",
            "created_at": "2025-01-13T02:42:11Z",
            "supported_currencies": [self.currency, "USD"],
            "api_version": "2019-05-29",
            "webhook_uri": None,
        }

    def balance_json(self, now: datetime) -> Json:
        booked = [row for row in self.objects["transactions"].values() if row["created_at"] <= stamp(now)]
        total = sum(signed(row) for row in booked)
        transferable = sum(signed(row) for row in booked if row["transferable_at"] <= stamp(now))
        return {
            "object": "balance",
            "livemode": self.live,
            "location": "/balance",
            "currency": self.currency,
            "total": total,
            "transferable": transferable,
            "reserve": 0,
            "on_hold": total - transferable,
            "created_at": "2025-01-13T02:42:11Z",
            **self.balance_changes,
        }

    # -- numbers and moments that nobody else in the account has -------------------------------------------------

    def next_id(self, prefix: str) -> str:
        self._count += 1
        return object_id(prefix, f"{self.name} {self._count}", live=self.live)

    def next_amount(self) -> int:
        """An amount inside every method's limits, which no other sale of the account comes near by chance."""
        self._count += 1
        base = 10_000 if self.currency in objects.EXPONENTS else 300_000
        return base + 211 * self._count + self._random.randrange(100)

    def next_moment(self) -> datetime:
        self._count += 1
        return SALES_BEGIN + timedelta(minutes=5 * self._count)

    def keep(self, kind: str, body: Json) -> Json:
        self.objects[kind][body["id"]] = body
        self.world.own(body["id"])
        return body

    # -- orders --------------------------------------------------------------------------------------------------

    def order(
        self, amount: int, status: str = "paid", *, at: datetime | None = None, source: str = "shop", **cells: str
    ) -> dict[str, str]:
        """A row of an order source; `cells` override what stands in a column."""
        self._count += 1
        moment = (at or self.next_moment()).astimezone(self.zone)
        row = {
            "order_id": f"{self.name.upper()}-{self._count:05d}",
            "account": self.name,
            "amount": major(amount, self.currency),
            "currency": self.currency,
            "status": status,
            "created_at": moment.isoformat(timespec="seconds"),
            "refunded_amount": major(0, self.currency),
            "payment_method": "",
            "charge_id": "",
            **cells,
        }
        self.world.sources[source].rows.append(row)
        self.world.own(row["order_id"])
        return row

    # -- charges -------------------------------------------------------------------------------------------------

    def charge(
        self,
        amount: int | None = None,
        *,
        order_id: str = "",
        status: str = "successful",
        at: datetime | None = None,
        method: str = objects.CARD,
        brand: str = "Visa",
        captured: int | None = None,
        expires_in: timedelta | None = 7 * DAY,
        currency: str = "",
        funding: int | None = None,
        flat: str = "0.0",
        interest: tuple[int, int] = (0, 0),
    ) -> Json:
        """A charge in any of its states, with the balance transaction that a successful one has."""
        amount, at = amount or self.next_amount(), at or self.next_moment()
        body = objects.charge(
            self.next_id("chrg"),
            amount,
            currency or self.currency,
            live=self.live,
            created_at=at,
            expires_at=at + expires_in if expires_in else None,
            method=method,
            brand=brand,
        )
        body["metadata"] = {"order_id": order_id} if order_id else {}
        body["funding_currency"] = self.currency
        taken = amount if captured is None else captured
        body["funding_amount"] = (amount if funding is None else funding) * taken // amount
        body["transaction_fees"] = {"fee_flat": flat, "fee_rate": self.facts.rate, "vat_rate": self.facts.vat}
        body["interest"], body["interest_vat"] = interest
        objects.price(body)
        self.bring_to(body, status, at, taken)
        return self.keep("charges", body)

    def bring_to(self, body: Json, status: str, at: datetime, captured: int) -> None:
        objects.set_status(body, "pending" if status == "authorised" else status)
        if status == "successful":
            objects.pay(body, at + timedelta(seconds=40), captured)
            row = self.transaction(
                body["net"], "credit", "charge.captured.net", body["id"], at=at, hold=self.facts.hold
            )
            body["transaction"] = row["id"]
        elif status == "authorised":
            body.update(capture=False, capturable=True, authorized=True, authorized_at=stamp(at), reversible=True)
        elif status == "reversed":
            body.update(capture=False, authorized=True, reversed=True, reversed_at=stamp(at + timedelta(hours=1)))
        elif status == "failed":
            body.update(failure_code="insufficient_fund", failure_message="insufficient funds in the account")
        elif status == "expired":
            body.update(expired=True, expired_at=body["expires_at"])

    def sale(
        self, amount: int | None = None, *, at: datetime | None = None, **charge: object
    ) -> tuple[dict[str, str], Json]:
        """An order and the one charge that pays it: no break."""
        amount, at = amount or self.next_amount(), at or self.next_moment()
        row = self.order(amount, at=at)
        paid = self.charge(amount, order_id=row["order_id"], at=at + timedelta(minutes=1), **charge)  # type: ignore[arg-type]
        return row, paid

    # -- what happens to charges later ---------------------------------------------------------------------------

    def refund(
        self,
        paid: Json,
        amount: int,
        *,
        at: datetime | None = None,
        status: str = "closed",
        voided: bool = False,
        counts: bool = True,
    ) -> Json:
        """A refund with its debit; `counts` says whether the charge's refunded_amount has it."""
        at = at or datetime.fromisoformat(paid["created_at"]) + timedelta(hours=2)
        body = objects.refund(self.next_id("rfnd"), paid, amount, created_at=at, status=status, voided=voided)
        if counts:
            row = self.transaction(body["funding_amount"], "debit", "refund.created.debit", body["id"], at=at)
            body["transaction"] = row["id"]
            paid["refunded_amount"] += amount
            full = paid["refunded_amount"] >= paid["captured_amount"]
            paid.update(refundable=not full, partially_refundable=not full, voided=voided)
        nested = paid["refunds"]
        nested["data"] = [*nested["data"], body]
        nested["total"] = len(nested["data"])
        return self.keep("refunds", body)

    def dispute(self, paid: Json, *, at: datetime | None = None, status: str = "open") -> Json:
        at = at or datetime.fromisoformat(paid["created_at"]) + DAY
        body = objects.dispute(self.next_id("dspt"), paid, created_at=at)
        rows = [self.transaction(body["funding_amount"], "debit", "dispute.started.debit", body["id"], at=at)]
        body["status"] = status
        if status in ("won", "lost"):
            body["closed_at"] = stamp(at + DAY)
        if status == "won":
            amount = body["funding_amount"]
            rows.insert(0, self.transaction(amount, "credit", "dispute.won.credit", body["id"], at=at + DAY))
        body["transactions"] = rows
        paid.update(dispute=body, refundable=False, partially_refundable=False, disputable=False)
        return self.keep("disputes", body)

    def transaction(
        self, amount: int, direction: str, key: str, origin: str, *, at: datetime, hold: timedelta = timedelta()
    ) -> Json:
        body = objects.transaction(
            self.next_id("trxn"),
            amount,
            self.currency,
            direction,
            key,
            origin,
            live=self.live,
            created_at=at,
            transferable_at=at + hold,
        )
        return self.keep("transactions", body)

    # -- payouts and the bank ------------------------------------------------------------------------------------

    def transfer(
        self,
        amount: int,
        *,
        sent_at: datetime | None = None,
        paid_at: datetime | None = None,
        at: datetime | None = None,
    ) -> Json:
        """A transfer as far as it got: created, sent with its debit, or paid."""
        created_at = at or (sent_at or NOW) - timedelta(hours=12)
        fee, vat = self.facts.transfer_fee, self.facts.transfer_fee_vat
        body = objects.transfer(
            self.next_id("trsf"), amount, self.currency, fee, vat, live=self.live, created_at=created_at
        )
        if sent_at:
            row = self.transaction(amount, "debit", "transfer.sent.debit", body["id"], at=sent_at)
            body.update(sent=True, sent_at=stamp(sent_at), transactions=[row])
        if paid_at:
            body.update(paid=True, paid_at=stamp(paid_at))
        return self.keep("transfers", body)

    def bank_line(
        self, day: date, amount: int, description: str = "OMISE CO LTD", reference: str = ""
    ) -> dict[str, str]:
        line = {
            "date": day.isoformat(),
            "amount": major(amount, self.currency),
            "currency": self.currency,
            "description": description,
            "reference": reference,
        }
        self.lines.append(line)
        return line

    def credit(self, paid: Json, *, style: str = "id", amount: int | None = None, days: int = 0) -> dict[str, str]:
        """The bank's credit of a transfer, with the transfer's id or (style "amount") nothing but its amount."""
        day = datetime.fromisoformat(paid["paid_at"]).astimezone(self.zone).date() + days * DAY
        return self.bank_line(
            day, paid["net"] if amount is None else amount, reference=paid["id"] if style == "id" else ""
        )

    def pay_everything_out(self) -> None:
        """A transfer each weekday morning of what is transferable then, paid and credited a business day later."""
        moments = [row["created_at"] for row in self.objects["transactions"].values()]
        day = datetime.fromisoformat(min(moments)).astimezone(self.zone).date() if moments else LAST
        while day <= NOW.astimezone(self.zone).date():
            sent_at = datetime(day.year, day.month, day.day, 9, tzinfo=self.zone)
            amount = self.balance_json(sent_at.astimezone(UTC))["transferable"] if day.weekday() < 5 else 0
            if amount >= 50_000 and sent_at <= NOW:
                paid_at = sent_at + (3 if day.weekday() == 4 else 1) * DAY
                body = self.transfer(amount, sent_at=sent_at, paid_at=paid_at if paid_at <= NOW else None)
                if body["paid"]:
                    self.credit(body)
            day += DAY


def signed(row: Json) -> int:
    amount: int = row["amount"]
    return amount if row["direction"] == "credit" else -amount


class World:
    """Accounts, order sources and statements, and which case planted what."""

    def __init__(self, name: str, seed: int = 7) -> None:
        self.name, self.seed = name, seed
        self.accounts: dict[str, Account] = {}
        self.sources: dict[str, Source] = {"shop": Source("shop")}
        self.settings: list[str] = []
        self.omise_settings = ""
        self.opening: list[tuple[str, ...]] = []
        self.elsewhere: dict[tuple[str, str], str] = {}  # (account, code) that one case alone judges: its name
        self.owners: dict[str, str] = {}
        self._planting = "the world itself"
        self._later: list[tuple[str, Callable[[], object]]] = []

    def account(self, name: str, region: str = "TH", *, live: bool = False, settings: str = "") -> Account:
        """The account of that name, made when it is first asked for."""
        if name not in self.accounts:
            self.accounts[name] = Account(self, name, region, live=live, settings=settings)
        return self.accounts[name]

    def source(self, name: str, settings: str) -> Source:
        if name not in self.sources:
            self.sources[name] = Source(name, settings)
        return self.sources[name]

    def own(self, object_id: str) -> None:
        self.owners.setdefault(object_id, self._planting)

    @contextmanager
    def planting(self, case: str) -> Iterator[None]:
        before, self._planting = self._planting, case
        try:
            yield
        finally:
            self._planting = before

    def later(self, change: Callable[[], object]) -> None:
        """Something that happens between the first night and the second."""
        self._later.append((self._planting, change))

    def happen(self) -> None:
        for case, change in self._later:
            with self.planting(case):
                change()

    @property
    def two_nights(self) -> bool:
        return bool(self._later)

    def finish(self) -> None:
        """What the world does by itself once every case is planted: pays out what is transferable."""
        for account in self.accounts.values():
            if account.pays_out:
                account.pay_everything_out()
