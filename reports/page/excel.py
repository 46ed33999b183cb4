"""Rulings by workbook: open breaks out, a filled-in file in, the outcome back."""

import asyncio
import tempfile
from collections.abc import Collection, Sequence
from io import BytesIO
from pathlib import Path

from aiohttp import web

from recon.model import CLOSED, BreakStatus
from recon.model.rulings import Answer, Outcome, RulingRequest
from recon.people import Person, Right
from recon.store.desk import rulings, worklist
from recon.store.runs import record
from recon.tabular.xlsx_guard import Refused
from reports.page.access.security import require
from reports.page.render import render
from reports.page.results.workbooks import MIME
from reports.page.ruling import SECOND_PERSON
from reports.page.site import SITE, Site
from reports.rulings.desk import RowOutcome, count, outcomes, write_rulings
from reports.rulings.read import read_rulings

_NOT_CLOSED = tuple(status for status in BreakStatus if status not in CLOSED)


async def export(request: web.Request) -> web.Response:
    """The breaks that are not closed, of the accounts of whoever asks, as a workbook to be filled in."""
    person = require(request, Right.RULE)
    site = request.app[SITE]
    try:
        content = await asyncio.to_thread(_export, site, person)
    except Refused as error:
        raise web.HTTPBadRequest(text="; ".join(error.messages)) from None
    headers = {"Content-Disposition": 'attachment; filename="rulings.xlsx"', "Content-Type": MIME}
    return web.Response(body=content, headers=headers)


def _export(site: Site, person: Person) -> bytes:
    chosen = site.names_for(person)
    known = record.list_breaks(site.store, accounts=chosen, statuses=_NOT_CLOSED) if chosen else []  # none: not all
    file = BytesIO()
    write_rulings(known, site.accounts, site.limits, file, site.clock().date())
    return file.getvalue()


async def upload(request: web.Request) -> web.Response:
    """Apply what the file asks for, and show a line for each of its rows."""
    person = require(request, Right.RULE)
    site = request.app[SITE]
    field = (await request.post()).get("file")
    if not isinstance(field, web.FileField):
        raise web.HTTPBadRequest(text="choose a file\n")
    try:
        applied = await asyncio.to_thread(_apply, site, person, field.file.read())
    except Refused as error:
        raise web.HTTPBadRequest(text="; ".join(error.messages)) from None
    return render(request, "outcome.html", outcomes=applied, counts=count(applied))


def _apply(site: Site, person: Person, content: bytes) -> list[RowOutcome]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rulings.xlsx"
        path.write_bytes(content)
        rows = read_rulings(path, person.name)
    asks = [row.ask for row in rows if row.ask]
    visible = worklist.seen(site.store, [ask.break_id or "" for ask in asks], person.accounts)
    refusals = [_refusal(person, ask, visible) for ask in asks]
    allowed = [ask for ask, words in zip(asks, refusals, strict=True) if not words]
    ruled = iter(_ruled(site, allowed))
    answers = [
        Answer(ask, Outcome.REFUSED, words) if words else next(ruled)
        for ask, words in zip(asks, refusals, strict=True)
    ]
    return outcomes(rows, answers)


def _ruled(site: Site, asks: Sequence[RulingRequest]) -> list[Answer]:
    if not asks:
        return []
    return rulings.rule(site.store, asks, site.limits, site.clock(), site.audit_key, site.accounts)


def _refusal(person: Person, ask: RulingRequest, visible: Collection[str]) -> str:
    """Why a person may not ask for this; empty where they may."""
    if ask.kind in SECOND_PERSON and not person.has(Right.APPROVE):
        return f"your role ({person.role}) may not {ask.kind}"
    return "" if ask.break_id in visible else f'there is no break "{ask.break_id}"'
