"""The access log for an admin: filtered, by pages, and as a CSV file."""

import asyncio
import csv
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from math import ceil
from urllib.parse import urlencode

from aiohttp import web

from recon.people import Right
from recon.store.desk import access
from reports.formulas import marked_as_text
from reports.page.access.security import require
from reports.page.numbers import PAGES, whole_number
from reports.page.render import render
from reports.page.site import SITE

PER_PAGE = 100
KINDS = (access.LOG_IN, access.LOG_OUT, access.LOCK_OUT, access.TOKEN, access.REQUEST, *access.CHANGES)
COLUMNS = ("at", "who", "address", "what", "subject", "result", "detail")


async def show(request: web.Request) -> web.Response:
    """The latest lines like those that the address asks for."""
    require(request, Right.ADMIN)
    store = request.app[SITE].store
    wanted = _wanted(request)
    page = whole_number(request.query.get("page", ""), PAGES) or 1
    total, entries = await asyncio.to_thread(access.find, store, wanted, (page - 1) * PER_PAGE, PER_PAGE)
    chosen = {name: value for name, value in request.query.items() if name != "page" and value}
    return render(
        request,
        "access.html",
        entries=entries,
        total=total,
        page=page,
        pages=max(1, ceil(total / PER_PAGE)),
        kinds=KINDS,
        results=(access.DONE, access.REFUSED),
        chosen=chosen,
        query=urlencode(chosen),
    )


async def export(request: web.Request) -> web.Response:
    """Every line like those that the address asks for, as CSV, newest first."""
    require(request, Right.ADMIN)
    headers = {"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": 'attachment; filename="access.csv"'}
    parts = access.everything(request.app[SITE].store, _wanted(request))
    return web.Response(body=_csv_of(parts), headers=headers)


async def _csv_of(parts: Iterator[list[access.Entry]]) -> AsyncIterator[bytes]:
    yield _csv([COLUMNS])
    while (entries := await asyncio.to_thread(next, parts, None)) is not None:
        yield _csv([getattr(entry, column) for column in COLUMNS] for entry in entries)


def _wanted(request: web.Request) -> access.Wanted:
    """What the address asks for; no text of the store has a NUL."""
    query = {name: value.replace("\0", "") for name, value in request.query.items()}
    try:
        first = _beginning(query.get("from", ""), timedelta())
        end = _beginning(query.get("to", ""), timedelta(days=1))
    except (ValueError, OverflowError):
        raise web.HTTPBadRequest(text="a day is written like 2026-01-31\n") from None
    name = query.get("name", "").strip()
    return access.Wanted(name, query.get("what", ""), query.get("result", ""), first, end)


def _beginning(day: str, later: timedelta) -> datetime | None:
    """The beginning of a day, or of one later, in UTC; null for none."""
    return datetime.combine(date.fromisoformat(day), time(), UTC) + later if day else None


def _csv(rows: Iterable[Iterable[object]]) -> bytes:
    text = StringIO(newline="")
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    return marked_as_text(value.isoformat() if isinstance(value, datetime) else str(value or ""))
