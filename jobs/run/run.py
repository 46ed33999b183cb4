"""The road: read orders, pull, load, match, triage, judge, record, report; no step calls its neighbour."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from jobs.config.config import Config
from jobs.logs.errors import trouble_of
from jobs.run.judging import Findings
from jobs.run.lock import Hold, run_held
from jobs.run.masking import mask_what_is_stored
from jobs.run.moments.gateway_clock import latest, prove_clock
from jobs.run.moments.later_moments import later_moments, say_later_moments
from jobs.run.outcome import JobError, Outcome, Progress, RunOptions
from jobs.run.pulled import Pulled
from jobs.run.sources import read_opening_items
from jobs.run.stages import (
    DAY,
    Days,
    Road,
    conclude,
    judge,
    lacking,
    prove_all,
    pull_all,
    read_sources,
    record_findings,
)
from recon.calendars import days_window, local_day
from recon.model import Account
from recon.settings import Context
from recon.store import migrate
from recon.store.engine import SQLITE, Store, is_lost, open_store
from recon.store.runs.attempts import Claim
from recon.store.versions.archive import keep_in
from recon.store.versions.load import known_since

EARLIEST = 2010  # the year; Omise began in 2013
LONGEST_AHEAD = timedelta(days=366)  # up to the end of a month or a year may be asked for


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
            Claim(name, span.first, span.last, span.window.end, as_of, options.pull) for name, span in days.items()
        ]
        return await run_held(store, claims, options.by, clock, partial(_travel, road), options.unless_done)


def resolve(config: Config, options: RunOptions, now: datetime) -> tuple[tuple[Account, ...], dict[str, Days]]:
    """The accounts asked for and the days of each; raises JobError in words."""
    configured = {account.name: account for account in config.as_accounts()}
    unknown = [name for name in options.accounts if name not in configured]
    if unknown:
        names = ", ".join(configured)
        raise JobError(*(f"--account {name}: no such account in the configuration ({names})" for name in unknown))
    chosen = [configured[name] for name in dict.fromkeys(options.accounts or configured)]
    if options.as_of is not None and options.as_of.year < EARLIEST:
        raise JobError(f"--as-of {options.as_of.isoformat()} is before {EARLIEST}: nothing was ever known then")
    if options.as_of is not None and options.as_of > now:
        raise JobError(f"--as-of {options.as_of.isoformat()} is later than now, {now.isoformat(timespec='seconds')}")
    days: dict[str, Days] = {}
    for account in chosen:
        yesterday = local_day(now, account.zone) - DAY
        last = options.last or max(options.first or yesterday, yesterday)
        first = options.first or last
        for option, day in (("--from", first), ("--to", last)):
            if day.year < EARLIEST:
                raise JobError(f"{option} {day} is before {EARLIEST}: Omise has nothing as old as that")
            if day > yesterday + LONGEST_AHEAD:
                raise JobError(f"{option} {day} lies in the future")
        if first > last:
            raise JobError(f"--from {first} is after --to {last}")
        if first > yesterday + DAY:
            raise JobError(f"--from {first} lies in the future")
        days[account.name] = Days(first, last, days_window(first, last, account.zone))
    return tuple(chosen), days


def open_ready_store(config: Config) -> Store:
    """The store, migrated: SQLite by itself, after a copy of an older file; PostgreSQL says what to run."""
    try:
        store = open_store(config.store_url)
        keep_in(store, config.store.archive)
        if store.dialect.name == SQLITE:
            migrate.upgrade(store)
        elif not migrate.is_current(store):
            store.dispose()
            raise JobError("the store's tables are not up to date: run `recon db upgrade`")
        mask_what_is_stored(config, store, datetime.now(UTC))
    except migrate.OtherVersion as error:
        raise JobError(f"store: {error}") from None
    except (OSError, ValueError) as error:
        raise JobError(f"store.url: {error}") from None
    return store


def refuse_the_unknown(store: Store, accounts: Sequence[Account], as_of: datetime) -> None:
    """Raises JobError where nothing was known yet of an account: its good workbook would give way to an empty one."""
    since = known_since(store, [account.name for account in accounts])
    mistakes = []
    for account in accounts:
        first = since.get(account.name)
        if first is not None and first <= as_of:
            continue
        when = f"the first was stored at {first.isoformat(timespec='seconds')}" if first else "nor is anything since"
        mistakes.append(
            f"--as-of {as_of.isoformat(timespec='seconds')}: nothing was known of account {account.name} then; {when}"
        )
    if mistakes:
        raise JobError(*mistakes)


@contextmanager
def ready_store(config: Config) -> Iterator[Store]:
    """The store for the block, its connections closed after it."""
    store = open_ready_store(config)
    try:
        say_later_moments(store)
        yield store
    finally:
        store.dispose()


@asynccontextmanager
async def opened_store(config: Config) -> AsyncIterator[Store]:
    """The store for the block, opened and closed beside the event loop.

    One that was being opened when nobody waited any more is closed, too.
    """
    opening = asyncio.create_task(asyncio.to_thread(open_ready_store, config))
    try:
        store = await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close)
        raise
    try:
        yield store
    finally:
        await asyncio.to_thread(store.dispose)


def _close(opening: "asyncio.Task[Store]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().dispose()


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
        why = trouble_of(error) or f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        words = f"run {run_id} is recorded; its reports could not be written ({why}): recon report does it"
    road.messages.append(words)
    road.options = replace(road.options, report=False)
    return await conclude(road, findings, context, run_id, pulls)
