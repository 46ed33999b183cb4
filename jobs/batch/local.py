"""Does a batch's steps in this process, and says what a batch came to, whoever did it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import groupby

from jobs.batch.plan import Kind
from jobs.batch.steps import NotReady, StepFailed, Work, abandon, give_up, perform, results_of
from jobs.config.config import Config
from jobs.run.lock import AlreadyDone, Busy
from jobs.run.outcome import JobError, Outcome, Progress, Unsigned
from jobs.run.pulled import TRAFFIC
from jobs.run.pulling import Puller, side_by_side
from jobs.run.reporting import put_back
from jobs.run.run import ready_store
from jobs.run.stages import gate, prove
from recon.store.queue import batches
from recon.store.queue.batches import Step

STEPS = "steps"


class Unseen:
    """A progress that nobody watches: a hundred small steps would hide the large ones."""

    def start(self, name: str, total: int | None) -> None:
        """A stage begins."""

    def advance(self, name: str, done: int, total: int | None) -> None:
        """A stage has done so much in all."""

    def finish(self, name: str) -> None:
        """A stage is over."""


async def here(config: Config, batch_id: int, clock: Callable[[], datetime], progress: Progress) -> list[Outcome]:
    """All steps of a batch that are left, in order, the accounts' pulls side by side; the answer is `result_of`'s.

    Raises JobError where it cannot go on, Busy where another run holds an account: the same wish takes it up again.
    """
    with ready_store(config) as store:
        batch = batches.one_batch(store, batch_id)
        assert batch is not None, f"no batch {batch_id}"
        work = Work(config, store, batch, clock, progress)
        try:
            await _all_steps(work)
        except NotReady as left:
            raise Busy(f"another process works on this range, too ({left}): run it again when that is over") from None
        except Busy:
            raise
        except JobError as error:
            abandon(work, *error.messages)
            raise
        return await asyncio.to_thread(result_of, work)


async def _all_steps(work: Work) -> None:
    steps = await asyncio.to_thread(batches.steps, work.store, work.batch.id)
    left = [step for step in steps if not step.done]
    done, progress = len(steps) - len(left), work.progress
    progress.start(STEPS, len(steps))

    async def do(step: Step, with_words: str = "") -> str:
        """What failed, in words, or nothing; a step that something failed before is given up."""
        nonlocal done
        quiet = replace(work, progress=Unseen()) if step.kind == Kind.SWEEP else work
        words = with_words
        if not words:
            try:
                await perform(quiet, step.key)
            except StepFailed as failed:
                words = str(failed)
        if words:
            await give_up(work, step.key, words)
        done += 1
        progress.advance(STEPS, done, len(steps))
        return words

    async def one_after_another(chosen: list[Step]) -> None:
        words = ""
        for step in chosen:
            words = await do(step, words)

    pulling = [step for step in left if step.kind in (Kind.SWEEP, Kind.PULL)]
    by_account = [list(group) for _, group in groupby(sorted(pulling, key=_line), key=lambda step: step.account)]
    for step in left:
        if step.kind == Kind.READ:
            await do(step)
    await _prove_all(work, [line[0] for line in by_account])
    await side_by_side(*(one_after_another(line) for line in by_account))
    for step in left:
        if step.kind in (Kind.JUDGE, Kind.REPORT):
            await do(step)
    progress.finish(STEPS)


def _line(step: Step) -> tuple[str, int]:
    return step.account or "", step.place


async def _prove_all(work: Work, steps: Sequence[Step]) -> None:
    """Every key and account, before anything is stored; raises JobError of all that are refused."""
    accounts = work.accounts(steps)
    gates = {account.name: gate(work.config, work.store, account.name) for account in accounts}
    puller = Puller(work.store, work.clock, work.progress, work.writes)
    silent = await prove(puller, accounts, gates)
    work.proved.update(name for name, words in silent.items() if not words)


def result_of(work: Work) -> list[Outcome]:
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
    pulled = batches.outcomes(work.store, batch.id, [step.key for step in pulls])
    traffic = {step.account or "": {name: pulled[step.key][name] for name in TRAFFIC} for step in pulls}
    reports = [step for step in steps if step.kind == Kind.REPORT]
    found = [_outcome(work, step, steps) for step in reports]
    if found:  # what went over the line went once
        found[0] = replace(found[0], pulled=traffic)
    batches.end(work.store, batch.id, work.clock())
    return found


def _outcome(work: Work, step: Step, steps: Sequence[Step]) -> Outcome:
    said = batches.outcomes(work.store, work.batch.id, [step.key])[step.key]
    judged = [one for one in steps if one.kind == Kind.JUDGE and one.first_day == step.first_day]
    folder = work.config.reports.folder
    missing = {folder / name: put_back(work.store, folder / name, sha256) for name, sha256 in said["reports"]}
    return Outcome(
        run_id=step.run_id,
        complete=bool(step.complete),
        as_of=work.batch.wish.as_of,
        results=tuple(results_of(work, judged, breaks_alone=True).values()),
        reports=tuple(path for path, why in missing.items() if not why),
        timings=said["timings"],
        messages=(*said["messages"], *filter(None, missing.values())),
        unsigned=tuple(
            Unsigned(account, date.fromisoformat(first), date.fromisoformat(last), words)
            for account, first, last, words in said["unsigned"]
        ),
        days={one.account or "": (one.first_day, one.last_day) for one in judged},
        audit_head=said["audit_head"],
    )
