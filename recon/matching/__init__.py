"""Which order belongs to which charge: passes in a row, most certain first; knows no amounts at risk and no rules.

Adding a pass is adding a module here with a tuple `PASSES`.
"""

import importlib
import pkgutil

import numpy as np
import pandas as pd

from recon import columns as c
from recon.matching.passes import Board, Pass, Positions, crossing_scopes, own_scopes
from recon.model import Matching
from recon.settings import MatchSettings


def _declared() -> tuple[Pass, ...]:
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    passes = [declared for module in modules for declared in getattr(module, "PASSES", ())]
    return tuple(sorted(passes, key=lambda declared: declared.rank))


PASSES: tuple[Pass, ...] = _declared()


def match(orders: pd.DataFrame, charges: pd.DataFrame, settings: MatchSettings) -> Matching:
    """Link orders (`columns.ORDERS`) and charges (`columns.CHARGES`); the order of rows never matters.

    Each account is matched with its own charges first; then orders that no charge pays look for one of that name
    in the other accounts.
    """
    board = Board.of(orders, charges)
    for step in PASSES:
        for scope in own_scopes(board):
            step.run(board, scope, settings)
    for step in PASSES:
        for scope in crossing_scopes(board) if step.crosses else ():
            step.run(board, scope, settings)
    taken = np.flatnonzero(~board.free)
    shared = [(order, charge) for charge, others in board.shared.items() for order in others]
    more = np.array(shared, dtype=np.intp).reshape(-1, 2)
    by_charge = np.concatenate([taken, more[:, 1]])
    return Matching(
        orders=np.concatenate([board.taken_by[taken], more[:, 0]]),
        charges=by_charge,
        matched_by=board.matched_by[by_charge],
        stands_for=_stands_for(board),
        ambiguous={order: found for order, found in board.ambiguous.items() if not board.linked[order]},
    )


def _stands_for(board: Board) -> Positions:
    """Per order the first of all orders that are tied to it by shared charges."""
    result = np.arange(len(board.orders), dtype=np.intp)
    for charge, others in board.shared.items():
        tied = result[[board.taken_by[charge], *others]]
        result[np.isin(result, tied)] = result[board.taken_by[charge]]
    return result


def links(orders: pd.DataFrame, charges: pd.DataFrame, matching: Matching) -> pd.DataFrame:
    """The pairs by their ids, shaped `columns.LINKS`."""
    by_order, by_charge = orders.iloc[matching.orders], charges.iloc[matching.charges]
    series = {
        c.ORDER_ACCOUNT: by_order[c.ACCOUNT],
        c.ORDER_ID: by_order[c.ORDER_ID],
        c.CHARGE_ACCOUNT: by_charge[c.ACCOUNT],
        c.CHARGE_ID: by_charge[c.CHARGE_ID],
    }
    frame = pd.DataFrame({name: column.reset_index(drop=True) for name, column in series.items()})
    frame[c.MATCHED_BY] = pd.Series(matching.matched_by, dtype=c.TEXT)
    return c.LINKS.check(frame)
