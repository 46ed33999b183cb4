"""Every layout beside its golden file, and read back by the rules of the books that it is for."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import pytest
from beancount import loader
from beancount.core.data import Balance, Transaction
from openpyxl import load_workbook

from recon.journal.exporting import BookCodes
from recon.model import JournalEntry
from recon.money import Currencies
from reports.journal.files import files
from reports.journal.layouts import layouts
from reports.journal.rows import with_dates
from tests.kit.journal_files import FOLDER, HOSTILE, account_of, assertions, codes_of, example, laid_out, shown
from tests.kit.report_example import JP, TH

NAMES = tuple(layouts())


@pytest.mark.parametrize("name", NAMES)
def test_a_layout_writes_its_golden_file(name: str) -> None:
    made = shown(name)
    assert made == {file: (FOLDER / file).read_bytes() for file in made}


def test_every_golden_file_is_a_layout_s() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {file for name in NAMES for file in shown(name)}


def _rows(content: bytes, encoding: str = "utf-8") -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode(encoding), newline=""), strict=True))


def _records(name: str, encoding: str = "utf-8") -> list[dict[str, str]]:
    (content,) = laid_out(name).contents
    head, *rows = _rows(content, encoding)
    assert len(set(head)) == len(head)
    return [dict(zip(head, row, strict=True)) for row in rows]


def _grouped(records: Iterable[dict[str, str]], *keys: str) -> list[list[dict[str, str]]]:
    groups: dict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)
    for record in records:
        groups[tuple(record[key] for key in keys)].append(record)
    return list(groups.values())


def _sum(records: Iterable[dict[str, str]], column: str) -> Decimal:
    return sum((Decimal(record[column]) for record in records if record[column]), Decimal(0))


def _entries(name: str) -> list[JournalEntry]:
    return example(account_of(name), codes_of(name))


def test_the_plain_csv_has_the_contract_s_columns() -> None:
    records = _records("csv")
    head = (
        "journal_id,date,line,account_code,account_name,debit,credit,currency,tax_code,description,kind,items,digest"
    )
    assert list(records[0]) == head.split(",")
    groups = _grouped(records, "journal_id")
    assert [len(group) for group in groups] == [len(entry.lines) for entry in _entries("csv")]
    for group in groups:
        assert _sum(group, "debit") == _sum(group, "credit") > 0
        assert [record["line"] for record in group] == [str(place) for place in range(1, len(group) + 1)]
        assert len({(record["date"], record["digest"], record["kind"]) for record in group}) == 1


def test_xero_takes_it() -> None:
    """Signed amounts, day first, a tax rate on every line; rows of one narration and date are one journal."""
    records = _records("xero")
    assert [title for title in records[0] if title.startswith("*")] == [
        "*Narration",
        "*Date",
        "*AccountCode",
        "*TaxRate",
        "*Amount",
    ]
    groups = _grouped(records, "*Narration", "*Date")
    assert len(groups) == len(_entries("xero"))
    for group in groups:
        assert _sum(group, "*Amount") == 0
        assert all(datetime.strptime(record["*Date"], "%d/%m/%Y") for record in group)  # noqa: DTZ007
        assert all(record["*TaxRate"] and record["*AccountCode"] for record in group)


def test_xero_gets_300_lines_a_file_and_no_entry_is_split() -> None:
    entries = example(TH, codes_of("xero"), days=60)
    made = laid_out("xero", entries)
    assert len(made.contents) == 2
    parts = [_rows(content)[1:] for content in made.contents]
    assert sum(map(len, parts)) == sum(len(entry.lines) for entry in entries) > 300
    assert all(len(part) <= 300 for part in parts)
    first_numbers, second_numbers = ({row[0].split()[0] for row in part} for part in parts)
    assert not first_numbers & second_numbers


def test_quickbooks_takes_it() -> None:
    records = _records("quickbooks")
    assert list(records[0])[:5] == ["Journal No", "Journal Date", "Account Name", "Debits", "Credits"]
    for group in _grouped(records, "Journal No", "Journal Date"):
        assert _sum(group, "Debits") == _sum(group, "Credits")
        assert all(bool(record["Debits"]) ^ bool(record["Credits"]) for record in group)
        assert all(datetime.strptime(record["Journal Date"], "%m/%d/%Y") for record in group)  # noqa: DTZ007


def test_quickbooks_has_the_company_s_order_of_day_and_month_and_xero_its_own() -> None:
    dates = [with_dates(layouts()[name], "%d.%m.%Y").date for name in ("quickbooks", "netsuite", "xero")]
    assert dates == ["%d.%m.%Y", "%d.%m.%Y", "%d/%m/%Y"]


def test_netsuite_takes_it() -> None:
    """Lines of one external id are one entry: at least two, balanced, the header's values on each of them."""
    records = _records("netsuite")
    for group in _grouped(records, "External ID"):
        assert len(group) >= 2
        assert len({(record["Date"], record["Currency"], record["Memo"]) for record in group}) == 1
        assert _sum(group, "Journal Entry - Line: Debit") == _sum(group, "Journal Entry - Line: Credit")
        assert all(record["Journal Entry - Line: Account"] for record in group)


def test_yayoi_takes_it() -> None:
    """25 columns, no header, cp932; 2000 alone, or 2110, any 2100, 2101; whole yen, none negative, balanced."""
    (content,) = laid_out("yayoi").contents
    rows = _rows(content, "cp932")
    assert {len(row) for row in rows} == {25}
    flags = "".join({"2000": "s", "2110": "f", "2100": "m", "2101": "l"}[row[0]] for row in rows)
    slips = re.findall("s|fm*l", flags)
    assert "".join(slips) == flags
    assert len(slips) == len(_entries("yayoi"))
    at = 0
    for slip in slips:
        slip_rows = rows[at : at + len(slip)]
        at += len(slip)
        assert sum(int(row[8]) for row in slip_rows) == sum(int(row[14]) for row in slip_rows)
        for row in slip_rows:
            assert re.fullmatch(r"\d{4}/\d\d/\d\d", row[3])
            assert all(row[place].isdecimal() for place in (8, 9, 14, 15))
            assert (bool(row[4]), bool(row[10])) == (int(row[8]) > 0, int(row[14]) > 0)
            assert (row[19], row[22], row[23], row[24]) == ("0", "0", "0", "no")
            assert all(len(row[place].encode("cp932")) <= 24 for place in (4, 10))


def test_what_cp932_lacks_is_a_question_mark_and_counted() -> None:
    made = laid_out("yayoi")
    assert made.replaced == 1
    assert "? 寿司 ＡＢＣ" in made.contents[0].decode("cp932")
    assert laid_out("csv").replaced == 0


def test_money_forward_takes_it() -> None:
    """27 columns under their own header; rows of one number and day are one entry, and balance."""
    records = _records("moneyforward", "cp932")
    assert len(records[0]) == 27
    groups = _grouped(records, "取引No", "取引日")
    assert len(groups) == len(_entries("moneyforward"))
    for group in groups:
        assert _sum(group, "借方金額(円)") == _sum(group, "貸方金額(円)")
        assert all(len(record["取引No"]) <= 9 for record in group)


def test_a_spreadsheet_finds_no_formula_and_reads_the_amounts() -> None:
    (content,) = laid_out("xlsx").contents
    sheet = load_workbook(BytesIO(content)).worksheets[0]
    head, *rows = sheet.iter_rows()
    columns = {str(cell.value): place for place, cell in enumerate(head)}
    assert not any(cell.data_type == "f" for row in rows for cell in row)
    debits = sum(Decimal(str(row[columns["debit"]].value or 0)) for row in rows)
    assert debits == sum(Decimal(str(row[columns["credit"]].value or 0)) for row in rows)
    assert all(isinstance(row[columns["date"]].value, datetime) for row in rows)
    assert {row[columns["debit"]].number_format for row in rows if row[columns["debit"]].value} == {"#,##0.00"}


def _hostile(name: str) -> list[str]:
    """The cells of one file that hold an account code which is a formula."""
    codes = BookCodes(dict.fromkeys(codes_of(name).accounts, "=1+1"), {})
    content = laid_out(name, example(account_of(name), codes)).contents[0]
    return [cell for row in _rows(content, layouts()[name].encoding) for cell in row if "=1+1" in cell]


@pytest.mark.parametrize("name", [name for name in NAMES if layouts()[name].suffix in (".csv", ".txt")])
def test_no_cell_begins_like_a_formula(name: str) -> None:
    content = laid_out(name).contents[0]
    cells = [cell for row in _rows(content, layouts()[name].encoding) for cell in row]
    odd = [cell for cell in cells if cell.startswith(("=", "+", "@", "\t")) or re.match(r"-[^\d]", cell)]
    assert not odd
    assert not any("\n" in cell for cell in cells)
    assert set(_hostile(name)) == {"'=1+1"}
    if name == "csv":
        assert sum(text.replace("\n", " ") in cell for text in HOSTILE for cell in cells) == len(HOSTILE)


def _beancount(entries: list[JournalEntry]) -> tuple[list[Any], list[Any]]:
    """The directives that beancount reads of an export, after the books opened their accounts, and its errors."""
    account = account_of("beancount")
    codes = codes_of("beancount")
    opened = [f"2025-01-01 open {code}" for code in (*codes.accounts.values(), "Equity:Opening")]
    opening = ['2026-01-01 * "opening"', f"  {codes.accounts['clearing']}  50000.00 THB", "  Equity:Opening", ""]
    made = files(layouts()["beancount"], Currencies(), entries, assertions(account, codes))
    directives, errors, _ = loader.load_string("\n".join([*opened, *opening, made.contents[0].decode()]))
    return directives, errors


def test_beancount_accepts_it_with_its_balance_assertions() -> None:
    entries = _entries("beancount")
    directives, errors = _beancount(entries)
    assert errors == []
    transactions = [entry for entry in directives if isinstance(entry, Transaction) and entry.links]
    assert {link for entry in transactions for link in entry.links} == {entry.number for entry in entries}
    assert len([entry for entry in directives if isinstance(entry, Balance)]) == 2
    texts = [(posting.meta or {})["what"] for entry in transactions for posting in entry.postings]
    assert sum(text.replace("\n", " ") in whole for text in HOSTILE for whole in texts) == len(HOSTILE)


def test_beancount_s_balance_assertion_sees_an_entry_that_lacks() -> None:
    _, errors = _beancount(_entries("beancount")[:-1])
    assert [error.message.split("(")[0] for error in errors] == [
        "Balance failed for 'Assets:Omise:Clearing': expected 41443.72 THB != accumulated 51443.72 THB "
    ]


def test_beancount_sees_one_unit_too_much() -> None:
    entry = _entries("beancount")[1]
    odd = replace(entry.lines[0], debit=(entry.lines[0].debit or 0) + 1)
    _, errors = _beancount([replace(entry, lines=(odd, *entry.lines[1:]))])
    assert any("does not balance" in error.message for error in errors)


def test_beancount_writes_no_decimals_of_yen() -> None:
    codes = codes_of("beancount")
    text = files(layouts()["beancount"], Currencies(), example(JP, codes), assertions(JP, codes)).contents[0].decode()
    assert set(re.findall(r" (-?[\d.]+) JPY", text)) >= {"1234500", "-1234500", "45059"}
    assert not re.search(r"\d\.\d+ JPY", text)


@pytest.mark.parametrize(
    ("name", "code", "why"),
    [
        ("yayoi", "オミセペイメント未収入金勘定", "is longer than the 24 bytes"),
        ("yayoi", "売掛金", ""),
        ("beancount", "1150", "is no account of Beancount"),
        ("beancount", "Assets:omise", "is no account of Beancount"),
        ("beancount", "Assets:Omise:Clearing", ""),
        ("csv", "anything at all", ""),
    ],
)
def test_a_code_that_the_books_would_not_take_is_refused(name: str, code: str, why: str) -> None:
    assert layouts()[name].refuses(code).startswith(why)
    assert bool(layouts()[name].refuses(code)) == bool(why)
