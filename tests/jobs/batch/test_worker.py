"""Workers do whole jobs: the same as one process, whoever dies; what fails ends with words; nights are told once."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from jobs.batch.backfill import open_night
from jobs.batch.nights import nights_under_way, run_night
from jobs.batch.queue import NOT_INSTALLED, StepTry, workers_seen
from jobs.batch.queue_settings import Pace
from jobs.batch.worker import DEATHS, FORGOTTEN, TRIES, Worker, work
from jobs.check import check_all
from jobs.config import config as configuration
from jobs.config.config import Config
from jobs.run.lock import AlreadyDone
from jobs.run.outcome import JobError, RunOptions
from recon.store.engine import open_store
from recon.store.queue import batches
from recon.store.runs.attempts import FAILED, attempts
from tests.jobs.cli.test_app import recon
from tests.kit.job import FIRST, LAST, Job, Silent, clock, job
from tests.kit.queue_jobs import Queued, found, in_one_process, narrow, queued
from tests.kit.queue_samples import FAST, batch_of, queued_config
from tests.kit.retries import retry_at_once
from tests.kit.sandbox import NO_FAULTS, Faults
from tests.kit.small_config import configured
from tests.kit.store_samples import fresh_url

TWO_MONTHS = RunOptions(date(2026, 2, 28), LAST, by="test", command="backfill")
NIGHT_OF = RunOptions(LAST, LAST, ("th",), by="scheduler", unless_done=True)


@asynccontextmanager
async def merchant(
    folder: Path, options: RunOptions, faults: Faults = NO_FAULTS, plant: bool = False
) -> AsyncIterator[tuple[Job, Queued]]:
    """A small world whose work is on a queue."""
    async with job(folder, orders=60, accounts=("th",), faults=faults, plant=plant) as one:
        narrow(one.config, 1)
        async with queued(one.config, fresh_url("postgresql", folder), options) as on_queue:
            yield one, on_queue


@asynccontextmanager
async def worker(config: Config, pace: Pace = FAST) -> AsyncIterator[None]:
    """One inside this process."""
    stop = asyncio.Event()
    working = asyncio.create_task(work(config, clock, "w", 2, stop, pace))
    try:
        yield
    finally:
        stop.set()
        await working


@pytest.mark.proof
async def test_a_backfill_by_two_workers_one_of_them_killed_is_that_of_one_process(tmp_path: Path) -> None:
    async with job(tmp_path / "here", orders=60, accounts=("th",)) as one:
        narrow(one.config, 1)
        options = replace(TWO_MONTHS, as_of=one.world.as_of)
        wanted, steps = await in_one_process(one.config, options)
    async with merchant(tmp_path / "queue", options, Faults(latency_s=0.03), plant=True) as (_, on_queue):
        first = await on_queue.start()
        going = asyncio.create_task(on_queue.backfill())
        await on_queue.until_done(1, going=1)
        first.kill()
        async with worker(on_queue.config):
            outcomes = await asyncio.wait_for(going, 60)
        assert found(on_queue.store, on_queue.config.reports.folder) == wanted
        assert all(outcome.complete for outcome in outcomes)
        done = on_queue.steps()
    assert len(wanted.workbooks) == 2
    assert [step.key for step in done] == [step.key for step in steps]
    assert sum(step.tries for step in done) - len(done) <= 2, "only what was in flight is done again"


async def test_a_night_is_done_by_workers_and_of_those_who_wait_one_tells(tmp_path: Path) -> None:
    async with merchant(tmp_path, NIGHT_OF) as (_, on_queue), worker(on_queue.config):
        config = on_queue.config
        waiting = [asyncio.create_task(run_night(config, NIGHT_OF, clock, Silent(), FAST)) for _ in range(3)]
        done, _ = await asyncio.wait(waiting, timeout=60)
        told = [one.result() for one in done if one.exception() is None]
        assert [type(one.exception()) for one in done if one.exception() is not None] == [AlreadyDone] * 2
        assert [(one.complete, len(one.results), len(one.reports)) for one in told] == [(True, 1, 1)]
        assert [step.kind for step in on_queue.steps()] == ["read", "pull", "judge", "report"]
        [attempt] = attempts(on_queue.store, FIRST)
        assert (attempt.is_whole, attempt.run_id, attempt.who) == (True, told[0].run_id, "scheduler")
        assert nights_under_way(config) == []
        with pytest.raises(AlreadyDone):  # a scheduler that did not know of it
            await run_night(config, NIGHT_OF, clock, Silent(), FAST)


async def test_a_night_whose_key_is_refused_fails_and_leaves_its_attempt(tmp_path: Path) -> None:
    async with merchant(tmp_path, NIGHT_OF) as (one, on_queue):
        (tmp_path / "keys" / "th").write_text("skey_test_wrong")
        config = configuration.load(one.config, {})
        async with worker(config):
            for _ in range(2):  # the second time nothing is tried: it was just now
                with pytest.raises(JobError, match="Omise refused the key"):
                    await run_night(config, NIGHT_OF, clock, Silent(), FAST)
        [attempt] = attempts(on_queue.store, FIRST)
        assert (attempt.ending, attempt.last_day) == (FAILED, LAST)
        assert "Omise refused the key" in str(attempt.words)


async def test_a_source_that_stays_down_is_left_out_with_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retry_at_once(monkeypatch)
    async with merchant(tmp_path, NIGHT_OF) as (one, on_queue):
        one.config.write_text(one.config.read_text().replace(one.server.url, "http://127.0.0.1:1"), encoding="utf-8")
        config = configuration.load(one.config, {})
        async with worker(config, replace(FAST, again=0.001)):
            outcome = await run_night(config, NIGHT_OF, clock, Silent(), FAST)
        assert (outcome.complete, outcome.results) == (False, ())
        assert ['account "th" was not pulled to its end' in words for words in outcome.messages] == [True]
        assert [step.tries for step in on_queue.steps()] == [1, TRIES, 1, 1]


@pytest.mark.proof  # in the suite: a step that fails to the last
async def test_a_night_whose_workbook_cannot_be_written_is_not_done_and_goes_on_where_it_stopped(
    tmp_path: Path,
) -> None:
    async with merchant(tmp_path, NIGHT_OF) as (_, on_queue), worker(on_queue.config, replace(FAST, again=0.01)):
        config, folder = on_queue.config, on_queue.config.reports.folder
        folder.write_text("in the way")
        with pytest.raises(JobError, match=f'"report {LAST}" failed {TRIES} times; the last time: .*File'):
            await run_night(config, NIGHT_OF, clock, Silent(), FAST)
        [attempt] = attempts(on_queue.store, FIRST)
        assert (attempt.ending, attempt.run_id) == (FAILED, 1)
        folder.unlink()
        outcome = await run_night(config, NIGHT_OF, clock, Silent(), FAST)
        assert (outcome.complete, outcome.run_id, [path.exists() for path in outcome.reports]) == (True, 1, [True])
        assert [step.tries for step in on_queue.steps()] == [1, 1, 1, TRIES + 1]


@pytest.mark.proof  # the suite has its batch alone, below
async def test_a_night_that_goes_on_is_taken_up_by_the_next_scheduler(tmp_path: Path) -> None:
    async with merchant(tmp_path, NIGHT_OF) as (_, on_queue):
        config = on_queue.config
        night = replace(NIGHT_OF, report=False)
        gone = asyncio.create_task(run_night(config, night, clock, Silent(), FAST))
        await on_queue.until_done(0)
        while not nights_under_way(config):
            await asyncio.sleep(0.05)
        gone.cancel()
        async with worker(config):
            [options] = nights_under_way(config)
            outcome = await run_night(config, options, clock, Silent(), FAST)
        assert outcome.complete
        assert batches.one_batch(on_queue.store, 2) is None, "it is the same batch"


async def test_a_night_that_goes_on_is_seen_by_every_scheduler_and_begun_once(tmp_path: Path) -> None:
    config = await queued_config(tmp_path)
    assert nights_under_way(config) == []
    asked = replace(NIGHT_OF, as_of=clock())
    assert open_night(config, asked, clock()) == open_night(config, asked, clock()) == 1
    assert nights_under_way(config) == [asked]


async def test_a_step_that_kills_its_workers_ends_its_batch(tmp_path: Path) -> None:
    config = await queued_config(tmp_path)
    store = open_store(config.store_url)
    try:
        batch, hands = batch_of(store), Worker(config, store, clock, FAST)
        assert list(await hands.do(StepTry(batch.id, "sweep th 2026-01-30", 0, DEATHS))) == []
        ended = batches.one_batch(store, batch.id)
        assert ended is not None
        assert ended.words == f'"sweep th 2026-01-30" ended {DEATHS} processes that worked on it'
        assert await hands.due() == []
    finally:
        store.dispose()


async def test_a_step_that_fails_is_tried_again_and_to_the_last_ends_its_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise FileExistsError("in the way")

    monkeypatch.setattr("jobs.batch.worker.perform", fail)
    monkeypatch.setattr("jobs.batch.steps.options_of", lambda _: TWO_MONTHS)  # a toy's batch has none
    config = await queued_config(tmp_path)
    store = open_store(config.store_url)
    try:
        batch, hands, key = batch_of(store), Worker(config, store, clock, FAST), "report 2026-01-30"
        [again] = await hands.do(StepTry(batch.id, key, TRIES - 2, 0))
        assert (again.key, again.fails) == (key, TRIES - 1)
        assert list(await hands.do(StepTry(batch.id, key, again.fails, 0))) == []
        ended = batches.one_batch(store, batch.id)
        assert ended is not None
        words = f'"{key}" failed {TRIES} times; the last time: FileExistsError: in the way'
        assert ended.words == words
    finally:
        store.dispose()


async def test_a_batch_for_which_nobody_waits_is_ended_when_it_is_old(tmp_path: Path) -> None:
    config = await queued_config(tmp_path)
    store = open_store(config.store_url)
    try:
        batch, now = batch_of(store, accounts=("th",)), clock()
        for step in batches.steps(store, batch.id):
            batches.finish_alone(store, batches.Marker(batch.id, step.key, now, True, {}))
        assert await Worker(config, store, lambda: now + FORGOTTEN, FAST).due() == []
        assert batches.going_on(store) != []
        await Worker(config, store, lambda: now + 2 * FORGOTTEN, FAST).due()
        assert batches.going_on(store) == []
    finally:
        store.dispose()


async def test_the_command_works_until_sigterm_and_says_no_secret(tmp_path: Path) -> None:
    config = await queued_config(tmp_path)
    command = [
        sys.executable,
        "-c",
        "from jobs.cli.app import main; main()",
        "--config",
        str(tmp_path / "config.toml"),
    ]
    secrets = {"QUEUE": config.store_url, "TH_KEY": "skey_test_th_secret", "JP_KEY": "skey_test_jp_secret"}
    process = await asyncio.create_subprocess_exec(
        *command, "worker", "--name", "one", env=os.environ | secrets, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(30):
        while not await workers_seen(config):
            assert process.returncode is None
            await asyncio.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, said = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    lines = [json.loads(line) for line in said.splitlines()]
    assert [line["event"].partition(":")[0] for line in lines] == ["store", "worker", "ending"]
    assert {line["level"] for line in lines} == {"info"}
    assert lines[1]["name"] == "one"
    assert not any(secret.encode() in said for secret in secrets.values())


def test_a_worker_needs_a_queue_and_its_tables(tmp_path: Path) -> None:
    keys = {"TH_KEY": "skey_test_1", "JP_KEY": "skey_test_2"}
    path = configured(tmp_path)
    said = recon("--config", path, "worker", env=keys)
    words = "there is no [queue] in the configuration: everything runs here"
    assert (said.code, json.loads(said.err)["event"]) == (2, words)
    path = configured(tmp_path, '[queue]\nurl = { env = "QUEUE" }\n')
    url = fresh_url("postgresql", tmp_path)
    path.write_text(path.read_text().replace("sqlite:///recon.db", url), encoding="utf-8")
    said = recon("--config", path, "worker", env=keys)
    words = "queue.url: environment variable QUEUE is not set: put the database's URL there"
    assert (said.code, json.loads(said.err)["event"]) == (2, words)
    keys["QUEUE"] = url
    said = recon("--config", path, "worker", env=keys)
    assert (said.code, json.loads(said.err.splitlines()[-1])["event"]) == (2, NOT_INSTALLED)
    assert "queue" not in recon("--config", path, "db", "current", env=keys).out
    assert recon("--config", path, "db", "upgrade", env=keys).out == "queue\n"
    assert recon("--config", path, "db", "upgrade", env=keys).out == "nothing to do\n"


async def test_a_task_of_the_queue_that_nobody_hears_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its end is noted in the database; where that goes away just then, nobody waits for the error."""
    config = await queued_config(tmp_path)
    unheard = RuntimeError("\n    Database error.\n    ")
    unheard.__cause__ = OSError("server closed the connection unexpectedly\n\tThis probably means")
    async with worker(config):
        async with asyncio.timeout(20):
            while not await workers_seen(config):
                await asyncio.sleep(0.1)
        broken_off = {"message": "Task exception was never retrieved", "exception": unheard}
        asyncio.get_running_loop().call_exception_handler(broken_off)
    said = capsys.readouterr().err
    assert "queue task broke off: reason OSError: server closed the connection unexpectedly\n" in said
    assert "Traceback" not in said


async def test_check_says_whether_the_queue_works(tmp_path: Path) -> None:
    config = await queued_config(tmp_path)
    words = "its tables are there, and no worker: start `recon worker` on some host"
    assert await queue_item(config) == ("warning", words)
    async with worker(config):
        async with asyncio.timeout(20):
            while not await workers_seen(config):
                await asyncio.sleep(0.1)
        assert await queue_item(config) == ("ok", "1 worker(s)")
    missing = tmp_path / "config.toml"
    wrong = configuration.load(missing, {"QUEUE": f"{config.store_url}_missing"}, ())
    result, details = await queue_item(wrong)
    assert result == "FAILED"
    assert "does not exist" in details


async def queue_item(config: Config) -> tuple[str, str]:
    """What `recon check` says of the queue."""
    [item] = [item for item in await check_all(lambda: config, clock) if item.what == "queue"]
    return item.result, item.details
