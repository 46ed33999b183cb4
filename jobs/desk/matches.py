"""The recorded links of a range with the amounts on both sides."""

from datetime import datetime

import pandas as pd

from jobs.config.config import Config
from jobs.run.outcome import RunOptions
from jobs.run.run import ready_store, resolve
from recon import columns as c
from recon.store.versions.load import load_books, load_matches


def links_in_range(config: Config, asked: RunOptions, now: datetime) -> pd.DataFrame:
    """Links whose order was created in the range, with account, both amounts and the charge's currency.

    Raises JobError for an unknown account or a range that cannot be.
    """
    accounts, days = resolve(config, asked, now)
    with ready_store(config) as store:
        books = load_books(store, asked.as_of or now)
        links = load_matches(store, [account.name for account in accounts])
    orders = books.orders.rename(columns={c.ACCOUNT: c.ORDER_ACCOUNT, c.AMOUNT: c.ORDER_AMOUNT})
    charges = books.charges.rename(columns={c.ACCOUNT: c.CHARGE_ACCOUNT, c.AMOUNT: c.CHARGE_AMOUNT})
    ours = [c.ORDER_ACCOUNT, c.ORDER_ID, c.ORDER_AMOUNT, c.CREATED_AT]
    theirs = [c.CHARGE_ACCOUNT, c.CHARGE_ID, c.CHARGE_AMOUNT, c.CURRENCY]
    found = links.merge(orders[ours], on=[c.ORDER_ACCOUNT, c.ORDER_ID], validate="many_to_one")
    found = found.merge(charges[theirs], on=[c.CHARGE_ACCOUNT, c.CHARGE_ID], validate="many_to_one")
    in_range = pd.Series(False, index=found.index)
    for name, span in days.items():
        window = span.window
        created = (found[c.CREATED_AT] >= window.start) & (found[c.CREATED_AT] < window.end)
        in_range |= (found[c.ORDER_ACCOUNT] == name) & created
    order = [c.ACCOUNT, c.CREATED_AT, c.ORDER_ID, c.CHARGE_ID]
    return found[in_range].rename(columns={c.ORDER_ACCOUNT: c.ACCOUNT}).sort_values(order, ignore_index=True)
