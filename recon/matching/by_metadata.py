"""The charge names its order in the metadata: by the order's id, or by the reference of its payment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recon import columns as c
from recon.arrays import Mask, Positions
from recon.columnar import np, pd
from recon.matching.names import key_groups, listed, names_lists, texts_of_groups
from recon.matching.passes import Board, Names, Pass, agreeing_amounts, lookup
from recon.settings import MatchSettings

_NAME = "metadata"


@dataclass(frozen=True)
class Pairs:
    """Positions of orders and of the charges that name them."""

    orders: Positions
    charges: Positions


@dataclass(frozen=True)
class _Group:
    """Orders whose sources are compared by the same metadata keys, and what every charge has under these."""

    orders: Positions
    refs: pd.Series[str]
    own: bool  # keys of these sources alone: then orders are found by their references, too


def link(board: Board, settings: MatchSettings) -> None:
    """Link each free charge to the order that its metadata names, or to all orders of a list that it names.

    A charge that names orders of several sources, or a reference that several orders have, is nobody's for sure.
    """
    pairs = _named(board, settings, np.ones(len(board.orders), dtype=bool), board.free, everywhere=False)
    claims = np.bincount(pairs.charges, minlength=len(board.charges))[pairs.charges]
    board.link(pairs.orders[claims == 1], pairs.charges[claims == 1], _NAME)
    for order, charge in zip(pairs.orders[claims > 1].tolist(), pairs.charges[claims > 1].tolist(), strict=True):
        if board.pays[charge]:
            board.doubt(order, charge)
    for group in _groups(board, settings):
        _link_lists(board, group)


def cross(board: Board, settings: MatchSettings) -> None:
    """The same for orders that no charge pays, with free charges of other accounts over the same amount.

    Two shops may number their orders alike: across accounts a name without the amount is not certain. In another
    currency the amounts say nothing: there it must be a charge of the order's days.
    """
    free = board.free & board.pays
    unpaid = ~board.paid
    if not free.any() or not unpaid.any():
        return
    pairs = _named(board, settings, unpaid, free, everywhere=True)
    sure = agreeing_amounts(board, pairs.orders, pairs.charges, settings)
    sure |= _of_another_currency(board, pairs, settings)
    sure &= np.bincount(pairs.orders, minlength=len(board.orders))[pairs.orders] == 1
    sure &= np.bincount(pairs.charges, minlength=len(board.charges))[pairs.charges] == 1
    board.link(pairs.orders[sure], pairs.charges[sure], _NAME)


def _groups(board: Board, settings: MatchSettings) -> Iterator[_Group]:
    """First the sources that are compared by the keys of all, then those with keys of their own."""
    if not settings.source_keys:
        yield _Group(np.arange(len(board.orders)), board.charges[c.ORDER_REF], own=False)
        return
    sources = board.orders[c.SOURCE]
    with_own = sources.isin(list(settings.source_keys)).to_numpy(dtype=bool)
    yield _Group(np.flatnonzero(~with_own), board.charges[c.ORDER_REF], own=False)
    groups = key_groups(settings)
    for keys, refs in zip(groups, texts_of_groups(board.charges[c.SOURCE_REFS], len(groups)), strict=True):
        of_keys = [source for source, own in settings.source_keys.items() if own == keys]
        orders = np.flatnonzero(sources.isin(of_keys).to_numpy(dtype=bool))
        yield _Group(orders, pd.Series(refs.to_pandas(), dtype=c.TEXT), own=True)


def _named(board: Board, settings: MatchSettings, orders: Mask, charges: Mask, *, everywhere: bool) -> Pairs:
    """Each of some charges with the orders, among some, that it names in its account, or whatever the account."""
    named: list[Pairs] = []
    for group in _groups(board, settings):
        among = group.orders[orders[group.orders]]
        free = np.flatnonzero(charges & group.refs.notna().to_numpy(dtype=bool))
        order_names = Names.of(board.orders[c.ORDER_ID], board.order_accounts, among)
        wanted = Names(group.refs.iloc[free], board.charge_accounts[free])
        if everywhere:
            order_names = order_names.everywhere()
            wanted = wanted.everywhere()
        places = lookup(order_names, wanted)
        hit = places >= 0
        named.append(Pairs(among[places[hit]], free[hit]))
        if group.own and len(free):
            named.append(_by_reference(board, among, free, wanted, everywhere=everywhere))
    if len(named) == 1:
        return named[0]
    orders_of = np.concatenate([part.orders for part in named])
    charges_of = np.concatenate([part.charges for part in named])
    pairs = pd.DataFrame({"order": orders_of, "charge": charges_of}).drop_duplicates()
    return Pairs(pairs["order"].to_numpy(dtype=np.intp), pairs["charge"].to_numpy(dtype=np.intp))


def _by_reference(board: Board, among: Positions, charges: Positions, wanted: Names, *, everywhere: bool) -> Pairs:
    """Each charge with every order that has its reference."""
    at, references = c.references_of(board.orders[c.REFERENCE].iloc[among])
    accounts = np.zeros_like(at) if everywhere else board.order_accounts[among[at]]
    order_side = pd.DataFrame({"name": references, "account": accounts, "order": among[at]})
    charge_side = pd.DataFrame(
        {"name": wanted.ids.to_numpy(dtype=object), "account": wanted.accounts, "charge": charges}
    )
    pairs = order_side.merge(charge_side.astype({"name": c.TEXT}), on=["name", "account"])
    return Pairs(pairs["order"].to_numpy(dtype=np.intp), pairs["charge"].to_numpy(dtype=np.intp))


def _of_another_currency(board: Board, pairs: Pairs, settings: MatchSettings) -> Mask:
    """Per pair whether the currencies differ and the charge was made within the window of its order."""
    codes = c.word_codes(board.orders[c.CURRENCY].iloc[pairs.orders], board.charges[c.CURRENCY].iloc[pairs.charges])
    made = board.orders[c.CREATED_AT].iloc[pairs.orders].reset_index(drop=True)
    charged = board.charges[c.CREATED_AT].iloc[pairs.charges].reset_index(drop=True)
    near = ((charged - made).abs() <= settings.window).to_numpy(dtype=bool)
    return np.asarray(near & (codes[0] != codes[1]))


def _link_lists(board: Board, group: _Group) -> None:
    """Lists name few: each is taken by itself. One of its orders may have named the charge already."""
    names: list[tuple[int, str]] = []
    charges = names_lists(group.refs).tolist()
    if not charges:
        return
    for charge, ref in zip(charges, group.refs.iloc[charges], strict=True):
        names += [(charge, name) for name in listed(ref)]
    owners = np.array([charge for charge, _ in names], dtype=np.intp)
    wanted = Names(pd.Series([name for _, name in names], dtype=c.TEXT), board.charge_accounts[owners])
    order_at = lookup(Names.of(board.orders[c.ORDER_ID], board.order_accounts, group.orders), wanted)
    for charge in charges:
        places = order_at[owners == charge].tolist()
        taken = int(board.taken_by[charge])
        if not places or min(places) < 0:
            continue
        orders = group.orders[places].tolist()
        if taken < 0 or taken in orders:
            board.share(orders, charge, _NAME)


PASSES = (Pass(_NAME, 2, link, cross),)
