"""Runs what is due by itself: nights, missed nights, the watchdog, extra jobs. Timers only ask; the store decides.

APScheduler's only home. Its timers may fire twice, late or never: each of them leads to the question what is due at
this moment, which `jobs.run.moments.nights` answers from recorded attempts.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]
from apscheduler.triggers.cron import CronTrigger  # type: ignore[import-untyped]
from apscheduler.triggers.date import DateTrigger  # type: ignore[import-untyped]
from apscheduler.triggers.interval import IntervalTrigger  # type: ignore[import-untyped]

from jobs.config.config import Config
from jobs.config.sections import Job
from jobs.logs.errors import note, one_line, say
from jobs.logs.logs import bound
from jobs.run.lock import AlreadyDone, Busy
from jobs.run.moments import nights
from jobs.run.moments.gateway_clock import ClockWrong
from jobs.run.moments.nights import Finding, Night, NightRecords
from jobs.run.outcome import WATCH, Outcome, RunOptions
from jobs.run.sources import file_digests
from jobs.service.extra_jobs import EXTRA_GRACE, Extra
from recon.model import Account
from recon.result.trust import doubt_lines
from recon.store.engine import Store
from recon.store.runs import attempts

TICK = timedelta(minutes=10)  # between two looks for missed nights, and two of the watchdog
WATCH_LATE = timedelta(hours=1)  # after a look at the day was due and none came to its end
WHO = "scheduler"
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")  # as cron counts them; APScheduler's 0 is Monday
_MINUTE = timedelta(minutes=1)

Run = Callable[[RunOptions], Awaitable[Outcome]]


class RunTeller(Protocol):
    """Whoever is told (`jobs.alerts.Teller`); a tuple that comes back says in words what did not go."""

    async def run_finished(self, outcome: Outcome, trigger: str) -> object:
        """A run came to its end, complete or not."""

    async def run_failed(self, options: RunOptions, words: str, trigger: str, stored: bool = True) -> object:
        """A run ended before it could judge anything."""

    async def watch(self, findings: Sequence[Finding], now: datetime) -> object:
        """What the watchdog finds now, also what it found before; and whatever still waits to be sent."""

    async def good_night(self, accounts: Sequence[str]) -> object:
        """No night is owed by any of the accounts."""


def mistakes(config: Config, now: datetime) -> tuple[str, ...]:
    """What cannot be scheduled, in words."""
    section = config.schedule
    lines = {"schedule.nightly": section.nightly}
    lines |= {"schedule.watch": section.watch} if section.watch else {}
    lines |= {f"schedule.jobs.{number}.cron": job.cron for number, job in enumerate(section.jobs)}
    wrong = []
    for path, line in lines.items():
        try:
            next_fire(line, ZoneInfo("UTC"), now)
        except ValueError as error:
            wrong.append(f'{path}: "{line}" is not a time of cron: {error}')
    names = Counter(job.name for job in section.jobs)
    wrong += [f'schedule.jobs: two are called "{name}"' for name, count in sorted(names.items()) if count > 1]
    return tuple(wrong)


def cron(line: str, zone: ZoneInfo) -> Any:
    """A trigger of five cron fields in a zone, Sunday being 0 or 7; raises ValueError.

    Where both day fields are given, both must hold.
    """
    minute, hour, day, month, weekday = line.split()
    return CronTrigger(minute=minute, hour=hour, day=day, month=month, day_of_week=_weekdays(weekday), timezone=zone)


def _weekdays(field: str) -> str:
    """Cron's numbers of weekdays as names; names stay."""
    names: list[str] = []
    for part in field.split(","):
        days, _, step = part.partition("/")
        first, _, last = days.partition("-")
        if days == "*" and step:
            first = "0"
            last = "6"
        if not first.isdecimal():
            names.append(part)
            continue
        numbers = range(int(first), int(last or first) + 1, int(step or 1))
        if not numbers or numbers[-1] > 7:
            raise ValueError(f'"{part}" names no day of the week')
        names += [_DAYS[number % 7] for number in numbers]
    return ",".join(names)


@lru_cache(maxsize=4096)  # every look asks about the same nights of some weeks
def next_fire(line: str, zone: ZoneInfo, at: datetime) -> datetime:
    """The first time at or after a moment, UTC; raises ValueError where it never comes."""
    fire: datetime | None = cron(line, zone).get_next_fire_time(None, at.astimezone(zone))
    if fire is None:
        raise ValueError(f'"{line}" never comes')
    return fire.astimezone(UTC)


def last_fire(line: str, zone: ZoneInfo, now: datetime, within: timedelta) -> datetime | None:
    """The latest time up to a moment, UTC, if it is no longer ago than `within`."""
    trigger = cron(line, zone)
    last = None
    at = now - within
    while (fire := trigger.get_next_fire_time(None, at.astimezone(zone))) is not None and fire <= now:
        last = fire.astimezone(UTC)
        at = max(at, last) + _MINUTE
    return last


def _new_breaks(outcome: Outcome) -> int:
    return sum(result.breaks_new for result in outcome.results)


@dataclass(frozen=True)
class ScheduleContext:
    """What the schedule works with: the store, the clock, how a run is done, who is told, how a command is run."""

    store: Store
    clock: Callable[[], datetime]
    run: Run
    teller: RunTeller
    extra: Extra
    nights_under_way: Callable[[], Awaitable[Sequence[RunOptions]]] | None = None  # elsewhere, to be told of


class Schedule:
    """Everything that runs by itself in one process; several processes may share a store."""

    def __init__(self, config: Config, context: ScheduleContext) -> None:
        self._config = config
        self._context = context
        self._accounts = config.as_accounts()
        self._zones: Mapping[str, ZoneInfo] = {account.name: account.zone for account in self._accounts}
        self._running: set[str] = set()  # accounts whose nights are run just now
        self._tasks: set[asyncio.Task[Any]] = set()
        self._reported: set[tuple[Any, ...]] = set()  # findings that this process has said
        self._draining = False
        self._since = context.clock()
        self.timers: Any = None

    def start(self) -> None:
        """Set the timers; missed nights are looked for at once. Needs a running event loop."""
        section = self._config.schedule
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        timers = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)

        def add(name: str, trigger: Any, *work: Any, **more: Any) -> None:
            timers.add_job(self._guard, trigger, work, id=name, name=name, replace_existing=True, **more)

        every = IntervalTrigger(seconds=int(TICK.total_seconds()), timezone=UTC)
        for account in self._accounts:
            work = (self.catch_up, account)
            add(f"night {account.name}", cron(section.nightly, account.zone), *work)
            add(f"catch-up {account.name}", every, *work, next_run_time=datetime.now(UTC))
            if section.watch:
                add(f"watch {account.name}", cron(section.watch, account.zone), self.look, account)
        for job in section.jobs:
            add(f"job {job.name}", cron(job.cron, self._accounts[0].zone), self.extra_job, job)
        add("watchdog", every, self.watch)
        if self._context.nights_under_way is not None:
            add("left nights", DateTrigger(datetime.now(UTC)), self.take_up)
        timers.start()
        self.timers = timers

    def next_times(self) -> list[tuple[str, datetime]]:
        """Every night and extra job with its next time, in its own zone."""
        timers = [timer for timer in self.timers.get_jobs() if isinstance(timer.trigger, CronTrigger)]
        return [(timer.id, timer.next_run_time) for timer in timers]

    async def drain(self, grace: timedelta) -> bool:
        """Begin nothing new and let what runs come to its end; after the grace cancel it. False where it was cut.

        What is cut is safe: what was pulled is kept, and the night is run again.
        """
        self._draining = True
        if self.timers is not None:
            self.timers.pause()
        running = {task for task in self._tasks if task is not asyncio.current_task()}
        if running:
            _, running = await asyncio.wait(running, timeout=grace.total_seconds())
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        if self.timers is not None:
            self.timers.shutdown(wait=False)  # would cancel what runs: nothing does any more
        return not running

    async def catch_up(self, account: Account) -> None:
        """Run the nights of one account that are due and not done, oldest first; once each."""
        if account.name in self._running:
            return
        self._running.add(account.name)
        try:
            tried: set[Any] = set()
            while not self._draining:
                due = [night for night in await self._due(account) if night.day not in tried]
                if not due or not await self._night(due[0]):
                    break
                tried.add(due[0].day)
        finally:
            self._running.discard(account.name)

    async def look(self, account: Account) -> None:
        """Look at the day of one account, unless its night goes on or is due: the next look finds the same.

        A look that gives way to a run is no trouble, nor one that finds a run going on.
        """
        name = account.name
        elsewhere = await self._context.nights_under_way() if self._context.nights_under_way is not None else ()
        if (
            name in self._running
            or any(name in options.accounts for options in elsewhere)
            or await self._due(account)
        ):
            note("watch waits", account=name, reason="its night goes on or is due")
            return
        options = RunOptions(accounts=(name,), report=False, by=WHO, command=WATCH, today=True)
        with bound(job=WATCH, account=name):
            try:
                outcome = await self._context.run(options)
            except Busy as busy:
                note("watch waits", account=name, reason=busy)
                return
            except Exception as error:
                words = str(error).partition("\n")[0] or type(error).__name__
                note("watch failed", level="error", account=name, reason=words)
                kept = not isinstance(error, ClockWrong)
                await self._tell(self._context.teller.run_failed(options, words, WATCH, stored=kept))
                return
            level = "info" if outcome.complete else "warning"
            note("watch ended", level=level, account=name, breaks_new=_new_breaks(outcome))
            say(*outcome.messages, *(unsigned.sentence for unsigned in outcome.unsigned))
            await self._tell(self._context.teller.run_finished(outcome, WATCH))

    async def take_up(self) -> None:
        """Wait for the nights that go on elsewhere, and tell of them: their scheduler may be gone."""
        under_way = await self._context.nights_under_way() if self._context.nights_under_way is not None else ()
        await asyncio.gather(*(self._run(options) for options in under_way))

    async def watch(self) -> tuple[Finding, ...]:
        """Look at every night that should have run, and tell what is wrong."""
        now = self._context.clock()
        days = self._config.schedule.catch_up_days
        records = await self._records(now)
        expected = self._nights(self._accounts, records, now, max(days, nights.WATCHED_DAYS))
        findings = (*nights.watch(expected, records, now, days), *await self._not_looked_at(now))
        for finding in findings:
            if (key := (finding.kind, finding.account, finding.day)) not in self._reported:
                self._reported.add(key)
                note(finding.kind, level="warning", account=finding.account, night=finding.day, reason=finding.words)
        await self._tell(self._context.teller.watch(findings, now))
        return findings

    async def _not_looked_at(self, now: datetime) -> list[Finding]:
        """Accounts whose day nobody looked at since an hour ago a look was due, while this process ran."""
        line = self._config.schedule.watch
        if not line:
            return []
        looks = await asyncio.to_thread(attempts.last_looks, self._context.store)
        fires = {account: last_fire(line, account.zone, now - WATCH_LATE, nights.DAY) for account in self._accounts}
        return [
            nights.not_looked_at(account, fire, looks.get(account.name), now)
            for account, fire in fires.items()
            if fire is not None and fire >= self._since and looks.get(account.name, self._since) < fire
        ]

    async def extra_job(self, job: Job) -> None:
        """Run a job of the configuration, unless this hour of it was taken by another process."""
        zone = self._accounts[0].zone
        now = self._context.clock()
        fire = last_fire(job.cron, zone, now, EXTRA_GRACE)
        if fire is None or self._draining:
            return
        hour = f"{fire.astimezone(zone):%Y-%m-%dT%H:%M}"
        store = self._context.store
        if not await asyncio.to_thread(attempts.begin_job, store, job.name, hour, socket.gethostname(), now):
            return
        with bound(job=job.name):
            code = await self._context.extra(job.command)
            note("job ended", level="warning" if code else "info", name=job.name, exit_code=code)
        await asyncio.to_thread(attempts.end_job, store, job.name, hour, self._context.clock(), code)

    async def _night(self, night: Night) -> bool:
        """Run one night and tell what became of it; whether the account's next one is worth a try."""
        return await self._run(RunOptions(night.day, night.day, (night.account.name,), by=WHO, unless_done=True))

    async def _run(self, options: RunOptions) -> bool:
        [name], day, teller = options.accounts, options.last, self._context.teller
        trigger = f"night {day}"
        with bound(job=trigger, account=name):
            try:
                outcome = await self._context.run(options)
            except AlreadyDone:
                return True
            except Busy as busy:
                note("night waits", night=day, reason=busy)
                return False
            except ClockWrong as error:  # tried again at every look, so told once; nothing is stored by this clock
                note("night waits", level="error", account=name, night=day, reason=error)
                if ("clock", name, day) not in self._reported:
                    self._reported.add(("clock", name, day))
                    await self._tell(teller.run_failed(options, str(error), trigger, stored=False))
                return False
            except Exception as error:
                words = str(error).partition("\n")[0] or type(error).__name__
                note("night failed", level="error", account=name, night=day, reason=words)
                await self._tell(teller.run_failed(options, words, trigger))
                return False
            level = "info" if outcome.complete else "warning"
            ending = {"complete": outcome.complete, "breaks_new": _new_breaks(outcome)}
            note("night ended", level=level, account=name, night=day, **ending)
            say(*outcome.messages, *(unsigned.sentence for unsigned in outcome.unsigned))
            say(*doubt_lines(outcome.results, self._config.currencies(), outcome.messages))
            if outcome.complete or outcome.results:
                await self._tell(teller.run_finished(outcome, trigger))
            else:  # nothing was judged: the outcome alone does not say whose night it was
                await self._tell(teller.run_failed(options, "; ".join(outcome.messages), trigger))
            if outcome.complete and not await self._owed():
                await self._tell(teller.good_night(list(self._zones)))
            return outcome.complete or bool(outcome.results)

    async def _due(self, account: Account) -> list[Night]:
        now = self._context.clock()
        records = await self._records(now)
        expected = self._nights([account], records, now, self._config.schedule.catch_up_days)
        places = nights.waited_on(expected, records.attempts)
        files = await asyncio.to_thread(file_digests, self._config, places) if places else {}
        return nights.to_run(expected, records.attempts, now, files)

    async def _owed(self) -> bool:
        """Whether any account's night is due and not done, be it soon to be tried again or not."""
        now = self._context.clock()
        records = await self._records(now)
        expected = self._nights(self._accounts, records, now, self._config.schedule.catch_up_days)
        return any(night.due_at <= now and not nights.done(night, records.attempts) for night in expected)

    async def _records(self, now: datetime) -> NightRecords:
        store = self._context.store
        since = nights.oldest_day(now, self._config.schedule.catch_up_days)

        def read() -> NightRecords:
            return NightRecords(
                attempts.attempts(store, since), attempts.first_attempts(store), attempts.counted(store, since)
            )

        return await asyncio.to_thread(read)

    def _nights(self, accounts: Sequence[Account], records: NightRecords, now: datetime, days: int) -> list[Night]:
        line = self._config.schedule.nightly
        expected: list[Night] = []
        for account in accounts:
            due = partial(next_fire, line, account.zone)
            expected += nights.expected_nights(account, records, now, days, due)
        return expected

    async def _tell(self, telling: Awaitable[object]) -> None:
        try:
            problems = await telling
        except Exception as error:  # whatever goes wrong with telling, the night is what counts
            problems = (f"telling failed: {one_line(error)}",)
        if isinstance(problems, tuple):
            say(*problems)

    async def _guard(self, work: Callable[..., Awaitable[object]], *given: Any) -> None:
        """What a timer calls: known while it goes on, so that a drain waits for it."""
        task = asyncio.current_task()
        if self._draining or task is None:
            return
        self._tasks.add(task)
        try:
            await work(*given)
        except Exception as error:
            note("timer failed", level="error", reason=one_line(error))
        finally:
            self._tasks.discard(task)
