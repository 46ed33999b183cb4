"""Breaks and rulings as rows and as values, for what records runs and for the desk; decides nothing."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from recon.model import Break, BreakEvent, BreakStatus, KnownBreak, Severity
from recon.model.rulings import IN_FORCE, EndedRuling, PriorState, Ruling, RulingKind, Standing
from recon.money import EXPONENTS
from recon.rulings.decide import status_of
from recon.rulings.life import as_left
from recon.store.engine import to_micros
from recon.store.tables import BREAK, BREAK_EVENT
from recon.store.tables.desk import RULING

RULED = tuple(
    status.value
    for status in (
        BreakStatus.ACKNOWLEDGED,
        BreakStatus.PENDING_APPROVAL,
        BreakStatus.RESOLVED,
        BreakStatus.WRITTEN_OFF,
    )
)  # what a break is only by a ruling
LASTING = (RulingKind.IGNORE, RulingKind.LINK)  # kinds that later runs go by
_BREAK = tuple(field.name for field in fields(Break))
_RULING = tuple(field.name for field in fields(Ruling))
_EVENT = tuple(field.name for field in fields(BreakEvent))
_PARTS = {kind: tuple(field.name for field in fields(kind)) for kind in (PriorState, Standing)}
_CHUNK = 5_000  # ids in one question


_IDS = ("id", "subject_id", *(name for name in _BREAK if name.endswith("_id") and name != "subject_id"))
_AMOUNTS = ("amount_at_risk", "expected", "actual", "difference")
_SEARCHED = 1_000  # bytes: with an owner and a currency, PostgreSQL's indexes take no more than 2,700


def break_row(known_break: KnownBreak) -> dict[str, Any]:
    """A break with its life as a row of the table of breaks."""
    break_ = known_break.latest
    amount = break_.amount_at_risk
    facts = {name: getattr(break_, name) for name in _BREAK}
    return {
        **facts,
        "id": break_.id,
        "severity": int(break_.severity),
        "status": str(known_break.status),
        "first_seen": known_break.first_seen,
        "last_seen": known_break.last_seen,
        "owner": known_break.owner,
        "version": known_break.version,
        **standing_row(known_break.standing),
        "search": _searched(break_),
        "comparable_amount": -1 if amount is None else amount * 10 ** (2 - _decimals(break_)),
    }


def _searched(break_: Break) -> str:
    """What a search looks through: ids, and amounts without their sign in major units, in small letters."""
    decimals = _decimals(break_)
    amounts = [abs(amount) for name in _AMOUNTS if (amount := getattr(break_, name)) is not None]
    digits = [str(amount).zfill(decimals + 1) for amount in amounts]
    texts = [f"{text[:-decimals]}.{text[-decimals:]}" if decimals else text for text in digits]
    words = " ".join(dict.fromkeys([id_ for name in _IDS if (id_ := getattr(break_, name))] + texts)).lower()
    return words.encode()[:_SEARCHED].decode(errors="ignore")


def _decimals(break_: Break) -> int:
    return EXPONENTS.get(break_.currency or "", 2)


def standing_row(standing: Standing | None) -> dict[str, Any]:
    """What a break rests on, as columns of the table of breaks."""
    return {
        "ruling_id": standing and standing.ruling_id,
        "ruling_kind": standing and standing.kind,
        "ruled_by": standing and standing.who,
        "reason": standing and standing.reason,
        "until": standing and standing.until,
        "facts": standing and standing.facts,
    }


def break_of(row: Row[Any]) -> KnownBreak:
    """The break that `break_row` made a row of."""
    values = row._mapping
    facts = {name: values[name] for name in _BREAK}
    facts["severity"] = Severity(facts["severity"])
    standing = None
    if row.ruling_id is not None:
        standing = Standing(row.ruling_id, row.ruling_kind, row.ruled_by, row.reason, row.until, row.facts)
    life = (BreakStatus(row.status), row.first_seen, row.last_seen, row.owner, standing, row.version)
    return KnownBreak(Break(**facts), *life)


def breaks_by(connection: Connection, column: str, values: Collection[Any], **equal: str) -> list[KnownBreak]:
    """Breaks whose column is one of many values and whose other columns are as given."""
    statement = select(BREAK)
    for name, value in equal.items():
        statement = statement.where(BREAK.c[name] == value)
    return [
        break_of(row)
        for chunk in chunks(values)
        for row in connection.execute(statement.where(BREAK.c[column].in_(chunk)))
    ]


def ruling_rows(connection: Connection) -> Iterator[Ruling]:
    """Every ruling, in order."""
    for row in connection.execute(select(RULING).order_by(RULING.c.id)).yield_per(_CHUNK):
        yield _ruling_of(row)


def rulings_by(connection: Connection, column: str, values: Collection[Any]) -> list[Ruling]:
    """Rulings whose column is one of many values, in order."""
    table = RULING.c
    return [
        _ruling_of(row)
        for chunk in chunks(values)
        for row in connection.execute(select(RULING).where(table[column].in_(chunk)).order_by(table.id))
    ]


def in_force(connection: Connection, *kinds: str) -> list[Ruling]:
    """Rulings of some kinds that stand or wait, in order."""
    table = RULING.c
    standing = table.standing.in_([each.value for each in IN_FORCE])
    statement = select(RULING).where(table.kind.in_(kinds), standing).order_by(table.id)
    return [_ruling_of(row) for row in connection.execute(statement)]


def insert_rulings(connection: Connection, rulings: Sequence[Ruling]) -> None:
    """New rulings, under the ids that they have."""
    if rulings:
        connection.execute(insert(RULING), [_ruling_row(ruling) for ruling in rulings])


def update_rulings(connection: Connection, rulings: Sequence[Ruling]) -> None:
    """What has become of rulings: approval and end; the rest of a ruling never changes."""
    names = ("standing", "approved_by", "approved_at", "ended_at", "ended_by", "ended_why")
    if rulings:
        statement = (
            update(RULING).where(RULING.c.id == bindparam("of")).values({n: bindparam(f"new_{n}") for n in names})
        )
        connection.execute(
            statement, [{"of": ruling.id, **{f"new_{n}": getattr(ruling, n) for n in names}} for ruling in rulings]
        )


def end_rulings(connection: Connection, ended: Sequence[EndedRuling], as_of: datetime) -> list[Ruling]:
    """End those that still are in force as a run as of a moment does, and return them."""
    ends = {end.ruling_id: end for end in ended}
    ended_rulings = [
        as_left(ruling, ends[ruling.id], as_of)
        for ruling in rulings_by(connection, "id", list(ends))
        if ruling.standing in IN_FORCE
    ]
    update_rulings(connection, ended_rulings)
    return ended_rulings


def content(ruling: Ruling) -> dict[str, Any]:
    """All of a ruling as JSON holds it, for the audit log; days as text, moments as microseconds."""
    return {name: _plain(getattr(ruling, name)) for name in _RULING}


def ruling_statuses(connection: Connection) -> Mapping[int, BreakStatus | None]:
    """By ruling in force the status that a break has because of it."""
    table = RULING.c
    standing = table.standing.in_([each.value for each in IN_FORCE])
    rows = connection.execute(select(table.id, table.kind, table.standing).where(standing))
    return {ruling_id: status_of(kind, stands) for ruling_id, kind, stands in rows}


def _plain(value: Any) -> Any:
    if isinstance(value, PriorState | Standing):
        return {name: _plain(getattr(value, name)) for name in _PARTS[type(value)]}
    if isinstance(value, datetime):
        return to_micros(value)
    return value.isoformat() if isinstance(value, date) else value


def _ruling_row(ruling: Ruling) -> dict[str, Any]:
    before = json.dumps(_plain(ruling.before), sort_keys=True) if ruling.before else ""
    return {**{name: getattr(ruling, name) for name in _RULING}, "before": before}


def _ruling_of(row: Row[Any]) -> Ruling:
    before = json.loads(row.before) if row.before else None
    return Ruling(**{**row._mapping, "before": before and _before(before)})


def _before(state: Mapping[str, Any]) -> PriorState:
    standing = state["standing"]
    if standing is not None:
        until = standing["until"]
        standing = Standing(**{**standing, "until": until and date.fromisoformat(until)})
    return PriorState(state["status"], standing)


def chunks(values: Collection[Any]) -> Iterator[list[Any]]:
    """Many values in lists that one question to the database can hold."""
    listed = list(values)
    for at in range(0, len(listed), _CHUNK):
        yield listed[at : at + _CHUNK]


def insert_events(
    connection: Connection, events: Sequence[BreakEvent], run_id: int | None, recorded_at: datetime
) -> None:
    """New steps in breaks' lives; `run_id` null: a person's."""
    extra = {"run_id": run_id, "recorded_at": recorded_at}
    if events:
        connection.execute(
            insert(BREAK_EVENT), [{**{name: getattr(event, name) for name in _EVENT}, **extra} for event in events]
        )
