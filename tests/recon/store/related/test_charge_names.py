"""Charges are found by the orders that they name, whenever they were stored and by whatever rules."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jobs.run.related import name_rules
from recon.matching.names import key_groups
from recon.settings import MatchSettings
from recon.store.engine import Store, reading
from recon.store.related.charge_names import NameRules, bring_up_to_date, charges_naming
from recon.store.related.order_references import orders_with_reference
from recon.store.versions.load import MetadataKeys, load_books
from recon.store.versions.save import save_objects, save_orders
from tests.kit.store_samples import DATABASES, HOUR, NOON, charge, count, opened, orders, rejected

PLAIN = name_rules(MatchSettings())
OTHER = name_rules(MatchSettings(metadata_keys=("cart",)))
PATTERN = name_rules(MatchSettings(metadata_keys=(), patterns={"shop": re.compile(r"W(\d+)")}))


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def put(store: Store, number: int, order: str, seen: int = 1) -> None:
    """A charge that names an order in its metadata, another cart, and a third order in its description."""
    metadata = json.dumps({"order_id": order, "cart": f"cart-{number}"})
    made = charge(f"chrg_{number}", metadata=metadata, description=f"for (#W{number}).")
    save_objects(store, "th", "charge", [made], NOON + seen * HOUR)


def naming(store: Store, *names: str) -> set[str]:
    with reading(store) as connection:
        return charges_naming(connection, names)


def index(store: Store, rules: NameRules = PLAIN, piece: int = 100) -> int:
    return bring_up_to_date(store, ["th"], rules, piece)


def test_a_charge_is_found_by_metadata_and_by_each_word_as_it_stands_and_bare(store: Store) -> None:
    put(store, 1, "A-1")
    put(store, 2, "A-2")
    assert naming(store, "A-1") == set()
    assert index(store) == 2
    assert naming(store, "A-1") == {"chrg_1"}
    assert naming(store, "A-1", "W2", "none") == {"chrg_1", "chrg_2"}
    for name in ("for", "(#W1).", "#W1", "W1"):
        assert "chrg_1" in naming(store, name)
    assert naming(store, "cart-1") == set()
    assert index(store) == 0


def test_what_comes_later_or_changes_is_indexed_and_nothing_else_again(store: Store) -> None:
    put(store, 1, "A-1", seen=5)
    put(store, 2, "A-2", seen=5)
    assert index(store) == 2
    put(store, 1, "A-1", seen=6)
    assert index(store) == 0, "it is as it was"
    put(store, 1, "B-1", seen=7)
    put(store, 3, "A-3", seen=7)
    assert index(store) == 2
    assert naming(store, "B-1", "A-3") == {"chrg_1", "chrg_3"}
    put(store, 4, "A-4", seen=6)  # a clock was set back
    assert index(store) == 3
    assert naming(store, "A-4") == {"chrg_4"}


def test_other_rules_index_everything_anew_once(store: Store) -> None:
    put(store, 1, "A-1")
    assert index(store) == 1
    assert index(store, OTHER) == 1
    put(store, 2, "A-2", seen=2)
    assert index(store) == 1
    assert index(store, OTHER) == 1
    assert naming(store, "cart-1", "cart-2") == naming(store, "A-1", "A-2") == {"chrg_1", "chrg_2"}


def test_rules_index_in_pieces_and_go_on_where_they_stopped(store: Store) -> None:
    for number in range(1, 8):
        put(store, number, f"A-{number}", seen=number)

    def stop_at_five(order_refs: Any, source_refs: Any, descriptions: Any) -> Any:
        if "for (#W5)." in descriptions:
            raise InterruptedError
        return PATTERN.names_of(order_refs, source_refs, descriptions)

    stopping = NameRules(PATTERN.digest, PATTERN.refs_of, stop_at_five)
    with pytest.raises(InterruptedError):
        index(store, stopping, piece=2)
    assert naming(store, "1", "2", "3") == {"chrg_1", "chrg_2", "chrg_3"}
    assert naming(store, "7") == set()
    assert index(store, PATTERN, piece=2) == 4
    assert naming(store, "7") == {"chrg_7"}
    assert index(store, PATTERN, piece=2) == 0


def test_charges_that_were_seen_at_one_moment_are_indexed_together(store: Store) -> None:
    for number in range(1, 6):
        put(store, number, f"A-{number}")
    assert index(store, piece=2) == 5
    assert index(store, piece=2) == 0


def test_a_very_long_name_and_one_with_a_null_are_kept_from_no_database(store: Store) -> None:
    put(store, 1, "x" * 5_000)
    put(store, 2, "A\x00B")
    assert index(store) == 2
    assert naming(store, "x" * 5_000) == {"chrg_1"}
    assert naming(store, "W2") == {"chrg_2"}


def test_the_id_in_metadata_is_the_one_that_the_books_have(store: Store) -> None:
    values: tuple[Any, ...] = (
        *("A-1", "", " ", "null", "ไทย", 'a "quoted" \\ one'),
        *(None, True, 0, -7, 1.5, [], ["A", 2], {"b": [None]}),
    )
    every_metadata = [
        json.dumps(metadata, separators=(",", ":"))
        for value in values
        for metadata in ({"order_id": value}, {"cart": value, "order_id": "B"}, {"x": value})
    ]
    made = [charge(f"chrg_{number:02}", metadata=metadata) for number, metadata in enumerate(every_metadata)]
    save_objects(store, "th", "charge", [*made, charge("chrg_99", metadata=None)], NOON)
    for source_keys in ({}, {"web": ("x",)}, {"web": ("x", "cart"), "kiosk": ("order_id",), "stall": ("none",)}):
        settings = MatchSettings(metadata_keys=("cart", "order_id"), source_keys=source_keys)
        rules = name_rules(settings)
        keys = MetadataKeys(settings.metadata_keys, key_groups(settings))
        loaded = load_books(store, NOON + HOUR, keys=keys).charges[["order_ref", "source_refs"]]
        expected = [rules.refs_of(metadata) for metadata in (*every_metadata, None)]
        refs = [tuple(None if pd.isna(ref) else ref for ref in row) for row in loaded.itertuples(index=False)]
        assert refs == expected
        assert {"A-1", "B", "true", "0", "1.5", '["A",2]', None} <= {order_ref for order_ref, _ in expected}
        assert any(source_refs for _, source_refs in expected) == bool(source_keys)


def test_orders_are_found_by_every_reference_that_they_had(store: Store) -> None:
    def found(*references: str) -> list[list[str]]:
        with reading(store) as connection:
            return sorted(orders_with_reference(connection, references).to_numpy().tolist())

    assert found("r-1") == []
    some_orders = orders({"order_id": "1", "reference": "r-1 + r-2"}, {"order_id": "2"}, {"order_id": "3"})
    save_orders(store, some_orders, rejected(), NOON)
    save_orders(store, orders({"order_id": "3", "reference": "r-2"}), rejected(), NOON + HOUR)
    save_orders(store, orders({"order_id": "3", "reference": "r-2", "amount": 7}), rejected(), NOON + 2 * HOUR)
    assert found("r-1", "r-2", "r-9") == [["r-1", "1"], ["r-2", "1"], ["r-2", "3"]]
    assert count(store, "order_reference") == 3
    assert load_books(store, NOON + 3 * HOUR).orders["reference"].dropna().tolist() == ["r-1 + r-2", "r-2"]
