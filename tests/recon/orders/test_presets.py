"""Exports of shops, in the shapes that they write them, are read by their preset alone."""

import csv
import io
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jobs.config.config import Config, ConfigError, load
from recon import columns as c
from recon.orders.load import read
from recon.orders.source import LoadedOrders
from recon.tabular.layout import Column
from recon.tabular.recognition.presets import fitting, presets
from recon.tabular.table import SourceMissing
from tests.kit.small_config import configured
from tests.recon.orders.test_csv import WINDOW

ENV = {"KEY": "skey_test_canary0canary0canary"}


@dataclass(frozen=True)
class Export:
    """A file as a shop writes it: what becomes of its orders, and how many rows are left out."""

    preset: str
    text: str
    orders: list[tuple[Any, ...]]  # id, minor units, currency, status, moment in UTC, refunded
    ignored: int


EXPORTS = [
    Export(**{**raw, "orders": [tuple(order) for order in raw["orders"]]})
    for raw in tomllib.loads((Path(__file__).parents[2] / "kit" / "exports.toml").read_text("utf-8"))["export"]
]
SHOPIFY = EXPORTS[0].text


def config_of(folder: Path, source: str, env: dict[str, str] = ENV) -> Config:
    """A configuration whose only order source is this one."""
    text = f"""
[store]
url = "sqlite:///recon.db"
[accounts.th]
region = "TH"
currency = "THB"
timezone = "Asia/Bangkok"
secret_key = {{ env = "KEY" }}
[orders.shop]
account = "th"
{source}
"""
    return load(configured(folder, text=text), env)


def loaded(config: Config) -> LoadedOrders:
    [source] = config.sources()
    return read(source, accounts={"th": "THB"}, currencies=config.currencies(), hash_key=None, window=WINDOW)


def of(orders: LoadedOrders) -> list[tuple[Any, ...]]:
    """Id, amount, currency, status, moment to the minute, refunded amount."""
    frame = orders.orders.assign(at=orders.orders[c.CREATED_AT].dt.strftime("%Y-%m-%dT%H:%M"))
    names = [c.ORDER_ID, c.AMOUNT, c.CURRENCY, c.STATUS, "at", c.REFUNDED_AMOUNT]
    return list(frame[names].itertuples(index=False, name=None))


def export(folder: Path, preset: str, text: str, more: str = "") -> LoadedOrders:
    (folder / "orders.csv").write_bytes(text.encode())
    return loaded(config_of(folder, f'preset = "{preset}"\npath = "orders.csv"\n{more}'))


@pytest.mark.parametrize("shop", EXPORTS, ids=[shop.preset for shop in EXPORTS])
def test_an_export_is_read_by_its_preset(shop: Export, tmp_path: Path) -> None:
    orders = export(tmp_path, shop.preset, shop.text)
    assert orders.rejected[c.REASON].tolist() == []
    assert of(orders) == shop.orders
    assert sum(orders.ignored.values()) == shop.ignored


@pytest.mark.parametrize("shop", EXPORTS, ids=[shop.preset for shop in EXPORTS])
def test_an_export_is_known_by_its_header(shop: Export) -> None:
    rows = list(csv.reader(io.StringIO(shop.text)))
    fits = fitting("recon.orders", rows)
    assert [(fit.preset.name, fit.row) for fit in fits] == [(shop.preset, 1)]
    assert fitting("recon.orders", [["title"], [], *rows])[0].row == 3
    assert fitting("recon.orders", [["order_id", "amount", "status"]]) == []


def test_orders_of_shopify_are_named_by_their_reference_and_not_by_descriptions(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(SHOPIFY)
    matching = config_of(tmp_path, 'preset = "shopify"\npath = "orders.csv"').match_settings()
    assert matching.undescribed == {"shop"}
    assert matching.source_keys == {"shop": ("order_id", "x_reference")}
    assert export(tmp_path, "shopify", SHOPIFY).orders[c.REFERENCE][0] == "rAbCdEfGhIjKlMnOpQrStUvWx"


def test_any_key_beside_a_preset_overrides_it(tmp_path: Path) -> None:
    text = SHOPIFY.replace("Total", "Summe").replace(",paid,", ",bezahlt,")
    more = '[orders.shop.columns]\namount = "Summe"\n[orders.shop.status]\npaid = ["bezahlt", "partially_refunded"]\n'
    orders = export(tmp_path, "shopify", text, more)
    assert of(orders) == EXPORTS[0].orders
    config = config_of(tmp_path, 'preset = "shopify"\nkind = "excel"\npath = "x"\ndescription_pattern = "o(.)"\n')
    [source] = config.sources()
    assert source.kind == "excel"
    assert source.layout.columns["order_id"] == Column.named("Name")
    assert config.match_settings().undescribed == frozenset()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            'preset = "shopfy"',
            'orders.shop.preset: "shopfy" is not known (did you mean "shopify"?): see recon presets',
        ),
        ('preset = "dbs"', 'orders.shop.preset: "dbs" is not known'),
        ("preset = 7", 'orders.shop.preset: "7" is not known'),
        ('preset = "shopify"', 'orders.shop.path: is missing: kind "csv" reads files'),
    ],
)
def test_a_mistake_beside_a_preset_is_named(source: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        config_of(tmp_path, source)
    assert any(message.startswith(words) for message in raised.value.messages), raised.value.messages


def test_every_preset_of_a_shops_files_is_tried_here() -> None:
    of_files = {name for name, preset in presets("recon.orders").items() if preset.settings["kind"] != "sql"}
    assert {shop.preset for shop in EXPORTS} == of_files


@pytest.mark.parametrize("shop", EXPORTS, ids=[shop.preset for shop in EXPORTS])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_an_export_that_was_saved_again_reads_alike(shop: Export, encoding: str, tmp_path: Path) -> None:
    text = shop.text.rstrip("\n").replace("\n", "\r\n") + "\r\n\r\n  \r\n"
    (tmp_path / "orders.csv").write_bytes(text.encode(encoding))
    orders = loaded(config_of(tmp_path, f'preset = "{shop.preset}"\npath = "orders.csv"\n'))
    assert orders.rejected[c.REASON].tolist() == []
    assert of(orders) == shop.orders


@pytest.mark.parametrize("shop", EXPORTS, ids=[shop.preset for shop in EXPORTS])
def test_an_unknown_status_is_a_row_of_its_own_and_harms_none(shop: Export, tmp_path: Path) -> None:
    words = presets("recon.orders")[shop.preset].settings["status"]
    word = next(word for word in words["paid"] if word in shop.text)
    orders = export(tmp_path, shop.preset, shop.text.replace(f",{word},", ",backordered,", 1))
    assert orders.rejected[c.REASON].tolist() == ['status "backordered" is not in [orders.shop.status]']
    assert of(orders) == shop.orders[1:]


@pytest.mark.parametrize("shop", EXPORTS, ids=[shop.preset for shop in EXPORTS])
def test_a_translated_header_ends_in_words(shop: Export, tmp_path: Path) -> None:
    status = str(presets("recon.orders")[shop.preset].settings["columns"]["status"])
    with pytest.raises(SourceMissing, match="has no column"):
        export(tmp_path, shop.preset, shop.text.replace(status, "Zustand", 1))
