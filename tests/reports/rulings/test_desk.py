"""The desk's workbook alone: what is offered, what is understood of it when it comes back, and what is never read."""

import io
import random
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from recon.model import BreakStatus
from recon.model.rulings import Answer, Outcome, RulingKind
from recon.money import Currencies
from recon.rulings.decide import MOVES
from recon.tabular.xlsx_guard import Refused
from reports.rulings.desk import OUTCOME_COLUMNS, RowOutcome, count, outcomes, write_outcome
from reports.rulings.read import DeskRow, read_rulings
from reports.rulings.sheet import ANSWERS, CHOICES, COLUMNS, NAME, TITLES
from tests.kit.desk import DAY, SHEET, export, fill, rewritten, rows_of, with_shared_texts
from tests.kit.report_example import BREAKS, known_break

EVENING = datetime(2026, 12, 31, 18, 0)  # noqa: DTZ001 (a cell has no zone)
EVENTS = {
    "acknowledge": "acknowledged",
    "resolve": "resolved",
    "write off": "written_off",
    "link": "linked",
    "approve": "approved",
    "reject": "rejected",
}


def read(path: Path) -> list[DeskRow]:
    return read_rulings(path, "malee")


def wrong(folder: Path, **cells: Any) -> str:
    """What is said of a row that is filled in so."""
    path = fill(
        export(folder / "desk.xlsx", BREAKS[:1]), {name.replace("_", " "): text for name, text in cells.items()}
    )
    [line] = read(path)
    assert line.ask is None
    return line.wrong


def refusal(path: Path) -> str:
    with pytest.raises(Refused) as raised:
        read(path)
    return str(raised.value)


# What is written.


def test_the_first_sheet_has_a_row_per_break_with_facts_as_numbers_and_texts(tmp_path: Path) -> None:
    path = export(tmp_path / "desk.xlsx")
    assert load_workbook(path).sheetnames == [NAME, "How to"]
    rows = {row["Break"]: row for row in rows_of(path)}
    assert rows.keys() == {known.latest.id for known in BREAKS}
    row = rows[BREAKS[8].latest.id]
    assert (row["What it is"], row["Severity"], row["Order"]) == ("The amounts differ", "high", "0000909")
    assert (row["Expected (ours)"], row["Actual (Omise or bank)"], row["Difference"]) == (500, 450, -50)
    assert (row["Age, days"], row["Status"], row["Ruling"], row["Until"]) == (40, "open", None, None)
    cells = {cell.value: cell for cell in load_workbook(path)[NAME][1]}
    money = load_workbook(path)[NAME][cells["Amount at risk"].coordinate.replace("1", "2")]
    assert money.number_format.startswith('"฿"#,##0.00')


def test_only_what_people_fill_in_is_unlocked_and_filters_still_work(tmp_path: Path) -> None:
    sheet = load_workbook(export(tmp_path / "desk.xlsx"))[NAME]
    unlocked = {title.value for title, cell in zip(sheet[1], sheet[2], strict=True) if not cell.protection.locked}
    assert unlocked == {column.title for column in ANSWERS}
    assert sheet.protection.sheet
    assert sheet.protection.password is None
    assert not sheet.protection.autoFilter  # false: it is not forbidden
    hidden = {cell.value for cell in sheet[1] if sheet.column_dimensions[cell.coordinate[:-1]].hidden}
    assert hidden == {"Version", "Export"}


@pytest.mark.parametrize("status", [BreakStatus.OPEN, BreakStatus.ACKNOWLEDGED, BreakStatus.PENDING_APPROVAL])
def test_the_drop_down_of_a_status_offers_what_the_graph_of_a_break_allows(
    status: BreakStatus, tmp_path: Path
) -> None:
    book = load_workbook(export(tmp_path / "desk.xlsx"))
    [(title, cells)] = book.defined_names[f"rulings_{status}"].destinations
    offered = [cell.value for (cell,) in book[title][cells]]
    allowed = [word for word, event in EVENTS.items() if event in MOVES[status]]
    undo = ["undo"] if status is not BreakStatus.OPEN else []
    assert sorted(offered) == sorted([*allowed, *undo, "assign", "note"])
    [validation] = [
        one for one in book[NAME].data_validations.dataValidation if "rulings_open" in (one.formula1 or "")
    ]
    assert f"rulings_{status}" in validation.formula1


def test_the_same_breaks_give_the_same_bytes_and_others_another_export(tmp_path: Path) -> None:
    first, second = export(tmp_path / "1.xlsx"), export(tmp_path / "2.xlsx", BREAKS[::-1])
    assert first.read_bytes() == second.read_bytes()
    other = export(tmp_path / "3.xlsx", [replace(BREAKS[0], version=7), *BREAKS[1:]])
    assert rows_of(first)[0]["Export"] != rows_of(other)[0]["Export"]


def test_a_text_from_outside_never_becomes_a_formula(tmp_path: Path) -> None:
    hostile = known_break("amount_mismatch", 1, explanation='=HYPERLINK("http://x","y")')
    path = export(tmp_path / "desk.xlsx", [hostile])
    assert all(cell.data_type != "f" for row in load_workbook(path)[NAME].iter_rows() for cell in row)
    line = DeskRow(2, {"ruling": "=1+1", "reason": "+cmd|x"})
    with (tmp_path / "out.xlsx").open("wb") as file:
        write_outcome([RowOutcome(line, "refused", "=2+2")], Currencies(), file, DAY)
    cells = [cell for row in load_workbook(tmp_path / "out.xlsx")["Outcome"].iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    assert {"=1+1", "=2+2", "+cmd|x"} <= {cell.value for cell in cells}


def test_no_break_is_a_workbook_too(tmp_path: Path) -> None:
    path = export(tmp_path / "desk.xlsx", [])
    assert rows_of(path)[0]["Break"] == "No break is open."
    assert [line.ask for line in read(path)] == [None]


# What is read.


def test_every_ruling_is_understood_and_rows_without_one_are_left(tmp_path: Path) -> None:
    path = fill(
        export(tmp_path / "desk.xlsx"),
        {"Ruling": "acknowledge", "Until": date(2026, 12, 31), "Reason": "bank holiday"},
        {"Ruling": "Resolve", "Reason": "refunded"},
        {"Ruling": "write_off", "Reason": "small change"},
        {"Ruling": "link", "Link order": "0000901", "Link charge": "chrg_test_1"},
        {"Ruling": "assign", "Owner": " Somchai  Jaidee "},
        {"Ruling": "note", "Reason": "asked the shop\nby mail"},
        {"Ruling": "undo"},
        {"Ruling": "approve"},
        {"Ruling": "reject", "Reason": "not ours"},
        {},
    )
    lines = read(path)
    assert len(lines) == len(BREAKS)
    asks = [line.ask for line in lines if line.ask]
    assert [ask.kind for ask in asks] == [choice.kind for choice in CHOICES]
    assert (asks[0].until, asks[0].reason, asks[0].who) == (date(2026, 12, 31), "bank holiday", "malee")
    assert (asks[3].order_id, asks[3].charge_id) == ("0000901", "chrg_test_1")
    assert asks[4].owner == "Somchai Jaidee"
    assert asks[5].reason == "asked the shop\nby mail"
    assert all(ask.break_id and ask.version == 0 for ask in asks)
    assert not any(line.wrong for line in lines)


def test_texts_in_a_part_of_their_own_are_the_same_texts(tmp_path: Path) -> None:
    path = fill(export(tmp_path / "desk.xlsx"), {"Ruling": "note", "Reason": "a_x000D_b < c"}, {"Ruling": "undo"})
    inline = read(path)
    assert inline[0].ask is not None
    assert inline[0].ask.reason == "a\rb < c"
    assert read(with_shared_texts(path)) == inline


def test_the_key_is_that_of_the_row_and_its_ruling_whoever_imports_it(tmp_path: Path) -> None:
    path = fill(export(tmp_path / "desk.xlsx"), {"Ruling": "note", "Reason": "a"}, {"Ruling": "note", "Reason": "a"})
    [first, second] = [line.ask for line in read_rulings(path, "malee") if line.ask]
    [again, _] = [line.ask for line in read_rulings(path, "somchai") if line.ask]
    assert first.key == again.key
    assert first.key != second.key
    [other] = [line.ask for line in read(fill(path, {"Reason": "b"}, {"Ruling": None, "Reason": None})) if line.ask]
    assert other.key != first.key


@pytest.mark.parametrize("until", [date(2026, 12, 31), EVENING, "2026-12-31", " 2026-12-31 "])
def test_a_day_is_a_date_cell_or_a_text(tmp_path: Path, until: object) -> None:
    [line] = read(fill(export(tmp_path / "desk.xlsx", BREAKS[:1]), {"Ruling": "acknowledge", "Until": until}))
    assert line.ask is not None
    assert line.ask.until == date(2026, 12, 31)


def test_days_that_a_mac_counted_from_1904_are_the_same_days(tmp_path: Path) -> None:
    path = fill(export(tmp_path / "desk.xlsx", BREAKS[:1]), {"Ruling": "acknowledge", "Until": date(2026, 12, 31)})
    rewritten(path, {"xl/workbook.xml": lambda xml: xml.replace(b"<workbookPr", b'<workbookPr date1904="1"', 1)})
    [line] = read(path)
    assert line.ask is not None
    assert line.ask.until == date(2031, 1, 1)  # 1,462 days later: the same number, counted from another day


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"Ruling": "delete"}, '"delete" is no ruling: choose one of acknowledge, resolve, write off'),
        ({"Owner": "Malee"}, "no ruling: choose one, or clear Owner"),
        ({"Ruling": "acknowledge"}, "acknowledge needs Until"),
        ({"Ruling": "resolve"}, "resolve needs Reason"),
        ({"Ruling": "write off", "Reason": "  "}, "write off needs Reason"),
        ({"Ruling": "assign"}, "assign needs Owner"),
        ({"Ruling": "link", "Link_order": "1"}, "link needs Link charge"),
        ({"Ruling": "resolve", "Reason": "x", "Until": date(2027, 1, 1)}, "resolve takes no Until"),
        ({"Ruling": "acknowledge", "Until": "31/12/2026"}, 'Until is "31/12/2026", not a date such as 2026-12-31'),
        ({"Ruling": "acknowledge", "Until": "2026-02-30"}, "not a date such as"),
        ({"Ruling": "acknowledge", "Until": -3}, "not a date such as"),
        ({"Ruling": "acknowledge", "Until": 1e300}, "not a date such as"),
        ({"Ruling": "acknowledge", "Until": "2569-12-31"}, "year 2569: by the calendar of this file that is 2026"),
        ({"Ruling": "link", "Link_order": 1e19, "Link_charge": "c"}, "became the number"),
        ({"Ruling": "note", "Reason": "#REF!"}, "Reason holds an error"),
        ({"Ruling": "note", "Reason": "x" * 2001}, "2,001 characters, more than 2,000"),
        ({"Ruling": "note", "Reason": "x", "Break": None}, "its id is missing"),
        ({"Ruling": "note", "Reason": "x", "Version": "two"}, "export again"),
        ({"Ruling": "note", "Reason": "x", "Export": None}, "export again"),
    ],
)
def test_what_a_row_lacks_is_said_in_words(tmp_path: Path, cells: dict[str, Any], words: str) -> None:
    assert words in wrong(tmp_path, **cells)


def test_rows_that_decide_differently_about_one_break_are_all_refused(tmp_path: Path) -> None:
    same = {"Break": BREAKS[0].latest.id}
    path = fill(
        export(tmp_path / "desk.xlsx"),
        {**same, "Ruling": "resolve", "Reason": "refunded"},
        {**same, "Ruling": "acknowledge", "Until": date(2026, 12, 31)},
        {**same, "Ruling": "assign", "Owner": "Malee"},
        {**same, "Ruling": "note", "Reason": "both?"},
    )
    first, second, assign, note = read(path)[:4]
    assert first.wrong.startswith("row 3 decides about this break too")
    assert second.wrong.startswith("row 2 decides about this break too")
    assert assign.ask is not None
    assert note.ask is not None


def test_columns_may_be_moved_added_and_renamed_in_case_but_not_lost(tmp_path: Path) -> None:
    path = fill(export(tmp_path / "desk.xlsx"), {"Ruling": "undo"})
    book = load_workbook(path)
    book[NAME].insert_cols(1)
    book[NAME]["A1"], book[NAME]["A2"] = "Mine", "?"
    book[NAME]["B1"] = " BREAK "
    book.save(path)
    assert [line.ask.kind for line in read(path) if line.ask] == [RulingKind.UNDO]
    book[NAME]["B1"] = "Brake"
    book.save(path)
    assert "lacks Break" in refusal(path)
    book[NAME]["B1"], book[NAME]["A1"] = "Break", "Ruling"
    book.save(path)
    assert "a column twice: Ruling" in refusal(path)


# What becomes of it.


def test_the_outcome_has_a_line_per_row_and_every_outcome_is_counted(tmp_path: Path) -> None:
    path = fill(export(tmp_path / "desk.xlsx", BREAKS[:3]), {"Ruling": "undo"}, {"Ruling": "frobnicate"})
    lines = read(path)
    assert lines[0].ask is not None
    told = outcomes(lines, [Answer(lines[0].ask, Outcome.PENDING, "waits for a second person", 4)])
    assert count(told) == {"applied": 0, "pending_approval": 1, "already_applied": 0, "refused": 1, "skipped": 1}
    made = io.BytesIO()
    write_outcome(told, Currencies(), made, DAY)
    (tmp_path / "out.xlsx").write_bytes(made.getvalue())
    rows = rows_of(tmp_path / "out.xlsx", "Outcome")
    assert list(rows[0]) == [column.title for column in OUTCOME_COLUMNS]
    assert [row["Outcome"] for row in rows] == ["pending approval", "refused", "skipped"]
    assert (rows[0]["Row"], rows[0]["Why"], rows[0]["Ruling"]) == (2, "waits for a second person", "undo")
    assert [row["Amount at risk"] for row in rows] == [row["Amount at risk"] for row in rows_of(path)]


# What is never read.


def put(*parts: tuple[str, bytes]) -> Callable[[Path], Path]:
    return lambda path: rewritten(path, dict(parts))


def changed(part: str, old: bytes, new: bytes) -> Callable[[Path], Path]:
    def change(xml: bytes) -> bytes:
        assert old in xml
        return xml.replace(old, new, 1)

    return lambda path: rewritten(path, {part: change})


def rows_added(rows: bytes) -> Callable[[Path], Path]:
    return changed(SHEET, b"</sheetData>", rows + b"</sheetData>")


def overwritten(content: bytes) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        path.write_bytes(content)
        return path

    return write


def packed_twice(path: Path) -> Path:
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as package:
        package.writestr(SHEET, b"<worksheet/>")
    return path


TYPES, RELS = "[Content_Types].xml", "xl/_rels/workbook.xml.rels"
OUTSIDE = (
    b'<Relationship Id="x9" TargetMode="External" Target="file:///etc/passwd" Type="http://schemas.openxmlformats.org'
    b'/officeDocument/2006/relationships/image"/></Relationships>'
)
MACROS = b'<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>'
DTD = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><worksheet'
HOSTILE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "macros": (put(("xl/vbaProject.bin", b"x")), "holds macros, which are never read"),
    "macros under another name": (
        changed(TYPES, b"</Types>", MACROS + b"</Types>"),
        "holds macros",
    ),
    "a link to another workbook": (put(("xl/externalLinks/externalLink1.xml", b"<x/>")), "links to other workbooks"),
    "a part outside of the file": (changed(RELS, b"</Relationships>", OUTSIDE), "what lies outside of it"),
    "an embedded object": (put(("xl/embeddings/oleObject1.bin", b"x")), "holds embedded objects"),
    "a data connection": (put(("xl/connections.xml", b"<x/>")), "holds data connections"),
    "a zip bomb": (put(("xl/media/a.xml", b"0" * 20_000_000)), "a zip bomb"),
    "a zip of very many parts": (put(*((f"p{n}", b"") for n in range(600))), "parts, more than the 500"),
    "two parts of one name": (packed_twice, "two parts of the same name"),
    "a hundred thousand empty rows": (
        rows_added(b"".join(b'<row r="%d" ht="15"/>' % n for n in range(100, 100_100))),
        "more than 25,000 rows, empty ones included",
    ),
    "a cell far away": (rows_added(b'<row r="99"><c r="XFD99"><v>1</v></c></row>'), "far to the right, XFD99"),
    "formulas": (
        rows_added(b'<row r="99"><c r="U99"><f>1+1</f><v>2</v></c><c r="V99"><f t="shared" si="0"/></c></row>'),
        "put plain values into U99, V99",
    ),
    "an entity bomb": (changed(SHEET, b"<worksheet", DTD), "a document type or entities"),
    "broken XML": (changed(SHEET, b"</sheetData>", b""), "the file is damaged"),
    "an unknown encoding": (
        changed(SHEET, b"<worksheet", b'<?xml version="1.0" encoding="klingon"?><worksheet'),
        "the file is damaged",
    ),
    "a text that is not there": (
        rows_added(b'<row r="99"><c r="A99" t="s"><v>9999</v></c></row>'),
        "A99 names a text",
    ),
    "no workbook in it": (put(("_rels/.rels", b"<Relationships/>")), "is not an Excel workbook"),
    "another sheet": (
        changed("xl/workbook.xml", b'name="Rulings"', b'name="Sheet1"'),
        'no sheet "Rulings" (there is "Sheet1", "How to")',
    ),
    "an encrypted workbook": (overwritten(b"\xd0\xcf\x11\xe0" + bytes(512)), "encrypted, or an old .xls"),
    "text": (overwritten(b"Break,Ruling\n"), "not an Excel workbook"),
    "an empty file": (overwritten(b""), "not an Excel workbook"),
    "half a zip": (overwritten(b"PK\x03\x04" + b"x" * 99), "the file is damaged"),
    "a very large file": (overwritten(b"PK\x03\x04" + bytes(10_000_000)), "more than the 10,000,000"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_workbook_is_refused_in_words(name: str, tmp_path: Path) -> None:
    spoil, words = HOSTILE[name]
    assert words in refusal(spoil(export(tmp_path / "desk.xlsx")))


def test_what_the_sheet_says_of_its_size_is_not_believed(tmp_path: Path) -> None:
    path = fill(export(tmp_path / "desk.xlsx"), {"Ruling": "undo"})
    with zipfile.ZipFile(path) as package:
        assert b'<dimension ref="A1:AA16"' in package.read(SHEET)
    changed(SHEET, b'ref="A1:AA16"', b'ref="A1:XFD1048576"')(path)
    assert len(read(path)) == len(BREAKS)


def test_a_cell_far_below_the_others_costs_no_more_than_itself(tmp_path: Path) -> None:
    path = fill(export(tmp_path / "desk.xlsx"), {"Ruling": "undo"})
    rows_added(b'<row r="1048576"><c r="GR1048576"><v>1</v></c><c r="A1048576"><v>1</v></c></row>')(path)
    tracemalloc.start()
    lines = read(path)
    most_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(lines) == len(BREAKS) + 1
    assert lines[-1].number == 1_048_576
    assert most_bytes < 10_000_000


PARTS = (SHEET, "xl/sharedStrings.xml", "xl/workbook.xml", RELS, TYPES, "")


def test_a_file_that_is_broken_anywhere_is_refused_or_read_but_never_a_surprise(tmp_path: Path) -> None:
    dice = random.Random(8)
    path = with_shared_texts(fill(export(tmp_path / "desk.xlsx", BREAKS[:2]), {"Ruling": "undo"}))
    whole = path.read_bytes()

    def spoil(content: bytes) -> bytes:
        spoiled = bytearray(content)
        for _ in range(dice.choice([1, 3, 30])):
            spoiled[dice.randrange(len(spoiled))] = dice.choice(b'<>&"/x0 \x00\xff')
        return bytes(spoiled[: dice.choice([len(content), len(content), dice.randrange(len(content))])])

    refused = 0
    for _ in range(120):
        path.write_bytes(whole)
        part = dice.choice(PARTS)
        if part:
            rewritten(path, {part: spoil})
        else:
            path.write_bytes(spoil(whole))
        try:
            read(path)
        except Refused:
            refused += 1
    assert 40 < refused < 120


def test_every_column_is_known_by_one_title() -> None:
    assert len(set(TITLES.values())) == len(COLUMNS)
