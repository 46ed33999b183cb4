"""The most certain pass without a person: the order names its charge."""

from __future__ import annotations

from recon import columns as c
from recon.arrays import Positions
from recon.columnar import np
from recon.matching.names import is_named_by
from recon.matching.passes import Board, Names, Pass, lookup
from recon.settings import MatchSettings

_NAME = "charge id"


def link(board: Board, settings: MatchSettings) -> None:
    """Link each order to the free charge it names; where several name one, the charge's own word decides."""
    orders = np.flatnonzero(board.orders[c.CHARGE_ID].notna().to_numpy(dtype=bool))
    if not len(orders):
        return
    wanted = Names.of(board.orders[c.CHARGE_ID], board.order_accounts, orders)
    charge_at = lookup(Names(board.charges[c.CHARGE_ID], board.charge_accounts), wanted)
    free = charge_at >= 0
    free[free] = board.free[charge_at[free]]
    _link(board, settings, orders[free], charge_at[free])


def cross(board: Board, settings: MatchSettings) -> None:
    """The same for orders that no charge pays, among the free charges of other accounts that took money."""
    free = np.flatnonzero(board.free & board.pays)
    orders = np.flatnonzero(board.orders[c.CHARGE_ID].notna().to_numpy(dtype=bool) & ~board.paid)
    if not len(free) or not len(orders):
        return
    wanted = Names.of(board.orders[c.CHARGE_ID], board.order_accounts, orders).everywhere()
    charge_at = lookup(Names.of(board.charges[c.CHARGE_ID], board.charge_accounts, free).everywhere(), wanted)
    _link(board, settings, orders[charge_at >= 0], free[charge_at[charge_at >= 0]])


def _link(board: Board, settings: MatchSettings, orders: Positions, charges: Positions) -> None:
    claims = np.bincount(charges, minlength=len(board.charges))[charges]
    sure = claims == 1
    several = np.flatnonzero(~sure)
    pairs = zip(orders[several].tolist(), charges[several].tolist(), strict=True)
    sure[several] = [is_named_by(board.orders.iloc[at], board.charges.iloc[of], settings) for at, of in pairs]
    board.link(orders[sure], charges[sure], _NAME)
    for order, charge in zip(orders[~sure].tolist(), charges[~sure].tolist(), strict=True):
        if board.taken_by[charge] < 0:
            board.doubt(order, charge)


PASSES = (Pass(_NAME, 1, link, cross),)
