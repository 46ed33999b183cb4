"""A kind of order source that is added as one file: its own keys are read, refused in words, and handed to it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import recon.orders
from jobs.config.config import load
from recon.model import Window
from recon.money import Currencies
from recon.orders.load import read
from recon.tabular.kinds import kinds_in
from tests.jobs.config.test_config import ENV, refused
from tests.kit.small_config import ONE_ACCOUNT, configured

MODULE = '''
"""Orders that are counted out, without a file."""

import numpy as np
import pyarrow as pa

from recon.orders.source import OrderKind
from recon.tabular.keys import Key, Value
from recon.tabular.table import Table


def _tables(source, window, changed_since):
    count, leader = source.settings["count"], source.settings["leader"]
    ids = [f"{leader}-{number}" for number in range(count)]
    day = window.start.date().isoformat()
    header = ("order_id", "account", "amount", "currency", "status", "created_at")
    rows = [(order_id, "th", "100.00", "THB", "paid", f"{day} 10:00") for order_id in ids]
    cells = tuple(pa.array(column, pa.string()) for column in zip(*rows))
    yield Table("counted", "0" * 64, header, cells, np.arange(1, count + 1))


KIND = OrderKind("counter", _tables, (Key("leader", required=True), Key("count", Value.COUNT, default=2)))
'''
STORE = ONE_ACCOUNT.partition("[orders.shop]")[0]
WINDOW = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC))


@pytest.fixture(autouse=True)
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The folder of kinds with one file more, for the test."""
    added = tmp_path / "added"
    added.mkdir()
    (added / "counter.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.setattr(recon.orders, "__path__", [*recon.orders.__path__, str(added)])
    kinds_in.cache_clear()
    yield
    kinds_in.cache_clear()


def test_its_own_keys_are_read_and_its_orders_loaded(tmp_path: Path) -> None:
    text = (
        STORE
        + '[orders.shop]\nkind = "counter"\nleader = "A"\n[orders.more]\nkind = "counter"\nleader = "B"\ncount = 3\n'
    )
    config = load(configured(tmp_path, text=text), ENV)
    loaded = [
        read(source, accounts={"th": "THB"}, currencies=Currencies(), hash_key=None, window=WINDOW)
        for source in config.sources()
    ]
    assert [list(orders.orders["order_id"]) for orders in loaded] == [["A-0", "A-1"], ["B-0", "B-1", "B-2"]]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ('kind = "counter"\n', 'leader: is missing: kind "counter" needs it'),
        ('kind = "counter"\nleader = "A"\ncount = "two"\n', "count: must be a whole number"),
        ('kind = "counter"\nleader = "A"\npath = "x"\n', 'path: is for files; kind "counter" has a leader'),
        ('kind = "counter"\nleadr = "A"\nleader = "A"\n', 'leadr: unknown key (did you mean "leader"?)'),
        ('kind = "csv"\npath = "x"\nleader = "A"\n', 'leader: is for kind "counter", not for "csv"'),
        ('kind = "cuonter"\n', 'kind: "cuonter" is not one of counter, csv, excel, parquet, sql'),
    ],
)
def test_mistakes_in_its_keys_are_named(tmp_path: Path, keys: str, message: str) -> None:
    assert refused(tmp_path, f"{STORE}[orders.shop]\n{keys}") == (f"orders.shop.{message}",)
