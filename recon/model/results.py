"""What a run found for one account and range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from recon.columnar import empty_frame, pd
from recon.model.accounts import Account


def hundredths_of(part: int, whole: int) -> int:
    """A share in hundredths of a percent, cut and not rounded: 100 % means all."""
    return 10_000 * part // whole


def nearest_hundredths(part: int, whole: int) -> int:
    """A share in hundredths of a percent, half up."""
    return (20_000 * part + whole) // (2 * whole)


def percent_of(part: int, whole: int) -> str:
    """A share in words, cut in the same way."""
    hundredths = hundredths_of(part, whole)
    return f"{hundredths // 100}.{hundredths % 100:02d} %"


@dataclass(frozen=True, slots=True)
class CurrencyTotals:
    """Counts and minor units of one currency in a result."""

    currency: str
    orders: int
    charges: int
    matched_orders: int
    amount_matched: int
    amount_open: int


@dataclass(frozen=True, slots=True)
class ProofItem:
    """One reason why a proof's sides differ, in plain words; `rows` are ids with what each adds to right - left.

    An id may stand in several items (an order whose charge lies outside of the range and is too small), and once in
    an item.
    """

    what: str
    rows: tuple[tuple[str, int], ...]

    @property
    def count(self) -> int:
        """How many rows it stands for."""
        return len(self.rows)

    @property
    def amount(self) -> int:
        """What they come to."""
        return sum(amount for _, amount in self.rows)


@dataclass(frozen=True, slots=True)
class Proof:
    """Two totals of one currency, and why they differ, item by item; `rest` are the rows that no item explains."""

    name: str
    currency: str
    left: int
    right: int
    items: tuple[ProofItem, ...] = ()
    rest: tuple[tuple[str, int], ...] = ()

    @property
    def difference(self) -> int:
        """Right less left."""
        return self.right - self.left

    @property
    def explained(self) -> int:
        """What the items come to."""
        return sum(item.amount for item in self.items)

    @property
    def unexplained(self) -> int:
        """What no item explains; zero where the proof ties out."""
        return self.difference - self.explained


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file that a run read: its name, the SHA-256 of its bytes, its rows."""

    source: str
    name: str
    sha256: str
    rows: int


@dataclass(frozen=True)
class Settlement:
    """Transfers, balance, fees and bank; frames are shaped by `recon.columns.ledger`, or have no columns at all.

    `payouts`, `parts` and `unpaid` are rebuilt over the whole store; a result holds those of its account and range.
    """

    payouts: pd.DataFrame = field(default_factory=empty_frame)
    parts: pd.DataFrame = field(default_factory=empty_frame)
    unpaid: pd.DataFrame = field(default_factory=empty_frame)
    days: pd.DataFrame = field(default_factory=empty_frame)
    moves: pd.DataFrame = field(default_factory=empty_frame)
    movements: pd.DataFrame = field(default_factory=empty_frame)
    waterfall: pd.DataFrame = field(default_factory=empty_frame)
    paid_out: pd.DataFrame = field(default_factory=empty_frame)
    held: pd.DataFrame = field(default_factory=empty_frame)
    fees: pd.DataFrame = field(default_factory=empty_frame)
    receipts: pd.DataFrame = field(default_factory=empty_frame)
    receipt_lines: pd.DataFrame = field(default_factory=empty_frame)
    banked: pd.DataFrame = field(default_factory=empty_frame)


@dataclass(frozen=True)
class Details:
    """Lists of one account and range; frames are shaped by `recon.columns.details`, or have no columns at all.

    `refunds`, `disputes`, `dispute_rates` and `failures` are the result's own. `changes`, `figures` and `past`
    stand beside what earlier runs said: `since` is the local day of the earlier run's as-of moment, empty where there
    was none.
    """

    refunds: pd.DataFrame = field(default_factory=empty_frame)
    disputes: pd.DataFrame = field(default_factory=empty_frame)
    dispute_rates: pd.DataFrame = field(default_factory=empty_frame)
    failures: pd.DataFrame = field(default_factory=empty_frame)
    changes: pd.DataFrame = field(default_factory=empty_frame)
    figures: pd.DataFrame = field(default_factory=empty_frame)
    past: pd.DataFrame = field(default_factory=empty_frame)
    since: str = ""


class NoteKind(StrEnum):
    """What a note of a result means for trust in it."""

    IN_ORDER = "in_order"  # of a night on which all is well
    TO_KNOW = "to_know"
    FILE_REPEATED = "file_repeated"  # a sentence of one file: it was read once
    NOT_READ = "not_read"
    STATEMENT_MISSING = "statement_missing"  # a sentence of a bank's statements that do not follow on each other
    NOT_JUDGED = "not_judged"
    WAITS_FOR_OBJECTS = "waits_for_objects"  # not judged, for want of an object of Omise's that could not be read


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was counted beside what was judged, in words, and how many."""

    words: str
    count: int
    kind: NoteKind = NoteKind.TO_KNOW


@dataclass(frozen=True)
class Result:
    """What a run found for one account and range; its frames are shaped by `recon.columns`, under their names."""

    account: Account
    first_day: date
    last_day: date
    as_of: datetime
    orders: int
    charges: int
    refunds: int
    transfers: int
    transactions: int
    matched_orders: int
    expecting_orders: int  # orders in the range that expect a charge
    rejected_rows: int
    ignored_rows: int
    notes: Mapping[str, int] = field(default_factory=dict)  # counted, not judged: reason -> how many
    note_kinds: Mapping[str, NoteKind] = field(default_factory=dict)  # of the reasons; absent: only to be known
    not_read: Mapping[str, int] = field(default_factory=dict)  # in words -> how many; 0: the words say all
    currencies: tuple[CurrencyTotals, ...] = ()
    proofs: tuple[Proof, ...] = ()
    inputs: tuple[InputFile, ...] = ()
    breaks_new: int = 0
    breaks_closed: int = 0
    complete: bool = True
    rate_known: bool = True  # false: too many rows of an order source could not be read
    matched: pd.DataFrame = field(default_factory=empty_frame)
    waiting: pd.DataFrame = field(default_factory=empty_frame)  # not final yet, and when it should be
    breaks: pd.DataFrame = field(default_factory=empty_frame)
    rejected: pd.DataFrame = field(default_factory=empty_frame)
    journal: pd.DataFrame = field(default_factory=empty_frame)  # the days as double entries
    register: pd.DataFrame = field(default_factory=empty_frame)  # what people decided about the days
    settlement: Settlement = field(default_factory=Settlement)
    details: Details = field(default_factory=Details)

    @property
    def match_rate(self) -> float | None:
        """Matched over expecting orders; null where no order expects a charge, or nobody knows how many do.

        People read it cut (`percent_of`).
        """
        return self.matched_orders / self.expecting_orders if self.expecting_orders and self.rate_known else None

    @property
    def match_rate_words(self) -> str:
        """What stands where there is no match rate."""
        return "not applicable" if self.rate_known else "not known"
