"""Rebuilds what each transfer paid out: credits as they become available, consumed by every debit in its turn.

Omise does not say which charges a transfer pays (facts, section 7.8). Credits lie end to end on a line in order of
`transferable_at`, then id; every debit covers the next stretch of it. A transfer cannot pay what was not available
when it left the balance: what it took beyond that stays unexplained, as where the days before the store began are
not known. A refund or a dispute may take from what becomes available later: then the balance is negative meanwhile.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from recon import columns as c
from recon import ledger_columns as lc
from recon.ledger import Ledger, kind_words, places
from recon.model import Books

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Line:
    """One account's credits and debits: places in the books' transactions, and what of the credits each debit took.

    `ends` are the running sums of the credits. Debit j took the stretch from `start[j]` to `stop[j]` of that line.
    """

    credits: Ints
    ends: Ints
    debits: Ints
    transfers: Ints  # per debit: the place of its transfer in the books' transfers, or -1
    start: Ints
    stop: Ints


def line_up(books: Books, ledger: Ledger, rows: Ints) -> Line:
    """The line of one account, whose transactions stand at `rows`."""
    own = _own_debits(ledger)
    transfer_of = own[rows]
    signed = ledger.signed[rows]
    made = _micros(books.transactions[c.CREATED_AT])[rows]
    available = available_at(books.transactions)[rows]
    ids = books.transactions[c.TRANSACTION_ID].iloc[rows]
    incoming, outgoing = np.flatnonzero(signed > 0), np.flatnonzero(signed < 0)
    incoming = incoming[_by(available[incoming], ids.iloc[incoming])]
    ends = np.cumsum(signed[incoming], dtype=np.int64)

    is_transfer = transfer_of[outgoing] >= 0
    # Omise fixes a transfer's sum when it is created and debits it when it is sent.
    asked = np.where(
        is_transfer, _created(books)[transfer_of[outgoing]] if len(books.transfers) else 0, made[outgoing]
    )
    order = _by(asked * 2 + is_transfer, ids.iloc[outgoing])
    outgoing, is_transfer = outgoing[order], is_transfer[order]
    known = np.concatenate([[0], ends])
    limits = known[np.searchsorted(available[incoming], made[outgoing], side="right")]
    start, stop = _consume(-signed[outgoing], limits, is_transfer)
    return Line(rows[incoming], ends, rows[outgoing], transfer_of[outgoing], start, stop)


def _consume(amounts: Ints, limits: Ints, is_transfer: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Where each debit begins and ends on the line; a transfer not beyond its limit."""
    position, starts, stops = 0, [], []
    for amount, limit, bounded in zip(amounts.tolist(), limits.tolist(), is_transfer.tolist(), strict=True):
        starts.append(position)
        position = min(position + amount, max(position, limit)) if bounded else position + amount
        stops.append(position)
    return np.array(starts, dtype=np.int64), np.array(stops, dtype=np.int64)


def parts(books: Books, ledger: Ledger, line: Line) -> pd.DataFrame:
    """What each transfer of a line took, credit by credit (shaped PARTS), in the order in which it took it."""
    mine = np.flatnonzero(line.transfers >= 0)
    starts, stops = line.start[mine], line.stop[mine]
    first = np.searchsorted(line.ends, starts, side="right")
    last = np.searchsorted(line.ends, stops, side="left")
    counts = np.where(stops > starts, np.minimum(last, len(line.ends) - 1) - first + 1, 0)
    which = np.repeat(np.arange(len(mine)), counts)
    steps = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    at = first[which] + steps
    sizes = np.diff(line.ends, prepend=0)
    low = np.maximum(starts[which], line.ends[at] - sizes[at])
    high = np.minimum(stops[which], line.ends[at])
    rows = line.credits[at]
    offset = line.ends[at] - sizes[at]
    money = _shares(books, ledger, rows, sizes[at], low - offset, high - offset)
    transfers = books.transfers[c.TRANSFER_ID].iloc[line.transfers[mine[which]]]
    return _frame(lc.PARTS, books, rows, {
        c.TRANSFER_ID: transfers, lc.KIND: kind_words(ledger.kinds[rows]),
        c.CHARGE_ID: _charges(books, ledger, rows), c.AMOUNT: pd.Series(high - low, dtype=c.MINOR), **money,
    })  # fmt: skip


def unpaid(books: Books, ledger: Ledger, line: Line, before: int | None) -> pd.DataFrame:
    """Credits of a line that nothing has taken, or not the whole of (shaped UNPAID).

    `before` is what the balance held beyond the stored credits, where a reading says so: all that the debits came to
    beyond that has been taken, be it explained or not.
    """
    reached = int(line.stop[-1]) if len(line.stop) else 0
    if before is not None:
        reached = max(reached, -int(ledger.signed[line.debits].sum()) - max(before, 0))
    at = np.arange(int(np.searchsorted(line.ends, reached, side="right")), len(line.ends))
    sizes = np.diff(line.ends, prepend=0)
    left = np.minimum(sizes[at], line.ends[at] - reached)
    rows = line.credits[at]
    return _frame(lc.UNPAID, books, rows, {
        lc.KIND: kind_words(ledger.kinds[rows]), c.CHARGE_ID: _charges(books, ledger, rows),
        c.AMOUNT: pd.Series(left, dtype=c.MINOR),
    })  # fmt: skip


def payouts(books: Books, ledger: Ledger, found: pd.DataFrame) -> pd.DataFrame:
    """Every transfer that left the balance (shaped PAYOUTS), by account and creation, from all parts of all lines."""
    left = np.flatnonzero(((ledger.transfer_at >= 0) | books.transfers[c.SENT]).to_numpy(dtype=bool))
    frame = books.transfers.iloc[left].reset_index(drop=True)
    at = places(frame[c.TRANSFER_ID], found[c.TRANSFER_ID])

    def total(name: str) -> Ints:
        result = np.zeros(len(frame), dtype=np.int64)
        np.add.at(result, at, found[name].to_numpy(dtype=np.int64))
        return result

    explained, gross = total(c.AMOUNT), total(lc.GROSS)
    fee, vat, interest = total(c.FEE), total(c.FEE_VAT), total(c.INTEREST)
    made = {
        lc.EXPLAINED: explained,
        lc.UNEXPLAINED: frame[c.AMOUNT].to_numpy(dtype=np.int64) - explained,
        lc.ROWS: np.bincount(at, minlength=len(frame)).astype(np.int64),
        lc.GROSS: gross, c.FEE: fee, c.FEE_VAT: vat, c.INTEREST: interest,
        lc.OTHER: explained - (gross - fee - vat - interest),
    }  # fmt: skip
    return lc.PAYOUTS.check(frame.assign(**made)[lc.PAYOUTS.names])


def available_at(transactions: pd.DataFrame) -> Ints:
    """From when each can be paid out (microseconds since the epoch): `transferable_at`, not before its creation."""
    free = transactions[c.TRANSFERABLE_AT].fillna(transactions[c.CREATED_AT])
    return np.maximum(_micros(free), _micros(transactions[c.CREATED_AT]))


def _own_debits(ledger: Ledger) -> Ints:
    """Per transaction the transfer that it debits: named by the transfer, or naming it as its origin; else -1."""
    result = np.where(ledger.kinds == "transfer", ledger.origin_at, -1)
    named = np.flatnonzero(ledger.transfer_at >= 0)
    result[ledger.transfer_at[named]] = named
    return np.where(ledger.signed < 0, result, -1)


def _shares(
    books: Books, ledger: Ledger, rows: Ints, sizes: Ints, low: Ints, high: Ints
) -> dict[str, "pd.Series[int]"]:
    """Of each credit's charge the fee, VAT and interest that fall to a stretch of it, and the gross above them.

    Rounded so that the stretches of one charge come to the whole; gross less the rest is the stretch itself.
    """
    at = np.where(ledger.kinds[rows] == "charge", ledger.origin_at[rows], -1)
    here = at >= 0
    size = np.maximum(sizes, 1)
    result: dict[str, pd.Series[int]] = {}
    gross = np.where(here, high - low, 0)
    for name, of in ((c.FEE, (c.FEE,)), (c.FEE_VAT, (c.FEE_VAT,)), (c.INTEREST, (c.INTEREST, c.INTEREST_VAT))):
        whole = sum(books.charges[one].to_numpy(dtype=np.int64)[at] for one in of) if len(books.charges) else at
        whole = np.where(here, whole, 0)
        share = whole * high // size - whole * low // size
        gross = gross + share
        result[name] = pd.Series(share, dtype=c.MINOR)
    result[lc.GROSS] = pd.Series(gross, dtype=c.MINOR)
    return result


def _charges(books: Books, ledger: Ledger, rows: Ints) -> "pd.Series[str]":
    origins = books.transactions[c.ORIGIN].iloc[rows].reset_index(drop=True)
    return origins.where(pd.Series(ledger.kinds[rows] == "charge", dtype=bool))


def _frame(shape: c.Frame, books: Books, rows: Ints, made: dict[str, "pd.Series[Any]"]) -> pd.DataFrame:
    """The transactions at these places with further columns, as a shape."""
    chosen = books.transactions[[name for name in shape.names if name in books.transactions and name not in made]]
    chosen = chosen.iloc[rows]
    free = pd.Series(available_at(books.transactions)[rows], dtype="datetime64[us]").dt.tz_localize("UTC")
    given = {lc.AVAILABLE_AT: free, **made}
    series = {name: given.get(name, chosen.get(name)) for name in shape.names}
    frame = pd.DataFrame({name: one.reset_index(drop=True) for name, one in series.items() if one is not None})
    return shape.check(frame)


def _created(books: Books) -> Ints:
    return _micros(books.transfers[c.CREATED_AT])


def _by(moments: Ints, ids: "pd.Series[str]") -> Ints:
    """The order by moment, then by id."""
    table = pa.table({"at": moments, "id": pa.array(ids)})
    return np.asarray(pc.sort_indices(table, sort_keys=[("at", "ascending"), ("id", "ascending")]), dtype=np.int64)


def _micros(moments: "pd.Series[Any]") -> Ints:
    return np.asarray(moments.astype("int64"), dtype=np.int64)


def accounts(transactions: pd.DataFrame) -> Iterator[tuple[str, Ints]]:
    """Each account with the places of its transactions."""
    codes, names = pd.factorize(transactions[c.ACCOUNT])
    for code, name in enumerate(names):
        yield str(name), np.flatnonzero(codes == code)
