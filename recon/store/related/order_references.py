"""The index of the references by which charges may name orders (`columns.REFERENCE`); each order may have several."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from recon import columns as c
from recon.columnar import pd
from recon.store import bulk
from recon.store.tables.related import ORDER_REFERENCE

_TABLE = ORDER_REFERENCE.c


def keep(connection: Connection, orders: pd.DataFrame) -> None:
    """Adds the references of some orders (`columns.ORDER`) that do not stand there."""
    owners, references = c.references_of(orders[c.REFERENCE])
    if not len(owners):
        return
    pairs = dict.fromkeys(zip(references, orders[c.ORDER_ID].iloc[owners], strict=True))
    stored = orders_with_reference(connection, references)
    stored_pairs = set(zip(stored[c.REFERENCE], stored[c.ORDER_ID], strict=True))
    bulk.insert_rows(connection, ORDER_REFERENCE, [pair for pair in pairs if pair not in stored_pairs])


def orders_with_reference(connection: Connection, references: Iterable[str]) -> pd.DataFrame:
    """Reference and id of the orders that have one of some references, or had it in an earlier version."""
    rows: list[tuple[str, str]] = []
    if connection.execute(select(_TABLE.reference).limit(1)).first() is not None:
        for condition in bulk.among(connection, _TABLE.reference, set(references)):
            statement = select(_TABLE.reference, _TABLE.order_id).where(condition)
            rows += [(row.reference, row.order_id) for row in connection.execute(statement)]
    columns = {c.REFERENCE: [reference for reference, _ in rows], c.ORDER_ID: [order_id for _, order_id in rows]}
    return pd.DataFrame({name: pd.Series(values, dtype=c.TEXT) for name, values in columns.items()})
