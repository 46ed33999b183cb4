"""Seeded worlds: some accounts, their orders and Omise's side of them, planted breaks and the truth about them.

Knows no clock: the same arguments give the same world, byte for byte.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

from recon.sandbox.server.events import tell
from recon.sandbox.worlds.countries import ACCOUNTS, SHARES, Account
from recon.sandbox.worlds.facts import Charge, Dispute, Event, Given, Refund, Thing, Transaction, Transfer, turns
from recon.sandbox.worlds.files import BANK_COLUMNS, ORDER_COLUMNS, major, row_of, write_csv
from recon.sandbox.worlds.maker import Maker, Order, Planted
from recon.sandbox.worlds.misbooked import PLANTS as MISBOOKED
from recon.sandbox.worlds.overdue import PLANTS as OVERDUE
from recon.sandbox.worlds.payout_queue import overdue, run
from recon.sandbox.worlds.payouts import pay_out
from recon.sandbox.worlds.planting import PLANTS, order_invalid, wrong_account
from recon.sandbox.worlds.receipts import issue
from recon.sandbox.worlds.scenarios import SCENARIOS, paid

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
    off: tuple[int, int] = (0, 0)  # planted: from this moment on the balance is said to be that much more

    def kinds(self) -> Mapping[str, Sequence[Thing]]:
        """The rows of each list of the API, by its name there."""
        return {
            "charges": self.charges,
            "refunds": self.refunds,
            "disputes": self.disputes,
            "transfers": self.transfers,
            "transactions": self.transactions,
            "events": self.events,
            "receipts": self.receipts,
        }


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

    `turned` are the breaks that only who also looked at `first_look` can find: charges that had failed by then, and a
    balance that comes off.
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
    turned: tuple[Planted, ...]
    links: tuple[Link, ...]

    @property
    def first_look(self) -> datetime:
        """A moment before `as_of` and after the last order."""
        return _first_look(self.as_of)

    def changes(self, after: datetime, until: datetime) -> list[Change]:
        """What changes in after < moment <= until, creations left out, by moment."""
        low, high = int(after.timestamp()), int(until.timestamp())
        found = [
            Change(datetime.fromtimestamp(at, UTC), name, kind, thing.id)
            for name, books in self.books.items()
            for kind, rows in books.kinds().items()
            for thing in rows
            for at in turns(thing)
            if low < at <= high
        ]
        return sorted(found, key=lambda c: (c.moment, c.account, c.kind, c.id))

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
        planted = [asdict(p) for p in (*self.truth, *self.turned)]
        path.write_text(json.dumps({"planted": planted}, indent=2) + "\n", encoding="utf-8")

    def _bank_rows(self, books: AccountBooks) -> Iterator[dict[str, str]]:
        account, end = books.account, int(self.as_of.timestamp())
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
) -> World:
    """A world of about `orders` orders in these accounts, created from `first_day` to `last_day` local.

    noise 1 and 2 take the order's name from a tenth or half of the unbroken orders with one charge, let amounts
    repeat, and set the shop's clock off by minutes or hours (`NOISES`). With `plant`
    every code is planted at least once per account (`wrong_account` needs two accounts), more in larger worlds.
    `live`: with receipts, which test mode lacks, and, planted, one account's balance that comes off.
    """
    as_of = datetime.combine(last_day, time(3), UTC) + timedelta(days=2)
    shares = sum(SHARES[name] for name in accounts)
    makers = [_maker(seed, ACCOUNTS[name], first_day, last_day, as_of) for name in accounts]
    for place, m in enumerate(makers):
        m.prices = NOISES[noise].prices
        count = orders * SHARES[m.account.name] // shares
        other = makers[(place + 1) % len(makers)] if len(makers) > 1 else None
        _fill(m, count, other, plant)
    links = [pair for m in makers for pair in m.links]
    receipts = {m.account.name: issue(m) if live else [] for m in makers}
    off = _off(makers, seed, as_of) if live and plant else {}
    for m in makers:
        _forget(m, NOISES[noise].forgotten_percent, links)
        _skew(m, NOISES[noise].skew_s, seed)
        pay_out(m, first_day, last_day + timedelta(days=LATER_DAYS))
        m.truth.extend(overdue(m))
        lost = {p.subject_id for p in m.truth if p.code == "order_not_marked_paid"}
        tell(m, frozenset(c.id for c in m.charges if c.metadata.get("order_id") in lost))
    return World(
        seed,
        first_day,
        last_day,
        as_of,
        {
            name: replace(_books(m), receipts=receipts[name], off=off.get(name, (0, 0)))
            for m in makers
            for name in [m.account.name]
        },
        tuple(order for m in makers for order in m.orders),
        tuple(row for m in makers for row in m.bad_rows),
        tuple(planted for m in makers for planted in m.truth),
        (*(planted for m in makers for planted in _turned(m, as_of)), *map(_comes_off, off)),
        tuple(Link(o.account.name, o.id, charge.account.name, charge.id) for o, charge in links),
    )


def _first_look(as_of: datetime) -> datetime:
    return as_of - timedelta(days=1)


def _off(makers: Sequence[Maker], seed: int, as_of: datetime) -> dict[str, tuple[int, int]]:
    """Which account's balance comes off, from when, and by how much; drawn apart, so that all else stays."""
    rng = Random(f"{seed}/balance")
    amount = rng.choice((-1, 1)) * rng.randint(1, 5_000)
    return {rng.choice(makers).account.name: (int(_first_look(as_of).timestamp()) + 1, amount)}


def _comes_off(account: str) -> Planted:
    return Planted("balance_mismatch", account, "account", account, "the balance is not what was booked since")


def _turned(m: Maker, as_of: datetime) -> Iterator[Planted]:
    """Charges that are successful at the moment of truth and were failed or expired a day before."""
    early, late = int(_first_look(as_of).timestamp()), int(as_of.timestamp())
    for charge in m.charges:
        if charge.created <= early and charge.status(late) == "successful":
            before = charge.status(early)
            if before in ("failed", "expired"):
                yield Planted("late_success", m.account.name, "charge", charge.id, f"{before} before")


def _maker(seed: int, account: Account, first_day: date, last_day: date, as_of: datetime) -> Maker:
    start = int(datetime.combine(first_day, time(), account.zone).timestamp())
    end = int(datetime.combine(last_day + timedelta(days=1), time(), account.zone).timestamp())
    return Maker(Random(f"{seed}/{account.name}"), account, start, end, int(as_of.timestamp()))


def _fill(m: Maker, count: int, other: Maker | None, plant: bool) -> None:
    plants = (
        [p for p in (*PLANTS, *OVERDUE, *MISBOOKED) if other is not None or p is not wrong_account] if plant else []
    )
    plants *= 1 + count // PLANT_EVERY
    kinds = [scenario for _, scenario in SCENARIOS]
    edges = _edges(m)
    left = max(0, count - len(plants) - len(edges))
    first = kinds[:left]
    rest = m.rng.choices(kinds, [weight for weight, _ in SCENARIOS], k=left - len(first))
    lives = [*first, *rest]
    jobs: list[tuple[bool, int]] = [(True, i) for i in range(len(plants))] + [(False, i) for i in range(len(lives))]
    m.rng.shuffle(jobs)
    for at, (planted, place) in zip(_times(m, len(jobs)), jobs, strict=True):
        if planted:
            plants[place](m, at, other or m)
        else:
            lives[place](m, at)
    for at in edges:
        paid(m, at)
    for _ in range(1 + count // PLANT_EVERY if plant else 0):
        order_invalid(m, m.rng.randrange(m.start, m.end))


def _times(m: Maker, count: int) -> list[int]:
    return sorted(m.rng.randrange(m.start, m.end) for _ in range(count))


def _edges(m: Maker) -> list[int]:
    """The first and last second of the range, and around one local midnight."""
    night = m.start + (m.end - m.start) // 86_400 // 2 * 86_400
    return [m.start, m.end - 1, night - 1, night] if night > m.start else [m.start, m.end - 1]


def _forget(m: Maker, percent: int, links: list[tuple[Order, Charge]]) -> None:
    """Take the order's name from a share of the charges that are the only ones of unbroken orders."""
    broken = {p.subject_id for p in m.truth}
    of: dict[str, list[Charge]] = {}
    for order, charge in links:
        of.setdefault(order.id, []).append(charge)
        disputed = (charge.dispute.id,) if charge.dispute else ()
        if broken & {charge.id, *(refund.id for refund in charge.refunds), *disputed}:
            broken.add(order.id)
    for order in m.orders if percent else ():
        charges = of.get(order.id, [])
        if len(charges) == 1 and order.id not in broken and m.rng.randrange(100) < percent:
            charges[0].metadata.pop("order_id", None)
            charges[0].description, order.charge_id = None, ""


def _skew(m: Maker, seconds: int, seed: int) -> None:
    """Set the shop's clock off, for each order by another while; no order is made after the moment of truth."""
    rng = Random(f"{seed}/{m.account.name}/clock")
    for order in m.orders if seconds else ():
        order.created = min(order.created + rng.randint(-seconds, seconds), m.as_of)


def _books(m: Maker) -> AccountBooks:
    for rows in (m.charges, m.refunds, m.disputes, m.transfers, m.transactions, m.events):
        rows.sort(key=lambda row: (row.created, row.id))
    return AccountBooks(
        m.account,
        m.charges,
        m.refunds,
        m.disputes,
        m.transfers,
        m.transactions,
        m.events,
        m.stray_credits,
        run(m, m.as_of).paid,
    )
