"""The two passes without a name: amount, currency and time, with the hashed customer and without; never guesses.

They link only where the pair is unique on both sides; equal candidates are handed on as ambiguous. Orders and charges
whose states agree (a paid order and money kept, a cancelled order and money given back) are better candidates than
those whose states do not (a pending order and money taken), so they are looked at first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from recon import columns as c
from recon.arrays import Ints, Mask, Positions
from recon.columnar import np, pd
from recon.matching.passes import Board, Pass
from recon.model import EXPECTS_CHARGE, OrderStatus
from recon.settings import MatchSettings

MOST_NAMED = 50  # of one order's equal candidates at most so many, the nearest in time; the others are counted
_ANY = -1
_NONE = -2  # codes beside customers and refunded sums: whatever it is, and none (or all given back)
_NEVER = -3  # an order whose state no charge agrees with


def by_customer(board: Board, settings: MatchSettings) -> None:
    """Link pairs that are unique by amount, currency, window and the same hashed customer."""
    _compare(board, settings, "amount, time and customer", same=True)


def by_time(board: Board, settings: MatchSettings) -> None:
    """Link pairs that are unique by amount, currency and window, and whose customers do not contradict."""
    _compare(board, settings, "amount and time", same=False)


def _compare(board: Board, settings: MatchSettings, name: str, *, same: bool) -> None:
    """First those whose states agree, then the others; `same`: those with a customer alone."""
    for agreeing in (True, False):
        charges = nameless_charges(board)
        charges = _with_customer(board.charges, charges) if same else charges
        if not len(charges):
            return
        orders = nameless_orders(board)
        orders = _with_customer(board.orders, orders) if same else orders
        if not len(orders):
            return
        _link(board, settings, name, _sides(board, orders, charges, agreeing, same=same))


def _with_customer(frame: pd.DataFrame, places: Positions) -> Positions:
    return places[frame[c.CUSTOMER].iloc[places].notna().to_numpy(dtype=bool)]


def nameless_orders(board: Board) -> Positions:
    """Orders over something that have no charge, name none, and are not ambiguous already."""
    orders = board.orders
    usable: Mask = ~board.linked & orders[c.CHARGE_ID].isna().to_numpy() & (orders[c.AMOUNT] != 0).to_numpy()
    usable[list(board.ambiguous)] = False
    return np.flatnonzero(usable)


def nameless_charges(board: Board) -> Positions:
    """Free charges that were successful, name no order, and are nobody's equal candidate already."""
    usable: Mask = c.successful(board.charges) & board.free & ~board.names_order
    usable[[*board.contested, *(charge for candidates in board.ambiguous.values() for charge in candidates)]] = False
    return np.flatnonzero(usable)


@dataclass(frozen=True)
class _Sides:
    """Orders and charges to be compared (a charge may stand here twice), with codes that are equal where they fit."""

    orders: Positions
    order_groups: Positions
    charges: Positions
    charge_groups: Positions


@dataclass(frozen=True)
class _Codes:
    """One property of the orders and of the charges as numbers: only equal ones fit each other."""

    orders: Positions
    charges: Positions


def _sides(board: Board, orders: Positions, charges: Positions, agreeing: bool, *, same: bool) -> _Sides:
    """Only orders and charges of one account, currency, customer and, where asked for, state fit each other.

    `same` compares customers; else an order without one fits every charge, and one with a customer fits the charges
    without: those with the same customer were looked at by the pass before.
    """
    order_customers, charge_customers = c.joint_codes(
        board.orders[c.CUSTOMER].iloc[orders], board.charges[c.CUSTOMER].iloc[charges]
    )
    every_charge = np.arange(len(charges))
    whatever = (every_charge, np.full(len(charges), _ANY))
    customers = [(every_charge, charge_customers)]
    if not same:
        without = np.flatnonzero(charge_customers < 0)
        order_customers = np.where(order_customers >= 0, _NONE, _ANY)
        customers = [whatever, (without, np.full(len(without), _NONE))]
    order_states = _order_states(board, orders) if agreeing else np.full(len(orders), _ANY)
    place, customer, state = _all_pairs(
        len(charges), customers, _charge_states(board, charges) if agreeing else [whatever]
    )
    order_currencies, charge_currencies = c.word_codes(
        board.orders[c.CURRENCY].iloc[orders], board.charges[c.CURRENCY].iloc[charges]
    )
    order_groups, charge_groups = _groups(
        _Codes(board.order_accounts[orders], board.charge_accounts[charges[place]]),
        _Codes(order_currencies, charge_currencies[place]),
        _Codes(order_customers, customer),
        _Codes(order_states, state),
    )
    return _Sides(orders, order_groups, charges[place], charge_groups)


Marks = list[tuple[Positions, Ints]]  # places among the charges, and the code that each may stand under


def _all_pairs(count: int, first: Marks, second: Marks) -> tuple[Positions, Ints, Ints]:
    """Every place with each of its codes of the first kind and each of the second."""
    places: list[Positions] = []
    first_codes: list[Ints] = []
    second_codes: list[Ints] = []
    for marked, codes in first:
        code_of = np.full(count, _NEVER, dtype=np.int64)
        code_of[marked] = codes
        for other_places, other_codes in second:
            both = code_of[other_places] != _NEVER
            places.append(other_places[both])
            first_codes.append(code_of[other_places[both]])
            second_codes.append(other_codes[both])
    return np.concatenate(places), np.concatenate(first_codes), np.concatenate(second_codes)


def _order_states(board: Board, orders: Positions) -> Ints:
    """What each order says went back to the payer; a pending one fits nothing.

    A cancelled one expects all back, and so does a refunded one that does not say how much.
    """
    status = board.orders[c.STATUS].iloc[orders]
    refunded = board.orders[c.REFUNDED_AMOUNT].to_numpy(dtype=np.int64)[orders]
    expects = status.isin(list(EXPECTS_CHARGE)).to_numpy(dtype=bool)
    cancelled = (status == OrderStatus.CANCELLED).to_numpy(dtype=bool)
    unsaid = (status == OrderStatus.REFUNDED).to_numpy(dtype=bool) & (refunded == 0)
    return np.where(cancelled | unsaid, _NONE, np.where(expects, refunded, _NEVER))


def _charge_states(board: Board, charges: Positions) -> Marks:
    """What each charge gave back to the payer, and beside that which of them gave back all."""
    refunded = board.charges[c.REFUNDED_AMOUNT].to_numpy(dtype=np.int64)[charges]
    all_back = np.flatnonzero(refunded >= c.captured_amounts(board.charges)[charges])
    return [(np.arange(len(charges)), refunded), (all_back, np.full(len(all_back), _NONE))]


def _groups(*properties: _Codes) -> tuple[Positions, Positions]:
    """One number per order and per charge that is equal where all properties are."""
    count = len(properties[0].orders)
    result = np.zeros(count + len(properties[0].charges), dtype=np.intp)
    for codes in properties:
        column, values = pd.factorize(np.concatenate([codes.orders, codes.charges]))
        result = pd.factorize(result * (len(values) + 1) + column)[0]
    return result[:count], result[count:]


@dataclass(frozen=True)
class _Ranges:
    """Per order one or more ranges of `entries`, places in the sides' charges ordered by group, amount and time."""

    order: Positions  # per range the place of its order
    low: Positions
    high: Positions
    centre: Positions  # where the order's own time would stand
    entries: Positions

    def covered(self, ranges: Mask | slice = slice(None)) -> Ints:
        """Per entry how many of these ranges it lies in."""
        steps = np.zeros(len(self.entries) + 1, dtype=np.int64)
        np.add.at(steps, self.low[ranges], 1)
        np.add.at(steps, self.high[ranges], -1)
        return np.cumsum(steps)[:-1]


def _link(board: Board, settings: MatchSettings, name: str, sides: _Sides) -> None:
    ranges = _ranges(board, settings, sides)
    per_order = c.sums_at(ranges.order, len(sides.orders), ranges.high - ranges.low)
    per_charge = c.sums_at(sides.charges[ranges.entries], len(board.charges), ranges.covered())
    some = ranges.high > ranges.low
    first = sides.charges[ranges.entries[ranges.low[some]]]
    single = (per_order[ranges.order[some]] == 1) & (per_charge[first] == 1)
    linked = ranges.order[some][single]
    expects = c.expects_charge(board.orders)[sides.orders]
    doubtful = some & expects[ranges.order]
    doubtful[np.flatnonzero(some)[single]] = False
    for order, charges in _candidates(board, sides, ranges, np.flatnonzero(doubtful)):
        board.ambiguous[order] = tuple(dict.fromkeys((*board.ambiguous.get(order, ()), *charges)))[:MOST_NAMED]
    _count_the_others(board, sides, ranges, doubtful, per_order)
    board.link(sides.orders[linked], first[single], name)


def _count_the_others(board: Board, sides: _Sides, ranges: _Ranges, doubtful: Mask, per_order: Ints) -> None:
    """Of orders with more candidates than are named how many are not; no such charge is offered to anybody else."""
    crowded = doubtful & (per_order[ranges.order] > MOST_NAMED)
    for place in np.unique(ranges.order[crowded]).tolist():
        board.unnamed[int(sides.orders[place])] = int(per_order[place]) - MOST_NAMED
    board.contested.update(sides.charges[ranges.entries[ranges.covered(crowded) > 0]].tolist())


def _ranges(board: Board, settings: MatchSettings, sides: _Sides) -> _Ranges:
    """Where each order's candidates stand: equal group, amount within the tolerance, time within the window."""
    amounts = c.captured_amounts(board.charges)[sides.charges]
    times = c.micros(board.charges[c.CREATED_AT])[sides.charges]
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
    keys = keys[entries]
    own = own_cell * moments
    made = c.micros(board.orders[c.CREATED_AT])[sides.orders][order]
    window = settings.window // c.MICROSECOND

    def place(moment: Ints, side: Any) -> Positions:
        return np.asarray(np.searchsorted(keys, own + np.searchsorted(clock, moment, side=side)))

    return _Ranges(order, place(made - window, "left"), place(made + window, "right"), place(made, "left"), entries)


def _candidates(
    board: Board, sides: _Sides, ranges: _Ranges, chosen: Positions
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Per range its order and that order's candidates in the order of Omise's ids, the nearest in time if many."""
    if not len(chosen):
        return
    ids = board.charges[c.CHARGE_ID]
    for at in chosen.tolist():
        low = int(ranges.low[at])
        high = int(ranges.high[at])
        centre = int(ranges.centre[at])
        if high - low > MOST_NAMED:
            low = min(max(low, centre - MOST_NAMED // 2), high - MOST_NAMED)
            high = low + MOST_NAMED
        charges = np.unique(sides.charges[ranges.entries[low:high]])
        named = sorted(zip(ids.iloc[charges], charges.tolist(), strict=True))
        yield int(sides.orders[ranges.order[at]]), tuple(charge for _, charge in named)


PASSES = (Pass("amount, time and customer", 5, by_customer), Pass("amount and time", 6, by_time))
