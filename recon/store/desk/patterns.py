"""Standing patterns of breaks that are expected until a day, and the breaks that each covers; changes nothing."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, func, select

from recon.model import Account, BreakStatus, KnownBreak, zone_of
from recon.model.rulings import ApprovalLimits, Ruling, RulingKind, RulingRequest, RulingState
from recon.rulings.decide import RulingRefused
from recon.rulings.patterns import covers, holds_on, needs_second_person, new_ignore
from recon.store.engine import Store, reading
from recon.store.runs.break_rows import breaks_by, in_force
from recon.store.tables import BREAK


@dataclass(frozen=True, slots=True)
class StandingPattern:
    """A pattern that waits or stands, and how many breaks rest on it; while it waits, how many open ones it means."""

    ruling: Ruling
    covers: int

    @property
    def waits(self) -> bool:
        """Whether a second person's word is missing."""
        return self.ruling.standing == RulingState.PENDING


def patterns(store: Store, accounts: Mapping[str, Account], now: datetime) -> list[StandingPattern]:
    """Every pattern that waits or stands, and whose last day has not passed, in the order of their making."""
    with reading(store) as connection:
        rulings = [
            ruling
            for ruling in in_force(connection, RulingKind.IGNORE)
            if holds_on(ruling, earliest_day(ruling.account, accounts, now))
        ]
        resting = _resting(connection, [ruling.id for ruling in rulings])
        return [
            StandingPattern(
                ruling,
                len(covered(connection, ruling))
                if ruling.standing == RulingState.PENDING
                else resting.get(ruling.id, 0),
            )
            for ruling in rulings
        ]


@dataclass(frozen=True, slots=True)
class Preview:
    """A pattern before it is asked for: the open breaks that it speaks of, and whether a second person is needed."""

    ruling: Ruling
    covered: list[KnownBreak]
    waits: bool


def preview(
    store: Store, ask: RulingRequest, limits: ApprovalLimits, accounts: Mapping[str, Account], now: datetime
) -> Preview:
    """What an ignore would come to, were it asked for now; raises RulingRefused in words."""
    ruling = ignore_asked(ask, 0, limits, accounts, now)
    with reading(store) as connection:
        open_breaks = covered(connection, ruling)
    waits = needs_second_person(ruling, [known_break.latest for known_break in open_breaks], limits)
    return Preview(ruling, open_breaks, waits)


def ignore_asked(
    ask: RulingRequest, ruling_id: int, limits: ApprovalLimits, accounts: Mapping[str, Account], now: datetime
) -> Ruling:
    """The ruling that an ignore is, under an id; raises RulingRefused in words."""
    if ask.account is not None and ask.account not in accounts:
        raise RulingRefused(f'there is no account "{ask.account}"')
    return new_ignore(ask, ruling_id, now, earliest_day(ask.account, accounts, now), limits)


def covered(connection: Connection, pattern: Ruling) -> list[KnownBreak]:
    """The open breaks that a pattern speaks of."""
    more = {"account": pattern.account} if pattern.account else {}
    open_breaks = breaks_by(connection, "status", [BreakStatus.OPEN.value], code=str(pattern.code), **more)
    return [known_break for known_break in open_breaks if covers(pattern, known_break.latest)]


def earliest_day(account: str | None, accounts: Mapping[str, Account], now: datetime) -> date:
    """Today where the day is youngest among the accounts that a pattern is for (null: all)."""
    chosen = [account] if account else [*accounts, None]
    return min(now.astimezone(zone_of(each, accounts)).date() for each in chosen)


def _resting(connection: Connection, ruling_ids: Collection[int]) -> Mapping[int, int]:
    """By pattern how many breaks rest on it."""
    table = BREAK.c
    statement = select(table.ruling_id, func.count()).where(table.ruling_id.in_(ruling_ids)).group_by(table.ruling_id)
    return {row[0]: row[1] for row in connection.execute(statement)}
