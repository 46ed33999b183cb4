"""Rows of one list of the API by creation time, found by bisection and kept encoded."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from recon.sandbox.forms import stamp
from recon.sandbox.server.objects import body
from recon.sandbox.worlds.facts import Charge, Event, Thing, changes

CACHE_ROWS = 50_000  # encoded rows kept per list: about 130 MB of charges at most
CLOCK = "@server-clock@"  # stands in encoded rows where the server's clock goes
_CLOCK = CLOCK.encode()


class ObjectList:
    """The rows of one kind of one account. Moments are epoch seconds; a row exists from its creation on."""

    def __init__(self, rows: Iterable[Thing]) -> None:
        self._rows: list[Thing] = list(rows)
        self._made = [row.created for row in self._rows]
        self._by_id = {row.id: row for row in self._rows}
        self._encoded: dict[str, tuple[int, int, bytes]] = {}

    def __iter__(self) -> Iterator[Thing]:
        return iter(self._rows)

    def span(self, low: int, high: int, now: int, *, through: bool) -> range:
        """Places of the rows made in low <= t < high (<= with `through`) and until now."""
        first = bisect_left(self._made, low)
        last = bisect_right(self._made, high) if through else bisect_left(self._made, high)
        return range(first, max(first, min(last, bisect_right(self._made, now))))

    def at(self, places: Sequence[int]) -> list[Thing]:
        """The rows at these places."""
        return [self._rows[place] for place in places]

    def find(self, id: str, now: int) -> Thing | None:
        """The row of an id, if it exists by now."""
        row = self._by_id.get(id)
        return row if row is not None and row.created <= now else None

    def put(self, row: Thing) -> None:
        """Add a row, or replace the one of its id."""
        if row.id in self._by_id:
            self.drop(row.id)
        place = bisect_right(self._made, row.created)
        self._rows.insert(place, row)
        self._made.insert(place, row.created)
        self._by_id[row.id] = row

    def drop(self, id: str) -> None:
        """Take a row out; KeyError where there is none."""
        row = self._by_id.pop(id)
        place = next(i for i in range(bisect_left(self._made, row.created), len(self._rows)) if self._rows[i] is row)
        del self._rows[place], self._made[place]
        self._encoded.pop(id, None)

    def encode(self, row: Thing, now: int) -> bytes:
        """The row's JSON at a moment, its clock set to that moment."""
        cached = self._encoded.get(row.id)
        if cached is None or not cached[0] <= now < cached[1]:
            since, until = _steady(row, now)
            cached = (since, until, encode(row, now, CLOCK))
            if len(self._encoded) < CACHE_ROWS or row.id in self._encoded:
                self._encoded[row.id] = cached
        return cached[2].replace(_CLOCK, stamp(now).encode())


def encode(row: Thing, now: int, clock: str = "") -> bytes:
    """A row's JSON at a moment; an event's inner clocks are frozen with it."""
    return msgspec.json.encode(body(row, now, "" if isinstance(row, Event) else clock))


def _steady(row: Thing, now: int) -> tuple[int, int]:
    """The span around now in which the row's JSON stays the same, but for the clock."""
    moments = sorted(_all_changes(row))
    place = bisect_right(moments, now)
    since = moments[place - 1] if place else row.created
    return since, moments[place] if place < len(moments) else now + 2**40


def _all_changes(row: Thing) -> Iterator[int]:
    yield from changes(row)
    if isinstance(row, Charge):
        yield from row.ability_changes()
