"""The work on breaks, wired: finds what a person means, asks the store, proves the audit log."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from jobs.config.config import Config
from jobs.run.opening.store import ready_store
from jobs.run.outcome import JobError
from recon.model import KnownBreak
from recon.model.rulings import IN_FORCE, Answer, ApprovalLimits, Outcome, Ruling, RulingKind, RulingRequest
from recon.rulings.decide import RulingRefused, proposal_words
from recon.store.desk import audit, patterns, rulings
from recon.store.engine import Store
from recon.store.runs.record import breaks_like
from reports.documents import Document, break_document, event_document, fields, moment

_SHOWN = 5  # of the breaks that an ambiguous beginning could mean


def do(config: Config, ask: RulingRequest, now: datetime, before: Callable[[str], None]) -> Answer:
    """Ask for one thing; a break may be given by the beginning of its id. Raises JobError where it is refused.

    `before` is told what is about to be decided on: the sum, the limit, and who asked for it.
    """
    limits = config.limits()
    with ready_store(config, writes=True) as store:
        if ask.break_id is not None:
            ask = replace(ask, break_id=find_break(store, ask.break_id).latest.id)
        if (pending := _decided_on(store, ask)) is not None:
            words = f"{pending.name}: {proposal_words(pending, limits)}"
            before(f"{words}: {pending.reason}" if pending.reason else words)
        (answer,) = rulings.rule(store, [ask], limits, now, config.audit_key, config.accounts_by_name())
    if answer.outcome == Outcome.REFUSED:
        raise JobError(answer.words)
    return answer


def _decided_on(store: Store, ask: RulingRequest) -> Ruling | None:
    """The ruling that an approval, a rejection or an undo is about, if there is one."""
    if ask.kind not in (RulingKind.APPROVE, RulingKind.REJECT, RulingKind.UNDO):
        return None
    if ask.target is not None:
        return next(iter(rulings.find(store, [ask.target])), None)
    own = [ruling for ruling in rulings.rulings(store, ask.break_id or "") if ruling.break_id]
    return next((ruling for ruling in reversed(own) if ruling.standing in IN_FORCE), None)


def preview_pattern(config: Config, ask: RulingRequest, now: datetime) -> patterns.Preview:
    """What an ignore would come to; raises JobError where it would be refused."""
    with ready_store(config) as store:
        try:
            return patterns.preview(store, ask, config.limits(), config.accounts_by_name(), now)
        except RulingRefused as refusal:
            raise JobError(str(refusal)) from None


def prove_audit(config: Config, heads: Sequence[str] = ()) -> list[str]:
    """What is wrong with the audit log and with what it speaks of, in words; nothing: it is proved.

    `heads` were printed elsewhere: in a workbook or an alert.
    """
    with ready_store(config) as store:
        return audit.prove(store, config.audit_keys, heads)


def whole_document(config: Config, beginning: str) -> Document:
    """`recon breaks show --json`: the break as in the list, the ruling that it rests on, and its history.

    The break is given by the beginning of its id; raises JobError.
    """
    with ready_store(config) as store:
        known_break = find_break(store, beginning)
        history = [event_document(event) for event in rulings.events_of(store, known_break.latest.id)]
        ruling = _ruling(known_break, rulings.rulings(store, known_break.latest.id), config.limits())
    return {**break_document(known_break, config.accounts_by_name()), "ruling": ruling, "events": history}


def find_break(store: Store, beginning: str) -> KnownBreak:
    """The only break whose id begins so; raises JobError where there is none, or several."""
    candidates = breaks_like(store, beginning, _SHOWN)
    exact = [known_break for known_break in candidates if known_break.latest.id == beginning]
    if len(exact or candidates) == 1:
        return (exact or candidates)[0]
    if not candidates:
        raise JobError(f'there is no break "{beginning}"; recon breaks list names them')
    names = ", ".join(known_break.latest.id for known_break in candidates)
    raise JobError(f'"{beginning}" could be {names}{" or others" if len(candidates) == _SHOWN else ""}')


def _ruling(known_break: KnownBreak, decisions: Sequence[Ruling], limits: ApprovalLimits) -> Document | None:
    """What the break rests on, with who approved it."""
    standing = known_break.standing
    if standing is None:
        return None
    kept = next((ruling for ruling in decisions if ruling.id == standing.ruling_id), None)
    return {
        "id": f"rul_{standing.ruling_id}" if standing.ruling_id else None,
        "kind": standing.kind,
        "by": standing.who,
        **fields(standing, "reason", "until"),
        **(fields(kept, "amount", "currency") if kept and kept.amount is not None else {}),
        **({"limit": limits.of(kept.kind, kept.currency)} if kept and kept.amount is not None else {}),
        "at": moment(kept.at) if kept else None,
        "approved_by": kept.approved_by if kept else None,
    }
