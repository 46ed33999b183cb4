"""Says in whole columns which cases agree in every respect, and makes values of the rest.

What it calls agreement is what no rule objects to: judging every case finds what judging the rest finds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from recon import columns as c
from recon.arrays import Ints, Mask, Positions
from recon.model import EXPECTS_CHARGE, Books, Case, Charge, Matching, Order, OrderStatus
from recon.settings import Context
from recon.triage.masks import doubtful_charges, sent_and_open
from recon.triage.scope import Scope
from recon.triage.values import attached, charges_at, disputes_at, orders_at, refunds_at, transfers_at


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
    zero = sums.over_nothing
    by_design = sums.alone & _without_order_by_design(books.charges, context)
    agree = _orders_agree(books, matching, sums, context)
    roots = np.arange(len(books.orders)) == matching.stands_for
    wanted = scope.orders & roots & ~zero & (everything | ~agree)
    objections = sums.doubtful | (sums.pays & ~by_design)
    alone = scope.charges & sums.alone & (everything | objections)
    cases = (
        *_order_cases(books, matching, wanted, sums),
        *_lonely_cases(books, matching, alone, by_design),
        *_loose_cases(books, scope, everything),
    )
    agreeing = scope.orders & agree[matching.stands_for] & ~zero
    return Triage(cases, agreeing, by_design & sums.pays & scope.charges, zero & scope.orders)


@dataclass(frozen=True)
class _Sums:
    """Per charge what it is, and per case (at its first order's position) what its charges come to."""

    root: Positions  # per charge: its case's order, or -1
    alone: Mask
    pays: Mask
    doubtful: Mask  # a rule on the charge, its refunds or disputes may object
    paying: Ints  # per case: how many charges took money
    captured: Ints  # per case: what they took, minor units of the charges' currency
    refunded: Ints
    doubtful_any: Mask
    foreign: Mask  # per case: a paying charge of another account or currency
    expected: Ints
    refunds_expected: Ints
    over_nothing: Mask  # per order: over nothing, and so is every other order of its case


def _sums(books: Books, matching: Matching, context: Context) -> _Sums:
    orders, charges = books.orders, books.charges
    count = len(orders)
    root = np.full(len(charges), -1, dtype=np.intp)
    root[matching.charges] = matching.stands_for[matching.orders]
    alone = root < 0
    pays = c.took_money(charges)
    doubtful = doubtful_charges(books, context)
    used = np.flatnonzero(~alone & pays)
    accounts = c.word_codes(orders[c.ACCOUNT], charges[c.ACCOUNT])
    currencies = c.word_codes(orders[c.CURRENCY], charges[c.CURRENCY])
    foreign = np.zeros(count, dtype=bool)
    at = root[used]
    foreign[at[accounts[0][at] != accounts[1][used]]] = True
    foreign[at[currencies[0][at] != currencies[1][used]]] = True
    expects = orders[c.STATUS].isin(list(EXPECTS_CHARGE)).to_numpy(dtype=bool)
    doubtful_any = np.zeros(count, dtype=bool)
    doubtful_any[root[doubtful & ~alone]] = True
    return _Sums(
        root,
        alone,
        pays,
        doubtful,
        paying=np.bincount(at, minlength=count).astype(np.int64),
        captured=_total(count, at, c.captured_amounts(charges)[used]),
        refunded=_total(count, at, charges[c.REFUNDED_AMOUNT].to_numpy(dtype=np.int64)[used]),
        doubtful_any=doubtful_any,
        foreign=foreign,
        expected=_total(count, matching.stands_for[expects], orders[c.AMOUNT].to_numpy(dtype=np.int64)[expects]),
        refunds_expected=_total(count, matching.stands_for, orders[c.REFUNDED_AMOUNT].to_numpy(dtype=np.int64)),
        over_nothing=_over_nothing(orders, matching),
    )


def _over_nothing(orders: pd.DataFrame, matching: Matching) -> Mask:
    something = (orders[c.AMOUNT] != 0).to_numpy(dtype=bool)
    result = np.ones(len(orders), dtype=bool)
    result[matching.stands_for[something]] = False
    return result[matching.stands_for]


def _total(count: int, positions: Positions, amounts: Ints) -> Ints:
    """Exact integer sums by position."""
    result = np.zeros(count, dtype=np.int64)
    np.add.at(result, positions, amounts)
    return result


def _orders_agree(books: Books, matching: Matching, sums: _Sums, context: Context) -> Mask:
    """Per case: paid orders have one charge of the same amount; pending and cancelled ones have none that paid."""
    orders = books.orders
    expects = orders[c.STATUS].isin(list(EXPECTS_CHARGE)).to_numpy(dtype=bool)
    slack = c.slack(orders[c.CURRENCY], sums.expected, context.tolerance)
    paid = (sums.paying == 1) & ~sums.foreign & (np.abs(sums.captured - sums.expected) <= slack)
    paid &= (sums.refunded == sums.refunds_expected) & ~_refund_in_question(orders, matching)
    unpaid = (sums.paying == 0) & (sums.refunds_expected == 0)
    agree = np.where(expects, paid, unpaid) & ~sums.doubtful_any
    agree[list(matching.ambiguous)] = False
    mixed = np.zeros(len(orders), dtype=bool)
    others = matching.stands_for != np.arange(len(orders))
    differs = expects[others] != expects[matching.stands_for[others]]
    mixed[matching.stands_for[others][differs]] = True
    return np.asarray((agree & ~mixed) | sums.over_nothing)


def _refund_in_question(orders: pd.DataFrame, matching: Matching) -> Mask:
    """Per case: a refund is asked for, or an order is refunded and does not say how much."""
    unsaid = (orders[c.STATUS] == OrderStatus.REFUNDED) & (orders[c.REFUNDED_AMOUNT] == 0)
    question = ((orders[c.STATUS] == OrderStatus.REFUND_REQUESTED) | unsaid).to_numpy(dtype=bool)
    result = np.zeros(len(orders), dtype=bool)
    result[matching.stands_for[question]] = True
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
    orders = dict(zip(member_orders.tolist(), orders_at(books.orders, member_orders), strict=True))
    linked = np.flatnonzero(~sums.alone)
    member_charges = linked[wanted[sums.root[linked]]]
    passes = np.full(len(books.charges), None, dtype=object)
    passes[matching.charges] = matching.matched_by
    charges: dict[int, list[Charge]] = {}
    values = charges_at(books.charges, member_charges, passes[member_charges].tolist())
    for root, charge in zip(sums.root[member_charges].tolist(), values, strict=True):
        charges.setdefault(root, []).append(charge)
    beside: dict[int, list[Order]] = {}
    for position in member_orders[matching.stands_for[member_orders] != member_orders].tolist():
        beside.setdefault(int(matching.stands_for[position]), []).append(orders[position])
    ids = books.charges[c.CHARGE_ID]
    things = attached(books, set(ids.iloc[member_charges]))
    for position in positions.tolist():
        order = orders[position]
        own = tuple(sorted(charges.get(position, ()), key=_by_creation))
        yield Case(
            account=order.account,
            order=order,
            charges=own,
            beside=tuple(sorted(beside.get(position, ()), key=lambda other: other.id)),
            candidates=_named(ids, matching.ambiguous.get(position, ())),
            more_candidates=matching.unnamed.get(position, 0),
            refunds=things.refunds_of(own),
            disputes=things.disputes_of(own),
        )


def _by_creation(charge: Charge) -> tuple[datetime, str]:
    return charge.created_at, charge.id


def _named(ids: "pd.Series[str]", charges: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(sorted(ids.iloc[list(charges)])) if charges else ()


def _lonely_cases(books: Books, matching: Matching, wanted: Mask, by_design: Mask) -> Iterator[Case]:
    """Each wanted charge without an order as a case of its own."""
    candidates = set(matching.contested)
    positions = np.flatnonzero(wanted)
    things = attached(books, set(books.charges[c.CHARGE_ID].iloc[positions]))
    for position, charge in zip(positions.tolist(), charges_at(books.charges, positions), strict=True):
        needs_order = position not in candidates and not by_design[position]
        own = (charge,)
        yield Case(
            charge.account,
            None,
            own,
            needs_order=needs_order,
            refunds=things.refunds_of(own),
            disputes=things.disputes_of(own),
        )


def _loose_cases(books: Books, scope: Scope, everything: bool) -> Iterator[Case]:
    """What has no charge as cases of their own: transfers on their way, refunds and disputes of an unknown charge."""
    on_their_way = np.flatnonzero(scope.transfers & (everything | sent_and_open(books.transfers)))
    for transfer in transfers_at(books.transfers, on_their_way):
        yield Case(transfer.account, None, (), transfers=(transfer,))
    for refund in refunds_at(books.refunds, np.flatnonzero(scope.refunds & ~_has_charge(books.refunds, books))):
        yield Case(refund.account, None, (), refunds=(refund,))
    for dispute in disputes_at(books.disputes, np.flatnonzero(scope.disputes & ~_has_charge(books.disputes, books))):
        yield Case(dispute.account, None, (), disputes=(dispute,))


def _has_charge(frame: pd.DataFrame, books: Books) -> Mask:
    return c.is_in(frame[c.CHARGE_ID], books.charges[c.CHARGE_ID])
