"""The sheets as CSV and Parquet: exact amounts, texts that stay texts, the same bytes again."""

import csv
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pyarrow.parquet as parquet
import pytest

from recon import columns as c
from reports.report import Report
from reports.workbook.plain import write_plain
from tests.kit.report_example import BREAKS, bare_result_of, breaks, matched, result_of
from tests.reports.workbook.test_write import report_of


@pytest.fixture
def report() -> Report:
    links = matched(3)
    links[c.ORDER_ID] = pd.Series(["007", "=1+1", "@sum"], dtype=c.TEXT)
    return report_of(result_of(links, breaks(BREAKS[:2])))


@cache
def orders_written(*texts: str) -> list[str]:
    """Order ids as they stand in a CSV file."""
    links = matched(len(texts))
    links[c.ORDER_ID] = pd.Series(texts, dtype=c.TEXT)
    with TemporaryDirectory() as folder:
        paths = write_plain(report_of(bare_result_of(links, breaks(BREAKS[:2]))), Path(folder), "csv")
        return [row["Order"] for path in paths if path.name == "Matched.csv" for row in rows(path)]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_csv_has_exact_amounts_and_no_formula(report: Report, tmp_path: Path) -> None:
    paths = {path.name: path for path in write_plain(report, tmp_path, "csv")}
    assert paths["Matched.csv"].parent.name == "settlement_th_2026-11-01_2026-11-30.csv"
    found = rows(paths["Matched.csv"])
    assert [row["Order"] for row in found] == ["007", "'=1+1", "'@sum"]
    frame = report.result.matched
    assert [row["Order amount"] for row in found] == [
        f"{amount // 100}.{amount % 100:02d}" for amount in frame[c.ORDER_AMOUNT]
    ]
    assert {row["Currency"] for row in found} == {"THB"}
    assert found[0]["Charged at"].endswith("Z")
    assert "Its row" not in rows(paths["Breaks.csv"])[0]
    assert {"Pending.csv", "Pending 2.csv", "Legend.csv"} <= set(paths)


RUN = ("=", "+", "-", "@", "|", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@pytest.mark.parametrize("first", RUN)
def test_a_text_that_a_spreadsheet_would_run_is_marked_as_text(first: str) -> None:
    texts = [f"{mark}cmd|' /C calc'!A0" for mark in RUN]
    written = orders_written("007", *texts, *(f"A{text}" for text in texts))
    at = RUN.index(first)
    assert written[0] == "007"
    assert written[1 + at] == f"'{texts[at]}"
    assert written[1 + len(RUN) + at] == f"A{texts[at]}"


def test_parquet_has_minor_units_and_moments(report: Report, tmp_path: Path) -> None:
    (path,) = [one for one in write_plain(report, tmp_path, "parquet") if one.name == "Matched.parquet"]
    table = parquet.read_table(path)
    assert table.column(c.ORDER_AMOUNT).to_pylist() == report.result.matched[c.ORDER_AMOUNT].tolist()
    assert str(table.schema.field(c.PAID_AT).type) == "timestamp[us, tz=UTC]"
    assert table.column(c.ORDER_ID).to_pylist() == ["007", "=1+1", "@sum"]


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_the_same_report_gives_the_same_bytes_and_replaces_the_folder(
    report: Report, tmp_path: Path, format_: str
) -> None:
    before = {path: path.read_bytes() for path in write_plain(report, tmp_path, format_)}
    folder = next(iter(before)).parent
    (folder / f"Old.{format_}").write_text("of an earlier version", encoding="utf-8")
    assert {path: path.read_bytes() for path in write_plain(replace(report), tmp_path, format_)} == before
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == sorted(p.name for p in before)


def test_the_summary_is_there_too_with_exact_amounts(report: Report, tmp_path: Path) -> None:
    paths = {path.name: path for path in write_plain(report, tmp_path, "csv")}
    with paths["Summary.csv"].open(encoding="utf-8", newline="") as file:
        lines = [line[:4] for line in csv.reader(file)]
    assert ["lost", "THB", "2", "1730.50"] in lines
    assert {"Rulings.csv", "Rulings 2.csv"} <= set(paths)
    (path,) = [one for one in write_plain(report, tmp_path, "parquet") if one.name == "Summary.parquet"]
    assert "Settlement reconciliation" in parquet.read_table(path).column(0).to_pylist()
