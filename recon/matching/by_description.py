"""The charge's description holds the order's id."""

from __future__ import annotations

from collections import defaultdict

from recon import columns as c
from recon.arrays import Positions
from recon.columnar import np, pd
from recon.matching.names import arrow_texts, by_pattern, named_by_plugin, positions, words_of
from recon.matching.passes import Board, Names, Pass, agreeing_amounts, lookup
from recon.settings import MatchSettings

_NAME = "description"


def link(board: Board, settings: MatchSettings) -> None:
    """Link each charge whose description holds exactly one order id: by its source's pattern, else as a word.

    What a plug-in of Omise's wrote names what its pattern says. A charge that an order named by id is read too where
    the amounts differ: it may pay several orders.
    """
    described = board.charges[c.DESCRIPTION].notna().to_numpy(dtype=bool)
    free = board.free
    taken = np.flatnonzero(described & ~free)
    read = described & free
    read[taken[~agreeing_amounts(board, board.taken_by[taken], taken, settings)]] = True
    read[list(board.shared)] = False
    named = _named(board, np.arange(len(board.orders)), np.flatnonzero(read), settings, crossing=False)
    single = {charge: orders[0] for charge, orders in named.items() if len(orders) == 1 and free[charge]}
    board.link(positions(single.values()), positions(single), _NAME)
    for charge, orders in sorted(named.items()):
        if len(orders) > 1:
            _link_several(board, orders, charge)


def cross(board: Board, settings: MatchSettings) -> None:
    """The same for orders that no charge pays, with free charges of other accounts over the same amount."""
    described = board.charges[c.DESCRIPTION].notna().to_numpy(dtype=bool)
    free = np.flatnonzero(board.free & board.pays & described)
    unpaid = np.flatnonzero(~board.paid)
    if not len(free) or not len(unpaid):
        return
    named = _named(board, unpaid, free, settings, crossing=True)
    single = {charge: orders[0] for charge, orders in named.items() if len(orders) == 1}
    orders = positions(single.values())
    charges = positions(single)
    sure = agreeing_amounts(board, orders, charges, settings)
    board.link(orders[sure], charges[sure], _NAME)


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
    if not len(charges):
        return {}
    texts = arrow_texts(board.charges[c.DESCRIPTION].iloc[charges])
    in_text, words = words_of(texts)
    sources = board.orders[c.SOURCE].iloc[orders]
    plain = orders[~sources.isin([*settings.patterns, *settings.undescribed]).to_numpy(dtype=bool)]
    by_word = _find(board, plain, charges[in_text], words.to_pandas().astype(c.TEXT), crossing)
    orders_named = [(charges[in_text], by_word)]
    for source, pattern in settings.patterns.items():
        hits, ids = by_pattern(texts, pattern)
        at = charges[hits]
        board.names_order[at] = True
        own = orders[(sources == source).to_numpy(dtype=bool)]
        orders_named.append((at, _find(board, own, at, ids.to_pandas().astype(c.TEXT), crossing)))
    result: defaultdict[int, set[int]] = defaultdict(set)
    for at, named in orders_named:
        for charge, order in zip(at[named >= 0].tolist(), named[named >= 0].tolist(), strict=True):
            result[charge].add(order)
    board.names_order[list(result)] = True
    board.names_order[charges[named_by_plugin(texts)]] = True
    return {charge: sorted(named) for charge, named in result.items()}


def _find(board: Board, orders: Positions, charges: Positions, ids: pd.Series[str], crossing: bool) -> Positions:
    order_names = Names.of(board.orders[c.ORDER_ID], board.order_accounts, orders)
    wanted = Names(ids, board.charge_accounts[charges])
    places = lookup(order_names.everywhere(), wanted.everywhere()) if crossing else lookup(order_names, wanted)
    return np.where(places >= 0, orders[places], -1) if len(orders) else places


PASSES = (Pass(_NAME, 3, link, cross),)
