"""Every table of the store, made of `recon.columns` where a frame exists."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    literal_column,
)
from sqlalchemy.sql.elements import ColumnElement

from recon import columns as c
from recon.model import CLOSED, BreakStatus, Window
from recon.store.engine import from_micros, to_micros

# Names by rule from the first table on: what has no name cannot be changed by a later migration on SQLite.
METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """An aware moment in Python, a BIGINT of microseconds since the epoch (UTC) in the database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:  # noqa: ARG002
        """Refuses a naive moment (TypeError)."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """Always aware, UTC."""
        return None if value is None else from_micros(value)


# What the rows of frames are stored as. Their moments stay plain integers: such rows go through the driver in bulk.
_TYPES: Mapping[str, type[Any]] = {
    c.TEXT: Text,
    c.MINOR: BigInteger,
    c.OPTIONAL_MINOR: BigInteger,
    c.FLAG: Boolean,
    c.MOMENT: BigInteger,
}

SUPERSEDED_AT = "superseded_at"
RAW = "raw"


def known_at(table: Table, moment: int | None) -> ColumnElement[bool]:
    """The versions known at a moment (microseconds since the epoch); None: the current ones."""
    superseded = table.c[SUPERSEDED_AT]
    if moment is None:
        return superseded.is_(None)
    return (table.c[c.SEEN_AT] <= moment) & (superseded.is_(None) | (superseded > moment))


def current(table: Table, account: str | ColumnElement[str]) -> ColumnElement[bool]:
    """The current versions of an account's."""
    return (table.c[c.ACCOUNT] == account) & known_at(table, None)


def created_in(table: Table, window: Window) -> ColumnElement[bool]:
    """The rows created in a window."""
    created = table.c[c.CREATED_AT]
    return (created >= to_micros(window.start)) & (created < to_micros(window.end))


def key_of(table: Table) -> str:
    """The id column of a table of versions."""
    return next(column.name for column in table.primary_key if column.name not in (c.ACCOUNT, c.SEEN_AT))


def _declared(frame: c.Frame, keys: tuple[str, ...]) -> list[Column[Any]]:
    return [
        Column(c.name, _TYPES[c.dtype](), primary_key=c.name in keys, nullable=not c.required) for c in frame.columns
    ]


def _versions() -> list[Column[Any]]:
    return [
        Column(c.SEEN_AT, BigInteger(), primary_key=True),
        Column(c.FIRST_SEEN_AT, BigInteger(), nullable=False),
        Column(SUPERSEDED_AT, BigInteger()),
        Column(c.DIGEST, LargeBinary(), nullable=False),
    ]


def _indexes(table: Table, key: str, by: str = c.CREATED_AT) -> None:
    # By id first: Omise's ids are unique across accounts, so this also finds an object whose account is not known.
    name = f"uq_{table.name}_current"
    ids = (table.c[key], table.c[c.ACCOUNT])
    Index(name, *ids, unique=True, **only_where(known_at(table, None)))
    # Without the key: PostgreSQL without statistics would look for ids here, and that through all of an account.
    Index(None, table.c[c.ACCOUNT], table.c[by])


def only_where(condition: ColumnElement[bool]) -> dict[str, Any]:
    """An index of those rows alone: where they are few, it costs next to nothing."""
    return {"sqlite_where": condition, "postgresql_where": condition}


def _object_table(kind: str, frame: c.Frame) -> Table:
    key = frame.names[0]
    table = Table(
        kind,
        METADATA,
        Column(c.ACCOUNT, Text(), primary_key=True),
        *_declared(frame, (key,)),
        *_versions(),
        Column(RAW, LargeBinary(), nullable=False),
    )
    _indexes(table, key)
    return table


# What Omise said: one table per kind, one row per version of an object. `superseded_at` null: the current one.
OBJECTS: Mapping[str, Table] = {kind: _object_table(kind, frame) for kind, frame in c.KINDS.items()}

# What the shop said, in versions too.
ORDER = Table("order", METADATA, *_declared(c.ORDER, (c.ACCOUNT, c.ORDER_ID)), *_versions())
_indexes(ORDER, c.ORDER_ID)

# What the bank said.
BANK_LINE = Table("bank_line", METADATA, *_declared(c.BANK_LINE, (c.ACCOUNT, c.LINE_ID)), *_versions())
_indexes(BANK_LINE, c.LINE_ID, by=c.BOOKED_ON)

# What a range asks for besides what was created in it. A condition must stand in a query as it stands here, its value
# in the text: SQLite compares it as written. The status stands in the index, too, or SQLite, which does not know how
# few they are, takes another.
_CHARGE = OBJECTS["charge"].c
_REFUND = OBJECTS["refund"].c
PAID_LATE = timedelta(days=3)
IS_PENDING = known_at(OBJECTS["charge"], None) & (_CHARGE[c.STATUS] == literal_column("'pending'"))
IS_REFUND_PENDING = known_at(OBJECTS["refund"], None) & (_REFUND[c.STATUS] == literal_column("'pending'"))
IS_PAID_LATE = known_at(OBJECTS["charge"], None) & (
    _CHARGE[c.PAID_AT] - _CHARGE[c.CREATED_AT] > literal_column(str(PAID_LATE // c.MICROSECOND), BigInteger())
)
IS_REFUND_REQUESTED = known_at(ORDER, None) & (ORDER.c[c.STATUS] == literal_column("'refund_requested'"))
for _name, _table, _waits in (
    ("ix_charge_pending", OBJECTS["charge"], IS_PENDING),
    ("ix_refund_pending", OBJECTS["refund"], IS_REFUND_PENDING),
    ("ix_order_refund_requested", ORDER, IS_REFUND_REQUESTED),
):
    Index(_name, *(_table.c[name] for name in (c.ACCOUNT, c.STATUS, key_of(_table))), **only_where(_waits))
Index("ix_charge_paid_late", _CHARGE[c.ACCOUNT], _CHARGE[c.PAID_AT], **only_where(IS_PAID_LATE))
Index("ix_order_charge_id", ORDER.c[c.CHARGE_ID], **only_where(ORDER.c[c.CHARGE_ID].is_not(None)))
for _seen in (*(OBJECTS[kind] for kind in ("charge", "refund", "transaction", "dispute")), ORDER):
    Index(None, _seen.c[c.ACCOUNT], _seen.c[c.SEEN_AT])
Index(None, OBJECTS["transaction"].c[c.ORIGIN])


def _seen_table(name: str, frame: c.Frame, *keys: str) -> Table:
    seen = (Column(c.SEEN_AT, BigInteger(), primary_key=True), Column(SUPERSEDED_AT, BigInteger()))
    return Table(name, METADATA, *_declared(frame, keys), *seen)


# A row that could not be read, from when it was seen until its source no longer held it (`superseded_at`).
REJECTED = _seen_table("rejected_row", c.REJECTED, c.SOURCE, c.DIGEST)
# What of the bank could not be read, from when to when: beside a row's reason which credits it may hold.
UNREAD = _seen_table("unread_bank", c.UNREAD, c.SOURCE, c.DIGEST)
# An object that could not be read, from when it was seen until it was read after all, or gone.
KEPT_ASIDE = _seen_table("kept_aside", c.ASIDE, c.ACCOUNT, c.KIND, c.NAME)

ACCOUNT = Table(
    "account",
    METADATA,
    Column("name", Text(), primary_key=True),
    Column("omise_id", Text(), nullable=False),
    Column("country", Text(), nullable=False),
    Column("currency", Text(), nullable=False),
    Column("livemode", Boolean(), nullable=False),
    Column("first_seen_at", Moment(), nullable=False),
)
BALANCE = Table(
    "balance",
    METADATA,
    Column("account", Text(), primary_key=True),
    Column("read_at", Moment(), primary_key=True),
    Column("currency", Text(), nullable=False),
    Column("total", BigInteger(), nullable=False),
    Column("transferable", BigInteger(), nullable=False),
    Column("reserve", BigInteger(), nullable=False),
    Column("on_hold", BigInteger()),
)
PULL_WINDOW = Table(
    "pull_window",
    METADATA,
    Column("account", Text(), primary_key=True),
    Column("kind", Text(), primary_key=True),
    Column("start_at", Moment(), primary_key=True),
    Column("end_at", Moment(), primary_key=True),
    Column("total", BigInteger(), nullable=False),
    Column("stored", BigInteger(), nullable=False),
    Column("pulled_at", Moment(), nullable=False),
    Column("complete", Boolean(), nullable=False),
)

SERIAL = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER counts by itself on SQLite

# What we did.
RUN = Table(
    "run",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    Column("started_at", Moment(), nullable=False),
    Column("recorded_at", Moment(), nullable=False),
    Column("as_of", Moment(), nullable=False),
    Column("who", Text(), nullable=False),
    Column("command", Text(), nullable=False),
    Column("options", Text(), nullable=False),
    Column("software", Text(), nullable=False),
    Column("config_digest", Text(), nullable=False),
    Column("status", Text(), nullable=False),
    Column("timings", Text(), nullable=False),
    Column("audit_head", Text()),
    sqlite_autoincrement=True,
)
RUN_ACCOUNT = Table(
    "run_account",
    METADATA,
    Column("run_id", BigInteger(), ForeignKey("run.id"), primary_key=True, autoincrement=False),
    Column("account", Text(), primary_key=True),
    Column("first_day", Date(), nullable=False),
    Column("last_day", Date(), nullable=False),
    Column("counts", Text(), nullable=False),
    Column("result_digest", Text(), nullable=False),
    Column("judged", Text()),  # creation times whose charges the run looked at, as JSON; null: a run before 0012
)
Index(None, RUN_ACCOUNT.c.account, RUN_ACCOUNT.c.run_id)
BREAK = Table(
    "break",
    METADATA,
    Column("id", Text(), primary_key=True),
    Column("code", Text(), nullable=False),
    Column("severity", Integer(), nullable=False),
    Column("account", Text()),
    Column("subject_type", Text(), nullable=False),
    Column("subject_id", Text(), nullable=False),
    Column("explanation", Text(), nullable=False),
    Column("suggestion", Text(), nullable=False),
    Column("currency", Text()),
    Column("expected", BigInteger()),
    Column("actual", BigInteger()),
    Column("amount_at_risk", BigInteger()),
    Column("due_by", Moment()),
    Column("order_id", Text()),
    Column("charge_id", Text()),
    Column("refund_id", Text()),
    Column("transfer_id", Text()),
    Column("transaction_id", Text()),
    Column("dispute_id", Text()),
    Column("occurred_on", Date()),
    Column("status", Text(), nullable=False),
    Column("first_seen", Moment(), nullable=False),
    Column("last_seen", Moment(), nullable=False),
    Column("owner", Text()),
    Column("version", BigInteger(), nullable=False, server_default="0"),
    Column("ruling_id", BigInteger()),
    Column("ruling_kind", Text()),
    Column("ruled_by", Text()),
    Column("reason", Text()),
    Column("until", Date()),
    Column("facts", Text()),
    # Made of the others: all ids and amounts in small letters, as they are searched; and the amount at risk by the
    # digits that people read, in hundredths whatever its currency (-1: none).
    Column("search", Text(), nullable=False, server_default=""),
    Column("comparable_amount", BigInteger(), nullable=False, server_default="-1"),
)
# The status first: what is open is asked for all accounts together, and is little beside what is closed. With what
# lists are mostly filtered and sorted by, so that they need not look at the rows.
Index(
    "ix_break_list",
    *(
        BREAK.c[name]
        for name in (
            "status",
            "account",
            "severity",
            "comparable_amount",
            "code",
            "occurred_on",
            "first_seen",
            "due_by",
            "currency",
            "amount_at_risk",
            "expected",
            "actual",
            "owner",
            "id",
            "search",
        )
    ),
)
Index(None, BREAK.c.order_id)
Index(None, BREAK.c.charge_id)
# Its values in the text, as in the conditions of indexes.
IS_OPEN = BREAK.c.status.in_([literal_column(f"'{one}'") for one in BreakStatus if one not in CLOSED])
# What is open, in the two orders in which people page through all of it. PostgreSQL reads every row of the table
# rather than the wide index; SQLite takes the wide one even where it has these.
_FIRST = (BREAK.c.severity.desc(), BREAK.c.comparable_amount.desc(), BREAK.c.id, BREAK.c.account)
Index("ix_break_open", *_FIRST, **only_where(IS_OPEN))
Index("ix_break_open_due", BREAK.c.due_by, *_FIRST, **only_where(IS_OPEN))
RUN_BREAK = Table(
    "run_break",
    METADATA,
    Column("run_id", BigInteger(), ForeignKey("run.id"), primary_key=True, autoincrement=False),
    Column("account", Text(), primary_key=True),
    Column("break_id", Text(), ForeignKey("break.id"), primary_key=True),
    Column("severity", Integer(), nullable=False),
    Column("status", Text(), nullable=False),
    Column("expected", BigInteger()),
    Column("actual", BigInteger()),
    Column("amount_at_risk", BigInteger()),
)
BREAK_EVENT = Table(
    "break_event",
    METADATA,
    Column("seq", SERIAL, primary_key=True),
    Column("break_id", Text(), ForeignKey("break.id"), nullable=False, index=True),
    Column("run_id", BigInteger(), ForeignKey("run.id")),
    Column("at", Moment(), nullable=False),
    Column("recorded_at", Moment(), nullable=False),
    Column("who", Text(), nullable=False),
    Column("what", Text(), nullable=False),
    Column("detail", Text(), nullable=False),
    sqlite_autoincrement=True,
)
MATCH = Table("match", METADATA, *_declared(c.LINKS, (c.ORDER_ACCOUNT, c.ORDER_ID, c.CHARGE_ACCOUNT, c.CHARGE_ID)))
Index(None, MATCH.c[c.CHARGE_ID], MATCH.c[c.CHARGE_ACCOUNT])
