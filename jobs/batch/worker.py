"""Works on steps that the queue hands out, until it is asked to end.

What becomes of a step that failed is decided here: it is tried again later, left out with words, or the end of its
batch with words, so that whoever waits for it always gets an answer.
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from jobs.batch.local import Unseen
from jobs.batch.plan import Kind
from jobs.batch.queue import RESCUED, StepJob, StepTry, job_of, jobs_of, serve_once, workers_seen
from jobs.batch.queue_settings import PACE, Pace, queue_url
from jobs.batch.steps import NotReady, StepFailed, Work, abandon, give_up, perform
from jobs.config.config import Config
from jobs.logs.errors import note, one_line
from jobs.logs.logs import bound
from jobs.logs.redaction import masked_for_logs
from jobs.run.lock import AlreadyDone, Busy
from jobs.run.moments.later_moments import say_later_moments
from jobs.run.opening.store import opened_store
from jobs.run.outcome import JobError
from recon.store.engine import Store, is_lost
from recon.store.queue import batches

TRIES = 5  # of a step, until it is left out, or its batch ended
LOST_TRIES = 30  # of a step whose database went away
DEATHS = 5  # of processes that worked on a step: the next one would die, too
FORGOTTEN = timedelta(hours=1)  # after its last step a batch for which nobody waits is ended
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0  # between two lives of a worker
_LONGEST_AGAIN_S = 600.0  # between two tries at a step
_HEALTHY_S = 60.0  # a life that lasted so long was no failure


class Worker:
    """What one process does with the steps of all batches."""

    def __init__(self, config: Config, store: Store, clock: Callable[[], datetime], pace: Pace) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._pace = pace
        self._works: dict[int, Work] = {}

    async def due(self) -> Sequence[StepJob]:
        """Every step that may be begun now, of every batch that goes on."""
        with _noted("not looked for what is due"):
            return await asyncio.to_thread(self._due)

    async def do(self, step_try: StepTry) -> Sequence[StepJob]:
        """Do a step; what is to be queued then: the steps that waited for it, or itself once more."""
        batch_id = step_try.batch_id
        key = step_try.key
        with _noted("step left", batch=batch_id, step=key):
            work = await asyncio.to_thread(self._work, batch_id)
            step = await asyncio.to_thread(batches.one_step, self._store, batch_id, key) if work else None
            if work is None or step is None:
                return ()
            with bound(batch=batch_id, step=key):
                again = await self._perform(work, step_try, job_of(work.batch, step))
            if again is not None:
                return (again,)
            steps = await asyncio.to_thread(batches.steps, self._store, batch_id)
            return jobs_of(work.batch, steps, after=key)

    async def _perform(self, work: Work, step_try: StepTry, job: StepJob) -> StepJob | None:
        """The job once more, where the step is to be tried again."""
        key = step_try.key
        begun = asyncio.get_running_loop().time()
        if step_try.deaths >= DEATHS:
            await self._abandon(work, f'"{key}" ended {step_try.deaths} processes that worked on it')
            return None
        try:
            step = await perform(work, key)
        except (NotReady, AlreadyDone):
            return None
        except Busy as busy:
            note("step waits", level="info", batch=work.batch.id, step=key, reason=busy)
            return replace(job, fails=step_try.fails, wait_s=self._pace.busy)
        except JobError as error:
            await self._abandon(work, *error.messages)
            return None
        except Exception as error:
            return await self._failed(work, step_try, job, error)
        seconds = round(asyncio.get_running_loop().time() - begun, 3)
        note("step done", batch=work.batch.id, step=key, complete=bool(step.complete), seconds=seconds)
        return None

    async def _failed(self, work: Work, step_try: StepTry, job: StepJob, error: Exception) -> StepJob | None:
        key = step_try.key
        fails = step_try.fails + 1
        reason = masked_for_logs(str(error) if isinstance(error, StepFailed) else one_line(error))
        note("step failed", level="warning", batch=work.batch.id, step=key, fails=fails, reason=reason)
        lost = is_lost(error)
        most = LOST_TRIES if lost else TRIES
        if work.options.unless_done and job.kind == Kind.JUDGE and not lost:
            most = 1  # a night that failed is tried again after a while, by whoever owes it
        if fails < most:
            wait_s = self._pace.again * float(3 ** min(step_try.fails, 5))
            return replace(job, fails=fails, wait_s=min(wait_s, _LONGEST_AGAIN_S))
        if isinstance(error, StepFailed):
            await asyncio.to_thread(give_up, work, key, reason)
        else:
            await self._abandon(work, f'"{key}" failed {fails} times; the last time: {reason}')
        return None

    async def _abandon(self, work: Work, *reasons: str) -> None:
        note("batch given up", level="error", batch=work.batch.id, reason="; ".join(reasons))
        await asyncio.to_thread(abandon, work, *reasons)

    def _work(self, batch_id: int) -> Work | None:
        """What this process knows of a batch; None where it has ended."""
        batch = batches.one_batch(self._store, batch_id)
        if batch is None or batch.ended_at is not None:
            self._works.pop(batch_id, None)
            return None
        return self._works.setdefault(batch_id, Work(self._config, self._store, batch, self._clock, Unseen()))

    def _due(self) -> Sequence[StepJob]:
        due: list[StepJob] = []
        under_way = {batch.id: batch for batch in batches.going_on(self._store)}
        self._works = {batch_id: work for batch_id, work in self._works.items() if batch_id in under_way}
        for batch in under_way.values():
            steps = batches.steps(self._store, batch.id)
            last = max((step.done_at for step in steps if step.done_at), default=batch.created_at)
            if all(step.done for step in steps) and self._clock() - last > FORGOTTEN:
                batches.end(self._store, batch.id, self._clock())
            due += jobs_of(batch, steps)
        return due


async def work(
    config: Config, clock: Callable[[], datetime], name: str, concurrency: int, stop: asyncio.Event, pace: Pace = PACE
) -> None:
    """Work until `stop`; a database that is away is waited for. Raises JobError where it cannot begin."""
    url = queue_url(config)
    async with opened_store(config) as store:
        await asyncio.to_thread(say_later_moments, store)
        await workers_seen(config)  # it cannot begin where there is no queue
        worker = Worker(config, store, clock, pace)
        asyncio.get_running_loop().set_exception_handler(_note_broken_off)
        now = asyncio.get_running_loop().time
        wait_s = _FIRST_WAIT_S
        note("worker", name=name, concurrency=concurrency)
        while not stop.is_set():
            begun = now()
            reason = "the connection broke"
            try:
                await serve_once(url, name, concurrency, worker.do, worker.due, pace, stop, _note_queue)
            except Exception as error:  # the driver's and the pool's own errors have no name here
                reason = masked_for_logs(one_line(error.__cause__ or error))
            if stop.is_set():
                break
            wait_s = _FIRST_WAIT_S if now() - begun > _HEALTHY_S else min(2 * wait_s, _LONGEST_WAIT_S)
            note("queue lost", level="warning", reason=reason, again_in_s=wait_s)
            await asyncio.to_thread(store.dispose)  # connections from before are dead: the next ones are new
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait_s)


@contextmanager
def _noted(what: str, **fields: object) -> Iterator[None]:
    """Says what nobody else would: the queue tries it again without a word."""
    try:
        yield
    except Exception as error:
        note(what, level="warning", **fields, reason=masked_for_logs(one_line(error)))
        raise


def _note_queue(what: str, count: int) -> None:
    note(what, level="warning" if what == RESCUED else "info", steps=count)


def _note_broken_off(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """One line for a task whose end nobody hears: the queue's own, where the database went away under it."""
    if os.environ.get("RECON_DEBUG") == "1":
        loop.default_exception_handler(context)
    error = context.get("exception")
    reason = one_line(error.__cause__ or error) if error else context["message"]
    note("queue task broke off", level="warning", reason=masked_for_logs(reason))
