"""Every account's line from the totals of its days and the other stored transactions, and where a line's credits
stand; keeps no row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    case,
    cast,
    false,
    func,
    literal_column,
    or_,
    select,
)

from recon import columns as c
from recon.arrays import Ints
from recon.columnar import np, pa, pd
from recon.columns import AVAILABLE_AT
from recon.model import QUARTER, LedgerHistory
from recon.settlement.fifo import HistoryBuilder, Span, held_before
from recon.store import tables
from recon.store.engine import SQLITE
from recon.store.related.ledger_days import AVAILABLE, IS_AMOUNT, MADE, OF_DEBIT, SIGNED, LedgerDays
from recon.store.versions.frames import Query, batches, fetch

_OF_TRANSFER = (c.ACCOUNT, c.TRANSFER_ID, c.TRANSACTION_ID, c.CREATED_AT)
_TRANSFER_COLUMNS = c.Frame(
    "transfers", tuple(column for column in c.TRANSFERS.columns if column.name in _OF_TRANSFER)
)
_TEXTS = (c.TRANSACTION_ID, c.ORIGIN)
_MOVES = c.Frame(  # a debit's amount is negative; a credit has neither id nor origin here
    "moves",
    (
        c.Column(c.ACCOUNT, c.TEXT),
        c.Column(c.CREATED_AT, c.MOMENT),
        c.Column(AVAILABLE_AT, c.MOMENT),
        c.Column(c.AMOUNT, c.MINOR),
        *(c.Column(name, c.TEXT, required=False) for name in _TEXTS),
    ),
)
_TABLE = tables.OBJECTS["transaction"]
_TRANSFERS = tables.OBJECTS["transfer"]
_Q: Any = literal_column(str(QUARTER), BigInteger())


def load_lines(
    connections: Sequence[Connection],
    days: Mapping[str, LedgerDays],
    moments: Ints,
    readings: pd.DataFrame,
    as_of: int,
) -> dict[str, LedgerHistory]:
    """The line of each account: what was created up to `as_of` (microseconds, inclusive), in its current version.

    `days` has by account the totals of days that end by then, with the exact moments that `moments` ask for. The
    connections see one state of the store. An account without transactions has an empty line.
    """
    transfers = _transfers(connections[0], as_of)
    builders = {account: HistoryBuilder(transfers, moments) for account in days}
    for account, of_account in days.items():
        _add_days(builders[account], of_account)
    past = MADE + literal_column("0") <= as_of  # no index: SQLite would take that for each stretch
    wanted = tables.known_at(_TABLE, None) & past & IS_AMOUNT
    rest = [condition for account, of_account in days.items() for condition in of_account.rest(account)]
    if connections[0].dialect.name == SQLITE:
        query = Query(_MOVES, _TABLE, _moves().where(wanted), (), rest)
    else:
        query = Query(_MOVES, _TABLE, _added_up(moments).where(wanted, or_(false(), *rest)), ())
    for batch in batches(connections, query):
        owners = batch[c.ACCOUNT].combine_chunks()
        numbers = [batch[name].to_numpy() for name in (c.CREATED_AT, AVAILABLE_AT, c.AMOUNT)]
        texts = [batch[name].combine_chunks() for name in _TEXTS]
        for code, account in enumerate(owners.dictionary.to_pylist()):
            rows = np.flatnonzero(owners.indices.to_numpy() == code)
            builders[account].add(*(column[rows] for column in numbers), *(column.take(rows) for column in texts))
    return {account: builder.history(held_before(readings, account)) for account, builder in builders.items()}


def _add_days(builder: HistoryBuilder, days: LedgerDays) -> None:
    """Adds the sums of whole days: credits without ids, debits one by one."""
    made, available, _, amounts = days.credits.T
    no_texts = pa.nulls(len(amounts), pa.large_string())
    builder.add(made, available, amounts, no_texts, no_texts)
    booked, takes_from, taken = days.debits.T
    ids = pa.array([id for id, _ in days.names], pa.large_string())
    origins = pa.array([origin for _, origin in days.names], pa.large_string())
    builder.add(booked, takes_from, taken, ids, origins)


def _moves() -> Select[Any]:
    return select(_TABLE.c[c.ACCOUNT], MADE, AVAILABLE, SIGNED, *OF_DEBIT)


def _added_up(moments: Ints) -> Select[Any]:
    """The same with credits added up by quarter hours: PostgreSQL is quick at that, and slow at handing rows over.

    Of a quarter hour in which a transfer left, credits stay apart by the moment from which they can be paid out.
    """
    exact = (AVAILABLE // _Q).in_(np.unique(moments // QUARTER).tolist())
    made = case((SIGNED < 0, MADE), else_=MADE // _Q * _Q)
    free = case((SIGNED < 0, AVAILABLE), (exact, AVAILABLE), else_=AVAILABLE // _Q * _Q)
    keys = [_TABLE.c[c.ACCOUNT], made.label("made"), free.label("free"), *OF_DEBIT]
    return select(*keys[:3], cast(func.sum(SIGNED), BigInteger), *keys[3:]).group_by(*keys)


def credits_where(spans: Mapping[str, Sequence[Span]]) -> list[ColumnElement[bool]]:
    """Per account and span the transactions that can be paid out in it; an index finds those made in time for it."""
    return [
        (_TABLE.c[c.ACCOUNT] == account)
        & MADE.between(span.since, span.last)
        & AVAILABLE.between(span.first, span.last)
        for account, of in spans.items()
        for span in of
    ]


def _transfers(connection: Connection, as_of: int) -> pd.DataFrame:
    """What lines must know of the transfers, in the order of the books."""
    statement = select(*(_TRANSFERS.c[name] for name in _TRANSFER_COLUMNS.names))
    wanted = tables.known_at(_TRANSFERS, None) & (_TRANSFERS.c[c.CREATED_AT] <= as_of)
    keys = (c.ACCOUNT, c.CREATED_AT, c.TRANSFER_ID)
    return fetch(connection, Query(_TRANSFER_COLUMNS, _TRANSFERS, statement.where(wanted), keys))
