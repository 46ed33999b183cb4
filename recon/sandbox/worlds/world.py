"""Seeded worlds: some accounts, their orders and Omise's side of them, planted breaks and the truth about them.

Knows no clock: the same arguments give the same world, byte for byte.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from recon.calendars import days_window
from recon.sandbox.worlds.countries import ACCOUNTS, SHARES, Account
from recon.sandbox.worlds.events import add_events
from recon.sandbox.worlds.facts import Charge, Dispute, Event, Given, Refund, Thing, Transaction, Transfer, changes
from recon.sandbox.worlds.files import BANK_COLUMNS, ORDER_COLUMNS, major, row_of, write_csv
from recon.sandbox.worlds.maker import Maker, Order, Planted
from recon.sandbox.worlds.misbooked import BOOKINGS
from recon.sandbox.worlds.overdue import CLOCKS
from recon.sandbox.worlds.payout_queue import allocate, overdue
from recon.sandbox.worlds.payouts import pay_out
from recon.sandbox.worlds.planting import ORDERS, order_invalid, sow, wrong_account
from recon.sandbox.worlds.receipts import Receipts, misprint
from recon.sandbox.worlds.scenarios import SCENARIOS, Scenario, paid
from recon.sandbox.worlds.tariff import DAY, METHODS

KINDS = ("charges", "refunds", "disputes", "transfers", "transactions", "events", "receipts")
_WEEKEND = 3  # days more than the longest hold: what is free by Saturday is paid out on Monday
LATER_DAYS = 40  # how far beyond the range payouts go on
PLANT_EVERY = 4_000  # orders of an account for one more break of each code


@dataclass(frozen=True)
class AccountBooks:
    """Everything that Omise knows of one account, each kind by creation time, then id."""

    account: Account
    charges: Sequence[Charge] = ()
    refunds: Sequence[Refund] = ()
    disputes: Sequence[Dispute] = ()
    transfers: Sequence[Transfer] = ()
    transactions: Sequence[Transaction] = ()
    events: Sequence[Event] = ()
    stray_credits: Sequence[int] = ()  # what the bank credits on the last day in Omise's name, and nobody sent
    paid_out: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)  # transfer -> transaction, amount
    receipts: Sequence[Given] = ()
    balance_error: tuple[int, int] = (0, 0)  # planted: from this moment on the balance is said to be that much more

    def kinds(self) -> Mapping[str, Sequence[Thing]]:
        """The rows of each list of the API, by its name there."""
        return {kind: getattr(self, kind) for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Link:
    """An order and a charge of it, whether or not one still names the other."""

    order_account: str
    order_id: str
    charge_account: str
    charge_id: str


@dataclass(frozen=True, slots=True)
class Noise:
    """What makes links hard to find: names forgotten, few different prices, a shop's clock that is off."""

    forgotten_percent: int = 0
    prices: int = 0
    skew_s: int = 0


NOISES = (Noise(), Noise(10, 200, 600), Noise(50, 40, 6 * 3_600))


@dataclass(frozen=True, slots=True)
class Change:
    """An object that is different from this moment on."""

    moment: datetime
    account: str
    kind: str
    id: str


@dataclass(frozen=True)
class World:
    """A made world. `truth` holds at `as_of`: these breaks and no other.

    `truth_since_first_look` are the breaks that only who also looked at `first_look` can find: charges that had
    failed by then, and, of a live world, a balance that comes off; with them stands its receipt that is wrong.
    `links` are true, whatever noise made of the names.
    """

    seed: int
    first_day: date
    last_day: date
    as_of: datetime
    books: Mapping[str, AccountBooks]
    orders: tuple[Order, ...]
    bad_rows: tuple[Mapping[str, str], ...]
    truth: tuple[Planted, ...]
    truth_since_first_look: tuple[Planted, ...]
    links: tuple[Link, ...]

    @property
    def first_look(self) -> datetime:
        """A moment before `as_of` and after the last order."""
        return _first_look(self.as_of)

    def changes(self, after: datetime, until: datetime) -> list[Change]:
        """What changes in after < moment <= until, creations left out, by moment."""
        low = int(after.timestamp())
        high = int(until.timestamp())
        changed = [
            Change(datetime.fromtimestamp(at, UTC), name, kind, thing.id)
            for name, books in self.books.items()
            for kind, rows in books.kinds().items()
            for thing in rows
            for at in changes(thing)
            if low < at <= high
        ]
        return sorted(changed, key=lambda change: (change.moment, change.account, change.kind, change.id))

    def write_orders(self, folder: Path) -> list[Path]:
        """One `orders_{account}.csv` per account, the unreadable rows at its end; returns the paths."""
        paths = []
        for name, books in self.books.items():
            rows = [row_of(order) for order in self.orders if order.account is books.account]
            bad = [row for row in self.bad_rows if row["order_id"].startswith(f"{books.account.region}-")]
            paths.append(write_csv(folder / f"orders_{name}.csv", ORDER_COLUMNS, [*rows, *bad]))
        return paths

    def write_bank(self, folder: Path) -> list[Path]:
        """One `bank_{account}.csv` per account: payouts paid until `as_of`, after a line that is not Omise's."""
        return [
            write_csv(folder / f"bank_{name}.csv", BANK_COLUMNS, self._bank_rows(books))
            for name, books in self.books.items()
        ]

    def write_truth(self, path: Path) -> None:
        """The planted breaks as JSON: code, account, subject_type, subject_id, note."""
        path.parent.mkdir(parents=True, exist_ok=True)
        breaks = [asdict(planted) for planted in (*self.truth, *self.truth_since_first_look)]
        path.write_text(json.dumps({"planted": breaks}, indent=2) + "\n", encoding="utf-8")

    def _bank_rows(self, books: AccountBooks) -> Iterator[dict[str, str]]:
        account = books.account
        end = int(self.as_of.timestamp())
        rent = major(-123_400, account.currency)
        yield _bank_row(account, self.first_day - timedelta(days=28), rent, "OFFICE RENT", "SO-1")
        for number, transfer in enumerate((t for t in books.transfers if t.paid_at <= end), 1):
            day = datetime.fromtimestamp(transfer.paid_at, account.zone).date()
            credit = transfer.net if transfer.credit is None else transfer.credit
            reference = f"{account.region}{day:%y%m%d}{number:04d}"
            if credit:
                yield _bank_row(account, day, major(credit, account.currency), "OMISE CO LTD PAYOUT", reference)
        for number, amount in enumerate(books.stray_credits, 1):
            text = major(amount, account.currency)
            yield _bank_row(account, self.last_day, text, "OMISE CO LTD PAYOUT", f"{account.region}X{number:04d}")


def _bank_row(account: Account, day: date, amount: str, description: str, reference: str) -> dict[str, str]:
    values = (day.isoformat(), amount, account.currency, description, reference)
    return dict(zip(BANK_COLUMNS, values, strict=True))


def make_world(
    seed: int,
    first_day: date,
    last_day: date,
    orders: int,
    accounts: Sequence[str] = ("th", "sg", "jp", "my"),
    noise: int = 0,
    plant: bool = True,
    live: bool = False,
    history: bool = False,
) -> World:
    """A world of about `orders` orders in these accounts, created from `first_day` to `last_day` local.

    noise 1 and 2 take the order's name from a tenth or half of the unbroken orders with one charge, let amounts
    repeat, and set the shop's clock off by minutes or hours (`NOISES`). With `plant`
    every code is planted at least once per account (`wrong_account` needs two accounts), more in larger worlds.
    `live`: with receipts, which test mode lacks, and, planted, a balance that comes off and a receipt that is wrong.
    `history`: as many orders a day before `first_day`, all paid, so that the days' payouts are of what was sold.
    """
    as_of = datetime.combine(last_day, time(3), UTC) + timedelta(days=2)
    shares = sum(SHARES[name] for name in accounts)
    makers = [_maker(seed, ACCOUNTS[name], first_day, last_day, as_of, history=history) for name in accounts]
    for place, maker in enumerate(makers):
        maker.prices = NOISES[noise].prices
        maker.other = makers[(place + 1) % len(makers)] if len(makers) > 1 else None
        _fill(maker, orders * SHARES[maker.account.name] // shares, plant)
    links = [link for maker in makers for link in maker.links]
    receipts = [Receipts(maker) if live else None for maker in makers]
    balance_errors = _balance_errors(makers, seed, as_of) if live and plant else {}
    for maker, receipts_of_maker in zip(makers, receipts, strict=True):
        _forget_names(maker, NOISES[noise].forgotten_percent, links)
        _skew_clock(maker, NOISES[noise].skew_s, seed)
        pay_out(maker, last_day + timedelta(days=LATER_DAYS), receipts_of_maker)
        maker.truth.extend(overdue(maker))
        unmarked = {planted.subject_id for planted in maker.truth if planted.code == "order_not_marked_paid"}
        silent = (charge.id for charge in maker.charges if charge.metadata.get("order_id") in unmarked)
        add_events(maker, frozenset(silent))
    issued: list[Sequence[Given]] = [
        receipts_of_maker.issued if receipts_of_maker else () for receipts_of_maker in receipts
    ]
    misprinted = _misprint(makers, issued, (first_day, last_day), seed) if live and plant else []
    books = [_books(maker, given) for maker, given in zip(makers, issued, strict=True)]
    late = [planted for maker in makers for planted in _late_successes(maker, as_of)]
    return World(
        seed,
        first_day,
        last_day,
        as_of,
        {
            book.account.name: replace(book, balance_error=balance_errors.get(book.account.name, (0, 0)))
            for book in books
        },
        tuple(order for maker in makers for order in maker.orders),
        tuple(row for maker in makers for row in maker.bad_rows),
        tuple(planted for maker in makers for planted in maker.truth),
        (*late, *map(_balance_mismatch, balance_errors), *misprinted),
        tuple(Link(order.account.name, order.id, charge.account.name, charge.id) for order, charge in links),
    )


def _first_look(as_of: datetime) -> datetime:
    return as_of - timedelta(days=1)


def _balance_errors(makers: Sequence[Maker], seed: int, as_of: datetime) -> dict[str, tuple[int, int]]:
    """Which account's balance comes off, from when, and by how much; drawn apart, so that all else stays."""
    rng = Random(f"{seed}/balance")
    amount = rng.choice((-1, 1)) * rng.randint(1, 5_000)
    return {rng.choice(makers).account.name: (int(_first_look(as_of).timestamp()) + 1, amount)}


def _misprint(
    makers: Sequence[Maker], issued: list[Sequence[Given]], days: tuple[date, date], seed: int
) -> list[Planted]:
    """One receipt of the world's days, of one account, says other fees than its day; the rest stay as they are."""
    rng = Random(f"{seed}/receipts")
    place = rng.choice(range(len(issued)))
    issued[place], planted = misprint(makers[place].account.name, issued[place], days, rng)
    return [planted]


def _balance_mismatch(account: str) -> Planted:
    return Planted("balance_mismatch", account, "account", account, "the balance is not what was booked since")


def _late_successes(maker: Maker, as_of: datetime) -> Iterator[Planted]:
    """Charges that are successful at the moment of truth and were failed or expired a day before."""
    early = int(_first_look(as_of).timestamp())
    late = int(as_of.timestamp())
    for charge in maker.charges:
        before = charge.status(early)
        if charge.created <= early and before in ("failed", "expired") and charge.status(late) == "successful":
            yield Planted("late_success", maker.account.name, "charge", charge.id, f"{before} before")


def _maker(seed: int, account: Account, first_day: date, last_day: date, as_of: datetime, *, history: bool) -> Maker:
    days = days_window(first_day, last_day, account.zone)
    start = int(days.start.timestamp())
    end = int(days.end.timestamp())
    hold = max(method.hold_days for method in METHODS[account.region])
    since = start - (hold + _WEEKEND) * DAY if history else start
    return Maker(Random(f"{seed}/{account.name}"), account, since, start, end, int(as_of.timestamp()))


def _fill(maker: Maker, count: int, plant: bool) -> None:
    """Orders of every kind at moments of the range, the broken ones among them, after the history's plain ones."""
    earlier = count * (maker.start - maker.since) // (maker.end - maker.start)
    for at in _times(maker, maker.since, maker.start, earlier):
        paid(maker, at)
    times = 1 + count // PLANT_EVERY if plant else 0
    plants = [plant for plant in (*ORDERS, *CLOCKS, *BOOKINGS) if maker.other or plant is not wrong_account] * times
    edges = _edges(maker)
    scenarios = [scenario for _, scenario in SCENARIOS][: max(0, count - len(plants) - len(edges))]
    more = max(0, count - len(plants) - len(edges) - len(scenarios))
    weights = [weight for weight, _ in SCENARIOS]
    scenarios += maker.rng.choices([scenario for _, scenario in SCENARIOS], weights, k=more)
    makings: list[Scenario] = [*(partial(sow, plant) for plant in plants), *scenarios]
    maker.rng.shuffle(makings)
    for at, make in zip(_times(maker, maker.start, maker.end, len(makings)), makings, strict=True):
        make(maker, at)
    for at in edges:
        paid(maker, at)
    for _ in range(times):
        order_invalid(maker, maker.rng.randrange(maker.start, maker.end))


def _times(maker: Maker, start: int, end: int, count: int) -> list[int]:
    return sorted(maker.rng.randrange(start, end) for _ in range(count))


def _edges(maker: Maker) -> list[int]:
    """The first and last second of the range, and around one local midnight."""
    start = maker.start
    end = maker.end
    night = start + (end - start) // DAY // 2 * DAY
    return [start, end - 1, night - 1, night] if night > start else [start, end - 1]


def _forget_names(maker: Maker, percent: int, links: list[tuple[Order, Charge]]) -> None:
    """Take the order's name from a share of the charges that are the only ones of unbroken orders."""
    broken = {planted.subject_id for planted in maker.truth}
    charges_of: dict[str, list[Charge]] = {}
    for order, charge in links:
        charges_of.setdefault(order.id, []).append(charge)
        disputed = (charge.dispute.id,) if charge.dispute else ()
        if broken & {charge.id, *(refund.id for refund in charge.refunds), *disputed}:
            broken.add(order.id)
    for order in maker.orders if percent else ():
        charges = charges_of.get(order.id, [])
        if len(charges) == 1 and order.id not in broken and maker.rng.randrange(100) < percent:
            charges[0].metadata.pop("order_id", None)
            charges[0].description = None
            order.charge_id = ""


def _skew_clock(maker: Maker, seconds: int, seed: int) -> None:
    """Set the shop's clock off, for each order by another while; no order is made after the moment of truth."""
    rng = Random(f"{seed}/{maker.account.name}/clock")
    for order in maker.orders if seconds else ():
        order.created = min(order.created + rng.randint(-seconds, seconds), maker.as_of)


def _books(maker: Maker, receipts: Sequence[Given]) -> AccountBooks:
    made: dict[str, Any] = {kind: getattr(maker, kind) for kind in KINDS if kind != "receipts"}
    for rows in made.values():
        rows.sort(key=lambda row: (row.created, row.id))
    made["paid_out"] = allocate(maker, maker.as_of).paid
    return AccountBooks(maker.account, **made, stray_credits=maker.stray_credits, receipts=receipts)
