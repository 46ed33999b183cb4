"""Hostile values and results of a shop's database: each is set aside with its row, too many are refused in words."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from recon import columns as c
from recon.orders import sql
from recon.orders.source import OrderSource
from recon.tabular.table import SourceUnreadable, text_of
from tests.kit.hostile_rows import KEPT, LONG, names
from tests.recon.orders.test_csv import a_source, load

COLUMNS = ("order_id", "account", "amount", "currency", "status", "created_at", "charge_id")
GOOD = ("A-1", "th", "100.00", "THB", "paid", "2026-11-20 09:30:00", None)
ATTACKS: list[tuple[str, Any, str]] = [
    ("amount", 2**63 - 1, "too large"),
    ("amount", -(2**63), "too large"),
    ("amount", 5e16, "too large"),
    ("amount", 1e300, "too l"),
    ("amount", float("nan"), "amount is empty"),
    ("amount", float("inf"), "is not a number"),
    ("amount", float("-inf"), "is not a number"),
    ("amount", 1e-300, "more decimals"),
    ("amount", 0.1 + 0.2, "more decimals"),
    ("amount", -0.0, KEPT),
    ("amount", "9" * 5_000, "too long"),
    ("amount", b"100", "amount"),
    ("amount", b"\xff\xfe\x00", "amount"),
    ("amount", "1\x002", "is not a number"),
    ("amount", None, "amount is empty"),
    ("created_at", 0, "is not like"),
    ("created_at", 2**62, "is not like"),
    ("created_at", -1.5, "is not like"),
    ("created_at", "0001-01-01", "cannot be an order's"),
    ("created_at", "9999-12-31 23:59:59", "cannot be an order's"),
    ("created_at", "2567-11-24", "Buddhist"),
    ("created_at", "2026-11-20\x00", "is not like"),
    ("created_at", b"2026-11-20", "is not like"),
    ("created_at", LONG, "has more than"),
    ("created_at", None, "created_at"),
    ("order_id", "A\x00B", "control character"),
    ("order_id", "A\u202eB", "invisible"),
    ("order_id", LONG, "more than 255 characters"),
    ("order_id", 2**62, KEPT),
    ("order_id", 1.5, KEPT),
    ("order_id", "😀" * 255, KEPT),
    ("order_id", None, "order_id is empty"),
    ("charge_id", "c\x00", "control character"),
    ("charge_id", LONG, "more than 255 characters"),
    ("currency", b"THB", "currency"),
    ("currency", "T\x00", "is not known"),
    ("currency", 764, "is not known"),
    ("status", LONG, "has more than"),
    ("status", 1, "status"),
    ("account", "th\x00", "is not"),
]


def a_shop(folder: Path, *rows: tuple[Any, ...], query: str = "") -> OrderSource:
    file = folder / "shop.db"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(f"create table orders ({', '.join(COLUMNS)})")
        database.executemany(f"insert into orders values ({', '.join('?' * len(COLUMNS))})", rows)
    wanted = query or "select * from orders where :from < :to"
    return a_source(folder, kind="sql", url=f"sqlite:///{file}", query=wanted)


@pytest.mark.parametrize("attack", ATTACKS, ids=names)
def test_one_bad_value_is_set_aside_and_nothing_beside_it(tmp_path: Path, attack: tuple[str, Any, str]) -> None:
    column, value, reason = attack
    row = list(GOOD)
    row[0] = "B-2"
    row[COLUMNS.index(column)] = value
    loaded = load(a_shop(tmp_path, GOOD, tuple(row), ("C-3", *GOOD[1:])))
    kept = loaded.orders[c.ORDER_ID].tolist()
    if not reason:
        assert (len(kept), len(loaded.rejected)) == (3, 0)
        return
    assert kept == ["A-1", "C-3"]
    assert loaded.rejected[c.ROW].tolist() == [2]
    assert loaded.rejected[c.COLUMN].tolist() == [column]
    assert reason in loaded.rejected[c.REASON][0]
    assert len(loaded.rejected[c.REASON][0]) < 600


@pytest.mark.parametrize(
    "value",
    [
        *(date.min, date.max, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), time.max),
        *(timedelta.max, Decimal("NaN"), Decimal("Infinity"), Decimal("1E+5000"), Decimal("-1E-5000"), 10**400),
        *(memoryview(b"\xff"), [1, [2]], {"a": {"b": 1}}, object, "\ud800"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_of_any_type_has_a_text(value: object) -> None:
    """Servers have types that SQLite has not."""
    assert isinstance(text_of(value), str)


@pytest.mark.parametrize(
    ("bound", "value", "words"),
    [("MOST_ROWS", 10_000, "more than 10,000 rows"), ("LARGEST_FILE", 3 << 20, "more than 3 MB of text")],
)
def test_a_result_without_end_is_left_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, value: int, words: str
) -> None:
    """A join that lost its condition: the rows are never all in memory."""
    monkeypatch.setattr(sql, bound, value)
    endless = (
        "with recursive n(i) as (select 1 union all select i + 1 from n) "
        "select i as order_id, 'th' as account, 1 as amount, 'THB' as currency, 'paid' as status, "
        "'2026-11-20' as created_at, printf('%.200c', 'x') as charge_id from n where :from < :to"
    )
    with pytest.raises(SourceUnreadable, match=rf"\[orders\.shop\] a query gives {words}: narrow it"):
        load(a_shop(tmp_path, query=endless))
