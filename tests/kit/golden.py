"""A small month's sheets as text, to be reviewed like code; `make golden` writes them."""

from dataclasses import replace
from io import BytesIO
from typing import Any

from openpyxl.cell.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

from recon.methods import MethodBook
from recon.model import Result
from reports.report import Group, Report
from reports.workbook.write import write_report
from tests.kit import journal_files
from tests.kit.loaded_book import loaded
from tests.kit.places import GOLDEN
from tests.kit.report_example import BREAKS, JP, TH, breaks, known_break, matched, result_of
from tests.reports.workbook.test_write import basis

FOLDER = GOLDEN
SMALL = BREAKS[::3]


def results() -> tuple[Result, Result]:
    """A Thai month and a Japanese one."""
    yen = breaks([known_break("amount_mismatch", 1, currency="JPY", expected=5_000, actual=50, risk=4_950)], "JP")
    yen["account"] = "jp"
    japan = result_of(matched(3, currency="JPY", funding="JPY"), yen, account=JP)
    return result_of(matched(7), breaks(SMALL), account=TH), replace(
        japan, rejected=japan.rejected[:1], rejected_rows=1
    )


def pages() -> dict[str, str]:
    """File name -> text: every sheet of the account's workbook, and the Summary of the group's."""
    book = MethodBook()
    small = replace(basis(), book=replace(book, entries=book.entries[:6]))
    parts = tuple(Report(result, small) for result in results())
    group = Group(parts, tuple(f"settlement_{part.name}.xlsx" for part in parts))
    texts = {f"th {sheet.title}.txt": text for sheet, text in _sheets(parts[0])}
    texts |= {f"group {sheet.title}.txt": text for sheet, text in _sheets(group) if sheet.title == "Summary"}
    return texts


def _sheets(report: Report | Group) -> list[tuple[Worksheet, str]]:
    file = BytesIO()
    write_report(report, file)
    values, formulas = loaded(file, values=True), loaded(file)
    return [(sheet, _text(sheet, formulas[sheet.title])) for sheet in values.worksheets]


def _text(values: Worksheet, formulas: Worksheet) -> str:
    """A line per row: its cells as shown, money with its format, a formula after its value."""
    lines = []
    for row, plain in zip(values.iter_rows(), formulas.iter_rows(), strict=True):
        cells = [_cell(value, formula) for value, formula in zip(row, plain, strict=True)]
        lines.append(f"{row[0].row:>3} | " + " | ".join(cells).rstrip(" |"))
    head = f"freeze {values.freeze_panes}, filter {values.auto_filter.ref}, breaks after rows"
    return "\n".join([f"{head} {[page_break.id for page_break in values.row_breaks.brk]}", *lines]) + "\n"


def _cell(value: Any, formula: Any) -> str:
    if value.value is None:
        return ""
    text = str(value.value).replace("\n", "⏎")
    if isinstance(value, Cell) and value.number_format not in ("General", "@", "#,##0_)"):
        text += f" [{value.number_format.partition(';')[0].replace('_)', '')}]"
    return f"{text} {formula.value}" if formula.data_type == "f" else text


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.txt"):
        old.unlink()
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    journal_files.write()
