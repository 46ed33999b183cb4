"""Runs that people ask for: begun, and watched until they end."""

from collections.abc import Sequence
from datetime import date

from aiohttp import web

from recon.people import Right
from reports.page.access.security import require
from reports.page.render import render
from reports.page.site import SITE, RunRequest


async def start(request: web.Request) -> web.StreamResponse:
    """Run a range again, and watch it."""
    data = await request.post()
    try:
        first, last = (date.fromisoformat(str(data.get(name, ""))) for name in ("from", "to"))
    except ValueError:
        raise web.HTTPBadRequest(text="say from which day to which\n") from None
    ticket = await request_run(request, first, last, [str(name) for name in data.getall("account", []) if name])
    raise web.HTTPSeeOther(f"/runs/{ticket}")


async def request_run(request: web.Request, first: date, last: date, accounts: Sequence[str]) -> str:
    """Ask for a run of accounts that are the asker's (none named: all of visible_names); the ticket."""
    site = request.app[SITE]
    person = require(request, Right.RULE)
    visible_names = site.names_for(person)
    chosen = tuple(accounts or visible_names)
    if not chosen or not set(chosen) <= set(visible_names):
        raise web.HTTPNotFound(text="there is no such account\n")
    if first > last or last > site.clock().date():
        raise web.HTTPConflict(text="the range ends before it begins, or in the future\n")
    return site.runner.start(RunRequest(first, last, chosen, person.name))


async def progress(request: web.Request) -> web.Response:
    """How far a run is; the part of the page alone where htmx asks."""
    require(request, Right.VIEW)
    ticket = request.match_info["ticket"]
    run = request.app[SITE].runner.progress(ticket)
    if run is None:
        raise web.HTTPNotFound(text="there is no such run\n")
    template = "progress_part.html" if "HX-Request" in request.headers else "progress.html"
    return render(request, template, ticket=ticket, progress=run)
