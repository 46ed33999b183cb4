"""Reads lists in closed windows and objects by id, and yields what it read; knows no store and no clock."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import TypeVar

from recon.columns import RECEIPT
from recon.model import Balance, ObjectRow, Window
from recon.omise.client import Client, NotFound
from recon.omise.objects import (
    AccountFacts,
    Page,
    decode_account,
    decode_balance,
    decode_object,
    decode_page,
)
from recon.omise.scrub import Scrub

T = TypeVar("T")
Progress = Callable[[str, int, int], None]  # kind, done, total
Id = str | tuple[str, str]  # a refund is asked for by its charge's id and its own

PAGE = 100  # rows; the most that Omise gives (docs.omise.co/api-pagination)
REDOS = 5
PARTS = 1000  # of a window, at once
LANES = 4  # parts of a window read side by side, so that one's first and last page do not leave the line idle
_SECOND = timedelta(seconds=1)
_ID = re.compile(r"\w+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some objects of one kind as Omise says them now; the same object may come twice."""

    kind: str
    rows: tuple[ObjectRow, ...]


@dataclass(frozen=True, slots=True)
class Swept:
    """A window is closed: `total` is the list's own count of it, `seen` how many distinct `ids` came.

    Total and seen are equal, or Omise's list never stood still or never gave what it counts. Every row of the window
    was yielded before this; the request reached a second beyond both ends, and so do `total` and `seen`.
    """

    kind: str
    window: Window
    total: int
    seen: int
    ids: frozenset[str] = field(default=frozenset(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Gone:
    """Omise knows no such object (any more)."""

    kind: str
    id: str


async def account(client: Client) -> AccountFacts:
    """Whose key it is: country, currency, livemode."""
    return await client.get("/account", {}, decode_account)


async def balance(client: Client) -> Balance:
    """The balance at this moment, minor units of the settlement currency."""
    return await client.get("/balance", {}, decode_balance)


async def fetch(
    client: Client, kind: str, ids: Iterable[Id], scrub: Scrub, progress: Progress | None = None
) -> AsyncGenerator[Batch | Gone, None]:
    """Each object by its id, in order of ids; a refund by (charge id, refund id). Raises OmiseError."""
    wanted = list(ids)
    calls = (_one(client, kind, found, scrub) for found in wanted)
    async with aclosing(_ahead(calls, client.concurrency)) as answers:
        done = 0
        async for answer in answers:
            done += 1
            if progress is not None:
                progress(kind, done, len(wanted))
            yield answer


async def _one(client: Client, kind: str, wanted: Id, scrub: Scrub) -> Batch | Gone:
    ids = (wanted,) if isinstance(wanted, str) else wanted
    if not all(_ID.fullmatch(found) for found in ids):  # a shop's file may name anything: it must not become a path
        return Gone(kind, ids[-1])
    path = f"/{kind}s/{ids[0]}" if len(ids) == 1 else f"/charges/{ids[0]}/refunds/{ids[1]}"
    try:
        return Batch(kind, (await client.get(path, {}, partial(decode_object, kind, scrub=scrub)),))
    except NotFound as error:
        if error.code is None:  # a gateway's 404 says nothing about an object
            raise
        return Gone(kind, ids[-1])


async def sweep(
    client: Client,
    kind: str,
    window: Window,
    scrub: Scrub,
    split_over: int = 5000,
    progress: Progress | None = None,
) -> AsyncGenerator[Batch | Swept, None]:
    """Every object of a kind created in a closed window: its rows, then a `Swept`.

    A window of more than `split_over` rows is cut, down to seconds, each part with its own `Swept`: offsets stay
    small and a part that moved is redone alone. Raises OmiseError; what was yielded until then is good.
    """
    reading = _Sweep(client, kind, scrub, split_over, progress)
    async with aclosing(reading.run(window)) as found:
        async for item in found:
            yield item


class _Sweep:
    """One sweep under way: parts of its window wait for a lane, lanes put what they read into `out`."""

    def __init__(self, client: Client, kind: str, scrub: Scrub, split_over: int, progress: Progress | None) -> None:
        self._client = client
        self._kind = kind
        self._decode = partial(decode_page, kind, scrub=scrub)
        self._split_over = split_over
        self._progress = progress
        self._parts = asyncio.TaskGroup()
        self._lanes = asyncio.Semaphore(LANES)
        self._out: asyncio.Queue[Batch | Swept | None] = asyncio.Queue(maxsize=client.concurrency)
        self._total: int | None = None
        self._done = 0

    async def run(self, window: Window) -> AsyncGenerator[Batch | Swept, None]:
        reading = asyncio.create_task(self._read_all(window))
        try:
            while (item := await self._out.get()) is not None:
                yield item
            await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read_all(self, window: Window) -> None:
        problem: Exception | None = None
        try:
            async with self._parts:
                self._parts.create_task(self._part(window))
        except ExceptionGroup as errors:
            problem = errors.exceptions[0]
        await self._out.put(None)
        if problem is not None:
            raise problem

    async def _part(self, window: Window) -> None:
        async with self._lanes:
            first = await self._page(window, 0, PAGE)
            self._total = first.total if self._total is None else self._total
            pieces = _cut(window, min(PARTS, _parts(first.total, self._split_over)))
            if not pieces:
                await self._close(window, first)
        for piece in pieces:
            self._parts.create_task(self._part(piece))

    async def _close(self, window: Window, first: Page) -> None:
        """Reads a window until its list stood still while it was read, at most `REDOS` times more."""
        seen: set[str] = set()
        for redo in range(REDOS + 1):
            if redo:
                self._done -= len(seen)
                first = await self._page(window, 0, PAGE)
            seen = await self._rows(window, first)
            whole = len(first.rows) >= first.total  # one answer cannot move while it is read
            total = first.total if whole else (await self._page(window, 0, 1)).total
            if total == first.total == len(seen):
                break
        await self._out.put(Swept(self._kind, window, total, len(seen), frozenset(seen)))

    async def _rows(self, window: Window, first: Page) -> set[str]:
        """Puts out the first page and all after it; the ids that came."""
        seen: set[str] = set()
        step = len(first.rows) or first.total or 1  # Omise may give less than was asked for
        calls = (self._page(window, offset, PAGE) for offset in range(step, first.total, step))
        async with aclosing(_ahead(calls, self._client.concurrency)) as pages:
            await self._put(first, seen)
            async for page in pages:
                await self._put(page, seen)
        return seen

    async def _put(self, page: Page, seen: set[str]) -> None:
        known = len(seen)
        seen.update(row.id for row in page.rows)
        self._done += len(seen) - known
        if page.rows:
            await self._out.put(Batch(self._kind, page.rows))
        if self._progress is not None:
            total = max(self._total or 0, self._done)
            self._progress(self._kind, self._done, total)

    async def _page(self, window: Window, offset: int, limit: int) -> Page:
        """One page. Whether Omise's `from` and `to` are inclusive is not known: a second more at both ends."""
        asked: dict[str, str | int] = {
            "from": _stamp(window.start.replace(microsecond=0) - _SECOND),
            "to": _stamp(_whole_second(window.end) + _SECOND),
            "offset": offset,
            "limit": limit,
            "order": "chronological",
        }
        try:
            return await self._client.get(f"/{self._kind}s", asked, self._decode)
        except NotFound:
            if self._kind != RECEIPT.name:  # an account without live receipts may have no such list
                raise
            return Page(0, ())


def _parts(total: int, split_over: int) -> int:
    """Into how many parts a window is cut, with room for uneven ones; 1: it stays whole."""
    return 1 if total <= split_over else -(-total * 5 // (split_over * 4))


def _cut(window: Window, count: int) -> list[Window]:
    """About so many parts, cut at whole seconds from the window's start; none where one would be all of it."""
    seconds = (window.end - window.start) // _SECOND
    step = max(1, -(-seconds // max(1, count))) * _SECOND
    cuts = [window.start + n * step for n in range(1, count) if window.start + n * step < window.end]
    return [Window(*ends) for ends in pairwise((window.start, *cuts, window.end))] if cuts else []


def _whole_second(moment: datetime) -> datetime:
    return moment if not moment.microsecond else moment.replace(microsecond=0) + _SECOND


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def _ahead(calls: Iterator[Coroutine[None, None, T]], width: int) -> AsyncGenerator[T, None]:
    """What the calls answer, in order, with at most `width` of them under way."""
    waiting: deque[asyncio.Task[T]] = deque()
    try:
        for call in calls:
            waiting.append(asyncio.create_task(call))
            if len(waiting) >= width:
                yield await waiting.popleft()
        while waiting:
            yield await waiting.popleft()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
