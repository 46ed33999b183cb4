"""What the job knows and who may use it: rules, payment methods, runs, people; changes people's access alone."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from recon.methods import HEADS, legend
from recon.people import Right
from recon.store.desk import people
from recon.store.engine import Store
from recon.store.runs import record
from reports.page.notices import Notice, go, told
from reports.page.render import render
from reports.page.security import PERSON, needs
from reports.page.site import SITE

RUNS = 50


async def about(request: web.Request) -> web.Response:
    """The catalogue of breaks and the payment-method rule book."""
    needs(request, Right.VIEW)
    site = request.app[SITE]
    return render(request, "about.html", catalogue=site.catalogue, heads=HEADS, book=legend(site.book))


async def admin(request: web.Request) -> web.Response:
    """Users, tokens, the latest runs with their timings, and the health of the process."""
    needs(request, Right.ADMIN)
    site = request.app[SITE]
    users, tokens, runs = await asyncio.gather(
        asyncio.to_thread(people.users, site.store),
        asyncio.to_thread(people.tokens, site.store),
        asyncio.to_thread(record.list_runs, site.store, RUNS),
    )
    return render(
        request,
        "admin.html",
        users=users,
        tokens=tokens,
        runs=runs,
        health=site.health(),
        told=told(request),
    )


async def disable(request: web.Request) -> web.StreamResponse:
    """A user who may not log in any more."""
    needs(request, Right.ADMIN)
    name = str((await request.post()).get("name", ""))
    return await _done(request, people.disable_user, name, f"{name} may not log in any more")


async def end_sessions(request: web.Request) -> web.StreamResponse:
    """Every session of a user ends."""
    needs(request, Right.ADMIN)
    name = str((await request.post()).get("name", ""))
    return await _done(request, people.end_sessions, name, f"every session of {name} has ended")


async def revoke(request: web.Request) -> web.StreamResponse:
    """A token that does not hold any more."""
    needs(request, Right.ADMIN)
    name = str((await request.post()).get("name", ""))
    return await _done(request, people.revoke_token, name, f"the token {name} does not hold any more")


async def _done(
    request: web.Request, do: Callable[[Store, str, people.Act], None], name: str, words: str
) -> web.StreamResponse:
    site = request.app[SITE]
    act = people.Act(request[PERSON].name, site.clock(), site.audit_key)
    try:
        await asyncio.to_thread(do, site.store, name, act)
    except people.PeopleError as error:
        go(request, "/admin", Notice(False, str(error)))
    go(request, "/admin", Notice(True, words))
