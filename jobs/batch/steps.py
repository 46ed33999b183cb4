"""Does one step of a batch and writes its result with its marker.

Whoever works on a batch (one process, or many through a queue) calls `perform` for what `plan.ready` names.
"""

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from jobs.batch import packed
from jobs.batch.plan import DAY, KINDS_BEFORE, Kind, options_of, waits_for
from jobs.config.config import Config
from jobs.run.access import AccountAccess, PullContext, access_of, prove
from jobs.run.judging import Findings
from jobs.run.judging_request import context_of
from jobs.run.lock import AlreadyDone, Hold, run_held
from jobs.run.moments.days import Days
from jobs.run.moments.gateway_clock import FAR, ClockWrong, latest, prove_clock
from jobs.run.moments.later_moments import later_moments
from jobs.run.outcome import JobError, Outcome, Progress, RunOptions
from jobs.run.pulled import Pulled
from jobs.run.pulling import PullScope, pull_account, sweep_account
from jobs.run.reporting import hash_of
from jobs.run.sources import SourcesRead
from jobs.run.stages import Road, conclude, judge, lacking, read_sources, record_findings
from recon.calendars import days_window
from recon.model import Account, Result, Window
from recon.store.engine import Store
from recon.store.queue import batches
from recon.store.queue.batches import Batch, Marker, Step, StepDone
from recon.store.runs.attempts import Claim
from recon.store.versions.save import PulledWindow


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
    # Accounts whose key and mode are right, each with Omise's time; and whether this host's clock is.
    proved: dict[str, datetime | None] = field(default_factory=dict)
    clock_proved: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def options(self) -> RunOptions:
        """What the batch was asked, as a run of its whole range is."""
        return options_of(self.batch.request)

    @property
    def pull_context(self) -> PullContext:
        """What the pulls of all accounts share."""
        return PullContext(self.store, self.clock, self.progress, self.writes)

    @property
    def until(self) -> datetime:
        """From when on nothing is looked at: now, as every step means it, or an earlier moment that was asked for."""
        return min(self.batch.request.as_of, self.batch.created_at)

    async def prove_clock(self) -> None:
        """Holds this host's clock against Omise's and the batch's moment too; raises ClockWrong."""
        if self.clock_proved.is_set() or not self.options.pull:
            return
        accounts = [name for name in self.batch.request.accounts if name in self.config.accounts]
        await prove_clock(self.config, accounts, self.clock)
        planned = max(self.batch.request.as_of, self.batch.created_at)
        if planned > self.clock() + FAR:
            raise ClockWrong(
                f"the batch was planned at {planned:%Y-%m-%d %H:%M} UTC, which is later than now: the clock of the "
                "host that planned it was ahead; set it right (NTP), then begin anew"
            )
        self.clock_proved.set()

    def account(self, step: Step) -> Account:
        """The account of a step; raises JobError where the configuration has it no more."""
        return self.accounts([step])[0]

    def accounts(self, steps: Sequence[Step]) -> tuple[Account, ...]:
        """The accounts of steps, in their order; raises JobError where the configuration has one no more."""
        configured = self.config.accounts_by_name()
        names = [step.account for step in steps if step.account]
        if missing := [name for name in names if name not in configured]:
            raise JobError(*(f'the configuration has no account "{name}" any more' for name in missing))
        return tuple(configured[name] for name in names)

    def step(self, key: str) -> Step:
        """A step as it stands now; raises NotReady where the batch has none of this key."""
        step = batches.one_step(self.store, self.batch.id, key)
        if step is None:
            raise NotReady(f"batch {self.batch.id} has no step {key}")
        return step

    def steps(self, kind: Kind, account: str | None = None) -> list[Step]:
        """The batch's steps of a kind in their places, of all accounts or of one."""
        return batches.steps(self.store, self.batch.id, (kind,), account)

    def steps_of_range(self, kind: Kind, step: Step) -> list[Step]:
        """The steps of a kind over the range of a step, in their places."""
        return [other for other in self.steps(kind) if other.first_day == step.first_day]

    def outcomes(self, steps: Sequence[Step]) -> list[Mapping[str, Any]]:
        """What came of steps that are done."""
        by_key = batches.outcomes(self.store, self.batch.id, [step.key for step in steps])
        return [by_key[step.key] for step in steps]

    def results(self, judged: Sequence[Step]) -> dict[str, Result]:
        """By key the results of steps that judged something; once reports are written they hold no rows."""
        packed_results = {step.key: batches.packed_result(self.store, self.batch.id, step.key) for step in judged}
        return {
            key: packed.unpack(packed_result)
            for key, packed_result in packed_results.items()
            if packed_result is not None
        }

    def finish(self, step: Step, outcome: Mapping[str, Any], *, complete: bool) -> None:
        """Mark a step that writes nothing else; raises StepDone."""
        batches.finish_alone(self.store, self.marker(step, outcome, complete=complete))

    def marker(
        self, step: Step, outcome: Mapping[str, Any], *, complete: bool, packed_result: bytes | None = None
    ) -> Marker:
        """That a step is done, and what came of it."""
        return Marker(self.batch.id, step.key, self.clock(), complete, outcome, packed_result)


async def perform(work: Work, key: str) -> Step:
    """Do a step and give it back; one that is done already comes back at once, so that anybody may ask again.

    Raises StepFailed (try again; after some tries `give_up`), `jobs.run.lock.Busy` (another run holds the account, a
    dead one for three minutes: try again), AlreadyDone (a night that others finished; the batch is ended), any other
    JobError (nothing of this batch can go on: `abandon`), NotReady (leave it).
    """
    await work.prove_clock()
    step = await asyncio.to_thread(_begin, work, key)
    if step.done:
        return step
    try:
        with suppress(StepDone):  # by somebody who was believed dead
            await _PERFORM[Kind(step.kind)](work, step)
    except AlreadyDone:
        await asyncio.to_thread(batches.end, work.store, work.batch.id, work.clock())
        raise
    return await asyncio.to_thread(work.step, key)


def give_up(work: Work, key: str, reason: str) -> None:
    """Mark a sweep or a pull whose source failed for good: what comes after it goes on and says what is missing."""
    step = work.step(key)
    if step.kind not in (Kind.SWEEP, Kind.PULL):
        raise NotReady(key)
    with suppress(StepDone):
        work.finish(step, Pulled(work.account(step), reason).as_json(), complete=False)


def abandon(work: Work, *reasons: str) -> None:
    """End the batch before its steps are done; the same request soon after takes it up where it stopped."""
    batches.end(work.store, work.batch.id, work.clock(), "\n".join(reasons) or "it was abandoned")


def _begin(work: Work, key: str) -> Step:
    """The step, with the try noted unless it is done; raises NotReady."""
    batch_id = work.batch.id
    step = work.step(key)
    if step.done:
        return step
    before = batches.steps(work.store, batch_id, KINDS_BEFORE[Kind(step.kind)])
    if waiting := waits_for(step, [other for other in before if not other.done]):
        raise NotReady(f"{key} waits for {waiting[0]}")
    if batches.begin(work.store, batch_id, key, socket.gethostname(), work.clock()):
        return step
    step = work.step(key)
    if not step.done:
        raise NotReady(f"batch {batch_id} has ended")
    return step


async def _read(work: Work, step: Step) -> None:
    road = await asyncio.to_thread(_road, work, step)
    sources = await read_sources(road)
    later = await asyncio.to_thread(later_moments, work.store, work.clock())
    sources = replace(sources, messages=[*sources.messages, *((None, words) for words in later)])
    outcome = {
        "sources": msgspec.to_builtins(sources),
        "timings": road.timings,
        "messages": sources.messages_of(road.days),
    }
    await asyncio.to_thread(work.finish, step, outcome, complete=not outcome["messages"])


async def _sweep(work: Work, step: Step) -> None:
    account = work.account(step)
    context, access = await _proved_access(work, account)
    scope = _pull_scope(work, account, step)
    pulled = await sweep_account(context, account, access, scope, _finish_pull(work, step))
    if pulled.failure:
        raise StepFailed(pulled.failure)


async def _pull(work: Work, step: Step) -> None:
    account = work.account(step)
    swept = await asyncio.to_thread(_swept, work, account)
    context, access = await _proved_access(work, account)
    scope = _pull_scope(work, account, step)
    pulled = await pull_account(context, account, access, scope, swept, _finish_pull(work, step))
    if pulled.failure:
        raise StepFailed(pulled.failure)


async def _proved_access(work: Work, account: Account) -> tuple[PullContext, AccountAccess]:
    """By what an account is pulled, once its key and mode are proved; raises JobError, if not asked StepFailed."""
    context = work.pull_context
    access = access_of(work.config, work.store, account.name)
    if account.name not in work.proved:
        proved = await prove(context, [account], {account.name: access})
        if proved[account.name].failure:
            raise StepFailed(proved[account.name].failure)
        work.proved[account.name] = proved[account.name].date
    return context, access


def _pull_scope(work: Work, account: Account, step: Step) -> PullScope:
    until = latest(work.proved[account.name], work.until)
    window = _window(work, account, step)
    stretch = Window(min(window.start, until), min(window.end, until))
    swept_since = work.batch.created_at if work.options.full else None
    lookback = work.config.omise.lookback_days * DAY
    return PullScope(stretch, until, lookback, work.config.schedule.sweep_again, swept_since)


def _window(work: Work, account: Account, step: Step) -> Window:
    """A step's days in its account's zone, as far as they are over."""
    days = days_window(step.first_day, step.last_day, account.zone)
    end = min(days.end, work.until)
    return Window(min(days.start, end), end)


def _finish_pull(work: Work, step: Step) -> Callable[[Store, Pulled, Sequence[PulledWindow]], None]:
    """Writes the last of a pull with the marker."""

    def finish(store: Store, pulled: Pulled, windows: Sequence[PulledWindow]) -> None:
        marker = work.marker(step, pulled.as_json(), complete=True)
        batches.finish_pulled(store, marker, pulled.account.name, windows)

    return finish


def _swept(work: Work, account: Account) -> Pulled:
    """What the account's sweeps found; what was given up of them is a hole to the pull."""
    swept = Pulled(account)
    for outcome in work.outcomes(work.steps(Kind.SWEEP, account.name)):
        swept.add(outcome)
    return swept


async def _judge(work: Work, step: Step) -> None:
    """The road for one account and range, with what its pull stored; recorded with the marker in one transaction."""
    account = work.account(step)
    road = await asyncio.to_thread(_road, work, step)
    pulls = await asyncio.to_thread(_pulled, work, account)
    [read] = await asyncio.to_thread(_read_outcomes, work, step)
    sources = msgspec.convert(read["sources"], SourcesRead)
    days = road.days[account.name]
    claim = Claim(account.name, days.first, days.last, days.window.end, road.as_of, road.options.pull)
    own = replace(road, accounts=(account,))
    own.messages += (*sources.messages_of([account.name]), *lacking(pulls))
    judged = partial(_judge_held, work, step, own, sources, pulls)
    await run_held(work.store, [claim], road.options.by, work.clock, judged, road.options.unless_done)


async def _judge_held(
    work: Work, step: Step, road: Road, sources: SourcesRead, pulls: Mapping[str, Pulled], hold: Hold
) -> Outcome:
    road.hold = hold
    findings, _ = await judge(road, sources, pulls)
    complete = not road.messages and all(result.complete for result in findings.results)
    run_id = await asyncio.to_thread(_record, work, step, road, findings, complete)
    messages = tuple(road.messages)
    waits_on = sources.waits_on(messages)
    return Outcome(run_id, complete, road.as_of, (), (), road.timings, messages, waits_on=waits_on)


def _record(work: Work, step: Step, road: Road, findings: Findings, complete: bool) -> int | None:
    packed_result = packed.pack(findings.results[0]) if findings.results else None
    if packed_result and len(packed_result) > packed.LARGEST:
        days = f"{step.first_day} to {step.last_day}"
        raise JobError(f'account "{step.account}": {days} is too much for one step: recon run takes parts of it')
    outcome = {
        "messages": road.messages,
        "timings": road.timings,
        "digests": road.digests,
        "current": findings.current,
    }
    marker = work.marker(step, outcome, complete=complete, packed_result=packed_result)
    run_id = record_findings(road, findings, marker)
    if run_id is None:
        batches.finish_alone(work.store, marker)
    return run_id


def _road(work: Work, step: Step) -> Road:
    """The road over a step's range, which is that of every account judged over it."""
    accounts = work.accounts(work.steps_of_range(Kind.JUDGE, step))
    names = tuple(account.name for account in accounts)
    days = {
        account.name: Days(step.first_day, step.last_day, days_window(step.first_day, step.last_day, account.zone))
        for account in accounts
    }
    return Road(
        config=work.config,
        options=replace(work.options, first=step.first_day, last=step.last_day, accounts=names),
        clock=work.clock,
        progress=work.progress,
        store=work.store,
        started=work.batch.created_at,
        as_of=work.batch.request.as_of,
        accounts=accounts,
        days=days,
    )


def _read_outcomes(work: Work, step: Step) -> list[Mapping[str, Any]]:
    """What came of reading the files of a step's range: of one step."""
    return work.outcomes(work.steps_of_range(Kind.READ, step))


def _pulled(work: Work, account: Account) -> dict[str, Pulled]:
    """What the batch's pull of an account came to; none where nothing was to be pulled."""
    pulls = {}
    for outcome in work.outcomes(work.steps(Kind.PULL, account.name)):
        pulled = Pulled(account, outcome["failure"])
        pulled.add(outcome)
        pulled.report_malformed()
        pulls[account.name] = pulled
    return pulls


async def _report(work: Work, step: Step) -> None:
    """What comes after recording, for all accounts of the range; what is kept of their results then has no rows.

    The results are those that were recorded: judged again, they would be what is stored by now.
    """
    road = await asyncio.to_thread(_road, work, step)
    judged = await asyncio.to_thread(work.steps_of_range, Kind.JUDGE, step)
    results = await asyncio.to_thread(work.results, judged)
    outcomes = await asyncio.to_thread(work.outcomes, judged)
    [read] = await asyncio.to_thread(_read_outcomes, work, step)
    for outcome in (read, *outcomes):
        for stage, seconds in outcome["timings"].items():
            road.timings[stage] = round(road.timings.get(stage, 0.0) + seconds, 3)
    for outcome in outcomes:
        road.messages += [words for words in outcome["messages"] if words not in road.messages]
        road.digests |= outcome["digests"]
    findings = Findings(tuple(results.values()), current=all(outcome["current"] for outcome in outcomes))
    context = context_of(work.config, road.as_of)
    run_id = max((other.run_id for other in judged if other.run_id is not None), default=None)
    reported = await conclude(road, findings, context, run_id, {})
    waits_on = msgspec.convert(read["sources"], SourcesRead).waits_on(reported.messages)
    reported = replace(reported, waits_on=waits_on)

    def finish() -> None:
        slim = {key: packed.pack(packed.without_rows(result)) for key, result in results.items()}
        marker = work.marker(step, _as_json(work, reported), complete=reported.complete)
        batches.finish_alone(work.store, marker, run_id, slim)

    await asyncio.to_thread(finish)


def _as_json(work: Work, reported: Outcome) -> dict[str, Any]:
    folder = work.config.reports.folder
    return {
        "messages": reported.messages,
        "timings": reported.timings,
        "reports": [[path.relative_to(folder).as_posix(), hash_of(path)] for path in reported.reports],
        "unsigned": msgspec.to_builtins(reported.unsigned),
        "audit_head": reported.audit_head,
        "waits_on": reported.waits_on,
    }


_PERFORM = {Kind.READ: _read, Kind.SWEEP: _sweep, Kind.PULL: _pull, Kind.JUDGE: _judge, Kind.REPORT: _report}
