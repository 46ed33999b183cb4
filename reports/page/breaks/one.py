"""One break: both sides, what can be decided, and its history."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from aiohttp import web

from recon import columns as c
from recon.model import CLOSED, BreakEvent, KnownBreak
from recon.model.rulings import IN_FORCE, REASONS, Ruling, RulingKind
from recon.people import Right
from recon.rules import exposure_of
from recon.rulings.decide import MOVES
from recon.store.desk import rulings, worklist
from recon.store.versions import evidence
from recon.store.versions.archive import ArchiveError
from reports.page.access.security import PERSON, require
from reports.page.breaks.choosing import colleagues
from reports.page.notices import notices_of, typed_of
from reports.page.render import moment, render
from reports.page.site import SITE, Site

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
        typed=typed_of(request),
        colleagues=await asyncio.to_thread(colleagues, site, request[PERSON]),
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
