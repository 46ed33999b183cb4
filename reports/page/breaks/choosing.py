"""Which breaks a form is about, ticked or all that its list shows, and what became of them in one line."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from aiohttp import web
from multidict import MultiMapping
from yarl import URL

from recon.model import BreakStatus, KnownBreak
from recon.model.rulings import Answer, Outcome, RulingKind, RulingRequest
from recon.people import Person, Right, is_same_person
from recon.store.desk import people, worklist
from reports.page.access.security import require
from reports.page.breaks.address import NOBODY, list_of
from reports.page.notices import Notice
from reports.page.numbers import whole_number
from reports.page.site import SITE, Site

MOST_AT_ONCE = 1_000
_NEVER = -1  # a version that no break has: it has changed since it was looked at
_MOST_WHYS = 4
_DONE = {
    RulingKind.ASSIGN: "assigned",
    RulingKind.NOTE: "noted",
    RulingKind.ACKNOWLEDGE: "acknowledged",
    RulingKind.RESOLVE: "resolved",
    RulingKind.WRITE_OFF: "written off",
    RulingKind.LINK: "linked",
    RulingKind.UNDO: "undone",
    RulingKind.REOPEN: "open again",
    RulingKind.APPROVE: "approved",
    RulingKind.REJECT: "rejected",
}
_UNDONE = (RulingKind.ACKNOWLEDGE, RulingKind.RESOLVE, RulingKind.WRITE_OFF, RulingKind.LINK)


async def chosen_breaks(request: web.Request, data: MultiMapping[Any]) -> list[tuple[str, int | None]]:
    """The ids of the breaks that a form is about, each with the version that its sender saw; raises 400 in words."""
    if not data.get("all"):
        ticked = [_seen(str(value)) for value in data.getall("id", [])]
        if not ticked:
            raise web.HTTPBadRequest(text="no break was ticked\n")
        return ticked
    site = request.app[SITE]
    person = require(request, Right.RULE)
    wanted = list_of(site, person, URL(f"?{data.get('back', '')}").query)
    seen_event = whole_number(str(data["all"]))
    if seen_event is None:
        raise web.HTTPBadRequest(text="it is not known which list was looked at\n")
    matching = await asyncio.to_thread(worklist.matching, site.store, wanted.filters, seen_event, MOST_AT_ONCE + 1)
    if not 0 < len(matching) <= MOST_AT_ONCE:
        words = (
            f"more than {MOST_AT_ONCE:,} breaks match: narrow the list" if matching else "no break matches any more"
        )
        raise web.HTTPBadRequest(text=f"{words}\n")
    return [(row.id, _NEVER if row.changed else row.version) for row in matching]


def waits_for(known: KnownBreak, person: Person) -> bool:
    """Whether a break waits for somebody's word, and it may be this person's: its proposer is another one."""
    return (
        known.status == BreakStatus.PENDING_APPROVAL
        and person.has(Right.APPROVE)
        and not (known.standing and is_same_person(known.standing.who, person.name))
    )


def _seen(value: str) -> tuple[str, int | None]:
    break_id, _, version = value.partition(":")
    return break_id, whole_number(version)


def colleagues(site: Site, person: Person) -> list[str]:
    """Who may own a break that somebody sees: people who may decide and share an account, the asker first."""
    names = [
        user.person.name
        for user in people.users(site.store)
        if user.disabled_at is None and user.person.has(Right.RULE) and _share(user.person, person)
    ]
    return sorted(names, key=lambda name: (name != person.name, name))


def _share(one: Person, other: Person) -> bool:
    return one.accounts is None or other.accounts is None or bool(one.accounts & other.accounts)


def owner_of(text: str, allowed: Sequence[str]) -> str | None:
    """Whom a form assigns to, null: nobody; raises 400 in words."""
    if text in allowed:
        return text
    if text != NOBODY:
        raise web.HTTPBadRequest(text="choose whose the break is to be\n")
    return None


def notices_about(answers: Sequence[Answer], owners: dict[str, str | None]) -> list[Notice]:
    """What became of a form's asks: a line of what was done, with what takes it back, and one of what was refused."""
    if len(answers) == 1:
        answer = answers[0]
        is_refused = answer.outcome == Outcome.REFUSED
        return [Notice(not is_refused, answer.words, answer.request.break_id or "", _undo(answers, owners))]
    by_outcome = {outcome: [a for a in answers if a.outcome == outcome] for outcome in Outcome}
    lines = {
        Outcome.APPLIED: _DONE.get(answers[0].request.kind, "done"),
        Outcome.PENDING: "waiting for a second person",
        Outcome.ALREADY: "as they were: so it stood already",
    }
    done = [f"{len(by_outcome[outcome]):,} {words}" for outcome, words in lines.items() if by_outcome[outcome]]
    refused = by_outcome[Outcome.REFUSED]
    of_all = f"Of {len(answers):,} breaks"
    notices = []
    if done:
        notices.append(Notice(True, f"{of_all} {', '.join(done)}", undo=_undo(answers, owners)))
    if refused:
        whys = Counter(answer.words.replace(answer.request.break_id or "", "it") for answer in refused)
        parts = [f"{why} ({count:,})" for why, count in whys.most_common(_MOST_WHYS)]
        more = f"; and {len(whys) - _MOST_WHYS:,} other reasons" if len(whys) > _MOST_WHYS else ""
        notices.append(
            Notice(False, f"Of {len(answers):,} breaks {len(refused):,} refused: {'; '.join(parts)}{more}")
        )
    return notices


def _undo(answers: Sequence[Answer], owners: dict[str, str | None]) -> tuple[RulingRequest, ...]:
    """What takes back all that was done; empty where nothing does."""
    asks = []
    for answer in answers:
        ask = answer.request
        if answer.outcome not in (Outcome.APPLIED, Outcome.PENDING):
            continue
        if ask.kind in _UNDONE:
            asks.append(RulingRequest(RulingKind.UNDO, ask.who, ask.break_id, target=answer.ruling_id))
        elif ask.kind == RulingKind.ASSIGN and ask.break_id in owners:
            asks.append(RulingRequest(RulingKind.ASSIGN, ask.who, ask.break_id, owner=owners[ask.break_id]))
    return tuple(asks)
