"""How fast charges and orders are stored on SQLite and on PostgreSQL, against each driver alone; `make bench-store`.

All write the same rows, made beforehand, with the same raw objects, packed alike: charges, each way in turn for each
page, with a commit for each, and orders in one transaction. The drivers alone insert by executemany (sqlite3), or
COPY into a temporary table and insert from it what is new or has another digest (psycopg): into a bare table, which
has its primary key and no other index, packing as they go or with all packed beforehand, so that nothing but
inserting is left; and, packing, into the store's own table with all of its indexes. Ours writes into that one,
compares with what is known and keeps versions. PostgreSQL is RECON_TEST_POSTGRES_URL, else a server of its own.
"""

import argparse
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd
import psycopg
from sqlalchemy import Column, Index, MetaData, PrimaryKeyConstraint, Table

from benchmarks.bulk import Bulk
from recon import columns as c
from recon.model import ObjectRow
from recon.omise.objects import decode_list, read_objects
from recon.omise.scrub import Scrub
from recon.privacy import HashKey
from recon.store import bulk, tables
from recon.store.engine import SQLITE, Store, open_store, to_micros
from recon.store.versions.packing import pack
from recon.store.versions.save import Saved, save_objects, save_orders
from tests.kit.store_samples import DATABASES, fresh_url

PAGE = 100
CHUNK = 20_000
SEEN = datetime(2026, 3, 9, tzinfo=UTC)
SAMPLE = 2_000  # decoded charges that stand for all: rows differ in id and time, and that is what an index sees
CHARGE = tables.OBJECTS["charge"]
CREATED = c.CHARGE.names.index(c.CREATED_AT)
WAYS = (
    "{}, bare table",
    "{}, bare table, all packed beforehand",
    "{}, the store's table with its indexes",
    "omise-recon, new",
    "omise-recon, again: nothing written",
)
Write = Callable[[Sequence[tuple[Any, ...]]], None]


def pages(count: int, size: int) -> Iterator[list[ObjectRow]]:
    """`count` charges in pages; what decoding costs is not this benchmark's matter."""
    made = Bulk(SAMPLE)
    window = {"from": "2026-01-01", "to": "2027-01-01", "limit": str(PAGE)}
    bodies = (made.page({**window, "offset": str(offset)}) for offset in range(0, SAMPLE, PAGE))
    scrub = Scrub(HashKey((b"k" * 32,)))
    sample = [row for body in bodies for row in read_objects("charge", decode_list(body).objects, scrub)[0]]
    for start in range(0, count, size):
        yield [_named(sample[number % SAMPLE], number) for number in range(start, min(start + size, count))]


def _named(row: ObjectRow, number: int) -> ObjectRow:
    name, values = f"chrg_test_{number:09d}", list(row.values)
    values[0], values[CREATED] = name, to_micros(SEEN) + number * 1_000_000
    return replace(row, id=name, values=tuple(values))


def orders(count: int) -> pd.DataFrame:
    """So many orders, one a second."""
    begin = to_micros(SEEN) - count * 1_000_000
    rows = (
        (
            "th",
            f"A-{number:09d}",
            "shop",
            "paid",
            1_000 + number % 5_000,
            "THB",
            begin + number * 1_000_000,
            0,
            "card",
            f"chrg_test_{number:09d}",
            None,
            None,
            "orders.csv",
            "f" * 64,
            number + 2,
        )
        for number in range(count)
    )
    return c.ORDER.from_rows(rows)


def charges(urls: Sequence[str], count: int, size: int) -> list[float]:
    """Seconds of each of WAYS, each into a store of its own, page by page: so what else goes on meets all alike."""
    seconds = [0.0] * len(WAYS)
    store, saved, known = open_store(urls[3]), Saved(), Saved()
    with _bare(urls[0], CHARGE) as bare, _bare(urls[1], CHARGE) as packed, _alone(urls[2], CHARGE) as indexed:
        for page in pages(count, size):
            rows = [("th", *row.values, 1, 1, None, row.digest) for row in page]
            ready = _packed(rows, page)
            moments = [perf_counter()]
            bare(_packed(rows, page))
            moments.append(perf_counter())
            packed(ready)
            moments.append(perf_counter())
            indexed(_packed(rows, page))
            moments.append(perf_counter())
            saved += save_objects(store, "th", "charge", page, SEEN)
            moments.append(perf_counter())
            known += save_objects(store, "th", "charge", page, SEEN)
            moments.append(perf_counter())
            seconds = [all_ + end - begin for all_, begin, end in zip(seconds, moments, moments[1:], strict=False)]
    store.dispose()
    assert (saved, known) == (Saved(new=count), Saved(unchanged=count)), (saved, known)
    return seconds


def _packed(rows: Sequence[tuple[Any, ...]], page: Sequence[ObjectRow]) -> list[tuple[Any, ...]]:
    return [(*row, pack("charge", of.raw)) for row, of in zip(rows, page, strict=True)]


def driver_orders(url: str, frame: pd.DataFrame) -> float:
    """Seconds of the bare driver for orders; rows and digests are made beforehand."""
    lists = bulk.to_lists(frame, c.ORDER)
    rows = [(*row, 1, 1, None, b"%016d" % number) for number, row in enumerate(zip(*lists, strict=True))]
    with _bare(url, tables.ORDER) as write:
        begun = perf_counter()
        for start in range(0, len(rows), CHUNK):
            write(rows[start : start + CHUNK])
        return perf_counter() - begun


def our_orders(store: Store, frame: pd.DataFrame) -> tuple[float, Saved]:
    """Seconds of saving the orders of a whole source, digests made, and what was saved."""
    begun = perf_counter()
    saved = save_orders(store, frame, c.REJECTED.empty(), SEEN)
    return perf_counter() - begun, saved


def _bare(url: str, table: Table) -> AbstractContextManager[Write]:
    """The driver alone into a new table with the same columns, its primary key and no other index."""
    keys = (c.ACCOUNT, tables.key_of(table))
    copied = (Column(one.name, one.type, primary_key=one.name in keys) for one in table.columns)
    bare, store = Table("bare", MetaData(), *copied), open_store(url)
    bare.create(store)
    store.dispose()
    return _alone(url, bare)


def _alone(url: str, table: Table) -> AbstractContextManager[Write]:
    return _sqlite(url, table) if url.startswith(SQLITE) else _postgresql(url, table)


@contextmanager
def _sqlite(url: str, table: Table) -> Iterator[Write]:
    marks = ", ".join("?" * len(table.columns))
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        connection.execute("pragma synchronous=NORMAL")
        connection.execute("pragma cache_size=-65536")

        def write(rows: Sequence[tuple[Any, ...]]) -> None:
            connection.execute("begin immediate")
            connection.executemany(f'insert into "{table.name}" values ({marks})', rows)
            connection.execute("commit")

        yield write


@contextmanager
def _postgresql(url: str, table: Table) -> Iterator[Write]:
    names = [f'"{column.name}"' for column in table.columns]
    changes = ", ".join(f"{name} = excluded.{name}" for name in names)
    keys = ", ".join(column.name for column in table.primary_key)
    with psycopg.connect(url) as connection:
        connection.execute(f'create temp table fresh (like "{table.name}") on commit delete rows')
        connection.commit()
        upsert = (
            f'insert into "{table.name}" select * from fresh on conflict ({keys}) do update set {changes} '
            f'where "{table.name}".digest <> excluded.digest'
        )

        def write(rows: Sequence[tuple[Any, ...]]) -> None:
            with connection.cursor() as cursor:
                with cursor.copy(f"copy fresh ({', '.join(names)}) from stdin") as copy:
                    for row in rows:
                        copy.write_row(row)
                cursor.execute(upsert)
            connection.commit()

        yield write


def compare(database: str, count: int, size: int) -> None:
    """Prints the seconds of each way on a database, each in a store of its own."""
    with tempfile.TemporaryDirectory() as place:
        urls = [fresh_url(database, Path(place)) for _ in range(5)]
        found, frame = charges(urls, count, size), orders(count)
        alone, store = driver_orders(urls[4], frame), open_store(urls[3])
        first, saved = our_orders(store, frame)
        assert saved == Saved(new=count), saved
        again, saved = our_orders(store, frame)
        assert saved == Saved(unchanged=count), saved
        store.dispose()
    name = "sqlite3 executemany" if database == SQLITE else "psycopg COPY, insert where changed"
    said = "seconds | x bare | x packed | x indexed |"
    print(f"| {database}: {count:,} charges, a commit for each page of {size:,} | {said}\n|---|---|---|---|---|")
    for word, seconds in zip(WAYS, found, strict=True):
        ratios = " | ".join(f"{seconds / peer:.2f}" for peer in found[:3])
        print(f"| {word.format(name)} | {seconds:.1f} | {ratios} |")
    print(f"| {database}: {count:,} orders in one transaction | seconds | x driver |\n|---|---|---|")
    for word, seconds in zip((WAYS[0], *WAYS[3:]), (alone, first, again), strict=True):
        print(f"| {word.format(name)} | {seconds:.1f} | {seconds / alone:.2f} |", flush=True)


def _listed(key: Index | PrimaryKeyConstraint) -> str:
    return f"({', '.join(column.name for column in key.columns)})"


def _name(index: Index) -> str:
    return str(index.name)


def main() -> None:
    """Reads the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500_000)
    parser.add_argument("--page", type=int, default=PAGE, help="charges to a commit")
    parser.add_argument("--database", choices=DATABASES, help="default: one after the other")
    asked = parser.parse_args()
    print(f"The bare table's primary key: (account, charge_id). The store's: {_listed(CHARGE.primary_key)}; indexes:")
    print(", ".join(f"{index.name} {_listed(index)}" for index in sorted(CHARGE.indexes, key=_name)), end=".\n\n")
    for database in [asked.database] if asked.database else DATABASES:
        compare(database, asked.count, asked.page)


if __name__ == "__main__":
    main()
