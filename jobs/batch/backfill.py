"""Opens the batch of a wish: a long range month by month, or a night; what is complete is not done again."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta

from jobs.batch.local import here
from jobs.batch.plan import BACKFILL, DAY, NIGHT, Piece, Pulls, months, plan, wish_of
from jobs.config.config import Config
from jobs.run.outcome import JobError, Outcome, Progress, RunOptions
from jobs.run.run import ready_store, resolve
from recon.calendars import local_day
from recon.model import Account
from recon.store.engine import Store
from recon.store.queue.batches import open_batch
from recon.store.runs.history import last_of_each_range

Go = Callable[[Config, int, Callable[[], datetime], Progress], Awaitable[Sequence[Outcome]]]
KEPT = timedelta(days=1)  # that a batch nobody works on can be taken up again: what it means by now grows old


async def backfill(
    config: Config, options: RunOptions, clock: Callable[[], datetime], progress: Progress, go: Go = here
) -> Sequence[Outcome]:
    """Every month that is left, in order, since what is open carries over; the outcomes in that order.

    `go` does the steps, or has them done. What was stopped goes on where it stopped.
    """
    batch_id = open_backfill(config, options, clock())
    return [] if batch_id is None else await go(config, batch_id, clock, progress)


def open_backfill(config: Config, options: RunOptions, now: datetime) -> int | None:
    """The batch of a long range, by its number: the unfinished one, or a new one; null where nothing is left.

    Raises JobError.
    """
    first, last = _days(options)
    accounts, _ = resolve(config, options, now)
    with ready_store(config) as store:
        left = pieces(store, [account.name for account in accounts], first, last)
        return _open(config, store, options, now, BACKFILL, accounts, left)


def open_night(config: Config, options: RunOptions, now: datetime) -> int:
    """The batch of one range that is run whatever earlier runs were, by its number; raises JobError."""
    first, last = _days(options)
    accounts, _ = resolve(config, options, now)
    piece = Piece(first, last, tuple(account.name for account in accounts))
    with ready_store(config) as store:
        found = _open(config, store, options, now, NIGHT, accounts, [piece])
    assert found is not None
    return found


def pieces(store: Store, accounts: Sequence[str], first: date, last: date) -> list[Piece]:
    """What is left to do of a range, oldest first: the months that some of the accounts have no complete run of."""
    done = {
        (name, ran.found.first_day, ran.found.last_day)
        for name in accounts
        for ran in last_of_each_range(store, name)
        if ran.complete
    }
    wanted = (
        Piece(start, end, tuple(name for name in accounts if (name, start, end) not in done))
        for start, end in months(first, last)
    )
    return [piece for piece in wanted if piece.accounts]


def _days(options: RunOptions) -> tuple[date, date]:
    if options.first is None or options.last is None:
        raise JobError(f"recon {options.command} needs --from and --to")
    return options.first, options.last


def _open(
    config: Config,
    store: Store,
    options: RunOptions,
    now: datetime,
    kind: str,
    accounts: Sequence[Account],
    left: Sequence[Piece],
) -> int | None:
    wish = wish_of(kind, options, [account.name for account in accounts], now)
    pulls = [_pulls(config, account, left, min(wish.as_of, now), kind == BACKFILL) for account in accounts]
    steps = plan(left, [one for one in pulls if one is not None and options.pull])
    batch = open_batch(store, wish, steps, now, now - KEPT)
    return None if batch is None else batch.id


def _pulls(config: Config, account: Account, left: Sequence[Piece], until: datetime, by_day: bool) -> Pulls | None:
    """The days that an account's pull covers: those that are left and more on both sides, up to a moment."""
    omise, days = config.omise, [day for one in left if account.name in one.accounts for day in (one.first, one.last)]
    if not days:
        return None
    last = min(max(days) + omise.lookahead_days * DAY, local_day(until, account.zone))
    return Pulls(account.name, min(days) - omise.lookback_days * DAY, last, by_day)
