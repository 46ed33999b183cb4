"""A page of a workbook that is laid out by hand, the Summary, as blocks: what the file shows, the page shows."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from openpyxl import load_workbook

from recon.money import Currencies
from recon.tabular.xlsx_guard import START, events
from reports.workbook.styles import page_style

_PART = "xl/worksheets/sheet1.xml"  # the Summary is the first sheet
_SPAN = re.compile(r"([A-Z]+)(\d+):([A-Z]+)\2")
_PLACE = re.compile(r"'(.+)'!A(\d+)")
_NUMBERS = ("count", "rate", "money", "total count", "total money")


@dataclass(frozen=True, slots=True)
class DrawnCell:
    """A cell as people read it; `style` is its name in the style sheet, `sheet` and `row` are where it leads, or
    `file` which other workbook."""

    text: str
    style: str
    span: int
    sheet: str = ""
    row: int = 0
    file: str = ""

    @property
    def is_number(self) -> bool:
        """Whether it stands at the right."""
        return self.style.startswith(_NUMBERS)


@dataclass(frozen=True)
class DrawnTable:
    """Rows of cells below their heads, which some tables have not."""

    heads: list[DrawnCell] = field(default_factory=list)
    rows: list[list[DrawnCell]] = field(default_factory=list)


@dataclass(frozen=True)
class DrawnBlock:
    """What stands below one title: tables, and lines that go over the whole width."""

    title: str
    parts: list[DrawnTable | DrawnCell] = field(default_factory=list)


def drawn_blocks(content: bytes, currencies: Currencies) -> list[DrawnBlock]:
    """The Summary of a workbook that we wrote, block by block; the first has the title of the page, and no own."""
    blocks = [DrawnBlock("")]
    for cells in _rows(content, currencies):
        first = cells[0]
        if first.style == "box label":  # to be filled in by hand: the page has signatures of its own
            continue
        if first.style == "section":
            blocks.append(DrawnBlock(first.text))
            continue
        parts = blocks[-1].parts
        if len(cells) == 1:
            parts.append(first)
        elif first.style == "header":
            parts.append(DrawnTable(cells))
        elif parts and isinstance(parts[-1], DrawnTable):
            parts[-1].rows.append(cells)
        else:
            parts.append(DrawnTable(rows=[cells]))
    return [block for block in blocks if block.parts]


def _rows(content: bytes, currencies: Currencies) -> Iterator[list[DrawnCell]]:
    """The rows that hold something, each without what is empty at its end."""
    spans, links, files = _marks(content)
    book = load_workbook(BytesIO(content), read_only=True, data_only=True)
    try:
        names = book._named_styles.names  # type: ignore[attr-defined]
        for number, row in enumerate(book.worksheets[0].iter_rows(), start=1):
            cells: list[DrawnCell] = []
            covered = 0
            for place, cell in enumerate(row):
                if place < covered:
                    continue
                coordinate = f"{chr(ord('A') + place)}{number}"
                covered = place + spans.get(coordinate, 1)
                look = getattr(cell, "style_array", None)
                style = names[look.xfId].removeprefix(page_style("")) if look else ""
                sheet, at = links.get(coordinate, ("", 0))
                text = _text(cell.value, style, currencies)
                cells.append(DrawnCell(text, style, covered - place, sheet, at, files.get(coordinate, "")))
            while cells and not cells[-1].text:
                cells.pop()
            if cells:
                yield cells
    finally:
        book.close()


def _marks(content: bytes) -> tuple[Mapping[str, int], Mapping[str, tuple[str, int]], Mapping[str, str]]:
    """By cell: over how many columns it goes, to which sheet and row it leads, to which file."""
    spans: dict[str, int] = {}
    links: dict[str, tuple[str, int]] = {}
    relations: dict[str, str] = {}
    with ZipFile(BytesIO(content)) as archive:
        for kind, word, attributes in events(archive, _PART):
            if kind != START:
                continue
            if word == "mergeCell" and (match := _SPAN.fullmatch(attributes["ref"])):
                spans[match[1] + match[2]] = ord(match[3]) - ord(match[1]) + 1
            elif word == "hyperlink" and (match := _PLACE.fullmatch(attributes.get("location", ""))):
                links[attributes["ref"]] = (match[1], int(match[2]))
            elif word == "hyperlink" and (relation := attributes.get("r:id")):
                relations[attributes["ref"]] = relation
        targets = _targets(archive) if relations else {}
    return spans, links, {cell: targets[relation] for cell, relation in relations.items()}


def _targets(archive: ZipFile) -> dict[str, str]:
    part = "xl/worksheets/_rels/sheet1.xml.rels"
    elements = [attributes for kind, _, attributes in events(archive, part) if kind == START]
    return {attributes["Id"]: attributes["Target"] for attributes in elements if "Id" in attributes}


def _text(value: Any, style: str, currencies: Currencies) -> str:
    """As the cell's style has a spreadsheet show it."""
    match value:
        case None:
            return ""
        case datetime() | date():
            return f"{value:%Y-%m-%d}"
        case int() | float() if style == "rate":
            return f"{Decimal(repr(value)) * 100:.2f} %"
        case int() | float():
            decimals = currencies.decimals(style.rpartition(" ")[2]) if "money" in style else 0
            return f"{Decimal(repr(value)):,.{decimals}f}"
        case _:
            return str(value)
