"""The file of opening items: read exactly, or refused with every fault named."""

from pathlib import Path

import pytest

from recon.model.rulings import OpeningItem
from recon.money import Currencies
from recon.orders.opening import OpeningUnreadable, read_opening

HEADER = "account,kind,id,amount,currency,note"


def read(
    folder: Path, *lines: str, header: str = HEADER, encoding: str = "utf-8", end: str = "\n"
) -> list[OpeningItem]:
    path = folder / "opening.csv"
    path.write_bytes((end.join((header, *lines)) + end).encode(encoding))
    return [one.item for one in read_opening(path, ["th", "jp"], Currencies({"XTS": 3}), "mali")]


def faults(folder: Path, *lines: str, header: str = HEADER) -> list[str]:
    with pytest.raises(OpeningUnreadable) as refused:
        read(folder, *lines, header=header)
    return list(refused.value.messages)


def test_amounts_are_exact_minor_units_of_their_currency(tmp_path: Path) -> None:
    items = read(
        tmp_path,
        'th,order,0001,"1,250.50",thb,from the old shop',
        "jp,charge,chrg_1,1500,JPY,",
        "th,refund,rfnd_1,0.001,XTS,x",
        "th,transfer,trsf_1,89999999999.99,THB,large",
    )
    assert items[0] == OpeningItem("th", "order", "0001", 125_050, "THB", "from the old shop", "mali")
    assert [item.amount for item in items] == [125_050, 1_500, 1, 8_999_999_999_999]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_with_and_without_the_mark_and_either_line_end(tmp_path: Path, encoding: str, end: str) -> None:
    (item,) = read(tmp_path, "th,order,A-1,1.00,THB,ค้างชำระ", encoding=encoding, end=end)
    assert (item.id, item.note) == ("A-1", "ค้างชำระ")


def test_columns_stand_in_any_order_beside_others_and_blank_lines_are_no_rows(tmp_path: Path) -> None:
    header = "note;id;Kind;ACCOUNT;amount;currency;owner"
    assert [
        i.id for i in read(tmp_path, "n;A-1;Order;th;1;THB;o", "", ";;;;;;", "n;A-2;order;th;2;THB;o", header=header)
    ] == [
        "A-1",
        "A-2",
    ]


def test_a_header_alone_is_fine_and_nothing_at_all_is_not(tmp_path: Path) -> None:
    assert read(tmp_path) == []
    assert faults(tmp_path, header="") == [
        "opening.csv is empty: it needs at least a header row (account, kind, id, amount, currency, note)"
    ]


def test_every_fault_is_named_with_file_row_and_column(tmp_path: Path) -> None:
    assert faults(
        tmp_path,
        "kr,order,A-1,1.00,THB,",
        "th,invoice,A-2,1.00,THB,",
        "th,order,,1.00,THB,",
        "th,order,A-4,1.005,THB,",
        "jp,order,A-5,1.5,JPY,",
        "th,order,A-6,1.00,ZZZ,",
        "th,order,A-7,-1.00,THB,",
        "th,order,A-8,,,",
        "th,order,A-9,1.00,THB",
        "th,order,A-10,1.00,THB,",
        "th,order,A-10,2.00,THB,",
        ",bill,,x,THB,",
        "th,order,A\u200b11,99999999999999999999,THB,",
    ) == [
        'opening.csv row 2, column account: account "kr" is not one of [accounts]',
        'opening.csv row 3, column kind: "invoice" is none of order, charge, refund, transfer',
        "opening.csv row 4, column id: is empty",
        'opening.csv row 5, column amount: amount "1.005" has more decimals than THB (2)',
        'opening.csv row 6, column amount: amount "1.5" has more decimals than JPY (0)',
        'opening.csv row 7, column currency: currency "ZZZ" is not known',
        'opening.csv row 8, column amount: amount "-1.00" is negative: what is open is written without a sign',
        "opening.csv row 9, column currency: is empty",
        "opening.csv row 10: 5 fields where the header has 6",
        "opening.csv row 12, column id: order A-10 stands in row 11 already",
        "opening.csv row 13, column account: is empty",
        'opening.csv row 13, column kind: "[masked]" is none of order, charge, refund, transfer',
        "opening.csv row 13, column id: is empty",
        'opening.csv row 13, column amount: amount "x" is not a number like 1234.50 or 1,234.50',
        "opening.csv row 14, column id: has a control character or an invisible one in it",
        'opening.csv row 14, column amount: amount "99999999999999999999" is too large: '
        "one is at most THB 90,000,000,000.00",
    ]


def test_missing_and_repeated_columns_are_named(tmp_path: Path) -> None:
    assert faults(tmp_path, header="account,kind,id,id,amount") == [
        'opening.csv row 1: column "id" is there twice',
        'opening.csv row 1: column "currency" is missing',
        'opening.csv row 1: column "note" is missing',
    ]


def test_a_quote_that_does_not_close_costs_its_own_row(tmp_path: Path) -> None:
    assert faults(tmp_path, 'th,order,A-1,1.00,THB,"open', "th,order,A-2,x,THB,") == [
        'opening.csv row 2: the quotes (") of this row do not close',
        'opening.csv row 3, column amount: amount "x" is not a number like 1234.50 or 1,234.50',
    ]


def test_what_is_no_file_or_no_utf8_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(OpeningUnreadable, match=r"none\.csv cannot be opened: No such file"):
        read_opening(tmp_path / "none.csv", ["th"], Currencies(), "mali")
    path = tmp_path / "thai.csv"
    path.write_bytes(f"{HEADER}\nth,order,A-1,1,THB,ค้าง\n".encode("cp874"))
    with pytest.raises(OpeningUnreadable, match=r"thai\.csv row 2 is not UTF-8"):
        read_opening(path, ["th"], Currencies(), "mali")
