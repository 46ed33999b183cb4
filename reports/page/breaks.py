"""The breaks: a list with filters, and each with both sides and its history."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from recon import columns as c
from recon.model import CLOSED, BreakEvent, BreakStatus, KnownBreak, Severity
from recon.model.rulings import IN_FORCE, REASONS, Ruling, RulingKind
from recon.people import Person, Right
from recon.rules import exposure_of
from recon.rulings.decide import MOVES
from recon.store.desk import rulings, worklist
from recon.store.versions import evidence
from recon.store.versions.archive import ArchiveError
from reports.page.access.security import PERSON, require
from reports.page.cache import cached
from reports.page.causes import CauseGroup, of_one_cause
from reports.page.notices import notices_of
from reports.page.render import moment, render
from reports.page.site import SITE, Site
from reports.shop_links import OrderKey

PER_PAGE = 50
_ORDERS = {"asc": False, "desc": True}
KINDS = ("order", "charge", "refund", "transfer", "transaction", "dispute", "bank_line")
# Fields of an order and of its charge that mean the same.
SAME = {c.AMOUNT, c.CURRENCY, c.REFUNDED_AMOUNT}
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


@dataclass(frozen=True)
class Side:
    """One record that a break speaks of, as it is now, with how it came to be so."""

    kind: str
    id: str
    versions: Sequence[evidence.Version]
    whole: bool = True  # false: a file of the archive with earlier ones is missing or altered

    @property
    def now(self) -> Mapping[str, Any]:
        """Its fields."""
        return self.versions[-1].fields if self.versions else {}


@dataclass(frozen=True)
class Step:
    """One line of the timeline."""

    at: datetime
    what: str
    who: str
    words: str


async def breaks(request: web.Request) -> web.Response:
    """A page of the list, as filtered and sorted by the address."""
    person = require(request, Right.VIEW)
    site = request.app[SITE]
    filters, sort, descending, page = list_of(request)
    listed = await asyncio.to_thread(find, site, filters, sort, descending, (page - 1) * PER_PAGE, PER_PAGE)
    shop_urls = await asyncio.to_thread(_shop_urls, site, listed)
    owners = await asyncio.to_thread(worklist.owners, site.store, person.accounts)
    names = site.names_for(person)
    is_whole = page == 1 and filters == worklist.Filter(visible=person.accounts)
    causes = await asyncio.to_thread(_causes, site, person) if is_whole else []
    query = {name: value for name, value in request.query.items() if name not in ("page", "told") and value}
    return render(
        request,
        "breaks.html",
        listed=listed,
        shop_urls=shop_urls,
        causes=causes,
        filters=filters,
        sort=sort,
        descending=descending,
        page=page,
        pages=max(1, -(-listed.total // PER_PAGE)),
        owners=owners,
        names=names,
        notices=notices_of(request),
        statuses=list(BreakStatus),
        codes=[entry.code for entry in site.catalogue],
        severities=[severity.word for severity in reversed(Severity)],
        actions=ACTIONS,
        reasons=REASONS,
        at=lambda **more: "/breaks?" + urlencode({**query, **more}),
        query=urlencode(query),
    )


def find(
    site: Site, filters: worklist.Filter, sort: str, descending: bool, offset: int, limit: int
) -> worklist.BreakPage:
    """A page of the list, asked for anew only when a run or a ruling has changed something."""
    key = ("breaks", filters, sort, descending, offset, limit)
    return cached(site, key, lambda: worklist.find(site.store, filters, sort, descending, offset, limit))


def _causes(site: Site, person: Person) -> Sequence[CauseGroup]:
    return cached(site, ("causes", person.accounts), lambda: of_one_cause(site.store, person.accounts))


def _shop_urls(site: Site, listed: worklist.BreakPage) -> Mapping[OrderKey, str]:
    shown_breaks = (known.latest for known in listed.breaks)
    return site.shop_links.of_orders({(b.account, b.order_id) for b in shown_breaks if b.account and b.order_id})


def list_of(request: web.Request) -> tuple[worklist.Filter, str, bool, int]:
    """Filter, sort, direction and page of a list's address; words that are not known are 400."""
    query = request.query
    try:
        filters = worklist.Filter(
            visible=request[PERSON].accounts,
            accounts=_all(query, "account"),
            codes=_all(query, "code"),
            severities=tuple(Severity[word.upper()] for word in _all(query, "severity")),
            statuses=tuple(BreakStatus(word) for word in _all(query, "status")),
            owner=query.get("owner", "").replace("\0", "") or None,
            text=query.get("q", "").replace("\0", "").strip(),
        )
        sort = query.get("sort", "severity")
        page = int(query.get("page", "1"))
        worklist.SORTS[sort]
        order = _ORDERS[query.get("order", "desc" if sort in ("severity", "risk") else "asc")]
    except (KeyError, ValueError):
        raise web.HTTPBadRequest(text="this address names a filter that there is not\n") from None
    return filters, sort, order, min(max(1, page), 1_000_000)


def _all(query: Any, name: str) -> tuple[str, ...]:
    return tuple(value for value in query.getall(name, []) if value and "\0" not in value)


async def show(request: web.Request) -> web.Response:
    """Everything about one break; 404 for one that is not there, or in somebody else's account."""
    require(request, Right.VIEW)
    site = request.app[SITE]
    break_id = request.match_info.get("id", "")
    known = await asyncio.to_thread(worklist.find_break, site.store, break_id, request[PERSON].accounts)
    if known is None:
        raise web.HTTPNotFound(text="there is no such break\n")
    sides, rulings, events = await asyncio.to_thread(_details, site, known, request[PERSON].accounts)
    return render(
        request,
        "break.html",
        known=known,
        sides=sides,
        shop_url=next((_shop_url(site, side) for side in sides if side.kind == "order"), ""),
        different=differences(sides),
        rulings=rulings,
        steps=_steps(events, sides),
        notices=notices_of(request),
        actions=actions(known, rulings),
        reasons=REASONS,
        entry=next((entry for entry in site.catalogue if entry.code == known.latest.code), None),
        account=site.accounts.get(known.latest.account or ""),
        exposure=exposure_of(known.latest.code, known.latest.expected, known.latest.actual),
        shown=lambda name, side: shown(site, side, name, known.latest.account),
    )


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


def _details(
    site: Site, known: KnownBreak, visible: frozenset[str] | None
) -> tuple[list[Side], list[Ruling], list[BreakEvent]]:
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
    return sides, rulings.rulings(site.store, break_.id), rulings.events_of(site.store, break_.id)


def differences(sides: Sequence[Side]) -> set[tuple[str, str]]:
    """(kind, field) of what an order and its charge say differently."""
    by_kind = {side.kind: side.now for side in sides if side.versions}
    order = by_kind.get("order")
    charge = by_kind.get("charge")
    if order is None or charge is None:
        return set()
    captured = charge.get(c.CAPTURED_AMOUNT)
    comparable = {**charge, c.AMOUNT: charge[c.AMOUNT] if captured is None else captured}
    return {(kind, name) for name in SAME if order.get(name) != comparable.get(name) for kind in ("order", "charge")}


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
        currency = side.now.get(c.FUNDING_CURRENCY if name in _FUNDING else c.CURRENCY)
        return site.currencies.show(value, str(currency)) if currency else value
    return value


_FUNDING = {c.FUNDING_AMOUNT, c.FEE, c.FEE_VAT, c.INTEREST, c.INTEREST_VAT, c.NET}
