"""How many breaks opened and closed in each stretch of time, counted in the database; changes nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, case, func, literal, select, type_coerce

from recon import columns as c
from recon.store.desk.worklist import SIGN, seen_by
from recon.store.engine import Store, reading, to_micros
from recon.store.tables import BREAK, BREAK_EVENT, IS_OPEN

BEFORE = -1  # the stretch of what was opened before the first one
_CLOSING = ("auto_closed", "resolved", "written_off", "approved")


@dataclass(frozen=True, slots=True)
class BreakLives:
    """Breaks of a code, currency and sign that opened in one stretch and closed in another (null: still open): how
    many, and the minor units at risk. The sign is that of their difference, 0 where they have none."""

    code: str
    currency: str | None
    sign: int
    opened: int
    closed: int | None
    count: int
    amount: int


def lives(store: Store, visible: frozenset[str] | None, first: datetime, step: timedelta) -> list[BreakLives]:
    """Of the accounts that the asker sees (null: all), in stretches of `step` from a moment on, counted from 0.

    What closed before it is left out.
    """
    breaks = BREAK.c
    events = BREAK_EVENT.c
    closings = (
        select(events.break_id, func.max(type_coerce(events.at, BigInteger())).label("at"))
        .where(events.what.in_(_CLOSING))
        .group_by(events.break_id)
        .subquery()
    )
    start = to_micros(first)

    def stretch(moment: ColumnElement[int]) -> ColumnElement[int]:
        width = literal(step // c.MICROSECOND, BigInteger())
        return case((moment < start, BEFORE), else_=(moment - start) // width)

    closed_at = func.coalesce(closings.c.at, type_coerce(breaks.last_seen, BigInteger()))
    keys = (
        breaks.code,
        breaks.currency,
        SIGN.label("sign"),
        stretch(type_coerce(breaks.first_seen, BigInteger())).label("opened"),
        case((IS_OPEN, None), else_=stretch(closed_at)).label("closed"),
    )
    rows = select(*keys, func.coalesce(breaks.amount_at_risk, 0).label("amount"))
    rows = rows.join(closings, closings.c.break_id == breaks.id, isouter=True)
    life = rows.where(seen_by(breaks.account, visible), IS_OPEN | (closed_at >= start)).subquery().c
    groups = (life.code, life.currency, life.sign, life.opened, life.closed)
    statement = select(*groups, func.count(), func.sum(life.amount)).group_by(*groups).order_by(*groups)
    with reading(store) as connection:
        return [
            BreakLives(code, currency, sign_, opened, closed, count, int(amount))
            for code, currency, sign_, opened, closed, count, amount in connection.execute(statement)
        ]
