"""A store copied into another database: the same rows, all or none, and it goes on counting."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, insert, select

from recon.store import copying, migrate
from recon.store.bulk import insert_rows
from recon.store.copying import CopyRefused, copy_store
from recon.store.desk import audit
from recon.store.engine import Store, open_store, reading, writing
from recon.store.schema import METADATA
from recon.store.tables import ACCOUNT, RUN, RUN_ACCOUNT
from recon.store.tables.desk import AUDIT
from recon.store.versions.save import save_objects, save_orders
from tests.kit.store_samples import DATABASES, HOUR, NOON, charge, count, fresh_url, orders, rejected

KEY = b"k" * 32
RUN_ROW = {
    "started_at": NOON,
    "recorded_at": NOON,
    "as_of": NOON,
    "who": "ann",
    "command": "run",
    "options": '{"b": 1, "a": "ราคา"}',
    "software": "0",
    "config_digest": "d",
    "status": "complete",
    "timings": "{}",
}


def filled(url: str) -> Store:
    """Versions with raw bytes, flags, days, moments and nulls, counted rows and an audit log of a key."""
    store = open_store(url)
    save_objects(store, "th", "charge", [charge("chrg_1", paid=True), charge("chrg_ü")], NOON)
    save_objects(store, "th", "charge", [charge("chrg_1", paid_at=NOON + HOUR)], NOON + HOUR)
    save_orders(store, orders({}, {"order_id": "2", "customer": "h"}), rejected({}), NOON)
    with writing(store) as connection:
        connection.execute(insert(ACCOUNT), [_account("th", livemode=True), _account("jp", livemode=False)])
        connection.execute(insert(RUN), [{"id": number, **RUN_ROW} for number in (1, 7)])
        day = date(2026, 3, 1)
        ranged = {"account": "th", "first_day": day, "last_day": day, "counts": "{}", "result_digest": "r"}
        connection.execute(insert(RUN_ACCOUNT), {"run_id": 7, **ranged})
        for subject in ("th", "jp"):
            audit.append(connection, "ann", "looked", subject, {"n": 1}, NOON, KEY)
        connection.exec_driver_sql("CREATE TABLE procrastinate_jobs (id BIGINT)")
    return store


def _account(name: str, *, livemode: bool) -> dict[str, Any]:
    said = {"omise_id": "acct", "country": "TH", "currency": "THB"}
    return {"name": name, "livemode": livemode, "first_seen_at": NOON, **said}


def rows(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    with reading(store) as connection:
        return {
            name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for name, table in METADATA.tables.items()
        }


@pytest.mark.parametrize("target_database", DATABASES)
@pytest.mark.parametrize("database", DATABASES)
def test_a_copy_is_the_same_and_goes_on_counting(
    database: str, target_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_ROWS", 1)
    source = filled(fresh_url(database, tmp_path))
    target = open_store(fresh_url(target_database, tmp_path, migrated=database == target_database))
    copied = copy_store(source, target, NOON)
    assert rows(target) == rows(source)
    assert {name: copied.rows[name] for name in ("charge", "order", "run", "audit")} == {
        "charge": 3,
        "order": 2,
        "run": 2,
        "audit": 2,
    }
    assert copied.left_out == ("procrastinate_jobs",)
    assert migrate.is_current(target)
    assert audit.prove(target, [KEY]) == []
    with writing(target) as connection:
        assert connection.execute(insert(RUN), RUN_ROW).inserted_primary_key == (8,)
        audit.append(connection, "ann", "looked", "again", {}, NOON, KEY)
        assert connection.execute(select(AUDIT.c.seq).order_by(AUDIT.c.seq)).scalars().all() == [1, 2, 3]
    for store in (source, target):
        store.dispose()


@pytest.mark.parametrize("database", DATABASES)
def test_a_copy_that_breaks_off_or_differs_leaves_nothing_and_is_made_again(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = filled(fresh_url("sqlite", tmp_path))
    target = open_store(fresh_url(database, tmp_path))

    def lose(connection: Any, table: Table, page: Sequence[tuple[Any, ...]]) -> None:
        insert_rows(connection, table, page[1:] if table is RUN_ACCOUNT else page)

    with monkeypatch.context() as patched:
        patched.setattr(copying, "insert_rows", lose)
        with pytest.raises(CopyRefused, match="run_account: 1 rows were sent"):
            copy_store(source, target, NOON)
    assert not any(rows(target).values())
    copy_store(source, target, NOON)
    with pytest.raises(CopyRefused, match="not empty, nothing was written: rows in account, audit, charge"):
        copy_store(source, target, NOON)
    assert count(target, "charge") == 3
    for store in (source, target):
        store.dispose()


def test_anybodys_rows_are_in_the_way(tmp_path: Path) -> None:
    source = filled(fresh_url("sqlite", tmp_path))
    target = open_store(fresh_url("sqlite", tmp_path, migrated=False))
    with writing(target) as connection:
        connection.exec_driver_sql('CREATE TABLE "their order" AS SELECT 1 AS id')
    with pytest.raises(CopyRefused, match="rows in their order"):
        copy_store(source, target, NOON)
    assert migrate.current(target) is None
    for store in (source, target):
        store.dispose()
