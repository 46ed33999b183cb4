"""Pulls one account into the store: sweeps, what changed, what is named but not stored."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from jobs.logs.logs import bound
from jobs.logs.tracing import span
from jobs.run.access import AccountAccess, PullContext
from jobs.run.outcome import place_of
from jobs.run.pulled import Pulled
from jobs.run.saving import Saver
from recon import columns as c
from recon.model import Account, Malformed, ObjectRow, Window
from recon.omise import pull
from recon.omise.client import Client, KeyRefused, OmiseError
from recon.omise.marks import StoredMarks, key_of
from recon.omise.scrub import Scrub
from recon.store.engine import Store, is_of_data
from recon.store.related import unfinished
from recon.store.related.charge_names import bring_up_to_date
from recon.store.versions import kept_aside, save
from recon.store.versions.load import complete_windows
from recon.store.versions.save import PulledWindow

T = TypeVar("T")

SWEPT = ("charge", "refund", "transfer", "transaction", "dispute", "receipt")
# Clocks differ and lists come late: what was made a little before the last pull's end is asked for again.
OVERLAP = timedelta(hours=1)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
READINGS = 5  # of a balance that moves while it is read
_DELETED = c.TRANSFER.names.index(c.DELETED)


@dataclass(frozen=True)
class PullScope:
    """How far a pull looks: creation times in `window`, nothing from `until` on, and for how long back a payment that
    failed may still succeed. Frozen when the run starts. `unswept`: what sweeps before it left of the window, null
    where there were none.
    """

    window: Window
    until: datetime
    lookback: timedelta
    unswept: tuple[Window, ...] | None = None


Finish = Callable[[Store, Pulled, Sequence[PulledWindow]], None]  # writes the last of a pull


def save_windows(store: Store, pulled: Pulled, windows: Sequence[PulledWindow]) -> None:
    """The last of a pull that is no step of anything."""
    save.save_windows(store, pulled.account.name, windows)


async def pull_account(
    context: PullContext,
    account: Account,
    access: AccountAccess,
    scope: PullScope,
    swept: Pulled | None = None,
    finish: Finish = save_windows,
) -> Pulled:
    """Everything created in the window, and by id what may have changed outside it or is not stored yet.

    What fails is told in the answer; what was stored until then stays, and the next pull does the whole again.
    `swept` is what sweeps of the window found; `finish` is handed what must be written last, once all else is.
    """
    return await _pull(context, access, scope, swept or Pulled(account), _AccountPull.run, finish)


async def sweep_account(
    context: PullContext, account: Account, access: AccountAccess, scope: PullScope, finish: Finish
) -> Pulled:
    """Only what was created in the window; the rest is left to a pull after it, to which the answer is `swept`."""
    return await _pull(context, access, scope, Pulled(account), _AccountPull.sweep, finish)


async def _pull(
    context: PullContext,
    access: AccountAccess,
    scope: PullScope,
    result: Pulled,
    read: Callable[["_AccountPull"], Awaitable[list[PulledWindow]]],
    finish: Finish,
) -> Pulled:
    account = result.account
    pages = result.pages
    retries = result.retries
    mark_key = key_of(access.scrub.hash_key or access.secret_key.encode(), access.scrub)
    try:
        with bound(account=account.name), span("pull", account=account.name):
            async with access.client() as client:
                try:
                    windows = await read(_AccountPull(context, client, access.scrub, scope, result, mark_key))
                finally:
                    result.pages = pages + client.pages
                    result.retries = retries + client.retries
    except KeyRefused:
        result.failure = "Omise refused the key"
    except (OmiseError, save.AccountChanged) as error:
        result.failure = str(error)
    except Exception as error:
        if not is_of_data(error):
            raise
        result.failure = f"something that Omise said could not be kept: {place_of(error)}"
    else:
        if access.name_rules is not None:
            await context.write(bring_up_to_date, [account.name], access.name_rules)
        await context.write(finish, result, windows)
    result.report_malformed()
    return result


@dataclass
class _AccountPull:
    """One pull under way.

    The mark is where the last complete pull ended: events from then on, and versions seen since that pull began, say
    what else may have changed. It moves at the very end, so that whatever cuts a pull short, the next one knows.
    """

    context: PullContext
    client: Client
    scrub: Scrub
    scope: PullScope
    result: Pulled
    mark_key: bytes = field(repr=False)
    ids_to_fetch: dict[str, set[Any]] = field(default_factory=dict)  # by kind
    last_windows: list[PulledWindow] | None = None  # that are to be written last, all at once
    reads: asyncio.Lock = field(default_factory=asyncio.Lock)  # each connection to SQLite has a cache of its own

    async def sweep(self) -> list[PulledWindow]:
        """Every kind side by side; the windows are left to be written."""
        self.last_windows = []
        await side_by_side(*(self._sweep(kind, self.scope.window) for kind in SWEPT))
        return self.last_windows

    async def run(self) -> list[PulledWindow]:
        """Sweeps first, side by side; what they cannot see is read by id, charges last: their parts tell of them.

        The mark is left to be written.
        """
        begun = self.context.clock()
        window = self.scope.window
        until = self.scope.until
        mark, complete_at = await self._mark()
        events_since = mark - OVERLAP
        newer = Window(max(window.end, events_since), until)
        unswept = (window,) if self.scope.unswept is None else self.scope.unswept
        self._add(await self._query(unfinished.not_final, window))
        self._add(await self._query(kept_aside.to_read_again))
        events, *_ = await side_by_side(
            self._sweep("event", Window(events_since, until)),
            *(self._sweep(kind, part) for part in unswept for kind in SWEPT),
            self._sweep("refund", newer, "newer refunds"),  # an event names a refund alone, and not its charge
        )
        self._add(self.result.absent)
        self._add(await self._query(unfinished.named_by_events, events_since, window))
        charges = {*self.ids_to_fetch.pop("charge", ())}
        charges.update(await self._query(unfinished.may_succeed_late, until, self.scope.lookback, window))
        for kind, ids in self.ids_to_fetch.items():
            await self._fetch(kind, ids)
        charges.update(await self._query(unfinished.with_new_parts, complete_at, window))
        await self._fetch("charge", charges)
        await self._fetch_named()
        await self._save_balance(newer.start)
        return [PulledWindow("event", Window(mark, until), *events, begun)] if until > mark else []

    async def _mark(self) -> tuple[datetime, datetime]:
        """Where the last complete pull ended and when it began; the first one makes the mark before all else."""
        complete = await self._query(complete_windows, "event")
        if complete:
            window, began = max(complete, key=lambda window_and_start: window_and_start[0].end)
            return window.end, began
        start = Window(self.scope.until, self.scope.until)
        await self._write(save.save_windows, [PulledWindow("event", start, 0, 0, NEVER)])
        return start.end, NEVER

    async def _sweep(self, kind: str, window: Window, what: str = "") -> tuple[int, int]:
        """Everything of a kind created in a window, stored; Omise's total and the rows that came."""
        if window.start >= window.end:
            return 0, 0
        total = seen = 0
        malformed: list[Malformed] = []
        sweep = partial(pull.sweep, self.client, kind, window, self.scrub, stored=self._stored_marks())
        saver = self._saver(kind)
        with self._shown(what or f"{kind}s") as report:
            async with saver, aclosing(sweep(progress=report)) as parts:
                async for part in parts:
                    if isinstance(part, pull.Batch):
                        await saver.save(part.rows, part.marks)
                    elif isinstance(part, Malformed):
                        self.result.keep_aside(part)
                        malformed.append(part)
                    else:
                        await saver.saved()
                        await self._keep_aside(malformed)
                        malformed.clear()
                        await self._close(part)
                        total = total + part.total
                        seen = seen + part.seen
        return total, seen

    async def _close(self, part: pull.ClosedWindow) -> None:
        """A part of a sweep is over. What the store holds beyond what the list named is asked for by id."""
        if part.window.end > self.scope.until:  # it is not over yet
            return
        if part.total != part.seen:
            self.result.short.append(f"{part.kind}s: Omise says {part.total}, stored {part.seen}")
        if part.kind == c.EVENT.name:
            return
        read = part.seen + part.malformed  # what is kept aside is told by itself, and hides nothing beside it
        closed = PulledWindow(part.kind, part.window, part.total, read, self.context.clock())
        if self.last_windows is None:
            await self.context.write(save_windows, self.result, [closed])
        else:
            self.last_windows.append(closed)
        if part.total == read:
            release = (part.kind, part.window, part.kept_aside, self.context.clock())
            await self._write(kept_aside.release_window, *release)
            absent = await self._query(unfinished.unlisted, part.kind, part.window, part.ids)
            self.result.absent.setdefault(part.kind, set()).update(absent)

    async def _keep_aside(self, malformed: Sequence[Malformed]) -> None:
        if malformed:
            unknown = Window(self.scope.window.start, self.scope.until)
            await self._write(kept_aside.keep_aside, malformed, unknown, self.context.clock())

    async def _fetch_named(self) -> None:
        fetched: set[str] = set()
        for _ in range(2):  # a charge that is fetched by its name names a transaction in turn
            for kind, named in (await self._query(unfinished.named_not_stored)).items():
                await self._fetch(kind, set(named) - fetched)
                fetched.update(named)

    async def _fetch(self, kind: str, ids: Collection[Any]) -> None:
        """Objects by id, stored as Omise says them now; what it does not know any more is not current any more."""
        if not ids:
            return
        missing: list[str] = []
        malformed: list[Malformed] = []
        unlisted = 0
        fetch = partial(pull.fetch, self.client, kind, sorted(ids), self.scrub, stored=self._stored_marks())
        saver = self._saver(kind)
        with self._shown(f"{kind}s again") as report:
            async with saver, aclosing(fetch(progress=report)) as parts:
                async for part in parts:
                    if isinstance(part, pull.Missing):
                        missing.append(part.id)
                    elif isinstance(part, Malformed):
                        self.result.keep_aside(part)
                        malformed.append(part)
                    else:
                        unlisted += sum(self._should_be_listed(kind, row) for row in part.rows)
                        await saver.save(part.rows, part.marks)
        await self._keep_aside(malformed)
        self.result.gone += await self._write(save.save_gone, kind, missing, self.context.clock())
        if unlisted:
            self.result.short.append(f"{kind}s: Omise's list lacks {unlisted} that it gives by id")

    def _should_be_listed(self, kind: str, row: ObjectRow) -> bool:
        """It stands in a window whose list did not name it; a deleted transfer need not."""
        absent = any(row.id in (object_id, object_id[-1]) for object_id in self.result.absent.get(kind, ()))
        return absent and not (kind == c.TRANSFER.name and row.values[_DELETED])

    async def _save_balance(self, start: datetime) -> None:
        """A reading that the stored transactions account for: it stood still while they were read. Else none."""
        reading = await pull.balance(self.client)
        settles_in = self.result.account.currency
        if reading.currency != settles_in:
            self.result.short.append(f"balance: it is in {reading.currency}, the account settles in {settles_in}")
            return
        for _ in range(READINGS):
            window = Window(start, max(start, self.scope.until, self.context.clock()) + OVERLAP)
            total, seen = await self._sweep(c.TRANSACTION.name, window, "balance")
            before = reading
            reading = await pull.balance(self.client)
            if before == reading and total == seen:
                await self._write(save.save_balance, reading, self.context.clock())
                return

    def _saver(self, kind: str) -> Saver:
        async def store(rows: Sequence[ObjectRow], marks: Mapping[str, bytes]) -> None:
            saved = await self._write(save.save_objects, kind, rows, self.context.clock(), marks)
            self.result.new += saved.new
            self.result.changed += saved.changed

        return Saver(store)

    def _stored_marks(self) -> StoredMarks:
        async def ask(kind: str, marks: Mapping[str, bytes]) -> Collection[str]:
            async with self.reads:
                unchanged: Collection[str] = await self._query(save.known_as, kind, marks)
            return unchanged

        return StoredMarks(self.mark_key, ask)

    def _add(self, ids_by_kind: Mapping[str, Iterable[Any]]) -> None:
        for kind, ids in ids_by_kind.items():
            self.ids_to_fetch.setdefault(kind, set()).update(ids)

    async def _query(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.to_thread(function, self.context.store, self.result.account.name, *arguments)

    async def _write(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await self.context.write(function, self.result.account.name, *arguments)

    @contextmanager
    def _shown(self, what: str) -> Iterator[pull.Progress]:
        """Progress of one resource of this account."""
        label = f"{self.result.account.name} {what}"
        progress = self.context.progress
        progress.start(label, None)
        yield lambda _, done, total: progress.advance(label, done, total)
        progress.finish(label)


async def side_by_side(*calls: Coroutine[None, None, T]) -> list[T]:
    """What the calls answer, side by side; the first that fails ends the others."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except ExceptionGroup as errors:
        problem = errors.exceptions[0]
    else:
        return [task.result() for task in tasks]
    raise problem
