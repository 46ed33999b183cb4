"""A long range by steps: the same as run after run, whatever stops it on the way, and nothing done that is done."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from typer.testing import CliRunner

from jobs.batch.backfill import backfill, open_backfill, open_night, periods_left
from jobs.batch.local import do_batch, outcomes_of
from jobs.batch.plan import months
from jobs.batch.steps import NotReady, Work, perform
from jobs.cli.app import app
from jobs.config import config as configuration
from jobs.config.config import Config
from jobs.run.lock import AlreadyDone, Busy
from jobs.run.opening.store import ready_store
from jobs.run.outcome import JobError, Outcome, RunOptions
from jobs.run.run import run
from recon.store.queue import batches
from recon.store.queue.batches import Step
from recon.store.runs import attempts
from tests.jobs.run.test_pulling_of_runs import of_th, point
from tests.kit.job import Job, Silent, as_json, clock
from tests.kit.proxy import altered
from tests.kit.small_config import configured
from tests.kit.two_months import ACCOUNTS, MONTHS, backfill_options, left_behind, two_months

JUDGE = "judge th 2026-03-01"
_, MARCH = MONTHS


class Killed(BaseException):
    """The process is gone: nothing catches this."""


class Mortal:
    """A clock that ends its process when it is asked for the n-th time, and gives every process a life of its own."""

    def __init__(self, life: int) -> None:
        self.left = life

    def __call__(self) -> datetime:
        self.left -= 1
        if self.left < 0:
            raise Killed
        return clock()


def steps_of(made: Job) -> dict[str, Step]:
    """The steps of the last batch."""
    with ready_store(backfill_options(made)[0]) as store:
        return {step.key: step for step in batches.steps(store, max(row[0] for row in made.rows("batch")))}


async def run_by_run(made: Job, **options: Any) -> list[Outcome]:
    """The months one after another, each a run of its own."""
    config, asked = backfill_options(made, **options)
    names = tuple(made.world.books)
    return [
        await run(config, replace(asked, first=first, last=last, accounts=names), clock, Silent())
        for first, last in months(asked.first or MARCH[0], asked.last or MARCH[1])
    ]


def told(outcome: Outcome) -> tuple[Any, ...]:
    """What people are told of an outcome."""
    results = [
        (one.account, one.first_day, one.orders, one.breaks.to_dict("list"), one.proofs) for one in outcome.results
    ]
    names = [path.name for path in outcome.reports]
    return (outcome.run_id, outcome.complete, outcome.as_of, outcome.days, outcome.audit_head, names, repr(results))


FULL = [(seed, ACCOUNTS, True) for seed in (1, 2)]


@pytest.mark.parametrize(
    ("seed", "accounts", "report"),
    [(1, ("th",), False), *(pytest.param(*one, marks=pytest.mark.proof) for one in FULL)],
)
async def test_whatever_stops_it_it_comes_to_what_runs_of_the_months_come_to(
    tmp_path: Path, seed: int, accounts: tuple[str, ...], report: bool
) -> None:
    async with two_months(tmp_path / "runs", seed, accounts=accounts) as made:
        outcomes = await run_by_run(made, report=report)
        expected = left_behind(made)
    async with two_months(tmp_path / "steps", seed, accounts=accounts) as made:
        lives, asked = 0, backfill_options(made, report=report)
        while True:
            lives += 1
            try:
                found = await backfill(*asked, Mortal(25 * lives), Silent())
            except (Killed, BaseExceptionGroup):
                bury(made)
            else:
                break
        for what, left in left_behind(made).items():
            assert left == expected[what], what
        assert len(expected["names"]) == (6 if report else 0)
        assert [told(one) for one in found] == [told(one) for one in outcomes]
        steps = steps_of(made)
        assert lives > 2
        assert sum(step.tries for step in steps.values()) <= len(steps) + 2 * lives, "only what was in flight again"
        assert list(await backfill(*asked, clock, Silent())) == [], "nothing is left"


def bury(made: Job) -> None:
    """Its attempts died with the process, which here goes on."""
    with ready_store(backfill_options(made)[0]) as store:
        running = [one.id for one in attempts.attempts(store, MONTHS[0][0]) if one.ended_at is None]
        attempts.end(store, running, clock(), attempts.DIED, "", None)


async def test_a_missing_file_ends_it_before_anything_is_pulled_and_the_same_batch_goes_on(tmp_path: Path) -> None:
    async with two_months(tmp_path, accounts=("th",), plant=False) as made:
        asked = backfill_options(made, first=MARCH[0], report=False)
        file = made.orders("th")
        file.rename(file.with_suffix(".away"))
        with pytest.raises(JobError, match=r"orders.*\*\.csv"):
            await backfill(*asked, clock, Silent())
        assert made.rows("charge") == []
        file.with_suffix(".away").rename(file)
        batch_id = open_backfill(*asked, clock())
        assert batch_id is not None
        assert batch_id == made.rows("batch")[0][0]
        await one_judges_and_the_other_learns_of_it(asked[0], batch_id)
        [outcome] = await backfill(*asked, clock, Silent())
        assert outcome.complete
        assert len(made.rows("batch")) == len(made.rows("run_account")) == 1
        assert {key: step.tries for key, step in steps_of(made).items() if step.tries != 1} == {
            "read 2026-03-01": 2,
            JUDGE: 2,
        }


async def one_judges_and_the_other_learns_of_it(config: Config, batch_id: int) -> None:
    """Two processes are handed the same steps."""
    with ready_store(config) as store:
        batch = batches.one_batch(store, batch_id)
        assert batch is not None
        one, other = (Work(config, store, batch, clock, Silent()) for _ in range(2))
        with pytest.raises(NotReady, match="waits for read"):
            await perform(one, JUDGE)
        for step in batches.steps(store, batch_id, ("read", "sweep", "pull")):
            await perform(one, step.key)
        found = await asyncio.gather(perform(one, JUDGE), perform(other, JUDGE), return_exceptions=True)
        [busy] = [each for each in found if isinstance(each, BaseException)]
        assert isinstance(busy, Busy)
        assert await perform(other, JUDGE) in found


async def test_an_account_that_cannot_be_pulled_is_left_out_and_the_others_are_not(tmp_path: Path) -> None:
    def refuse(request: web.Request, body: bytes) -> bytes | int:
        return 401 if request.path == "/refunds" and of_th(request) else body

    async with two_months(tmp_path, plant=False) as made, altered(made.server.url, refuse) as url:
        point(made, url)
        days = ("--from", MARCH[0].isoformat(), "--to", MARCH[1].isoformat())
        command = ["--config", str(made.config), "backfill", *days, "--no-report", "--json"]
        ended = await asyncio.to_thread(CliRunner().invoke, app, command)
        assert ended.exit_code == 3, ended.output
        [said] = as_json(ended.stdout)["runs"]
        assert (said["run_id"], said["status"], said["reports"]) == (1, "incomplete", [])
        assert [(one["account"], one["orders"] > 0) for one in said["accounts"]] == [("jp", True)]
        words = 'account "th" was not pulled to its end and not judged (Omise refused the key); run again'
        assert words in ended.stderr.splitlines()
        assert [run[9] for run in made.rows("run")] == ["incomplete"]
        with ready_store(backfill_options(made)[0]) as store:
            [left] = periods_left(store, ACCOUNTS, *MARCH)
        assert left.accounts == ACCOUNTS, "a month that is not complete is run again"


async def test_a_night_that_is_done_is_not_done_again(tmp_path: Path) -> None:
    async with two_months(tmp_path, accounts=("th",), plant=False) as made:
        config, options = backfill_options(made, first=MARCH[0], accounts=("th",), report=False)
        night = replace(options, unless_done=True, as_of=None, command="run")
        [outcome] = await do_batch(config, open_night(config, night, clock()), clock, Silent())
        assert outcome.complete
        assert not any(step.kind == "sweep" for step in steps_of(made).values())
        again = open_night(config, night, clock())
        with pytest.raises(AlreadyDone):
            await do_batch(config, again, clock, Silent())
        with ready_store(config) as store, pytest.raises(AlreadyDone):
            outcomes_of(Work(config, store, batches.one_batch(store, again), clock, Silent()))  # type: ignore[arg-type]
        assert len(made.rows("run")) == 1


async def test_it_needs_both_ends(tmp_path: Path) -> None:
    config = configuration.load(configured(tmp_path), {}, ())
    with pytest.raises(JobError, match="--from and --to"):
        await backfill(config, RunOptions(command="backfill"), clock, Silent())


def test_a_backup_is_a_whole_store_and_never_overwrites(tmp_path: Path) -> None:
    config = configured(tmp_path)
    target = tmp_path / "copy.db"
    command = ["--config", str(config), "db", "backup", str(target)]
    assert CliRunner().invoke(app, command).exit_code == 0
    with closing(sqlite3.connect(target)) as copied:
        assert copied.execute("select count(*) from alembic_version").fetchone() == (1,)
    assert CliRunner().invoke(app, command).exit_code == 2
