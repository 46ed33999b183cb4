"""Has workers run nights and waits for them, so that the schedule cannot tell where they ran."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from jobs.batch.backfill import open_night
from jobs.batch.plan import NIGHT, Kind, options_of
from jobs.batch.queue_settings import PACE, Pace
from jobs.config.config import Config
from jobs.run.lock import AlreadyDone, Busy, Hold, give_way, run_held
from jobs.run.moments.days import resolve
from jobs.run.moments.gateway_clock import prove_clock
from jobs.run.opening.store import opened_store, ready_store
from jobs.run.outcome import JobError, Outcome, Progress, RunOptions
from recon.store.queue import batches
from recon.store.runs import attempts
from recon.store.runs.attempts import Claim


async def run_night(
    config: Config, options: RunOptions, clock: Callable[[], datetime], progress: Progress, pace: Pace = PACE
) -> Outcome:
    """One night of one account, done by workers.

    Raises what a run here would: AlreadyDone also where another process waits for the same night and was the one to
    end it, so that of all of them one tells. A night that failed leaves its attempt, be it that nothing was judged or
    that no workbook could be written.
    """
    from jobs.batch.queue import wait_for  # late: only a queue needs procrastinate

    await prove_clock(config, options.accounts or tuple(config.accounts), clock)
    async with opened_store(config) as store:
        await give_way(store, options.accounts)
    batch_id = await asyncio.to_thread(open_night, config, options, clock())
    try:
        [outcome], ended = await wait_for(config, batch_id, clock, progress, pace)
    except Busy:
        raise
    except JobError as error:
        with suppress(AlreadyDone):
            await _leave_failed_attempt(config, batch_id, options, clock, error)
        raise
    if not ended:
        raise AlreadyDone
    return outcome


def nights_under_way(config: Config) -> list[RunOptions]:
    """The nights that go on, whoever began them: their scheduler may be gone, and nobody would tell of them."""
    with ready_store(config) as store:
        return [options_of(batch.request) for batch in batches.going_on(store) if batch.request.kind == NIGHT]


async def _leave_failed_attempt(
    config: Config, batch_id: int, options: RunOptions, clock: Callable[[], datetime], error: JobError
) -> None:
    """So that the night waits before it is tried again."""

    async def fail(_hold: Hold) -> Outcome:
        raise error

    with ready_store(config, writes=True) as store:
        for step in await asyncio.to_thread(batches.steps, store, batch_id, (Kind.JUDGE,)):
            if step.run_id is not None:  # it was judged, and what comes after it failed
                await asyncio.to_thread(attempts.fail, store, step.run_id, clock(), str(error))
        _, days = resolve(config, options, clock())
        claims = [Claim(name, span.first, span.last, span.window.end, clock(), True) for name, span in days.items()]
        with suppress(JobError):  # its own, or that another run goes on
            await run_held(store, claims, options.by, clock, fail, unless_done=True)
