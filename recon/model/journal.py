"""Entries of a journal as they leave for the merchant's books, and what was exported of them."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One line: minor units, either a debit or a credit; `rows` objects stand behind it. Codes are the books' own."""

    ledger_account: str
    debit: int | None
    credit: int | None
    rows: int = 0
    note: str = ""
    code: str = ""
    tax_code: str = ""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A balanced entry of one account, kind and currency, of a day or month (`span`), dated on the last of its days.

    `base` is derived from these alone; `number` has the version behind it, and R where it takes another entry back
    (`reverses`). `digest` (SHA-256, hex) leaves out codes: another code in the books is no other entry.
    """

    base: str
    account: str
    day: date
    kind: str
    currency: str
    span: str
    lines: tuple[JournalLine, ...]
    digest: str
    number: str = ""
    reverses: str | None = None


@dataclass(frozen=True, slots=True)
class JournalExport:
    """What was handed to the books at once: who, when, of which days and accounts, as which files."""

    id: int
    at: datetime
    who: str
    accounts: tuple[str, ...]
    first_day: date
    last_day: date
    as_of: datetime
    format: str
    span: str
    entries: int
    reversals: int
    files: int
