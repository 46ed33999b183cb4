"""The recorded links of a range with the amounts on both sides."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from jobs.config.config import Config
from jobs.run.moments.days import resolve
from jobs.run.opening.store import ready_store
from jobs.run.outcome import RunOptions
from recon.store.versions.load import links_of


def links_in_range(config: Config, options: RunOptions, now: datetime) -> Sequence[Mapping[str, Any]]:
    """Links whose order was created in the range, with account, both amounts and currencies.

    Raises JobError for an unknown account or a range that cannot be.
    """
    accounts, days = resolve(config, options, now)
    windows = {account.name: days[account.name].window for account in accounts}
    with ready_store(config) as store:
        return links_of(store, windows, options.as_of or now)
