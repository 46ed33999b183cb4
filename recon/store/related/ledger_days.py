"""Totals of the ledger's days that are over, so that no run reads all transactions for an account's line.

Who stores transactions takes away, in the same transaction, the totals of the days that they were created on. A day
without totals is read row by row, and added up by the next run that needs it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, compress, pairwise
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    case,
    delete,
    func,
    insert,
    literal_column,
    select,
    union,
)

from recon import columns as c
from recon.arrays import Ints
from recon.bounds import LARGEST_AMOUNT
from recon.columnar import np, pa
from recon.columns import AVAILABLE_AT
from recon.model import QUARTER
from recon.settlement.ledger import CREDIT
from recon.store import bulk, tables
from recon.store.engine import Store, reading, to_micros, writing
from recon.store.tables.related import LEDGER_DAY
from recon.store.versions.frames import Query, batches

DAY = timedelta(days=1) // c.MICROSECOND
_OVER = 10 * DAY  # after its end: what is late has come, and most of what was made on it can be paid out
_FIRST = to_micros(datetime(2010, 1, 1, tzinfo=UTC)) // DAY  # what says that it is older is read by itself
_NOTHING = {"credits": b"", "debits": b"", "names": "[]", "growth": b""}  # the totals of a day without rows
_ROWS_AT_ONCE = 50_000  # of the days added up in one transaction, where they are more than one
_DAY: Any = literal_column(str(DAY), BigInteger())
_TABLE = LEDGER_DAY.c
_TRANSACTION = tables.OBJECTS["transaction"]
_TRANSFER = tables.OBJECTS["transfer"].c
_T = _TRANSACTION.c
MADE = _T[c.CREATED_AT]
AVAILABLE = case((_T[c.TRANSFERABLE_AT] > MADE, _T[c.TRANSFERABLE_AT]), else_=MADE)
SIGNED = case((_T[c.DIRECTION] == CREDIT, _T[c.AMOUNT]), else_=-_T[c.AMOUNT])
OF_DEBIT = [case((SIGNED < 0, _T[name])).label(name) for name in (c.TRANSACTION_ID, c.ORIGIN)]
IS_AMOUNT = _T[c.AMOUNT].between(-LARGEST_AMOUNT, LARGEST_AMOUNT)  # earlier versions stored whatever came
_NUMBERS = (c.CREATED_AT, AVAILABLE_AT, c.FIRST_SEEN_AT, c.AMOUNT)
_ROWS = c.Frame(
    "transactions_of_days",
    (
        *(c.Column(name, c.MINOR) for name in _NUMBERS),
        *(c.Column(column.name, c.TEXT, required=False) for column in OF_DEBIT),
    ),
)
_CURRENT = tables.known_at(_TRANSACTION, None) & IS_AMOUNT
_QUERY = Query(
    _ROWS, _TRANSACTION, select(MADE, AVAILABLE, _T[c.FIRST_SEEN_AT], SIGNED, *OF_DEBIT).where(_CURRENT), ()
)


@dataclass(frozen=True)
class LedgerDays:
    """An account's days that have totals, numbered from the epoch; moments in microseconds, amounts in minor units.

    Rows of `credits`: quarter hour of booking, moment from which they can be paid out, 1 where that is exact (0: its
    quarter hour), amount; of `debits`: booked, can be taken, amount (negative), beside each the debit's id and origin
    in `names`; of `growth`: day, when first seen, credits less debits.
    """

    days: Ints
    credits: Ints
    debits: Ints
    names: Sequence[tuple[str, str | None]]
    growth: Ints

    def without(self, days: Ints) -> LedgerDays:
        """What is left when some days are read row by row."""
        debits = np.isin(self.debits[:, 0] // DAY, days, invert=True)
        return LedgerDays(
            self.days[np.isin(self.days, days, invert=True)],
            self.credits[np.isin(self.credits[:, 0] // DAY, days, invert=True)],
            self.debits[debits],
            list(compress(self.names, debits)),
            self.growth[np.isin(self.growth[:, 0], days, invert=True)],
        )

    def rest(self, account: str) -> list[ColumnElement[bool]]:
        """One condition for the account's transactions of each stretch of creation times without totals."""
        edges = [_FIRST - 1, *self.days.tolist()]
        gaps = [
            MADE.between((day + 1) * DAY, next_day * DAY - 1)
            for day, next_day in pairwise(edges)
            if next_day > day + 1
        ]
        ends = [MADE < _FIRST * DAY, (edges[-1] + 1) * DAY <= MADE]
        return [(_T[c.ACCOUNT] == account) & created for created in (*gaps, *ends)]


def no_days() -> LedgerDays:
    """Of an account without totals."""
    none = np.zeros((0, 4), dtype=np.int64)
    return LedgerDays(none[:, 0], none, none[:, :3], (), none[:, :3])


def forget(connection: Connection, account: str, transaction_ids: Collection[str]) -> None:
    """Takes away the totals of the days on which any version of some transactions was created."""
    for condition in bulk.among(connection, _T[c.TRANSACTION_ID], transaction_ids):
        days = select(MADE // _DAY).where(_T[c.ACCOUNT] == account, condition)
        connection.execute(delete(LEDGER_DAY).where(_TABLE.account == account, _TABLE.day.in_(days)))


def transfer_moments(connection: Connection, accounts: Collection[str]) -> Ints:
    """When the transactions were made that any version of a transfer names, or that name a transfer."""
    named = _T[c.TRANSACTION_ID].in_(select(_TRANSFER[c.TRANSACTION_ID]))
    naming = _T[c.ORIGIN].in_(select(_TRANSFER[c.TRANSFER_ID]))
    each = (select(MADE).where(condition) for condition in (named & _T[c.ACCOUNT].in_(accounts), naming))
    return np.array(connection.execute(union(*each)).scalars().all(), dtype=np.int64)


def bring_up_to_date(store: Store, accounts: Collection[str], as_of: int) -> int:
    """Adds up the days that are over at a moment (microseconds) and have no totals, or no exact ones; how many.

    Each piece is written by itself, so that what is stopped goes on where it stopped.
    """
    count = 0
    for account in accounts:
        with reading(store) as connection:
            pieces = _pieces(connection, account, _days_to_add_up(connection, account, as_of))
        for days in pieces:
            with writing(store, f"transaction {account}") as connection:  # the lock of those who store them
                piece = days.tolist()
                connection.execute(delete(LEDGER_DAY).where(_TABLE.account == account, _TABLE.day.in_(piece)))
                connection.execute(insert(LEDGER_DAY), list(added_up(connection, account, days)))
            count += len(days)
    return count


def load_days(connection: Connection, account: str, as_of: int, moments: Ints) -> LedgerDays:
    """The totals of an account's days that end by a moment (microseconds).

    What can be paid out from a quarter hour on in which one of `moments` lies, when transfers left, must be exact: a
    day of which it is not is left out.
    """
    rows = connection.execute(select(LEDGER_DAY).where(*_over(account, as_of)).order_by(_TABLE.day)).all()
    days = np.array([row.day for row in rows], dtype=np.int64)
    credits = _ints([row.credits for row in rows], 4)
    debits = _ints([row.debits for row in rows], 3)
    names = list(chain.from_iterable(json.loads(f"[{','.join(row.names for row in rows)}]")))
    growth = _ints([row.growth for row in rows], 3)
    loaded = LedgerDays(days, credits, debits, names, growth)
    inexact = _inexact(credits, moments)
    return loaded.without(inexact) if len(inexact) else loaded


def _over(account: str, as_of: int) -> tuple[ColumnElement[bool], ...]:
    return _TABLE.account == account, (_TABLE.day + 1) * _DAY <= as_of


def _inexact(credits: Ints, moments: Ints) -> Ints:
    """The days of credits that must be exact and are not."""
    at = np.isin(credits[:, 1] // QUARTER, moments // QUARTER) & (credits[:, 2] == 0)
    return np.unique(credits[at, 0] // DAY)


def added_up(connection: Connection, account: str, days: Ints) -> Iterator[dict[str, Any]]:
    """The rows of totals of some days (in order), from the transactions as they are stored now."""
    created = [
        (_T[c.ACCOUNT] == account) & MADE.between(int(part[0]) * DAY, (int(part[-1]) + 1) * DAY - 1)
        for part in np.split(days, np.flatnonzero(np.diff(days) > 1) + 1)
    ]
    columns = [*((name, "int64") for name in _NUMBERS), *((column.name, "large_string") for column in OF_DEBIT)]
    no_rows = pa.schema(columns).empty_table()
    rows = pa.concat_tables([no_rows, *batches([connection], _QUERY.where(created))])
    numbers = np.stack([rows[name].to_numpy() for name in _NUMBERS], axis=1)
    names = [rows[column.name] for column in OF_DEBIT]
    exact_quarters = transfer_moments(connection, [account]) // QUARTER
    by_day = np.argsort(numbers[:, 0] // DAY, kind="stable")
    ends = np.searchsorted(numbers[by_day, 0] // DAY, days, side="right")
    begins = np.searchsorted(numbers[by_day, 0] // DAY, days)
    for day, begin, end in zip(days.tolist(), begins, ends, strict=True):
        of_day = by_day[begin:end]
        row = {"account": account, "day": day}
        if not len(of_day):
            yield row | _NOTHING
            continue
        made, available, seen, signed = numbers[of_day].T
        is_debit = signed < 0
        quarters = available // QUARTER
        exact = np.isin(quarters, exact_quarters)
        credits = np.stack([made // QUARTER * QUARTER, np.where(exact, available, quarters * QUARTER), exact], axis=1)
        debits = of_day[is_debit]
        yield row | {
            "credits": _summed(credits[~is_debit], signed[~is_debit]),
            "debits": np.stack([made, available, signed], axis=1)[is_debit].tobytes(),
            "names": json.dumps(list(zip(*(texts.take(debits).to_pylist() for texts in names), strict=True))),
            "growth": _summed(np.stack([np.full_like(seen, day), seen], axis=1), signed),
        }


def _pieces(connection: Connection, account: str, days: Ints) -> list[Ints]:
    """Days in order, split into what is added up in one transaction: a year of a small account, a busy day alone."""
    if len(days) < 2:
        return [days] if len(days) else []
    of_days = MADE.between(int(days[0]) * DAY, (int(days[-1]) + 1) * DAY - 1)
    counted = select(MADE // _DAY, func.count()).where(_T[c.ACCOUNT] == account, of_days).group_by(MADE // _DAY)
    counts: dict[int, int] = {row[0]: row[1] for row in connection.execute(counted)}
    rows = np.cumsum([counts.get(day, 0) for day in days.tolist()])
    return np.split(days, np.flatnonzero(np.diff(rows // _ROWS_AT_ONCE)) + 1)


def _days_to_add_up(connection: Connection, account: str, as_of: int) -> Ints:
    """The days that are over and have no exact totals, from the account's first transaction on."""
    first = connection.execute(select(func.min(MADE)).where(_T[c.ACCOUNT] == account)).scalar()
    if first is None:
        return np.zeros(0, dtype=np.int64)
    rows = connection.execute(select(_TABLE.day, _TABLE.credits).where(*_over(account, as_of))).all()
    inexact = _inexact(_ints([row.credits for row in rows], 4), transfer_moments(connection, [account]))
    added_up = np.setdiff1d(np.array([row.day for row in rows], dtype=np.int64), inexact)
    days = np.arange(max(first // DAY, _FIRST), (as_of - _OVER) // DAY, dtype=np.int64)
    return np.setdiff1d(days, added_up)


def _summed(keys: Ints, amounts: Ints) -> bytes:
    """Each key once, in order, with the sum of its amounts."""
    unique, places = np.unique(keys, axis=0, return_inverse=True)
    sums = c.sums_at(places.reshape(-1), len(unique), amounts)
    return np.concatenate([unique, sums[:, np.newaxis]], axis=1).astype("<i8").tobytes()


def _ints(parts: Iterable[bytes], width: int) -> Ints:
    return np.frombuffer(b"".join(parts), dtype="<i8").astype(np.int64, copy=False).reshape(-1, width)
