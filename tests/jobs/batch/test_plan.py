"""A request as steps: what is planned, in which order it may be begun, and that any such order comes to its end."""

from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random

import pytest

from jobs.batch.plan import (
    BACKFILL,
    Kind,
    Period,
    PullDays,
    months,
    options_of,
    plan,
    ready,
    request_of,
    waits_for,
)
from jobs.run.outcome import RunOptions
from recon.store.queue.batches import Step

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
FEBRUARY, MARCH = (date(2026, 2, 27), date(2026, 2, 28)), (date(2026, 3, 1), date(2026, 3, 1))
PERIODS = (Period(*FEBRUARY, ("th", "jp")), Period(*MARCH, ("jp",)))
PULLS = (
    PullDays("th", *FEBRUARY, FEBRUARY),
    PullDays("jp", FEBRUARY[1], MARCH[1], (FEBRUARY[1], MARCH[1])),
)
STEPS = plan(PERIODS, PULLS)


def done(*keys: str) -> list[Step]:
    return [replace(step, done_at=NOON) if step.key in keys else step for step in STEPS]


def begun(*keys: str) -> list[str]:
    """What may be begun once these are done."""
    return [step.key for step in ready(done(*keys))]


def test_months_are_cut_at_their_ends() -> None:
    assert list(months(date(2026, 1, 30), date(2026, 3, 2))) == [
        (date(2026, 1, 30), date(2026, 1, 31)),
        (date(2026, 2, 1), date(2026, 2, 28)),
        (date(2026, 3, 1), date(2026, 3, 2)),
    ]
    assert list(months(date(2026, 12, 31), date(2026, 12, 31))) == [(date(2026, 12, 31), date(2026, 12, 31))]
    assert list(months(date(2026, 2, 2), date(2026, 2, 1))) == []


def test_every_day_is_swept_and_every_account_judged_month_by_month() -> None:
    assert [step.key for step in STEPS] == [
        "read 2026-02-27",
        "read 2026-03-01",
        "sweep th 2026-02-27",
        "sweep th 2026-02-28",
        "sweep jp 2026-02-28",
        "sweep jp 2026-03-01",
        "pull th",
        "pull jp",
        "judge th 2026-02-27",
        "judge jp 2026-02-27",
        "report 2026-02-27",
        "judge jp 2026-03-01",
        "report 2026-03-01",
    ]
    assert [step.place for step in STEPS] == list(range(len(STEPS)))
    assert STEPS[6].first_day == date(2026, 2, 27)
    assert STEPS[6].last_day == date(2026, 2, 28)


def test_a_night_sweeps_no_days() -> None:
    steps = plan([Period(*MARCH, ("th",))], [replace(PULLS[0], swept=())])
    assert [step.key for step in steps] == ["read 2026-03-01", "pull th", "judge th 2026-03-01", "report 2026-03-01"]


def test_a_step_may_be_begun_once_nothing_that_it_waits_for_is_left() -> None:
    files, sweeps = ("read 2026-02-27", "read 2026-03-01"), tuple(step.key for step in STEPS if step.kind == "sweep")
    assert begun() == [*files, *sweeps]
    assert begun(*files, "sweep th 2026-02-27", "sweep th 2026-02-28") == [*sweeps[2:], "pull th"]
    assert begun(*sweeps, files[0]) == [files[1]], "orders name what is to be pulled"
    pulled = (*files, *sweeps, "pull th", "pull jp")
    assert begun(*pulled[:-1]) == ["pull jp"], "links cross accounts"
    assert begun(*pulled) == ["judge th 2026-02-27", "judge jp 2026-02-27"], "open items carry over"
    assert begun(*pulled, "judge jp 2026-02-27") == ["judge th 2026-02-27", "judge jp 2026-03-01"]
    assert begun(*pulled, "judge jp 2026-02-27", "judge jp 2026-03-01") == [
        "judge th 2026-02-27",
        "report 2026-03-01",
    ]
    assert begun(*(step.key for step in STEPS)) == []


def test_without_a_pull_judging_waits_for_its_own_files() -> None:
    steps = plan(PERIODS, [])
    assert waits_for(steps[2], steps) == ["read 2026-02-27"]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_begun_first_all_is_done_in_the_end_and_nothing_too_early(seed: int) -> None:
    chance, steps = Random(seed), {step.key: step for step in STEPS}
    for _ in STEPS:
        one = chance.choice(ready(steps.values()))
        assert all(steps[key].done for key in waits_for(one, steps.values()))
        steps[one.key] = replace(one, done_at=NOON)
    assert ready(steps.values()) == []


def test_a_request_says_all_that_was_asked() -> None:
    asked = RunOptions(FEBRUARY[0], MARCH[1], ("th",), NOON, report=False, by="somchai", command="backfill")
    request = request_of(BACKFILL, asked, ["th"], NOON.replace(hour=13))
    assert options_of(request) == asked
    assert request.as_of == NOON
    again = request_of(BACKFILL, replace(asked, by="malee"), ["th"], NOON.replace(hour=14))
    assert again.name == request.name, "whoever asks, and whenever"
    others = (replace(asked, report=True), replace(asked, as_of=None), replace(asked, last=FEBRUARY[1]))
    assert len({request.name, *(request_of(BACKFILL, one, ["th"], NOON).name for one in others)}) == 4
    assert request_of(BACKFILL, replace(asked, as_of=None), ["th"], NOON).as_of == NOON


def test_every_kind_has_its_place() -> None:
    assert {step.kind for step in STEPS} == {str(kind) for kind in Kind}
