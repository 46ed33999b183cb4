"""A merchant whose long ranges are done by worker processes on a queue, and what they must come to."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from jobs.batch.backfill import backfill
from jobs.batch.local import do_batch
from jobs.batch.queue import enqueue_and_wait, install
from jobs.config import config as configuration
from jobs.config.config import Config
from jobs.run.outcome import Outcome, RunOptions
from recon.store.desk.workbook_bytes import sha256_of
from recon.store.engine import Store, is_lost, open_store
from recon.store.queue import batches
from recon.store.queue.batches import Step
from recon.store.runs.record import list_breaks, list_runs
from reports.documents import break_document
from tests.kit.job import Silent, clock
from tests.kit.queue_samples import FAST


@dataclass
class Queued:
    """A merchant with a store and a queue on PostgreSQL, and the workers that a test has started."""

    config: Config
    path: Path
    options: RunOptions
    store: Store
    workers: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self, path: Path | None = None) -> asyncio.subprocess.Process:
        """One more worker, with another configuration file where that is given; none shares the report folder."""
        name = f"w{len(self.workers)}"
        text = (path or self.path).read_text(encoding="utf-8")
        mine = self.path.with_name(f"{name}.toml")
        mine.write_text(text.replace('folder = "reports"', f'folder = "reports-{name}"'), encoding="utf-8")
        words = [sys.executable, "-m", "tests.kit.worker_process", str(mine), name]
        with mine.with_suffix(".log").open("ab") as log:
            self.workers.append(await asyncio.create_subprocess_exec(*words, stderr=log))
        return self.workers[-1]

    async def backfill(self) -> Sequence[Outcome]:
        """The range by workers."""
        return await backfill(self.config, self.options, clock, Silent(), partial(enqueue_and_wait, pace=FAST))

    def said(self) -> str:
        """What every worker said."""
        return "".join(path.read_text(encoding="utf-8") for path in sorted(self.path.parent.glob("w*.log")))

    def steps(self) -> list[Step]:
        """Those of the last batch, once there is one; what is not known since the database is away is nothing."""
        try:
            return batches.steps(self.store, 1)
        except Exception as error:
            if is_lost(error):
                return []
            raise

    async def until_done(self, count: int, going: int = 0, seconds: float = 60.0) -> list[Step]:
        """Waits until so many steps are done and so many more under way; the steps then."""
        async with asyncio.timeout(seconds):
            while True:
                steps = await asyncio.to_thread(self.steps)
                begun = [step for step in steps if step.begun_at and not step.done]
                if sum(step.done for step in steps) >= count and len(begun) >= going:
                    return steps
                assert all(one.returncode in (None, 0, -9) for one in self.workers)
                await asyncio.sleep(0.02)


@asynccontextmanager
async def queued(path: Path, url: str, options: RunOptions) -> AsyncIterator[Queued]:
    """The merchant of a configuration whose store is moved to a database, the queue beside it."""
    move(path, url)
    config = configuration.load(path, {})
    await install(config)
    one = Queued(config, path, options, open_store(url))
    try:
        yield one
    finally:
        for worker in one.workers:
            if worker.returncode is None:
                worker.terminate()
        await asyncio.gather(*(worker.wait() for worker in one.workers))
        one.store.dispose()


def move(path: Path, url: str, to: Path | None = None) -> Path:
    """A configuration with store and queue in a database, written in place or beside itself."""
    target = to or path
    secret = target.with_suffix(".url")
    secret.write_text(url, encoding="utf-8")
    text = path.read_text(encoding="utf-8").partition("[queue]")[0]
    place = f'url = {{ file = "{secret.name}" }}'
    text = re.sub(r"(?<=^\[store\]\n)url = .*$", place, text, flags=re.MULTILINE)
    target.write_text(f"{text}[queue]\n{place}\n", encoding="utf-8")
    return target


def narrow(path: Path, days: int) -> None:
    """A pull covers so many days more on both sides."""
    text = path.read_text(encoding="utf-8")
    more = f"lookback_days = {days}\nlookahead_days = {days}\n"
    path.write_text(text.replace("requests_per_second = 1000\n", f"requests_per_second = 1000\n{more}"))


@dataclass(frozen=True)
class Found:
    """What a backfill came to: breaks, each account's result in each run, every workbook's bytes (by their hash)."""

    breaks: list[dict[str, Any]]
    runs: list[tuple[str, str, str]]
    workbooks: dict[str, str]


async def in_one_process(path: Path, options: RunOptions) -> tuple[Found, list[Step]]:
    """What the range comes to here, on a store of its own, and the steps."""
    config = configuration.load(path, {})
    await backfill(config, options, clock, Silent(), do_batch)
    store = open_store(config.store_url)
    try:
        return found(store, config.reports.folder), batches.steps(store, 1)
    finally:
        store.dispose()


def found(store: Store, folder: Path) -> Found:
    """What stands in a store and in a folder."""
    runs = list_runs(store, 100)
    return Found(
        sorted((break_document(one, {}) for one in list_breaks(store)), key=lambda one: str(one["id"])),
        sorted((one.account, str(one.first_day), one.result_digest) for run in runs for one in run.accounts),
        {book.name: sha256_of(book.read_bytes()) for book in sorted(folder.glob("*.xlsx"))},
    )
