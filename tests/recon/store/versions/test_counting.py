"""What a list counts by what is stored, and which of its days cost fewer requests than their objects one by one."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from recon.model import Malformed, Traces, Window
from recon.store.engine import Store
from recon.store.versions import counting
from recon.store.versions.counting import count_listed, crowded_days
from recon.store.versions.kept_aside import keep_aside
from recon.store.versions.save import save_objects
from tests.kit.store_samples import DATABASES, HOUR, NOON, charge, opened

DAY = timedelta(days=1)
FIRST = NOON - 12 * HOUR
UNTIL = FIRST + 3 * DAY


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    for store in opened(request.param, tmp_path):
        days = {"full": FIRST, "thin": FIRST + DAY, "last": FIRST + 2 * DAY}
        charges = [
            charge(f"chrg_{name}_{n}", created_at=day + n * HOUR) for name, day in days.items() for n in range(20)
        ]
        save_objects(store, "th", "charge", charges, NOON)
        yield store


def ids(name: str, numbers: range) -> set[str]:
    return {f"chrg_{name}_{number}" for number in numbers}


def test_a_day_is_read_as_a_list_where_that_takes_fewer_requests(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "PAGE", 10)  # a day of twenty takes two, and its total once more
    asked = ids("full", range(4)) | ids("thin", range(3)) | ids("last", range(16, 20)) | {"chrg_unknown"}
    until = UNTIL - 6 * HOUR
    days, listed = crowded_days(store, "th", "charge", asked, (), until)
    assert days == (Window(FIRST, FIRST + DAY), Window(FIRST + 2 * DAY, until))
    assert listed == ids("full", range(4)) | ids("last", range(16, 20))
    assert crowded_days(store, "sg", "charge", asked, (), until) == ((), set())


def test_what_was_swept_of_a_day_is_not_read_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "PAGE", 10)
    swept = (Window(FIRST + 10 * HOUR, FIRST + DAY),)
    days, listed = crowded_days(store, "th", "charge", ids("full", range(7, 13)), swept, UNTIL)
    assert (days, listed) == ((Window(FIRST, FIRST + 10 * HOUR),), ids("full", range(7, 10)))
    assert crowded_days(store, "th", "charge", ids("full", range(8, 20)), swept, UNTIL) == ((), set())


def test_a_list_counts_what_is_stored_at_its_ends_perhaps_and_what_could_not_be_read(store: Store) -> None:
    day = Window(FIRST, FIRST + DAY)
    assert count_listed(store, "th", "charge", day) == (19, 21)
    made = {"chrg_odd": (FIRST + HOUR, FIRST + 2 * HOUR), "chrg_odd_perhaps": (FIRST - HOUR, FIRST + HOUR)}
    made["chrg_full_3"] = made["chrg_odd"]  # it was good before, and stands as it was
    odd = [Malformed("charge", name, "odd", name, Traces(moments)) for name, moments in made.items()]
    keep_aside(store, "th", odd, day, NOON)
    assert count_listed(store, "th", "charge", day) == (20, 23)
    assert count_listed(store, "sg", "charge", day) == count_listed(store, "th", "refund", day) == (0, 0)
