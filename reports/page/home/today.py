"""What somebody must do today: approve, work on what is theirs, keep a deadline, sign, run a night."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from recon.model import BreakStatus
from recon.people import Person, Right, is_same_person
from recon.store.desk import worklist
from recon.store.desk.overview import DayRun
from recon.store.desk.workbooks import GROUP, REVIEWER, StoredWorkbook
from recon.store.desk.worklist import BreakPage, Filter
from reports.page import patterns
from reports.page.results.workbooks import ListedWorkbook, roles_for, visible, with_sign_offs
from reports.page.site import Site

SHOWN = 5  # breaks of each list
SOON = timedelta(days=7)
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
    since = now.astimezone(UTC).date() - _SIGNED_BACK
    books = [
        book
        for book in visible(site, person)
        if book.account != GROUP and since <= book.last_day < site.today(book.account, now)
    ]
    found = [
        Unsigned(listed.book, _why_unsigned(listed))
        for listed in with_sign_offs(site, books, since)
        if roles_for(person, listed.standing)
    ]
    wanting = [entry for entry in found if entry.words]
    return sorted(wanting, key=lambda entry: (-entry.book.last_day.toordinal(), entry.book.account))


def _why_unsigned(listed: ListedWorkbook) -> str:
    """Empty where it is signed twice, or is a day or a few that nobody ever signed."""
    standing = {sign_off.role: sign_off.who for sign_off in listed.standing}
    if REVIEWER in standing:
        return ""
    if standing:
        return f"signed by {', '.join(standing.values())}; the reviewer's signature is missing"
    if listed.ended:
        return f"the sign-off ended: {listed.ended.ended_why} ({listed.ended.ended_by})"
    return "nobody has signed it" if listed.book.last_day - listed.book.first_day >= _WEEK else ""


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
