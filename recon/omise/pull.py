"""Reads lists in closed windows and objects by id, and yields what it read."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypeVar

from recon.columns import RECEIPT
from recon.model import Balance, ObjectRow, Window
from recon.omise.client import Client, NotFound
from recon.omise.marks import Known, marks_of
from recon.omise.objects import (
    AccountFacts,
    Listed,
    Odd,
    decode_account,
    decode_balance,
    decode_list,
    decode_one,
    read_parts,
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
    """Some objects of one kind as Omise says them now, with their marks by id; the same object may come twice."""

    kind: str
    rows: tuple[ObjectRow, ...]
    marks: Mapping[str, bytes] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Swept:
    """A window is closed: `total` is the list's own count of it, `seen` how many distinct objects came that are good,
    `odd` how many came that are kept aside; `ids` are of all of them.

    Total is seen and odd, or Omise's list never stood still or never gave what it counts. Every row of the window was
    yielded before this, or is known as it came; the request reached a second beyond both ends, and so do the counts.
    """

    kind: str
    window: Window
    total: int
    seen: int
    odd: int = 0
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
    client: Client,
    kind: str,
    ids: Iterable[Id],
    scrub: Scrub,
    progress: Progress | None = None,
    known: Known | None = None,
) -> AsyncGenerator[Batch | Gone | Odd, None]:
    """Each object by its id, in order of ids; a refund by (charge id, refund id). Raises OmiseError.

    Nothing is spared for being `known`: marks are made so that it is the next time.
    """
    wanted = list(ids)
    calls = (_one(client, kind, found, scrub, known) for found in wanted)
    async with aclosing(_ahead(calls, client.concurrency)) as answers:
        done = 0
        async for answer in answers:
            done += 1
            if progress is not None:
                progress(kind, done, len(wanted))
            yield answer


async def _one(client: Client, kind: str, wanted: Id, scrub: Scrub, known: Known | None) -> Batch | Gone | Odd:
    ids = (wanted,) if isinstance(wanted, str) else wanted
    if not all(_ID.fullmatch(found) for found in ids):  # a shop's file may name anything: it must not become a path
        return Gone(kind, ids[-1])
    path = f"/{kind}s/{ids[0]}" if len(ids) == 1 else f"/charges/{ids[0]}/refunds/{ids[1]}"
    try:
        body = await client.get(path, {}, decode_one)
    except NotFound as error:
        if error.code is None:  # a gateway's 404 says nothing about an object
            raise
        return Gone(kind, ids[-1])
    rows, odd = read_parts(kind, [body], scrub)
    if odd:
        return odd[0]
    return Batch(kind, rows, dict(marks_of(kind, [body], known.key)) if known is not None else {})


async def sweep(
    client: Client,
    kind: str,
    window: Window,
    scrub: Scrub,
    split_over: int = 5000,
    progress: Progress | None = None,
    known: Known | None = None,
) -> AsyncGenerator[Batch | Odd | Swept, None]:
    """Every object of a kind created in a closed window: its rows, then a `Swept`; what is `known` makes no row.

    A window of more than `split_over` rows is cut, down to seconds, each part with its own `Swept`: offsets stay
    small and a part that moved is redone alone. Raises OmiseError; what was yielded until then is good.
    """
    reading = _Sweep(client, kind, scrub, split_over, progress, known)
    async with aclosing(reading.run(window)) as found:
        async for item in found:
            yield item


class _Sweep:
    """One sweep under way: parts of its window wait for a lane, lanes put what they read into `out`."""

    def __init__(
        self,
        client: Client,
        kind: str,
        scrub: Scrub,
        split_over: int,
        progress: Progress | None,
        known: Known | None,
    ) -> None:
        self._client = client
        self._kind = kind
        self._scrub = scrub
        self._split_over = split_over
        self._progress = progress
        self._known = known
        self._parts = asyncio.TaskGroup()
        self._lanes = asyncio.Semaphore(LANES)
        self._out: asyncio.Queue[Batch | Odd | Swept | None] = asyncio.Queue(maxsize=client.concurrency)
        self._total: int | None = None
        self._done = 0

    async def run(self, window: Window) -> AsyncGenerator[Batch | Odd | Swept, None]:
        reading = asyncio.create_task(self._read_all(window))
        try:
            while (item := await self._out.get()) is not None:
                yield item
            await reading
        finally:
            reading.cancel()
            while not self._out.empty():  # Python 3.11 loses a cancel as a part fails: its end then needs room
                self._out.get_nowait()
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

    async def _close(self, window: Window, first: "_Answer") -> None:
        """Reads a window until its list stood still while it was read, at most `REDOS` times more."""
        seen, odd = set[str](), set[str]()
        for redo in range(REDOS + 1):
            if redo:
                self._done -= len(seen)
                seen, odd = set(), set()
                first = await self._page(window, 0, PAGE)
            await self._rows(window, first, seen, odd)
            whole = first.count >= first.total  # one answer cannot move while it is read
            total = first.total if whole else (await self._page(window, 0, 1)).total
            if total == first.total == len(seen):
                break
        await self._out.put(Swept(self._kind, window, total, len(seen) - len(odd), len(odd), frozenset(seen)))

    async def _rows(self, window: Window, first: "_Answer", seen: set[str], odd: set[str]) -> None:
        """Puts out the first page and all after it; notes what came, and what of it is kept aside."""
        step = first.count or first.total or 1  # Omise may give less than was asked for
        calls = (self._page(window, offset, PAGE) for offset in range(step, first.total, step))
        async with aclosing(_ahead(calls, self._client.concurrency)) as pages:
            await self._put(first, seen, odd)
            async for page in pages:
                await self._put(page, seen, odd)

    async def _put(self, page: "_Answer", seen: set[str], odd: set[str]) -> None:
        before = len(seen)
        odd.update(one.id or one.key for one in page.odd)
        seen.update(page.known, (row.id for row in page.batch.rows), odd)
        self._done += len(seen) - before
        for one in page.odd:
            await self._out.put(one)
        if page.batch.rows:
            await self._out.put(page.batch)
        if self._progress is not None:
            total = max(self._total or 0, self._done)
            self._progress(self._kind, self._done, total)

    async def _page(self, window: Window, offset: int, limit: int) -> "_Answer":
        """One page. Whether Omise's `from` and `to` are inclusive is not known: a second more at both ends."""
        asked: dict[str, str | int] = {
            "from": _stamp(window.start.replace(microsecond=0) - _SECOND),
            "to": _stamp(_whole_second(window.end) + _SECOND),
            "offset": offset,
            "limit": limit,
            "order": "chronological",
        }
        try:
            found = await self._client.get(f"/{self._kind}s", asked, decode_list)
        except NotFound:
            if self._kind != RECEIPT.name:  # an account without live receipts may have no such list
                raise
            found = Listed(0, ())
        return await self._read(found)

    async def _read(self, page: Listed) -> "_Answer":
        """Reads what of a page is not known as it came."""
        parts, marks, known = page.parts, dict[str, bytes](), frozenset[str]()
        if self._known is not None and parts:
            marked = marks_of(self._kind, parts, self._known.key)
            marks = {id: mark for id, mark in marked if id}
            known = frozenset(await self._known.ask(self._kind, marks))
            parts = tuple(part for part, (id, _) in zip(parts, marked, strict=True) if id not in known)
        rows, odd = read_parts(self._kind, parts, self._scrub)
        return _Answer(page.total, len(page.parts), known, Batch(self._kind, rows, marks), odd)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A page: the list's total, how many objects came, and what they are."""

    total: int
    count: int
    known: frozenset[str]
    batch: Batch
    odd: tuple[Odd, ...]


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
