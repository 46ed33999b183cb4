"""The table of webhooks: each event once, and what became of it."""

from sqlalchemy import Boolean, Column, Index, Table, Text

from recon.store.tables import METADATA, Moment

# `charge_id` is a hint of the webhook's own, kept of a signed one alone. `read_at` null: it waits to be read.
# `is_forged`: Omise knows no such event. `again_at`: its case is judged once more then, what waits now being over.
WEBHOOK = Table(
    "webhook",
    METADATA,
    Column("account", Text(), primary_key=True),
    Column("event_id", Text(), primary_key=True),
    Column("charge_id", Text()),
    Column("received_at", Moment(), nullable=False),
    Column("read_at", Moment()),
    Column("is_forged", Boolean(), nullable=False),
    Column("again_at", Moment()),
)
_WAITS = WEBHOOK.c.read_at.is_(None)
Index("ix_webhook_waits", WEBHOOK.c.account, WEBHOOK.c.received_at, sqlite_where=_WAITS, postgresql_where=_WAITS)
_AGAIN = WEBHOOK.c.again_at.is_not(None)
Index("ix_webhook_again", WEBHOOK.c.account, WEBHOOK.c.again_at, sqlite_where=_AGAIN, postgresql_where=_AGAIN)
