"""The keys of configuration that a kind of source takes besides those of every source."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any


class Value(Enum):
    """What stands behind a key of the configuration, and as what a source is handed it."""

    TEXT = auto()
    COUNT = auto()  # a whole number from 0 up
    PATH = auto()  # text: absolute, wild cards allowed
    DECIMAL_MARK = auto()  # text: between whole units and decimals
    THOUSANDS_MARK = auto()  # text: between groups of three digits; empty: none
    UNIT = auto()  # "major" or "minor"
    HEADER_ROW = auto()  # a whole number; absent: it is looked for
    DELIMITER = auto()  # text: one character
    DATE_FORMATS = auto()  # texts, tried in turn
    ERA = auto()  # "common", "buddhist" or "japanese"
    CONSTANTS = auto()  # texts, by field
    PATTERNS = auto()  # by column: texts, with a leading ! for what is not wanted
    DIRECTION = auto()  # a column, and its words for debit and for credit
    ACCOUNT_NUMBER = auto()  # text: of a bank account; it may stand outside the file, and is never shown
    DATABASE = auto()  # text: a URL that may hold a password; it may stand outside the file


@dataclass(frozen=True, slots=True)
class Key:
    """One key of `[orders.NAME]` or `[bank.NAME]` that only some kinds take, all of them with the same kind of value.

    `mentions` are words that a text must have in it. `needed_for` and `belongs_to` say, where the key is missing or
    stands with a kind that does not take it, what it is for.
    """

    name: str
    value: Value = Value.TEXT
    required: bool = False
    default: Any = None
    mentions: tuple[str, ...] = ()
    needed_for: str = "needs it"
    belongs_to: str = ""


# Of every source whose files or queries are tables; of those that are text, and of those that are workbooks.
TABLE_KEYS = (
    Key("amount_unit", Value.UNIT, default="major"),
    Key("decimal", Value.DECIMAL_MARK),
    Key("thousands", Value.THOUSANDS_MARK),
    Key("date_format", Value.DATE_FORMATS),
    Key("era", Value.ERA),
    Key("constants", Value.CONSTANTS),
    Key("filter", Value.PATTERNS),
)
_HEADER_ROW = Key("header_row", Value.HEADER_ROW)
TEXT_KEYS = (*TABLE_KEYS, _HEADER_ROW, Key("delimiter", Value.DELIMITER))
WORKBOOK_KEYS = (*TABLE_KEYS, _HEADER_ROW, Key("sheet"))
DIRECTION = Key("direction", Value.DIRECTION)  # of statements
STATEMENT_OF = Key("statement_of", Value.ACCOUNT_NUMBER)  # of statements that name their account, one beside another
