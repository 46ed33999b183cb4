"""Rows of frames as frozen values, each with what belongs to it; judges nothing."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from recon import columns as c
from recon.model import Books, Charge, Dispute, Order, Refund, Transfer
from recon.money import Money

Positions = npt.NDArray[np.intp]
_T = TypeVar("_T", Refund, Dispute)


@dataclass(frozen=True)
class Attached:
    """Refunds and disputes by the id of their charge, each by creation and id."""

    refunds: Mapping[str, list[Refund]]
    disputes: Mapping[str, list[Dispute]]

    def refunds_of(self, charges: Iterable[Charge]) -> tuple[Refund, ...]:
        """Those of some charges."""
        return tuple(one for charge in charges for one in self.refunds.get(charge.id, ()))

    def disputes_of(self, charges: Iterable[Charge]) -> tuple[Dispute, ...]:
        """Those of some charges."""
        return tuple(one for charge in charges for one in self.disputes.get(charge.id, ()))


def attached(books: Books, charges: Collection[str]) -> Attached:
    """What belongs to the charges of these ids."""
    return Attached(
        _by_charge(refunds_at(books.refunds, _named(books.refunds, charges))),
        _by_charge(disputes_at(books.disputes, _named(books.disputes, charges))),
    )


def _named(frame: pd.DataFrame, charges: Collection[str]) -> Positions:
    return np.flatnonzero(c.is_in(frame[c.CHARGE_ID], charges))


def _by_charge(things: Iterable[_T]) -> dict[str, list[_T]]:
    result: dict[str, list[_T]] = {}
    for thing in sorted(things, key=lambda one: (one.created_at, one.id)):
        result.setdefault(thing.charge_id, []).append(thing)
    return result


def orders_at(frame: pd.DataFrame, positions: Positions) -> Iterator[Order]:
    """Orders (shaped ORDERS) at these positions."""
    for row in _values(frame, positions):
        yield Order(
            account=row[c.ACCOUNT],
            id=row[c.ORDER_ID],
            source=row[c.SOURCE],
            status=row[c.STATUS],
            money=Money(row[c.AMOUNT], row[c.CURRENCY]),
            created_at=row[c.CREATED_AT],
            refunded=Money(row[c.REFUNDED_AMOUNT], row[c.CURRENCY]),
            payment_method=row[c.PAYMENT_METHOD],
            charge_id=row[c.CHARGE_ID],
        )


def charges_at(frame: pd.DataFrame, positions: Positions) -> Iterator[Charge]:
    """Charges (shaped CHARGES) at these positions, without links."""
    for row in _values(frame, positions):
        captured = row[c.CAPTURED_AMOUNT]
        yield Charge(
            account=row[c.ACCOUNT],
            id=row[c.CHARGE_ID],
            status=row[c.STATUS],
            money=Money(row[c.AMOUNT], row[c.CURRENCY]),
            captured=Money(row[c.AMOUNT] if captured is None else captured, row[c.CURRENCY]),
            refunded=Money(row[c.REFUNDED_AMOUNT], row[c.CURRENCY]),
            funding=Money(row[c.FUNDING_AMOUNT], row[c.FUNDING_CURRENCY]),
            authorized=row[c.AUTHORIZED],
            voided=row[c.VOIDED],
            method=row[c.METHOD],
            created_at=row[c.CREATED_AT],
            paid_at=row[c.PAID_AT],
            expires_at=row[c.EXPIRES_AT],
            failure_code=row[c.FAILURE_CODE],
            card_brand=row[c.CARD_BRAND],
            was_failed=row[c.WAS_FAILED],
        )


def refunds_at(frame: pd.DataFrame, positions: Positions) -> Iterator[Refund]:
    """Refunds (shaped REFUNDS) at these positions."""
    for row in _values(frame, positions):
        yield Refund(
            account=row[c.ACCOUNT],
            id=row[c.REFUND_ID],
            charge_id=row[c.CHARGE_ID],
            status=row[c.STATUS],
            money=Money(row[c.AMOUNT], row[c.CURRENCY]),
            created_at=row[c.CREATED_AT],
        )


def disputes_at(frame: pd.DataFrame, positions: Positions) -> Iterator[Dispute]:
    """Disputes (shaped DISPUTES) at these positions."""
    for row in _values(frame, positions):
        yield Dispute(
            account=row[c.ACCOUNT],
            id=row[c.DISPUTE_ID],
            charge_id=row[c.CHARGE_ID],
            status=row[c.STATUS],
            money=Money(row[c.AMOUNT], row[c.CURRENCY]),
            reason=row[c.REASON_CODE],
            created_at=row[c.CREATED_AT],
        )


def transfers_at(frame: pd.DataFrame, positions: Positions) -> Iterator[Transfer]:
    """Transfers (shaped TRANSFERS) at these positions."""
    for row in _values(frame, positions):
        yield Transfer(
            account=row[c.ACCOUNT],
            id=row[c.TRANSFER_ID],
            money=Money(row[c.AMOUNT], row[c.CURRENCY]),
            net=Money(row[c.NET], row[c.CURRENCY]),
            sent_at=row[c.SENT_AT],
            is_open=row[c.SENT] and not row[c.PAID] and not row[c.DELETED] and row[c.FAILURE_CODE] is None,
        )


def _values(frame: pd.DataFrame, positions: Positions) -> Iterator[dict[str, Any]]:
    """Rows as plain Python values by column; null is None, moments are datetimes."""
    chosen = frame.iloc[positions]
    lists = [_plain(chosen[name]) for name in chosen.columns]
    names = list(chosen.columns)
    for values in zip(*lists, strict=True):
        yield dict(zip(names, values, strict=True))


def _plain(column: "pd.Series[Any]") -> list[Any]:
    values = list(column.dt.to_pydatetime()) if str(column.dtype) == c.MOMENT else column.tolist()
    return [None if missing else value for value, missing in zip(values, column.isna(), strict=True)]
