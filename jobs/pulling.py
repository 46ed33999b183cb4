"""Pulls one account into the store: sweeps, what changed, what is named but not stored; knows no order, no rule."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from jobs.outcome import JobError, Progress
from recon.model import Account, Window
from recon.omise import pull
from recon.omise.client import Client, KeyRefused, Limits, OmiseError, open_client
from recon.omise.objects import AccountFacts
from recon.omise.scrub import Scrub
from recon.store import open_items, save
from recon.store.engine import Store
from recon.store.load import complete_windows

SWEPT = ("charge", "refund", "transfer", "transaction", "dispute", "receipt")
# Events are asked for again from a little before the last pull's end: they may be listed late.
EVENT_OVERLAP = timedelta(hours=1)


@dataclass(frozen=True)
class Gate:
    """How one account is reached."""

    base_url: str
    secret_key: str = field(repr=False)
    limits: Limits
    scrub: Scrub
    livemode: bool | None


@dataclass
class Pulled:
    """What one account's pull did. `failure` ended it early; `short` names lists whose totals and rows differ."""

    account: Account
    failure: str = ""
    short: list[str] = field(default_factory=list)
    new: int = 0
    changed: int = 0


@dataclass(frozen=True)
class Puller:
    """What every account's pull shares."""

    engine: Store
    clock: Callable[[], datetime]
    progress: Progress
    writes: asyncio.Lock  # one writer at a time: SQLite has only one

    async def write(self, do: Callable[..., Any], *arguments: Any) -> Any:
        """Run a blocking write of the store off the event loop, in its turn."""
        async with self.writes:
            return await asyncio.to_thread(do, self.engine, *arguments)


async def check_account(puller: Puller, account: Account, gate: Gate) -> str:
    """Prove key, country, currency and mode before anything is stored; the answer is why it could not be asked.

    Raises JobError where the key is refused or another account answers.
    """
    try:
        async with open_client(gate.base_url, gate.secret_key, gate.limits) as client:
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


async def pull_account(puller: Puller, account: Account, gate: Gate, window: Window) -> Pulled:
    """Everything created in the window, and by id what is not final, what events name, what is not stored yet."""
    result = Pulled(account)
    try:
        async with open_client(gate.base_url, gate.secret_key, gate.limits) as client:
            await _AccountPull(puller, client, gate.scrub, window, result).run()
    except KeyRefused:
        result.failure = "Omise refused the key"
    except OmiseError as error:
        result.failure = str(error)
    return result


@dataclass
class _AccountPull:
    puller: Puller
    client: Client
    scrub: Scrub
    window: Window
    result: Pulled
    again: dict[str, set[Any]] = field(default_factory=dict)  # ids to read again, by kind, until a sweep brings them

    @property
    def name(self) -> str:
        return self.result.account.name

    async def run(self) -> None:
        engine = self.puller.engine
        open_ones = await asyncio.to_thread(open_items.not_final, engine, self.name)
        self.again = {kind: set(found) for kind, found in open_ones.items()}
        await self._events()
        for kind in SWEPT:
            await self._sweep(kind, self.window)
        for kind, ids in self.again.items():
            await self._fetch(kind, ids)
        asked: set[str] = set()
        for _ in range(2):  # a charge that is fetched by its name names a transaction in turn
            missing = await asyncio.to_thread(open_items.named_not_stored, engine, self.name)
            for kind, named in missing.items():
                await self._fetch(kind, set(named) - asked)
                asked.update(named)
        reading = await pull.balance(self.client)
        await self.puller.write(save.save_balance, self.name, reading, self.puller.clock())

    async def _events(self) -> None:
        """What happened since the last pull, whenever its objects were made: a hint what to read again."""
        earlier = await asyncio.to_thread(complete_windows, self.puller.engine, self.name, "event")
        if earlier:
            start = max(window.end for window, _ in earlier) - EVENT_OVERLAP
            if start < self.window.end:
                await self._sweep("event", Window(start, self.window.end))
            ids = await asyncio.to_thread(open_items.named_by_events, self.puller.engine, self.name, start)
            for kind, named in ids.items():
                self.again.setdefault(kind, set()).update(named)
        else:
            nothing_before = Window(self.window.end, self.window.end)
            await self.puller.write(save.save_window, self.name, "event", nothing_before, 0, 0, self.puller.clock())

    async def _sweep(self, kind: str, window: Window) -> None:
        label = f"{self.name} {kind}s"
        self.puller.progress.start(label, None)
        report = self.puller.progress
        wanted = self.again.get(kind, set())
        sweep = pull.sweep(
            self.client, kind, window, self.scrub, progress=lambda _, done, total: report.advance(label, done, total)
        )
        async for part in sweep:
            if isinstance(part, pull.Batch):
                await self._save(part)
                wanted.difference_update(_keys(part))
                continue
            values = (part.window, part.total, part.seen, self.puller.clock())
            await self.puller.write(save.save_window, self.name, kind, *values)
            if part.total != part.seen:
                self.result.short.append(f"{kind}s: Omise says {part.total}, stored {part.seen}")
        self.puller.progress.finish(label)

    async def _fetch(self, kind: str, ids: Collection[Any]) -> None:
        if not ids:
            return
        async for part in pull.fetch(self.client, kind, sorted(ids), self.scrub):
            if isinstance(part, pull.Batch):
                await self._save(part)

    async def _save(self, batch: pull.Batch) -> None:
        saved = await self.puller.write(save.save_objects, self.name, batch.kind, batch.rows, self.puller.clock())
        self.result.new += saved.new
        self.result.changed += saved.changed


def _keys(batch: pull.Batch) -> list[Any]:
    """Ids as `not_final` names them: a refund by its charge and its own."""
    if batch.kind == "refund":
        return [(row.values[1], row.id) for row in batch.rows]
    return [row.id for row in batch.rows]
