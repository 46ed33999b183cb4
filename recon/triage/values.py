"""Rows of frames as frozen values, each with what belongs to it; judges nothing."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from recon import columns as c
from recon.arrays import Positions
from recon.model import Books, Charge, Dispute, Order, Refund, Transfer
from recon.money import Money

_T = TypeVar("_T", Refund, Dispute)
# The columns that become values.
_ORDER = (
    c.ACCOUNT,
    c.ORDER_ID,
    c.SOURCE,
    c.STATUS,
    c.AMOUNT,
    c.CURRENCY,
    c.CREATED_AT,
    c.REFUNDED_AMOUNT,
    c.PAYMENT_METHOD,
    c.CHARGE_ID,
)
_CHARGE = (
    c.ACCOUNT,
    c.CHARGE_ID,
    c.STATUS,
    c.AMOUNT,
    c.CURRENCY,
    c.CAPTURED_AMOUNT,
    c.REFUNDED_AMOUNT,
    c.FUNDING_AMOUNT,
    c.FUNDING_CURRENCY,
    c.AUTHORIZED,
    c.VOIDED,
    c.METHOD,
    c.CREATED_AT,
    c.PAID_AT,
    c.EXPIRES_AT,
    c.FAILURE_CODE,
    c.CARD_BRAND,
    c.WAS_FAILED,
)


@dataclass(frozen=True)
class Attached:
    """Refunds and disputes by the id of their charge, each by creation and id."""

    refunds: Mapping[str, list[Refund]]
    disputes: Mapping[str, list[Dispute]]

    def refunds_of(self, charges: Iterable[Charge]) -> tuple[Refund, ...]:
        """Those of some charges."""
        return tuple(one for charge in charges for one in self.refunds.get(charge.id, ())) if self.refunds else ()

    def disputes_of(self, charges: Iterable[Charge]) -> tuple[Dispute, ...]:
        """Those of some charges."""
        return tuple(one for charge in charges for one in self.disputes.get(charge.id, ())) if self.disputes else ()


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
    rows = _lists(frame, positions, _ORDER)
    for account, id, source, status, amount, currency, created_at, refunded, method, charge_id in rows:
        money, back = Money(amount, currency), Money(refunded, currency)
        yield Order(account, id, source, status, money, created_at, back, method, charge_id)


def charges_at(
    frame: pd.DataFrame, positions: Positions, passes: Iterable[str | None] = repeat(None)
) -> Iterator[Charge]:
    """Charges (shaped CHARGES) at these positions, each with the pass that linked it, where there are links."""
    for (
        account,
        id,
        status,
        amount,
        currency,
        captured,
        refunded,
        funding,
        funded_in,
        authorized,
        voided,
        method,
        created_at,
        paid_at,
        expires_at,
        failure_code,
        card_brand,
        was_failed,
    ), matched_by in zip(_lists(frame, positions, _CHARGE), passes, strict=False):
        yield Charge(
            account=account,
            id=id,
            status=status,
            money=Money(amount, currency),
            captured=Money(amount if captured is None else captured, currency),
            refunded=Money(refunded, currency),
            funding=Money(funding, funded_in),
            authorized=authorized,
            voided=voided,
            method=method,
            created_at=created_at,
            paid_at=paid_at,
            expires_at=expires_at,
            failure_code=failure_code,
            matched_by=matched_by,
            card_brand=card_brand,
            was_failed=was_failed,
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
    names = list(frame.columns)
    return (dict(zip(names, row, strict=True)) for row in _lists(frame, positions, names))


def _lists(frame: pd.DataFrame, positions: Positions, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Rows of these columns as plain Python values; null is None, moments are datetimes."""
    return zip(*(_plain(frame[name].iloc[positions]) for name in names), strict=True) if len(positions) else iter(())


def _plain(column: "pd.Series[Any]") -> list[Any]:
    values = list(column.dt.to_pydatetime()) if str(column.dtype) == c.MOMENT else column.tolist()
    if not column.hasnans:
        return values
    return [None if missing else value for value, missing in zip(values, column.isna(), strict=True)]
