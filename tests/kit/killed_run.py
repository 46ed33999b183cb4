"""A run of what is stored, in a process of its own that kills itself at a point: python -m tests.kit.killed_run …"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from jobs.config import config as configuration
from jobs.run import run as road
from jobs.run import stages
from jobs.run.outcome import Outcome, RunOptions
from recon.store.runs import record
from tests.kit.job import Silent


def judged_only(place: Any, name: str) -> None:
    """Dies before it is called."""
    setattr(place, name, lambda *_: os.kill(os.getpid(), signal.SIGKILL))


def done(place: Any, name: str) -> None:
    """Dies once it was called."""
    original = getattr(place, name)

    def call(*given: Any) -> None:
        original(*given)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(place, name, call)


POINTS: dict[str, Callable[[], None]] = {
    "judged": lambda: judged_only(road, "record_findings"),
    "breaks written": lambda: judged_only(record, "_end"),
    "recorded": lambda: done(road, "record_findings"),
    "signatures ended": lambda: done(stages, "unsign"),
}


def kill(folder: Path, now: datetime, days: tuple[date, date], point: str) -> None:
    """A run of all accounts that dies at a point."""
    words = [str(folder), now.isoformat(), *(day.isoformat() for day in days), point]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.kit.killed_run", *words], capture_output=True, text=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr


async def run(folder: Path, now: datetime, days: tuple[date, date]) -> Outcome:
    """A run of all accounts of what is stored."""
    options = RunOptions(*days, pull=False, report=False, by="test")
    return await road.run(configuration.load(folder / "config.toml", {}), options, lambda: now, Silent())


if __name__ == "__main__":
    path, moment, first, last, chosen = sys.argv[1:]
    POINTS[chosen]()
    asyncio.run(
        run(Path(path), datetime.fromisoformat(moment), (date.fromisoformat(first), date.fromisoformat(last)))
    )
