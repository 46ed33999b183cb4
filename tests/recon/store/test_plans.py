"""How the databases find what is asked for: by an index, never through all of an account."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from recon.model import Window
from recon.store import tables
from recon.store.desk import overview, worklist
from recon.store.desk.worklist import Filter
from recon.store.engine import Store, open_store, reading
from recon.store.related import unfinished
from recon.store.runs import figures
from recon.store.versions import evidence
from recon.store.versions.counting import count_listed
from recon.store.versions.save import known_as, save_objects
from tests.kit.plans import plans
from tests.kit.store_samples import HOUR, NOON, charge, fresh_url

WINDOW = Window(NOON, NOON + HOUR)
SWEPT = dict.fromkeys(("charge", "refund", "transfer", "dispute"), (WINDOW,))
PENDING = "ix_charge_pending (account=? AND status=?)"
CURRENT = "uq_charge_current (charge_id=? AND account=?)"
CHARGES, REFUNDS = tables.OBJECTS["charge"], tables.OBJECTS["refund"]
OPEN = "INDEX ix_break_list (status=?"


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Store]:
    store = open_store(fresh_url("sqlite", tmp_path))
    yield store
    store.dispose()


@pytest.mark.parametrize(
    ("work", "indexes"),
    [
        (
            lambda store: unfinished.not_final(store, "th", SWEPT),
            (PENDING, "ix_refund_pending (account=? AND status=?)"),
        ),
        (
            lambda store: unfinished.with_new_parts(store, "th", NOON, SWEPT),
            (CURRENT, "ix_refund_account_seen_at (account=? AND seen_at>?)"),
        ),
        (
            lambda store: unfinished.named_by_transactions(store, "th", NOON, SWEPT),
            (CURRENT, "ix_transaction_account_seen_at (account=? AND seen_at>?)"),
        ),
        (
            lambda store: count_listed(store, "th", "charge", WINDOW),
            ("ix_charge_account_created_at (account=? AND created_at>? AND created_at<?)",),
        ),
        (
            lambda store: unfinished.may_succeed_late(store, "th", NOON, timedelta(days=2), SWEPT),
            ("ix_charge_account_created_at (account=? AND created_at>?)", "ix_match_charge_id_charge_account"),
        ),
        (
            lambda store: unfinished.unlisted(store, "th", "charge", WINDOW, ()),
            ("ix_charge_account_created_at (account=? AND created_at>? AND created_at<?)",),
        ),
        (
            lambda store: known_as(store, "th", "charge", {"chrg_1": b""}),
            ("sqlite_autoindex_charge_1 (account=? AND charge_id=?)",),
        ),
        (lambda store: worklist.find(store, Filter(), "risk", True, 0, 50), (f"COVERING {OPEN})",)),
        (lambda store: worklist.find(store, Filter(frozenset({"th"})), "id", False, 0, 50), (OPEN + " AND",)),
        (lambda store: overview.open_sums(store, None), (OPEN,)),
        (lambda store: figures.open_breaks(store), (OPEN,)),
    ],
)
def test_sqlite_takes_the_index_that_was_made_for_it(
    sqlite: Store, work: Callable[[Store], Any], indexes: tuple[str, ...]
) -> None:
    found = plans(sqlite, work)
    assert all(index in found for index in indexes), found
    assert "SCAN charge" not in found
    assert "INDEX ix_charge_account_created_at (account=? AND created_at<?)" not in found


@pytest.mark.parametrize("account", ["th", "jp", None])
def test_sqlite_finds_one_object_by_its_key_in_whatever_account(sqlite: Store, account: str | None) -> None:
    save_objects(sqlite, "th", "charge", [charge("chrg_1")], NOON)
    found = plans(sqlite, lambda store: evidence.versions(store, "charge", account, "chrg_1"))
    assert "sqlite_autoindex_charge_1 (account=? AND charge_id=?)" in found
    assert ("uq_charge_current (charge_id=?)" in found) == (account != "th")
    assert "SCAN charge" not in found


@pytest.mark.parametrize(
    ("table", "condition", "index"),
    [
        (CHARGES, tables.IS_PENDING, PENDING),
        (CHARGES, tables.IS_PAID_LATE & (CHARGES.c.paid_at > 0), "ix_charge_paid_late (account=? AND paid_at>?)"),
        (REFUNDS, tables.IS_REFUND_PENDING, "ix_refund_pending (account=? AND status=?)"),
        (tables.ORDER, tables.IS_REFUND_REQUESTED, "ix_order_refund_requested (account=? AND status=?)"),
    ],
)
def test_sqlite_finds_few_among_many_by_an_index_of_them(
    sqlite: Store, table: Any, condition: Any, index: str
) -> None:
    def work(store: Store) -> None:
        with reading(store) as connection:
            connection.execute(select(table).where(table.c.account == "th", condition)).all()

    assert index in plans(sqlite, work)


def test_postgresql_looks_ids_up_by_the_key_before_it_has_any_statistics(tmp_path: Path) -> None:
    """It took another index for the ids, and read all of the account for every page of a first pull."""
    store = open_store(fresh_url("postgresql", tmp_path))
    for page in range(4):
        rows = [charge(f"chrg_{page * 1_000 + number:09d}") for number in range(1_000)]
        save_objects(store, "th", "charge", rows, NOON)
    found = plans(store, lambda one: known_as(one, "th", "charge", {f"chrg_{n:09d}": b"" for n in range(100)}))
    assert "using pk_charge" in found
    store.dispose()
