"""Reading side by side: all transactions see one state of the store, also while somebody writes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Connection, event

from recon.store.engine import Store, open_store, reading_together
from recon.store.versions.load import load_books
from recon.store.versions.save import save_objects, save_orders
from tests.kit.store_samples import DATABASES, HOUR, NOON, charge, opened, orders, rejected


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def charges(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM charge").scalar_one())


def test_what_is_written_meanwhile_is_seen_by_none_of_them(store: Store) -> None:
    with reading_together(store, 3) as connections:
        save_objects(store, "th", "charge", [charge("chrg_1")], NOON)
        assert [charges(one) for one in connections] == [0, 0, 0]
    with reading_together(store, 3) as connections:
        assert [charges(one) for one in connections] == [1, 1, 1]


def test_what_is_committed_between_their_first_looks_is_seen_by_all_or_none(store: Store) -> None:
    other = open_store(store.url.render_as_string(hide_password=False))
    looked: list[int] = []

    def write(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("SELECT") and not looked:
            looked.append(save_objects(other, "th", "charge", [charge("chrg_1")], NOON).new)

    event.listen(store, "after_cursor_execute", write)
    with reading_together(store, 2) as connections:
        assert charges(connections[0]) == charges(connections[1])
    other.dispose()
    assert looked == [1]


def test_books_loaded_while_another_writes_are_of_one_state(store: Store) -> None:
    stop = Event()

    def write() -> int:
        """One more order and one more unread row with every commit."""
        made = 0
        while not stop.is_set() and made < 60:
            made += 1
            ids = [{"order_id": str(number)} for number in range(made)]
            bad = [{"digest": f"{number:064d}", "row": number} for number in range(made)]
            save_orders(store, orders(*ids), rejected(*bad), NOON + made * HOUR)
        return made

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        try:
            found = [load_books(store, NOON + HOUR) for _ in range(12)]
        finally:
            stop.set()
        assert writer.result() > 1
    assert all(len(books.orders) == len(books.rejected) for books in found)
