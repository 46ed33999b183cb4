"""Runs the schedule and the page in one process until a signal ends it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from jobs.alerts.send import Teller, tell_of
from jobs.batch.nights import nights_under_way, run_night
from jobs.config.config import Config
from jobs.logs.errors import note
from jobs.run.moments.later_moments import say_later_moments
from jobs.run.opening.store import opened_store
from jobs.run.outcome import JobError, Outcome, Progress, RunOptions
from jobs.run.run import run
from jobs.service.extra_jobs import in_own_process
from jobs.service.metrics import Metrics
from jobs.service.readiness import refusals
from jobs.service.schedule import Schedule, ScheduleContext
from jobs.service.signals import asked_to_end
from jobs.service.site import PageNotary, PageRuns, make_site
from jobs.service.webhooks import WebhookIntake
from recon.store.engine import Store
from reports.page.app import OK, listening, make_app
from reports.page.webhooks import Webhooks, WebhookSite

GRACE = timedelta(seconds=60)  # for what runs when a signal comes; the units in deploy/ allow a little more


@dataclass
class _Service:
    config: Config
    path: Path
    clock: Callable[[], datetime]
    progress: Progress
    metrics: Metrics
    scheduler: str = "off"
    status: str = field(default=OK)
    watched_at: datetime | None = None

    def health(self) -> Mapping[str, object]:
        """What `/health` says."""
        health = {"status": self.status, "scheduler": self.scheduler}
        if self.config.schedule.watch:
            health["last_watch"] = f"{self.watched_at:%Y-%m-%d %H:%M} UTC" if self.watched_at else "none yet"
        return health

    async def nights_under_way(self) -> Sequence[RunOptions]:
        """The nights that workers may still be at."""
        return await asyncio.to_thread(nights_under_way, self.config) if self.config.queue is not None else ()

    async def run(self, options: RunOptions, progress: Progress | None = None) -> Outcome:
        """One run, counted."""
        on_queue = self.config.queue is not None and options.unless_done
        job = run_night if on_queue else run  # a night; what a person asks for on the page runs here, at once
        outcome = await job(self.config, options, self.clock, progress or self.progress)
        self.metrics.observe(outcome)
        if outcome.of_today and outcome.complete:
            self.watched_at = outcome.as_of
        return outcome


async def serve(
    config: Config, path: Path, clock: Callable[[], datetime], progress: Progress, scheduler: bool, page: bool
) -> bool:
    """Schedule and page until SIGTERM or SIGINT; false where something that ran was cut after the grace.

    `path` is the configuration's file. Raises JobError with every reason why store, schedule or page would not work.
    """
    service = _Service(config, path, clock, progress, Metrics(config, clock))
    reasons_against = partial(refusals, config, now=clock(), scheduler=scheduler, page=page)
    async with AsyncExitStack() as stack:
        try:
            store = await stack.enter_async_context(opened_store(config))
        except JobError as error:
            raise JobError(*error.messages, *await reasons_against(store=None)) from None
        reasons = await reasons_against(store=store)
        if reasons:
            raise JobError(*reasons)
        await asyncio.to_thread(say_later_moments, store)
        if page:
            note("page", address=await _open_page(stack, service, store))
        stop = stack.enter_context(asked_to_end())
        return await _schedule(service, store, stop) if scheduler else await stop.wait()


async def _schedule(service: _Service, store: Store, stop: asyncio.Event) -> bool:
    context = ScheduleContext(
        store=store,
        clock=service.clock,
        run=service.run,
        teller=Teller(service.config, service.clock),
        extra=in_own_process(service.path),
        nights_under_way=service.nights_under_way,
    )
    schedule = Schedule(service.config, context)
    schedule.start()
    service.scheduler = "running"
    for name, moment in schedule.next_times():
        note(name, next=f"{moment:%Y-%m-%d %H:%M %Z}")
    await stop.wait()
    service.status = service.scheduler = "draining"
    note("ending", grace=f"{GRACE.total_seconds():g} s for what runs")
    whole = await schedule.drain(GRACE)
    if not whole:
        note("cut", then="what was finished is kept; the night runs again at the next start")
    return whole


async def _open_page(stack: AsyncExitStack, service: _Service, store: Store) -> str:
    config = service.config
    section = service.config.page
    teller = Teller(config, service.clock)

    async def run_and_tell(options: RunOptions, progress: Progress) -> Outcome:
        """A run that somebody asked for on the page, told like any other."""
        return await tell_of(teller, partial(service.run, options, progress), options)

    runs = PageRuns(run_and_tell)
    notary = PageNotary(config, service.clock)
    site = make_site(config, store, service.clock, runs, notary, service.health)
    webhooks = await _take_webhooks(stack, service, store, teller) if section.webhooks else None
    app = make_app(service.health, service.metrics.render, site, webhooks)
    try:
        tls = section.tls
        address = await stack.enter_async_context(listening(app, section.host, section.port, tls.cert, tls.key))
    except OSError as error:
        raise JobError(f"page: {section.host}:{section.port} cannot be served ({error.strerror})") from None
    stack.push_async_callback(runs.drain)
    return address


async def _take_webhooks(stack: AsyncExitStack, service: _Service, store: Store, teller: Teller) -> Webhooks:
    """What the page takes webhooks with; they are worked on until the stack ends, and what came is kept then."""
    intake = WebhookIntake(service.config, store, service.clock, teller)
    working = asyncio.create_task(intake.run())

    async def end() -> None:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await intake.keep()

    stack.push_async_callback(end)
    return Webhooks(WebhookSite(intake.accounts, intake.take, service.metrics.count_webhook, service.clock))
