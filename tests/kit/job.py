"""Runs the whole job for tests: a made world, the sandbox on loopback, a store and files in a temporary folder."""

import json
import pickle
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from jobs import demo
from jobs.config import config as configuration
from jobs.run.judging import Findings
from jobs.run.opening.store import open_ready_store
from jobs.run.outcome import Outcome, RunOptions
from jobs.run.run import run
from recon.sandbox.worlds.world import World, make_world
from recon.store.runs.record import list_breaks
from reports.documents import break_document
from tests.kit import made_once
from tests.kit.sandbox import NO_FAULTS, Faults, Sandbox, serve
from tests.kit.small_config import TRUSTED
from tests.kit.store_samples import empty_store

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 4)


IN_FILES = ("row", "bank_line")


class Silent:
    """A progress that nobody watches."""

    def start(self, name: str, total: int | None) -> None:
        pass

    def advance(self, name: str, done: int, total: int | None) -> None:
        pass

    def finish(self, name: str) -> None:
        pass


def clock() -> datetime:
    """The test's only clock."""
    return datetime.now(UTC)


@dataclass
class Job:
    """One merchant whose job can be run again and again."""

    folder: Path
    world: World
    server: Sandbox
    config: Path

    async def run(self, **options: Any) -> Outcome:
        chosen = replace(RunOptions(FIRST, LAST, as_of=self.world.as_of, report=False, by="test"), **options)
        return await run(configuration.load(self.config, {}), chosen, clock, Silent())

    def breaks(self) -> list[dict[str, Any]]:
        """What `recon breaks list --json` would say."""
        store = open_ready_store(configuration.load(self.config, {}))
        try:
            return [break_document(known, {}) for known in list_breaks(store)]
        finally:
            store.dispose()

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """A table as it stands in the file."""
        return rows_of(self.folder, table)

    def orders(self, account: str) -> Path:
        return self.folder / "orders" / f"orders_{account}.csv"


def rows_of(folder: Path, table: str) -> list[tuple[Any, ...]]:
    """A table as it stands in the file of a folder's store."""
    with closing(sqlite3.connect(folder / "recon.db")) as connection:
        return connection.execute(f'select * from "{table}"').fetchall()


@asynccontextmanager
async def job(
    folder: Path,
    seed: int = 1,
    orders: int = 80,
    accounts: tuple[str, ...] = ("th", "jp"),
    faults: Faults = NO_FAULTS,
    plant: bool = True,
) -> AsyncIterator[Job]:
    """A world over a few days of March 2026, served until the block ends; `plant`: with breaks, which take time."""
    world = make_world(seed, FIRST, LAST, orders, accounts, plant=plant)
    async with serve(world, faults=faults) as running:
        config = demo.prepare(world, folder, running.url)
        named = config.read_text(encoding="utf-8") + TRUSTED
        config.write_text(named, encoding="utf-8")
        if not (folder / "recon.db").exists():
            empty_store(folder / "recon.db")
        yield Job(folder, world, running, config)


Done = tuple[World, Path, str, Outcome]
_DONE: dict[tuple[str, ...], Done] = {}


@asynccontextmanager
async def finished_job(folder: Path, accounts: tuple[str, ...] = ("th", "jp")) -> AsyncIterator[tuple[Job, Outcome]]:
    """A copy of a job of 60 orders that has run once with its reports, and that run's outcome."""
    world, kept, url, outcome = await done_once(accounts)
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    async with serve(world) as running:
        config = folder / "config.toml"
        config.write_text(config.read_text(encoding="utf-8").replace(url, running.url), encoding="utf-8")
        reports = tuple(folder / path.relative_to(kept) for path in outcome.reports)
        yield Job(folder, world, running, config), replace(outcome, reports=reports)


def judged_as(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what comes after judging: from now on nothing is judged, and found is what that run found."""
    monkeypatch.setattr("jobs.run.stages.find", lambda *_: Findings(outcome.results))


async def done_once(accounts: tuple[str, ...]) -> Done:
    """The world, folder, Omise's address and outcome of that job; to be copied, never changed."""
    if accounts not in _DONE:
        _DONE[accounts] = await _done(accounts)
    return _DONE[accounts]


async def _done(accounts: tuple[str, ...]) -> Done:
    name = f"job of {' and '.join(accounts)}"
    with made_once.place(name) as (folder, is_made):
        kept, value = folder / "job", folder / "value.pickle"
        if not is_made:
            async with job(kept, orders=60, accounts=accounts) as made:
                outcome = await made.run(report=True)
                reports = tuple(path.relative_to(kept) for path in outcome.reports)
                value.write_bytes(pickle.dumps((made.world, made.server.url, replace(outcome, reports=reports))))
    folder = made_once.folder(name)
    world, url, outcome = pickle.loads((folder / "value.pickle").read_bytes())
    kept = folder / "job"
    return world, kept, url, replace(outcome, reports=tuple(kept / path for path in outcome.reports))


def truth(world: World) -> set[tuple[str, str, str]]:
    """What was planted: code, account, subject; rows and lines of files by account alone."""
    return {(p.code, p.account or "", "" if p.subject_type in IN_FILES else p.subject_id) for p in world.truth}


def found(breaks: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """What the job says, in the words of `truth`."""
    return {
        (b["code"], b["account"] or "", "" if b["subject_type"] in IN_FILES else b["subject_id"])
        for b in breaks
        if b["status"] == "open"
    }


def as_json(text: str) -> Any:
    """A document from stdout."""
    return json.loads(text)
