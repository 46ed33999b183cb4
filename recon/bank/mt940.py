"""Bank lines from MT940 files: a statement that cannot be read stands aside whole.

The tags are read by `mt-940` (`parse_statements`: `parse` merges statements and keeps the last balances only).
"""

import io
import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from recon.bank.other_messages import other_of_swift
from recon.bank.source import (
    BadLine,
    Balance,
    BankSource,
    Line,
    Parsed,
    Rejected,
    Statement,
    StatementKind,
    Unread,
    account_number,
)
from recon.bank.swift import checked
from recon.bank.texts import shown, tidy
from recon.money import BadAmount, Currencies
from recon.tabular.date_forms import looks_short_buddhist
from recon.tabular.encodings import decoded
from recon.tabular.files import SourceFile
from recon.tabular.keys import STATEMENT_OF
from recon.tabular.table import SourceUnreadable

if TYPE_CHECKING:  # late: the command that reads a configuration reads no statement
    from mt940.models import Balance as LibraryBalance
    from mt940.models import Transactions
    from mt940.tags import Tag

# The library logs the text that it cannot read, with whatever stands in it.
logging.getLogger("mt940").setLevel(logging.CRITICAL + 1)

_FULL_LINE = 65
_FULL_PART = 27  # characters of a line, of a ?20 part: a full one was cut wherever it happened to end
_LONGEST = 4_000  # characters of :86: that are looked at; SWIFT allows 390
_START = re.compile(r"^(?=:20:)", re.MULTILINE)
_ENVELOPE = re.compile(r"^-\}", re.MULTILINE)  # the end of a message, and all up to the next one
_LINE = re.compile(r"^:61:", re.MULTILINE)
_BALANCE_DAY = re.compile(r"^:(60|62)[FM]:[CD](\d\d)(\d\d)(\d\d)", re.MULTILINE | re.ASCII)
_OPENING = re.compile(r"^(?P<tag>:60[FM]?:)(?:[DC]\d{6}(?P<currency>[A-Z]{3}))?", re.MULTILINE | re.IGNORECASE)
_ACCOUNT = re.compile(r"^:25[A-Z]?:(?P<number>[^\n]{0,35})", re.MULTILINE)
_PART = re.compile(r"\?\d\d", re.ASCII)
_NO_BALANCE = "it has no opening balance (:60F:) or no closing balance (:62F:)"
_NO_REFERENCE = frozenset({"", "NONREF"})


def _read(file: SourceFile, source: BankSource, currencies: Currencies) -> Parsed:
    text = decoded(file, source.layout.encoding, source.place)[0].replace("\r\n", "\n").replace("\r", "\n")
    statements: list[Statement] = []
    rejected: list[Rejected] = []
    for row, block in _blocks(text):
        try:
            statements.append(_statement(row, block, currencies))
        except BadLine as error:
            rejected.append(
                Rejected(
                    row,
                    f"a statement cannot be read and is kept aside as a whole: {error}",
                    tuple(block.splitlines()),
                    unread=_unread(block),
                    rows=len(_LINE.findall(block)),
                    bank_account=_account(block),
                )
            )
    if not statements and not rejected:
        raise SourceUnreadable(f"{file.name} holds no MT940 statement: none of its lines begins with :20:")
    if not statements and (other := other_of_swift(text)):
        raise SourceUnreadable(f"{file.name} is {other}")
    return tuple(statements), tuple(rejected)


KIND = StatementKind("mt940", _read, (STATEMENT_OF,))


def _account(block: str) -> str:
    """The bank account of a statement that cannot be read; another message is of none."""
    named = None if other_of_swift(block) else _ACCOUNT.search(block)
    return account_number(named["number"]) if named else ""


def _unread(block: str) -> Unread:
    """From when to when a statement goes, as far as its balances say so."""
    days: dict[str, list[str]] = {"60": [], "62": []}
    for tag, year, month, number in _BALANCE_DAY.findall(block):
        with suppress(ValueError):
            if looks_short_buddhist(int(year)):
                continue
            days[tag].append(date(2000 + int(year), int(month), int(number)).isoformat())
    return Unread(min(days["60"], default=None), max(days["62"], default=None))


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Each statement's text with the line where it begins; what stands before the first is an envelope."""
    starts = [match.start() for match in _START.finditer(text)]
    row = 1
    at = 0
    for start, end in pairwise((*starts, len(text))):
        row += text.count("\n", at, start)
        at = start
        yield row, _ENVELOPE.split(text[start:end], maxsplit=1)[0]


def _statement(row: int, block: str, currencies: Currencies) -> Statement:
    if other := other_of_swift(block):
        raise BadLine(f"it is {other}")
    opened = _OPENING.search(block)
    if opened is None:
        raise BadLine(_NO_BALANCE)
    if opened["currency"] is None:
        line = row + block.count("\n", 0, opened.start())
        raise BadLine(f"line {line}: this {opened['tag']} is not as MT940 has it")
    currency = opened["currency"].upper()
    if not currencies.knows(currency):
        raise BadLine(f'currency "{shown(currency)}" is not known')
    block, number, references = checked(row, block, currency, currencies.exponent(currency))
    transactions = _parsed(block)
    opening = _first(transactions, "final_opening_balance", "opening_balance", "intermediate_opening_balance")
    closing = _first(transactions, "final_closing_balance", "closing_balance", "intermediate_closing_balance")
    if opening is None or closing is None:
        raise BadLine(_NO_BALANCE)
    if {_currency(opening), _currency(closing)} != {currency}:
        raise BadLine("it opens and closes in different currencies")
    rows = _rows(row, block)
    if not len(rows) == len(transactions) == len(references):
        raise BadLine(f"{len(rows)} lines (:61:) stand in it, and {len(transactions)} can be told apart")
    return Statement(
        lines=tuple(
            _line(at, entry.data, given, currency, currencies)
            for at, entry, given in zip(rows, transactions, references, strict=True)
        ),
        row=row,
        bank_account=account_number(str(transactions.data.get("account_identification") or "")),
        number=shown(number),
        currency=currency,
        opening=_balance(opening, currency, currencies),
        closing=_balance(closing, currency, currencies),
    )


def _rows(row: int, block: str) -> list[int]:
    """Where each :61: stands in the file."""
    rows = []
    at = 0
    for match in _LINE.finditer(block):
        row += block.count("\n", at, match.start())
        at = match.start()
        rows.append(row)
    return rows


def _parsed(block: str) -> "Transactions":
    import mt940
    from mt940.models import Transactions

    processors = {
        # Without a type code the library takes the next line for a part of this one.
        "post_statement": [_keep_apart, *Transactions.DEFAULT_PROCESSORS["post_statement"]],
        "post_transaction_details": [],  # the text as the bank wrote it
    }
    try:
        # A handle: a text that happens to name a file would be opened.
        [transactions] = mt940.parse_statements(
            io.StringIO(block), processors=processors, options=mt940.Options.all()
        )
    except (RuntimeError, ValueError, ArithmeticError, TypeError, KeyError, AttributeError) as error:
        raise BadLine(_why(error)) from None
    return transactions


def _keep_apart(_: "Transactions", __: "Tag", ___: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    return {**result, "id": result.get("id") or "N"}


def _why(error: Exception) -> str:
    """What the library could not read, without the text itself: that may be anybody's name."""
    if isinstance(error, RuntimeError) and len(error.args) == 3:
        return f"one of its :{error.args[1].id}: is not as MT940 has it"
    return "a date or an amount in it does not exist"


def _first(transactions: "Transactions", *names: str) -> "LibraryBalance | None":
    from mt940.models import Balance as LibraryBalance

    return next(
        (transactions.data[name] for name in names if isinstance(transactions.data.get(name), LibraryBalance)), None
    )


def _currency(balance: "LibraryBalance") -> str:
    return str(getattr(balance.amount, "currency", "") or "").upper()


def _balance(balance: "LibraryBalance", currency: str, currencies: Currencies) -> Balance:
    return Balance(_units(balance.amount, currency, currencies), balance.date.isoformat() if balance.date else "")


def _units(amount: Any, currency: str, currencies: Currencies) -> int:
    """Minor units of the library's amount, a decimal with its sign (a reversed credit is a debit)."""
    try:
        return currencies.parse_major(f"{amount.amount:f}", currency)
    except (BadAmount, AttributeError) as error:
        raise BadLine(str(error) if isinstance(error, BadAmount) else "an amount is empty") from None


def _line(row: int, data: dict[str, Any], given: tuple[str, str], currency: str, currencies: Currencies) -> Line:
    value = data["date"].isoformat()
    entry = data.get("entry_date")
    own, of_bank = given
    references = [text for text in (of_bank, own) if text not in _NO_REFERENCE]
    details = _joined(str(data.get("transaction_details") or "")[:_LONGEST])
    more = (str(data.get(name) or "") for name in ("extra_details", "non_swift_text"))
    texts = [details, *more, *references[1:]]
    return Line(
        row=row,
        booked_on=entry.isoformat() if isinstance(entry, date) else value,
        amount=_units(data["amount"], currency, currencies),
        currency=currency,
        description=tidy(" ".join(text for text in texts if text)),
        reference=tidy(references[0]) if references else "",
        value_on=value,
    )


def _joined(details: str) -> str:
    """:86: as one text: lines and ?-parts that are full go on without a space."""
    text = _glued(details.split("\n"), _FULL_LINE)
    return _glued(_PART.split(text), _FULL_PART) if text.count("?") > 1 else text


def _glued(pieces: list[str], full: int) -> str:
    return "".join(piece if len(piece) == full else piece + " " for piece in pieces).strip()
