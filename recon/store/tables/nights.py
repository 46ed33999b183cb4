"""The tables of what runs by itself: attempts at runs, of which one per account may go on, and extra jobs."""

from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Index, Integer, Table, Text

from recon.store.tables import METADATA, SERIAL, Moment, only_where

# `ended_at` null: it goes on and holds its account; `process` is one life of a process, since a pid comes again.
# `pulled` and `as_of`: whether it counts as the run of a day that was over.
# `ending`: complete, incomplete, failed, died, yielded; while it goes on, "yielded" asks it to give way.
# `yields`: a look at the day, which gives way to any run.
# `waits_on`: JSON, by source the digest of its files, where these alone keep the run from being complete.
ATTEMPT = Table(
    "attempt",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    Column("account", Text(), nullable=False),
    Column("first_day", Date(), nullable=False),
    Column("last_day", Date(), nullable=False),
    Column("as_of", Moment(), nullable=False),
    Column("pulled", Boolean(), nullable=False),
    Column("who", Text(), nullable=False),
    Column("host", Text(), nullable=False),
    Column("pid", BigInteger(), nullable=False),
    Column("process", Text(), nullable=False),
    Column("began_at", Moment(), nullable=False),
    Column("beat_at", Moment(), nullable=False),
    Column("ended_at", Moment()),
    Column("ending", Text()),
    Column("words", Text()),
    Column("run_id", BigInteger(), ForeignKey("run.id")),
    Column("waits_on", Text()),
    Column("yields", Boolean()),
    sqlite_autoincrement=True,
)
Index("uq_attempt_running", ATTEMPT.c.account, unique=True, **only_where(ATTEMPT.c.ended_at.is_(None)))
Index(None, ATTEMPT.c.account, ATTEMPT.c.last_day)

# An extra job at one of its hours; `hour` is local, so that the hour a clock shows twice comes once.
JOB_RUN = Table(
    "job_run",
    METADATA,
    Column("name", Text(), primary_key=True),
    Column("hour", Text(), primary_key=True),
    Column("host", Text(), nullable=False),
    Column("began_at", Moment(), nullable=False),
    Column("ended_at", Moment()),
    Column("exit_code", Integer()),
)
