"""What a bank source is and what reading one gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from recon.columnar import pd
from recon.columns import BANK_ROW
from recon.model import InputFile
from recon.money import Currencies
from recon.tabular.faults import RejectedShare
from recon.tabular.files import SourceFile
from recon.tabular.keys import Key
from recon.tabular.layout import Layout
from recon.tabular.recognition.look import Look
from recon.tabular.table import Table


def account_number(text: str) -> str:
    """The number of a bank account as it is compared: without blanks, whatever the case of its letters."""
    return "".join(text.split()).upper()


class BadLine(ValueError):
    """A value of a line or a statement that cannot be read; says why."""


@dataclass(frozen=True, kw_only=True)
class BankSource:
    """The settings of one `[bank.NAME]`; `layout` is how its tables are written, `fee_bound` minor units.

    `settings` are the values of the keys that its kind declares. A currency that a table does not name is the
    account's; a moment with an offset is booked on its day in `zone`. Of all rows `max_rejected` percent may be
    unreadable.
    """

    name: str
    account: str
    currency: str
    kind: str
    path: str  # absolute, wild cards allowed
    zone: ZoneInfo
    layout: Layout = field(default_factory=Layout)
    payout_pattern: str = "OMISE"  # found in a line's text, in whatever case: the line is Omise's
    fee_bound: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    max_rejected: Decimal = Decimal(5)

    @property
    def statement_of(self) -> str:
        """The bank account whose statements are read, of files that hold several; empty: they are of one."""
        return account_number(self.settings.get("statement_of") or "")

    @property
    def place(self) -> str:
        """Where the configuration has it; also the source of its rejected rows and files."""
        return BANK_ROW + self.name


@dataclass(frozen=True, slots=True)
class Line:
    """One line as the bank writes it, texts tidy: minor units, a credit positive, days as ISO dates.

    `row` is the physical line of a text file, the number of the entry in an XML file.
    """

    row: int = field(compare=False)
    booked_on: str
    amount: int
    currency: str
    description: str
    reference: str = ""
    value_on: str | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """What stands on the account at the start or the end of a statement; minor units of the statement's currency."""

    amount: int
    on: str


@dataclass(frozen=True, slots=True)
class Statement:
    """Some lines that belong together; a file without balances (CSV) is one statement.

    `bank_account` tells accounts apart and is never shown. Equal wherever they stand: a statement that a file holds
    twice is one.
    """

    lines: tuple[Line, ...]
    row: int = field(default=1, compare=False)
    bank_account: str = ""
    number: str = ""
    currency: str = ""
    opening: Balance | None = None
    closing: Balance | None = None
    encoding: str = field(default="", compare=False)  # of a text file
    ignored: int = field(default=0, compare=False)  # rows of its table that are filtered, or move no money on no day

    @property
    def difference(self) -> int:
        """Closing balance less opening balance and lines; 0 where it adds up, or where there are no balances."""
        if self.opening is None or self.closing is None:
            return 0
        return self.closing.amount - self.opening.amount - sum(line.amount for line in self.lines)


@dataclass(frozen=True, slots=True)
class Unread:
    """What a part of a file that cannot be read says all the same: its days, of a line also its texts and its amount.

    A null day: nobody knows where it begins, or ends. Texts are null where they are not whole, as those of a
    statement; an amount is minor units, a credit positive, and null where it cannot be read. `names` are the
    transfers that a line names.
    """

    first: str | None = None
    last: str | None = None
    texts: str | None = None
    amount: int | None = None
    currency: str = ""
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row or a statement that cannot be read: where, why, and its content, which is kept only as a digest."""

    row: int
    reason: str
    content: tuple[str, ...]
    column: str | None = None
    unread: Unread = Unread()
    rows: int = field(default=1, compare=False)  # of a statement that is kept aside whole, its lines
    bank_account: str = field(default="", compare=False, repr=False)  # of a statement, as far as it says so


Parsed = tuple[tuple[Statement, ...], tuple[Rejected, ...]]


@dataclass(frozen=True, slots=True)
class StatementKind:
    """A format of statements, declared once as KIND in its module; `read` raises SourceUnreadable."""

    name: str
    read: Callable[[SourceFile, BankSource, Currencies], Parsed]
    keys: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class TableKind:
    """A format of tables that a source's layout reads, declared once as KIND; `table` raises SourceUnreadable."""

    name: str
    table: Callable[[SourceFile, BankSource], Table]
    keys: tuple[Key, ...]


BankKind = StatementKind | TableKind


@dataclass(frozen=True)
class LoadedBank:
    """What a bank source held: `lines` shaped BANK_LINE, one row per line; `rejected` REJECTED, `unread` UNREAD.

    `proved` statements have balances, and add up.
    `unreadable` are files that could not be read at all, or that none is there yet, `repeated` those that are there
    twice, `gaps` statements that are missing between two others: sentences. `share` is what could not be read of all
    rows; `lacking` says which files were kept aside since they have not the columns of the others.
    """

    lines: pd.DataFrame
    rejected: pd.DataFrame
    unread: pd.DataFrame
    inputs: tuple[InputFile, ...]
    proved: int
    share: RejectedShare
    unreadable: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    ignored: int = 0  # rows of tables that are no lines, lines of other accounts than the one
    encodings: tuple[str, ...] = ()  # that text files were read in
    look: Look | None = None  # of the first table
    accounts: int = 0  # that its statements name
