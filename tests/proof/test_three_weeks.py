"""Three weeks of nights of a whole merchant: outages, a weekend without anybody, clocks that change, two schedulers,
a SIGKILL and a SIGTERM in the middle of a night. Each day is reconciled once in the end, each break told once."""

import asyncio
import re
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from jobs import demo
from jobs.alerts.send import Teller
from jobs.config import config as configuration
from jobs.config.config import Config
from jobs.run.moments.nights import Finding
from jobs.run.opening.store import ready_store
from jobs.run.outcome import RunOptions
from jobs.run.run import run
from jobs.service.extra_jobs import in_own_process
from jobs.service.schedule import Schedule, ScheduleContext
from recon.model import BreakStatus, Severity
from recon.sandbox.worlds.world import make_world
from recon.store.runs.attempts import Attempt, attempts
from recon.store.runs.record import list_breaks
from tests.kit.job import Silent
from tests.kit.night_process import start
from tests.kit.night_runs import Clock, at
from tests.kit.sandbox import Faults, Sandbox, serve

pytestmark = pytest.mark.proof

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST, NIGHTS = (
    date(2026, 10, 17),
    22,
)  # a Saturday; clocks go back in London on 25 October, in New York on 1 November
ZONES = {"th": "Asia/Bangkok", "sg": "Europe/London", "my": "America/New_York"}
OUTAGE = (at("2026-10-21 18:00"), at("2026-10-22 04:00"))
WEEKEND = (at("2026-10-24 00:00"), at("2026-10-26 09:00"))  # London's change of clocks is in it
TWO, KILLED, ENDED = at("2026-10-29 19:00"), at("2026-11-01 19:00"), at("2026-11-03 19:00")
TICKS = [at(f"{FIRST + DAY} 13:00") + number * 3 * HOUR for number in range((NIGHTS - 1) * 8 + 1)]


@dataclass
class Merchant:
    """The world, who serves it, the clock, and what was said."""

    config: Path
    server: Sandbox
    clock: Clock
    letters: list[dict[str, Any]]
    findings: set[Finding] = field(default_factory=set)

    def loaded(self, deadline: str = "10m") -> Config:
        """The configuration; in an outage nobody wants to wait long."""
        text = self.config.read_text(encoding="utf-8")
        hurried = self.config.with_name("hurried.toml")
        hurried.write_text(text.replace("[omise]\n", f'[omise]\ndeadline = "{deadline}"\n'), encoding="utf-8")
        return configuration.load(hurried, {})

    async def look(self, deadline: str = "10m") -> None:
        """What the timers of one scheduler do now."""
        config = self.loaded(deadline)

        async def job(options: RunOptions) -> Any:
            return await run(config, options, self.clock, Silent())

        with ready_store(config) as store:
            means = ScheduleContext(store, self.clock, job, Teller(config, self.clock), in_own_process(self.config))
            schedule = Schedule(config, means)
            await asyncio.gather(*(schedule.catch_up(account) for account in config.as_accounts()))
            self.findings |= set(await schedule.watch())

    def attempts(self) -> list[Attempt]:
        with ready_store(configuration.load(self.config, {})) as store:
            return attempts(store, FIRST - DAY)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.config.with_name("recon.db"))) as connection:
            return connection.execute(query).fetchall()

    async def wait(self, process: asyncio.subprocess.Process, ready: Callable[[], bool]) -> None:
        async with asyncio.timeout(120):
            while not ready():
                assert process.returncode is None
                await asyncio.sleep(0.05)


@asynccontextmanager
async def merchant(folder: Path) -> AsyncIterator[Merchant]:
    letters: list[dict[str, Any]] = []

    async def receive(request: web.Request) -> web.Response:
        letters.append(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/", receive)
    world = make_world(9, FIRST, FIRST + (NIGHTS - 1) * DAY, 400, tuple(ZONES))
    async with serve(world) as server, TestServer(app) as receiver:
        server.set_date("none")  # clocks are moved by hand
        path = demo.prepare(world, folder, server.url)
        text = path.read_text(encoding="utf-8")
        for was, now in (("Asia/Singapore", "Europe/London"), ("Asia/Kuala_Lumpur", "America/New_York")):
            text = text.replace(was, now)
        (folder / "channel").write_text(f"json://127.0.0.1:{receiver.port}/", encoding="utf-8")
        path.write_text(text + '[alerts]\nurls = { file = "channel" }\n', encoding="utf-8")
        yield Merchant(path, server, Clock(TICKS[0]), letters)


async def two_at_once(one: Merchant) -> None:
    """Two schedulers begin at the same moment; between them they run everything once."""
    before = len(one.attempts())
    both = await asyncio.gather(*(start(one.config, one.clock.now) for _ in range(2)))
    await one.wait(both[0], lambda: len(one.attempts()) > before and all(a.ended_at for a in one.attempts()))
    for process in both:
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def ended_by(one: Merchant, number: signal.Signals) -> Attempt:
    """A scheduler that gets a signal in the middle of its pull; the attempt as it stands then."""
    one.server.set_faults(Faults(latency_s=0.2))
    process, asked = await start(one.config, one.clock.now), one.server.requests.total()
    await one.wait(process, lambda: one.server.requests.total() > asked + 5)
    process.send_signal(number)
    assert await process.wait() == (0 if number == signal.SIGTERM else -number)
    one.server.set_faults(Faults())
    return one.attempts()[-1]


def due(name: str, day: date) -> datetime:
    """When a night is to begin, in UTC; of an hour that comes twice the first."""
    return max(datetime.combine(day + DAY, time(1, 30), ZoneInfo(ZONES[name])).astimezone(UTC), TICKS[0])


def late() -> set[tuple[str, date]]:
    """The nights that cannot have been in time: nobody was there, or Omise was not."""
    found = set()
    for name in ZONES:
        for day in (FIRST + number * DAY for number in range(NIGHTS)):
            good = (tick for tick in TICKS if tick >= due(name, day) and not gone(tick) and not down(tick))
            if next(good) - due(name, day) > 6 * HOUR:
                found.add((name, day))
    return found


def gone(tick: datetime) -> bool:
    return WEEKEND[0] <= tick < WEEKEND[1]


def down(tick: datetime) -> bool:
    return OUTAGE[0] <= tick < OUTAGE[1]


async def test_three_weeks_of_nights(tmp_path: Path) -> None:
    async with merchant(tmp_path) as one:
        for tick in TICKS:
            one.clock.now = tick
            one.server.set_moment(tick)
            one.server.set_faults(Faults(bad_gateway=1) if down(tick) else Faults())
            if gone(tick):
                continue
            if tick == TWO:
                await two_at_once(one)
            elif tick == KILLED:
                assert (await ended_by(one, signal.SIGKILL)).ended_at is None
            elif tick == ENDED:
                assert (await ended_by(one, signal.SIGTERM)).ending == "complete"
            await one.look("1s" if down(tick) else "10m")

        every = [(name, FIRST + number * DAY) for name in ZONES for number in range(NIGHTS)]
        made = one.attempts()
        assert Counter((a.account, a.first_day) for a in made if a.is_whole) == Counter(every)
        assert all(a.ended_at for a in made)
        endings = Counter(str(a.ending) for a in made)
        assert endings["died"] == 1
        assert endings["incomplete"] > 3  # the outage
        assert {(f.account, f.day) for f in one.findings if f.kind == "late"} == late()
        assert not [f for f in one.findings if f.kind == "missed"]  # all were caught up before the watchdog looked
        await the_same_as_one_run(one, tmp_path)
        each_break_was_told_once(one)


async def the_same_as_one_run(one: Merchant, folder: Path) -> None:
    """A run over the three weeks on a store of its own finds the breaks that the nights left open.

    But for late successes: only who looked while a charge had failed can know of them.
    """
    text = one.config.read_text(encoding="utf-8").replace("recon.db", "whole.db")
    other = folder / "whole.toml"
    other.write_text(text, encoding="utf-8")
    last = {name: [a.as_of for a in one.attempts() if a.account == name][-1] for name in ZONES}
    one.clock.now = max(last.values())
    one.server.set_date("none")  # each account as it was in its last night, however late it is now
    for name in (*ZONES, *ZONES):  # again, once the charges of the others are known
        one.server.set_moment(last[name])
        options = RunOptions(FIRST, FIRST + (NIGHTS - 1) * DAY, (name,), as_of=last[name], by="test", report=False)
        assert (await run(configuration.load(other, {}), options, one.clock, Silent())).complete
    nightly, whole = (opened(path) for path in (one.config, other))
    assert len(whole) > 60
    assert whole - nightly == set()
    assert {code for code, *_ in nightly - whole} <= {"late_success"}


def opened(path: Path) -> set[tuple[str, ...]]:
    with ready_store(configuration.load(path, {})) as store:
        found = [known.latest for known in list_breaks(store, statuses=[BreakStatus.OPEN])]
    return {(b.code, b.account or "", b.subject_type, b.subject_id) for b in found}


def each_break_was_told_once(one: Merchant) -> None:
    """By the claims, and by what the receiver got; but what must be answered by a day is told of again."""
    claimed = Counter(row[0] for row in one.rows("select break_id from alert_claim where kind = 'break'"))
    grave = [row[0] for row in one.rows(f"select id from break where severity >= {int(Severity.HIGH)}")]
    disputes = {row[0] for row in one.rows("select id from break where code = 'dispute_open'")}
    assert sorted(claimed) == sorted(grave)
    again = {break_id: times for break_id, times in claimed.items() if times > 1}
    assert again
    assert again == dict.fromkeys(disputes & {*again}, 4)  # at once, and 4, 2 and 1 days before they must be answered
    titles = [letter["title"] for letter in one.letters]
    assert sum(int(found[1]) for title in titles if (found := re.search(r"(\d+) new\b", title))) == len(grave)
    assert one.rows("select status, count(*) from alert_delivery group by 1") == [("sent", len(titles))]
    told = one.rows("select account, first_day from alert_claim where kind = 'late'")
    assert sorted((name, date.fromisoformat(day)) for name, day in told) == sorted(late())
    failed = one.rows("select account, first_day, count(*) from alert_claim where kind = 'failed' group by 1, 2")
    assert failed == [("sg", "2026-10-21", 1), ("th", "2026-10-21", 1)]  # however often the outage's night was tried
