"""The tables of who: users, their sessions, tokens of scripts."""

from sqlalchemy import Column, ForeignKey, Table, Text

from recon.store.tables import METADATA, Moment

# `accounts`: a JSON list of names; null: all. Nobody is ever removed: their name stands in the audit log.
USER = Table(
    "user",
    METADATA,
    Column("name", Text(), primary_key=True),
    Column("role", Text(), nullable=False),
    Column("accounts", Text()),
    Column("password_hash", Text(), nullable=False),
    Column("created_at", Moment(), nullable=False),
    Column("created_by", Text(), nullable=False),
    Column("disabled_at", Moment()),
)

# Only hashes of what a browser or a script holds are kept.
SESSION = Table(
    "session",
    METADATA,
    Column("hash", Text(), primary_key=True),
    Column("user_name", Text(), ForeignKey("user.name"), nullable=False, index=True),
    Column("csrf", Text(), nullable=False),
    Column("created_at", Moment(), nullable=False),
    Column("seen_at", Moment(), nullable=False),
    Column("ended_at", Moment()),
)
TOKEN = Table(
    "token",
    METADATA,
    Column("name", Text(), primary_key=True),
    Column("hash", Text(), nullable=False, unique=True),
    Column("role", Text(), nullable=False),
    Column("accounts", Text()),
    Column("created_at", Moment(), nullable=False),
    Column("created_by", Text(), nullable=False),
    Column("used_at", Moment()),
    Column("revoked_at", Moment()),
)
