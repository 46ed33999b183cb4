"""Keeps what could be read of objects of another shape than Omise's, until they are read after all or are gone."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, select, update

from recon import columns as c
from recon.model import Malformed, Window
from recon.store import bulk, tables
from recon.store.engine import Store, reading, to_micros, writing
from recon.store.versions.customers import kept_malformed

_TABLE = tables.KEPT_ASIDE


def keep_aside(
    store: Store, account: str, malformed: Sequence[Malformed], unknown: Window, seen_at: datetime
) -> None:
    """Objects of one kind; `unknown` is when those may have been made of which nothing says it.

    What is kept aside already stays as it was first read, but that it may be more narrowly dated.
    """
    if not malformed:
        return
    kind = malformed[0].kind
    seen = to_micros(seen_at)
    with writing(store, "kept_aside") as connection:
        by_name = {item.name: item for item in kept_malformed(connection, account, malformed, unknown)}
        current = select(_TABLE).where(_is_current(account, kind), _TABLE.c[c.NAME].in_(list(by_name)))
        kept = {row.name: row for row in connection.execute(current)}
        rows = []
        for name, item in by_name.items():
            traces = item.traces
            if traces.created is None and name in kept:
                continue
            first, last = traces.created or (unknown.start, unknown.end)
            facts = (item.reason, to_micros(first), to_micros(last), traces.amount, traces.currency)
            texts = (traces.charge_id, traces.transaction_id, traces.origin, traces.description, traces.metadata)
            row = (account, kind, name, item.id or None, *facts, *texts)
            if name in kept and tuple(kept[name])[: len(row)] == row:
                continue
            rows.append((*row, max(seen, kept[name].seen_at + 1) if name in kept else seen, None))
        _release(connection, account, kind, [row[2] for row in rows], seen)
        bulk.insert_rows(connection, _TABLE, rows)


def release_read(connection: Connection, account: str, kind: str, ids: Collection[str], seen: int) -> None:
    """Those of these ids are no longer kept aside from a moment on: they were read, or they are gone."""
    kept = connection.execute(select(_TABLE.c[c.NAME]).where(_is_current(account, kind))).scalars()
    names = sorted(set(ids).intersection(kept))
    if names:
        _release(connection, account, kind, names, seen)


def release_window(
    store: Store, account: str, kind: str, window: Window, still: Collection[str], seen_at: datetime
) -> None:
    """After a whole list of a window: those made in it that are not `still` kept aside (names) are released."""
    inside = and_(
        _TABLE.c[c.CREATED_FROM] >= to_micros(window.start), _TABLE.c[c.CREATED_TO] <= to_micros(window.end)
    )
    with reading(store) as connection:
        names = connection.execute(select(_TABLE.c[c.NAME]).where(_is_current(account, kind), inside)).scalars()
        ended = sorted(set(names).difference(still))
    if ended:
        with writing(store, "kept_aside") as connection:
            _release(connection, account, kind, ended, to_micros(seen_at))


def to_read_again(store: Store, account: str) -> dict[str, list[str | tuple[str, str]]]:
    """Ids of what is kept aside, by kind; a refund's is the pair (charge id, refund id), if its charge is known."""
    ids_of_kind: dict[str, list[str | tuple[str, str]]] = {}
    columns = (_TABLE.c[c.KIND], _TABLE.c[c.OBJECT_ID], _TABLE.c[c.CHARGE_ID])
    statement = select(*columns).where(tables.current(_TABLE, account))
    with reading(store) as connection:
        for kind, object_id, charge_id in connection.execute(statement.where(columns[1].is_not(None))):
            if kind != c.REFUND.name:
                ids_of_kind.setdefault(kind, []).append(object_id)
            elif charge_id:
                ids_of_kind.setdefault(kind, []).append((charge_id, object_id))
    return ids_of_kind


def _is_current(account: str, kind: str) -> ColumnElement[bool]:
    return tables.current(_TABLE, account) & (_TABLE.c[c.KIND] == kind)


def _release(connection: Connection, account: str, kind: str, names: Sequence[str], seen: int) -> None:
    """Each ends at the earliest a moment after it was seen."""
    ended = _TABLE.c[c.SEEN_AT] + 1
    for later, moment in ((ended <= seen, seen), (ended > seen, ended)):
        statement = update(_TABLE).where(_is_current(account, kind), _TABLE.c[c.NAME].in_(names), later)
        connection.execute(statement.values({tables.SUPERSEDED_AT: moment}))
