"""A long range in pieces of a month, each a run of its own, so that a stop loses at most one; knows no queue."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from jobs.config import Config
from jobs.outcome import JobError, Outcome, Progress, RunOptions
from jobs.run import ready_store, resolve, run
from recon.store.history import last_of_each_range

Run = Callable[[Config, RunOptions, Callable[[], datetime], Progress], Awaitable[Outcome]]


@dataclass(frozen=True)
class Piece:
    """One month, or what of it is asked for, of the accounts that still lack a complete run of just these days."""

    first: date
    last: date
    accounts: tuple[str, ...]


def months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The days from `first` to `last`, both inclusive, cut at the ends of months."""
    while first <= last:
        next_month = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield first, min(last, next_month - timedelta(days=1))
        first = next_month


def pieces(config: Config, options: RunOptions, now: datetime) -> tuple[list[Piece], int]:
    """What is left to do, oldest first, and how many months are done already; raises JobError."""
    if options.first is None or options.last is None:
        raise JobError("recon backfill needs --from and --to")
    accounts = [account.name for account in resolve(config, options, now)[0]]
    with ready_store(config) as store:
        done = {
            (name, ran.found.first_day, ran.found.last_day)
            for name in accounts
            for ran in last_of_each_range(store, name)
            if ran.complete
        }
    wanted = [
        Piece(first, last, tuple(name for name in accounts if (name, first, last) not in done))
        for first, last in months(options.first, options.last)
    ]
    left = [piece for piece in wanted if piece.accounts]
    return left, len(wanted) - len(left)


async def backfill(
    config: Config, options: RunOptions, clock: Callable[[], datetime], progress: Progress, job: Run = run
) -> Sequence[Outcome]:
    """Run every month that is left, oldest first, since what is open carries over; the outcomes in that order."""
    left, done = pieces(config, options, clock())
    total, outcomes = len(left) + done, []
    progress.start("months", total)
    for number, piece in enumerate(left, start=done):
        progress.advance("months", number, total)
        asked = replace(options, first=piece.first, last=piece.last, accounts=piece.accounts)
        outcomes.append(await job(config, asked, clock, progress))
    progress.advance("months", total, total)
    progress.finish("months")
    return outcomes
