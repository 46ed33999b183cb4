"""The life of a break: opened once, carried from run to run, closed when the facts agree; knows no store, no rule."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from recon.model import CLOSED, Break, BreakEvent, BreakStatus, KnownBreak

RUN = "run"  # who acts where nobody does


@dataclass(frozen=True)
class Carried:
    """What a run makes of the breaks: `reported` are the run's own, `changed` is what the store must write."""

    reported: tuple[KnownBreak, ...]
    changed: tuple[KnownBreak, ...]
    events: tuple[BreakEvent, ...]
    opened: tuple[Break, ...]
    closed: tuple[Break, ...]


def carry(
    known: Iterable[KnownBreak], found: Iterable[Break], is_judged: Callable[[Break], bool], as_of: datetime
) -> Carried:
    """Carry every known break through one run.

    Found and unknown: opened. Found and closed by itself before: reopened under the same id. Known, open, judged by
    this run and not found: closed by itself. A run whose as-of lies before what is known of a break opens what is
    new and rewrites nothing: yesterday's report does not undo today's work.
    """
    before = {one.found.id: one for one in known}
    reported, changed, events = [], [], []
    opened, closed = [], []
    seen = {one.id: one for one in found}
    for break_id, fresh in sorted(seen.items(), key=lambda item: _order(item[1])):
        old = before.get(break_id)
        new, event = _found(old, fresh, as_of)
        reported.append(new)
        if new != old and not _is_past(old, as_of):
            changed.append(new)
        if event:
            events.append(event)
            opened += [fresh] if event.what in ("opened", "reopened") else []
    for old in before.values():
        if old.found.id in seen or old.status in CLOSED or _is_past(old, as_of) or not is_judged(old.found):
            continue
        changed.append(replace(old, status=BreakStatus.AUTO_CLOSED, last_seen=as_of))
        events.append(BreakEvent(old.found.id, "auto_closed", as_of, RUN, "the facts agree now"))
        closed.append(old.found)
    return Carried(tuple(reported), tuple(changed), tuple(events), tuple(opened), tuple(closed))


def _found(old: KnownBreak | None, fresh: Break, as_of: datetime) -> tuple[KnownBreak, BreakEvent | None]:
    """A break that this run found, as it is known from now on, and what happened to it."""
    if old is None:
        known = KnownBreak(fresh, BreakStatus.OPEN, first_seen=as_of, last_seen=as_of)
        return known, BreakEvent(fresh.id, "opened", as_of, RUN, fresh.explanation)
    if _is_past(old, as_of):
        status = BreakStatus.OPEN if old.status in CLOSED else old.status
        return replace(old, found=fresh, status=status, first_seen=min(old.first_seen, as_of), last_seen=as_of), None
    if old.status == BreakStatus.AUTO_CLOSED:
        known = replace(old, found=fresh, status=BreakStatus.OPEN, last_seen=as_of)
        return known, BreakEvent(fresh.id, "reopened", as_of, RUN, fresh.explanation)
    known = replace(old, found=fresh, last_seen=as_of)
    if old.found == fresh:
        return known, None
    return known, BreakEvent(fresh.id, "changed", as_of, RUN, _difference(old.found, fresh))


def _is_past(old: KnownBreak | None, as_of: datetime) -> bool:
    """Whether a later moment is already known of this break."""
    return old is not None and old.last_seen > as_of


def _difference(old: Break, new: Break) -> str:
    """What is different, in words; amounts are minor units."""
    names = ("severity", "expected", "actual", "amount_at_risk", "due_by", "charge_id", "explanation")
    return "; ".join(
        f"{name}: {getattr(old, name)} -> {getattr(new, name)}"
        for name in names
        if getattr(old, name) != getattr(new, name)
    )


def _order(found: Break) -> tuple[str, int, str, str, str]:
    return (found.account or "", -found.severity, found.code, found.subject_type, found.subject_id)
