"""The Excel desk: breaks out to a workbook that people fill in, and what became of each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import IO
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from recon import columns as c
from recon.columnar import pd
from recon.model import Account, KnownBreak
from recon.model.rulings import Answer, ApprovalLimits, Outcome
from recon.money import Currencies
from recon.tabular.xlsx_guard import Refused
from reports.rulings.form import FOOTER, draw_how_to, fill_in, input_styles
from reports.rulings.read import DeskRow
from reports.rulings.sheet import (
    ANSWERS,
    COLUMNS,
    EXPORT,
    FACTS,
    HIDDEN,
    MOST_ROWS,
    NAME,
    VERSION,
    frame_of,
    rulings_frame,
    rulings_sheet,
)
from reports.sheet import Column, Kind, PlacedSheet, Tab, column_letter
from reports.workbook.book import empty_book, prepare_sheet
from reports.workbook.cells import CellContext
from reports.workbook.paper import set_up_paper
from reports.workbook.stream import FilledSheet, write_package
from reports.workbook.styles import register, style_ids

SKIPPED = "skipped"
_ROW = "row"
_OUTCOME = "outcome"
_WHY = "why"
_SHOWN = (c.BREAK_ID, c.SEVERITY, c.CODE, c.ACCOUNT, c.ORDER_ID, c.CHARGE_ID, c.SUBJECT_ID, c.CURRENCY)
_RISK = next(column for column in FACTS if column.name == c.AMOUNT_AT_RISK)
OUTCOME_COLUMNS = (
    Column("Row", _ROW, Kind.COUNT, 7),
    Column("Outcome", _OUTCOME, Kind.TEXT, 17),
    Column("Why", _WHY, Kind.WRAPPED, 60),
    *(Column(answer.title, answer.name, Kind.TEXT, answer.width) for answer in ANSWERS),
    *(column for column in FACTS if column.name in _SHOWN),
    _RISK,
)
_FROZEN = 5  # columns that stay when scrolling, and that stand on every sheet of paper
_NO_ZONE = ZoneInfo("UTC")  # times come as each account's own


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one row: applied, pending_approval, already_applied, refused or skipped; why, in words."""

    desk_row: DeskRow
    outcome: str
    why: str
    ruling_id: int | None = None


def outcomes(rows: Sequence[DeskRow], answers: Sequence[Answer]) -> list[RowOutcome]:
    """Every row with what became of it; `answers` are those to the rows' asks, in their order."""
    remaining = iter(answers)
    return [_outcome(row, next(remaining) if row.ask else None) for row in rows]


def count(outcomes: Sequence[RowOutcome]) -> dict[str, int]:
    """How many rows came to each outcome, all outcomes named."""
    counts = Counter(outcome.outcome for outcome in outcomes)
    return {word: counts[word] for word in (*(became.value for became in Outcome), SKIPPED)}


def _outcome(row: DeskRow, answer: Answer | None) -> RowOutcome:
    if answer is not None:
        return RowOutcome(row, answer.outcome.value, answer.words, answer.ruling_id)
    if row.wrong:
        return RowOutcome(row, Outcome.REFUSED.value, row.wrong)
    return RowOutcome(row, SKIPPED, "no ruling was chosen")


def write_rulings(
    breaks: Sequence[KnownBreak], accounts: Mapping[str, Account], limits: ApprovalLimits, file: IO[bytes], day: date
) -> None:
    """Write the breaks into a seekable file, with the columns to be filled in; the same breaks give the same bytes.

    Raises Refused for more breaks than a file is read back with.
    """
    if len(breaks) >= MOST_ROWS:
        raise Refused(f"{len(breaks):,} breaks are more than one file takes ({MOST_ROWS - 1:,}): choose an account")
    frame = rulings_frame(breaks, accounts, limits)
    book = _book("Rulings on breaks", day, frame, limits.currencies)
    sheet, filled = _sheet(book, COLUMNS, NAME, frame, "No break is open.", _FROZEN)
    for name in HIDDEN:
        sheet.column_dimensions[_letter(COLUMNS, name)].hidden = True
    sheet.print_title_cols = f"A:{column_letter(_FROZEN - 1)}"
    sheet.page_setup.fitToWidth = 2  # the facts, then what is filled in
    ranges = draw_how_to(book, len(frame), day)
    fill_in(book, sheet, ranges, len(frame), day)
    _save(book, filled, limits.currencies, file, day)


def write_outcome(outcomes: Sequence[RowOutcome], currencies: Currencies, file: IO[bytes], day: date) -> None:
    """Write a line per row into a seekable file: what became of it, why, and the row as it was read."""
    frame = frame_of(OUTCOME_COLUMNS, [_outcome_values(outcome, currencies) for outcome in outcomes])
    book = _book("What became of rulings", day, frame, currencies)
    _, filled = _sheet(book, OUTCOME_COLUMNS, "Outcome", frame, "The file had no rows.", 3)
    _save(book, filled, currencies, file, day)


def _outcome_values(outcome: RowOutcome, currencies: Currencies) -> dict[str, object]:
    texts = outcome.desk_row.texts
    risk = _minor_units(texts.get(c.AMOUNT_AT_RISK), texts.get(c.CURRENCY), currencies)
    return {
        **{name: text for name, text in texts.items() if name not in (VERSION, EXPORT)},
        _ROW: outcome.desk_row.number,
        _OUTCOME: outcome.outcome.replace("_", " "),
        _WHY: outcome.why,
        c.AMOUNT_AT_RISK: risk,
    }


def _minor_units(text: str | None, currency: str | None, currencies: Currencies) -> int | None:
    """A number cell as minor units: a spreadsheet may have kept 12.3 as 12.300000000000001."""
    try:
        return int((Decimal(text or "") * 10 ** currencies.exponent(currency or "")).to_integral_value())
    except (InvalidOperation, OverflowError, ValueError):
        return None


def _book(title: str, day: date, frame: pd.DataFrame, currencies: Currencies) -> Workbook:
    book = empty_book(title, "omise-recon", day)
    codes = sorted(frame[c.CURRENCY].dropna().unique())
    register(book, [code for code in codes if currencies.knows(code)], currencies)
    for style in input_styles():
        book.add_named_style(style)
    return book


def _letter(columns: Sequence[Column], name: str) -> str:
    return column_letter(next(at for at, column in enumerate(columns) if column.name == name))


def _sheet(
    book: Workbook, columns: tuple[Column, ...], name: str, frame: pd.DataFrame, empty: str, frozen: int
) -> tuple[Worksheet, FilledSheet]:
    """A prepared sheet of one tab."""
    sheet = book.create_sheet(name)
    tab = Tab(name, 0, len(frame))
    placed = PlacedSheet(rulings_sheet(columns, name, empty, frozen), frame, (tab,), empty)
    filled = FilledSheet(placed, tab)
    prepare_sheet(sheet, filled)
    set_up_paper(sheet, FOOTER)
    return sheet, filled


def _save(book: Workbook, filled: FilledSheet, currencies: Currencies, file: IO[bytes], day: date) -> None:
    context = CellContext(style_ids(book), _NO_ZONE, currencies)
    write_package(book, file, context, filled={"xl/worksheets/sheet1.xml": filled}, values={}, day=day)
