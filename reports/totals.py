"""Totals under the money columns of a table: a line for each currency, which are never added together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from recon.columnar import np, pd
from recon.columns import distinct_rows


@dataclass(frozen=True, slots=True)
class Totals:
    """Which money columns of a table have a total, and what sets its lines apart besides their currencies.

    `whole`: those that have one only where every row has an amount, since it stands beside another column's.
    """

    summed: tuple[str, ...]
    apart: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sum:
    """What a column comes to, in minor units, and the largest amount in it; null where it has none."""

    amount: int | None
    largest: int
    currency: str


@dataclass(frozen=True, slots=True)
class TotalLine:
    """One line: what all its rows say, by column (null: nothing), and its sums."""

    keys: Mapping[str, str | None]
    sums: Mapping[str, Sum]


def total_lines(
    frame: pd.DataFrame, totals: Totals | None, currencies: Mapping[str, str], apart: Sequence[str] = ()
) -> tuple[TotalLine, ...]:
    """The totals of a table's rows; `currencies` has for each money column the one that names its currency."""
    if totals is None or frame.empty:
        return ()
    keys = list(dict.fromkeys([*apart, *totals.apart, *(currencies[name] for name in totals.summed)]))
    return tuple(_lines(frame, totals, currencies, keys))


def _lines(
    frame: pd.DataFrame, totals: Totals, currencies: Mapping[str, str], keys: list[str]
) -> Iterator[TotalLine]:
    kinds, kind_of = distinct_rows(frame, keys)
    for at in sorted(range(len(kinds)), key=lambda at: [(word is None, word or "") for word in kinds[at]]):
        words = dict(zip(keys, kinds[at], strict=True))
        mine = slice(None) if len(kinds) == 1 else np.flatnonzero(kind_of == at)
        sums = {
            name: _sum(frame[name].iloc[mine], words[currencies[name]] or "", whole=name in totals.whole)
            for name in totals.summed
        }
        if any(total.amount is not None for total in sums.values()):
            yield TotalLine(words, sums)


def _sum(amounts: pd.Series[int], currency: str, *, whole: bool) -> Sum:
    known = amounts.dropna()
    if whole and len(known) < len(amounts):
        return Sum(None, 0, currency)
    return Sum(exact_sum(known) if len(known) else None, int(known.abs().max()) if len(known) else 0, currency)


def exact_sum(amounts: pd.Series[int]) -> int:
    """The exact sum of minor units; in Python's own numbers where it might not fit into 64 bits."""
    numbers = amounts.dropna().to_numpy(dtype="int64")
    small = not len(numbers) or int(np.abs(numbers).max()) < 2**62 // len(numbers)
    return int(numbers.sum()) if small else sum(numbers.tolist())
