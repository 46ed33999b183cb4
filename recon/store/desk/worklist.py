"""Breaks by the page, filtered, sorted and counted in the database; changes nothing and knows no rule."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, case, func, or_, select, true

from recon.model import AGES, BreakStatus, KnownBreak, Severity
from recon.store.engine import Store, reading
from recon.store.runs.break_rows import break_of, chunks
from recon.store.tables import BREAK, BREAK_EVENT, IS_OPEN, RUN, RUN_ACCOUNT

_B = BREAK.c
# How a list can be sorted: the columns' own words; nulls last, then the most urgent first.
SORTS = {
    "severity": _B.severity,
    "due": _B.due_by,
    "risk": _B.amount_at_risk,
    "age": _B.occurred_on,
    "code": _B.code,
    "account": _B.account,
    "owner": _B.owner,
    "status": _B.status,
    "id": _B.id,
}


@dataclass(frozen=True)
class Filter:
    """What of the breaks is wanted; empty: anything. `visible`: the accounts that the asker may see (null: all)."""

    visible: frozenset[str] | None = None
    accounts: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    statuses: tuple[BreakStatus, ...] = ()  # empty: all that are not closed
    owner: str | None = None
    text: str = ""  # an id, or the beginning of one
    currency: str | None = None
    has_due: bool = False  # only what must be done by some day


@dataclass(frozen=True)
class BreakPage:
    """One page of a list, and how many there are in all."""

    breaks: tuple[KnownBreak, ...]
    total: int


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


def find(store: Store, wanted: Filter, sort: str, descending: bool, offset: int, limit: int) -> BreakPage:
    """A page of the breaks wanted; an unknown `sort` raises KeyError."""
    by = SORTS[sort]
    order = by.desc() if descending else by
    condition = _condition(wanted)
    with reading(store) as connection:
        total = connection.execute(select(func.count()).select_from(BREAK).where(condition)).scalar_one()
        page = select(_B.id).where(condition).order_by(by.is_(None), order, _B.id).offset(offset).limit(limit)
        ids = connection.execute(page).scalars().all()
        # Whole rows only of what is shown: a sort carries all that it is given.
        rows = {row.id: row for row in connection.execute(select(BREAK).where(_B.id.in_(ids)))}
    return BreakPage(tuple(break_of(rows[break_id]) for break_id in ids), total)


def find_break(store: Store, break_id: str, visible: frozenset[str] | None) -> KnownBreak | None:
    """A break by its whole id; None where there is none, or it is not for the asker to see."""
    if not _can_be_asked(break_id):
        return None
    with reading(store) as connection:
        row = connection.execute(select(BREAK).where(_B.id == break_id, _seen(_B.account, visible))).one_or_none()
    return None if row is None else break_of(row)


def seen(store: Store, break_ids: Collection[str], visible: frozenset[str] | None) -> set[str]:
    """Of these whole ids those that are breaks for the asker to see."""
    seen_ids: set[str] = set()
    with reading(store) as connection:
        for some in chunks({break_id for break_id in break_ids if _can_be_asked(break_id)}):
            wanted = _B.id.in_(some) & _seen(_B.account, visible)
            seen_ids.update(connection.execute(select(_B.id).where(wanted)).scalars())
    return seen_ids


def open_sums(store: Store, visible: frozenset[str] | None) -> list[OpenSum]:
    """What is open, by account, code, severity, currency and sign; currencies are never added together."""
    sign = case((_B.actual < _B.expected, -1), (_B.actual > _B.expected, 1), else_=0)
    keys = (_B.account, _B.code, _B.severity, _B.currency, sign)
    statement = (
        select(*keys, func.count(), func.coalesce(func.sum(_B.amount_at_risk), 0))
        .where(IS_OPEN, _seen(_B.account, visible))
        .group_by(*keys)
        .order_by(*(key.nulls_first() for key in keys))
    )
    with reading(store) as connection:
        rows = connection.execute(statement).all()
    return [
        OpenSum(account, code, Severity(severity), currency, sign, count, int(total))
        for account, code, severity, currency, sign, count, total in rows
    ]


def ages(store: Store, visible: frozenset[str] | None, now: datetime) -> list[tuple[str | None, tuple[int, ...]]]:
    """Per currency how many breaks are open in each of `AGES`, by days since their own day, else since first seen."""
    edges = [now - timedelta(days=least) for least, _ in AGES[1:]]
    by_day = [_B.occurred_on > edge.astimezone(UTC).date() for edge in edges]
    by_sight = [and_(_B.occurred_on.is_(None), _B.first_seen > edge) for edge in edges]
    younger = (or_(*either) for either in zip(by_day, by_sight, strict=True))
    bucket = case(*((is_younger, number) for number, is_younger in enumerate(younger)), else_=len(edges))
    statement = (
        select(_B.currency, bucket, func.count())
        .where(IS_OPEN, _seen(_B.account, visible))
        .group_by(_B.currency, bucket)
        .order_by(_B.currency.nulls_first())
    )
    by_currency: dict[str | None, list[int]] = {}
    with reading(store) as connection:
        for currency, number, count in connection.execute(statement):
            by_currency.setdefault(currency, [0] * len(AGES))[number] = count
    return [(currency, tuple(counts)) for currency, counts in by_currency.items()]


def days(store: Store, visible: frozenset[str] | None, first: date, last: date) -> list[DayRun]:
    """The latest run over each account and day of the span, whether of that day alone or of a longer range."""
    part = RUN_ACCOUNT.c
    run = RUN.c
    statement = (
        select(part.account, part.first_day, part.last_day, part.run_id, run.status, part.counts)
        .join(RUN, run.id == part.run_id)
        .where(part.first_day <= last, part.last_day >= first, _seen(part.account, visible))
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


def state(store: Store) -> tuple[int, int]:
    """The last run and the last step in a break's life: while both are the same, so is every list."""
    with reading(store) as connection:
        last_run = connection.execute(select(func.max(RUN.c.id))).scalar()
        last_event = connection.execute(select(func.max(BREAK_EVENT.c.seq))).scalar()
    return last_run or 0, last_event or 0


def owners(store: Store, visible: frozenset[str] | None) -> list[str]:
    """Everybody who owns an open break."""
    statement = select(_B.owner).where(IS_OPEN, _B.owner.is_not(None), _seen(_B.account, visible)).distinct()
    with reading(store) as connection:
        return sorted(connection.execute(statement).scalars())


def _can_be_asked(break_id: str) -> bool:
    """PostgreSQL refuses to look for some characters, which no id has."""
    return break_id.isascii() and break_id.isprintable()


def _condition(wanted: Filter) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [_seen(_B.account, wanted.visible)]
    chosen: dict[Column[Any], Collection[Any]] = {
        _B.account: wanted.accounts,
        _B.code: wanted.codes,
        _B.severity: [int(severity) for severity in wanted.severities],
    }
    parts += [column.in_(values) for column, values in chosen.items() if values]
    parts.append(_B.status.in_([str(status) for status in wanted.statuses]) if wanted.statuses else IS_OPEN)
    if wanted.owner is not None:
        parts.append(_B.owner == wanted.owner if wanted.owner else _B.owner.is_(None))
    if wanted.currency is not None:
        parts.append(_B.currency == wanted.currency)
    if wanted.has_due:
        parts.append(_B.due_by.is_not(None))
    if wanted.text:
        parts.append(_named(wanted.text))
    return and_(*parts)


def _named(text: str) -> ColumnElement[bool]:
    ids = (
        _B.id,
        _B.subject_id,
        _B.order_id,
        _B.charge_id,
        _B.refund_id,
        _B.transfer_id,
        _B.transaction_id,
        _B.dispute_id,
    )
    return or_(*(func.substr(column, 1, len(text)) == text for column in ids))


def _seen(column: Column[Any], visible: frozenset[str] | None) -> ColumnElement[bool]:
    return true() if visible is None else column.in_(sorted(visible))
