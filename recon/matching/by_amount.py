"""The two passes without a name: amount, currency and time, with the hashed customer and without; never guesses.

They link only where the pair is unique on both sides; equal candidates are handed on as ambiguous.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from recon import columns as c
from recon.matching.passes import Board, Mask, Pass, Positions, Scope
from recon.model import EXPECTS_CHARGE
from recon.settings import MatchSettings

Candidates = dict[int, list[int]]
_MICROSECOND = timedelta(microseconds=1)


def by_customer(board: Board, scope: Scope, settings: MatchSettings) -> None:
    """Link pairs that are unique by amount, currency, window and the same hashed customer."""
    _link(board, scope, settings, "amount, time and customer", _same_customer)


def by_time(board: Board, scope: Scope, settings: MatchSettings) -> None:
    """Link pairs that are unique by amount, currency and window, and whose customers do not contradict."""
    _link(board, scope, settings, "amount and time", _no_other_customer)


def _same_customer(order: object, charge: object) -> bool:
    return isinstance(order, str) and order == charge


def _no_other_customer(order: object, charge: object) -> bool:
    return not (isinstance(order, str) and isinstance(charge, str)) or order == charge


def _link(
    board: Board, scope: Scope, settings: MatchSettings, name: str, agrees: Callable[[object, object], bool]
) -> None:
    orders, charges = _nameless_orders(board, scope), _nameless_charges(board, scope)
    by_order = _candidates(board, orders, charges, settings, agrees)
    by_charge: defaultdict[int, list[int]] = defaultdict(list)
    for order, found in by_order.items():
        for charge in found:
            by_charge[charge].append(order)
    pairs = [(o, found[0]) for o, found in by_order.items() if len(found) == 1 and len(by_charge[found[0]]) == 1]
    linked = {order for order, _ in pairs}
    board.ambiguous |= {order: tuple(found) for order, found in by_order.items() if order not in linked}
    pairs_of = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    board.link(pairs_of[:, 0], pairs_of[:, 1], name)


def _nameless_orders(board: Board, scope: Scope) -> Positions:
    """Orders that expect a charge, have none, name none, and are not ambiguous already."""
    orders = board.orders
    usable: Mask = orders[c.STATUS].isin(list(EXPECTS_CHARGE)).to_numpy(dtype=bool) & ~board.linked
    usable &= orders[c.CHARGE_ID].isna().to_numpy() & (orders[c.AMOUNT] != 0).to_numpy(dtype=bool)
    usable[list(board.ambiguous)] = False
    return scope.orders[usable[scope.orders]]


def _nameless_charges(board: Board, scope: Scope) -> Positions:
    """Free charges that took money, name no order, and are nobody's equal candidate already."""
    charges = board.charges
    usable: Mask = board.pays & board.free & charges[c.ORDER_REF].isna().to_numpy()
    usable[[charge for found in board.ambiguous.values() for charge in found]] = False
    return scope.charges[usable[scope.charges]]


def _candidates(
    board: Board,
    orders: Positions,
    charges: Positions,
    settings: MatchSettings,
    agrees: Callable[[object, object], bool],
) -> Candidates:
    """Per order every charge that fits it, in the order of Omise's ids; orders without any are absent."""
    order_customers = board.orders[c.CUSTOMER].to_numpy(dtype=object)
    charge_customers = board.charges[c.CUSTOMER].to_numpy(dtype=object)
    charge_ids = board.charges[c.CHARGE_ID].to_numpy(dtype=object)
    result: Candidates = {}
    for order, near in _near(board, orders, charges, settings):
        found = [int(p) for p in near if agrees(order_customers[order], charge_customers[p])]
        if found:
            result[int(order)] = sorted(found, key=lambda position: str(charge_ids[position]))
    return result


def _near(
    board: Board, orders: Positions, charges: Positions, settings: MatchSettings
) -> list[tuple[int, Positions]]:
    """Per order the charges of its currency within the tolerance of its amount and the window of its time."""
    amounts = c.captured_amounts(board.charges)
    order_amounts = board.orders[c.AMOUNT].to_numpy(dtype=np.int64)
    order_times, charge_times = _micros(board.orders[c.CREATED_AT]), _micros(board.charges[c.CREATED_AT])
    order_currencies = board.orders[c.CURRENCY].to_numpy(dtype=object)
    charge_currencies = board.charges[c.CURRENCY].to_numpy(dtype=object)
    window = settings.window // _MICROSECOND
    result = []
    for currency in sorted(set(order_currencies[orders]) & set(charge_currencies[charges])):
        pool = charges[charge_currencies[charges] == currency]
        pool = pool[np.lexsort((charge_times[pool], amounts[pool]))]
        pool_amounts = amounts[pool]
        for order in orders[order_currencies[orders] == currency]:
            amount = int(order_amounts[order])
            slack = settings.tolerance.slack(amount, currency)
            low, high = np.searchsorted(pool_amounts, [amount - slack, amount + slack + 1])
            near = pool[low:high]
            result.append((int(order), near[np.abs(charge_times[near] - order_times[order]) <= window]))
    return result


def _micros(times: "pd.Series[Any]") -> npt.NDArray[np.int64]:
    return times.to_numpy(dtype="datetime64[us]").astype(np.int64)


PASSES = (Pass("amount, time and customer", 4, by_customer), Pass("amount and time", 5, by_time))
