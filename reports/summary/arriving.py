"""What is still at Omise, by the day from which it is free, and on which business day it should be at the bank."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from recon import columns as c
from recon.columnar import pd
from recon.model import HeldLine
from recon.money import Money
from reports.report import Group, Report
from reports.sheet import Cell, Line
from reports.sheets.disputes import SHEET as DISPUTES
from reports.sheets.settlement import SHEET as SETTLEMENT
from reports.summary.parts import COLUMNS, PlacedSheets, amount_line, header, height, section
from reports.totals import exact_sum

_DAYS = 30  # of the calendar; what comes later stands in one line
_LATER = "later"
HELD_TITLE = "Still at Omise on the as-of day, by the day from which it is free"
CALENDAR_TITLE = "When it should be at the bank: the next 30 days"
_FREE = "When the as-of day ends, at the latest; what Omise says, below, is of the moment of its reading."
_RULE = (
    "As far as is known: what is free at 08:00 of a business day is sent on it and is at the bank on the next one, "
    "where Omise pays out each business day. Schedules of payouts are not read; fees of payouts come off. What is in "
    "the past should have been there."
)


def still_at_omise(report: Report, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """The balance on the as-of day item by item, held against Omise's last reading of it; then the calendar."""
    frame = report.result.settlement.held
    if not len(frame):
        return
    currency = report.result.account.currency
    own = frame[(frame[c.CURRENCY] == currency) & (frame[c.LINE] != HeldLine.ON_ITS_WAY)]
    yield section(f"{HELD_TITLE}, {currency}")
    yield header(("What", "How many", "Amount", "That is"), last=COLUMNS - 3)
    link = placed[SETTLEMENT.name].link()
    number = row + 2
    parts = [*_parts(own)]
    for name, count, amount, about in parts:
        yield amount_line(report.basis, name, count, Money(amount, currency), about, link=link)
    balance = sum(amount for _, _, amount, _ in parts)
    whole = Money(balance, currency)
    exact = report.basis.is_number(whole)
    decimals = report.basis.currencies.decimals(currency)
    formula = f"ROUND(SUM(C{number}:C{number + len(parts) - 1}),{decimals})" if exact and parts else ""
    about = f"Of all that is booked until {report.as_of_day}."
    yield amount_line(report.basis, "Balance on the as-of day", None, whole, about, formula=formula, is_total=exact)
    yield from _as_omise_says(report, currency)
    yield from _disputed(report, placed)
    yield Line(height=10)
    yield from _calendar(report, currency)


def _parts(held: pd.DataFrame) -> Iterator[tuple[str, int | None, int, str]]:
    """Free, then each day's, then what debits took beyond."""
    free = held[held[c.LINE] == HeldLine.FREE]
    yield "Free: can be paid out", int(free[c.ROWS].sum()), exact_sum(free[c.AMOUNT]), _FREE
    on_hold = held[held[c.LINE] == HeldLine.ON_HOLD]
    for day, rows in on_hold.groupby(c.DAY, sort=True):
        yield f"On hold, free on {day}", int(rows[c.ROWS].sum()), exact_sum(rows[c.AMOUNT]), ""
    beyond = exact_sum(held[held[c.LINE] == HeldLine.BEYOND][c.AMOUNT])
    if beyond:
        about = "What was taken beyond the credits that are left, or was there before the ledger begins."
        yield "Not in these credits", None, beyond, about


def _as_omise_says(report: Report, currency: str) -> Iterator[Line]:
    """Omise's own parts of its last reading."""
    days = report.result.settlement.days
    read = days[days[c.TOTAL].notna()] if len(days) else days
    if not len(read):
        return
    last = read.iloc[-1]
    about = in_all = f"Read on {last[c.DAY]}."
    difference = 0 if pd.isna(last[c.DIFFERENCE]) else int(last[c.DIFFERENCE])
    if difference:
        by = f"{report.basis.currencies.words(abs(difference), currency)} {'more' if difference > 0 else 'less'}"
        in_all = f"{about} That is {by} than was booked: see the proof Ledger to balance."
    for name, column, words in (
        ("Omise says: transferable", c.TRANSFERABLE, about),
        ("Omise says: on hold", c.ON_HOLD, about),
        ("Omise says: reserve", c.RESERVE, about),
        ("Omise says: in all", c.TOTAL, in_all),
    ):
        if pd.notna(last[column]):
            yield amount_line(report.basis, name, None, Money(int(last[column]), currency), words)


def _disputed(report: Report, placed: PlacedSheets) -> Iterator[Line]:
    """What disputes that are not decided have taken: it is not in the balance, and may come back."""
    disputes = report.result.details.disputes
    if not len(disputes):
        return
    undecided = disputes[disputes[c.STATUS].isin(["open", "pending"])]
    link = placed[DISPUTES.name].link() if DISPUTES.name in placed else ""
    for currency, rows in undecided.groupby(c.FUNDING_CURRENCY, sort=True):
        amount = Money(exact_sum(rows[c.FUNDING_AMOUNT]), str(currency))
        about = "Not in the balance: it was taken."
        yield amount_line(report.basis, "Disputed, not decided", len(rows), amount, about, link=link)


def expected(frame: pd.DataFrame, currency: str, until: str) -> list[tuple[str, int, int, int]]:
    """By business day what should be at the bank: the day, of how many, on its way, still to be sent (HELD)."""
    days: dict[str, list[int]] = {}
    own = frame[(frame[c.CURRENCY] == currency) & frame[c.ARRIVES_ON].notna()] if len(frame) else frame
    if not len(own):
        return []
    for line, day, rows, amount in c.plain_rows(own, (c.LINE, c.ARRIVES_ON, c.ROWS, c.AMOUNT)):
        sums = days.setdefault(day if day <= until else _LATER, [0, 0, 0])
        sums[0] += rows
        sums[1 if line == HeldLine.ON_ITS_WAY else 2] += amount
    return [(day, count, sent, to_send) for day, (count, sent, to_send) in sorted(days.items())]


def _until(report: Report) -> str:
    return (report.as_of_day + timedelta(days=_DAYS)).isoformat()


def _calendar(report: Report, currency: str) -> Iterator[Line]:
    rows = expected(report.result.settlement.held, currency, _until(report))
    if not rows:
        return
    yield section(f"{CALENDAR_TITLE}, {currency}")
    yield Line((Cell(_RULE, "wrapped", span=COLUMNS),), height(_RULE, 0, COLUMNS))
    yield header(("At the bank on", "How many", "Sent already", "Still to be sent", "Together"))
    for day, count, sent, to_send in rows:
        amounts = (Cell(Money(amount, currency)) for amount in (sent, to_send, sent + to_send))
        yield Line((Cell(_day_words(day, report)), Cell(count), *amounts))


def _day_words(day: str, report: Report) -> str:
    if day == _LATER:
        return f"after {_until(report)}"
    return f"{day}  past" if day <= report.as_of_day.isoformat() else day


def group_calendar(group: Group, _: PlacedSheets, __: int) -> Iterator[Line]:
    """By business day what should be at the bank, of each account in its own currency."""
    lines = [
        (day, part, count, sent, to_send)
        for part in group.parts
        for day, count, sent, to_send in expected(
            part.result.settlement.held, part.result.account.currency, _until(part)
        )
    ]
    if not lines:
        return
    yield section(f"{CALENDAR_TITLE} (currencies are never added together)")
    yield Line((Cell(_RULE, "wrapped", span=COLUMNS),), height(_RULE, 0, COLUMNS))
    titles = ("At the bank on", "Account", "How many", "Sent already", "Still to be sent", "Together")
    yield header(titles)
    for day, part, count, sent, to_send in sorted(lines, key=lambda line: line[0]):
        currency = part.result.account.currency
        amounts = (Cell(Money(amount, currency)) for amount in (sent, to_send, sent + to_send))
        yield Line((Cell(_day_words(day, part)), Cell(part.name), Cell(count), *amounts))
