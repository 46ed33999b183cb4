"""Pulls of a sandbox into a store of its own, and what the server holds and the store knows, to be compared."""

import asyncio
import json
import math
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from sqlalchemy import select

from jobs.run.access import AccountAccess, PullContext
from jobs.run.pulled import Pulled
from jobs.run.pulling import SWEPT, PullScope, pull_account
from recon.model import Account, Window
from recon.omise.client import Limits
from recon.omise.objects import decode_object
from recon.omise.scrub import Scrub
from recon.privacy import HashKey
from recon.sandbox.worlds.countries import ACCOUNTS
from recon.store import tables
from recon.store.engine import Store, open_store, reading, to_micros
from recon.store.versions.save import DIGEST_BYTES
from tests.kit.sandbox import Sandbox
from tests.kit.store_samples import NOON, fresh_url

FAST = Limits(requests_per_second=math.inf, attempts=8, backoff_s=0.001, ceiling_s=0.004, timeout_s=5)
SCRUB = Scrub(HashKey((b"k" * 32,)))
DAY = timedelta(days=1)
Known = dict[str, dict[str, bytes]]  # kind -> id -> digest


@dataclass
class SeenProgress:
    """A progress that remembers: per name how much was done, of how many, and which names were finished."""

    done: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    finished: list[str] = field(default_factory=list)

    def start(self, name: str, total: int | None) -> None:
        self.done[name] = (0, total)

    def advance(self, name: str, done: int, total: int | None) -> None:
        self.done[name] = (done, total)

    def finish(self, name: str) -> None:
        self.finished.append(name)


@dataclass
class PulledStore:
    """A store that one sandbox account is pulled into; every look at its clock is a second later."""

    url: str
    folder: Path
    name: str = "th"
    lookback: timedelta = 3 * DAY
    sweep_again: timedelta = 14 * DAY
    limits: Limits = FAST
    progress: SeenProgress = field(default_factory=SeenProgress)
    now: datetime = NOON
    database: str = "sqlite"

    def __post_init__(self) -> None:
        self.store: Store = open_store(fresh_url(self.database, self.folder))

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    async def pull(self, start: datetime, until: datetime, end: datetime | None = None, full: bool = False) -> Pulled:
        """One pull at `until` of what was made from `start`, less the lookback, until then, or until `end`."""
        one = ACCOUNTS[self.name]
        account = Account(one.name, one.region, one.currency, ZoneInfo("UTC"))
        context = PullContext(self.store, self.clock, self.progress, asyncio.Lock())
        access = AccountAccess(self.url, one.key, self.limits, SCRUB, None)
        since = self.clock() if full else None
        window = Window(start - self.lookback, end or until)
        scope = PullScope(window, until, self.lookback, self.sweep_again, since)
        return await pull_account(context, account, access, scope)

    def known(self, moment: datetime | None = None) -> Known:
        """What is current, or was known at a moment: digests by kind and id; an id known twice fails."""
        found: Known = {}
        with reading(self.store) as connection:
            for kind in SWEPT:
                table = tables.OBJECTS[kind]
                at = tables.known_at(table, None if moment is None else to_micros(moment))
                key = table.c[tables.key_of(table)]
                rows = connection.execute(select(key, table.c.digest).where(at)).all()
                found[kind] = {id: digest[:DIGEST_BYTES] for id, digest in rows}
                assert len(found[kind]) == len(rows), f"{kind}: an id is known twice"
        return found

    def one(self, kind: str, key: str, *names: str) -> list[tuple[Any, ...]]:
        """Some columns of every version of an object, oldest first."""
        table = tables.OBJECTS[kind]
        wanted = select(*(table.c[name] for name in names)).where(table.c[tables.key_of(table)] == key)
        with reading(self.store) as connection:
            return [tuple(row) for row in connection.execute(wanted.order_by(table.c.seen_at))]

    def rows(self, *without: str) -> dict[str, list[Any]]:
        """Every row of Omise's objects in order, without some columns; SQLite only."""
        found = {}
        with closing(sqlite3.connect(str(self.store.url.database))) as connection:
            for kind, table in tables.OBJECTS.items():
                names = ", ".join(c.name for c in table.columns if c.name not in without)
                rows = connection.execute(f'select {names} from "{kind}" order by {names}').fetchall()
                found[kind] = rows
        return found


async def asked(server: Sandbox, requests: int, pull: asyncio.Future[Any]) -> None:
    """Comes back when the server was asked so often, or the pull is over."""
    before = server.requests.total()
    while not pull.done() and server.requests.total() - before < requests:
        await asyncio.sleep(0.001)


async def objects(server: Sandbox, name: str, kind: str) -> list[dict[str, Any]]:
    """Every object of a kind that the server holds now, read without any of our own client."""
    found: list[dict[str, Any]] = []
    key = aiohttp.encode_basic_auth(ACCOUNTS[name].key, "")
    async with aiohttp.ClientSession(server.url, headers={"Authorization": key}) as session:
        while True:
            async with session.get(f"/{kind}s", params={"limit": 100, "offset": len(found)}) as answer:
                page: Any = await answer.json() if answer.status == 200 else {"total": 0, "data": []}
            found += page["data"]
            if len(found) >= page["total"]:
                return found


async def truth(server: Sandbox, name: str) -> Known:
    """What the server holds now: digests by kind and id."""
    found: Known = {}
    for kind in SWEPT:
        rows = [decode_object(kind, json.dumps(one).encode(), SCRUB) for one in await objects(server, name, kind)]
        found[kind] = {row.id: row.digest for row in rows}
    return found
