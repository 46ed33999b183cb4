"""Takes rulings from forms to the desk and says what became of each; decides nothing itself."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

from aiohttp import web
from multidict import MultiDict

from recon.model.rulings import Answer, Outcome, RulingKind, RulingRequest
from recon.people import Right
from recon.rules import RULE_OF
from recon.store.desk import rulings, worklist
from reports.page.access.security import PERSON, require
from reports.page.breaks.choosing import chosen_breaks, colleagues, notices_about, owner_of
from reports.page.notices import NOTICES, Notice, redirect
from reports.page.site import SITE

_RULING = re.compile(r"rul_([0-9]{1,18})", re.ASCII)
SECOND_PERSON = frozenset({RulingKind.APPROVE, RulingKind.REJECT})
_GOOD = frozenset({Outcome.APPLIED, Outcome.PENDING, Outcome.ALREADY})


async def rule(request: web.Request) -> web.StreamResponse:
    """One ruling on every break that is chosen; then back to where the form was, with what became of it."""
    data = await request.post()
    # Of two fields of a name the first that is filled in: a button of its own goes first, with the reason beside it.
    text = {name: next(filter(None, (str(value).strip() for value in data.getall(name))), "") for name in data}
    typed = MultiDict((name, str(value)) for name, value in data.items() if name not in ("csrf", "back"))
    back = f"/breaks/{quote(text['one'], safe='')}" if text.get("one") else "/breaks"
    back += f"?{text['back']}" if text.get("back") else ""
    site = request.app[SITE]
    person = require(request, Right.RULE)
    owners: dict[str, str | None] = {}
    try:
        chosen = await chosen_breaks(request, data)
        if text.get("kind") == RulingKind.ASSIGN:
            owners = await asyncio.to_thread(worklist.owners_of, site.store, [break_id for break_id, _ in chosen])
            allowed = await asyncio.to_thread(colleagues, site, person)
            text.update(owner=owner_of(text.get("owner", ""), allowed) or "")
        asks = [ask_of(request, text, *seen) for seen in chosen]
    except web.HTTPBadRequest as refusal:
        redirect(request, back, Notice(False, (refusal.text or "").strip()), typed=typed)
    answers = await answers_to(request, asks)
    if any(answer.outcome == Outcome.REFUSED for answer in answers):
        redirect(request, back, *notices_about(answers, owners), typed=typed)
    redirect(request, back, *notices_about(answers, owners))


async def undo(request: web.Request) -> web.StreamResponse:
    """Takes back what a notice told of; then back to the page that showed it."""
    data = await request.post()
    back = str(data.get("back", ""))
    back = back if back.startswith("/breaks") else "/breaks"
    asks = request.app[NOTICES].take_undo(request[PERSON].name, str(data.get("told", "")))
    if not asks:
        redirect(request, back, Notice(False, "this was taken back before, or is too long ago: undo it on its break"))
    redirect(request, back, *notices_about(await answers_to(request, asks), {}))


def ask_of(request: web.Request, text: Mapping[str, Any], break_id: str | None, version: int | None) -> RulingRequest:
    """What a form or a script asks for; raises 400 in words."""
    ruling_id = _RULING.fullmatch(text.get("ruling") or "")
    if text.get("ruling") and ruling_id is None:
        raise web.HTTPBadRequest(text="a ruling is named as rul_7 is\n")
    try:
        kind = RulingKind(text.get("kind", ""))
        until = date.fromisoformat(text["until"]) if text.get("until") else None
    except (ValueError, TypeError):
        raise web.HTTPBadRequest(text="choose what to decide, and a day that there is\n") from None
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
        token=request[PERSON].token,
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
    if ask.code not in RULE_OF:
        raise web.HTTPNotFound(text="there is no such code of breaks\n")
    is_unknown = ask.account is not None and ask.account not in site.accounts
    if is_unknown or not request[PERSON].sees(ask.account):
        raise web.HTTPNotFound(text="there is no such account for you\n")


def notice_of(answer: Answer) -> Notice:
    """What became of an ask, for the next page."""
    return Notice(answer.outcome in _GOOD, answer.words, answer.request.break_id or "")
