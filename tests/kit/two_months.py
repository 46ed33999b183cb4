"""A small job whose days lie in two months, and everything that a run of it leaves, to be compared."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

from jobs import demo
from jobs.config import config as configuration
from jobs.config.config import Config
from jobs.run.outcome import RunOptions
from recon.sandbox.worlds.world import make_world
from recon.store.runs.record import LOOKED_AT
from tests.kit.job import Job
from tests.kit.sandbox import serve

ACCOUNTS = ("th", "jp")
MONTHS = ((date(2026, 2, 28), date(2026, 2, 28)), (date(2026, 3, 1), date(2026, 3, 1)))


@asynccontextmanager
async def two_months(
    folder: Path,
    seed: int = 1,
    orders: int = 12,
    first: date = MONTHS[0][0],
    last: date = MONTHS[-1][-1],
    accounts: tuple[str, ...] = ACCOUNTS,
    plant: bool = True,
) -> AsyncIterator[Job]:
    """A world over the end of February and the beginning of March 2026, served until the block ends."""
    world = make_world(seed, first, last, orders, accounts, plant=plant)
    async with serve(world) as running:
        made = Job(folder, world, running, demo.prepare(world, folder, running.url))
        text = made.config.read_text(encoding="utf-8")
        few = "[omise]\nlookback_days = 0\nlookahead_days = 3\n"
        made.config.write_text(text.replace("[omise]\n", few), encoding="utf-8")
        yield made


def backfill_options(made: Job, **options: Any) -> tuple[Config, RunOptions]:
    """The whole range of both accounts, as `recon backfill` asks for it."""
    given = {"first": made.world.first_day, "last": made.world.last_day, "as_of": made.world.as_of, **options}
    return configuration.load(made.config, {}), RunOptions(**given, by="test", command="backfill")


def left_behind(made: Job) -> dict[str, Any]:
    """What runs recorded and wrote, without clocks, timings and what belongs to the server's address."""
    runs = [(run[0], *run[3:6], _asked(run[6]), run[7], run[9], run[11]) for run in made.rows("run")]
    files = {path.name: path.read_bytes() for path in (made.folder / "reports").glob("*.xlsx")}
    return {
        "runs": runs,
        "accounts": sorted(made.rows("run_account")),
        "breaks": made.breaks(),
        "events": sorted((row[1:4], row[5:]) for row in made.rows("break_event")),
        "left open": sorted(made.rows("run_break")),
        "matches": sorted(made.rows("match")),
        "names": sorted(files),
        "files": files,
    }


def _asked(options: str) -> dict[str, Any]:
    """What a run was asked, without when it looked at the store."""
    return {name: value for name, value in json.loads(options).items() if name != LOOKED_AT}
