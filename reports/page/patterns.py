"""Patterns of breaks that are expected until a day: those that wait or stand, and what a new one would cover."""

import asyncio
from operator import itemgetter

from aiohttp import web

from recon.people import Person, Right, is_same_person
from recon.rules import RULE_OF
from recon.rulings.decide import RulingRefused
from recon.store.desk import patterns
from recon.store.desk.patterns import StandingPattern
from reports.page.access.security import require
from reports.page.notices import Notice, notices_of, redirect
from reports.page.render import render
from reports.page.ruling import answers_to, ask_of, check_pattern, notice_of
from reports.page.site import SITE, Site

_SHOWN = 50  # breaks of a pattern that is looked at before it is asked for


async def show(request: web.Request) -> web.Response:
    """The patterns, and the one that the address describes as it would be: nothing is asked for yet."""
    person = require(request, Right.VIEW)
    site = request.app[SITE]
    preview = None
    if request.query.get("code"):
        ask = ask_of(request, {**request.query, "kind": "ignore"}, None, None)
        check_pattern(request, ask)
        try:
            preview = await asyncio.to_thread(
                patterns.preview, site.store, ask, site.limits, site.accounts, site.clock()
            )
        except RulingRefused as refusal:
            redirect(request, "/patterns", Notice(False, str(refusal)))
    return render(
        request,
        "patterns.html",
        patterns=await asyncio.to_thread(of, site, person),
        preview=preview,
        shown=_SHOWN,
        names=site.names_for(person),
        breaks=sorted(((code, rule.title) for code, rule in RULE_OF.items()), key=itemgetter(1)),
        longest=site.limits.longest.days,
        notices=notices_of(request),
        is_own=lambda name: is_same_person(name, person.name),
    )


def of(site: Site, person: Person) -> list[StandingPattern]:
    """Those of the accounts that somebody sees; one for every account is for those who see all."""
    standing = patterns.patterns(site.store, site.accounts, site.clock())
    return [pattern for pattern in standing if person.sees(pattern.ruling.account)]


async def rule(request: web.Request) -> web.StreamResponse:
    """Ask for a pattern, approve, reject or end one."""
    text = {name: str(value).strip() for name, value in (await request.post()).items()}
    answers = await answers_to(request, [ask_of(request, text, None, None)])
    redirect(request, "/patterns", *(notice_of(answer) for answer in answers))
