"""Decides what of a stretch a pull sweeps: what no complete sweep covers, and by turns what one did long ago."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import pairwise
from math import ceil

from recon.calendars import joined, within
from recon.model import Window
from recon.store.versions.save import PulledWindow

DAY = timedelta(days=1)
LATE = timedelta(hours=6)  # by which a night may come after its time
OLDER = timedelta(hours=3)


def holes(sweeps: Sequence[PulledWindow], stretch: Window) -> tuple[Window, ...]:
    """What of a stretch the last sweep did not read as whole as Omise's list was, or none did."""
    return joined(
        window for window, last in _last_sweeps(sweeps, stretch) if last is None or last.total != last.stored
    )


def turn(sweeps: Sequence[PulledWindow], stretch: Window, now: datetime, every: timedelta) -> tuple[Window, ...]:
    """The days of a stretch to sweep again tonight, so that each is swept once in `every` as long as it is in it.

    They are spread over the nights until then, and never more than their even share. A stretch moves on by a day each
    night: what leaves it before its time has come is not swept again.
    """
    pieces: dict[int, list[tuple[datetime, timedelta]]] = {}  # by days before the end
    for window, last in _last_sweeps(sweeps, stretch):
        first = (stretch.end - window.end) // DAY
        for number in range(first, ceil((stretch.end - window.start) / DAY)):
            part = within([window], [_day(stretch, number)])[0]
            pieces.setdefault(number, []).append((now if last is None else last.pulled_at, part.end - part.start))
    swept_at = {number: _swept_at(pieces[number]) for number in range((stretch.end - stretch.start) // DAY)}
    nights_left = {
        number: max(0, (at + every + LATE - now) // DAY) + 1 for number, at in swept_at.items() if now - at > DAY / 2
    }
    last_number = len(swept_at) - 1
    waiting = sorted(
        (nights, -number) for number, nights in nights_left.items() if nights <= last_number - number + 1
    )
    shares = (ceil(place / nights) for place, (nights, _) in enumerate(waiting, 1))
    share = min(max(shares, default=0), ceil(len(swept_at) * DAY / every))
    return joined(_day(stretch, -number) for _, number in waiting[:share])


def _day(stretch: Window, number: int) -> Window:
    end = stretch.end - number * DAY
    return Window(end - DAY, end)


def _swept_at(pieces: Sequence[tuple[datetime, timedelta]]) -> datetime:
    """When the last sweep read all of a day but `OLDER` of it: nights begin seconds sooner and later."""
    older = timedelta(0)
    for at, length in sorted(pieces):
        older += length
        if older > OLDER:
            return at
    return max(at for at, _ in pieces)


def _last_sweeps(sweeps: Sequence[PulledWindow], stretch: Window) -> Iterator[tuple[Window, PulledWindow | None]]:
    """The pieces of a stretch in order, each with the last sweep that read it; null: none did."""
    inside = sorted(
        (sweep for sweep in sweeps if sweep.window.start < stretch.end and stretch.start < sweep.window.end),
        key=lambda sweep: sweep.window.start,
    )
    starts = [sweep.window.start for sweep in inside]
    ends = (moment for sweep in inside for moment in (sweep.window.start, sweep.window.end))
    edges = sorted({stretch.start, stretch.end, *(moment for moment in ends if moment in stretch)})
    latest: list[tuple[float, int]] = []
    begun = 0
    for start, end in pairwise(edges):
        while begun < len(inside) and starts[begun] <= start:
            heappush(latest, (-inside[begun].pulled_at.timestamp(), begun))
            begun += 1
        while latest and inside[latest[0][1]].window.end <= start:
            heappop(latest)
        yield Window(start, end), inside[latest[0][1]] if latest else None
