"""A run and its telling together: the heartbeat of a good night, silence where it is asked for, and what fails."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jobs.alerts.send import Teller, run_and_tell, tell_of
from jobs.config import config as configuration
from jobs.run.outcome import WATCH, JobError, Outcome, RunOptions
from tests.kit.job import FIRST, LAST, Job, Silent, done_once, job
from tests.kit.receivers import Hook, webhook
from tests.kit.small_merchant import DAY, MIDNIGHT, charged, merchant, pulled

Ran = tuple[Path, Outcome]  # its folder, to be copied and never changed, and what became of its night
NIGHTLY = RunOptions(by="test", report=False)
LOOK = RunOptions(by="test", report=False, command=WATCH, today=True)
ASKED = RunOptions(FIRST, LAST, by="test", report=False)


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with webhook() as one:
        yield one


@pytest.fixture
async def made(tmp_path: Path, hook: Hook) -> AsyncIterator[Job]:
    async with job(tmp_path, accounts=("th",)) as one:
        one.server.set_date("none")  # the clock is the world's
        alerting(one.config, hook)
        yield one


def alerting(path: Path, hook: Hook) -> Path:
    """The same configuration, with somebody to tell and a heartbeat."""
    with path.open("a", encoding="utf-8") as file:
        file.write(f'[alerts]\nurls = {{ env = "URLS" }}\nheartbeat_url = "http://127.0.0.1:{hook.port}/beat"\n')
    return path


async def go(made: Job, options: RunOptions, url: str, silent: bool = False) -> Outcome:
    config = configuration.load(made.config, {"URLS": url})
    return await run_and_tell(config, options, lambda: made.world.as_of, Silent(), silent)


@pytest.fixture(scope="module")
def ran() -> Ran:
    """A merchant whose night is over and not told yet."""
    _, folder, _, outcome = asyncio.run(done_once(("th",)))
    return folder, outcome


@pytest.fixture
def config(ran: Ran, tmp_path: Path, hook: Hook) -> Path:
    """The configuration of a copy of it."""
    shutil.copytree(ran[0], tmp_path, dirs_exist_ok=True)
    return alerting(tmp_path / "config.toml", hook)


async def tell(ran: Ran, path: Path, options: RunOptions, url: str, silent: bool = False) -> None:
    """What is told at the end of that night, as if it had been asked for so."""
    outcome = ran[1]

    async def done() -> Outcome:
        return outcome

    teller = Teller(configuration.load(path, {"URLS": url}), lambda: outcome.as_of)
    assert (await tell_of(teller, done, options, silent)).complete


async def test_a_good_night_beats_and_is_told(ran: Ran, config: Path, hook: Hook) -> None:
    await tell(ran, config, NIGHTLY, f"{hook.url}/a")
    assert [path for path, _ in hook.calls] == ["/a", "/beat"]


@pytest.mark.parametrize(
    "asked",
    [
        replace(NIGHTLY, first=FIRST),
        replace(NIGHTLY, last=LAST),
        replace(NIGHTLY, accounts=("th",)),
        replace(NIGHTLY, as_of=datetime(2026, 10, 1, tzinfo=UTC)),
    ],
)
async def test_a_range_that_somebody_asked_for_beats_not(
    ran: Ran, config: Path, hook: Hook, asked: RunOptions
) -> None:
    await tell(ran, config, asked, f"{hook.url}/a")
    assert [path for path, _ in hook.calls] == ["/a"]


async def test_silence_tells_nobody_and_beats_not(ran: Ran, config: Path, hook: Hook) -> None:
    await tell(ran, config, NIGHTLY, f"{hook.url}/a", silent=True)
    assert hook.calls == []
    with closing(sqlite3.connect(config.with_name("recon.db"))) as store:
        assert store.execute("select count(*) from alert").fetchone() == (1,)
        assert store.execute("select count(*) from alert_delivery").fetchone() == (0,)


async def test_what_cannot_be_told_is_said_and_changes_nothing(
    ran: Ran, config: Path, hook: Hook, capsys: pytest.CaptureFixture[str]
) -> None:
    hook.status = 500
    await tell(ran, config, NIGHTLY, f"{hook.url}/a nonsense")
    said = capsys.readouterr().err
    assert "alert to json" in said
    assert "the URL is not one that Apprise understands" in said
    assert "the heartbeat's URL did not accept the call" in said


async def test_a_run_that_fails_is_told_and_fails(made: Job, hook: Hook) -> None:
    (made.folder / "keys" / "th").write_text("skey_test_wrong\n", encoding="utf-8")
    with pytest.raises(JobError, match="refused the key"):
        await go(made, NIGHTLY, f"{hook.url}/a")
    [(path, body)] = hook.calls
    assert (path, body["title"]) == ("/a", "recon: run failed: th")
    assert "refused the key" in body["message"]


async def test_an_incomplete_run_is_told_once(tmp_path: Path, hook: Hook) -> None:
    merchant(tmp_path, "", charged("chrg_1"), more='[orders.web]\nkind = "csv"\npath = "web/*.csv"\n')
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "a.csv").write_text("no,such,columns\n1,2,3\n", encoding="utf-8")
    config = configuration.load(alerting(tmp_path / "config.toml", hook), {"URLS": f"{hook.url}/a"})
    now = MIDNIGHT + DAY
    pulled(config, now)
    for _ in range(2):
        outcome = await run_and_tell(config, replace(NIGHTLY, pull=False), lambda: now, Silent())
        assert not outcome.complete
    [(_, body)] = hook.calls
    assert body["title"] == "recon: run not complete: th"
    assert "orders.web" in body["message"]


async def test_a_look_at_the_day_that_fails_is_told_once_and_made_good_by_the_next(made: Job, hook: Hook) -> None:
    """It is no night: the heartbeat is not called."""
    key = made.folder / "keys" / "th"
    right = key.read_text(encoding="utf-8")
    key.write_text("skey_test_wrong\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(JobError, match="refused the key"):
            await go(made, LOOK, f"{hook.url}/a")
    failed = "recon: look at the day failed: th"
    assert [body["title"] for _, body in hook.calls] == [failed]
    key.write_text(right, encoding="utf-8")
    made.world = replace(made.world, as_of=made.world.as_of + timedelta(minutes=15))
    assert (await go(made, LOOK, f"{hook.url}/a")).complete
    key.write_text("skey_test_wrong\n", encoding="utf-8")
    with pytest.raises(JobError, match="refused the key"):
        await go(made, LOOK, f"{hook.url}/a")
    first, good, again = [body["title"] for _, body in hook.calls]
    assert (first, again) == (failed, failed)
    assert " new breaks (high): th" in good
