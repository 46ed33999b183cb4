"""What settlement comes to, as one value of frames."""

from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True)
class Settlement:
    """Transfers, balance, fees and bank; frames are shaped by `recon.columns.ledger`, or have no columns at all.

    `payouts`, `parts` and `unpaid` are rebuilt over the whole store; a result holds those of its account and range.
    """

    payouts: pd.DataFrame = field(default_factory=pd.DataFrame)
    parts: pd.DataFrame = field(default_factory=pd.DataFrame)
    unpaid: pd.DataFrame = field(default_factory=pd.DataFrame)
    days: pd.DataFrame = field(default_factory=pd.DataFrame)
    moves: pd.DataFrame = field(default_factory=pd.DataFrame)
    fees: pd.DataFrame = field(default_factory=pd.DataFrame)
    banked: pd.DataFrame = field(default_factory=pd.DataFrame)
