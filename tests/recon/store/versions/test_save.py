"""Saving: versions, unchanged pages, batches, kills, other accounts."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from recon import columns as c
from recon.model import Balance, Window
from recon.store import tables
from recon.store.engine import Store, open_store, reading, to_micros, writing
from recon.store.versions.load import covered, last_complete
from recon.store.versions.packing import unpack
from recon.store.versions.save import (
    AccountChanged,
    PulledWindow,
    Saved,
    bind_account,
    known_as,
    save_balance,
    save_gone,
    save_objects,
    save_orders,
    save_windows,
)
from tests.kit.places import ROOT
from tests.kit.store_samples import DATABASES, HOUR, NOON, charge, count, opened, orders, rejected, row

NOTHING = rejected()


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def versions(store: Store, kind: str = "charge") -> list[Any]:
    table = tables.ORDER if kind == "order" else tables.OBJECTS[kind]
    with reading(store) as connection:
        found = select(table.c.status, table.c.seen_at, table.c.first_seen_at, table.c.superseded_at)
        return [tuple(version) for version in connection.execute(found.order_by(table.c.seen_at))]


def test_there_and_back_again_makes_three_versions(store: Store) -> None:
    moments = [to_micros(NOON + hours * HOUR) for hours in range(3)]
    for hours, status in enumerate(("pending", "successful", "pending")):
        save_objects(store, "th", "charge", [charge("chrg_1", status)], NOON + hours * HOUR)
    assert versions(store) == [
        ("pending", moments[0], moments[0], moments[1]),
        ("successful", moments[1], moments[0], moments[2]),
        ("pending", moments[2], moments[0], None),
    ]


def test_a_batch_says_what_was_new_changed_and_unchanged(store: Store) -> None:
    assert save_objects(store, "th", "charge", [charge("chrg_1"), charge("chrg_2")], NOON) == Saved(new=2)
    again = [charge("chrg_1"), charge("chrg_2", "reversed"), charge("chrg_3")]
    assert save_objects(store, "th", "charge", again, NOON + HOUR) == Saved(new=1, changed=1, unchanged=1)


def test_no_rows_are_fine(store: Store) -> None:
    assert save_objects(store, "th", "charge", [], NOON) == Saved()
    assert save_orders(store, c.ORDER.empty(), c.REJECTED.empty(), NOON) == Saved()


def test_every_kind_has_its_table(store: Store) -> None:
    for kind in c.KINDS:
        assert save_objects(store, "th", kind, [row(kind, "x_1")], NOON) == Saved(new=1)
        assert count(store, kind) == 1


def test_the_same_id_in_two_accounts_is_two_objects(store: Store) -> None:
    save_objects(store, "th", "charge", [charge("chrg_1")], NOON)
    assert save_objects(store, "sg", "charge", [charge("chrg_1")], NOON) == Saved(new=1)


def test_the_same_id_twice_in_a_batch_is_the_last_one(store: Store) -> None:
    save_objects(store, "th", "charge", [charge("chrg_1", "pending"), charge("chrg_1", "failed")], NOON)
    assert [version[0] for version in versions(store)] == ["failed"]


@pytest.mark.parametrize("later", [0 * HOUR, -HOUR], ids=["in the same microsecond", "by a clock set back"])
def test_a_version_is_later_than_the_one_before_it(store: Store, later: Any) -> None:
    save_objects(store, "th", "charge", [charge("chrg_1", "pending")], NOON)
    save_objects(store, "th", "charge", [charge("chrg_1", "failed")], NOON + later)
    noon = to_micros(NOON)
    assert versions(store) == [("pending", noon, noon, noon + 1), ("failed", noon + 1, noon, None)]


def test_an_unchanged_page_writes_nothing(store: Store) -> None:
    if store.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has no version of its data to compare")
    other = sqlite3.connect(str(store.url.database))
    save_objects(store, "th", "charge", [charge("chrg_1")], NOON)
    save_orders(store, orders({"order_id": "1"}), rejected({}), NOON)
    before = other.execute("PRAGMA data_version").fetchone()
    save_objects(store, "th", "charge", [replace(charge("chrg_1"), raw=b"a clock inside moved")], NOON + HOUR)
    save_orders(store, orders({"order_id": "1"}), rejected({}), NOON + HOUR)
    assert other.execute("PRAGMA data_version").fetchone() == before
    save_objects(store, "th", "charge", [charge("chrg_1", "failed")], NOON + HOUR)
    assert other.execute("PRAGMA data_version").fetchone() != before
    other.close()


def test_money_beyond_what_a_float_holds_is_exact(store: Store) -> None:
    amount = 2**62 + 1
    save_objects(store, "th", "charge", [charge("chrg_1", amount=amount, captured_amount=-amount)], NOON)
    save_orders(store, orders({"amount": amount}), NOTHING, NOON)
    with reading(store) as connection:
        table = tables.OBJECTS["charge"].c
        assert connection.execute(select(table.amount, table.captured_amount)).one() == (amount, -amount)
        assert connection.execute(select(tables.ORDER.c.amount)).scalar_one() == amount


def test_the_raw_object_and_the_digest_come_back_as_they_were(store: Store) -> None:
    given = replace(charge("chrg_1"), raw=bytes(range(256)))
    save_objects(store, "th", "charge", [given], NOON)
    with reading(store) as connection:
        table = tables.OBJECTS["charge"].c
        raw, digest = connection.execute(select(table.raw, table.digest)).one()
    assert (unpack(raw), digest) == (given.raw, given.digest)


def test_an_object_is_known_as_it_came_while_that_version_is_current(store: Store) -> None:
    marks = {"chrg_1": b"a" * 16, "chrg_2": b"b" * 16}
    assert known_as(store, "th", "charge", marks) == frozenset()
    save_objects(store, "th", "charge", [charge("chrg_1"), charge("chrg_2")], NOON, marks)
    assert known_as(store, "th", "charge", marks) == {"chrg_1", "chrg_2"}
    assert known_as(store, "sg", "charge", marks) == frozenset()
    assert known_as(store, "th", "charge", marks | {"chrg_1": b"c" * 16}) == {"chrg_2"}
    assert save_objects(store, "th", "charge", [charge("chrg_1")], NOON + HOUR, {"chrg_1": b"c" * 16}).unchanged == 1
    came_last = marks | {"chrg_1": b"c" * 16}
    assert known_as(store, "th", "charge", came_last) == {"chrg_1", "chrg_2"}, "it is known as it came"
    save_objects(store, "th", "charge", [charge("chrg_1", "failed")], NOON + HOUR, {"chrg_1": b"d" * 16})
    assert known_as(store, "th", "charge", marks) == {"chrg_2"}
    save_gone(store, "th", "charge", ["chrg_2"], NOON + HOUR)
    assert known_as(store, "th", "charge", marks) == frozenset()


@pytest.mark.parametrize("number", [1, 99, 100, 250])
def test_any_number_of_objects_is_stored_at_once(store: Store, number: int) -> None:
    many = [charge(f"chrg_{n}", amount=n) for n in range(number)]
    assert save_objects(store, "th", "charge", many, NOON) == Saved(new=number)
    with reading(store) as connection:
        table = tables.OBJECTS["charge"].c
        stored = connection.execute(select(table.charge_id, table.amount)).all()
    assert sorted(map(tuple, stored)) == sorted((row.id, row.values[2]) for row in many)


def test_a_crash_between_pages_keeps_whole_pages(store: Store) -> None:
    good = [charge("chrg_1"), charge("chrg_2")]
    save_objects(store, "th", "charge", good, NOON)
    broken = charge("chrg_4")
    unstorable = replace(broken, values=(None, *broken.values[1:]))
    with pytest.raises(Exception, match=r"(?i)null"):
        save_objects(store, "th", "charge", [charge("chrg_1", "failed"), charge("chrg_3"), unstorable], NOON + HOUR)
    assert [version[0] for version in versions(store)] == ["successful", "successful"]
    assert save_objects(store, "th", "charge", [*good, charge("chrg_3")], NOON) == Saved(new=1, unchanged=2)


ENDLESS = """
import sys
from recon.store.engine import open_store
from recon.store.versions.save import save_objects
from tests.kit.store_samples import NOON, charge

store = open_store(sys.argv[1])
for page in range(100_000):
    save_objects(store, "th", "charge", [charge(f"chrg_{page}_{number}") for number in range(10)], NOON)
    print(page, flush=True)
"""


@pytest.mark.proof  # the suite has the page that breaks off above, and an archive that is killed in test_archive.py
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # PostgreSQL's server outlives its client
def test_a_process_killed_while_it_writes_leaves_whole_pages(store: Store) -> None:
    root, command = ROOT, [sys.executable, "-c", ENDLESS, str(store.url)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        saved = [int(writer.stdout.readline()) for _ in range(20)]
        writer.kill()
    rows = count(store, "charge")
    assert rows % 10 == 0
    assert rows >= 10 * len(saved)
    page = [charge(f"chrg_{saved[-1]}_{number}") for number in range(10)]
    assert save_objects(store, "th", "charge", page, NOON + HOUR) == Saved(unchanged=10)


def test_writers_at_the_same_time_lose_nothing(store: Store) -> None:
    save_balance(store, "th", Balance("THB", 0, 0, 0, None), NOON)
    table = tables.BALANCE

    def add(_: int) -> None:
        for _ in range(10):
            with writing(store) as connection:
                total = connection.execute(select(table.c.total)).scalar_one()
                connection.execute(table.update().values(total=total + 1))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(4)))
    with reading(store) as connection:
        assert connection.execute(select(table.c.total)).scalar_one() == 40


def test_the_same_page_from_several_threads_is_stored_once(store: Store) -> None:
    page = [charge(f"chrg_{number}") for number in range(50)]
    with ThreadPoolExecutor(4) as pool:
        saved = list(pool.map(lambda _: save_objects(store, "th", "charge", page, NOON), range(8)))
    assert sum(one.new for one in saved) == 50
    assert count(store, "charge") == 50


def test_an_order_in_a_newer_file_is_no_new_version(store: Store) -> None:
    save_orders(store, orders({"file": "a.csv", "row": 2}), NOTHING, NOON)
    newer = orders({"file": "b.csv", "file_hash": "f1", "row": 9})
    assert save_orders(store, newer, NOTHING, NOON + HOUR) == Saved(unchanged=1)
    with reading(store) as connection:
        assert connection.execute(select(tables.ORDER.c.file, tables.ORDER.c.row)).one() == ("a.csv", 2)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "refunded"},
        {"amount": 101},
        {"currency": "SGD"},
        {"created_at": NOON + HOUR},
        {"refunded_amount": 1},
        {"payment_method": "card"},
        {"charge_id": "chrg_1"},
        {"customer": "h"},
        {"source": "other"},
        {"payment_method": ""},
    ],
    ids=str,
)
def test_whatever_the_shop_changes_is_a_new_version(store: Store, change: dict[str, Any]) -> None:
    save_orders(store, orders({}), NOTHING, NOON)
    assert save_orders(store, orders(change), NOTHING, NOON + HOUR) == Saved(changed=1)
    assert save_orders(store, orders(change), NOTHING, NOON + HOUR) == Saved(unchanged=1)


def test_an_absent_order_stays_and_the_last_of_two_wins(store: Store) -> None:
    save_orders(store, orders({"order_id": "1"}), NOTHING, NOON)
    twice = orders({"order_id": "2", "status": "pending"}, {"order_id": "2", "status": "paid"})
    assert save_orders(store, twice, NOTHING, NOON + HOUR) == Saved(new=1)
    assert [version[0] for version in versions(store, "order")] == ["paid", "paid"]


def test_more_orders_than_are_compared_at_once_of_two_accounts(store: Store) -> None:
    many = orders({}).loc[[0] * 22_000].reset_index(drop=True)
    many[c.ORDER_ID] = many.index.astype("str")
    many.loc[many.index % 20 == 0, c.ACCOUNT] = "sg"
    assert save_orders(store, many, NOTHING, NOON) == Saved(new=22_000)
    many.loc[[7, 21_007], c.AMOUNT] = 1
    assert save_orders(store, many, NOTHING, NOON + HOUR) == Saved(changed=2, unchanged=21_998)


def test_an_unread_row_is_closed_once_its_source_no_longer_holds_it(store: Store) -> None:
    save_orders(store, orders({}), rejected({"digest": "d1"}, {"digest": "d2", "source": "other"}), NOON)
    save_orders(store, orders({}), rejected({"digest": "d3"}), NOON + HOUR)
    with reading(store) as connection:
        table = tables.REJECTED.c
        found = connection.execute(select(table.digest, table.superseded_at).order_by(table.digest)).all()
    assert [tuple(each) for each in found] == [("d1", to_micros(NOON + HOUR)), ("d2", None), ("d3", None)]


def test_an_unread_row_may_go_and_come_back_at_once(store: Store) -> None:
    for found in (rejected({}), NOTHING, rejected({}), NOTHING, rejected({})):
        save_orders(store, orders({}), found, NOON)
    with reading(store) as connection:
        table = tables.REJECTED.c
        found_versions = connection.execute(select(table.seen_at, table.superseded_at).order_by(table.seen_at)).all()
    noon = to_micros(NOON)
    assert [tuple(each) for each in found_versions] == [(noon, noon + 1), (noon + 1, noon + 2), (noon + 2, None)]


def test_a_name_is_tied_to_one_account_and_one_mode(store: Store) -> None:
    bind_account(store, "th", "acct_1", "TH", "THB", False, NOON)
    bind_account(store, "th", "acct_1", "TH", "THB", False, NOON + HOUR)
    with pytest.raises(AccountChanged, match=r"acct_1.*acct_2"):
        bind_account(store, "th", "acct_2", "TH", "THB", False, NOON)
    with pytest.raises(AccountChanged, match="is test in this store: live objects"):
        bind_account(store, "th", "acct_1", "TH", "THB", True, NOON)


def test_an_object_of_the_other_mode_is_refused(store: Store) -> None:
    bind_account(store, "th", "acct_1", "TH", "THB", False, NOON)
    with pytest.raises(AccountChanged, match="live objects"):
        save_objects(store, "th", "charge", [charge("chrg_1"), charge("chrg_2", livemode=True)], NOON)
    assert count(store, "charge") == 0


def test_windows_are_complete_where_total_and_rows_agree(store: Store) -> None:
    first, second = Window(NOON, NOON + HOUR), Window(NOON + HOUR, NOON + 2 * HOUR)
    save_windows(store, "th", [PulledWindow("charge", second, 5, 5, NOON + 3 * HOUR)])
    save_windows(store, "th", [PulledWindow("charge", first, 5, 4, NOON + 3 * HOUR)])
    assert covered(store, "th", "charge") == (second,)
    save_windows(store, "th", [PulledWindow("charge", first, 5, 5, NOON + 4 * HOUR)])
    assert covered(store, "th", "charge") == (Window(first.start, second.end),)
    assert last_complete(store, "th", "charge") == (second.end, NOON + 3 * HOUR)
    assert covered(store, "th", "refund") == covered(store, "sg", "charge") == ()
    assert last_complete(store, "th", "refund") is last_complete(store, "sg", "charge") is None


def test_a_naive_moment_is_refused(store: Store) -> None:
    with pytest.raises(TypeError):
        save_objects(store, "th", "charge", [charge("chrg_1")], NOON.replace(tzinfo=None))


def test_only_two_databases_are_known(tmp_path: Path) -> None:
    for url in ("sqlite://", "sqlite:///:memory:", "mysql://somewhere/db", "postgresql+asyncpg://somewhere/db"):
        with pytest.raises(ValueError, match="neither sqlite"):
            open_store(url)
    open_store(f"sqlite:///{tmp_path}/new/folder/recon.db").dispose()
    assert (tmp_path / "new" / "folder").is_dir()
