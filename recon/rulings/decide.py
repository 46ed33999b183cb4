"""What people may decide about a break: the graph of its states, and what each ruling does; pure."""

import hashlib
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo

from recon.model import CLOSED, Break, BreakStatus, KnownBreak
from recon.model.rulings import IN_FORCE, Ask, Became, Before, Kind, Limits, Ruling, Stand, Standing

OPEN, ACKNOWLEDGED, PENDING = BreakStatus.OPEN, BreakStatus.ACKNOWLEDGED, BreakStatus.PENDING_APPROVAL
RESOLVED, WRITTEN_OFF, AUTO_CLOSED = BreakStatus.RESOLVED, BreakStatus.WRITTEN_OFF, BreakStatus.AUTO_CLOSED

_RULED = {"resolved": {RESOLVED}, "linked": {RESOLVED}, "written_off": {WRITTEN_OFF}, "proposed": {PENDING}}
_EXPECTED = {"acknowledged": {ACKNOWLEDGED}, "ignored": {ACKNOWLEDGED}, "opening": {ACKNOWLEDGED}}
_ENDS = {"auto_closed": {AUTO_CLOSED}}
_FALLS = {"fell": {OPEN}}
_UNDONE = {"undone": {OPEN, ACKNOWLEDGED}}  # back to what was before
# The graph of a break's states: from a state, by an event, to a state. Nothing else moves a break.
MOVES: Mapping[BreakStatus, Mapping[str, set[BreakStatus]]] = {
    OPEN: {**_RULED, **_EXPECTED, **_ENDS},
    ACKNOWLEDGED: {**_RULED, **_ENDS, **_FALLS, "expired": {OPEN}, "undone": {OPEN}},
    PENDING: {"approved": {WRITTEN_OFF, RESOLVED}, **_ENDS, **_FALLS, **_UNDONE},
    RESOLVED: {"reopened": {OPEN}, **_ENDS, **_FALLS, **_UNDONE},
    WRITTEN_OFF: {"reopened": {OPEN}, **_ENDS, **_FALLS, **_UNDONE},
    AUTO_CLOSED: {"reopened": {OPEN}, "undone": {OPEN}},  # undone: the link by hand that made the facts agree
}
_STATUS = {
    Kind.ACKNOWLEDGE: ACKNOWLEDGED,
    Kind.IGNORE: ACKNOWLEDGED,
    Kind.OPENING: ACKNOWLEDGED,
    Kind.RESOLVE: RESOLVED,
    Kind.LINK: RESOLVED,
    Kind.WRITE_OFF: WRITTEN_OFF,
}
_FACTS = (
    "currency",
    "expected",
    "actual",
    "amount_at_risk",
    "order_id",
    "charge_id",
    "refund_id",
    "transfer_id",
    "transaction_id",
    "dispute_id",
)


class Refused(Exception):
    """Why an ask is not done, in words for the person who asked."""


class Already(Refused):
    """There is nothing to do."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An order and a charge as they are known; `amount` is what was captured. `held`: who has the charge by hand."""

    account: str
    order_id: str
    charge_id: str
    amount: int
    currency: str
    facts: str
    held: Ruling | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What a decision looks at; `rulings` has, by id, those on the break and those that these rest on."""

    known: KnownBreak
    ruling_id: int
    now: datetime
    zone: tzinfo
    limits: Limits
    rulings: Mapping[int, Ruling] = field(default_factory=dict)
    pair: Pair | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What an ask comes to: the break afterwards, the new ruling, what became of older ones, and how it is told."""

    after: KnownBreak
    ruling: Ruling
    what: str
    detail: str
    words: str
    became: Became = Became.APPLIED
    others: tuple[Ruling, ...] = ()


def decide(ask: Ask, sight: Sight) -> Decision:
    """What an ask about one break comes to; raises Refused in words."""
    return _HOW[ask.kind](ask, sight)


def facts_of(found: Break) -> str:
    """A digest of the facts that a ruling on a break rests on; words, severity and due dates are none."""
    named = (found.code, found.account, found.subject_type, found.subject_id)
    return hashlib.sha256(repr((*named, *(getattr(found, name) for name in _FACTS))).encode()).hexdigest()


def changed_facts(old: Break, new: Break) -> str:
    """Which facts are others now, in words; amounts are minor units."""
    names = [name for name in _FACTS if getattr(old, name) != getattr(new, name)]
    return "; ".join(f"{name}: {getattr(old, name)} -> {getattr(new, name)}" for name in names)


def link_facts(order: tuple[int, str], charge: tuple[int, str], pays: bool) -> str:
    """The facts that a link by hand rests on: both sums (minor units, currency), and whether the charge pays."""
    state = "paid" if pays else "not paid"
    return f"order {order[0]} {order[1]}, charge {charge[0]} {charge[1]} {state}"


def status_of(kind: str, stands: str) -> BreakStatus | None:
    """The status that a break has by a ruling of a kind; None where the kind gives none."""
    return PENDING if stands == Stand.PENDING else _STATUS.get(Kind(kind))


def is_same_person(one: str, other: str) -> bool:
    """Whether two names are one person's, however they are written."""
    return _name(one) == _name(other)


def _name(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def new_ignore(ask: Ask, ruling_id: int, now: datetime, today: date) -> Ruling:
    """The ruling that a pattern is; raises Refused in words."""
    if not ask.code:
        raise Refused("an ignore needs the code of the breaks")
    pattern = {"code": ask.code, "account": ask.account, "pattern": ask.pattern or "", "until": _until(ask, today)}
    return _new(replace(ask, reason=_reason(ask)), ruling_id, now, Stand.STANDS, **pattern)


def ended(ruling: Ruling, stands: Stand, by: str, at: datetime, why: str) -> Ruling:
    """A ruling that no longer holds."""
    return replace(ruling, standing=stands.value, ended_at=at, ended_by=by, ended_why=why)


def moved(known: KnownBreak, what: str, status: BreakStatus, standing: Standing | None) -> KnownBreak:
    """The break after an event that the graph allows."""
    assert status in MOVES[known.status].get(what, ()), f"{known.status} -{what}-> {status} is no move of a break"
    return replace(known, status=status, standing=standing, version=known.version + 1)


def _assign(ask: Ask, sight: Sight) -> Decision:
    owner = (ask.owner or "").strip() or None
    whose = f"{owner}'s" if owner else "nobody's"
    if owner == sight.known.owner:
        raise Already(f"{sight.known.found.id} is {whose} already")
    after = replace(sight.known, owner=owner, version=sight.known.version + 1)
    ruling = _on_break(ask, sight, Stand.DONE, owner=owner)
    return Decision(after, ruling, "assigned", f"to {owner or 'nobody'}", f"{after.found.id} is {whose}")


def _note(ask: Ask, sight: Sight) -> Decision:
    text = _reason(ask, "a note needs a text")
    ruling = _on_break(ask, sight, Stand.DONE)
    return Decision(sight.known, ruling, "noted", text, f"{sight.known.found.id} has the note")


def _acknowledge(ask: Ask, sight: Sight) -> Decision:
    until = _until(ask, sight.now.astimezone(sight.zone).date())
    detail = f"until {until}" + (f": {ask.reason.strip()}" if ask.reason.strip() else "")
    return _ruled(ask, sight, "acknowledged", detail)


def _resolve(ask: Ask, sight: Sight) -> Decision:
    return _ruled(ask, sight, "resolved", _reason(ask))


def _write_off(ask: Ask, sight: Sight) -> Decision:
    reason, found = _reason(ask), sight.known.found
    if found.amount_at_risk is None or found.currency is None:
        raise Refused(f"{found.id} has no amount that could be written off")
    amount = abs(found.amount_at_risk)
    sums = {"amount": amount, "currency": found.currency}
    above = amount > sight.limits.write_off.get(found.currency, 0)
    return _ruled(ask, sight, "proposed" if above else "written_off", f"write-off: {reason}", **sums)


def _link(ask: Ask, sight: Sight) -> Decision:
    found, pair = sight.known.found, sight.pair
    assert pair is not None, "who asks for a link hands over the pair"
    named = {"order": pair.order_id, "charge": pair.charge_id}.get(found.subject_type)
    if named is None:
        raise Refused(f"{found.id} is about a {found.subject_type}: a link by hand is for an order and a charge")
    if named != found.subject_id:
        raise Refused(f"{found.id} is about {found.subject_type} {found.subject_id}, not {named}")
    if pair.held is not None:
        raise Refused(f"charge {pair.charge_id} is linked by hand to order {pair.held.order_id} ({pair.held.name})")
    above = pair.amount > sight.limits.link.get(pair.currency, 0)
    detail = f"order {pair.order_id} and charge {pair.charge_id}" + (f": {ask.reason}" if ask.reason else "")
    sides = {"order_account": pair.account, "order_id": pair.order_id, "charge_account": pair.account}
    sums = {"charge_id": pair.charge_id, "amount": pair.amount, "currency": pair.currency, "facts": pair.facts}
    return _ruled(ask, sight, "proposed" if above else "linked", detail, **sides, **sums)


def _ruled(ask: Ask, sight: Sight, what: str, detail: str, **more: object) -> Decision:
    """A ruling that gives the break a status."""
    known, above = sight.known, what == "proposed"
    if what not in MOVES[known.status]:
        raise Refused(_state(sight))
    (status,) = MOVES[known.status][what]
    until, facts = (ask.until if ask.kind == Kind.ACKNOWLEDGE else None), facts_of(known.found)
    standing = Standing(sight.ruling_id, ask.kind.value, ask.who.strip(), ask.reason.strip(), until, facts)
    stands = Stand.PENDING if above else Stand.STANDS
    ruling = _on_break(ask, sight, stands, **{"facts": facts, "until": until, **more})
    word = "waits for a second person: the sum is above the limit" if above else f"is {_word(what)}"
    return Decision(
        moved(known, what, status, standing),
        ruling,
        what,
        detail,
        f"{known.found.id} {word}",
        Became.PENDING if above else Became.APPLIED,
        _replaced(sight, ruling),
    )


def _replaced(sight: Sight, by: Ruling) -> tuple[Ruling, ...]:
    """The break's own ruling that stood until now; a pattern goes on for others."""
    old = _rests_on(sight)
    if old is None or old.break_id is None or old.standing not in IN_FORCE:
        return ()
    return (ended(old, Stand.REPLACED, by.who, by.at, f"replaced by {by.name}"),)


def _approve(ask: Ask, sight: Sight) -> Decision:
    known, standing, pending = sight.known, sight.known.standing, _rests_on(sight)
    if known.status != PENDING or pending is None or pending.standing != Stand.PENDING:
        raise Refused(f"nothing waits for approval: {_state(sight)}")
    if ask.target not in (None, pending.id):
        raise Refused(f"rul_{ask.target} does not wait for approval; {pending.name} does")
    if is_same_person(ask.who, pending.who):
        raise Refused(f"{pending.name} is {pending.who}'s own: a second person approves it")
    approved = replace(pending, standing=Stand.STANDS.value, approved_by=ask.who.strip(), approved_at=sight.now)
    after = moved(known, "approved", _STATUS[Kind(pending.kind)], standing)
    detail = f"{pending.kind} by {pending.who} ({pending.name})" + (f": {ask.reason}" if ask.reason else "")
    ruling, words = _on_break(ask, sight, Stand.DONE), f"{known.found.id} is {_word(after.status)}"
    return Decision(after, ruling, "approved", detail, words, others=(approved,))


def _undo(ask: Ask, sight: Sight) -> Decision:
    known, target = sight.known, _undone(ask, sight)
    ruling = _on_break(ask, sight, Stand.DONE)
    over = ended(target, Stand.UNDONE, ruling.who, sight.now, ask.reason.strip() or "taken back")
    detail = f"{target.kind} by {target.who} ({target.name})" + (f": {ask.reason}" if ask.reason else "")
    if known.status == AUTO_CLOSED and target.kind == Kind.LINK:
        words = f"{target.name} is undone: {known.found.id} is open again"
        return Decision(moved(known, "undone", OPEN, None), ruling, "undone", detail, words, others=(over,))
    if _rests_on(sight) != target:
        words = f"{target.name} is undone"
        return Decision(replace(known, version=known.version + 1), ruling, "undone", detail, words, others=(over,))
    status, standing, again = _life_before(target, sight)
    after = moved(known, "undone", status, standing)
    words = f"{target.name} is undone: {known.found.id} is {_word(status)}"
    return Decision(after, ruling, "undone", detail, words, others=(over, *again))


def _undone(ask: Ask, sight: Sight) -> Ruling:
    """Which ruling is meant; raises Refused where it cannot be undone."""
    known = sight.known
    own = [one for one in sight.rulings.values() if one.break_id == known.found.id and one.standing in IN_FORCE]
    if ask.target is None and not own:
        raise Refused(f"there is nothing to undo: {_state(sight)}")
    target = max(own, key=lambda one: one.id) if ask.target is None else sight.rulings.get(ask.target)
    if target is None:
        raise Refused(f"rul_{ask.target} is not about {known.found.id}")
    if target.standing == Stand.DONE:
        raise Refused(f"{target.name} ({target.kind}) changed no status: there is nothing to undo")
    if target.standing not in IN_FORCE:
        raise Refused(f"{target.name} no longer stands: {target.standing} ({target.ended_why})")
    return target


def _life_before(target: Ruling, sight: Sight) -> tuple[BreakStatus, Standing | None, tuple[Ruling, ...]]:
    """Status and ruling to go back to, and that ruling if it stands again; open where it does not hold any more."""
    before = target.before or Before(OPEN.value, None)
    standing, nothing = before.standing, (OPEN, None, ())
    if standing is None or standing.facts not in (None, facts_of(sight.known.found)):
        return nothing
    if standing.kind == Kind.OPENING:
        return ACKNOWLEDGED, standing, ()
    old = sight.rulings.get(standing.ruling_id)
    if old is not None and old.break_id is None and old.standing == Stand.STANDS:
        return ACKNOWLEDGED, standing, ()
    if old is not None and old.standing == Stand.REPLACED:
        again = replace(old, standing=Stand.STANDS.value, ended_at=None, ended_by=None, ended_why=None)
        return BreakStatus(before.status), standing, (again,)
    return nothing


def _reopen(ask: Ask, sight: Sight) -> Decision:
    known = sight.known
    if known.status not in CLOSED:
        raise Refused(f"{known.found.id} is not closed: {_state(sight)}")
    ruling = _on_break(ask, sight, Stand.DONE)
    old = _rests_on(sight)
    over = (ended(old, Stand.REOPENED, ruling.who, sight.now, f"reopened by {ruling.who}"),) if old else ()
    after = moved(known, "reopened", OPEN, None)
    return Decision(after, ruling, "reopened", ask.reason.strip(), f"{known.found.id} is open again", others=over)


def _rests_on(sight: Sight) -> Ruling | None:
    """The ruling that the break rests on; an opening item is none."""
    standing = sight.known.standing
    return None if standing is None or standing.kind == Kind.OPENING else sight.rulings.get(standing.ruling_id)


def _refused_kind(ask: Ask, _sight: Sight) -> Decision:
    raise Refused(f"{ask.kind} is nothing that is asked of one break")


_HOW: Mapping[Kind, Callable[[Ask, Sight], Decision]] = {
    Kind.ASSIGN: _assign,
    Kind.NOTE: _note,
    Kind.ACKNOWLEDGE: _acknowledge,
    Kind.RESOLVE: _resolve,
    Kind.LINK: _link,
    Kind.WRITE_OFF: _write_off,
    Kind.APPROVE: _approve,
    Kind.UNDO: _undo,
    Kind.REOPEN: _reopen,
    Kind.IGNORE: _refused_kind,
    Kind.OPENING: _refused_kind,
}


def _on_break(ask: Ask, sight: Sight, stands: Stand, **more: object) -> Ruling:
    before = Before(sight.known.status.value, sight.known.standing)
    return _new(ask, sight.ruling_id, sight.now, stands, break_id=sight.known.found.id, before=before, **more)


def _new(ask: Ask, ruling_id: int, now: datetime, stands: Stand, **more: object) -> Ruling:
    bare = Ruling(
        ruling_id, None, ask.kind.value, ask.who.strip(), now, ask.reason.strip(), stands.value, key=ask.key
    )
    return replace(bare, **more)  # type: ignore[arg-type]  # fields of a ruling, by their names


def _reason(ask: Ask, otherwise: str = "a reason is needed") -> str:
    if not ask.reason.strip():
        raise Refused(otherwise)
    return ask.reason.strip()


def _until(ask: Ask, today: date) -> date:
    if ask.until is None:
        raise Refused("a day is needed until which it is expected")
    if ask.until < today:
        raise Refused(f"{ask.until} has passed: today is {today}")
    return ask.until


def _word(status: str) -> str:
    return status.replace("_", " ")


def _state(sight: Sight) -> str:
    """How a break stands, by whom and since when, for a person whose ask does not fit."""
    known, standing = sight.known, sight.known.standing
    ruling = _rests_on(sight)
    day = (ruling.at if ruling else known.last_seen).astimezone(sight.zone).date()
    name = known.found.id
    if known.status == AUTO_CLOSED:
        return f"{name} closed by itself on {day}: the facts agree"
    if standing is None:
        return f"{name} is {_word(known.status)}"
    if known.status == PENDING:
        return f"{name} waits for a second person: {standing.who} asked on {day} ({_word(standing.kind)})"
    until = f" until {standing.until}" if standing.until else ""
    return f"{name} is already {_word(known.status)} by {standing.who} on {day}{until}"
