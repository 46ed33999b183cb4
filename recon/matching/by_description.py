"""The charge's description holds the order's id."""

import re
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from recon import columns as c
from recon.arrays import Positions
from recon.matching.passes import Board, Names, Pass, agreeing_amounts, lookup
from recon.settings import MatchSettings

_NAME = "description"
_EDGES = " \t\r\n.,;:!?()[]{}<>\"'"


def link(board: Board, settings: MatchSettings) -> None:
    """Link each charge whose description holds exactly one order id: by its source's pattern, else as a word.

    A charge that an order named by id is read too where the amounts differ: it may pay several orders.
    """
    told, free = board.charges[c.DESCRIPTION].notna().to_numpy(dtype=bool), board.free
    taken = np.flatnonzero(told & ~free)
    read = told & free
    read[taken[~agreeing_amounts(board, board.taken_by[taken], taken, settings)]] = True
    read[list(board.shared)] = False
    named = _named(board, np.arange(len(board.orders)), np.flatnonzero(read), settings, crossing=False)
    single = {charge: orders[0] for charge, orders in named.items() if len(orders) == 1 and free[charge]}
    board.link(_positions(single.values()), _positions(single), _NAME)
    for charge, orders in sorted(named.items()):
        if len(orders) > 1:
            _link_several(board, orders, charge)


def cross(board: Board, settings: MatchSettings) -> None:
    """The same for orders that no charge pays, with free charges of other accounts over the same amount."""
    told = board.charges[c.DESCRIPTION].notna().to_numpy(dtype=bool)
    free = np.flatnonzero(board.free & board.pays & told)
    named = _named(board, np.flatnonzero(~board.paid), free, settings, crossing=True)
    single = {charge: orders[0] for charge, orders in named.items() if len(orders) == 1}
    orders, charges = _positions(single.values()), _positions(single)
    sure = agreeing_amounts(board, orders, charges, settings)
    board.link(orders[sure], charges[sure], _NAME)


def names(charges: pd.DataFrame, patterns: Iterable[re.Pattern[str]]) -> pd.DataFrame:
    """Every id that charges (with ORDER_REF and DESCRIPTION) may name as their order: the row, and the id.

    A row stands there once for each of its ids; metadata first.
    """
    referred = np.flatnonzero(charges[c.ORDER_REF].notna().to_numpy(dtype=bool))
    told = np.flatnonzero(charges[c.DESCRIPTION].notna().to_numpy(dtype=bool))
    texts = charges[c.DESCRIPTION].iloc[told]
    at, words = _words(texts)
    rows, found = [referred, told[at]], [charges[c.ORDER_REF].iloc[referred], words]
    for pattern in patterns:
        at, ids = _by_pattern(texts, pattern)
        rows.append(told[at])
        found.append(ids)
    return pd.DataFrame({c.ROW: np.concatenate(rows), c.ORDER_REF: pd.concat(found, ignore_index=True)})


def _link_several(board: Board, named: list[int], charge: int) -> None:
    """A description that names several orders pays them together if their sum says so, else nobody knows which."""
    amounts, currencies = board.orders[c.AMOUNT].iloc[named], board.orders[c.CURRENCY].iloc[named]
    captured = c.captured_amounts(board.charges.iloc[[charge]])[0]
    same = set(currencies) == {board.charges[c.CURRENCY].iloc[charge]} and int(amounts.sum()) == captured
    taken = int(board.taken_by[charge])
    if same and (taken < 0 or taken in named):
        board.share(named, charge, _NAME)
    elif taken < 0 and board.pays[charge]:
        for order in named:
            board.doubt(order, charge)


def _named(
    board: Board, orders: Positions, charges: Positions, settings: MatchSettings, *, crossing: bool
) -> dict[int, list[int]]:
    """Per charge the orders that its description names, by position; what is not unique names nobody."""
    texts = board.charges[c.DESCRIPTION].iloc[charges]
    by_word, words = _words(texts)
    sources = board.orders[c.SOURCE].iloc[orders]
    plain = orders[~sources.isin(list(settings.patterns)).to_numpy(dtype=bool)]
    found = [(charges[by_word], _find(board, plain, charges[by_word], words, crossing))]
    for source, pattern in settings.patterns.items():
        hits, ids = _by_pattern(texts, pattern)
        at = charges[hits]
        board.names_order[at] = True
        own = orders[(sources == source).to_numpy(dtype=bool)]
        found.append((at, _find(board, own, at, ids, crossing)))
    result: defaultdict[int, set[int]] = defaultdict(set)
    for at, named in found:
        for charge, order in zip(at[named >= 0].tolist(), named[named >= 0].tolist(), strict=True):
            result[charge].add(order)
    board.names_order[list(result)] = True
    return {charge: sorted(named) for charge, named in result.items()}


def _find(board: Board, orders: Positions, charges: Positions, ids: "pd.Series[str]", crossing: bool) -> Positions:
    known = Names.of(board.orders[c.ORDER_ID], board.order_accounts, orders)
    wanted = Names(ids, board.charge_accounts[charges])
    found = lookup(known.everywhere(), wanted.everywhere()) if crossing else lookup(known, wanted)
    return np.where(found >= 0, orders[found], -1) if len(orders) else found


def _words(texts: "pd.Series[str]") -> "tuple[Positions, pd.Series[str]]":
    """Every word of every text with the text's place: as it stands, without its edges, and without a hash sign."""
    if not len(texts):
        return np.zeros(0, dtype=np.intp), pd.Series([], dtype=c.TEXT)
    split = pc.utf8_split_whitespace(pa.array(texts))
    split = split.combine_chunks() if isinstance(split, pa.ChunkedArray) else split
    words, parents = pc.list_flatten(split), pc.list_parent_indices(split).to_numpy().astype(np.intp)
    bare = pc.utf8_trim(words, characters=_EDGES)
    places, found = [parents], [words]
    for trimmed in (bare, pc.utf8_trim(words, characters=_EDGES + "#")):
        other = pc.not_equal(trimmed, words).to_numpy(zero_copy_only=False)
        places.append(parents[other])
        found.append(trimmed.filter(pa.array(other)))
    return np.concatenate(places), pa.chunked_array(found).to_pandas().astype(c.TEXT)


def _by_pattern(texts: "pd.Series[str]", pattern: re.Pattern[str]) -> "tuple[Positions, pd.Series[str]]":
    """The places of the texts in which a source's pattern finds an id, and these ids."""
    hits = [(at, hit.group(1)) for at, text in enumerate(texts) if (hit := pattern.search(text))]
    return _positions(at for at, _ in hits), pd.Series([name for _, name in hits], dtype=c.TEXT)


def _positions(found: Iterable[int]) -> Positions:
    return np.fromiter(found, dtype=np.intp)


PASSES = (Pass(_NAME, 3, link, cross),)
