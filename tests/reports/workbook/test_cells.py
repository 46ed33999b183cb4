"""Cells and tabs: hostile text, amounts in every currency, moments, borders of chunks and of sheets."""

import zipfile
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon import columns as c
from recon.model import Result
from reports.sheet import column_letter
from reports.sheets.matched import SHEET
from reports.workbook.cells import LONGEST, major_text, text_value, text_xml
from tests.kit.report_example import bare_result_of, breaks, known_break, matched, rejected
from tests.reports.workbook.test_write import (
    example,
    first_table,
    open_of,
    part_of,
    read_by_calamine,
    row_of,
    sheet_of,
    shown,
    values,
    written,
)

HOSTILE = (
    "=1+1",
    "+66 81",
    "-5",
    "@SUM(A1)",
    '=HYPERLINK("x")',
    "0007",
    "NA",
    "nan",
    "TRUE",
    "1e5",
    "<b>&amp;</b>",
    " two spaces ",
    "line\nbreak",
    "tab\tcell",
    "a\r\nb",
    "ไทย 日本語 한국어",
    "😀 👩‍👩‍👧",
    "\u202eright to left",
    "שלום",
    "_x0041_",
    "x_x000D_y_x0041_",
    "\u200b",
    "'quoted",
    '"',
    "]]>",
    "\x7f\x85",
)


CONTROL = "".join(map(chr, range(32))) + "\ufffe\uffff"
TOO_LONG = ("x" * 40_000, "ก" * 40_000, "😀" * 20_000)


@cache
def with_reasons() -> bytes:
    """A workbook whose rejected rows have as their reasons HOSTILE, then CONTROL, then TOO_LONG."""
    texts = (*HOSTILE, CONTROL, *TOO_LONG)
    rows = rejected().iloc[[0] * len(texts)].reset_index(drop=True)
    rows[c.REASON] = pd.Series(texts, dtype=c.TEXT)
    return written(bare_result_of(aside=rows)).getvalue()


def reasons() -> list[Any]:
    """The cells of them."""
    sheet = sheet_of(shown(BytesIO(with_reasons()), values=False), "Rejected rows")
    return [row[4] for row in sheet.iter_rows(min_row=2)]


def test_hostile_text_is_text_and_intact_in_every_reader() -> None:
    column = reasons()[: len(HOSTILE)]
    assert [cell.value for cell in column] == list(HOSTILE)
    assert {cell.data_type for cell in column} <= {"s", "inlineStr"}
    read = read_by_calamine(BytesIO(with_reasons()), "Rejected rows")[1:]
    assert [row[4] for row in read[: len(HOSTILE)]] == list(HOSTILE)


def test_control_characters_are_shown_and_do_not_break_the_file() -> None:
    assert reasons()[len(HOSTILE)].value == "␀␁␂␃␄␅␆␇␈\t\n␋␌\r␎␏␐␑␒␓␔␕␖␗␘␙␚␛␜␝␞␟\ufffd\ufffd"


@pytest.mark.parametrize("text", TOO_LONG, ids=["Latin", "Thai", "emoji"])
def test_a_text_too_long_for_a_cell_is_visibly_cut(text: str) -> None:
    found = reasons()[len(HOSTILE) + 1 + TOO_LONG.index(text)].value
    assert isinstance(found, str)
    assert found.endswith(" … [cut]")
    assert text.startswith(found.removesuffix(" … [cut]"))
    assert LONGEST - 2 <= len(found.encode("utf-16-le")) // 2 <= LONGEST


def test_a_text_that_just_fits_is_not_cut() -> None:
    for text in ("ก" * LONGEST, "😀" * (LONGEST // 2)):
        assert text_value(text) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_makes_xml_that_says_it(text: str) -> None:
    root = ElementTree.fromstring(f"<is>{text_xml(text)}</is>")
    assert "".join(root.itertext()) == text_value(text)


def test_names_of_files_on_the_summary_are_text_too() -> None:
    result = bare_result_of()
    odd = result.inputs[0].__class__("shop", "=cmd|' /C calc'!A0\x00", "0" * 64, 1)
    book = shown(written(result.__class__(**{**vars(result), "inputs": (odd,)})), values=False)
    found = [row[0] for row in sheet_of(book, "Summary").iter_rows() if "calc" in str(row[0].value)]
    assert [(cell.value, cell.data_type) for cell in found] == [("shop: =cmd|' /C calc'!A0␀", "s")]


@given(st.integers(-(10**18), 10**18), st.integers(0, 4))
def test_major_units_are_exact(amount: int, exponent: int) -> None:
    text = major_text(amount, exponent)
    assert int(text.replace(".", "")) == amount
    assert len(text.partition(".")[2]) == exponent


def raw_cells(file: BytesIO, part: str, letters: str) -> list[str]:
    """The number texts of one column, as they stand in the XML."""
    with zipfile.ZipFile(file) as package:
        root = ElementTree.fromstring(package.read(part))
    found = [cell for cell in root.findall(".//{*}c") if str(cell.get("r")).rstrip("0123456789") == letters]
    return ["".join(value.text or "" for value in cell.findall("{*}v")) for cell in found[1:]]


def column(file: BytesIO, title: str) -> list[Any]:
    """What the Breaks sheet has under a title."""
    [header, *rows] = first_table(values(file, "Breaks"))
    return [row[header.index(title)] for row in rows]


def test_every_row_is_written_exactly_in_its_own_currency() -> None:
    known = [
        known_break("amount_mismatch", 1, currency="THB", expected=-5, actual=123_456_789_012_345, risk=1),
        known_break("amount_mismatch", 2, currency="JPY", expected=-5, actual=999_999_999_999_999, risk=1),
        known_break("amount_mismatch", 3, currency="SGD", expected=100, actual=-100, risk=0),
        known_break("amount_mismatch", 4, currency=None),
    ]
    file = written(bare_result_of(open_breaks=breaks(known)))
    codes = column(file, "Currency")
    part = part_of("Breaks")
    assert codes == [None, "JPY", "SGD", "THB"]
    assert raw_cells(file, part, "O")[:4] == ["", "-5", "1.00", "-0.05"]
    assert raw_cells(file, part, "P")[:4] == ["", "999999999999999", "-1.00", "1234567890123.45"]


def test_an_amount_that_a_number_cannot_hold_is_text_and_its_total_no_formula() -> None:
    large = 10**15
    known = [known_break("amount_mismatch", n, currency="THB", risk=large + n) for n in (1, 2)]
    file = written(bare_result_of(open_breaks=breaks(known)))
    assert column(file, "Amount at risk") == [
        "10,000,000,000,000.02",
        "10,000,000,000,000.01",
    ]
    assert (
        open_of(sheet_of(shown(file, values=False), "Summary"), "no cash effect", "THB")[1] == "20,000,000,000,000.03"
    )


def test_an_unknown_currency_shows_minor_units_and_says_so() -> None:
    known = [known_break("amount_mismatch", 1, currency="XTS", risk=1_234), known_break("order_missing", 2, risk=5)]
    file = written(bare_result_of(open_breaks=breaks(known)))
    assert column(file, "Amount at risk") == ["1,234 (minor units)", 0.05]
    assert open_of(values(file, "Summary"), "no cash effect", "XTS")[1] == "1,234 (minor units)"


def test_moments_stand_in_the_account_s_zone() -> None:
    links = matched(3)
    moments = [
        datetime(2026, 10, 31, 17, 0, tzinfo=UTC),
        datetime(2026, 12, 31, 16, 59, 59, 999000, tzinfo=UTC),
        None,
    ]
    links[c.PAID_AT] = c.typed(moments, c.MOMENT)
    sheet = sheet_of(shown(written(bare_result_of(links))), "Matched")
    bangkok = [m and m.astimezone(ZoneInfo("Asia/Bangkok")).replace(tzinfo=None) for m in moments]
    assert [sheet[f"N{row}"].value for row in (2, 3, 4)] == bangkok
    assert sheet["N2"].number_format == "yyyy-mm-dd hh:mm:ss"


def parts(file: BytesIO) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as package:
        return {name: package.read(name) for name in package.namelist()}


@cache
def sixty() -> Result:
    """A result of sixty matched orders."""
    return bare_result_of(matched(60))


@cache
def of_sixty() -> dict[str, bytes]:
    """Its workbook in one chunk."""
    return parts(written(sixty()))


@pytest.mark.parametrize("chunk", [1, 59, pytest.param(61, marks=pytest.mark.proof)])
def test_the_size_of_a_chunk_changes_nothing(chunk: int) -> None:
    assert parts(written(sixty(), chunk=chunk)) == of_sixty()


@pytest.mark.parametrize(
    ("rows", "tabs"), [(98, 1), (99, 2), pytest.param(101, 2, marks=pytest.mark.proof), (201, 3)]
)
def test_rows_beyond_a_sheet_go_on_in_the_next(rows: int, tabs: int) -> None:
    file = written(bare_result_of(matched(rows)), tab_rows=101)
    book = shown(file, values=False)
    names = [name for name in book.sheetnames if name.startswith("Matched")]
    assert names == ["Matched", "Matched (2)", "Matched (3)"][:tabs]
    found: list[Any] = [row[0] for name in names for row in first_table(values(file, name))[1:]]
    assert found == [f"{i + 1:07d}" for i in range(rows)]
    formula = str(row_of(sheet_of(book, "Summary"), "Charges")[5])
    assert formula.count("COUNTIFS") == tabs
    assert row_of(values(file, "Summary"), "Charges")[5] == rows
    assert max(sheet_of(book, name).max_row for name in names) <= 101, "the totals, too"


def test_rows_know_their_place() -> None:
    with zipfile.ZipFile(written(bare_result_of(matched(30)), chunk=8)) as package:
        root = ElementTree.fromstring(package.read(part_of("Matched")))
    rows = list(root.findall(".//{*}row"))
    assert [row.get("r") for row in rows] == [str(i) for i in (*range(1, 32), 33)]
    assert [[cell.get("r") for cell in row] for row in rows[1:]] == [
        [f"{column_letter(i)}{row}" for i in range(len(SHEET.columns))] for row in (*range(2, 32), 33)
    ]
    dimension = root.find("{*}dimension")
    assert dimension is not None
    assert dimension.get("ref") == "A1:U33"


def test_columns_have_the_names_of_a_spreadsheet() -> None:
    assert [column_letter(i) for i in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


def test_a_workbook_loads_without_a_warning() -> None:
    """Which would fail whatever test looks first."""
    assert shown(example()).sheetnames[0] == "Summary"
