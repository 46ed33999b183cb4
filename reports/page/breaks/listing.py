"""The list of breaks, as filtered and sorted by its address."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from urllib.parse import urlencode

from aiohttp import web

from recon.model import AGES, Exposure, KnownBreak, Severity, zone_of
from recon.model.rulings import REASONS
from recon.people import Person, Right
from recon.rules import CATALOGUE, RULE_OF, exposure_of
from recon.store.desk import worklist
from recon.store.desk.worklist import BreakPage, Filter
from reports.page.access.security import require
from reports.page.breaks.address import AGE_SPANS, NOBODY, STATUSES, ListAddress, list_of
from reports.page.breaks.causes import CauseGroup, of_one_cause
from reports.page.breaks.choosing import MOST_AT_ONCE, colleagues, waits_for
from reports.page.breaks.one import ACTIONS
from reports.page.cache import cached
from reports.page.notices import Notice, notices_of, typed_of
from reports.page.render import render
from reports.page.site import SITE, Site
from reports.shop_links import OrderKey

PER_PAGE = 50
_DETAILS = ("exposure", "age", "from", "to", "least", "most", "currency", "due")  # filters that are folded away
_AGE_NAMES = [f"{least} to {most} days" if most is not None else f"over {least - 1} days" for least, most in AGES]


async def breaks(request: web.Request) -> web.Response:
    """A page of the list; an address that is not understood is said above an empty one, with all that was typed."""
    person = require(request, Right.VIEW)
    site = request.app[SITE]
    refused = []
    wanted = ListAddress(Filter(visible=frozenset()))
    try:
        wanted = list_of(site, person, request.query)
    except web.HTTPBadRequest as refusal:
        refused.append(Notice(False, (refusal.text or "").strip()))
    seen = (await asyncio.to_thread(worklist.state, site.store))[1]  # before the list, so that nothing is missed
    typed = typed_of(request)
    offset = (wanted.page - 1) * PER_PAGE
    listed = await asyncio.to_thread(find, site, wanted, offset, PER_PAGE)
    is_whole = wanted == ListAddress(Filter(visible=person.accounts))
    query = [(name, value) for name, value in request.query.items() if name not in ("page", "told") and value]
    response = render(
        request,
        "breaks.html",
        listed=listed,
        shop_urls=await asyncio.to_thread(_shop_urls, site, listed),
        causes=await asyncio.to_thread(_causes, site, person) if is_whole else [],
        wanted=wanted,
        pages=max(1, -(-listed.total // PER_PAGE)),
        chosen=request.query,
        is_detailed=any(request.query.get(name) for name in _DETAILS),
        choices=await asyncio.to_thread(_choices, site, person),
        notices=(*refused, *notices_of(request)),
        typed=typed,
        ticked={value.partition(":")[0] for value in typed.getall("id", [])},
        seen=seen,
        most_at_once=MOST_AT_ONCE,
        codes=list(RULE_OF),
        names=site.names_for(person),
        actions=ACTIONS,
        waits_for_me=any(waits_for(known, person) for known in listed.breaks),
        reasons=REASONS,
        colleagues=await asyncio.to_thread(colleagues, site, person),
        exposure=lambda found: exposure_of(found.code, found.expected, found.actual),
        age=partial(_age, site, site.clock()),
        at=lambda **more: "/breaks?" + urlencode([*((n, v) for n, v in query if n not in more), *more.items()]),
        query=urlencode(query),
    )
    if refused:
        response.set_status(400)
    return response


def find(site: Site, wanted: ListAddress, offset: int, limit: int) -> BreakPage:
    """Some of the list, asked for anew only when a run or a ruling has changed something."""
    by = (wanted.filters, wanted.sort, wanted.descending, offset, limit)
    return cached(site, ("breaks", *by), lambda: worklist.find(site.store, *by))


def _age(site: Site, now: datetime, known: KnownBreak) -> str:
    days = known.age_days(now, zone_of(known.latest.account, site.accounts))
    return {0: "today", 1: "1 day"}.get(days, f"{days:,} days")


def _choices(site: Site, person: Person) -> Mapping[str, Sequence[tuple[str, str]]]:
    """What each of the form's lists offers, as values and words."""
    owners = cached(site, ("owners", person.accounts), lambda: worklist.owners(site.store, person.accounts))
    others = [name for name in owners if name != person.name]
    codes = [(rule.code, rule.title) for rule in CATALOGUE]
    return {
        "account": [(name, name) for name in site.names_for(person)],
        "severity": [(severity.word, severity.word) for severity in reversed(Severity)],
        "status": [(word, word.replace("_", " ")) for word in STATUSES],
        "owner": [(person.name, f"{person.name} (me)"), (NOBODY, "nobody"), *((name, name) for name in others)],
        "code": sorted(codes, key=lambda choice: choice[1]),
        "exposure": [(str(exposure), exposure.words) for exposure in Exposure],
        "age": list(zip(AGE_SPANS, _AGE_NAMES, strict=True)),
    }


def _causes(site: Site, person: Person) -> Sequence[CauseGroup]:
    return cached(site, ("causes", person.accounts), lambda: of_one_cause(site.store, person.accounts))


def _shop_urls(site: Site, listed: BreakPage) -> Mapping[OrderKey, str]:
    shown_breaks = (known.latest for known in listed.breaks)
    return site.shop_links.of_orders({(b.account, b.order_id) for b in shown_breaks if b.account and b.order_id})
