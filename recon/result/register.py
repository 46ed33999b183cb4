"""The register of decisions: what people decided about an account's days, numbered without gaps; judges nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from recon import columns as c
from recon.calendars import local_day
from recon.columnar import pd
from recon.journal.words import EntryKind
from recon.journal.write_offs import against, loss
from recon.model import BREAK_IDS, Break, KnownBreak, Result
from recon.model.rulings import Ruling, RulingKind, RulingState
from recon.rules import title_of

Decision = tuple[Ruling, KnownBreak | None]
_IDS = ("subject_id", *BREAK_IDS)
# How a decision stands, in words.
IN_FORCE = "in force"
_STANDING = {
    RulingState.PENDING: "waits for approval",
    RulingState.STANDS: IN_FORCE,
    RulingState.REPLACED: "replaced",
    RulingState.UNDONE: "WITHDRAWN",
    RulingState.REJECTED: "REJECTED",
    RulingState.REOPENED: "REOPENED",
    RulingState.FELL: "fell: the facts changed",
    RulingState.EXPIRED: "its time is over",
    RulingState.CLOSED: "no longer needed",
}


def register(
    result: Result,
    decisions: Sequence[Decision],
    numbers: Mapping[int, int],
    never_approved: Collection[int] = frozenset(),
) -> pd.DataFrame:
    """The account's decisions that concern the result's days, shaped REGISTER.

    `decisions` are at least these, in order; `numbers` has the account's own by their rulings' ids. `never_approved`
    are the ids of those that are over and waited for a second person until then.

    Those that were taken, approved or ended on the days, those about what happened on them, and those that still hold
    and explain a row of a proof or cover some of the days. A number counts every decision of the account ever taken;
    the register shows each as it stood at the result's as-of moment.
    """
    proof_ids = {row_id for proof in result.proofs for item in proof.items for row_id, _ in item.rows}
    rows = [
        _row(numbers[ruling.id], ruling, known_break, result, state)
        for ruling, known_break in decisions
        if ruling.id in numbers
        and ruling.at <= result.as_of
        and (state := _state(ruling, result.as_of, never_approved))
        and _concerns(ruling, known_break, result, proof_ids, state)
    ]
    return c.REGISTER.from_rows(rows)


def write_offs_standing(decisions: Sequence[Decision], as_of: datetime) -> list[tuple[Ruling, Break]]:
    """The write-offs that stand and did so at a moment, each with its break: what a journal books of them."""
    return [
        (ruling, known_break.latest)
        for ruling, known_break in decisions
        if known_break and ruling.at <= as_of and _is_booked(ruling, as_of)
    ]


def _is_booked(ruling: Ruling, as_of: datetime) -> bool:
    stands = ruling.standing == _state(ruling, as_of) == RulingState.STANDS
    return stands and ruling.kind == RulingKind.WRITE_OFF


def _concerns(
    ruling: Ruling, known_break: KnownBreak | None, result: Result, proof_ids: Collection[str], state: RulingState
) -> bool:
    zone = result.account.zone
    days = (result.first_day, result.last_day)
    moments = (ruling.at, ruling.approved_at, ruling.ended_at)
    if any(moment and days[0] <= local_day(moment, zone) <= days[1] for moment in moments):
        return True
    holds = state == RulingState.STANDS
    if known_break is None:
        end = ruling.until or days[1]
        return holds and local_day(ruling.at, zone) <= days[1] and end >= days[0]
    if days[0] <= _day_of(known_break, result) <= days[1]:
        return True
    return holds and any(getattr(known_break.latest, name) in proof_ids for name in _IDS)


def _day_of(known_break: KnownBreak, result: Result) -> date:
    return known_break.latest.occurred_on or local_day(known_break.first_seen, result.account.zone)


def _state(ruling: Ruling, as_of: datetime, never_approved: Collection[int] = frozenset()) -> RulingState:
    """As it was at a moment: what was approved later, or never, waited; else what ended later stood."""
    if ruling.approved_at is not None and ruling.approved_at > as_of:
        return RulingState.PENDING
    if ruling.ended_at is not None and ruling.ended_at > as_of:
        waited = ruling.standing == RulingState.REJECTED or ruling.id in never_approved
        return RulingState.PENDING if waited else RulingState.STANDS
    return RulingState(ruling.standing)


def _row(
    number: int, ruling: Ruling, known_break: KnownBreak | None, result: Result, state: RulingState
) -> tuple[Any, ...]:
    zone = result.account.zone
    as_of = result.as_of
    decided = local_day(ruling.at, zone)
    break_ = known_break.latest if known_break else None
    code = break_.code if break_ else ruling.code
    approved = ruling.approved_at is not None and ruling.approved_at <= as_of
    amount = ruling.amount if ruling.amount is not None else break_ and break_.amount_at_risk
    lost = loss(ruling, break_) if break_ and _is_booked(ruling, as_of) else 0
    entry = _entry(ruling, result) if lost else None
    booked = (against(break_).label, lost) if entry and break_ else (None, None)
    return (
        number,
        ruling.name,
        decided.isoformat(),
        ruling.kind.replace("_", " "),
        result.account.name,
        code,
        title_of(code) if code else None,
        ruling.break_id,
        break_.subject_type if break_ else "pattern",
        break_.subject_id if break_ else ruling.pattern or "all",
        max(0, (decided - _day_of(known_break, result)).days) if known_break else None,
        ruling.currency or (break_ and break_.currency),
        amount,
        ruling.reason,
        ruling.who,
        ruling.approved_by if approved else None,
        ruling.until and ruling.until.isoformat(),
        _STANDING.get(state, str(state)),
        _ended(ruling, result) if state not in (RulingState.STANDS, RulingState.PENDING) else None,
        entry,
        *booked,
    )


def _ended(ruling: Ruling, result: Result) -> str | None:
    if ruling.ended_at is None:
        return None
    day = local_day(ruling.ended_at, result.account.zone)
    why = f": {ruling.ended_why}" if ruling.ended_why else ""
    return f"{ruling.ended_by} on {day}{why}"


def _entry(ruling: Ruling, result: Result) -> str | None:
    """The journal's entry of the day on which a write-off was decided, or approved; it holds all of the day."""
    journal = result.journal
    if not len(journal):
        return None
    day = local_day(ruling.approved_at or ruling.at, result.account.zone).isoformat()
    same = (journal[c.DAY] == day) & (journal[c.ENTRY_KIND] == str(EntryKind.WRITE_OFFS))
    entries = journal[c.ENTRY][same & (journal[c.CURRENCY] == ruling.currency)]
    return str(entries.iloc[0]) if len(entries) else None
