"""Omise's objects as msgspec decodes them, and their rows of values."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from operator import attrgetter
from typing import Annotated, Any

import msgspec

from recon import columns as c
from recon.bounds import LARGEST_AMOUNT, LONGEST_ID, YEARS

Values = tuple[str | int | bool | None, ...]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Minor = Annotated[int, msgspec.Meta(ge=-LARGEST_AMOUNT, le=LARGEST_AMOUNT)]
Word = Annotated[str, msgspec.Meta(max_length=LONGEST_ID)]

DIRECTIONS = frozenset({"credit", "debit"})

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_sorted = msgspec.json.Encoder(order="deterministic")


class Ref(msgspec.Struct):
    """An embedded or expanded object of which only the id is needed."""

    id: Word | None = None


Id = Word | Ref | None


class _Source(msgspec.Struct):
    type: Word | None = None


class _Card(msgspec.Struct):
    brand: Word | None = None


class _Rates(msgspec.Struct):
    fee_flat: Word | None = None
    fee_rate: Word | None = None
    vat_rate: Word | None = None


class _Charge(msgspec.Struct):
    id: Word
    status: Word
    amount: Minor
    currency: Word
    funding_amount: Minor
    funding_currency: Word
    net: Minor
    created_at: Moment
    livemode: bool
    fee: Minor
    fee_vat: Minor
    refunded_amount: Minor
    capture: bool
    authorized: bool
    paid: bool
    reversed: bool
    voided: bool
    captured_amount: Minor | None = None
    interest: Minor = 0
    interest_vat: Minor = 0
    transaction_fees: _Rates | None = None
    source: _Source | None = None
    card: _Card | None = None
    authorized_at: Moment | None = None
    paid_at: Moment | None = None
    expires_at: Moment | None = None
    reversed_at: Moment | None = None
    transaction: Id = None
    dispute: Id = None
    link: Id = None
    schedule: Id = None
    failure_code: Word | None = None
    description: str | None = None
    metadata: dict[str, Any] | None = None

    @property
    def method(self) -> str | None:
        """A source's type, or card."""
        if self.source is not None:
            return self.source.type
        return "card" if self.card is not None else None


class _OfCharge(msgspec.Struct):
    id: Word
    charge: Word | Ref
    status: Word
    amount: Minor
    currency: Word
    funding_amount: Minor
    funding_currency: Word
    created_at: Moment
    livemode: bool


class _Refund(_OfCharge):
    voided: bool
    transaction: Id = None


class _Move(msgspec.Struct):
    id: Word | None = None
    direction: Word | None = None


class _Transfer(msgspec.Struct):
    id: Word
    amount: Minor
    currency: Word
    fee: Minor
    fee_vat: Minor
    total_fee: Minor
    net: Minor
    created_at: Moment
    livemode: bool
    sent: bool
    paid: bool
    deleted: bool
    sendable: bool = False
    sent_at: Moment | None = None
    paid_at: Moment | None = None
    failure_code: Word | None = None
    transactions: list[Word | _Move] | None = None
    schedule: Id = None

    @property
    def transaction(self) -> str | None:
        """Its own debit; a failed transfer may carry the credit that gives the money back beside it."""
        moves = [_Move(id=move) if isinstance(move, str) else move for move in self.transactions or ()]
        debits = [move for move in moves if move.direction != "credit"]
        return debits[0].id if debits else None


class _Transaction(msgspec.Struct):
    id: Word
    amount: Minor
    currency: Word
    direction: Word
    key: Word
    created_at: Moment
    livemode: bool
    origin: Id = None
    transferable_at: Moment | None = None

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:  # without it nobody knows whether the money came or went
            raise ValueError("`direction` is neither credit nor debit")


class _Dispute(_OfCharge):
    reason_code: Word | None = None
    message: Any = None
    documents: Any = None
    closed_at: Moment | None = None

    @property
    def answer(self) -> str | None:
        """What it was answered with; the words of a message may be anybody's, and are not kept here."""
        if isinstance(self.message, str) and self.message.strip():
            return c.MESSAGE
        total = self.documents.get("total") if isinstance(self.documents, dict) else None
        return c.DOCUMENTS if isinstance(total, int) and total > 0 else None


class _Event(msgspec.Struct):
    id: Word
    key: Word
    created_at: Moment
    livemode: bool
    data: Id = None


class _Adjustment(msgspec.Struct):
    transaction: Id = None


class _Receipt(msgspec.Struct):
    id: Word
    currency: Word
    total: Minor
    created_at: Moment
    vat: Minor = 0
    wht: Minor = 0
    issued_on: Word | None = None
    number: Word | None = None
    adjustment_transaction: Word | _Adjustment | None = None
    livemode: bool = True  # receipts exist in live mode only

    @property
    def transaction(self) -> Id:
        """What moved the rest of the VAT."""
        adjustment = self.adjustment_transaction
        return adjustment.transaction if isinstance(adjustment, _Adjustment) else adjustment


TYPES: Mapping[str, type[Any]] = {
    c.CHARGE.name: _Charge,
    c.REFUND.name: _Refund,
    c.TRANSFER.name: _Transfer,
    c.TRANSACTION.name: _Transaction,
    c.DISPUTE.name: _Dispute,
    c.EVENT.name: _Event,
    c.RECEIPT.name: _Receipt,
}


def _id(reference: str | Ref) -> str | None:
    return reference.id if isinstance(reference, Ref) else reference


def _microseconds(moment: datetime) -> int:
    """Since the epoch; raises msgspec.ValidationError for a moment that no calendar here can hold."""
    if moment.year not in YEARS:
        raise msgspec.ValidationError(f"A moment of the year {moment.year}")
    return (moment - _EPOCH) // c.MICROSECOND


def _json(metadata: dict[str, Any]) -> str | None:
    return _sorted.encode(metadata).decode() if metadata else None


# The columns that are not the object's own field as it is: which field they are, and what its value becomes.
_COLUMNS: Mapping[str, tuple[str, Callable[[Any], Any] | None]] = {
    c.CURRENCY: ("currency", str.upper),
    c.FUNDING_CURRENCY: ("funding_currency", str.upper),
    c.FEE_FLAT: ("transaction_fees", attrgetter("fee_flat")),
    c.FEE_RATE: ("transaction_fees", attrgetter("fee_rate")),
    c.VAT_RATE: ("transaction_fees", attrgetter("vat_rate")),
    c.CARD_BRAND: ("card", attrgetter("brand")),
    c.CHARGE_ID: ("charge", _id),
    c.TRANSACTION_ID: ("transaction", _id),
    c.DISPUTE_ID: ("dispute", _id),
    c.OBJECT_ID: ("data", _id),
    c.ORIGIN: ("origin", _id),
    c.RECEIPT_NUMBER: ("number", None),
    c.LINK: ("link", _id),
    c.SCHEDULE: ("schedule", _id),
    c.METADATA: ("metadata", _json),
}


def _values_of(frame: c.Frame) -> Callable[[Any], Values]:
    fields: list[str] = []
    conversions: list[tuple[int, Callable[[Any], Any]]] = []
    for place, column in enumerate(frame.columns):
        field, convert = _COLUMNS.get(column.name, (column.name, None))
        if column.name == f"{frame.name}_id":
            field = "id"
            convert = None
        elif column.dtype == c.MOMENT:
            convert = _microseconds
        fields.append(field)
        if convert is not None:
            conversions.append((place, convert))
    get = attrgetter(*fields)

    def values(shape: Any) -> Values:
        row = list(get(shape))
        for place, convert in conversions:
            if (value := row[place]) is not None:
                row[place] = convert(value)
        if any("\0" in value for value in row if type(value) is str):
            raise msgspec.ValidationError("A text with a NUL, which PostgreSQL cannot keep and SQLite cuts")
        return tuple(row)

    return values


# By kind: the values of a decoded object in the order of the kind's columns.
VALUES: Mapping[str, Callable[[Any], Values]] = {name: _values_of(c.KINDS[name]) for name in TYPES}
