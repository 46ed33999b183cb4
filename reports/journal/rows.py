"""One engine for all layouts: entries become rows of cells, and these the texts of files."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import zip_longest

from recon.journal.exporting import MONTH
from recon.journal.words import EntryKind, LedgerAccount
from recon.model import JournalEntry, JournalLine
from recon.money import Currencies
from reports.formulas import marked_as_text
from reports.journal.layouts import Layout
from reports.workbook.cells import major_text

_BLANKS = re.compile(r"[\x00-\x20\x7f\u2028\u2029\ufeff]+")
NUMBERS = frozenset({"{debit}", "{credit}", "{amount}", "{line}", "{items}"})
_NO_LINE = JournalLine("", None, None)


@dataclass(frozen=True, slots=True)
class Assertion:
    """What stands on an account of the books when a day begins, minor units."""

    day: date
    code: str
    amount: int
    currency: str


@dataclass(frozen=True)
class Setting:
    """What rows are made by: a layout, and how many decimals there are."""

    layout: Layout
    currencies: Currencies

    def amount(self, minor: int | None, currency: str) -> str:
        """In major units, plain digits; nothing for nothing."""
        return "" if minor is None else major_text(minor, self.currencies.decimals(currency))


def with_dates(layout: Layout, date_format: str) -> Layout:
    """The layout with the company's own order of day and month, where the books leave it open."""
    return replace(layout, date=date_format) if date_format and layout.books_date else layout


def file_chunks(setting: Setting, entries: Sequence[JournalEntry]) -> list[list[JournalEntry]]:
    """The entries by file, each of as many rows as one may have; an entry stays whole, however long."""
    most = setting.layout.lines
    chunks: list[list[JournalEntry]] = []
    room = 0
    for entry in entries:
        rows = len(_pairs(setting.layout, entry))
        if not chunks or (most is not None and rows > room):
            chunks.append([])
            room = most or 0
        chunks[-1].append(entry)
        room -= rows
    return chunks


def rows_of(setting: Setting, entries: Sequence[JournalEntry]) -> Iterator[list[str]]:
    """The rows of a file, cell by cell, without a header."""
    for position, entry in enumerate(entries, start=1):
        pairs = _pairs(setting.layout, entry)
        for place, pair in enumerate(pairs):
            values = _values(setting, entry, pair, position) | {"flag": _flag(setting.layout, place, len(pairs))}
            yield [_cell(template, values) for _, template in setting.layout.columns]


def text_of(setting: Setting, entries: Sequence[JournalEntry], assertions: Sequence[Assertion]) -> str:
    """A file by templates: every entry, then what its accounts must come to."""
    layout = setting.layout
    parts: list[str] = []
    for position, entry in enumerate(entries, start=1):
        pairs = _pairs(layout, entry)
        values = [_escaped(layout, _values(setting, entry, pair, position)) for pair in pairs]
        parts += [layout.entry.format_map(values[0]), *(layout.row.format_map(line) for line in values), layout.close]
    for assertion in assertions:
        amount = setting.amount(assertion.amount, assertion.currency)
        shown = {"date": assertion.day.strftime(layout.date), "code": assertion.code, "amount": amount}
        parts.append(layout.balance.format_map(shown | {"currency": assertion.currency}))
    return "".join(parts)


def narration(entry: JournalEntry) -> str:
    """What an entry says of itself, its number first: for books that keep no number of ours."""
    what = f"{EntryKind(entry.kind).label}, Omise {entry.account}, {_days(entry)}"
    return f"{entry.number} {f'reverses {entry.reverses}: ' if entry.reverses else ''}{what}"


def _days(entry: JournalEntry) -> str:
    return f"{entry.day:%Y-%m}" if entry.span == MONTH else entry.day.isoformat()


_Pair = tuple[JournalLine, JournalLine]


def _pairs(layout: Layout, entry: JournalEntry) -> list[_Pair]:
    """Per row a debit and a credit; the shorter side is filled up, or where each line has its own row, empty."""
    debits = [line for line in entry.lines if line.debit is not None]
    credits = [line for line in entry.lines if line.debit is None]
    if layout.pairing == "sides":
        return list(zip_longest(debits, credits, fillvalue=_NO_LINE))
    return [(line, _NO_LINE) if line.debit is not None else (_NO_LINE, line) for line in entry.lines]


def _values(setting: Setting, entry: JournalEntry, pair: _Pair, position: int) -> dict[str, str]:
    """Every word that a cell of the row may hold."""
    debit, credit = pair
    line = debit if debit.ledger_account else credit
    signed = (line.debit or 0) - (line.credit or 0)
    sides = setting.layout.pairing == "sides"
    nothing = setting.amount(0, entry.currency) if sides else ""
    return {
        "number": entry.number,
        "account": entry.account,
        "date": entry.day.strftime(setting.layout.date),
        "narration": _text(narration(entry)),
        "kind": entry.kind,
        "currency": entry.currency,
        "digest": entry.digest,
        "position": str(position),
        "line": str(entry.lines.index(line) + 1),
        "code": _text(line.code),
        "name": _name(line),
        "tax": _text(line.tax_code),
        "description": _text(_description(entry, line)),
        "items": str(line.rows),
        "debit": setting.amount(debit.debit, entry.currency) or nothing,
        "credit": setting.amount(credit.credit, entry.currency) or nothing,
        "amount": setting.amount(signed, entry.currency),
        **_side("debit", debit, setting.layout),
        **_side("credit", credit, setting.layout),
    }


def _side(side: str, line: JournalLine, layout: Layout) -> dict[str, str]:
    tax = line.tax_code or layout.tax_default if line.ledger_account else ""
    return {f"{side}_code": _text(line.code), f"{side}_name": _name(line), f"{side}_tax": _text(tax)}


def _name(line: JournalLine) -> str:
    return LedgerAccount(line.ledger_account).label if line.ledger_account else ""


def _description(entry: JournalEntry, line: JournalLine) -> str:
    what = f"{EntryKind(entry.kind).label} {entry.account} {_days(entry)}"
    what = f"Reversal of {entry.reverses}: {what}" if entry.reverses else what
    return f"{what}, {line.note}" if line.note else what


def _flag(layout: Layout, place: int, rows: int) -> str:
    if not layout.flags:
        return ""
    single, first, middle, last = layout.flags
    if rows == 1:
        return single
    return first if place == 0 else last if place == rows - 1 else middle


def _text(text: str) -> str:
    """One line: what no cell of an import takes is a blank."""
    return _BLANKS.sub(" ", text).strip()


def _cell(template: str, values: Mapping[str, str]) -> str:
    """A cell; a text that a spreadsheet would take for a formula is marked as text."""
    cell = template.format_map(values)
    return cell if template in NUMBERS else marked_as_text(cell)


def _escaped(layout: Layout, values: Mapping[str, str]) -> dict[str, str]:
    escaped = dict(values)
    for mark in layout.escape:
        escaped = {word: text.replace(mark, f"\\{mark}") for word, text in escaped.items()}
    return escaped
