"""Stretches of time against each other: what of some lies inside others, and what outside."""

from collections.abc import Iterable

from recon.calendars import joined
from recon.model import Window


def within(windows: Iterable[Window], others: Iterable[Window]) -> tuple[Window, ...]:
    """What of the windows lies in one of the others, in order."""
    ours, theirs = joined(list(windows)), joined(list(others))
    found = [Window(max(a.start, b.start), min(a.end, b.end)) for a in ours for b in theirs]
    return tuple(one for one in found if one.start < one.end)


def outside(windows: Iterable[Window], others: Iterable[Window]) -> tuple[Window, ...]:
    """What of the windows lies in none of the others, in order."""
    theirs = joined(list(others))
    found: list[Window] = []
    for one in joined(list(windows)):
        start = one.start
        for other in theirs:
            if other.end <= start or other.start >= one.end:
                continue
            if other.start > start:
                found.append(Window(start, other.start))
            start = max(start, other.end)
        if start < one.end:
            found.append(Window(start, one.end))
    return tuple(found)
