"""The tables of what people were told: alerts, what each one claimed, its way to each channel."""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Integer, Table, Text

from recon.store.tables import METADATA, SERIAL, Moment

# One row for each time that something was decided to be told, or to be told to nobody. Every break event up to
# `last_seq` has been looked at.
ALERT = Table(
    "alert",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    Column("at", Moment(), nullable=False),
    Column("run_id", BigInteger(), ForeignKey("run.id")),
    Column("reason", Text(), nullable=False),
    Column("last_seq", BigInteger(), nullable=False),
    sqlite_autoincrement=True,
)

# One transition: its key is told once. `severity` and `amount_at_risk` are the break's as they were told; the days
# are those that a run or a night owes. `cleared_at` null: the account's all-clear waits for it.
ALERT_CLAIM = Table(
    "alert_claim",
    METADATA,
    Column("key", Text(), primary_key=True),
    Column("alert_id", BigInteger(), ForeignKey("alert.id"), nullable=False, index=True),
    Column("kind", Text(), nullable=False),
    Column("account", Text(), nullable=False),
    Column("break_id", Text(), ForeignKey("break.id"), index=True),
    Column("severity", Integer()),
    Column("amount_at_risk", BigInteger()),
    Column("first_day", Date()),
    Column("last_day", Date()),
    Column("cleared_at", Moment()),
)
Index(None, ALERT_CLAIM.c.account, ALERT_CLAIM.c.cleared_at)

# One message on its way to one channel; what is sent stands here, so that a retry says the same.
ALERT_DELIVERY = Table(
    "alert_delivery",
    METADATA,
    Column("alert_id", BigInteger(), ForeignKey("alert.id"), primary_key=True, autoincrement=False),
    Column("channel", Text(), primary_key=True),
    Column("status", Text(), nullable=False),
    Column("title", Text(), nullable=False),
    Column("text", Text(), nullable=False),
    Column("html", Text(), nullable=False),
    Column("tries", Integer(), nullable=False),
    Column("next_try_at", Moment(), nullable=False),
    Column("sent_at", Moment()),
    Column("last_error", Text()),
)
Index(None, ALERT_DELIVERY.c.status, ALERT_DELIVERY.c.next_try_at)
