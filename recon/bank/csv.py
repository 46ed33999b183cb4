"""Bank lines from CSV files with declared columns: rows that cannot be read stand aside."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import pyarrow as pa  # type: ignore[import-untyped]

from recon import columns as c
from recon.bank.source import BadLine, BankKind, BankSource, BankUnreadable, Line, Parsed, Rejected, Statement, Unread
from recon.bank.texts import day, decoded, shown, tidy
from recon.model.transfer_names import named_in
from recon.money import Currencies
from recon.tabular.amounts import Marks, amounts
from recon.tabular.dialect import UNCLOSED, Dialect, delimiter_of, first_line, wrong_width
from recon.tabular.faults import quoted
from recon.tabular.files import SourceFile
from recon.tabular.keys import Key, Value

# Ours, and what a file is called without one: a bank account has one currency, and many files do not repeat it.
DATE = "date"
_NEEDED = (DATE, c.AMOUNT, c.DESCRIPTION)
_OPTIONAL = (c.CURRENCY, c.REFERENCE)
_LONGEST_RECORD = 20  # lines
# A debit as banks write one: -1.00, 1.00-, (1.00), 1.00 DR; a credit may say CR.
_AMOUNT = re.compile(
    r"(?P<open>\()?(?P<number>[+-]?\d(?:[\d.,' \u00a0\u2009\u202f]*[\d.,])?)(?P<close>\))?(?P<minus>-)? ?"
    r"(?P<mark>CR|DR)?",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class _Table:
    """The header's place for each of our columns, and the settings that a row is read by."""

    places: Mapping[str, int]
    width: int
    source: BankSource
    currencies: Currencies
    read_amounts: dict[tuple[str, str], int | str]  # by number and currency: minor units, or why there are none

    def fits(self, cells: Sequence[str]) -> bool:
        """Whether a row has the header's columns, and nothing behind them."""
        return len(cells) >= self.width and not any(cell.strip() for cell in cells[self.width :])

    def cell(self, cells: Sequence[str], column: str) -> str:
        """A trimmed cell; empty where the file has no such column."""
        return cells[self.places[column]].strip() if column in self.places else ""

    def currency_code(self, cells: Sequence[str]) -> str:
        """The currency of a row, known or not: the account's where the file has no such column."""
        return self.cell(cells, c.CURRENCY).upper() if c.CURRENCY in self.places else self.source.currency


def _read(file: SourceFile, source: BankSource, currencies: Currencies) -> Parsed:
    records = _records(decoded(file, source))
    header = next((cells for _, cells in records if cells is None or any(cells)), None)
    if not header:
        raise BankUnreadable(f"{file.name} has no header row with the columns' names")
    table = _Table(_places(header, file, source), len(header), source, currencies, {})
    rows = list(records)
    _read_amounts(table, [cells for _, cells in rows if cells and table.fits(cells)])
    lines: list[Line] = []
    rejected: list[Rejected] = []
    for row, cells in rows:
        if cells is None:
            rejected.append(Rejected(row, UNCLOSED, ()))
        elif any(cell.strip() for cell in cells):
            line = _line(row, cells, table)
            if isinstance(line, Line):
                lines.append(line)
            else:
                rejected.append(line)
    days = sorted(
        {*(line.booked_on for line in lines), *(aside.unread.first for aside in rejected if aside.unread.first)}
    )
    return (Statement(tuple(lines)),), tuple(_in_its_days(aside, days) for aside in rejected)


def _header(file: SourceFile, source: BankSource) -> tuple[str, ...]:
    header = next((cells for _, cells in _records(decoded(file, source)) if cells is None or any(cells)), None)
    return tuple(name.strip() for name in header or ())


KIND = BankKind(
    "csv", _read, (Key("decimal", Value.DECIMAL_MARK), Key("thousands", Value.THOUSANDS_MARK)), header=_header
)


def _read_amounts(table: _Table, rows: Sequence[Sequence[str]]) -> None:
    """The whole column at once: what its numbers can mean shows where they stand together.

    A number whose currency is not known is read as one of the account's.
    """
    settings = table.source.settings
    marks = Marks.of(table.source.place, settings.get("decimal"), settings.get("thousands"))
    cells = [(_AMOUNT.fullmatch(table.cell(row, c.AMOUNT)), table.currency_code(row)) for row in rows]
    own = table.source.currency
    knows = table.currencies.knows
    numbers = [(match["number"], code if knows(code) else own) for match, code in cells if match]
    texts = pa.array([number for number, _ in numbers], pa.string())
    codes = pa.array([code for _, code in numbers], pa.string())
    units, refused = amounts(texts, codes, "major", table.currencies, marks)
    for at, key in enumerate(numbers):
        table.read_amounts[key] = refused[at] if at in refused else int(units[at])


def _places(header: Sequence[str], file: SourceFile, source: BankSource) -> dict[str, int]:
    names = [name.strip() for name in header]
    wanted = {column: source.columns.get(column, column) for column in (*_NEEDED, *_OPTIONAL)}
    missing = [wanted[column] for column in _NEEDED if wanted[column] not in names]
    columns = f"its columns are: {', '.join(shown(name) for name in names if name)}"
    if missing:
        advice = f"name the right one in [{source.place}] columns, or correct the file"
        raise BankUnreadable(f'{file.name} has no column "{missing[0]}"; {columns}; {advice}')
    twice = [header for header in wanted.values() if names.count(header) > 1]
    if twice:
        raise BankUnreadable(f'{file.name} has column "{twice[0]}" more than once; {columns}')
    return {column: names.index(header) for column, header in wanted.items() if header in names}


def _line(row: int, cells: list[str], table: _Table) -> Line | Rejected:
    content = tuple(cells)
    if not table.fits(cells):
        texts = None if len(cells) < table.width else " ".join(cells)  # a short row may be cut before its text
        unread = Unread(texts=texts, names=named_in(*cells))
        return Rejected(row, wrong_width(cells, table.width), content, unread=unread)
    column = DATE
    try:
        booked = day(table.cell(cells, DATE), table.source.zone)
        column = c.CURRENCY
        currency = _currency(table, cells)
        column = c.AMOUNT
        amount = _amount(table.cell(cells, c.AMOUNT), currency, table)
    except BadLine as error:
        return Rejected(row, str(error), content, table.source.columns.get(column, column), _unread(cells, table))
    description, reference = (tidy(table.cell(cells, column)) for column in (c.DESCRIPTION, c.REFERENCE))
    return Line(row, booked, amount, currency, description, reference)


def _unread(cells: Sequence[str], table: _Table) -> Unread:
    """What a row says whose columns are all there; an amount in a currency that is not known may be the account's."""
    texts = " ".join(table.cell(cells, column) for column in (c.DESCRIPTION, c.REFERENCE))
    booked = None
    amount = None
    currency = table.source.currency
    with suppress(BadLine):
        booked = day(table.cell(cells, DATE), table.source.zone)
    with suppress(BadLine):
        currency = _currency(table, cells)
    with suppress(BadLine):
        amount = _amount(table.cell(cells, c.AMOUNT), currency, table)
    return Unread(booked, booked, texts, amount, currency, named_in(texts))


def _in_its_days(rejected: Rejected, days: Sequence[str]) -> Rejected:
    """A row that may be of any day of its file; where a row does not end, nobody knows what else it swallowed."""
    unread = rejected.unread
    if not days:
        return rejected
    last = None if rejected.reason == UNCLOSED else days[-1]
    return replace(rejected, unread=replace(unread, first=days[0], last=last))


def _currency(table: _Table, cells: Sequence[str]) -> str:
    code = table.currency_code(cells)
    if not table.currencies.knows(code):
        raise BadLine(f'currency "{shown(code)}" is not known' if code else "currency is empty")
    return code


def _amount(text: str, currency: str, table: _Table) -> int:
    """Minor units, a debit negative; exact, or BadLine."""
    match = _AMOUNT.fullmatch(text)
    if match is None or bool(match["open"]) != bool(match["close"]):
        raise BadLine(f'amount "{shown(text)}" is not a number like -1234.50' if text else "amount is empty")
    number = match["number"]
    mark = (match["mark"] or "").upper()
    marks = [number.startswith("-"), bool(match["open"]), bool(match["minus"]), mark == "DR"]
    if sum(marks) > 1 or (mark == "CR" and any(marks)) or (number.startswith("+") and any(marks)):
        raise BadLine(f'amount "{shown(text)}" has more than one sign')
    units = table.read_amounts.get((number, currency), f'amount "{number}" is of no known currency')
    if isinstance(units, str):
        raise BadLine(quoted(units, number, shown))
    return -abs(units) if any(marks) else units


def _records(text: str) -> Iterator[tuple[int, list[str] | None]]:
    lines = list(io.StringIO(text, newline=""))
    return Dialect(delimiter_of(first_line(lines)), _LONGEST_RECORD).records(lines)
