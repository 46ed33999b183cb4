"""Every reading of a balance with what the ledger grew by since the first one; judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import BigInteger, Connection, case, cast, func, select

from recon import columns as c
from recon.columnar import np, pd
from recon.columns import READINGS
from recon.store import tables
from recon.store.engine import from_micros, to_micros
from recon.store.related.ledger_days import DAY, IS_AMOUNT, MADE, SIGNED, LedgerDays, no_days

_TABLE = tables.OBJECTS["transaction"]
_T = _TABLE.c


def load_readings(
    connection: Connection, versions_at: int | None, days: Mapping[str, LedgerDays] = MappingProxyType({})
) -> pd.DataFrame:
    """The readings (shaped READINGS) by account and moment; with `versions_at` those of that moment and before.

    `since_first` sums the transactions first stored after the account's first reading, up to each one. Older days
    that were pulled later, as a backfill does, were in the first reading already: they do not count, even where an
    old transaction was fetched by its id before. `days` has by account totals that stand for rows.
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
        growth, before = _growth(connection, account, [at for at, _ in readings], days.get(account, no_days()))
        total = int(readings[0][1][1])
        for (read_at, balance), grown in zip(readings, growth, strict=True):
            lines.append((account, read_at, *balance, grown, total - before))
    return READINGS.from_rows(lines)


def _growth(connection: Connection, account: str, moments: list[datetime], days: LedgerDays) -> tuple[list[int], int]:
    """Credits less debits first stored after the first moment, up to each of them; and those of before, added up."""
    first = to_micros(moments[0])
    begins = _ledger_begins(connection, account, first)
    days = days.without(np.array([begins // DAY]))  # which may begin in the middle of it
    seen = _T[c.FIRST_SEEN_AT]
    whole = case((begins <= MADE, 1), else_=0)
    sums = select(whole, seen, cast(func.sum(SIGNED), BigInteger)).group_by(whole, seen)
    current = tables.known_at(_TABLE, None) & IS_AMOUNT
    rows = [row for part in days.rest(account) for row in connection.execute(sums.where(current, part)).all()]
    of_days = days.growth.copy()
    of_days[:, 0] = of_days[:, 0] * DAY >= begins
    amounts = np.concatenate([np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 3), of_days])
    later = (amounts[:, 0] != 0) & (amounts[:, 1] > first)
    grown = amounts[later][np.argsort(amounts[later, 1], kind="stable")]
    sums_until = np.concatenate([[0], np.cumsum(grown[:, 2])])
    places = np.searchsorted(grown[:, 1], [to_micros(moment) for moment in moments], side="right")
    return sums_until[places].tolist(), int(amounts[~later, 2].sum())


def _ledger_begins(connection: Connection, account: str, first: int) -> int:
    """From when on the ledger was stored as a whole at the first reading; without pulled days, its first row."""
    window = tables.PULL_WINDOW.c
    pulled = (
        (window.account == account) & (window.kind == c.TRANSACTION.name) & (window.pulled_at <= from_micros(first))
    )
    start = connection.execute(select(func.min(window.start_at)).where(pulled)).scalar()
    if start is not None:
        return to_micros(start)
    statement = select(func.min(_T[c.CREATED_AT])).where(
        tables.current(_TABLE, account), _T[c.FIRST_SEEN_AT] <= first
    )
    return int(connection.execute(statement).scalar() or 0)
