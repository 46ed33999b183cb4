"""Breaks by the page, filtered, sorted and counted in the database; changes nothing and knows no rule."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Select, Table, and_, case, exists, false, func, not_, or_, select, true

from recon.model import BreakStatus, KnownBreak, Severity
from recon.store.engine import Store, reading
from recon.store.runs.break_rows import break_of, chunks
from recon.store.tables import BREAK, BREAK_EVENT, IS_OPEN, RUN

_B = BREAK.c
_AMOUNT = _B.comparable_amount
# How a list can be sorted; nulls last, then the most urgent first, then the largest. Currencies have no rate here:
# amounts go by the digits that people read, so JPY 300 stands beside THB 300.00.
SORTS: dict[str, tuple[Column[Any], ...]] = {
    "severity": (_B.severity,),
    "due": (_B.due_by,),
    "risk": (_AMOUNT,),
    "age": (_B.occurred_on, _B.first_seen),
    "code": (_B.code,),
    "account": (_B.account,),
    "owner": (_B.owner,),
    "status": (_B.status,),
    "id": (_B.id,),
}
_LAST = {_B.severity: True, _AMOUNT: True, _B.id: False}  # and then: whether it descends


def sign_of(table: Table) -> ColumnElement[int]:
    """The sign of the difference of breaks whose sides a table has, 0 where they have none."""
    return case((table.c.actual < table.c.expected, -1), (table.c.actual > table.c.expected, 1), else_=0)


SIGN = sign_of(BREAK)


@dataclass(frozen=True)
class SignedCodes:
    """Breaks whose difference has a sign (0: none is said) and whose code is one of `codes`, or, `without`, none."""

    sign: int
    codes: tuple[str, ...]
    without: bool = False


@dataclass(frozen=True)
class Today:
    """The day that it is in a zone, and the accounts of that zone."""

    zone: tzinfo
    day: date
    accounts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Filter:
    """What of the breaks is wanted; empty: anything. `visible`: the accounts that the asker may see (null: all)."""

    visible: frozenset[str] | None = None
    accounts: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    statuses: tuple[BreakStatus, ...] = ()  # empty: all that are not closed
    owner: str | None = None  # empty: nobody
    texts: tuple[str, ...] = ()  # any of them is a part of an id or of an amount; or the code is one of `text_codes`
    text_codes: tuple[str, ...] = ()
    currency: str | None = None
    due_before: datetime | None = None
    first_day: date | None = None  # of its own day, else of that on which it was first seen (UTC)
    last_day: date | None = None
    age: tuple[int, int | None] | None = None  # from so many days to so many (null: any) by `todays`: see `is_older`
    todays: tuple[Today, ...] = ()
    least: int | None = None  # at risk, in hundredths of a major unit, whatever the currency
    most: int | None = None
    signed: tuple[SignedCodes, ...] | None = None
    about: tuple[str, str] | None = None  # a column of ids, such as order_id, and what stands there
    without: str = ""  # the id of one that is not wanted
    not_ruled_by: str | None = None


@dataclass(frozen=True)
class BreakPage:
    """One page of a list, and how many there are in all."""

    breaks: tuple[KnownBreak, ...]
    total: int


class Neighbours(NamedTuple):
    """The ids before and after a break in a list; null at its ends."""

    before: str | None
    after: str | None


@dataclass(frozen=True)
class Matching:
    """A break that a filter matches, by id and version, and whether it has changed since a look at it."""

    id: str
    version: int
    changed: bool


def find(store: Store, wanted: Filter, sort: str, descending: bool, offset: int, limit: int) -> BreakPage:
    """A page of the breaks wanted; an unknown `sort` raises KeyError."""
    condition = _condition(wanted)
    # Indexes know what is open, of an account or a severity; whatever else is asked is looked for once, and counted.
    is_once = replace(wanted, visible=None, accounts=(), severities=()) != Filter()
    columns = (_B.id, func.count().over()) if is_once else (_B.id,)
    order = (key.order() for key in _keys(sort, descending))
    page = select(*columns).where(condition).order_by(*order).offset(offset).limit(limit)
    with reading(store) as connection:
        found = connection.execute(page).all()
        ids = [row[0] for row in found]
        if is_once and (found or not offset):
            total = found[0][1] if found else 0
        else:
            total = connection.execute(select(func.count()).select_from(BREAK).where(condition)).scalar_one()
        # Whole rows only of what is shown: a sort carries all that it is given.
        rows = {row.id: row for row in connection.execute(select(BREAK).where(_B.id.in_(ids)))}
    return BreakPage(tuple(break_of(rows[break_id]) for break_id in ids), total)


def neighbours(store: Store, wanted: Filter, sort: str, descending: bool, break_id: str) -> Neighbours:
    """The ids before and after a break in a list, also where it does not belong to the list (any more)."""
    keys = _keys(sort, descending)
    turned = [key.turned() for key in keys]
    with reading(store) as connection:
        place = connection.execute(select(*(key.value for key in keys)).where(_B.id == break_id)).one()
        before = connection.execute(_following(_condition(wanted), turned, place)).scalar()
        after = connection.execute(_following(_condition(wanted), keys, place)).scalar()
    return Neighbours(before, after)


def matching(store: Store, wanted: Filter, seen_event: int, limit: int) -> list[Matching]:
    """Every break that a filter matches, at most `limit`; changed: by a step of its life after `seen_event`."""
    later = exists().where(BREAK_EVENT.c.break_id == _B.id, BREAK_EVENT.c.seq > seen_event)
    statement = select(_B.id, _B.version, later).where(_condition(wanted)).order_by(_B.id).limit(limit)
    with reading(store) as connection:
        return [Matching(*row) for row in connection.execute(statement)]


def find_break(store: Store, break_id: str, visible: frozenset[str] | None) -> KnownBreak | None:
    """A break by its whole id; None where there is none, or it is not for the asker to see."""
    if not _can_be_asked(break_id):
        return None
    with reading(store) as connection:
        row = connection.execute(select(BREAK).where(_B.id == break_id, seen_by(_B.account, visible))).one_or_none()
    return None if row is None else break_of(row)


def seen(store: Store, break_ids: Collection[str], visible: frozenset[str] | None) -> set[str]:
    """Of these whole ids those that are breaks for the asker to see."""
    seen_ids: set[str] = set()
    with reading(store) as connection:
        for some in chunks({break_id for break_id in break_ids if _can_be_asked(break_id)}):
            wanted = _B.id.in_(some) & seen_by(_B.account, visible)
            seen_ids.update(connection.execute(select(_B.id).where(wanted)).scalars())
    return seen_ids


def state(store: Store) -> tuple[int, int]:
    """The last run and the last step in a break's life: while both are the same, so is every list."""
    with reading(store) as connection:
        last_run = connection.execute(select(func.max(RUN.c.id))).scalar()
        last_event = connection.execute(select(func.max(BREAK_EVENT.c.seq))).scalar()
    return last_run or 0, last_event or 0


def owners(store: Store, visible: frozenset[str] | None) -> list[str]:
    """Everybody who owns an open break."""
    statement = select(_B.owner).where(IS_OPEN, _B.owner.is_not(None), seen_by(_B.account, visible)).distinct()
    with reading(store) as connection:
        return sorted(connection.execute(statement).scalars())


def owners_of(store: Store, break_ids: Collection[str]) -> dict[str, str | None]:
    """Whose each of some breaks is, by id; null: nobody's."""
    with reading(store) as connection:
        return {
            break_id: owner
            for some in chunks(break_ids)
            for break_id, owner in connection.execute(select(_B.id, _B.owner).where(_B.id.in_(some)))
        }


def _can_be_asked(break_id: str) -> bool:
    """PostgreSQL refuses to look for some characters, which no id has."""
    return break_id.isascii() and break_id.isprintable()


def _condition(wanted: Filter) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [seen_by(_B.account, wanted.visible)]
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
    if wanted.due_before is not None:
        parts.append(_B.due_by < wanted.due_before)
    if wanted.first_day is not None:
        parts.append(not_(_before_day(wanted.first_day)))
    if wanted.last_day is not None:
        parts.append(_before_day(wanted.last_day + timedelta(days=1)))
    if wanted.age is not None:
        youngest, oldest = wanted.age
        parts += [is_older(youngest - 1, wanted.todays)] if youngest else []
        parts += [not_(is_older(oldest, wanted.todays))] if oldest is not None else []
    if wanted.least is not None or wanted.most is not None:
        parts.append((wanted.least or 0) <= _AMOUNT)  # below 0: it has none
    if wanted.most is not None:
        parts.append(wanted.most >= _AMOUNT)
    if wanted.signed is not None:
        parts.append(or_(false(), *(_signed(some) for some in wanted.signed)))
    if wanted.about is not None:
        parts.append(_B[wanted.about[0]] == wanted.about[1])
    if wanted.without:
        parts.append(_B.id != wanted.without)
    if wanted.not_ruled_by is not None:
        parts.append(_B.ruled_by.is_distinct_from(wanted.not_ruled_by))
    if wanted.texts:
        parts.append(_like(wanted))
    return and_(*parts)


def is_older(days: int, todays: Sequence[Today]) -> ColumnElement[bool]:
    """Whether more than some days are over since a break's own day, else since the one on which it was first seen.

    Both are days where its account is; the last of `todays`, of two or more, is for accounts that none has.
    """
    *zones, others = todays
    is_over = {today: _before_day(today.day - timedelta(days=days), today.zone) for today in todays}
    return case(*((_B.account.in_(zone.accounts), is_over[zone]) for zone in zones), else_=is_over[others])


def _before_day(day: date, zone: tzinfo = UTC) -> ColumnElement[bool]:
    """Whether a break's own day, else that on which it was first seen in a zone, is before a day."""
    seen_before = _B.first_seen < datetime.combine(day, time(), zone)
    return case((_B.occurred_on.is_(None), seen_before), else_=_B.occurred_on < day)


def _like(wanted: Filter) -> ColumnElement[bool]:
    """As whole patterns: a database that puts them together does so for every row."""
    escaped = [re.sub(r"([%_/])", r"/\1", text.lower()) for text in wanted.texts]
    return or_(*(_B.search.like(f"%{text}%", escape="/") for text in escaped), _B.code.in_(wanted.text_codes))


def _signed(some: SignedCodes) -> ColumnElement[bool]:
    return and_(SIGN.in_([some.sign]), _B.code.not_in(some.codes) if some.without else _B.code.in_(some.codes))


class _Key(NamedTuple):
    """What a list is sorted by: rows that have none of it (`is_nullable`) stand last, or, turned, first."""

    value: ColumnElement[Any]
    descends: bool
    is_nullable: bool = False
    nulls_first: bool = False

    def turned(self) -> "_Key":
        return self._replace(descends=not self.descends, nulls_first=not self.nulls_first)

    def order(self) -> ColumnElement[Any]:
        order = self.value.desc() if self.descends else self.value.asc()
        if not self.is_nullable:
            return order  # an index is not taken for another order of nulls, not even where there are none
        return order.nulls_first() if self.nulls_first else order.nulls_last()

    def after(self, place: Any, same: ColumnElement[bool]) -> ColumnElement[bool]:
        """Whether a row stands after one that has `place` here; `same`: where it has just that, too."""
        if place is None:
            alike = and_(self.value.is_(None), same)
            return or_(self.value.is_not(None), alike) if self.nulls_first else alike
        later = or_(self.value < place if self.descends else self.value > place, and_(self.value == place, same))
        return or_(later, self.value.is_(None)) if self.is_nullable and not self.nulls_first else later


def _keys(sort: str, descending: bool) -> list[_Key]:
    keys: list[_Key] = []
    wanted = dict.fromkeys(SORTS[sort], descending)
    for column, descends in (wanted | {key: down for key, down in _LAST.items() if key not in wanted}).items():
        if column is _AMOUNT and not descends:
            keys.append(_Key(case((column < 0, 1), else_=0), False))
        keys.append(_Key(column, descends, bool(column.nullable)))
    return keys


def _following(condition: ColumnElement[bool], keys: Sequence[_Key], place: Sequence[Any]) -> Select[str]:
    """The first break of a list after a place: the values that the keys have there."""
    after: ColumnElement[bool] = false()
    for key, value in reversed(list(zip(keys, place, strict=True))):
        after = key.after(value, after)
    return select(_B.id).where(condition, after).order_by(*(key.order() for key in keys)).limit(1)


def seen_by(column: Column[Any], visible: frozenset[str] | None) -> ColumnElement[bool]:
    """Whether an account is one of those that somebody may see (null: all)."""
    return true() if visible is None else column.in_(sorted(visible))
