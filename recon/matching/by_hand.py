"""The most certain pass of all: what people linked by hand, as long as order and charge are what they were then."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from recon import columns as c
from recon.matching.passes import Board, Names, Pass, lookup
from recon.model.rulings import Ruling, Stand
from recon.rulings.decide import link_facts
from recon.settings import MatchSettings

NAME = "by hand"
Sums = dict[tuple[str, str], tuple[int, str, bool]]  # account and id: minor units, currency, whether it pays


def with_hand_links(recorded: pd.DataFrame, links: Iterable[Ruling]) -> pd.DataFrame:
    """The links that are known (`columns.LINKS`), those by hand being the ones that stand now."""
    rows = [
        (one.order_account, one.order_id, one.charge_account, one.charge_id, NAME)
        for one in links
        if one.standing == Stand.STANDS
    ]
    others = recorded[(recorded[c.MATCHED_BY] != NAME).to_numpy(dtype=bool)]
    return pd.concat([others, c.LINKS.from_rows(rows)], ignore_index=True) if rows else others


def changed_links(links: Sequence[Ruling], orders: pd.DataFrame, charges: pd.DataFrame) -> dict[int, str]:
    """Of the links by hand those whose order or charge is not what it was, by ruling, and how, in words."""
    if not links:
        return {}
    ours = _sums(orders, c.ORDER_ID, [one.order_id for one in links])
    theirs = _sums(charges, c.CHARGE_ID, [one.charge_id for one in links])
    changed = {}
    for one in links:
        order = ours.get((one.order_account or "", one.order_id or ""))
        charge = theirs.get((one.charge_account or "", one.charge_id or ""))
        now = (
            link_facts(order[:2], charge[:2], charge[2]) if order and charge else "one of both is not known any more"
        )
        if now != one.facts:
            changed[one.id] = f"{one.facts} -> {now}"
    return changed


def _sums(frame: pd.DataFrame, key: str, ids: Sequence[str | None]) -> Sums:
    chosen = frame.iloc[np.flatnonzero(frame[key].isin([one for one in ids if one]).to_numpy(dtype=bool))]
    is_charge = key == c.CHARGE_ID
    amounts = c.captured_amounts(chosen) if is_charge else chosen[c.AMOUNT].to_numpy(dtype=np.int64)
    pays = c.took_money(chosen) if is_charge else np.ones(len(chosen), dtype=bool)
    names = zip(chosen[c.ACCOUNT], chosen[key], strict=True)
    return dict(zip(names, zip(amounts.tolist(), chosen[c.CURRENCY], pays.tolist(), strict=True), strict=True))


def link(board: Board, _settings: MatchSettings) -> None:
    """Link the pairs of the board's known links that were made by hand."""
    pairs = board.recorded[c.equals(board.recorded, c.MATCHED_BY, NAME)]
    if not len(pairs):
        return
    order_names = Names(pairs[c.ORDER_ID], board.account_codes(pairs[c.ORDER_ACCOUNT]))
    charge_names = Names(pairs[c.CHARGE_ID], board.account_codes(pairs[c.CHARGE_ACCOUNT]))
    orders = lookup(Names(board.orders[c.ORDER_ID], board.order_accounts), order_names)
    charges = lookup(Names(board.charges[c.CHARGE_ID], board.charge_accounts), charge_names)
    known = (orders >= 0) & (charges >= 0)
    board.link(orders[known], charges[known], NAME)


def cross(_board: Board, _settings: MatchSettings) -> None:
    """Both sides of a link by hand are known by name: nothing is looked for elsewhere."""


PASSES = (Pass(NAME, 0, link, cross),)
