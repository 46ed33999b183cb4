"""Attempts at runs: one at a time per account, taken over from the dead; extra jobs once; both databases."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from recon.store.engine import Store
from recon.store.runs.attempts import (
    Attempt,
    Begun,
    Claim,
    Holder,
    attempts,
    beat,
    begin,
    begin_job,
    counted,
    end,
    end_job,
    fail,
    first_attempts,
)
from recon.store.runs.record import RunAccount, RunRecord
from tests.kit.recorded_runs import put_run
from tests.kit.store_samples import DATABASES, HOUR, NOON, opened

DAY = date(2026, 3, 1)
US, THEM = Holder("scheduler", "here", 1, "p1"), Holder("somebody", "there", 2, "p2")
CLAIM = Claim("th", DAY, DAY, NOON - HOUR, NOON, True)


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def alive(_attempt: Attempt) -> bool:
    return False


def dead(_attempt: Attempt) -> bool:
    return True


def take(
    store: Store,
    *claims: Claim,
    holder: Holder = US,
    now: datetime = NOON,
    is_dead: Callable[[Attempt], bool] = alive,
    since: datetime | None = None,
) -> Begun:
    return begin(store, claims or (CLAIM,), holder, now, is_dead, since)


def test_a_second_run_of_the_account_learns_who_holds_it_whatever_its_range(store: Store) -> None:
    assert len(take(store).ids) == 1
    month = replace(CLAIM, first_day=date(2026, 1, 1), last_day=date(2026, 1, 31))
    for claim in (CLAIM, month):
        [holder] = take(store, claim, holder=THEM).held
        assert (holder.who, holder.host, holder.pid, holder.first_day) == ("scheduler", "here", 1, DAY)
    assert len(take(store, replace(CLAIM, account="jp"), holder=THEM).ids) == 1


def test_all_accounts_of_a_run_are_taken_or_none(store: Store) -> None:
    take(store)
    both = take(store, replace(CLAIM, account="jp"), CLAIM, holder=THEM)
    assert (both.ids, [one.account for one in both.held]) == ((), ["th"])
    assert [one.account for one in attempts(store, DAY)] == ["th"]


def test_an_ended_run_leaves_the_account_free_and_what_became_of_it(store: Store) -> None:
    begun = take(store)
    end(store, begun.ids, NOON + HOUR, "incomplete", "a list was short", None)
    assert take(store, now=NOON + 2 * HOUR).ids
    first, second = attempts(store, DAY)
    assert (first.ending, first.words, first.ended_at) == ("incomplete", "a list was short", NOON + HOUR)
    assert (second.ending, second.ended_at, second.began_at) == (None, None, NOON + 2 * HOUR)
    assert first_attempts(store) == {"th": NOON}
    assert attempts(store, DAY + timedelta(days=1)) == []


def test_a_run_whose_workbook_could_not_be_written_counts_as_failed(store: Store) -> None:
    begun = take(store, CLAIM, replace(CLAIM, account="jp"))
    run_id = put_run(store, RunRecord(NOON, NOON, NOON, "x", "run", {}, "1", "d", "complete", {}))
    for at, run in zip(begun.ids, (run_id, None), strict=True):
        end(store, [at], NOON, "complete", "", run)
    assert fail(store, run_id, NOON + HOUR, "the disk is full") == 1
    assert {(one.account, one.ending, one.words) for one in attempts(store, DAY)} == {
        ("th", "failed", "the disk is full"),
        ("jp", "complete", ""),
    }


def test_the_dead_are_taken_over_once_and_cannot_go_on(store: Store) -> None:
    ours = take(store)
    theirs = take(store, holder=THEM, now=NOON + HOUR, is_dead=dead)
    assert theirs.ids
    assert not beat(store, ours.ids, NOON + HOUR)
    end(store, ours.ids, NOON + 2 * HOUR, "complete", "", None)  # too late: it stays as it was ended
    first, second = attempts(store, DAY)
    assert (first.ending, first.ended_at) == ("died", NOON + HOUR)
    assert second.ended_at is None
    assert beat(store, theirs.ids, NOON + 2 * HOUR)
    assert attempts(store, DAY)[1].beat_at == NOON + 2 * HOUR


def test_a_night_that_is_done_is_not_begun_again(store: Store) -> None:
    end(store, take(store).ids, NOON, "complete", "", None)
    assert take(store, since=NOON).settled
    assert take(store, replace(CLAIM, last_day=DAY + timedelta(days=1)), since=NOON).ids
    assert not take(store, replace(CLAIM, account="jp"), since=NOON).settled


def test_a_night_that_somebody_has_just_tried_is_not_begun_again(store: Store) -> None:
    end(store, take(store).ids, NOON, "failed", "no answer", None)
    assert take(store, since=NOON - HOUR).settled
    end(store, take(store, since=NOON).ids, NOON, "died", "", None)
    assert take(store, since=NOON - HOUR).ids  # it died: at once


@pytest.mark.parametrize("part", [{"pulled": False}, {"as_of": NOON - 2 * HOUR}])
def test_a_night_that_was_only_looked_at_is_begun_again(store: Store, part: dict[str, object]) -> None:
    end(store, take(store, replace(CLAIM, **part)).ids, NOON, "complete", "", None)  # type: ignore[arg-type]
    assert take(store, since=NOON).ids


def test_of_many_at_once_one_gets_it(store: Store) -> None:
    ready, found = threading.Barrier(8), list[Begun]()

    def try_it(number: int) -> None:
        ready.wait()
        found.append(take(store, holder=replace(THEM, pid=number)))

    threads = [threading.Thread(target=try_it, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(begun.ids) for begun in found) == [0] * 7 + [1]
    assert {begun.held[0].pid for begun in found if begun.held} == {attempts(store, DAY)[0].pid}


def test_an_extra_job_is_taken_once_an_hour(store: Store) -> None:
    assert begin_job(store, "pending", "2026-03-01T12:00", "here", NOON)
    assert not begin_job(store, "pending", "2026-03-01T12:00", "there", NOON)
    assert begin_job(store, "pending", "2026-03-01T13:00", "there", NOON)
    assert begin_job(store, "month", "2026-03-01T12:00", "there", NOON)
    end_job(store, "pending", "2026-03-01T12:00", NOON + HOUR, 3)
    with store.connect() as connection:
        rows = connection.exec_driver_sql("select name, hour, host, exit_code from job_run order by name, hour").all()
    assert [tuple(row) for row in rows] == [
        ("month", "2026-03-01T12:00", "there", None),
        ("pending", "2026-03-01T12:00", "here", 3),
        ("pending", "2026-03-01T13:00", "there", None),
    ]


def test_what_runs_of_single_days_counted(store: Store) -> None:
    run = RunRecord(NOON, NOON, NOON, "x", "run", {}, "1", "d", "complete", {})
    days = {"th": DAY, "jp": date(2026, 2, 1)}
    parts = [RunAccount(name, first, DAY, {"orders": 4}, "d") for name, first in days.items()]
    run_id = put_run(store, run, parts)
    assert counted(store, DAY) == {(run_id, "th"): {"orders": 4}}
    assert counted(store, DAY + timedelta(days=1)) == {}
