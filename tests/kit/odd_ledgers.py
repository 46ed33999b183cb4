"""Small ledgers of several accounts as plain rows, sound and faulty by chance, for a plain reading of the rules."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from recon.model import Account
from tests.kit.books import charge, order

Row = dict[str, Any]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 10, 1, tzinfo=UTC)
BANGKOK = ZoneInfo("Asia/Bangkok")
KINDS = (
    "orders",
    "charges",
    "refunds",
    "transactions",
    "transfers",
    "disputes",
    "receipts",
    "readings",
    "bank_lines",
)
# Currency, zone, VAT in percent, rate in percent, days of hold.
COUNTRIES = {
    "th": ("TH", "THB", "Asia/Bangkok", "7.0", "3.65", 7),
    "sg": ("SG", "SGD", "Asia/Singapore", "0.0", "3.4", 1),
    "jp": ("JP", "JPY", "Asia/Tokyo", "0.0", "3.6", 21),
    "my": ("MY", "MYR", "Asia/Kuala_Lumpur", "8.0", "2.5", 7),
}


@dataclass(frozen=True)
class Place:
    """An account, the days on which its banks are closed, and its bank's fee (null: no statements)."""

    account: Account
    off: frozenset[date]
    fee_bound: int | None


@dataclass
class World:
    """Everything that is known at a moment: rows as `recon.columns` names their columns."""

    now: datetime
    places: dict[str, Place] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def of(self, kind: str, account: str) -> list[Row]:
        return [row for row in self.rows[kind] if row["account"] == account]


def half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2))


def signed(row: Row) -> int:
    return int(row["amount"]) if row["direction"] == "credit" else -int(row["amount"])


def local(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def make(seed: int) -> World:
    """The same world for the same seed: one to three accounts over some weeks."""
    chance = random.Random(seed)
    world = World(START + timedelta(days=chance.randint(22, 40), hours=chance.randint(0, 23), minutes=17))
    for name in chance.sample(list(COUNTRIES), chance.choice([1, 1, 2, 3])):
        _Maker(chance, world, name).make()
    return world


class _Maker:
    """One account's rows. What is said to be odd happens in one of eight cases, unless another share is said."""

    def __init__(self, chance: random.Random, world: World, name: str) -> None:
        self.chance, self.world, self.name = chance, world, name
        region, self.currency, zone, self.vat, self.rate, self.hold = COUNTRIES[name]
        off = frozenset((START + chance.randint(0, 45) * DAY).date() for _ in range(chance.randint(0, 4)))
        fee = chance.choice([None, 0, 0, chance.randint(1, 3_000)])
        self.place = Place(Account(name, region, self.currency, ZoneInfo(zone)), off, fee)
        world.places[name] = self.place

    def make(self) -> None:
        for made in [self.charge() for _ in range(self.chance.randint(1, 8))]:
            if made["status"] == "successful":
                self.give_back(made)
        if self.odd(0.4):
            origin = self.chance.choice([None, *(self.id(kind) for kind in ("adjm", "adjm", "chrg", "trsf", "rfnd"))])
            self.move(self.chance.choice([-1, 1]) * self.chance.randint(1, 5_000), origin, self.time(START))
        for _ in range(self.chance.randint(0, 3)):
            self.transfer(self.time(START + 2 * DAY), self.chance.randint(50, 60_000))
        if self.odd(0.25):  # one sum again and again
            amount, every, first = self.chance.choice([4_000, 5_000]), self.chance.choice([1, 7]), self.time(START)
            for number in range(4):
                self.transfer(min(first + number * every * DAY, self.world.now), amount)
        if self.place.fee_bound is not None:
            self.bank(self.place.fee_bound)
        self.receipts()
        self.readings()

    def odd(self, share: float = 0.125) -> bool:
        return self.chance.random() < share

    def id(self, kind: str) -> str:
        return f"{kind}_test_{''.join(self.chance.choices('0123456789abcdefghijklmnopqrstuvwxyz', k=19))}"

    def time(self, since: datetime) -> datetime:
        return since + timedelta(
            seconds=self.chance.randint(0, max(0, int((self.world.now - since).total_seconds())))
        )

    def add(self, kind: str, made_at: datetime, **values: Any) -> Row:
        seen = {"created_at": made_at, "seen_at": made_at, "first_seen_at": made_at}
        row = {"account": self.name, "currency": self.currency, **seen, **values}
        self.world.rows[kind].append(row)
        return row

    def move(self, amount: int, origin: str | None, at: datetime, hold: int = 0) -> str | None:
        """A transaction, with its faults."""
        if not amount:
            return None
        direction = "credit" if amount > 0 else "debit"
        row = self.add("transactions", at, transaction_id=self.id("trxn"), amount=abs(amount), direction=direction)
        row |= {"key": "a.key", "origin": origin, "transferable_at": at + hold * DAY}
        faults: list[Callable[[], Any]] = [
            lambda: self.world.rows["transactions"].remove(row),
            lambda: row.update(amount=row["amount"] + self.chance.choice([1, 100])),
            lambda: row.update(direction="debit" if direction == "credit" else "credit"),
        ]
        if origin and self.odd(0.08):
            self.chance.choice(faults)()
        return str(row["transaction_id"])

    def charge(self) -> Row:
        chance = self.chance
        status = chance.choices(["successful", "pending", "failed", "expired", "reversed"], [12, 1, 1, 1, 1])[0]
        amount = chance.choice([chance.randint(2_000, 500_000), chance.randint(100, 4_000), 5_000, 31_000])
        captured = chance.randint(1, amount) if self.odd() else amount
        foreign = self.odd()
        funding = captured * 33 + chance.randint(0, 32) if foreign else captured
        rate, flat = chance.choice([self.rate, self.rate, "1.65", "0.0"]), chance.choice([0, 0, 0, 800])
        fee = half_up(funding * Fraction(rate) / 100) + flat
        fee = chance.choice([max(fee, 1_000), fee + 1, 0]) if self.odd() else fee
        vat = max(
            0, half_up(fee * Fraction(self.vat) / 100) + (chance.choice([1, -1, 2, -2, 10]) if self.odd(0.2) else 0)
        )
        interest = half_up(Fraction(funding * 48, 1_000)) if self.odd() else 0
        at = self.time(START)
        paid_at = min(at + chance.choice([1, 3_600]) * timedelta(seconds=1), self.world.now)
        row = dict(charge(self.id("chrg"), self.id("ORDER"), amount, created_at=at, status=status)) | {
            "account": self.name,
            "currency": "USD" if foreign else self.currency,
            "captured_amount": captured if status == "successful" else None,
            "funding_amount": funding,
            "funding_currency": self.currency,
            "fee": fee,
            "fee_vat": vat,
            "interest": interest,
            "net": funding - fee - vat - interest,
            "fee_rate": rate,
            "fee_flat": f"{flat}.0",
            "vat_rate": self.vat,
            "paid_at": paid_at if status == "successful" else None,
        }
        named = self.move(row["net"], row["charge_id"], paid_at, self.hold) if status == "successful" else None
        row["transaction_id"] = None if self.odd(0.05) else named
        self.world.rows["charges"].append(row)
        if self.odd(0.75):
            words = {"account": self.name, "currency": row["currency"], "created_at": at}
            self.world.rows["orders"].append(dict(order(row["order_ref"], captured, **words)))
        return row

    def give_back(self, of: Row) -> None:
        """By a void, by refunds, by a dispute, or not at all."""
        if self.odd():
            of["voided"] = True
            self.refund(of, of["captured_amount"], of["funding_amount"] if self.odd(0.5) else of["net"])
            return
        while self.odd(0.25) and (left := of["captured_amount"] - of["refunded_amount"]):
            amount = self.chance.choice([left, self.chance.randint(1, left)])
            self.refund(of, amount, amount * of["funding_amount"] // of["captured_amount"])
        if (left := of["captured_amount"] - of["refunded_amount"]) and self.odd(0.2):
            funding = left * of["funding_amount"] // of["captured_amount"]
            status = self.chance.choice(["open", "pending", "won", "lost", "lost"])
            at = self.time(of["paid_at"])
            row = self.add("disputes", at, dispute_id=self.id("dspt"), charge_id=of["charge_id"], status=status)
            row |= {"amount": left, "currency": of["currency"], "funding_amount": funding}
            row |= {
                "funding_currency": self.currency,
                "closed_at": self.time(at) if status in ("won", "lost") else None,
            }
            self.move(-funding, row["dispute_id"], at)
            if status == "won":
                self.move(funding, row["dispute_id"], row["closed_at"])

    def refund(self, of: Row, amount: int, debit: int) -> None:
        at = self.time(of["paid_at"])
        status = (
            self.chance.choice(["closed", "closed", "closed", "pending", "failed"]) if not of["voided"] else "closed"
        )
        row = self.add(
            "refunds", at, refund_id=self.id("rfnd"), charge_id=of["charge_id"], status=status, amount=amount
        )
        funding = of["funding_amount"] if of["voided"] else debit
        row |= {"currency": of["currency"], "funding_amount": funding, "funding_currency": self.currency}
        row |= {
            "voided": of["voided"],
            "transaction_id": None if status == "failed" else self.move(-debit, row["refund_id"], at),
        }
        of["refunded_amount"] += 0 if status == "failed" else amount

    def transfer(self, at: datetime, amount: int) -> None:
        fee, vat = self.chance.choice([(2_804, 196), (0, 0)]) if amount > 3_000 else (0, 0)
        state = self.chance.choice(["paid"] * 5 + ["sent", "made", "failed", "back"])
        row = self.add(
            "transfers", at, transfer_id=self.id("trsf"), amount=amount, fee=fee, fee_vat=vat, total_fee=fee + vat
        )
        row |= {
            "net": amount - fee - vat,
            "sent": state not in ("made", "failed"),
            "paid": state == "paid",
            "sendable": True,
        }
        row |= {
            "sent_at": at if row["sent"] else None,
            "paid_at": min(at + HOUR, self.world.now) if row["paid"] else None,
        }
        row |= {"failure_code": "other" if state in ("failed", "back") else None, "deleted": False}
        row["transaction_id"] = self.move(-amount, row["transfer_id"], at) if row["sent"] else None
        if state == "back":
            self.move(amount, row["transfer_id"], self.time(at))
        row["net"] += 1 if self.odd(0.05) else 0

    def bank(self, bound: int) -> None:
        for row in [row for row in self.world.of("transfers", self.name) if row["paid"] and not self.odd()]:
            amount = row["net"] - (min(bound, 100) if self.odd(0.4) else 0)
            amount += self.chance.choice([-bound - 1, 1, -amount // 30, -amount // 2, 5_000]) if self.odd() else 0
            day = local(row["paid_at"], self.place.account.zone) + self.chance.choice([0, 0, 1, 2]) * DAY
            name = row["transfer_id"] if self.odd(0.5) else ""
            first = self.chance.randint(1, amount - 1) if name and amount > 1 and self.odd() else 0
            for part in (first, amount - first):
                self.line(day, part, name)
        if self.odd(0.3):
            names = ["", self.id("trsf"), *(row["transfer_id"] for row in self.world.rows["transfers"])]
            day = local(self.time(START), self.place.account.zone)
            self.line(day, self.chance.choice([-1, 1, 1]) * self.chance.randint(1, 60_000), self.chance.choice(names))

    def line(self, day: date, amount: int, name: str) -> None:
        if amount and day <= local(self.world.now, self.place.account.zone):
            row = self.add(
                "bank_lines", self.world.now, line_id=self.id("line"), booked_on=day.isoformat(), amount=amount
            )
            row |= {
                "source": "bank.x",
                "description": f"OMISE {name}",
                "payout": True,
                "file": "b",
                "file_hash": "0",
                "row": 1,
            }
            del row["created_at"]

    def receipts(self) -> None:
        """Of most days, of the fees of the charges that were paid on them and of the transfers that were sent."""
        fees: dict[date, tuple[int, int]] = {}
        costs = [
            (row["paid_at"], row["fee"] + row["interest"], row["fee_vat"])
            for row in self.world.of("charges", self.name)
        ]
        costs += [(row["sent_at"], row["fee"], row["fee_vat"]) for row in self.world.of("transfers", self.name)]
        for at, fee, vat in costs:
            if at:
                base, tax = fees.get(local(at, BANGKOK), (0, 0))
                fees[local(at, BANGKOK)] = base + fee, tax + vat
        for day, (base, tax) in sorted(fees.items()):
            at = datetime(day.year, day.month, day.day, 18, 0, 6, tzinfo=UTC)
            if at > self.world.now or self.odd(0.3):
                continue
            base += self.chance.choice([1, 2, 30]) if self.odd(0.2) else 0
            row = self.add("receipts", at, receipt_id=self.id("rcpt"), vat=tax, wht=0, total=base + tax)
            row["issued_on"] = day.isoformat()
            if self.odd():
                row["transaction_id"] = self.move(self.chance.choice([1, 2, -1]), row["receipt_id"], at)

    def readings(self) -> None:
        """None, one, or several, the last of them now."""
        ats = sorted(self.time(START) for _ in range(self.chance.randint(0, 2)))
        first: tuple[int, int] | None = None
        before = self.chance.choice([0, 0, 50_000])
        for at in [*ats, self.world.now] if ats or self.odd(0.5) else []:
            booked = sum(
                signed(row) for row in self.world.of("transactions", self.name) if row["first_seen_at"] <= at
            )
            total = before + booked + (self.chance.choice([1, -5]) if self.odd() else 0)
            first = first or (total, booked)
            row = self.add("readings", at, read_at=at, total=total, transferable=0, reserve=0, on_hold=None)
            row |= {"since_first": booked - first[1], "before": first[0] - first[1]}
            for name in ("created_at", "seen_at", "first_seen_at"):
                del row[name]
