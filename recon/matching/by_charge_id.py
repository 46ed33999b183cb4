"""The most certain pass: the order names its charge; knows no metadata and no amounts."""

import numpy as np

from recon import columns as c
from recon.matching.passes import Board, Pass, Scope, unique_lookup
from recon.settings import MatchSettings


def link(board: Board, scope: Scope, _settings: MatchSettings) -> None:
    """Link each order to the charge it names; where several name one charge, the charge's own word decides."""
    free = scope.charges[board.free[scope.charges]]
    named = board.orders[c.CHARGE_ID].iloc[scope.orders]
    found = unique_lookup(board.charges[c.CHARGE_ID].iloc[free], named)
    hit = found >= 0
    orders, charges = scope.orders[hit], free[found[hit]]
    claims = np.bincount(charges, minlength=len(board.charges))[charges]
    refs = board.charges[c.ORDER_REF].to_numpy(dtype=object)[charges]
    agrees = board.orders[c.ORDER_ID].to_numpy(dtype=object)[orders] == refs
    sure = (claims == 1) | agrees
    board.link(orders[sure], charges[sure], PASSES[0].name)
    taken = set(charges[sure].tolist())
    unsure = zip(orders[~sure].tolist(), charges[~sure].tolist(), strict=True)
    board.ambiguous |= {order: (charge,) for order, charge in unsure if charge not in taken}


PASSES = (Pass("charge id", 1, link, crosses=True),)
