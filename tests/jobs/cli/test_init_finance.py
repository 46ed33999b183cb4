"""`recon init` over what a finance team keeps: titles, subtotals among the orders, two banks' files in one folder."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.contract.server import FakeOmise
from tests.contract.world import NOW, World
from tests.jobs.cli.test_init import PLAIN, init, with_orders, written

HEADER = ["No.", "Order No", "Order date", "Customer", "Cur", "Amount", "Status", "Refund"]
ORDERS: list[list[Any]] = [
    [1, "KL-1", "2026-08-27 09:30", "A", "THB", 210, "Paid", None],
    [2, "KL-2", "2026-08-27 10:00", "B", "THB", 33.3, "Paid", None],
    [None, None, None, None, "Subtotal", 243.3, None, None],
    [3, "KL-3", "2026-08-28 12:00", "C", "THB", 27.45, "Refunded", 27.45],
    [4, "KL-4", "2026-08-28 13:00", "D", "USD", 22.5, "Paid", None],
    [5, "KL-5", "2026-08-29 13:00", "E", "THB", 88, "Awaiting payment", None],
    ["TOTAL", None, None, None, None, 381.25, None, None],
    ["* excludes marketplaces", None, None, None, None, None, None, None],
]
DBS = '"Transaction Date","Transaction Code","Description","Status","Debit Amount","Credit Amount"\n'
DBS += '"31 Aug 2026","ICT","OMISE PTE LTD","Settled","",1250.5\n'
OCBC = "Transaction date,Value date,Description,Withdrawals(SGD),Deposits(SGD)\n"
OCBC += '01/09/2026,02/09/2026,"FAST PAYMENT OMISE PTE LTD",,"1,250.50"\n'


@pytest.fixture(scope="module")
def omise() -> Iterator[FakeOmise]:
    world = World("finance")
    for name, region in (("th", "TH"), ("sg", "SG")):
        world.account(name, region)
    with FakeOmise(list(world.accounts.values()), NOW) as running:
        yield running


def workbook(folder: Path, rows: list[list[Any]]) -> tuple[str, ...]:
    """The month's workbook, whose sheet is called as the month is."""
    book = openpyxl.Workbook()
    book.worksheets[0].title = "Aug 2026"
    for row in (["Tasty Goods"], ["Online sales, August 2026"], [], HEADER, *rows):
        book.worksheets[0].append(row)
    book.create_sheet("Notes").append(["rates as per contract"])
    (folder / "orders").mkdir()
    book.save(folder / "orders" / "KL sales Aug 2026.xlsx")
    return ("--account", "th=OMISE_TH", "--yes", "--orders", "orders/KL sales Aug 2026.xlsx")


def test_subtotals_are_no_orders_and_currencies_are_read_whatever_their_column_is_called(
    omise: FakeOmise, tmp_path: Path
) -> None:
    outcome = init(omise, tmp_path, *workbook(tmp_path, ORDERS))
    assert outcome.code == 0, outcome.err
    assert "orders.shop: 3 row(s) without an order id, a time and a state are left out, as totals are" in outcome.err
    assert "5 orders in 1 input(s); 100 % of 5 rows read" in outcome.err
    shop = written(tmp_path)["orders"]["shop"]
    assert shop["columns"] == {
        "order_id": "Order No",
        "amount": "Amount",
        "currency": "Cur",
        "status": "Status",
        "created_at": "Order date",
        "refunded_amount": "Refund",
    }
    assert shop["filter"] == {"order_id": ["!"]}
    assert {"sheet", "rows"} & shop.keys() == set()


def test_a_row_without_an_id_that_looks_like_an_order_is_not_left_out(omise: FakeOmise, tmp_path: Path) -> None:
    nameless = [[6, None, "2026-08-29 14:00", "F", "THB", 10, "Paid", None]]
    outcome = init(omise, tmp_path, *workbook(tmp_path, ORDERS + nameless))
    assert outcome.code == 0, outcome.err
    assert "filter" not in written(tmp_path)["orders"]["shop"]
    assert "4 row(s) cannot be read and are kept aside" in outcome.err


def test_a_column_that_no_name_tells_can_be_set(omise: FakeOmise, tmp_path: Path) -> None:
    words = (*workbook(tmp_path, ORDERS), "--set", "orders.shop.columns.payment_method=Customer")
    outcome = init(omise, tmp_path, *words)
    assert outcome.code == 0, outcome.err
    assert written(tmp_path)["orders"]["shop"]["columns"]["payment_method"] == "Customer"


@pytest.mark.parametrize(
    ("names", "paths"),
    [
        (("dbs_aug.csv", "TransactionHistory_2608.csv"), ("bank/dbs*.csv", "bank/TransactionHistory*.csv")),
        (("statement_1.csv", "statement_2.csv"), ("bank/statement_1.csv", "bank/statement_2.csv")),
    ],
)
def test_two_statements_of_one_folder_are_two_sources(
    omise: FakeOmise, tmp_path: Path, names: tuple[str, str], paths: tuple[str, str]
) -> None:
    (tmp_path / "bank").mkdir()
    for name, text in zip(names, (DBS, OCBC), strict=True):
        (tmp_path / "bank" / name).write_text(text, encoding="utf-8")
    words = (*with_orders(tmp_path), "--account", "sg=OMISE_SG", "--set", "orders.shop.account=th")
    statements = (word for name in names for word in ("--bank", f"sg=bank/{name}"))
    outcome = init(omise, tmp_path, *words, *statements)
    assert outcome.code == 0, outcome.err
    assert "FAILED" not in outcome.err
    assert tuple(bank["path"] for bank in written(tmp_path)["bank"].values()) == paths


SHOPIFY = (
    "Name,Financial Status,Total,Currency,Created at,Lineitem name,Payment Method,Payment Reference\n"
    + "".join(
        f"#{1001 + at},paid,10.00,THB,2026-08-27 10:0{at}:00 +0700,Mug,{method},c{at}\n"
        for at, method in enumerate(("Omise", "Omise", "PayPal Express Checkout", "Cash on Delivery (COD)"))
    )
)


@pytest.mark.parametrize(
    ("answer", "ignored"),
    [((), None), (("PayPal Express Checkout",), ["Cash on Delivery (COD)", "PayPal Express Checkout"])],
)
def test_other_ways_of_paying_in_a_known_export_are_told_and_can_be_left_out(
    omise: FakeOmise, tmp_path: Path, answer: tuple[str, ...], ignored: list[str] | None
) -> None:
    words = [*with_orders(tmp_path, SHOPIFY)]
    words += (word for given in answer for word in ("--set", f"orders.shop.ignore.payment_method={given}"))
    outcome = init(omise, tmp_path, *words)
    assert outcome.code == 0, outcome.err
    assert "Ways of paying: Omise 2, PayPal Express Checkout 1, Cash on Delivery (COD) 1" in outcome.err
    assert written(tmp_path)["orders"]["shop"].get("ignore", {}).get("payment_method") == ignored


@pytest.mark.parametrize(("credit", "code"), [("", 2), ("1", 0)])
def test_which_of_two_codes_came_in_is_asked(omise: FakeOmise, tmp_path: Path, credit: str, code: int) -> None:
    (tmp_path / "bank").mkdir()
    lines = ["Date,Doc Ref No.,Description,Tran Amt.,Tran Type", '18/08/2026,01,RENT,"1,200.00",2']
    lines += ["23/08/2026,02,OMISE SDN BHD,261.75,1", "28/08/2026,03,PROFIT,0.99,1"]
    (tmp_path / "bank" / "cimb.csv").write_text("Account No.,800\n\n" + "\n".join(lines) + "\n", encoding="utf-8")
    answer = ("--set", f"bank.th.direction.credit={credit}") if credit else ()
    outcome = init(omise, tmp_path, *with_orders(tmp_path), "--bank", "th=bank/cimb.csv", *answer)
    assert outcome.code == code, outcome.err
    if not credit:
        assert 'Which word of "Tran Type" is of money that came in' in outcome.err
        assert "--set bank.th.direction.credit=VALUE (1, 2)" in outcome.err
        return
    assert written(tmp_path)["bank"]["th"]["direction"] == {"column": "Tran Type", "debit": ["2"], "credit": ["1"]}
    assert "3 lines in 1 file(s), 1 of them payouts by their text; 100 % of 3 rows read" in outcome.err


@pytest.mark.parametrize(("codes", "proposed"), [(["SGD"], "sg"), (["SGD", "USD"], "sg"), (["USD"], "th")])
def test_the_account_that_settles_in_the_orders_currency_is_proposed(
    omise: FakeOmise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, codes: list[str], proposed: str
) -> None:
    """Asked of a person, who says at last that it is not read right."""
    head, order, *_ = PLAIN.splitlines(keepends=True)
    orders = "".join(order.replace("THB", code).replace("A-1", f"{code}-1") for code in codes)
    (tmp_path / "o.csv").write_text(head + orders, encoding="utf-8")
    monkeypatch.setattr("sys.stdin", Typed("\n\nno\n"))
    outcome = init(omise, tmp_path, "--account", "th=OMISE_TH", "--account", "sg=OMISE_SG", "--orders", "o.csv")
    assert (outcome.code, f"number or name [{proposed}]: " in outcome.err) == (2, True), outcome.err


class Typed(StringIO):
    """What somebody types at a terminal."""

    def isatty(self) -> bool:
        return True
