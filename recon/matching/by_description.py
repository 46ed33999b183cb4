"""The charge's description holds the order's id; knows no metadata and no amounts."""

import re
from collections.abc import Iterable, Mapping

import numpy as np

from recon import columns as c
from recon.matching.passes import Board, Pass, Scope
from recon.settings import MatchSettings

_NAME = "description"
_EDGES = " \t\r\n.,;:!?()[]{}<>\"'"


def link(board: Board, scope: Scope, settings: MatchSettings) -> None:
    """Link each free charge whose description holds exactly one order id: by its source's pattern, else as a word."""
    texts = board.charges[c.DESCRIPTION]
    free = scope.charges[board.free[scope.charges] & texts.notna().to_numpy()[scope.charges]]
    if not len(free):
        return
    ids = board.orders[c.ORDER_ID].iloc[scope.orders]
    sources = board.orders[c.SOURCE].iloc[scope.orders]
    known = _positions(zip(ids, sources, scope.orders, strict=True), settings.patterns)
    orders, charges = [], []
    several: list[tuple[int, list[int]]] = []
    for charge, text in zip(free.tolist(), texts.iloc[free], strict=True):
        named = _named(text, known, settings.patterns)
        if len(named) == 1:
            orders.append(named.pop())
            charges.append(charge)
        elif named and not scope.crossing:
            several.append((charge, sorted(named)))
    board.link(np.array(orders, dtype=np.intp), np.array(charges, dtype=np.intp), _NAME)
    _link_several(board, several)


def _link_several(board: Board, several: list[tuple[int, list[int]]]) -> None:
    """A description that names several orders pays them together if their sum says so, else nobody knows which."""
    captured = c.captured_amounts(board.charges)
    amounts, currencies = board.orders[c.AMOUNT], board.orders[c.CURRENCY]
    for charge, named in several:
        same = set(currencies.iloc[named]) == {board.charges[c.CURRENCY].iloc[charge]}
        if same and int(amounts.iloc[named].sum()) == captured[charge]:
            board.share(named, charge, _NAME)
        elif board.pays[charge]:
            for order in named:
                board.ambiguous.setdefault(order, ())
                board.ambiguous[order] += (charge,)


Known = Mapping[tuple[str, str], int]  # (source with a pattern or "", order id) -> the order, -1 where not unique


def _positions(rows: Iterable[tuple[str, str, int]], patterns: Mapping[str, re.Pattern[str]]) -> Known:
    known: dict[tuple[str, str], int] = {}
    for order_id, source, position in rows:
        key = (source if source in patterns else "", order_id)
        known[key] = -1 if key in known else int(position)
    return known


def _named(text: str, known: Known, patterns: Mapping[str, re.Pattern[str]]) -> set[int]:
    """The orders that a description names; one that is not unique names nobody."""
    keys = {("", word) for raw in text.split() for word in (raw, raw.strip(_EDGES), raw.strip(_EDGES + "#"))}
    keys |= {(source, found.group(1)) for source, pattern in patterns.items() if (found := pattern.search(text))}
    return {position for key in keys if (position := known.get(key, -1)) >= 0}


PASSES = (Pass(_NAME, 3, link, crosses=True),)
