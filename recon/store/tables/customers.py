"""The tables of what is kept of customers: the keys of their hashes, and whose hashes are kept no more."""

from sqlalchemy import Column, Table, Text

from recon.store.tables import METADATA, SERIAL, Moment

# By its name each key that customers were hashed with; the last one is today's.
HASH_KEY = Table(
    "hash_key",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    Column("name", Text(), nullable=False),
    Column("begun_at", Moment(), nullable=False),
    sqlite_autoincrement=True,
)

# Objects and orders of customers who were erased: no hash of theirs is stored again. `kind` is the table's name.
FORGOTTEN = Table(
    "forgotten",
    METADATA,
    Column("account", Text(), primary_key=True),
    Column("kind", Text(), primary_key=True),
    Column("object_id", Text(), primary_key=True),
    Column("at", Moment(), nullable=False),
)

# Of what was created before the latest of these moments no hash is kept.
RETENTION = Table(
    "retention",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    Column("before_at", Moment(), nullable=False),
    Column("at", Moment(), nullable=False),
    sqlite_autoincrement=True,
)
