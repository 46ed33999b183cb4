"""Makes an account's line of its transactions, whatever their order, and says which credits a range needs; no store.

Transactions are added up as they come, and only what transfers took is kept of the debits: what is held grows with
quarter hours and transfers, not with credits. A transfer's sum is fixed when it is created, and its turn is then; it
cannot take what was not free when its debit was booked. Any other debit may take from what becomes free later.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]

from recon import columns as c
from recon.arrays import Ints
from recon.model import QUARTER, Books, LedgerLine, Window
from recon.settlement.ledger import CREDIT, kinds

_MANY = 100_000  # sums that wait to be added up
_CLOSE = timedelta(days=1) // c.MICROSECOND  # spans nearer than this are one: few questions, a few credits too many


class Span(NamedTuple):
    """Credits that can be paid out from `first` to `last` (inclusive), none made before `since`; microseconds."""

    first: int
    last: int
    since: int


class Wanted(NamedTuple):
    """Which credits a range shows: those that its transfers paid out, with their charges, and those not paid out."""

    paid: tuple[Span, ...]
    unpaid: tuple[Span, ...]


class LineUp:
    """Adds up one account's transactions in any order and any number of pieces.

    `transfers` has the id, transaction and creation of all transfers (columns of TRANSFERS); `moments` are those at
    which the transactions were made that a transfer names, or that name one: others among them do no harm.
    """

    def __init__(self, transfers: pd.DataFrame, moments: Ints) -> None:
        ids = transfers[c.TRANSFER_ID].tolist()
        named = transfers[c.TRANSACTION_ID].notna().tolist()
        own = (kinds(transfers[c.TRANSFER_ID]) == "transfer").tolist()
        self._ids = ids
        self._by_origin = {ids[at]: at for at in reversed(range(len(ids))) if own[at]}
        self._by_name = {id: at for at, id in enumerate(transfers[c.TRANSACTION_ID].tolist()) if named[at]}
        self._created = micros(transfers[c.CREATED_AT])
        self._turns, self._moments = np.unique(self._created), np.unique(moments)
        # What there was since the turn, or the moment, before: other debits, and credits that became free.
        self._before_turn = np.zeros(len(self._turns) + 1, dtype=np.int64)
        self._free_by = np.zeros(len(self._moments) + 1, dtype=np.int64)
        self._free, self._made = _Sums(1), _Sums(2)
        self._own: list[tuple[int, str, int, int, int]] = []  # turn, debit, transfer, amount, when it was booked
        self._hold = 0

    def add(self, created: Ints, free: Ints, signed: Ints, ids: Any, origins: Any) -> None:
        """Transactions: two moments in microseconds, minor units (a debit is negative), and two Arrow text arrays.

        `free` is as `available_at` says. Only the debits' ids and origins are read. Credits may come added up by
        quarter hours; but of one in which any of `moments` lies `free` must be exact.
        """
        self._made.add(created, np.stack([np.maximum(signed, 0), np.maximum(-signed, 0)], axis=1))
        credits = signed > 0
        made, came, amounts = created[credits], free[credits], signed[credits]
        self._free.add(came, amounts[:, np.newaxis])
        np.add.at(self._free_by, np.searchsorted(self._moments, came), amounts)
        self._hold = max(self._hold, int(np.max(came // QUARTER - made // QUARTER, initial=0)) * QUARTER)
        debits = np.flatnonzero(signed < 0)
        transfers = np.fromiter(self._transfers(ids.take(debits), origins.take(debits)), np.int64, len(debits))
        others = debits[transfers < 0]
        np.add.at(self._before_turn, np.searchsorted(self._turns, created[others]), -signed[others])
        own = debits[transfers >= 0]
        for transfer, id, at in zip(transfers[transfers >= 0].tolist(), ids.take(own).to_pylist(), own, strict=True):
            turn = int(self._created[transfer])
            self._own.append((turn, id, transfer, -int(signed[at]), int(created[at])))

    def _transfers(self, ids: Any, origins: Any) -> Iterator[int]:
        """Per debit the transfer whose it is: that names it, else that it names; else -1."""
        for id, origin in zip(ids.to_pylist(), origins.to_pylist(), strict=True):
            yield self._by_name.get(id, self._by_origin.get(origin, -1))

    def line(self) -> LedgerLine:
        """What has been added, as a line."""
        free_at, free = self._free.result()
        made_at, made = self._made.result()
        transfers, start, stop, reached = self._taken()
        return LedgerLine(
            free_at=free_at,
            free=free[:, 0],
            made_at=made_at,
            credits=made[:, 0],
            debits=made[:, 1],
            transfers=tuple(self._ids[at] for at in transfers),
            start=np.array(start, dtype=np.int64),
            stop=np.array(stop, dtype=np.int64),
            reached=reached,
            hold=self._hold,
        )

    def _taken(self) -> tuple[list[int], list[int], list[int], int]:
        """Per debit of a transfer, in their turn, the transfer and its stretch; and how far all debits reach."""
        limits, others = np.cumsum(self._free_by), np.cumsum(self._before_turn)
        position, gone = 0, 0
        transfers, starts, stops = [], [], []
        for turn, _, transfer, amount, booked in sorted(self._own):
            at = int(np.searchsorted(self._moments, booked))
            assert booked in self._moments[at : at + 1], "a transfer's debit of an unknown moment"
            before = int(others[np.searchsorted(self._turns, turn)])
            position, gone = position + before - gone, before
            transfers.append(transfer)
            starts.append(position)
            position = min(position + amount, max(position, int(limits[at])))
            stops.append(position)
        return transfers, starts, stops, position + int(others[-1]) - gone


class _Sums:
    """Sums by quarter hour, in so many columns: never much more is held than there are quarter hours."""

    def __init__(self, width: int) -> None:
        self._moments, self._sums = np.zeros(0, dtype=np.int64), np.zeros((0, width), dtype=np.int64)
        self._waiting: list[tuple[Ints, Ints]] = []
        self._many = _MANY

    def add(self, moments: Ints, amounts: Ints) -> None:
        self._waiting.append(_added(moments // QUARTER * QUARTER, amounts))
        if sum(len(one) for one, _ in self._waiting) > self._many:
            self.result()

    def result(self) -> tuple[Ints, Ints]:
        """The quarter hours in order, and their sums."""
        pieces = [(self._moments, self._sums), *self._waiting]
        moments, sums = (np.concatenate([piece[side] for piece in pieces]) for side in (0, 1))
        self._moments, self._sums = _added(moments, sums)
        self._waiting, self._many = [], max(_MANY, 2 * len(self._moments))
        return self._moments, self._sums


def _added(keys: Ints, amounts: Ints) -> tuple[Ints, Ints]:
    """Each key once, in order, and the sum of its amounts."""
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.flatnonzero(np.diff(keys, prepend=keys[:1] - 1))
    return keys[first], np.add.reduceat(amounts[order], first) if len(first) else amounts[:0]


def lines_of(books: Books) -> Mapping[str, LedgerLine]:
    """The books' lines: those that they were given, else made of their transactions, which then are all there are."""
    return books.lines or line_up(books.transactions, books.transfers)


def line_up(transactions: pd.DataFrame, transfers: pd.DataFrame) -> dict[str, LedgerLine]:
    """The line of every account in whole frames (shaped TRANSACTIONS and TRANSFERS)."""
    ids, origins = transactions[c.TRANSACTION_ID], transactions[c.ORIGIN]
    named = c.is_in(ids, transfers[c.TRANSACTION_ID]) | c.is_in(origins, transfers[c.TRANSFER_ID])
    created, free = micros(transactions[c.CREATED_AT]), available_at(transactions)
    amounts = transactions[c.AMOUNT].to_numpy(dtype=np.int64)
    signed = np.where((transactions[c.DIRECTION] == CREDIT).to_numpy(dtype=bool), amounts, -amounts)
    found = {}
    for account, rows in accounts(transactions):
        one = LineUp(transfers, created[named])
        texts = (pa.array(words.iloc[rows], from_pandas=True) for words in (ids, origins))
        one.add(created[rows], free[rows], signed[rows], *texts)
        found[account] = one.line()
    return found


def wanted_credits(line: LedgerLine, transfers: pd.DataFrame, window: Window, before: int | None) -> Wanted:
    """The credits that must be there as rows: those of transfers that the window shows, and those not paid out.

    `transfers` are all of the account (TRANSFERS); `before` is what its first reading held beyond what is stored, or
    None. Whole quarter hours: so `payouts.credits` finds where each credit lies without those before.
    """
    ids = transfers[c.TRANSFER_ID][shown_in(transfers, window)]
    mine = c.is_in(pd.Series(line.transfers, dtype=c.TEXT), ids)
    first, last = line.quarters(line.start[mine], line.stop[mine])
    some = last >= first
    left = np.arange(np.searchsorted(line.ends, line.taken(before), side="right"), len(line.ends))
    return Wanted(_spans(line, first[some], last[some]), _spans(line, left[:1], left[-1:]))


def held_before(readings: pd.DataFrame, account: str) -> int | None:
    """What the account's first reading (READINGS) held beyond the stored transactions; null where none was taken."""
    if not len(readings):
        return None
    mine = readings[c.BEFORE][c.of_account(readings, account)]
    return int(mine.iloc[0]) if len(mine) else None


def shown_in(transfers: pd.DataFrame, window: Window) -> npt.NDArray[np.bool_]:
    """Which transfers a window's result shows: by when they were sent, else created."""
    sent = transfers[c.SENT_AT].fillna(transfers[c.CREATED_AT])
    return ((sent >= window.start) & (sent < window.end)).to_numpy(dtype=bool)


def _spans(line: LedgerLine, first: Ints, last: Ints) -> tuple[Span, ...]:
    spans: list[Span] = []
    for start, end in zip(line.free_at[first].tolist(), line.free_at[last].tolist(), strict=True):
        until = end + QUARTER - 1
        if spans and start <= spans[-1].last + _CLOSE:
            spans[-1] = spans[-1]._replace(last=until)
        else:
            spans.append(Span(start, until, start - line.hold))
    return tuple(spans)


def available_at(transactions: pd.DataFrame) -> Ints:
    """From when each can be paid out (microseconds since the epoch): `transferable_at`, not before its creation."""
    free = transactions[c.TRANSFERABLE_AT].fillna(transactions[c.CREATED_AT])
    return np.maximum(micros(free), micros(transactions[c.CREATED_AT]))


def accounts(transactions: pd.DataFrame) -> Iterator[tuple[str, Ints]]:
    """Each account with the places of its transactions."""
    codes, names = pd.factorize(transactions[c.ACCOUNT])
    for code, name in enumerate(names):
        yield str(name), np.flatnonzero(codes == code)


def micros(moments: "pd.Series[Any]") -> Ints:
    """Microseconds since the epoch."""
    return np.asarray(moments.astype("int64"), dtype=np.int64)
