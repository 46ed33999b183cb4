"""Reads lists in closed windows and objects by id, and yields what it read."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypeVar

from recon.columns import RECEIPT
from recon.model import Balance, Malformed, ObjectRow, Window
from recon.omise.client import Client, NotFound
from recon.omise.marks import StoredMarks, marks_of
from recon.omise.objects import (
    AccountFacts,
    ListPage,
    created_at,
    decode_account,
    decode_balance,
    decode_list,
    key_of,
    object_bytes,
    read_objects,
)
from recon.omise.scrub import Scrub

T = TypeVar("T")
Progress = Callable[[str, int, int], None]  # kind, done, total
ObjectId = str | tuple[str, str]  # a refund is asked for by its charge's id and its own

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
class ClosedWindow:
    """A window is closed: `total` is the list's own count of it, `seen` how many distinct objects came that are good,
    `malformed` how many came that are kept aside; `ids` are of all of them.

    Total is seen and malformed, or Omise's list never stood still or never gave what it counts. Every row of the
    window was yielded before this, or is stored as it came; the request reached a second beyond both ends, and so do
    the counts.
    """

    kind: str
    window: Window
    total: int
    seen: int
    malformed: int = 0
    ids: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    kept_aside: frozenset[str] = field(default=frozenset(), compare=False, repr=False)  # names, as Malformed has them


@dataclass(frozen=True, slots=True)
class Missing:
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
    ids: Iterable[ObjectId],
    scrub: Scrub,
    progress: Progress | None = None,
    stored: StoredMarks | None = None,
    settles_in: str = "",
) -> AsyncGenerator[Batch | Missing | Malformed, None]:
    """Each object by its id, in order of ids; a refund by (charge id, refund id). Raises OmiseError.

    Nothing is spared for being `stored`: marks are made so that it is the next time. `settles_in`: as `read_objects`.
    """
    wanted = list(ids)
    calls = (_fetch_one(client, kind, object_id, scrub, stored, settles_in) for object_id in wanted)
    async with aclosing(_in_order(calls, client.concurrency)) as answers:
        done = 0
        async for answer in answers:
            done += 1
            if progress is not None:
                progress(kind, done, len(wanted))
            yield answer


async def _fetch_one(
    client: Client, kind: str, object_id: ObjectId, scrub: Scrub, stored: StoredMarks | None, settles_in: str
) -> Batch | Missing | Malformed:
    ids = (object_id,) if isinstance(object_id, str) else object_id
    if not all(_ID.fullmatch(part) for part in ids):  # a shop's file may name anything: it must not become a path
        return Missing(kind, ids[-1])
    path = f"/{kind}s/{ids[0]}" if len(ids) == 1 else f"/charges/{ids[0]}/refunds/{ids[1]}"
    try:
        body = await client.get(path, {}, object_bytes)
    except NotFound as error:
        if error.code is None:  # a gateway's 404 says nothing about an object
            raise
        return Missing(kind, ids[-1])
    rows, malformed = read_objects(kind, [body], scrub, settles_in)
    if malformed:
        return replace(malformed[0], id=malformed[0].id or ids[-1])
    return Batch(kind, rows, dict(marks_of(kind, [body], stored.key)) if stored is not None else {})


async def total(client: Client, kind: str, window: Window) -> int:
    """How many objects of a kind Omise counts between the ends of a window, whatever it means by the ends."""
    page = await _list(client, kind, {"from": _stamp(window.start), "to": _stamp(window.end), "limit": 1})
    return page.total


async def sweep(
    client: Client,
    kind: str,
    window: Window,
    scrub: Scrub,
    split_over: int = 5000,
    progress: Progress | None = None,
    stored: StoredMarks | None = None,
    settles_in: str = "",
) -> AsyncGenerator[Batch | Malformed | ClosedWindow, None]:
    """Every object of a kind created in a window: its rows, then a `ClosedWindow`; what is `stored` makes no row.

    A window of more than `split_over` rows is cut, down to seconds, each part closed by itself: offsets stay small
    and a part that moved is redone alone. Raises OmiseError; what was yielded until then is good.
    """
    reading = _Sweep(client, kind, scrub, split_over, progress, stored, settles_in)
    async with aclosing(reading.run(window)) as items:
        async for item in items:
            yield item


async def listed(
    client: Client, kind: str, window: Window, scrub: Scrub, most: int, settles_in: str = ""
) -> AsyncGenerator[Batch | None, None]:
    """What a list has of a window now, the oldest first; null alone where that is more than so many objects.

    Nobody counts after it, so that no window is closed by it; what cannot be read is left out. Raises OmiseError.
    """
    reading = _Sweep(client, kind, scrub, split_over=most, progress=None, settles_in=settles_in)
    first = await reading.page(window, 0, PAGE)
    if first.total > most:
        yield None
        return
    calls = (reading.page(window, offset, PAGE) for offset in range(first.count or PAGE, first.total, PAGE))
    async with aclosing(_in_order(calls, client.concurrency)) as pages:
        yield first.batch
        async for page in pages:
            yield page.batch


@dataclass
class _Sweep:
    """One sweep under way: parts of its window wait for a lane, lanes put what they read into `out`."""

    client: Client
    kind: str
    scrub: Scrub
    split_over: int
    progress: Progress | None
    stored: StoredMarks | None = None
    settles_in: str = ""
    total: int | None = None
    done: int = 0

    def __post_init__(self) -> None:
        self.parts = asyncio.TaskGroup()
        self.lanes = asyncio.Semaphore(LANES)
        self.out = asyncio.Queue[Batch | Malformed | ClosedWindow | None](maxsize=self.client.concurrency)

    async def run(self, window: Window) -> AsyncGenerator[Batch | Malformed | ClosedWindow, None]:
        reading = asyncio.create_task(self._read_all(window))
        try:
            while (item := await self.out.get()) is not None:
                yield item
            await reading
        finally:
            reading.cancel()
            while not self.out.empty():  # Python 3.11 loses a cancel as a part fails: its end then needs room
                self.out.get_nowait()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read_all(self, window: Window) -> None:
        problem: Exception | None = None
        try:
            async with self.parts:
                self.parts.create_task(self._part(window))
        except ExceptionGroup as errors:
            problem = errors.exceptions[0]
        await self.out.put(None)
        if problem is not None:
            raise problem

    async def _part(self, window: Window) -> None:
        async with self.lanes:
            first = await self.page(window, 0, PAGE)
            self.total = first.total if self.total is None else self.total
            pieces = _cut(window, min(PARTS, _parts(first.total, self.split_over)))
            if not pieces:
                await self._close(window, first)
        for piece in pieces:
            self.parts.create_task(self._part(piece))

    async def _close(self, window: Window, first: "_ReadPage") -> None:
        """Reads a window until its list stood still while it was read, at most `REDOS` times more."""
        seen: set[str] = set()
        malformed: set[str] = set()
        for redo in range(REDOS + 1):
            if redo:
                self.done -= len(seen)
                seen = set()
                malformed = set()
                first = await self.page(window, 0, PAGE)
            await self._rows(window, first, seen, malformed)
            whole = first.count >= first.total  # one answer cannot move while it is read
            total = first.total if whole else (await self.page(window, 0, 1)).total
            if total == first.total == len(seen):
                break
        await self.out.put(
            ClosedWindow(
                self.kind,
                window,
                total,
                seen=len(seen) - len(malformed),
                malformed=len(malformed),
                ids=frozenset(seen),
                kept_aside=frozenset(malformed),
            )
        )

    async def _rows(self, window: Window, first: "_ReadPage", seen: set[str], malformed: set[str]) -> None:
        """Puts out the first page and all after it; notes what came, and what of it is kept aside."""
        step = first.count or first.total or 1  # Omise may give less than was asked for
        calls = (self.page(window, offset, PAGE) for offset in range(step, first.total, step))
        async with aclosing(_in_order(calls, self.client.concurrency)) as pages:
            await self._put(first, seen, malformed)
            async for page in pages:
                await self._put(page, seen, malformed)

    async def _put(self, page: "_ReadPage", seen: set[str], malformed: set[str]) -> None:
        before = len(seen)
        malformed.update(item.name for item in page.malformed)
        seen.update(page.unchanged, (row.id for row in page.batch.rows), malformed)
        self.done += len(seen) - before
        for item in page.malformed:
            await self.out.put(item)
        if page.batch.rows:
            await self.out.put(page.batch)
        if self.progress is not None:
            total = max(self.total or 0, self.done)
            self.progress(self.kind, self.done, total)

    async def page(self, window: Window, offset: int, limit: int) -> "_ReadPage":
        """One page. Whether Omise's `from` and `to` are inclusive is not known: a second more at both ends."""
        params: dict[str, str | int] = {
            "from": _stamp(window.start.replace(microsecond=0) - _SECOND),
            "to": _stamp(_whole_second(window.end) + _SECOND),
            "offset": offset,
            "limit": limit,
            "order": "chronological",
        }
        return await self._read(await _list(self.client, self.kind, params), window)

    async def _read(self, page: ListPage, window: Window) -> "_ReadPage":
        """Reads what of a page is not stored as it came."""
        bodies = page.objects
        marks: dict[str, bytes] = {}
        unchanged: frozenset[str] = frozenset()
        if self.stored is not None and bodies:
            marked = marks_of(self.kind, bodies, self.stored.key)
            marks = {id: mark for id, mark in marked if id}
            unchanged = frozenset(await self.stored.unchanged(self.kind, marks))
            bodies = tuple(body for body, (id, _) in zip(bodies, marked, strict=True) if id not in unchanged)
        rows, malformed = read_objects(self.kind, bodies, self.scrub, self.settles_in)
        if malformed:
            malformed = _dated(malformed, page.objects, window)
        return _ReadPage(page.total, len(page.objects), unchanged, Batch(self.kind, rows, marks), malformed)


@dataclass(frozen=True, slots=True)
class _ReadPage:
    """A page: the list's total, how many objects came, and what they are."""

    total: int
    count: int
    unchanged: frozenset[str]
    batch: Batch
    malformed: tuple[Malformed, ...]


async def _list(client: Client, kind: str, params: Mapping[str, str | int]) -> ListPage:
    try:
        return await client.get(f"/{kind}s", params, decode_list)
    except NotFound:
        if kind != RECEIPT.name:  # an account without live receipts may have no such list, whatever says so
            raise
        return ListPage(0, ())


def _dated(malformed: Iterable[Malformed], bodies: Sequence[bytes], window: Window) -> tuple[Malformed, ...]:
    """Those that do not say when they were made: between their neighbours in a list that stands in order."""
    moments = [created_at(body) for body in bodies]
    dates = [moment for moment in moments if moment is not None]
    is_in_order = dates == sorted(dates)
    place = {key_of(body): at for at, body in enumerate(bodies)}
    dated = []
    for item in malformed:
        if item.traces.created is None:
            at = place[item.key]
            before = [moment for moment in moments[:at] if moment] if is_in_order else []
            after = [moment for moment in moments[at:] if moment] if is_in_order else []
            created = (before[-1] if before else window.start - _SECOND, after[0] if after else window.end + _SECOND)
            item = replace(item, traces=replace(item.traces, created=created))
        dated.append(item)
    return tuple(dated)


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


async def _in_order(calls: Iterator[Coroutine[None, None, T]], width: int) -> AsyncGenerator[T, None]:
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
