"""What makes the desk's sheet a form: cells to fill in, drop-downs, hints, an explaining sheet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from openpyxl import Workbook
from openpyxl.formatting.rule import Rule
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Protection, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from recon import columns as c
from recon.model import BreakStatus
from recon.model.rulings import REASONS
from reports.rulings.sheet import ANSWERS, CHOICES, COLUMNS, HOW_TO, REASON, RULING, TITLES, UNTIL
from reports.sheet import HEADER_ROWS, Kind, column_letter
from reports.workbook.paper import lines_of, points_of, set_up_paper
from reports.workbook.styles import DAY_FORMAT, FONT, INK, RULE, page_style

_INPUT = "FFFFF8DC"
_INPUT_HEADER = "FFFFD54F"
_WANTED = "FFFFC9A3"
FOOTER = "omise-recon"
_WIDTHS = (16, 74, 26, 40)
_STEPS = (
    "On the sheet Rulings each row is one break. What is white tells about it; the yellow columns are yours.",
    "Choose a ruling from the list in the column Ruling. A cell that turns orange is one that this ruling needs.",
    "Leave Ruling empty, and nothing is done with that row. Rows that you do not need may be filtered away.",
    "Save the file as .xlsx and import it: recon rulings import FILE",
    "Read the outcome file that is written beside it: every row with what became of it, and why.",
)
_GOOD_TO_KNOW = (
    "One ruling per row. For a second one on the same break copy its row (the protection must be off).",
    "A row whose break has changed since this file was written is refused: export again and look at it anew.",
    "Good rows are kept where others are refused. Importing the same file twice changes nothing.",
    "Reason offers the usual ones; any other text is taken as it is.",
    "The white cells are protected against slips, without a password. Filters work; to sort, choose Review, "
    "Unprotect Sheet.",
    "Formulas, macros and links to other workbooks are not read: such a file is refused as a whole.",
)


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of the explaining sheet: texts, each in its style; one text alone goes over the whole width."""

    texts: tuple[str, ...]
    looks: tuple[str, ...]
    points: float = 0.0  # of height; 0: as many as its texts need


def input_styles() -> tuple[NamedStyle, ...]:
    """The styles of cells that people fill in, and of the header above them."""
    side = Side(style="thin", color=RULE)
    box = Border(left=side, right=side, top=side, bottom=side)
    left = Alignment(horizontal="left", vertical="top", indent=1, wrap_text=True)
    middle = Alignment(horizontal="center", vertical="center", wrap_text=True)
    font = Font(name=FONT, size=10, color=INK)
    bold = Font(name=FONT, size=10, bold=True, color=INK)
    fill = PatternFill("solid", fgColor=_INPUT)
    header_fill = PatternFill("solid", fgColor=_INPUT_HEADER)
    unlocked = Protection(locked=False)
    return (
        NamedStyle(str(Kind.INPUT), font, fill, box, left, "@", unlocked),
        NamedStyle(str(Kind.INPUT_DAY), font, fill, box, left, DAY_FORMAT, unlocked),
        NamedStyle("input header", bold, header_fill, box, middle, "General", Protection(locked=True)),
    )


def fill_in(book: Workbook, sheet: Worksheet, ranges: Mapping[BreakStatus, str], rows: int, day: date) -> None:
    """Give the columns to be filled in their headers, drop-downs and hints; protect the rest, without a password."""
    for status, cells in ranges.items():
        name = _list_name(status)
        book.defined_names[name] = DefinedName(name, attr_text=cells)
    for column in ANSWERS:
        sheet[f"{_place(column.name)}{HEADER_ROWS}"].style = "input header"
    if rows:
        last = HEADER_ROWS + rows
        for name, validation in _validations(ranges, day):
            validation.add(f"{_place(name)}{HEADER_ROWS + 1}:{_place(name)}{last}")
            sheet.add_data_validation(validation)
        for name, words in _wanted():
            place = f"{_place(name)}{HEADER_ROWS + 1}:{_place(name)}{last}"
            sheet.conditional_formatting.add(place, _hint(name, words))
    protection = sheet.protection
    protection.sheet = True
    # False means that it stays allowed.
    protection.autoFilter = protection.formatColumns = protection.formatRows = protection.sort = False


def _validations(ranges: Mapping[BreakStatus, str], day: date) -> Iterator[tuple[str, DataValidation]]:
    """By column: a drop-down of rulings by each row's status, one of reasons, and a date."""
    *first_statuses, last_status = ranges
    rulings = _list_name(last_status)
    for status in first_statuses:
        rulings = f'IF(${_place(c.STATUS)}{HEADER_ROWS + 1}="{status}",{_list_name(status)},{rulings})'
    yield (
        RULING,
        DataValidation(
            type="list",
            formula1=rulings,
            allow_blank=True,
            showErrorMessage=True,
            errorTitle="Ruling",
            error="Choose a ruling from the list: what it offers depends on the break's status.",
        ),
    )
    reasons = f'"{",".join(REASONS)}"'
    yield REASON, DataValidation(type="list", formula1=reasons, allow_blank=True, showErrorMessage=False)
    yield (
        UNTIL,
        DataValidation(
            type="date",
            operator="greaterThanOrEqual",
            formula1=f"DATE({day.year},{day.month},{day.day})",
            allow_blank=True,
            showErrorMessage=True,
            errorTitle="Until",
            error="Give a date that has not passed, such as 2026-12-31.",
        ),
    )


def _wanted() -> Iterator[tuple[str, list[str]]]:
    """The columns that some ruling needs, each with the words of these rulings."""
    for column in ANSWERS:
        words = [choice.word for choice in CHOICES if column.name in choice.needs]
        if words:
            yield column.name, words


def _hint(name: str, words: Sequence[str]) -> Rule:
    first = HEADER_ROWS + 1
    chosen = ",".join(f'${_place(RULING)}{first}="{word}"' for word in words)
    formula = f"AND(OR({chosen}),ISBLANK({_place(name)}{first}))"
    return Rule("expression", dxf=DifferentialStyle(fill=PatternFill("solid", bgColor=_WANTED)), formula=[formula])


def _place(name: str) -> str:
    return column_letter(next(at for at, column in enumerate(COLUMNS) if column.name == name))


def _list_name(status: BreakStatus) -> str:
    return f"rulings_{status.value}"


def draw_how_to(book: Workbook, breaks: int, day: date) -> dict[BreakStatus, str]:
    """Add the sheet that explains; what comes back are the cells with the rulings that each status allows."""
    sheet = book.create_sheet(HOW_TO)
    sheet.sheet_view.showGridLines = False
    for index, width in enumerate(_WIDTHS):
        sheet.column_dimensions[column_letter(index)].width = width
    first = 0
    for number, row in enumerate(_rows(breaks, day), start=1):
        _draw(sheet, number, row)
        if row.texts[0] == CHOICES[0].word:
            first = number
    sheet.protection.sheet = True
    set_up_paper(sheet, FOOTER)
    sheet.page_setup.fitToHeight = 1
    return {
        status: _range(status, first) for status in BreakStatus if any(status in choice.states for choice in CHOICES)
    }


def _range(status: BreakStatus, first: int) -> str:
    places = [first + at for at, choice in enumerate(CHOICES) if status in choice.states]
    assert places == list(range(places[0], places[-1] + 1)), f"the rulings for {status} do not stand together"
    return f"'{HOW_TO}'!$A${places[0]}:$A${places[-1]}"


def _rows(breaks: int, day: date) -> Iterator[_Row]:
    wrapped = page_style("wrapped")
    label = page_style("text")
    gap = _Row(("",), ("page subtitle",), 8)
    yield _Row(("How to use this file",), ("page title",), 32)
    yield _Row((f"Breaks that are not closed: {breaks:,}. Written on {day}.",), ("page subtitle",), 20)
    yield gap
    yield _Row(("Step by step",), ("section",), 21)
    for number, text in enumerate(_STEPS, start=1):
        yield _Row((f"{number}.  {text}",), (wrapped,))
    yield gap
    yield _Row(("The rulings",), ("section",), 21)
    yield _Row(("Ruling", "What it does", "Fill in", "For breaks that are"), ("header",) * 4, 21)
    for choice in CHOICES:
        needs = ", ".join(TITLES[name] for name in choice.needs) or "nothing else"
        states = ", ".join(state.value.replace("_", " ") for state in choice.states)
        yield _Row((choice.word, choice.does, needs, states), (label, wrapped, wrapped, wrapped))
    yield gap
    yield _Row(("Good to know",), ("section",), 21)
    for text in _GOOD_TO_KNOW:
        yield _Row((text,), (wrapped,))


def _draw(sheet: Worksheet, number: int, row: _Row) -> None:
    alone = len(row.texts) == 1
    widths = [_WIDTHS] if alone else [(width,) for width in _WIDTHS]
    for at, (text, look) in enumerate(zip(row.texts, row.looks, strict=True), start=1):
        sheet.cell(number, at, text).style = look
    if alone:
        for at in range(2, len(_WIDTHS) + 1):
            sheet.cell(number, at).style = row.looks[0]
        sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=len(_WIDTHS))
    lines = max(lines_of(text, points_of(width)) for text, width in zip(row.texts, widths, strict=True))
    sheet.row_dimensions[number].height = row.points or 5 + 13.0 * lines
