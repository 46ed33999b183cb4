"""The charge names its order in the metadata; knows no descriptions and no amounts."""

import re

import pandas as pd

from recon import columns as c
from recon.matching.passes import Board, Pass, Positions, Scope, unique_lookup
from recon.settings import MatchSettings

_NAME = "metadata"
_LISTED = re.compile(r"[^\s\[\]\",;]+")  # of a JSON list's text, or of ids between commas


def link(board: Board, scope: Scope, _settings: MatchSettings) -> None:
    """Link each free charge to the order that its metadata names, or to all orders of a list that it names."""
    free = scope.charges[board.free[scope.charges]]
    ids = board.orders[c.ORDER_ID].iloc[scope.orders]
    found = unique_lookup(ids, board.charges[c.ORDER_REF].iloc[free])
    hit = found >= 0
    board.link(scope.orders[found[hit]], free[hit], _NAME)
    if not scope.crossing:
        _link_lists(board, scope, free[~hit], ids)


def _link_lists(board: Board, scope: Scope, charges: Positions, ids: "pd.Series[str]") -> None:
    refs = board.charges[c.ORDER_REF].iloc[charges]
    several = refs.str.contains("[,;]", regex=True, na=False).to_numpy(dtype=bool)
    for charge, ref in zip(charges[several], refs[several], strict=True):
        names = pd.Series(sorted(set(_LISTED.findall(ref))), dtype=c.TEXT)
        found = unique_lookup(ids, names)
        if len(names) > 1 and (found >= 0).all():
            board.share(scope.orders[found].tolist(), int(charge), _NAME)


PASSES = (Pass(_NAME, 2, link, crosses=True),)
