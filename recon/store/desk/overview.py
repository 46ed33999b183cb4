"""What is open and how the days went, summed up by the database; changes nothing and knows no rule."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, FromClause, Table, case, func, not_, select

from recon.model import AGES, Severity
from recon.store.desk.worklist import Today, is_older, seen_by, sign_of
from recon.store.engine import Store, reading
from recon.store.tables import BREAK, IS_OPEN, RUN, RUN_ACCOUNT, RUN_BREAK

_B = BREAK.c


@dataclass(frozen=True)
class OpenSum:
    """Open breaks of an account, code, severity, currency and sign: how many, and the minor units at risk.

    The sign is that of their difference, 0 where they have none.
    """

    account: str | None
    code: str
    severity: Severity
    currency: str | None
    sign: int
    count: int
    amount: int


@dataclass(frozen=True)
class DayRun:
    """The latest run of one account over one day; `days` of its range have `breaks_open` together."""

    account: str
    day: date
    run_id: int
    complete: bool
    breaks_open: int
    days: int = 1


def open_sums(store: Store, visible: frozenset[str] | None) -> list[OpenSum]:
    """What is open, by account, code, severity, currency and sign; currencies are never added together."""
    return _sums(store, BREAK, BREAK, IS_OPEN, seen_by(_B.account, visible))


def left_open(store: Store, run_id: int, account: str) -> list[OpenSum]:
    """What a run reported as open for an account, summed up likewise; sums and severities are the run's."""
    of_run = RUN_BREAK.join(BREAK, _B.id == RUN_BREAK.c.break_id)
    return _sums(store, of_run, RUN_BREAK, RUN_BREAK.c.run_id == run_id, RUN_BREAK.c.account == account)


def _sums(store: Store, source: FromClause, figures: Table, *conditions: ColumnElement[bool]) -> list[OpenSum]:
    """Sums over breaks whose severity, sides and amount at risk are those of `figures`."""
    table = figures.c
    keys = (table.account, _B.code, table.severity, _B.currency, sign_of(figures))
    statement = (
        select(*keys, func.count(), func.coalesce(func.sum(table.amount_at_risk), 0))
        .select_from(source)
        .where(*conditions)
        .group_by(*keys)
        .order_by(*(key.nulls_first() for key in keys))
    )
    with reading(store) as connection:
        rows = connection.execute(statement).all()
    return [
        OpenSum(account, code, Severity(severity), currency, sign, count, int(total))
        for account, code, severity, currency, sign, count, total in rows
    ]


def by_severity(sums: Sequence[OpenSum]) -> dict[str, int]:
    """How many breaks are of each severity that any has, by its word, the gravest first."""
    severities = sorted({part.severity for part in sums}, reverse=True)
    return {one.word: sum(part.count for part in sums if part.severity == one) for one in severities}


def ages(store: Store, visible: frozenset[str] | None, todays: Sequence[Today]) -> list[int]:
    """How many breaks are open in each of `AGES`, by the days of `is_older`."""
    younger = (not_(is_older(least - 1, todays)) for least, _ in AGES[1:])
    bucket = case(*((is_younger, number) for number, is_younger in enumerate(younger)), else_=len(AGES) - 1)
    statement = select(bucket, func.count()).where(IS_OPEN, seen_by(_B.account, visible)).group_by(bucket)
    counts = [0] * len(AGES)
    with reading(store) as connection:
        for number, count in connection.execute(statement):
            counts[number] = count
    return counts


def days(store: Store, visible: frozenset[str] | None, first: date, last: date) -> list[DayRun]:
    """The latest run over each account and day of the span, whether of that day alone or of a longer range."""
    part = RUN_ACCOUNT.c
    run = RUN.c
    statement = (
        select(part.account, part.first_day, part.last_day, part.run_id, run.status, part.counts)
        .join(RUN, run.id == part.run_id)
        .where(part.first_day <= last, part.last_day >= first, seen_by(part.account, visible))
        .order_by(part.run_id)
    )
    with reading(store) as connection:
        rows = connection.execute(statement).all()
    latest = {
        (row.account, day): row for row in rows for day in _each(max(first, row.first_day), min(last, row.last_day))
    }
    return [
        DayRun(
            account,
            day,
            row.run_id,
            row.status == "complete",
            json.loads(row.counts).get("breaks_open", 0),
            (row.last_day - row.first_day).days + 1,
        )
        for (account, day), row in latest.items()
    ]


def _each(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
