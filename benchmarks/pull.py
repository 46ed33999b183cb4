"""How fast charges are pulled, decoded and stored, against peers on the same server; `make bench-pull` runs it.

Server and peers run in processes of their own. The bare loop reads bytes and does nothing with them. The floor
is the same loop that also decodes the fields we keep, compresses each object and inserts it: what any store of
evidence must do at least, with no customer taken out, no version and no count compared. Omise's own client decodes
JSON, one page after another, as it can do no other; ours decodes, takes out customers and stores; its second pull
finds nothing new.
"""

import argparse
import asyncio
import json
import math
import sqlite3
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

from benchmarks.processes import ROOT, answer, interpreter
from recon.store.engine import Store

KEY = "skey_test_sandbox_th"
PAGE = 100
LATENCIES = (0.0, 0.05, 0.3)
OFFICIAL_PAGES = 20  # by the official client: one page after another
OFFICIAL = """
import sys, time
import omise

omise.api_main, omise.api_version, omise.api_secret = sys.argv[1], "2019-05-29", "skey_test_sandbox_th"
pages, listed = int(sys.argv[2]), omise.Charge.list()
begun = time.perf_counter()
for page in range(pages):
    assert len(list(listed.offset(limit=100, offset=100 * page))) == 100
print(pages / (time.perf_counter() - begun))
"""


@dataclass(frozen=True)
class Work:
    """What a peer is to read: so many charges of a server, with so many requests in flight."""

    url: str
    count: int
    in_flight: int


async def bare(work: Work, take: Callable[[bytes], None] = lambda _: None) -> float:
    """aiohttp alone: the same pages, not even looked at."""
    import aiohttp

    offsets = iter(range(0, work.count, PAGE))
    key = {"Authorization": aiohttp.encode_basic_auth(KEY, "")}
    window = {"from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z", "limit": str(PAGE)}

    async def read(session: aiohttp.ClientSession) -> None:
        for offset in offsets:
            async with session.get("/charges", params={**window, "offset": str(offset)}) as answer:
                take(await answer.read())

    connector = aiohttp.TCPConnector(limit=work.in_flight)
    begun = perf_counter()
    async with aiohttp.ClientSession(work.url, headers=key, connector=connector) as session:
        await asyncio.gather(*(read(session) for _ in range(work.in_flight)))
    return perf_counter() - begun


async def floor(work: Work) -> float:
    """aiohttp, typed decoding, zlib and the driver: a transaction a page, into the same table and indexes."""
    import msgspec

    from recon.omise.shapes import TYPES, VALUES
    from recon.store import migrate, tables
    from recon.store.engine import open_store

    whole = msgspec.json.Decoder(dict[str, msgspec.Raw])
    listed = msgspec.json.Decoder(list[msgspec.Raw])
    typed = msgspec.json.Decoder(TYPES["charge"])
    values = VALUES["charge"]
    marks = ", ".join("?" * len(tables.OBJECTS["charge"].columns))

    def take(body: bytes) -> None:
        parts = [bytes(part) for part in listed.decode(whole.decode(body)["data"])]
        rows = [("th", *values(typed.decode(part)), 1, 1, None, b"", zlib.compress(part, 1)) for part in parts]
        connection.execute("begin immediate")
        connection.executemany(f"insert into charge values ({marks})", rows)
        connection.execute("commit")

    with tempfile.TemporaryDirectory() as place:
        store = open_store(f"sqlite:///{place}/recon.db")
        migrate.upgrade(store)
        store.dispose()
        with closing(sqlite3.connect(f"{place}/recon.db", isolation_level=None)) as connection:
            connection.execute("pragma synchronous=NORMAL")
            connection.execute("pragma cache_size=-65536")
            return await bare(work, take)


async def ours(work: Work) -> float:
    """A whole pull: every list, decoded, scrubbed, stored on SQLite, and counted against Omise's totals."""
    return (await both(work))[0]


async def again(work: Work) -> float:
    """The same once more, over a store that knows it all."""
    return (await both(work))[1]


async def both(work: Work) -> tuple[float, float]:
    """Seconds of a first pull and of a second one."""
    with tempfile.TemporaryDirectory() as place:
        from recon.store import migrate
        from recon.store.engine import open_store

        store = open_store(f"sqlite:///{place}/recon.db")
        migrate.upgrade(store)
        first, new = await pull(store, work)
        second, changed = await pull(store, work)
        store.dispose()
        assert (new, changed) == (work.count, 0), (new, changed)
        return first, second


async def pull(store: Store, work: Work) -> tuple[float, int]:
    """One pull of the bulk server into a store: its seconds, and how many versions it wrote."""
    from jobs.cli.answers.progress import Lines
    from jobs.run.access import AccountAccess, PullContext
    from jobs.run.pulling import PullScope, pull_account
    from recon.model import Account, Window
    from recon.omise.client import Limits
    from recon.omise.scrub import Scrub
    from recon.privacy import HashKey

    start = datetime(2026, 3, 1, tzinfo=UTC)
    end = start + timedelta(seconds=work.count)
    context = PullContext(store, lambda: datetime.now(UTC), Lines(), asyncio.Lock())
    access = AccountAccess(work.url, KEY, Limits(math.inf, work.in_flight), Scrub(HashKey((b"k" * 32,))), None)
    scope = PullScope(Window(start, end), end, timedelta(days=35))
    begun = perf_counter()
    done = await pull_account(context, Account("th", "TH", "THB", ZoneInfo("UTC")), access, scope)
    assert not done.failure, done.failure
    assert not done.short, done.short
    return perf_counter() - begun, done.new + done.changed


PEERS: dict[str, Callable[[Work], Coroutine[None, None, float]]] = {
    "bare": bare,
    "floor": floor,
    "ours": ours,
    "again": again,
}


@contextmanager
def bulk_server(count: int, latency_s: float) -> Iterator[str]:
    """The address of a server of `count` charges, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.bulk", "--count", str(count), "--latency", str(latency_s)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def official(url: str) -> float:
    """Pages per second of Omise's own client, in an environment of its own."""
    return float(answer(interpreter("omise", ["omise==0.16.0"]), "-c", OFFICIAL, url, OFFICIAL_PAGES))


def compare(count: int, in_flight: int, rounds: int) -> None:
    """Prints every peer's pages per second at each latency, the best of some rounds."""
    what = f"pages of {PAGE} charges a second, {in_flight} in flight"
    print(
        f"| {what} | bare aiohttp | floor | omise-recon | of bare | of floor | again | of bare | omise | times it |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for latency_s in LATENCIES:
        rows = count if latency_s < 0.1 else count // 2
        with bulk_server(rows, latency_s) as url:
            work = Work(url, rows, in_flight)
            command = (sys.executable, "-m", "benchmarks.pull", "--work", json.dumps(work.__dict__), "--peer")
            best = {peer: max(float(answer(*command, peer)) for _ in range(rounds)) for peer in PEERS}
            theirs = official(url)
        plain, least, mine, second = (best[peer] for peer in PEERS)
        figures = f"{plain:.1f} | {least:.1f} | {mine:.1f} | {mine / plain:.2f} | {mine / least:.2f}"
        figures += f" | {second:.1f} | {second / plain:.2f} | {theirs:.1f} | {mine / theirs:.1f}"
        print(f"| {latency_s * 1000:.0f} ms | {figures} |", flush=True)


def main() -> None:
    """Reads the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="charges; half as many at 300 ms")
    parser.add_argument("--in-flight", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--peer", choices=list(PEERS))
    parser.add_argument("--work", type=json.loads)
    asked = parser.parse_args()
    if not asked.peer:
        compare(asked.count, asked.in_flight, asked.rounds)
        return
    work = Work(**asked.work)
    print(work.count / PAGE / asyncio.run(PEERS[asked.peer](work)))


if __name__ == "__main__":
    main()
