"""Every account's line from one pass over its stored transactions, and where a line's credits stand; keeps no row."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import BigInteger, ColumnElement, Connection, Select, case, cast, func, literal_column, select

from recon import columns as c
from recon.arrays import Ints
from recon.columns import AVAILABLE_AT
from recon.model import QUARTER, LedgerHistory
from recon.settlement.fifo import HistoryBuilder, Span, held_before
from recon.settlement.ledger import CREDIT
from recon.store import tables
from recon.store.engine import SQLITE
from recon.store.versions.frames import Query, batches, fetch
from recon.store.versions.readings import IS_AMOUNT

_TEXTS = (c.TRANSACTION_ID, c.ORIGIN)
_OF_TRANSFER = (c.ACCOUNT, c.TRANSFER_ID, c.TRANSACTION_ID, c.CREATED_AT)
_TRANSFER_COLUMNS = c.Frame(
    "transfers", tuple(column for column in c.TRANSFERS.columns if column.name in _OF_TRANSFER)
)
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
_MADE = _TABLE.c[c.CREATED_AT]
_FREE = _TABLE.c[c.TRANSFERABLE_AT]
_AVAILABLE = case((_FREE > _MADE, _FREE), else_=_MADE)
_SIGNED = case((_TABLE.c[c.DIRECTION] == CREDIT, _TABLE.c[c.AMOUNT]), else_=-_TABLE.c[c.AMOUNT])
_OF_DEBIT = [case((_SIGNED < 0, _TABLE.c[name])).label(name) for name in _TEXTS]
_Q: Any = literal_column(str(QUARTER), BigInteger())


def load_lines(
    connections: Sequence[Connection],
    accounts: Collection[str],
    readings: pd.DataFrame,
    as_of: int,
    versions_at: int | None,
) -> dict[str, LedgerHistory]:
    """The line of each account: what was created up to `as_of` (inclusive), in the versions known at `versions_at`.

    Both are microseconds; None: the current versions. The connections see one state of the store. An account without
    transactions has an empty line.
    """
    transfers = _transfers(connections[0], as_of, versions_at)
    moments = _moments(connections[0], accounts)
    builders = {account: HistoryBuilder(transfers, moments) for account in accounts}
    # A condition that no index serves: the whole table is read in its own order, which is faster by far.
    of_accounts = case((_TABLE.c[c.ACCOUNT].in_(accounts), 1), else_=0) == literal_column("1")
    moves = _moves() if connections[0].dialect.name == SQLITE else _added_up(moments)
    statement = moves.where(tables.known_at(_TABLE, versions_at), of_accounts, as_of >= _MADE, IS_AMOUNT)
    for batch in batches(connections, Query(_MOVES, _TABLE, statement, ())):
        owners = batch[c.ACCOUNT].combine_chunks()
        numbers = [batch[name].to_numpy() for name in (c.CREATED_AT, AVAILABLE_AT, c.AMOUNT)]
        texts = [batch[name].combine_chunks() for name in _TEXTS]
        for code, account in enumerate(owners.dictionary.to_pylist()):
            rows = np.flatnonzero(owners.indices.to_numpy() == code)
            builders[account].add(*(column[rows] for column in numbers), *(column.take(rows) for column in texts))
    return {account: builder.history(held_before(readings, account)) for account, builder in builders.items()}


def _moves() -> Select[Any]:
    return select(_TABLE.c[c.ACCOUNT], _MADE, _AVAILABLE, _SIGNED, *_OF_DEBIT)


def _added_up(moments: Ints) -> Select[Any]:
    """The same with credits added up by quarter hours: PostgreSQL is quick at that, and slow at handing rows over.

    Of a quarter hour in which a transfer left, credits stay apart by the moment from which they can be paid out.
    """
    exact = (_AVAILABLE // _Q).in_(np.unique(moments // QUARTER).tolist())
    made = case((_SIGNED < 0, _MADE), else_=_MADE // _Q * _Q)
    free = case((_SIGNED < 0, _AVAILABLE), (exact, _AVAILABLE), else_=_AVAILABLE // _Q * _Q)
    keys = [_TABLE.c[c.ACCOUNT], made.label("made"), free.label("free"), *_OF_DEBIT]
    return select(*keys[:3], cast(func.sum(_SIGNED), BigInteger), *keys[3:]).group_by(*keys)


def credits_where(spans: Mapping[str, Sequence[Span]]) -> list[ColumnElement[bool]]:
    """Per account and span the transactions that can be paid out in it; an index finds those made in time for it."""
    return [
        (_TABLE.c[c.ACCOUNT] == account)
        & _MADE.between(span.since, span.last)
        & _AVAILABLE.between(span.first, span.last)
        for account, of in spans.items()
        for span in of
    ]


def _transfers(connection: Connection, as_of: int, versions_at: int | None) -> pd.DataFrame:
    """What lines must know of the transfers, in the order of the books."""
    statement = select(*(_TRANSFERS.c[name] for name in _TRANSFER_COLUMNS.names))
    wanted = tables.known_at(_TRANSFERS, versions_at) & (_TRANSFERS.c[c.CREATED_AT] <= as_of)
    keys = (c.ACCOUNT, c.CREATED_AT, c.TRANSFER_ID)
    return fetch(connection, Query(_TRANSFER_COLUMNS, _TRANSFERS, statement.where(wanted), keys))


def _moments(connection: Connection, accounts: Collection[str]) -> Ints:
    """When the transactions were made that any version of a transfer names, or that name a transfer."""
    named = _TABLE.c[c.TRANSACTION_ID].in_(select(_TRANSFERS.c[c.TRANSACTION_ID]))
    naming = _TABLE.c[c.ORIGIN].in_(select(_TRANSFERS.c[c.TRANSFER_ID]))
    moments = [
        moment
        for condition in (named & _TABLE.c[c.ACCOUNT].in_(accounts), naming)
        for moment in connection.execute(select(_MADE).where(condition)).scalars()
    ]
    return np.array(moments, dtype=np.int64)
