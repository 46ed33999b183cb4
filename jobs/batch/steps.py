"""Does one step of a batch and writes its result with its marker.

Whoever works on a batch (one process, or many through a queue) calls `perform` for what `jobs.batch.ready` names.
"""

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from jobs.batch import parcels
from jobs.batch.plan import DAY, Kind, comes_after, options_of, waits_for
from jobs.config.config import Config
from jobs.run.judging import Findings
from jobs.run.lock import AlreadyDone, Hold, run_held
from jobs.run.outcome import JobError, Outcome, Progress, RunOptions
from jobs.run.pulled import Pulled
from jobs.run.pulling import Puller, Reach, pull_account, sweep_account
from jobs.run.rejudging import context_of
from jobs.run.reporting import hash_of
from jobs.run.sources import Told, told_of
from jobs.run.stages import Days, Road, conclude, gate, judge, lacking, prove, read_sources, record_findings
from recon.calendars import days_window
from recon.model import Account, Result, Window
from recon.store.engine import Store
from recon.store.queue import batches
from recon.store.queue.batches import Batch, Marker, PulledWindow, Step, StepDone
from recon.store.runs.attempts import Claim


class StepFailed(Exception):
    """A step's source failed (Omise, in words without secrets): worth another try, and in the end `give_up`."""


class NotReady(Exception):
    """A step that still waits for others, or whose batch has ended: nothing was done."""


@dataclass(frozen=True)
class Work:
    """One process's work on a batch; make one per batch, since it remembers whose key was proved."""

    config: Config
    store: Store
    batch: Batch
    clock: Callable[[], datetime]
    progress: Progress
    writes: asyncio.Lock = field(default_factory=asyncio.Lock)  # one writer at a time: SQLite has only one
    proved: set[str] = field(default_factory=set)  # accounts whose key and mode were proved by this process

    @property
    def options(self) -> RunOptions:
        """What the batch was asked, as a run of its whole range is."""
        return options_of(self.batch.wish)

    @property
    def until(self) -> datetime:
        """From when on nothing is looked at: now, as every step means it, or an earlier moment that was asked for."""
        return min(self.batch.wish.as_of, self.batch.created_at)

    def account(self, step: Step) -> Account:
        """The account of a step; raises JobError where the configuration has it no more."""
        return self.accounts([step])[0]

    def accounts(self, steps: Sequence[Step]) -> tuple[Account, ...]:
        """The accounts of steps, in their order; raises JobError where the configuration has one no more."""
        known = {account.name: account for account in self.config.as_accounts()}
        names = [step.account for step in steps if step.account]
        if gone := [name for name in names if name not in known]:
            raise JobError(*(f'the configuration has no account "{name}" any more' for name in gone))
        return tuple(known[name] for name in names)


@dataclass(frozen=True)
class StepOutcome:
    """What became of a step: whether anything is missing from it, and what is, in words."""

    key: str
    complete: bool
    messages: tuple[str, ...] = ()


async def perform(work: Work, key: str) -> StepOutcome:
    """Do a step; one that is done already answers at once with what came of it, so that anybody may ask again.

    Raises StepFailed (try again; after some tries `give_up`), `jobs.holding.Busy` (another run holds the account, a
    dead one for three minutes: try again), AlreadyDone (a night that others finished; the batch is ended), any other
    JobError (nothing of this batch can go on: `abandon`), NotReady (leave it).
    """
    step = await asyncio.to_thread(_begin, work, key)
    if not step.done:
        try:
            await _DO[Kind(step.kind)](work, step)
        except StepDone:  # by somebody who was believed dead
            pass
        except AlreadyDone:
            await asyncio.to_thread(batches.end, work.store, work.batch.id, work.clock())
            raise
    return await asyncio.to_thread(_outcome, work, key)


async def give_up(work: Work, key: str, words: str) -> StepOutcome:
    """Mark a sweep or a pull whose source failed for good: what comes after it goes on and says what is missing."""

    def mark() -> StepOutcome:
        step = batches.one_step(work.store, work.batch.id, key)
        if step is None or step.kind not in (Kind.SWEEP, Kind.PULL):
            raise NotReady(key)
        try:
            said = Pulled(work.account(step), words).as_json()
            batches.finish_alone(work.store, _marker(work, step, said, complete=False))
        except StepDone:
            pass
        return _outcome(work, key)

    return await asyncio.to_thread(mark)


def abandon(work: Work, *messages: str) -> None:
    """End the batch before its steps are done, saying why; the same wish soon after takes it up where it stopped."""
    batches.end(work.store, work.batch.id, work.clock(), "\n".join(messages) or "it was abandoned")


def _begin(work: Work, key: str) -> Step:
    """The step, with the try noted unless it is done; raises NotReady."""
    batch_id = work.batch.id
    step = batches.one_step(work.store, batch_id, key)
    if step is None:
        raise NotReady(f"batch {batch_id} has no step {key}")
    if step.done:
        return step
    others = batches.steps(work.store, batch_id, comes_after(Kind(step.kind)))
    if waiting := waits_for(step, [one for one in others if not one.done]):
        raise NotReady(f"{key} waits for {waiting[0]}")
    if not batches.begin(work.store, batch_id, key, socket.gethostname(), work.clock()):
        found = batches.one_step(work.store, batch_id, key)
        if found is None or not found.done:
            raise NotReady(f"batch {batch_id} has ended")
        return found
    return step


def _outcome(work: Work, key: str) -> StepOutcome:
    step = batches.one_step(work.store, work.batch.id, key)
    said = batches.outcomes(work.store, work.batch.id, [key])[key]
    words = (*said.get("messages", ()), *filter(None, [said.get("failure")]), *said.get("short", ()))
    return StepOutcome(key, bool(step and step.complete), words)


def _marker(
    work: Work, step: Step, said: Mapping[str, Any], *, complete: bool, parcel: bytes | None = None
) -> Marker:
    return Marker(work.batch.id, step.key, work.clock(), complete, said, parcel)


async def _read(work: Work, step: Step) -> None:
    road = await asyncio.to_thread(_road, work, step)
    told = await read_sources(road)
    said = {"told": told.as_json(), "timings": road.timings, "messages": list(told.messages)}
    marker = _marker(work, step, said, complete=not told.messages)
    await asyncio.to_thread(batches.finish_alone, work.store, marker)


async def _sweep(work: Work, step: Step) -> None:
    account = work.account(step)
    pulled = await sweep_account(*await _way(work, account), _reach(work, account, step), _finish(work, step))
    if pulled.failure:
        raise StepFailed(pulled.failure)


async def _pull(work: Work, step: Step) -> None:
    account = work.account(step)
    before, unswept = await asyncio.to_thread(_swept, work, account)
    reach = replace(_reach(work, account, step), unswept=unswept)
    pulled = await pull_account(*await _way(work, account), reach, before, _finish(work, step))
    if pulled.failure:
        raise StepFailed(pulled.failure)


async def _way(work: Work, account: Account) -> tuple[Puller, Account, Any]:
    """By what an account is pulled, once its key and mode are proved; raises JobError, if not asked StepFailed."""
    puller = Puller(work.store, work.clock, work.progress, work.writes)
    gates = {account.name: gate(work.config, work.store, account.name)}
    if account.name not in work.proved:
        [silent] = (await prove(puller, [account], gates)).values()
        if silent:
            raise StepFailed(silent)
        work.proved.add(account.name)
    return puller, account, gates[account.name]


def _reach(work: Work, account: Account, step: Step) -> Reach:
    return Reach(_window(work, account, step), work.until, work.config.omise.lookback_days * DAY)


def _window(work: Work, account: Account, step: Step) -> Window:
    """A step's days in its account's zone, as far as they are over."""
    whole = days_window(step.first_day, step.last_day, account.zone)
    end = min(whole.end, work.until)
    return Window(min(whole.start, end), end)


def _finish(work: Work, step: Step) -> Callable[[Store, Pulled, Any], None]:
    """Writes the last of a pull with the marker."""

    def write(store: Store, pulled: Pulled, windows: list[PulledWindow]) -> None:
        marker = _marker(work, step, pulled.as_json(), complete=True)
        batches.finish_pulled(store, marker, pulled.account.name, windows)

    return write


def _swept(work: Work, account: Account) -> tuple[Pulled, tuple[Window, ...] | None]:
    """What the account's sweeps found, and what was given up of them; null where there were none."""
    sweeps = batches.steps(work.store, work.batch.id, (Kind.SWEEP,), account.name)
    said = batches.outcomes(work.store, work.batch.id, [step.key for step in sweeps])
    before = Pulled(account)
    for step in sweeps:
        before.add(said[step.key])
    left = tuple(_window(work, account, step) for step in sweeps if not step.complete)
    return before, left if sweeps else None


async def _judge(work: Work, step: Step) -> None:
    """The road for one account and range, with what its pull stored; recorded with the marker in one transaction."""
    account, road = work.account(step), await asyncio.to_thread(_road, work, step)
    pulls, read = await asyncio.to_thread(_pulled, work, account), await asyncio.to_thread(_what_was_read, work, step)
    days = road.days[account.name]
    claim = Claim(account.name, days.first, days.last, days.window.end, road.as_of, road.options.pull)
    held = partial(_judge_held, work, step, replace(road, accounts=(account,)), told_of(read["told"]), pulls)
    await run_held(work.store, [claim], road.options.by, work.clock, held, road.options.unless_done)


async def _judge_held(
    work: Work, step: Step, road: Road, told: Told, pulls: Mapping[str, Pulled], hold: Hold
) -> Outcome:
    road.hold = hold
    road.messages += (*told.messages, *lacking(pulls))
    findings, _ = await judge(road, told, pulls)
    complete = not road.messages and all(result.complete for result in findings.results)
    said = {"messages": road.messages, "timings": road.timings, "digests": road.digests, "current": findings.current}

    def write() -> int | None:
        parcel = parcels.pack(findings.results[0]) if findings.results else None
        if parcel and len(parcel) > parcels.LARGEST:
            days = f"{step.first_day} to {step.last_day}"
            raise JobError(f'account "{step.account}": {days} is too much for one step: recon run takes parts of it')
        marker = _marker(work, step, said, complete=complete, parcel=parcel)
        run_id = record_findings(road, findings, marker)
        if run_id is None:
            batches.finish_alone(work.store, marker)
        return run_id

    run_id = await asyncio.to_thread(write)
    return Outcome(run_id, complete, road.as_of, (), (), road.timings, tuple(road.messages))


def _road(work: Work, step: Step) -> Road:
    """The road over a step's range, which is that of every account judged over it."""
    judged = _judged(work, step)
    accounts = work.accounts(judged)
    options = replace(
        work.options, first=step.first_day, last=step.last_day, accounts=tuple(account.name for account in accounts)
    )
    window = {account.name: days_window(step.first_day, step.last_day, account.zone) for account in accounts}
    days = {name: Days(step.first_day, step.last_day, one) for name, one in window.items()}
    started, as_of = work.batch.created_at, work.batch.wish.as_of
    return Road(work.config, options, work.clock, work.progress, work.store, started, as_of, accounts, days)


def _judged(work: Work, step: Step) -> list[Step]:
    """The steps that judge a step's range, in their places."""
    found = batches.steps(work.store, work.batch.id, (Kind.JUDGE,))
    return [one for one in found if one.first_day == step.first_day]


def _what_was_read(work: Work, step: Step) -> Mapping[str, Any]:
    """What came of reading the files of a step's range."""
    found = batches.steps(work.store, work.batch.id, (Kind.READ,))
    [key] = [one.key for one in found if one.first_day == step.first_day]
    return batches.outcomes(work.store, work.batch.id, [key])[key]


def _pulled(work: Work, account: Account) -> dict[str, Pulled]:
    """What the batch's pull of an account came to; none where nothing was to be pulled."""
    found = {}
    for step in batches.steps(work.store, work.batch.id, (Kind.PULL,), account.name):
        said = batches.outcomes(work.store, work.batch.id, [step.key])[step.key]
        pulled = Pulled(account, said["failure"])
        pulled.add(said)
        pulled.say_what_is_odd()
        found[account.name] = pulled
    return found


async def _report(work: Work, step: Step) -> None:
    """What comes after recording, for all accounts of the range; their parcels keep figures and breaks alone."""
    road = await asyncio.to_thread(_road, work, step)
    judged = await asyncio.to_thread(_judged, work, step)
    said = await asyncio.to_thread(batches.outcomes, work.store, work.batch.id, [one.key for one in judged])
    found = await asyncio.to_thread(results_of, work, judged)
    read = await asyncio.to_thread(_what_was_read, work, step)
    road.timings |= read["timings"]
    for one in judged:
        road.messages += [words for words in said[one.key]["messages"] if words not in road.messages]
        road.digests |= said[one.key]["digests"]
        for stage, seconds in said[one.key]["timings"].items():
            road.timings[stage] = round(road.timings.get(stage, 0.0) + seconds, 3)
    findings = Findings(tuple(found.values()), current=all(one["current"] for one in said.values()))
    context = context_of(work.config, road.as_of, with_bank=True)
    run_id = max((one.run_id for one in judged if one.run_id is not None), default=None)
    outcome = await conclude(road, findings, context, run_id, {})

    def write() -> None:
        slim = {key: parcels.pack(parcels.without_rows(result)) for key, result in found.items()}
        marker = _marker(work, step, _reported(work, outcome), complete=outcome.complete)
        batches.finish_alone(work.store, marker, run_id, slim)

    await asyncio.to_thread(write)


def results_of(work: Work, judged: Sequence[Step], *, breaks_alone: bool = False) -> dict[str, Result]:
    """By their steps' keys the results that are in parcels; `breaks_alone` as `jobs.parcels.unpack` has it."""
    found = {}
    for step in judged:
        parcel = batches.parcel(work.store, work.batch.id, step.key)
        if parcel is not None:
            found[step.key] = parcels.unpack(parcel, breaks_alone=breaks_alone)
    return found


def _reported(work: Work, outcome: Outcome) -> dict[str, Any]:
    folder = work.config.reports.folder
    return {
        "messages": outcome.messages,
        "timings": outcome.timings,
        "reports": [[path.relative_to(folder).as_posix(), hash_of(path)] for path in outcome.reports],
        "unsigned": [
            [one.account, one.first.isoformat(), one.last.isoformat(), one.words] for one in outcome.unsigned
        ],
        "audit_head": outcome.audit_head,
    }


_DO = {Kind.READ: _read, Kind.SWEEP: _sweep, Kind.PULL: _pull, Kind.JUDGE: _judge, Kind.REPORT: _report}
