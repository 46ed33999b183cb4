"""The sheets of a report as plain files, CSV or Parquet, one for each table."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.csv as arrow_csv  # type: ignore[import-untyped]
import pyarrow.parquet as parquet  # type: ignore[import-untyped]

from recon.money import UnknownCurrency
from reports.sheet import AnyReport, Column, Kind, Sheet, place
from reports.workbook.cells import major_text
from reports.workbook.write import file_name, sheets_of

_FORMULA = r"^[=+\-@\t\r]"  # what a spreadsheet would take for a formula


def write_plain(report: AnyReport, folder: Path, format_: str) -> tuple[Path, ...]:
    """Write a folder settlement_{account}_{from}_{to}.{format} with one file per table; return the files' paths.

    `format_` is csv or parquet. The Summary is no table and stays out. The same report gives the same bytes; the
    folder takes the place of an earlier one as a whole.
    """
    render = {"csv": _write_csv, "parquet": _write_parquet}[format_]
    path = folder / f"{file_name(report).removesuffix('.xlsx')}.{format_}"
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{path.name}.{uuid4().hex}.part"
    part.mkdir()
    try:
        names = [
            _write(report, part / f"{name}.{format_}", columns, frame, render)
            for name, columns, frame in _tables(report)
        ]
        _put_in_place(part, path)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return tuple(path / name for name in names)


Render = Callable[[AnyReport, Path, Sequence[Column], pd.DataFrame], None]


def _write(report: AnyReport, path: Path, columns: Sequence[Column], frame: pd.DataFrame, render: Render) -> str:
    render(report, path, columns, frame)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return path.name


def _tables(report: AnyReport) -> Iterator[tuple[str, list[Column], pd.DataFrame]]:
    """Every table with its file's name: a sheet's own, then those below it as "Pending 2", …"""
    for sheet in sheets_of(report):
        if not isinstance(sheet, Sheet):
            continue
        placed = place(sheet, report)
        yield sheet.name, _with_currencies(placed.sheet.columns), placed.frame
        for number, table in enumerate(placed.below, start=2):
            yield f"{sheet.name} {number}", _with_currencies(table.columns), table.frame


def _with_currencies(columns: Sequence[Column]) -> list[Column]:
    """The columns that say something outside of a workbook; every amount has the column of its currency."""
    found = [one for one in columns if one.kind is not Kind.LINK]
    named = {one.name for one in found}
    for one in list(found):
        if one.currency and one.currency not in named:
            named.add(one.currency)
            found.append(Column(f"Currency of {one.title}", one.currency, Kind.TEXT, 10))
    return found


def _write_csv(report: AnyReport, path: Path, columns: Sequence[Column], frame: pd.DataFrame) -> None:
    """UTF-8; amounts in major units as exact text, moments in UTC, an empty text quoted and nothing not."""
    arrays = [_text(report, column, frame) for column in columns]
    with path.open("wb") as file:
        arrow_csv.write_csv(pa.table(arrays, names=_different([column.title for column in columns])), file)


def _text(report: AnyReport, column: Column, frame: pd.DataFrame) -> Any:
    series = frame[column.name]
    match column.kind:
        case Kind.MONEY:
            return _amounts(report, series, frame[column.currency])
        case Kind.MOMENT:
            moments = pa.array(series, from_pandas=True).cast(pa.timestamp("s", "UTC"), safe=False)
            return pc.strftime(moments, format="%Y-%m-%dT%H:%M:%SZ")
        case Kind.COUNT:
            return pa.array(series, type=pa.int64(), from_pandas=True)
        case Kind.RATE:
            return _exact(series, [4] * len(series))
        case _:
            texts = pa.array(series, type=pa.large_string(), from_pandas=True)
            marked = pc.match_substring_regex(texts, _FORMULA)
            mark, nothing = pa.scalar("'", pa.large_string()), pa.scalar("", pa.large_string())
            return pc.if_else(marked, pc.binary_join_element_wise(mark, texts, nothing), texts)


def _amounts(report: AnyReport, series: "pd.Series[Any]", codes: "pd.Series[str]") -> Any:
    exponents: dict[Any, int] = {}
    for code in codes.dropna().unique():
        try:
            exponents[code] = report.basis.currencies.exponent(code)
        except UnknownCurrency:  # nobody knows its decimals: minor units, as they came
            exponents[code] = 0
    return _exact(series, [exponents.get(code, 0) for code in codes])


def _exact(series: "pd.Series[Any]", exponents: Sequence[int]) -> Any:
    amounts = series.astype(object).where(series.notna(), None)
    texts = [None if a is None else major_text(int(a), e) for a, e in zip(amounts, exponents, strict=True)]
    return pa.array(texts, pa.large_string())


def _write_parquet(_: AnyReport, path: Path, columns: Sequence[Column], frame: pd.DataFrame) -> None:
    """Under the frames' own names: amounts as int64 minor units, moments in UTC, rates in ten-thousandths."""
    arrays = [_typed(column, frame[column.name]) for column in columns]
    parquet.write_table(pa.table(arrays, names=[column.name for column in columns]), path, compression="zstd")


def _typed(column: Column, series: "pd.Series[Any]") -> Any:
    match column.kind:
        case Kind.MONEY | Kind.COUNT | Kind.RATE:
            return pa.array(series, type=pa.int64(), from_pandas=True)
        case Kind.MOMENT:
            return pa.array(series, from_pandas=True).cast(pa.timestamp("us", "UTC"))
        case _:
            return pa.array(series, type=pa.large_string(), from_pandas=True)


def _different(titles: Sequence[str]) -> list[str]:
    """Titles of which none is there twice."""
    return [title if title not in titles[:at] else f"{title} ({at + 1})" for at, title in enumerate(titles)]


def _put_in_place(part: Path, path: Path) -> None:
    """The new folder instead of the old one; the old one stays where that fails."""
    old = path.with_name(f".{path.name}.{uuid4().hex}.old")
    if path.exists():
        path.rename(old)
    try:
        part.rename(path)
    except OSError:
        if old.exists():
            old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)
