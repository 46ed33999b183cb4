"""From an empty folder to the first report: `recon init`, `recon check`, `recon run`, at a terminal and by options.

The shop's tables and files, the charges that Omise's plug-ins make and the bank's statements are written here as each
writes them; what is planted is found, and nothing else.
"""

import csv
import io
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.contract.command import recon
from tests.contract.objects import Json, major
from tests.contract.server import FakeOmise
from tests.contract.world import FIRST, LAST, NOW, Account, World
from tests.kit import mariadb
from tests.kit.places import ROOT
from tests.kit.terminal import session

SPREAD = datetime(2026, 9, 8, 3, tzinfo=UTC)  # so that several payouts are at the bank
EARLY = datetime(2026, 9, 1, 20, tzinfo=UTC)  # in Thailand money is held for seven days
RANGE = ("--from", str(FIRST), "--to", str(LAST), "--as-of", f"{NOW:%Y-%m-%dT%H:%M:%SZ}")


def table(rows: list[dict[str, Any]], before: str = "") -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return before + file.getvalue()


def breaks(folder: Path, environ: dict[str, str]) -> Counter[tuple[str, str]]:
    """Code and subject of all open breaks."""
    listed = recon(folder, environ, "breaks", "list", "--json").json()["breaks"]
    return Counter((entry["code"], entry["subject_id"]) for entry in listed)


# -- Shopify and DBS ------------------------------------------------------------


def shopify_row(number: int, amount: int, at: datetime, reference: str, **cells: str) -> dict[str, str]:
    return {
        "Name": f"#{number}",
        "Email": "mia@shop.example",
        "Financial Status": "paid",
        "Paid at": f"{at:%Y-%m-%d %H:%M:%S} +0800",
        "Currency": "SGD",
        "Subtotal": major(amount, "SGD"),
        "Total": major(amount, "SGD"),
        "Created at": f"{at:%Y-%m-%d %H:%M:%S} +0800",
        "Lineitem name": "Mug",
        "Cancelled at": "",
        "Payment Method": "Omise Credit Card",
        "Payment Reference": reference,
        "Refunded Amount": "0.00",
        "Phone": "",
    } | cells


def shopify_sale(account: Account, number: int, amount: int = 0) -> tuple[dict[str, str], Json]:
    """An order, and its charge as the Shopify app makes it: the description's number is the payment attempt's."""
    charge = account.charge(amount or None, at=SPREAD + timedelta(hours=10 * (number - 1001)))
    reference = f"r{number}AbCdEfGhIjKlMnOpQrSt"
    charge["description"] = f"demo.myshopify.com - #{number % 7 + 1}"
    charge["metadata"] = {"x_reference": reference, "platform": "shopify", "x_gateway_reference": charge["id"]}
    at = datetime.fromisoformat(charge["created_at"]).astimezone(account.zone) - timedelta(minutes=1)
    return shopify_row(number, charge["amount"], at, reference), charge


def dbs_statement(account: Account, missing: int) -> str:
    """The bank's own rows, newest first: every payout but one, and what is no payout."""
    head = '"Account Details For:","Business Account 000-000001-0",,,,,,,\n' + 5 * '"",,,,,,,,\n'
    rows = [(date.fromisoformat(line["date"]), line["amount"]) for line in account.lines]
    del rows[missing]
    names = ("Transaction Date", "Transaction Code", "Description", "Transaction Ref1", "Transaction Ref2")
    lines = [(*names, "Transaction Ref3", "Status", "Debit Amount", "Credit Amount")]
    for day, amount in sorted(rows, reverse=True):
        text = ("OMISE PTE LTD OTHR trsf", "OMISE PTE LTD", "OTHR", "trsf")
        lines.append((f"{day:%d %b %Y}", "ICT", *text, "Settled", "", amount))
    lines.append((f"{NOW:%d %b %Y}", "POS", "SHOP", "SHOP", "", "", "Pending", "12", ""))
    lines.append((f"{NOW:%d %b %Y}", "POS", "RENT", "RENT", "", "", "Settled", "900", ""))
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows(lines)
    return head + file.getvalue()


def test_a_shop_on_shopify_with_statements_of_dbs(tmp_path: Path) -> None:
    world = World("shopify")
    account = world.account("sg", "SG")
    rows: list[dict[str, str]] = []
    for number in range(1001, 1013):
        row, _ = shopify_sale(account, number)
        rows += [row, row | dict.fromkeys(("Financial Status", "Currency", "Subtotal", "Total"), "")]  # a line item
    short, _ = shopify_sale(account, 1013)
    rows.append(short | {"Total": major(99_900, "SGD")})
    _, lost = shopify_sale(account, 1014)  # its order is not in the file
    at = datetime.fromisoformat(lost["created_at"]).astimezone(account.zone)
    rows.append(shopify_row(1015, 45_000, at, "rNobodyPaidThisOneAtAllXy"))
    refunded, charge = shopify_sale(account, 1016)
    account.refund(charge, charge["amount"])
    rows.append(refunded)
    rows.append(shopify_row(1017, 70_000, at, "", **{"Payment Method": "Cash on Delivery (COD)"}))
    world.finish()
    paid = [transfer for transfer in account.objects["transfers"].values() if transfer["paid"]]
    for folder, name, text in (
        ("orders", "orders_export_1.csv", table(rows)),
        ("bank", "dbs.csv", dbs_statement(account, missing=0)),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text, encoding="utf-8")
    environ = {"OMISE_SECRET_KEY": account.key}
    with FakeOmise(list(world.accounts.values()), NOW) as omise:
        words = ("init", "--base-url", omise.url, "--bank", "sg=bank/dbs.csv")
        answers = [
            ("Which file has orders", "orders/orders_export_1.csv"),
            ("number or name [shopify]: ", ""),
            ("Which files are of orders.shop", ""),
            ("Is orders.shop read right?", "yes"),
            ("number or name [dbs]: ", ""),
            ("Which files are of bank.sg", ""),
            ("Is bank.sg read right?", "y"),
        ]
        code, seen = session(tmp_path, environ, words, answers)
        assert code == 0, seen
        check = recon(tmp_path, environ, "check")
        run = recon(tmp_path, environ, "run", *RANGE, "--json")
        found = breaks(tmp_path, environ)
    for line in (
        "sg: SG, SGD, test mode",
        "shopify: Shopify: orders export (seen in a real file), header in row 1",
        "orders_export_1.csv has the columns of a known export. Read it as:",
        "orders.shop: the first rows as they are read",
        "orders.shop: nothing uses Email, Paid at, Subtotal, Lineitem name, Phone",
        "dbs: DBS and POSB: transaction history (2026) (seen in a real file), header in",
        "Next: recon check, then recon run",
    ):
        assert line in seen, seen
    assert account.key not in seen + (tmp_path / "config.toml").read_text(encoding="utf-8")
    assert check.code == 0, check.words
    assert "Next: recon run" in check.err
    assert run.code == 0, run.words
    assert found == Counter(
        {
            ("amount_mismatch", "1013"): 1,
            ("order_missing", lost["id"]): 1,
            ("charge_missing", "1015"): 1,
            ("refund_unrecorded", "1016"): 1,
            ("bank_credit_missing", paid[0]["id"]): 1,
        }
    )
    assert list((tmp_path / "reports-out").rglob("*.xlsx"))


# -- WooCommerce and SCB ------------------------------------------------------------


def woo_order(number: int, charge: Json, **cells: Any) -> dict[str, Any]:
    """A row of wp_wc_orders as WooCommerce and Omise's plug-in leave it."""
    at = datetime.fromisoformat(charge["created_at"]) - timedelta(minutes=1)
    return {
        "id": number,
        "type": "shop_order",
        "status": "wc-processing",
        "currency": "THB",
        "total_amount": major(charge["amount"], "THB"),
        "date_created_gmt": f"{at:%Y-%m-%d %H:%M:%S}",
        "date_updated_gmt": f"{at:%Y-%m-%d %H:%M:%S}",
        "parent_order_id": 0,
        "payment_method": "omise",
        "transaction_id": charge["id"],
    } | cells


def woo_sale(account: Account, number: int, **charge: Any) -> tuple[dict[str, Any], Json]:
    made = account.charge(at=EARLY + timedelta(minutes=5 * number), **charge)
    made["description"] = f"WooCommerce Order id {number}"
    made["metadata"] = {"order_id": str(number)}
    return woo_order(number, made), made


def woo_database(name: str, rows: list[dict[str, Any]]) -> str:
    """The URL of a shop's database with these orders."""
    script = (ROOT / "tests" / "kit" / "shops" / "woocommerce.sql").read_text(encoding="utf-8")
    tables = [part for part in script.split(";\n") if part.lstrip().startswith("CREATE TABLE wp_wc_")]
    inserts = [
        f"INSERT INTO wp_wc_orders ({', '.join(row)}) VALUES ({', '.join(map(json.dumps, row.values()))})"
        for row in rows
    ]
    return mariadb.database(name, ";\n".join([*tables, *inserts]))


def scb_statement(account: Account, odd: int) -> str:
    """HISTSTMT as the bank writes it: every payout, of one another amount, a fee and a customer's transfer."""
    rows = []
    for at, line in enumerate(account.lines):
        day = date.fromisoformat(line["date"])
        amount = line["amount"] if at != odd else f"{float(line['amount']) - 100:.2f}"
        rows.append((day, "03:43", "X1", "ฝากโอน", "ATS", "", amount, "OMISE CO LTD"))
        rows.append((day, "09:10", "FE", "ค่าธรรมเนียม", "ENET", "10.00", "", "FEE"))
        rows.append((day, "10:00", "X1", "ฝากโอน", "ENET", "", "500.00", "MR A"))
    names = ("Date", "Time", "Tr Code", "Tr Description", "Channel", "Withdrawal", "Deposit", "Description")
    account_cells = {"Account Number": "4070000001", "Account Name": "ร้านตัวอย่าง", "Currency Code": "THB"}
    return table(
        [
            {
                **account_cells,
                **dict(zip(names, (f"{day.day}/{day.month}/{day.year}", *cells), strict=True)),
                "Cheque No.": "",
                "Outstanding Balance": "9029.61",
            }
            for day, *cells in rows
        ]
    )


@pytest.mark.proof  # the suite has a shop from nothing above; the database in test_shop_databases.py, test_init.py
@pytest.mark.skipif(not mariadb.is_installed(), reason="MariaDB's server is not installed")
def test_a_shop_on_woocommerce_with_statements_of_scb(tmp_path: Path) -> None:
    world = World("woocommerce")
    account = world.account("th")
    rows: list[dict[str, Any]] = [woo_sale(account, number)[0] for number in range(101, 113)]
    scaled, _ = woo_sale(account, 113)
    rows.append(scaled | {"total_amount": f"{float(scaled['total_amount']) * 100:.2f}"})
    lost, _ = woo_sale(account, 114)
    rows.append(lost | {"status": "wc-on-hold"})  # the webhook never came
    failed, _ = woo_sale(account, 115, status="failed")
    rows.append(failed)
    kept, charge = woo_sale(account, 116)
    account.refund(charge, charge["amount"])
    back = {"id": 216, "type": "shop_order_refund", "status": "wc-completed", "parent_order_id": 116}
    rows += [kept | {"status": "wc-refunded"}, kept | back | {"total_amount": f"-{kept['total_amount']}"}]
    owed, _ = woo_sale(account, 117)
    back = {"id": 217, "type": "shop_order_refund", "status": "wc-completed", "parent_order_id": 117}
    rows += [owed, owed | back | {"total_amount": "-20.00"}]
    rows.append(kept | {"id": 118, "payment_method": "cod", "transaction_id": None})
    world.finish()
    paid = [transfer for transfer in account.objects["transfers"].values() if transfer["paid"]]
    (tmp_path / "bank").mkdir()
    statement = scb_statement(account, odd=len(paid) - 1)
    (tmp_path / "bank" / "HISTSTMT.csv").write_text(statement, encoding="utf-8-sig")
    environ = {"OMISE_TH": account.key, "SHOP": woo_database("from_nothing", rows)}
    with FakeOmise(list(world.accounts.values()), NOW) as omise:
        words = ("init", "--base-url", omise.url, "--account", "th=OMISE_TH", "--database", "SHOP")
        more = ("--preset", "woocommerce", "--bank", "th=bank/HISTSTMT.csv")
        answers = [
            ("Is orders.shop read right?", ""),
            ("number or name [scb]: ", "scb"),
            ("Which files are of bank.th", "bank/*.csv"),
            ("Is bank.th read right?", ""),
        ]
        code, seen = session(tmp_path, environ, (*words, *more), answers)
        assert code == 0, seen
        check = recon(tmp_path, environ, "check")
        run = recon(tmp_path, environ, "run", *RANGE, "--json", "--no-report")
        found = breaks(tmp_path, environ)
    config = (tmp_path / "config.toml").read_text(encoding="utf-8")
    assert 'preset = "woocommerce"\nurl = { env = "SHOP" }\naccount = "th"\n' in config
    assert environ["SHOP"] not in seen + config
    assert check.code == 0, check.words
    assert run.code == 0, run.words
    assert found == Counter(
        {
            ("amount_scale_mismatch", "113"): 1,
            ("order_not_marked_paid", "114"): 1,
            ("order_paid_charge_failed", "115"): 1,
            ("refund_missing", "117"): 1,
            ("bank_amount_mismatch", paid[-1]["id"]): 1,
        }
    )
