"""What a night costs in a store that holds three years of small nights, against one that holds a month of them."""

from pathlib import Path
from time import process_time

import pytest

from jobs.config.config import Config
from jobs.run.opening.store import ready_store
from recon.store.related import unfinished
from tests.kit.store_samples import DATABASES, fresh_url
from tests.kit.years import LAST, SHOPS, night, years

pytestmark = pytest.mark.proof

ROUNDS = 4


@pytest.mark.parametrize("database", DATABASES)
def test_a_night_takes_as_long_after_three_years_as_after_a_month(database: str, tmp_path: Path) -> None:
    month = years(_folder(tmp_path, "month"), fresh_url(database, tmp_path), 1, 3_000)
    history = years(_folder(tmp_path, "years"), fresh_url(database, tmp_path), 36, 3_000)
    least = {1: 1e9, 36: 1e9}
    for _ in range(ROUNDS):  # side by side, whatever else the machine does
        for months, config in ((1, month), (36, history)):
            least[months] = min(least[months], _seconds(config))
    assert least[36] < 1.2 * least[1], least


def _folder(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def _seconds(config: Config) -> float:
    """CPU seconds of this process for a night's run, and for what its pull asks the store twice."""
    begun = process_time()
    outcome = night(config, LAST)
    assert outcome.complete, outcome.messages
    with ready_store(config) as store:
        for shop in SHOPS:
            unfinished.named_not_stored(store, shop.name)
            unfinished.named_not_stored(store, shop.name)
    return process_time() - begun
