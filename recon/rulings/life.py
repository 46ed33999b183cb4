"""The life of a break: opened once, carried from run to run, closed when it was judged and is no more."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo

from recon.model import CLOSED, Break, BreakEvent, BreakStatus, KnownBreak
from recon.model.rulings import IN_FORCE, EndedRuling, Ruling, RulingKind, RulingState, Standing
from recon.rulings.decide import end_ruling, move_break
from recon.rulings.facts import changed_facts, facts_of

DUE_SOON = "due_soon"  # a break's event
RUN = "run"  # who acts where nobody does


@dataclass(frozen=True)
class RulingsInForce:
    """What people decided, as a run needs it.

    `zones` has the accounts' (a ruling holds to the end of its last local day). `expected` says what a break rests on
    that nobody ruled on: a pattern or an opening item. `fallen` has the links by hand whose order or charge is not
    what it was, each with its break's id. `remark` says why a break is open although an opening item names it.
    `warns` has, by code, how long before its due_by an open break is told again. `why_closed` says, beside the breaks
    that the run opens, why one that it judged is no more.
    """

    zones: Mapping[str, tzinfo] = field(default_factory=dict)
    expected: Callable[[Break], Standing | None] = lambda _found: None
    fallen: Sequence[tuple[str, EndedRuling]] = ()
    remark: Callable[[Break], str] = lambda _found: ""
    warns: Mapping[str, Sequence[timedelta]] = field(default_factory=dict)
    why_closed: Callable[[Iterable[Break]], Callable[[Break], str]] = lambda _opened: (
        lambda _closed: "the facts agree now"
    )

    def today(self, account: str | None, as_of: datetime) -> date:
        """The local day of an account; of none, or an unknown one, that of UTC."""
        return as_of.astimezone(self.zones.get(account or "", UTC)).date()


@dataclass(frozen=True)
class CarriedBreaks:
    """What a run makes of the breaks: `reported` are the run's own, `changed` is what the store must write."""

    reported: tuple[KnownBreak, ...]
    changed: tuple[KnownBreak, ...]
    events: tuple[BreakEvent, ...]
    opened: tuple[Break, ...]
    closed: tuple[Break, ...]
    ended: tuple[EndedRuling, ...] = ()  # rulings that no longer hold


@dataclass
class _Life:
    """One break on its way through a run."""

    known: KnownBreak
    as_of: datetime
    events: list[BreakEvent] = field(default_factory=list)
    ended: list[EndedRuling] = field(default_factory=list)

    def move(self, event: str, status: BreakStatus, detail: str, standing: Standing | None = None) -> None:
        """Another state, and why."""
        self.known = move_break(self.known, event, status, standing)
        self.add(event, detail)

    def add(self, event: str, detail: str) -> None:
        """An event."""
        self.events.append(BreakEvent(self.known.latest.id, event, self.as_of, RUN, detail))

    def end(self, stands: RulingState, why: str) -> None:
        """The break's own ruling no longer holds; a pattern goes on for others, and a link is the matching's."""
        standing = self.known.standing
        if standing is None or standing.kind in (RulingKind.IGNORE, RulingKind.OPENING):
            return
        if standing.kind != RulingKind.LINK or self.known.status == BreakStatus.PENDING_APPROVAL:
            self.ended.append(EndedRuling(standing.ruling_id, stands, why))


def carry(
    known: Iterable[KnownBreak],
    found: Iterable[Break],
    is_judged: Callable[[Break], bool],
    as_of: datetime,
    in_force: RulingsInForce | None = None,
) -> CarriedBreaks:
    """Carry every known break through one run.

    Found and unknown: opened. Found and closed by itself before: reopened under the same id. Known, judged by this
    run and not found: closed by itself. A ruling holds while the facts under it are the same and its last day has not
    passed; else it falls and the break is open. A run whose as-of lies before what is known of a break opens what is
    new and rewrites nothing: yesterday's report does not undo today's work.
    """
    in_force = in_force or RulingsInForce()
    before = {known_break.latest.id: known_break for known_break in known}
    seen = {break_.id: break_ for break_ in found}
    fallen: dict[str, list[EndedRuling]] = {}
    for break_id, ended in in_force.fallen:
        fallen.setdefault(break_id, []).append(ended)
    reported: list[KnownBreak] = []
    lives: list[_Life] = []
    for break_id, fresh in sorted(seen.items(), key=lambda item: _order(item[1])):
        old = before.get(break_id)
        if old is not None and _is_past(old, as_of):
            reported.append(_in_the_past(old, fresh, as_of))
            continue
        life = _carry_found(old, fresh, as_of, in_force, fallen.get(break_id, ()))
        reported.append(life.known)
        lives.append(life)
    why_closed = in_force.why_closed(
        fresh
        for break_id, fresh in seen.items()
        if break_id not in before or before[break_id].status == BreakStatus.AUTO_CLOSED
    )
    for old in before.values():
        if old.latest.id not in seen and not _is_past(old, as_of):
            lives.append(_carry_absent(old, as_of, is_judged, why_closed, fallen.get(old.latest.id, ())))
    events = [event for life in lives for event in life.events]
    opened = {event.break_id for event in events if event.what in ("opened", "reopened")}
    closed = [before[event.break_id] for event in events if event.what == "auto_closed"]
    return CarriedBreaks(
        tuple(reported),
        tuple(life.known for life in lives if life.known != before.get(life.known.latest.id)),
        tuple(events),
        tuple(life.known.latest for life in lives if life.known.latest.id in opened),
        tuple(known_break.latest for known_break in closed if known_break.status not in CLOSED),
        tuple(ended for life in lives for ended in life.ended),
    )


def as_left(ruling: Ruling, end: EndedRuling | None, as_of: datetime) -> Ruling:
    """A ruling as a run as of a moment leaves it: where it ended it, it is over since then."""
    if end is None or ruling.standing not in IN_FORCE:
        return ruling
    at = max(moment for moment in (as_of, ruling.at, ruling.approved_at) if moment)
    return end_ruling(ruling, end.standing, RUN, at, end.why)


def _carry_found(
    old: KnownBreak | None, fresh: Break, as_of: datetime, in_force: RulingsInForce, fallen: Sequence[EndedRuling]
) -> _Life:
    """A break that this run found, as it is known from now on, and what happened to it."""
    if old is None:
        life = _Life(KnownBreak(fresh, BreakStatus.OPEN, first_seen=as_of, last_seen=as_of), as_of)
        life.add("opened", fresh.explanation)
    else:
        life = _Life(old, as_of)
        _links_fall(life, fallen)
        _hold(life, fresh, in_force.today(fresh.account, as_of))
        _item_falls(life, fresh, in_force)
        _warn(life, old.last_seen, fresh, in_force.warns.get(fresh.code, ()))
    standing = in_force.expected(fresh) if life.known.status == BreakStatus.OPEN else None
    if standing is not None:
        event = "opening" if standing.kind == RulingKind.OPENING else "ignored"
        until = f"until {standing.until}: " if standing.until else ""
        life.move(event, BreakStatus.ACKNOWLEDGED, f"{until}{standing.reason}", standing)
    elif life.known.status == BreakStatus.OPEN and life.events and (why := in_force.remark(fresh)):
        life.add("not_covered", why)
    life.known = replace(life.known, latest=fresh, last_seen=as_of, version=_version(old, life.known, fresh))
    return life


def _hold(life: _Life, fresh: Break, today: date) -> None:
    """Whether what the break rested on still holds now that it was found again."""
    known = life.known
    standing = life.known.standing
    if known.status == BreakStatus.AUTO_CLOSED:
        life.move("reopened", BreakStatus.OPEN, fresh.explanation)
    elif standing is not None and standing.facts not in (None, facts_of(fresh)):
        why = changed_facts(known.latest, fresh)
        life.end(RulingState.FELL, why)
        life.move("fell", BreakStatus.OPEN, f"{standing.kind} by {standing.who}: {why}")
    elif standing is not None and standing.until is not None and standing.until < today:
        why = f"expected until {standing.until}"
        life.end(RulingState.EXPIRED, why)
        life.move("expired", BreakStatus.OPEN, f"{standing.kind} by {standing.who}: {why}")
    elif difference := _difference(known.latest, fresh):
        life.add("changed", difference)


def _warn(life: _Life, last_seen: datetime, fresh: Break, warns: Sequence[timedelta]) -> None:
    """An open break is told again where a moment to warn before its due_by has passed since it was last seen."""
    due_by = fresh.due_by
    if due_by is None or life.known.status != BreakStatus.OPEN:
        return
    if any(last_seen < due_by - before <= life.as_of for before in warns):
        life.add(DUE_SOON, f"due by {due_by.isoformat(timespec='minutes')}")


def _item_falls(life: _Life, fresh: Break, in_force: RulingsInForce) -> None:
    """An opening item that was replaced is asked again."""
    standing = life.known.standing
    if standing is not None and standing.kind == RulingKind.OPENING and in_force.expected(fresh) != standing:
        life.move("fell", BreakStatus.OPEN, f"{standing.kind} by {standing.who}: the item is not what it was")


def _carry_absent(
    old: KnownBreak,
    as_of: datetime,
    is_judged: Callable[[Break], bool],
    why_closed: Callable[[Break], str],
    fallen: Sequence[EndedRuling],
) -> _Life:
    """A break that this run did not find: closed by itself if it was judged."""
    life = _Life(old, as_of)
    _links_fall(life, fallen)
    if old.status != BreakStatus.AUTO_CLOSED and is_judged(old.latest):
        why = why_closed(old.latest)
        standing = life.known.standing
        life.end(RulingState.CLOSED, why)
        needless = f"; {standing.kind} by {standing.who} is no longer needed" if standing else ""
        life.move("auto_closed", BreakStatus.AUTO_CLOSED, why + needless)
        life.known = replace(life.known, last_seen=as_of)
    if life.known != old:
        life.known = replace(life.known, version=old.version + 1)
    return life


def _links_fall(life: _Life, fallen: Sequence[EndedRuling]) -> None:
    """A link by hand whose order or charge is not what it was holds no more, whatever the break's own state."""
    for ended in fallen:
        standing = life.known.standing
        life.ended.append(ended)
        if standing is not None and standing.ruling_id == ended.ruling_id:
            life.move("fell", BreakStatus.OPEN, f"link by {standing.who}: {ended.why}")
        else:
            life.add("fell", f"link: {ended.why}")


def _version(old: KnownBreak | None, now: KnownBreak, fresh: Break) -> int:
    """One more where a person must know of the difference; a later last_seen is none."""
    if old is None:
        return 0
    same = (old.status, old.standing) == (now.status, now.standing)
    return old.version + (0 if same and (old.latest == fresh or facts_of(old.latest) == facts_of(fresh)) else 1)


def _in_the_past(old: KnownBreak, fresh: Break, as_of: datetime) -> KnownBreak:
    """How a look at the past reports a break of which more is known since."""
    status = BreakStatus.OPEN if old.status in CLOSED else old.status
    return replace(old, latest=fresh, status=status, first_seen=min(old.first_seen, as_of), last_seen=as_of)


def _is_past(old: KnownBreak, as_of: datetime) -> bool:
    """Whether a later moment is already known of this break."""
    return old.last_seen > as_of


def _difference(old: Break, new: Break) -> str:
    """What is different, in words; amounts are minor units."""
    names = ("severity", "expected", "actual", "amount_at_risk", "due_by", "charge_id", "explanation")
    return "; ".join(
        f"{name}: {getattr(old, name)} -> {getattr(new, name)}"
        for name in names
        if getattr(old, name) != getattr(new, name)
    )


def _order(break_: Break) -> tuple[str, int, str, str, str]:
    return (break_.account or "", -break_.severity, break_.code, break_.subject_type, break_.subject_id)
