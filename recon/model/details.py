"""What a result lists beside matches, breaks and settlement, as one value of frames."""

from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True)
class Details:
    """Lists of one account and range; frames are shaped by `recon.columns.details`, or have no columns at all.

    `refunds`, `disputes` and `failures` are the result's own. `changes`, `figures` and `past` stand beside what
    earlier runs said: `since` is the local day of the earlier run's as-of moment, empty where there was none.
    """

    refunds: pd.DataFrame = field(default_factory=pd.DataFrame)
    disputes: pd.DataFrame = field(default_factory=pd.DataFrame)
    failures: pd.DataFrame = field(default_factory=pd.DataFrame)
    changes: pd.DataFrame = field(default_factory=pd.DataFrame)
    figures: pd.DataFrame = field(default_factory=pd.DataFrame)
    past: pd.DataFrame = field(default_factory=pd.DataFrame)
    since: str = ""
