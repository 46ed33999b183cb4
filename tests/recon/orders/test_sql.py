"""Orders from a database: what is bound, what comes back, and that no password is ever said."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from recon import columns as c
from recon.orders.source import OrderSource
from recon.orders.sql import bound
from recon.tabular.table import SourceMissing, SourceUnreadable, text_of
from tests.recon.orders.test_csv import WINDOW, a_source, load

SELECT = "select order_id, 'th' as account, amount, 'THB' as currency, status, created_at from orders"
QUERY = f"{SELECT} where created_at >= :from and created_at < :to"


def a_shop(folder: Path, *rows: tuple[Any, ...], **changes: Any) -> OrderSource:
    file = folder / "shop.db"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("create table orders (order_id text, amount, status text, created_at text, updated_at text)")
        database.executemany("insert into orders values (?, ?, ?, ?, ?)", rows)
    return a_source(folder, **{"kind": "sql", "url": f"sqlite:///{file}", "query": QUERY} | changes)


def test_the_window_is_bound_whatever_form_the_shop_writes_its_times_in(tmp_path: Path) -> None:
    times = ["2026-11-01T00:00:00Z", "2026-11-01 07:00:00", "2026-11-30T06:59:59+07:00", "2026-11-29 23:59:59.000"]
    rows = [(f"0{at}", "10.50", "paid", time, "") for at, time in enumerate(times)]
    outside = [("x", "1", "paid", "2026-10-20 00:00:00", ""), ("y", "1", "paid", "2026-12-05T00:00:00Z", "")]
    loaded = load(a_shop(tmp_path, *rows, *outside))
    assert loaded.orders[c.ORDER_ID].tolist() == ["00", "01", "02", "03"]
    assert loaded.orders[c.AMOUNT].tolist() == [1050] * 4
    assert (loaded.inputs[0].name, loaded.inputs[0].rows) == ("query", 4)


def test_older_orders_come_through_the_open_query_and_one_in_both_is_no_duplicate(tmp_path: Path) -> None:
    source = a_shop(
        tmp_path,
        ("old", 1, "paid", "2026-01-01", "2026-11-20"),
        ("older", 1, "paid", "2026-01-01", "2026-02-01"),
        ("now", 1.5, "paid", "2026-11-20", "2026-11-20"),
        open_query=f"{SELECT} where updated_at >= :changed_since",
    )
    loaded = load(source, changed_since=datetime(2026, 11, 10, tzinfo=UTC))
    assert loaded.orders[c.ORDER_ID].tolist() == ["now", "old"]
    assert loaded.duplicates == {}
    assert loaded.look
    assert (loaded.look.name, loaded.look.words, loaded.look.unused) == ("query", "", ())


def test_bad_rows_are_kept_aside_with_their_place_in_the_result(tmp_path: Path) -> None:
    loaded = load(a_shop(tmp_path, ("A", 1, "paid", "2026-11-20", ""), ("B", None, "paid", "2026-11-20", "")))
    assert loaded.rejected[c.REASON].tolist() == ["amount is empty"]
    assert loaded.rejected[c.ROW].tolist() == [2]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("01", "01"),
        (10**20, "1" + "0" * 20),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.10"), "0.10"),
        (19.99, "19.99"),
        (1e22, "1" + "0" * 22),
        (3.0, "3"),
        (True, "TRUE"),
        (float("nan"), ""),
        (datetime(2026, 11, 24, 9, 30, tzinfo=UTC), "2026-11-24T09:30:00+00:00"),
    ],
)
def test_a_value_becomes_its_exact_text(value: object, text: str) -> None:
    assert text_of(value) == text


def test_what_cannot_be_asked_is_said_in_words(tmp_path: Path) -> None:
    source = a_shop(tmp_path)
    for changes, words in (
        ({"query": "select * from nowhere"}, r"\[orders\.shop\] the database says: no such table: nowhere"),
        ({"query": "select :start"}, "a query names :start; it may name :from, :to and :changed_since"),
        ({"url": "not a url with secret"}, "url is no database URL"),
        ({"url": "nonsense://me:secret@host/db"}, "the driver of nonsense is not installed"),
    ):
        settings: dict[str, Any] = {"kind": "sql", "url": source.settings["url"], "query": QUERY} | changes
        with pytest.raises(SourceUnreadable, match=words) as caught:
            load(a_source(tmp_path, **settings))
        assert "secret" not in str(caught.value)


def test_a_missing_database_file_is_missing_and_is_not_made(tmp_path: Path) -> None:
    file = tmp_path / "none.db"
    with pytest.raises(SourceMissing, match=r"no database file none\.db"):
        load(a_source(tmp_path, kind="sql", url=f"sqlite:///{file}", query=QUERY))
    assert not file.exists()


def test_a_server_gets_moments_and_sqlite_gets_days() -> None:
    assert bound("postgresql", WINDOW, None) == {
        "from": WINDOW.start,
        "to": WINDOW.end,
        "changed_since": WINDOW.start,
    }
    assert bound("sqlite", WINDOW, None)["from"] == "2026-10-31"
