"""Loads an account's pending charges alone."""

from __future__ import annotations

from datetime import datetime

from recon import columns as c
from recon.columnar import pd
from recon.store import tables
from recon.store.engine import Store, reading
from recon.store.versions.frames import fetch
from recon.store.versions.load import ORDER_ID_ALONE, book_queries

_CHARGE = tables.OBJECTS["charge"]


def pending_charges(store: Store, account: str, as_of: datetime) -> pd.DataFrame:
    """Current versions (CHARGES) of the account's charges that are pending, created up to a moment."""
    query = book_queries(store.dialect.name, as_of, None, ORDER_ID_ALONE)["charges"]
    with reading(store) as connection:
        return fetch(connection, query.where([(_CHARGE.c[c.ACCOUNT] == account) & tables.IS_PENDING]))
