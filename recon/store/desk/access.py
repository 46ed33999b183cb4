"""The access log: who came in or was refused, and what changed about people and tokens; old lines are taken out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, insert, or_, select

from recon.store.engine import Store, reading
from recon.store.tables.people import ACCESS

LOG_IN, LOG_OUT, LOCK_OUT, TOKEN, REQUEST = "log in", "log out", "lock out", "token", "request"
LINKED = "user linked"
# What is done to people and tokens, in the words of the audit log, which has it, too.
CHANGES = (
    *("user added", "user changed", "user disabled", "user enabled", "password changed", "sessions ended"),
    *("token added", "token revoked"),
    LINKED,
)
DONE, REFUSED = "done", "refused"
PAGE = 5_000  # rows that an export reads at a time
_ACCESS = ACCESS.c


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `who` is null for a name that nobody has, `address` for what a command did."""

    at: datetime
    who: str | None
    address: str | None
    what: str
    result: str = DONE
    subject: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines; null and empty are all. `name` acted or is spoken of; the moments are from and before."""

    name: str = ""
    what: str = ""
    result: str = ""
    first: datetime | None = None
    end: datetime | None = None


def append(connection: Connection, entry: Entry) -> None:
    """One more line, inside a writing transaction."""
    row = {column: getattr(entry, column) for column in Entry.__slots__}
    connection.execute(insert(ACCESS), [row])


def remove(connection: Connection, before: datetime) -> int:
    """Takes out the lines of before a moment, inside a writing transaction; how many there were."""
    return connection.execute(delete(ACCESS).where(_ACCESS.at < before)).rowcount


def find(store: Store, wanted: Wanted, offset: int, limit: int) -> tuple[int, list[Entry]]:
    """How many lines there are, and some of them, newest first."""
    with reading(store) as connection:
        total = connection.execute(_of(select(func.count(_ACCESS.id)), wanted)).scalar_one()
        rows = _of(select(ACCESS), wanted).order_by(_ACCESS.id.desc()).offset(offset).limit(limit)
        return total, [_entry(row) for row in connection.execute(rows)]


def everything(store: Store, wanted: Wanted) -> Iterator[list[Entry]]:
    """All lines, newest first, some thousands at a time."""
    before: int | None = None
    while True:
        rows_before = _of(select(ACCESS), wanted).order_by(_ACCESS.id.desc()).limit(PAGE)
        with reading(store) as connection:
            rows = connection.execute(rows_before if before is None else rows_before.where(_ACCESS.id < before)).all()
        if not rows:
            return
        yield [_entry(row) for row in rows]
        before = rows[-1].id


def places_of_log_ins(store: Store, since: datetime) -> set[tuple[str, str]]:
    """Who has logged in since a moment, with each address that they came from."""
    logged_in = select(_ACCESS.who, _ACCESS.address).distinct()
    successful = logged_in.where(_ACCESS.what == LOG_IN, _ACCESS.at >= since, _ACCESS.result == DONE)
    with reading(store) as connection:
        return {(row.who, row.address) for row in connection.execute(successful)}


def _of(statement: Select[Any], wanted: Wanted) -> Select[Any]:
    conditions = [
        column == text for column, text in ((_ACCESS.what, wanted.what), (_ACCESS.result, wanted.result)) if text
    ]
    if wanted.name:
        conditions.append(or_(_ACCESS.who == wanted.name, _ACCESS.subject == wanted.name))
    if wanted.first:
        conditions.append(_ACCESS.at >= wanted.first)
    if wanted.end:
        conditions.append(_ACCESS.at < wanted.end)
    return statement.where(*conditions)


def _entry(row: Row[Any]) -> Entry:
    return Entry(**{column: getattr(row, column) for column in Entry.__slots__})
