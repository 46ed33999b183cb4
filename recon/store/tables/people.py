"""The tables of who: users, their sessions, tokens of scripts, the access log and failed log-ins of late."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Table, Text

from recon.store.tables import METADATA, SERIAL, Moment

# `accounts`: a JSON list of names; null: all. `issuer` and `subject`: whom a provider of single sign-on knows them
# as; without a password `password_hash` is empty. Nobody is ever removed: their name stands in the audit log.
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
    Column("password_is_temporary", Boolean()),
    Column("issuer", Text()),
    Column("subject", Text()),
    quote=True,  # a word of PostgreSQL
)
Index(None, USER.c.issuer, USER.c.subject, unique=True)

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
    Column("issuer", Text()),  # of single sign-on; null: a password
    Column("id_token", Text()),  # the provider wants it at the log-out; gone when the session ends
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
    Column("person", Text()),  # the user whose it is; null: a script's
)

# Old rows are taken out. `address` is null for what was done by a command, `who` for a name that nobody has.
ACCESS = Table(
    "access",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    Column("at", Moment(), nullable=False),
    Column("who", Text()),
    Column("address", Text()),
    Column("what", Text(), nullable=False),
    Column("subject", Text()),
    Column("result", Text(), nullable=False),
    Column("detail", Text(), nullable=False),
    sqlite_autoincrement=True,
)
Index(None, ACCESS.c.what, ACCESS.c.at)

# Log-ins that have not succeeded: `key` is a hash of whose and from where, `tries` are those since the moment.
LOGIN_TRY = Table(
    "login_try",
    METADATA,
    Column("key", Text(), primary_key=True),
    Column("tries", BigInteger(), nullable=False),
    Column("since", Moment(), nullable=False),
)
