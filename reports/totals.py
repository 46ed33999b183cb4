"""Totals under the money columns of a table: a line for each currency, which are never added together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recon.arrays import Ints, Mask
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
    columns = {name: _numbers(frame[name]) for name in totals.summed}
    for at in sorted(range(len(kinds)), key=lambda at: [(word is None, word or "") for word in kinds[at]]):
        words = dict(zip(keys, kinds[at], strict=True))
        mine = slice(None) if len(kinds) == 1 else np.flatnonzero(kind_of == at)
        sums = {
            name: _sum(numbers[mine], known[mine], words[currencies[name]] or "", whole=name in totals.whole)
            for name, (numbers, known) in columns.items()
        }
        if any(total.amount is not None for total in sums.values()):
            yield TotalLine(words, sums)


def _numbers(amounts: pd.Series[int]) -> tuple[Ints, Mask]:
    """Minor units, and which of them are known."""
    cells: Any = amounts
    return cells.to_numpy(dtype=np.int64, na_value=0), cells.notna().to_numpy(dtype=bool)


def _sum(numbers: Ints, known: Mask, currency: str, *, whole: bool) -> Sum:
    own = numbers[known]
    if not len(own) or (whole and len(own) < len(numbers)):
        return Sum(None, 0, currency)
    return Sum(_exact(own), int(np.abs(own).max()), currency)


def exact_sum(amounts: pd.Series[int]) -> int:
    """The exact sum of minor units, those that are not known left out."""
    return _exact(np.asarray(amounts.dropna(), dtype=np.int64))


def _exact(numbers: Ints) -> int:
    """In Python's own numbers where the sum might not fit into 64 bits."""
    small = not len(numbers) or int(np.abs(numbers).max()) < 2**62 // len(numbers)
    return int(numbers.sum()) if small else sum(numbers.tolist())
