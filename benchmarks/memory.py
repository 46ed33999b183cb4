"""What a pull of a million charges takes in memory, and what a second one of the same takes in time.

`make bench-memory` runs it. Each size is pulled twice into one SQLite store, in a process of its own; the peak is the
process's own resident set, everything included.
"""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
from pathlib import Path

from benchmarks.processes import answer
from benchmarks.pull import Work, bulk_server, pull


def twice(work: Work) -> dict[str, float]:
    """Seconds of both pulls, versions that the second one wrote, and the peak in MB."""
    from recon.store import migrate
    from recon.store.engine import open_store

    with tempfile.TemporaryDirectory() as place:
        store = open_store(f"sqlite:///{Path(place) / 'recon.db'}")
        migrate.upgrade(store)
        first, new = asyncio.run(pull(store, work))
        assert new == work.count, new
        second, written = asyncio.run(pull(store, work))
        store.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"first": first, "second": second, "written": written, "peak": peak}


def compare(count: int, in_flight: int) -> None:
    """Prints the figures at a tenth of `count` and at `count`."""
    print("| charges | first pull, s | second, s | share | versions written by the second | peak memory, MB |")
    print("|---|---|---|---|---|---|")
    for size in (count // 10, count):
        with bulk_server(size, 0.0) as url:
            work = json.dumps(Work(url, size, in_flight).__dict__)
            found = answer(sys.executable, "-m", "benchmarks.memory", "--work", work)
        share = found["second"] / found["first"]
        seconds = f"{found['first']:.0f} | {found['second']:.0f} | {share:.2f}"
        print(f"| {size:,} | {seconds} | {found['written']:.0f} | {found['peak']:.0f} |", flush=True)


def main() -> None:
    """Reads the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--in-flight", type=int, default=8)
    parser.add_argument("--work", type=json.loads)
    asked = parser.parse_args()
    if asked.work:
        print(json.dumps(twice(Work(**asked.work))))
    else:
        compare(asked.count, asked.in_flight)


if __name__ == "__main__":
    main()
