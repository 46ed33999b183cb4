"""Which nights should have run, which to run now, and what became of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median_low
from typing import Any

from recon.calendars import days_window, local_day
from recon.model import Account
from recon.store.runs.alerts import WATCH_FAILED
from recon.store.runs.attempts import DIED, Attempt

DAY = timedelta(days=1)
LATE = timedelta(hours=6)  # after a night was due: by then people need it
RETRY = timedelta(hours=1)  # after a night's attempt ended without a whole run
WATCHED_DAYS = 14  # how far the watchdog looks back, more with a longer catch-up
WEEKS = 4  # of the same weekday that a night's rows are compared with
THIN_FROM = 20  # rows on such a day: below, a quiet day says nothing
THIN_PART = 4  # fewer than one in four of the usual rows are suspicious

Counted = Mapping[tuple[int, str], Mapping[str, Any]]  # what runs of one day counted, by run and account


@dataclass(frozen=True)
class Finding:
    """What the watchdog saw of one account's night; `words` is a sentence for people."""

    kind: str  # missed, incomplete, late, thin, watch_failed
    account: str
    day: date
    words: str


@dataclass(frozen=True)
class Night:
    """The run of one account's day, to be had after its end (`ends_at`) and begun at `due_at`."""

    account: Account
    day: date
    ends_at: datetime
    due_at: datetime


@dataclass(frozen=True)
class NightRecords:
    """What is recorded: attempts in order, each account's first one, and what runs of single days counted."""

    attempts: Sequence[Attempt]
    first: Mapping[str, datetime]
    counted: Counted


def oldest_day(now: datetime, catch_up_days: int) -> date:
    """The oldest day that anything here asks about, in any zone: earlier records need not be read."""
    return now.date() - (max(WATCHED_DAYS, catch_up_days) + 7 * WEEKS + 2) * DAY


def expected_nights(
    account: Account, records: NightRecords, now: datetime, days: int, due: Callable[[datetime], datetime]
) -> list[Night]:
    """The nights of yesterday and of the `days` days before it that should run, oldest first.

    They begin with the first night after the account came into use or went live. `due` says when the first run at or
    after the end of a day begins. What was due before the account was in use is due then.
    """
    used = min(records.first.get(account.name, now), now)
    yesterday = local_day(now, account.zone) - DAY
    first = max(yesterday - days * DAY, local_day(used, account.zone) - DAY, account.go_live or date.min)
    nights = []
    for number in range((yesterday - first).days + 1):
        day = first + number * DAY
        ends_at = days_window(day, day, account.zone).end
        nights.append(Night(account, day, ends_at, max(due(ends_at), used)))
    return nights


def done(night: Night, attempts: Iterable[Attempt]) -> Attempt | None:
    """The first attempt that reconciled a night."""
    for attempt in attempts:
        if attempt.account == night.account.name and attempt.reconciles(night.day, night.ends_at):
            return attempt
    return None


def to_run(
    nights: Sequence[Night], attempts: Sequence[Attempt], now: datetime, files: Mapping[str, str]
) -> list[Night]:
    """The nights that are due and not done, oldest first; one that failed waits an hour, one that died does not.

    One that only the rows of files keep from being complete waits until they change: `files` are by source the
    digests of all that any night waits on, as they are now.
    """
    return [night for night in nights if night.due_at <= now and _may_run(night, attempts, now, files)]


def _may_run(night: Night, attempts: Sequence[Attempt], now: datetime, files: Mapping[str, str]) -> bool:
    if done(night, attempts):
        return False
    last = next(reversed(_tries(night, attempts)), None)
    if last is None or last.ended_at is None or last.ending == DIED:
        return True
    unchanged = last.waits_on and all(files.get(place) == digest for place, digest in last.waits_on.items())
    return not unchanged and now - last.ended_at >= RETRY


def waited_on(nights: Sequence[Night], attempts: Sequence[Attempt]) -> set[str]:
    """The sources whose files any of the nights waits on."""
    last_tries = (next(reversed(_tries(night, attempts)), None) for night in nights)
    return {place for last in last_tries if last is not None for place in last.waits_on}


def _tries(night: Night, attempts: Iterable[Attempt]) -> list[Attempt]:
    """Attempts at exactly this night, once its day was over."""
    return [
        attempt
        for attempt in attempts
        if attempt.account == night.account.name
        and attempt.first_day == attempt.last_day == night.day
        and attempt.began_at >= night.ends_at
    ]


def watch(nights: Sequence[Night], records: NightRecords, now: datetime, catch_up_days: int) -> tuple[Finding, ...]:
    """What is wrong with these nights at a moment, by account and day; the same as long as it is so."""
    findings: list[Finding | None] = []
    for night in nights:
        whole = done(night, records.attempts)
        if whole is not None:
            findings += [_late(night, whole), _thin(night, records)]
            continue
        tries = _tries(night, records.attempts)
        if now - night.due_at > LATE and not (tries and tries[-1].waits_on):  # of files it was told when it ended
            findings.append(_undone(night, tries, now, catch_up_days))
    return tuple(finding for finding in findings if finding is not None)


def not_looked_at(account: Account, due_at: datetime, looked_at: datetime | None, now: datetime) -> Finding:
    """That a look at an account's day was due and none has come to its end since."""
    zone = account.zone
    last = f"the last ended {looked_at.astimezone(zone):%Y-%m-%d %H:%M}" if looked_at else "there was none before"
    due = f"{due_at.astimezone(zone):%H:%M}"
    words = f'account "{account.name}": no look at the day came to its end since the one that was due {due}; {last}'
    return Finding(WATCH_FAILED, account.name, local_day(now, zone), words)


def _undone(night: Night, tries: Sequence[Attempt], now: datetime, catch_up_days: int) -> Finding:
    last_chance = local_day(now, night.account.zone) - (1 + catch_up_days) * DAY
    by_hand = f"recon run --account {night.account.name} --from {night.day} --to {night.day}"
    after = "it is tried again by itself" if night.day >= last_chance else f"too old to be caught up: `{by_hand}`"
    if not tries:
        return _finding("missed", night, f"was due {_at(night, night.due_at)} and did not run; {after}")
    last = tries[-1]
    why = f"ended {last.ending}: {last.words or 'no reason is known'}" if last.ended_at else "is still running"
    times = "once" if len(tries) == 1 else f"{len(tries)} times"
    return _finding("incomplete", night, f"was tried {times}; the last try {why}; {after}")


def _late(night: Night, whole: Attempt) -> Finding | None:
    over = (whole.ended_at or whole.began_at) - night.due_at
    if over <= LATE:
        return None
    hours = over // timedelta(hours=1)
    words = f"was due {_at(night, night.due_at)} and complete {_at(night, night.due_at + over)}, {hours} hours after"
    return _finding("late", night, words)


def _thin(night: Night, records: NightRecords) -> Finding | None:
    """Fewer than a quarter of the usual orders or charges of that weekday, where three weeks or more are known."""
    account = night.account.name
    day = night.day
    counts = _counts(account, day, records)
    earlier = [_counts(account, day - 7 * week * DAY, records) for week in range(1, WEEKS + 1)]
    weeks = [week for week in earlier if week is not None]
    if counts is None or len(weeks) < WEEKS - 1:
        return None
    lacking = []
    for name in ("orders", "charges"):
        usual = median_low(int(week[name]) for week in weeks)
        if usual >= THIN_FROM and int(counts[name]) * THIN_PART < usual:
            lacking.append(f"{int(counts[name])} {name} where {usual} are usual on a {day:%A}")
    return _finding("thin", night, "has " + " and ".join(lacking)) if lacking else None


def _counts(account: str, day: date, records: NightRecords) -> Mapping[str, Any] | None:
    """What the last whole run of that day alone counted."""
    for attempt in reversed(records.attempts):
        single = attempt.account == account and attempt.first_day == attempt.last_day == day
        if single and attempt.is_whole and attempt.run_id is not None:
            return records.counted.get((attempt.run_id, account))
    return None


def _at(night: Night, moment: datetime) -> str:
    return f"{moment.astimezone(night.account.zone):%Y-%m-%d %H:%M}"


def _finding(kind: str, night: Night, words: str) -> Finding:
    name = night.account.name
    return Finding(kind, name, night.day, f'account "{name}", night of {night.day}: {words}')
