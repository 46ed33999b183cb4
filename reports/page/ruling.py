"""Takes rulings from forms to the desk and says what became of each; decides nothing itself."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

from aiohttp import web

from recon.model.rulings import Answer, Outcome, RulingKind, RulingRequest
from recon.people import Right
from recon.store.desk import rulings, worklist
from reports.page.access.security import PERSON, require
from reports.page.notices import Notice, redirect
from reports.page.site import SITE

_RULING = re.compile(r"rul_([0-9]{1,18})", re.ASCII)
SECOND_PERSON = frozenset({RulingKind.APPROVE, RulingKind.REJECT})
_GOOD = frozenset({Outcome.APPLIED, Outcome.PENDING, Outcome.ALREADY})


async def rule(request: web.Request) -> web.StreamResponse:
    """One ruling on every ticked break; then back to where the form was, with what became of each."""
    data = await request.post()
    ticked = [str(value) for value in data.getall("id", [])]
    text = {name: str(value).strip() for name, value in data.items()}
    back = f"/breaks/{quote(text['one'], safe='')}" if text.get("one") else f"/breaks?{text.get('back', '')}"
    if not ticked:
        redirect(request, back, Notice(False, "no break was ticked"))
    asks = [ask_of(request, text, *_seen(value)) for value in ticked]
    answers = await answers_to(request, asks)
    redirect(request, back, *(notice_of(answer) for answer in answers))


def ask_of(request: web.Request, text: Mapping[str, Any], break_id: str | None, version: int | None) -> RulingRequest:
    """What a form or a script asks for; raises 400 in words."""
    ruling_id = _RULING.fullmatch(text.get("ruling") or "")
    if text.get("ruling") and ruling_id is None:
        raise web.HTTPBadRequest(text="a ruling is named as rul_7 is\n")
    try:
        kind = RulingKind(text.get("kind", ""))
        until = date.fromisoformat(text["until"]) if text.get("until") else None
    except (ValueError, TypeError):
        raise web.HTTPBadRequest(text="the ruling or its day is not known\n") from None
    words = {name: text.get(name) or None for name in ("order_id", "charge_id", "code", "account", "pattern")}
    return RulingRequest(
        kind,
        request[PERSON].name,
        break_id,
        reason=text.get("reason") or "",
        until=until,
        owner=text.get("owner") or None,
        version=version,
        target=int(ruling_id[1]) if ruling_id else None,
        **words,
    )


async def answers_to(request: web.Request, asks: Sequence[RulingRequest]) -> list[Answer]:
    """What becomes of the asks; what the person may not do is 403, and a break that they do not see 404."""
    site = request.app[SITE]
    person = require(request, Right.RULE)
    if any(ask.kind in SECOND_PERSON for ask in asks):
        require(request, Right.APPROVE)
    for ask in asks:
        if ask.kind == RulingKind.IGNORE:
            check_pattern(request, ask)
    targets = [ask.target for ask in asks if ask.target is not None]
    named = {ruling.id: ruling for ruling in await asyncio.to_thread(rulings.find, site.store, targets)}
    patterns = {ruling_id for ruling_id, ruling in named.items() if ruling.break_id is None}
    if set(targets) - named.keys() or not all(person.sees(named[ruling_id].account) for ruling_id in patterns):
        raise web.HTTPNotFound(text="there is no such ruling\n")
    break_ids = {
        ask.break_id or (named[ask.target].break_id if ask.target else "") or ""
        for ask in asks
        if ask.kind != RulingKind.IGNORE and ask.target not in patterns
    }
    if break_ids - await asyncio.to_thread(worklist.seen, site.store, break_ids, person.accounts):
        raise web.HTTPNotFound(text="there is no such break\n")
    return await asyncio.to_thread(
        rulings.rule, site.store, asks, site.limits, site.clock(), site.audit_key, site.accounts
    )


def check_pattern(request: web.Request, ask: RulingRequest) -> None:
    """Raises 404 where an ignore names a code that there is not, or accounts that are not the asker's."""
    site = request.app[SITE]
    if ask.code not in {entry.code for entry in site.catalogue}:
        raise web.HTTPNotFound(text="there is no such code of breaks\n")
    is_unknown = ask.account is not None and ask.account not in site.accounts
    if is_unknown or not request[PERSON].sees(ask.account):
        raise web.HTTPNotFound(text="there is no such account for you\n")


def _seen(value: str) -> tuple[str, int | None]:
    """The break that was ticked, and the version that the person saw."""
    break_id, _, version = value.partition(":")
    return break_id, int(version) if version.isdecimal() and len(version) < 19 else None


def notice_of(answer: Answer) -> Notice:
    """What became of an ask, for the next page."""
    return Notice(answer.outcome in _GOOD, answer.words, answer.request.break_id or "")
