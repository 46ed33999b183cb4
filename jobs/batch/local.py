"""Does a batch's steps in this process, and says what a batch came to, whoever did it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from jobs.batch.plan import Kind
from jobs.batch.steps import NotReady, StepFailed, Work, abandon, give_up, perform
from jobs.config.config import Config
from jobs.run.access import access_of, prove
from jobs.run.lock import AlreadyDone, Busy
from jobs.run.opening.store import ready_store
from jobs.run.outcome import JobError, Outcome, Progress, Unsigned
from jobs.run.pulled import TRAFFIC
from jobs.run.pulling import side_by_side
from jobs.run.reporting import put_back
from recon.store.queue import batches
from recon.store.queue.batches import Step

STEPS = "steps"


class Unseen:
    """A progress that nobody watches: a hundred small steps would hide the large ones."""

    def start(self, name: str, total: int | None) -> None: ...

    def advance(self, name: str, done: int, total: int | None) -> None: ...

    def finish(self, name: str) -> None: ...


async def do_batch(config: Config, batch_id: int, clock: Callable[[], datetime], progress: Progress) -> list[Outcome]:
    """All steps of a batch that are left, in order, the accounts' pulls side by side; answers as `outcomes_of`.

    Raises JobError where it cannot go on, Busy where another run holds an account: asked again, it is taken up again.
    """
    with ready_store(config, writes=True) as store:
        batch = batches.one_batch(store, batch_id)
        assert batch is not None, f"no batch {batch_id}"
        work = Work(config, store, batch, clock, progress)
        try:
            await _do_steps(work)
        except NotReady as step:
            raise Busy(f"another process works on this range, too ({step}): run it again when that is over") from None
        except Busy:
            raise
        except JobError as error:
            abandon(work, *error.messages)
            raise
        return await asyncio.to_thread(outcomes_of, work)


async def _do_steps(work: Work) -> None:
    steps = await asyncio.to_thread(batches.steps, work.store, work.batch.id)
    left = [step for step in steps if not step.done]
    done = len(steps) - len(left)
    progress = work.progress
    progress.start(STEPS, len(steps))

    async def do(step: Step, failure: str = "") -> str:
        """What failed, in words, or nothing; a step that something failed before is given up."""
        nonlocal done
        if not failure:
            try:
                await perform(replace(work, progress=Unseen()) if step.kind == Kind.SWEEP else work, step.key)
            except StepFailed as failed:
                failure = str(failed)
        if failure:
            await asyncio.to_thread(give_up, work, step.key, failure)
        done += 1
        progress.advance(STEPS, done, len(steps))
        return failure

    async def pull(account_steps: Sequence[Step]) -> None:
        failure = ""
        for step in account_steps:
            failure = await do(step, failure)

    pulls: dict[str, list[Step]] = {}
    for step in left:
        if step.kind == Kind.READ:
            await do(step)
        elif step.kind in (Kind.SWEEP, Kind.PULL):
            pulls.setdefault(step.account or "", []).append(step)
    by_account = [account_steps for _, account_steps in sorted(pulls.items())]
    await _prove_all(work, [account_steps[0] for account_steps in by_account])
    await side_by_side(*map(pull, by_account))
    for step in left:
        if step.kind in (Kind.JUDGE, Kind.REPORT):
            await do(step)
    progress.finish(STEPS)


async def _prove_all(work: Work, steps: Sequence[Step]) -> None:
    """Every key and account, before anything is stored; raises JobError of all that are refused."""
    accounts = work.accounts(steps)
    access = {account.name: access_of(work.config, work.store, account.name) for account in accounts}
    proved = await prove(work.pull_context, accounts, access)
    work.proved.update({name: answer.date for name, answer in proved.items() if not answer.failure})


def outcomes_of(work: Work) -> list[Outcome]:
    """What a batch came to: an outcome per range, oldest first, whose results hold figures and breaks, no other rows.

    Every step is done, or the batch has ended: then this raises what the run would have raised, JobError or
    AlreadyDone. The batch is ended. Its results are there for a day: later the outcomes have none. Workbooks that
    were written on another machine are put into the report folder.
    """
    batch = batches.one_batch(work.store, work.batch.id)
    steps = batches.steps(work.store, work.batch.id)
    assert batch is not None
    if batch.words:
        raise JobError(*batch.words.split("\n"))
    if not all(step.done for step in steps):
        assert batch.ended_at is not None, "steps are left"
        raise AlreadyDone
    pulls = [step for step in steps if step.kind == Kind.PULL]
    traffic = {
        step.account or "": {name: pulled[name] for name in TRAFFIC}
        for step, pulled in zip(pulls, work.outcomes(pulls), strict=True)
    }
    outcomes = [_outcome(work, step) for step in steps if step.kind == Kind.REPORT]
    if outcomes:  # what went over the line went once
        outcomes[0] = replace(outcomes[0], pulled=traffic)
    batches.end(work.store, batch.id, work.clock())
    return outcomes


def _outcome(work: Work, report: Step) -> Outcome:
    [outcome] = work.outcomes([report])
    judged = work.steps_of_range(Kind.JUDGE, report)
    folder = work.config.reports.folder
    missing = {folder / name: put_back(work.store, folder / name, sha256) for name, sha256 in outcome["reports"]}
    return Outcome(
        run_id=report.run_id,
        complete=bool(report.complete),
        as_of=work.batch.request.as_of,
        results=tuple(work.results(judged).values()),
        reports=tuple(path for path, reason in missing.items() if not reason),
        timings=outcome["timings"],
        messages=(*outcome["messages"], *filter(None, missing.values())),
        unsigned=msgspec.convert(outcome["unsigned"], tuple[Unsigned, ...]),
        days={step.account or "": (step.first_day, step.last_day) for step in judged},
        audit_head=outcome["audit_head"],
        waits_on=outcome.get("waits_on", {}),
    )
