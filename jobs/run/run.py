"""The road: read orders, pull, load, match, triage, judge, record, report; no step calls its neighbour."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from jobs.config.config import Config
from jobs.logs.errors import one_line, trouble_of
from jobs.run.judging import Findings
from jobs.run.lock import Hold, run_held
from jobs.run.moments.days import resolve
from jobs.run.moments.gateway_clock import latest, prove_clock
from jobs.run.moments.later_moments import later_moments
from jobs.run.opening.store import opened_store
from jobs.run.outcome import JobError, Outcome, Progress, RunOptions
from jobs.run.pulled import Pulled
from jobs.run.sources import read_opening_items
from jobs.run.stages import Road, conclude, judge, lacking, prove_all, pull_all, read_sources, record_findings
from recon.model import Account
from recon.settings import Context
from recon.store.engine import Store, is_lost
from recon.store.runs.attempts import Claim
from recon.store.versions.load import is_known, known_since


async def run(config: Config, options: RunOptions, clock: Callable[[], datetime], progress: Progress) -> Outcome:
    """One execution of the job over a range; raises JobError where nothing could run, Busy where another one runs.

    A source that fails leaves the run incomplete: its account is not judged, the others are.
    """
    started = clock().astimezone(UTC)
    as_of = (options.as_of or started).astimezone(UTC)
    accounts, days = resolve(config, options, started)
    async with opened_store(config) as store:
        if options.as_of is not None and not options.pull:
            await asyncio.to_thread(refuse_the_unknown, store, accounts, as_of)
        later = await asyncio.to_thread(later_moments, store, started)
        if options.pull:
            as_of = latest(await prove_clock(config, [account.name for account in accounts], clock), as_of)
        road = Road(config, options, clock, progress, store, started, as_of, accounts, days)
        road.messages += later
        if not options.record:
            return await _travel(road)
        claims = [
            Claim(name, span.first, span.last, span.window.end, as_of, options.pull, options.today)
            for name, span in days.items()
        ]
        return await run_held(store, claims, options.by, clock, partial(_travel, road), options.unless_done)


def refuse_the_unknown(store: Store, accounts: Sequence[Account], as_of: datetime) -> None:
    """Raises JobError where nothing was known yet of an account: its good workbook would give way to an empty one."""
    mistakes = []
    for account in accounts:
        if is_known(store, account.name, as_of):
            continue
        first = known_since(store, account.name)
        when = f"the first was stored at {first.isoformat(timespec='seconds')}" if first else "nor is anything since"
        mistakes.append(
            f"--as-of {as_of.isoformat(timespec='seconds')}: nothing was known of account {account.name} then; {when}"
        )
    if mistakes:
        raise JobError(*mistakes)


async def _travel(road: Road, hold: Hold | None = None) -> Outcome:
    road.hold = hold
    options = road.options
    if options.pull:
        await prove_all(road)
    if options.opening is not None:
        await asyncio.to_thread(read_opening_items, road.config, road.store, options.opening, options.by, road.clock)
    pulls: dict[str, Pulled] = {}
    sources = await read_sources(road)
    road.messages += sources.messages_of(road.days)
    if options.pull:
        with road.stage("pull"):
            pulls = await pull_all(road)
        road.messages += lacking(pulls)
    if not options.judge:
        return await conclude(road, Findings(), None, None, pulls)
    findings, context = await judge(road, sources, pulls)
    run_id = await asyncio.to_thread(record_findings, road, findings) if options.record else None
    findings = replace(findings, raised=None)  # it holds orders and charges, which no report reads
    outcome = await _concluded(road, findings, context, run_id, pulls)
    return replace(outcome, waits_on=sources.waits_on(outcome.messages))


async def _concluded(
    road: Road, findings: Findings, context: Context, run_id: int | None, pulls: Mapping[str, Pulled]
) -> Outcome:
    """The end of the road; where a recorded run's reports cannot be written, the run without them."""
    try:
        return await conclude(road, findings, context, run_id, pulls)
    except Exception as error:  # whatever fails after it, what was recorded stands and is answered
        if run_id is None or not road.options.report or is_lost(error):
            raise
        why = trouble_of(error) or one_line(error)
        words = f"run {run_id} is recorded; its reports could not be written ({why}): recon report does it"
    road.messages.append(words)
    road.options = replace(road.options, report=False)
    return await conclude(road, findings, context, run_id, pulls)
