"""Links across runs: a charge that pays several orders is kept, and what was linked without a name stays."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from recon import columns as c
from recon.store.engine import Store
from recon.store.versions.load import load_matches
from tests.kit.store_samples import DATABASES, opened
from tests.recon.store.runs.test_record import TH, links, record, rows


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def test_one_charge_of_two_orders_is_recorded_and_read_back(store: Store) -> None:
    both = links("th/A-1 th/chrg_1 metadata", "th/A-2 th/chrg_1 metadata")
    record(store, [TH], matches=both)
    assert sorted(rows(load_matches(store, ["th"]))) == sorted(rows(both))


def test_one_of_its_orders_may_leave_it(store: Store) -> None:
    record(store, [TH], matches=links("th/A-1 th/chrg_1 metadata", "th/A-2 th/chrg_1 metadata"))
    record(store, [TH], matches=links("th/A-2 th/chrg_1 metadata"))
    assert rows(load_matches(store, ["th"])) == ["th/A-2 th/chrg_1 metadata"]
    record(store, [TH], matches=links("th/A-2 th/chrg_1 metadata", "th/A-3 th/chrg_1 metadata"))
    assert set(load_matches(store, ["th"])[c.ORDER_ID]) == {"A-2", "A-3"}
