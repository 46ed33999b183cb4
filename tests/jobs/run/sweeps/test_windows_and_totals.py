"""Which creation times a pull sweeps, and where totals lead it; pure."""

import asyncio
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta

import pytest

from jobs.run.sweeps.totals import LEAF, differing
from jobs.run.sweeps.windows import DAY, holes, turn
from recon.model import Window
from recon.store.versions.save import PulledWindow

START = datetime(2026, 3, 1, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)


def days(first: float, last: float) -> Window:
    return Window(START + first * DAY, START + last * DAY)


def sweep(window: Window, at: float, total: int = 1, stored: int = 1) -> PulledWindow:
    return PulledWindow("charge", window, total, stored, START + at * DAY)


def test_what_no_sweep_read_whole_is_a_hole() -> None:
    assert holes([], days(0, 9)) == (days(0, 9),)
    assert holes([sweep(days(1, 3), 9), sweep(days(2, 5), 9)], days(0, 9)) == (days(0, 1), days(5, 9))
    assert holes([sweep(days(-9, 20), 9)], days(0, 9)) == ()


def test_a_sweep_that_did_not_come_out_is_a_hole_until_a_later_one_does() -> None:
    whole = sweep(days(0, 9), 9)
    short = sweep(days(2, 4), 10, total=2)
    assert holes([whole, short], days(0, 9)) == (days(2, 4),)
    assert holes([whole, short, sweep(days(3, 5), 11)], days(0, 9)) == (days(2, 3),)
    assert holes([short, sweep(days(0, 9), 11)], days(0, 9)) == ()


@pytest.mark.parametrize(
    ("lookback", "every", "steady", "most"), [(35, 14, 2, 3), (35, 7, 5, 6), (20, 14, 1, 2), (9, 14, 0, 0)]
)
def test_each_day_has_its_turn_and_no_night_is_a_heavy_one(lookback: int, every: int, steady: int, most: int) -> None:
    """Nights that begin up to a minute sooner and later; the first one sweeps everything."""
    sweeps: list[PulledWindow] = []
    shares = []
    mark = START
    for night in range(80):
        until = START + (lookback + 1 + night) * DAY + timedelta(hours=1, seconds=night * 37 % 60)
        stretch = Window(START + night * DAY, until)
        again = turn(sweeps, stretch, until, every * DAY) if sweeps else (stretch,)
        shares.append(sum((window.end - window.start) / DAY for window in again))
        fresh = Window(mark - HOUR, until)
        sweeps += [PulledWindow("charge", window, 1, 1, until) for window in (*again, fresh)]
        assert holes(sweeps, stretch) == ()
        mark = until
    assert max(shares[1:]) <= most
    assert sum(shares[-20:]) / 20 == steady


def test_one_day_is_swept_again_once_in_its_time() -> None:
    sweeps = [sweep(days(number, number + 1), number + 1) for number in range(36)]
    again = turn(sweeps, days(0, 36), START + 36 * DAY, 14 * DAY)
    assert again == (days(0, 3),)
    assert turn([*sweeps, sweep(days(0, 36), 36)], days(0, 36), START + 36 * DAY, 14 * DAY) == ()


class List:
    """A list with an object in every so manieth second of a day, of which the store lacks some and has others."""

    def __init__(self, every_s: int, lost: tuple[int, ...] = (), vanished: tuple[int, ...] = ()) -> None:
        seconds = range(0, int(DAY.total_seconds()), every_s)
        self.omise = sorted({*seconds}.difference(vanished))
        self.store = sorted({*seconds}.difference(lost))
        self.known = {*range(-60, 90_000, every_s)}.difference(lost)
        self.asked = 0

    async def total(self, window: Window) -> int:
        self.asked += 1
        start, end = (moment.total_seconds() for moment in (window.start - START, window.end - START))
        return bisect_left(self.omise, end) - bisect_right(self.omise, start)

    async def stored(self, window: Window) -> tuple[int, int]:
        start, end = (moment.total_seconds() for moment in (window.start - START, window.end - START))
        return (
            bisect_left(self.store, end) - bisect_right(self.store, start),
            bisect_right(self.store, end) - bisect_left(self.store, start),
        )

    async def quiet_second(self, moment: datetime) -> datetime | None:
        seconds = (moment.replace(microsecond=0) + timedelta(seconds=number) for number in range(1, 60))
        return next((at for at in seconds if int((at - START).total_seconds()) not in self.known), None)


def test_totals_that_agree_take_one_request() -> None:
    listed = List(10)
    assert asyncio.run(differing(listed, days(0, 1))) == []
    assert listed.asked == 1


@pytest.mark.parametrize("change", ["lost", "vanished"])
def test_halving_finds_what_differs_and_not_much_beside_it(change: str) -> None:
    listed = List(2, **{change: (40_000, 40_002, 80_000)})
    found = asyncio.run(differing(listed, days(0, 1)))
    for second in (40_000, 40_002, 80_000):
        assert any(START + timedelta(seconds=second) in window for window in found)
    assert len(found) == 2
    assert sum((window.end - window.start).total_seconds() for window in found) / 2 <= 2 * LEAF
    assert listed.asked <= 17


def test_a_crowd_without_a_quiet_second_is_swept_as_it_is() -> None:
    whole = asyncio.run(differing(List(1, lost=(43_000, 43_001, 43_002)), days(0, 1)))
    assert whole == [days(0, 1)]


def test_what_came_and_what_went_in_one_stretch_is_left_to_the_turn() -> None:
    assert asyncio.run(differing(List(10, lost=(100,), vanished=(70_000,)), days(0, 1))) == []
