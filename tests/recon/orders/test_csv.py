"""CSV order files: what is read, what is kept aside and why, what refuses the whole file."""

import re
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from recon import columns as c
from recon.model import Window
from recon.money import Currencies
from recon.orders.load import read
from recon.orders.source import LoadedOrders, OrderSource
from recon.privacy import HASH, MASKED, HashKey
from recon.tabular.layout import Column, Layout
from recon.tabular.table import SourceMissing, SourceUnreadable

WINDOW = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC))
OURS = (
    "order_id",
    "account",
    "amount",
    "currency",
    "status",
    "created_at",
    "refunded_amount",
    "payment_method",
    "charge_id",
)
LAYOUT = frozenset(field.name for field in fields(Layout))
HEADER = "order_id,account,amount,currency,status,created_at\n"
GOOD = "A-1,th,100.00,THB,paid,2026-11-24T09:30:00+07:00\n"


def a_source(path: Path, **changes: Any) -> OrderSource:
    settings: dict[str, Any] = {
        "name": "shop",
        "kind": "csv",
        "statuses": {"paid": ("paid", "จ่ายแล้ว"), "pending": ("NA",), "refunded": ("refunded",)},
        "zone": ZoneInfo("Asia/Bangkok"),
    }
    own_keys = {"path": str(path)}
    own_keys |= {name: changes.pop(name) for name in ("url", "query", "open_query") if name in changes}
    written: dict[str, Any] = {"columns": {name: name for name in OURS}}
    written |= {name: changes.pop(name) for name in list(changes) if name in LAYOUT}
    written["columns"] = {ours: Column.of(theirs) for ours, theirs in written["columns"].items()}
    layout = Layout(**{"place": "orders.shop"} | written)
    return OrderSource(**settings | changes, settings=own_keys, layout=layout)


def load(source: OrderSource, **changes: Any) -> LoadedOrders:
    known: dict[str, Any] = {"accounts": {"th": "THB", "jp": "JPY"}, "currencies": Currencies(), "hash_key": None}
    return read(source, window=WINDOW, **known | changes)


def load_text(folder: Path, text: str, encoding: str = "utf-8", **changes: Any) -> LoadedOrders:
    path = folder / "orders.csv"
    path.write_bytes(text.encode(encoding))
    return load(a_source(path, **{"encoding": encoding} | changes))


def load_row(folder: Path, row: str, **changes: Any) -> LoadedOrders:
    return load_text(folder, HEADER + row + "\n", **changes)


def the_reason(loaded: LoadedOrders) -> str:
    assert len(loaded.rejected) == 1, loaded.rejected
    return str(loaded.rejected[c.REASON][0])


def record(frame: pd.DataFrame, at: int = 0) -> dict[str, Any]:
    return {str(name): None if pd.isna(value) else value for name, value in frame.iloc[at].items()}


def test_an_order_is_read_as_the_file_says_it(tmp_path: Path) -> None:
    header = f"{HEADER.strip()},refunded_amount,payment_method,charge_id\n"
    loaded = load_text(tmp_path, header + '0001,th,"1,234.50",thb,NA,2026-11-24 09:30,"1,000",NA, chrg_1 \n')
    assert c.ORDER.check(loaded.orders) is loaded.orders
    assert record(loaded.orders) == {
        "account": "th",
        "order_id": "0001",
        "source": "shop",
        "status": "pending",
        "amount": 123450,
        "currency": "THB",
        "created_at": pd.Timestamp("2026-11-24T02:30:00Z"),
        "refunded_amount": 100000,
        "payment_method": "NA",
        "charge_id": "chrg_1",
        "reference": None,
        "customer": None,
        "file": "orders.csv",
        "file_hash": loaded.inputs[0].sha256,
        "row": 2,
    }


def test_columns_that_may_be_absent_are_zero_or_empty(tmp_path: Path) -> None:
    found = record(load_text(tmp_path, HEADER + GOOD).orders)
    assert (found["refunded_amount"], found["payment_method"], found["charge_id"]) == (0, None, None)


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("chrg_test_5y4g0odwqvi2m0zxu8l", "chrg_test_5y4g0odwqvi2m0zxu8l"),
        ("chrg_test_ctmzcwgjefaqophqcvz", "chrg_test_ctmzcwgjefaqophqcvz"),  # an id of letters alone
        ("chrg_ctmzcwgjefaqophqcvz", "chrg_ctmzcwgjefaqophqcvz"),
        ("chrg_anna_sample", MASKED),
        ("paid by Anna Sample", MASKED),
    ],
)
def test_an_order_names_its_charge_by_an_id_and_no_person(tmp_path: Path, cell: str, kept: str) -> None:
    loaded = load_text(tmp_path, f"{HEADER.strip()},charge_id\n{GOOD.strip()},{cell}\n")
    assert loaded.orders[c.CHARGE_ID].tolist() == [kept]


def test_minor_units_are_taken_as_they_are(tmp_path: Path) -> None:
    loaded = load_row(tmp_path, "A-1,jp,1500,JPY,paid,2026-11-24", amount_unit="minor")
    assert loaded.orders[c.AMOUNT].tolist() == [1500]


def test_a_zero_amount_is_kept(tmp_path: Path) -> None:
    assert load_row(tmp_path, "A-1,th,0,THB,paid,2026-11-24").orders[c.AMOUNT].tolist() == [0]


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        (",th,1,THB,paid,2026-11-24", "order_id", "order_id is empty"),
        ("A,,1,THB,paid,2026-11-24", "account", "account is empty"),
        ("A,th,,THB,paid,2026-11-24", "amount", "amount is empty"),
        ("A,th,1,,paid,2026-11-24", "currency", "currency is empty"),
        ("A,th,1,THB,,2026-11-24", "status", "status is empty"),
        ("A,th,1,THB,paid,", "created_at", "created_at is empty"),
        ("A,sg,1,THB,paid,2026-11-24", "account", 'account "sg" is not one of [accounts]'),
        ("A,th,1.234,THB,paid,2026-11-24", "amount", "more decimals than THB"),
        ("A,th,1e3,THB,paid,2026-11-24", "amount", "is not a number"),
        ("A,th,99999999999999999999,THB,paid,2026-11-24", "amount", "is too large"),
        ("A,th,-5.00,THB,paid,2026-11-24", "amount", 'amount "-5.00" is negative'),
        ("A,th,1,NA,paid,2026-11-24", "currency", 'currency "NA" is not known'),
        ("A,th,1,THB,lost,2026-11-24", "status", 'status "lost" is not in [orders.shop.status]'),
        ("A,th,1,THB,paid,05/11/2026", "created_at", "day/month or month/day"),
        ("A,th,1,THB,paid,2569-11-24", "created_at", "Buddhist-era (2569 = 2026)"),
        ("A,th,1,THB,paid,2026-02-30", "created_at", "does not exist"),
        ("A\x00B,th,1,THB,paid,2026-11-24", "order_id", "control character"),
        ("A\u200bB,th,1,THB,paid,2026-11-24", "order_id", "invisible"),
    ],
)
def test_a_bad_row_is_kept_aside_in_words(tmp_path: Path, row: str, column: str, words: str) -> None:
    loaded = load_text(tmp_path, HEADER + row + "\n" + GOOD.replace("A-1", "B"))
    assert loaded.orders[c.ORDER_ID].tolist() == ["B"]
    assert words in the_reason(loaded)
    found = record(loaded.rejected)
    assert (found["source"], found["file"], found["row"], found["column"]) == ("shop", "orders.csv", 2, column)
    assert found["account"] == (None if column == "account" else "th")


def test_every_fault_of_a_row_is_named(tmp_path: Path) -> None:
    reason = the_reason(load_row(tmp_path, ",th,x,THB,lost,2026-11-24"))
    assert reason.count(";") == 2
    assert reason.startswith("order_id is empty; amount ")


def test_a_negative_refund_names_its_column(tmp_path: Path) -> None:
    text = f"{HEADER.strip()},refunded_amount\nA,th,1,THB,paid,2026-11-24,-1\n"
    assert the_reason(load_text(tmp_path, text)) == 'refunded amount "-1" is negative'


@pytest.mark.parametrize("row", ["A,th,1,THB,paid", "A,th,1,THB,paid,2026-11-24,more"])
def test_a_ragged_row_is_kept_aside(tmp_path: Path, row: str) -> None:
    loaded = load_text(tmp_path, HEADER + row + "\n" + GOOD)
    assert "where the header has 6" in the_reason(loaded)
    assert loaded.rejected[c.ROW].tolist() == [2]
    assert loaded.orders[c.ROW].tolist() == [3]
    assert loaded.inputs[0].rows == 2


def test_rows_are_counted_as_lines_past_blank_lines_and_line_breaks_in_cells(tmp_path: Path) -> None:
    text = HEADER.strip() + ",note\n" + GOOD.strip() + ',"two\nlines"\n\nA,th\n' + GOOD.replace("A-1", "A-2").strip()
    loaded = load_text(tmp_path, text + ",one\n")
    assert loaded.orders[c.ROW].tolist() == [2, 6]
    assert loaded.rejected[c.ROW].tolist() == [5]


@pytest.mark.parametrize("note", ['"never closed', '"closed" and more'])
def test_a_quote_that_does_not_close_costs_its_own_row_only(tmp_path: Path, note: str) -> None:
    notes = {"A-1": '"fine\nhere"', "A-2": note, "A-3": '"fine\nhere"'}
    rows = "".join(f"{GOOD.replace('A-1', name).strip()},{said}\n" for name, said in notes.items())
    loaded = load_text(tmp_path, f"{HEADER.strip()},note\n{rows}")
    assert loaded.orders[c.ORDER_ID].tolist() == ["A-1", "A-3"]
    assert "quotes" in the_reason(loaded)
    assert loaded.rejected[c.ROW].tolist() == [4]


def test_text_after_a_closing_quote_is_not_guessed_at(tmp_path: Path) -> None:
    loaded = load_row(tmp_path, '"A"1,th,1,THB,paid,2026-11-24\nB "x",th,1,THB,paid,2026-11-24')
    assert loaded.orders[c.ORDER_ID].tolist() == ['B "x"']
    assert "quotes" in the_reason(loaded)


def test_a_last_quote_that_never_closes_swallows_no_row(tmp_path: Path) -> None:
    rows = GOOD.strip() + ',"open\n' + "".join(GOOD.replace("A-1", f"B-{at}").strip() + ",x\n" for at in range(300))
    loaded = load_text(tmp_path, f"{HEADER.strip()},note\n{rows}")
    assert len(loaded.orders) == 300
    assert "quotes" in the_reason(loaded)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_line_endings_marks_and_delimiters(tmp_path: Path, ending: str, mark: str, delimiter: str) -> None:
    text = mark + (HEADER + GOOD).replace(",", delimiter).replace("\n", ending)
    assert load_text(tmp_path, text).orders[c.ORDER_ID].tolist() == ["A-1"]


def test_thai_windows_files_are_read_with_their_encoding(tmp_path: Path) -> None:
    loaded = load_row(tmp_path, "ก-1,th,1,THB,จ่ายแล้ว,2026-11-24", encoding="cp874")
    assert loaded.orders[c.ORDER_ID].tolist() == ["ก-1"]


def test_a_wrong_encoding_names_file_and_encoding(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes((HEADER + GOOD.replace("paid", "จ่ายแล้ว")).encode("cp874"))
    with pytest.raises(SourceUnreadable, match=r"orders\.csv is not utf-8 text \(line 2\).*cp874"):
        load(a_source(path, encoding="utf-8"))
    path.write_bytes((HEADER + GOOD).encode("utf-8-sig"))
    with pytest.raises(SourceUnreadable, match=r"orders\.csv begins with the mark of UTF-8.*cp874"):
        load(a_source(path, encoding="cp874"))
    path.write_text(HEADER)
    with pytest.raises(SourceUnreadable, match='"nonsense" is not known'):
        load(a_source(path, encoding="nonsense"))


def test_an_id_that_a_spreadsheet_made_a_number_is_kept_aside(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, HEADER + GOOD.replace("A-1", "1.00E+15") + GOOD.replace("A-1", "4E+5-b"))
    assert loaded.orders[c.ORDER_ID].tolist() == ["4E+5-b"]
    [reason] = loaded.rejected[c.REASON]
    assert reason.startswith('order_id "1.00E+15" is how a spreadsheet writes a long number')


def test_no_file_an_empty_file_and_a_header_alone(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"\[orders\.shop\] no file matches .*none.*csv"):
        load(a_source(tmp_path / "none*.csv"))
    with pytest.raises(SourceMissing, match=r"n{300}\.csv cannot be opened: "):
        load(a_source(tmp_path / f"{'n' * 300}.csv"))
    for empty in ("", "\ufeff", "\n\n"):
        with pytest.raises(SourceUnreadable, match=r"orders\.csv is empty"):
            load_text(tmp_path, empty)
    loaded = load_text(tmp_path, HEADER)
    assert (len(loaded.orders), len(loaded.rejected), loaded.inputs[0].rows) == (0, 0, 0)
    c.ORDER.check(loaded.orders)
    c.REJECTED.check(loaded.rejected)


def test_a_missing_column_is_one_error_that_names_those_found(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match=r'orders\.csv has no column "total" \(our amount\); its columns are'):
        load_text(tmp_path, HEADER + GOOD, columns={"amount": "total"})
    with pytest.raises(SourceUnreadable, match=r'has column "amount" more than once'):
        load_text(tmp_path, HEADER.strip() + ",amount\n" + GOOD.strip() + ",5\n")


def test_files_are_read_in_natural_order_and_the_newest_row_wins(tmp_path: Path) -> None:
    for name, amount in (("day_10.csv", "3"), ("day_9.csv", "2"), ("deep/day_1.csv", "1")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(HEADER + GOOD.replace("100.00", amount) + GOOD.replace("A-1", f"X-{amount}"))
    loaded = load(a_source(tmp_path / "**" / "*.csv"))
    assert [file.name for file in loaded.inputs] == ["day_9.csv", "day_10.csv", "deep/day_1.csv"]
    newest = loaded.orders.set_index(c.ORDER_ID).loc["A-1"]
    assert (newest[c.AMOUNT], newest[c.FILE]) == (100, "deep/day_1.csv")
    assert loaded.duplicates == {"th": 2}


def test_the_same_id_in_two_accounts_is_two_orders(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, HEADER + GOOD + "A-1,jp,100,JPY,paid,2026-11-24\n" + GOOD)
    assert (len(loaded.orders), loaded.duplicates) == (2, {"th": 1})


def test_identical_bad_rows_are_one(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(HEADER + "A,th,x,THB,paid,2026-11-24\n" * 2 + "B,th,x,THB,paid,2026-11-24\n")
    rejected = load(a_source(tmp_path / "*.csv")).rejected
    assert list(zip(rejected[c.FILE], rejected[c.ROW], strict=True)) == [("a.csv", 2), ("a.csv", 4)]


def test_ignored_rows_are_counted_by_account_and_not_validated(tmp_path: Path) -> None:
    text = (
        f"{HEADER.strip()},payment_method,shop\n"
        "A,th,x,THB,paid,never,cod,main\nB,zz,x,THB,paid,never,COD,main\nC,th,1,THB,paid,2026-11-24,card,test\n"
        "D,th,1,THB,paid,2026-11-24,card,main\n"
    )
    loaded = load_text(tmp_path, text, ignore={"payment_method": ("cod",), "shop": ("Test",)})
    assert loaded.orders[c.ORDER_ID].tolist() == ["D"]
    assert (loaded.ignored, len(loaded.rejected), loaded.inputs[0].rows) == ({"th": 2, "": 1}, 0, 4)


def test_a_column_to_ignore_by_must_exist_unless_it_is_an_optional_one_of_ours(tmp_path: Path) -> None:
    assert len(load_text(tmp_path, HEADER + GOOD, ignore={"payment_method": ("cod",)}).orders) == 1
    with pytest.raises(SourceUnreadable, match=r'no column "chanel", which \[orders\.shop\.ignore\] names'):
        load_text(tmp_path, HEADER + GOOD, ignore={"chanel": ("pos",)})


def test_a_source_that_serves_one_account_needs_no_column(tmp_path: Path) -> None:
    text = (HEADER + GOOD).replace("account,", "").replace("th,", "")
    assert load_text(tmp_path, text, account="jp").orders[c.ACCOUNT].tolist() == ["jp"]


def test_the_account_by_currency_is_the_one_that_settles_in_it(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    rows = "".join(f"{code},,1,{code},paid,2026-11-24\n" for code in ("JPY", "THB", "USD", "XXX"))
    path.write_text(HEADER + rows)
    source = a_source(path, account_by="currency")
    loaded = load(source, accounts={"th": "THB", "th2": "THB", "jp": "JPY"})
    assert loaded.orders[c.ACCOUNT].tolist() == ["jp"]
    assert loaded.rejected[c.REASON].tolist() == [
        "2 accounts settle in THB (th, th2): name the account in a column",
        "no account settles in USD",
        'currency "XXX" is not known',
    ]


def test_customers_are_hashed_with_a_key_and_dropped_without(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    people = {"A-1": "Mia@x.example", "A-2": " mia@X.example", "A-3": ""}
    rows = "".join(f"{GOOD.replace('A-1', name).strip()},{who}\n" for name, who in people.items())
    path.write_text(f"{HEADER.strip()},mail\n{rows}")
    source = a_source(path, columns={"customer": "mail"})
    hashed = load(source, hash_key=HashKey((b"key",))).orders[c.CUSTOMER]
    assert hashed[0] == hashed[1]
    assert HASH.fullmatch(hashed[0])
    assert pd.isna(hashed[2])
    assert load(source).orders[c.CUSTOMER].isna().all()


def test_a_customer_is_in_no_reason_and_in_no_digest(tmp_path: Path) -> None:
    rejected = []
    for who in ("mia@x.example", "leo@x.example"):
        path = tmp_path / "orders.csv"
        path.write_text(f"{HEADER.strip()},mail\nA,th,{who},THB,paid,2026-11-24,{who}\nB,th,1,1,{who}\n")
        rejected.append(load(a_source(path, columns={"customer": "mail"})).rejected)
    assert rejected[0].to_csv() != ""
    assert "x.example" not in rejected[0].to_csv()
    assert rejected[0][c.DIGEST][1] == rejected[1][c.DIGEST][1]


def test_a_value_in_a_reason_is_cut_and_printable(tmp_path: Path) -> None:
    reason = the_reason(load_row(tmp_path, f"A,th,1,THB,\x07{'1' * 200},2026-11-24"))
    assert f'"\ufffd{"1" * 38}…"' in reason


def test_a_look_says_how_a_file_is_written_and_what_nothing_uses(tmp_path: Path) -> None:
    text = f"My shop\n\n{HEADER.strip()},mail,phone\n" + (GOOD.strip() + ",mia@x.example,+66000\n") * 9
    columns = {name: name for name in OURS} | {"customer": "mail"}
    look = load_text(tmp_path, text.replace(",", "\t"), "utf-16", columns=columns, account="th").look
    assert look
    assert (look.name, look.words) == ("orders.csv", "delimiter tab, header in row 3")
    assert look.unused == ("account", "phone")


def test_a_url_is_never_shown() -> None:
    assert "secret" not in repr(a_source(Path("x"), url="postgresql://me:secret@host/db"))


def test_the_reference_of_a_payment_is_kept_and_a_person_in_it_is_not(tmp_path: Path) -> None:
    columns = {name: name for name in OURS} | {"reference": "Payment References"}
    header = f"{HEADER.strip()},Payment References\n"
    rows = [f"A-{number},th,1,THB,paid,2026-11-24,{cell}\n" for number, cell in enumerate(REFERENCES)]
    loaded = load_text(tmp_path, header + "".join(rows), columns=columns)
    references = loaded.orders[c.REFERENCE].astype(object).where(loaded.orders[c.REFERENCE].notna(), None)
    assert references.tolist() == ["rAbCdEfGhIjKlMnOpQrStUvWx", "r-1 + r-2", None, "from [e-mail]"]


REFERENCES = (" rAbCdEfGhIjKlMnOpQrStUvWx ", "r-1 + r-2", "", "from buyer@example.com")


def test_an_order_id_is_what_its_pattern_has_in_brackets(tmp_path: Path) -> None:
    rows = "".join(GOOD.replace("A-1", order_id) for order_id in ("#1001", "1002", "#AB1234", "draft", "#"))
    loaded = load_text(tmp_path, HEADER + rows, order_id_pattern=re.compile(r"#?([A-Z]*\d+)"))
    assert loaded.orders[c.ORDER_ID].tolist() == ["1001", "1002", "AB1234"]
    assert loaded.rejected[c.REASON].tolist() == [
        f'order_id "{text}" is not like order_id_pattern "#?([A-Z]*\\d+)" of [orders.shop]' for text in ("draft", "#")
    ]
    assert loaded.rejected[c.COLUMN].tolist() == ["order_id", "order_id"]
