"""Holds accounts for one run at a time across processes, and shows that it lives."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_chain, wait_fixed

from jobs.run.moments.nights import RETRY
from jobs.run.outcome import JobError, Outcome
from recon.store.engine import Store, is_lost
from recon.store.runs import attempts
from recon.store.runs.attempts import Attempt, Claim, Holder

BEAT_S = 20.0
WATCH_BEAT_S = 2.0  # of a look at the day, which learns so that it is to give way
GIVES_WAY_S = 30.0  # within so long, or it is taken for dead
DEAD_AFTER = timedelta(minutes=3)  # without a beat: its machine is gone, or its container
BUSY_EXIT = 3
_GAVE_WAY = "a run of the account begins: this look at the day gave way to it"
_ENDING_S = (1.0, 3.0, 10.0, 30.0)  # waits between tries to write an end: what was recorded is not to be done again


class Busy(JobError):
    """Another run holds an account, or took it over; nothing is lost. Exit code 3."""

    exit_code = BUSY_EXIT


class GaveWay(Busy):
    """A look at the day ended because a run of its account begins."""


class AlreadyDone(Exception):
    """Another process finished this night, or tried it, before this one could begin it."""


@dataclass(frozen=True)
class Hold:
    """The attempts of one run while they go on."""

    store: Store
    ids: tuple[int, ...]
    clock: Callable[[], datetime]
    yields: bool = False  # a look at the day

    def prove(self) -> None:
        """Raises Busy where another process took the run over: what it finds now must not be recorded."""
        if attempts.beat(self.store, self.ids, self.clock()):
            return
        if self.yields:
            raise GaveWay(_GAVE_WAY)
        raise Busy("another process took this run over, since this one seemed dead; nothing was recorded here")


def _place() -> str:
    """Where pids mean something: containers on one machine may have one name and many pid 1."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


_PLACE = _place()
_RUNNING: set[str] = set()  # what this process is at, by its name; the next life may have the same pid


async def run_held(
    store: Store,
    claims: Sequence[Claim],
    who: str,
    clock: Callable[[], datetime],
    work: Callable[[Hold], Awaitable[Outcome]],
    unless_done: bool = False,
    beat_s: float | None = None,
) -> Outcome:
    """Does the work as an attempt at every claim, which is ended with the work's outcome, or as failed.

    Raises Busy, or with `unless_done` AlreadyDone, before the work begins. A run waits until looks at the day that
    are in its way have ended, and these raise GaveWay. Cancelled work of a run leaves its attempts as they are, since
    its threads may still write: they are taken over once the process is gone. So does work whose database went away:
    the next try takes them over.
    """
    now = clock()
    holder = this_process(who)
    since = now - RETRY if unless_done else None
    looks = any(claim.yields for claim in claims)
    beat_s = beat_s or (WATCH_BEAT_S if looks else BEAT_S)
    _RUNNING.add(holder.process)
    try:
        begin = partial(attempts.begin, store, claims, holder, now, unless_tried_since=since)
        begun = await asyncio.to_thread(begin, partial(is_dead, now=now))
        if begun.held and not looks and all(attempt.yields for attempt in begun.held):
            await give_way(store, [claim.account for claim in claims])
            begun = await asyncio.to_thread(begin, lambda attempt: bool(attempt.yields) or is_dead(attempt, now))
        if begun.settled:
            raise AlreadyDone
        if begun.held:
            raise Busy(*(_words(attempt) for attempt in begun.held))
        outcome = await _done(Hold(store, begun.ids, clock, looks), work, beat_s)
    except Exception:
        _RUNNING.discard(holder.process)
        raise
    _RUNNING.discard(holder.process)
    return outcome


async def give_way(store: Store, accounts: Sequence[str]) -> None:
    """Comes back when no look at the day of the accounts goes on any more, or it seems dead."""
    with suppress(TimeoutError):
        async with asyncio.timeout(GIVES_WAY_S):
            while await asyncio.to_thread(attempts.ask_to_yield, store, accounts):
                await asyncio.sleep(WATCH_BEAT_S / 4)


async def _done(hold: Hold, work: Callable[[Hold], Awaitable[Outcome]], beat_s: float) -> Outcome:
    """What the work comes to, with which its attempts are ended."""
    over = asyncio.Event()
    working = asyncio.ensure_future(work(hold))
    beats = asyncio.create_task(_beat(hold, over, beat_s, working if hold.yields else None))
    try:
        outcome = await working
    except asyncio.CancelledError:
        if not hold.yields:
            raise
        await _end(hold, attempts.YIELDED, "")
        if not beats.done():  # somebody else cancelled it
            raise
        raise GaveWay(_GAVE_WAY) from None
    except Exception as error:
        if not is_lost(error):
            ending = attempts.YIELDED if isinstance(error, GaveWay) else attempts.FAILED
            await _end(hold, ending, str(error) or type(error).__name__)
        raise
    finally:
        over.set()
        await beats
    ending = attempts.COMPLETE if outcome.complete else attempts.INCOMPLETE
    await _end(hold, ending, "; ".join(outcome.messages), outcome)
    return outcome


def this_process(who: str) -> Holder:
    """Somebody, acting through this process for one run."""
    return Holder(who, socket.gethostname(), os.getpid(), f"{_PLACE} {uuid4().hex}")


def is_dead(attempt: Attempt, now: datetime) -> bool:
    """Whether an attempt's process is gone at a moment: by its pid, where pids mean something, or by its silence."""
    if now - attempt.beat_at > DEAD_AFTER:
        return True
    elsewhere = attempt.host != socket.gethostname() or attempt.process.split(" ")[0] != _PLACE
    if elsewhere or attempt.process in _RUNNING:
        return False
    return attempt.pid == os.getpid() or not _is_alive(attempt.pid)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # another user's
    return True


async def _beat(
    hold: Hold, over: asyncio.Event, beat_s: float, may_be_stopped: "asyncio.Future[Outcome] | None"
) -> None:
    """Signs of life; one that is lost with a connection is made up by the next. Stops what is to give way."""
    while True:
        try:
            await asyncio.wait_for(over.wait(), beat_s)
        except TimeoutError:
            try:
                goes_on = await asyncio.to_thread(attempts.beat, hold.store, hold.ids, hold.clock())
                if not goes_on and may_be_stopped is not None:
                    may_be_stopped.cancel()
                    return
            except Exception as error:
                if not is_lost(error):
                    raise
        else:
            return


async def _end(hold: Hold, ending: str, words: str, outcome: Outcome | None = None) -> None:
    """Writes how it ended, also where the database is away for a moment."""
    retrying = AsyncRetrying(
        retry=retry_if_exception(is_lost),
        wait=wait_chain(*map(wait_fixed, _ENDING_S)),
        stop=stop_after_attempt(len(_ENDING_S) + 1),
        reraise=True,
    )
    run_id = outcome.run_id if outcome else None
    waits_on = outcome.waits_on if outcome else None
    end = partial(attempts.end, hold.store, hold.ids, hold.clock(), ending, words, run_id, waits_on)
    await retrying(asyncio.to_thread, end)


def _words(attempt: Attempt) -> str:
    first = attempt.first_day
    last = attempt.last_day
    days = f"{first}" if first == last else f"{first} to {last}"
    holder = f"{attempt.who} on {attempt.host} (process {attempt.pid})"
    since = f"{attempt.began_at:%Y-%m-%d %H:%M} UTC"
    return (
        f'account "{attempt.account}": a run of {days} by {holder} goes on since {since}; run again when it is over'
    )
