"""Carries the steps of batches to any number of workers through PostgreSQL.

procrastinate's only home. A job says which step is to be done and nothing else: the store alone knows what is done,
what is left and what came of it. So a job that is lost is queued again, and one too many finds its step done.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from psycopg import AsyncConnection
from psycopg.errors import RaiseException
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_fixed

from jobs.batch.local import STEPS, outcomes_of
from jobs.batch.plan import NIGHT, Kind, ready, waits_for
from jobs.batch.queue_settings import PACE, Pace, queue_url
from jobs.batch.steps import Work
from jobs.config.config import Config
from jobs.logs.errors import say
from jobs.run.opening.store import opened_store
from jobs.run.outcome import JobError, Outcome, Progress
from recon.store.engine import ALIVE, Store, is_lost
from recon.store.queue import batches
from recon.store.queue.batches import Batch, Step

T = TypeVar("T")

QUEUE = "recon"
TEND = "tend"
RESCUED = "rescued"
QUEUED = "queued"  # what a worker says: from the dead, and what nobody had queued yet
_FIRST = 100
_URGENT = 10  # priorities: what keeps the queue itself, and by how much a night goes before a backfill
_PRIORITY = {Kind.READ: 0, Kind.SWEEP: 0, Kind.PULL: 1, Kind.JUDGE: 2, Kind.REPORT: 3}
_STATES = (Status.TODO.value, Status.DOING.value)
IDLE_S = 60.0  # without anything begun, until that is said
AWAY_S = 1800.0  # that a database may be away while a batch is waited for
_WORKERS = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute'"
NOT_INSTALLED = "queue: its tables are not there: run `recon db upgrade`"


@dataclass(frozen=True)
class StepJob:
    """A step to be done, at the earliest `wait_s` from now; `fails` tries at it have failed."""

    batch_id: int
    key: str
    kind: Kind
    account: str | None
    night: bool
    fails: int = 0
    wait_s: float = 0.0

    @property
    def name(self) -> str:
        """One step, one name."""
        return f"{self.batch_id} {self.key}"

    @property
    def lock(self) -> str:
        """What is done one at a time: a step, and the judging of an account."""
        return f"{self.kind} {self.account}" if self.kind == Kind.JUDGE else self.name

    @property
    def priority(self) -> int:
        """Nights first, and of a batch what is nearest to its end."""
        return _PRIORITY[self.kind] + (_URGENT if self.night else 0)


@dataclass(frozen=True)
class StepTry:
    """What a worker is told to do, when it comes: `fails` as in StepJob, `deaths` of processes that tried it."""

    batch_id: int
    key: str
    fails: int
    deaths: int


Do = Callable[[StepTry], Awaitable[Sequence[StepJob]]]  # does a step and says what is to be queued then
Due = Callable[[], Awaitable[Sequence[StepJob]]]  # every step that may be begun now, of every batch


def jobs_of(batch: Batch, steps: Sequence[Step], after: str | None = None) -> list[StepJob]:
    """The steps of a batch that may be begun now; with `after`, of them those that waited for that step."""
    done = [step for step in steps if step.key == after]
    return [job_of(batch, step) for step in ready(steps) if after is None or waits_for(step, done)]


def job_of(batch: Batch, step: Step) -> StepJob:
    """A step of a batch, to be done now."""
    return StepJob(batch.id, step.key, Kind(step.kind), step.account, batch.request.kind == NIGHT)


async def install(config: Config) -> bool:
    """Makes the queue's tables where they are missing; whether they were."""
    async with Queue.opened(queue_url(config)) as queue:
        missing = not await queue.is_installed()
        if missing:
            await queue.app.schema_manager.apply_schema_async()
    return missing


async def workers_seen(config: Config) -> int:
    """How many workers show signs of life; raises JobError where the queue is not installed, and else what the
    database raised."""
    async with Queue.opened(queue_url(config)) as queue:
        if not await queue.is_installed():
            raise JobError(NOT_INSTALLED)
        answer = await queue.app.connector.execute_query_one_async(_WORKERS)
        return int(answer["count"])


async def enqueue_and_wait(
    config: Config, batch_id: int, clock: Callable[[], datetime], progress: Progress, pace: Pace = PACE
) -> list[Outcome]:
    """Have workers do a batch, and wait for them; what `jobs.batch.local.do_batch` would answer or raise.

    It may be called again, and by several: what is queued already is not queued twice. It outlasts a database that is
    away for a while, and says so where no worker seems to be there.
    """
    outcomes, _ = await wait_for(config, batch_id, clock, progress, pace)
    return outcomes


async def wait_for(
    config: Config, batch_id: int, clock: Callable[[], datetime], progress: Progress, pace: Pace = PACE
) -> tuple[list[Outcome], bool]:
    """As `enqueue_and_wait`, and whether this call ended the batch: of all that wait for it, one does."""
    async with opened_store(config) as store:
        batch = await asyncio.to_thread(_batch, store, batch_id)
        steps = await asyncio.to_thread(batches.steps, store, batch_id)
        async with Queue.opened(queue_url(config)) as queue:
            if not await queue.is_installed():
                raise JobError(NOT_INSTALLED)
            if batch.ended_at is None:
                await queue.put_missing(jobs_of(batch, steps))
        batch = await _ended_batch(store, batch_id, progress, pace)
        ended = await _patiently(pace, partial(batches.end, store, batch_id, clock()))
        work = Work(config, store, batch, clock, progress)
        return await _patiently(pace, partial(outcomes_of, work)), ended


async def _ended_batch(store: Store, batch_id: int, progress: Progress, pace: Pace) -> Batch:
    """The batch, once all is done or it was given up."""
    now = asyncio.get_running_loop().time
    silent = now() + IDLE_S
    progress.start(STEPS, None)
    while True:
        batch = await _patiently(pace, partial(_batch, store, batch_id))
        count, begun, done = await _patiently(pace, partial(batches.counts, store, batch_id))
        progress.advance(STEPS, done, count)
        if batch.ended_at is not None or done == count:
            progress.finish(STEPS)
            return batch
        if now() > silent and not begun:
            say("nobody has begun: is a `recon worker` running with this configuration?")
            silent = math.inf
        await asyncio.sleep(pace.look)


async def _patiently(pace: Pace, ask: Callable[[], T]) -> T:
    """The store's answer, be it away for a while."""
    retrying = AsyncRetrying(
        retry=retry_if_exception(is_lost), wait=wait_fixed(pace.look), stop=stop_after_delay(AWAY_S), reraise=True
    )
    return await retrying(asyncio.to_thread, ask)


def _batch(store: Store, batch_id: int) -> Batch:
    batch = batches.one_batch(store, batch_id)
    assert batch is not None, f"there is no batch {batch_id}"
    return batch


class Queue:
    """A connection to the queue."""

    def __init__(self, app: procrastinate.App) -> None:
        self.app = app

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str) -> "AsyncIterator[Queue]":
        """For the block."""
        async with _opened(_Connector(url, 1), url) as app:
            yield cls(app)

    async def is_installed(self) -> bool:
        """Whether the queue's tables are there."""
        return await self.app.check_connection_async()

    async def put(self, jobs: Iterable[StepJob]) -> None:
        """Queue steps; one that waits in the queue already is left as it is."""
        for job in jobs:
            task = self.app.configure_task(
                job.kind.value,
                queue=QUEUE,
                lock=job.lock,
                queueing_lock=job.name,
                priority=job.priority,
                schedule_in={"milliseconds": round(job.wait_s * 1000)} if job.wait_s else None,
            )
            with suppress(AlreadyEnqueued):
                await task.defer_async(batch_id=job.batch_id, key=job.key, fails=job.fails)

    async def put_missing(self, jobs: Sequence[StepJob]) -> int:
        """Queue those steps that neither wait nor are being done; how many."""
        queued = {job.queueing_lock for state in _STATES for job in await self._jobs(state)} if jobs else set()
        missing = [job for job in jobs if job.name not in queued]
        await self.put(missing)
        return len(missing)

    async def rescue(self, dead_after_s: float) -> int:
        """Give what dead workers were doing to the others; how much."""
        stalled = list(await self.app.job_manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=dead_after_s))
        for job in stalled:
            try:
                await self.app.job_manager.retry_job(job)
            except UniqueViolation:  # it waits a second time
                await self.app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
        return len([job for job in stalled if job.task_name != TEND])

    async def _jobs(self, state: str) -> Iterable[Job]:
        return await self.app.job_manager.list_jobs_async(queue=QUEUE, status=state)


async def serve_once(
    url: str,
    name: str,
    concurrency: int,
    do: Do,
    due: Due,
    pace: Pace,
    stop: asyncio.Event,
    tell: Callable[[str, int], None],
) -> None:
    """One life of a worker: until `stop`, or until its database was away. What runs then gets the grace to end.

    `tell` is told what was rescued, or queued since nobody had, and how much. Raises what the database raised.
    """
    lost = asyncio.Event()
    async with _opened(_Connector(url, concurrency + 3, lost.set), url) as app:
        _register_tasks(app, do, due, pace, tell)
        run = app.run_worker_async(
            queues=[QUEUE],
            name=name,
            concurrency=concurrency,
            delete_jobs="always",
            install_signal_handlers=False,
            fetch_job_polling_interval=pace.poll,
            update_heartbeat_interval=pace.beat,
            stalled_worker_timeout=pace.dead_after,
            shutdown_graceful_timeout=pace.grace,
        )
        working = asyncio.create_task(run)
        tasks = (working, asyncio.create_task(stop.wait()), asyncio.create_task(lost.wait()))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        with suppress(asyncio.CancelledError):
            await working


def _register_tasks(app: procrastinate.App, do: Do, due: Due, pace: Pace, tell: Callable[[str, int], None]) -> None:
    """The tasks of a worker: one for each kind of step, and the one that keeps the queue."""
    queue = Queue(app)

    async def step(context: procrastinate.JobContext, batch_id: int, key: str, fails: int = 0) -> None:
        jobs = await do(StepTry(batch_id, key, fails, context.job.attempts))
        await queue.put(job for job in jobs if job.key == key)  # this one once more, though its job is not over yet
        await queue.put_missing([job for job in jobs if job.key != key])

    async def tend(timestamp: int) -> None:  # noqa: ARG001
        rescued = await queue.rescue(pace.dead_after)
        queued = await queue.put_missing(await due())
        for what, count in ((RESCUED, rescued), (QUEUED, queued)):
            if count:
                tell(what, count)

    for kind in Kind:
        app.task(name=kind.value, queue=QUEUE, pass_context=True)(step)
    # No lock: one that died while it held it would keep all others from the rescue (procrastinate issue 1408).
    app.periodic(cron=pace.tend)(app.task(name=TEND, queue=QUEUE, queueing_lock=TEND, priority=_FIRST)(tend))


class _Connector(procrastinate.PsycopgConnector):
    """Says when the database was away in the middle of something: what a job came to may then stand wrong for good,
    unless the worker begins a new life."""

    def __init__(self, url: str, size: int, lost: Callable[[], None] = lambda: None) -> None:
        super().__init__(conninfo=url, min_size=1, max_size=max(1, size), kwargs=dict(ALIVE))
        self._lost = lost

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        """As ever; but a job that was given to somebody else meanwhile is not ours to end."""
        try:
            await super().execute_query_async(query, **arguments)
        except UniqueViolation:
            raise
        except ConnectorException as error:
            if isinstance(error.__cause__, RaiseException):
                return
            self._lost()
            raise


@asynccontextmanager
async def _opened(connector: _Connector, url: str) -> AsyncIterator[procrastinate.App]:
    """For the block. A pool would try for half a minute, and then not say why: first a connection of its own."""
    await (await AsyncConnection.connect(url, connect_timeout=10)).close()
    async with procrastinate.App(connector=connector).open_async() as app:
        yield app
