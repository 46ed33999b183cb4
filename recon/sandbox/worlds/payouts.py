"""Daily automatic transfers of what is transferable, and the balance at any moment."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate

from recon.sandbox.worlds.facts import Transaction
from recon.sandbox.worlds.maker import Maker
from recon.sandbox.worlds.receipts import Receipts


class Ledger:
    """Running sums of balance transactions by moment, minor units of the account's currency."""

    def __init__(self, transactions: Iterable[Transaction]) -> None:
        signed = [
            (row.created, row.transferable, row.amount if row.direction == "credit" else -row.amount)
            for row in transactions
        ]
        self._made = _running((created, amount) for created, _, amount in signed)
        self._free = _running((max(created, free), amount) for created, free, amount in signed)

    def total(self, at: int) -> int:
        """Credits less debits made until a moment, the moment included."""
        return _until(self._made, at)

    def transferable(self, at: int) -> int:
        """The part of the total whose hold is over."""
        return _until(self._free, at)


def _running(moves: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
    ordered = sorted(moves)
    return [at for at, _ in ordered], list(accumulate((amount for _, amount in ordered), initial=0))


def _until(sums: tuple[list[int], list[int]], at: int) -> int:
    moments, totals = sums
    return totals[bisect_right(moments, at)]


def pay_out(maker: Maker, last: date, receipts: Receipts | None = None) -> None:
    """One transfer each working day at 23:00 local, sent at 08:00 and paid at 10:00 of the next two working days.

    They begin when the shop does. Working days are Monday to Friday: what is sent on a public holiday is early, never
    late. Nothing is sent that the balance will not have at sending, nor less than the account's minimum and its fee.
    Receipts are issued as the days go by, since what they settle can be paid out.
    """
    ledger = Ledger(maker.transactions)
    paid_out = 0
    floor = max(maker.account.transfer_min, maker.account.transfer_fee + maker.account.transfer_fee_vat + 1)
    day = datetime.fromtimestamp(maker.since, maker.account.zone).date()
    while day <= last:
        sent_day = _working_day_after(day)
        created = _moment(maker, day, 23)
        sent = _moment(maker, sent_day, 8)
        free = [ledger.transferable(created), ledger.transferable(sent)]
        if receipts:
            receipts.close_until(sent)
            free = [amount + receipts.settled(at) for amount, at in zip(free, (created, sent), strict=True)]
        amount = min(free) - paid_out
        paused = maker.paused_from and maker.paused_from <= created <= maker.as_of
        if day.weekday() < 5 and amount >= floor and not paused:
            maker.transfer(created, amount, sent, _moment(maker, _working_day_after(sent_day), 10))
            paid_out += amount
        day += timedelta(days=1)


def _working_day_after(day: date) -> date:
    day += timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day


def _moment(maker: Maker, day: date, hour: int) -> int:
    return int(datetime.combine(day, time(hour), maker.account.zone).astimezone(UTC).timestamp())
