"""Counts of the whole store for those who watch the system; no amount, no id and no person is in them."""

from datetime import datetime

from sqlalchemy import func, select

from recon.model import Severity
from recon.store.engine import Store, reading
from recon.store.tables import BREAK, IS_OPEN, RUN, RUN_ACCOUNT


def runs_by_status(store: Store) -> dict[tuple[str, str], int]:
    """How many runs were recorded, by command and status."""
    run = RUN.c
    statement = select(run.command, run.status, func.count()).group_by(run.command, run.status)
    with reading(store) as connection:
        return {(command, status): count for command, status, count in connection.execute(statement)}


def open_breaks(store: Store) -> dict[tuple[str, str, str], int]:
    """How many breaks are not closed, by account (empty: none is known), code and severity's word."""
    keys = (BREAK.c.account, BREAK.c.code, BREAK.c.severity)
    statement = select(*keys, func.count()).where(IS_OPEN).group_by(*keys)
    with reading(store) as connection:
        rows = connection.execute(statement).all()
    return {(account or "", code, Severity(severity).word): count for account, code, severity, count in rows}


def last_good_runs(store: Store) -> dict[str, datetime]:
    """When each account's last complete run was recorded."""
    statement = (
        select(RUN_ACCOUNT.c.account, func.max(RUN.c.recorded_at))
        .join(RUN, RUN.c.id == RUN_ACCOUNT.c.run_id)
        .where(RUN.c.status == "complete")
        .group_by(RUN_ACCOUNT.c.account)
    )
    with reading(store) as connection:
        return {row[0]: row[1] for row in connection.execute(statement)}
