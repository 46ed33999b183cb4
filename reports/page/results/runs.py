"""Runs: those that people ask for, watched until they end, and those that are recorded."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from aiohttp import web

from recon import columns as c
from recon.people import Person, Right
from recon.store.desk import workbooks
from recon.store.desk.workbooks import GROUP, StoredWorkbook
from recon.store.queue import batches
from recon.store.queue.batches import Batch
from recon.store.runs import history, record
from recon.store.runs.record import RunAccount, StoredRun
from reports.documents import Document
from reports.page.access.security import PERSON, require
from reports.page.notices import Notice, notices_of, redirect
from reports.page.numbers import whole_number
from reports.page.render import render
from reports.page.results import charts
from reports.page.site import SITE, RunProgress, RunRequest, Site
from reports.runs_compared import compared
from reports.sheets.changes import figure_words

SHOWN = 50  # recorded runs
_TICKETS = 10  # runs that were asked for here
_EARLIER = 10  # runs of a range that one can be held against


async def runs(request: web.Request) -> web.Response:
    """What runs now, what waits, what workers are at, and the latest recorded runs."""
    person = require(request, Right.VIEW)
    site = request.app[SITE]
    tickets = [(ticket, site.runner.progress(ticket)) for ticket in site.runner.tickets()]
    asked = [(ticket, run) for ticket, run in reversed(tickets) if run and _sees(person, run)]
    return render(
        request,
        "runs.html",
        asked=asked[:_TICKETS],
        recorded=await asyncio.to_thread(_recorded, site, person),
        queue=await asyncio.to_thread(_queue, site, person),
        charts=[await asyncio.to_thread(charts.new_and_closed, site, person.accounts, site.clock())],
        names=site.names_for(person),
        notices=notices_of(request),
    )


def _sees(person: Person, run: RunProgress) -> bool:
    """Whether all of a run is somebody's to see: its messages may speak of any of its accounts."""
    return all(person.sees(name) for name in run.request.accounts)


def _recorded(site: Site, person: Person) -> list[tuple[StoredRun, list[RunAccount]]]:
    """The latest runs with those of their accounts that somebody sees."""
    latest = record.list_runs(site.store, SHOWN)
    shown = [(run, [part for part in run.accounts if person.sees(part.account)]) for run in latest]
    return [(run, parts) for run, parts in shown if parts]


def _queue(site: Site, person: Person) -> list[tuple[Batch, tuple[int, int, int]]]:
    """Nights and backfills that workers are at: how many steps, how many begun, how many done."""
    going_on = batches.going_on(site.store)
    seen = [batch for batch in going_on if all(person.sees(name) for name in batch.request.accounts)]
    return [(batch, batches.counts(site.store, batch.id)) for batch in seen]


async def start(request: web.Request) -> web.StreamResponse:
    """Run a range again, and watch it."""
    data = await request.post()
    try:
        first, last = (date.fromisoformat(str(data.get(name, ""))) for name in ("from", "to"))
    except ValueError:
        raise web.HTTPBadRequest(text="say from which day to which\n") from None
    run_request = run_request_of(request, first, last, [str(name) for name in data.getall("account", []) if name])
    signed = await asyncio.to_thread(signed_before, request, run_request)
    if signed and "signed" not in data:
        fields = [("from", first), ("to", last), *(("account", name) for name in run_request.accounts)]
        return render(request, "run_signed.html", signed=signed, fields=fields)
    raise web.HTTPSeeOther(f"/runs/{request.app[SITE].runner.start(run_request)}")


def signed_before(request: web.Request, run_request: RunRequest) -> list[str]:
    """Which signed ranges a run would go over, in words; the group's for those who see every account."""
    group = [GROUP] if request[PERSON].sees(GROUP) else []
    days = (run_request.first, run_request.last)
    accounts = [*run_request.accounts, *group]
    return workbooks.signed_words(workbooks.standing_over(request.app[SITE].store, accounts, *days))


def run_request_of(request: web.Request, first: date, last: date, accounts: Sequence[str]) -> RunRequest:
    """A run of accounts that are the asker's (none named: all of visible_names)."""
    site = request.app[SITE]
    person = require(request, Right.RULE)
    visible_names = site.names_for(person)
    chosen = tuple(accounts or visible_names)
    if not chosen or not set(chosen) <= set(visible_names):
        raise web.HTTPNotFound(text="there is no such account\n")
    today = max(site.today(name, site.clock()) for name in chosen)
    if first > last or last > today:
        raise web.HTTPConflict(text="the range ends before it begins, or in the future\n")
    return RunRequest(first, last, chosen, person.name)


def asked_for(request: web.Request) -> tuple[str, RunProgress]:
    """The run of the address's ticket; another account's is not there."""
    person = require(request, Right.VIEW)
    ticket = request.match_info["ticket"]
    run = request.app[SITE].runner.progress(ticket)
    if run is None or not _sees(person, run):
        raise web.HTTPNotFound(text="there is no such run\n")
    return ticket, replace(run, messages=(*run.messages, *run.of_group)) if person.sees(GROUP) else run


async def progress(request: web.Request) -> web.Response:
    """How far a run is, at its end what it found; the part of the page alone where htmx asks."""
    person = require(request, Right.VIEW)
    site = request.app[SITE]
    ticket, run = asked_for(request)
    parts: Sequence[RunAccount] = ()
    if run.run_id is not None:
        stored = await asyncio.to_thread(record.find_run, site.store, run.run_id)
        parts = [part for part in (stored.accounts if stored else ()) if person.sees(part.account)]
    template = "progress_part.html" if "HX-Request" in request.headers else "progress.html"
    return render(request, template, ticket=ticket, progress=run, parts=parts, notices=notices_of(request))


async def cancel(request: web.Request) -> web.StreamResponse:
    """Ends a run that somebody asked for here."""
    person = require(request, Right.RULE)
    ticket, run = asked_for(request)
    if run.finished:
        redirect(request, f"/runs/{ticket}", Notice(False, "the run has ended already"))
    request.app[SITE].runner.cancel(ticket, person.name)
    redirect(request, f"/runs/{ticket}", Notice(True, "the run is cancelled"))


@dataclass(frozen=True)
class RunPart:
    """What a recorded run found for one account, with its workbook and the earlier runs of its range."""

    found: RunAccount
    book: StoredWorkbook | None
    earlier: Sequence[int]


async def show(request: web.Request) -> web.Response:
    """One recorded run, as far as its accounts are the asker's."""
    person = require(request, Right.VIEW)
    site = request.app[SITE]
    run = await asyncio.to_thread(_stored, site, person, request.match_info["run_id"])
    parts = await asyncio.to_thread(lambda: [_part(site, run, part) for part in run.accounts])
    ended = await asyncio.to_thread(workbooks.ended_by, site.store, f"run {run.run_id}")
    seen = [sign_off for sign_off in ended if person.sees(sign_off.account)]
    return render(request, "run.html", run=run, parts=parts, ended=seen)


def _stored(site: Site, person: Person, number: str) -> StoredRun:
    """The run of a number with those of its accounts that somebody sees; none of them: it is not there."""
    run_id = whole_number(number)
    run = None if run_id is None else record.find_run(site.store, run_id)
    parts = tuple(part for part in run.accounts if person.sees(part.account)) if run else ()
    if run is None or not parts:
        raise web.HTTPNotFound(text="there is no such run\n")
    return StoredRun(run.run_id, run.record, parts)


def _part(site: Site, run: StoredRun, part: RunAccount) -> RunPart:
    days = (part.first_day, part.last_day)
    books = workbooks.by_range(site.store, part.account, *days)
    book = next((book for book in books if book.run_id == run.run_id), None)
    of_range = history.runs_of(site.store, part.account, *days, _EARLIER)
    return RunPart(part, book, [run_id for run_id in of_range if run_id < run.run_id])


async def compare(request: web.Request) -> web.Response:
    """Two recorded runs of a range beside each other."""
    person = require(request, Right.VIEW)
    site = request.app[SITE]

    def compare_() -> tuple[StoredRun, StoredRun, list[Document]]:
        before, after = (_stored(site, person, request.query.get(name, "")) for name in ("before", "after"))
        return before, after, list(compared(site.store, before, after))

    before, after, accounts = await asyncio.to_thread(compare_)
    if not accounts:
        raise web.HTTPNotFound(text="no account has the same range in both runs\n")
    words = {row[c.FIGURE]: figure_words(row[c.FIGURE]) for part in accounts for row in part["figures"]}
    return render(request, "compared.html", before=before, after=after, accounts=accounts, figure_words=words)
