"""Breaks, rulings, runs and workbooks as JSON, key by key as the contract has it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from recon.model import Account, BreakEvent, KnownBreak
from recon.model.rulings import Answer, Ruling

Document = dict[str, Any]

_IDS = ("order_id", "charge_id", "refund_id", "transfer_id", "transaction_id", "dispute_id")
_RULING = (
    "kind",
    "who",
    "reason",
    "standing",
    "owner",
    "order_id",
    "charge_id",
    "amount",
    "currency",
    "approved_by",
    "ended_by",
    "ended_why",
)


def moment(at: datetime | None) -> str | None:
    """RFC 3339 in UTC with Z, or null."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def break_document(known: KnownBreak, accounts: Mapping[str, Account]) -> Document:
    """One break of `recon breaks list --json`; its age is that at its last as-of moment, in its account's days."""
    found = known.found
    account = accounts.get(found.account or "")
    return {
        "id": found.id,
        "code": found.code,
        "severity": found.severity.word,
        "status": str(known.status),
        "account": found.account,
        "region": account.region if account else None,
        "currency": found.currency,
        "subject_type": found.subject_type,
        "subject_id": found.subject_id,
        **{name: getattr(found, name) for name in _IDS},
        "expected": found.expected,
        "actual": found.actual,
        "difference": found.difference,
        "amount_at_risk": found.amount_at_risk,
        "due_by": moment(found.due_by),
        "first_seen": moment(known.first_seen),
        "last_seen": moment(known.last_seen),
        "age_days": age_days(known, accounts),
        "owner": known.owner,
        "explanation": found.explanation,
        "suggestion": found.suggestion,
    }


def age_days(known: KnownBreak, accounts: Mapping[str, Account]) -> int:
    """A break's age at its last as-of moment; in UTC where its account is not known."""
    account = accounts.get(known.found.account or "")
    return known.age_days(known.last_seen, account.zone if account else UTC)


def event_document(event: BreakEvent) -> Document:
    """One step in a break's life."""
    return {"at": moment(event.at), "what": event.what, "who": event.who, "detail": event.detail}


def ruling_document(ruling: Ruling) -> Document:
    """One ruling, as it stands now."""
    until = ruling.until.isoformat() if ruling.until else None
    said = {name: getattr(ruling, name) for name in _RULING}
    return {"id": ruling.name, "at": moment(ruling.at), "until": until, **said}


def answer_document(answer: Answer) -> Document:
    """What became of an ask."""
    return {
        "id": answer.ask.break_id,
        "ruling": None if answer.ruling_id is None else f"rul_{answer.ruling_id}",
        "became": str(answer.became),
        "words": answer.words,
        "status": answer.status,
    }


def records(frame: pd.DataFrame) -> list[Document]:
    """The rows of a frame, null where a cell is empty."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [dict(zip(frame.columns, row, strict=True)) for row in plain.itertuples(index=False, name=None)]
