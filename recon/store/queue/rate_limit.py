"""Turns at Omise shared by every host: one row per account, counted on the database's clock.

PostgreSQL only, one statement each: a SQLite store serves one machine, whose own limiter is enough.
"""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, extract, func, select
from sqlalchemy.dialects.postgresql import insert

from recon.store.engine import Store
from recon.store.tables.rate_limit import OMISE_TURN

_AT_ONCE = {"isolation_level": "AUTOCOMMIT"}


def take(store: Store, account: str, every: int) -> int:
    """Takes the account's next free turn, `every` microseconds before the one after it; how many microseconds off it
    is (0: now)."""
    turn = OMISE_TURN.c
    now = _now()
    fresh = insert(OMISE_TURN).values(account=account, next_at=now + every, quiet_until=0)
    ours = func.greatest(turn.next_at, turn.quiet_until, now)
    statement = fresh.on_conflict_do_update(index_elements=[turn.account], set_={turn.next_at: ours + every})
    left = func.greatest(turn.next_at - every - _now(), 0)
    return int(_one(store, statement.returning(left)))


def keep_quiet(store: Store, account: str, span: int) -> None:
    """Nobody asks for `span` microseconds from now, nor sooner than was asked for before."""
    turn = OMISE_TURN.c
    until = _now() + span
    fresh = insert(OMISE_TURN).values(account=account, next_at=0, quiet_until=until)
    longest = func.greatest(turn.quiet_until, until)
    statement = fresh.on_conflict_do_update(index_elements=[turn.account], set_={turn.quiet_until: longest})
    _one(store, statement.returning(turn.quiet_until))


def is_quiet(store: Store, account: str) -> bool:
    """Whether Omise wants to be left alone by now."""
    asked = select(func.coalesce(func.max(OMISE_TURN.c.quiet_until), 0) > _now())
    return bool(_one(store, asked.where(OMISE_TURN.c.account == account)))


def _now() -> ColumnElement[int]:
    """The database's clock as it stands, not as it stood when the transaction began."""
    return cast(extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)


def _one(store: Store, statement: Any) -> Any:
    with store.connect().execution_options(**_AT_ONCE) as connection:
        return connection.execute(statement).scalar_one()
