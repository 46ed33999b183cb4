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
    """How many breaks of a code and sign opened in one stretch and closed in another (null: they are still open).

    The sign is that of their difference, 0 where they have none.
    """

    code: str
    sign: int
    opened: int
    closed: int | None
    count: int


def lives(store: Store, visible: frozenset[str] | None, first: datetime, step: timedelta) -> list[BreakLives]:
    """Of the accounts that the asker sees (null: all), in stretches of `step` from a moment on, counted from 0.

    What closed before it is left out.
    """
    breaks = BREAK.c
    events = BREAK_EVENT.c
    start = to_micros(first)
    at = type_coerce(events.at, BigInteger())
    closings = (
        select(events.break_id, func.max(at).label("at"))
        .where(events.what.in_(_CLOSING), at >= start)
        .group_by(events.break_id)
        .subquery()
    )

    def stretch(moment: ColumnElement[int]) -> ColumnElement[int]:
        width = literal(step // c.MICROSECOND, BigInteger())
        return case((moment < start, BEFORE), else_=(moment - start) // width)

    keys = (
        breaks.code,
        SIGN.label("sign"),
        stretch(type_coerce(breaks.first_seen, BigInteger())).label("opened"),
        case((IS_OPEN, None), else_=stretch(closings.c.at)).label("closed"),
    )
    rows = select(*keys).join(closings, closings.c.break_id == breaks.id, isouter=True)
    life = rows.where(seen_by(breaks.account, visible), IS_OPEN | closings.c.at.is_not(None)).subquery().c
    groups = (life.code, life.sign, life.opened, life.closed)
    statement = select(*groups, func.count()).group_by(*groups).order_by(*groups)
    with reading(store) as connection:
        return [BreakLives(*row) for row in connection.execute(statement).all()]
