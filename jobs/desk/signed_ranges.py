"""Which signed ranges a run goes over, said before it begins; changes nothing."""

from datetime import datetime

from jobs.config.config import Config
from jobs.run.moments.days import resolve
from jobs.run.opening.store import open_ready_store
from jobs.run.outcome import RunOptions
from recon.store.desk.workbooks import GROUP, signed_words, standing_over


def signed_before(config: Config, options: RunOptions, now: datetime) -> list[str]:
    """A line for each signed range that shares days with the run's, of its accounts or the group; raises JobError."""
    accounts, days = resolve(config, options, now)
    store = open_ready_store(config)  # what is wrong with it the run itself says
    try:
        over = {
            sign_off.id: sign_off
            for account in accounts
            for sign_off in standing_over(
                store, [account.name, GROUP], days[account.name].first, days[account.name].last
            )
        }
    finally:
        store.dispose()
    return signed_words(over.values())
