"""The table of turns at Omise: when an account may be asked next, by whichever host."""

from sqlalchemy import BigInteger, Column, Table, Text

from recon.store.tables import METADATA

# Both are microseconds of the database's own clock: `next_at` is the first turn that nobody has taken yet, and up to
# `quiet_until` Omise wants to be left alone.
OMISE_TURN = Table(
    "omise_turn",
    METADATA,
    Column("account", Text(), primary_key=True),
    Column("next_at", BigInteger(), nullable=False),
    Column("quiet_until", BigInteger(), nullable=False),
)
