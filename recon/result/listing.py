"""Lists refunds, disputes and failed charges of an account and range, each with both sides; judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from recon import columns as c
from recon.columnar import np, pd
from recon.methods.deadlines import answer_due, refund_window
from recon.model import (
    OPEN_DISPUTES,
    Account,
    Case,
    Charge,
    ChargeStatus,
    Details,
    Order,
    OrderStatus,
    Window,
    nearest_hundredths,
)
from recon.result.dispute_rates import dispute_rates
from recon.rules.refunds import RefundSums, refund_sums
from recon.settings import Context
from recon.triage import Judged
from recon.triage.values import attached, charges_at, disputes_at, orders_at, refunds_at

Row = tuple[Any, ...]
NO_SUMS = RefundSums(None, None)
NOT_AT_OMISE = "none at Omise"  # the status of a refund that only the shop knows
_REFUNDING = (OrderStatus.REFUND_REQUESTED, OrderStatus.REFUNDED)


@dataclass(frozen=True)
class _Sides:
    """Charges by id, and the order of each that has one."""

    charges: Mapping[str, Charge]
    orders: Mapping[str, Order]


def details(judged: Judged, account: Account, window: Window, context: Context) -> Details:
    """The account's lists: what was created in the window, and what is open, whenever made."""
    return Details(
        refunds=_refunds(judged, account.name, window, context),
        disputes=_disputes(judged, account, window, context),
        dispute_rates=dispute_rates(judged.books, account, window),
        failures=_failures(judged, account.name, window),
    )


def _sides(judged: Judged, ids: pd.Series[str]) -> _Sides:
    charges = judged.books.charges
    orders = judged.books.orders
    matching = judged.matching
    wanted = c.is_in(charges[c.CHARGE_ID], ids)
    charge_of_id = {charge.id: charge for charge in charges_at(charges, np.flatnonzero(wanted))}
    pairs = np.flatnonzero(wanted[matching.charges])
    names = charges[c.CHARGE_ID].iloc[matching.charges[pairs]]
    return _Sides(charge_of_id, dict(zip(names, orders_at(orders, matching.orders[pairs]), strict=True)))


def _refunds(judged: Judged, account: str, window: Window, context: Context) -> pd.DataFrame:
    """Shaped `REFUND_LIST`: by creation and id, orders without a refund at Omise last."""
    refunds = judged.books.refunds
    own = c.of_account(refunds, account)
    within = c.created_in(refunds, account, window)
    pending = c.equals(refunds, c.STATUS, ChargeStatus.PENDING)
    chosen = refunds.iloc[np.flatnonzero(within | (own & pending))]
    listed = sorted(refunds_at(chosen, np.arange(len(chosen))), key=lambda refund: (refund.created_at, refund.id))
    sides = _sides(judged, chosen[c.CHARGE_ID])
    cases = _cases(judged, chosen[c.CHARGE_ID])
    rows: list[Row] = []
    shown: set[str] = set()
    for refund in listed:
        charge = sides.charges.get(refund.charge_id)
        order = sides.orders.get(refund.charge_id)
        case = cases.get(refund.charge_id)
        sums = _sums(case, charge, context)
        if case and case.order and sums.omise is not None:
            sums = NO_SUMS if case.order.id in shown else sums
            shown.add(case.order.id)
        elif charge:
            sums = NO_SUMS._replace(note=sums.note) if charge.id in shown else sums
            shown.add(charge.id)
        names = (refund.id, order.id if order else None, refund.charge_id, charge.method if charge else None)
        state = (refund.status, order.status if order else None)
        end = refund_window(charge, context) if charge else None
        rows.append(
            (
                *names,
                *state,
                refund.money.amount,
                refund.money.currency,
                sums.shop,
                sums.omise,
                sums.difference,
                sums.note,
                refund.created_at,
                end and end.at,
            )
        )
    rows += _at_the_shop_alone(judged, account, window, context)
    return c.REFUND_LIST.from_rows(rows)


def _sums(case: Case | None, charge: Charge | None, context: Context) -> RefundSums:
    """What both sides refunded of the order that a charge pays; of a charge without an order Omise's sum alone."""
    if case and charge:
        return refund_sums(case, charge, context)
    return RefundSums(None, charge.refunded.amount if charge else None)


def _cases(judged: Judged, ids: pd.Series[str]) -> Mapping[str, Case]:
    """The whole case, of order and charges, that each of these charges is part of, by the charge's id."""
    books = judged.books
    matching = judged.matching
    case_of_pair = matching.stands_for[matching.orders]
    wanted = np.unique(case_of_pair[c.is_in(books.charges[c.CHARGE_ID], ids)[matching.charges]])
    pairs = np.flatnonzero(np.isin(case_of_pair, wanted))
    charges: dict[int, dict[str, Charge]] = {}
    for case, charge in zip(
        case_of_pair[pairs].tolist(), charges_at(books.charges, matching.charges[pairs]), strict=True
    ):
        charges.setdefault(case, {})[charge.id] = charge
    places = np.flatnonzero(np.isin(matching.stands_for, wanted))
    orders: dict[int, dict[int, Order]] = {}
    for place, order in zip(places.tolist(), orders_at(books.orders, places), strict=True):
        orders.setdefault(int(matching.stands_for[place]), {})[place] = order
    belongings = attached(books, {charge_id for of_case in charges.values() for charge_id in of_case})
    cases: dict[str, Case] = {}
    for case, of_case in charges.items():
        members = tuple(sorted(of_case.values(), key=lambda charge: (charge.created_at, charge.id)))
        rest = (order for place, order in orders[case].items() if place != case)
        whole = Case(
            orders[case][case].account,
            orders[case][case],
            members,
            tuple(sorted(rest, key=lambda order: order.id)),
            disputes=belongings.disputes_of(members),
        )
        cases |= dict.fromkeys(of_case, whole)
    return cases


def _at_the_shop_alone(judged: Judged, account: str, window: Window, context: Context) -> Iterator[Row]:
    """Orders of the range that the shop refunds, or is asked to, and whose charges Omise refunded nothing of."""
    orders = judged.books.orders
    charges = judged.books.charges
    matching = judged.matching
    own = c.of_account(orders, account)
    within = c.created_in(orders, account, window)
    asked = c.equals(orders, c.STATUS, OrderStatus.REFUND_REQUESTED)
    refunding = c.is_in(orders[c.STATUS], _REFUNDING) | (orders[c.REFUNDED_AMOUNT] > 0).to_numpy(dtype=bool)
    back = (charges[c.REFUNDED_AMOUNT] > 0).to_numpy(dtype=bool) | charges[c.VOIDED].to_numpy(dtype=bool)
    at_omise = c.mask_at(matching.orders[back[matching.charges]], len(orders))
    chosen = np.flatnonzero((within | (own & asked)) & refunding & ~at_omise)
    paid = np.flatnonzero(c.took_money(charges)[matching.charges] & np.isin(matching.orders, chosen))
    payers = dict(zip(matching.orders[paid].tolist(), charges_at(charges, matching.charges[paid]), strict=True))
    listed = zip(chosen.tolist(), orders_at(orders, chosen), strict=True)
    for position, order in sorted(listed, key=lambda pair: (pair[1].created_at, pair[1].id)):
        charge = payers.get(position)
        end = refund_window(charge, context) if charge else None
        names = (None, order.id, charge.id if charge else None, charge.method if charge else order.payment_method)
        sums = (order.given_back, 0, -order.given_back, None)
        state = (NOT_AT_OMISE, order.status, None, order.money.currency)
        yield (*names, *state, *sums, order.created_at, end and end.at)


def _disputes(judged: Judged, account: Account, window: Window, context: Context) -> pd.DataFrame:
    """Shaped `DISPUTE_LIST`, undecided ones first, then by creation and id."""
    frame = judged.books.disputes
    own = c.of_account(frame, account.name)
    within = c.created_in(frame, account.name, window)
    undecided = c.is_in(frame[c.STATUS], OPEN_DISPUTES)
    chosen = frame.iloc[np.flatnonzero(within | (own & undecided))]
    if not len(chosen):
        return c.DISPUTE_LIST.empty()
    sides = _sides(judged, chosen[c.CHARGE_ID])
    values = disputes_at(chosen, np.arange(len(chosen)))
    rows = []
    for dispute, closed, funding, currency in zip(
        values, chosen[c.CLOSED_AT], chosen[c.FUNDING_AMOUNT], chosen[c.FUNDING_CURRENCY], strict=True
    ):
        charge = sides.charges.get(dispute.charge_id)
        order = sides.orders.get(dispute.charge_id)
        end = context.as_of if pd.isna(closed) else closed.to_pydatetime()
        days = (end.astimezone(account.zone).date() - dispute.created_at.astimezone(account.zone).date()).days
        names = (
            dispute.id,
            dispute.charge_id,
            dispute.status,
            dispute.reason,
            order and order.id,
            order and order.status,
        )
        money = (dispute.money.amount, dispute.money.currency, int(funding), currency)
        ended = None if pd.isna(closed) else end
        moments = (dispute.created_at, ended, max(0, days))
        answer = (dispute.answer, answer_due(dispute, context))
        rows.append((*names, charge.method if charge else None, *money, *moments, *answer))
    rows.sort(key=lambda row: (row[2] not in OPEN_DISPUTES, row[11], row[0]))
    return c.DISPUTE_LIST.from_rows(rows)


def _failures(judged: Judged, account: str, window: Window) -> pd.DataFrame:
    """Shaped `FAILURES`, the most frequent first; a method's attempts are all its charges of the currency."""
    charges = judged.books.charges
    matching = judged.matching
    tried = np.flatnonzero(c.created_in(charges, account, window))
    failed = tried[c.never_paid(charges)[tried]]
    if not len(failed):
        return c.FAILURES.empty()
    took = c.took_money(charges)
    paid_orders = c.mask_at(matching.orders[took[matching.charges]], len(judged.books.orders))
    otherwise = np.zeros(len(charges), dtype=np.int64)
    otherwise[matching.charges] = paid_orders[matching.orders]
    methods, method_of = c.distinct([charges[name].iloc[tried] for name in (c.METHOD, c.CURRENCY)])
    attempts = dict(zip(methods, c.counts_by(method_of, len(methods)), strict=True))
    names = (c.METHOD, c.STATUS, c.FAILURE_CODE, c.CURRENCY)
    groups, group_of = c.distinct([charges[name].iloc[failed] for name in names])
    counts = c.counts_by(group_of, len(groups))
    amounts = c.sums_by(group_of, len(groups), np.asarray(charges[c.AMOUNT], dtype=np.int64)[failed])
    paid = c.sums_by(group_of, len(groups), otherwise[failed])
    rows = []
    for group, count, amount, paid_otherwise in zip(groups, counts, amounts, paid, strict=True):
        of_all = attempts[group[0], group[3]]
        rows.append((*group, count, of_all, nearest_hundredths(count, of_all), paid_otherwise, amount))
    rows.sort(key=lambda row: (-row[4], *((word is None, word) for word in row[:4])))
    return c.FAILURES.from_rows(rows)
