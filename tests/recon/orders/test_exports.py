"""Orders as shops export them: read right with options of the configuration, or refused in words."""

import csv
import io
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.config.config import load as load_config
from recon import columns as c
from recon.model import Window
from recon.orders.load import read
from recon.orders.source import LoadedOrders
from recon.tabular.table import SourceMissing, SourceUnreadable
from tests.kit.shop_exports import ADVANCED_ORDER_EXPORT, EXPORTS, MAGENTO, RESAVED, SHOPIFY, ShopExport
from tests.kit.small_config import ONE_ACCOUNT, configured

WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC))
STORE = ONE_ACCOUNT.partition("[orders.shop]")[0]


def load(export: ShopExport, folder: Path, content: bytes | None = None, more: str = "") -> LoadedOrders:
    files = folder / "orders"
    files.mkdir(exist_ok=True)
    (files / "orders.csv").write_bytes(export.content if content is None else content)
    text = f'{STORE}[orders.x]\npath = "orders/*"\n{export.settings}{more}'
    config = load_config(configured(folder, text=text), {"TH_KEY": "skey_test_1"})
    [source] = config.sources()
    return read(source, accounts={"th": "THB"}, currencies=config.currencies(), hash_key=None, window=WINDOW)


def orders(loaded: LoadedOrders) -> tuple[tuple[str, int, str, str, str], ...]:
    frame = loaded.orders
    moments = [moment.isoformat().removesuffix("+00:00") for moment in frame[c.CREATED_AT]]
    return tuple(
        zip(frame[c.ORDER_ID], frame[c.AMOUNT].tolist(), frame[c.CURRENCY], frame[c.STATUS], moments, strict=True)
    )


def assert_as_it_should(export: ShopExport, loaded: LoadedOrders) -> None:
    assert loaded.rejected[c.REASON].tolist() == []
    assert orders(loaded) == export.orders
    assert sum(loaded.ignored.values()) == export.ignored


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_an_export_is_read_as_it_is(export: ShopExport, tmp_path: Path) -> None:
    loaded = load(export, tmp_path)
    assert_as_it_should(export, loaded)
    assert loaded.encodings == (export.encoding,)


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_blank_lines_titles_and_another_encoding_change_nothing(export: ShopExport, tmp_path: Path) -> None:
    text = export.content.decode("utf-8-sig" if export.encoding == "utf-8" else export.encoding)
    loaded = load(export, tmp_path, f"My shop\n\n{text}\n   \n".encode("utf-16"))
    assert_as_it_should(export, loaded)


@pytest.mark.parametrize(
    ("export", "name", "words"),
    [
        (SHOPIFY, "Financial Status", r'columns\] status = "Financial Status": orders.csv has no column'),
        (MAGENTO, "Purchase Date", r'columns\] created_at = "Purchase Date": orders.csv has no column'),
        (ADVANCED_ORDER_EXPORT, "Order Total Amount", r'columns\] amount = "Order Total Amount"'),
        (RESAVED, "เวลา", r'columns\] created_at = "วันที่" \+ "เวลา": orders.csv has no column "เวลา"'),
    ],
    ids=lambda value: value.name if isinstance(value, ShopExport) else None,
)
def test_a_header_in_another_language_is_refused_with_its_names(
    export: ShopExport, name: str, words: str, tmp_path: Path
) -> None:
    codec = export.encoding
    with pytest.raises(SourceMissing, match=words):
        load(export, tmp_path, export.content.replace(name.encode(codec), b"Datum"))


def test_a_total_without_a_filter_stands_aside(tmp_path: Path) -> None:
    total = b"000000016 and more,,,,,360.0000,360.0000,\n"
    loaded = load(MAGENTO, tmp_path, MAGENTO.content + total)
    assert orders(loaded) == MAGENTO.orders
    assert loaded.rejected[c.REASON].tolist() == ["status is empty; created_at is empty"]


def test_thai_and_japanese_that_are_not_told_apart_are_said(tmp_path: Path) -> None:
    """Bytes that are Thai words and half-width kana: nobody guesses, the configuration wins."""
    content = RESAVED.content.decode("cp874").encode("cp874")
    only_kana = b"order_id,account,amount,currency,status,created_at\n\xb5\xd0\xbe,th,1,THB,paid,2026-09-01\n"
    plain = ShopExport("plain", only_kana, 'kind = "csv"\n', ())
    with pytest.raises(SourceUnreadable, match=r"orders.csv can be cp874 or cp932 text: set \[orders.x\] encoding"):
        load(plain, tmp_path)
    assert load(plain, tmp_path, more='encoding = "cp932"\n').orders[c.ORDER_ID].tolist() == ["ｵﾐｾ"]
    with pytest.raises(SourceUnreadable, match=r"orders.csv is not utf-8 text \(line 1\)"):
        load(RESAVED, tmp_path, content, 'encoding = "utf-8"\n')


def test_a_cancelled_order_that_was_paid_keeps_its_refunds(tmp_path: Path) -> None:
    frame = load(SHOPIFY, tmp_path).orders.set_index(c.ORDER_ID)
    assert frame[c.REFUNDED_AMOUNT].to_dict() == {"1001": 0, "1002": 0, "1003": 25_000}
    assert frame[c.REFERENCE]["1001"] == "rAbCdEfGhIjKlMnOpQrStUvWx"


def rows(export: ShopExport) -> list[list[str]]:
    """The cells of an export without what stands before its header."""
    text = export.content.decode(export.encoding)
    cells = list(csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in text else ","))
    return [[cell.removeprefix('="').removesuffix('"') for cell in row] for row in cells[2:] if any(row)]


def test_a_workbook_takes_the_keys_of_text_files_and_its_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Orders")
    for row in (["My shop"], *rows(RESAVED)):
        sheet.append(row)
    book.create_sheet("Notes")
    (tmp_path / "orders").mkdir()
    book.save(tmp_path / "orders" / "orders.xlsx")
    settings = RESAVED.settings.replace('"csv"', '"excel"')
    export = ShopExport("workbook", (tmp_path / "orders" / "orders.xlsx").read_bytes(), settings, RESAVED.orders, 1)
    (tmp_path / "orders" / "orders.xlsx").unlink()
    assert_as_it_should(export, load(export, tmp_path, more='sheet = "Orders"\n'))
    assert orders(load(export, tmp_path, more='sheet = "Orders"\nheader_row = 2\n')) == export.orders
    with pytest.raises(SourceUnreadable, match=r'no sheet "Order", .* it has "Sheet", "Orders", "Notes"'):
        load(export, tmp_path, more='sheet = "Order"\n')
    with pytest.raises(SourceUnreadable, match=r"is empty: a row of its first sheet must name the columns"):
        load(export, tmp_path)
    with pytest.raises(SourceUnreadable, match=r"orders.csv has no row 60, which header_row of \[orders.x\] names"):
        load(export, tmp_path, more='sheet = "Orders"\nheader_row = 60\n')


def test_parquet_and_a_query_take_the_keys_of_tables(tmp_path: Path) -> None:
    header, *records = rows(RESAVED)
    file = io.BytesIO()
    columns = list(zip(*records, strict=True))
    pq.write_table(pa.table({name: list(column) for name, column in zip(header, columns, strict=True)}), file)
    settings = RESAVED.settings.replace('"csv"', '"parquet"')
    export = ShopExport("parquet", file.getvalue(), settings, RESAVED.orders, 1)
    assert_as_it_should(export, load(export, tmp_path))
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database, database:
        database.execute(f"create table orders ({', '.join(header)})")
        database.executemany("insert into orders values (?, ?, ?, ?, ?)", records)
    sql = f"""
url = "sqlite:///shop.db"
query = "select * from orders where :from < :to"
{RESAVED.settings.replace('"csv"', '"sql"')}"""
    text = f"{STORE}[orders.x]\n{sql}"
    config = load_config(configured(tmp_path, text=text), {"TH_KEY": "skey_test_1"})
    [source] = config.sources()
    loaded = read(source, accounts={"th": "THB"}, currencies=config.currencies(), hash_key=None, window=WINDOW)
    assert_as_it_should(export, loaded)


def test_several_columns_that_are_missing_say_the_header_once(tmp_path: Path) -> None:
    content = MAGENTO.content.replace(b"ID,", b"Id no,").replace(b'"Purchase Date"', b"Bought")
    with pytest.raises(SourceMissing) as refused:
        load(MAGENTO, tmp_path, content)
    words = str(refused.value)
    assert words.count("has no column") == 2
    assert words.count("the columns of orders.csv are: Id no, Purchase Point, Bought, ") == 1
