"""Order workbooks: numbers as exact text, dates as they are, and what Excel has lost refused."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from recon import columns as c
from recon.orders.source import LoadedOrders
from recon.tabular.table import SourceUnreadable
from tests.recon.orders.test_csv import a_source, load, record

HEADER = ("order_id", "account", "amount", "currency", "status", "created_at")


def load_rows(folder: Path, *rows: tuple[Any, ...], header: tuple[str, ...] = HEADER) -> LoadedOrders:
    book = openpyxl.Workbook()
    for row in (header, *rows):
        book.worksheets[0].append(row)
    book.save(folder / "orders.xlsx")
    return load(a_source(folder / "*.xlsx", kind="excel"))


def test_text_numbers_and_dates(tmp_path: Path) -> None:
    loaded = load_rows(
        tmp_path,
        ("0001", "th", 1234.5, "THB", "paid", datetime(2026, 11, 24, 9, 30, 1)),  # noqa: DTZ001 (as Excel has it)
        (1002, "th", 19.99, "THB", "NA", date(2026, 11, 24)),
        ("A", "th", "1,234.50", "THB", "paid", "2026-11-24T09:30:00+09:00"),
    )
    assert loaded.rejected.empty
    assert loaded.orders[c.ORDER_ID].tolist() == ["0001", "1002", "A"]
    assert loaded.orders[c.AMOUNT].tolist() == [123450, 1999, 123450]
    assert loaded.orders[c.CREATED_AT].tolist() == [
        pd.Timestamp(text) for text in ("2026-11-24T02:30:01Z", "2026-11-23T17:00:00Z", "2026-11-24T00:30:00Z")
    ]


@pytest.mark.parametrize("number", [12345678901234567890, 1234567890123456])
def test_an_id_that_has_lost_digits_is_kept_aside(tmp_path: Path, number: int) -> None:
    loaded = load_rows(tmp_path, (number, "th", 1, "THB", "paid", "2026-11-24"), (123456789012345, *GOOD))
    assert loaded.orders[c.ORDER_ID].tolist() == ["123456789012345"]
    found = record(loaded.rejected)
    assert (found["row"], found["column"]) == (2, "order_id")
    assert "last digits are lost" in found["reason"]


GOOD = ("th", 1, "THB", "paid", "2026-11-24")


def test_empty_rows_are_no_rows_and_the_sheets_own_row_numbers_stand(tmp_path: Path) -> None:
    loaded = load_rows(tmp_path, (), ("A", *GOOD), (), ("B", "th", None, "THB", "paid", "2026-11-24"))
    assert loaded.orders[c.ROW].tolist() == [3]
    assert (loaded.rejected[c.ROW].tolist(), loaded.inputs[0].rows) == ([5], 2)


def test_a_header_alone_is_fine_and_nothing_at_all_is_not(tmp_path: Path) -> None:
    assert load_rows(tmp_path).orders.empty
    with pytest.raises(SourceUnreadable, match=r"orders\.xlsx is empty"):
        load_rows(tmp_path, header=())


def test_what_is_no_workbook_is_named(tmp_path: Path) -> None:
    (tmp_path / "~$orders.xlsx").write_text("Excel's lock")
    (tmp_path / "orders.xlsx").write_text("order_id,amount")
    with pytest.raises(SourceUnreadable, match=r"orders\.xlsx is no workbook"):
        load(a_source(tmp_path / "*.xlsx", kind="excel"))
