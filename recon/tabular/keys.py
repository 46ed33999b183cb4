"""The keys of configuration that a kind of source takes besides those of every source."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any


class Value(Enum):
    """What stands behind a key of the configuration, and as what a source is handed it."""

    TEXT = auto()
    FLAG = auto()
    COUNT = auto()  # a whole number from 0 up
    DURATION = auto()  # a timedelta
    PATH = auto()  # text: absolute, wild cards allowed
    DECIMAL_MARK = auto()  # text: between whole units and decimals
    THOUSANDS_MARK = auto()  # text: between groups of three digits; empty: none
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
