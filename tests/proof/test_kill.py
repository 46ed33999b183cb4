"""`kill -9` at random moments of `recon pull` and `recon run`: the next one goes on; nothing is lost or doubled."""

import asyncio
import random
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.kit.job import FIRST, LAST, Job, job
from tests.kit.sandbox import Faults

pytestmark = pytest.mark.proof

KILLS = 20
MOMENTS = {"seen_at", "first_seen_at", "superseded_at", "pulled_at", "read_at"}
OBJECTS = ("charge", "refund", "transfer", "transaction", "dispute", "event", "receipt", "order", "rejected_row")
COMPARED = {"pull": (*OBJECTS, "account"), "run": (*OBJECTS, "account", "match", "break")}


async def start(merchant: Job, command: str) -> asyncio.subprocess.Process:
    words = [sys.executable, "-c", "from jobs.cli.app import main; main()", "--config", str(merchant.config), command]
    days = ["--from", FIRST.isoformat(), "--to", LAST.isoformat(), "--as-of", merchant.world.as_of.isoformat()]
    quiet = asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(*words, *days, stdout=quiet, stderr=quiet)


def stored(merchant: Job, command: str) -> dict[str, list[Any]]:
    """Every row, without the moments at which something was seen."""
    found = {}
    with closing(sqlite3.connect(merchant.folder / "recon.db")) as connection:
        for table in COMPARED[command]:
            names = [row[1] for row in connection.execute(f'pragma table_info("{table}")') if row[1] not in MOMENTS]
            listed = ", ".join(f'"{name}"' for name in names)
            found[table] = connection.execute(f'select {listed} from "{table}" order by {listed}').fetchall()
    return found


async def killed_after(merchant: Job, command: str, asked: Callable[[], int], count: int, pause_s: float) -> bool:
    """Starts a command and kills it a while after so many of its requests; false where it was over by then."""
    before = asked()
    process = await start(merchant, command)
    while process.returncode is None and asked() - before < count:
        await asyncio.sleep(0.002)
    await asyncio.sleep(pause_s)
    if process.returncode is None:
        process.kill()
    return await process.wait() == -9


@pytest.mark.parametrize("command", ["pull", "run"])
async def test_kills_at_random_moments_change_nothing(tmp_path: Path, command: str) -> None:
    moments = random.Random(f"kill {command}")
    async with job(tmp_path / "whole", 5, orders=400, faults=Faults(latency_s=0.05)) as whole:
        assert await (await start(whole, command)).wait() == 0
        asked, wanted = whole.server.requests.total(), stored(whole, command)
    cut = 0
    async with job(tmp_path / "killed", 5, orders=400, faults=Faults(latency_s=0.05)) as killed:
        requests = killed.server.requests
        for number in range(KILLS):
            if command == "run" and number % 2:  # after the last answer: while it judges, records and writes
                cut += await killed_after(killed, command, lambda: requests["/balance"], 4, moments.uniform(0, 0.5))
            else:
                count = moments.randint(1, asked * 3 // 4)
                cut += await killed_after(killed, command, requests.total, count, moments.uniform(0, 0.05))
        assert await (await start(killed, command)).wait() == 0
        assert stored(killed, command) == wanted
    assert cut > KILLS * 3 / 4
    assert len(wanted["charge"]) > 300
