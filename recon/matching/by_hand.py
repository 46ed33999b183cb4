"""The most certain pass of all: what people linked by hand, as long as order and charge are what they were then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from recon import columns as c
from recon.columnar import np, pd
from recon.matching.passes import Board, Pass
from recon.model.rulings import Ruling, RulingState
from recon.rulings.facts import link_facts
from recon.settings import MatchSettings

NAME = "by hand"
Sums = dict[tuple[str, str], tuple[int, str, bool]]  # account and id: minor units, currency, whether it pays


def with_hand_links(recorded: pd.DataFrame, links: Iterable[Ruling]) -> pd.DataFrame:
    """The links that are known (`columns.LINKS`), those by hand being the ones that stand now."""
    rows = [
        (ruling.order_account, ruling.order_id, ruling.charge_account, ruling.charge_id, NAME)
        for ruling in links
        if ruling.standing == RulingState.STANDS
    ]
    others = recorded[(recorded[c.MATCHED_BY] != NAME).to_numpy(dtype=bool)]
    return pd.concat([others, c.LINKS.from_rows(rows)], ignore_index=True) if rows else others


def changed_links(links: Sequence[Ruling], orders: pd.DataFrame, charges: pd.DataFrame) -> dict[int, str]:
    """Of the links by hand those whose order or charge is not what it was, by ruling, and how, in words."""
    if not links:
        return {}
    order_sums = _sums(orders, c.ORDER_ID, [ruling.order_id for ruling in links])
    charge_sums = _sums(charges, c.CHARGE_ID, [ruling.charge_id for ruling in links])
    changed = {}
    for ruling in links:
        order = order_sums.get((ruling.order_account or "", ruling.order_id or ""))
        charge = charge_sums.get((ruling.charge_account or "", ruling.charge_id or ""))
        now = (
            link_facts(order[:2], charge[:2], charge[2]) if order and charge else "one of both is not known any more"
        )
        if now != ruling.facts:
            changed[ruling.id] = f"{ruling.facts} -> {now}"
    return changed


def _sums(frame: pd.DataFrame, key: str, ids: Sequence[str | None]) -> Sums:
    chosen = frame.iloc[np.flatnonzero(frame[key].isin([id for id in ids if id]).to_numpy(dtype=bool))]
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
    orders, charges = board.places(pairs)
    in_books = (orders >= 0) & (charges >= 0)
    board.link(orders[in_books], charges[in_books], NAME)


def cross(_board: Board, _settings: MatchSettings) -> None:
    """Both sides of a link by hand are known by name: nothing is looked for elsewhere."""


PASSES = (Pass(NAME, 0, link, cross),)
