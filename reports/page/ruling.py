"""Takes rulings from forms to the desk and says what became of each; decides nothing itself."""

import asyncio
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
    redirect(request, back, *(_notice(answer) for answer in answers))


async def ignore(request: web.Request) -> web.StreamResponse:
    """A pattern of breaks that is expected until a day."""
    data = await request.post()
    text = {name: str(value).strip() for name, value in data.items()}
    answers = await answers_to(request, [ask_of(request, {**text, "kind": "ignore"}, None, None)])
    redirect(request, "/breaks", *(_notice(answer) for answer in answers))


def ask_of(request: web.Request, text: Mapping[str, Any], break_id: str | None, version: int | None) -> RulingRequest:
    """What a form or a script asks for; raises 400 in words."""
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
        **words,
    )


async def answers_to(request: web.Request, asks: Sequence[RulingRequest]) -> list[Answer]:
    """What becomes of the asks; what the person may not do is 403, and a break that they do not see 404."""
    site = request.app[SITE]
    person = require(request, Right.RULE)
    if any(ask.kind == RulingKind.APPROVE for ask in asks):
        require(request, Right.APPROVE)
    for ask in asks:
        is_unknown = ask.account is not None and ask.account not in site.accounts
        if ask.kind == RulingKind.IGNORE and (is_unknown or not person.sees(ask.account)):
            raise web.HTTPNotFound(text="there is no such account for you\n")
    break_ids = {ask.break_id or "" for ask in asks if ask.kind != RulingKind.IGNORE}
    if break_ids - await asyncio.to_thread(worklist.seen, site.store, break_ids, person.accounts):
        raise web.HTTPNotFound(text="there is no such break\n")
    return await asyncio.to_thread(
        rulings.rule, site.store, asks, site.limits, site.clock(), site.audit_key, site.accounts
    )


def _seen(value: str) -> tuple[str, int | None]:
    """The break that was ticked, and the version that the person saw."""
    break_id, _, version = value.partition(":")
    return break_id, int(version) if version.isdecimal() and len(version) < 19 else None


def _notice(answer: Answer) -> Notice:
    return Notice(answer.outcome in _GOOD, answer.words, answer.request.break_id or "")
