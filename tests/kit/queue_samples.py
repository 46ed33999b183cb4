"""A queue on a real PostgreSQL, a batch whose steps only leave their markers, and workers in a hurry for tests."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from jobs.batch.plan import BACKFILL, Period, PullDays, plan, ready
from jobs.batch.queue import Queue, StepJob, StepTry, install, jobs_of, serve_once
from jobs.batch.queue_settings import Pace, queue_url
from jobs.config import config as configuration
from jobs.config.config import Config
from recon.store.engine import Store
from recon.store.queue import batches
from recon.store.queue.batches import Batch, BatchRequest, Marker, Step, StepDone
from tests.kit.small_config import SMALL
from tests.kit.store_samples import fresh_url

DAYS = tuple(date(2026, 1, 30) + timedelta(days=number) for number in range(4))
FIRST, LAST = DAYS[0], DAYS[-1]
FAST = Pace(beat=0.3, dead_after=3.0, poll=0.1, tend="* * * * * *", look=0.1, busy=0.3, again=0.1, grace=10.0)


def clock() -> datetime:
    """The test's only clock."""
    return datetime.now(UTC)


async def queued_config(folder: Path, text: str = SMALL, url: str = "") -> Config:
    """A configuration whose store and queue are one new database, both installed."""
    found = url or fresh_url("postgresql", folder)
    text = text.replace('"sqlite:///recon.db"', f'"{found}"')
    path = folder / "config.toml"
    path.write_text(text + '[queue]\nurl = { env = "QUEUE" }\n', encoding="utf-8")
    config = configuration.load(path, {"QUEUE": found}, ())
    await install(config)
    return config


def batch_of(
    store: Store, name: str = "toy", accounts: tuple[str, ...] = ("th", "jp"), kind: str = BACKFILL
) -> Batch:
    """Four days over two months of two accounts: 2 times reading, 8 sweeps, 2 pulls, 4 times judging, 2 reports."""
    periods = [Period(FIRST, date(2026, 1, 31), accounts), Period(date(2026, 2, 1), LAST, accounts)]
    steps = plan(periods, [PullDays(account, FIRST, LAST, DAYS) for account in accounts])
    request = BatchRequest(name, kind, FIRST, LAST, accounts, {}, clock(), "test")
    found = batches.open_batch(store, request, steps, clock(), clock())
    assert found is not None
    return found


@dataclass
class Toy:
    """Does steps by marking them; remembers in which order they were begun and which were under way together."""

    store: Store
    seconds: float = 0.0
    begun: list[str] = field(default_factory=list)
    going: Counter[str] = field(default_factory=Counter)
    together: list[frozenset[str]] = field(default_factory=list)
    early: list[str] = field(default_factory=list)  # begun before their time

    async def do(self, step_try: StepTry) -> Sequence[StepJob]:
        """One step."""
        store, key = self.store, step_try.key
        _, steps = self._look(step_try)
        self.early += [key for step in steps if step.key == key and not step.done and step not in ready(steps)]
        if batches.begin(store, step_try.batch_id, key, "test", clock()):
            self.begun.append(key)
            self.going[key] += 1
            self.together.append(frozenset(name for name, count in self.going.items() for _ in range(count)))
            await asyncio.sleep(self.seconds)
            self.going[key] -= 1
            try:
                batches.finish_alone(store, Marker(step_try.batch_id, key, clock(), True, {}))
            except StepDone:
                return ()
        return jobs_of(*self._look(step_try), after=key)

    async def due(self) -> Sequence[StepJob]:
        """All that may be begun."""
        return [
            one
            for batch in batches.going_on(self.store)
            for one in jobs_of(batch, batches.steps(self.store, batch.id))
        ]

    def _look(self, step_try: StepTry) -> tuple[Batch, list[Step]]:
        batch = batches.one_batch(self.store, step_try.batch_id)
        assert batch is not None
        return batch, batches.steps(self.store, step_try.batch_id)


@asynccontextmanager
async def working(config: Config, *toys: Toy, concurrency: int = 2, pace: Pace = FAST) -> AsyncIterator[list[str]]:
    """A worker for each, until the block ends; what they said."""
    stop, said = asyncio.Event(), list[str]()
    url = queue_url(config)
    lives = [
        asyncio.create_task(
            serve_once(
                url,
                f"w{number}",
                concurrency,
                toy.do,
                toy.due,
                pace,
                stop,
                lambda what, n: said.append(f"{what} {n}"),
            )
        )
        for number, toy in enumerate(toys)
    ]
    try:
        yield said
    finally:
        stop.set()
        await asyncio.gather(*lives)


async def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Waits until something is so."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


def all_done(store: Store, batch: Batch) -> bool:
    """Whether every step is."""
    return all(step.done for step in batches.steps(store, batch.id))


async def enqueue(config: Config, store: Store, batch: Batch) -> None:
    """Everything that may be begun."""
    async with Queue.opened(queue_url(config)) as queue:
        await queue.put_missing(jobs_of(batch, batches.steps(store, batch.id)))
