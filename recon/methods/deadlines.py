"""By when each thing should have happened: the API's word, else the rule book's; judges nothing.

A moment is in time up to and including its due moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from recon import columns as c
from recon.calendars import local_day
from recon.methods import CONFIGURED
from recon.model import Break, Charge, Dispute, DisputeStatus, Refund, Severity, Transfer
from recon.money import Money
from recon.settings import Context

GRACE = timedelta(minutes=30)  # [rules.pending_stuck] grace
WITHIN = timedelta(hours=24)  # [rules.authorization_expiring] within
_ASKED_AT = tuple(timedelta(minutes=age) for age in (1, 3, 8, 20, 45, 90))
REFUND_DAYS = 5  # [rules.refund_overdue] business_days
TRANSFER_DAYS = 3  # [rules.transfer_stuck] business_days
REPLY_DAYS = 7  # [rules.dispute_open] reply_days, from notice; DECISIONS.md has Omise's words
BANK_DAYS = 2  # [rules.bank_credit_missing] business_days


@dataclass(frozen=True, slots=True)
class Due:
    """When something is due, in words why, and whether that rests on a sure figure."""

    at: datetime
    why: str
    sure: bool = True


def lapses(charge: Charge, context: Context) -> Due | None:
    """When an unpaid charge ends: its `expires_at`, else its method's expiry; null where nobody says."""
    if charge.expires_at is not None:
        return Due(charge.expires_at, "its expiry")
    figure = context.figure("expires_after", charge)
    if figure is None:
        return None
    return Due(charge.created_at + figure.value, f"the expiry of {charge.method}", figure.sure)


def stuck(charge: Charge, context: Context) -> Due | None:
    """When a pending charge is stuck: its end plus the grace."""
    due = lapses(charge, context)
    grace = context.threshold("pending_stuck", "grace", GRACE)
    return None if due is None else Due(due.at + grace, due.why, due.sure)


def asked_again(charge: Charge, since: datetime, context: Context) -> bool:
    """Whether a pending charge is to be read again now, if it was last at `since`: at some minutes of its age, and
    when its end and the grace are over; not after that."""
    due = stuck(charge, context)
    moments = [charge.created_at + age for age in _ASKED_AT]
    if due is not None:
        moments = [*(moment for moment in moments if moment < due.at), due.at]
    return any(since < moment <= context.as_of for moment in moments)


def refund_window(charge: Charge, context: Context) -> Due | None:
    """Until when a charge can be refunded, by the book; counted from its capture."""
    figure = context.figure("refund_window", charge)
    if figure is None or not can_refund(charge, context):
        return None
    return Due((charge.paid_at or charge.created_at) + figure.value, f"the window of {charge.method}", figure.sure)


def can_refund(charge: Charge, context: Context) -> bool:
    """Whether the book lets the charge's method refund at all; where it is silent, yes."""
    figure = context.figure("refund", charge)
    return figure is None or figure.value != "none"


def refund_arrives(refund: Refund, charge: Charge | None, context: Context) -> Due:
    """When a pending refund should have reached the payer.

    The configuration's word on the method, else its word on the rule, else the book's, else five business days.
    """
    configured = context.count("refund_overdue", "business_days", -1)
    figure = context.figure("refund_business_days", charge) if charge else None
    by_book = figure is not None and (figure.certainty == CONFIGURED or configured < 0)
    days = figure.value if figure is not None and by_book else configured if configured >= 0 else REFUND_DAYS
    at = context.calendar(refund.account).end_after(refund.created_at, days)
    return Due(at, f"{days} business days", figure.sure if figure is not None and by_book else True)


def transfer_arrives(transfer: Transfer, context: Context) -> Due | None:
    """When a transfer that was sent should be at the bank; null before it is sent."""
    if transfer.sent_at is None:
        return None
    count = context.count("transfer_stuck", "business_days", TRANSFER_DAYS)
    return Due(context.calendar(transfer.account).end_after(transfer.sent_at, count), f"{count} business days")


def answer_due(dispute: Dispute, context: Context) -> datetime | None:
    """Until when a dispute can be answered; null once it is: a message answers it, documents alone do not."""
    if dispute.status != DisputeStatus.OPEN or dispute.answer == c.MESSAGE:
        return None
    return dispute.created_at + timedelta(days=context.count("dispute_open", "reply_days", REPLY_DAYS))


def bank_credit_arrives(paid_on: date, account: str, context: Context) -> Due:
    """When the bank credit of a transfer that was paid on a local day should be there."""
    calendar = context.calendar(account)
    count = context.count("bank_credit_missing", "business_days", BANK_DAYS)
    noon = datetime.combine(paid_on, time(12), calendar.zone).astimezone(UTC)
    return Due(calendar.end_after(noon, count), f"{count} business days")


def last_day_without_credit(account: str, context: Context) -> date:
    """The last day on which a transfer that is paid may still lack its credit."""
    day = local_day(context.as_of, context.calendar(account).zone)
    while context.as_of <= bank_credit_arrives(day, account, context).at:
        day -= timedelta(days=1)
    return day


def owed(held: Mapping[Charge, Money], context: Context) -> tuple[datetime | None, str]:
    """Money that must go back: until when Omise lets it be refunded (the earliest), and what to do, in words."""
    ends: list[datetime] = []
    words = []
    for charge, rest in held.items():
        amount = context.words(rest)
        due = refund_window(charge, context)
        if not can_refund(charge, context):
            words.append(f"Pay {amount} of {charge.id} back yourself: Omise refunds no {charge.method}.")
        elif due is None:
            words.append(f"Refund {amount} of {charge.id}.")
        elif context.as_of <= due.at:
            words.append(f"Refund {amount} of {charge.id} before {local(due.at, charge.account, context)}.")
        else:
            ended = local(due.at, charge.account, context)
            words.append(f"Pay {amount} of {charge.id} back yourself: its refund window ended {ended}.")
        ends += [due.at] if due else []
    return min(ends, default=None), " ".join(words)


def local(moment: datetime, account: str, context: Context) -> str:
    """A moment as the account's people read it; a midnight that ends a day is that day's end."""
    there = moment.astimezone(context.calendar(account).zone)
    if there.time() == time():
        return f"the end of {there.date() - timedelta(days=1)}"
    return f"{there:%Y-%m-%d %H:%M}"


def no_more_than_low(raised: Break, *, sure: bool) -> Break:
    """What rests on an unsure figure raises no more than low."""
    return raised if sure else replace(raised, severity=min(raised.severity, Severity.LOW))
