"""The store on PostgreSQL where it is unlike SQLite: several writers at once, and COPY."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recon.model import ObjectRow
from recon.store.engine import Store, open_store, reading, shown_url
from recon.store.versions.save import Saved, save_gone, save_objects, save_orders
from tests.kit.store_samples import HOUR, NOON, charge, count, opened, orders, rejected

PAGES = [[charge(f"chrg_{page}_{number}") for number in range(20)] for page in range(12)]
CHANGED = [[charge(row.id, status="failed") for row in page] for page in PAGES]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    yield from opened("postgresql", tmp_path)


def save(url: str, pages: list[list[ObjectRow]]) -> Saved:
    store, saved = open_store(url), Saved()
    for page in pages:
        saved += save_objects(store, "th", "charge", page, NOON)
    store.dispose()
    return saved


def test_the_url_that_people_read_names_the_host_and_nobody_who_logs_in() -> None:
    assert (
        shown_url(open_store("postgresql://anna:hunter2@db.example:5432/recon"))
        == "postgresql://db.example:5432/recon"
    )


def test_writers_of_the_same_objects_store_each_version_once(store: Store) -> None:
    url = store.url.render_as_string(hide_password=False)
    with ThreadPoolExecutor(3) as pool:
        saved = sum(pool.map(save, [url] * 3, [PAGES] * 3), Saved())
    assert saved == Saved(new=240, unchanged=480)
    with ThreadPoolExecutor(2) as pool:
        saved = sum(pool.map(save, [url] * 2, [CHANGED] * 2), Saved())
    assert saved == Saved(changed=240, unchanged=240)
    assert count(store, "charge") == 480


def test_what_was_gone_comes_back_after_its_end_also_among_many(store: Store) -> None:
    save_objects(store, "th", "charge", PAGES[0], NOON)
    assert save_gone(store, "th", "charge", [PAGES[0][0].id], NOON + HOUR) == 1
    assert save_objects(store, "th", "charge", PAGES[0], NOON) == Saved(new=1, unchanged=19)
    assert save_objects(store, "jp", "charge", PAGES[0][:1], NOON) == Saved(new=1)


def test_any_text_goes_through_copy_as_it_is(store: Store) -> None:
    odd = ["a\tb", "a\nb\r", "\\N", "\\.", "'", '"', "é\U0001f600", " "]
    found = [{"order_id": text, "customer": text} for text in odd]
    assert save_orders(store, orders(*found), rejected(), NOON) == Saved(new=len(odd))
    assert save_orders(store, orders(*found), rejected(), NOON) == Saved(unchanged=len(odd))


def test_a_connection_that_died_while_nobody_used_it_is_nobodys_error(store: Store) -> None:
    with reading(store) as connection:
        ours = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    other = open_store(store.url.render_as_string(hide_password=False))
    with other.connect() as connection:
        connection.exec_driver_sql("SELECT pg_terminate_backend(%s, 5000)", (ours,))
    other.dispose()
    assert count(store, "charge") == 0
