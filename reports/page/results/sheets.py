"""A sheet of a finished workbook as lines of text, a page at a time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from itertools import takewhile
from typing import Any

from python_calamine import CalamineWorkbook

from recon.money import Currencies
from reports.sheet import HEADER_ROWS, Kind, Sheet
from reports.sheets import SHEETS as DECLARED
from reports.summary.money import MONEY_TITLES
from reports.summary.trust import TITLE

ROWS = 200
SHEETS: Mapping[str, Sheet] = {sheet.name: sheet for sheet in DECLARED if isinstance(sheet, Sheet)}

# A title, then lines of what, how many, how much and in words.
MoneyBlock = tuple[str, list[tuple[str, str, str, str]]]


@dataclass(frozen=True)
class View:
    """One page of a sheet: its heads (and which of them are numbers), its lines (and which are a transfer's parts),
    and where it is in the whole."""

    heads: Sequence[tuple[str, bool]]
    lines: Sequence[tuple[Sequence[str], bool]]
    page: int
    pages: int


def view(content: bytes, name: str, page: int, currencies: Currencies) -> View:
    """A page of the sheet of a workbook that we wrote."""
    sheet = SHEETS[name]
    rows = rows_of(content, name)
    heads = [str(value) for value in rows[0]] if rows else []
    body = rows[HEADER_ROWS:]
    pages = max(1, -(-len(body) // ROWS))
    page = min(max(1, page), pages)
    counts = {column.title for column in sheet.columns if column.kind == Kind.COUNT}
    numbers = {column.title for column in sheet.columns if column.kind in (Kind.MONEY, Kind.COUNT)}
    at = heads.index("Currency") if "Currency" in heads else None
    kind = heads.index("Line") if "Line" in heads else None
    below = next((number for number, row in enumerate(body) if not any(row)), len(body))  # a second table
    money = {place for place, head in enumerate(heads) if head in numbers and head not in counts}
    rates = _rates(sheet, body)
    lines = [
        (
            _line(_in_percent(row, rates[number]), at, money, currencies),
            kind is not None and number < below and row[kind] != "transfer",
        )
        for number, row in list(enumerate(body))[(page - 1) * ROWS : page * ROWS]
    ]
    return View([(head, head in numbers) for head in heads], lines, page, pages)


def _rates(sheet: Sheet, body: Sequence[Sequence[Any]]) -> list[Collection[int]]:
    """Per row the places of its rates: each table below the sheet's own begins with its heads."""
    tables = {
        tuple(column.title for column in block.columns): [
            place for place, column in enumerate(block.columns) if column.kind is Kind.RATE
        ]
        for block in sheet.below
    }
    rates: list[Collection[int]] = []
    places: list[int] = []
    for row in body:
        places = tables.get(tuple(cell for cell in row if cell != ""), places)
        rates.append(places)
    return rates


def _in_percent(row: Sequence[Any], rates: Collection[int]) -> list[Any]:
    return [
        f"{Decimal(repr(cell)) * 100:.2f}%" if place in rates and isinstance(cell, float) else cell
        for place, cell in enumerate(row)
    ]


def rows_of(content: bytes, name: str) -> list[list[Any]]:
    """Every row of a sheet or page of a workbook that we wrote."""
    with CalamineWorkbook.from_filelike(BytesIO(content)) as book:
        return book.get_sheet_by_name(name).to_python(skip_empty_area=False)


def trust_of(rows: Sequence[Sequence[Any]], currencies: Currencies) -> list[tuple[str, str]]:
    """The balance of trust as the rows of a Summary show it: what, and in words; nothing of an older workbook."""
    start = next((at for at, row in enumerate(rows, start=1) if row and row[0] == TITLE), len(rows))
    block = takewhile(lambda row: any(row), rows[start:])
    return [
        (str(row[0]), " ".join(_text(cell, "", currencies) for cell in (row[-1], row[1]) if cell != ""))
        for row in block
    ]


def money_of(rows: Sequence[Sequence[Any]], currencies: Currencies) -> list[MoneyBlock]:
    """Where the money went as the rows of a Summary show it; nothing of an older workbook."""
    blocks = []
    for at, row in enumerate(rows):
        title = str(row[0]) if row else ""
        if title.startswith(MONEY_TITLES):
            lines = takewhile(lambda line: any(cell != "" for cell in line), rows[at + 2 :])
            blocks.append((title, [_money_line(line, title.rsplit(", ", 1)[-1], currencies) for line in lines]))
    return blocks


def _money_line(row: Sequence[Any], currency: str, currencies: Currencies) -> tuple[str, str, str, str]:
    name, count, amount, words = (_text(row[at], currency if at == 2 else "", currencies) for at in range(4))
    return name, count, amount, words


def _line(row: Sequence[Any], at: int | None, money: Collection[int], currencies: Currencies) -> list[str]:
    currency = str(row[at]) if at is not None and at < len(row) else ""
    return [_text(value, currency if place in money else "", currencies) for place, value in enumerate(row)]


def _text(value: Any, currency: str, currencies: Currencies) -> str:
    """A cell as people read it; a number has the decimals of its row's currency if it has any."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return str(value)
    exact = Decimal(repr(value))
    decimals = currencies.decimals(currency)
    if decimals == 0 and exact != exact.to_integral_value():
        return f"{exact:,}"
    return f"{exact:,.{decimals}f}"
