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
class Waiting:
    """A credit in the queue, with what is left of it."""

    transaction: Transaction
    left: int


@dataclass
class Queue:
    """Everything of an account until a moment: what each transfer took, and the credits that are left."""

    paid: dict[str, list[tuple[str, int]]] = field(default_factory=dict)  # transfer -> (transaction, amount)
    left: list[Waiting] = field(default_factory=list)


def run(m: Maker, until: int) -> Queue:
    """Let every debit made until a moment take its credits; a transfer only what was free when it was sent."""
    created = {t.transaction.id: t.created for t in m.transfers if t.transaction is not None}
    rows = [row for row in m.transactions if row.created <= until]
    credits = sorted((row for row in rows if row.direction == "credit"), key=lambda row: (_free(row), row.id))
    debits = sorted(
        (row for row in rows if row.direction == "debit"),
        key=lambda row: (created.get(row.id, row.created), row.id in created, row.id),
    )
    queue = deque(Waiting(row, row.amount) for row in credits)
    found, short = Queue(), 0
    for debit in debits:
        wanted = debit.amount
        taken = found.paid.setdefault(debit.origin, []) if debit.id in created else []
        while wanted and queue and (debit.id not in created or _free(queue[0].transaction) <= debit.created):
            wanted -= _take(queue, wanted, taken)
        short += wanted
    while short and queue:  # what a transfer took that was not there yet is owed by what came later
        short -= _take(queue, short, [])
    found.left = list(queue)
    return found


def _take(queue: deque[Waiting], wanted: int, taken: list[tuple[str, int]]) -> int:
    """Take from the front credit as much as it has, at most what is wanted; says how much that was."""
    front = queue[0]
    part = min(wanted, front.left)
    front.left -= part
    if part:
        taken.append((front.transaction.id, part))
    if not front.left:
        queue.popleft()
    return part


def overdue(m: Maker) -> Iterator[Planted]:
    """The breaks `settlement_overdue` at the moment of truth: per day the first charge that is not paid out."""
    if not m.paused_from:
        return
    now = datetime.fromtimestamp(m.as_of, UTC)
    calendar = business_calendar(m.account.region, m.account.zone, now.date())
    waiting = [one for one in run(m, m.as_of).left if _free(one.transaction) <= m.as_of]
    said: set[date] = set()
    for one in waiting:
        day = datetime.fromtimestamp(_free(one.transaction), m.account.zone).date()
        if one.transaction.origin.startswith("chrg") and day not in said and _passed(day, now, calendar.days_off, m):
            said.add(day)
            yield Planted("settlement_overdue", m.account.name, "charge", one.transaction.origin, f"free since {day}")


def _passed(day: date, now: datetime, days_off: Sequence[date], m: Maker) -> bool:
    """Three business days after a day are over."""
    left, today = OVERDUE_DAYS, now.astimezone(m.account.zone).date()
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5 and day not in days_off
    return today > day


def _free(row: Transaction) -> int:
    return max(row.created, row.transferable)
