"""What people may decide about a break: the graph of its states, and what each ruling does; pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo

from recon.bounds import LONGEST_OWNER
from recon.model import CLOSED, BreakStatus, KnownBreak, Severity
from recon.model.rulings import (
    IN_FORCE,
    ApprovalLimits,
    Outcome,
    PriorState,
    Ruling,
    RulingKind,
    RulingRequest,
    RulingState,
    Standing,
)
from recon.people import is_same_person
from recon.rulings.facts import facts_of

OPEN = BreakStatus.OPEN
ACKNOWLEDGED = BreakStatus.ACKNOWLEDGED
PENDING = BreakStatus.PENDING_APPROVAL
RESOLVED = BreakStatus.RESOLVED
WRITTEN_OFF = BreakStatus.WRITTEN_OFF
AUTO_CLOSED = BreakStatus.AUTO_CLOSED

_RULED = {"resolved": {RESOLVED}, "linked": {RESOLVED}, "written_off": {WRITTEN_OFF}, "proposed": {PENDING}}
_EXPECTED = {"acknowledged": {ACKNOWLEDGED}, "ignored": {ACKNOWLEDGED}, "opening": {ACKNOWLEDGED}}
_ENDS = {"auto_closed": {AUTO_CLOSED}}
_FALLS = {"fell": {OPEN}}
_UNDONE = {"undone": {OPEN, ACKNOWLEDGED}}  # back to what was before
# The graph of a break's states: from a state, by an event, to a state. Nothing else moves a break.
MOVES: Mapping[BreakStatus, Mapping[str, set[BreakStatus]]] = {
    OPEN: {**_RULED, **_EXPECTED, **_ENDS},
    ACKNOWLEDGED: {**_RULED, **_ENDS, **_FALLS, "expired": {OPEN}, "undone": {OPEN}},
    PENDING: {"approved": {WRITTEN_OFF, RESOLVED}, "rejected": {OPEN, ACKNOWLEDGED}, **_ENDS, **_FALLS, **_UNDONE},
    RESOLVED: {"reopened": {OPEN}, **_ENDS, **_FALLS, **_UNDONE},
    WRITTEN_OFF: {"reopened": {OPEN}, **_ENDS, **_FALLS, **_UNDONE},
    AUTO_CLOSED: {"reopened": {OPEN}, "undone": {OPEN}},  # undone: the link by hand that made the facts agree
}
_STATUS = {
    RulingKind.ACKNOWLEDGE: ACKNOWLEDGED,
    RulingKind.IGNORE: ACKNOWLEDGED,
    RulingKind.OPENING: ACKNOWLEDGED,
    RulingKind.RESOLVE: RESOLVED,
    RulingKind.LINK: RESOLVED,
    RulingKind.WRITE_OFF: WRITTEN_OFF,
}


class RulingRefused(Exception):
    """Why a request is not done, in words for the person who asked."""


class AlreadyInForce(RulingRefused):
    """There is nothing to do."""


@dataclass(frozen=True, slots=True)
class LinkedPair:
    """An order and a charge as they are known; `amount` is what was captured. `held`: who has the charge by hand."""

    account: str
    order_id: str
    charge_id: str
    amount: int
    currency: str
    facts: str
    held: Ruling | None = None


@dataclass(frozen=True, slots=True)
class BreakContext:
    """What a decision looks at; `rulings` has, by id, those on the break and those that these rest on."""

    known: KnownBreak
    ruling_id: int
    now: datetime
    zone: tzinfo
    limits: ApprovalLimits
    rulings: Mapping[int, Ruling] = field(default_factory=dict)
    pair: LinkedPair | None = None


@dataclass(frozen=True, slots=True)
class RulingDecision:
    """What a request comes to: the break afterwards, the new ruling, older ones that changed, and it all in words."""

    after: KnownBreak
    ruling: Ruling
    event: str
    detail: str
    words: str
    outcome: Outcome = Outcome.APPLIED
    changed_rulings: tuple[Ruling, ...] = ()


def decide(request: RulingRequest, context: BreakContext) -> RulingDecision:
    """What a request about one break comes to; raises RulingRefused in words."""
    if request.kind not in _DECISIONS:
        raise RulingRefused(f"{request.kind} is nothing that is asked of one break")
    return _DECISIONS[request.kind](request, context)


def status_of(kind: str, stands: str) -> BreakStatus | None:
    """The status that a break has by a ruling of a kind; None where the kind gives none."""
    return PENDING if stands == RulingState.PENDING else _STATUS.get(RulingKind(kind))


def end_ruling(ruling: Ruling, stands: RulingState, by: str, at: datetime, why: str) -> Ruling:
    """A ruling that no longer holds."""
    return replace(ruling, standing=stands.value, ended_at=at, ended_by=by, ended_why=why)


def move_break(known: KnownBreak, event: str, status: BreakStatus, standing: Standing | None) -> KnownBreak:
    """The break after an event that the graph allows."""
    assert status in MOVES[known.status].get(event, ()), f"{known.status} -{event}-> {status} is no move of a break"
    return replace(known, status=status, standing=standing, version=known.version + 1)


def _assign(request: RulingRequest, context: BreakContext) -> RulingDecision:
    known = context.known
    owner = (request.owner or "").strip() or None
    if len(owner or "") > LONGEST_OWNER:
        raise RulingRefused(f"an owner's name has at most {LONGEST_OWNER} characters")
    whose = f"{owner}'s" if owner else "nobody's"
    if owner == known.owner:
        raise AlreadyInForce(f"{known.latest.id} is {whose} already")
    ruling = _on_break(request, context, RulingState.DONE, owner=owner)
    after = replace(known, owner=owner, version=known.version + 1)
    return RulingDecision(after, ruling, "assigned", f"to {owner or 'nobody'}", f"{known.latest.id} is {whose}")


def _note(request: RulingRequest, context: BreakContext) -> RulingDecision:
    text = needed_reason(request, "a note needs a text")
    ruling = _on_break(request, context, RulingState.DONE)
    return RulingDecision(context.known, ruling, "noted", text, f"{context.known.latest.id} has the note")


def _acknowledge(request: RulingRequest, context: BreakContext) -> RulingDecision:
    until = last_day(request, context.now.astimezone(context.zone).date(), context.limits)
    return _ruled(request, context, "acknowledged", _with_reason(f"until {until}", request.reason.strip()))


def _resolve(request: RulingRequest, context: BreakContext) -> RulingDecision:
    return _ruled(request, context, "resolved", needed_reason(request))


def _write_off(request: RulingRequest, context: BreakContext) -> RulingDecision:
    reason = needed_reason(request)
    break_ = context.known.latest
    if break_.amount_at_risk is None or break_.currency is None:
        raise RulingRefused(f"{break_.id} has no amount that could be written off")
    amount = abs(break_.amount_at_risk)
    is_critical = break_.severity == Severity.CRITICAL and context.limits.critical_needs_approval
    waits = _above(request.kind, amount, break_.currency, context.limits) or ("it is critical" if is_critical else "")
    fields = {"amount": amount, "currency": break_.currency}
    return _ruled(request, context, "written_off", f"write-off: {reason}", waits, **fields)


def _link(request: RulingRequest, context: BreakContext) -> RulingDecision:
    break_ = context.known.latest
    pair = context.pair
    assert pair is not None, "who asks for a link hands over the pair"
    subject_id = {"order": pair.order_id, "charge": pair.charge_id}.get(break_.subject_type)
    if subject_id is None:
        raise RulingRefused(
            f"{break_.id} is about a {break_.subject_type}: a link by hand is for an order and a charge"
        )
    if subject_id != break_.subject_id:
        raise RulingRefused(f"{break_.id} is about {break_.subject_type} {break_.subject_id}, not {subject_id}")
    if pair.held is not None:
        holder = f"order {pair.held.order_id} ({pair.held.name})"
        raise RulingRefused(f"charge {pair.charge_id} is linked by hand to {holder}")
    return _ruled(
        request,
        context,
        "linked",
        _with_reason(f"order {pair.order_id} and charge {pair.charge_id}", request.reason),
        _above(request.kind, pair.amount, pair.currency, context.limits),
        order_account=pair.account,
        order_id=pair.order_id,
        charge_account=pair.account,
        charge_id=pair.charge_id,
        amount=pair.amount,
        currency=pair.currency,
        facts=pair.facts,
    )


def _above(kind: RulingKind, amount: int, currency: str, limits: ApprovalLimits) -> str:
    return "the sum is above the limit" if amount > (limits.of(kind, currency) or 0) else ""


def proposal_words(ruling: Ruling, limits: ApprovalLimits) -> str:
    """What a ruling is, for whoever decides on it: its kind, its sum beside the limit, and who asked for it."""
    words = _word(ruling.kind)
    if ruling.amount is not None and ruling.currency is not None:
        words += f" of {limits.currencies.words(ruling.amount, ruling.currency)}"
        limit = limits.of(ruling.kind, ruling.currency)
        words += "" if limit is None else f" (limit {limits.currencies.words(limit, ruling.currency)})"
    return f"{words}, asked for by {ruling.who}"


def _ruled(
    request: RulingRequest, context: BreakContext, event: str, detail: str, waits: str = "", **fields: object
) -> RulingDecision:
    """A ruling that gives the break a status, or waits, and why; `fields` are more of the ruling's own."""
    known = context.known
    event = "proposed" if waits else event
    if event not in MOVES[known.status]:
        raise RulingRefused(_state(context))
    (status,) = MOVES[known.status][event]
    facts = facts_of(known.latest)
    until = request.until if request.kind == RulingKind.ACKNOWLEDGE else None
    who = request.who.strip()
    reason = request.reason.strip()
    standing = Standing(context.ruling_id, request.kind.value, who, reason, until, facts)
    state = RulingState.PENDING if waits else RulingState.STANDS
    ruling = _on_break(request, context, state, **{"facts": facts, "until": until, **fields})
    words = f"waits for a second person: {waits}" if waits else f"is {_word(event)}"
    words += f"; {proposal_words(ruling, context.limits)}" if ruling.amount is not None else ""
    return RulingDecision(
        move_break(known, event, status, standing),
        ruling,
        event,
        detail,
        f"{known.latest.id} {words}",
        Outcome.PENDING if waits else Outcome.APPLIED,
        _replaced(context, ruling),
    )


def _replaced(context: BreakContext, by: Ruling) -> tuple[Ruling, ...]:
    """The break's own ruling that stood until now; a pattern goes on for others."""
    old = _rests_on(context)
    if old is None or old.break_id is None or old.standing not in IN_FORCE:
        return ()
    return (end_ruling(old, RulingState.REPLACED, by.who, by.at, f"replaced by {by.name}"),)


def _approve(request: RulingRequest, context: BreakContext) -> RulingDecision:
    known = context.known
    pending = _waiting(request, context)
    approved = approve_ruling(pending, request.who, context.now)
    after = move_break(known, "approved", _STATUS[RulingKind(pending.kind)], known.standing)
    ruling = _on_break(request, context, RulingState.DONE)
    words = f"{known.latest.id} is {_word(after.status)}; {proposal_words(pending, context.limits)}"
    detail = _with_reason(_described(pending), request.reason)
    return RulingDecision(after, ruling, "approved", detail, words, changed_rulings=(approved,))


def _reject(request: RulingRequest, context: BreakContext) -> RulingDecision:
    pending = _waiting(request, context)
    reason = needed_reason(request, "a reason is needed to reject")
    ruling = _on_break(request, context, RulingState.DONE)
    rejected = end_ruling(pending, RulingState.REJECTED, ruling.who, context.now, reason)
    status, standing, reinstated = _life_before(pending, context)
    after = move_break(context.known, "rejected", status, standing)
    words = f"{pending.name} is rejected: {context.known.latest.id} is {_word(status)}"
    words += f"; {proposal_words(pending, context.limits)}"
    detail = _with_reason(_described(pending), reason)
    return RulingDecision(after, ruling, "rejected", detail, words, changed_rulings=(rejected, *reinstated))


def _waiting(request: RulingRequest, context: BreakContext) -> Ruling:
    """The ruling on which a second person's word is asked; raises RulingRefused where they are none."""
    known = context.known
    pending = _rests_on(context)
    if known.status != PENDING or pending is None or pending.standing != RulingState.PENDING:
        raise RulingRefused(f"nothing waits for approval: {_state(context)}")
    if request.target not in (None, pending.id):
        raise RulingRefused(f"rul_{request.target} does not wait for approval; {pending.name} does")
    check_second_person(request, pending)
    return pending


def check_second_person(request: RulingRequest, pending: Ruling) -> None:
    """Raises RulingRefused where the proposer speaks."""
    if is_same_person(request.who, pending.who):
        own = f"{pending.name} is {pending.who}'s own"
        is_approval = request.kind == RulingKind.APPROVE
        raise RulingRefused(f"{own}: {'a second person approves it' if is_approval else 'undo takes it back'}")


def approve_ruling(pending: Ruling, who: str, at: datetime) -> Ruling:
    """A ruling that waited and stands now."""
    return replace(pending, standing=RulingState.STANDS.value, approved_by=who.strip(), approved_at=at)


def _undo(request: RulingRequest, context: BreakContext) -> RulingDecision:
    known = context.known
    target = _undone(request, context)
    ruling = _on_break(request, context, RulingState.DONE)
    undone = end_ruling(target, RulingState.UNDONE, ruling.who, context.now, request.reason.strip() or "taken back")
    changed: tuple[Ruling, ...] = (undone,)
    words = f"{target.name} is undone"
    if known.status == AUTO_CLOSED and target.kind == RulingKind.LINK:
        after = move_break(known, "undone", OPEN, None)
        words += f": {known.latest.id} is open again"
    elif _rests_on(context) != target:
        after = replace(known, version=known.version + 1)
    else:
        status, standing, reinstated = _life_before(target, context)
        after = move_break(known, "undone", status, standing)
        words += f": {known.latest.id} is {_word(status)}"
        changed += reinstated
    words += f"; {proposal_words(target, context.limits)}"
    detail = _with_reason(_described(target), request.reason)
    return RulingDecision(after, ruling, "undone", detail, words, changed_rulings=changed)


def _undone(request: RulingRequest, context: BreakContext) -> Ruling:
    """Which ruling is meant; raises RulingRefused where it cannot be undone."""
    break_id = context.known.latest.id
    own = [
        ruling for ruling in context.rulings.values() if ruling.break_id == break_id and ruling.standing in IN_FORCE
    ]
    if request.target is None and not own:
        raise RulingRefused(f"there is nothing to undo: {_state(context)}")
    last = max(own, key=lambda ruling: ruling.id, default=None)
    target = last if request.target is None else context.rulings.get(request.target)
    if target is None:
        raise RulingRefused(f"rul_{request.target} is not about {break_id}")
    if target.standing == RulingState.DONE:
        raise RulingRefused(f"{target.name} ({target.kind}) changed no status: there is nothing to undo")
    if target.standing not in IN_FORCE:
        raise RulingRefused(f"{target.name} no longer stands: {target.standing} ({target.ended_why})")
    return target


def _life_before(target: Ruling, context: BreakContext) -> tuple[BreakStatus, Standing | None, tuple[Ruling, ...]]:
    """Status and ruling to go back to, and that ruling if it stands again; open where it does not hold any more."""
    before = target.before or PriorState(OPEN.value, None)
    standing = before.standing
    if standing is None or standing.facts not in (None, facts_of(context.known.latest)):
        return OPEN, None, ()
    old = context.rulings.get(standing.ruling_id)
    is_pattern = old is not None and old.break_id is None and old.standing == RulingState.STANDS
    if standing.kind == RulingKind.OPENING or is_pattern:
        return ACKNOWLEDGED, standing, ()
    if old is not None and old.standing == RulingState.REPLACED:
        reinstated = replace(old, standing=RulingState.STANDS.value, ended_at=None, ended_by=None, ended_why=None)
        return BreakStatus(before.status), standing, (reinstated,)
    return OPEN, None, ()


def _reopen(request: RulingRequest, context: BreakContext) -> RulingDecision:
    known = context.known
    if known.status not in CLOSED:
        raise RulingRefused(f"{known.latest.id} is not closed: {_state(context)}")
    ruling = _on_break(request, context, RulingState.DONE)
    old = _rests_on(context)
    over = [old] if old else _own_links(context)
    why = f"reopened by {ruling.who}"
    changed = tuple(end_ruling(each, RulingState.REOPENED, ruling.who, context.now, why) for each in over)
    after = move_break(known, "reopened", OPEN, None)
    words = f"{known.latest.id} is open again"
    return RulingDecision(after, ruling, "reopened", request.reason.strip(), words, changed_rulings=changed)


def _own_links(context: BreakContext) -> list[Ruling]:
    """The links by hand in force that were made on the break: they outlive it where it closed by itself."""
    of_break = [ruling for ruling in context.rulings.values() if ruling.break_id == context.known.latest.id]
    return [ruling for ruling in of_break if ruling.kind == RulingKind.LINK and ruling.standing in IN_FORCE]


def _rests_on(context: BreakContext) -> Ruling | None:
    """The ruling that the break rests on; an opening item is none."""
    standing = context.known.standing
    if standing is None or standing.kind == RulingKind.OPENING:
        return None
    return context.rulings.get(standing.ruling_id)


_DECISIONS: Mapping[RulingKind, Callable[[RulingRequest, BreakContext], RulingDecision]] = {
    RulingKind.ASSIGN: _assign,
    RulingKind.NOTE: _note,
    RulingKind.ACKNOWLEDGE: _acknowledge,
    RulingKind.RESOLVE: _resolve,
    RulingKind.LINK: _link,
    RulingKind.WRITE_OFF: _write_off,
    RulingKind.APPROVE: _approve,
    RulingKind.REJECT: _reject,
    RulingKind.UNDO: _undo,
    RulingKind.REOPEN: _reopen,
}


def _on_break(request: RulingRequest, context: BreakContext, state: RulingState, **fields: object) -> Ruling:
    fields["break_id"] = context.known.latest.id
    fields["before"] = PriorState(context.known.status.value, context.known.standing)
    return new_ruling(request, context.ruling_id, context.now, state, **fields)


def new_ruling(request: RulingRequest, ruling_id: int, now: datetime, state: RulingState, **fields: object) -> Ruling:
    """A ruling as it is asked for; `fields` are more of its own."""
    ruling = Ruling(
        ruling_id,
        None,
        request.kind.value,
        request.who.strip(),
        now,
        request.reason.strip(),
        state.value,
        key=request.key,
    )
    return replace(ruling, **fields)  # type: ignore[arg-type]  # fields of a ruling, by their names


def needed_reason(request: RulingRequest, otherwise: str = "a reason is needed") -> str:
    """The reason of a request; raises RulingRefused where there is none."""
    if not request.reason.strip():
        raise RulingRefused(otherwise)
    return request.reason.strip()


def last_day(request: RulingRequest, today: date, limits: ApprovalLimits) -> date:
    """The last day of what is expected; raises RulingRefused where there is none, or none that may be."""
    if request.until is None:
        raise RulingRefused("a day is needed until which it is expected")
    if request.until < today:
        raise RulingRefused(f"{request.until} has passed: today is {today}")
    if request.until - today > limits.longest:
        latest = today + limits.longest
        raise RulingRefused(
            f"{request.until} is too far away: {latest} is the last day that may be ([rulings] longest)"
        )
    return request.until


def _word(status: str) -> str:
    return status.replace("_", " ")


def _with_reason(text: str, reason: str) -> str:
    return f"{text}: {reason}" if reason else text


def _described(ruling: Ruling) -> str:
    return f"{ruling.kind} by {ruling.who} ({ruling.name})"


def _state(context: BreakContext) -> str:
    """How a break stands, by whom and since when, for a person whose request does not fit."""
    known = context.known
    standing = context.known.standing
    ruling = _rests_on(context)
    day = (ruling.at if ruling else known.last_seen).astimezone(context.zone).date()
    name = known.latest.id
    if known.status == AUTO_CLOSED:
        return f"{name} closed by itself on {day}"
    if standing is None:
        return f"{name} is {_word(known.status)}"
    if known.status == PENDING:
        return f"{name} waits for a second person: {standing.who} asked on {day} ({_word(standing.kind)})"
    until = f" until {standing.until}" if standing.until else ""
    if standing.kind == RulingKind.IGNORE:
        until += f" (the pattern rul_{standing.ruling_id})"
    return f"{name} is already {_word(known.status)} by {standing.who} on {day}{until}"
