"""Works on steps that the queue hands out, until it is asked to end.

What becomes of a step that failed is decided here: it is tried again later, left out with words, or the end of its
batch with words, so that whoever waits for it always gets an answer.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from jobs.batch.local import Unseen
from jobs.batch.plan import NIGHT, Kind
from jobs.batch.queue import PACE, RESCUED, Duty, Errand, Pace, errands, queue_url, serve_once, workers_seen
from jobs.batch.steps import NotReady, StepFailed, Work, abandon, give_up, perform
from jobs.config.config import Config
from jobs.logs.errors import note
from jobs.logs.logs import bound
from jobs.logs.redaction import masked_for_logs
from jobs.run.lock import AlreadyDone, Busy
from jobs.run.outcome import JobError
from jobs.run.run import open_ready_store
from recon.store.engine import Store, is_lost
from recon.store.queue import batches
from recon.store.queue.batches import Step

TRIES = 5  # of a step, until it is left out, or its batch ended
LOST_TRIES = 30  # of a step whose database went away
DEATHS = 5  # of processes that worked on a step: the next one would die, too
FORGOTTEN = timedelta(hours=1)  # after its last step a batch for which nobody waits is ended
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 30.0  # between two lives of a worker
_LONGEST_AGAIN_S = 600.0  # between two tries at a step
_HEALTHY_S = 60.0  # a life that lasted so long was no failure


@dataclass(frozen=True)
class _Again:
    """A step is to be tried again: after how many failures, and in how many seconds."""

    fails: int
    wait_s: float


class Hands:
    """What one process does with the steps of all batches."""

    def __init__(self, config: Config, store: Store, clock: Callable[[], datetime], pace: Pace) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._pace = pace
        self._works: dict[int, Work] = {}

    async def due(self) -> Sequence[Errand]:
        """Every step that may be begun now, of every batch that goes on."""
        with _noted("not looked for what is due"):
            return await asyncio.to_thread(self._due)

    async def do(self, duty: Duty) -> Sequence[Errand]:
        """Do a step; what is to be queued then: the steps that waited for it, or itself once more."""
        with _noted("step left", batch=duty.batch_id, step=duty.key):
            return await self._do(duty)

    async def _do(self, duty: Duty) -> Sequence[Errand]:
        work = await asyncio.to_thread(self._work, duty.batch_id)
        step = await asyncio.to_thread(batches.one_step, self._store, duty.batch_id, duty.key) if work else None
        if work is None or step is None:
            return ()
        with bound(batch=duty.batch_id, step=duty.key):
            again = await self._tried(work, duty)
        if again is None:
            return await asyncio.to_thread(self._after, work, duty.key)
        return (replace(_errand(work, step), fails=again.fails, wait_s=again.wait_s),)

    async def _tried(self, work: Work, duty: Duty) -> _Again | None:
        """When the step is to be tried again; None where that is over."""
        key, begun = duty.key, asyncio.get_running_loop().time()
        if duty.deaths >= DEATHS:
            await self._give_up_all(work, f'"{key}" ended {duty.deaths} processes that worked on it')
            return None
        try:
            outcome = await perform(work, key)
        except (NotReady, AlreadyDone):
            return None
        except Busy as busy:
            note("step waits", level="info", batch=duty.batch_id, step=key, reason=busy)
            return _Again(duty.fails, self._pace.busy)
        except JobError as error:
            await self._give_up_all(work, *error.messages)
            return None
        except Exception as error:
            return await self._failed(work, duty, error)
        seconds = round(asyncio.get_running_loop().time() - begun, 3)
        note("step done", batch=duty.batch_id, step=key, complete=outcome.complete, seconds=seconds)
        return None

    async def _failed(self, work: Work, duty: Duty, error: Exception) -> _Again | None:
        fails, lost = duty.fails + 1, is_lost(error)
        words = masked_for_logs(str(error)) if isinstance(error, StepFailed) else _words(error)
        note("step failed", level="warning", batch=duty.batch_id, step=duty.key, fails=fails, reason=words)
        most = LOST_TRIES if lost else TRIES
        if work.options.unless_done and duty.key.startswith(Kind.JUDGE) and not lost:
            most = 1  # a night that failed is tried again after a while, by whoever owes it
        if fails < most:
            return _Again(fails, min(self._pace.again * float(3 ** min(duty.fails, 5)), _LONGEST_AGAIN_S))
        if isinstance(error, StepFailed):
            await give_up(work, duty.key, words)
        else:
            await self._give_up_all(work, f'"{duty.key}" failed {fails} times; the last time: {words}')
        return None

    async def _give_up_all(self, work: Work, *messages: str) -> None:
        note("batch given up", level="error", batch=work.batch.id, reason="; ".join(messages))
        await asyncio.to_thread(abandon, work, *messages)

    def _work(self, batch_id: int) -> Work | None:
        """What this process knows of a batch; None where it has ended."""
        batch = batches.one_batch(self._store, batch_id)
        if batch is None or batch.ended_at is not None:
            self._works.pop(batch_id, None)
            return None
        fresh = Work(self._config, self._store, batch, self._clock, Unseen())
        return self._works.setdefault(batch_id, fresh)

    def _after(self, work: Work, key: str) -> Sequence[Errand]:
        return errands(work.batch, batches.steps(self._store, work.batch.id), after=key)

    def _due(self) -> Sequence[Errand]:
        found: list[Errand] = []
        going = batches.going_on(self._store)
        for ended in set(self._works) - {batch.id for batch in going}:
            self._works.pop(ended, None)
        for batch in going:
            steps = batches.steps(self._store, batch.id)
            last = max((step.done_at for step in steps if step.done_at), default=batch.created_at)
            if all(step.done for step in steps) and self._clock() - last > FORGOTTEN:
                batches.end(self._store, batch.id, self._clock())
            found += errands(batch, steps)
        return found


def _errand(work: Work, step: Step) -> Errand:
    return Errand(work.batch.id, step.key, Kind(step.kind), step.account, work.batch.wish.kind == NIGHT)


async def work(
    config: Config, clock: Callable[[], datetime], name: str, concurrency: int, stop: asyncio.Event, pace: Pace = PACE
) -> None:
    """Work until `stop`; a database that is away is waited for. Raises JobError where it cannot begin."""
    url = queue_url(config)
    store = await asyncio.to_thread(open_ready_store, config)
    try:
        await workers_seen(config)  # it cannot begin where there is no queue
        hands, wait_s, now = Hands(config, store, clock, pace), _FIRST_WAIT_S, asyncio.get_running_loop().time
        note("worker", name=name, concurrency=concurrency)
        while not stop.is_set():
            begun, reason = now(), "the connection broke"
            try:
                await serve_once(url, name, concurrency, hands.do, hands.due, pace, stop, _said)
            except Exception as error:  # the driver's and the pool's own errors have no name here
                reason = _words(error.__cause__ or error)
            if stop.is_set():
                break
            wait_s = _FIRST_WAIT_S if now() - begun > _HEALTHY_S else min(2 * wait_s, _LONGEST_WAIT_S)
            note("queue lost", level="warning", reason=reason, again_in_s=wait_s)
            await asyncio.to_thread(store.dispose)  # connections from before are dead: the next ones are new
            await _slept(stop, wait_s)
    finally:
        await asyncio.to_thread(store.dispose)


@contextmanager
def _noted(what: str, **fields: object) -> Iterator[None]:
    """Says what nobody else would: the queue tries it again without a word."""
    try:
        yield
    except Exception as error:
        note(what, level="warning", **fields, reason=_words(error))
        raise


def _words(error: BaseException) -> str:
    return masked_for_logs(f"{type(error).__name__}: {error}".partition("\n")[0])


def _said(what: str, count: int) -> None:
    note(what, level="warning" if what == RESCUED else "info", steps=count)


async def _slept(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
