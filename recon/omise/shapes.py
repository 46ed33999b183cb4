"""Omise's objects as msgspec decodes them, and their rows of values."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Annotated, Any

import msgspec

from recon import columns as c

Values = tuple[str | int | bool | None, ...]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

DIRECTIONS = frozenset({"credit", "debit"})

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_sorted = msgspec.json.Encoder(order="deterministic")


class Ref(msgspec.Struct):
    """An embedded or expanded object of which only the id is needed."""

    id: str | None = None


Id = str | Ref | None


class _Source(msgspec.Struct):
    type: str | None = None


class _Card(msgspec.Struct):
    brand: str | None = None


class _Rates(msgspec.Struct):
    fee_flat: str | None = None
    fee_rate: str | None = None
    vat_rate: str | None = None


class _Charge(msgspec.Struct):
    id: str
    status: str
    amount: int
    currency: str
    funding_amount: int
    funding_currency: str
    net: int
    created_at: Moment
    livemode: bool
    fee: int
    fee_vat: int
    refunded_amount: int
    capture: bool
    authorized: bool
    paid: bool
    reversed: bool
    voided: bool
    captured_amount: int | None = None
    interest: int = 0
    interest_vat: int = 0
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
    failure_code: str | None = None
    description: str | None = None
    metadata: dict[str, Any] | None = None

    @property
    def method(self) -> str | None:
        """A source's type, or card."""
        if self.source is not None:
            return self.source.type
        return "card" if self.card is not None else None


class _OfCharge(msgspec.Struct):
    id: str
    charge: str | Ref
    status: str
    amount: int
    currency: str
    funding_amount: int
    funding_currency: str
    created_at: Moment
    livemode: bool


class _Refund(_OfCharge):
    voided: bool
    transaction: Id = None


class _Move(msgspec.Struct):
    id: str | None = None
    direction: str | None = None


class _Transfer(msgspec.Struct):
    id: str
    amount: int
    currency: str
    fee: int
    fee_vat: int
    total_fee: int
    net: int
    created_at: Moment
    livemode: bool
    sent: bool
    paid: bool
    deleted: bool
    sendable: bool = False
    sent_at: Moment | None = None
    paid_at: Moment | None = None
    failure_code: str | None = None
    transactions: list[str | _Move] | None = None
    schedule: Id = None

    @property
    def transaction(self) -> str | None:
        """Its own debit; a failed transfer may carry the credit that gives the money back beside it."""
        moves = [_Move(id=move) if isinstance(move, str) else move for move in self.transactions or ()]
        debits = [move for move in moves if move.direction != "credit"]
        return debits[0].id if debits else None


class _Transaction(msgspec.Struct):
    id: str
    amount: int
    currency: str
    direction: str
    key: str
    created_at: Moment
    livemode: bool
    origin: Id = None
    transferable_at: Moment | None = None

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:  # without it nobody knows whether the money came or went
            raise ValueError("`direction` is neither credit nor debit")


class _Dispute(_OfCharge):
    reason_code: str | None = None
    closed_at: Moment | None = None


class _Event(msgspec.Struct):
    id: str
    key: str
    created_at: Moment
    livemode: bool
    data: Id = None


class _Adjustment(msgspec.Struct):
    transaction: Id = None


class _Receipt(msgspec.Struct):
    id: str
    currency: str
    total: int
    created_at: Moment
    vat: int = 0
    wht: int = 0
    issued_on: str | None = None
    adjustment_transaction: str | _Adjustment | None = None
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
    """Since the epoch."""
    return (moment - _EPOCH) // _MICROSECOND


def _json(metadata: dict[str, Any]) -> str | None:
    return _sorted.encode(metadata).decode() if metadata else None


# The columns that are not the object's own field as it is: which field they are, and what its value becomes.
_COLUMNS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
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
        return tuple(row)

    return values


# By kind: the values of a decoded object in the order of the kind's columns.
VALUES: Mapping[str, Callable[[Any], Values]] = {name: _values_of(c.KINDS[name]) for name in TYPES}
