"""How fast stored charges become typed frames, against ADBC on the same SQLite file; `make bench-match` runs it too.

Each reads in a process of its own: ADBC and the standard library's driver do not share a file in one process. ADBC
hands over texts and integers; ours also makes moments, flags and nullable amounts, and reads the metadata. Ours reads
the same rows from PostgreSQL, too: RECON_TEST_POSTGRES_URL, else a server of its own.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.processes import answer, interpreter

APART = ("adbc-driver-manager", "adbc-driver-sqlite", "pyarrow", "pandas")
AS_OF = datetime(2027, 1, 1, tzinfo=UTC)
CHUNK = 10_000


def fill(url: str, count: int) -> None:
    """Puts `count` charges into a store: a made world's, again and again under other ids."""
    import msgspec

    from recon.omise.objects import decode_object
    from recon.omise.scrub import Scrub
    from recon.privacy import HashKey
    from recon.sandbox.server.objects import body
    from recon.sandbox.worlds.world import make_world
    from recon.store.engine import open_store
    from recon.store.versions.save import save_objects

    world = make_world(7, date(2026, 5, 4), date(2026, 5, 10), 2_000, ("th",))
    at, scrub = int(world.as_of.timestamp()), Scrub(HashKey((b"bench",)), ("customer_email",))
    charges = [charge for charge in world.books["th"].charges if charge.created <= at]
    sample = [decode_object("charge", msgspec.json.encode(body(charge, at)), scrub) for charge in charges]
    store = open_store(url)
    for start in range(0, count, CHUNK):
        numbers = range(start, min(start + CHUNK, count))
        rows = [(sample[number % len(sample)], f"chrg_test_{number:019d}") for number in numbers]
        ready = [replace(row, id=id, values=(id, *row.values[1:])) for row, id in rows]
        save_objects(store, "th", "charge", ready, world.as_of)
    store.dispose()


def ours(url: str) -> Callable[[], int]:
    """The whole of load_books; all other tables are empty."""
    from recon.store.engine import open_store
    from recon.store.versions.load import MetadataKeys, load_books

    store = open_store(url)
    return lambda: len(load_books(store, AS_OF, keys=MetadataKeys(customers=("customer_email",))).charges)


def adbc(url: str) -> Callable[[], int]:
    """The same columns, by account, creation and id, into pandas."""
    from adbc_driver_sqlite import dbapi

    def work() -> int:
        with (
            dbapi.connect(f"file:{url.removeprefix('sqlite:///')}?mode=ro") as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("pragma table_info('charge')")
            names = [row[1] for row in cursor.fetchall() if row[1] not in ("raw", "digest", "superseded_at")]
            # It takes a column's type from the first batch: a text that begins with nulls would be a number.
            cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": "1000000"})
            cursor.execute(
                f"select {', '.join(names)} from charge where superseded_at is null "
                "order by account, created_at, charge_id"
            )
            return len(cursor.fetch_arrow_table().to_pandas())

    return work


PEERS = {"ADBC": adbc, "load_books": ours, "load_books, PostgreSQL": ours}


def main() -> None:
    """Reads the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peer", choices=list(PEERS))
    parser.add_argument("--store")
    asked = parser.parse_args()
    if asked.peer:
        work, found = PEERS[asked.peer](asked.store), []
        for _ in range(3):
            begun, used = perf_counter(), process_time()
            count = work()
            found.append((perf_counter() - begun, process_time() - used))
        print(json.dumps([min(one) for one in zip(*found, strict=True)] + [count]))
        return
    from tests.kit.store_samples import DATABASES, fresh_url

    with tempfile.TemporaryDirectory() as place:
        urls = [fresh_url(database, Path(place)) for database in DATABASES]
        for url in urls:
            fill(url, asked.rows)
        print(f"| reading {asked.rows:,} charges | seconds | CPU seconds | x ADBC |\n|---|---|---|---|")
        base = 0.0
        for peer in PEERS:
            python = interpreter(peer, APART if peer == "ADBC" else ())
            words = ("--peer", peer, "--store", urls["PostgreSQL" in peer])
            seconds, cpu, count = answer(python, "-m", "benchmarks.load", *words)
            assert count == asked.rows, f"{peer} read {count} of {asked.rows}"
            base = base or seconds
            print(f"| {peer} | {seconds:.2f} | {cpu:.2f} | {seconds / base:.2f} |")


if __name__ == "__main__":
    main()
