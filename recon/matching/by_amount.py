"""The two passes without a name: amount, currency and time, with the hashed customer and without; never guesses.

They link only where the pair is unique on both sides; equal candidates are handed on as ambiguous. Orders and charges
whose states agree (a paid order and money kept, a cancelled order and money given back) are better candidates than
those whose states do not (a pending order and money taken), so they are looked at first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from recon import columns as c
from recon.arrays import Ints, Mask, Positions
from recon.matching.passes import Board, Pass
from recon.model import EXPECTS_CHARGE, OrderStatus
from recon.settings import MatchSettings

_MICROSECOND = timedelta(microseconds=1)

MOST_NAMED = 50  # of one order's equal candidates at most so many, the nearest in time; the others are counted
_ANY, _NONE = -1, -2  # codes beside customers and refunded sums: whatever it is, and none (or all given back)
_NEVER = -3  # an order whose state no charge agrees with


def by_customer(board: Board, settings: MatchSettings) -> None:
    """Link pairs that are unique by amount, currency, window and the same hashed customer."""
    for agreeing in (True, False):
        orders, charges = nameless_orders(board), nameless_charges(board)
        orders = orders[board.orders[c.CUSTOMER].iloc[orders].notna().to_numpy(dtype=bool)]
        charges = charges[board.charges[c.CUSTOMER].iloc[charges].notna().to_numpy(dtype=bool)]
        _link(board, settings, "amount, time and customer", _sides(board, orders, charges, agreeing, same=True))


def by_time(board: Board, settings: MatchSettings) -> None:
    """Link pairs that are unique by amount, currency and window, and whose customers do not contradict."""
    for agreeing in (True, False):
        orders, charges = nameless_orders(board), nameless_charges(board)
        _link(board, settings, "amount and time", _sides(board, orders, charges, agreeing, same=False))


def nameless_orders(board: Board) -> Positions:
    """Orders over something that have no charge, name none, and are not ambiguous already."""
    orders = board.orders
    usable: Mask = ~board.linked & orders[c.CHARGE_ID].isna().to_numpy() & (orders[c.AMOUNT] != 0).to_numpy()
    usable[list(board.ambiguous)] = False
    return np.flatnonzero(usable)


def nameless_charges(board: Board) -> Positions:
    """Free charges that were successful, name no order, and are nobody's equal candidate already."""
    usable: Mask = c.successful(board.charges) & board.free & ~board.names_order
    usable[[*board.contested, *(charge for found in board.ambiguous.values() for charge in found)]] = False
    return np.flatnonzero(usable)


@dataclass(frozen=True)
class _Sides:
    """Orders and charges to be compared (a charge may stand here twice), with codes that are equal where they fit."""

    orders: Positions
    order_groups: Positions
    charges: Positions
    charge_groups: Positions


def _sides(board: Board, orders: Positions, charges: Positions, agreeing: bool, *, same: bool) -> _Sides:
    """Only orders and charges of one account, currency, customer and, where asked for, state fit each other.

    `same` compares customers; else an order without one fits every charge, and one with a customer fits the charges
    without: those with the same customer were looked at by the pass before.
    """
    accounts = board.order_accounts[orders], board.charge_accounts[charges]
    currencies = c.word_codes(board.orders[c.CURRENCY].iloc[orders], board.charges[c.CURRENCY].iloc[charges])
    own, theirs = c.joint_codes(board.orders[c.CUSTOMER].iloc[orders], board.charges[c.CUSTOMER].iloc[charges])
    if same:
        wanted, customers = own, [(np.arange(len(charges)), theirs)]
    else:
        wanted = np.where(own >= 0, _NONE, _ANY)
        without = np.flatnonzero(theirs < 0)
        customers = [(np.arange(len(charges)), np.full(len(charges), _ANY)), (without, np.full(len(without), _NONE))]
    states = _charge_states(board, charges) if agreeing else [(np.arange(len(charges)), np.full(len(charges), _ANY))]
    order_states = _order_states(board, orders) if agreeing else np.full(len(orders), _ANY)
    place, customer, state = _all_pairs(len(charges), customers, states)
    ours = (accounts[0], currencies[0], wanted, order_states)
    groups = _codes([*zip(ours, (accounts[1][place], currencies[1][place], customer, state), strict=True)])
    return _Sides(orders, groups[: len(orders)], charges[place], groups[len(orders) :])


Marked = list[tuple[Positions, Ints]]


def _all_pairs(count: int, left: Marked, right: Marked) -> tuple[Positions, Ints, Ints]:
    """Every place with each of its marks on the left and each on the right."""
    places, ours, theirs = [], [], []
    for at, marks in left:
        mark_of = np.full(count, _NEVER, dtype=np.int64)
        mark_of[at] = marks
        for other, more in right:
            both = mark_of[other] != _NEVER
            places.append(other[both])
            ours.append(mark_of[other[both]])
            theirs.append(more[both])
    return np.concatenate(places), np.concatenate(ours), np.concatenate(theirs)


def _order_states(board: Board, orders: Positions) -> Ints:
    """What each order says went back to the payer; a cancelled one expects all back, a pending one fits nothing."""
    status = board.orders[c.STATUS].iloc[orders]
    refunded = board.orders[c.REFUNDED_AMOUNT].to_numpy(dtype=np.int64)[orders]
    expects = status.isin(list(EXPECTS_CHARGE)).to_numpy(dtype=bool)
    cancelled = (status == OrderStatus.CANCELLED).to_numpy(dtype=bool)
    return np.where(expects, refunded, np.where(cancelled, _NONE, _NEVER))


def _charge_states(board: Board, charges: Positions) -> Marked:
    """What each charge gave back to the payer, and beside that which of them gave back all."""
    refunded = board.charges[c.REFUNDED_AMOUNT].to_numpy(dtype=np.int64)[charges]
    all_back = np.flatnonzero(refunded >= c.captured_amounts(board.charges)[charges])
    return [(np.arange(len(charges)), refunded), (all_back, np.full(len(all_back), _NONE))]


def _codes(sides: list[tuple[Any, Any]]) -> Positions:
    """One number per row that is equal where all columns are: first the rows on the left, then those on the right."""
    result = np.zeros(len(sides[0][0]) + len(sides[0][1]), dtype=np.intp)
    for left, right in sides:
        column = np.concatenate([left, right])
        codes, values = pd.factorize(column)
        result = pd.factorize(result * (len(values) + 1) + codes)[0]
    return result


@dataclass(frozen=True)
class _Ranges:
    """Per order one or more ranges of `entries`, places in the sides' charges ordered by group, amount and time."""

    order: Positions  # per range the place of its order
    low: Positions
    high: Positions
    centre: Positions  # where the order's own time would stand
    entries: Positions


def _link(board: Board, settings: MatchSettings, name: str, sides: _Sides) -> None:
    if not len(sides.orders) or not len(sides.charges):
        return
    found = _ranges(board, settings, sides)
    per_order = np.zeros(len(sides.orders), dtype=np.int64)
    np.add.at(per_order, found.order, found.high - found.low)
    steps = np.zeros(len(found.entries) + 1, dtype=np.int64)
    np.add.at(steps, found.low, 1)
    np.add.at(steps, found.high, -1)
    per_charge = np.zeros(len(board.charges), dtype=np.int64)
    np.add.at(per_charge, sides.charges[found.entries], np.cumsum(steps)[:-1])
    some = found.high > found.low
    first = sides.charges[found.entries[found.low[some]]]
    single = (per_order[found.order[some]] == 1) & (per_charge[first] == 1)
    linked = found.order[some][single]
    expects = c.expects_charge(board.orders)[sides.orders]
    doubtful = some & expects[found.order]
    doubtful[np.flatnonzero(some)[single]] = False
    for order, charges in _candidates(board, sides, found, np.flatnonzero(doubtful)):
        board.ambiguous[order] = tuple(dict.fromkeys((*board.ambiguous.get(order, ()), *charges)))[:MOST_NAMED]
    _count_the_others(board, sides, found, doubtful, per_order)
    board.link(sides.orders[linked], first[single], name)


def _count_the_others(board: Board, sides: _Sides, found: _Ranges, doubtful: Mask, per_order: Ints) -> None:
    """Of orders with more candidates than are named how many are not; no such charge is offered to anybody else."""
    crowded = doubtful & (per_order[found.order] > MOST_NAMED)
    for place in np.unique(found.order[crowded]).tolist():
        board.unnamed[int(sides.orders[place])] = int(per_order[place]) - MOST_NAMED
    steps = np.zeros(len(found.entries) + 1, dtype=np.int64)
    np.add.at(steps, found.low[crowded], 1)
    np.add.at(steps, found.high[crowded], -1)
    board.contested.update(sides.charges[found.entries[np.cumsum(steps)[:-1] > 0]].tolist())


def _ranges(board: Board, settings: MatchSettings, sides: _Sides) -> _Ranges:
    """Where each order's candidates stand: equal group, amount within the tolerance, time within the window."""
    amounts = c.captured_amounts(board.charges)[sides.charges]
    times = _micros(board.charges[c.CREATED_AT])[sides.charges]
    expected = board.orders[c.AMOUNT].to_numpy(dtype=np.int64)[sides.orders]
    slack = c.slack(board.orders[c.CURRENCY].iloc[sides.orders], expected, settings.tolerance)
    steps = np.unique(amounts)
    ranks = len(steps) + 1
    cells, cell = np.unique(sides.charge_groups * ranks + np.searchsorted(steps, amounts), return_inverse=True)
    base = sides.order_groups * ranks
    low = np.searchsorted(cells, base + np.searchsorted(steps, expected - slack))
    high = np.searchsorted(cells, base + np.searchsorted(steps, expected + slack, side="right"))
    order = np.repeat(np.arange(len(low)), high - low)
    ends = np.cumsum(high - low)
    own_cell = low[order] + np.arange(len(order)) - (ends - (high - low))[order]

    clock = np.sort(times)
    moments = len(clock) + 1
    keys = cell * moments + np.searchsorted(clock, times)
    entries = np.argsort(keys, kind="stable")
    keys, own = keys[entries], own_cell * moments
    made = _micros(board.orders[c.CREATED_AT])[sides.orders][order]
    window = settings.window // _MICROSECOND

    def place(moment: Ints, side: Any) -> Positions:
        return np.asarray(np.searchsorted(keys, own + np.searchsorted(clock, moment, side=side)))

    return _Ranges(order, place(made - window, "left"), place(made + window, "right"), place(made, "left"), entries)


def _candidates(
    board: Board, sides: _Sides, found: _Ranges, ranges: Positions
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Per range its order and that order's candidates in the order of Omise's ids, the nearest in time if many."""
    if not len(ranges):
        return
    ids = board.charges[c.CHARGE_ID]
    for at in ranges.tolist():
        low, high, centre = int(found.low[at]), int(found.high[at]), int(found.centre[at])
        if high - low > MOST_NAMED:
            low = min(max(low, centre - MOST_NAMED // 2), high - MOST_NAMED)
            high = low + MOST_NAMED
        charges = np.unique(sides.charges[found.entries[low:high]])
        named = sorted(zip(ids.iloc[charges], charges.tolist(), strict=True))
        yield int(sides.orders[found.order[at]]), tuple(charge for _, charge in named)


def _micros(times: "pd.Series[Any]") -> Ints:
    return times.to_numpy(dtype="datetime64[us]").astype(np.int64)


PASSES = (Pass("amount, time and customer", 5, by_customer), Pass("amount and time", 6, by_time))
