"""Finds where a list is longer or shorter than what is stored of it, by its totals alone."""

from datetime import datetime, timedelta
from typing import Protocol

from recon.model import Window

LEAF = 300  # rows: a list this short is read in as many requests as halving it takes
_MINUTE = timedelta(minutes=1)
_SHORTEST = timedelta(minutes=2)


class ListCounts(Protocol):
    """What one list counts, at Omise and by the store."""

    async def total(self, window: Window) -> int:
        """Omise's total of a window: one request."""

    async def stored(self, window: Window) -> tuple[int, int]:
        """What the total should be by what is stored, at least and at most."""

    async def quiet_second(self, moment: datetime) -> datetime | None:
        """The first second from a moment on, within a minute, in which nothing is stored as created; null: none."""


async def differing(counts: ListCounts, stretch: Window) -> list[Window]:
    """The parts of a stretch whose totals differ, each short enough to be swept; none where the whole agrees.

    Parts are cut at seconds in which nothing was created: whether the ends of a list belong to it is not known.
    """
    start = await counts.quiet_second(stretch.start)
    end = await counts.quiet_second(stretch.end - _MINUTE)
    window = Window(start or stretch.start, end or stretch.end)
    return await _differing(counts, window, await counts.total(window)) if window.start < window.end else []


async def _differing(counts: ListCounts, window: Window, total: int) -> list[Window]:
    least, most = await counts.stored(window)
    if least <= total <= most:
        return []
    middle = await _middle(counts, window)
    if max(total, most) <= LEAF or middle is None:
        return [window]
    left = Window(window.start, middle)
    right = Window(middle, window.end)
    left_total = await counts.total(left)
    return [*await _differing(counts, left, left_total), *await _differing(counts, right, total - left_total)]


async def _middle(counts: ListCounts, window: Window) -> datetime | None:
    """Where to cut; null where a window is short or has no quiet second around its middle."""
    if window.end - window.start < _SHORTEST:
        return None
    middle = await counts.quiet_second(window.start + (window.end - window.start) / 2)
    return middle if middle is not None and middle < window.end else None
