"""Omise's objects as msgspec decodes them, and their rows of values."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec

from recon import columns as c

Values = tuple[str | int | bool | None, ...]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

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
    captured_amount: int | None = None
    fee: int = 0
    fee_vat: int = 0
    interest: int = 0
    interest_vat: int = 0
    transaction_fees: _Rates | None = None
    refunded_amount: int = 0
    source: _Source | None = None
    card: _Card | None = None
    capture: bool = True
    authorized: bool = False
    paid: bool = False
    reversed: bool = False
    voided: bool = False
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

    def values(self) -> Values:
        rates = self.transaction_fees or _NO_RATES
        return (
            self.id,
            self.status,
            self.amount,
            self.currency.upper(),
            self.captured_amount,
            self.funding_amount,
            self.funding_currency.upper(),
            self.fee,
            self.fee_vat,
            self.interest,
            self.interest_vat,
            self.net,
            rates.fee_flat,
            rates.fee_rate,
            rates.vat_rate,
            self.refunded_amount,
            self._method(),
            self.card.brand if self.card else None,
            self.capture,
            self.authorized,
            self.paid,
            self.reversed,
            self.voided,
            _at(self.created_at),
            _at(self.authorized_at),
            _at(self.paid_at),
            _at(self.expires_at),
            _at(self.reversed_at),
            _id(self.transaction),
            _id(self.dispute),
            _id(self.link),
            _id(self.schedule),
            self.failure_code,
            self.description,
            _sorted.encode(self.metadata).decode() if self.metadata else None,
            self.livemode,
        )

    def _method(self) -> str | None:
        if self.source is not None:
            return self.source.type
        return "card" if self.card is not None else None


_NO_RATES = _Rates()


class _Refund(msgspec.Struct):
    id: str
    charge: str | Ref
    status: str
    amount: int
    currency: str
    funding_amount: int
    funding_currency: str
    created_at: Moment
    livemode: bool
    voided: bool = False
    transaction: Id = None

    def values(self) -> Values:
        return (
            self.id,
            _id(self.charge),
            self.status,
            self.amount,
            self.currency.upper(),
            self.funding_amount,
            self.funding_currency.upper(),
            self.voided,
            _id(self.transaction),
            _at(self.created_at),
            self.livemode,
        )


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
    sendable: bool = False
    sent: bool = False
    paid: bool = False
    deleted: bool = False
    sent_at: Moment | None = None
    paid_at: Moment | None = None
    failure_code: str | None = None
    transactions: list[str | _Move] | None = None
    schedule: Id = None

    def values(self) -> Values:
        return (
            self.id,
            self.amount,
            self.currency.upper(),
            self.fee,
            self.fee_vat,
            self.total_fee,
            self.net,
            self.sendable,
            self.sent,
            self.paid,
            self.deleted,
            _at(self.created_at),
            _at(self.sent_at),
            _at(self.paid_at),
            self.failure_code,
            self._debit(),
            _id(self.schedule),
            self.livemode,
        )

    def _debit(self) -> str | None:
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

    def values(self) -> Values:
        return (
            self.id,
            self.amount,
            self.currency.upper(),
            self.direction,
            self.key,
            _id(self.origin),
            _at(self.created_at),
            _at(self.transferable_at),
            self.livemode,
        )


class _Dispute(msgspec.Struct):
    id: str
    charge: str | Ref
    status: str
    amount: int
    currency: str
    funding_amount: int
    funding_currency: str
    created_at: Moment
    livemode: bool
    reason_code: str | None = None
    closed_at: Moment | None = None

    def values(self) -> Values:
        return (
            self.id,
            _id(self.charge),
            self.status,
            self.amount,
            self.currency.upper(),
            self.funding_amount,
            self.funding_currency.upper(),
            self.reason_code,
            _at(self.created_at),
            _at(self.closed_at),
            self.livemode,
        )


class _Event(msgspec.Struct):
    id: str
    key: str
    created_at: Moment
    livemode: bool
    data: Id = None

    def values(self) -> Values:
        return (self.id, self.key, _id(self.data), _at(self.created_at), self.livemode)


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

    def values(self) -> Values:
        found = self.adjustment_transaction
        transaction = found.transaction if isinstance(found, _Adjustment) else found
        return (
            self.id,
            self.currency.upper(),
            self.vat,
            self.wht,
            self.total,
            _id(transaction),
            self.issued_on,
            _at(self.created_at),
            self.livemode,
        )


Typed = _Charge | _Refund | _Transfer | _Transaction | _Dispute | _Event | _Receipt
TYPES: Mapping[str, type[Typed]] = {
    c.CHARGE.name: _Charge,
    c.REFUND.name: _Refund,
    c.TRANSFER.name: _Transfer,
    c.TRANSACTION.name: _Transaction,
    c.DISPUTE.name: _Dispute,
    c.EVENT.name: _Event,
    c.RECEIPT.name: _Receipt,
}


def _id(found: Id) -> str | None:
    return found.id if isinstance(found, Ref) else found


def _at(moment: datetime | None) -> int | None:
    """Microseconds since the epoch."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND
