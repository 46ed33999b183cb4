"""How many requests a night needs, over the least that its new and unfinished objects need; `make bench-night`.

An account with forty days behind it, in the middle of its sweeps by turns, pulls one night from the sandbox, and the
server counts. Larger volumes are not made object by object: the night of 1,000 charges a day says which windows it
sweeps and what it asks for by id. These windows are then read from lists ten and a hundred times as dense by the same
sweep, from a client that makes each page as it is asked for; what was asked for by id counts as many times.
"""

import argparse
import asyncio
import math
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import delete

from jobs.cli.answers.progress import Lines
from jobs.run.access import AccountAccess, PullContext
from jobs.run.pulling import OVERLAP, SWEPT, PullScope, pull_account
from jobs.run.sweeps.windows import turn
from recon.calendars import joined
from recon.model import Account, Window
from recon.omise.client import Limits
from recon.omise.marks import StoredMarks
from recon.omise.objects import ListPage
from recon.omise.pull import ClosedWindow, sweep
from recon.omise.scrub import Scrub
from recon.privacy import HashKey
from recon.sandbox.server.app import Sandbox, serve
from recon.sandbox.worlds.countries import ACCOUNTS
from recon.sandbox.worlds.facts import Charge, Dispute, Refund, Transfer, changes
from recon.sandbox.worlds.world import World, make_world
from recon.store import migrate, tables
from recon.store.engine import Store, open_store, writing
from recon.store.versions import counting, save
from recon.store.versions.save import PulledWindow

T = TypeVar("T")

DAYS = 40
DAY = timedelta(days=1)
EVERY = timedelta(days=14)
FIRST = date(2026, 1, 1)
ZONE = ZoneInfo("Asia/Bangkok")
PAGE = 100
RATE = 10  # requests a second


@dataclass
class Night:
    """What one night asked for: requests of lists by kind, requests by id, and all others; and the least."""

    lists: Counter[str] = field(default_factory=Counter)
    by_id: int = 0
    others: int = 0
    least_lists: int = 0
    least_by_id: int = 0
    windows: Mapping[str, Sequence[Window]] = field(default_factory=dict)  # that were swept, by kind
    rates: Mapping[str, float] = field(default_factory=dict)  # objects a second, by kind

    @property
    def requests(self) -> int:
        """All of them."""
        return self.lists.total() + self.by_id + self.others

    @property
    def least(self) -> int:
        """The pages of what is new, each object by id that was not final or changed, and one balance."""
        return self.least_lists + self.least_by_id + 1


def night_of(day: int) -> datetime:
    """When the night after a day begins: 01:30 in the account's zone."""
    return datetime.combine(FIRST + day * DAY, datetime.min.time(), ZONE).astimezone(UTC) + timedelta(
        hours=1, minutes=30
    )


def scope_of(day: int) -> PullScope:
    """What the night after a day covers."""
    until = night_of(day)
    start = datetime.combine(FIRST + (day - 1 - 35) * DAY, datetime.min.time(), ZONE).astimezone(UTC)
    return PullScope(Window(start, until), until, 35 * DAY, EVERY)


async def measured(per_day: int) -> Night:
    """The night after forty days of so many charges."""
    world = make_world(7, FIRST, FIRST + DAYS * DAY, per_day * (DAYS + 1) * 10 // 11, ("th",))
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/recon.db")
        migrate.upgrade(store)
        async with serve(Sandbox(world, lambda: night_of(DAYS))) as server:
            await pull(store, server, DAYS)
            keep_turns(store)
            server.set_moment(night_of(DAYS + 1))
            server.requests.clear()
            await pull(store, server, DAYS + 1)
            night = counted(server)
        night.windows = windows_since(store, night_of(DAYS + 1))
        store.dispose()
    night.least_lists, night.least_by_id = least_of(world)
    seconds = (DAYS + 1) * DAY.total_seconds()
    night.rates = {kind.removesuffix("s"): len(rows) / seconds for kind, rows in world.books["th"].kinds().items()}
    return night


async def pull(store: Store, server: Sandbox, day: int) -> None:
    """The pull of a night, which takes no longer than it takes here."""
    begun = perf_counter()
    context = PullContext(
        store, lambda: night_of(day) + timedelta(seconds=perf_counter() - begun), Lines(), asyncio.Lock()
    )
    access = AccountAccess(server.url, ACCOUNTS["th"].key, Limits(math.inf), Scrub(HashKey((b"k" * 32,))), None)
    pulled = await pull_account(context, Account("th", "TH", "THB", ZONE), access, scope_of(day))
    assert not pulled.failure, pulled.failure
    assert not pulled.short, pulled.short


def keep_turns(store: Store) -> None:
    """The sweeps that forty nights would have left, in place of those of the one pull that brought everything."""
    sweeps: list[PulledWindow] = []
    for day in range(1, DAYS + 1):
        scope = scope_of(day)
        again = turn(sweeps, scope.window, scope.until, EVERY) if sweeps else (scope.window,)
        fresh = Window(scope.until - DAY - OVERLAP, scope.until)
        sweeps += [PulledWindow("", window, 0, 0, scope.until) for window in joined([*again, fresh])]
    table = tables.PULL_WINDOW
    with writing(store) as connection:
        connection.execute(delete(table).where(table.c.kind.in_(SWEPT)))
    kinds = ((kind, sweep_) for kind in SWEPT for sweep_ in sweeps)
    save.save_windows(
        store, "th", [PulledWindow(kind, sweep_.window, 0, 0, sweep_.pulled_at) for kind, sweep_ in kinds]
    )


def counted(server: Sandbox) -> Night:
    """What a server was asked for."""
    night = Night()
    for path, count in server.requests.items():
        name, *rest = path.strip("/").split("/")
        if rest:
            night.by_id += count
        elif name in ("account", "balance"):
            night.others += count
        else:
            night.lists[name.removesuffix("s")] += count
    return night


def windows_since(store: Store, moment: datetime) -> dict[str, Sequence[Window]]:
    """What a night swept."""
    stretch = Window(moment - 400 * DAY, moment + DAY)
    swept: dict[str, Sequence[Window]] = {
        kind: joined(sweep_.window for sweep_ in counting.last_sweeps(store, "th", kind, stretch, moment))
        for kind in SWEPT
    }
    return swept | {"event": [Window(moment - DAY - OVERLAP, moment)]}


def least_of(world: World) -> tuple[int, int]:
    """Requests that the night cannot do without: pages of what is new, and what may have changed, by id or by day."""
    before = int(night_of(DAYS).timestamp())
    now = int(night_of(DAYS + 1).timestamp())
    pages = 0
    by_id = 0
    for rows in world.books["th"].kinds().values():
        pages += max(1, -(-sum(before <= row.created < now for row in rows) // PAGE))
        old = [row for row in rows if row.created < before]
        in_day = Counter(row.created // 86_400 for row in old)
        asked = Counter(row.created // 86_400 for row in old if is_open(row, before) or changed(row, before, now))
        by_id += sum(min(count, -(-in_day[day] // PAGE)) for day, count in asked.items())
    return pages, by_id


def is_open(row: object, at: int) -> bool:
    """Whether an object is not final."""
    match row:
        case Charge() | Dispute():
            return row.status(at) in ("pending", "open")
        case Refund():
            return row.closed > at
        case Transfer():
            return not row.failure and row.paid_at > at
    return False


def changed(row: object, after: int, until: int) -> bool:
    """Whether an object that changes did so in between."""
    kinds = (Charge, Dispute, Refund, Transfer)
    return isinstance(row, kinds) and any(after < moment <= until for moment in changes(row))


class Pages:
    """A client of one list of so many objects a second, made as they are asked for."""

    concurrency = 8

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self.requests = 0

    async def get(self, path: str, params: Mapping[str, str | int], _decode: Callable[[bytes], T]) -> ListPage:
        """A page of small objects."""
        self.requests += 1
        first, last = (
            math.ceil(datetime.fromisoformat(str(params[name])).timestamp() * self.per_second)
            for name in ("from", "to")
        )
        numbers = range(first, last)[int(params["offset"]) :][: int(params["limit"])]
        name = path[1:-1]
        return ListPage(last - first, tuple(b'{"object":"%b","id":"n_%d"}' % (name.encode(), n) for n in numbers))


async def denser(small: Night, times: int) -> Night:
    """The same night with so many times the objects."""

    async def all_of(_kind: str, marks: Mapping[str, bytes]) -> list[str]:
        return list(marks)

    night = Night(by_id=small.by_id * times, others=small.others)
    night.least_lists = small.least_lists * times
    night.least_by_id = small.least_by_id * times
    known = StoredMarks(b"k" * 32, all_of)
    for kind, requests in small.lists.items():
        read = Counter[int]()
        for density in (1, times):
            client = Pages(small.rates[kind] * density)
            for window in small.windows[kind]:
                await read_whole(client, kind, window, known)
            read[density] = client.requests
        night.lists[kind] = requests - read[1] + read[times]
    return night


async def read_whole(client: Pages, kind: str, window: Window, known: StoredMarks) -> None:
    """One sweep of a list."""
    async with aclosing(sweep(client, kind, window, Scrub(None), stored=known)) as parts:  # type: ignore[arg-type]
        async for part in parts:
            assert not isinstance(part, ClosedWindow) or part.total == part.seen


def row_of(per_day: int, night: Night) -> str:
    """A night as a row of the table."""
    lists = " | ".join(f"{night.lists[kind]:,}" for kind in ("charge", "transaction", "event"))
    small = sum(night.lists[kind] for kind in ("refund", "transfer", "dispute", "receipt"))
    figures = f"{night.requests:,} | {night.least:,} | {night.requests / night.least:.2f}"
    minutes = night.requests / RATE / 60
    return f"| {per_day:,} | {lists} | {small:,} | {night.by_id:,} | {figures} | {minutes:.1f} |"


def main() -> None:
    """Reads the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1_000, 10_000], help="made object by object")
    parser.add_argument("--times", type=int, nargs="*", default=[10], help="the last size, so many times as dense")
    asked = parser.parse_args()
    print(
        "| charges a day | charges | transactions | events | other lists | by id | requests | least | x | minutes |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for per_day in asked.sizes:
        night = asyncio.run(measured(per_day))
        print(row_of(per_day, night), flush=True)
    for times in asked.times:
        print(row_of(asked.sizes[-1] * times, asyncio.run(denser(night, times))), flush=True)


if __name__ == "__main__":
    main()
