"""What only reads and lists begins at once: which heavy libraries each such command does without."""

import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from recon.extras import EXTRAS
from tests.jobs.cli.test_every_command import WORDS, commands, kept
from tests.kit.loaded_modules import Loaded, loaded_by

__all__ = ["kept"]

FRAMES = {"numpy", "pandas", "pyarrow"}
WORKBOOKS = {"numpy", "openpyxl"}  # openpyxl loads numpy
CLIENT = {"aiohttp", "tenacity"}
TABLES = {"alembic"}  # of a new store only
OTHERS = {"apscheduler", "bankfile", "holidays", "jinja2", "mt940"}
HEAVY = FRAMES | WORKBOOKS | CLIENT | TABLES | OTHERS | set(EXTRAS)

# A command that only reads -> what of the heavy it has a use for, or its group has.
READING: dict[str, set[str]] = {
    "rules": set(),
    "methods": set(),
    "presets list": set(),
    "breaks list": set(),
    "breaks show": set(),
    "patterns list": set(),
    "runs list": set(),
    "runs show": set(),
    "runs diff": FRAMES,
    "matches list": set(),
    "journal list": WORKBOOKS,
    "users list": set(),
    "tokens list": set(),
    "db current": set(),
    "verify": WORKBOOKS,
}
LISTING = (" list", " show", " current", " diff")


@pytest.fixture(scope="module")
def loaded(kept: Path) -> dict[str, Loaded]:
    """What each of them loads."""
    with closing(sqlite3.connect(kept / "recon.db")) as connection:
        [break_id] = connection.execute("select max(id) from break").fetchone()
    words = [
        [{"BRK": break_id}.get(word, word) for word in (*name.split(), *WORDS.get(name, ()))] for name in READING
    ]
    found = loaded_by(kept, [["--config", "config.toml", *each] for each in words])
    return dict(zip(READING, found, strict=True))


@pytest.mark.parametrize("name", READING)
def test_a_command_that_reads_loads_nothing_heavy_that_it_does_not_use(loaded: dict[str, Loaded], name: str) -> None:
    assert loaded[name].code == 0
    assert loaded[name].modules & HEAVY <= READING[name]


def test_every_command_that_lists_is_in_the_table() -> None:
    assert {name for name in commands() if name.endswith(LISTING)} <= set(READING)


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    heavy = HEAVY | {"sqlalchemy", "rich", "pydantic", "msgspec", "asyncio"}
    code = f"import sys, jobs.cli.app; print(*{heavy} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == ""
    took = []
    command = [sys.executable, "-c", "from jobs.cli.app import main; main()", "--help"]
    for _ in range(3):  # the processor's seconds: a busy machine says nothing about the command
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(took) < 0.3
