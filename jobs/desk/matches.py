"""The recorded links of a range with the amounts on both sides."""

from __future__ import annotations

from datetime import datetime

from jobs.config.config import Config
from jobs.run.moments.days import resolve
from jobs.run.opening.store import ready_store
from jobs.run.outcome import RunOptions
from recon.columnar import pd
from recon.store.versions.load import load_matches_of


def links_in_range(config: Config, asked: RunOptions, now: datetime) -> pd.DataFrame:
    """Links whose order was created in the range, with account, both amounts and the charge's currency.

    Raises JobError for an unknown account or a range that cannot be.
    """
    accounts, days = resolve(config, asked, now)
    windows = {account.name: days[account.name].window for account in accounts}
    with ready_store(config) as store:
        return load_matches_of(store, windows, asked.as_of or now)
