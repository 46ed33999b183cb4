"""Rebuilds what each transfer paid out: credits as they become available, consumed by every debit in its turn.

Omise does not say which charges a transfer pays (facts, section 7.8). Credits wait in a queue, in order of
`transferable_at`, then id; every debit takes the next stretch of it. A transfer cannot pay what was not available
when it left the balance: what it took beyond that stays unexplained, as where the days before the store began are
not known. A refund or a dispute may take from what becomes available later: then the balance is negative meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from recon import columns as c
from recon.arrays import Ints
from recon.columnar import np, npt, pa, pc, pd
from recon.model import QUARTER, Books, LedgerHistory
from recon.settlement.fifo import available_at
from recon.settlement.ledger import Ledger, kind_words, places


@dataclass(frozen=True)
class Credits:
    """An account's credits of those quarter hours that are whole: whose every credit is in the books.

    `rows` are their places in the books' transactions, in the queue's order; `ends` is where each ends in the queue.
    """

    rows: Ints
    ends: Ints
    whole: npt.NDArray[np.bool_]  # per quarter hour of the history


def credits(books: Books, ledger: Ledger, history: LedgerHistory, rows: Ints) -> Credits:
    """The credits among an account's transactions, which stand at `rows`."""
    rows = rows[ledger.signed[rows] > 0]
    free = available_at(books.transactions)[rows]
    ids = books.transactions[c.TRANSACTION_ID].iloc[rows]
    quarters = free // QUARTER * QUARTER
    at = np.searchsorted(history.available_quarters, quarters)
    assert np.array_equal(np.append(history.available_quarters, -1)[at], quarters), (
        "credits that their history does not know"
    )
    whole = c.sums_at(at, len(history.available), ledger.signed[rows]) == history.available
    kept = np.flatnonzero(whole[at])
    kept = kept[_by(free[kept], ids.iloc[kept])]
    not_in_books = np.cumsum(np.where(whole, 0, history.available))[at[kept]]  # what waits before them
    ends = np.cumsum(ledger.signed[rows[kept]], dtype=np.int64) + not_in_books
    return Credits(rows[kept], ends, whole)


def parts(books: Books, ledger: Ledger, history: LedgerHistory, credits: Credits) -> pd.DataFrame:
    """What the transfers of an account took, credit by credit (shaped PARTS), in the order in which they took it.

    A transfer that took a credit which is not in the books has no parts.
    """
    mine = _whole(history, credits)
    starts = history.paid_from[mine]
    stops = history.paid_to[mine]
    first = np.searchsorted(credits.ends, starts, side="right")
    counts = np.searchsorted(credits.ends, stops, side="left") - first + 1
    which = np.repeat(np.arange(len(mine)), counts)
    steps = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    at = first[which] + steps
    rows = credits.rows[at]
    ends = credits.ends[at]
    sizes = ledger.signed[rows]
    offset = ends - sizes
    low = np.maximum(starts[which], offset)
    high = np.minimum(stops[which], ends)
    money = _shares(books, ledger, rows, sizes, low - offset, high - offset)
    transfers = c.typed(history.transfers, c.TEXT).array.take(mine[which])
    return _frame(
        c.PARTS,
        books,
        rows,
        {
            c.TRANSFER_ID: transfers,
            c.KIND: kind_words(ledger.kinds[rows]),
            c.CHARGE_ID: _charges(books, ledger, rows),
            c.AMOUNT: high - low,
            **money,
        },
    )


def _whole(history: LedgerHistory, credits: Credits) -> Ints:
    """The transfers' debits that took something, and nothing but credits that are in the books."""
    first, last = history.quarters(history.paid_from, history.paid_to)
    missing = np.concatenate([[0], np.cumsum(~credits.whole)])
    return np.flatnonzero((last >= first) & (missing[last + 1] == missing[first]))


def unpaid(
    books: Books, ledger: Ledger, history: LedgerHistory, credits: Credits, before: int | None
) -> pd.DataFrame:
    """Credits that nothing took, or not the whole of (shaped UNPAID); `before`: as LedgerHistory.paid_out has it."""
    taken = history.paid_out(before)
    assert np.all(credits.whole[np.searchsorted(history.ends, taken, side="right") :]), (
        "credits not paid out are missing"
    )
    at = np.arange(int(np.searchsorted(credits.ends, taken, side="right")), len(credits.ends))
    rows = credits.rows[at]
    left = np.minimum(ledger.signed[rows], credits.ends[at] - taken)
    return _frame(
        c.UNPAID,
        books,
        rows,
        {
            c.KIND: kind_words(ledger.kinds[rows]),
            c.CHARGE_ID: _charges(books, ledger, rows),
            c.AMOUNT: left,
        },
    )


def payouts(
    books: Books, ledger: Ledger, histories: Iterable[LedgerHistory], all_parts: pd.DataFrame
) -> pd.DataFrame:
    """Every transfer that left the balance (shaped PAYOUTS), by account and creation.

    What is explained comes of the histories, how many and which charges of the parts of all of them.
    """
    transfers = books.transfers
    left = np.flatnonzero((ledger.transfer_at >= 0) | transfers[c.SENT].to_numpy(dtype=bool))
    ids = transfers[c.TRANSFER_ID].iloc[left]
    at = places(ids, all_parts[c.TRANSFER_ID])
    names = (c.GROSS, c.FEE, c.FEE_VAT, c.INTEREST)
    sums = {name: c.sums_at(at, len(left), all_parts[name].to_numpy(dtype=np.int64)) for name in names}
    explained = _explained(ids, histories)
    made = {
        c.EXPLAINED: explained,
        c.UNEXPLAINED: transfers[c.AMOUNT].to_numpy(dtype=np.int64)[left] - explained,
        c.ROWS: np.bincount(at, minlength=len(left)).astype(np.int64),
        **sums,
        c.OTHER: explained - (sums[c.GROSS] - sums[c.FEE] - sums[c.FEE_VAT] - sums[c.INTEREST]),
    }
    return _taken(c.PAYOUTS, transfers, left, made)


def _explained(transfers: pd.Series[str], histories: Iterable[LedgerHistory]) -> Ints:
    """Per transfer what its debits took."""
    result = np.zeros(len(transfers), dtype=np.int64)
    for history in histories:
        at = places(transfers, pd.Series(history.transfers, dtype=c.TEXT))
        np.add.at(result, at[at >= 0], (history.paid_to - history.paid_from)[at >= 0])
    return result


def _shares(books: Books, ledger: Ledger, rows: Ints, sizes: Ints, low: Ints, high: Ints) -> dict[str, Ints]:
    """Of each credit's charge the fee, VAT and interest that fall to a stretch of it, and the gross above them.

    Rounded so that the stretches of one charge come to the whole; gross less the rest is the stretch itself.
    """
    at = np.where(ledger.kinds[rows] == "charge", ledger.origin_at[rows], -1)
    is_charge = at >= 0
    size = np.maximum(sizes, 1)
    result: dict[str, Ints] = {}
    gross = np.where(is_charge, high - low, 0)
    costs = ((c.FEE, (c.FEE,)), (c.FEE_VAT, (c.FEE_VAT,)), (c.INTEREST, (c.INTEREST, c.INTEREST_VAT)))
    for name, parts_of_cost in costs:
        whole = np.zeros(len(rows), dtype=np.int64)
        for part in parts_of_cost:
            whole[is_charge] += books.charges[part].to_numpy(dtype=np.int64)[at[is_charge]]
        share = c.portion(whole, high, size) - c.portion(whole, low, size)
        gross = gross + share
        result[name] = share
    result[c.GROSS] = gross
    return result


def _charges(books: Books, ledger: Ledger, rows: Ints) -> Any:
    origins = books.transactions[c.ORIGIN].array.take(rows)
    origins[np.asarray(ledger.kinds[rows] != "charge")] = None
    return origins


def _frame(shape: c.Frame, books: Books, rows: Ints, made: Mapping[str, Any]) -> pd.DataFrame:
    """The transactions at these places with further columns, as a shape."""
    free = c.moments_of(available_at(books.transactions)[rows])
    return _taken(shape, books.transactions, rows, {c.AVAILABLE_AT: free, **made})


def _taken(shape: c.Frame, frame: pd.DataFrame, rows: Ints, made: Mapping[str, Any]) -> pd.DataFrame:
    """A frame's rows at these places with further columns, as a shape; of a few rows pandas' ways are most of it."""
    return shape.check(
        shape.named({name: made[name] if name in made else frame[name].array.take(rows) for name in shape.names})
    )


def _by(moments: Ints, ids: pd.Series[str]) -> Ints:
    """The order by moment, then by id."""
    table = pa.table({"at": moments, "id": pa.array(ids)})
    return np.asarray(pc.sort_indices(table, sort_keys=[("at", "ascending"), ("id", "ascending")]), dtype=np.int64)
