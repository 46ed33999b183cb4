"""What months of a merchant's history cost to judge, by size, and on one or two workers; `make bench-scale`.

The history (`benchmarks.history`) stands in the store already: what is measured is `recon backfill` without its pull,
month by month, in a process of its own. Figures are wall seconds and, in brackets, CPU seconds of that process: what
else a machine does meets these less. The peak is the process's own resident set, with everything that it imported.
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, LiteralString

from benchmarks.history import SHOPS, Shop, fill, months_before, now
from benchmarks.processes import answer

MONTHS = 12
SIZES = (100_000, 1_000_000)
COUNTS = (1, 2)  # of workers
EVEN = tuple(Shop(shop.name, shop.currency, shop.zone, 25) for shop in SHOPS)  # so that workers can share the work
CONFIG = """[store]
url = "{url}"
[orders.shop]
kind = "csv"
path = "orders/*.csv"
[reports]
folder = "reports"
"""
ACCOUNT = """[accounts.{name}]
region = "{region}"
currency = "{currency}"
timezone = "{zone}"
secret_key = {{ file = "key" }}
"""


@dataclass(frozen=True)
class Measured:
    """Seconds (wall, CPU) by month, oldest first, of judging and of the step after it, which may write workbooks;
    the peak in MB; and how many breaks are open in the end."""

    judging: list[tuple[float, float]]
    reporting: list[tuple[float, float]]
    peak_mb: float
    open_breaks: int


class _Steps:
    """A progress that notes the clocks at the end of each step."""

    def __init__(self) -> None:
        self.ends = [(perf_counter(), process_time())]

    def start(self, name: str, total: int | None) -> None:
        """Nothing."""

    def advance(self, name: str, _done: int, _total: int | None) -> None:
        """Notes the clocks where a step of the batch is over."""
        if name == "steps":
            self.ends.append((perf_counter(), process_time()))

    def finish(self, name: str) -> None:
        """Nothing."""


def prepare(folder: Path, url: str, shops: Sequence[Shop], queued: bool = False) -> Path:
    """A configuration with an order source that has nothing new to say; its path."""
    accounts = "".join(ACCOUNT.format(**asdict(shop), region=shop.name.upper()) for shop in shops)
    path = folder / "config.toml"
    path.write_text(CONFIG.format(url=url) + accounts, encoding="utf-8")
    if queued:
        (folder / "queue").write_text(url, encoding="utf-8")
        path.write_text(path.read_text(encoding="utf-8") + '[queue]\nurl = { file = "queue" }\n', encoding="utf-8")
    (folder / "key").write_text("skey_test_benchmark", encoding="utf-8")
    (folder / "orders").mkdir(exist_ok=True)
    names = "order_id,account,amount,currency,status,created_at,refunded_amount,payment_method,charge_id"
    (folder / "orders" / "none.csv").write_text(names + "\n", encoding="utf-8")
    return path


def make(path: Path, orders: int, months: int, even: bool) -> dict[str, float]:
    """Fills the configured store; seconds, orders, and CPU seconds."""
    from jobs.config import config as configuration
    from jobs.run.opening.store import open_ready_store

    begun, moment = perf_counter(), now()
    store = open_ready_store(configuration.load(path, {}))
    shops = EVEN if even else SHOPS
    made = fill(store, shops, months_before(moment.date(), months), orders // months, moment)
    store.dispose()
    return {"seconds": perf_counter() - begun, "orders": made}


def here(path: Path, months: int, judged: int, report: bool) -> Measured:
    """The backfill of the first so many months in this process."""
    from jobs.batch.backfill import backfill
    from jobs.config import config as configuration
    from jobs.run.opening.store import open_ready_store
    from jobs.run.outcome import RunOptions
    from recon.store.runs.record import breaks_to_carry

    span, steps, config = months_before(now().date(), months)[:judged], _Steps(), configuration.load(path, {})
    asked = RunOptions(span[0][0], span[-1][1], pull=False, report=report, by="bench", command="backfill")
    outcomes = asyncio.run(backfill(config, asked, now, steps))
    assert len(outcomes) == judged, len(outcomes)
    assert all(outcome.complete for outcome in outcomes), [outcome.messages for outcome in outcomes]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with_store = open_ready_store(config)
    breaks = len(breaks_to_carry(with_store))
    with_store.dispose()
    judging = []
    reporting = []
    accounts = len(config.accounts)
    ends = steps.ends[judged:]  # what comes before them read files
    for month in range(judged):
        begun, last_judged, reported = (ends[month * (accounts + 1) + step] for step in (0, accounts, accounts + 1))
        judging.append((last_judged[0] - begun[0], last_judged[1] - begun[1]))
        reporting.append((reported[0] - last_judged[0], reported[1] - last_judged[1]))
    return Measured(judging, reporting, peak, breaks)


def child(way: str, *words: object) -> Any:
    """What a process of its own said."""
    return answer(sys.executable, "-m", "benchmarks.scale", "--way", way, *words)


def one_size(orders: int, months: int, judged: int, place: Path, report: bool) -> tuple[Measured, float]:
    """What a size takes in a store of its own, and the megabytes of that store."""
    folder = place / f"{orders}-{months}"
    folder.mkdir()
    config = prepare(folder, "sqlite:///recon.db", SHOPS)
    said = child("fill", "--config", config, "--orders", orders, "--months", months)
    print(f"{said['orders']:,} orders stored in {said['seconds']:.0f} s; {load()}", file=sys.stderr, flush=True)
    words = ["--config", config, "--months", months, "--judge", judged, *(["--report"] if report else [])]
    found = Measured(**child("here", *words))
    size = sum(one.stat().st_size for one in folder.glob("recon.db*")) / 1e6
    shutil.rmtree(folder)
    return found, size


def compare(wanted: Sequence[tuple[int, int]], most: int, place: Path, report: bool) -> None:
    """Prints every size's figures: wall seconds (and CPU seconds)."""
    print(load())
    print(
        "| orders, months | judging | first month | median | last | per 100,000 orders | workbooks per 100,000 "
        "| peak, MB | store, MB | open breaks |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
    for orders, months in wanted:
        judged = min(most, months)
        found, size = one_size(orders, months, judged, place, report)
        part = orders * judged // months
        each, all_ = sorted(found.judging), _sum(found.judging)
        cells = [all_, found.judging[0], each[judged // 2], found.judging[-1], _share(all_, part)]
        said = [f"{wall:.1f} ({cpu:.1f})" for wall, cpu in [*cells, _share(_sum(found.reporting), part)]]
        name = f"{orders:,}, {months}" + (f", the first {judged} judged" if judged < months else "")
        rest = f"{found.peak_mb:.0f} | {size:,.0f} | {found.open_breaks:,}"
        print(f"| {name} | {' | '.join(said)} | {rest} |", flush=True)
    print(load())


def _sum(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return sum(wall for wall, _ in pairs), sum(cpu for _, cpu in pairs)


def _share(pair: tuple[float, float], orders: int) -> tuple[float, float]:
    return pair[0] / orders * 1e5, pair[1] / orders * 1e5


def load() -> str:
    """What else this machine does."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def shared(orders: int, months: int, counts: Sequence[int]) -> None:
    """Prints how long workers take for the same backfill, each number of them on a database of its own."""
    name = f"{orders:,} orders, {months} months, {len(EVEN)} accounts, PostgreSQL"
    print(f"{load()}\n| {name} | s | x one | database, MB |\n|---|---|---|---|", flush=True)
    base = 0.0
    for count in counts:
        with tempfile.TemporaryDirectory() as place:
            seconds, size = asyncio.run(_on_queue(orders, months, count, Path(place)))
        base, who = base or seconds, f"{count} worker{'s' * (count > 1)}"
        print(f"| {who} | {seconds:.0f} | {base / seconds:.2f} | {size:,.0f} |", flush=True)
    print(load())


async def _on_queue(orders: int, months: int, count: int, folder: Path) -> tuple[float, float]:
    """Seconds from asking to the last month's end, and megabytes of the database then."""
    from jobs.batch.backfill import backfill
    from jobs.batch.queue import enqueue_and_wait, install
    from jobs.config import config as configuration
    from jobs.run.outcome import RunOptions
    from tests.kit.store_samples import fresh_url

    url = fresh_url("postgresql", folder)
    path = prepare(folder, url, EVEN, queued=True)
    child("fill", "--config", path, "--orders", orders, "--months", months, "--even")
    ask(url, "vacuum analyze")  # what the database would come to know by itself, in time
    config = configuration.load(path, {})
    await install(config)
    span = months_before(now().date(), months)
    asked = RunOptions(span[0][0], span[-1][1], pull=False, report=False, by="bench", command="backfill")
    with workers(path, count):
        await asyncio.sleep(5)  # until they listen
        begun = perf_counter()
        outcomes = await backfill(config, asked, now, _Steps(), enqueue_and_wait)
        seconds = perf_counter() - begun
    assert len(outcomes) == months, len(outcomes)
    assert all(outcome.complete for outcome in outcomes), [outcome.messages for outcome in outcomes]
    [size] = ask(url, "select pg_database_size(current_database())")
    return seconds, size / 1e6


def ask(url: str, statement: LiteralString) -> tuple[Any, ...]:
    """The first row of what a database answers, if anything."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return (cursor.fetchone() or ()) if cursor.description else ()


@contextmanager
def workers(path: Path, count: int) -> Iterator[None]:
    """So many `recon worker` processes, one step at a time each, for the block."""
    words = [str(Path(sys.executable).with_name("recon")), "--config", str(path), "worker", "--concurrency", "1"]
    log = (path.parent / "log").open("wb")
    started = [subprocess.Popen(words, stderr=log, stdout=log) for _ in range(count)]
    try:
        yield
    finally:
        for one in started:
            one.terminate()
        for one in started:
            one.wait()
        log.close()


def main() -> None:
    """Reads the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", help="only sizes: orders in all")
    parser.add_argument("--months", type=int, default=MONTHS)
    parser.add_argument("--judge", type=int, default=MONTHS, help="only so many of the months")
    parser.add_argument("--workers", type=int, nargs="*", help="only so many workers, on PostgreSQL: 1 2")
    parser.add_argument("--no-reports", action="store_true", help="measure no workbooks")
    parser.add_argument("--folder", type=Path, help="where the stores are made; else the system's temporary folder")
    parser.add_argument("--way", choices=["fill", "here"])
    parser.add_argument("--config", type=Path)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--even", action="store_true")
    asked = parser.parse_args()
    if asked.way == "fill":
        print(json.dumps(make(asked.config, asked.orders, asked.months, asked.even)))
    elif asked.way == "here":
        print(json.dumps(asdict(here(asked.config, asked.months, asked.judge, asked.report))))
    elif asked.workers is not None:
        shared(asked.orders, asked.months, asked.workers or COUNTS)
    else:
        sizes = asked.sizes or SIZES
        wanted = [(size, asked.months) for size in sizes]
        if not asked.sizes:  # the largest once more with a third of its months: the same partitions
            wanted.append((max(sizes) // 3, asked.months // 3))
        with tempfile.TemporaryDirectory(dir=asked.folder) as place:
            compare(wanted, asked.judge, Path(place), not asked.no_reports)
        if not asked.sizes:
            shared(asked.orders, asked.months // 2, COUNTS)


if __name__ == "__main__":
    main()
