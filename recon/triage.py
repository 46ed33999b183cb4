"""Says in whole columns which cases agree in every respect, and makes values of the rest; knows no rule's words.

What it calls agreement is what no rule objects to: judging every case finds what judging the rest finds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from recon import columns as c
from recon.model import EXPECTS_CHARGE, Books, Case, Charge, ChargeStatus, Matching, Order
from recon.money import Money
from recon.scope import Scope
from recon.settings import Context

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Positions = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Triage:
    """The judged cases that do not agree, and who agrees: masks over the books' frames."""

    cases: tuple[Case, ...]
    agreeing_orders: Mask  # judged, and in an agreeing case
    by_design: Mask  # charges that have no order by design: counted, not judged
    zero: Mask  # orders over nothing: counted, not judged


@dataclass(frozen=True)
class Judged:
    """Everything that the pure middle found, for all accounts of a run together."""

    books: Books
    matching: Matching
    scope: Scope
    triage: Triage


def triage(books: Books, matching: Matching, scope: Scope, context: Context, *, everything: bool = False) -> Triage:
    """Split the judged cases into those that agree and those that become values.

    With `everything` all judged cases become values (for the property test, and for small books).
    """
    sums = _sums(books, matching, context)
    zero = (books.orders[c.AMOUNT] == 0).to_numpy(dtype=bool)
    by_design = sums.alone & _without_order_by_design(books.charges, context)
    agree = _orders_agree(books, matching, sums, context)
    roots = np.arange(len(books.orders)) == matching.stands_for
    wanted = scope.orders & roots & ~zero & (everything | ~agree)
    objections = sums.stuck | (sums.pays & ~by_design)
    alone = scope.charges & sums.alone & (everything | objections)
    cases = (*_order_cases(books, matching, wanted, sums), *_lonely_cases(books, matching, alone, by_design))
    agreeing = scope.orders & agree[matching.stands_for] & ~zero
    return Triage(cases, agreeing, by_design & sums.pays & scope.charges, zero & scope.orders)


@dataclass(frozen=True)
class _Sums:
    """Per charge what it is, and per case (at its first order's position) what its charges come to."""

    root: Positions  # per charge: its case's order, or -1
    alone: Mask
    pays: Mask
    stuck: Mask  # pending beyond its time
    paying: Ints  # per case: how many charges took money
    captured: Ints  # per case: what they took, minor units of the charges' currency
    refunded: Ints
    stuck_any: Mask
    foreign: Mask  # per case: a paying charge of another account or currency
    expected: Ints
    refunds_expected: Ints


def _sums(books: Books, matching: Matching, context: Context) -> _Sums:
    orders, charges = books.orders, books.charges
    count = len(orders)
    root = np.full(len(charges), -1, dtype=np.intp)
    root[matching.charges] = matching.stands_for[matching.orders]
    alone = root < 0
    pays = c.took_money(charges)
    stuck = _stuck(charges, context)
    used = np.flatnonzero(~alone & pays)
    accounts = _codes(orders[c.ACCOUNT], charges[c.ACCOUNT])
    currencies = _codes(orders[c.CURRENCY], charges[c.CURRENCY])
    foreign = np.zeros(count, dtype=bool)
    at = root[used]
    foreign[at[accounts[0][at] != accounts[1][used]]] = True
    foreign[at[currencies[0][at] != currencies[1][used]]] = True
    expects = orders[c.STATUS].isin(list(EXPECTS_CHARGE)).to_numpy(dtype=bool)
    stuck_any = np.zeros(count, dtype=bool)
    stuck_any[root[stuck & ~alone]] = True
    return _Sums(
        root,
        alone,
        pays,
        stuck,
        paying=np.bincount(at, minlength=count).astype(np.int64),
        captured=_total(count, at, c.captured_amounts(charges)[used]),
        refunded=_total(count, at, charges[c.REFUNDED_AMOUNT].to_numpy(dtype=np.int64)[used]),
        stuck_any=stuck_any,
        foreign=foreign,
        expected=_total(count, matching.stands_for[expects], orders[c.AMOUNT].to_numpy(dtype=np.int64)[expects]),
        refunds_expected=_total(count, matching.stands_for, orders[c.REFUNDED_AMOUNT].to_numpy(dtype=np.int64)),
    )


def _total(count: int, positions: Positions, amounts: Ints) -> Ints:
    """Exact integer sums by position."""
    result = np.zeros(count, dtype=np.int64)
    np.add.at(result, positions, amounts)
    return result


def _codes(left: "pd.Series[str]", right: "pd.Series[str]") -> tuple[Positions, Positions]:
    """Two columns of words as comparable numbers."""
    both, _ = pd.factorize(pd.concat([left, right], ignore_index=True))
    return both[: len(left)], both[len(left) :]


def _stuck(charges: pd.DataFrame, context: Context) -> Mask:
    """Pending beyond `due` plus grace; where nobody knows when it is due, it is not stuck."""
    result = np.zeros(len(charges), dtype=bool)
    pending = np.flatnonzero((charges[c.STATUS] == ChargeStatus.PENDING).to_numpy(dtype=bool))
    for position, charge in zip(pending, _charges(charges, pending), strict=True):
        stuck_from = context.stuck_from(charge)
        result[position] = stuck_from is not None and context.as_of > stuck_from
    return result


def _orders_agree(books: Books, matching: Matching, sums: _Sums, context: Context) -> Mask:
    """Per case: paid orders have one charge of the same amount; pending and cancelled ones have none that paid."""
    orders = books.orders
    expects = orders[c.STATUS].isin(list(EXPECTS_CHARGE)).to_numpy(dtype=bool)
    slack = _slack(orders[c.CURRENCY], sums.expected, context)
    paid = (sums.paying == 1) & ~sums.foreign & (np.abs(sums.captured - sums.expected) <= slack)
    paid &= sums.refunded == sums.refunds_expected
    agree = np.where(expects, paid, sums.paying == 0) & ~sums.stuck_any
    agree[list(matching.ambiguous)] = False
    mixed = np.zeros(len(orders), dtype=bool)
    others = matching.stands_for != np.arange(len(orders))
    differs = expects[others] != expects[matching.stands_for[others]]
    mixed[matching.stands_for[others][differs]] = True
    zero = (orders[c.AMOUNT] == 0).to_numpy(dtype=bool)
    agreeing: Mask = (agree & ~mixed) | zero
    return agreeing


def _slack(currencies: "pd.Series[str]", expected: Ints, context: Context) -> Ints:
    """Per order the largest difference that counts as equal."""
    result = np.zeros(len(expected), dtype=np.int64)
    for currency in set(context.tolerance.absolute) | set(context.tolerance.relative_ppm):
        for position in np.flatnonzero((currencies == currency).to_numpy(dtype=bool)):
            result[position] = context.tolerance.slack(int(expected[position]), currency)
    return result


def _without_order_by_design(charges: pd.DataFrame, context: Context) -> Mask:
    design = context.without_orders
    result = np.zeros(len(charges), dtype=bool)
    for kind in (c.LINK, c.SCHEDULE):
        if kind in design.kinds:
            result |= charges[kind].notna().to_numpy(dtype=bool)
    if design.description:
        result |= charges[c.DESCRIPTION].str.contains(design.description, regex=True, na=False).to_numpy(dtype=bool)
    return result


def _order_cases(books: Books, matching: Matching, wanted: Mask, sums: _Sums) -> Iterator[Case]:
    """The cases of the wanted orders, each with its charges by creation and id."""
    positions = np.flatnonzero(wanted)
    member_orders = np.flatnonzero(wanted[matching.stands_for])
    orders = dict(zip(member_orders.tolist(), _orders(books.orders, member_orders), strict=True))
    pairs = np.flatnonzero(wanted[matching.stands_for[matching.orders]])
    passes = dict(zip(matching.charges[pairs].tolist(), matching.matched_by[pairs].tolist(), strict=True))
    member_charges = np.array(sorted(passes, key=lambda charge: int(sums.root[charge])), dtype=np.intp)
    charges: dict[int, list[Charge]] = {}
    for position, charge in zip(member_charges.tolist(), _charges(books.charges, member_charges), strict=True):
        linked = replace(charge, matched_by=passes[position])
        charges.setdefault(int(sums.root[position]), []).append(linked)
    beside: dict[int, list[Order]] = {}
    for position in member_orders.tolist():
        if matching.stands_for[position] != position:
            beside.setdefault(int(matching.stands_for[position]), []).append(orders[position])
    ids = books.charges[c.CHARGE_ID]
    for position in positions.tolist():
        order = orders[position]
        yield Case(
            account=order.account,
            order=order,
            charges=tuple(sorted(charges.get(position, ()), key=lambda charge: (charge.created_at, charge.id))),
            beside=tuple(sorted(beside.get(position, ()), key=lambda other: other.id)),
            candidates=tuple(sorted(ids.iloc[list(matching.ambiguous.get(position, ()))])),
        )


def _lonely_cases(books: Books, matching: Matching, wanted: Mask, by_design: Mask) -> Iterator[Case]:
    """Each wanted charge without an order as a case of its own."""
    candidates = {charge for found in matching.ambiguous.values() for charge in found}
    positions = np.flatnonzero(wanted)
    for position, charge in zip(positions.tolist(), _charges(books.charges, positions), strict=True):
        needs_order = position not in candidates and not by_design[position]
        yield Case(charge.account, None, (charge,), needs_order=needs_order)


def _orders(frame: pd.DataFrame, positions: Positions) -> Iterator[Order]:
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


def _charges(frame: pd.DataFrame, positions: Positions) -> Iterator[Charge]:
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
