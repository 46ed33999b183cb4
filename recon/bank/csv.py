"""Bank lines from CSV files with declared columns: rows that cannot be read stand aside."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from recon import columns as c
from recon.bank.source import Bad, BadLine, BankFile, BankSource, BankUnreadable, Kind, Line, Statement
from recon.bank.texts import day, decoded, shown, tidy
from recon.money import BadAmount, Currencies, UnknownCurrency

# Ours, and what a file is called without one: a bank account has one currency, and many files do not repeat it.
DATE = "date"
_NEEDED = (DATE, c.AMOUNT, c.DESCRIPTION)
_OPTIONAL = (c.CURRENCY, c.REFERENCE)
_LONGEST_RECORD = 20  # lines; a quote that is open for longer was never closed
# A debit as banks write one: -1.00, 1.00-, (1.00), 1.00 DR; a credit may say CR.
_AMOUNT = re.compile(
    r"(?P<open>\()?(?P<number>[+-]?[\d.,]+)(?P<close>\))?(?P<minus>-)? ?(?P<mark>CR|DR)?", re.IGNORECASE
)


@dataclass(frozen=True)
class _Table:
    """The header's place for each of our columns, and the settings that a row is read by."""

    places: Mapping[str, int]
    width: int
    source: BankSource
    currencies: Currencies

    def cell(self, cells: Sequence[str], ours: str) -> str:
        """A trimmed cell; empty where the file has no such column."""
        return cells[self.places[ours]].strip() if ours in self.places else ""


def _read(
    file: BankFile, source: BankSource, currencies: Currencies
) -> tuple[tuple[Statement, ...], tuple[Bad, ...]]:
    records = _records(decoded(file, source))
    header = next((cells for _, cells in records if cells is None or any(cells)), None)
    if not header:
        raise BankUnreadable(f"{file.name} has no header row with the columns' names")
    table = _Table(_places(header, file, source), len(header), source, currencies)
    lines: list[Line] = []
    bad: list[Bad] = []
    for row, cells in records:
        if cells is None:
            bad.append(Bad(row, 'the quotes (") of this row do not close', ()))
        elif any(cell.strip() for cell in cells):
            found = _line(row, cells, table)
            (lines if isinstance(found, Line) else bad).append(found)  # type: ignore[arg-type]
    return (Statement(tuple(lines)),), tuple(bad)


KIND = Kind("csv", _read)


def _places(header: Sequence[str], file: BankFile, source: BankSource) -> dict[str, int]:
    names = [name.strip() for name in header]
    wanted = {ours: source.columns.get(ours, ours) for ours in (*_NEEDED, *_OPTIONAL)}
    missing = [wanted[ours] for ours in _NEEDED if wanted[ours] not in names]
    has = f"its columns are: {', '.join(shown(name) for name in names if name)}"
    if missing:
        advice = f"name the right one in [{source.place}] columns, or correct the file"
        raise BankUnreadable(f'{file.name} has no column "{missing[0]}"; {has}; {advice}')
    twice = [theirs for theirs in wanted.values() if names.count(theirs) > 1]
    if twice:
        raise BankUnreadable(f'{file.name} has column "{twice[0]}" more than once; {has}')
    return {ours: names.index(theirs) for ours, theirs in wanted.items() if theirs in names}


def _line(row: int, cells: list[str], table: _Table) -> Line | Bad:
    content = tuple(cells)
    if len(cells) < table.width or any(cell.strip() for cell in cells[table.width :]):
        return Bad(row, f"{len(cells)} fields where the header has {table.width}", content)
    column = DATE
    try:
        booked = day(table.cell(cells, DATE), table.source.zone)
        column = c.CURRENCY
        currency = _currency(table, cells)
        column = c.AMOUNT
        amount = _amount(table.cell(cells, c.AMOUNT), currency, table.currencies)
    except BadLine as error:
        return Bad(row, str(error), content, table.source.columns.get(column, column))
    description, reference = (tidy(table.cell(cells, ours)) for ours in (c.DESCRIPTION, c.REFERENCE))
    return Line(row, booked, amount, currency, description, reference)


def _currency(table: _Table, cells: Sequence[str]) -> str:
    if c.CURRENCY not in table.places:
        return table.source.currency
    code = table.cell(cells, c.CURRENCY).upper()
    try:
        table.currencies.exponent(code)
    except UnknownCurrency:
        raise BadLine(f'currency "{shown(code)}" is not known' if code else "currency is empty") from None
    return code


def _amount(text: str, currency: str, currencies: Currencies) -> int:
    """Minor units, a debit negative; exact, or BadLine."""
    found = _AMOUNT.fullmatch(text)
    if found is None or bool(found["open"]) != bool(found["close"]):
        raise BadLine(f'amount "{shown(text)}" is not a number like -1234.50' if text else "amount is empty")
    number, mark = found["number"], (found["mark"] or "").upper()
    marks = [number.startswith("-"), bool(found["open"]), bool(found["minus"]), mark == "DR"]
    if sum(marks) > 1 or (mark == "CR" and any(marks)) or (number.startswith("+") and any(marks)):
        raise BadLine(f'amount "{shown(text)}" has more than one sign')
    try:
        units = abs(currencies.parse_major(number, currency))
    except BadAmount as error:
        raise BadLine(str(error)) from None
    if units >= 2**63:
        raise BadLine(f'amount "{shown(text)}" is too large')
    return -units if any(marks) else units


def _records(text: str) -> Iterator[tuple[int, list[str] | None]]:
    """Each record with the line where it begins; none where its quotes do not close: that costs its own line only."""
    lines = list(io.StringIO(text, newline=""))
    delimiter = _delimiter(next((line for line in lines if line.strip()), ""))
    at = 0
    while at < len(lines):
        reader = csv.reader(lines[at : at + _LONGEST_RECORD], delimiter=delimiter, strict=True)
        try:
            yield at + 1, next(reader)
            at += reader.line_num
        except csv.Error:
            yield at + 1, None
            at += 1


def _delimiter(header: str) -> str:
    """A comma; a semicolon or a tab only where the header has that one and no comma."""
    others = [mark for mark in (";", "\t") if mark in header]
    return others[0] if "," not in header and len(others) == 1 else ","
