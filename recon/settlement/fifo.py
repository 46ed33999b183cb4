"""First in, first out: what each transfer took of an account's credits, and which credits a range needs.

Transactions are added up as they come, and only what transfers took is kept of the debits: what is held grows with
quarter hours and transfers, not with credits. A transfer's sum is fixed when it is created, and its turn is then; it
cannot take what was not available when its debit was booked. Any other debit may take what becomes available later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from recon import columns as c
from recon.arrays import Ints
from recon.columnar import np, npt, pa, pd
from recon.model import QUARTER, Books, LedgerHistory, Window
from recon.settlement.ledger import CREDIT, kinds

_MANY = 100_000  # sums that wait to be added up
_CLOSE = timedelta(days=1) // c.MICROSECOND  # spans nearer than this are one: few questions, a few credits too many


class Span(NamedTuple):
    """Credits that can be paid out from `first` to `last` (inclusive), none made before `since`; microseconds."""

    first: int
    last: int
    since: int


class NeededCredits(NamedTuple):
    """Which credits a range shows: those that its transfers paid out, with their charges, and those not paid out."""

    paid: tuple[Span, ...]
    unpaid: tuple[Span, ...]


class _TransferDebit(NamedTuple):
    """One debit of a transfer; they take from the queue in this order."""

    turn: int  # when the transfer was created
    transaction: str
    transfer: int  # its place
    amount: int
    booked: int


class HistoryBuilder:
    """Adds up one account's transactions in any order and any number of pieces.

    `transfers` has the id, transaction and creation of all transfers (columns of TRANSFERS); `moments` are those at
    which the transactions were made that a transfer names, or that name one: others among them do no harm.
    """

    def __init__(self, transfers: pd.DataFrame, moments: Ints) -> None:
        ids = transfers[c.TRANSFER_ID].tolist()
        named = transfers[c.TRANSACTION_ID].notna().tolist()
        is_transfer = (kinds(transfers[c.TRANSFER_ID]) == "transfer").tolist()
        self._ids = ids
        self._by_origin = {ids[place]: place for place in reversed(range(len(ids))) if is_transfer[place]}
        self._by_transaction = {
            id: place for place, id in enumerate(transfers[c.TRANSACTION_ID].tolist()) if named[place]
        }
        self._created = c.micros(transfers[c.CREATED_AT])
        self._turns = np.unique(self._created)
        self._moments = np.unique(moments)
        # What came since the turn, or the moment, before: other debits, and credits that became available.
        self._other_debits = np.zeros(len(self._turns) + 1, dtype=np.int64)
        self._new_credits = np.zeros(len(self._moments) + 1, dtype=np.int64)
        self._available = _QuarterSums(1)
        self._booked = _QuarterSums(2)
        self._transfer_debits: list[_TransferDebit] = []
        self._longest_hold = 0

    def add(self, created: Ints, available: Ints, signed: Ints, ids: Any, origins: Any) -> None:
        """Transactions: two moments in microseconds, minor units (a debit is negative), and two Arrow text arrays.

        `available` is as `available_at` says. Only the debits' ids and origins are read. Credits may come added up by
        quarter hours; but of one in which any of `moments` lies `available` must be exact.
        """
        self._booked.add(created, np.stack([np.maximum(signed, 0), np.maximum(-signed, 0)], axis=1))
        self._add_credits(created[signed > 0], available[signed > 0], signed[signed > 0])
        debits = np.flatnonzero(signed < 0)
        transfers = np.fromiter(self._transfers_of(ids.take(debits), origins.take(debits)), np.int64, len(debits))
        others = debits[transfers < 0]
        np.add.at(self._other_debits, np.searchsorted(self._turns, created[others]), -signed[others])
        own = debits[transfers >= 0]
        for transfer, id, row in zip(transfers[transfers >= 0].tolist(), ids.take(own).to_pylist(), own, strict=True):
            turn = int(self._created[transfer])
            self._transfer_debits.append(_TransferDebit(turn, id, transfer, -int(signed[row]), int(created[row])))

    def _add_credits(self, created: Ints, available: Ints, amounts: Ints) -> None:
        self._available.add(available, amounts[:, np.newaxis])
        np.add.at(self._new_credits, np.searchsorted(self._moments, available), amounts)
        hold = int(np.max(available // QUARTER - created // QUARTER, initial=0)) * QUARTER
        self._longest_hold = max(self._longest_hold, hold)

    def _transfers_of(self, ids: Any, origins: Any) -> Iterator[int]:
        """Per debit the transfer whose it is: that names it, else that it names; else -1."""
        for id, origin in zip(ids.to_pylist(), origins.to_pylist(), strict=True):
            yield self._by_transaction.get(id, self._by_origin.get(origin, -1))

    def history(self, before: int | None) -> LedgerHistory:
        """What has been added, as a history; `before` as held_before has it."""
        available_quarters, available = self._available.result()
        booked_quarters, booked = self._booked.result()
        stretches, consumed = self._first_in_first_out(max(-(before or 0), 0))
        return LedgerHistory(
            available_quarters=available_quarters,
            available=available[:, 0],
            booked_quarters=booked_quarters,
            credits=booked[:, 0],
            debits=booked[:, 1],
            transfers=tuple(self._ids[transfer] for transfer, _, _ in stretches),
            paid_from=np.array([start for _, start, _ in stretches], dtype=np.int64),
            paid_to=np.array([stop for _, _, stop in stretches], dtype=np.int64),
            consumed=consumed,
            longest_hold=self._longest_hold,
        )

    def _first_in_first_out(self, gone: int) -> tuple[list[tuple[int, int, int]], int]:
        """Per debit of a transfer the transfer and the stretch of the queue that it took; how far all debits took.

        A transfer takes no more than what was available when its debit was booked; other debits take all they need.
        So much is `gone` before: of old credits, fetched because something names them, whose payout is not stored.
        """
        debits = sorted(self._transfer_debits)
        booked = np.array([debit.booked for debit in debits], dtype=np.int64)
        at = np.searchsorted(self._moments, booked)
        assert np.isin(booked, self._moments).all(), "a transfer's debit of an unknown moment"
        credits = np.cumsum(self._new_credits)[at].tolist()
        turns = np.array([debit.turn for debit in debits], dtype=np.int64)
        other_debits_by_turn = np.cumsum(self._other_debits)
        others = other_debits_by_turn[np.searchsorted(self._turns, turns)].tolist()
        stretches = []
        consumed = gone
        other_debits = 0  # that have taken their part of what is consumed
        for debit, came, other_debits_before in zip(debits, credits, others, strict=True):
            consumed += other_debits_before - other_debits
            other_debits = other_debits_before
            taken = min(debit.amount, max(came - consumed, 0))
            stretches.append((debit.transfer, consumed, consumed + taken))
            consumed += taken
        return stretches, consumed + int(other_debits_by_turn[-1]) - other_debits


class _QuarterSums:
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


def histories_of(books: Books) -> Mapping[str, LedgerHistory]:
    """The books' histories: those that they were given, else of their transactions, which then are all there are."""
    return books.histories or ledger_histories(books.transactions, books.transfers, books.readings)


def booked_before(books: Books, account: str, moments: Sequence[datetime]) -> tuple[Ints, Ints, Ints]:
    """Before each moment, a whole quarter hour: an account's balance, and all credits and debits that are stored.

    The first reading says what was there before the stored ledger begins; without one, that counts as nothing.
    """
    history = histories_of(books).get(account, LedgerHistory())
    credits, debits = history.booked_before(c.micros(pd.Series(moments, dtype=c.MOMENT)))
    return (held_before(books.readings, account) or 0) + credits - debits, credits, debits


def ledger_histories(
    transactions: pd.DataFrame, transfers: pd.DataFrame, readings: pd.DataFrame
) -> dict[str, LedgerHistory]:
    """The history of every account in whole frames (shaped TRANSACTIONS, TRANSFERS and READINGS)."""
    ids = transactions[c.TRANSACTION_ID]
    origins = transactions[c.ORIGIN]
    named = c.is_in(ids, transfers[c.TRANSACTION_ID]) | c.is_in(origins, transfers[c.TRANSFER_ID])
    created = c.micros(transactions[c.CREATED_AT])
    available = available_at(transactions)
    amounts = transactions[c.AMOUNT].to_numpy(dtype=np.int64)
    signed = np.where(c.equals(transactions, c.DIRECTION, CREDIT), amounts, -amounts)
    histories = {}
    for account, rows in accounts(transactions):
        builder = HistoryBuilder(transfers, created[named])
        texts = (pa.array(words.iloc[rows], from_pandas=True) for words in (ids, origins))
        builder.add(created[rows], available[rows], signed[rows], *texts)
        histories[account] = builder.history(held_before(readings, account))
    return histories


def needed_credits(
    history: LedgerHistory, transfers: pd.DataFrame, window: Window, before: int | None
) -> NeededCredits:
    """The credits that must be there as rows: those of transfers that the window shows, and those not paid out.

    `transfers` are all of the account (TRANSFERS); `before` is what its first reading held beyond what is stored, or
    None. Whole quarter hours: so `payouts.credits` finds where each credit lies without those before.
    """
    ids = transfers[c.TRANSFER_ID][shown_in(transfers, window)]
    mine = c.is_in(pd.Series(history.transfers, dtype=c.TEXT), ids)
    first, last = history.quarters(history.paid_from[mine], history.paid_to[mine])
    some = last >= first
    left = np.arange(np.searchsorted(history.ends, history.paid_out(before), side="right"), len(history.ends))
    return NeededCredits(_spans(history, first[some], last[some]), _spans(history, left[:1], left[-1:]))


def held_before(readings: pd.DataFrame, account: str) -> int | None:
    """What the account's first reading (READINGS) held beyond the stored transactions; null where none was taken.

    Below nothing: stored credits that were paid out by what is not stored.
    """
    if not len(readings):
        return None
    mine = readings[c.BEFORE][c.of_account(readings, account)]
    return int(mine.iloc[0]) if len(mine) else None


def shown_in(transfers: pd.DataFrame, window: Window) -> npt.NDArray[np.bool_]:
    """Which transfers a window's result shows: by when they were sent, else created."""
    sent = transfers[c.SENT_AT].fillna(transfers[c.CREATED_AT])
    return ((sent >= window.start) & (sent < window.end)).to_numpy(dtype=bool)


def _spans(history: LedgerHistory, first: Ints, last: Ints) -> tuple[Span, ...]:
    spans: list[Span] = []
    for start, end in zip(
        history.available_quarters[first].tolist(), history.available_quarters[last].tolist(), strict=True
    ):
        until = end + QUARTER - 1
        if spans and start <= spans[-1].last + _CLOSE:
            spans[-1] = spans[-1]._replace(last=until)
        else:
            spans.append(Span(start, until, start - history.longest_hold))
    return tuple(spans)


def available_at(transactions: pd.DataFrame) -> Ints:
    """From when each can be paid out (microseconds since the epoch): `transferable_at`, not before its creation."""
    return np.maximum(c.micros(transactions[c.TRANSFERABLE_AT]), c.micros(transactions[c.CREATED_AT]))


def accounts(transactions: pd.DataFrame) -> Iterator[tuple[str, Ints]]:
    """Each account with the places of its transactions."""
    codes, names = pd.factorize(transactions[c.ACCOUNT])
    for code, name in enumerate(names):
        yield str(name), np.flatnonzero(codes == code)
