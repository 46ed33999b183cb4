"""OFX and QFX statements: what the library is not sure of stands aside. They have no opening balance to prove."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

from recon.bank.source import (
    BadLine,
    BankSource,
    Line,
    Parsed,
    Rejected,
    Statement,
    StatementKind,
    Unread,
)
from recon.bank.texts import day, shown, tidy
from recon.model.transfer_names import named_in
from recon.money import BadAmount, Currencies
from recon.tabular.files import SourceFile
from recon.tabular.table import SourceUnreadable

if TYPE_CHECKING:  # late: the command that reads a configuration reads no statement
    from bankfile import ReadWarning, Transaction
    from bankfile import Statement as OfxStatement

_DATE = "date"
_VALUES = ("TRNAMT", "DTPOSTED")  # of a transaction, its amount and its day
_ENTRY = re.compile(rb"<STMTTRN[\s>]", re.IGNORECASE)
_STATEMENT = re.compile(rb"<(?:CC)?STMTRS[\s>]", re.IGNORECASE)
_MOMENT = re.compile(
    r"\d{8}(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?:\.\d+)?\[(?P<offset>[+-]?\d{1,2}(?:\.\d{1,2})?)(?::\w*)?\]",
    re.ASCII,
)
_THOUSANDS = 3  # so many digits behind a mark may be thousands as well


def _read(file: SourceFile, source: BankSource, currencies: Currencies) -> Parsed:
    from bankfile import UnknownFormatError, parse_bytes

    count = len(_STATEMENT.findall(file.content))
    try:
        read = parse_bytes(file.content)
    except UnknownFormatError:
        count = 0
        read = None
    if read is None or read.source.format != "OFX" or not count:
        raise SourceUnreadable(f"{file.name} holds no OFX statement: export it as OFX or QFX again")
    if count > 1:
        raise SourceUnreadable(f"{file.name} holds {count} statements: export each account into a file of its own")
    twice = next((w.field for w in read.warnings if w.rule == "tag" and w.field in _VALUES), None)
    if twice:
        raise SourceUnreadable(f"{file.name} has a transaction with more than one {twice}: export it again")
    lines: list[Line] = []
    rejected: list[Rejected] = []
    for row, transaction in enumerate(read.transactions, start=1):
        doubts = _doubts(read.warnings, transaction)
        try:
            lines.append(_line(row, transaction, doubts, source, currencies))
        except BadLine as error:
            rejected.append(_aside(row, transaction, str(error), None if _DATE in doubts else source))
    dropped = len(_ENTRY.findall(file.content)) - len(read.transactions)
    if dropped > 0:
        rejected.append(_dropped(dropped, read, lines))
    statement = Statement(tuple(lines), bank_account=read.account or "", encoding=read.source.encoding or "")
    return (statement,), tuple(rejected)


KIND = StatementKind("ofx", _read)


def _doubts(warnings: Iterable["ReadWarning"], transaction: "Transaction") -> dict[str, str]:
    """What of a transaction's day and amount could mean something else, in words."""
    values = {transaction.raw.get("TRNAMT"): "amount", transaction.raw.get("DTPOSTED"): _DATE}
    return {
        values[warning.value]: f'{values[warning.value]} "{shown(warning.value)}" can mean more than one'
        for warning in warnings
        if warning.field in _VALUES and warning.value is not None and warning.value in values
    }


def _line(
    row: int, transaction: "Transaction", doubts: Mapping[str, str], source: BankSource, currencies: Currencies
) -> Line:
    if doubts:
        raise BadLine("; ".join(doubts.values()))
    currency = (transaction.currency or source.currency).upper()
    if not currencies.knows(currency):
        raise BadLine(f'currency "{shown(currency)}" is not known')
    text = f"{transaction.amount:f}"
    exponent = currencies.exponent(currency)
    if len(text.partition(".")[2]) == _THOUSANDS > exponent:
        raise BadLine(f'amount "{text}" has more decimals than {currency} ({exponent})')
    try:
        amount = currencies.parse_major(text, currency)
    except BadAmount as error:
        raise BadLine(str(error)) from None
    reference = transaction.reference or transaction.check_number or transaction.bank_reference or ""
    return Line(row, _day(transaction, source), amount, currency, _description(transaction), tidy(reference))


def _day(transaction: "Transaction", source: BankSource) -> str:
    """The day as it stands; of a moment with an offset that in the account's zone. Raises BadLine."""
    moment = _MOMENT.fullmatch((transaction.raw.get("DTPOSTED") or "").strip())
    if moment is None:
        return day(transaction.date.isoformat(), source.zone)
    minutes = round(Decimal(moment["offset"]) * 60)
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    clock = f"{moment['hour']}:{moment['minute']}:{moment['second']}"
    return day(f"{transaction.date.isoformat()}T{clock}{offset}", source.zone)


def _description(transaction: "Transaction") -> str:
    return tidy(" ".join(filter(None, (transaction.counterparty_name, transaction.purpose))))


def _aside(row: int, transaction: "Transaction", reason: str, source: BankSource | None) -> Rejected:
    """A transaction as a bad row; without its source nobody knows its day."""
    on = None
    with suppress(BadLine):
        on = _day(transaction, source) if source else None
    content = tuple(f"{tag}={value}" for tag, value in transaction.raw.items())
    text = _description(transaction)
    return Rejected(row, reason, content, unread=Unread(on, on, text, names=named_in(*content)))


def _dropped(count: int, read: "OfxStatement", lines: Iterable[Line]) -> Rejected:
    days = sorted(line.booked_on for line in lines)
    reason = f"{count} transaction(s) have no day or no amount that can be read"
    return Rejected(
        len(read.transactions) + 1,
        reason,
        (reason,),
        unread=Unread(days[0], days[-1]) if days else Unread(),
        rows=count,
    )
