"""Rows of frames as frozen values, each with what belongs to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Any, TypeVar

from recon import columns as c
from recon.arrays import Positions
from recon.columnar import np, pd
from recon.model import Books, Charge, Dispute, Order, Refund, Transfer
from recon.money import Money

_T = TypeVar("_T", Refund, Dispute)


@dataclass(frozen=True)
class Attached:
    """Refunds and disputes by the id of their charge, each by creation and id."""

    refunds: Mapping[str, list[Refund]]
    disputes: Mapping[str, list[Dispute]]

    def refunds_of(self, charges: Iterable[Charge]) -> tuple[Refund, ...]:
        """Those of some charges."""
        return tuple(refund for charge in charges for refund in self.refunds.get(charge.id, ()))

    def disputes_of(self, charges: Iterable[Charge]) -> tuple[Dispute, ...]:
        """Those of some charges."""
        return tuple(dispute for charge in charges for dispute in self.disputes.get(charge.id, ()))


def attached(books: Books, charge_ids: Collection[str]) -> Attached:
    """What belongs to the charges of these ids."""
    refunds = np.flatnonzero(c.is_in(books.refunds[c.CHARGE_ID], charge_ids))
    disputes = np.flatnonzero(c.is_in(books.disputes[c.CHARGE_ID], charge_ids))
    return Attached(_by_charge(refunds_at(books.refunds, refunds)), _by_charge(disputes_at(books.disputes, disputes)))


def _by_charge(things: Iterable[_T]) -> dict[str, list[_T]]:
    result: dict[str, list[_T]] = {}
    for thing in sorted(things, key=lambda thing: (thing.created_at, thing.id)):
        result.setdefault(thing.charge_id, []).append(thing)
    return result


def orders_at(frame: pd.DataFrame, positions: Positions) -> Iterator[Order]:
    """Orders (shaped ORDERS) at these positions."""
    cells = partial(_cells, frame, positions)
    currencies = cells(c.CURRENCY)
    return map(
        Order,
        cells(c.ACCOUNT),
        cells(c.ORDER_ID),
        cells(c.SOURCE),
        cells(c.STATUS),
        map(Money, cells(c.AMOUNT), currencies),
        cells(c.CREATED_AT),
        map(Money, cells(c.REFUNDED_AMOUNT), currencies),
        cells(c.PAYMENT_METHOD),
        cells(c.CHARGE_ID),
    )


def charges_at(
    frame: pd.DataFrame, positions: Positions, passes: Iterable[str | None] = repeat(None)
) -> Iterator[Charge]:
    """Charges (shaped CHARGES) at these positions, each with the pass that linked it, where there are links."""
    if not len(positions):
        return iter(())
    cells = partial(_cells, frame, positions)
    currencies = cells(c.CURRENCY)
    amounts = cells(c.AMOUNT)
    captured = (
        whole if part is None else part for part, whole in zip(cells(c.CAPTURED_AMOUNT), amounts, strict=True)
    )
    return map(
        Charge,
        cells(c.ACCOUNT),
        cells(c.CHARGE_ID),
        cells(c.STATUS),
        map(Money, amounts, currencies),
        map(Money, captured, currencies),
        map(Money, cells(c.REFUNDED_AMOUNT), currencies),
        map(Money, cells(c.FUNDING_AMOUNT), cells(c.FUNDING_CURRENCY)),
        cells(c.AUTHORIZED),
        cells(c.VOIDED),
        cells(c.METHOD),
        cells(c.CREATED_AT),
        cells(c.PAID_AT),
        cells(c.EXPIRES_AT),
        cells(c.FAILURE_CODE),
        passes,
        cells(c.CARD_BRAND),
        cells(c.WAS_FAILED),
    )


def refunds_at(frame: pd.DataFrame, positions: Positions) -> Iterator[Refund]:
    """Refunds (shaped REFUNDS) at these positions."""
    cells = partial(_cells, frame, positions)
    return map(
        Refund,
        cells(c.ACCOUNT),
        cells(c.REFUND_ID),
        cells(c.CHARGE_ID),
        cells(c.STATUS),
        map(Money, cells(c.AMOUNT), cells(c.CURRENCY)),
        cells(c.CREATED_AT),
    )


def disputes_at(frame: pd.DataFrame, positions: Positions) -> Iterator[Dispute]:
    """Disputes (shaped DISPUTES) at these positions."""
    cells = partial(_cells, frame, positions)
    return map(
        Dispute,
        cells(c.ACCOUNT),
        cells(c.DISPUTE_ID),
        cells(c.CHARGE_ID),
        cells(c.STATUS),
        map(Money, cells(c.AMOUNT), cells(c.CURRENCY)),
        cells(c.REASON_CODE),
        cells(c.CREATED_AT),
        cells(c.ANSWER),
    )


def transfers_at(frame: pd.DataFrame, positions: Positions) -> Iterator[Transfer]:
    """Transfers (shaped TRANSFERS) at these positions."""
    cells = partial(_cells, frame, positions)
    currencies = cells(c.CURRENCY)
    return map(
        Transfer,
        cells(c.ACCOUNT),
        cells(c.TRANSFER_ID),
        map(Money, cells(c.AMOUNT), currencies),
        map(Money, cells(c.NET), currencies),
        cells(c.SENT_AT),
    )


def _cells(frame: pd.DataFrame, positions: Positions, name: str) -> list[Any]:
    """A column at these positions as plain Python values."""
    return c.plain(frame[name].array.take(positions)) if len(positions) else []
