"""The accounts and days that a command asks for."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from jobs.config.config import Config
from jobs.run.outcome import JobError, RunOptions
from recon.calendars import days_window, local_day
from recon.model import Account, Window

DAY = timedelta(days=1)
EARLIEST = 2010  # the year; Omise began in 2013
LONGEST_AHEAD = timedelta(days=366)  # up to the end of a month or a year may be asked for


@dataclass(frozen=True)
class Days:
    """The range of one account, in its own zone."""

    first: date
    last: date
    window: Window


def resolve(config: Config, options: RunOptions, now: datetime) -> tuple[tuple[Account, ...], dict[str, Days]]:
    """The accounts asked for and the days of each; raises JobError in words."""
    configured = config.accounts_by_name()
    unknown = [name for name in options.accounts if name not in configured]
    if unknown:
        names = ", ".join(configured)
        raise JobError(*(f"--account {name}: no such account in the configuration ({names})" for name in unknown))
    chosen = [configured[name] for name in dict.fromkeys(options.accounts or configured)]
    if options.as_of is not None and options.as_of.year < EARLIEST:
        raise JobError(f"--as-of {options.as_of.isoformat()} is before {EARLIEST}: nothing was ever known then")
    if options.as_of is not None and options.as_of > now:
        raise JobError(f"--as-of {options.as_of.isoformat()} is later than now, {now.isoformat(timespec='seconds')}")
    days: dict[str, Days] = {}
    for account in chosen:
        yesterday = local_day(now, account.zone) - DAY
        last = options.last or max(options.first or yesterday, yesterday)
        first = options.first or last
        if options.today:
            first = last = yesterday + DAY
        for option, day in (("--from", first), ("--to", last)):
            if day.year < EARLIEST:
                raise JobError(f"{option} {day} is before {EARLIEST}: Omise has nothing as old as that")
            if day > yesterday + LONGEST_AHEAD:
                raise JobError(f"{option} {day} lies in the future")
        if first > last:
            raise JobError(f"--from {first} is after --to {last}")
        if first > yesterday + DAY:
            raise JobError(f"--from {first} lies in the future")
        days[account.name] = Days(first, last, days_window(first, last, account.zone))
    return tuple(chosen), days
