"""Breaks, rulings and other values as JSON, key by key as the contract has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from recon import columns as c
from recon.columnar import pd
from recon.model import BREAK_IDS, Account, BreakEvent, KnownBreak, zone_of
from recon.model.rulings import Answer, ApprovalLimits, Ruling
from recon.rules import exposure_of, title_of
from recon.store.desk.patterns import StandingPattern

Document = dict[str, Any]

_RANGE = {"first_day": "from", "last_day": "to"}


def moment(at: datetime | None) -> str | None:
    """RFC 3339 in UTC with Z, or null."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def fields(value: object, *names: str) -> Document:
    """Some attributes of a value as JSON holds them; a range's days are "from" and "to"."""
    chosen = {_RANGE.get(name, name): getattr(value, name) for name in names}
    plain = {name: moment(part) if isinstance(part, datetime) else part for name, part in chosen.items()}
    document: Document = msgspec.to_builtins(plain)
    return document


def records(frame: pd.DataFrame) -> list[Document]:
    """The rows of a frame, null where a cell is empty."""
    return [dict(zip(frame.columns, row, strict=True)) for row in c.plain_rows(frame, frame.columns)]


def break_document(known_break: KnownBreak, accounts: Mapping[str, Account]) -> Document:
    """One break of `recon breaks list --json`; its age is that at its last as-of moment, in its account's days."""
    break_ = known_break.latest
    account = accounts.get(break_.account or "")
    amounts = ("expected", "actual", "difference", "amount_at_risk")
    return {
        **fields(break_, "id", "code"),
        "severity": break_.severity.word,
        "status": str(known_break.status),
        "account": break_.account,
        "region": account.region if account else None,
        **fields(break_, "currency", "subject_type", "subject_id", *BREAK_IDS, *amounts, "due_by"),
        **fields(known_break, "first_seen", "last_seen"),
        "age_days": age_days(known_break, accounts),
        "owner": known_break.owner,
        **fields(break_, "explanation", "suggestion"),
        "title": title_of(break_.code),
        **fields(break_, "occurred_on"),
        "exposure": exposure_of(break_.code, break_.expected, break_.actual),
    }


def age_days(known_break: KnownBreak, accounts: Mapping[str, Account]) -> int:
    """Days since a break's own day, at its last as-of moment; in UTC where its account is not known."""
    return known_break.age_days(known_break.last_seen, zone_of(known_break.latest.account, accounts))


def event_document(event: BreakEvent) -> Document:
    """One step in a break's life."""
    return fields(event, "at", "what", "who", "detail")


def ruling_document(ruling: Ruling, limits: ApprovalLimits) -> Document:
    """One ruling, as it stands now; `limit` is the sum up to which one person decides alone."""
    names = ("at", "until", "kind", "who", "reason", "standing", "owner", "order_id", "charge_id", "code", "pattern")
    decision = fields(ruling, *names)
    ending = fields(ruling, "amount", "currency", "approved_by", "ended_by", "ended_why")
    return {"id": ruling.name, **decision, **ending, "limit": limits.of(ruling.kind, ruling.currency)}


def answer_document(answer: Answer) -> Document:
    """What became of an ask."""
    ruling = None if answer.ruling_id is None else f"rul_{answer.ruling_id}"
    became = str(answer.outcome)
    covers = None if answer.covers is None else list(answer.covers)
    words = fields(answer, "words", "status")
    return {"id": answer.request.break_id, "ruling": ruling, "became": became, **words, "covers": covers}


def pattern_document(pattern: StandingPattern) -> Document:
    """One pattern of `recon patterns list --json`."""
    ruling = pattern.ruling
    return {
        "id": ruling.name,
        **fields(ruling, "code", "account"),
        "match": ruling.pattern or "",
        **fields(ruling, "until"),
        "by": ruling.who,
        **fields(ruling, "approved_by"),
        "status": "pending_approval" if pattern.waits else "stands",
        "covers": pattern.covers,
    }
