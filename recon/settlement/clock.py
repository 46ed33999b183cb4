"""From when a credit that is not paid out could have been, and in how many business days it should arrive.

Omise's `transferable_at` is the word; where it is missing the hold of the charge's method stands for it, and where it
is later than a hold that the configuration sets (`[methods.NAME] hold`), that hold. The book's holds shorten nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from recon import columns as c
from recon.arrays import Ints, Mask
from recon.columnar import np, pd
from recon.methods import CONFIGURED
from recon.model import Books
from recon.settings import Context
from recon.settlement.ledger import places

_FIGURE_KEYS = [c.ACCOUNT, c.METHOD, c.CARD_BRAND]


@dataclass(frozen=True)
class Clock:
    """Per row of some UNPAID: when it was free, whether only by its hold, and its method's business days (or -1)."""

    free_at: pd.Series[Any]
    by_hold: Mask
    days: Ints


def clock(unpaid: pd.DataFrame, books: Books, context: Context, *, ruled: bool) -> Clock:
    """The clock of every row; `ruled`: the rule's own days are configured, which beat the rule book's."""
    charges = _rows_of(unpaid, books.charges, c.CHARGE_ID, [c.METHOD, c.CARD_BRAND])
    own = _rows_of(unpaid, books.transactions, c.TRANSACTION_ID, [c.CREATED_AT, c.TRANSFERABLE_AT])
    kinds, kind_of = c.distinct_rows(charges.assign(**{c.ACCOUNT: unpaid[c.ACCOUNT].to_numpy()}), _FIGURE_KEYS)
    holds = [_hold(context, *kind) for kind in kinds]
    hold = pd.Series([held for held, _ in holds], dtype="timedelta64[us]").reindex(kind_of).reset_index(drop=True)
    firm = np.array([is_firm for _, is_firm in holds], dtype=bool)[kind_of] if len(kinds) else np.zeros(0, dtype=bool)
    days = np.array([_days(context, ruled, *kind) for kind in kinds], dtype=np.int64)
    by_hold = own[c.CREATED_AT] + hold
    free = unpaid[c.AVAILABLE_AT].reset_index(drop=True)
    missing = own[c.TRANSFERABLE_AT].isna().to_numpy(dtype=bool)
    replaced = by_hold.notna().to_numpy(dtype=bool) & (missing | (firm & (by_hold < free).to_numpy(dtype=bool)))
    return Clock(free.where(~replaced, by_hold), replaced, days[kind_of] if len(kinds) else days)


def _rows_of(unpaid: pd.DataFrame, frame: pd.DataFrame, key: str, names: list[str]) -> pd.DataFrame:
    """Per row of some UNPAID some columns of what it names in a frame of the books; null where that is not there."""
    at = places(frame[key], unpaid[key])
    return frame[names].reset_index(drop=True).reindex(at).reset_index(drop=True)


def _hold(context: Context, account: str, method: str | None, brand: str | None) -> tuple[timedelta | None, bool]:
    """How long Omise keeps it, and whether the configuration says so."""
    region = context.regions.get(account, "")
    figure = context.methods.figure("hold", method, account, region, brand=brand)
    return (None, False) if figure is None else (figure.value, figure.certainty == CONFIGURED)


def _days(context: Context, ruled: bool, account: str, method: str | None, brand: str | None) -> int:
    region = context.regions.get(account, "")
    figure = context.methods.figure("settlement_business_days", method, account, region, brand=brand)
    return -1 if figure is None or (ruled and figure.certainty != CONFIGURED) else int(figure.value)
