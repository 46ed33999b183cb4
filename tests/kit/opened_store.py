"""A store as the first command leaves it: its tables made, nothing in it that was to be masked."""

import shutil
from functools import cache
from pathlib import Path

from jobs.config import config as configuration
from jobs.run.opening.store import open_ready_store
from tests.kit import made_once
from tests.kit.small_config import configured


def opened_store(file: Path) -> None:
    """A new SQLite store: a copy, for to make it takes longer."""
    file.parent.mkdir(exist_ok=True)
    shutil.copy(_template(), file)


@cache
def _template() -> Path:
    with made_once.place("opened store") as (folder, is_made):
        if not is_made:
            open_ready_store(configuration.load(configured(folder), {}, ())).dispose()
    return made_once.folder("opened store") / "recon.db"
