"""One break: both sides, what else its order has, what can be decided, and its history."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from recon import columns as c
from recon.model import CLOSED, BreakEvent, BreakStatus, KnownBreak
from recon.model.rulings import IN_FORCE, REASONS, Ruling, RulingKind, RulingState
from recon.people import Person, Right
from recon.rules import RULE_OF, exposure_of
from recon.rulings.decide import MOVES, proposal_words
from recon.store.desk import rulings, worklist
from recon.store.desk.worklist import Filter, Neighbours
from recon.store.versions import evidence
from recon.store.versions.archive import ArchiveError
from reports.page.access.security import PERSON, require
from reports.page.breaks.address import ListAddress, list_of
from reports.page.breaks.choosing import colleagues, waits_for
from reports.page.breaks.sides import KINDS, Side, lines_of, rest_of
from reports.page.cache import cached
from reports.page.notices import notices_of, typed_of
from reports.page.render import moment, money, render
from reports.page.site import SITE, Site

ACTIONS = (
    RulingKind.ASSIGN,
    RulingKind.NOTE,
    RulingKind.ACKNOWLEDGE,
    RulingKind.RESOLVE,
    RulingKind.WRITE_OFF,
    RulingKind.LINK,
    RulingKind.UNDO,
    RulingKind.REOPEN,
    RulingKind.APPROVE,
    RulingKind.REJECT,
)
_MOST = 20  # other breaks and charges of an order that are shown


@dataclass(frozen=True)
class Step:
    """One line of the timeline."""

    at: datetime
    what: str
    who: str
    words: str


@dataclass(frozen=True)
class Details:
    """All that is known around a break; `others` are breaks of the same order, or of its charge without one."""

    sides: Sequence[Side]
    rulings: Sequence[Ruling]
    events: Sequence[BreakEvent]
    others: worklist.BreakPage
    charges: Sequence[evidence.OrderCharge]
    around: Neighbours


async def show(request: web.Request) -> web.Response:
    """Everything about one break; 404 for one that is not there, or in somebody else's account."""
    person = require(request, Right.VIEW)
    site = request.app[SITE]
    break_id = request.match_info.get("id", "")
    known = await asyncio.to_thread(worklist.find_break, site.store, break_id, person.accounts)
    if known is None:
        raise web.HTTPNotFound(text="there is no such break\n")
    query = [(name, value) for name, value in request.query.items() if name not in ("page", "told") and value]
    details = await asyncio.to_thread(_details, site, person, known, _list(request))
    lines = lines_of(details.sides)
    account = known.latest.account
    return render(
        request,
        "break.html",
        known=known,
        details=details,
        lines=lines,
        rest=[(side, rest_of(side, lines, place)) for place, side in enumerate(details.sides)],
        shop_url=next((_shop_url(site, side) for side in details.sides if side.kind == "order"), ""),
        steps=_steps(details.events, details.sides),
        notices=notices_of(request),
        typed=typed_of(request),
        colleagues=await asyncio.to_thread(colleagues, site, person),
        query=urlencode(query),
        actions=actions(known, details.rulings),
        waiting=_waiting(site, details.rulings),
        waits_for_me=waits_for(known, person),
        limits_words=site.limits.words(known.latest.currency),
        reasons=REASONS,
        entry=RULE_OF.get(known.latest.code),
        account=site.accounts.get(account or ""),
        exposure=exposure_of(known.latest.code, known.latest.expected, known.latest.actual),
        shown=lambda name, side: shown(site, side, name, account),
    )


def _list(request: web.Request) -> ListAddress:
    """The list that somebody came from; the whole one where its address is not understood."""
    try:
        return list_of(request.app[SITE], request[PERSON], request.query)
    except web.HTTPBadRequest:
        return ListAddress(Filter(visible=request[PERSON].accounts))


def _waiting(site: Site, rulings: Sequence[Ruling]) -> str:
    """What of a break waits for a second person, with who asked for it and why; empty where nothing does."""
    pending = [ruling for ruling in rulings if ruling.standing == RulingState.PENDING]
    return "; ".join(f"{proposal_words(ruling, site.limits)}: {ruling.reason}" for ruling in pending)


def actions(known: KnownBreak, rulings: Sequence[Ruling]) -> list[RulingKind]:
    """What a person can ask of a break as it stands, approval included; whether it is done, the desk decides."""
    break_ = known.latest
    moves = MOVES[known.status]
    stands = any(ruling.standing in IN_FORCE for ruling in rulings if ruling.break_id)  # a pattern ends as a whole
    allowed = {
        RulingKind.ACKNOWLEDGE: "acknowledged" in moves,
        RulingKind.RESOLVE: "resolved" in moves,
        RulingKind.WRITE_OFF: "written_off" in moves and break_.amount_at_risk is not None,
        RulingKind.LINK: "linked" in moves and break_.subject_type in ("order", "charge"),
        RulingKind.UNDO: stands,
        RulingKind.REOPEN: known.status in CLOSED,
        RulingKind.APPROVE: "approved" in moves,
        RulingKind.REJECT: "rejected" in moves,
    }
    return [kind for kind in ACTIONS if allowed.get(kind, True)]


def _details(site: Site, person: Person, known: KnownBreak, wanted: ListAddress) -> Details:
    store = site.store
    break_ = known.latest
    place = (wanted.filters, wanted.sort, wanted.descending, break_.id)
    account = break_.account or ""
    others = worklist.BreakPage((), 0)
    charges: Sequence[evidence.OrderCharge] = ()
    if break_.order_id or break_.charge_id:
        about = (c.ORDER_ID, break_.order_id) if break_.order_id else (c.CHARGE_ID, str(break_.charge_id))
        whole = Filter(person.accounts, (account,), statuses=tuple(BreakStatus), about=about, without=break_.id)
        others = worklist.find(store, whole, "severity", True, 0, _MOST)
    if break_.order_id:
        charges = evidence.charges_of(store, account, break_.order_id, person.accounts, _MOST)
    return Details(
        _sides(site, known, person.accounts),
        rulings.rulings(store, break_.id),
        rulings.events_of(store, break_.id),
        others,
        charges,
        cached(site, ("neighbours", *place), lambda: worklist.neighbours(store, *place)),
    )


def _sides(site: Site, known: KnownBreak, visible: frozenset[str] | None) -> list[Side]:
    break_ = known.latest
    ids = {kind: getattr(break_, f"{kind}_id", None) for kind in KINDS}
    if break_.subject_type in KINDS:
        ids[break_.subject_type] = break_.subject_id
    versions = partial(evidence.versions, site.store, visible=visible)
    sides = []
    for kind, id_ in ids.items():
        if not id_:
            continue
        try:
            sides.append(Side(kind, id_, versions(kind, break_.account, id_)))
        except ArchiveError:  # a lost file of the archive hides what was, not what is
            sides.append(Side(kind, id_, versions(kind, break_.account, id_, archived=False), whole=False))
    return sides


def _steps(events: Sequence[BreakEvent], sides: Sequence[Side]) -> list[Step]:
    """The break's own steps and the records' versions, oldest first."""
    steps = [Step(event.at, event.what, event.who, event.detail) for event in events]
    for side in sides:
        before = None
        for version in side.versions:
            changes = version.changed(before)
            words = "; ".join(f"{name}: {old} → {new}" for name, old, new in changes) if before else "first seen"
            steps.append(Step(version.seen_at, f"{side.kind} {'changed' if before else 'stored'}", "", words))
            before = version
    return sorted(steps, key=lambda step: step.at)


def _shop_url(site: Site, order: Side) -> str:
    return site.shop_links.url(order.now.get(c.SOURCE), order.id)


def shown(site: Site, side: Side, name: str, account: str | None) -> Any:
    """A field as people read it: amounts in their currency, the rest as it is."""
    value = side.now[name]
    if isinstance(value, datetime):
        return moment(site, value, account)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and name != c.ROW:
        return money(site, value, side.currency_of(name)) or value
    return value
