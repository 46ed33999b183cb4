"""People, tokens, runs and the process's health, for an admin; takes access away from people and tokens."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from recon.people import Right
from recon.store.desk import people
from recon.store.engine import Store
from recon.store.runs import record
from reports.page.access.security import require
from reports.page.notices import Notice, notices_of, redirect
from reports.page.render import render
from reports.page.site import SITE

RUNS = 50


async def admin(request: web.Request) -> web.Response:
    """Users, tokens, the latest runs with their timings, and the health of the process."""
    require(request, Right.ADMIN)
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
        notices=notices_of(request),
    )


async def disable(request: web.Request) -> web.StreamResponse:
    """A user who may not log in any more."""
    return await _change(request, people.disable_user, "{name} may not log in any more")


async def end_sessions(request: web.Request) -> web.StreamResponse:
    """Every session of a user ends."""
    return await _change(request, people.end_sessions, "every session of {name} has ended")


async def revoke(request: web.Request) -> web.StreamResponse:
    """A token that does not hold any more."""
    return await _change(request, people.revoke_token, "the token {name} does not hold any more")


async def _change(
    request: web.Request, change: Callable[[Store, str, people.Act], None], words: str
) -> web.StreamResponse:
    person = require(request, Right.ADMIN)
    site = request.app[SITE]
    name = str((await request.post()).get("name", ""))
    act = people.Act(person.name, site.clock(), site.audit_key)
    try:
        await asyncio.to_thread(change, site.store, name, act)
    except people.PeopleError as error:
        redirect(request, "/admin", Notice(False, str(error)))
    redirect(request, "/admin", Notice(True, words.format(name=name)))
