"""Holds this machine's clock against Omise's, before anything is written by it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from jobs.config.config import Config
from jobs.logs.logs import log
from jobs.run.outcome import JobError
from recon.omise import pull
from recon.omise.client import Limits, OmiseError, open_client

FAR = timedelta(minutes=5)  # by how much clocks may differ: a night's overlap of an hour covers that many times
SECOND = timedelta(seconds=1)
ONE_QUESTION = Limits(attempts=2, deadline_s=30, timeout_s=15, ceiling_s=2)  # two tries are enough to know
NO_DATE = "Omise's answers say no time (a gateway between may take it out): the clock was not compared"


class ClockWrong(JobError):
    """This machine's clock and Omise's are too far apart: nothing was written. Exit code 2."""


def skew(date: datetime | None, now: datetime, whose: str = "Omise", far: timedelta = FAR) -> str:
    """By how much this machine's clock is wrong, in words, or nothing; `date` is what an answer of theirs said."""
    if date is None or abs(now - date) <= far:
        return ""
    side = "ahead of" if now > date else "behind"
    minutes = round(abs(now - date) / timedelta(minutes=1))
    return (
        f"this machine's clock is {_span(minutes)} {side} {whose}'s: it says "
        f"{now.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {whose} {date:%Y-%m-%d %H:%M} UTC; set it right (NTP), then again"
    )


def _span(minutes: int) -> str:
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 2880 else f"{minutes // 1440} days"


def latest(date: datetime | None, moment: datetime) -> datetime:
    """A moment, but none that is later than Omise's time, whose Date has whole seconds."""
    return moment if date is None else min(moment, date + SECOND)


def refuse_skew(date: datetime | None, now: datetime) -> None:
    """Raises ClockWrong where the clocks are too far apart; an answer without a time is let pass, with a note."""
    words = skew(date, now)
    if words:
        raise ClockWrong(words)
    if date is None:
        log("clock not compared", reason=NO_DATE)


async def prove_clock(config: Config, accounts: Sequence[str], clock: Callable[[], datetime]) -> datetime | None:
    """Omise's time, asked for with the key of the first account that answers; raises ClockWrong where ours is not.

    Null where nobody answers or no answer says it: whatever pulls will say why.
    """
    sections = [config.accounts[name] for name in accounts if config.accounts[name].secret_key.is_set]
    limits = replace(ONE_QUESTION, requests_per_second=config.omise.requests_per_second)
    for section in sections:
        line = config.line(config.omise.base_url)
        key = section.secret_key.reveal()
        try:
            async with open_client(config.omise.base_url, key, limits, line=line) as client:
                await pull.account(client)
        except OmiseError:
            continue
        refuse_skew(client.date, clock())
        return client.date
    return None
