"""The work on breaks, wired: finds what a person means, asks the store, proves the audit log."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from jobs.config.config import Config
from jobs.run.outcome import JobError
from jobs.run.run import ready_store
from recon.model import KnownBreak
from recon.model.rulings import Answer, Ask, Became, Ruling
from recon.store.desk import audit, rulings
from recon.store.engine import Store
from recon.store.runs.record import breaks_like
from reports.documents import Document, break_document, event_document, moment

_SHOWN = 5  # of the breaks that an ambiguous beginning could mean


def do(config: Config, ask: Ask, now: datetime) -> Answer:
    """Ask for one thing; a break may be given by the beginning of its id. Raises JobError where it is refused."""
    accounts = {account.name: account for account in config.as_accounts()}
    with ready_store(config) as store:
        if ask.break_id is not None:
            ask = _meant(store, ask)
        (answer,) = rulings.rule(store, [ask], config.limits(), now, config.audit_key, accounts)
    if answer.became == Became.REFUSED:
        raise JobError(answer.words)
    return answer


def prove_audit(config: Config, heads: Sequence[str] = ()) -> list[str]:
    """What is wrong with the audit log and with what it speaks of, in words; nothing: it is proved.

    `heads` were printed elsewhere: in a workbook or an alert.
    """
    with ready_store(config) as store:
        return audit.prove(store, config.audit_key, heads)


def one_break(config: Config, beginning: str) -> tuple[KnownBreak, list[Ruling], list[Document]]:
    """A break by the beginning of its id, with its rulings and its history; raises JobError."""
    with ready_store(config) as store:
        known = find_break(store, beginning)
        history = [event_document(event) for event in rulings.events_of(store, known.found.id)]
        return known, rulings.rulings(store, known.found.id), history


def whole_document(config: Config, known: KnownBreak, rulings: Sequence[Ruling], history: list[Document]) -> Document:
    """`recon breaks show --json`: the break as in the list, the ruling that it rests on, and its history."""
    accounts = {account.name: account for account in config.as_accounts()}
    return {**break_document(known, accounts), "ruling": _ruling(known, rulings), "events": history}


def find_break(store: Store, beginning: str) -> KnownBreak:
    """The only break whose id begins so; raises JobError where there is none, or several."""
    found = breaks_like(store, beginning, _SHOWN)
    exact = [known for known in found if known.found.id == beginning]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if not found:
        raise JobError(f'there is no break "{beginning}"; recon breaks list names them')
    names = ", ".join(known.found.id for known in found)
    raise JobError(f'"{beginning}" could be {names}{" or others" if len(found) == _SHOWN else ""}')


def _meant(store: Store, ask: Ask) -> Ask:
    return replace(ask, break_id=find_break(store, ask.break_id or "").found.id)


def _ruling(known: KnownBreak, rulings: Sequence[Ruling]) -> dict[str, Any] | None:
    """What the break rests on, with who approved it."""
    standing = known.standing
    if standing is None:
        return None
    row = next((one for one in rulings if one.id == standing.ruling_id), None)
    return {
        "id": f"rul_{standing.ruling_id}" if standing.ruling_id else None,
        "kind": standing.kind,
        "by": standing.who,
        "reason": standing.reason,
        "until": standing.until.isoformat() if standing.until else None,
        "at": moment(row.at) if row else None,
        "approved_by": row.approved_by if row else None,
    }
