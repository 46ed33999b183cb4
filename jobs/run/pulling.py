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
from jobs.run.outcome import JobError, Progress
from jobs.run.pulled import Pulled
from jobs.run.saving import Saver
from recon import columns as c
from recon.model import Account, ObjectRow, Window
from recon.omise import pull
from recon.omise.client import Client, KeyRefused, Limits, OmiseError, SharedRate, open_client
from recon.omise.marks import StoredMarks, key_of
from recon.omise.objects import AccountFacts, Malformed
from recon.omise.scrub import Scrub
from recon.store.engine import Store
from recon.store.queue.batches import PulledWindow
from recon.store.related import unfinished
from recon.store.versions import save
from recon.store.versions.load import complete_windows

T = TypeVar("T")

SWEPT = ("charge", "refund", "transfer", "transaction", "dispute", "receipt")
# Clocks differ and lists come late: what was made a little before the last pull's end is asked for again.
OVERLAP = timedelta(hours=1)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
READINGS = 5  # of a balance that moves while it is read
_DELETED = c.TRANSFER.names.index(c.DELETED)


@dataclass(frozen=True)
class Gate:
    """How one account is reached."""

    base_url: str
    secret_key: str = field(repr=False)
    limits: Limits
    scrub: Scrub
    livemode: bool | None
    shared_rate: SharedRate | None = None  # shared with other hosts


@dataclass(frozen=True)
class Reach:
    """How far a pull looks: creation times in `window`, nothing from `until` on, and for how long back a payment that
    failed may still succeed. Frozen when the run starts. `unswept`: what sweeps before it left of the window, null
    where there were none."""

    window: Window
    until: datetime
    lookback: timedelta
    unswept: tuple[Window, ...] | None = None


@dataclass(frozen=True)
class Puller:
    """What every account's pull shares."""

    store: Store
    clock: Callable[[], datetime]
    progress: Progress
    writes: asyncio.Lock  # one writer at a time: SQLite has only one

    async def write(self, do: Callable[..., Any], *arguments: Any) -> Any:
        """Run a blocking write of the store off the event loop, in its turn."""
        async with self.writes:
            return await asyncio.to_thread(do, self.store, *arguments)


async def check_account(puller: Puller, account: Account, gate: Gate) -> str:
    """Prove key, country, currency and mode before anything is stored; the answer is why it could not be asked.

    Raises JobError where the key is refused or another account answers.
    """
    try:
        async with open_client(gate.base_url, gate.secret_key, gate.limits, gate.shared_rate) as client:
            facts = await pull.account(client)
    except KeyRefused:
        raise JobError(f'account "{account.name}": Omise refused the key; check [accounts.{account.name}]') from None
    except OmiseError as error:
        return str(error)
    wrong = mismatches(account, gate.livemode, facts)
    if wrong:
        raise JobError(*wrong)
    try:
        await puller.write(
            save.bind_account, account.name, facts.id, facts.country, facts.currency, facts.livemode, puller.clock()
        )
    except save.AccountChanged as error:
        raise JobError(str(error)) from None
    return ""


def mismatches(account: Account, livemode: bool | None, facts: AccountFacts) -> list[str]:
    """In what the account that answered is not the configured one, in words."""
    where = f"accounts.{account.name}"
    pairs = (
        ("region", account.region, facts.country),
        ("currency", account.currency, facts.currency),
        ("livemode", livemode, facts.livemode if livemode is not None else None),
    )
    return [
        f"{where}.{name}: the configuration says {ours}, Omise's account says {theirs}"
        for name, ours, theirs in pairs
        if ours != theirs
    ]


Finish = Callable[[Store, Pulled, Sequence[PulledWindow]], None]  # writes the last of a pull


def save_windows(store: Store, pulled: Pulled, windows: Sequence[PulledWindow]) -> None:
    """The last of a pull that is no step of anything."""
    for one in windows:
        save.save_window(store, pulled.account.name, one.kind, one.window, one.total, one.stored, one.pulled_at)


async def pull_account(
    puller: Puller,
    account: Account,
    gate: Gate,
    reach: Reach,
    before: Pulled | None = None,
    finish: Finish = save_windows,
) -> Pulled:
    """Everything created in the window, and by id what may have changed outside it or is not stored yet.

    What fails is told in the answer; what was stored until then stays, and the next pull does the whole again.
    `before` is what sweeps of the window found; `finish` is handed what must be written last, once all else is.
    """
    return await _pulled(puller, gate, reach, before or Pulled(account), _AccountPull.run, finish)


async def sweep_account(puller: Puller, account: Account, gate: Gate, reach: Reach, finish: Finish) -> Pulled:
    """Only what was created in the window; the rest is left to a pull after it, to which the answer is `before`."""
    return await _pulled(puller, gate, reach, Pulled(account), _AccountPull.sweep, finish)


async def _pulled(
    puller: Puller,
    gate: Gate,
    reach: Reach,
    result: Pulled,
    do: Callable[["_AccountPull"], Awaitable[list[PulledWindow]]],
    finish: Finish,
) -> Pulled:
    account, pages, retries = result.account, result.pages, result.retries
    key = key_of(gate.scrub.hash_key or gate.secret_key.encode(), gate.scrub)
    try:
        with bound(account=account.name), span("pull", account=account.name):
            async with open_client(gate.base_url, gate.secret_key, gate.limits, gate.shared_rate) as client:
                try:
                    windows = await do(_AccountPull(puller, client, gate.scrub, reach, result, key))
                finally:
                    result.pages, result.retries = pages + client.pages, retries + client.retries
    except KeyRefused:
        result.failure = "Omise refused the key"
    except (OmiseError, save.AccountChanged) as error:
        result.failure = str(error)
    else:
        await puller.write(finish, result, windows)
    result.say_what_is_odd()
    return result


@dataclass
class _AccountPull:
    """One pull under way.

    The mark is where the last complete pull ended: events from then on, and versions seen since that pull began, say
    what else may have changed. It moves at the very end, so that whatever cuts a pull short, the next one knows.
    """

    puller: Puller
    client: Client
    scrub: Scrub
    reach: Reach
    result: Pulled
    mark_key: bytes = field(repr=False)
    again: dict[str, set[Any]] = field(default_factory=dict)  # ids to read again, by kind
    together: list[PulledWindow] | None = None  # windows that are to be written last, all at once
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)  # each connection to SQLite has a cache of its own

    async def sweep(self) -> list[PulledWindow]:
        """Every kind side by side; the windows are left to be written."""
        self.together = []
        await side_by_side(*(self._sweep(kind, self.reach.window) for kind in SWEPT))
        return self.together

    async def run(self) -> list[PulledWindow]:
        """Sweeps first, side by side; what they cannot see is read by id, charges last: their parts tell of them.

        The mark is left to be written.
        """
        begun, window, until = self.puller.clock(), self.reach.window, self.reach.until
        mark, complete_at = await self._mark()
        told_since = mark - OVERLAP
        self._add(await self._ask(unfinished.not_final, window))
        newer = Window(max(window.end, told_since), until)
        parts = (window,) if self.reach.unswept is None else self.reach.unswept
        events, *_ = await side_by_side(
            self._sweep("event", Window(told_since, until)),
            *(self._sweep(kind, part) for part in parts for kind in SWEPT),
            self._sweep("refund", newer, "newer refunds"),  # an event names a refund alone, and not its charge
        )
        self._add(self.result.absent)
        self._add(await self._ask(unfinished.named_by_events, told_since, window))
        late = await self._ask(unfinished.may_succeed_late, until, self.reach.lookback, window)
        charges = {*self.again.pop("charge", ()), *late}
        for kind, ids in self.again.items():
            await self._fetch(kind, ids)
        charges.update(await self._ask(unfinished.with_new_parts, complete_at, window))
        await self._fetch("charge", charges)
        await self._fetch_named()
        await self._balance(newer.start)
        return [PulledWindow("event", Window(mark, until), *events, begun)] if until > mark else []

    async def _mark(self) -> tuple[datetime, datetime]:
        """Where the last complete pull ended and when it began; the first one makes the mark before all else."""
        earlier = await self._ask(complete_windows, "event")
        if earlier:
            window, began = max(earlier, key=lambda each: each[0].end)
            return window.end, began
        start = Window(self.reach.until, self.reach.until)
        await self._write(save.save_window, "event", start, 0, 0, NEVER)
        return start.end, NEVER

    async def _sweep(self, kind: str, window: Window, what: str = "") -> tuple[int, int]:
        """Everything of a kind created in a window, stored; Omise's total and the rows that came."""
        if window.start >= window.end:
            return 0, 0
        total = seen = 0
        sweep = partial(pull.sweep, self.client, kind, window, self.scrub, stored=self._stored_marks())
        saver = self._saver(kind)
        with self._shown(what or f"{kind}s") as report:
            async with saver, aclosing(sweep(progress=report)) as parts:
                async for part in parts:
                    if isinstance(part, pull.Batch):
                        await saver.save(part.rows, part.marks)
                    elif isinstance(part, Malformed):
                        self.result.keep_aside(part)
                    else:
                        await saver.saved()
                        await self._close(part)
                        total, seen = total + part.total, seen + part.seen
        return total, seen

    async def _close(self, part: pull.ClosedWindow) -> None:
        """A part of a sweep is over. What the store holds beyond what the list named is asked for by id."""
        if part.window.end > self.reach.until:  # it is not over yet
            return
        if part.total != part.seen:
            self.result.short.append(f"{part.kind}s: Omise says {part.total}, stored {part.seen}")
        if part.kind == c.EVENT.name:
            return
        closed = PulledWindow(part.kind, part.window, part.total, part.seen, self.puller.clock())
        if self.together is None:
            await self.puller.write(save_windows, self.result, [closed])
        else:
            self.together.append(closed)
        if part.total == part.seen + part.malformed:
            absent = await self._ask(unfinished.unlisted, part.kind, part.window, part.ids)
            self.result.absent.setdefault(part.kind, set()).update(absent)

    async def _fetch_named(self) -> None:
        asked: set[str] = set()
        for _ in range(2):  # a charge that is fetched by its name names a transaction in turn
            for kind, named in (await self._ask(unfinished.named_not_stored)).items():
                await self._fetch(kind, set(named) - asked)
                asked.update(named)

    async def _fetch(self, kind: str, ids: Collection[Any]) -> None:
        """Objects by id, stored as Omise says them now; what it does not know any more is not current any more."""
        if not ids:
            return
        gone: list[str] = []
        lacking = 0
        fetch = partial(pull.fetch, self.client, kind, sorted(ids), self.scrub, stored=self._stored_marks())
        saver = self._saver(kind)
        with self._shown(f"{kind}s again") as report:
            async with saver, aclosing(fetch(progress=report)) as parts:
                async for part in parts:
                    if isinstance(part, pull.Missing):
                        gone.append(part.id)
                    elif isinstance(part, Malformed):
                        self.result.keep_aside(part)
                    else:
                        lacking += sum(self._should_be_listed(kind, row) for row in part.rows)
                        await saver.save(part.rows, part.marks)
        self.result.gone += await self._write(save.save_gone, kind, gone, self.puller.clock())
        if lacking:
            self.result.short.append(f"{kind}s: Omise's list lacks {lacking} that it gives by id")

    def _should_be_listed(self, kind: str, row: ObjectRow) -> bool:
        """It stands in a window whose list did not name it; a deleted transfer need not."""
        absent = any(row.id in (one, one[-1]) for one in self.result.absent.get(kind, ()))
        return absent and not (kind == c.TRANSFER.name and row.values[_DELETED])

    async def _balance(self, start: datetime) -> None:
        """A reading that the stored transactions account for: it stood still while they were read. Else none."""
        reading = await pull.balance(self.client)
        for _ in range(READINGS):
            window = Window(start, max(start, self.reach.until, self.puller.clock()) + OVERLAP)
            total, seen = await self._sweep(c.TRANSACTION.name, window, "balance")
            before, reading = reading, await pull.balance(self.client)
            if before == reading and total == seen:
                await self._write(save.save_balance, reading, self.puller.clock())
                return

    def _saver(self, kind: str) -> Saver:
        async def store(rows: Sequence[ObjectRow], marks: Mapping[str, bytes]) -> None:
            saved = await self._write(save.save_objects, kind, rows, self.puller.clock(), marks)
            self.result.new += saved.new
            self.result.changed += saved.changed

        return Saver(store)

    def _stored_marks(self) -> StoredMarks:
        async def ask(kind: str, marks: Mapping[str, bytes]) -> Collection[str]:
            async with self.asking:
                known: Collection[str] = await self._ask(save.known_as, kind, marks)
            return known

        return StoredMarks(self.mark_key, ask)

    def _add(self, found: Mapping[str, Iterable[Any]]) -> None:
        for kind, ids in found.items():
            self.again.setdefault(kind, set()).update(ids)

    async def _ask(self, do: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.to_thread(do, self.puller.store, self.result.account.name, *arguments)

    async def _write(self, do: Callable[..., Any], *arguments: Any) -> Any:
        return await self.puller.write(do, self.result.account.name, *arguments)

    @contextmanager
    def _shown(self, what: str) -> Iterator[pull.Progress]:
        """Progress of one resource of this account."""
        label, progress = f"{self.result.account.name} {what}", self.puller.progress
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
