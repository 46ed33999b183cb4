"""Plans a wish as steps and says which of them may be begun."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from jobs.run.outcome import RunOptions
from recon.store.queue.batches import Step, Wish

DAY = timedelta(days=1)
BACKFILL, NIGHT = "backfill", "night"
_ASKED = ("as_of", "pull", "report", "format", "command", "unless_done")  # what of a run's options a wish holds


class Kind(StrEnum):
    """What a step does."""

    READ = "read"  # month: the shop's and the bank's files, stored
    SWEEP = "sweep"  # account x day: everything created on it, stored
    PULL = "pull"  # account: all else that a pull does
    JUDGE = "judge"  # account x month: judged and recorded
    REPORT = "report"  # month, all accounts: workbooks


@dataclass(frozen=True)
class Piece:
    """One month, or what of it is asked for, of the accounts that still lack a complete run of just these days."""

    first: date
    last: date
    accounts: tuple[str, ...]


@dataclass(frozen=True)
class Pulls:
    """The days of one account that its pull covers, both inclusive; `by_day`: each is a step of its own."""

    account: str
    first: date
    last: date
    by_day: bool


def months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The days from `first` to `last`, both inclusive, cut at the ends of months."""
    while first <= last:
        next_month = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield first, min(last, next_month - DAY)
        first = next_month


def wish_of(kind: str, options: RunOptions, accounts: Sequence[str], now: datetime) -> Wish:
    """The wish for a range, whose days must be given; `now` is what the batch means by now, unless `as_of` says."""
    assert options.first is not None
    assert options.last is not None
    asked = {name: getattr(options, name) for name in _ASKED}
    asked["as_of"] = options.as_of and options.as_of.isoformat()
    words = (kind, options.first.isoformat(), options.last.isoformat(), ",".join(accounts), json.dumps(asked))
    as_of = (options.as_of or now).astimezone(UTC)
    return Wish(" ".join(words), kind, options.first, options.last, tuple(accounts), asked, as_of, options.by)


def options_of(wish: Wish) -> RunOptions:
    """What was asked, as a run of the whole range would be."""
    as_of = wish.options["as_of"]
    given = {**wish.options, "as_of": as_of and datetime.fromisoformat(as_of)}
    return RunOptions(wish.first_day, wish.last_day, wish.accounts, by=wish.who, **given)


def plan(pieces: Sequence[Piece], pulls: Sequence[Pulls]) -> list[Step]:
    """Every step, in an order in which one process may do them: files, sweeps, pulls, then month by month."""
    found = [_step(Kind.READ, None, piece.first, piece.last) for piece in pieces]
    for one in pulls:
        days = (one.last - one.first).days + 1 if one.by_day else 0
        found += [_step(Kind.SWEEP, one.account, day, day) for day in (one.first + n * DAY for n in range(days))]
    found += [replace(_step(Kind.PULL, one.account, one.first, one.last), key=f"pull {one.account}") for one in pulls]
    for piece in pieces:
        found += [_step(Kind.JUDGE, account, piece.first, piece.last) for account in piece.accounts]
        found.append(_step(Kind.REPORT, None, piece.first, piece.last))
    return [replace(step, place=place) for place, step in enumerate(found)]


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
        if not any(_comes_before(other, step) for kind in comes_after(Kind(step.kind)) for other in by_kind[kind])
    ]


def comes_after(kind: Kind) -> tuple[Kind, ...]:
    """The kinds of steps that one of this kind waits for."""
    return _AFTER[kind]


_AFTER: Mapping[Kind, tuple[Kind, ...]] = {
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
