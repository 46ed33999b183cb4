"""What earlier runs recorded of a range: figures, open breaks, each range by its last run; judges nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select

from recon.columnar import pd
from recon.columns import RUN_BREAKS
from recon.model import KnownBreak, Severity
from recon.store import tables
from recon.store.engine import Store, reading
from recon.store.runs.break_rows import breaks_by, chunks
from recon.store.runs.record import RunAccount, account_of

Days = tuple[date, date]  # a range's first and last day


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


def last_of_each_range(
    store: Store, account: str, of: Callable[[Iterable[Days]], Iterable[Days]] = tuple
) -> list[EarlierRun]:
    """Every range of an account by its latest run, in the order of the runs; of all of them those that `of` gives."""
    run = tables.RUN.c
    part = tables.RUN_ACCOUNT
    days = (part.c.first_day, part.c.last_day)
    latest = select(*days, func.max(part.c.run_id)).where(part.c.account == account).group_by(*days)
    statement = select(run.id, run.as_of, run.status, part).join(part, part.c.run_id == run.id).order_by(run.id)
    with reading(store) as connection:
        last_runs = {(first, last): run_id for first, last, run_id in connection.execute(latest)}
        run_ids = [last_runs[span] for span in of(last_runs)]
        return [
            _earlier(row)
            for chunk in chunks(sorted(run_ids))
            for row in connection.execute(statement.where(part.c.account == account, run.id.in_(chunk)))
        ]


def runs_of(store: Store, account: str, first: date, last: date, limit: int) -> list[int]:
    """The latest runs of a range, newest first, by their numbers."""
    part = tables.RUN_ACCOUNT.c
    of_range = (part.account == account, part.first_day == first, part.last_day == last)
    statement = select(part.run_id).where(*of_range).order_by(part.run_id.desc()).limit(limit)
    with reading(store) as connection:
        return list(connection.execute(statement).scalars())


def known_by_id(store: Store, break_ids: Collection[str]) -> dict[str, KnownBreak]:
    """Breaks as they are known now, by their ids."""
    with reading(store) as connection:
        return {known.latest.id: known for known in breaks_by(connection, "id", break_ids)}


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
