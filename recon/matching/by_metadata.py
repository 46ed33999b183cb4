"""The charge names its order in the metadata."""

import re

import numpy as np
import pandas as pd

from recon import columns as c
from recon.arrays import Mask, Positions
from recon.matching.passes import Board, Names, Pass, agreeing_amounts, lookup
from recon.settings import MatchSettings

_NAME = "metadata"
_QUOTED = re.compile(r'"([^"]+)"')  # of a JSON list's text
_PLAIN = re.compile(r"[^\s\[\],;]+")  # numbers of a JSON list, or ids between commas


def link(board: Board, _settings: MatchSettings) -> None:
    """Link each free charge to the order that its metadata names, or to all orders of a list that it names."""
    named = board.charges[c.ORDER_REF].notna().to_numpy(dtype=bool)
    free = np.flatnonzero(board.free & named)
    wanted = Names.of(board.charges[c.ORDER_REF], board.charge_accounts, free)
    order_at = lookup(Names(board.orders[c.ORDER_ID], board.order_accounts), wanted)
    hit = order_at >= 0
    board.link(order_at[hit], free[hit], _NAME)
    _link_lists(board, np.flatnonzero(board.charges[c.ORDER_REF].str.contains(r"[\[,;]", regex=True, na=False)))


def cross(board: Board, settings: MatchSettings) -> None:
    """The same for orders that no charge pays, with free charges of other accounts over the same amount.

    Two shops may number their orders alike: across accounts a name without the amount is not certain. In another
    currency the amounts say nothing: there it must be a charge of the order's days.
    """
    named = board.charges[c.ORDER_REF].notna().to_numpy(dtype=bool)
    orders = np.flatnonzero(~board.paid)
    free = np.flatnonzero(board.free & board.pays & named)
    wanted = Names.of(board.charges[c.ORDER_REF], board.charge_accounts, free).everywhere()
    order_at = lookup(Names.of(board.orders[c.ORDER_ID], board.order_accounts, orders).everywhere(), wanted)
    pairs = orders[order_at[order_at >= 0]], free[order_at >= 0]
    sure = agreeing_amounts(board, *pairs, settings) | _of_another_currency(board, *pairs, settings)
    sure &= np.bincount(pairs[0], minlength=len(board.orders))[pairs[0]] == 1 if len(pairs[0]) else sure
    board.link(pairs[0][sure], pairs[1][sure], _NAME)


def _of_another_currency(board: Board, orders: Positions, charges: Positions, settings: MatchSettings) -> Mask:
    """Per pair whether the currencies differ and the charge was made within the window of its order."""
    codes = c.word_codes(board.orders[c.CURRENCY].iloc[orders], board.charges[c.CURRENCY].iloc[charges])
    made = board.orders[c.CREATED_AT].iloc[orders].reset_index(drop=True)
    charged = board.charges[c.CREATED_AT].iloc[charges].reset_index(drop=True)
    near = ((charged - made).abs() <= settings.window).to_numpy(dtype=bool)
    return np.asarray(near & (codes[0] != codes[1]))


def _link_lists(board: Board, charges: "np.typing.NDArray[np.intp]") -> None:
    """Lists name few: each is taken by itself. One of its orders may have named the charge already."""
    names: list[tuple[int, str]] = []
    for charge, ref in zip(charges.tolist(), board.charges[c.ORDER_REF].iloc[charges], strict=True):
        listed = (_QUOTED if '"' in ref else _PLAIN).findall(ref)
        names += [(charge, name) for name in sorted(set(listed))]
    owners = np.array([charge for charge, _ in names], dtype=np.intp)
    wanted = Names(pd.Series([name for _, name in names], dtype=c.TEXT), board.charge_accounts[owners])
    order_at = lookup(Names(board.orders[c.ORDER_ID], board.order_accounts), wanted)
    for charge in charges.tolist():
        listed = order_at[owners == charge].tolist()
        taken = int(board.taken_by[charge])
        if listed and min(listed) >= 0 and (taken < 0 or taken in listed):
            board.share(listed, charge, _NAME)


PASSES = (Pass(_NAME, 2, link, cross),)
