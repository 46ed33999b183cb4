"""Batches as they are kept: one for each request, every step done once, with its marker or not at all."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from jobs.batch.plan import BACKFILL, Period, PullDays, plan, request_of
from jobs.run.outcome import RunOptions
from recon.model import Window
from recon.store.engine import Store
from recon.store.queue import batches
from recon.store.queue.batches import Batch, Marker, StepDone
from recon.store.runs.record import RunAccount, RunRecord, list_runs
from recon.store.versions.load import covered
from recon.store.versions.save import PulledWindow
from tests.kit.recorded_runs import put_run
from tests.kit.store_samples import DATABASES, HOUR, NOON, opened

DAY = date(2026, 3, 1)
ACCOUNTS = ("th", "jp")
REQUEST = request_of(BACKFILL, RunOptions(DAY, DAY, by="test", command="backfill"), ACCOUNTS, NOON)
STEPS = plan([Period(DAY, DAY, ACCOUNTS)], [PullDays(name, DAY, DAY, (DAY,)) for name in ACCOUNTS])
LONG_AGO = NOON - timedelta(days=1)
RUN = RunRecord(NOON, NOON, NOON, "test", "backfill", {}, "1", "c", "complete", {})
JUDGE = "judge {} 2026-03-01"


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


@pytest.fixture
def batch(store: Store) -> Batch:
    found = batches.open_batch(store, REQUEST, STEPS, NOON, LONG_AGO)
    assert found is not None
    return found


def marker(batch: Batch, key: str, *, complete: bool = True) -> Marker:
    return Marker(batch.id, key, NOON + HOUR, complete, {"of": key}, b"packed")


def record(store: Store, made: Marker) -> int:
    account = made.key.split()[1]
    part = RunAccount(account, DAY, DAY, {}, f"digest of {account}")
    return put_run(store, RUN, [part], marker=made)


def test_one_request_is_one_batch_until_it_has_ended(store: Store, batch: Batch) -> None:
    later = replace(REQUEST, as_of=NOON + HOUR, who="somebody else")
    again = batches.open_batch(store, later, STEPS[:1], NOON + HOUR, LONG_AGO)
    assert again == batch, "with the now that it had"
    assert batches.steps(store, batch.id) == STEPS
    other = batches.open_batch(store, replace(REQUEST, name="other"), STEPS, NOON, LONG_AGO)
    assert other is not None
    assert [one.id for one in batches.going_on(store)] == [batch.id, other.id]
    assert batches.end(store, batch.id, NOON)
    assert not batches.end(store, batch.id, NOON, "too late")
    fresh = batches.open_batch(store, later, STEPS, NOON + HOUR, LONG_AGO)
    assert fresh is not None
    assert fresh.id != batch.id
    assert fresh.request.as_of == NOON + HOUR
    assert batches.one_batch(store, batch.id) == replace(batch, ended_at=NOON)


def test_nothing_left_opens_nothing(store: Store) -> None:
    assert batches.open_batch(store, REQUEST, [], NOON, LONG_AGO) is None
    assert batches.going_on(store) == []


def test_one_that_was_given_up_is_taken_up_again_where_it_stopped(store: Store, batch: Batch) -> None:
    batches.finish_alone(store, marker(batch, "sweep th 2026-03-01"))
    batches.end(store, batch.id, NOON, "a file is missing")
    assert batches.one_batch(store, batch.id) == replace(batch, ended_at=NOON, words="a file is missing")
    assert not batches.begin(store, batch.id, "pull th", "here", NOON), "nothing is begun of what has ended"
    assert batches.open_batch(store, REQUEST, [], NOON, LONG_AGO) == batch
    assert [step.key for step in batches.steps(store, batch.id) if step.done] == ["sweep th 2026-03-01"]


@pytest.mark.parametrize("words", [None, "given up"])
def test_one_that_nobody_worked_on_for_long_is_planned_anew(store: Store, batch: Batch, words: str | None) -> None:
    batches.begin(store, batch.id, "pull th", "here", NOON + HOUR)
    if words:
        batches.end(store, batch.id, NOON, words)
    assert batches.open_batch(store, REQUEST, STEPS, NOON + HOUR, NOON + HOUR) == batch
    if words:
        batches.end(store, batch.id, NOON, words)
    fresh = batches.open_batch(store, REQUEST, STEPS, NOON + 2 * HOUR, NOON + HOUR + timedelta(seconds=1))
    assert fresh is not None
    assert fresh.id != batch.id
    assert batches.going_on(store) == [fresh]


def test_tries_are_counted_until_a_step_is_done(store: Store, batch: Batch) -> None:
    key = "sweep th 2026-03-01"
    assert batches.begin(store, batch.id, key, "one", NOON)
    assert batches.begin(store, batch.id, key, "two", NOON + HOUR)
    batches.finish_alone(store, marker(batch, key, complete=False))
    assert not batches.begin(store, batch.id, key, "three", NOON)
    step = batches.one_step(store, batch.id, key)
    assert step == replace(STEPS[1], tries=2, begun_at=NOON + HOUR, host="two", done_at=NOON + HOUR, complete=False)
    assert batches.outcomes(store, batch.id, [key, "pull th"]) == {key: {"of": key}}


def test_a_pull_that_comes_second_writes_no_window(store: Store, batch: Batch) -> None:
    window, later = (Window(NOON + n * HOUR, NOON + (n + 1) * HOUR) for n in range(2))
    batches.finish_pulled(store, marker(batch, "pull th"), "th", [PulledWindow("event", window, 3, 3, NOON)])
    with pytest.raises(StepDone):
        batches.finish_pulled(store, marker(batch, "pull th"), "th", [PulledWindow("event", later, 3, 3, NOON)])
    assert covered(store, "th", "event") == (window,)


def test_the_accounts_of_a_range_are_one_run_which_is_complete_with_its_last(store: Store, batch: Batch) -> None:
    first = record(store, marker(batch, JUDGE.format("th")))
    assert [run.record.status for run in list_runs(store, 9)] == ["incomplete"]
    assert record(store, marker(batch, JUDGE.format("jp"))) == first
    [run] = list_runs(store, 9)
    assert run.record.status == "complete"
    assert [part.account for part in run.accounts] == ["jp", "th"]
    assert {step.run_id for step in batches.steps(store, batch.id, ("judge",))} == {first}


def test_a_range_with_a_part_that_is_not_complete_is_not(store: Store, batch: Batch) -> None:
    record(store, marker(batch, JUDGE.format("th"), complete=False))
    record(store, marker(batch, JUDGE.format("jp")))
    assert [run.record.status for run in list_runs(store, 9)] == ["incomplete"]


def test_what_is_recorded_a_second_time_is_not_recorded(store: Store, batch: Batch) -> None:
    record(store, marker(batch, JUDGE.format("th")))
    before = list_runs(store, 9)
    other = batches.open_batch(store, replace(REQUEST, name="other"), STEPS, NOON, LONG_AGO)
    assert other is not None
    batches.finish_alone(store, marker(other, JUDGE.format("th")))
    with pytest.raises(StepDone):
        record(store, marker(other, JUDGE.format("th")))
    assert list_runs(store, 9) == before


def test_packed_results_are_emptied_long_after_their_batch_has_ended(store: Store, batch: Batch) -> None:
    key = JUDGE.format("th")
    record(store, marker(batch, key))
    batches.finish_alone(store, marker(batch, "report 2026-03-01"), None, {key: b"less"})
    assert batches.packed_result(store, batch.id, key) == b"less"
    batches.end(store, batch.id, NOON)
    batches.open_batch(store, replace(REQUEST, name="soon"), STEPS, NOON, LONG_AGO)
    assert batches.packed_result(store, batch.id, key) == b"less"
    batches.open_batch(store, replace(REQUEST, name="later"), STEPS, NOON, NOON + HOUR)
    assert batches.packed_result(store, batch.id, key) is None
