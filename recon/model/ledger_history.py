"""One account's whole ledger in few numbers: its sums by quarter hour, and what each transfer took."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from recon.arrays import Ints
from recon.columnar import np

QUARTER = 15 * 60 * 1_000_000  # microseconds: every zone's midnight is a whole quarter hour in UTC


def _none() -> Ints:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class LedgerHistory:
    """Money is minor units; a quarter hour is its first microsecond since the epoch (UTC). Without arguments: empty.

    Credits wait in one queue, end to end, in order of the moment from which they can be paid out, then id:
    `available` sums them by the quarter hours of that. Debits take from the queue, first in, first out: a transfer's
    the stretch `paid_from` to `paid_to`, all together up to `consumed`. `credits` and `debits` (positive) are the
    sums by the quarter hours in which they were booked.
    """

    available_quarters: Ints = field(default_factory=_none)
    available: Ints = field(default_factory=_none)
    booked_quarters: Ints = field(default_factory=_none)
    credits: Ints = field(default_factory=_none)
    debits: Ints = field(default_factory=_none)
    transfers: tuple[str, ...] = ()  # per debit of a transfer its id, in the order in which they took
    paid_from: Ints = field(default_factory=_none)
    paid_to: Ints = field(default_factory=_none)
    consumed: int = 0
    longest_hold: int = 0  # microseconds from the quarter hour of a credit's booking to that of its availability

    @cached_property
    def ends(self) -> Ints:
        """Where the credits of each available quarter hour end in the queue."""
        return np.cumsum(self.available, dtype=np.int64)

    def quarters(self, start: Ints, stop: Ints) -> tuple[Ints, Ints]:
        """The places of the first and the last quarter hour that each stretch touches; of none, last < first."""
        first = np.searchsorted(self.ends, start, side="right")
        last = np.minimum(np.searchsorted(self.ends, stop, side="left"), len(self.ends) - 1)
        return first, np.where(stop > start, last, first - 1)

    def paid_out(self, before: int | None) -> int:
        """Up to where the credits are paid out.

        `before` is what the balance held beyond the stored transactions, where a reading says so: all that the debits
        came to beyond that has been taken, be it explained or not.
        """
        return self.consumed if before is None else max(self.consumed, int(self.debits.sum()) - before)

    def booked_before(self, moments: Ints) -> tuple[Ints, Ints]:
        """Sums of the credits and of the debits booked before each moment, which is a whole quarter hour."""
        assert not np.any(moments % QUARTER), "a local midnight inside a quarter hour"
        places = np.searchsorted(self.booked_quarters, moments)
        return _running(self.credits)[places], _running(self.debits)[places]


def _running(sums: Ints) -> Ints:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sums, dtype=np.int64)])
