"""What each transfer of a world paid out, and what waits too long: the hidden truth about settlement.

A plain queue: credits stand in it in order of availability, every debit takes from its front. Knows no frame.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from recon.calendars import business_calendar
from recon.sandbox.worlds.facts import Transaction
from recon.sandbox.worlds.maker import Maker, Planted

OVERDUE_DAYS = 3  # business days, as the product promises


@dataclass
class OpenCredit:
    """A credit in the queue, with what is left of it."""

    transaction: Transaction
    left: int


@dataclass
class Allocation:
    """Everything of an account until a moment: what each transfer took, and the credits that are left."""

    paid: dict[str, list[tuple[str, int]]] = field(default_factory=dict)  # transfer -> (transaction, amount)
    left: list[OpenCredit] = field(default_factory=list)


def allocate(maker: Maker, until: int) -> Allocation:
    """Let every debit made until a moment take its credits; a transfer only what was free when it was sent."""
    created = {transfer.transaction.id: transfer.created for transfer in maker.transfers if transfer.transaction}
    rows = [row for row in maker.transactions if row.created <= until]
    credits = sorted((row for row in rows if row.direction == "credit"), key=lambda row: (_available_at(row), row.id))
    debits = sorted(
        (row for row in rows if row.direction == "debit"),
        key=lambda row: (created.get(row.id, row.created), row.id in created, row.id),
    )
    queue = deque(OpenCredit(row, row.amount) for row in credits)
    allocation = Allocation()
    short = 0
    for debit in debits:
        wanted = debit.amount
        taken = allocation.paid.setdefault(debit.origin, []) if debit.id in created else []
        while wanted and queue and (debit.id not in created or _available_at(queue[0].transaction) <= debit.created):
            wanted -= _take(queue, wanted, taken)
        short += wanted
    while short and queue:  # what a transfer took that was not there yet is owed by what came later
        short -= _take(queue, short, [])
    allocation.left = list(queue)
    return allocation


def _take(queue: deque[OpenCredit], wanted: int, taken: list[tuple[str, int]]) -> int:
    """Take from the front credit as much as it has, at most what is wanted; says how much that was."""
    front = queue[0]
    part = min(wanted, front.left)
    front.left -= part
    if part:
        taken.append((front.transaction.id, part))
    if not front.left:
        queue.popleft()
    return part


def overdue(maker: Maker) -> Iterator[Planted]:
    """The breaks `settlement_overdue` at the moment of truth: per day the first charge that is not paid out."""
    if not maker.paused_from:
        return
    now = datetime.fromtimestamp(maker.as_of, UTC)
    calendar = business_calendar(maker.account.region, maker.account.zone, now.date())
    reported: set[date] = set()
    for credit in allocate(maker, maker.as_of).left:
        transaction = credit.transaction
        available = _available_at(transaction)
        day = datetime.fromtimestamp(available, maker.account.zone).date()
        is_charge = available <= maker.as_of and transaction.origin.startswith("chrg")
        if is_charge and day not in reported and _passed(day, now, calendar.days_off, maker):
            reported.add(day)
            yield Planted("settlement_overdue", maker.account.name, "charge", transaction.origin, f"free since {day}")


def _passed(day: date, now: datetime, days_off: Sequence[date], maker: Maker) -> bool:
    """Three business days after a day are over."""
    left = OVERDUE_DAYS
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5 and day not in days_off
    return now.astimezone(maker.account.zone).date() > day


def _available_at(transaction: Transaction) -> int:
    return max(transaction.created, transaction.transferable)
