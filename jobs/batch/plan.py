"""Plans a request as steps and says which of them may be begun."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from jobs.run.outcome import RunOptions
from recon.store.queue.batches import BatchRequest, Step

DAY = timedelta(days=1)
BACKFILL = "backfill"
NIGHT = "night"
# What of a run's options a request holds.
_ASKED = ("as_of", "pull", "full", "report", "format", "command", "unless_done")


class Kind(StrEnum):
    """What a step does."""

    READ = "read"  # month: the shop's and the bank's files, stored
    SWEEP = "sweep"  # account x day: everything created on it, stored
    PULL = "pull"  # account: all else that a pull does
    JUDGE = "judge"  # account x month: judged and recorded
    REPORT = "report"  # month, all accounts: workbooks


@dataclass(frozen=True)
class Period:
    """The days of one range that are judged together, and of which accounts: of those that lack a complete run."""

    first: date
    last: date
    accounts: tuple[str, ...]


@dataclass(frozen=True)
class PullDays:
    """The days of one account that its pull covers, both inclusive; each of `swept` is a step of its own."""

    account: str
    first: date
    last: date
    swept: tuple[date, ...]


def months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The days from `first` to `last`, both inclusive, cut at the ends of months."""
    while first <= last:
        next_month = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield first, min(last, next_month - DAY)
        first = next_month


def request_of(kind: str, options: RunOptions, accounts: Sequence[str], now: datetime) -> BatchRequest:
    """The request for a range whose days are given; `now` is what the batch means by now, unless `as_of` says."""
    assert options.first is not None
    assert options.last is not None
    asked = {name: getattr(options, name) for name in _ASKED}
    asked["as_of"] = options.as_of and options.as_of.isoformat()
    words = (kind, options.first.isoformat(), options.last.isoformat(), ",".join(accounts), json.dumps(asked))
    as_of = (options.as_of or now).astimezone(UTC)
    return BatchRequest(" ".join(words), kind, options.first, options.last, tuple(accounts), asked, as_of, options.by)


def options_of(request: BatchRequest) -> RunOptions:
    """What was asked, as a run of the whole range would be."""
    as_of = request.options["as_of"]
    given = {**request.options, "as_of": as_of and datetime.fromisoformat(as_of)}
    return RunOptions(request.first_day, request.last_day, request.accounts, by=request.who, **given)


def plan(periods: Sequence[Period], pulls: Sequence[PullDays]) -> list[Step]:
    """Every step, in an order in which one process may do them: files, sweeps, pulls, then month by month."""
    steps = [_step(Kind.READ, None, period.first, period.last) for period in periods]
    for pull in pulls:
        steps += [_step(Kind.SWEEP, pull.account, day, day) for day in pull.swept]
    for pull in pulls:
        steps.append(replace(_step(Kind.PULL, pull.account, pull.first, pull.last), key=f"pull {pull.account}"))
    for period in periods:
        steps += [_step(Kind.JUDGE, account, period.first, period.last) for account in period.accounts]
        steps.append(_step(Kind.REPORT, None, period.first, period.last))
    return [replace(step, place=place) for place, step in enumerate(steps)]


def _step(kind: Kind, account: str | None, first: date, last: date) -> Step:
    words = (kind.value, account, first.isoformat())
    return Step(" ".join(word for word in words if word), 0, kind.value, account, first, last)


def waits_for(step: Step, steps: Collection[Step]) -> list[str]:
    """The keys of the steps that come before a step.

    A pull comes after its account's sweeps, and after all files: it asks for what orders name. Judging comes after
    all pulls, the files of its range and the months before of its account, a report after all that was judged of its
    range.
    """
    return [other.key for other in steps if _comes_before(other, step)]


def ready(steps: Collection[Step]) -> list[Step]:
    """The steps that may be begun now, in their places: not done, and nothing that they wait for is left."""
    left = sorted((step for step in steps if not step.done), key=lambda step: step.place)
    by_kind = {kind: [step for step in left if step.kind == kind] for kind in Kind}
    return [
        step
        for step in left
        if not any(_comes_before(other, step) for kind in KINDS_BEFORE[Kind(step.kind)] for other in by_kind[kind])
    ]


# The kinds of steps that one of a kind waits for.
KINDS_BEFORE: Mapping[Kind, tuple[Kind, ...]] = {
    Kind.READ: (),
    Kind.SWEEP: (),
    Kind.PULL: (Kind.READ, Kind.SWEEP),
    Kind.JUDGE: (Kind.READ, Kind.PULL, Kind.JUDGE),
    Kind.REPORT: (Kind.JUDGE,),
}


def _comes_before(other: Step, step: Step) -> bool:
    match Kind(other.kind), Kind(step.kind):
        case Kind.SWEEP, Kind.PULL:
            return other.account == step.account
        case (Kind.READ, Kind.PULL) | (Kind.PULL, Kind.JUDGE):
            return True
        case (Kind.READ, Kind.JUDGE) | (Kind.JUDGE, Kind.REPORT):
            return other.first_day == step.first_day
        case Kind.JUDGE, Kind.JUDGE:
            return other.account == step.account and other.first_day < step.first_day
        case _:
            return False
