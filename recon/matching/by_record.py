"""What an earlier run linked without a name stays linked: a charge explained once is not offered to a later order."""

from recon import columns as c
from recon.columnar import np
from recon.matching import by_amount
from recon.matching.passes import Board, Pass, agreeing_amounts
from recon.settings import MatchSettings

_BY_AMOUNT = tuple(one.name for one in by_amount.PASSES)


def keep(board: Board, settings: MatchSettings) -> None:
    """Link what is recorded and still true: neither side is named or taken by now, and the amounts still agree."""
    recorded = board.recorded[board.recorded[c.MATCHED_BY].isin(_BY_AMOUNT).to_numpy(dtype=bool)]
    if not len(recorded):
        return
    orders, charges = board.places(recorded)
    usable = np.isin(orders, by_amount.nameless_orders(board)) & np.isin(charges, by_amount.nameless_charges(board))
    orders = orders[usable]
    charges = charges[usable]
    names = recorded[c.MATCHED_BY].to_numpy(dtype=object)[usable]
    still = agreeing_amounts(board, orders, charges, settings)
    for name in _BY_AMOUNT:
        board.link(orders[still & (names == name)], charges[still & (names == name)], name)


PASSES = (Pass("recorded", 4, keep),)
