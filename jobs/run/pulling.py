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
from jobs.run.sweeps.totals import differing
from jobs.run.sweeps.windows import holes, turn
from recon import columns as c
from recon.calendars import joined, outside
from recon.model import Account, Malformed, ObjectRow, Window
from recon.omise import pull
from recon.omise.client import Client, KeyRefused, OmiseError
from recon.omise.marks import StoredMarks, key_of
from recon.omise.scrub import Scrub
from recon.store.engine import Store, is_of_data
from recon.store.related import unfinished
from recon.store.related.charge_names import bring_up_to_date
from recon.store.versions import counting, kept_aside, save
from recon.store.versions.load import last_complete
from recon.store.versions.save import PulledWindow

T = TypeVar("T")

SWEPT = ("charge", "refund", "transfer", "transaction", "dispute", "receipt")
CHANGING = ("charge", "refund", "transfer", "dispute")  # a transaction and a receipt stay as they were made
# Clocks differ and lists come late: what was made a little before the last pull's end is asked for again.
OVERLAP = timedelta(hours=1)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
READINGS = 5  # of a balance that moves while it is read
_DELETED = c.TRANSFER.names.index(c.DELETED)


@dataclass(frozen=True)
class PullScope:
    """How far a pull looks: creation times in `window`, nothing from `until` on, and for how long back a payment that
    failed may still succeed. Frozen when the run starts.

    What earlier sweeps read whole of the window is not swept again, but for those before `swept_since` (null: none),
    and by turns once in `sweep_again`, behind totals of all of it (null: neither, as for a look during the day).
    """

    window: Window
    until: datetime
    lookback: timedelta
    sweep_again: timedelta | None = None
    swept_since: datetime | None = None
    not_final: Callable[..., Mapping[str, Iterable[Any]]] = unfinished.not_final  # what is read again by id
    reads_balance: bool = True


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
    """What is new since the last complete pull, what was never swept of the window, and by id what may have changed.

    What fails is told in the answer; what was stored until then stays, and the next pull asks for all of it again.
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
    hash_key = access.scrub.hash_key
    mark_key = key_of(hash_key.keys[-1] if hash_key else access.secret_key.encode(), access.scrub)
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

    The mark is where the last complete pull's window ended. What was created from then on, and of which versions are
    seen since that pull read the last that it was told of, says what else may have changed. It moves at the very end,
    so that whatever cuts a pull short, the next one knows.
    """

    context: PullContext
    client: Client
    scrub: Scrub
    scope: PullScope
    result: Pulled
    mark_key: bytes = field(repr=False)
    ids_to_fetch: dict[str, set[Any]] = field(default_factory=dict)  # by kind
    last_windows: list[PulledWindow] = field(default_factory=list)  # that are to be written last, all at once
    fetched_by_name: set[str] = field(default_factory=set)
    swept: dict[str, tuple[Window, ...]] = field(default_factory=dict)  # by kind, what this pull has read whole
    is_step: bool = False  # all windows are: with the marker of a sweep
    reads: asyncio.Lock = field(default_factory=asyncio.Lock)  # each connection to SQLite has a cache of its own

    async def sweep(self) -> list[PulledWindow]:
        """The whole window, every kind side by side; the windows are left to be written."""
        self.is_step = True
        await side_by_side(*(self._sweep(kind, self.scope.window) for kind in SWEPT))
        return self.last_windows

    async def run(self) -> list[PulledWindow]:
        """Lists first, side by side; what they cannot tell is read by id, charges last: their parts tell of them.

        The mark is left to be written.
        """
        until = self.scope.until
        mark, followed_until = await self._mark()
        fresh = Window(mark - OVERLAP, until)
        self.swept = {kind: await self._windows(kind, fresh) for kind in SWEPT}
        events, *_ = await side_by_side(
            self._sweep(c.EVENT.name, fresh),
            *(self._sweep(kind, window) for kind, windows in self.swept.items() for window in windows),
        )
        if self.scope.sweep_again is not None:
            compared = await side_by_side(*(self._compare(kind, windows) for kind, windows in self.swept.items()))
            self.swept = dict(zip(self.swept, compared, strict=True))
        self._add(await self.query(self.scope.not_final, self.swept))
        self._add(await self.query(kept_aside.to_read_again))
        self._add(self.result.absent)
        await self._fetch(c.TRANSACTION.name, self.ids_to_fetch.pop(c.TRANSACTION.name, ()))
        await self._fetch_named()
        self._add(await self.query(unfinished.named_by_events, fresh.start, self.swept))
        self._add(await self.query(unfinished.named_by_transactions, followed_until, self.swept))
        charges = {*self.ids_to_fetch.pop(c.CHARGE.name, ())}
        charges.update(await self.query(unfinished.may_succeed_late, until, self.scope.lookback, self.swept))
        for kind, ids in self.ids_to_fetch.items():
            await self._fetch(kind, ids)
        followed = self.context.clock()
        charges.update(await self.query(unfinished.with_new_parts, followed_until, self.swept))
        await self._fetch(c.CHARGE.name, charges)
        await self._fetch_named()
        if self.scope.reads_balance:
            await self._save_balance(max(until, fresh.start))
        moved = [PulledWindow(c.EVENT.name, Window(mark, until), *events, followed)] if until >= mark else []
        return [*self.last_windows, *moved]

    async def _windows(self, kind: str, fresh: Window) -> tuple[Window, ...]:
        """Which creation times of a kind to sweep: what is new, what no sweep has read whole, and what is due again.

        A list of one page is read whole: its total alone would take as long.
        """
        stretch = self.scope.window
        sweeps = await self.query(counting.last_sweeps, kind, stretch, self.scope.swept_since)
        windows = [fresh, *holes(sweeps, stretch)]
        if self.scope.sweep_again is not None:
            _, most = await self.query(counting.count_listed, kind, stretch)
            if most <= pull.PAGE:
                windows.append(stretch)
            elif kind in CHANGING:
                windows += turn(sweeps, stretch, self.context.clock(), self.scope.sweep_again)
        return joined(window for window in windows if window.start < window.end)

    async def _compare(self, kind: str, swept: Sequence[Window]) -> tuple[Window, ...]:
        """Sweeps what of the whole window, where it was not swept just now, Omise counts otherwise than the store.

        The windows that are swept by now.
        """
        differ: list[Window] = []
        if outside([self.scope.window], swept):
            differ = await differing(_ListCounts(self, kind), self.scope.window)
            await side_by_side(*(self._sweep(kind, window) for window in joined(differ)))
        return joined([*swept, *differ])

    async def _mark(self) -> tuple[datetime, datetime]:
        """Where the last complete pull's window ended, and from when on it did not follow what it saw.

        The first one makes the mark before all else.
        """
        last: tuple[datetime, datetime] | None = await self.query(last_complete, "event")
        if last:
            return last
        start = Window(self.scope.until, self.scope.until)
        await self._write(save.save_windows, [PulledWindow("event", start, 0, 0, NEVER)])
        return start.end, NEVER

    async def _sweep(self, kind: str, window: Window, what: str = "") -> tuple[int, int]:
        """Everything of a kind created in a window, stored; Omise's total and the rows that came."""
        if window.start >= window.end:
            return 0, 0
        total = seen = 0
        malformed: list[Malformed] = []
        sweep = partial(pull.sweep, self.client, kind, window, self.scrub, settles_in=self.result.account.currency)
        saver = self._saver(kind)
        with self._shown(what or f"{kind}s") as report:
            async with saver, aclosing(sweep(progress=report, stored=self._stored_marks())) as parts:
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
        absent: list[Any] = []
        if part.total == read:
            release = (part.kind, part.window, part.kept_aside, self.context.clock())
            await self._write(kept_aside.release_window, *release)
            absent = await self.query(unfinished.unlisted, part.kind, part.window, part.ids)
            self.result.absent.setdefault(part.kind, set()).update(absent)
        if absent or self.is_step:
            self.last_windows.append(closed)
        else:
            await self.context.write(save_windows, self.result, [closed])

    async def _keep_aside(self, malformed: Sequence[Malformed]) -> None:
        if malformed:
            unknown = Window(self.scope.window.start, self.scope.until)
            await self._write(kept_aside.keep_aside, malformed, unknown, self.context.clock())

    async def _fetch_named(self) -> None:
        """What is named and not stored, and what that names in turn: a charge its transaction."""
        for _ in range(2):
            named = await self.query(unfinished.named_not_stored)
            new = {kind: {*ids}.difference(self.fetched_by_name) for kind, ids in named.items()}
            if not any(new.values()):
                return
            for kind, ids in new.items():
                await self._fetch(kind, ids)
                self.fetched_by_name.update(ids)

    async def _fetch(self, kind: str, ids: Collection[Any]) -> None:
        """Objects by id, stored as Omise says them now; what it does not know any more is not current any more."""
        if not ids:
            return
        ids = await self._sweep_crowded(kind, set(ids))
        missing: list[str] = []
        malformed: list[Malformed] = []
        unlisted = 0
        settles_in = self.result.account.currency
        fetch = partial(pull.fetch, self.client, kind, sorted(ids), self.scrub, settles_in=settles_in)
        saver = self._saver(kind)
        with self._shown(f"{kind}s again") as report:
            async with saver, aclosing(fetch(progress=report, stored=self._stored_marks())) as parts:
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

    async def _sweep_crowded(self, kind: str, ids: set[Any]) -> set[Any]:
        """Sweeps the days of so many of these objects that their list takes fewer requests; the ids that are left."""
        days, listed = await self.query(counting.crowded_days, kind, ids, self.swept.get(kind, ()), self.scope.until)
        if not days:
            return ids
        absent = self.result.absent.setdefault(kind, set())
        before = {*absent}
        await side_by_side(*(self._sweep(kind, window) for window in days))
        return ids.difference(listed) | (absent & ids) | absent.difference(before)

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
                unchanged: Collection[str] = await self.query(save.known_as, kind, marks)
            return unchanged

        return StoredMarks(self.mark_key, ask)

    def _add(self, ids_by_kind: Mapping[str, Iterable[Any]]) -> None:
        for kind, ids in ids_by_kind.items():
            self.ids_to_fetch.setdefault(kind, set()).update(ids)

    async def query(self, function: Callable[..., Any], *arguments: Any) -> Any:
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


@dataclass(frozen=True)
class _ListCounts:
    """One list of a pull, as Omise counts it and as the store does."""

    pull: _AccountPull
    kind: str

    async def total(self, window: Window) -> int:
        return await pull.total(self.pull.client, self.kind, window)

    async def stored(self, window: Window) -> tuple[int, int]:
        least_and_most: tuple[int, int] = await self.pull.query(counting.count_listed, self.kind, window)
        return least_and_most

    async def quiet_second(self, moment: datetime) -> datetime | None:
        second: datetime | None = await self.pull.query(counting.quiet_second, self.kind, moment)
        return second


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
