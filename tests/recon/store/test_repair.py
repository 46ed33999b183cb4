"""After a repair no moment in any table is later than now, but those that are said to stay."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Date, Integer, LargeBinary, MetaData, func, insert, select

from jobs.desk.actions import do
from jobs.run.opening.store import open_ready_store as opened_store
from recon import columns as c
from recon.model.rulings import RulingKind, RulingRequest
from recon.store import tables
from recon.store.desk.people import Act
from recon.store.desk.rulings import rulings
from recon.store.engine import Store, reading, to_micros, writing
from recon.store.repair import repair_clock
from recon.store.runs.record import list_breaks
from recon.store.tables import Moment
from recon.store.tables.archive import ARCHIVE_FILE
from recon.store.tables.desk import AUDIT
from recon.store.tables.people import LOGIN_TRY
from tests.kit.small_merchant import DAY, MIDNIGHT, merchant, night
from tests.kit.store_samples import DATABASES, HOUR, NOON, opened

AHEAD = timedelta(days=13_149)
OURS = (c.SEEN_AT, tables.SUPERSEDED_AT, "seen_until", "stale_from")  # ends of names of plain microseconds
GIVEN = {
    "detail": "{}",
    "facts": "{}",
    "before": "",
    "status": "open",
    "seq": -1,
}  # no number that the database gives next

# What may be later than now, and why.
STAYS: Mapping[Column[Any], str] = {
    tables.BREAK.c.due_by: "a deadline",
    tables.BREAK_EVENT.c.at: "what people did, and what the audit log sealed, stands as it was written",
    tables.BREAK_EVENT.c.recorded_at: "as above",
    AUDIT.c.at: "proved by hashes",
    ARCHIVE_FILE.c.before_at: "what a person asked for",
    **dict.fromkeys(
        (ARCHIVE_FILE.c[name] for name in ("first_seen_at", "last_seen_at", "last_superseded_at")),
        "what the file holds, as it was written",
    ),
    LOGIN_TRY.c.since: "one that is later counts for nothing",
}


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def moments(metadata: MetaData) -> list[Column[Any]]:
    """Every column that says when something of ours was."""
    columns = [column for table in metadata.sorted_tables for column in table.columns]
    return [column for column in columns if isinstance(column.type, Moment) or column.name.endswith(OURS)]


def value(column: Column[Any], at: datetime) -> Any:
    """Something for a column, a moment being that moment."""
    if column.name in GIVEN:
        return GIVEN[column.name]
    if isinstance(column.type, Moment):
        return at
    if column.name.endswith((*OURS, "next_at", "quiet_until")):
        return to_micros(at)
    for kind, content in ((Boolean, False), (Date, date(2026, 3, 1)), (LargeBinary, b""), (Integer, 1)):
        if isinstance(column.type, kind):
            return content
    return None if column.nullable else "x"


def fill(store: Store, at: datetime) -> None:
    """A row in every table, all its moments the same."""
    with writing(store) as connection:
        for table in tables.METADATA.sorted_tables:
            connection.execute(insert(table), {column.name: value(column, at) for column in table.columns})


def test_no_moment_is_later_than_now(store: Store) -> None:
    fill(store, NOON + AHEAD)
    repair_clock(store, Act("anna", NOON, None))
    later = set()
    with reading(store) as connection:
        for column in moments(tables.METADATA):
            latest = connection.execute(select(func.max(column))).scalar()
            now = NOON if isinstance(column.type, Moment) else to_micros(NOON)
            if latest is not None and latest > now:
                later.add(column)
        assert later == set(STAYS)
        assert connection.execute(select(func.max(tables.METADATA.tables["retention"].c.before_at))).scalar() == NOON
        assert (
            connection.execute(select(func.count()).select_from(tables.METADATA.tables["omise_turn"])).scalar() == 0
        )
    assert repair_clock(store, Act("anna", NOON, None)).counts == {}


async def test_what_a_run_with_a_clock_ahead_ended_as_of_a_moment_that_is_over_stands_again(tmp_path: Path) -> None:
    config = merchant(tmp_path, f"A-1,500.00,THB,paid,{(MIDNIGHT + HOUR).isoformat()}\n")
    first, day = MIDNIGHT + DAY, date(2026, 3, 3)
    await night(config, first, day)
    known = opened_store(config)
    [missing] = [each.latest for each in list_breaks(known) if each.latest.code == "charge_missing"]
    do(
        config,
        RulingRequest(RulingKind.ACKNOWLEDGE, "anna", missing.id, until=date(2026, 3, 5)),
        first,
        lambda _: None,
    )
    await night(config, first + AHEAD, day, as_of=first + 5 * DAY)
    assert [ruling.standing for ruling in rulings(known, missing.id)] == ["expired"]
    repair_clock(known, Act("anna", first + 6 * DAY, None))
    assert [ruling.standing for ruling in rulings(known, missing.id)] == ["stands"]
    assert {each.status.value for each in list_breaks(known) if each.latest.id == missing.id} == {"acknowledged"}
    known.dispose()
