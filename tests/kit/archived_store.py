"""A store with lives of every kind to archive, and what can be asked of it; run as a process, it archives a store."""

import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import select

from recon import columns as c
from recon.store import tables
from recon.store.desk.people import Act
from recon.store.engine import Store, from_micros, open_store, reading, to_micros
from recon.store.tables.archive import ARCHIVE_FILE
from recon.store.versions import archive, packing
from recon.store.versions.archiving import Cut
from recon.store.versions.archiving import archive as move
from recon.store.versions.evidence import versions
from recon.store.versions.frames import fetch_all
from recon.store.versions.load import MetadataKeys, book_queries
from recon.store.versions.save import save_bank_lines, save_gone, save_objects, save_orders
from tests.kit.store_samples import HOUR, NOON, charge, orders, rejected, row

LATE = NOON + timedelta(days=30)
HOURS = 8
MOMENTS = [NOON + half * HOUR / 2 for half in (1, 6, 11)]
# charge -> its statuses hour by hour; "gone": Omise does not know it any more; "": not looked at.
LIVES = {
    "chrg_a": ("pending", "failed", "successful", "", "reversed", "", "", ""),
    "chrg_b": ("pending", "", "expired", "gone", "", "pending", "successful", ""),
    "chrg_c": ("pending", "successful", "pending", "successful", "pending", "successful", "pending", "successful"),
    "chrg_d": ("successful", "", "", "", "", "", "", ""),
    "chrg_e": ("pending", "", "", "", "", "", "", ""),
    "chrg_f": ("pending", "successful", "gone", "", "", "", "", ""),
    "chrg_g": ("", "", "pending", "failed", "", "", "pending", "successful"),
}
PLAIN = ("refund", "transfer", "transaction", "dispute", "event", "receipt")
FINAL: Mapping[str, Mapping[str, Any]] = {
    "refund": {"status": "closed"},
    "transfer": {"paid": True},
    "dispute": {"status": "won"},
}


def fill(store: Store) -> None:
    """Every kind of object, orders and bank lines, seen hour by hour from noon on."""
    for hour in range(HOURS):
        for account in ("th", "jp"):
            _charges(store, account, hour)
        for kind in PLAIN:
            seen = [row(kind, f"{kind}_{n}", **FINAL.get(kind, {}), **_vary(kind, hour // n)) for n in (2, 5)]
            save_objects(store, "th", kind, seen, NOON + hour * HOUR)
        texts = ("", 'it\'s\n"q" , ร้าน', "NULL", "card")
        some = [{"order_id": str(n), "amount": hour // n, "payment_method": texts[hour % 4]} for n in (1, 3, 9)]
        save_orders(
            store, orders(*some, {"account": "jp", "order_id": "J", "row": hour}), rejected(), NOON + hour * HOUR
        )
        lines = bank_lines({"reference": texts[hour % 3]}, {"line_id": "l2", "amount": -hour // 3})
        save_bank_lines(store, "bank.scb", lines, rejected(), NOON + hour * HOUR)


def _charges(store: Store, account: str, hour: int) -> None:
    said = {key: life[hour] for key, life in LIVES.items() if life[hour]}
    metadata = f'{{"order_id": "{hour}", "mail": null, "other": ["ร้าน"]}}'
    seen = [charge(key, status, metadata=metadata) for key, status in said.items() if status != "gone"]
    save_objects(store, account, "charge", seen, NOON + hour * HOUR, {"chrg_d": b"a mark"})
    save_gone(store, account, "charge", [key for key, status in said.items() if status == "gone"], NOON + hour * HOUR)


def _vary(kind: str, number: int) -> Mapping[str, Any]:
    if kind == "event":
        return {"object_id": f"chrg_{number}"}
    return {"total" if kind == "receipt" else "amount": number}


def bank_lines(*rows: Mapping[str, Any]) -> pd.DataFrame:
    """Lines of account "th", booked at noon's day."""
    plain = {
        "account": "th",
        "line_id": "l1",
        "source": "scb",
        "booked_on": "2026-03-01",
        "value_on": None,
        "amount": 5,
        "currency": "THB",
        "description": None,
        "reference": None,
        "payout": True,
        "file": "b.csv",
        "file_hash": "f",
        "row": 1,
    }
    return c.BANK_LINE.from_rows([tuple({**plain, **given}.values()) for given in rows])


def cut(moment: datetime) -> Cut:
    """Everything before one moment is old."""
    return Cut({}, moment)


def known(store: Store, moment: datetime) -> dict[str, pd.DataFrame]:
    """Every frame of the books as it was known at a moment, archived versions among it."""
    wanted = book_queries(store.dialect.name, LATE, moment, MetadataKeys(customers=("other",)))
    with reading(store) as connection:
        found = dict(zip(wanted, fetch_all([connection], list(wanted.values())), strict=True))
        return {
            name: archive.with_archived(connection, frame, wanted[name], to_micros(moment))
            for name, frame in found.items()
        }


def evidence(store: Store) -> dict[tuple[str, str], Any]:
    """Every version of everything of "th", as people see it and as Omise said it."""
    found: dict[tuple[str, str], Any] = {}
    for kind, table in archive.TABLES.items():
        key = table.c[tables.key_of(table)]
        with reading(store) as connection:
            ids = connection.execute(select(key).where(table.c[c.ACCOUNT] == "th").distinct()).scalars().all()
        for one in ids:
            raw = raw_objects(store, kind, "th", one) if kind in tables.OBJECTS else None
            found[kind, one] = (versions(store, kind, "th", one), raw)
    return found


def raw_objects(store: Store, kind: str, account: str, object_id: str) -> list[tuple[datetime, bytes]]:
    """What Omise said of an object, stored or archived: every version's JSON with since when it was known, oldest
    first. Raises ArchiveError."""
    table = tables.OBJECTS[kind]
    key = table.c[tables.key_of(table)]
    names = [c.ACCOUNT, key.name, c.SEEN_AT, tables.RAW]
    raw: dict[int, bytes] = {}
    with reading(store) as connection:
        for file in connection.execute(select(ARCHIVE_FILE).where(ARCHIVE_FILE.c.kind == kind)):
            rows = archive.read(archive.folder_of(connection), file, names).to_pylist()
            own = [row for row in rows if (row[c.ACCOUNT], row[key.name]) == (account, object_id)]
            raw.update({row[c.SEEN_AT]: row[tables.RAW] or raw.get(row[c.SEEN_AT], b"") for row in own})
        stored = select(table.c[c.SEEN_AT], table.c[tables.RAW]).where(
            table.c[c.ACCOUNT] == account, key == object_id
        )
        for seen, packed in connection.execute(stored):
            raw[seen] = packing.unpack(packed) if packed else raw.get(seen, b"")
    assert all(raw.values()), f"{object_id}: a raw object is neither in the store nor in its archive"
    return [(from_micros(seen), raw[seen]) for seen in sorted(raw)]


def rows_of(store: Store, what: str = archive.VERSIONS) -> list[tuple[Any, ...]]:
    """Kind and key of every version that is stored, or archived: whole, or its raw object; sorted."""
    found = []
    with reading(store) as connection:
        for table in archive.TABLES.values():
            names = [c.ACCOUNT, tables.key_of(table), c.SEEN_AT]
            wanted = select(*(table.c[name] for name in names))
            if what == archive.RAW_OBJECTS:
                if tables.RAW not in table.c:
                    continue
                wanted = wanted.where(table.c[tables.RAW] != b"")
            found += [(table.name, *one) for one in connection.execute(wanted)]
        for file in connection.execute(select(ARCHIVE_FILE)):
            names = [c.ACCOUNT, tables.key_of(archive.TABLES[file.kind]), c.SEEN_AT, tables.RAW]
            lines = archive.read(archive.folder_of(connection), file, names).to_pylist()
            assert len(lines) == file.row_count
            has = [tuple(line.values()) for line in lines]
            found += [(file.kind, *one[:3]) for one in has if (file.what == what if what == "versions" else one[3])]
    return sorted(found)


def killed_after(url: str, folder: Path, files: int, pause_s: float = 0) -> bool:
    """A process that archives a few rows at a time, killed a while after so many files more; false: it was done."""
    words = [sys.executable, "-m", "tests.kit.archived_store", url, str(folder)]
    before = len(list(folder.glob("*.parquet")))
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begins\n"
        while process.poll() is None and len(list(folder.glob("*.parquet"))) - before < files:
            time.sleep(0.001)
        time.sleep(pause_s)
        process.kill()
        return process.wait() == -9


if __name__ == "__main__":
    store = open_store(sys.argv[1])
    archive.keep_in(store, Path(sys.argv[2]))
    print("begins", flush=True)
    move(store, cut(LATE), Act("test", datetime.now(UTC)), batch=4)
