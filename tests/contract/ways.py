"""A folder's range done by the command, by the night or by a queue's worker, and all that it told of it."""

import asyncio
import contextlib
import html
import io
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jobs.alerts.send import Teller
from jobs.batch.backfill import open_night
from jobs.batch.local import outcomes_of
from jobs.batch.queue import StepTry
from jobs.batch.queue_settings import PACE
from jobs.batch.steps import Work
from jobs.batch.worker import Worker
from jobs.cli.answers.documents import run_document
from jobs.config import config as configuration
from jobs.config.config import Config
from jobs.run.opening.store import ready_store
from jobs.run.outcome import Outcome, RunOptions
from jobs.run.run import run
from jobs.service.schedule import Schedule, ScheduleContext
from recon.people import Person, Role
from recon.store.queue import batches
from tests.contract.command import recon, run_arguments
from tests.contract.objects import Json
from tests.contract.world import FIRST, LAST, NOW
from tests.kit.job import Silent
from tests.kit.page import Trusting, paged
from tests.kit.receivers import Hook

RunNight = Callable[[Config, RunOptions], Awaitable[Outcome]]


@dataclass
class Told:
    """Of each account its part of the run's document, of all of them the sentences on stderr and the alerts."""

    accounts: dict[str, Json] = field(default_factory=dict)
    complete: bool = True
    sentences: set[str] = field(default_factory=set)
    alerts: set[str] = field(default_factory=set)


# A run of a range that is not complete leaves each of its days so; a night its own day alone.
_NIGHTS = re.compile('<section class="card"><h2>(Nights missing|How the nights).*?</section>', re.DOTALL)


@dataclass
class Shown:
    """What the page says: breaks and runs of the API, and by account the words of its HTML."""

    breaks: list[Json]
    runs: list[Json]
    home: str
    listed: str
    reports: dict[str, str]


def clock() -> datetime:
    return datetime.now(UTC)


async def by_command(folder: Path, environment: Mapping[str, str], hook: Hook) -> Told:
    hook.calls.clear()
    arguments = [word for word in run_arguments() if word not in ("--no-report", "--no-alert")]
    outcome = await asyncio.to_thread(recon, folder, environment, *arguments)
    parts = outcome.json()["accounts"] if outcome.out else []
    by_account = {part["account"]: part for part in parts}
    return Told(by_account, outcome.code == 0, sentences_of(outcome.err), alerts_of(hook))


async def here(config: Config, options: RunOptions) -> Outcome:
    return await run(config, options, clock, Silent())


async def by_worker(config: Config, options: RunOptions) -> Outcome:
    """What a queue's worker does with every step that it is handed, and what who waits for them is answered."""
    batch_id = await asyncio.to_thread(open_night, config, options, clock())
    with ready_store(config) as store:
        worker = Worker(config, store, clock, PACE)
        jobs = list(await worker.due())
        while jobs:
            step = jobs.pop(0)
            jobs += await worker.do(StepTry(step.batch_id, step.key, step.fails, 0))
        batch = batches.one_batch(store, batch_id)
        assert batch is not None
        [outcome] = await asyncio.to_thread(outcomes_of, Work(config, store, batch, clock, Silent()))
        return outcome


async def by_nights(folder: Path, environment: Mapping[str, str], hook: Hook, run_night: RunNight) -> Told:
    """Every account's night by the schedule, one after another."""
    hook.calls.clear()
    config = configuration.load(folder / "config.toml", dict(environment))
    told = Told()

    async def night(options: RunOptions) -> Outcome:
        outcome = await run_night(config, options)
        told.accounts |= {part["account"]: part for part in run_document(outcome)["accounts"]}
        told.complete &= outcome.complete
        return outcome

    async def untried(_: str) -> int:
        raise AssertionError

    errors = io.StringIO()
    with ready_store(config) as store, contextlib.redirect_stderr(errors):
        for account in config.accounts:
            nights = [RunOptions(FIRST, LAST, (account,), as_of=NOW, by="scheduler", unless_done=True)]

            async def under_way(nights: list[RunOptions] = nights) -> list[RunOptions]:
                return nights

            context = ScheduleContext(store, clock, night, Teller(config, clock), untried, under_way)
            await Schedule(config, context).take_up()
    return replace(told, sentences=sentences_of(errors.getvalue()), alerts=alerts_of(hook))


def sentences_of(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines() if line.strip()}


def alerts_of(hook: Hook) -> set[str]:
    return {line.strip() for _, body in hook.calls for line in body["message"].splitlines() if line.strip()}


async def shown(folder: Path, environment: Mapping[str, str]) -> Shown:
    script = Person("script", Role.VIEWER)
    path = folder / "config.toml"
    async with paged(path, Trusting(), environ=environment) as page, page.login("vera") as vera:
        header = page.token(script)

        async def api(address: str) -> Any:
            async with vera.http.get(address, headers=header) as answer:
                return await answer.json()

        books = (await api("/api/reports"))["reports"]
        return Shown(
            (await api("/api/breaks?per_page=1000"))["breaks"],
            (await api("/api/runs"))["runs"],
            words_of(_NIGHTS.sub("", await vera.text("/"))),
            words_of(await vera.text("/breaks")),
            {book["account"]: words_of(await vera.text(f"/reports/{book['sha256']}")) for book in reversed(books)},
        )


def words_of(page: str) -> str:
    """A page's text, as one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())
