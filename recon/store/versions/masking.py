"""Masks what is stored by new rules, in place, as `rewriting` does it.

What people decided, sealed events and stored workbooks stay as they are.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, insert, select, update

from recon import columns as c
from recon.model import ObjectRow
from recon.model.breaks import break_id
from recon.store import bulk, tables
from recon.store.desk import audit
from recon.store.desk.people import Act
from recon.store.engine import Store, reading, writing
from recon.store.tables.alerts import ALERT_DELIVERY
from recon.store.tables.archive import MASKING
from recon.store.tables.batches import BATCH, BATCH_STEP
from recon.store.tables.related import (
    CHARGE_NAME,
    CHARGE_NAME_RULES,
    LEDGER_DAY,
    NAMES_LOOKED_AT,
    ORDER_REFERENCE,
    UNSTORED_NAME,
)
from recon.store.versions import rewriting
from recon.store.versions.rewriting import Changed, Changes, RowValues, Values

_OF_ROWS = ("order_invalid", "bank_line_invalid", "source_incomplete")  # breaks that quote a row
_ORDER = "order"  # the type of subject
MADE_OF_ROWS = (CHARGE_NAME, CHARGE_NAME_RULES, LEDGER_DAY, NAMES_LOOKED_AT, UNSTORED_NAME)  # and made again


@dataclass(frozen=True)
class Masks:
    """Today's rules: their number, and what each kind of stored thing becomes.

    `object_of` reads a raw object of a kind as it is stored, and raises ValueError where it cannot; `texts_of` masks
    description and metadata (JSON) where no raw object is at hand; the others take a text that is not null.
    """

    rules: int
    object_of: Callable[[str, bytes], ObjectRow]
    texts_of: Callable[[str | None, str | None], tuple[str | None, str | None]]
    order: Mapping[str, Callable[[str], str]]  # by column
    bank_line: Mapping[str, Callable[[str], str]]
    reason: Callable[[str], str]


def is_masked(store: Store, rules: int) -> bool:
    """Whether what is stored is masked by these rules or later ones, and what was clear is gone."""
    with reading(store) as connection:
        done = select(MASKING.c.id).where(MASKING.c.rules >= rules).limit(1)
        waiting = select(MASKING.c.id).where(MASKING.c.cleared_at.is_(None)).limit(1)
        return connection.execute(done).first() is not None and connection.execute(waiting).first() is None


def mask_stored(store: Store, masks: Masks, act: Act) -> int:
    """Masks all that is stored, all of it or nothing; how many rows were changed. Goes on where a kill stopped it.

    Raises ArchiveError.
    """
    of_these_rules = select(MASKING.c.id).where(MASKING.c.rules >= masks.rules)
    count = 0
    with reading(store) as connection:
        is_done = connection.execute(of_these_rules).first() is not None
    if not is_done:
        with writing(store, rewriting.LOCK) as connection:
            rewriting.lock(connection)
            if connection.execute(of_these_rules).first() is None:  # nor by a process that the lock waited for
                changed = _mask(connection, masks, act)
                rewriting.record(connection, changed, act.at, masks.rules)
                count = sum(changed.counts.values())
    rewriting.clear(store, act.at)
    return count


def _mask(connection: Connection, masks: Masks, act: Act) -> Changed:
    changes = Changes(
        masks.object_of,
        masks.texts_of,
        order=lambda row: _masked_columns(row, masks.order),
        bank_line=lambda row: _masked_columns(row, masks.bank_line),
    )
    changed = rewriting.change(connection, changes, act)
    order_id = {c.ORDER_ID: masks.order[c.ORDER_ID]}
    counts = {
        **changed.counts,
        "match": _mask_columns(connection, tables.MATCH, order_id),
        "break": _mask_breaks(connection, masks),
        "rejected_row": _mask_columns(connection, tables.REJECTED, {c.REASON: masks.reason, **order_id}),
        "alert_delivery": _mask_columns(connection, ALERT_DELIVERY, dict.fromkeys(("text", "html"), masks.reason)),
        "batch_step": _mask_steps(connection, masks),
        "order_reference": _mask_references(connection, masks),
        "break_event": _mask_events(connection, masks),
    }
    changed = Changed({name: count for name, count in counts.items() if count}, changed.replaced)
    for table in MADE_OF_ROWS if changed.counts else ():  # they hold words of what was clear
        connection.execute(delete(table))
    if changed.counts or changed.replaced:
        detail = {"rules": masks.rules, "rows": changed.counts, "replaced": changed.replaced}
        audit.append(connection, act.who, audit.MASKED, f"rules {masks.rules}", detail, act.at, act.audit_key)
    return changed


def _mask_columns(connection: Connection, table: Table, by_column: Mapping[str, Callable[[str], str]]) -> int:
    return rewriting.change_rows(connection, table, lambda row: _masked_columns(row._mapping, by_column))


def _masked_columns(row: RowValues, by_column: Mapping[str, Callable[[str], str]]) -> Values:
    return rewriting.unlike(row, {name: of(row[name]) or None for name, of in by_column.items() if row[name]})


def _mask_breaks(connection: Connection, masks: Masks) -> int:
    """Breaks that quote rows, and those of orders whose id may no longer be kept.

    A break is known by its subject: one whose subject is hidden now moves under its new id, with its life. Where the
    audit log has sealed what happened to it, it stays, and the next run closes it and opens another.
    """
    moved: list[tuple[Row[Any], str]] = []

    def fresh_of(row: Row[Any]) -> Values:
        hidden = masks.order[c.ORDER_ID](row.order_id) if row.order_id else row.order_id
        if row.subject_type == _ORDER and row.subject_id == row.order_id != hidden:
            moved.append((row, hidden))
        elif hidden != row.order_id:
            return _replaced(row._mapping, row.order_id, hidden)
        elif row.code in _OF_ROWS and (text := masks.reason(row.explanation)) != row.explanation:
            return {c.EXPLANATION: text}
        return {}

    count = rewriting.change_rows(connection, tables.BREAK, fresh_of)
    sealed = audit.last_sealed(connection)
    return count + sum(_move_break(connection, row, hidden, sealed) for row, hidden in moved)


def _move_break(connection: Connection, row: Row[Any], hidden: str, sealed: int) -> bool:
    """Whether a break, and what hangs on it, stands under the hidden id of its order now."""
    events = connection.execute(select(tables.BREAK_EVENT).where(tables.BREAK_EVENT.c.break_id == row.id)).all()
    moved_id = break_id(row.code, row.account or "", row.subject_type, hidden)
    is_there = connection.execute(select(tables.BREAK.c.id).where(tables.BREAK.c.id == moved_id)).first()
    if is_there or any(event.seq <= sealed for event in events):
        return False
    fresh = _replaced(row._mapping, row.order_id, hidden)
    fresh |= _replaced({**row._mapping, **fresh}, row.id, moved_id)
    connection.execute(insert(tables.BREAK).values({**row._mapping, **fresh}))
    rewriting.write(
        connection,
        tables.BREAK_EVENT,
        [(event, {"detail": event.detail.replace(row.order_id, hidden)}) for event in events],
    )
    for table in tables.METADATA.sorted_tables:
        for column in table.columns:
            if column.references(tables.BREAK.c.id):
                connection.execute(update(table).where(column == row.id).values({column.name: moved_id}))
    connection.execute(delete(tables.BREAK).where(tables.BREAK.c.id == row.id))
    return True


def _replaced(row: RowValues, old: str, new: str) -> Values:
    """The texts of a row that hold a word, with another in its place."""
    return {name: text.replace(old, new) for name, text in row.items() if isinstance(text, str) and old in text}


def _mask_references(connection: Connection, masks: Masks) -> int:
    """By what charges may name orders; one that may not be kept is looked for no more."""
    rows = connection.execute(select(ORDER_REFERENCE)).all()
    fresh_rows = [(masks.order[c.REFERENCE](row.reference), masks.order[c.ORDER_ID](row.order_id)) for row in rows]
    if fresh_rows == [tuple(row) for row in rows]:
        return 0
    connection.execute(delete(ORDER_REFERENCE))
    kept = dict.fromkeys(pair for pair in fresh_rows if pair[0])
    bulk.insert_rows(connection, ORDER_REFERENCE, list(kept))
    return len(rows)


def _mask_steps(connection: Connection, masks: Masks) -> int:
    """What steps of batches said; their packed results go where the batch is over and nobody needs them."""
    steps = BATCH_STEP
    over = select(BATCH.c.id).where(BATCH.c.ended_at.is_not(None))
    used = update(steps).where(steps.c.batch_id.in_(over), steps.c.packed_result.is_not(None))
    connection.execute(used.values(packed_result=None))

    def outcome(text: str) -> str:
        return json.dumps(_masked_words(json.loads(text), masks))

    return _mask_columns(connection, steps, {"outcome": outcome})


def _masked_words(node: Any, masks: Masks) -> Any:
    if isinstance(node, dict):
        return {key: _masked_words(value, masks) for key, value in node.items()}
    if isinstance(node, list):
        return [_masked_words(value, masks) for value in node]
    return masks.reason(node) if isinstance(node, str) else node


def _mask_events(connection: Connection, masks: Masks) -> int:
    """Details of the breaks' events that no audit entry has sealed yet."""
    unsealed = select(tables.BREAK_EVENT).where(tables.BREAK_EVENT.c.seq > audit.last_sealed(connection))
    rows = connection.execute(unsealed.order_by(tables.BREAK_EVENT.c.seq)).all()
    changes = [(row, {"detail": masked}) for row in rows if (masked := masks.reason(row.detail)) != row.detail]
    rewriting.write(connection, tables.BREAK_EVENT, changes)
    return len(changes)
