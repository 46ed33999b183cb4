"""Objects of another shape in the store: dated, kept as they were first read, released when they are read or gone."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from recon import columns as c
from recon.model import Malformed, Traces, Window
from recon.store.engine import Store, writing
from recon.store.engine import to_micros as micros
from recon.store.versions import kept_aside
from recon.store.versions.load import load_books
from recon.store.versions.save import save_objects
from tests.kit.store_samples import DATABASES, NOON, charge, opened

HOUR = timedelta(hours=1)
UNKNOWN = Window(NOON - 10 * HOUR, NOON)
NARROW = (NOON - 3 * HOUR, NOON - 2 * HOUR)


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def odd(id: str = "chrg_odd", created: tuple[datetime, datetime] | None = None, kind: str = "charge") -> Malformed:
    return Malformed(kind, id, "amount is no whole number", f"key of {id}", Traces(created, charge_id="chrg_1"))


def keep(store: Store, *malformed: Malformed, at: datetime = NOON) -> None:
    kept_aside.keep_aside(store, "th", malformed, UNKNOWN, at)


def stored(store: Store) -> list[tuple[str, datetime, datetime, datetime | None]]:
    """By name, from when to when each may have been made, and when it was released."""
    names = [c.NAME, c.CREATED_FROM, c.CREATED_TO, c.RELEASED_AT]
    kept = load_books(store, NOON + 9 * HOUR).kept_aside[names].astype(object)
    rows = kept.where(kept.notna(), None)
    return sorted(rows.itertuples(index=False, name=None))


def test_what_nothing_dates_may_be_of_the_whole_window_until_its_neighbours_say_more(store: Store) -> None:
    keep(store, odd())
    assert [row[1:3] for row in stored(store)] == [(UNKNOWN.start, UNKNOWN.end)]
    keep(store, odd(created=NARROW), at=NOON + HOUR)
    assert [row[1:3] for row in stored(store) if row[3] is None] == [NARROW]
    keep(store, odd(), at=NOON + 2 * HOUR)
    assert [row[1:3] for row in stored(store) if row[3] is None] == [NARROW], "what is dated stays dated"


def test_one_that_is_read_after_all_is_released_and_no_other(store: Store) -> None:
    keep(store, odd(), odd("chrg_other"))
    keep(store, odd("rfnd_odd", kind="refund"))
    with writing(store, "kept_aside") as connection:
        kept_aside.release_read(connection, "th", "charge", ["chrg_odd", "chrg_1"], micros(NOON + HOUR))
        kept_aside.release_read(connection, "sg", "charge", ["chrg_other"], micros(NOON + HOUR))
    assert [(row[0], row[3]) for row in stored(store)] == [
        ("chrg_odd", NOON + HOUR),
        ("chrg_other", None),
        ("rfnd_odd", None),
    ]
    assert kept_aside.to_read_again(store, "th") == {"charge": ["chrg_other"], "refund": [("chrg_1", "rfnd_odd")]}


def test_saving_the_object_releases_it(store: Store) -> None:
    keep(store, odd())
    save_objects(store, "th", "charge", [charge("chrg_odd", created_at=NOON - HOUR)], NOON + HOUR)
    assert [row[3] for row in stored(store)] == [NOON + HOUR]


def test_a_whole_list_releases_what_it_does_not_have_any_more_inside_its_window(store: Store) -> None:
    early = (NOON - 30 * HOUR, NOON - 29 * HOUR)
    keep(store, odd(created=NARROW), odd("chrg_still", NARROW), odd("chrg_early", early))
    kept_aside.release_window(store, "th", "charge", UNKNOWN, {"chrg_still"}, NOON + HOUR)
    assert [(row[0], row[3]) for row in stored(store)] == [
        ("chrg_early", None),
        ("chrg_odd", NOON + HOUR),
        ("chrg_still", None),
    ]
