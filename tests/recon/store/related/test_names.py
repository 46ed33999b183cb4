"""Names of charges that no run judged are read once, and again where something came, on both databases."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from jobs.run.related import names_of
from recon.model import Window
from recon.settings import MatchSettings
from recon.store.engine import Store, reading
from recon.store.related.names import Reading, named_windows, read_ahead
from recon.store.tables.related import LOOSE
from recon.store.versions.save import save_objects
from tests.kit.store_samples import DATABASES, HOUR, NOON, charge, opened

HOW = Reading(NOON + 9 * HOUR, ("order_id",), partial(names_of, settings=MatchSettings()), "plain")
MORNING = Window(NOON - 12 * HOUR, NOON)


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def put(store: Store, number: int, order: str, seen: int = 1) -> None:
    """A charge of the day's first hours that names an order in its metadata and another in its description."""
    made, named = NOON + (number - 12) * HOUR, f'{{"order_id": "{order}"}}'
    one = charge(f"chrg_{number}", created_at=made, metadata=named, description=f"for W-{number}")
    save_objects(store, "th", "charge", [one], NOON + seen * HOUR)


def ahead(store: Store, window: Window = MORNING, how: Reading = HOW, at: int = 3, many: int = 1) -> int:
    """How many charges are read, so many hours after noon."""
    return read_ahead(store, {"th": [window]}, how, NOON + at * HOUR, many)


def names(store: Store) -> set[tuple[str, str]]:
    with reading(store) as connection:
        return {(row.charge_id, row.name) for row in connection.execute(select(LOOSE)) if row.name != "for"}


def test_every_name_is_kept_and_nothing_is_read_twice(store: Store) -> None:
    put(store, 1, "A-1")
    put(store, 2, "A-2")
    assert ahead(store) == 2
    assert names(store) == {("chrg_1", "A-1"), ("chrg_1", "W-1"), ("chrg_2", "A-2"), ("chrg_2", "W-2")}
    assert ahead(store) == 0


def test_what_comes_later_is_read_and_what_lies_outside_is_not(store: Store) -> None:
    put(store, 1, "A-1")
    assert ahead(store) == 1
    put(store, 2, "A-2", seen=4)
    put(store, 13, "A-13", seen=4)
    put(store, 1, "B-1", seen=4)
    assert ahead(store, at=5) == 2
    assert {one for one in names(store) if one[1][0] != "W"} == {
        ("chrg_1", "A-1"),
        ("chrg_1", "B-1"),
        ("chrg_2", "A-2"),
    }
    assert ahead(store, at=6) == 0


def test_a_window_is_read_as_far_as_charges_go_and_few_charges_are_left(store: Store) -> None:
    put(store, 1, "A-1")
    assert ahead(store, many=2) == 0
    assert named_windows(store, "plain") == {}
    put(store, 4, "A-4")
    assert ahead(store, many=2) == 2
    [(window, since)] = named_windows(store, "plain")["th"]
    assert (window.start, NOON - 8 * HOUR < window.end < NOON - 7 * HOUR) == (MORNING.start, True)
    assert NOON + 2 * HOUR < since < NOON + 3 * HOUR


def test_other_rules_read_anew(store: Store) -> None:
    put(store, 1, "A-1")
    assert ahead(store) == 1
    other = Reading(HOW.as_of, HOW.metadata_keys, HOW.names, "other")
    assert ahead(store, how=other) == 1
    assert named_windows(store, "plain") == {}
    assert set(named_windows(store, "other")) == {"th"}
