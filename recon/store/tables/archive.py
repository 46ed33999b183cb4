"""The table of the archive's files: what each one holds and how it is known again."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from recon.store.tables import METADATA, SERIAL, Moment

# One file of evidence that left the database, recorded in the transaction that took it out. `kind` is the table's
# name, `what` versions or raw; ids and moments are the least and the greatest of its rows. Its name counts from the
# archive's folder. `last_superseded_at` null: raw objects alone.
ARCHIVE_FILE = Table(
    "archive_file",
    METADATA,
    Column("name", Text(), primary_key=True),
    Column("kind", Text(), nullable=False),
    Column("what", Text(), nullable=False),
    Column("account", Text(), nullable=False),
    Column("row_count", Integer(), nullable=False),
    Column("size", BigInteger(), nullable=False),
    Column("sha256", Text(), nullable=False),
    Column("first_id", Text(), nullable=False),
    Column("last_id", Text(), nullable=False),
    Column("first_seen_at", BigInteger(), nullable=False),
    Column("last_seen_at", BigInteger(), nullable=False),
    Column("last_superseded_at", BigInteger()),
    Column("before_at", Moment(), nullable=False),
    Column("archived_at", Moment(), nullable=False),
)
# When what is stored of people was changed in place, by new rules of masking or (null) otherwise, and which files of
# the archive were written anew for it; `cleared_at` null: neither they nor the database's freed pages are gone yet.
MASKING = Table(
    "masking",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    Column("rules", Integer()),
    Column("masked_at", Moment(), nullable=False),
    Column("replaced", Text(), nullable=False),
    Column("cleared_at", Moment()),
    sqlite_autoincrement=True,
)
Index(None, ARCHIVE_FILE.c.kind, ARCHIVE_FILE.c.what)
