"""What runs by itself, under a clock that is moved by hand: nights, catching up, extra jobs, the end."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from jobs.run.lock import this_process
from jobs.service.schedule import cron, last_fire, mistakes, next_fire
from recon.store.engine import Store, open_store
from recon.store.runs.attempts import Claim, begin
from tests.jobs.run.test_lock import gone
from tests.kit.night_runs import ZONES, Clock, Nights, at, config
from tests.kit.store_samples import fresh_url

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONDON = ZoneInfo("Europe/London")
ONE = {"th": "Asia/Bangkok"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(fresh_url("sqlite", tmp_path))
    yield store
    store.dispose()


def nights(store: Store, folder: Path, now: str, schedule: str = "", zones: Any = ONE, **options: Any) -> Nights:
    return Nights(
        store, config(folder, f"sqlite:///{store.url.database}", schedule, zones), Clock(at(now)), **options
    )


def days(first: date, count: int) -> list[date]:
    return [first + number * DAY for number in range(count)]


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("0", "sun"),
        ("7", "sun"),
        ("1-5", "mon,tue,wed,thu,fri"),
        ("5-7", "fri,sat,sun"),
        ("*/2", "sun,tue,thu,sat"),
        ("mon-fri", "mon-fri"),
        ("0,3", "sun,wed"),
        ("*", "*"),
    ],
)
def test_weekdays_are_those_of_cron(field: str, names: str) -> None:
    trigger = cron(f"0 2 * * {field}", LONDON)
    assert str(next(one for one in trigger.fields if one.name == "day_of_week")) == names


def test_a_time_that_does_not_exist_comes_an_hour_later_and_one_that_comes_twice_is_the_first() -> None:
    assert next_fire("30 1 * * *", LONDON, at("2026-03-29 00:00")) == at("2026-03-29 01:30")  # 02:30 on the clock
    assert next_fire("30 1 * * *", LONDON, at("2026-10-24 23:00")) == at("2026-10-25 00:30")


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
@pytest.mark.parametrize("line", ["30 1 * * *", "*/20 * * * *", "0 2 * * *"])
def test_the_last_time_is_the_one_that_a_walk_comes_to(line: str, day: str) -> None:
    """Every ten minutes around a change of clocks."""
    for minutes in range(0, 360, 10):
        now = at(f"{day} 00:00") - HOUR + timedelta(minutes=minutes)
        walked, fire = None, next_fire(line, LONDON, now - HOUR)
        while fire <= now:
            walked, fire = fire, next_fire(line, LONDON, fire + timedelta(minutes=1))
        assert last_fire(line, LONDON, now, HOUR) == walked


def test_what_cannot_be_scheduled_is_said(tmp_path: Path) -> None:
    jobs = ", ".join(f'{{ name = "a", cron = "{line}", command = "run" }}' for line in ("0 25 * * *", "0 2 31 2 *"))
    now = at("2026-03-02 12:00")
    found = mistakes(config(tmp_path, "sqlite:///x.db", f'nightly = "61 1 * * 9"\njobs = [{jobs}]'), now)
    assert [line.split(": ")[0] for line in found] == [
        "schedule.nightly",
        "schedule.jobs.0.cron",
        "schedule.jobs.1.cron",
        "schedule.jobs",
    ]
    assert found[0] == 'schedule.nightly: "61 1 * * 9" is not a time of cron: "9" names no day of the week'
    assert "never comes" in found[2]
    assert mistakes(config(tmp_path, "sqlite:///x.db", 'nightly = "0 2 * * 1-5"'), now) == ()


async def test_a_night_runs_once_however_often_its_timer_fires(store: Store, tmp_path: Path) -> None:
    one = nights(store, tmp_path, "2026-03-02 19:00")
    account = one.config.as_accounts()[0]
    await asyncio.gather(*(one.schedule.catch_up(account) for _ in range(3)))
    await one.catch_up()
    assert one.done() == [("th", date(2026, 3, 2))]
    assert [trigger for _, trigger in one.told.finished] == ["night 2026-03-02"]


async def test_missed_nights_are_caught_up_oldest_first_and_told_as_late(store: Store, tmp_path: Path) -> None:
    one = nights(store, tmp_path, "2026-03-02 19:00", "catch_up_days = 2")
    await one.hours(at("2026-03-02 19:00"), at("2026-03-02 20:00"))
    await one.hours(at("2026-03-07 19:00"), at("2026-03-07 20:00"))
    ran = [attempt.last_day for attempt in one.attempts()]
    assert ran == [date(2026, 3, 2), date(2026, 3, 5), date(2026, 3, 6), date(2026, 3, 7)]
    assert one.told.kinds() == {
        ("missed", "th", date(2026, 3, 3)),
        ("missed", "th", date(2026, 3, 4)),
        ("late", "th", date(2026, 3, 5)),
        ("late", "th", date(2026, 3, 6)),
    }


async def test_a_failing_night_is_told_tried_again_and_keeps_no_other_account_back(
    store: Store, tmp_path: Path
) -> None:
    def down(account: str, _day: date) -> str:
        return "no answer from Omise" if account == "th" and one.clock.now < at("2026-03-02 21:30") else ""

    one = nights(
        store, tmp_path, "2026-03-02 19:00", zones={"th": "Asia/Bangkok", "sg": "Asia/Singapore"}, trouble=down
    )
    await one.hours(at("2026-03-02 19:00"), at("2026-03-02 22:30"), timedelta(minutes=10))
    assert one.done() == [("sg", date(2026, 3, 2)), ("th", date(2026, 3, 2))]
    assert [words for _, words in one.told.failed] == ["no answer from Omise"] * 3  # hourly, not at every look
    assert one.told.beats == [("th", "sg")]  # only once nobody owed a night


async def test_a_night_that_judged_nothing_is_told_as_failed_with_its_days(store: Store, tmp_path: Path) -> None:
    one = nights(store, tmp_path, "2026-03-02 19:00", trouble=lambda *_: "incomplete")
    await one.catch_up()
    [(options, words)] = one.told.failed
    assert (options.accounts, options.first, options.last) == (("th",), date(2026, 3, 2), date(2026, 3, 2))
    assert words == "a list was short"
    assert (one.told.finished, one.told.beats) == ([], [])


async def test_telling_that_fails_stops_no_night(store: Store, tmp_path: Path) -> None:
    one = nights(store, tmp_path, "2026-03-02 19:00")

    async def broken(*_given: object) -> None:
        raise ConnectionError("no mail server")

    one.told.run_finished = broken  # type: ignore[assignment]
    await one.catch_up()
    assert one.done() == [("th", date(2026, 3, 2))]
    assert one.told.beats == [("th",)]


async def test_an_extra_job_runs_once_in_two_processes_and_once_in_the_hour_that_comes_twice(
    store: Store, tmp_path: Path
) -> None:
    line = 'jobs = [{ name = "pending", cron = "30 * * * *", command = "pull" }]'
    zones = {"uk": "Europe/London"}
    both = [nights(store, tmp_path, "2026-10-25 00:30", line, zones) for _ in range(2)]
    job = both[0].config.schedule.jobs[0]
    for now in ("2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 02:30", "2026-10-25 02:31"):
        for one in both:
            one.clock.now = at(now)
        await asyncio.gather(*(one.schedule.extra_job(job) for one in both))
    assert both[0].commands + both[1].commands == ["pull"] * 2


async def test_the_timers_and_that_they_begin_at_once(store: Store, tmp_path: Path) -> None:
    line = 'jobs = [{ name = "month", cron = "0 6 1 * *", command = "report" }]'
    one = nights(store, tmp_path, "2026-03-02 19:00", line, ZONES)
    one.schedule.start()
    timers = {timer.id: timer for timer in one.schedule.timers.get_jobs()}
    own = {f"{what} {name}" for what in ("night", "catch-up") for name in ZONES}
    assert set(timers) == {*own, "job month", "watchdog"}
    assert {name for name, _ in one.schedule.next_times()} == {"night th", "night uk", "night us", "job month"}
    assert all(timer.coalesce and timer.max_instances == 1 for timer in timers.values())
    assert {name: str(timers[f"night {name}"].trigger.timezone) for name in ZONES} == ZONES
    assert all(timer.misfire_grace_time is None for timer in timers.values())
    async with asyncio.timeout(10):
        while len(one.done()) < 3:
            await asyncio.sleep(0.01)
    assert await one.schedule.drain(10 * HOUR)
    await asyncio.sleep(0)
    assert not one.schedule.timers.running


async def test_the_end_waits_for_what_runs_and_begins_nothing(store: Store, tmp_path: Path) -> None:
    one = nights(store, tmp_path, "2026-03-02 19:00")
    await one.catch_up()
    one.clock.now, one.gate = at("2026-03-05 19:00"), asyncio.Event()
    one.begun.clear()
    one.schedule.start()
    await asyncio.wait_for(one.begun.wait(), 10)
    ending = asyncio.create_task(one.schedule.drain(HOUR))
    await asyncio.sleep(0.05)
    assert not ending.done()
    one.gate.set()
    assert await asyncio.wait_for(ending, 10)
    assert one.done() == [("th", day) for day in days(date(2026, 3, 2), 2)]


async def test_after_the_grace_what_runs_is_cut_and_is_due_again_at_once(store: Store, tmp_path: Path) -> None:
    one = nights(store, tmp_path, "2026-03-02 19:00", gate=asyncio.Event())
    one.schedule.start()
    await asyncio.wait_for(one.begun.wait(), 10)
    assert not await one.schedule.drain(timedelta(seconds=0.05))
    [cut] = one.attempts()
    assert cut.ended_at is None
    # The same process keeps its account until it is silent for minutes: its threads may still write.
    again = nights(store, tmp_path, "2026-03-02 19:02")
    await again.catch_up()
    assert again.done() == []
    again.clock.now += timedelta(minutes=5)
    await again.catch_up()
    assert again.done() == [("th", date(2026, 3, 2))]


def leave_dead(one: Nights, account: str, day: date, now: datetime) -> None:
    """What a process leaves that was killed in the middle of a night."""
    holder = this_process("scheduler")
    place = holder.process.split(" ")[0]
    claim = Claim(account, day, day, now, now, True)
    begun = begin(one.store, [claim], replace(holder, pid=gone(), process=f"{place} dead"), now, lambda _: False)
    assert begun.ids


THREE_WEEKS = (  # clocks change in London and New York
    pytest.param(date(2026, 10, 17), id="autumn"),
    pytest.param(date(2026, 3, 7), id="spring"),
)
NIGHTS, STEP = 22, 4 * HOUR


def ticks(first: date) -> list[datetime]:
    """When the schedulers look: every four hours, but for the second weekend, on which they are off."""
    start = at(f"{first + DAY} 12:00")
    every = [start + number * STEP for number in range((NIGHTS - 1) * 6 + 1)]
    return [tick for tick in every if not at(f"{first + 7 * DAY} 00:00") <= tick < at(f"{first + 9 * DAY} 09:00")]


def expected(first: date, trouble: Any) -> set[tuple[str, str, date]]:
    """What the watchdog must have said: a night is tried at every look from its hour on, until it is whole."""
    found = set()
    for name, zone in ZONES.items():
        for day in days(first, NIGHTS):
            due = datetime.combine(day + DAY, datetime.min.time(), ZoneInfo(zone)) + timedelta(hours=1, minutes=30)
            due = max(due.astimezone(UTC), at(f"{first + DAY} 12:00"))
            for number, tick in enumerate(tick for tick in ticks(first) if tick >= due):
                still = trouble(name, day, number, tick)
                if tick - due > 6 * HOUR:
                    found.add(("incomplete" if still else "late", name, day))
                if not still:
                    break
    return found


@pytest.mark.proof  # each of these alone stands above
@pytest.mark.parametrize("first", THREE_WEEKS)
async def test_three_weeks_of_nights(store: Store, tmp_path: Path, first: date) -> None:
    """Two schedulers, an outage, short lists, a weekend without anybody, a killed process: each night once, each hole
    said."""
    tries: Counter[tuple[str, date]] = Counter()
    outage = (at(f"{first + 5 * DAY} 00:00"), at(f"{first + 5 * DAY} 15:00"))
    clock = Clock(at(f"{first} 00:00"))

    def wrong(account: str, day: date, number: int, now: datetime) -> str:
        if outage[0] <= now < outage[1]:
            return "no answer from Omise"
        return "incomplete" if (account, day) == ("uk", first + 11 * DAY) and number < 3 else ""

    def trouble(account: str, day: date) -> str:
        tries[account, day] += 1
        return wrong(account, day, tries[account, day] - 1, clock.now)

    made = config(tmp_path, f"sqlite:///{store.url.database}")
    both = [Nights(store, made, clock, trouble) for _ in range(2)]
    killed = at(f"{first + 17 * DAY} 08:00")
    for clock.now in ticks(first):
        if clock.now == killed:
            leave_dead(both[0], "us", first + 16 * DAY, clock.now)
        await asyncio.gather(*(one.catch_up() for one in both))
        await both[0].schedule.watch()

    assert both[0].done() == sorted((name, day) for name in ZONES for day in days(first, NIGHTS))
    died = [(one.account, one.last_day) for one in both[0].attempts() if one.ending == "died"]
    assert died == [("us", first + 16 * DAY)]
    wanted = expected(first, wrong)
    assert both[0].told.kinds() == wanted
    assert {day for kind, _, day in wanted if kind == "late"} >= {first + 7 * DAY, first + 8 * DAY, first + 11 * DAY}
    finished = [trigger for one in both for outcome, trigger in one.told.finished if outcome.complete]
    assert Counter(finished) == Counter({f"night {day}": len(ZONES) for day in days(first, NIGHTS)})


WATCHED = 'watch = "*/15 * * * *"'


async def test_a_look_runs_the_day_so_far_but_not_while_its_night_is_due(store: Store, tmp_path: Path) -> None:
    one = nights(store, tmp_path, "2026-03-02 19:00", WATCHED)
    account = one.config.as_accounts()[0]
    await one.schedule.look(account)  # 02:00 in Bangkok: the night is due
    assert one.told.finished == []
    await one.catch_up()
    await one.schedule.look(account)
    assert [trigger for _, trigger in one.told.finished] == ["night 2026-03-02", "watch"]
    assert one.told.beats == [("th",)]  # of the night
    assert one.done() == [("th", date(2026, 3, 2))]


async def test_a_look_that_fails_is_told_and_one_that_finds_a_run_going_on_is_not(
    store: Store, tmp_path: Path
) -> None:
    one = nights(store, tmp_path, "2026-03-02 19:00", WATCHED)
    account = one.config.as_accounts()[0]
    await one.catch_up()
    one.trouble = lambda *_: "no answer from Omise"
    await one.schedule.look(account)
    [(options, words)] = one.told.failed
    assert (options.today, options.accounts, words) == (True, ("th",), "no answer from Omise")
    claim = Claim("th", date(2026, 1, 1), date(2026, 1, 1), at("2026-01-02 00:00"), one.clock.now, True)
    begin(store, [claim], replace(this_process("somebody"), host="elsewhere"), one.clock.now, lambda _: False)
    await one.schedule.look(account)
    assert len(one.told.failed) == 1


async def test_a_day_that_nobody_looks_at_is_told(store: Store, tmp_path: Path) -> None:
    one = nights(store, tmp_path, "2026-03-02 19:00", WATCHED)
    await one.catch_up()
    for now, missed in (("2026-03-02 19:59", False), ("2026-03-02 20:16", True)):
        one.clock.now = at(now)
        await one.schedule.watch()
        assert (("watch_failed", "th", date(2026, 3, 3)) in one.told.kinds()) == missed
    [words] = [finding.words for finding in one.told.findings]
    assert words.endswith("since the one that was due 02:15; the last ended 2026-03-03 02:00")


def test_a_watch_that_is_no_time_of_cron_is_said(tmp_path: Path) -> None:
    wrong = config(tmp_path, "sqlite:///x.db", 'watch = "*/15 25 * * *"')
    assert [line.split(": ")[0] for line in mistakes(wrong, at("2026-03-02 12:00"))] == ["schedule.watch"]
