"""What somebody must do today: approve, work on what is theirs, keep a deadline, sign, run a night."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from recon.model import BreakStatus
from recon.people import Person, Right, is_same_person
from recon.store.desk import workbooks, worklist
from recon.store.desk.overview import DayRun
from recon.store.desk.workbooks import GROUP, REVIEWER, SignOff, StoredWorkbook
from recon.store.desk.worklist import BreakPage, Filter
from reports.page import patterns
from reports.page.results.workbooks import roles_for
from reports.page.site import Site

SHOWN = 5  # breaks of each list
SOON = timedelta(days=7)
_MOST_BOOKS = 500
_WEEK = timedelta(days=6)  # from its first day to its last
_SIGNED_BACK = timedelta(days=62)  # how long after its last day a range is still asked to be signed


@dataclass(frozen=True)
class Unsigned:
    """A range whose signatures are not what they should be, in words, with its latest workbook."""

    book: StoredWorkbook
    words: str


@dataclass(frozen=True)
class NightTrouble:
    """Of an account the nights that lack or are not complete, newest first; `since`: no night ran after that day."""

    account: str
    missing: Sequence[date]
    incomplete: Sequence[date]
    since: date | None = None


@dataclass(frozen=True)
class Today:
    """All of it, for one person."""

    to_approve: BreakPage
    patterns: int  # that wait for another person's word
    mine: BreakPage
    due: BreakPage
    due_by: date
    unsigned: Sequence[Unsigned]


def today_of(site: Site, person: Person, now: datetime) -> Today:
    """What waits for a person, in the accounts that they see."""
    store = site.store
    seen = person.accounts
    due_by = (now + SOON).astimezone(UTC).date()
    before = datetime.combine(due_by + timedelta(days=1), time(), UTC)
    pending = Filter(seen, statuses=(BreakStatus.PENDING_APPROVAL,), not_ruled_by=person.name)
    approves = person.has(Right.APPROVE)
    return Today(
        worklist.find(store, pending, "severity", True, 0, SHOWN) if approves else BreakPage((), 0),
        sum(
            pattern.waits and not is_same_person(pattern.ruling.who, person.name)
            for pattern in (patterns.of(site, person) if approves else ())
        ),
        worklist.find(store, Filter(seen, owner=person.name), "severity", True, 0, SHOWN),
        worklist.find(store, Filter(seen, due_before=before), "due", False, 0, SHOWN),
        due_by,
        unsigned(site, person, now),
    )


def unsigned(site: Site, person: Person, now: datetime) -> list[Unsigned]:
    """Ranges whose sign-off ended, lacks its reviewer, or, of a week or more, was never made; the latest first.

    Not what waits for another person's signature alone.
    """
    last_of: dict[tuple[str, date, date], StoredWorkbook] = {}
    since = now.astimezone(UTC).date() - _SIGNED_BACK
    for book in workbooks.latest(site.store, person.accounts, _MOST_BOOKS):
        if book.account != GROUP and since <= book.last_day < site.today(book.account, now):
            last_of.setdefault(_range(book), book)
    signed: dict[tuple[str, date, date], list[SignOff]] = {}
    for sign_off in workbooks.sign_offs_since(site.store, since):
        signed.setdefault(_range(sign_off), []).append(sign_off)
    found = [
        Unsigned(book, _why_unsigned(book, signed.get(days, ())))
        for days, book in last_of.items()
        if roles_for(person, [sign_off for sign_off in signed.get(days, ()) if sign_off.ended_at is None])
    ]
    wanting = [entry for entry in found if entry.words]
    return sorted(wanting, key=lambda entry: (-entry.book.last_day.toordinal(), entry.book.account))


def _range(of: StoredWorkbook | SignOff) -> tuple[str, date, date]:
    return of.account, of.first_day, of.last_day


def _why_unsigned(book: StoredWorkbook, signed: Sequence[SignOff]) -> str:
    """Empty where it is signed twice, or is a day or a few that nobody ever signed."""
    standing = {sign_off.role: sign_off.who for sign_off in signed if sign_off.ended_at is None}
    if REVIEWER in standing:
        return ""
    if standing:
        return f"signed by {', '.join(standing.values())}; the reviewer's signature is missing"
    if signed:
        return f"the sign-off ended: {signed[-1].ended_why} ({signed[-1].ended_by})"
    return "nobody has signed it" if book.last_day - book.first_day >= _WEEK else ""


def night_troubles(
    yesterday: date,
    days: Sequence[date],
    nights: Mapping[tuple[str, date], DayRun],
    ran: Mapping[str, tuple[date, date]],
) -> list[NightTrouble]:
    """What went wrong in some days, newest first, with each account that ever ran (its first and last day)."""
    troubles = []
    for name, (first, last) in ran.items():
        missing = [day for day in days if first < day < last and (name, day) not in nights]
        incomplete = [day for day in days if (run := nights.get((name, day))) and not run.complete]
        since = last if last < yesterday else None
        if missing or incomplete or since:
            troubles.append(NightTrouble(name, missing, incomplete, since))
    return troubles
