"""The tables by which a run finds what its range concerns."""

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text

from recon.store.tables import METADATA

# Which orders charges may name: under each name the ids of charges that were indexed together, joined by spaces. Rows
# may outlive the version that made them: they say where to look.
CHARGE_NAME = Table(
    "charge_name",
    METADATA,
    Column("name", Text(), nullable=False, index=True),
    Column("charge_ids", Text(), nullable=False),
)

# By which rules an account's charges stand there. `stale_from` (microseconds): some that were seen from then on are
# not indexed yet; null: all are.
CHARGE_NAME_RULES = Table(
    "charge_name_rules",
    METADATA,
    Column("account", Text(), primary_key=True),
    Column("rules", Text(), primary_key=True),
    Column("stale_from", BigInteger()),
)

# Under which references orders stand, as their versions said: they say where to look.
ORDER_REFERENCE = Table(
    "order_reference",
    METADATA,
    Column("reference", Text(), nullable=False, index=True),
    Column("order_id", Text(), nullable=False),
)

# Successful charges that no pass linked and that name no order, as the last run which looked at them left them.
UNMATCHED_CHARGE = Table(
    "unmatched_charge",
    METADATA,
    Column("account", Text(), primary_key=True),
    Column("charge_id", Text(), primary_key=True),
)

# What rows of an account named that was not stored when it was last looked for: by which row of which table.
UNSTORED_NAME = Table(
    "unstored_name",
    METADATA,
    Column("account", Text(), primary_key=True),
    Column("kind", Text(), primary_key=True),
    Column("name", Text(), primary_key=True),
    Column("named_by", Text(), primary_key=True),
    Column("key", Text(), primary_key=True),
)

# Rows of an account whose versions were seen by then (microseconds) were looked at; without a row none were.
NAMES_LOOKED_AT = Table(
    "names_looked_at",
    METADATA,
    Column("account", Text(), primary_key=True),
    Column("seen_until", BigInteger(), nullable=False),
)

# Sums of an account's transactions that were created on a day (UTC, numbered from the epoch), rows of 64-bit integers
# as `recon.store.related.ledger_days` says them; `names` is JSON.
LEDGER_DAY = Table(
    "ledger_day",
    METADATA,
    Column("account", Text(), primary_key=True),
    Column("day", BigInteger(), primary_key=True, autoincrement=False),
    Column("credits", LargeBinary(), nullable=False),
    Column("debits", LargeBinary(), nullable=False),
    Column("names", Text(), nullable=False),
    Column("growth", LargeBinary(), nullable=False),
)
