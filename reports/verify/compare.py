"""Reads back a finished workbook: what it says it is, and which cells are not those of another."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from typing import Any

from openpyxl import load_workbook
from python_calamine import CalamineError, CalamineWorkbook

from reports.sheet import column_letter

_TITLE = re.compile(r"Settlement reconciliation (\w+) (\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d)")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_RESULT = ("This result", "Results (SHA-256)")  # the Summary's labels, an account's and the group's
_HEAD = "Head of the audit chain"
_SUMMARY = "Summary"
_QUOTED = re.compile(r"'(\w+)'!")
_F = re.compile(rb"<(?:[\w.-]+:)?f[\s/>]")  # a cell's formula, not one of a format or of what may be typed in
_LOOK = 400  # rows of the Summary that are looked through


@dataclass(frozen=True)
class WorkbookIdentity:
    """What a workbook says of itself; null or empty where it does not."""

    digest: str | None
    audit_head: str | None
    account: str
    first: date | None
    last: date | None


@dataclass(frozen=True)
class Edit:
    """One cell that is another one: `cell` is Matched!A7, `was` and `is_` as a person reads them, "" for nothing."""

    cell: str
    was: str
    is_: str


def identity_of(content: bytes) -> WorkbookIdentity | None:
    """What a file says it is; None where it is no workbook."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        title = _title(content)
    except (CalamineError, zipfile.BadZipFile, OSError, KeyError, ValueError):
        return None
    match = _TITLE.search(title)
    facts: dict[str, str] = {}
    if _SUMMARY in book.sheet_names:
        for row in book.get_sheet_by_name(_SUMMARY).to_python(skip_empty_area=False)[:_LOOK]:
            texts = [cell for cell in row if isinstance(cell, str) and cell]
            if len(texts) > 1:
                facts.setdefault(texts[0], texts[1])
    digest = next((facts[label] for label in _RESULT if _DIGEST.fullmatch(facts.get(label, ""))), None)
    if match is None:
        return WorkbookIdentity(digest, facts.get(_HEAD), "", None, None)
    days = (date.fromisoformat(match[2]), date.fromisoformat(match[3]))
    return WorkbookIdentity(digest, facts.get(_HEAD), match[1], *days)


def edits(kept: bytes, given: bytes) -> Iterator[Edit]:
    """Cells whose value or formula is another one in the given file, sheet by sheet, row by row.

    Looks and widths do not count. A number counts to the 15 digits that spreadsheets keep, a moment to the
    millisecond, since programs write them anew.
    """
    before = CalamineWorkbook.from_filelike(io.BytesIO(kept))
    after = CalamineWorkbook.from_filelike(io.BytesIO(given))
    formulas_before = _formulas(kept)
    formulas_after = _formulas(given)
    for name in dict.fromkeys((*before.sheet_names, *after.sheet_names)):
        if name not in after.sheet_names:
            yield Edit(name, "a sheet", "")
        elif name not in before.sheet_names:
            yield Edit(name, "", "a sheet that was not there")
        else:
            formulas = (formulas_before.get(name, {}), formulas_after.get(name, {}))
            yield from _edits_of_sheet(name, before, after, *formulas)


def _edits_of_sheet(
    name: str,
    before: CalamineWorkbook,
    after: CalamineWorkbook,
    formulas_before: Mapping[str, str],
    formulas_after: Mapping[str, str],
) -> Iterator[Edit]:
    rows_before = before.get_sheet_by_name(name).to_python(skip_empty_area=False)
    rows_after = after.get_sheet_by_name(name).to_python(skip_empty_area=False)
    for row, (left, right) in enumerate(zip_longest(rows_before, rows_after, fillvalue=()), start=1):
        if left == right and not formulas_before and not formulas_after:
            continue
        for column, (was, is_) in enumerate(zip_longest(left, right, fillvalue="")):
            cell = f"{column_letter(column)}{row}"
            formula = formulas_before.get(cell, "")
            new_formula = formulas_after.get(cell, "")
            if formula != new_formula:
                yield Edit(f"{name}!{cell}", formula or _shown(was), new_formula or _shown(is_))
            elif _exact(was) != _exact(is_) and not (formula and is_ == ""):  # not computed by who wrote it
                yield Edit(f"{name}!{cell}", _shown(was), _shown(is_))


def _exact(value: Any) -> Any:
    """A value as it is compared."""
    match value:
        case bool() | str():
            return value
        case int() | float():
            return f"{value:.15g}"
        case datetime():
            return (value + timedelta(microseconds=500)).replace(microsecond=0) if _near(value) else value
        case date():
            return datetime.combine(value, time())
        case _:
            return "" if value is None else value


def _near(value: datetime) -> bool:
    """Within a millisecond of a whole second."""
    return min(value.microsecond, 1_000_000 - value.microsecond) <= 1_000


def _shown(value: Any) -> str:
    return f"{value:.15g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _formulas(content: bytes) -> dict[str, dict[str, str]]:
    """By sheet and cell every formula; sheets without one are not read."""
    book = load_workbook(io.BytesIO(content), read_only=True)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {
                name: bool(_F.search(archive.read(name))) for name in archive.namelist() if "worksheets/sheet" in name
            }
        formulas: dict[str, dict[str, str]] = {}
        for sheet in book.worksheets:
            part = getattr(sheet, "_worksheet_path", "").lstrip("/")
            if parts.get(part, True):
                cells = (cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f")
                formulas[sheet.title] = {cell.coordinate: _formula(cell.value) for cell in cells}
        return formulas
    finally:
        book.close()


def _formula(value: Any) -> str:
    """As it stands in the file; some programs quote every sheet's name, some only where they must."""
    return _QUOTED.sub(r"\1!", str(getattr(value, "text", value)))


def _title(content: bytes) -> str:
    """Of the document's properties."""
    book = load_workbook(io.BytesIO(content), read_only=True)
    try:
        return book.properties.title or ""
    finally:
        book.close()
