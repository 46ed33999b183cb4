"""Which order belongs to which charge: passes in a row, most certain first.

Adding a pass is adding a module here with a tuple `PASSES`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection
from dataclasses import replace

from recon import columns as c
from recon.arrays import Positions
from recon.columnar import np, pd
from recon.matching.kept_aside import charges_of, orders_of
from recon.matching.passes import Board, Pass
from recon.model import Matching
from recon.settings import MatchSettings


def _declared() -> tuple[Pass, ...]:
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    passes = [declared for module in modules for declared in getattr(module, "PASSES", ())]
    return tuple(sorted(passes, key=lambda declared: declared.rank))


PASSES: tuple[Pass, ...] = _declared()


def match(
    orders: pd.DataFrame,
    charges: pd.DataFrame,
    settings: MatchSettings,
    recorded: pd.DataFrame | None = None,
    *,
    kept_aside: pd.DataFrame | None = None,
    rejected: pd.DataFrame | None = None,
    unread_accounts: Collection[str] = (),
) -> Matching:
    """Link orders (`columns.ORDERS`) and charges (`columns.CHARGES`); the order of rows never matters.

    Each account is matched with its own charges by names; then orders that no charge pays look for one of their name
    in the other accounts; then what has no name is matched by amount. `recorded` (`columns.LINKS`): the links of
    earlier runs; those by amount stay, unless a name says otherwise or their facts changed.
    What could not be read links nothing: of `kept_aside` (`columns.KEPT_ASIDE`) and `rejected` (`columns.REJECTED`)
    it is said what may belong to it, and which charges without an order may have one in files that could not be read,
    those of `unread_accounts`.
    """
    board = Board.of(orders, charges, c.LINKS.empty() if recorded is None else recorded)
    by_name = [step for step in PASSES if step.cross]
    for step in by_name:
        step.run(board, settings)
    for step in by_name:
        if step.cross:
            step.cross(board, settings)
    for step in PASSES:
        if not step.cross:
            step.run(board, settings)
    taken = np.flatnonzero(~board.free)
    shared = [(order, charge) for charge, other_orders in board.shared.items() for order in other_orders]
    more = np.array(shared, dtype=np.intp).reshape(-1, 2)
    by_charge = np.concatenate([taken, more[:, 1]])
    ambiguous = board.still_ambiguous()
    matching = Matching(
        orders=np.concatenate([board.taken_by[taken], more[:, 0]]),
        charges=by_charge,
        matched_by=board.matched_by[by_charge],
        stands_for=_stands_for(board),
        ambiguous=ambiguous,
        unnamed={order: more for order, more in board.unnamed.items() if order in ambiguous},
        contested=tuple(sorted(board.contested.union(*ambiguous.values()))),
        parted=_parted(board),
        parted_orders=_parted_orders(board),
        loose=tuple(np.flatnonzero(board.free & ~board.names_order & c.successful(charges)).tolist()),
    )
    may_be_paid = {} if kept_aside is None else orders_of(kept_aside, orders, charges, matching, settings)
    of_unread_rows = [] if rejected is None else charges_of(rejected, charges, board.free, settings).tolist()
    if unread_accounts:
        without_order = board.free & charges[c.ACCOUNT].isin(unread_accounts).to_numpy(dtype=bool)
        of_unread_rows = sorted({*of_unread_rows, *np.flatnonzero(without_order).tolist()})
    return replace(matching, kept_aside=may_be_paid, order_unread=tuple(of_unread_rows))


def _parted(board: Board) -> tuple[int, ...]:
    free = np.flatnonzero(board.free)
    recorded = c.is_in(board.charges[c.CHARGE_ID].iloc[free], board.recorded[c.CHARGE_ID])
    return tuple(free[recorded].tolist())


def _parted_orders(board: Board) -> tuple[int, ...]:
    alone = ~board.linked
    of_alone = c.is_in(board.recorded[c.ORDER_ID], board.orders[c.ORDER_ID][alone])
    if not of_alone.any():
        return ()
    orders, _ = board.places(board.recorded[of_alone])
    return tuple(np.unique(orders[(orders >= 0) & alone[orders]]).tolist())


def _stands_for(board: Board) -> Positions:
    """Per order the first, by order id, of all orders that are tied to it by shared charges."""
    tied: dict[int, set[int]] = {}
    for charge, other_orders in board.shared.items():
        members = {int(board.taken_by[charge]), *other_orders}
        for tied_members in [tied[order] for order in members if order in tied]:
            members |= tied_members
        tied |= dict.fromkeys(members, members)
    result = np.arange(len(board.orders), dtype=np.intp)
    ids = dict(zip(sorted(tied), board.orders[c.ORDER_ID].iloc[sorted(tied)], strict=True))
    for order, members in tied.items():
        result[order] = min(members, key=lambda member: str(ids[member]))
    return result


def links(orders: pd.DataFrame, charges: pd.DataFrame, matching: Matching) -> pd.DataFrame:
    """The pairs by their ids, shaped `columns.LINKS`."""
    by_order = orders[[c.ACCOUNT, c.ORDER_ID]].iloc[matching.orders]
    by_charge = charges[[c.ACCOUNT, c.CHARGE_ID]].iloc[matching.charges]
    columns = {
        c.ORDER_ACCOUNT: by_order[c.ACCOUNT],
        c.ORDER_ID: by_order[c.ORDER_ID],
        c.CHARGE_ACCOUNT: by_charge[c.ACCOUNT],
        c.CHARGE_ID: by_charge[c.CHARGE_ID],
        c.MATCHED_BY: pd.Series(matching.matched_by, dtype=c.TEXT),
    }
    return c.LINKS.of_columns(columns)
