"""`kill -9` at random moments of archiving, on both databases: the next one goes on; nothing is lost or doubled."""

import random
from pathlib import Path

import pytest

from recon.store import archive
from recon.store.archive import keep_in
from recon.store.engine import open_store
from tests.archived_store import evidence, fill, killed_after, rows_of
from tests.store_samples import DATABASES, fresh_url

pytestmark = pytest.mark.proof

KILLS = 12


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
