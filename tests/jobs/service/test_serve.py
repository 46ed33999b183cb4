"""`recon serve` as the operating system meets it: it runs what is due, answers, and ends when it is asked to."""

import asyncio
import json
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.request import urlopen

import aiohttp
import pytest

from jobs import demo
from jobs.config import config as configuration
from jobs.run.lock import this_process
from jobs.run.opening.store import open_ready_store
from jobs.run.outcome import JobError
from jobs.service.extra_jobs import in_own_process
from jobs.service.serve import serve
from recon.sandbox.worlds.world import make_world
from recon.store.runs.attempts import Attempt, Claim, attempts, begin
from tests.jobs.cli.test_app import recon, serve_elsewhere
from tests.kit.job import FIRST, LAST, Job, Silent, clock, job
from tests.kit.night_process import free_port
from tests.kit.small_config import ONE_ACCOUNT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A configuration whose store is empty."""
    file = tmp_path / "config.toml"
    file.write_text(ONE_ACCOUNT + f"\n[page]\nport = {free_port()}\n", encoding="utf-8")
    return file


def kept(path: Path) -> list[Attempt]:
    """Every attempt of the store of a configuration."""
    store = open_ready_store(configuration.load(path, {}, ()))
    try:
        return attempts(store, date.min)
    finally:
        store.dispose()


async def until_done(merchant: Job, process: asyncio.subprocess.Process) -> None:
    """Waits until last night was run."""
    async with asyncio.timeout(120):
        while [one.ending for one in kept(merchant.config)] != ["complete"]:
            assert process.returncode is None
            await asyncio.sleep(0.2)


def asked_and_ended(config: Path, port: int, ended: threading.Event) -> list[str]:
    """What the page says once last night was run; then this process is asked to end, as the system would."""
    end = monotonic() + 60
    try:
        while [one.ending for one in kept(config)] != ["complete"]:
            assert monotonic() < end
            assert not ended.wait(0.05)
        answers = []
        for path in ("health", "metrics"):
            with urlopen(f"http://127.0.0.1:{port}/{path}") as answer:
                answers.append(answer.read().decode())
        return answers
    finally:
        if not ended.is_set():
            os.kill(os.getpid(), signal.SIGTERM)


def test_it_runs_last_night_answers_and_ends_on_sigterm(tmp_path: Path) -> None:
    """Within this process; in one of its own, in `make proof` and, of a worker, in test_worker.py."""
    urls, ready, over = list[str](), threading.Event(), threading.Event()
    world = make_world(1, FIRST, LAST, 10, ("th",), plant=False)
    port, ended = free_port(), threading.Event()
    with ThreadPoolExecutor(2) as pool:
        serving = pool.submit(serve_elsewhere, world, urls, ready, over)
        try:
            assert ready.wait(10)
            config = demo.prepare(world, tmp_path, urls[0])
            more = f'[schedule]\nnightly = "0 0 * * *"\n[page]\nport = {port}\n'  # due at any hour of the day
            config.write_text(config.read_text(encoding="utf-8") + more, encoding="utf-8")
            asking = pool.submit(asked_and_ended, config, port, ended)
            said = recon("--config", config, "serve")
        finally:
            ended.set()
            over.set()
        serving.result(10)
    assert said.code == 0
    health, figures = asking.result(10)
    says_that_it_ran(port, json.loads(health), figures, said.err)


def says_that_it_ran(port: int, health: dict[str, Any], figures: str, said: str) -> None:
    """What the page answers, and what is said on stderr by then."""
    assert (health["status"], health["scheduler"]) == ("ok", "running")
    assert "recon_up 1.0" in figures
    events = {line["event"]: line for line in map(json.loads, said.splitlines())}
    assert events["page"]["address"] == f"http://127.0.0.1:{port}"
    assert events["night th"]["next"]
    assert events["ending"]["grace"]


@pytest.mark.proof
async def test_as_a_process_it_runs_last_night_answers_and_ends_on_sigterm(tmp_path: Path) -> None:
    async with job(tmp_path, orders=10, accounts=("th",)) as merchant:
        port = free_port()
        more = f'[schedule]\nnightly = "0 0 * * *"\n[page]\nport = {port}\n'  # due at any hour of the day
        merchant.config.write_text(merchant.config.read_text() + more, encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from jobs.cli.app import main; main()",
            "--config",
            str(merchant.config),
            "serve",
            stderr=asyncio.subprocess.PIPE,
        )
        await until_done(merchant, process)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/health") as answer:
                health: dict[str, Any] = await answer.json()
            async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                figures = await answer.text()
        process.send_signal(signal.SIGTERM)
        _, said = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0
        says_that_it_ran(port, health, figures, said.decode())


def test_nothing_to_serve_is_a_mistake(path: Path) -> None:
    said = recon("--config", path, "serve", "--no-scheduler", "--no-page")
    assert said.code == 2
    assert "nothing to serve" in said.err


async def test_a_schedule_that_cannot_be_read_is_a_mistake(path: Path) -> None:
    path.write_text(path.read_text() + '[schedule]\nnightly = "99 1 * * *"\n', encoding="utf-8")
    with pytest.raises(JobError, match=r'schedule\.nightly: "99 1'):
        await serve(configuration.load(path, {}, ()), path, clock, Silent(), scheduler=True, page=False)


async def test_an_address_that_is_taken_is_a_mistake(path: Path) -> None:
    config = configuration.load(path, {}, ())
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", config.page.port)
    with pytest.raises(JobError, match=f"page: 127.0.0.1:{config.page.port} cannot be served"):
        await serve(config, path, clock, Silent(), scheduler=False, page=True)
    server.close()
    await server.wait_closed()


def test_a_run_beside_another_says_who_holds_the_account_and_exits_with_3(path: Path) -> None:
    store = open_ready_store(configuration.load(path, {}, ()))
    now = clock()
    somebody = replace(this_process("scheduler"), pid=os.getppid())
    begin(store, [Claim("th", FIRST, FIRST, now, now, True)], somebody, now, lambda _: False)
    store.dispose()
    said = recon("--config", path, "run", "--no-pull", "--no-alert", "--json")
    assert said.code == 3
    assert said.document["status"] == "incomplete"
    assert f'account "th": a run of {FIRST} by scheduler on ' in said.err
    assert json.loads(said.out)["error"].startswith('account "th"')


async def test_an_extra_job_is_a_command_with_the_same_configuration(path: Path) -> None:
    run = in_own_process(path)
    assert await run("recon breaks list --json") == 0
    assert await run("no-such-command") == 2


async def test_a_cancelled_extra_job_is_ended(path: Path) -> None:
    run = in_own_process(path)
    task = asyncio.ensure_future(run("sandbox --port 0 --out " + str(path.parent / "world")))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, timedelta(seconds=15).total_seconds())
