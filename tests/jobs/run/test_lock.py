"""Accounts held for one run at a time: by the living, taken over from the dead, and left alone when cancelled."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from jobs.run.lock import DEAD_AFTER, AlreadyDone, Busy, GaveWay, Hold, run_held, this_process
from jobs.run.outcome import JobError, Outcome
from recon.store.engine import Store, open_store
from recon.store.runs.attempts import Attempt, attempts
from tests.kit.night_runs import Clock
from tests.kit.store_samples import NOON, fresh_url
from tests.recon.store.runs.test_attempts import CLAIM, DAY, THEM, take

WHOLE = Outcome(None, True, NOON, (), (), {}, ())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(fresh_url("sqlite", tmp_path))
    yield store
    store.dispose()


async def whole(_hold: Hold) -> Outcome:
    return WHOLE


async def held(store: Store, work: Any = whole, now: Clock | None = None, unless_done: bool = False) -> Outcome:
    return await run_held(store, [CLAIM], "me", now or Clock(NOON), work, unless_done)


def only(store: Store) -> Attempt:
    [found] = attempts(store, DAY)
    return found


def gone() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def left_by(store: Store, pid: int, life: str = "other", host: str = "") -> None:
    """An attempt that some process began and did not end."""
    here = this_process("somebody")
    take(store, holder=replace(here, host=host or here.host, pid=pid, process=f"{here.process.split(' ')[0]} {life}"))


async def test_an_outcome_ends_the_attempt(store: Store) -> None:
    assert await held(store) is WHOLE
    found = only(store)
    assert (found.ending, found.who, found.pid, found.ended_at) == ("complete", "me", os.getpid(), NOON)


async def test_what_is_not_complete_keeps_its_reason(store: Store) -> None:
    async def short(_hold: Hold) -> Outcome:
        return replace(WHOLE, complete=False, messages=("a list was short",))

    async def refused(_hold: Hold) -> Outcome:
        raise JobError("the key was refused")

    await held(store, short)
    with pytest.raises(JobError, match="the key was refused"):
        await held(store, refused)
    endings = [(one.ending, one.words) for one in attempts(store, DAY)]
    assert endings == [("incomplete", "a list was short"), ("failed", "the key was refused")]


async def test_a_second_runner_is_told_who_holds_the_account(store: Store) -> None:
    async def second(_hold: Hold) -> Outcome:
        with pytest.raises(Busy) as refused:
            await held(store)
        [words] = refused.value.messages
        assert words.startswith('account "th": a run of 2026-03-01 by me on ')
        assert f"(process {os.getpid()}) goes on since 2026-03-01 12:00 UTC" in words
        return WHOLE

    await held(store, second)
    assert only(store).ending == "complete"


async def test_a_night_done_by_another_process_is_not_begun(store: Store) -> None:
    await held(store)
    with pytest.raises(AlreadyDone):
        await held(store, unless_done=True)
    await held(store)  # a person may run it again
    assert len(attempts(store, DAY)) == 2


def test_a_process_that_is_gone_is_taken_over_at_once(store: Store) -> None:
    left_by(store, gone())
    asyncio.run(held(store))
    assert [one.ending for one in attempts(store, DAY)] == ["died", "complete"]


def test_an_earlier_life_with_our_pid_is_taken_over_at_once(store: Store) -> None:
    left_by(store, os.getpid(), "before the container was restarted")
    asyncio.run(held(store))
    assert [one.ending for one in attempts(store, DAY)] == ["died", "complete"]


def test_a_living_process_is_not_taken_over(store: Store) -> None:
    left_by(store, os.getppid())
    with pytest.raises(Busy):
        asyncio.run(held(store))


def test_elsewhere_only_silence_tells_that_somebody_is_dead(store: Store) -> None:
    left_by(store, gone(), host="elsewhere")
    with pytest.raises(Busy, match="on elsewhere"):
        asyncio.run(held(store, now=Clock(NOON + DEAD_AFTER)))
    asyncio.run(held(store, now=Clock(NOON + DEAD_AFTER + timedelta(seconds=1))))
    assert [one.ending for one in attempts(store, DAY)] == ["died", "complete"]


async def test_a_run_shows_that_it_lives(store: Store) -> None:
    clock = Clock(NOON)

    async def long(_hold: Hold) -> Outcome:
        clock.now += timedelta(minutes=2)
        while only(store).beat_at != clock.now:
            await asyncio.sleep(0.01)
        return WHOLE

    await asyncio.wait_for(run_held(store, [CLAIM], "me", clock, long, beat_s=0.01), 10)


async def test_who_was_taken_over_learns_it_before_he_records(store: Store) -> None:
    async def asleep(hold: Hold) -> Outcome:
        hold.prove()
        take(store, holder=THEM, is_dead=lambda _: True)
        hold.prove()
        return WHOLE

    with pytest.raises(Busy, match="took this run over"):
        await held(store, asleep)
    assert [one.ending for one in attempts(store, DAY)] == ["died", None]


async def test_cancelled_work_keeps_its_attempt_until_the_process_is_gone(store: Store) -> None:
    begun = asyncio.Event()

    async def forever(_hold: Hold) -> Outcome:
        begun.set()
        await asyncio.Event().wait()
        return WHOLE

    task = asyncio.create_task(held(store, forever))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert only(store).ended_at is None


LOOK = replace(CLAIM, yields=True)


def looking(store: Store, begun: asyncio.Event, beat_s: float) -> asyncio.Task[Outcome]:
    """A look at the day that would never end by itself."""

    async def forever(hold: Hold) -> Outcome:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        hold.prove()
        return WHOLE

    return asyncio.create_task(run_held(store, [LOOK], "watch", Clock(NOON), forever, beat_s=beat_s))


async def test_a_look_at_the_day_gives_way_to_a_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.run.lock.WATCH_BEAT_S", 0.04)
    begun = asyncio.Event()
    look = looking(store, begun, beat_s=0.01)
    await begun.wait()
    with pytest.raises(Busy, match="a run of 2026-03-01 by watch"):
        await run_held(store, [LOOK], "another watch", Clock(NOON), whole)

    async def afterwards(_hold: Hold) -> Outcome:
        assert look.done()
        return WHOLE

    assert await held(store, afterwards) == WHOLE
    with pytest.raises(GaveWay, match="gave way"):
        await look
    assert [attempt.ending for attempt in attempts(store, DAY)] == ["complete"]  # looks are none of any day's


async def test_a_look_at_the_day_waits_for_nobody(store: Store) -> None:
    async def meanwhile(_hold: Hold) -> Outcome:
        with pytest.raises(Busy, match="by me"):
            await run_held(store, [LOOK], "watch", Clock(NOON), whole)
        return WHOLE

    assert await held(store, meanwhile) == WHOLE


async def test_a_look_that_does_not_hear_is_taken_over_and_records_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.run.lock.GIVES_WAY_S", 0.01)
    begun = asyncio.Event()
    look = looking(store, begun, beat_s=60)
    await begun.wait()
    assert await held(store) == WHOLE
    look.cancel()
    with pytest.raises(GaveWay):
        await look


def away() -> OperationalError:
    """What the driver says when its database is away."""
    return OperationalError("select 1", {}, Exception("server closed the connection"))


async def test_work_whose_database_went_away_is_taken_over_by_the_next_try(store: Store) -> None:
    async def cut(_hold: Hold) -> Outcome:
        raise away()

    with pytest.raises(OperationalError):
        await held(store, cut, unless_done=True)
    assert only(store).ended_at is None
    await held(store, unless_done=True)
    assert [one.ending for one in attempts(store, DAY)] == ["died", "complete"]


async def test_a_sign_of_life_that_is_lost_is_made_up_by_the_next(store: Store) -> None:
    clock, reads = Clock(NOON), list[int]()

    def moment() -> datetime:
        reads.append(1)
        if len(reads) == 2:  # the first is when it begins, the second its first sign of life
            raise away()
        return clock()

    async def long(_hold: Hold) -> Outcome:
        clock.now += timedelta(minutes=2)
        while only(store).beat_at != clock.now:
            await asyncio.sleep(0.01)
        return WHOLE

    assert await asyncio.wait_for(run_held(store, [CLAIM], "me", moment, long, beat_s=0.01), 10) is WHOLE
    assert only(store).ending == "complete"
