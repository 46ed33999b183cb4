"""The charge's description holds the order's id."""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

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
    described = board.charges[c.DESCRIPTION].notna().to_numpy(dtype=bool)
    free = board.free
    taken = np.flatnonzero(described & ~free)
    read = described & free
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
    described = board.charges[c.DESCRIPTION].notna().to_numpy(dtype=bool)
    free = np.flatnonzero(board.free & board.pays & described)
    named = _named(board, np.flatnonzero(~board.paid), free, settings, crossing=True)
    single = {charge: orders[0] for charge, orders in named.items() if len(orders) == 1}
    orders = _positions(single.values())
    charges = _positions(single)
    sure = agreeing_amounts(board, orders, charges, settings)
    board.link(orders[sure], charges[sure], _NAME)


def names(order_refs: Any, descriptions: Any, patterns: Iterable[re.Pattern[str]]) -> tuple[Positions, Any]:
    """Every id that charges may name as their order, by their texts as Arrow takes them (null: none).

    The place of the charge, once for each of its ids, and the ids as Arrow's strings; metadata first.
    """
    refs = _array(order_refs)
    texts = _array(descriptions)
    described = np.flatnonzero(texts.is_valid())
    texts = texts.drop_null()
    in_word, words = _words(texts)
    places = [np.flatnonzero(refs.is_valid()), described[in_word]]
    ids = [refs.drop_null(), *words.chunks]
    for pattern in patterns:
        hits, pattern_ids = _by_pattern(texts.to_pylist(), pattern)
        places.append(described[hits])
        ids.append(pa.array(pattern_ids, pa.large_string()))
    return np.concatenate(places), pa.chunked_array(ids, pa.large_string())


def _link_several(board: Board, named: list[int], charge: int) -> None:
    """A description that names several orders pays them together if their sum says so, else nobody knows which."""
    amounts = board.orders[c.AMOUNT].iloc[named]
    currencies = board.orders[c.CURRENCY].iloc[named]
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
    texts = _array(board.charges[c.DESCRIPTION].iloc[charges])
    in_text, words = _words(texts)
    listed = texts.to_pylist() if settings.patterns else []
    sources = board.orders[c.SOURCE].iloc[orders]
    plain = orders[~sources.isin(list(settings.patterns)).to_numpy(dtype=bool)]
    by_word = _find(board, plain, charges[in_text], words.to_pandas().astype(c.TEXT), crossing)
    names_found = [(charges[in_text], by_word)]
    for source, pattern in settings.patterns.items():
        hits, ids = _by_pattern(listed, pattern)
        at = charges[hits]
        board.names_order[at] = True
        own = orders[(sources == source).to_numpy(dtype=bool)]
        names_found.append((at, _find(board, own, at, pd.Series(ids, dtype=c.TEXT), crossing)))
    result: defaultdict[int, set[int]] = defaultdict(set)
    for at, named in names_found:
        for charge, order in zip(at[named >= 0].tolist(), named[named >= 0].tolist(), strict=True):
            result[charge].add(order)
    board.names_order[list(result)] = True
    return {charge: sorted(named) for charge, named in result.items()}


def _find(board: Board, orders: Positions, charges: Positions, ids: "pd.Series[str]", crossing: bool) -> Positions:
    order_names = Names.of(board.orders[c.ORDER_ID], board.order_accounts, orders)
    wanted = Names(ids, board.charge_accounts[charges])
    places = lookup(order_names.everywhere(), wanted.everywhere()) if crossing else lookup(order_names, wanted)
    return np.where(places >= 0, orders[places], -1) if len(orders) else places


def _array(texts: Any) -> Any:
    """Texts as one Arrow array."""
    array = pa.array(texts, pa.large_string(), from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _words(texts: Any) -> tuple[Positions, Any]:
    """Every word of every text with the text's place: as it stands, without its edges, and without a hash sign."""
    split = pc.utf8_split_whitespace(texts)
    words = pc.list_flatten(split)
    parents = pc.list_parent_indices(split).to_numpy().astype(np.intp)
    places = [parents]
    variants = [words]
    for edges in (_EDGES, _EDGES + "#"):
        trimmed = pc.utf8_trim(words, characters=edges)
        other = pc.not_equal(trimmed, words)
        places.append(parents[other.to_numpy(zero_copy_only=False)])
        variants.append(trimmed.filter(other))
    return np.concatenate(places), pa.chunked_array(variants, pa.large_string())


def _by_pattern(texts: Iterable[str], pattern: re.Pattern[str]) -> tuple[Positions, list[str]]:
    """The places of the texts in which a source's pattern finds an id, and these ids."""
    hits = [(at, hit.group(1)) for at, text in enumerate(texts) if (hit := pattern.search(text))]
    return _positions(at for at, _ in hits), [name for _, name in hits]


def _positions(numbers: Iterable[int]) -> Positions:
    return np.fromiter(numbers, dtype=np.intp)


PASSES = (Pass(_NAME, 3, link, cross),)
