"""How fast charges are stored on SQLite, against the driver alone; `make bench-store` runs it.

Both write the same rows, made beforehand, a commit for each page of 100, into a file of its own. The driver alone
inserts by one executemany a page: once rows whose raw objects it compresses itself, as ours does, and once rows that
were packed beforehand as ours packs them, so that nothing but inserting is left. Ours also compares with what is
known and keeps versions.
"""

import argparse
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.bulk import Bulk
from recon.model import ObjectRow
from recon.omise.objects import decode_page
from recon.omise.scrub import Scrub
from recon.store import migrate, tables
from recon.store.engine import Store, open_store
from recon.store.packing import pack
from recon.store.save import Saved, save_objects

PAGE = 100
SEEN = datetime(2026, 3, 9, tzinfo=UTC)
SAMPLE = 20  # decoded pages that stand for all: rows differ in id, and that is what a database sees


def pages(count: int) -> Iterator[list[ObjectRow]]:
    """`count` charges in pages; what decoding costs is not this benchmark's matter."""
    bulk = Bulk(SAMPLE * PAGE)
    window = {"from": "2026-01-01", "to": "2027-01-01", "limit": str(PAGE)}
    bodies = (bulk.page({**window, "offset": str(PAGE * number)}) for number in range(SAMPLE))
    sample = [decode_page("charge", body, Scrub(b"k" * 32)).rows for body in bodies]
    for number in range(count // PAGE):
        yield [_named(row, number * PAGE + place) for place, row in enumerate(sample[number % SAMPLE])]


def _named(row: ObjectRow, number: int) -> ObjectRow:
    name = f"chrg_test_{number:09d}"
    return replace(row, id=name, values=(name, *row.values[1:]))


def driver_alone(folder: Path, count: int, compressed: bool) -> float:
    """Seconds of sqlite3's executemany, a page a transaction, into the same table with the same indexes."""
    store(folder / "driver.db").dispose()
    marks = ", ".join("?" * len(tables.OBJECTS["charge"].columns))
    seconds = 0.0
    with closing(sqlite3.connect(folder / "driver.db", isolation_level=None)) as connection:
        connection.execute("pragma synchronous=NORMAL")
        connection.execute("pragma cache_size=-65536")
        for page in pages(count):
            rows = [_finished(row, compressed) for row in page]
            begun = perf_counter()
            if compressed:
                rows = [(*row[:-1], zlib.compress(row[-1], 1)) for row in rows]
            connection.execute("begin immediate")
            connection.executemany(f"insert into charge values ({marks})", rows)
            connection.execute("commit")
            seconds += perf_counter() - begun
    return seconds


def _finished(row: ObjectRow, compressed: bool) -> tuple[Any, ...]:
    raw = row.raw if compressed else pack("charge", row.raw)
    return ("th", *row.values, 1, 1, None, row.digest, raw)


def ours(engine: Store, count: int) -> tuple[float, Saved]:
    """Seconds of saving every page, and what was saved."""
    seconds, saved = 0.0, Saved()
    for page in pages(count):
        begun = perf_counter()
        saved += save_objects(engine, "th", "charge", page, SEEN)
        seconds += perf_counter() - begun
    return seconds, saved


def store(path: Path) -> Store:
    """A new, empty store."""
    engine = open_store(f"sqlite:///{path}")
    migrate.upgrade(engine)
    return engine


def compare(count: int) -> None:
    """Prints the seconds of each way."""
    with tempfile.TemporaryDirectory() as place:
        plain = driver_alone(Path(place), count, compressed=False)
        (Path(place) / "driver.db").unlink()
        squeezed = driver_alone(Path(place), count, compressed=True)
        engine = store(Path(place) / "recon.db")
        first, saved = ours(engine, count)
        assert saved == Saved(new=count), saved
        again, saved = ours(engine, count)
        assert saved == Saved(unchanged=count), saved
        engine.dispose()
    print(f"| {count:,} charges, a commit for each page of {PAGE} | seconds | x driver | x packed beforehand |")
    print("|---|---|---|---|")
    for name, seconds in (
        ("sqlite3 executemany", squeezed),
        ("the same, raw objects packed beforehand", plain),
        ("omise-recon, new", first),
        ("omise-recon, again and unchanged: nothing written", again),
    ):
        print(f"| {name} | {seconds:.1f} | {seconds / squeezed:.2f} | {seconds / plain:.2f} |")


def main() -> None:
    """Reads the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500_000)
    compare(parser.parse_args().count)


if __name__ == "__main__":
    main()
