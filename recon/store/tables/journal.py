"""The tables of what was exported of the journal; append-only."""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Integer, LargeBinary, Table, Text

from recon.store.tables import METADATA, SERIAL, Moment

# One hand-over to the books; `accounts` is a JSON list of names.
JOURNAL_EXPORT = Table(
    "journal_export",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    Column("at", Moment(), nullable=False),
    Column("who", Text(), nullable=False),
    Column("accounts", Text(), nullable=False),
    Column("first_day", Date(), nullable=False),
    Column("last_day", Date(), nullable=False),
    Column("as_of", Moment(), nullable=False),
    Column("format", Text(), nullable=False),
    Column("span", Text(), nullable=False),
    sqlite_autoincrement=True,
)

# `lines` is JSON, codes as they were; `reverses` names the entry that this one takes back.
JOURNAL_ENTRY = Table(
    "journal_entry",
    METADATA,
    Column("number", Text(), primary_key=True),
    Column("export_id", BigInteger(), ForeignKey("journal_export.id"), nullable=False),
    Column("base", Text(), nullable=False),
    Column("account", Text(), nullable=False),
    Column("day", Date(), nullable=False),
    Column("kind", Text(), nullable=False),
    Column("currency", Text(), nullable=False),
    Column("span", Text(), nullable=False),
    Column("digest", Text(), nullable=False),
    Column("reverses", Text()),
    Column("lines", Text(), nullable=False),
)
Index(None, JOURNAL_ENTRY.c.account, JOURNAL_ENTRY.c.day)

# The bytes that were handed over, in the order of `place` from 1 on.
JOURNAL_FILE = Table(
    "journal_file",
    METADATA,
    Column("export_id", BigInteger(), ForeignKey("journal_export.id"), primary_key=True, autoincrement=False),
    Column("place", Integer(), primary_key=True, autoincrement=False),
    Column("content", LargeBinary(), nullable=False),
)
