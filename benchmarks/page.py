"""How fast the finance page answers over 100,000 breaks and 1,000 runs, and whether 50 people at once get errors.

The page runs in a process of its own, over SQLite or PostgreSQL (`--database`; a server from the wheel). Medians are
over requests made one after the other; each names another break, search or page of the list where it can, so that
nothing is remembered of it. Then 50 people click about for a minute. Ends with 1 where a median is above 50 ms.
"""

import argparse
import asyncio
import json
import multiprocessing
import random
import socket
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import aiohttp
from sqlalchemy import insert

from jobs.config import config as configuration
from jobs.run.outcome import JobError, Outcome, Progress, RunOptions
from jobs.service import site as wiring
from recon.model import Break, BreakEvent, BreakStatus, KnownBreak, Severity
from recon.people import Person, Role
from recon.rules import CATALOGUE
from recon.store import tables
from recon.store.desk.people import Act, add_user
from recon.store.desk.worklist import Filter, find
from recon.store.engine import Store, open_store, writing
from recon.store.migrate import upgrade
from recon.store.runs.break_rows import break_row, insert_events
from tests.kit.page import HASH, PASSWORD, Clock, Trusting, Visitor, served
from tests.kit.postgresql import own_server

NOW = datetime.now(UTC)
ACCOUNTS = {"th": "THB", "sg": "SGD", "jp": "JPY", "my": "MYR"}
REQUESTS, LIMIT_MS = 40, 50


def fill(store: Store, breaks: int, runs: int, people: int) -> None:
    """Breaks of every code, half of them open, some owned; a run for each account and day; people who log in."""
    dice, codes = random.Random(1), [rule.code for rule in CATALOGUE]
    owners = [f"person {number}" for number in range(people)]
    known_breaks = [_known(number, dice, codes, owners) for number in range(breaks)]
    counts = {"orders": 1_000, "expecting_orders": 900, "matched_orders": 890, "breaks_open": 10, "currencies": {}}
    counts |= {"breaks_new": 5, "breaks_closed": 5}
    moments = {"started_at": NOW, "recorded_at": NOW, "as_of": NOW}
    run = {"who": "bench", "command": "run", "options": "{}", "software": "0", "config_digest": "", "timings": "{}"}
    # As rows: each recorded run would carry all open breaks on.
    with writing(store) as connection:
        connection.execute(
            insert(tables.RUN), [{"id": n, **moments, **run, "status": "complete"} for n in range(1, runs + 1)]
        )
        parts = [_part(number, json.dumps(counts)) for number in range(runs)]
        connection.execute(insert(tables.RUN_ACCOUNT), parts)
        connection.execute(insert(tables.BREAK), [break_row(known) for known in known_breaks])
        opened = [
            BreakEvent(known.latest.id, "opened", known.first_seen, "run", known.latest.explanation)
            for known in known_breaks
        ]
        insert_events(connection, opened, 1, NOW)
    for name in owners:
        add_user(store, Person(name, Role.ANALYST), HASH, Act("bench", NOW))


def _part(number: int, counts: str) -> dict[str, Any]:
    day = NOW.date() - timedelta(days=1 + number // 4)
    account = list(ACCOUNTS)[number % 4]
    days = {"first_day": day, "last_day": day}
    return {"run_id": number + 1, "account": account, **days, "counts": counts, "result_digest": f"digest {number}"}


def _known(number: int, dice: random.Random, codes: list[str], owners: list[str]) -> KnownBreak:
    account = dice.choice(list(ACCOUNTS))
    seen = NOW - timedelta(days=dice.randrange(120))
    break_ = Break(
        code=dice.choice(codes),
        severity=Severity(dice.randrange(1, 5)),
        account=account,
        subject_type="order",
        subject_id=f"ORD-{number:07d}",
        explanation="The amounts differ.",
        suggestion="Find out which is right.",
        currency=ACCOUNTS[account],
        expected=10_000,
        actual=10_000 - number,
        amount_at_risk=dice.randrange(1_000_000),
        due_by=NOW + timedelta(days=dice.randrange(30)) if dice.random() < 0.2 else None,
        order_id=f"ORD-{number:07d}",
        occurred_on=seen.date(),
        charge_id=f"chrg_{number:07d}",
    )
    status = BreakStatus.OPEN if dice.random() < 0.5 else BreakStatus.AUTO_CLOSED
    return KnownBreak(break_, status, seen, NOW, dice.choice([None, *owners]))


def serve_page(config: Path, port: int) -> None:
    """The page over a store, until the process is ended."""
    asyncio.run(_serve(config, port))


async def _serve(path: Path, port: int) -> None:
    config, clock = configuration.load(path, {}), Clock()
    site = wiring.make_site(config, open_store(config.store_url), clock, wiring.PageRuns(_no_run), Trusting(), dict)
    async with served(site, clock, port):
        await asyncio.Event().wait()


async def _no_run(_options: RunOptions, _progress: Progress) -> Outcome:
    raise JobError("nothing runs here")


def configured(folder: Path, url: str) -> Path:
    """A configuration with the four accounts over a store."""
    (folder / "key").write_text("skey_test_none", encoding="utf-8")
    accounts = "".join(
        f'[accounts.{name}]\nregion = "{name.upper()}"\ncurrency = "{currency}"\n'
        f'timezone = "Asia/Bangkok"\nsecret_key = {{ file = "key" }}\n'
        for name, currency in ACCOUNTS.items()
    )
    path = folder / "config.toml"
    orders = '[orders.shop]\nkind = "csv"\npath = "orders/*.csv"\n'
    path.write_text(f'[store]\nurl = "{url}"\n{accounts}{orders}', encoding="utf-8")
    return path


async def measure(base: str, pages: Mapping[str, Sequence[str]], people: int, seconds: float) -> bool:
    """Print medians, then what a crowd met; whether both are good."""
    good = True
    async with aiohttp.ClientSession(base, cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        await _until_up(http)
        assert await Visitor(http).log_in("ada", PASSWORD) == 200
        print(f"{'page':44}{'first ms':>10}{'median ms':>10}{'p95 ms':>10}")
        for page, addresses in pages.items():
            first, *took = [await _timed(http, addresses[n % len(addresses)]) for n in range(1 + REQUESTS)]
            took.sort()
            median, tail = statistics.median(took), took[int(len(took) * 0.95)]
            good &= median <= LIMIT_MS
            print(f"{page:44}{first:>10.0f}{median:>10.0f}{tail:>10.0f}", flush=True)
        every = [address for addresses in pages.values() for address in addresses]
        met: Counter[int] = Counter()
        took = []
        end = perf_counter() + seconds
        await asyncio.gather(*(_person(http, every, end, met, took) for _ in range(people)))
    answers = sum(met.values())
    wrong, middle = answers - met[200], statistics.median(took)
    print(f"{people} people for {seconds:g} s: {answers} answers, {wrong} errors, median {middle:.0f} ms")
    return good and not wrong


async def _person(
    http: aiohttp.ClientSession, pages: list[str], end: float, met: Counter[int], took: list[float]
) -> None:
    dice = random.Random(len(took))
    while perf_counter() < end:
        begun = perf_counter()
        async with http.get(dice.choice(pages)) as answer:
            await answer.read()
            met[answer.status] += 1
        took.append(1_000 * (perf_counter() - begun))
        await asyncio.sleep(dice.uniform(0.5, 2))


async def _timed(http: aiohttp.ClientSession, page: str) -> float:
    begun = perf_counter()
    async with http.get(page) as answer:
        await answer.read()
        assert answer.status == 200, page
    return 1_000 * (perf_counter() - begun)


async def _until_up(http: aiohttp.ClientSession) -> None:
    for _ in range(200):
        try:
            async with http.get("/login"):
                return
        except aiohttp.ClientError:
            await asyncio.sleep(0.1)


def addresses(store: Store) -> dict[str, list[str]]:
    """By page what is asked for: another break, text or page of the list each time."""
    ids = [known.latest.id for known in find(store, Filter(), "id", False, 0, REQUESTS + 1).breaks]
    numbers = range(REQUESTS + 1)
    return {
        "home": ["/"],
        "breaks": ["/breaks"],
        "breaks, other pages": [f"/breaks?page={2 + number}" for number in numbers],
        "breaks, by amount, of an account": [f"/breaks?sort=risk&account=th&page={1 + number}" for number in numbers],
        "breaks, part of an id": [f"/breaks?q=rd-00{500 + number}" for number in numbers],
        "breaks, an amount": [f"/breaks?q={100 + number}.00" for number in numbers],
        "breaks, days, exposure, amounts": [f"/breaks?age=8-30&exposure=lost&least={number}" for number in numbers],
        "breaks, soonest due, far behind": [f"/breaks?sort=due&page={200 + number}" for number in numbers],
        "one break": [f"/breaks/{break_id}" for break_id in ids],
        "one break, in a list": [f"/breaks/{break_id}?sort=risk&severity=high" for break_id in ids],
        **{path: [path] for path in ("/reports", "/runs", "/settlement", "/patterns", "/about", "/admin")},
        "/api/breaks": [f"/api/breaks?per_page=100&page={1 + number}" for number in numbers],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--breaks", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    server = own_server() if options.database == "postgresql" else None
    if server:
        server.start()
    with tempfile.TemporaryDirectory() as folder:
        path = configured(Path(folder), server.url if server else "sqlite:///recon.db")
        store = open_store(configuration.load(path, {}).store_url)
        upgrade(store)
        fill(store, options.breaks, options.runs, options.people)
        if server:  # as autovacuum leaves a store: without it no index is read alone
            with store.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
        pages = addresses(store)
        store.dispose()
        port = _free_port()
        process = multiprocessing.get_context("spawn").Process(target=serve_page, args=(path, port), daemon=True)
        process.start()
        try:
            good = asyncio.run(measure(f"http://127.0.0.1:{port}", pages, options.people, options.seconds))
        finally:
            process.terminate()
            process.join()
            if server:
                server.stop()
    sys.exit(0 if good else 1)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


if __name__ == "__main__":
    main()
