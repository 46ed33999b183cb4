"""`recon init` over files as shops and banks write them: what it recognises, proposes, asks, refuses and writes."""

import io
import json
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.contract.command import Outcome, recon
from tests.contract.server import FakeOmise
from tests.contract.world import NOW, World
from tests.kit.bank_exports import BankExport, malaysia, singapore, thailand
from tests.kit.shop_exports import RESAVED, SHOPIFY

KEYS = {"OMISE_TH": "skey_test_of_account_th", "OMISE_SG": "skey_test_of_account_sg"}
PLAIN = "order_id,amount,currency,status,created_at\nA-1,10.00,THB,paid,2026-09-01T00:00:00Z\n"
UNKNOWN = """Bestellung;Order No;Ordered at;Gross total;Shipping;Payment status;Paid by;Buyer;Omise
x;5001;03/04/2026 10:00;1,500.00;50.00;Paid;card;Mia;chrg_test_5no08o9u5xc0jqpdrz2
x;5002;04/04/2026 10:00;90.50;0.00;Shipped;PromptPay;Tom;
x;5002;04/04/2026 10:00;90.50;0.00;Shipped;PromptPay;Tom;
x;5003;05/04/2026 10:00;1.00;0.00;Refunded;Cash;Ann;
"""


@pytest.fixture(scope="module")
def omise() -> Iterator[FakeOmise]:
    world = World("init")
    for name, region in (("th", "TH"), ("sg", "SG")):
        world.account(name, region)
    with FakeOmise(list(world.accounts.values()), NOW) as running:
        yield running


def init(omise: FakeOmise, folder: Path, *words: str, environ: dict[str, str] | None = None) -> Outcome:
    return recon(folder, KEYS | (environ or {}), "init", "--base-url", omise.url, *words)


def with_orders(folder: Path, content: str | bytes = PLAIN, name: str = "export.csv") -> tuple[str, ...]:
    (folder / "orders").mkdir(exist_ok=True)
    (folder / "orders" / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return ("--account", "th=OMISE_TH", "--yes", "--orders", f"orders/{name}")


def written(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "config.toml").read_text(encoding="utf-8"))


def refused(outcome: Outcome, folder: Path) -> str:
    """What is said where nothing is written."""
    assert (outcome.code, outcome.out) == (2, "")
    assert not (folder / "config.toml").exists()
    return outcome.err


def test_a_known_export_becomes_a_short_configuration_that_check_passes(omise: FakeOmise, tmp_path: Path) -> None:
    outcome = init(omise, tmp_path, *with_orders(tmp_path, SHOPIFY.content))
    assert outcome.code == 0, outcome.err
    assert outcome.out == "config.toml\n"
    assert "th: TH, THB, test mode" in outcome.err
    assert "100 % of 3 rows read" in outcome.err
    assert "orders.shop: nothing uses Lineitem name, Notes, Phone" in outcome.err
    assert outcome.err.rstrip().endswith("Next: recon check, then recon run")
    text = (tmp_path / "config.toml").read_text(encoding="utf-8")
    assert "# Shopify: orders export; seen in a real file\n[orders.shop]" in text
    assert len(text.splitlines()) < 30
    config = written(tmp_path)
    assert config["orders"] == {"shop": {"preset": "shopify", "path": "orders/*.csv", "account": "th"}}
    th = {"region": "TH", "currency": "THB", "timezone": "Asia/Bangkok", "secret_key": {"env": "OMISE_TH"}}
    assert config["accounts"] == {"th": th}
    assert KEYS["OMISE_TH"] not in text + outcome.words
    check = recon(tmp_path, KEYS, "check")
    assert "FAILED" not in check.out.replace("clock", ""), check.out


BANKS = {
    "th": [export for export in thailand.EXPORTS if export.name in ("scb", "kbank in Thai")],
    "sg": [export for export in singapore.EXPORTS if export.name in ("dbs", "uob")],
}


@pytest.mark.parametrize(
    ("account", "export"), [(name, export) for name, exports in BANKS.items() for export in exports]
)
def test_a_statement_is_recognised_by_its_header(
    omise: FakeOmise, account: str, export: BankExport, tmp_path: Path
) -> None:
    (tmp_path / "bank").mkdir()
    (tmp_path / "bank" / export.file).write_bytes(export.content)
    words = (*with_orders(tmp_path), "--account", "sg=OMISE_SG", "--set", "orders.shop.account=th")
    outcome = init(omise, tmp_path, *words, "--bank", f"{account}=bank/{export.file}", "--json")
    assert outcome.code == 0, outcome.err
    [source] = [source for source in outcome.json()["sources"] if source["place"] == f"bank.{account}"]
    assert source["details"].startswith(f"{len(export.lines)} lines in 1 file(s), {len(export.payouts)} of them")
    section = written(tmp_path)["bank"][account]
    assert set(section) == {"account", "preset", "path"}
    usual = "its columns have usual names, so other exports may look the same"
    assert (usual in outcome.err) is (section["preset"] in ("kasikorn", "uob"))
    assert outcome.json()["next"] == "recon check"


def test_the_sandboxs_statement_is_no_banks_export(omise: FakeOmise, tmp_path: Path) -> None:
    (tmp_path / "bank").mkdir()
    lines = "2026-09-02,-12.00,THB,OFFICE RENT,SO-1\n2026-09-03,4076.12,THB,OMISE CO LTD PAYOUT,TH2610130001\n"
    text = "date,amount,currency,description,reference\n" + lines
    (tmp_path / "bank" / "bank_th.csv").write_text(text, encoding="utf-8")
    outcome = init(omise, tmp_path, *with_orders(tmp_path), "--bank", "th=bank/bank_th.csv")
    assert outcome.code == 0, outcome.err
    assert "wise" not in outcome.err
    assert "preset" not in written(tmp_path)["bank"]["th"]


def test_a_statement_that_nobody_knows_is_mapped_by_names_and_contents(omise: FakeOmise, tmp_path: Path) -> None:
    [other] = [export for export in thailand.EXPORTS if export.name == "other Thai"]
    [rhb] = [export for export in malaysia.EXPORTS if export.name == "rhb reflex"]
    (tmp_path / "bank").mkdir()
    for export in (other, rhb):
        (tmp_path / "bank" / export.file).write_bytes(export.content)
    orders = with_orders(tmp_path)
    banks = ("--bank", f"th=bank/{other.file}", "--bank", f"th=bank/{rhb.file}")
    paths = ("--set", f"bank.th.path=bank/{other.file}", "--set", f"bank.th2.path=bank/{rhb.file}")
    outcome = init(omise, tmp_path, *orders, *banks, *paths)
    assert outcome.code == 0, outcome.err
    thai = written(tmp_path)["bank"]["th"]
    assert (thai["date_format"], thai["era"]) == (["%d/%m/%y"], "buddhist")
    assert thai["columns"]["debit"] == "ถอนเงิน"
    assert set(written(tmp_path)["bank"]["th2"]["columns"]) >= {"date", "debit", "credit", "description"}


def test_names_and_cells_as_banks_of_several_countries_write_them(omise: FakeOmise, tmp_path: Path) -> None:
    (tmp_path / "bank").mkdir()
    head = "Value Date,Transaction Date,Narration,Debit,Credit\n"
    (tmp_path / "bank" / "a.csv").write_text(f"{head}2026-09-02,2026-09-01,OMISE PAYOUT,,500.00\n")
    (tmp_path / "bank" / "c.dat").write_text(
        'Date,Details,Ref. No.,Dr,Cr\n="2026-09-01",="OMISE",="007",="",="5.00"\n'
    )
    (tmp_path / "bank" / "b.txt").write_text("お取引日,起算日,内容,出金額,入金額\n令和8年9月1日,,オミセ,,500\n")
    files = [word for name in ("a.csv", "b.txt", "c.dat") for word in ("--bank", f"th=bank/{name}")]
    outcome = init(omise, tmp_path, *with_orders(tmp_path), *files)
    assert outcome.code == 0, outcome.err
    assert [bank["columns"] for bank in written(tmp_path)["bank"].values()] == [
        {"date": "Transaction Date", "debit": "Debit", "credit": "Credit", "description": "Narration"},
        {"date": "お取引日", "debit": "出金額", "credit": "入金額", "description": "内容"},
        {"date": "Date", "debit": "Dr", "credit": "Cr", "description": "Details", "reference": "Ref. No."},
    ]


def test_an_unknown_export_is_asked_for_what_names_and_contents_leave_open(omise: FakeOmise, tmp_path: Path) -> None:
    words = with_orders(tmp_path, UNKNOWN)
    err = refused(init(omise, tmp_path, *words), tmp_path)
    assert "Which column is amount: this cannot be decided here: --set orders.shop.columns.amount=VALUE" in err
    assert "(Gross total, Shipping)" in err
    answers = ["--set", "orders.shop.columns.amount=Gross total"]
    err = refused(init(omise, tmp_path, *words, *answers), tmp_path)
    assert "how its dates are written is not plain (%d is the day, %m the month). Read them as: this cannot" in err
    assert "--set orders.shop.date_format=VALUE (%d/%m/%Y %H:%M, %m/%d/%Y %H:%M)" in err
    answers += ["--set", "orders.shop.date_format=%d/%m/%Y %H:%M"]
    err = refused(init(omise, tmp_path, *words, *answers), tmp_path)
    assert 'What is an order with the status "Shipped" (1 rows): this cannot be decided here' in err
    answers += ["--set", "orders.shop.status.Shipped=paid"]
    outcome = init(omise, tmp_path, *words, *answers)
    assert outcome.code == 0, outcome.err
    shop = written(tmp_path)["orders"]["shop"]
    assert shop["columns"] == {
        "order_id": "Order No",
        "amount": "Gross total",
        "status": "Payment status",
        "created_at": "Ordered at",
        "payment_method": "Paid by",
        "charge_id": "Omise",
    }
    assert shop["rows"] == "first"
    assert shop["ignore"] == {"payment_method": ["Cash"]}
    assert shop["status"] == {"paid": ["Shipped", "Paid"]}
    assert "2 orders in 1 input(s); 100 % of 2 rows read" in " ".join(outcome.err.split())


def test_marks_in_names_and_an_amount_without_tax_leave_no_doubt(omise: FakeOmise, tmp_path: Path) -> None:
    head = "order-id,orderDate,order_status,Order Total (inc tax),Order Total (ex tax),Order Currency Code\n"
    rows = "85,2026-09-01,wc-processing,107.00,100.00,THB\n86,2026-09-01,wc-on-hold,53.50,50.00,THB\n"
    more = "87,2026-09-02,wc-on-hold,10.70,10.00,THB\n"
    outcome = init(omise, tmp_path, *with_orders(tmp_path, head + rows + more))
    assert outcome.code == 0, outcome.err
    shop = written(tmp_path)["orders"]["shop"]
    assert (shop["columns"]["amount"], shop["columns"]["created_at"]) == ("Order Total (inc tax)", "orderDate")
    assert shop["status"] == {"paid": ["wc-processing"], "pending": ["wc-on-hold"]}


def test_what_excel_in_thailand_saved_again_is_read_by_trying(omise: FakeOmise, tmp_path: Path) -> None:
    outcome = init(omise, tmp_path, *with_orders(tmp_path, RESAVED.content))
    assert outcome.code == 0, outcome.err
    shop = written(tmp_path)["orders"]["shop"]
    assert (shop["decimal"], shop["era"]) == (",", "buddhist")
    assert shop["columns"]["created_at"] == ["วันที่", "เวลา"]
    assert "2 orders in 1 input(s)" in outcome.err


def test_thai_years_at_the_front_of_dates_leave_no_format_open(omise: FakeOmise, tmp_path: Path) -> None:
    outcome = init(
        omise, tmp_path, *with_orders(tmp_path, PLAIN.replace("2026-09-01T00:00:00Z", "2569-09-01 10:00:00"))
    )
    assert outcome.code == 0, outcome.err
    shop = written(tmp_path)["orders"]["shop"]
    assert (shop["era"], "date_format" in shop) == ("buddhist", False)


def test_an_encoding_that_cannot_be_told_is_asked(omise: FakeOmise, tmp_path: Path) -> None:
    content = PLAIN.replace("A-1", "ｵﾐｾ").encode("cp932")
    words = with_orders(tmp_path, content)
    err = refused(init(omise, tmp_path, *words), tmp_path)
    assert "--set orders.shop.encoding=VALUE (cp874, cp932)" in err
    assert init(omise, tmp_path, *words, "--set", "orders.shop.encoding=cp932").code == 0
    assert written(tmp_path)["orders"]["shop"]["encoding"] == "cp932"


def test_a_sheet_of_a_workbook_is_found(omise: FakeOmise, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["Notes of the month"])
    sheet = book.create_sheet("Orders")
    for line in PLAIN.splitlines():
        sheet.append(line.split(","))
    (tmp_path / "orders").mkdir()
    book.save(tmp_path / "orders" / "a.xlsx")
    outcome = init(omise, tmp_path, "--account", "th=OMISE_TH", "--yes", "--orders", "orders/a.xlsx")
    assert outcome.code == 0, outcome.err
    shop = written(tmp_path)["orders"]["shop"]
    assert (shop["kind"], shop["sheet"], shop["path"]) == ("excel", "Orders", "orders/*.xlsx")


def test_typed_columns_of_parquet_are_known_by_their_names(omise: FakeOmise, tmp_path: Path) -> None:
    header, row = (line.split(",") for line in PLAIN.splitlines())
    file = io.BytesIO()
    pq.write_table(pa.table({name: [cell] for name, cell in zip(header, row, strict=True)}), file)
    outcome = init(omise, tmp_path, *with_orders(tmp_path, file.getvalue(), "a.parquet"))
    assert outcome.code == 0, outcome.err
    shop = written(tmp_path)["orders"]["shop"]
    assert (shop["kind"], shop["path"], shop["columns"]["order_id"]) == ("parquet", "orders/*.parquet", "order_id")


def test_orders_of_several_accounts_go_by_their_currencies(omise: FakeOmise, tmp_path: Path) -> None:
    both = PLAIN + "A-2,10.00,SGD,paid,2026-09-01T00:00:00Z\n"
    outcome = init(omise, tmp_path, *with_orders(tmp_path, both), "--account", "sg=OMISE_SG")
    assert outcome.code == 0, outcome.err
    assert written(tmp_path)["orders"]["shop"]["account_by"] == "currency"
    (tmp_path / "config.toml").unlink()
    err = refused(init(omise, tmp_path, *with_orders(tmp_path), "--account", "sg=OMISE_SG"), tmp_path)
    assert "--set orders.shop.account=VALUE (th, sg, by currency)" in err


@pytest.mark.parametrize(
    ("words", "environ", "told"),
    [
        (("--account", "th=skey_test_x0canary0"), {}, "takes the NAME of an environment variable"),
        (("--account", "th"), {}, '--account "th" is not NAME=VARIABLE'),
        (("--account", "th=OMISE_MY"), {}, "environment variable OMISE_MY is not set"),
        (("--account", "th=K"), {"K": "skey_test_0canary0"}, "Omise refused the key in K"),
        (
            ("--account", "th=OMISE_TH", "--account", "a=A"),
            {"A": KEYS["OMISE_TH"]},
            "keys of one account",
        ),
        (("--account", "th=OMISE_TH", "--bank", "sg=x.csv"), {}, '--bank "sg=x.csv" is not ACCOUNT=FILE'),
        (("--account", "th=OMISE_TH", "--bank", "th=x.csv"), {}, "--bank x.csv: there is no such file"),
        (("--account", "th=OMISE_TH", "--set", "x=1"), {}, "--set x: there is no such question"),
        (("--account", "th=OMISE_TH", "--set", "x"), {}, '--set "x" is not KEY=VALUE'),
        (("--account", "th=OMISE_TH", "--preset", "magento"), {}, "--preset is for --database"),
        (("--account", "th=OMISE_TH", "--bank", "th=x.csv", "--bank", "th=x.csv"), {}, "--bank names a file twice"),
        (("--account", "th=OMISE_TH", "--database", "SHOP"), {}, "environment variable SHOP is not set"),
        ((), {}, "--set account=VALUE (OMISE_SG, OMISE_TH)"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(
    omise: FakeOmise, words: tuple[str, ...], environ: dict[str, str], told: str, tmp_path: Path
) -> None:
    orders = with_orders(tmp_path)[2:]
    err = refused(init(omise, tmp_path, *words, *orders, environ=environ), tmp_path)
    assert told in err
    assert "canary" not in err


def test_a_file_is_never_overwritten(omise: FakeOmise, tmp_path: Path) -> None:
    words = with_orders(tmp_path)
    (tmp_path / "config.toml").write_text("# mine\n", encoding="utf-8")
    outcome = init(omise, tmp_path, *words)
    assert (outcome.code, (tmp_path / "config.toml").read_text(encoding="utf-8")) == (2, "# mine\n")
    assert "config.toml is there already and stays as it is: give --out another name" in outcome.err
    outcome = init(omise, tmp_path, *words, "--out", "other.toml")
    assert outcome.code == 0
    assert "Next: recon --config other.toml check, then recon --config other.toml run" in outcome.err


def test_rows_that_cannot_be_read_at_all_are_refused(omise: FakeOmise, tmp_path: Path) -> None:
    words = with_orders(tmp_path, PLAIN.replace("10.00", "10.005"))
    err = refused(init(omise, tmp_path, *words), tmp_path)
    assert "how its amounts are written is not plain" in err, "or is it ten thousand and five?"
    words = with_orders(tmp_path, PLAIN.replace("10.00", "10.0055"))
    err = refused(init(omise, tmp_path, *words), tmp_path)
    assert 'orders.shop: no row can be read: amount: amount "10.0055" has more decimals than THB (2)' in err


def test_a_shop_in_a_database_is_known_by_its_tables(omise: FakeOmise, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as shop:
        for table in ("oc2_order", "oc2_currency"):
            shop.execute(f"create table {table} (id)")
    environ = {"SHOP": f"sqlite:///{tmp_path / 'shop.db'}"}
    words = ("--account", "th=OMISE_TH", "--yes", "--database", "SHOP")
    err = refused(init(omise, tmp_path, *words, "--preset", "magento", environ=environ), tmp_path)
    assert "the database of SHOP has not the tables of magento: see recon presets list" in err
    err = refused(init(omise, tmp_path, *words, "--preset", "shopify", environ=environ), tmp_path)
    assert '--preset "shopify" is none of a database: magento, opencart, prestashop, woocommerce' in err
    assert json.dumps(environ["SHOP"]) not in err
    with closing(sqlite3.connect(tmp_path / "shop.db")) as shop:
        shop.execute("create table oc2_omise_charge (id)")
    err = refused(init(omise, tmp_path, *words, environ=environ), tmp_path)
    assert "[orders.shop] the database says" in err, "it is OpenCart's, of which SQLite reads no query"


def test_a_column_of_addresses_is_no_column_of_states(omise: FakeOmise, tmp_path: Path) -> None:
    mistaken = "order_id,amount,currency,status,created_at\nA-1,10.00,THB,mia@example.com,2026-09-01T00:00:00Z\n"
    err = refused(init(omise, tmp_path, *with_orders(tmp_path, mistaken)), tmp_path)
    assert "its column of states has addresses or card numbers: it is another column" in err
    assert "@example.com" not in err


def test_where_stderr_is_json_every_line_of_it_is(omise: FakeOmise, tmp_path: Path) -> None:
    outcome = init(omise, tmp_path, *with_orders(tmp_path, SHOPIFY.content), environ={"RECON_LOG": "json"})
    assert outcome.code == 0
    assert len([json.loads(line) for line in outcome.err.splitlines()]) > 1
