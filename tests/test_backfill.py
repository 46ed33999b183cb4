"""A long range in months: cut at their ends, none run twice, an interrupted one goes on where it stopped."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jobs import config as configuration
from jobs.backfill import backfill, months, pieces
from jobs.cli import app
from jobs.outcome import JobError, Outcome, RunOptions
from jobs.run import run
from tests.job import Job, Silent, clock, job
from tests.small_config import configured


def test_months_are_cut_at_their_ends() -> None:
    assert list(months(date(2026, 1, 30), date(2026, 3, 2))) == [
        (date(2026, 1, 30), date(2026, 1, 31)),
        (date(2026, 2, 1), date(2026, 2, 28)),
        (date(2026, 3, 1), date(2026, 3, 2)),
    ]
    assert list(months(date(2026, 12, 31), date(2026, 12, 31))) == [(date(2026, 12, 31), date(2026, 12, 31))]
    assert list(months(date(2026, 2, 2), date(2026, 2, 1))) == []


async def test_it_stops_and_goes_on_and_comes_to_the_same(tmp_path: Path) -> None:
    options = RunOptions(date(2026, 2, 27), date(2026, 3, 4), report=False, by="test", command="backfill")
    async with job(tmp_path / "whole", orders=60, accounts=("th",)) as whole:
        asked = replace(options, as_of=whole.world.as_of)
        outcomes = await _run(whole, asked)
        assert [(one.results[0].first_day, one.complete) for one in outcomes] == [
            (date(2026, 2, 27), True), (date(2026, 3, 1), True),
        ]  # fmt: skip
        assert await _run(whole, asked) == [], "nothing is left"
        expected = whole.breaks()
        with closing(sqlite3.connect(whole.folder / "recon.db")) as store:
            store.execute("update run set status = 'incomplete' where id = (select max(id) from run)")
            store.commit()
        left, done = pieces(configuration.load(whole.config, {}), asked, clock())
        assert ([piece.first for piece in left], done) == ([date(2026, 3, 1)], 1), "what was not whole is run again"
    async with job(tmp_path / "stopped", orders=60, accounts=("th",)) as stopped:
        with pytest.raises(KeyboardInterrupt):
            await _run(stopped, asked, stop_after=1)
        left, done = pieces(configuration.load(stopped.config, {}), asked, clock())
        assert ([piece.first for piece in left], done) == ([date(2026, 3, 1)], 1)
        await _run(stopped, asked)
        assert stopped.breaks() == expected


async def test_it_needs_both_ends(tmp_path: Path) -> None:
    async with job(tmp_path, orders=60, accounts=("th",)) as one:
        with pytest.raises(JobError, match="--from and --to"):
            await _run(one, RunOptions())


def test_a_backup_is_a_whole_store_and_never_overwrites(tmp_path: Path) -> None:
    config = configured(tmp_path)
    target = tmp_path / "copy.db"
    command = ["--config", str(config), "db", "backup", str(target)]
    assert CliRunner().invoke(app, command).exit_code == 0
    with closing(sqlite3.connect(target)) as copied:
        assert copied.execute("select count(*) from alembic_version").fetchone() == (1,)
    assert CliRunner().invoke(app, command).exit_code == 2


async def _run(one: Job, options: RunOptions, stop_after: int = 99) -> list[Outcome]:
    done = 0

    async def counted(*args: object) -> Outcome:
        nonlocal done
        if done == stop_after:
            raise KeyboardInterrupt
        done += 1
        return await run(*args)  # type: ignore[arg-type]

    return list(await backfill(configuration.load(one.config, {}), options, clock, Silent(), counted))
