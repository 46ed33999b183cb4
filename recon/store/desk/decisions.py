"""What people decided, as a register needs it: what may concern some days, and how each account counts all of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import and_, case, or_, select

from recon.model import BREAK_IDS, KnownBreak
from recon.model.rulings import DECIDING, Ruling, RulingKind
from recon.store.engine import Store, reading
from recon.store.runs import break_rows
from recon.store.tables import BREAK
from recon.store.tables.desk import RULING

_ZONES = timedelta(days=1)  # no zone's day begins further from UTC's


@dataclass(frozen=True)
class Decisions:
    """Rulings that give a break a status or did, each with its break, in order; a pattern has none.

    `numbers` has, by account, the number of each of its decisions by the ruling's id: all that were ever taken count,
    and those that belong to no account count in each.
    """

    about: Sequence[tuple[Ruling, KnownBreak | None]]
    numbers: Mapping[str, Mapping[int, int]]


def decisions_about(
    store: Store,
    accounts: Collection[str],
    first: date,
    last: date,
    ids: frozenset[str],
    ended: Collection[int] = (),
) -> Decisions:
    """Those that may concern days or objects: all are looked through, and few are made values.

    They are patterns, write-offs, what was taken, approved or ended on the days (or near enough for some zone),
    and what is about a break of these days or of one of the objects. `ended`: also what a run ends now.
    """
    begin = datetime.combine(first, time(), UTC) - _ZONES
    end = datetime.combine(last, time(), UTC) + 2 * _ZONES
    moments = (RULING.c.at, RULING.c.approved_at, RULING.c.ended_at)
    near = or_(
        RULING.c.break_id.is_(None),
        RULING.c.kind == RulingKind.WRITE_OFF.value,
        *(moment.between(begin, end) for moment in moments),
        BREAK.c.occurred_on.between(first, last),
        and_(BREAK.c.occurred_on.is_(None), BREAK.c.first_seen.between(begin, end)),
    )
    account = case((RULING.c.break_id.is_(None), RULING.c.account), else_=BREAK.c.account)
    objects = [BREAK.c[name] for name in ("subject_id", *BREAK_IDS)]
    looked_through = (
        select(RULING.c.id, account, near, *objects)
        .outerjoin(BREAK, RULING.c.break_id == BREAK.c.id)
        .where(RULING.c.kind.in_(DECIDING))
        .order_by(RULING.c.id)
    )
    numbers: dict[str, dict[int, int]] = {name: {} for name in accounts}
    wanted = []
    with reading(store) as connection:
        for id_, of_account, is_near, *object_ids in connection.execute(looked_through):
            for name, counted in numbers.items():
                if of_account in (name, None):
                    counted[id_] = len(counted) + 1
            if is_near or id_ in ended or not ids.isdisjoint(object_ids):
                wanted.append(id_)
        rulings = break_rows.rulings_by(connection, "id", wanted)
        of_breaks = {ruling.break_id for ruling in rulings if ruling.break_id}
        breaks = {known.latest.id: known for known in break_rows.breaks_by(connection, "id", of_breaks)}
    return Decisions([(ruling, breaks.get(ruling.break_id or "")) for ruling in rulings], numbers)
