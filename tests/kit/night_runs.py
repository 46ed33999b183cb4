"""Nights under a clock that is moved by hand: a store, a job that only keeps its attempts, and who is told."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from jobs.config import config as configuration
from jobs.config.config import Config
from jobs.run.lock import Hold, run_held
from jobs.run.moments.days import resolve
from jobs.run.moments.nights import Finding
from jobs.run.outcome import Outcome, RunOptions
from jobs.service.schedule import Schedule, ScheduleContext
from recon.store.engine import Store
from recon.store.runs.attempts import Attempt, Claim, attempts

CONFIG = """
[store]
url = "{url}"
[orders.shop]
kind = "csv"
path = "orders.csv"
[schedule]
{schedule}
"""
ACCOUNT = """
[accounts.{name}]
region = "TH"
currency = "THB"
timezone = "{zone}"
secret_key = {{ file = "key" }}
"""
ZONES = {"th": "Asia/Bangkok", "uk": "Europe/London", "us": "America/New_York"}


def config(folder: Path, url: str, schedule: str = "", zones: Mapping[str, str] = ZONES) -> Config:
    """A configuration with an account in each zone."""
    (folder / "key").write_text("skey_test_1", encoding="utf-8")
    accounts = "".join(ACCOUNT.format(name=name, zone=zone) for name, zone in zones.items())
    path = folder / "config.toml"
    path.write_text(CONFIG.format(url=url, schedule=schedule) + accounts, encoding="utf-8")
    return configuration.load(path, {})


@dataclass
class Clock:
    """Says what it was set to."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class RecordingTeller:
    """Everything that anybody was told."""

    finished: list[tuple[Outcome, str]] = field(default_factory=list)
    failed: list[tuple[RunOptions, str]] = field(default_factory=list)
    findings: set[Finding] = field(default_factory=set)
    beats: list[tuple[str, ...]] = field(default_factory=list)

    async def run_finished(self, outcome: Outcome, trigger: str) -> None:
        self.finished.append((outcome, trigger))

    async def run_failed(self, options: RunOptions, words: str, trigger: str, stored: bool = True) -> None:  # noqa: ARG002
        self.failed.append((options, words))

    async def watch(self, findings: Sequence[Finding], now: datetime) -> None:  # noqa: ARG002
        self.findings |= set(findings)

    async def good_night(self, accounts: Sequence[str]) -> None:
        self.beats.append(tuple(accounts))

    def kinds(self) -> set[tuple[str, str, date]]:
        """The findings without their words."""
        return {(one.kind, one.account, one.day) for one in self.findings}


Trouble = Callable[[str, date], str]  # of an account's day: "" for none, "incomplete", or why the run fails


def no_trouble(_account: str, _day: date) -> str:
    """Everything works."""
    return ""


@dataclass
class Nights:
    """One scheduler on a store; several may share one."""

    store: Store
    config: Config
    clock: Clock
    trouble: Trouble = no_trouble
    told: RecordingTeller = field(default_factory=RecordingTeller)
    commands: list[str] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event | None = None  # work waits for it where there is one

    def __post_init__(self) -> None:
        means = ScheduleContext(self.store, self.clock, self.run, self.told, self.command)
        self.schedule = Schedule(self.config, means)

    async def command(self, words: str) -> int:
        """An extra job."""
        self.commands.append(words)
        return 0

    async def run(self, options: RunOptions) -> Outcome:
        """What the job does to the store's attempts, and nothing else."""
        accounts, days = resolve(self.config, options, self.clock())
        claims = [
            Claim(name, one.first, one.last, one.window.end, self.clock(), True, options.today)
            for name, one in days.items()
        ]

        async def work(_hold: Hold) -> Outcome:
            self.begun.set()
            await (self.gate.wait() if self.gate else asyncio.sleep(0))
            troubles = [self.trouble(account.name, days[account.name].last) for account in accounts]
            for trouble in troubles:
                if trouble not in ("", "incomplete"):
                    raise ConnectionError(trouble)
            whole = "incomplete" not in troubles
            return Outcome(None, whole, self.clock(), (), (), {}, () if whole else ("a list was short",))

        return await run_held(self.store, claims, options.by, self.clock, work, options.unless_done)

    async def catch_up(self) -> None:
        """What the timers of every account do."""
        await asyncio.gather(*(self.schedule.catch_up(account) for account in self.config.as_accounts()))

    async def hours(self, first: datetime, last: datetime, step: timedelta = timedelta(hours=1)) -> None:
        """What the timers do from a moment to another."""
        self.clock.now = first
        while self.clock.now <= last:
            await self.catch_up()
            await self.schedule.watch()
            self.clock.now += step

    def attempts(self) -> list[Attempt]:
        """Every attempt that the store has."""
        return attempts(self.store, date.min)

    def done(self) -> list[tuple[str, date]]:
        """Every day that was reconciled, as often as it was."""
        return sorted((one.account, one.last_day) for one in self.attempts() if one.is_whole)


def at(text: str) -> datetime:
    """A moment in UTC: "2026-03-02 01:30"."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
