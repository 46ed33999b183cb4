"""The whole set of tables: what migrations are compared with."""

from recon.store import tables
from recon.store.tables import (
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
# Each module that declares tables.
PARTS = (
    tables,
    desk,
    journal,
    alerts,
    nights,
    people,
    rate_limit,
    archive,
    customers,
    batches,
    related,
    webhooks,
)
