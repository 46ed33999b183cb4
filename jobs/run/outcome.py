"""What a run is asked and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from traceback import extract_tb
from typing import Protocol

from recon.model import Result

WATCH = "watch"  # the command of looks at the day
_HOME = Path(__file__).parents[2]


@dataclass(frozen=True)
class RunOptions:
    """One call of the job. Absent days are yesterday in each account's zone, no accounts are all.

    `today`: a look at the day so far, whatever its days; it gives way to runs, and is none of any range.
    `judge` false stops after the pull; `record` false judges and writes reports but keeps no run (`recon report`).
    `opening` is a file of items known to be open at go-live.
    `full`: what was swept before is swept again.
    `unless_done`: nothing runs where a whole run of the range is recorded already (a night in two schedulers).
    """

    first: date | None = None
    last: date | None = None
    accounts: tuple[str, ...] = ()
    as_of: datetime | None = None
    pull: bool = True
    full: bool = False
    judge: bool = True
    record: bool = True
    report: bool = True
    format: str = "xlsx"
    by: str = ""
    command: str = "run"
    unless_done: bool = False
    opening: Path | None = None
    today: bool = False

    @property
    def read_orders(self) -> bool:
        """Every run and every pull reads the order sources; a report alone does not."""
        return self.pull or self.record


@dataclass(frozen=True)
class Unsigned:
    """A signed range whose sign-off a run ended, and why, in words; `account` may be "group"."""

    account: str
    first: date
    last: date
    words: str

    @property
    def sentence(self) -> str:
        """That it ended, and why."""
        return f"{self.account} {self.first} to {self.last} is no longer signed: {self.words}"


@dataclass(frozen=True)
class Outcome:
    """What became of a run; `messages` say what is not complete and what to do about it.

    `waits_on`: nothing but these sources keeps it from being complete, each with the digest of its files.
    """

    run_id: int | None
    complete: bool
    as_of: datetime
    results: tuple[Result, ...] = field(repr=False)  # asyncio writes down what a task returned: frames take seconds
    reports: tuple[Path, ...]
    timings: Mapping[str, float]
    messages: tuple[str, ...]
    pulled: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # account -> pages, retries, new, changed
    unsigned: tuple[Unsigned, ...] = ()
    days: Mapping[str, tuple[date, date]] = field(default_factory=dict)  # every account asked for, judged or not
    audit_head: str | None = None  # of the audit log as the run left it
    waits_on: Mapping[str, str] = field(default_factory=dict)
    of_today: bool = False  # a look at the day so far, no run of a range


class JobError(Exception):
    """Nothing ran: a key or account was refused, a file is missing, the store is not ready. Exit code 2."""

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


def place_of(error: BaseException) -> str:
    """What was raised and where in the code, for a message: none of its own words, which may be anybody's."""
    lines = [frame for frame in extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(_HOME)]
    where = f" at {Path(lines[-1].filename).relative_to(_HOME)}:{lines[-1].lineno}" if lines else ""
    return type(error).__name__ + where


class Progress(Protocol):
    """Where a run says how far it is; a total may be unknown."""

    def start(self, name: str, total: int | None) -> None:
        """A stage begins."""

    def advance(self, name: str, done: int, total: int | None) -> None:
        """A stage has done so much in all."""

    def finish(self, name: str) -> None:
        """A stage is over."""
