"""What the page does, as JSON for scripts, with the same roles."""

import asyncio
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from aiohttp import web

from recon.people import Right
from recon.store.desk import rulings, worklist
from recon.store.runs import record
from reports.documents import (
    answer_document,
    break_document,
    event_document,
    fields,
    pattern_document,
    ruling_document,
)
from reports.page import patterns
from reports.page.access.security import PERSON, require
from reports.page.api import openapi
from reports.page.breaks.address import list_of
from reports.page.breaks.listing import find
from reports.page.numbers import PAGES, whole_number
from reports.page.results import workbooks
from reports.page.results.runs import asked_for, run_request_of, signed_before
from reports.page.ruling import answers_to, ask_of
from reports.page.site import SITE

MOST = 1_000  # breaks of one answer, and asks of one question


async def document(request: web.Request) -> web.Response:
    """What this API can do, as OpenAPI 3.1."""
    return web.json_response(openapi.document(request.app[SITE].software))


async def breaks(request: web.Request) -> web.Response:
    """A page of breaks, filtered and sorted as on the page."""
    person = require(request, Right.VIEW)
    site = request.app[SITE]
    wanted = list_of(site, person, request.query)
    page = _number(request, "page", 1, PAGES)
    size = _number(request, "per_page", 100, MOST)
    offset = (page - 1) * size
    result = await asyncio.to_thread(find, site, wanted, offset, size)
    listed = [break_document(known, site.accounts) for known in result.breaks]
    return web.json_response({"breaks": listed, "total": result.total, "page": page, "per_page": size})


async def show_break(request: web.Request) -> web.Response:
    """One break with its history and rulings."""
    require(request, Right.VIEW)
    site = request.app[SITE]
    break_id = request.match_info.get("id", "")
    known = await asyncio.to_thread(worklist.find_break, site.store, break_id, request[PERSON].accounts)
    if known is None:
        raise _missing("break")
    events = await asyncio.to_thread(rulings.events_of, site.store, break_id)
    decisions = await asyncio.to_thread(rulings.rulings, site.store, break_id)
    more = {
        "version": known.version,
        "events": [event_document(event) for event in events],
        "rulings": [ruling_document(ruling, site.limits) for ruling in decisions],
    }
    return web.json_response({**break_document(known, site.accounts), **more})


async def rule(request: web.Request) -> web.Response:
    """Rulings on breaks, all of them in one transaction, each answered."""
    given = (await _body(request)).get("rulings")
    if (
        not isinstance(given, list)
        or not 0 < len(given) <= MOST
        or not all(isinstance(ruling, dict) for ruling in given)
    ):
        raise _refused(f"rulings must be a list of 1 to {MOST} objects")
    asks = [ask_of(request, _texts(ruling), _text(ruling, "break_id"), _version(ruling)) for ruling in given]
    answers = await answers_to(request, asks)
    return web.json_response({"answers": [answer_document(answer) for answer in answers]})


async def standing_patterns(request: web.Request) -> web.Response:
    """The patterns that wait or stand, of the accounts that the asker sees."""
    seen = await asyncio.to_thread(patterns.of, request.app[SITE], require(request, Right.VIEW))
    return web.json_response({"patterns": [pattern_document(pattern) for pattern in seen]})


async def runs(request: web.Request) -> web.Response:
    """The latest runs with what they found for the accounts that the asker sees."""
    person = require(request, Right.VIEW)
    site = request.app[SITE]
    latest = await asyncio.to_thread(record.list_runs, site.store, _number(request, "limit", 20, MOST))
    listed = [
        {
            "run_id": run.run_id,
            **fields(run.record, "status", "as_of"),
            "by": run.record.who,
            **fields(run.record, "timings"),
            "accounts": [
                {**fields(part, "account", "first_day", "last_day"), **part.counts}
                for part in run.accounts
                if person.sees(part.account)
            ],
        }
        for run in latest
    ]
    return web.json_response({"runs": [run for run in listed if run["accounts"]]})


async def start(request: web.Request) -> web.Response:
    """Run a range again; the ticket tells how far it is, "signed" which signed ranges it goes over."""
    body = await _body(request)
    accounts = body.get("accounts", [])
    if not isinstance(accounts, list) or not all(isinstance(name, str) for name in accounts):
        raise _refused("accounts must be a list of names")
    run_request = run_request_of(request, _day(body, "from"), _day(body, "to"), accounts)
    signed = await asyncio.to_thread(signed_before, request, run_request)
    return web.json_response({"ticket": request.app[SITE].runner.start(run_request), "signed": signed}, status=202)


async def progress(request: web.Request) -> web.Response:
    """How far a run is that was asked for."""
    _, run = asked_for(request)
    stages = [stage.name for stage in run.stages]
    names = ("finished", "run_id", "messages", "ahead", "seconds")
    return web.json_response({"stages": stages, **fields(run, *names)})


async def reports(request: web.Request) -> web.Response:
    """The finished workbooks that the asker may see, newest first."""
    require(request, Right.VIEW)
    books = await asyncio.to_thread(workbooks.visible, request.app[SITE], request[PERSON])
    names = ("sha256", "name", "account", "first_day", "last_day", "as_of", "size", "result_digest", "audit_head")
    return web.json_response({"reports": [fields(book, *names) for book in books]})


async def _body(request: web.Request) -> Mapping[str, Any]:
    try:
        body = json.loads(await request.text()) if request.content_type == "application/json" else None
    except (ValueError, LookupError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise _refused("the body must be a JSON object, sent as application/json")
    return body


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    """The texts of an object; anything else under their names is refused."""
    names = ("kind", "reason", "until", "owner", "order_id", "charge_id", "code", "account", "pattern", "ruling")
    return {name: text for name in names if (text := _text(given, name))}


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise _refused(f"{name} must be a text")
    return value


def _version(given: Mapping[str, Any]) -> int | None:
    value = given.get("version")
    if isinstance(value, float) and value.is_integer():  # JSON has one kind of number
        value = int(value)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63):
        raise _refused("version must be a number")
    return value


def _day(given: Mapping[str, Any], name: str) -> date:
    try:
        return date.fromisoformat(given[name])
    except (KeyError, TypeError, ValueError):
        raise _refused(f"{name} must be a day such as 2026-01-31") from None


def _number(request: web.Request, name: str, default: int, most: int) -> int:
    number = whole_number(request.query.get(name, str(default)))
    if number is None or not 1 <= number <= most:
        raise _refused(f"{name} must be a number from 1 to {most}")
    return number


def _refused(words: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=words)


def _missing(what: str) -> web.HTTPNotFound:
    return web.HTTPNotFound(text=f"there is no such {what}")
