"""Which nights should run and what the watchdog says of them, from recorded attempts alone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from jobs.run.moments.nights import Night, NightRecords, done, expected_nights, oldest_day, to_run, waited_on, watch
from jobs.service.schedule import next_fire
from recon.model import Account
from recon.store.runs.attempts import Attempt
from tests.kit.night_runs import at

TH = Account("th", "TH", "THB", ZoneInfo("Asia/Bangkok"))
MONDAY = date(2026, 3, 2)
BEGAN = at("2026-03-02 18:30")  # Tuesday 01:30 in Bangkok
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def attempt(day: date = MONDAY, began: datetime = BEGAN, **fields: Any) -> Attempt:
    """A whole run of a day that took a minute."""
    made = Attempt(
        id=1,
        account="th",
        first_day=day,
        last_day=day,
        as_of=began,
        pulled=True,
        who="scheduler",
        host="a",
        pid=1,
        process="p",
        began_at=began,
        beat_at=began,
        ended_at=began + timedelta(minutes=1),
        ending="complete",
        words="",
        run_id=None,
        waits_on={},
    )
    return replace(made, **fields)


def known(*attempts: Attempt, first: datetime = BEGAN, counted: Any = None) -> NightRecords:
    return NightRecords(attempts, {"th": first}, counted or {})


def nights(
    what: NightRecords, now: datetime, days: int = 7, account: Account = TH, cron: str = "30 1 * * *"
) -> list[Night]:
    return expected_nights(account, what, now, days, lambda ends: next_fire(cron, account.zone, ends))


def due(what: NightRecords, now: datetime, **options: Any) -> list[date]:
    return [night.day for night in to_run(nights(what, now, **options), what.attempts, now, {})]


def kinds(what: NightRecords, now: datetime, catch_up_days: int = 7) -> list[tuple[str, date]]:
    return [(one.kind, one.day) for one in watch(nights(what, now, 14), what, now, catch_up_days)]


def test_before_the_first_attempt_only_last_night_is_due() -> None:
    assert due(NightRecords((), {}, {}), at("2026-03-10 12:00")) == [date(2026, 3, 9)]
    # In Bangkok it is 02:00 of the next day; before its midnight the day is not over.
    assert due(NightRecords((), {}, {}), at("2026-03-09 19:00")) == [date(2026, 3, 9)]
    assert due(NightRecords((), {}, {}), at("2026-03-09 16:59")) == [date(2026, 3, 8)]


def test_a_night_is_not_due_before_its_hour() -> None:
    what = known(attempt())
    assert due(what, at("2026-03-03 18:29")) == []
    assert due(what, at("2026-03-03 18:30")) == [MONDAY + DAY]


def test_missed_nights_are_due_oldest_first_and_only_so_far_back() -> None:
    what = known(attempt())
    assert due(what, at("2026-03-05 19:00")) == [MONDAY + number * DAY for number in (1, 2, 3)]
    assert due(what, at("2026-03-20 19:00"), days=2) == [date(2026, 3, day) for day in (18, 19, 20)]
    assert due(what, at("2026-03-20 19:00"), days=0) == [date(2026, 3, 20)]


def test_nothing_before_going_live_is_due() -> None:
    account = replace(TH, go_live=date(2026, 3, 4))
    assert due(known(attempt()), at("2026-03-05 19:00"), account=account) == [date(2026, 3, 4), date(2026, 3, 5)]


def test_what_reconciles_a_night() -> None:
    now = at("2026-03-02 19:00")
    [night] = nights(known(attempt()), now)
    week: dict[str, Any] = {"first_day": MONDAY - 6 * DAY, "last_day": MONDAY}
    for whole in (attempt(), attempt(**week), attempt(who="somebody")):
        assert done(night, [whole]) is whole
    for part in (
        attempt(ending="incomplete"),
        attempt(ending="failed"),
        attempt(ending=None, ended_at=None),
        attempt(pulled=False),
        attempt(account="jp"),
        attempt(MONDAY - DAY),
        attempt(began=night.ends_at - timedelta(seconds=1)),  # while the day went on
        attempt(as_of=night.ends_at - timedelta(seconds=1)),
    ):
        assert done(night, [part]) is None


def test_a_failed_night_waits_an_hour_and_one_that_died_does_not() -> None:
    ended = BEGAN + timedelta(minutes=1)
    for ending, wait in (("incomplete", HOUR), ("failed", HOUR), ("died", 0 * HOUR)):
        what = known(attempt(ending=ending))
        assert due(what, ended + wait) == [MONDAY]
        if wait:
            assert due(what, ended + wait - timedelta(seconds=1)) == []
    assert due(known(attempt(ended_at=None, ending=None)), ended) == [MONDAY]  # whether it lives, the store knows


def test_on_weekdays_only_the_weekend_is_due_on_monday() -> None:
    now = at("2026-03-09 01:29")  # a Monday in Bangkok: 08:29
    options: dict[str, Any] = {"cron": "30 8 * * 1-5", "first": at("2026-03-07 01:30")}
    what = known(attempt(date(2026, 3, 5)), first=options.pop("first"))
    assert due(what, now, **options) == []
    assert due(what, now + timedelta(minutes=1), **options) == [date(2026, 3, day) for day in (6, 7, 8)]


def test_the_watchdog_waits_and_then_says_missed_until_it_has_run_and_then_late() -> None:
    what, hour = known(attempt()), at("2026-03-03 18:30")
    assert kinds(what, hour + 6 * HOUR) == []
    assert kinds(what, hour + 7 * HOUR) == [("missed", MONDAY + DAY)]
    ran = known(attempt(), attempt(MONDAY + DAY, hour + 8 * HOUR))
    assert kinds(ran, hour + 9 * HOUR) == [("late", MONDAY + DAY)]
    in_time = known(attempt(), attempt(MONDAY + DAY, hour + 5 * HOUR))
    assert kinds(in_time, hour + 9 * HOUR) == []


def test_the_watchdog_says_incomplete_where_it_was_tried() -> None:
    tries = [attempt(ending="incomplete", words="a list was short"), attempt(ending="failed", words="refused")]
    now = BEGAN + 7 * HOUR
    [finding] = watch(nights(known(*tries), now), known(*tries), now, 7)
    assert (finding.kind, finding.account, finding.day) == ("incomplete", "th", MONDAY)
    assert finding.words == (
        'account "th", night of 2026-03-02: was tried 2 times; the last try ended failed: refused; '
        "it is tried again by itself"
    )


def test_a_night_too_old_to_be_caught_up_says_what_to_do() -> None:
    what, now = known(attempt()), at("2026-03-12 01:00")
    found = {one.day: one.words for one in watch(nights(what, now, 14), what, now, 7)}
    assert "`recon run --account th --from 2026-03-03 --to 2026-03-03`" in found[date(2026, 3, 3)]
    assert "by itself" in found[date(2026, 3, 4)]


def test_the_first_night_is_not_late_because_the_software_came_later() -> None:
    installed = at("2026-03-03 14:00")
    what = known(attempt(began=installed), first=installed)
    assert kinds(what, installed + 3 * HOUR) == []


def mondays(counts: Sequence[int], ours: int, name: str = "orders") -> list[tuple[str, date]]:
    """What the watchdog says where the Mondays before had so many rows and this one has `ours`."""
    other = "charges" if name == "orders" else "orders"
    days = [MONDAY - 7 * (len(counts) - number) * DAY for number in range(len(counts))] + [MONDAY]
    made = [attempt(day, BEGAN - (MONDAY - day), run_id=number) for number, day in enumerate(days)]
    rows = {(number, "th"): {name: count, other: 100} for number, count in enumerate((*counts, ours))}
    what = NightRecords(made, {"th": BEGAN - timedelta(hours=1)}, rows)
    return kinds(what, BEGAN + HOUR)


def test_suspiciously_few_rows() -> None:
    thin = [("thin", MONDAY)]
    assert mondays((40, 44, 36, 40), 9) == thin
    assert mondays((40, 44, 36, 40), 9, "charges") == thin
    assert mondays((40, 44, 36, 40), 10) == []  # a quarter is enough
    assert mondays((20, 20, 20, 20), 0) == thin
    assert mondays((19, 19, 19, 19), 0) == []  # a quiet day says nothing
    assert mondays((40, 44), 0) == []  # too little is known
    assert mondays((40, 0, 44, 40), 9) == thin  # one empty week changes no median


def test_a_day_that_was_run_again_counts_once() -> None:
    weeks = [attempt(MONDAY - 7 * n * DAY, BEGAN - 7 * n * DAY, run_id=n) for n in (3, 2, 1)]
    rows = {(n, "th"): {"orders": 40, "charges": 40} for n in (3, 2, 1)}
    rows |= {(10, "th"): {"orders": 2, "charges": 2}, (11, "th"): {"orders": 38, "charges": 38}}
    again = [attempt(run_id=10), attempt(began=BEGAN + HOUR, run_id=11)]
    first = BEGAN - HOUR
    assert kinds(NightRecords((*weeks, again[0]), {"th": first}, rows), BEGAN + 2 * HOUR) == [("thin", MONDAY)]
    assert kinds(NightRecords((*weeks, *again), {"th": first}, rows), BEGAN + 2 * HOUR) == []


def test_records_older_than_anything_asks_for_are_not_read() -> None:
    now = at("2026-03-30 00:30")
    assert oldest_day(now, 7) == date(2026, 3, 30) - (14 + 28 + 2) * DAY
    assert oldest_day(now, 30) == date(2026, 3, 30) - (30 + 28 + 2) * DAY


def test_a_night_that_waits_on_a_file_is_tried_again_when_the_file_changes_and_watched_no_more() -> None:
    what = known(attempt(ending="incomplete", waits_on={"orders.shop": "a"}))
    now = BEGAN + timedelta(minutes=1) + 8 * HOUR
    night = nights(what, now)
    assert to_run(night, what.attempts, now, {"orders.shop": "a"}) == []
    assert [late.day for late in to_run(night, what.attempts, now, {"orders.shop": "b"})] == [MONDAY]
    assert [late.day for late in to_run(night, what.attempts, now, {})] == [MONDAY]
    assert to_run(night, what.attempts, BEGAN + HOUR / 2, {"orders.shop": "b"}) == []
    assert waited_on(night, what.attempts) == {"orders.shop"}
    assert kinds(what, now) == []
