"""One account's whole ledger in few numbers: its sums by quarter hour, and what each transfer took."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from recon.arrays import Ints

QUARTER = 15 * 60 * 1_000_000  # microseconds: every zone's midnight is a whole quarter hour in UTC


def _none() -> Ints:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class LedgerLine:
    """Money is minor units; a quarter hour is its first microsecond since the epoch (UTC). Without arguments: empty.

    Credits lie end to end in order of the moment from which they can be paid out, then id: `free` sums them by the
    quarter hours of that. Debits cover this line in their turn: a transfer's from `start` to `stop`, all together
    up to `reached`. `credits` and `debits` (positive) are the sums by the quarter hours in which they were made.
    """

    free_at: Ints = field(default_factory=_none)
    free: Ints = field(default_factory=_none)
    made_at: Ints = field(default_factory=_none)
    credits: Ints = field(default_factory=_none)
    debits: Ints = field(default_factory=_none)
    transfers: tuple[str, ...] = ()  # per debit of a transfer its id, in their turn
    start: Ints = field(default_factory=_none)
    stop: Ints = field(default_factory=_none)
    reached: int = 0
    hold: int = 0  # the longest time, in microseconds, from the quarter hour of a credit's creation to that of `free`

    @cached_property
    def ends(self) -> Ints:
        """Where the credits of each quarter hour of `free_at` end on the line."""
        return np.cumsum(self.free, dtype=np.int64)

    def quarters(self, start: Ints, stop: Ints) -> tuple[Ints, Ints]:
        """The places of the first and the last quarter hour that each stretch touches; of none, last < first."""
        first = np.searchsorted(self.ends, start, side="right")
        last = np.minimum(np.searchsorted(self.ends, stop, side="left"), len(self.ends) - 1)
        return first, np.where(stop > start, last, first - 1)

    def taken(self, before: int | None) -> int:
        """Up to where the credits are paid out.

        `before` is what the balance held beyond the stored transactions, where a reading says so: all that the debits
        came to beyond that has been taken, be it explained or not.
        """
        return self.reached if before is None else max(self.reached, int(self.debits.sum()) - max(before, 0))

    def made_before(self, moments: Ints) -> tuple[Ints, Ints]:
        """Sums of the credits and of the debits made before each moment, which is a whole quarter hour."""
        assert not np.any(moments % QUARTER), "a local midnight inside a quarter hour"
        at = np.searchsorted(self.made_at, moments)
        return _running(self.credits)[at], _running(self.debits)[at]


def _running(sums: Ints) -> Ints:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sums, dtype=np.int64)])
