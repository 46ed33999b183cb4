"""Order files in Parquet: every type of a column becomes the same exact text."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recon import columns as c
from recon.orders.source import LoadedOrders
from recon.tabular.table import SourceUnreadable
from tests.recon.orders.test_csv import a_source, load

NINE = datetime(2026, 11, 24, 9, 30, 0, 5, tzinfo=UTC)


def load_columns(folder: Path, **changes: Any) -> LoadedOrders:
    given = {
        "order_id": ["A"],
        "account": ["th"],
        "amount": ["1"],
        "currency": ["THB"],
        "status": ["paid"],
        "created_at": ["2026-11-24"],
    }
    pq.write_table(pa.table(given | changes), folder / "orders.parquet")
    return load(a_source(folder / "orders.parquet", kind="parquet"))


@pytest.mark.parametrize(
    ("amount", "units"),
    [
        (pa.array([Decimal("1234.50")], pa.decimal128(12, 2)), 123450),
        (pa.array([Decimal("0.0000000")], pa.decimal128(12, 7)), 0),
        (pa.array([1234], pa.int32()), 123400),
        (pa.array([19.99], pa.float64()), 1999),
        (pa.array([19.99], pa.float32()), 1999),
        (pa.array(["1,234.50"]).dictionary_encode(), 123450),
    ],
)
def test_amounts_of_every_type(tmp_path: Path, amount: pa.Array, units: int) -> None:
    assert load_columns(tmp_path, amount=amount).orders[c.AMOUNT].tolist() == [units]


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        (pa.array([NINE], pa.timestamp("us", "UTC")), "2026-11-24T09:30:00.000005Z"),
        (pa.array([NINE], pa.timestamp("ns", "Asia/Tokyo")), "2026-11-24T09:30:00.000005Z"),
        (pa.array([NINE.replace(tzinfo=None)], pa.timestamp("ns")), "2026-11-24T02:30:00.000005Z"),
        (pa.array([NINE.replace(tzinfo=None)], pa.timestamp("ms")), "2026-11-24T02:30:00Z"),
        (pa.array([date(2026, 11, 24)], pa.date32()), "2026-11-23T17:00:00Z"),
    ],
)
def test_times_of_every_type(tmp_path: Path, created: pa.Array, expected: str) -> None:
    found = load_columns(tmp_path, created_at=created).orders[c.CREATED_AT][0]
    assert abs(found - pd.Timestamp(expected)) < timedelta(microseconds=1)


def test_ids_keep_their_digits_or_are_kept_aside(tmp_path: Path) -> None:
    assert load_columns(tmp_path, order_id=[2**53 + 1]).orders[c.ORDER_ID].tolist() == [str(2**53 + 1)]
    assert load_columns(tmp_path, order_id=[1002.0]).orders[c.ORDER_ID].tolist() == ["1002"]
    assert "digits are lost" in load_columns(tmp_path, order_id=[2.0**53]).rejected[c.REASON][0]


def test_nulls_are_empty_cells_and_records_count_from_one(tmp_path: Path) -> None:
    loaded = load_columns(
        tmp_path, amount=pa.array([None], pa.float64()), refunded_amount=pa.array([None], pa.int64())
    )
    assert loaded.rejected[c.REASON].tolist() == ["amount is empty"]
    assert loaded.rejected[c.ROW].tolist() == [1]


def test_what_is_no_parquet_is_named(tmp_path: Path) -> None:
    (tmp_path / "orders.parquet").write_text("no")
    with pytest.raises(SourceUnreadable, match=r"orders\.parquet is no Parquet file"):
        load(a_source(tmp_path / "orders.parquet", kind="parquet"))
