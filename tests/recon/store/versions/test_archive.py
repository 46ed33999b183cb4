"""Old evidence in files: nothing is lost or doubled, and every question is answered as before, on both databases."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from recon import columns as c
from recon.model import Books, Window
from recon.store import migrate, tables
from recon.store.desk import audit, workbooks
from recon.store.desk.people import Act
from recon.store.engine import SQLITE, Store, open_store, reading, writing
from recon.store.runs.record import RunAccount, RunRecord
from recon.store.tables.archive import ARCHIVE_FILE
from recon.store.versions import archive
from recon.store.versions.archive import ArchiveError, copy_files, folder_of, keep_in, look
from recon.store.versions.archiving import MOVED, ArchiveStopped, give_back
from recon.store.versions.archiving import archive as move
from recon.store.versions.evidence import versions
from recon.store.versions.load import load_books
from recon.store.versions.save import Saved, known_as, save_gone, save_objects, save_orders
from tests.kit.archived_store import LATE, MOMENTS, cut, evidence, fill, killed_after, known, raw_objects, rows_of
from tests.kit.recorded_runs import put_run
from tests.kit.store_samples import (
    DATABASES,
    HOUR,
    NOON,
    charge,
    copied_database,
    count,
    fresh_url,
    opened,
    orders,
    rejected,
)

DAY = timedelta(days=1)
ACT = Act("anna", datetime(2026, 6, 1, tzinfo=UTC), b"key")


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    for store in opened(request.param, tmp_path):
        keep_in(store, tmp_path / "archive")
        yield store


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    for store in opened("sqlite", folder):
        fill(store)
        migrate.copy(store, folder / "whole.db")
    return folder / "whole.db"


@pytest.fixture(scope="module")
def filled_database(tmp_path_factory: pytest.TempPathFactory) -> str:
    store = open_store(fresh_url("postgresql", tmp_path_factory.mktemp("none")))
    fill(store)
    store.dispose()
    return store.url.render_as_string(hide_password=False)


@pytest.fixture
def lite(tmp_path: Path, filled: Path) -> Iterator[Store]:
    """A filled store."""
    store = open_store(f"sqlite:///{shutil.copy(filled, tmp_path)}")
    yield store
    store.dispose()


@pytest.fixture(params=DATABASES)
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A filled store of either database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("lite")
        return
    store = open_store(copied_database(request.getfixturevalue("filled_database")))
    keep_in(store, tmp_path / "archive")
    yield store
    store.dispose()


def same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    assert one.keys() == other.keys()
    for name, frame in one.items():
        pd.testing.assert_frame_equal(frame, other[name], obj=name)


def frames(books: Books) -> dict[str, pd.DataFrame]:
    return {name: value for name, value in vars(books).items() if isinstance(value, pd.DataFrame)}


@pytest.mark.parametrize("full", ["sqlite", pytest.param("postgresql", marks=pytest.mark.proof)], indirect=True)
def test_every_question_is_answered_as_before(full: Store) -> None:
    then = [known(full, moment) for moment in MOMENTS]
    assert any(books["charges"][c.WAS_FAILED].any() for books in then)
    now, seen, rows = load_books(full, LATE), evidence(full), rows_of(full)
    raw = rows_of(full, archive.RAW_OBJECTS)
    before = count(full, "charge")
    for hours in (4, 40):
        assert move(full, cut(NOON + hours * HOUR), ACT, batch=40)
        assert move(full, cut(NOON + hours * HOUR), ACT) == [], "what is gone does not go again"
        for moment, books in zip(MOMENTS, then, strict=True):
            same(known(full, moment), books)
        same(frames(load_books(full, LATE)), frames(now))
        assert rows_of(full) == rows
        assert rows_of(full, archive.RAW_OBJECTS) == raw
    assert count(full, "charge") < before / 2
    assert ("VACUUM FULL" in give_back(full)) == (full.dialect.name != SQLITE)
    assert evidence(full) == seen
    assert audit.prove(full, [ACT.audit_key or b""]) == []


def test_it_stays_where_later_work_reads_it(full: Store) -> None:
    move(full, cut(LATE), ACT)
    with reading(full) as connection:
        table = tables.OBJECTS["charge"].c
        kept = select(table.charge_id, table.status, table.superseded_at.is_(None), table.raw == MOVED)
        rows = connection.execute(kept.where(table.account == "th").order_by(table.charge_id, table.seen_at)).all()
    assert [tuple(one) for one in rows] == [
        ("chrg_a", "failed", False, True),  # its success came late
        ("chrg_a", "reversed", True, True),
        ("chrg_b", "expired", False, True),  # and the last of its first life
        ("chrg_b", "successful", True, True),
        ("chrg_c", "successful", True, True),
        ("chrg_d", "successful", True, True),
        ("chrg_e", "pending", True, False),  # may still change
        ("chrg_f", "successful", False, True),  # vanished
        ("chrg_g", "failed", False, True),
        ("chrg_g", "successful", True, True),
    ]


def test_a_pull_goes_on_as_if_nothing_had_gone(full: Store) -> None:
    move(full, cut(LATE), ACT)
    later, metadata = NOON + 20 * HOUR, '{"order_id": "0", "mail": null, "other": ["ร้าน"]}'
    as_before = charge("chrg_d", metadata=metadata)
    assert known_as(full, "th", "charge", {"chrg_d": b"a mark"}) == {"chrg_d"}
    assert save_objects(full, "th", "charge", [as_before], later) == Saved(unchanged=1)
    assert save_objects(full, "th", "charge", [charge("chrg_d", "reversed")], later) == Saved(changed=1)
    assert save_gone(full, "th", "charge", ["chrg_c"], later) == 1
    assert save_objects(full, "th", "charge", [charge("chrg_f")], NOON) == Saved(new=1)
    (_, gone), (again, _) = [(one.seen_at, one) for one in versions(full, "charge", "th", "chrg_f")][-2:]
    assert again == NOON + 2 * HOUR, "it begins anew when it was gone, however early it was seen"
    assert gone.fields["status"] == "successful"
    seen = evidence(full)
    assert move(full, cut(LATE), ACT), "the version that ended since, whose raw object went before"
    assert evidence(full) == seen
    assert raw_objects(full, "charge", "th", "chrg_d")[0] == (NOON, as_before.raw)


def test_only_what_is_older_than_its_account_s_moment_goes(lite: Store) -> None:
    moved = move(lite, replace(cut(NOON), accounts={"jp": NOON + HOUR}), ACT)
    assert {one.account for one in moved} == {"jp"}
    with reading(lite) as connection:
        (ended,) = connection.execute(select(ARCHIVE_FILE.c.last_superseded_at)).scalars()
    assert ended is None, "no version had ended before the hour: raw objects alone were old"


def test_what_ended_since_the_run_before_stays_for_the_sign_offs(store: Store) -> None:
    for hour, status in enumerate(("paid", "cancelled", "refunded")):
        made = {"status": status, "created_at": NOON + hour * DAY}  # the shop corrects the day, too
        save_orders(store, orders(made), rejected(), NOON + 2 * hour * HOUR)
    for hour in (1, 3):
        recorded(store, NOON + hour * HOUR)
    day = (Window(NOON, NOON + HOUR), (NOON.date(), NOON.date()))
    assert workbooks.touched_since(store, "th", *day, NOON + HOUR)
    move(store, cut(LATE), ACT)
    assert workbooks.touched_since(store, "th", *day, NOON + HOUR)
    recorded(store, NOON + 5 * HOUR)
    assert sum(one.rows for one in move(store, cut(LATE), ACT)) == 1, "an hour on, nobody asks for the first any more"


def recorded(store: Store, at: datetime) -> None:
    run = RunRecord(at, at, at, "test", "run", {}, "0", "c", "complete", {})
    part = RunAccount("th", at.date(), at.date(), {}, "r")
    put_run(store, run, [part])


def test_a_file_that_is_not_as_it_was_is_named(lite: Store, tmp_path: Path) -> None:
    move(lite, cut(LATE), ACT)
    file = ARCHIVE_FILE.c
    wanted = select(file.name).where(file.kind == "charge", file.what == "versions", file.account == "th")
    with reading(lite) as connection:
        path = folder_of(lite) / connection.execute(wanted).scalar_one()
    whole = path.read_bytes()
    asked = (
        lambda: known(lite, NOON),
        lambda: versions(lite, "charge", "th", "chrg_c"),
        lambda: raw_objects(lite, "charge", "th", "chrg_c"),
        lambda: copy_files(lite, tmp_path / "copy"),
    )
    files, size, _ = look(lite)
    for content in (whole[:100] + bytes([whole[100] ^ 1]) + whole[101:], whole[:-1], None):
        path.unlink() if content is None else path.write_bytes(content)
        expected = [] if content and len(content) == len(whole) else [str(path)]
        assert [words.partition(":")[0] for words in look(lite)[2]] == expected, (
            "of the same size: who reads it says so"
        )
        for ask in asked:
            with pytest.raises(ArchiveError, match=path.name):
                ask()
    assert len(list((tmp_path / "copy").iterdir())) == files - 1, "all others are copied"
    assert versions(lite, "charge", "th", "chrg_c", archived=False)
    assert versions(lite, "charge", "jp", "chrg_c"), "of another account's file"
    load_books(lite, LATE)
    path.write_bytes(whole)
    assert copy_files(lite, tmp_path / "copy") == len(list(folder_of(lite).iterdir())) == files
    assert look(lite) == (files, size, [])


def test_the_audit_log_has_every_file(store: Store) -> None:
    save_objects(store, "th", "charge", [charge("chrg_1")], NOON)
    ((moved,), key) = (move(store, cut(LATE), ACT), ACT.audit_key)
    assert audit.prove(store, [key or b""]) == []
    for change, words in (
        ("update archive_file set sha256 = 'other'", "another hash than its name"),
        ("update archive_file set name = 'other'", "in no audit entry"),
        ("delete from archive_file", "was removed from the records; audit entry 1 has it"),
    ):
        with writing(store) as connection:
            connection.exec_driver_sql(change)
        assert any(words in one for one in audit.prove(store, [key or b""])), moved


def test_a_folder_that_cannot_be_written_moves_nothing(lite: Store, tmp_path: Path) -> None:
    rows = count(lite, "charge")
    (tmp_path / "file").write_text("")
    keep_in(lite, tmp_path / "file" / "folder")
    with pytest.raises(ArchiveStopped, match="cannot be written"):
        move(lite, cut(LATE), ACT)
    assert (count(lite, "charge"), count(lite, "archive_file")) == (rows, 0)


def test_a_file_that_cannot_be_recorded_takes_no_row_out(lite: Store) -> None:
    rows, raw = rows_of(lite), rows_of(lite, archive.RAW_OBJECTS)
    full = "create trigger full before insert on archive_file begin select raise(abort, 'full'); end"
    with writing(lite) as connection:
        connection.exec_driver_sql(full)
    with pytest.raises(IntegrityError, match="full"):
        move(lite, cut(LATE), ACT)
    assert (rows_of(lite), rows_of(lite, archive.RAW_OBJECTS)) == (rows, raw)
    with writing(lite) as connection:
        connection.exec_driver_sql("drop trigger full")
    move(lite, cut(LATE), ACT)
    assert (rows_of(lite), rows_of(lite, archive.RAW_OBJECTS)) == (rows, raw)
    assert len(list(folder_of(lite).iterdir())) == count(lite, "archive_file"), (
        "what was left over has its name again"
    )


def test_postgresql_needs_to_be_told_the_folder(tmp_path: Path) -> None:
    for store in opened("postgresql", tmp_path):
        save_objects(store, "th", "charge", [charge("chrg_1")], NOON)
        with pytest.raises(ArchiveError, match=r"\[store\] archive"):
            move(store, cut(LATE), ACT)
        assert len(known(store, NOON)["charges"]) == len(versions(store, "charge", "th", "chrg_1")) == 1


def test_two_at_once_move_nothing_twice(lite: Store) -> None:
    rows, raw = rows_of(lite), rows_of(lite, archive.RAW_OBJECTS)

    def one(_: int) -> str:
        try:
            move(lite, cut(LATE), ACT, batch=6)
        except ArchiveError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(one, range(2)))
    assert all("another archive" in words for words in said if words)
    assert rows_of(lite) == rows
    move(lite, cut(LATE), ACT)
    assert (rows_of(lite), rows_of(lite, archive.RAW_OBJECTS)) == (rows, raw)


def test_a_kill_loses_and_doubles_nothing(lite: Store) -> None:
    then, folder = known(lite, MOMENTS[1]), folder_of(lite)
    rows, raw = rows_of(lite), rows_of(lite, archive.RAW_OBJECTS)
    assert killed_after(str(lite.url), folder, 2)
    (folder / "left over.tmp").write_bytes(b"half")
    os.utime(folder / "left over.tmp", (0, 0))
    for again in (False, True):
        assert bool(again and move(lite, cut(LATE), ACT)) == again, "it was not done"
        same(known(lite, MOMENTS[1]), then)
        assert (rows_of(lite), rows_of(lite, archive.RAW_OBJECTS)) == (rows, raw)
    assert not list(folder.glob("left over*"))
