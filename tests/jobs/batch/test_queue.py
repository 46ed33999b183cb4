"""The queue: every step once and in its order, whoever works, dies or is cut off; what is lost is queued again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException

from jobs.batch.plan import NIGHT, Kind
from jobs.batch.queue import (
    QUEUE,
    RESCUED,
    TEND,
    Queue,
    StepJob,
    install,
    jobs_of,
    serve_once,
    workers_seen,
)
from jobs.batch.queue_settings import queue_url
from jobs.config.config import Config
from jobs.run.outcome import JobError
from recon.store.engine import Store, open_store
from recon.store.queue import batches
from tests.jobs.config.test_config import read
from tests.kit.queue_samples import FAST, Toy, all_done, batch_of, clock, enqueue, queued_config, until, working
from tests.kit.store_samples import fresh_url

STEPS, AT_FIRST = 18, 10  # of a batch of two accounts
CUT = """select count(pg_terminate_backend(pid)) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()"""


@pytest.fixture
async def config(tmp_path: Path) -> Config:
    return await queued_config(tmp_path)


@pytest.fixture
async def store(config: Config) -> AsyncIterator[Store]:
    store = open_store(config.store_url)
    yield store
    store.dispose()


def rows(config: Config, statement: str) -> list[tuple[Any, ...]]:
    """What the queue's own tables say."""
    with psycopg.connect(queue_url(config), autocommit=True) as connection:
        return connection.execute(statement).fetchall()


def waiting(config: Config) -> list[tuple[Any, ...]]:
    return rows(config, "select queueing_lock from procrastinate_jobs where status = 'todo' order by id")


async def test_two_workers_do_every_step_once_and_in_order(config: Config, store: Store) -> None:
    batch, toys = batch_of(store), [Toy(store, 0.05), Toy(store, 0.05)]
    await enqueue(config, store, batch)
    left = "select task_name, status from procrastinate_jobs where task_name <> 'tend'"
    async with working(config, *toys) as said:
        await until(lambda: all_done(store, batch))
        await until(lambda: rows(config, left) == [])  # what is done leaves nothing, nor does one job too many
    found = batches.steps(store, batch.id)
    assert len(found) == STEPS
    assert {step.tries for step in found} == {1}
    assert sorted(toys[0].begun + toys[1].begun) == sorted(step.key for step in found)
    assert [toy.early for toy in toys] == [[], []]
    assert all(toy.begun for toy in toys), "both had something to do"
    assert not [one for one in said if one.startswith(RESCUED)]


async def test_a_step_is_queued_once_however_often_it_is_asked_for(config: Config, store: Store) -> None:
    batch = batch_of(store)
    await asyncio.gather(*(enqueue(config, store, batch) for _ in range(4)))
    assert len(waiting(config)) == AT_FIRST
    async with Queue.opened(queue_url(config)) as queue:
        wanted = jobs_of(batch, batches.steps(store, batch.id))
        assert await queue.put_missing(wanted) == 0
        await queue.put(wanted)
    assert len(waiting(config)) == AT_FIRST


async def test_one_job_too_many_waits_and_finds_its_step_done(config: Config, store: Store) -> None:
    batch, toy = batch_of(store, accounts=("th",)), Toy(store, 0.3)
    [first, *_] = jobs_of(batch, batches.steps(store, batch.id))
    async with working(config, toy), Queue.opened(queue_url(config)) as queue:
        await queue.put([first])
        await until(lambda: first.key in toy.begun)
        await queue.put([first])  # the first job does not wait any more: nothing keeps a second one out
        toy.seconds = 0.0
        await until(lambda: all_done(store, batch))
    assert max(toy.going.values()) == 0
    assert toy.begun.count(first.key) == 1


async def test_what_nobody_queued_is_queued_by_a_worker(config: Config, store: Store) -> None:
    batch = batch_of(store, accounts=("th",))
    async with working(config, Toy(store)) as said:
        await until(lambda: all_done(store, batch))
    assert said[0] == "queued 6"


async def test_what_a_dead_worker_was_doing_is_done_by_another(config: Config, store: Store) -> None:
    """Also when it held the lock of an account's judging, and while it was keeping the queue."""
    batch = batch_of(store, accounts=("th",))
    for step in batches.steps(store, batch.id):
        if step.kind in (Kind.READ, Kind.SWEEP, Kind.PULL):
            batches.finish_alone(store, batches.Marker(batch.id, step.key, clock(), True, {}))
    await enqueue(config, store, batch)
    async with Queue.opened(queue_url(config)) as queue:
        await queue.app.configure_task(TEND, queue=QUEUE, queueing_lock=TEND).defer_async(timestamp=0)
        dead = await queue.app.job_manager.register_worker()
        taken = [await queue.app.job_manager.fetch_job([QUEUE], dead) for _ in range(3)]
    assert [one and one.task_name for one in taken] == ["judge", TEND, None]
    rows(config, "update procrastinate_workers set last_heartbeat = now() - interval '1 hour' returning id")
    async with working(config, Toy(store)) as said:
        await until(lambda: all_done(store, batch))
    assert [one for one in said if not one.startswith("queued")] == ["rescued 1"]


async def test_an_account_is_judged_one_month_at_a_time_and_a_night_goes_before_a_backfill(
    config: Config, store: Store
) -> None:
    long, night = batch_of(store, "long"), batch_of(store, "night", kind=NIGHT)
    found = [StepJob(b.id, f"judge th {n}", Kind.JUDGE, "th", b is night) for b in (long, night) for n in range(3)]
    async with Queue.opened(queue_url(config)) as queue:
        await queue.put(found)
        await queue.put([StepJob(long.id, "judge jp 1", Kind.JUDGE, "jp", False)])
    order = rows(config, "select queueing_lock, lock, priority from procrastinate_jobs order by priority desc, id")
    assert [row[0] for row in order[:3]] == [one.name for one in found[3:]]
    assert {row[1] for row in order} == {"judge th", "judge jp"}


@pytest.mark.parametrize("cuts", [(3,), pytest.param((2, 4, 6), marks=pytest.mark.proof)])
async def test_connections_that_are_cut_lose_nothing(config: Config, store: Store, cuts: tuple[int, ...]) -> None:
    """Lives of a worker may end of it; the next one goes on, and what stood wrong is put right."""
    batch, toy, stop = batch_of(store), Toy(store, 0.05), asyncio.Event()
    await enqueue(config, store, batch)

    async def live() -> None:
        while not stop.is_set():
            with suppress(ConnectorException, psycopg.Error):
                await serve_once(queue_url(config), "w", 2, toy.do, toy.due, FAST, stop, lambda *_: None)

    living = asyncio.create_task(live())
    for count in cuts:
        await until(partial(begun, toy, count))
        store.dispose()
        rows(config, CUT)
    await until(lambda: all_done(store, batch))
    stop.set()
    await living
    assert toy.early == []
    assert {step.tries for step in batches.steps(store, batch.id)} <= {1, 2}


def begun(toy: Toy, count: int) -> bool:
    return len(toy.begun) >= count


async def test_the_queue_must_be_installed_and_can_be_twice(tmp_path: Path) -> None:
    config = await queued_config(tmp_path, url=fresh_url("postgresql", tmp_path))
    assert await install(config) is False
    assert await workers_seen(config) == 0
    with pytest.raises(JobError, match=r"there is no \[queue\]"):
        queue_url(read(tmp_path))


async def test_workers_are_seen(config: Config, store: Store) -> None:
    async with working(config, Toy(store), Toy(store)):
        async with asyncio.timeout(10):
            while await workers_seen(config) != 2:
                await asyncio.sleep(0.1)
    assert await workers_seen(config) == 0
