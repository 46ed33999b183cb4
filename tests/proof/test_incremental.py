"""500 random histories: nights that ask for what is new, against a sweep of everything; cut between any two requests.

What differs on the way is what DECISIONS.md leaves to the turn of sweeps, and is gone once it has come round. Stores
that know the same are judged the same; on the way, what is judged differs by these objects alone.
"""

import asyncio
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from jobs import demo
from jobs.config import config as configuration
from jobs.run.opening.store import ready_store
from jobs.run.outcome import RunOptions
from jobs.run.run import run
from recon.store.runs.record import list_breaks
from reports.documents import break_document
from tests.kit.histories import START, WORLD, History, Nights, lived, pulled_once, short_pages
from tests.kit.job import Silent
from tests.kit.pulls import DAY
from tests.kit.sandbox import serve

pytestmark = pytest.mark.proof

NIGHTS = 3


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return asyncio.run(pulled_once(tmp_path_factory.mktemp("first")))


@pytest.mark.parametrize("tens", range(50))
async def test_nights_know_what_is_there_but_for_what_changed_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: Path, tens: int
) -> None:
    short_pages(monkeypatch)
    for seed in range(10 * tens, 10 * tens + 10):
        folder = tmp_path / str(seed)
        folder.mkdir()
        await lived(folder, first, seed)


@pytest.mark.parametrize("requests", range(1, 61))
async def test_nights_cut_after_any_request_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: Path, requests: int
) -> None:
    short_pages(monkeypatch)
    await lived(tmp_path, first, seed=1000 + requests % 4, nights=2, cut_after=requests)


@dataclass
class Judge:
    """Judges stores as they are, each in a folder of its own."""

    folder: Path
    url: str

    async def breaks(self, store: Path, now: datetime) -> dict[tuple[str, str], dict[str, Any]]:
        """What is open by a store at a moment, by code and subject."""
        folder = self.folder / store.stem
        config = demo.prepare(WORLD, folder, self.url)
        shutil.copy(store, folder / "recon.db")
        last = (now - DAY).date()
        options = RunOptions((START - 5 * DAY).date(), last, by="proof", pull=False, report=False)
        loaded = configuration.load(config, {})
        await run(loaded, options, lambda: now, Silent())
        with ready_store(loaded) as judged:
            rows = [break_document(known, {}) for known in list_breaks(judged)]
        return {(row["code"], row["subject_id"]): row for row in rows}


@pytest.mark.parametrize("seed", range(2000, 2040))
async def test_the_same_breaks_are_open_but_for_what_changed_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: Path, seed: int
) -> None:
    short_pages(monkeypatch)
    async with serve(WORLD, moment=START) as server:
        store = Nights(server.url, tmp_path)
        database = Path(store.store.url.database or "")
        shutil.copy(first, database)
        history = History(server, store.name, Random(seed))
        now = START
        for _ in range(NIGHTS):
            await history.go_on(now + DAY / 2)
            now += DAY
            await store.night(server, now)
        judge = Judge(tmp_path, server.url)
        nightly = await judge.breaks(Path(shutil.copy(database, tmp_path / "nightly.db")), store.clock())
        full = await store.pull(now - DAY, now, full=True)
        swept = await judge.breaks(Path(shutil.copy(database, tmp_path / "swept.db")), store.clock())
        store.store.dispose()
    silent = history.untold | history.vanished
    for key in nightly.keys() ^ swept.keys():
        words = str((nightly.get(key) or swept[key]).values())
        assert silent.intersection(re.findall(r"[a-z]+_test_[a-z0-9]+", words)), key
    if full.new + full.changed + full.gone == 0:
        assert nightly.keys() == swept.keys()
