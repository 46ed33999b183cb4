"""`kill -9` at random moments of archiving, and full disks: the next one goes on; nothing is lost or doubled."""

import random
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from recon.store.desk import audit
from recon.store.engine import open_store
from recon.store.versions import archive
from recon.store.versions.archive import keep_in
from tests.kit.archived_store import evidence, fill, killed_after, rows_of
from tests.kit.store_samples import DATABASES, fresh_url

pytestmark = pytest.mark.proof

KILLS = 12
ROOM = 60_000  # bytes of a file: enough for the archive's, not for what SQLite writes of many


@pytest.mark.parametrize("database", DATABASES)
def test_kills_at_random_moments_change_nothing(tmp_path: Path, database: str) -> None:
    moments, folder = random.Random("kill the archive"), tmp_path / "archive"
    url = fresh_url(database, tmp_path)
    store = open_store(url)
    keep_in(store, folder)
    fill(store)
    rows, raw, seen = rows_of(store), rows_of(store, archive.RAW_OBJECTS), evidence(store)
    cut = 0
    for _ in range(KILLS):
        cut += killed_after(url, folder, moments.randint(0, 2), moments.uniform(0, 0.01))
        assert (rows_of(store), rows_of(store, archive.RAW_OBJECTS)) == (rows, raw)
    killed_after(url, folder, 10_000)
    assert (rows_of(store), rows_of(store, archive.RAW_OBJECTS)) == (rows, raw)
    assert evidence(store) == seen
    assert cut > KILLS / 2
    store.dispose()


def test_a_full_disk_stops_it_and_the_next_one_goes_on(tmp_path: Path) -> None:
    folder, url = tmp_path / "archive", fresh_url("sqlite", tmp_path)
    store = open_store(url)
    keep_in(store, folder)
    fill(store)
    rows, raw, seen = rows_of(store), rows_of(store, archive.RAW_OBJECTS), evidence(store)
    store.dispose()
    words = [sys.executable, "-m", "tests.kit.archived_store", url, str(folder)]
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (ROOM, ROOM))
    stopped = subprocess.run(words, capture_output=True, text=True, check=False, preexec_fn=limit)
    assert "ArchiveStopped" in stopped.stderr
    assert (rows_of(store), rows_of(store, archive.RAW_OBJECTS)) == (rows, raw)
    assert audit.prove(store, ()) == []
    assert subprocess.run(words, capture_output=True, check=False).returncode == 0
    assert (rows_of(store), rows_of(store, archive.RAW_OBJECTS)) == (rows, raw)
    assert evidence(store) == seen
    store.dispose()
