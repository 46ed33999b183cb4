"""What earlier versions of a charge say about it today: whether it had been seen failed or expired."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from recon import columns as c
from recon.store.engine import Store
from recon.store.versions.load import load_books
from recon.store.versions.save import save_objects
from tests.kit.store_samples import DATABASES, HOUR, NOON, charge, opened


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


# charge -> its statuses in the order of their being seen, and whether its success is late
LIVES = {
    "chrg_1": (["failed", "successful"], True),
    "chrg_2": (["pending", "expired", "successful"], True),
    "chrg_3": (["pending", "successful"], False),
    "chrg_4": (["successful"], False),
    "chrg_5": (["successful", "failed"], False),
    "chrg_6": (["pending", "failed"], False),
}


def test_a_success_is_late_where_an_earlier_version_had_failed(store: Store) -> None:
    for key, (statuses, _) in LIVES.items():
        for hour, status in enumerate(statuses):
            save_objects(store, "th", "charge", [charge(key, status, amount=hour)], NOON + hour * HOUR)
    save_objects(store, "sg", "charge", [charge("chrg_7", "failed")], NOON)  # another account's affair
    save_objects(store, "th", "charge", [charge("chrg_7", "successful")], NOON + HOUR)
    found = load_books(store, NOON).charges
    late = dict(zip(found[c.CHARGE_ID] + found[c.ACCOUNT], found[c.WAS_FAILED], strict=True))
    assert late == {f"{key}th": expected for key, (_, expected) in LIVES.items()} | {
        "chrg_7th": False,
        "chrg_7sg": False,
    }


def test_at_an_earlier_moment_only_what_was_known_then_counts(store: Store) -> None:
    for hour, status in enumerate(["failed", "successful", "failed"]):
        save_objects(store, "th", "charge", [charge("chrg_1", status, amount=hour)], NOON + hour * HOUR)
    then = [
        load_books(store, NOON, versions_at=NOON + hour * HOUR).charges[c.WAS_FAILED].tolist() for hour in range(3)
    ]
    assert then == [[False], [True], [False]]
