"""Shops in a real MariaDB, on tables as they create them: every state, refunds, charge ids, nothing written."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from recon import columns as c
from recon.orders.load import read
from recon.orders.source import LoadedOrders
from recon.tabular.recognition.presets import presets
from recon.tabular.table import SourceUnreadable
from tests.kit import mariadb
from tests.kit.places import ROOT
from tests.recon.orders.test_csv import WINDOW, a_source, load
from tests.recon.orders.test_presets import ENV, config_of

pytestmark = pytest.mark.skipif(not mariadb.is_installed(), reason="MariaDB's server is not installed")
SINCE = datetime(2026, 11, 15, tzinfo=UTC)


@pytest.fixture(scope="module", name="urls")
def _urls() -> dict[str, str]:
    """A database for each shop."""
    folder = ROOT / "tests" / "kit" / "shops"
    return {file.stem: mariadb.database(file.stem, file.read_text("utf-8")) for file in sorted(folder.glob("*.sql"))}


def shop(folder: Path, preset: str, url: str, more: str = "") -> LoadedOrders:
    """What a configuration of three lines reads."""
    source = f'preset = "{preset}"\nurl = {{ env = "SHOP" }}\n{more}'
    config = config_of(folder, source, {**ENV, "SHOP": url})
    [of_shop] = config.sources()
    known = {"accounts": {"th": "THB"}, "currencies": config.currencies(), "hash_key": None}
    return read(of_shop, window=WINDOW, changed_since=SINCE, **known)  # type: ignore[arg-type]


def of(orders: LoadedOrders) -> dict[str, tuple[Any, ...]]:
    """By order status, minor units, currency, refunded, charge."""
    names = [c.ORDER_ID, c.STATUS, c.AMOUNT, c.CURRENCY, c.REFUNDED_AMOUNT, c.CHARGE_ID]
    frame = orders.orders[names].astype(object).where(orders.orders[names].notna(), None)
    return {row[0]: row[1:] for row in frame.itertuples(index=False, name=None)}


WOOCOMMERCE = {
    "1": ("paid", 150000, "THB", 0, "chrg_test_1"),
    "2": ("paid", 25050, "THB", 0, "chrg_test_2"),
    "3": ("pending", 9900, "THB", 0, None),
    "4": ("pending", 9900, "THB", 0, None),
    "5": ("cancelled", 9900, "THB", 0, "chrg_test_5"),
    "6": ("cancelled", 9900, "THB", 0, None),
    "7": ("refunded", 8000, "THB", 8000, "chrg_test_7"),
    "9": ("paid", 1500, "JPY", 500, "chrg_test_9"),
    "12": ("pending", 7000, "THB", 0, "chrg_test_12"),  # authorised, not captured
    "13": ("paid", 7000, "THB", 0, "chrg_test_13"),  # of an older plug-in
    "20": ("paid", 4000, "THB", 1525, "chrg_test_20"),  # old, refunded lately
    "22": ("paid", 4000, "THB", 0, "chrg_test_22"),  # old, changed lately
}


@pytest.mark.parametrize("preset", ["woocommerce", "woocommerce-legacy"])
def test_orders_of_woocommerce(preset: str, urls: dict[str, str], tmp_path: Path) -> None:
    orders = shop(tmp_path, preset, urls["woocommerce"])
    assert of(orders) == WOOCOMMERCE
    assert orders.rejected[c.REASON].tolist() == ['status "wc-shipped" is not in [orders.shop.status]']
    assert orders.ignored == {"th": 1}
    hours = set(orders.orders[c.CREATED_AT].dt.strftime("%H:%M"))
    assert hours == {f"{hour:02}:00" for hour in (0, 3, 4, 5, 6, 7, 8)}, "not the server's +07:00"
    assert orders.orders[c.PAYMENT_METHOD].str.startswith("omise").all()


def test_orders_of_magento(urls: dict[str, str], tmp_path: Path) -> None:
    orders = shop(tmp_path, "magento", urls["magento"])
    assert orders.rejected[c.REASON].tolist() == []
    assert of(orders) == {
        "000000016": ("paid", 31000, "THB", 0, "chrg_test_1"),
        "000000017": ("paid", 35050, "THB", 5025, "chrg_test_2"),  # in the order's currency
        "000000018": ("pending", 1000, "THB", 0, None),
        "000000019": ("pending", 1000, "THB", 0, None),
        "000000020": ("pending", 1000, "THB", 0, "chrg_test_5"),
        "000000021": ("pending", 1000, "THB", 0, "chrg_test_6"),
        "000000022": ("cancelled", 1000, "THB", 0, "chrg_test_7"),
        "000000023": ("refunded", 1500, "JPY", 1500, "chrg_test_8"),
        "000000024": ("paid", 1000, "THB", 0, None),  # two charges: neither is guessed
        "000000001": ("paid", 1000, "THB", 400, "chrg_test_11"),  # old, refunded lately
    }
    assert set(orders.orders[c.CREATED_AT].dt.strftime("%H:%M")) == {"03:00"}, "not the server's +07:00"


def test_orders_of_opencart(urls: dict[str, str], tmp_path: Path) -> None:
    orders = shop(tmp_path, "opencart", urls["opencart"])
    assert orders.rejected[c.REASON].tolist() == []
    assert of(orders) == {
        "18": ("paid", 10000, "THB", 0, "chrg_test_18"),
        "19": ("pending", 35123, "THB", 0, None),
        "20": ("cancelled", 10000, "THB", 0, None),  # two charges: neither is guessed
        "22": ("paid", 1501, "JPY", 0, None),
        "2": ("refunded", 10000, "THB", 0, None),
    }
    assert orders.ignored == {"th": 1}
    assert orders.orders[c.CREATED_AT][0] == datetime(2026, 11, 10, 3, tzinfo=UTC), "in the source's zone"


def test_orders_of_prestashop(urls: dict[str, str], tmp_path: Path) -> None:
    orders = shop(tmp_path, "prestashop", urls["prestashop"])
    assert orders.rejected[c.REASON].tolist() == []
    assert of(orders) == {
        "1": ("paid", 12050, "THB", 0, "chrg_test_1"),
        "2": ("pending", 1000, "THB", 0, None),
        "3": ("cancelled", 1000, "THB", 0, None),
        "4": ("paid", 1000, "THB", 0, None),
        "5": ("refunded", 1000, "THB", 0, None),
    }


def test_another_prefix_of_the_tables(tmp_path: Path) -> None:
    script = (ROOT / "tests" / "kit" / "shops" / "prestashop.sql").read_text("utf-8").replace("ps_", "shop7_")
    url = mariadb.database("prefixed", script)
    assert len(of(shop(tmp_path, "prestashop", url, 'prefix = "shop7_"'))) == 5
    with pytest.raises(SourceUnreadable, match=r"the database says: .*ps_orders"):
        shop(tmp_path, "prestashop", url)


def test_every_preset_of_a_database_is_tried_here() -> None:
    of_databases = {name for name, preset in presets("recon.orders").items() if preset.settings["kind"] == "sql"}
    assert of_databases == {"woocommerce", "woocommerce-legacy", "magento", "opencart", "prestashop"}


def test_nothing_can_be_written(urls: dict[str, str], tmp_path: Path) -> None:
    query = "DELETE FROM sales_order WHERE created_at >= :from AND created_at < :to"
    source = a_source(tmp_path, kind="sql", url=urls["magento"], query=query)
    with pytest.raises(SourceUnreadable, match="READ ONLY"):
        load(source)
    assert mariadb.rows("magento", "SELECT COUNT(*) FROM sales_order") == [(12,)]


def test_a_wrong_password_is_said_without_it(tmp_path: Path) -> None:
    url = f"mysql://nobody:pass-canary-word@127.0.0.1:{mariadb.port()}/x"
    with pytest.raises(SourceUnreadable, match="Access denied") as raised:
        load(a_source(tmp_path, kind="sql", url=url, query="SELECT :from, :to"))
    assert "canary" not in str(raised.value)
