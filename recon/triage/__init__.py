"""Splits the judged cases in whole columns: those to which no rule may apply agree, the rest become values.

It is handed the rules, and knows none: judging every case gives exactly the breaks that judging the rest gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from recon import columns as c
from recon.arrays import Mask
from recon.columnar import np, pd
from recon.model import Account, Books, Case, Charge, Matching, Order
from recon.settings import Context
from recon.settlement import Settled
from recon.triage.columns import CaseColumns
from recon.triage.scope import Scope
from recon.triage.values import attached, charges_at, disputes_at, orders_at, refunds_at

MayApply = Callable[[CaseColumns, Context], Mask]


class CaseRule(Protocol):
    """What triage must know of a rule that judges cases: per which subjects its mask speaks; none: of every case."""

    @property
    def subject(self) -> str:
        """What it is about: order (per case), charge, refund, dispute."""
        ...

    @property
    def may_apply(self) -> MayApply | None:
        """To which of them it may apply."""
        ...


@dataclass(frozen=True)
class Triage:
    """The judged cases that do not agree, and what is not judged: masks over the books' frames."""

    columns: CaseColumns
    cases: tuple[Case, ...]
    by_design: Mask  # charges that have no order by design: counted, not judged
    zero: Mask  # orders over nothing: counted, not judged


@dataclass(frozen=True)
class Judged:
    """Everything that rules look at, for all accounts of a run together."""

    books: Books
    matching: Matching
    scope: Scope
    triage: Triage
    settled: Settled
    accounts: Mapping[str, Account] = field(default_factory=dict)  # those that the run asks for
    incomplete: Mapping[str, Sequence[str]] = field(default_factory=dict)  # account -> lists that do not add up
    unread_sources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # account -> source -> why
    unread_accounts: frozenset[str] = frozenset()  # their orders may stand in what could not be read of the shop
    spoken: frozenset[str] = frozenset()  # charges and transfers of which an earlier rule of the group speaks


@dataclass(frozen=True)
class _Suspects:
    """To what some rule may apply: masks per case and per charge, refund and dispute."""

    cases: Mask
    charges: Mask
    refunds: Mask
    disputes: Mask


def triage(books: Books, matching: Matching, scope: Scope, context: Context, rules: Iterable[CaseRule]) -> Triage:
    """Split the judged cases into those that agree and those that become values; all do if a rule has no mask."""
    columns = CaseColumns(books, matching, context)
    suspects = _suspects(columns, rules)
    columns.forget_sums()
    first_of_case = np.arange(len(books.orders)) == matching.stands_for
    cases = (
        *_order_cases(columns, scope.orders & first_of_case & ~columns.over_nothing & suspects.cases),
        *_charge_cases(columns, scope.charges & columns.without_order & suspects.charges, scope.earlier),
        *(_charge_cases(columns, scope.apart & suspects.charges, scope.apart) if scope.apart.any() else ()),
        *_loose_cases(books, scope, suspects),
    )
    return Triage(
        columns,
        cases,
        by_design=columns.by_design & columns.pays & scope.charges,
        zero=columns.over_nothing & scope.orders,
    )


def _suspects(columns: CaseColumns, rules: Iterable[CaseRule]) -> _Suspects:
    books = columns.books
    frames = {"order": books.orders, "charge": books.charges, "refund": books.refunds, "dispute": books.disputes}
    masked = dict.fromkeys((rule.subject, rule.may_apply) for rule in rules)  # a mask of several rules once
    no_mask = any(may_apply is None for _, may_apply in masked)
    masks = {subject: np.full(len(frame), no_mask) for subject, frame in frames.items()}
    for subject, may_apply in masked:
        if may_apply is not None and not no_mask:
            masks[subject] |= may_apply(columns, columns.context)
    named = {*books.refunds[c.CHARGE_ID][masks["refund"]], *books.disputes[c.CHARGE_ID][masks["dispute"]]}
    charges = masks["charge"] | c.is_in(books.charges[c.CHARGE_ID], named)
    orders = masks["order"] | columns.of_several_orders | columns.of_any_charge(charges)
    return _Suspects(orders, charges, masks["refund"], masks["dispute"])


def _order_cases(columns: CaseColumns, wanted: Mask) -> Iterator[Case]:
    """The wanted cases of orders, each with its charges by creation and id."""
    books = columns.books
    matching = columns.matching
    order_places = np.flatnonzero(wanted[matching.stands_for])
    orders = dict(zip(order_places.tolist(), orders_at(books.orders, order_places), strict=True))
    linked = np.flatnonzero(~columns.without_order)
    charge_places = linked[wanted[columns.case_of_charge[linked]]]
    matched_by = np.full(len(books.charges), None, dtype=object)
    matched_by[matching.charges] = matching.matched_by
    charges: dict[int, list[Charge]] = {}
    values = charges_at(books.charges, charge_places, matched_by[charge_places].tolist())
    for case, charge in zip(columns.case_of_charge[charge_places].tolist(), values, strict=True):
        charges.setdefault(case, []).append(charge)
    other_orders: dict[int, list[Order]] = {}
    for place in order_places[matching.stands_for[order_places] != order_places].tolist():
        other_orders.setdefault(int(matching.stands_for[place]), []).append(orders[place])
    charge_ids = books.charges[c.CHARGE_ID]
    belongings = attached(books, set(charge_ids.iloc[charge_places]))
    unread_parts = set(columns.case_of_charge[columns.with_unread_parts].tolist())
    for place in np.flatnonzero(wanted).tolist():
        order = orders[place]
        own_charges = tuple(sorted(charges.get(place, ()), key=lambda charge: (charge.created_at, charge.id)))
        yield Case(
            account=order.account,
            order=order,
            charges=own_charges,
            other_orders=tuple(sorted(other_orders.get(place, ()), key=lambda other: other.id)),
            candidates=_ids_at(charge_ids, matching.ambiguous.get(place, ())),
            more_candidates=matching.unnamed.get(place, 0),
            refunds=belongings.refunds_of(own_charges),
            disputes=belongings.disputes_of(own_charges),
            unread_parts=place in unread_parts,
        )


def _ids_at(ids: pd.Series[str], places: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(sorted(ids.iloc[list(places)])) if places else ()


def _charge_cases(columns: CaseColumns, wanted: Mask, need_none: Mask) -> Iterator[Case]:
    """Each wanted charge without an order as a case of its own; some need none: their order is not judged, or earlier
    than what is."""
    charges = columns.books.charges
    explained = {*columns.matching.contested, *columns.matching.order_unread, *np.flatnonzero(need_none).tolist()}
    places = np.flatnonzero(wanted)
    belongings = attached(columns.books, set(charges[c.CHARGE_ID].iloc[places]))
    for place, charge in zip(places.tolist(), charges_at(charges, places), strict=True):
        yield Case(
            charge.account,
            None,
            (charge,),
            needs_order=place not in explained and not columns.by_design[place],
            refunds=belongings.refunds_of((charge,)),
            disputes=belongings.disputes_of((charge,)),
        )


def _loose_cases(books: Books, scope: Scope, suspects: _Suspects) -> Iterator[Case]:
    """Refunds and disputes of an unknown charge as cases of their own."""
    refunds = np.flatnonzero(scope.refunds & suspects.refunds & ~_has_charge(books.refunds, books))
    for refund in refunds_at(books.refunds, refunds):
        yield Case(refund.account, None, (), refunds=(refund,))
    disputes = np.flatnonzero(scope.disputes & suspects.disputes & ~_has_charge(books.disputes, books))
    for dispute in disputes_at(books.disputes, disputes):
        yield Case(dispute.account, None, (), disputes=(dispute,))


def _has_charge(frame: pd.DataFrame, books: Books) -> Mask:
    return c.is_in(frame[c.CHARGE_ID], books.charges[c.CHARGE_ID])
