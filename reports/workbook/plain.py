"""The sheets of a report as plain files, CSV or Parquet, one for each table."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from recon import columns as c
from recon.columnar import arrow_csv, pa, parquet, pc, pd
from recon.money import Currencies, Money
from reports.formulas import STARTS
from reports.sheet import TIME_ZONE, AnyReport, Cell, Column, Kind, Page, PlacedSheet, Sheet, place
from reports.workbook.cells import major_text
from reports.workbook.write import file_name, sheets_of

_FORMULA = f"^[{re.escape(''.join(STARTS))}]"
_TEXT = "large_string"


def write_plain(report: AnyReport, folder: Path, format_: str) -> tuple[Path, ...]:
    """Write a folder settlement_{account}_{from}_{to}.{format} with a file per sheet and per table below one.

    Returns the files' paths. `format_` is csv or parquet. The Summary is its lines as texts, amounts in major units.
    The same report gives the same bytes; the folder takes the place of an earlier one as a whole.
    """
    path = folder / f"{file_name(report).removesuffix('.xlsx')}.{format_}"
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{path.name}.{uuid4().hex}.part"
    part.mkdir()
    names = []
    try:
        for title, columns, frame in _tables(report):
            names.append(f"{title}.{format_}")
            with (part / names[-1]).open("wb") as file:
                if format_ == "csv":
                    arrow_csv.write_csv(_as_text(report.basis.currencies, columns, frame), file)
                else:
                    parquet.write_table(_as_values(columns, frame), file, compression="zstd")
                file.flush()
                os.fsync(file.fileno())
        _put_in_place(part, path)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return tuple(path / name for name in names)


def _tables(report: AnyReport) -> Iterator[tuple[str, list[Column], pd.DataFrame]]:
    """Every table with its file's name: a sheet's own, then those below it as "Pending 2", …"""
    sheets = sheets_of(report)
    placed_sheets = {sheet.name: place(sheet, report) for sheet in sheets if isinstance(sheet, Sheet)}
    for sheet in sheets:
        if isinstance(sheet, Page):
            yield sheet.name, *_page(sheet, report, placed_sheets)
            continue
        placed = placed_sheets[sheet.name]
        yield sheet.name, _with_currencies(placed.sheet.columns), placed.frame
        for number, table in enumerate(placed.below, start=2):
            yield f"{sheet.name} {number}", _with_currencies(table.columns), table.frame


def _page(page: Page, report: AnyReport, placed: Mapping[str, PlacedSheet]) -> tuple[list[Column], pd.DataFrame]:
    """A page's lines as rows of texts: a cell over several columns stands in its first."""
    columns = [
        Column(f"Column {number}", f"column_{number}", Kind.TEXT, 20) for number in range(1, len(page.widths) + 1)
    ]
    rows = []
    for line in page.lines(report, placed):
        texts = [text for cell in line.cells for text in (_cell_text(report, cell), *[None] * (cell.span - 1))]
        rows.append([*texts, *[None] * len(columns)][: len(columns)])
    frame = pd.DataFrame(rows, columns=[column.name for column in columns], dtype=c.TEXT)
    return columns, frame


def _cell_text(report: AnyReport, cell: Cell) -> str | None:
    value = cell.value
    if isinstance(value, Money):
        basis = report.basis
        if not basis.is_number(value):
            return basis.currencies.show(value.amount, value.currency)
        return major_text(value.amount, basis.currencies.exponent(value.currency))
    if isinstance(value, float):
        return f"{value:.6f}"
    return None if value in ("", None) else str(value)


def _with_currencies(columns: Sequence[Column]) -> list[Column]:
    """The columns that say something outside of a workbook, where times are in UTC; every amount has its currency."""
    shown = {column.name: column for column in columns if column.kind is not Kind.LINK and column.name != TIME_ZONE}
    for column in list(shown.values()):
        if column.currency:
            currency = Column(f"Currency of {column.title}", column.currency, Kind.TEXT, 10)
            shown.setdefault(column.currency, currency)
    return list(shown.values())


def _as_text(currencies: Currencies, columns: Sequence[Column], frame: pd.DataFrame) -> Any:
    """Amounts in major units as exact text, moments in UTC; titles of which none is there twice."""
    titles = [column.title for column in columns]
    names = [title if title not in titles[:at] else f"{title} ({at + 1})" for at, title in enumerate(titles)]
    return pa.table([_text(currencies, column, frame) for column in columns], names=names)


def _text(currencies: Currencies, column: Column, frame: pd.DataFrame) -> Any:
    series = frame[column.name]
    match column.kind:
        case Kind.MONEY:
            codes = frame[column.currency]
            # Nobody knows the decimals of an unknown currency: minor units, as they came.
            decimals = {code: currencies.decimals(code) for code in codes.dropna().unique()}
            return _major_texts(series, [decimals.get(code, 0) for code in codes])
        case Kind.RATE:
            return _major_texts(series, [4] * len(series))
        case Kind.MOMENT:
            moments = pa.array(series, from_pandas=True).cast(pa.timestamp("s", "UTC"), safe=False)
            return pc.strftime(moments, format="%Y-%m-%dT%H:%M:%SZ")
        case Kind.COUNT:
            return pa.array(series, type=pa.int64(), from_pandas=True)
        case _:
            texts = pa.array(series, type=_TEXT, from_pandas=True)
            quoted = pc.binary_join_element_wise(pa.scalar("'", _TEXT), texts, pa.scalar("", _TEXT))
            return pc.if_else(pc.match_substring_regex(texts, _FORMULA), quoted, texts)


def _major_texts(series: pd.Series[Any], decimals: Sequence[int]) -> Any:
    texts = [
        None if amount is None else major_text(amount, digits)
        for amount, digits in zip(c.plain(series.array), decimals, strict=True)
    ]
    return pa.array(texts, _TEXT)


def _as_values(columns: Sequence[Column], frame: pd.DataFrame) -> Any:
    """Under the frames' own names: amounts as int64 minor units, moments in UTC, rates in ten-thousandths."""
    return pa.table({column.name: _value(column, frame[column.name]) for column in columns})


def _value(column: Column, series: pd.Series[Any]) -> Any:
    match column.kind:
        case Kind.MONEY | Kind.COUNT | Kind.RATE:
            return pa.array(series, type=pa.int64(), from_pandas=True)
        case Kind.MOMENT:
            return pa.array(series, from_pandas=True).cast(pa.timestamp("us", "UTC"))
        case _:
            return pa.array(series, type=_TEXT, from_pandas=True)


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
