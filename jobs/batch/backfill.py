"""Opens batches: a long range month by month, or a night; what is complete is not done again."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta

from jobs.batch.local import do_batch
from jobs.batch.plan import BACKFILL, DAY, NIGHT, Period, PullDays, months, plan, request_of
from jobs.config.config import Config
from jobs.run.moments.days import resolve
from jobs.run.moments.gateway_clock import prove_clock
from jobs.run.opening.store import ready_store
from jobs.run.outcome import JobError, Outcome, Progress, RunOptions
from jobs.run.pulling import SWEPT
from jobs.run.sweeps.windows import holes
from recon.calendars import days_window, joined, local_day, within
from recon.model import Account, Window
from recon.store.engine import Store
from recon.store.queue.batches import open_batch
from recon.store.runs.history import last_of_each_range
from recon.store.versions.counting import last_sweeps

DoBatch = Callable[[Config, int, Callable[[], datetime], Progress], Awaitable[Sequence[Outcome]]]
KEPT = timedelta(days=1)  # that a batch nobody works on can be taken up again: what it means by now grows old


async def backfill(
    config: Config, options: RunOptions, clock: Callable[[], datetime], progress: Progress, do: DoBatch = do_batch
) -> Sequence[Outcome]:
    """Every month that is left, in order, since what is open carries over; the outcomes in that order.

    `do` does the steps, or has them done. What was stopped goes on where it stopped.
    """
    await prove_clock(config, options.accounts or tuple(config.accounts), clock)
    batch_id = open_backfill(config, options, clock())
    return [] if batch_id is None else await do(config, batch_id, clock, progress)


def open_backfill(config: Config, options: RunOptions, now: datetime) -> int | None:
    """The batch of a long range, by its number: the unfinished one, or a new one; null where nothing is left.

    Raises JobError.
    """
    first, last = _days(options)
    accounts, _ = resolve(config, options, now)
    with ready_store(config, writes=True) as store:
        names = tuple(account.name for account in accounts)
        every_month = [Period(start, end, names) for start, end in months(first, last)]
        periods = every_month if options.full else periods_left(store, names, first, last)
        return _open(config, store, options, now, BACKFILL, accounts, periods)


def open_night(config: Config, options: RunOptions, now: datetime) -> int:
    """The batch of one range that is run whatever earlier runs were, by its number; raises JobError."""
    first, last = _days(options)
    accounts, _ = resolve(config, options, now)
    period = Period(first, last, tuple(account.name for account in accounts))
    with ready_store(config, writes=True) as store:
        batch_id = _open(config, store, options, now, NIGHT, accounts, [period])
    assert batch_id is not None
    return batch_id


def periods_left(store: Store, accounts: Sequence[str], first: date, last: date) -> list[Period]:
    """What is left to do of a range, oldest first: the months that some of the accounts have no complete run of."""
    complete = {
        (name, run.part.first_day, run.part.last_day)
        for name in accounts
        for run in last_of_each_range(store, name)
        if run.complete
    }
    periods = [
        Period(start, end, tuple(name for name in accounts if (name, start, end) not in complete))
        for start, end in months(first, last)
    ]
    return [period for period in periods if period.accounts]


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
    periods: Sequence[Period],
) -> int | None:
    request = request_of(kind, options, [account.name for account in accounts], now)
    pulls = []
    for account in accounts if options.pull else ():
        days = [day for period in periods if account.name in period.accounts for day in (period.first, period.last)]
        if days:
            pulls.append(_pull(config, store, account, days, min(request.as_of, now), options.full, kind))
    batch = open_batch(store, request, plan(periods, pulls), now, now - KEPT)
    return None if batch is None else batch.id


def _pull(
    config: Config, store: Store, account: Account, days: Sequence[date], until: datetime, full: bool, kind: str
) -> PullDays:
    """The days that an account's pull covers: those that are judged and more on both sides, up to a moment.

    Of a long range those are swept by steps of their own that were never swept whole, or all.
    """
    first = min(days) - config.omise.lookback_days * DAY
    last = min(max(days) + config.omise.lookahead_days * DAY, local_day(until, account.zone))
    if kind == NIGHT or first > last:
        return PullDays(account.name, first, last, ())
    stretch = days_window(first, last, account.zone)
    stretch = Window(min(stretch.start, until), min(stretch.end, until))
    left = [stretch] if full else joined(gap for swept in SWEPT for gap in _holes(store, account, swept, stretch))
    every_day = (first + number * DAY for number in range((last - first).days + 1))
    swept_days = (day for day in every_day if within([days_window(day, day, account.zone)], left))
    return PullDays(account.name, first, last, tuple(swept_days))


def _holes(store: Store, account: Account, kind: str, stretch: Window) -> tuple[Window, ...]:
    return holes(last_sweeps(store, account.name, kind, stretch, None), stretch)
