"""What the finance page is handed: store, clock, settings, and what it may ask to be done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from aiohttp import web

from recon.calendars import local_day
from recon.methods import MethodBook
from recon.model import Account, zone_of
from recon.model.rulings import ApprovalLimits
from recon.money import Currencies
from recon.people import Person
from recon.store.desk.workbooks import StoredWorkbook
from recon.store.desk.worklist import Today
from recon.store.engine import Store
from reports.page.access.provider import Provider
from reports.shop_links import ShopLinks


@dataclass(frozen=True)
class RunRequest:
    """A run that somebody asks for; no accounts are all."""

    first: date
    last: date
    accounts: tuple[str, ...]
    who: str


@dataclass(frozen=True)
class StageProgress:
    """One stage of a run: how much of how much is done, where that is known, and whether it is over."""

    name: str
    done: int = 0
    total: int | None = None
    over: bool = False


@dataclass(frozen=True)
class RunProgress:
    """How far a run is that was asked for: its stages so far in order, and its end where it has come to one.

    `of_group`: what else there is to say of the workbook of all accounts; `ahead`: how many runs are to end before it
    begins; `seconds` since it began.
    """

    request: RunRequest
    stages: tuple[StageProgress, ...] = ()
    finished: bool = False
    run_id: int | None = None
    messages: tuple[str, ...] = ()
    of_group: tuple[str, ...] = ()
    ahead: int = 0
    seconds: float = 0.0


class Runner(Protocol):
    """Runs a range again in the background; one at a time."""

    def start(self, run_request: RunRequest) -> str:
        """A ticket to ask about it with."""

    def progress(self, ticket: str) -> RunProgress | None:
        """How far it is; None for a ticket that was never given."""

    def tickets(self) -> Sequence[str]:
        """Of the latest runs that were asked for, in their order."""

    def cancel(self, ticket: str, who: str) -> None:
        """Ends a run that has not ended: what was finished is kept."""


@dataclass(frozen=True)
class Verdict:
    """What a workbook is now: untouched, edited, outdated or not ours, and why, in words."""

    state: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExportedJournal:
    """A file for the books: its name and its bytes."""

    name: str
    content: bytes


class Notary(Protocol):
    """Says what a stored workbook is worth, takes signatures and hands its journal over; may take as long as judging
    its range again."""

    def verify(self, sha256: str) -> Verdict:
        """The workbook against its run and against the data of today."""

    def sign(self, sha256: str, role: str, person: Person, reason: str) -> Verdict:
        """Signed, where it may be: state "signed"; else "refused" with the words."""

    def signed_copy(self, sha256: str) -> bytes | None:
        """The workbook with the signatures that stand filled in; None where there is no such copy."""

    def before_signing(self, store: Store, book: StoredWorkbook, person: Person) -> Verdict:
        """What a person's signature would be put under, in words; state "doubtful" where it needs a reason."""

    def export_journal(self, sha256: str, who: str) -> ExportedJournal | Verdict:
        """What is new of the journal of a workbook's days, kept as exported; else why there is none, in words."""


@dataclass(frozen=True)
class Site:
    """Everything that the page rests on; `secure`: it is reached over TLS, so cookies are for TLS only.

    `behind_proxy`: the last address in X-Forwarded-For is that of whoever asks. `provider`: of single sign-on; with
    one only administrators log in with a password.
    """

    store: Store
    clock: Callable[[], datetime]
    accounts: Mapping[str, Account]
    currencies: Currencies
    book: MethodBook
    limits: ApprovalLimits
    runner: Runner
    notary: Notary
    folder: Path
    software: str
    hosts: frozenset[str]
    audit_key: bytes | None = None
    shop_links: ShopLinks = field(default_factory=ShopLinks)
    secure: bool = False
    behind_proxy: bool = False
    provider: Provider | None = None
    health: Callable[[], Mapping[str, object]] = field(default=dict)
    body_seconds: float = 30  # how long a sender may take over one request

    def names_for(self, person: Person) -> list[str]:
        """The accounts that somebody may see, in the configuration's order."""
        return [name for name in self.accounts if person.sees(name)]

    def today(self, account: str, now: datetime) -> date:
        """The day that it is in an account; in UTC for one that is not configured any more."""
        return now.astimezone(zone_of(account, self.accounts)).date()

    def todays(self, now: datetime) -> tuple[Today, ...]:
        """The day that it is in each account's zone; last in UTC, for accounts that are not configured any more."""
        names: dict[ZoneInfo, set[str]] = {}
        for name, account in self.accounts.items():
            names.setdefault(account.zone, set()).add(name)
        here = (Today(zone, local_day(now, zone), frozenset(of_zone)) for zone, of_zone in names.items())
        return (*here, Today(UTC, now.astimezone(UTC).date()))


SITE = web.AppKey("site", Site)
