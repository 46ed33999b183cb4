"""Omise's time beside ours: a clock that is wrong stops a run before anything is written, in words."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from jobs.batch.backfill import backfill, open_backfill
from jobs.batch.local import do_batch
from jobs.check import check_all
from jobs.config import config as configuration
from jobs.run.moments.gateway_clock import FAR, ClockWrong, latest, skew
from jobs.run.opening.store import open_ready_store
from jobs.run.outcome import RunOptions
from jobs.run.run import run
from jobs.setup.reading import FAILED, OK, WARNING
from tests.kit.job import FIRST, LAST, Job, Silent, clock, job

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(), ""),
        (FAR, ""),
        (-FAR, ""),
        (FAR + timedelta(seconds=1), "is 5 minutes ahead of Omise's"),
        (-7 * MINUTE, "is 7 minutes behind Omise's"),
        (timedelta(hours=7), "is 7 hours ahead of Omise's"),  # a zone taken for UTC
        (-timedelta(hours=7), "is 7 hours behind Omise's"),
        (timedelta(days=3), "is 3 days ahead of Omise's"),
        (timedelta(days=13_149), "is 13149 days ahead of Omise's: it says 2062-"),
        (-timedelta(days=20_000), "is 20000 days behind Omise's"),
    ],
)
def test_how_wrong_a_clock_is(ahead: timedelta, words: str) -> None:
    said = skew(NOON, NOON + ahead)
    assert words in said
    assert bool(said) == bool(words)


def test_where_nobody_says_the_time_nothing_is_wrong() -> None:
    assert skew(None, NOON) == ""
    assert latest(None, NOON) == NOON


def test_no_moment_is_later_than_omise_s() -> None:
    assert latest(NOON, NOON + 3 * MINUTE) == NOON + timedelta(seconds=1), "a Date has whole seconds"
    assert latest(NOON, NOON - 3 * MINUTE) == NOON - 3 * MINUTE


def contents(folder: Path) -> dict[str, list[Any]]:
    """Every row of the store, by table."""
    connection = sqlite3.connect(folder / "recon.db")
    try:
        tables = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
        return {name: connection.execute(f'select * from "{name}"').fetchall() for (name,) in tables}
    finally:
        connection.close()


def off_by(span: timedelta) -> Callable[[], datetime]:
    return lambda: clock() + span


SPANS = (timedelta(days=3), timedelta(days=13_000), -timedelta(hours=1))
KINDS = ("run", "pull", "backfill")
IN_THE_SUITE = set(zip(KINDS, SPANS, strict=True))  # each kind and each span once


@pytest.mark.parametrize(
    ("kind", "span"),
    [pytest.param(*pair, marks=() if pair in IN_THE_SUITE else pytest.mark.proof) for pair in product(KINDS, SPANS)],
    ids=str,
)
async def test_a_wrong_clock_stops_before_anything_is_written(tmp_path: Path, kind: str, span: timedelta) -> None:
    async with job(tmp_path, orders=10, accounts=("th",)) as made:
        config = configuration.load(made.config, {})
        open_ready_store(config).dispose()
        before = contents(tmp_path)
        options = RunOptions(FIRST, LAST, by="test", report=False, command=kind)
        if kind == "pull":
            options = replace(options, judge=False, record=False)
        go = backfill if kind == "backfill" else run
        with pytest.raises(ClockWrong, match=r"this machine's clock is .* Omise's: it says"):
            await go(config, options, off_by(span), Silent())
        assert contents(tmp_path) == before
        again = replace(options, command="pull", judge=False, record=False)
        assert (await run(config, again, clock, Silent())).complete


async def test_a_few_minutes_are_no_mistake_and_leave_no_later_moment(tmp_path: Path) -> None:
    async with job(tmp_path, orders=10, accounts=("th",)) as made:
        config = configuration.load(made.config, {})
        options = RunOptions(by="test", report=False, judge=False, record=False)
        outcome = await run(config, options, off_by(4 * MINUTE), Silent())
        assert outcome.complete
        assert outcome.as_of <= clock() + timedelta(seconds=1)
        ends = [datetime.fromtimestamp(row[3] / 1e6, UTC) for row in made.rows("pull_window")]
        assert max(ends) <= clock() + timedelta(seconds=1)


async def test_a_gateway_without_a_date_is_let_pass(tmp_path: Path) -> None:
    async with job(tmp_path, orders=10, accounts=("th",)) as made:
        made.server.set_date("none")
        config = configuration.load(made.config, {})
        options = RunOptions(FIRST, LAST, by="test", report=False, judge=False, record=False)
        assert (await run(config, options, clock, Silent())).complete


async def test_a_batch_that_a_host_with_a_wrong_clock_planned_is_not_done(tmp_path: Path) -> None:
    async with job(tmp_path, orders=10, accounts=("th",)) as made:
        config = configuration.load(made.config, {})
        options = RunOptions(FIRST, LAST, by="test", report=False, command="backfill")
        batch_id = open_backfill(config, options, clock() + timedelta(days=3))
        assert batch_id is not None
        with pytest.raises(ClockWrong, match="the clock of the host that planned it was ahead"):
            await do_batch(config, batch_id, clock, Silent())
        assert made.rows("run") == made.rows("charge") == made.rows("order") == []


async def looked_at(made: Job, at: Callable[[], datetime]) -> tuple[str, str]:
    items = await check_all(lambda: configuration.load(made.config, {}, ()), at)
    [item] = [item for item in items if item.what == "clock"]
    return item.result, item.details


async def test_check_says_what_is_wrong_with_the_clock(tmp_path: Path) -> None:
    async with job(tmp_path, orders=10, accounts=("th",)) as made:
        result, words = await looked_at(made, clock)
        assert result == OK
        assert words.endswith("as Omise's")
        result, words = await looked_at(made, off_by(-timedelta(days=2)))
        assert result == FAILED
        assert "2 days behind Omise's" in words
        made.server.set_date("none")
        result, words = await looked_at(made, clock)
        assert result == WARNING
        assert "the clock was not compared" in words
