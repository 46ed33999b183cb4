"""The tables of long work: batches and their steps, whoever does them."""

from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Index, Integer, LargeBinary, Table, Text

from recon.store.tables import METADATA, SERIAL, Moment, only_where

# One request, planned once. `name` says what is asked: two that are the same are one batch while it goes on. `as_of`
# is what every step means by now. `words`: why it ended before its steps were done.
BATCH = Table(
    "batch",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    Column("name", Text(), nullable=False),
    Column("kind", Text(), nullable=False),
    Column("first_day", Date(), nullable=False),
    Column("last_day", Date(), nullable=False),
    Column("accounts", Text(), nullable=False),
    Column("options", Text(), nullable=False),
    Column("as_of", Moment(), nullable=False),
    Column("who", Text(), nullable=False),
    Column("created_at", Moment(), nullable=False),
    Column("ended_at", Moment()),
    Column("words", Text()),
    sqlite_autoincrement=True,
)
Index("uq_batch_open", BATCH.c.name, unique=True, **only_where(BATCH.c.ended_at.is_(None)))

# A step is done once: `done_at`, `outcome` (JSON) and `packed_result` are written in one transaction with its result.
# `complete`: nothing is missing from it. `run_id`: the run that a judged account and range were recorded in.
BATCH_STEP = Table(
    "batch_step",
    METADATA,
    Column("batch_id", BigInteger(), ForeignKey("batch.id"), primary_key=True, autoincrement=False),
    Column("key", Text(), primary_key=True),
    Column("place", Integer(), nullable=False),
    Column("kind", Text(), nullable=False),
    Column("account", Text()),
    Column("first_day", Date(), nullable=False),
    Column("last_day", Date(), nullable=False),
    Column("tries", Integer(), nullable=False),
    Column("begun_at", Moment()),
    Column("host", Text()),
    Column("done_at", Moment()),
    Column("complete", Boolean()),
    Column("run_id", BigInteger(), ForeignKey("run.id")),
    Column("outcome", Text()),
    Column("packed_result", LargeBinary()),
)
