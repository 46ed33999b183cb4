"""The whole set of tables: what migrations are compared with."""

from recon.store import tables
from recon.store.tables import (  # noqa: F401 : each declares tables
    alerts,
    archive,
    batches,
    customers,
    desk,
    journal,
    nights,
    people,
    rate_limit,
    related,
    webhooks,
)

METADATA = tables.METADATA
