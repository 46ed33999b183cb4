"""Finished workbooks: listed, looked at sheet by sheet, downloaded, verified, signed."""

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from aiohttp import web

from recon.people import Person, Right, is_same_person
from recon.store.desk import workbooks as stored
from recon.store.desk import worklist
from recon.store.desk.workbooks import GROUP, PREPARER, REVIEWER, ROLES, SignOff, StoredWorkbook
from recon.store.runs import history
from reports.page.access.security import require
from reports.page.notices import Notice, notices_of, redirect
from reports.page.numbers import whole_number
from reports.page.render import render
from reports.page.results import charts, kept
from reports.page.results.charts import Chart
from reports.page.results.drawn import DrawnBlock
from reports.page.results.kept import KeptWorkbook
from reports.page.results.sheets import SUMMARY, View, page_of
from reports.page.site import SITE, Site, Verdict

MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST = 500
_ROWS = 100  # of the list on one page
_OTHERS = 20  # workbooks of the same days
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ListedWorkbook:
    """One workbook of the list, with every sign-off of its range."""

    book: StoredWorkbook
    signed: Sequence[SignOff]

    @property
    def standing(self) -> list[SignOff]:
        """Those that have not ended."""
        return [sign_off for sign_off in self.signed if sign_off.ended_at is None]

    @property
    def ended(self) -> SignOff | None:
        """The last one, where all have ended."""
        return self.signed[-1] if self.signed and not self.standing else None

    @property
    def signed_file(self) -> str | None:
        """The SHA-256 of the file that was signed last, where that is another one."""
        sha256 = self.signed[-1].sha256 if self.signed else self.book.sha256
        return None if sha256 == self.book.sha256 else sha256


async def reports(request: web.Request) -> web.Response:
    """The latest workbook of each account and range, the newest days first; of one account where one is chosen."""
    person = require(request, Right.VIEW)
    site = request.app[SITE]
    chosen = request.query.get("account", "")
    workbooks = await asyncio.to_thread(_listed, site, person, chosen)
    pages = max(1, -(-len(workbooks) // _ROWS))
    page = min(whole_number(request.query.get("page", "")) or 1, pages)
    return render(
        request,
        "reports.html",
        workbooks=workbooks[(page - 1) * _ROWS : page * _ROWS],
        page=page,
        pages=pages,
        names=site.names_for(person),
        chosen=chosen,
        notices=notices_of(request),
    )


def _listed(site: Site, person: Person, chosen: str) -> list[ListedWorkbook]:
    books = [book for book in visible(site, person) if not chosen or book.account == chosen]
    return with_sign_offs(site, sorted(books, key=_newest_days_first), date.min)


def with_sign_offs(site: Site, books: Iterable[StoredWorkbook], since: date) -> list[ListedWorkbook]:
    """Workbooks of ranges that end on a day or later, each with every sign-off of its range."""
    signed: dict[tuple[str, date, date], list[SignOff]] = {}
    for sign_off in stored.sign_offs_since(site.store, since):
        signed.setdefault(_range(sign_off), []).append(sign_off)
    return [ListedWorkbook(book, signed.get(_range(book), ())) for book in books]


def _newest_days_first(book: StoredWorkbook) -> tuple[int, int, str]:
    return -book.last_day.toordinal(), -book.first_day.toordinal(), book.account


def _range(book: StoredWorkbook | SignOff) -> tuple[str, date, date]:
    return book.account, book.first_day, book.last_day


def visible(site: Site, person: Person) -> list[StoredWorkbook]:
    """The latest of each range; the group's only for those who see every account."""
    return stored.latest(site.store, person.accounts, MOST)


async def show(request: web.Request) -> web.Response:
    """A workbook's page: what it is, who signed it, and one of its sheets, the Summary first."""
    person = require(request, Right.VIEW)
    book = await _book(request)
    site = request.app[SITE]
    workbook = await asyncio.to_thread(kept.kept, site, book)
    sheet = await asyncio.to_thread(_sheet, site, person, workbook, request.query) if workbook else None
    signed = await asyncio.to_thread(stored.sign_offs, site.store, *_range(book))
    return render(
        request,
        "report.html",
        book=book,
        sheet=sheet,
        signed=signed,
        under=await asyncio.to_thread(site.notary.before_signing, site.store, book, person),
        zone=_zone_words(site, book),
        others=[other for other in await asyncio.to_thread(_of_range, site, book) if other.sha256 != book.sha256],
        to_sign=await asyncio.to_thread(_to_sign_beside, site, person, book),
        charts=await asyncio.to_thread(_charts, site, book),
        roles=roles_for(person, ListedWorkbook(book, signed).standing),
        notices=notices_of(request),
        has_content=workbook is not None or await asyncio.to_thread(kept.pieces, site, book) is not None,
    )


def roles_for(person: Person, standing: Sequence[SignOff]) -> tuple[str, ...]:
    """As what a person can sign a range, beside the signatures that stand there."""
    prepared = any(sign_off.role == PREPARER for sign_off in standing)
    if not prepared:
        return (PREPARER,) if person.has(Right.RULE) else ()
    if any(sign_off.role == REVIEWER or is_same_person(sign_off.who, person.name) for sign_off in standing):
        return ()
    return (REVIEWER,) if person.has(Right.APPROVE) else ()


def _to_sign_beside(site: Site, person: Person, book: StoredWorkbook) -> list[StoredWorkbook]:
    """The other workbooks of the same days that a person's signature is wanted under."""
    days = (book.first_day, book.last_day)
    others = [other for other in visible(site, person) if _range(other)[1:] == days and other.account != book.account]
    listed = with_sign_offs(site, others, book.last_day)
    return sorted((one.book for one in listed if roles_for(person, one.standing)), key=lambda one: one.account)


def _zone_words(site: Site, book: StoredWorkbook) -> str:
    """By which clock a workbook's times go."""
    account = site.accounts.get(book.account)
    return (
        f"Times are those of {account.zone.key}." if account else "Each row's times are those of its account's zone."
    )


def _of_range(site: Site, book: StoredWorkbook) -> list[StoredWorkbook]:
    """The latest workbooks of the same days, what was signed among them."""
    return stored.by_range(site.store, *_range(book))[:_OTHERS]


def _charts(site: Site, book: StoredWorkbook) -> list[Chart]:
    """The account's match rate by day, and what is expected at the bank."""
    if book.account == GROUP:
        return []
    rate = charts.match_rate(book.account, history.last_of_each_range(site.store, book.account))
    return [chart for chart in (rate, charts.payouts_expected(site, book)) if chart]


@dataclass(frozen=True)
class ShownSheet:
    """A sheet as it is shown: the Summary in blocks, any other by the page; with it what its links lead to."""

    name: str
    names: Sequence[str]
    blocks: Sequence[DrawnBlock]
    view: View | None
    files: Mapping[str, str]  # other workbooks of the range: their digests by their names
    breaks: Collection[str]  # those of the lines that the asker sees


def _sheet(site: Site, person: Person, workbook: KeptWorkbook, query: Mapping[str, str]) -> ShownSheet:
    """The one that the address says, where it has it by page, or by the row that is looked for."""
    name = query.get("sheet", SUMMARY)
    names = kept.names_of(workbook)
    if name == SUMMARY:
        files = {book.name: book.sha256 for book in visible(site, person)}
        return ShownSheet(name, names, kept.blocks_of(workbook), None, files, ())
    row = whole_number(query.get("row", ""))
    try:
        view = kept.view_of(workbook, name, page_of(row) if row else whole_number(query.get("page", "")) or 1)
    except KeyError:
        raise web.HTTPNotFound(text="there is no such sheet\n") from None
    ids = {line.break_id for line in view.lines if line.break_id}
    return ShownSheet(name, names, (), view, {}, worklist.seen(site.store, ids, person.accounts))


async def download(request: web.Request) -> web.Response:
    """The file as it was written."""
    book = await _book(request)
    pieces = await asyncio.to_thread(kept.pieces, request.app[SITE], book)
    if pieces is None:
        raise web.HTTPNotFound(text="this workbook was too large to be kept, and its file is not in its place\n")
    headers = {
        "Content-Disposition": f'attachment; filename="{book.name}"',
        "Content-Type": MIME,
        "Content-Length": str(book.size),
    }
    return web.Response(body=_sent(pieces), headers=headers)


async def signed_copy(request: web.Request) -> web.Response:
    """The file with the signatures that stand filled in."""
    book = await _book(request)
    content = await asyncio.to_thread(request.app[SITE].notary.signed_copy, book.sha256)
    if content is None:
        raise web.HTTPNotFound(text="nobody's signature stands under this workbook, or it was too large to be kept\n")
    name = f"{book.name.removesuffix('.xlsx')}.signed.xlsx"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Type": MIME}
    return web.Response(body=content, headers=headers)


async def _sent(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(next, pieces, b""):
        yield piece


async def verify(request: web.Request) -> web.StreamResponse:
    """Whether its data has changed since, judged again now."""
    book = await _book(request)
    verdict = await asyncio.to_thread(request.app[SITE].notary.verify, book.sha256)
    good = verdict.state == "untouched"
    notices = [Notice(good, f"{book.name} is {verdict.state}"), *(Notice(good, words) for words in verdict.words)]
    redirect(request, f"/reports/{book.sha256}", *notices)


async def export_journal(request: web.Request) -> web.StreamResponse:
    """What is new of the journal of an account's workbook, as a file for the books."""
    person = require(request, Right.RULE)
    book = await _book(request)
    if book.account == GROUP:
        raise web.HTTPBadRequest(text="the journal is exported account by account\n")
    answer = await asyncio.to_thread(request.app[SITE].notary.export_journal, book.sha256, person.name)
    if isinstance(answer, Verdict):
        redirect(request, f"/reports/{book.sha256}", *(Notice(False, line) for line in answer.words))
    headers = {"Content-Disposition": f'attachment; filename="{answer.name}"'}
    return web.Response(body=answer.content, content_type="application/octet-stream", headers=headers)


async def sign(request: web.Request) -> web.StreamResponse:
    """A signature of the person who asks; a reviewer's needs the right to approve."""
    book = await _book(request)
    data = await request.post()
    role = str(data.get("role", ""))
    reason = str(data.get("reason", ""))
    if role not in ROLES:
        raise web.HTTPBadRequest(text="sign as preparer or as reviewer\n")
    person = require(request, Right.RULE if role == PREPARER else Right.APPROVE)
    verdict = await asyncio.to_thread(request.app[SITE].notary.sign, book.sha256, role, person, reason)
    good = verdict.state == "signed"
    words = verdict.words or (f"{book.name} is signed by {person.name} as {role}",)
    redirect(request, f"/reports/{book.sha256}", *(Notice(good, line) for line in words))


async def settlement(request: web.Request) -> web.Response:
    """For each account the latest workbook, by its sheets of settlement."""
    person = require(request, Right.VIEW)
    site = request.app[SITE]
    books = await asyncio.to_thread(visible, site, person)
    latest: dict[str, StoredWorkbook] = {}
    for book in books:
        if book.account != GROUP:
            latest.setdefault(book.account, book)
    without = [name for name in site.names_for(person) if name not in latest]
    books = sorted(latest.values(), key=lambda book: book.account)
    return render(request, "settlement.html", books=books, without=without)


async def _book(request: web.Request) -> StoredWorkbook:
    """The workbook of the address; another account's is not there."""
    person = require(request, Right.VIEW)
    sha256 = request.match_info["sha256"]
    book = None
    if _HASH.fullmatch(sha256):
        book = await asyncio.to_thread(stored.by_hash, request.app[SITE].store, sha256)
    if book is None or not person.sees(book.account):
        raise web.HTTPNotFound(text="there is no such report\n")
    return book
