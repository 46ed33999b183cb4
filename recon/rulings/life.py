"""The life of a break: opened once, carried from run to run, closed when the facts agree."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo

from recon.model import CLOSED, Break, BreakEvent, BreakStatus, KnownBreak
from recon.model.rulings import Ended, Kind, Stand, Standing
from recon.rulings.decide import changed_facts, facts_of, moved

RUN = "run"  # who acts where nobody does


def _nothing_expected(_found: Break) -> Standing | None:
    return None


def _no_remark(_found: Break) -> str:
    return ""


@dataclass(frozen=True)
class Said:
    """What people said, as a run needs it.

    `zones` has the accounts' (a ruling holds to the end of its last local day). `expected` says what a break rests on
    that nobody ruled on: a pattern or an opening item. `fallen` has the links by hand whose order or charge is not
    what it was, each with its break's id. `remark` says why a break is open although an opening item names it.
    """

    zones: Mapping[str, tzinfo] = field(default_factory=dict)
    expected: Callable[[Break], Standing | None] = _nothing_expected
    fallen: Sequence[tuple[str, Ended]] = ()
    remark: Callable[[Break], str] = _no_remark

    def today(self, account: str | None, as_of: datetime) -> date:
        """The local day of an account; of none, or an unknown one, that of UTC."""
        return as_of.astimezone(self.zones.get(account or "", UTC)).date()


@dataclass(frozen=True)
class Carried:
    """What a run makes of the breaks: `reported` are the run's own, `changed` is what the store must write."""

    reported: tuple[KnownBreak, ...]
    changed: tuple[KnownBreak, ...]
    events: tuple[BreakEvent, ...]
    opened: tuple[Break, ...]
    closed: tuple[Break, ...]
    ended: tuple[Ended, ...] = ()  # rulings that no longer hold


@dataclass
class _Life:
    """One break on its way through a run."""

    known: KnownBreak
    as_of: datetime
    events: list[BreakEvent] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)

    def move(self, what: str, status: BreakStatus, detail: str, standing: Standing | None = None) -> None:
        """Another state, and why."""
        self.known = moved(self.known, what, status, standing)
        self.say(what, detail)

    def say(self, what: str, detail: str) -> None:
        """An event."""
        self.events.append(BreakEvent(self.known.found.id, what, self.as_of, RUN, detail))

    def end(self, stands: Stand, why: str) -> None:
        """The break's own ruling no longer holds; a pattern goes on for others, and a link is the matching's."""
        standing = self.known.standing
        if standing is None or standing.kind in (Kind.IGNORE, Kind.OPENING):
            return
        if standing.kind != Kind.LINK or self.known.status == BreakStatus.PENDING_APPROVAL:
            self.ended.append(Ended(standing.ruling_id, stands, why))


def carry(
    known: Iterable[KnownBreak],
    found: Iterable[Break],
    is_judged: Callable[[Break], bool],
    as_of: datetime,
    said: Said | None = None,
) -> Carried:
    """Carry every known break through one run.

    Found and unknown: opened. Found and closed by itself before: reopened under the same id. Known, judged by this
    run and not found: closed by itself. A ruling holds while the facts under it are the same and its last day has not
    passed; else it falls and the break is open. A run whose as-of lies before what is known of a break opens what is
    new and rewrites nothing: yesterday's report does not undo today's work.
    """
    said = said or Said()
    before = {one.found.id: one for one in known}
    seen = {one.id: one for one in found}
    fallen: dict[str, list[Ended]] = {}
    for break_id, ended in said.fallen:
        fallen.setdefault(break_id, []).append(ended)
    reported, lives = [], []
    for break_id, fresh in sorted(seen.items(), key=lambda item: _order(item[1])):
        old = before.get(break_id)
        if old is not None and _is_past(old, as_of):
            reported.append(_in_the_past(old, fresh, as_of))
            continue
        life = _found(old, fresh, as_of, said, fallen.get(break_id, ()))
        reported.append(life.known)
        lives.append(life)
    for old in before.values():
        if old.found.id not in seen and not _is_past(old, as_of):
            lives.append(_not_found(old, as_of, is_judged, fallen.get(old.found.id, ())))
    events = [event for life in lives for event in life.events]
    opened = {event.break_id for event in events if event.what in ("opened", "reopened")}
    closed = [before[event.break_id] for event in events if event.what == "auto_closed"]
    return Carried(
        tuple(reported),
        tuple(life.known for life in lives if life.known != before.get(life.known.found.id)),
        tuple(events),
        tuple(life.known.found for life in lives if life.known.found.id in opened),
        tuple(one.found for one in closed if one.status not in CLOSED),
        tuple(ended for life in lives for ended in life.ended),
    )


def _found(old: KnownBreak | None, fresh: Break, as_of: datetime, said: Said, fallen: Sequence[Ended]) -> _Life:
    """A break that this run found, as it is known from now on, and what happened to it."""
    if old is None:
        life = _Life(KnownBreak(fresh, BreakStatus.OPEN, first_seen=as_of, last_seen=as_of), as_of)
        life.say("opened", fresh.explanation)
    else:
        life = _Life(old, as_of)
        _links_fall(life, fallen)
        _hold(life, fresh, said.today(fresh.account, as_of))
        _item_falls(life, fresh, said)
    standing = said.expected(fresh) if life.known.status == BreakStatus.OPEN else None
    if standing is not None:
        what = "opening" if standing.kind == Kind.OPENING else "ignored"
        until = f"until {standing.until}: " if standing.until else ""
        life.move(what, BreakStatus.ACKNOWLEDGED, f"{until}{standing.reason}", standing)
    elif life.known.status == BreakStatus.OPEN and life.events and (why := said.remark(fresh)):
        life.say("not_covered", why)
    life.known = replace(life.known, found=fresh, last_seen=as_of, version=_version(old, life.known, fresh))
    return life


def _hold(life: _Life, fresh: Break, today: date) -> None:
    """Whether what the break rested on still holds now that it was found again."""
    known, standing = life.known, life.known.standing
    if known.status == BreakStatus.AUTO_CLOSED:
        life.move("reopened", BreakStatus.OPEN, fresh.explanation)
    elif standing is not None and standing.facts not in (None, facts_of(fresh)):
        why = changed_facts(known.found, fresh)
        life.end(Stand.FELL, why)
        life.move("fell", BreakStatus.OPEN, f"{standing.kind} by {standing.who}: {why}")
    elif standing is not None and standing.until is not None and standing.until < today:
        why = f"expected until {standing.until}"
        life.end(Stand.EXPIRED, why)
        life.move("expired", BreakStatus.OPEN, f"{standing.kind} by {standing.who}: {why}")
    elif known.found != fresh:
        life.say("changed", _difference(known.found, fresh))


def _item_falls(life: _Life, fresh: Break, said: Said) -> None:
    """An opening item that was replaced is asked again."""
    standing = life.known.standing
    if standing is not None and standing.kind == Kind.OPENING and said.expected(fresh) != standing:
        life.move("fell", BreakStatus.OPEN, f"{standing.kind} by {standing.who}: the item is not what it was")


def _not_found(
    old: KnownBreak, as_of: datetime, is_judged: Callable[[Break], bool], fallen: Sequence[Ended]
) -> _Life:
    """A break that this run did not find: closed by itself if it was judged."""
    life = _Life(old, as_of)
    _links_fall(life, fallen)
    if old.status != BreakStatus.AUTO_CLOSED and is_judged(old.found):
        why, standing = "the facts agree now", life.known.standing
        life.end(Stand.CLOSED, why)
        needless = f"; {standing.kind} by {standing.who} is no longer needed" if standing else ""
        life.move("auto_closed", BreakStatus.AUTO_CLOSED, why + needless)
        life.known = replace(life.known, last_seen=as_of)
    if life.known != old:
        life.known = replace(life.known, version=old.version + 1)
    return life


def _links_fall(life: _Life, fallen: Sequence[Ended]) -> None:
    """A link by hand whose order or charge is not what it was holds no more, whatever the break's own state."""
    for ended in fallen:
        standing = life.known.standing
        life.ended.append(ended)
        if standing is not None and standing.ruling_id == ended.ruling_id:
            life.move("fell", BreakStatus.OPEN, f"link by {standing.who}: {ended.why}")
        else:
            life.say("fell", f"link: {ended.why}")


def _version(old: KnownBreak | None, now: KnownBreak, fresh: Break) -> int:
    """One more where a person must know of the difference; a later last_seen is none."""
    if old is None:
        return 0
    same = (old.status, old.standing) == (now.status, now.standing)
    return old.version + (0 if same and (old.found == fresh or facts_of(old.found) == facts_of(fresh)) else 1)


def _in_the_past(old: KnownBreak, fresh: Break, as_of: datetime) -> KnownBreak:
    """How a look at the past reports a break of which more is known since."""
    status = BreakStatus.OPEN if old.status in CLOSED else old.status
    return replace(old, found=fresh, status=status, first_seen=min(old.first_seen, as_of), last_seen=as_of)


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


def _order(found: Break) -> tuple[str, int, str, str, str]:
    return (found.account or "", -found.severity, found.code, found.subject_type, found.subject_id)
