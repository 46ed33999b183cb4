"""What earlier runs recorded of a range: figures, open breaks, each range by its last run; judges nothing."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Row, func, select

from recon.columns import RUN_BREAKS
from recon.model import Severity
from recon.store import tables
from recon.store.engine import Store, reading
from recon.store.runs.record import RunAccount, account_of


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A run of an account and range, as it was recorded."""

    run_id: int
    as_of: datetime
    complete: bool
    part: RunAccount


def last_different(store: Store, account: str, first: date, last: date, digest: str) -> EarlierRun | None:
    """The latest recorded run of a range whose result had another digest; None where there is none.

    So running again what has not changed compares with the same run as before.
    """
    run = tables.RUN.c
    part = tables.RUN_ACCOUNT
    statement = (
        select(run.id, run.as_of, run.status, part)
        .join(part, part.c.run_id == run.id)
        .where(part.c.account == account, part.c.first_day == first, part.c.last_day == last)
        .where(part.c.result_digest != digest)
        .order_by(run.id.desc())
        .limit(1)
    )
    with reading(store) as connection:
        row = connection.execute(statement).one_or_none()
    return None if row is None else _earlier(row)


def last_of_each_range(store: Store, account: str) -> list[EarlierRun]:
    """Every range of an account by its latest run, in the order of the runs."""
    run = tables.RUN.c
    part = tables.RUN_ACCOUNT
    latest = (
        select(func.max(part.c.run_id)).where(part.c.account == account).group_by(part.c.first_day, part.c.last_day)
    )
    statement = (
        select(run.id, run.as_of, run.status, part)
        .join(part, part.c.run_id == run.id)
        .where(part.c.account == account, run.id.in_(latest))
        .order_by(run.id)
    )
    with reading(store) as connection:
        return [_earlier(row) for row in connection.execute(statement)]


def left_open(store: Store, run_id: int, account: str) -> pd.DataFrame:
    """The breaks that a run reported as open for an account, shaped `RUN_BREAKS`, by id."""
    table = tables.RUN_BREAK.c
    statement = (
        select(table.break_id, table.severity, table.status, table.expected, table.actual, table.amount_at_risk)
        .where(table.run_id == run_id, table.account == account)
        .order_by(table.break_id)
    )
    with reading(store) as connection:
        rows = [(id_, Severity(severity).word, *rest) for id_, severity, *rest in connection.execute(statement)]
    return RUN_BREAKS.from_rows(rows)


def _earlier(row: Row[Any]) -> EarlierRun:
    return EarlierRun(row.id, row.as_of, row.status == "complete", account_of(row))
