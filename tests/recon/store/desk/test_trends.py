"""How many breaks opened and closed in which week, on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recon.model import BreakEvent, BreakStatus
from recon.store.desk.trends import BEFORE, BreakLives, lives
from recon.store.engine import Store, open_store
from recon.store.runs.record import RunRecord
from tests.kit.recorded_runs import put_run
from tests.kit.store_samples import DATABASES, fresh_url
from tests.recon.store.desk.test_worklist import a_break

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = timedelta(days=7)
CLOSED = BreakStatus.AUTO_CLOSED


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = open_store(fresh_url(request.param, tmp_path))
    breaks = [
        a_break(1, first_seen=MONDAY - timedelta(microseconds=1), expected=2, actual=1),
        a_break(2, first_seen=MONDAY, expected=2, actual=1),
        a_break(3, first_seen=MONDAY + WEEK - timedelta(microseconds=1), expected=2, actual=1),
        a_break(4, first_seen=MONDAY, status=CLOSED),
        a_break(5, first_seen=MONDAY - WEEK, status=CLOSED),
        a_break(6, account="jp", first_seen=MONDAY + 2 * WEEK),
    ]
    ends = ((4, MONDAY + 2 * WEEK, "auto_closed"), (4, MONDAY + 9 * WEEK, "note"), (5, MONDAY - WEEK, "resolved"))
    events = [BreakEvent(breaks[number - 1].latest.id, what, at, "run", "") for number, at, what in ends]
    put_run(store, RunRecord(MONDAY, MONDAY, MONDAY, "test", "run", {}, "0", "", "complete", {}), [], breaks, events)
    yield store
    store.dispose()


def test_each_break_counts_in_its_weeks_and_what_closed_before_in_none(store: Store) -> None:
    code = "amount_mismatch"
    assert lives(store, frozenset({"th"}), MONDAY, WEEK) == [
        BreakLives(code, -1, BEFORE, None, 1),
        BreakLives(code, -1, 0, None, 2),
        BreakLives(code, 0, 0, 2, 1),
    ]
    assert [life.opened for life in lives(store, frozenset({"jp"}), MONDAY, WEEK)] == [2]
    assert sum(life.count for life in lives(store, None, MONDAY, WEEK)) == 5
