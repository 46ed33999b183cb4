"""Every reading of a balance with what the ledger grew by since the first one; judges nothing."""

from bisect import bisect_right
from datetime import datetime
from itertools import accumulate
from typing import Any

import pandas as pd
from sqlalchemy import Connection, case, func, select

from recon import columns as c
from recon.bounds import LARGEST_AMOUNT
from recon.columns import READINGS
from recon.store import tables
from recon.store.engine import from_micros, to_micros

_T = tables.OBJECTS["transaction"].c
_SIGNED = case((_T[c.DIRECTION] == "credit", _T[c.AMOUNT]), else_=-_T[c.AMOUNT])

IS_AMOUNT = _T[c.AMOUNT].between(-LARGEST_AMOUNT, LARGEST_AMOUNT)  # earlier versions stored whatever came


def load_readings(connection: Connection, versions_at: int | None) -> pd.DataFrame:
    """The readings (shaped READINGS) by account and moment; with `versions_at` those of that moment and before.

    `since_first` sums the transactions first stored after the account's first reading, up to each one. Older days
    that were pulled later, as a backfill does, were in the first reading already: they do not count, even where an
    old transaction was fetched by its id before.
    """
    table = tables.BALANCE.c
    rows = connection.execute(select(tables.BALANCE).order_by(table.account, table.read_at)).all()
    by_account: dict[str, list[tuple[datetime, tuple[Any, ...]]]] = {}
    for row in rows:
        if versions_at is None or to_micros(row.read_at) <= versions_at:
            balance = (row.currency, row.total, row.transferable, row.reserve, row.on_hold)
            by_account.setdefault(row.account, []).append((row.read_at, balance))
    lines = []
    for account, readings in by_account.items():
        growth, before = _growth(connection, account, [at for at, _ in readings])
        total = int(readings[0][1][1])
        for (read_at, balance), grown in zip(readings, growth, strict=True):
            lines.append((account, read_at, *balance, grown, total - before))
    return READINGS.from_rows(lines)


def _growth(connection: Connection, account: str, moments: list[datetime]) -> tuple[list[int], int]:
    """Credits less debits first stored after the first moment, up to each of them; and those of before, added up."""
    table = tables.OBJECTS["transaction"]
    of_account = (_T[c.ACCOUNT] == account) & tables.known_at(table, None) & IS_AMOUNT
    seen = _T[c.FIRST_SEEN_AT]
    created = _T[c.CREATED_AT]
    first = to_micros(moments[0])
    later = (seen > first) & (created >= _ledger_begins(connection, account, first))
    before = connection.execute(select(func.sum(_SIGNED)).where(of_account, ~later)).scalar() or 0
    steps = connection.execute(
        select(seen, func.sum(_SIGNED)).where(of_account, later).group_by(seen).order_by(seen)
    ).all()
    sums = list(accumulate((int(amount) for _, amount in steps), initial=0))
    stored = [at for at, _ in steps]
    return [sums[bisect_right(stored, to_micros(moment))] for moment in moments], int(before)


def _ledger_begins(connection: Connection, account: str, first: int) -> int:
    """From when on the ledger was stored as a whole at the first reading; without pulled days, its first row."""
    window = tables.PULL_WINDOW.c
    pulled = (
        (window.account == account) & (window.kind == c.TRANSACTION.name) & (window.pulled_at <= from_micros(first))
    )
    start = connection.execute(select(func.min(window.start_at)).where(pulled)).scalar()
    if start is not None:
        return to_micros(start)
    own = (_T[c.ACCOUNT] == account) & tables.known_at(tables.OBJECTS["transaction"], None)
    statement = select(func.min(_T[c.CREATED_AT])).where(own, _T[c.FIRST_SEEN_AT] <= first)
    return int(connection.execute(statement).scalar() or 0)
