"""The table of webhooks: each event once, and what became of it."""

from sqlalchemy import Boolean, Column, Index, Table, Text

from recon.store.tables import METADATA, Moment, only_where

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
_W = WEBHOOK.c
Index("ix_webhook_waits", _W.account, _W.received_at, **only_where(_W.read_at.is_(None)))
Index("ix_webhook_again", _W.account, _W.again_at, **only_where(_W.again_at.is_not(None)))
