"""The tables of people's work: rulings, opening items, the audit log, workbooks and sign-offs."""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Integer, LargeBinary, Table, Text

from recon.store.tables import METADATA, SERIAL, Moment

# One row per ruling, never removed. `standing`: pending, stands, or why it no longer does. `before` is the break's
# life as it was (JSON), for an undo; `facts` are those it was made on; `key` makes a repeated ask known.
RULING = Table(
    "ruling",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    Column("break_id", Text(), ForeignKey("break.id"), index=True),
    Column("kind", Text(), nullable=False),
    Column("who", Text(), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("reason", Text(), nullable=False),
    Column("until", Date()),
    Column("owner", Text()),
    Column("account", Text()),
    Column("code", Text()),
    Column("pattern", Text()),
    Column("order_account", Text()),
    Column("order_id", Text()),
    Column("charge_account", Text()),
    Column("charge_id", Text()),
    Column("amount", BigInteger()),
    Column("currency", Text()),
    Column("facts", Text()),
    Column("before", Text(), nullable=False),
    Column("standing", Text(), nullable=False),
    Column("approved_by", Text()),
    Column("approved_at", Moment()),
    Column("ended_at", Moment()),
    Column("ended_by", Text()),
    Column("ended_why", Text()),
    Column("key", Text(), unique=True),
    sqlite_autoincrement=True,
)
Index(None, RULING.c.kind, RULING.c.standing)

OPENING_ITEM = Table(
    "opening_item",
    METADATA,
    Column("account", Text(), primary_key=True),
    Column("kind", Text(), primary_key=True),
    Column("item_id", Text(), primary_key=True),
    Column("amount", BigInteger(), nullable=False),
    Column("currency", Text(), nullable=False),
    Column("note", Text(), nullable=False),
    Column("who", Text(), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("file", Text(), nullable=False),
    Column("row", BigInteger(), nullable=False),
)

# Append-only. `hash` is over the row and `previous`; `sealed_digest` is over the break events up to `sealed`.
AUDIT = Table(
    "audit",
    METADATA,
    Column("seq", SERIAL, primary_key=True),
    Column("at", Moment(), nullable=False),
    Column("who", Text(), nullable=False),
    Column("what", Text(), nullable=False),
    Column("subject", Text(), nullable=False),
    Column("detail", Text(), nullable=False),
    Column("sealed", BigInteger(), nullable=False),
    Column("sealed_digest", Text(), nullable=False),
    Column("previous", Text(), nullable=False),
    Column("hash", Text(), nullable=False, unique=True),
    sqlite_autoincrement=True,
)

# A finished workbook by the hash of its bytes.
WORKBOOK = Table(
    "workbook",
    METADATA,
    Column("sha256", Text(), primary_key=True),
    Column("name", Text(), nullable=False),
    Column("account", Text(), nullable=False),
    Column("first_day", Date(), nullable=False),
    Column("last_day", Date(), nullable=False),
    Column("run_id", BigInteger(), ForeignKey("run.id")),
    Column("as_of", Moment(), nullable=False),
    Column("result_digest", Text(), nullable=False),
    Column("audit_head", Text()),
    Column("written_at", Moment(), nullable=False),
    Column("size", BigInteger(), nullable=False),
)
Index(None, WORKBOOK.c.account, WORKBOOK.c.first_day, WORKBOOK.c.last_day)

# The bytes of a workbook, in the order of `place` from 0 on; one too large to be kept has none.
WORKBOOK_CHUNK = Table(
    "workbook_chunk",
    METADATA,
    Column("sha256", Text(), ForeignKey("workbook.sha256"), primary_key=True),
    Column("place", Integer(), primary_key=True, autoincrement=False),
    Column("content", LargeBinary(), nullable=False),
)

SIGN_OFF = Table(
    "sign_off",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    Column("account", Text(), nullable=False),
    Column("first_day", Date(), nullable=False),
    Column("last_day", Date(), nullable=False),
    Column("result_digest", Text(), nullable=False),
    Column("sha256", Text(), ForeignKey("workbook.sha256"), nullable=False),
    Column("role", Text(), nullable=False),
    Column("who", Text(), nullable=False),
    Column("at", Moment(), nullable=False),
    Column("ended_at", Moment()),
    Column("ended_by", Text()),
    Column("ended_why", Text()),
    Column("reason", Text()),
    sqlite_autoincrement=True,
)
Index(None, SIGN_OFF.c.account, SIGN_OFF.c.first_day, SIGN_OFF.c.last_day)
