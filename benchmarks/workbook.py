"""How fast a workbook is written and a stored month becomes one, against what it could cost; `make bench-workbook`.

Every measurement runs in a process of its own. `bare` is the least that such a sheet can cost this way: columns cast
to text, joined to the same cells, deflated as ours, chunk by chunk, without zones, currencies or a look at
any value. `openpyxl` is its write-only mode, cells styled, on a tenth of the rows, its CPU time multiplied by ten.
A stored month is held against the sum of the least that its parts can cost, on the same store in the same run: ADBC
reading orders, charges and transactions, the bare join of `benchmarks.match`, and the bare sheets: every detail sheet
of its workbooks, the group's as well. Nothing in that sum judges.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from isal import isal_zlib
from pyarrow import parquet

from benchmarks import load, match
from benchmarks.match import DAYS, MICROS, START, make
from benchmarks.processes import answer, interpreter, memory_from_here, memory_mb
from benchmarks.stored_month import AS_OF, month
from recon import columns as c
from recon.model import Account, CurrencyTotals, Result
from reports.report import Basis, Report
from reports.sheet import PlacedSheet, Sheet, column_letter, place
from reports.sheets.matched import SHEET as MATCHED

PART = 10  # openpyxl writes one row in so many
TH = Account("th", "TH", "THB", ZoneInfo("Asia/Bangkok"))
CHUNK = 16_384


@dataclass(frozen=True)
class Measured:
    """Wall and CPU seconds of one way, its memory over the frames, and the size of what it wrote."""

    seconds: float
    cpu: float
    extra_mb: float
    megabytes: float


def matched(rows: int) -> pd.DataFrame:
    """Orders with their charges: texts, money in two decimals, moments, a few empty cells."""
    rng = np.random.default_rng(rows)
    numbers = pa.array(np.arange(rows))
    padded = pc.utf8_lpad(numbers.cast(pa.string()), 9, "0")
    amounts = rng.integers(2_000, 5_000_000, rows)
    fees = amounts * 365 // 10_000
    made = START + np.sort(rng.integers(0, DAYS * 86_400, rows)) * MICROS
    words = {
        c.ORDER_ID: pc.binary_join_element_wise("TH-", padded, ""),
        c.CHARGE_ID: pc.binary_join_element_wise("chrg_test_5xuy4w91xq", padded, ""),
        c.MATCHED_BY: pa.array(np.array(["metadata", "charge_id"])[rng.integers(0, 2, rows)]),
        c.ORDER_STATUS: pa.array(["paid"] * rows),
        c.CHARGE_STATUS: pa.array(["successful"] * rows),
        c.CURRENCY: pa.array(["THB"] * rows),
        c.FUNDING_CURRENCY: pa.array(["THB"] * rows),
        c.METHOD: pa.array(np.array(["card", "promptpay", "truemoney"])[rng.integers(0, 3, rows)]),
        c.CARD_BRAND: pa.array(np.array(["Visa", "JCB"])[rng.integers(0, 2, rows)], mask=rng.random(rows) < 0.5),
        c.IMPLIED_RATE: pa.nulls(rows, pa.string()),
    }
    plain = {
        c.ORDER_AMOUNT: amounts,
        c.CHARGE_AMOUNT: amounts,
        c.REFUNDED_AMOUNT: np.zeros(rows, int),
        c.FUNDING_AMOUNT: amounts,
        c.FEE: fees,
        c.FEE_VAT: fees * 7 // 100,
        c.NET: amounts - fees - fees * 7 // 100,
    }
    moments = {c.ORDER_CREATED_AT: made, c.CREATED_AT: made + 41 * MICROS, c.PAID_AT: made + 95 * MICROS}
    columns: dict[str, Any] = {name: pd.Series(column.to_pandas(), dtype=c.TEXT) for name, column in words.items()}
    columns |= {name: pd.Series(column, dtype=c.MINOR) for name, column in plain.items()}
    columns |= {name: pd.to_datetime(column, unit="us", utc=True).as_unit("us") for name, column in moments.items()}
    return c.MATCHED.check(pd.DataFrame(columns)[c.MATCHED.names])


def report(rows: int) -> Report:
    """A result that holds nothing but the matched orders."""
    links = matched(rows)
    totals = CurrencyTotals("THB", rows, rows, rows, int(links[c.ORDER_AMOUNT].sum()), 0)
    result = Result(
        TH,
        date(2026, 10, 1),
        date(2026, 10, 31),
        AS_OF,
        orders=rows,
        charges=rows,
        matched_orders=rows,
        expecting_orders=rows,
        refunds=0,
        transfers=0,
        transactions=0,
        rejected_rows=0,
        ignored_rows=0,
        currencies=(totals,),
        matched=links,
    )
    return Report(result, Basis("0"))


def ours(rows: int, folder: Path) -> Callable[[], Path]:
    """The whole workbook, its digest included."""
    from reports.workbook.write import write_workbook

    made = report(rows)
    return lambda: write_workbook(Report(made.result, made.basis), folder)


def bare(rows: int, folder: Path) -> Callable[[], Path]:
    """Cells of the same columns, in the same order, as the plainest texts that they can be."""
    placed = place(MATCHED, report(rows))
    return lambda: _bare_sheets([placed], folder)


def _bare_sheets(sheets: Sequence[PlacedSheet], folder: Path) -> Path:
    """Deflated one after the other."""
    path = folder / "bare.xml"
    with path.open("wb") as file, ThreadPoolExecutor(1) as ahead:
        for sheet in sheets:
            if sheet.frame.empty:
                continue
            deflate = isal_zlib.compressobj(1, isal_zlib.DEFLATED, -15)
            starts = range(0, len(sheet.frame), CHUNK)
            for rendered in _ahead(ahead, partial(_bare_rows, sheet), starts):
                file.write(deflate.compress(rendered))
            file.write(deflate.flush())
    return path


def _bare_rows(sheet: PlacedSheet, start: int) -> bytes:
    part = sheet.frame.iloc[start : start + CHUNK]
    numbers = pa.array(np.arange(start + 2, start + 2 + len(part))).cast(pa.large_string())
    pieces: list[Any] = ['<row r="', numbers, '">']
    for index, column in enumerate(sheet.sheet.columns):
        values = pa.array(part[column.name], from_pandas=True)
        values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        if pa.types.is_timestamp(values.type):
            values = values.cast(pa.int64())
        is_text = pa.types.is_large_string(values.type) or pa.types.is_string(values.type)
        opening, closing = (
            ('" s="1" t="inlineStr"><is><t>', "</t></is></c>") if is_text else ('" s="1"><v>', "</v></c>")
        )
        values = pc.fill_null(values.cast(pa.large_string()), "")
        pieces += [f'<c r="{column_letter(index)}', numbers, opening, values, closing]
    pieces += ["</row>", ""]
    texts = pc.binary_join_element_wise(
        *(pa.scalar(p, pa.large_string()) if isinstance(p, str) else p for p in pieces)
    )
    ends = memoryview(texts.buffers()[1]).cast("q")[: len(texts) + 1]
    return bytes(memoryview(texts.buffers()[2])[ends[0] : ends[-1]])


def _ahead(pool: ThreadPoolExecutor, render: Callable[[int], bytes], starts: range) -> Iterator[bytes]:
    waiting = pool.submit(render, starts[0])
    for start in starts[1:]:
        done, waiting = waiting.result(), pool.submit(render, start)
        yield done
    yield waiting.result()


def openpyxl(rows: int, folder: Path) -> Callable[[], Path]:
    """The same cells of a tenth of the rows, styled, in write-only mode."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import NamedStyle

    from reports.sheet import Kind

    frame = place(MATCHED, report(rows // PART)).frame
    path = folder / "openpyxl.xlsx"
    formats = {Kind.MONEY: "#,##0.00", Kind.MOMENT: "yyyy-mm-dd hh:mm:ss"}

    def work() -> Path:
        book = Workbook(write_only=True)
        for kind in Kind:
            book.add_named_style(NamedStyle(name=kind.value, number_format=formats.get(kind, "General")))
        sheet = book.create_sheet("Matched")
        lists = []
        for column in MATCHED.columns:
            series = frame[column.name]
            if column.kind is Kind.MOMENT:
                series = series.dt.tz_convert(TH.zone).dt.tz_localize(None)
            values = series.astype(object).where(series.notna(), None).tolist()
            lists.append([value / 100 for value in values] if column.kind is Kind.MONEY else values)
        styles = []  # set as openpyxl keeps them: by name, cell by cell, would cost it twice as much
        for column in MATCHED.columns:
            styled = WriteOnlyCell(sheet)
            styled.style = column.kind.value
            styles.append(styled._style)  # type: ignore[attr-defined]
        for row in zip(*lists, strict=True):
            cells = []
            for value, style in zip(row, styles, strict=True):
                cell = WriteOnlyCell(sheet, value)
                cell._style = style  # type: ignore[attr-defined]
                cells.append(cell)
            sheet.append(cells)
        book.save(path)
        return path

    return work


def stored(rows: int, folder: Path) -> Callable[[], Path]:
    """From a store with so many orders and charges to the finished workbooks: `recon report` of the month."""
    report_month = month(rows, folder)

    def work() -> Path:
        outcome = report_month()
        print(json.dumps(dict(outcome.timings)), file=sys.stderr)
        assert sum(result.orders for result in outcome.results) == rows
        first: Path = outcome.reports[0]
        return first

    return work


def sheets(rows: int, folder: Path) -> Callable[[], Path]:
    """The rows of every detail sheet of the month's workbooks, those of the group's as well, as plain texts."""
    from jobs.run import reporting
    from reports.sheet import AnyReport
    from reports.workbook.write import sheets_of

    reports: list[AnyReport] = []

    def keep(report: AnyReport, into: Path, _: int) -> Path:
        reports.append(report)
        path = into / report.name
        into.mkdir(exist_ok=True)
        path.touch()
        return path

    with mock.patch.object(reporting, "write_workbook", keep):
        month(rows, folder)()
    placed = [place(sheet, report) for report in reports for sheet in sheets_of(report) if isinstance(sheet, Sheet)]
    return lambda: _bare_sheets(placed, folder)


def join(rows: int, folder: Path) -> Callable[[], Path]:
    """pandas' get_indexer over order ids, amounts and currencies compared."""
    for name, table in zip(("orders", "charges"), make(rows, seed=rows), strict=True):
        parquet.write_table(table, folder / f"{name}.parquet")
    work = match.bare(folder)

    def joined() -> Path:
        work()
        return folder / "orders.parquet"

    return joined


# What ADBC's own environment runs: the tables of a store into pandas, side by side with nothing.
ADBC = """
import json, pathlib, sys, time
from adbc_driver_sqlite import dbapi

names = {}
memory = lambda field: next(
    int(line.split()[1]) / 1024
    for line in pathlib.Path("/proc/self/status").read_text().splitlines() if line.startswith(field)
)
with dbapi.connect(f"file:{sys.argv[1]}?mode=ro") as connection, connection.cursor() as cursor:
    for table in ("order", "charge", "transaction"):
        cursor.execute(f"pragma table_info('{table}')")
        names[table] = [row[1] for row in cursor.fetchall() if row[1] not in ("raw", "digest", "superseded_at")]
    cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": "1000000"})
    before, begun, cpu = memory("VmRSS"), time.perf_counter(), time.process_time()
    frames = []
    for table, columns in names.items():
        listed = ", ".join(f'"{column}"' for column in columns)
        cursor.execute(f'select {listed} from "{table}" where superseded_at is null')
        frames.append(cursor.fetch_arrow_table().to_pandas())
    seconds, used = time.perf_counter() - begun, time.process_time() - cpu
print(json.dumps({"seconds": seconds, "cpu": used, "extra_mb": memory("VmHWM") - before, "megabytes": 0}))
"""


WAYS: dict[str, Callable[[int, Path], Callable[[], Path]]] = {
    "bare": bare,
    "ours": ours,
    "openpyxl": openpyxl,
    "join": join,
    "stored": stored,
    "sheets": sheets,
}


def measure(way: str, rows: int, folder: Path) -> Measured:
    """One way in this process; the peak of memory is counted from the frames, the first run warms nothing up."""
    work = WAYS[way](rows, folder)
    before, begun, cpu = memory_from_here(), perf_counter(), process_time()
    path = work()
    taken = (perf_counter() - begun, process_time() - cpu)
    return Measured(*taken, memory_mb("VmHWM") - before, path.stat().st_size / 1e6)


def in_process(way: str, rows: int, rounds: int) -> Measured:
    """The best of some rounds, each in a process of its own."""
    measured = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            measured.append(_child(way, rows, folder))
    return min(measured, key=lambda round_: round_.seconds)


def _child(way: str, rows: int, folder: str) -> Measured:
    words = ("--way", way, "--data", folder, "--rows", rows)
    return Measured(**answer(sys.executable, "-m", "benchmarks.workbook", *words))


def of_a_store(rows: int, rounds: int) -> dict[str, Measured]:
    """The best of a stored month, of ADBC's reading of the same store and of its bare sheets, in turn."""
    measured: dict[str, list[Measured]] = {"stored": [], "read": [], "sheets": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            measured["stored"].append(_child("stored", rows, folder))
            python = interpreter("ADBC", load.APART)
            measured["read"].append(Measured(**answer(python, "-c", ADBC, f"{folder}/recon.db")))
            measured["sheets"].append(_child("sheets", rows, folder))
    return {name: min(of_way, key=lambda one: one.cpu) for name, of_way in measured.items()}


def compare(rows: int, rounds: int) -> None:
    """Prints every way's figures, and ours beside the least."""
    alone = [way for way in WAYS if way not in ("stored", "sheets")]
    measured = {way: in_process(way, rows, 1 if way == "openpyxl" else rounds) for way in alone}
    measured |= of_a_store(rows, rounds)
    print(
        f"| {rows:,} rows x {len(MATCHED.columns)} columns | seconds | CPU seconds | MB over the frames | file, MB |"
    )
    print("|---|---|---|---|---|")
    names = {
        "bare": "bare XML and deflate",
        "ours": "omise-recon, whole workbook",
        "openpyxl": f"openpyxl write-only, {rows // PART:,} rows",
        "stored": "stored data to finished workbooks",
        "read": "ADBC reading orders, charges, transactions",
        "join": "bare join by order id",
        "sheets": "bare sheets of the stored month",
    }
    for way, figures in measured.items():
        print(
            f"| {names[way]} | {figures.seconds:.1f} | {figures.cpu:.1f} "
            f"| {figures.extra_mb:.0f} | {figures.megabytes:.0f} |"
        )
    whole = measured["ours"]
    least = measured["bare"]
    times = PART * measured["openpyxl"].cpu / whole.cpu
    ratios = (whole.seconds / least.seconds, whole.cpu / least.cpu)
    print("\nOurs takes {:.2f} times the bare loop's time, {:.2f} times its CPU time.".format(*ratios))
    parts = [measured[part] for part in ("read", "join", "sheets")]
    month = measured["stored"]
    seconds = sum(part.seconds for part in parts)
    cpu = sum(part.cpu for part in parts)
    print(
        f"Stored data to workbooks: {month.seconds / seconds:.2f} times the sum of its parts, {seconds:.1f} s "
        f"(CPU: {month.cpu / cpu:.2f} times {cpu:.1f} s), and {month.extra_mb / 1000:.2f} GB over the start."
    )
    print(f"openpyxl would take {times:.1f} times our CPU time: {PART} times what it takes for a tenth of the rows.")


def main() -> None:
    """Reads the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    if options.way:
        figures = measure(options.way, options.rows, options.data)
        print(json.dumps(vars(figures)))
    else:
        compare(options.rows, options.rounds)


if __name__ == "__main__":
    main()
