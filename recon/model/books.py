"""All that is known for a range as of a moment, in frames, and which order belongs to which charge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from recon.columnar import empty_frame, np, npt, pd
from recon.model.accounts import Window
from recon.model.ledger_history import LedgerHistory


@dataclass(frozen=True)
class Books:
    """All that is known as of a moment, all accounts together; frames are shaped by `recon.columns`."""

    as_of: datetime
    orders: pd.DataFrame
    charges: pd.DataFrame
    refunds: pd.DataFrame
    transfers: pd.DataFrame
    transactions: pd.DataFrame
    disputes: pd.DataFrame
    rejected: pd.DataFrame
    bank_lines: pd.DataFrame = field(default_factory=empty_frame)
    unread: pd.DataFrame = field(default_factory=empty_frame)  # what of the bank could not be read
    receipts: pd.DataFrame = field(default_factory=empty_frame)  # these two are shaped by `recon.columns.ledger`
    readings: pd.DataFrame = field(default_factory=empty_frame)
    kept_aside: pd.DataFrame = field(default_factory=empty_frame)  # objects that could not be read
    histories: Mapping[str, LedgerHistory] = field(default_factory=dict)  # per account; none: of all the transactions
    outside: Mapping[str, int] = field(default_factory=dict)  # per account the stored rows that no bound lets in
    # Per account and stretch of a month with disputes its stored successful charges; none: all are in `charges`.
    successes: Mapping[tuple[str, Window], int] = field(default_factory=dict)


@dataclass(frozen=True)
class Matching:
    """Which order belongs to which charge: positions in the books' frames, pairwise; a charge may pay several orders.

    `stands_for`: per order whose case it is part of, one for all that share a charge. `ambiguous`: its equal charges.
    """

    orders: npt.NDArray[np.intp]
    charges: npt.NDArray[np.intp]
    matched_by: npt.NDArray[np.object_]
    stands_for: npt.NDArray[np.intp]
    ambiguous: Mapping[int, tuple[int, ...]]
    unnamed: Mapping[int, int] = field(default_factory=dict)  # per order: how many more, too many to be named
    contested: tuple[int, ...] = ()  # every charge that is some order's equal candidate, named or not
    parted: tuple[int, ...] = ()  # charges that an earlier run linked, and that no order has now
    parted_orders: tuple[int, ...] = ()  # orders that an earlier run linked, and that have no charge now
    loose: tuple[int, ...] = ()  # successful charges that name no order and that no pass linked
    kept_aside: Mapping[int, npt.NDArray[np.intp]] = field(default_factory=dict)  # per row there: its possible orders
    order_unread: tuple[int, ...] = ()  # charges whose order stands, or may stand, in what could not be read
