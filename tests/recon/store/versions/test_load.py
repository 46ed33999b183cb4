"""Loading: as of a moment, versions of the time, metadata keys, exact frames, what to read again."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recon import columns as c
from recon.bounds import LARGEST_AMOUNT
from recon.model import Books, ObjectRow, Window
from recon.store import tables
from recon.store.engine import Store, writing
from recon.store.related.unfinished import named_not_stored, not_final
from recon.store.versions.load import MetadataKeys, load_books
from recon.store.versions.save import save_objects, save_orders
from tests.kit.properties import DEAR
from tests.kit.store_samples import DATABASES, HOUR, NOON, charge, opened, orders, rejected, row

NOTHING = rejected()
TOMORROW = NOON + 24 * HOUR
LATER = Window(TOMORROW, TOMORROW + HOUR)  # nothing here was made in it


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def save(store: Store, *rows: ObjectRow, kind: str = "charge", account: str = "th", at: datetime = NOON) -> None:
    save_objects(store, account, kind, rows, at)


def test_an_empty_store_gives_empty_frames_with_all_their_columns(store: Store) -> None:
    books = load_books(store, NOON)
    for frame, found in (
        (c.ORDERS, books.orders),
        (c.CHARGES, books.charges),
        (c.REFUNDS, books.refunds),
        (c.TRANSFERS, books.transfers),
        (c.TRANSACTIONS, books.transactions),
        (c.DISPUTES, books.disputes),
        (c.REJECTED, books.rejected),
    ):
        assert len(frame.check(found)) == 0


def test_every_frame_holds_what_was_saved(store: Store) -> None:
    for kind in ("refund", "transfer", "transaction", "dispute"):
        save(store, row(kind, "x_1"), kind=kind)
    save(store, charge("chrg_1", authorized=True, paid_at=NOON + HOUR / 7, captured_amount=3, fee_rate="3.65"))
    save_orders(store, orders({"payment_method": "card", "row": 7}), rejected({"account": "th"}), NOON)
    books = load_books(store, NOON)
    assert [len(f) for f in (books.refunds, books.transfers, books.transactions, books.disputes)] == [1, 1, 1, 1]
    found = books.charges.iloc[0]
    assert (found["authorized"], found["captured_amount"], found["fee_rate"]) == (True, 3, "3.65")
    assert (found["paid_at"], found["seen_at"], found["first_seen_at"]) == (NOON + HOUR / 7, NOON, NOON)
    assert found[["expires_at", "method", "order_ref"]].isna().all()
    c.ORDERS.check(books.orders)
    expected = orders({"payment_method": "card", "row": 7})
    asked = [name for name in c.ORDER.names if name in c.ORDERS.names]
    pd.testing.assert_frame_equal(books.orders[asked], expected[asked])
    pd.testing.assert_frame_equal(books.rejected, rejected({"account": "th"}))


def test_the_largest_amount_is_exact_and_what_an_older_version_stored_beyond_it_is_left_out(store: Store) -> None:
    big = LARGEST_AMOUNT
    save(
        store,
        charge("chrg_1", amount=big, captured_amount=big),
        charge("chrg_2", amount=-big),
        charge("chrg_3", amount=2**62),
        charge("chrg_4", captured_amount=2**53 + 1),
        charge("chrg_5", fee=-(2**63)),
    )
    books = load_books(store, NOON)
    charges = books.charges
    assert charges["amount"].tolist() == [big, -big]
    assert books.outside == {"th": 3}
    assert charges["captured_amount"][0] == big
    assert charges["captured_amount"].isna().tolist() == [False, True]


TEXTS = [
    "",
    "NULL",
    "null",
    "it's",
    "''",
    "a,b",
    "a\nb",
    "a\r\nb",
    '"q"',
    "\\",
    "\\N",
    " x ",
    "t",
    "1",
    "000123",
    "ร้าน",
    "🙂",
    "%s",
    ",",
]


def test_every_text_comes_back_as_it_was(store: Store) -> None:
    save(store, *(charge(f"chrg_{n:02d}", description=text) for n, text in enumerate(TEXTS)), charge("chrg_99"))
    found = load_books(store, NOON).charges["description"]
    assert found[: len(TEXTS)].tolist() == TEXTS
    assert found.isna().tolist() == [*[False] * len(TEXTS), True]


def test_what_was_made_at_the_moment_is_in_and_what_came_after_is_not(store: Store) -> None:
    microsecond = timedelta(microseconds=1)
    save(store, charge("chrg_1", created_at=NOON), charge("chrg_2", created_at=NOON + microsecond), at=TOMORROW)
    save_orders(store, orders({}, {"order_id": "2", "created_at": NOON + microsecond}), NOTHING, TOMORROW)
    books = load_books(store, NOON)
    assert books.charges["charge_id"].tolist() == ["chrg_1"]
    assert books.orders["order_id"].tolist() == ["1"]


def test_the_current_versions_unless_those_of_a_moment_are_asked_for(store: Store) -> None:
    save(store, charge("chrg_1", "pending"), at=NOON)
    save(store, charge("chrg_1", "failed"), at=NOON + 2 * HOUR)
    save_orders(store, orders({}), rejected({}), NOON + 2 * HOUR)

    def known(at: datetime | None) -> tuple[list[str], int, int]:
        books = load_books(store, TOMORROW, versions_at=at)
        return books.charges["status"].tolist(), len(books.orders), len(books.rejected)

    assert known(None) == (["failed"], 1, 1)
    assert known(NOON - HOUR) == ([], 0, 0)
    assert known(NOON) == known(NOON + HOUR) == (["pending"], 0, 0)
    assert known(NOON + 2 * HOUR) == (["failed"], 1, 1)


def test_rows_stand_by_account_creation_and_id(store: Store) -> None:
    save(store, charge("chrg_b"), charge("chrg_a"), charge("chrg_Z"), charge("chrg_c", created_at=NOON - HOUR))
    save(store, charge("chrg_d"), account="sg")
    found = load_books(store, NOON).charges
    assert found["charge_id"].tolist() == ["chrg_d", "chrg_c", "chrg_Z", "chrg_a", "chrg_b"]


REFERENCES = (
    ('{"order_id":"000123"}', "000123"),
    ('{"order_id":123}', "123"),
    ('{"order_id":12345678901234567890123}', "12345678901234567890123"),
    ('{"order_id":1.10}', "1.10"),
    ('{"order_id":["1","2"]}', '["1","2"]'),
    ('{"order_id":true}', "true"),
    ('{"order_id":"","order.no":"7"}', "7"),
    ('{"order_id":null,"order.no":"7"}', "7"),
    ('{"order.no":"7","order_id":"8"}', "8"),
    ('{"order_id":"ร้าน \\"1\\""}', 'ร้าน "1"'),
    ('{"order":{"no":"7"}}', None),
    ("{}", None),
    ("[]", None),
    (None, None),
)


def test_a_reference_is_the_first_value_as_text(store: Store) -> None:
    save(store, *(charge(f"chrg_{n:02d}", metadata=metadata) for n, (metadata, _) in enumerate(REFERENCES)))
    keys = ("order_id", "order.no")
    found = load_books(store, NOON, keys=MetadataKeys(keys, (), keys)).charges
    expected = [reference for _, reference in REFERENCES]
    for name in ("order_ref", "customer"):
        assert [None if pd.isna(value) else value for value in found[name].tolist()] == expected
    assert load_books(store, NOON, keys=MetadataKeys(())).charges["order_ref"].isna().all()


def test_a_nul_in_metadata_does_not_end_the_load(store: Store) -> None:
    save(store, charge("chrg_1", metadata='{"note":"a\\u0000b","order_id":"1"}'))
    assert len(load_books(store, NOON).charges) == 1


def test_a_charge_that_turned_successful_says_so(store: Store) -> None:
    for hours, status in enumerate(("failed", "pending", "successful")):
        save(store, charge("chrg_1", status), charge("chrg_2", "pending"), charge("chrg_3"), at=NOON + hours * HOUR)
    save(store, charge("chrg_2"), at=NOON + 3 * HOUR)
    assert load_books(store, TOMORROW).charges["was_failed"].tolist() == [True, False, False]
    before = load_books(store, TOMORROW, versions_at=NOON + HOUR).charges
    assert before["was_failed"].tolist() == [False, False, False]


def test_a_deleted_transfer_stays_with_its_flag(store: Store) -> None:
    save(store, row("transfer", "trsf_1"), kind="transfer")
    save(store, row("transfer", "trsf_1", deleted=True), kind="transfer", at=NOON + HOUR)
    assert load_books(store, NOON).transfers["deleted"].tolist() == [True]


def test_what_is_not_final_is_read_again(store: Store) -> None:
    save(store, charge("chrg_1", "pending"), charge("chrg_2", "pending", authorized=True), charge("chrg_3"))
    save(store, charge("chrg_4", "pending"), at=NOON)
    save(store, charge("chrg_4", "failed"), at=NOON + HOUR)
    refunds = [row("refund", f"rfnd_{s}", charge_id="chrg_3", status=s) for s in ("pending", "closed")]
    save(store, *refunds, kind="refund")
    ended: tuple[dict[str, Any], ...] = ({"paid": True}, {"deleted": True}, {"failure_code": "x"}, {})
    save(store, *(row("transfer", f"trsf_{n}", **end) for n, end in enumerate(ended)), kind="transfer")
    words = ("open", "pending", "won")
    disputes = [row("dispute", f"dspt_{status}", charge_id=f"chrg_{status}", status=status) for status in words]
    save(store, *disputes, kind="dispute")
    save(store, charge("chrg_open"), charge("chrg_won"))
    assert not_final(store, "th", {}) == {
        "charge": ["chrg_1", "chrg_2"],
        "refund": [("chrg_3", "rfnd_pending")],
        "transfer": ["trsf_3"],
        "dispute": ["dspt_open", "dspt_pending"],
    }
    assert not any(not_final(store, "sg", {}).values())
    swept = dict.fromkeys(("charge", "refund", "transfer", "dispute"), (Window(NOON, NOON + HOUR),))
    assert not any(not_final(store, "th", swept).values())


def test_what_is_named_but_not_stored_is_fetched(store: Store) -> None:
    save(store, charge("chrg_1", transaction_id="trxn_1"), charge("chrg_2", transaction_id="trxn_2"))
    save(store, charge("chrg_3"), account="sg")
    save(store, row("transaction", "trxn_1"), kind="transaction")
    save(store, row("refund", "rfnd_1", charge_id="chrg_5", transaction_id="trxn_5"), kind="refund")
    save(store, row("dispute", "dspt_1", charge_id="chrg_6"), kind="dispute")
    save(store, row("transfer", "trsf_1", transaction_id="trxn_7"), kind="transfer")
    named = ("chrg_1", "chrg_3", "chrg_4", "chrg_4", "INV-1", "", None)
    save_orders(store, orders(*({"order_id": str(n), "charge_id": c} for n, c in enumerate(named))), NOTHING, NOON)
    assert named_not_stored(store, "th") == {
        "charge": ["chrg_4", "chrg_5", "chrg_6"],
        "transaction": ["trxn_2", "trxn_5", "trxn_7"],
        "transfer": [],
        "dispute": [],
    }
    assert not any(named_not_stored(store, "sg").values())


def test_what_a_transaction_comes_from_is_fetched_too(store: Store) -> None:
    origins = ("chrg_1", "rfnd_2", "trsf_3", "dspt_4", "adjs_5", None)
    rows = [row("transaction", f"trxn_{n}", origin=origin) for n, origin in enumerate(origins)]
    save(store, *rows, kind="transaction")
    assert named_not_stored(store, "th") == {
        "charge": ["chrg_1"],
        "transaction": [],
        "transfer": ["trsf_3"],
        "dispute": ["dspt_4"],
    }


SAVES = st.lists(
    st.tuples(
        st.integers(0, 3),  # hours since the save before; 0: within the same microsecond
        st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(("pending", "paid", "refunded"))), max_size=4),
    ),
    max_size=8,
)


def plain(books: Books) -> list[Any]:
    return [frame.astype("object").fillna(0).to_numpy().tolist() for frame in (books.charges, books.orders)]


@pytest.mark.parametrize("store", ["sqlite", pytest.param("postgresql", marks=pytest.mark.proof)], indirect=True)
@settings(DEAR, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(saves=SAVES)
def test_what_was_known_at_a_moment_never_changes(store: Store, saves: list[Any]) -> None:
    with writing(store) as connection:
        for table in (tables.OBJECTS["charge"], tables.ORDER):
            connection.execute(table.delete())
    now, known = NOON, {}
    for hours, page in saves:
        if hours:
            before = now + hours * HOUR - timedelta(microseconds=1)
            known[before] = plain(load_books(store, TOMORROW, versions_at=before))
        now += hours * HOUR
        save(store, *(charge(f"chrg_{key}", status) for key, status in page), at=now)
        save_orders(store, orders(*({"order_id": key, "status": status} for key, status in page)), NOTHING, now)
    for moment, books in known.items():
        assert plain(load_books(store, TOMORROW, versions_at=moment)) == books
    later = plain(load_books(store, TOMORROW, versions_at=now + 24 * HOUR))
    assert later == plain(load_books(store, TOMORROW))
