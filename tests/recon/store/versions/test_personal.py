"""What is saved while a key is begun waits for it; what a change that was killed wrote goes with the next one."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from recon.columnar import parquet
from recon.model import Malformed, ObjectRow, Traces, Window
from recon.omise.hashes import StoredHashes
from recon.omise.objects import stored_object
from recon.privacy import HashKey
from recon.store.desk import access
from recon.store.desk.people import Act
from recon.store.engine import Store, open_store, reading, writing
from recon.store.tables import KEPT_ASIDE, MATCH, OBJECTS
from recon.store.tables.desk import AUDIT
from recon.store.versions import archive, archiving, customers, kept_aside, packing, personal, rewriting
from recon.store.versions.customers import Customers, HashKeyMissing, keep_customers
from recon.store.versions.save import save_objects, save_orders
from tests.kit.store_samples import DATABASES, NOON, charge, fresh_url, orders, rejected

TEXTS = StoredHashes(lambda _: None).texts
OLD, NEW = HashKey((b"o" * 32,)), HashKey((b"o" * 32, b"n" * 32))


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = open_store(fresh_url(request.param, tmp_path))
    archive.keep_in(store, tmp_path / "archive")
    yield store
    store.dispose()


def as_it_is(_kind: str, row: ObjectRow) -> ObjectRow:
    return row


def begin(store: Store, key: HashKey, hold: ExitStack) -> None:
    connection = hold.enter_context(writing(store, rewriting.LOCK))
    rewriting.lock(connection)
    customers.begin_key(connection, key.ids[-1], NOON)


def test_what_is_saved_while_a_key_is_begun_waits_and_is_refused(store: Store) -> None:
    with ExitStack() as hold:
        begin(store, OLD, hold)
    keep_customers(store, Customers(OLD, as_it_is, TEXTS))
    assert save_objects(store, "th", "charge", [charge("chrg_1")], NOON).new == 1
    with ThreadPoolExecutor(1) as pool, ExitStack() as hold:
        begin(store, NEW, hold)
        saving = pool.submit(save_objects, store, "th", "charge", [charge("chrg_2")], NOON)
        with pytest.raises(NotYet):
            saving.result(timeout=0.2)
        hold.close()
        with pytest.raises(HashKeyMissing, match="begin another one"):
            saving.result()
    with reading(store) as connection:
        assert customers.key_in_force(connection) == NEW.ids[-1]


def test_old_lines_of_the_access_log_go_and_the_audit_log_says_how_many(store: Store) -> None:
    with writing(store, "record") as connection:
        for days in (800, 731, 729, 0):
            access.append(connection, access.Entry(NOON - timedelta(days=days), "anna", "192.0.2.1", access.LOG_IN))
    act = Act("anna", NOON, None)
    changes = personal.changes_of(str, lambda _kind, _raw: pytest.fail("nothing is stored"), lambda *texts: texts)
    before = NOON - timedelta(days=730)
    done = personal.apply_retention(store, NOON - timedelta(days=9), before, lambda _raw: None, changes, act)
    assert done.rows == {"access": 2}
    assert [line.at for line in access.find(store, access.Wanted(), 0, 9)[1]] == [NOON, NOON - timedelta(days=729)]
    with reading(store) as connection:
        [entry] = connection.execute(select(AUDIT.c.what, AUDIT.c.detail)).all()
    assert (entry.what, json.loads(entry.detail)["rows"]) == (personal.PAST_ITS_TIME, {"access": 2})
    assert personal.apply_retention(store, NOON, before, lambda _raw: None, changes, act).rows == {}


def test_files_that_a_killed_change_did_not_record_go_with_the_next_one(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    for name in ("cut.parquet", "cut.parquet.begun", "cut.parquet.passing", "of another store.parquet"):
        (folder / name).write_bytes(b"hashes")
    changes = personal.changes_of(str, lambda _kind, _raw: pytest.fail("nothing is stored"), lambda *texts: texts)
    personal.renew(store, None, OLD.ids[-1], changes, Act("anna", NOON, None))
    assert [path.name for path in folder.iterdir()] == ["of another store.parquet"]


def test_a_customer_of_an_object_that_is_kept_aside_is_forgotten_and_stays_so(store: Store) -> None:
    with ExitStack() as hold:
        begin(store, OLD, hold)
    keep_customers(store, Customers(OLD, as_it_is, TEXTS))
    ann, ben = OLD.hash("ann@shop.example"), OLD.hash("ben@shop.example")
    odd = [
        Malformed("charge", "chrg_1", "amount is no whole number", "one", Traces(description=ann, metadata="{}")),
        Malformed("charge", "", "id is missing", "two", Traces(metadata=json.dumps({"customer": ann}))),
        Malformed("charge", "chrg_3", "amount is no whole number", "three", Traces(description=ben)),
    ]
    changes = personal.changes_of(lambda _: None, lambda _kind, _raw: pytest.fail("none is raw"), TEXTS)
    kept_aside.keep_aside(store, "th", odd, Window(NOON, NOON), NOON)
    personal.erase(store, ann, changes, Act("anna", NOON, None))
    kept_aside.keep_aside(store, "th", odd, Window(NOON, NOON), NOON + timedelta(days=1))
    table = KEPT_ASIDE.c
    texts = select(table.name, table.description, table.metadata).order_by(table.name)
    with reading(store) as connection:
        assert [tuple(row) for row in connection.execute(texts)] == [
            ("chrg_1", None, "{}"),
            ("chrg_3", ben, None),
            ("two", None, json.dumps({"customer": None})),
        ]
    before = NOON + timedelta(days=2)
    personal.apply_retention(store, before, before, lambda _raw: None, changes, Act("anna", before, None))
    kept_aside.keep_aside(store, "th", odd, Window(NOON, NOON), before)
    with reading(store) as connection:
        assert {row.description for row in connection.execute(texts)} == {None}


def test_an_event_that_quotes_a_charge_of_an_erased_order_loses_the_card_s_name_too(store: Store) -> None:
    with ExitStack() as hold:
        begin(store, OLD, hold)
    without = partial(stored_object, change=lambda _: None)
    keep_customers(store, Customers(OLD, lambda kind, row: without(kind, row.raw), TEXTS))
    ann, name = OLD.hash("ann@shop.example"), OLD.hash("Ann Example")
    quoted = {"object": "charge", "id": "chrg_1", "card": {"object": "card", "name": name}}
    event = {"object": "event", "id": "evnt_1", "livemode": True, "key": "charge.create", "data": quoted}
    body = json.dumps({**event, "created_at": "2026-03-01T12:00:00Z"}).encode()
    as_read = stored_object("event", body, lambda stored: stored)
    save_objects(store, "th", "event", [as_read], NOON)
    save_orders(store, orders({"customer": ann}), rejected(), NOON)
    with writing(store) as connection:
        connection.execute(insert(MATCH).values(("th", "1", "th", "chrg_1", "amount")))
    changes = personal.changes_of(lambda _: None, without, TEXTS)
    done, _ = personal.erase(store, ann, changes, Act("anna", NOON, None))
    assert done.rows == {"event": 1, "order": 1}
    assert save_objects(store, "th", "event", [as_read], NOON + timedelta(days=1)).unchanged == 1
    with reading(store) as connection:
        [raw] = connection.execute(select(OBJECTS["event"].c.raw)).scalars()
    assert json.loads(packing.unpack(raw))["data"]["card"] == {"object": "card", "name": None}


def test_what_is_erased_while_it_moves_into_the_archive_does_not_come_back(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as hold:
        begin(store, OLD, hold)
    keep_customers(store, Customers(OLD, as_it_is, TEXTS))
    ann = OLD.hash("ann@shop.example")
    for hours, amount in enumerate((100, 200, 300)):
        save_orders(store, orders({"customer": ann, "amount": amount}), rejected(), NOON + timedelta(hours=hours))
    act = Act("anna", NOON + timedelta(days=1), None)
    changes = personal.changes_of(lambda _: None, lambda _kind, _raw: pytest.fail("none is raw"), TEXTS)

    def erase_meanwhile(*file: Any) -> None:
        written(*file)
        personal.erase(store, ann, changes, act)

    written = archiving.write_file
    cut = archiving.Cut({}, act.at)
    (tmp_path / "archive").mkdir()
    with monkeypatch.context() as killed:
        killed.setattr(archiving, "_recorded", lambda *_: pytest.fail("it is killed before it records its file"))
        with pytest.raises(pytest.fail.Exception):
            archiving.archive(store, cut, act)
    assert len(list((tmp_path / "archive").glob("*.parquet"))) == 1
    (tmp_path / "archive" / "half.tmp").write_text(ann)
    personal.erase(store, OLD.hash("ben@shop.example"), changes, act)
    assert list((tmp_path / "archive").iterdir()) == [], "nobody's files keep what another one erases"
    monkeypatch.setattr(archiving, "write_file", erase_meanwhile)
    with pytest.raises(archive.ArchiveError, match="changed in place"):
        archiving.archive(store, cut, act)
    monkeypatch.undo()
    assert list((tmp_path / "archive").iterdir()) == []
    [moved] = archiving.archive(store, cut, act)
    [file] = (tmp_path / "archive").iterdir()
    assert (file.name, moved.rows) == (moved.name, 2)
    assert parquet.read_table(file)["customer"].to_pylist() == [None, None]
