"""A merchant's months, made up and put straight into a store: what a pull and order files would have left there.

Orders, charges, refunds, the whole ledger and a transfer each night, in the sizes that stored rows have; about one
order in 300 has something wrong with it. Knows no run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Table

from recon.arrays import Ints
from recon.calendars import days_window
from recon.model import Window
from recon.store import bulk, tables
from recon.store.engine import Store, to_micros, writing
from recon.store.versions import save

Flags = npt.NDArray[np.bool_]
SECOND, DAY = 1_000_000, 86_400_000_000  # microseconds
NIGHT = 20 * 3_600 * SECOND  # of a day, UTC
HOLD = 7 * DAY  # from a charge until its money can be paid out
CHUNK = 20_000
# Of ten thousand orders: what is wrong with them, and which have a refund asked for, which stays open.
MISSING, STRANGE, AMOUNT, TWICE, FAILED, PENDING, ASKED = 5, 5, 5, 5, 5, 5, 5
REFUNDED = 200
_FATES = np.cumsum([MISSING, STRANGE, AMOUNT, TWICE, FAILED, PENDING, ASKED, REFUNDED])
(_MISSING, _STRANGE, _AMOUNT, _TWICE, _FAILED, _PENDING, _ASKED, _REFUNDED) = range(len(_FATES))
# Of a hundred charges: those that their order names, those whose description names it, those that nothing names.
BY_ORDER, BY_DESCRIPTION, BY_NOTHING = 15, 2, 1
_PACKED = {"charge": 418, "transaction": 94, "refund": 133, "transfer": 257}  # bytes, as the sandbox's objects take
_DIGEST = 32  # bytes: an object's digest and its mark


@dataclass(frozen=True)
class Shop:
    """One account, and how many of a hundred orders are its."""

    name: str
    currency: str
    zone: str
    share: int


SHOPS = (
    Shop("th", "THB", "Asia/Bangkok", 50),
    Shop("sg", "SGD", "Asia/Singapore", 20),
    Shop("jp", "JPY", "Asia/Tokyo", 20),
    Shop("my", "MYR", "Asia/Kuala_Lumpur", 10),
)


@dataclass
class _Till:
    """What one account's transfers still have to pay out, by the day on which it can be."""

    days: dict[int, int] = field(default_factory=dict)
    numbers: int = 0  # charges so far

    def add(self, moments: Ints, amounts: Ints) -> None:
        days, place = np.unique(moments // DAY, return_inverse=True)
        sums = np.bincount(place, weights=amounts).astype(np.int64)
        for day, amount in zip(days.tolist(), sums.tolist(), strict=True):
            self.days[day] = self.days.get(day, 0) + amount

    def payable(self, day: int) -> int:
        """Takes what can be paid out in the night that ends a day; refunds that exceed it wait for the next."""
        due = sum(self.days.pop(one) for one in [one for one in self.days if one <= day])
        if due <= 0:
            self.days[day + 1] = self.days.get(day + 1, 0) + due
        return max(due, 0)


def months_before(today: date, count: int) -> list[tuple[date, date]]:
    """So many whole months before the one of a day, oldest first: their first and last days."""
    found: list[tuple[date, date]] = []
    first = today.replace(day=1)
    while len(found) < count:
        last = first - timedelta(days=1)
        first = last.replace(day=1)
        found.insert(0, (first, last))
    return found


def fill(
    store: Store,
    shops: Sequence[Shop],
    months: Sequence[tuple[date, date]],
    monthly: int,
    now: datetime,
    nightly: bool = False,
) -> int:
    """Puts so many orders a month, and all that belongs to them, into an empty store, all seen before now; how many.

    An hour before: a pull of such histories takes longer than that. With `nightly` each was seen by the first pull at
    20:00 UTC after its creation.
    """
    until, tills, made = to_micros(now - timedelta(hours=1)), {shop.name: _Till() for shop in shops}, 0
    rng = np.random.default_rng(monthly)
    for first, last in months:
        for shop in shops:
            window = days_window(first, last, ZoneInfo(shop.zone))
            month = _Month(shop, window, monthly * shop.share // 100, tills[shop.name], until, rng)
            for table, rows in month.rows():
                _insert(store, table, rows, until, nightly)
            made += month.count
            for at in range((last - first).days + 1):
                day = window.start + timedelta(days=at)
                save.save_windows(
                    store, shop.name, [save.PulledWindow("charge", Window(day, day + timedelta(days=1)), 0, 0, now)]
                )
    return made


class _Month:
    """One account's orders of a month, and all that they led to."""

    def __init__(self, shop: Shop, window: Window, count: int, till: _Till, until: int, rng: np.random.Generator):
        self.shop, self.window, self.count, self.till, self.rng = shop, window, count, till, rng
        start, end = to_micros(window.start), to_micros(window.end)
        self.created = np.sort(rng.integers(start // SECOND, end // SECOND - 600, count)) * SECOND
        self.amount = rng.integers(3_000, 1_500_000, count)  # within the limits of every account's cards
        self.fate = np.searchsorted(_FATES, rng.integers(0, 10_000, count), side="right")
        refund_at = self.created + rng.integers(1, 20 * 86_400, count) * SECOND + 3_600 * SECOND
        self.refund_at = refund_at
        self.fate[(self.fate == _REFUNDED) & (refund_at >= until)] = len(_FATES)
        self.way = rng.integers(0, 100, count)
        self.way[self.fate < len(_FATES)] = 99  # what is not plain is named in metadata
        has, twice = np.flatnonzero(self.fate != _MISSING), np.flatnonzero(self.fate == _TWICE)
        self.owner = np.concatenate([has, twice])
        self.begun = till.numbers
        till.numbers += len(self.owner) + count
        self.numbers = self.begun + count + np.arange(len(self.owner))

    def rows(self) -> Iterator[tuple[Table, pa.Table]]:
        """Everything by table, with columns that the table has."""
        charges, paid = self._charges()
        refunds = self._refunds()
        credits = self._moves(
            "chrg",
            self.numbers[paid],
            charges["net"].to_numpy()[paid],
            "credit",
            self.created[self.owner[paid]] + 95 * SECOND,
        )
        debits = self._moves(
            "rfnd", self._refunded_numbers, self.amount[self._refunded], "debit", self.refund_at[self._refunded]
        )
        transfers = self._transfers()
        yield tables.ORDER, self._orders()
        for kind, made in (("charge", charges), ("refund", refunds), ("transfer", transfers)):
            yield tables.OBJECTS[kind], made
        for moves in (credits, debits, self._transfer_moves(transfers)):
            yield tables.OBJECTS["transaction"], moves

    @property
    def _refunded(self) -> Ints:
        return np.flatnonzero(self.fate == _REFUNDED)

    @property
    def _refunded_numbers(self) -> Ints:
        """Those of the refunded orders' charges; a refund and its transaction are named after its charge."""
        place = np.full(self.count, -1)
        place[self.owner[::-1]] = np.arange(len(self.owner))[::-1]
        numbers: Ints = self.numbers[place[self._refunded]]
        return numbers

    def _id(self, prefix: str, numbers: Ints) -> pa.Array:
        return _numbered(f"{prefix}_5{self.shop.name}", numbers, 16)

    def _orders(self) -> pa.Table:
        words = np.array(["paid", "pending", "refund_requested", "refunded"])
        state = np.select([self.fate == _PENDING, self.fate == _ASKED, self.fate == _REFUNDED], [1, 2, 3], 0)
        place = np.full(self.count, -1)
        place[self.owner[::-1]] = np.arange(len(self.owner))[::-1]
        named = (self.way < BY_ORDER) & (place >= 0)
        charge_ids = self._id("chrg", self.numbers).take(pa.array(np.where(named, place, 0), mask=~named))
        return _table(
            self.count,
            {
                "order_id": self._order_ids(np.arange(self.count)),
                "status": words[state],
                "amount": self.amount,
                "created_at": self.created,
                "refunded_amount": np.where(self.fate == _REFUNDED, self.amount, 0),
                "charge_id": charge_ids,
                "row": np.arange(self.count) + 2,
            },
            account=self.shop.name,
            currency=self.shop.currency,
            source="shop",
            payment_method="card",
            file=f"orders-{self.window.start:%Y-%m}.csv",
            file_hash="0" * 64,
        )

    def _order_ids(self, places: Ints) -> pa.Array:
        return _numbered(f"{self.shop.name.upper()}-", self.begun + places, 10)

    def _charges(self) -> tuple[pa.Table, Flags]:
        fate, way, made = self.fate[self.owner], self.way[self.owner], self.created[self.owner] + 41 * SECOND
        paid = fate != _FAILED
        taken = self.amount[self.owner] + np.where(fate == _AMOUNT, 100, 0)
        fee = (taken * 365 + 5_000) // 10_000
        vat = (fee * 7 + 50) // 100
        said = self._order_ids(self.owner)
        in_metadata = (way >= BY_ORDER + BY_DESCRIPTION + BY_NOTHING) | (way < BY_ORDER)
        wrong = pa.array(np.where(fate == _STRANGE, "X-", ""))
        ref = pc.binary_join_element_wise('{"order_id":"', pc.binary_join_element_wise(wrong, said, ""), '"}', "")
        text = pc.binary_join_element_wise("Order", said, " ")
        by_text = (way >= BY_ORDER) & (way < BY_ORDER + BY_DESCRIPTION)
        paid_at = pa.array(made + 54 * SECOND, mask=~paid)
        moves = self._id("trxn", self.numbers)
        return _table(
            len(self.owner),
            {
                "charge_id": self._id("chrg", self.numbers),
                "status": np.where(paid, "successful", "failed"),
                "amount": taken,
                "captured_amount": taken,
                "funding_amount": taken,
                "fee": fee,
                "fee_vat": vat,
                "net": taken - fee - vat,
                "refunded_amount": np.where(fate == _REFUNDED, taken, 0),
                "authorized": paid,
                "paid": paid,
                "created_at": made,
                "authorized_at": paid_at,
                "paid_at": paid_at,
                "expires_at": made + 7 * DAY,
                "transaction_id": pc.if_else(pa.array(paid), moves, _NO_TEXT),
                "metadata": pc.if_else(pa.array(in_metadata), ref, "{}"),
                "description": pc.if_else(pa.array(by_text), text, _NO_TEXT),
                "failure_code": pc.if_else(pa.array(paid), _NO_TEXT, "payment_rejected"),
            },
            account=self.shop.name,
            currency=self.shop.currency,
            funding_currency=self.shop.currency,
            interest=0,
            interest_vat=0,
            fee_flat="0.0",
            fee_rate="3.65",
            vat_rate="7.0",
            method="card",
            card_brand="Visa",
            capture=True,
            reversed=False,
            voided=False,
            livemode=True,
        ), paid

    def _refunds(self) -> pa.Table:
        numbers = self._refunded_numbers
        return _table(
            len(numbers),
            {
                "refund_id": self._id("rfnd", numbers),
                "charge_id": self._id("chrg", numbers),
                "amount": self.amount[self._refunded],
                "funding_amount": self.amount[self._refunded],
                "transaction_id": self._id("trxn_r", numbers),
                "created_at": self.refund_at[self._refunded],
            },
            account=self.shop.name,
            status="closed",
            currency=self.shop.currency,
            voided=False,
            livemode=True,
            funding_currency=self.shop.currency,
        )

    def _moves(self, kind: str, numbers: Ints, amounts: Ints, direction: str, made: Ints) -> pa.Table:
        is_credit = direction == "credit"
        free = made + HOLD if is_credit else made
        self.till.add(free, amounts if is_credit else -amounts)
        return _table(
            len(numbers),
            {
                "transaction_id": self._id("trxn" if is_credit else "trxn_r", numbers),
                "amount": amounts,
                "origin": self._id(kind, numbers),
                "created_at": made,
                "transferable_at": free,
            },
            account=self.shop.name,
            currency=self.shop.currency,
            direction=direction,
            livemode=True,
            key="charge.captured.net" if is_credit else "refund.created.debit",
        )

    def _transfers(self) -> pa.Table:
        """Every night one of what became free on the day before (UTC)."""
        first, last = (to_micros(one) // DAY for one in (self.window.start, self.window.end))
        found = [(day, amount) for day in range(first, last) if (amount := self.till.payable(day))]
        nights = np.array([day + 1 for day, _ in found], dtype=np.int64)
        amounts = np.array([amount for _, amount in found], dtype=np.int64)
        return _table(
            len(found),
            {
                "transfer_id": self._id("trsf", nights),
                "amount": amounts,
                "net": amounts,
                "created_at": nights * DAY,
                "sent_at": nights * DAY,
                "paid_at": nights * DAY + 3_600 * SECOND,
                "transaction_id": self._id("trxn_t", nights),
            },
            account=self.shop.name,
            currency=self.shop.currency,
            fee=0,
            fee_vat=0,
            total_fee=0,
            sendable=True,
            sent=True,
            paid=True,
            deleted=False,
            livemode=True,
        )

    def _transfer_moves(self, transfers: pa.Table) -> pa.Table:
        shared = {name: transfers[name] for name in ("transaction_id", "amount", "created_at")}
        named = {"origin": transfers["transfer_id"], "transferable_at": transfers["created_at"]}
        return _table(
            len(transfers),
            shared | named,
            account=self.shop.name,
            currency=self.shop.currency,
            direction="debit",
            key="transfer.sent.debit",
            livemode=True,
        )


_NO_TEXT = pa.scalar(None, pa.string())


def _numbered(prefix: str, numbers: Ints, width: int) -> pa.Array:
    text = pc.utf8_lpad(pa.array(numbers, pa.int64()).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), text, "")


def _table(rows: int, columns: dict[str, object], **same: object) -> pa.Table:
    """Columns, and others that have the same value in every row."""
    repeated = {name: pa.repeat(pa.scalar(value), rows) for name, value in same.items()}
    return pa.table({**repeated, **columns})


def _insert(store: Store, table: Table, rows: pa.Table, seen: int, nightly: bool) -> None:
    """In one transaction; what the rows do not have is null, and a packed object is as long as such ones are."""
    size, rng = _PACKED.get(table.name, 0), np.random.default_rng(len(rows))
    with writing(store, "benchmark") as connection:
        for start in range(0, len(rows), CHUNK):
            part = rows.slice(start, CHUNK)
            noise = rng.bytes(len(part) * (size + _DIGEST))
            held = {name: part[name].to_pylist() for name in part.column_names}
            created = part["created_at"].to_numpy()
            moments = ((created - NIGHT) // DAY * DAY + DAY + NIGHT).tolist() if nightly else [seen] * len(part)
            held |= {"seen_at": moments, "first_seen_at": moments}
            held["raw"] = [noise[at * size : (at + 1) * size] for at in range(len(part))]
            tail = len(part) * size
            held["digest"] = [noise[tail + at * _DIGEST : tail + (at + 1) * _DIGEST] for at in range(len(part))]
            empty = [None] * len(part)
            lists = [held.get(column.name, empty) for column in table.columns]
            bulk.insert_rows(connection, table, list(zip(*lists, strict=True)))


def now() -> datetime:
    """The benchmark's clock."""
    return datetime.now(UTC)
