"""Places rows of frames into the package that openpyxl made, at the speed of columns."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import IO
from xml.sax.saxutils import escape, quoteattr

from isal import isal_zlib
from openpyxl import Workbook
from openpyxl.writer.excel import ExcelWriter

from reports.report import EXACT
from reports.sheet import EMPTY, HEADER_ROWS, Area, Kind, PlacedSheet, Tab, Table, column_letter
from reports.totals import TotalLine
from reports.workbook.archive import MOST_BYTES, Archive, Deflate
from reports.workbook.cells import CellContext, major_text, rows_xml, text_xml
from reports.workbook.links import Link
from reports.workbook.paper import header_height
from reports.workbook.styles import total_money_style

CHUNK = 16_384  # rows rendered at once: more are no faster, and memory stays flat
_TOTAL = "Total"
_LEVEL = 1  # of deflate: XML shrinks tenfold at the fastest level already
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
_LINKS = re.compile("<hyperlinks>.*</hyperlinks>")
_CELL = re.compile(r'<c r="([A-Z]+\d+)"([^>]*?)>(<f>[^<]*</f>)?<v\s*/?>(?:[^<]*</v>)?</c>')


@dataclass(frozen=True)
class FilledSheet:
    """A sheet of the package whose rows come from a frame."""

    placed: PlacedSheet
    tab: Tab
    links: Sequence[Link] = ()  # these in place of the one link that stands for them
    shop_links: Sequence[Link] = ()

    @property
    def below(self) -> tuple[Table, ...]:
        """The tables under the rows of this tab."""
        return self.placed.below if self.tab is self.placed.tabs[-1] else ()

    @property
    def totals(self) -> tuple[TotalLine, ...]:
        """The totals of the sheet's rows, after a gap."""
        return self.placed.totals if self.tab is self.placed.tabs[-1] else ()

    @property
    def last_row(self) -> int:
        """The last row of the tab, the tables below included."""
        return self.first_below - 2 + sum(table.height for table in self.below)

    @property
    def first_below(self) -> int:
        """The row of the title of the first table under the rows and their totals."""
        return HEADER_ROWS + max(1, self.tab.stop - self.tab.start) + (1 + len(self.totals) if self.totals else 0) + 2


def write_package(
    book: Workbook,
    file: IO[bytes],
    context: CellContext,
    *,
    filled: Mapping[str, FilledSheet],
    values: Mapping[str, Mapping[str, str]],
    day: date,
    chunk: int = CHUNK,
) -> None:
    """Write a workbook part by part into a seekable file.

    `filled`: parts that get a frame's rows instead of the rows below their header. `values`: by part and cell, the
    exact text of a number, put in as the cell's value or beside its formula. Every part is dated `day`.
    """
    archive = Archive(file, day)
    with _as_openpyxl_saves(book) as package:
        for name in package.namelist():
            content = package.read(name)
            if name in filled:
                _write_filled(archive, name, content.decode(), filled[name], context, chunk)
                if filled[name].shop_links:
                    folder, _, file_name = name.rpartition("/")
                    targets = _targets(filled[name].shop_links).encode()
                    archive.add(f"{folder}/_rels/{file_name}.rels", [targets], _deflate())
            else:
                if name in values:
                    content = _with_values(content.decode(), values[name]).encode()
                archive.add(name, [content], _deflate())
    archive.close()


def _deflate() -> Deflate:
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)


def _as_openpyxl_saves(book: Workbook) -> zipfile.ZipFile:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        # Not Workbook.save: it puts the clock into the document's properties.
        ExcelWriter(book, archive).save()
    return zipfile.ZipFile(package)


def _write_filled(archive: Archive, name: str, xml: str, part: FilledSheet, context: CellContext, chunk: int) -> None:
    head, tail = _around_rows(xml, part)
    rows = part.tab.stop - part.tab.start
    rendered = _rendered(part, context, chunk) if rows else iter([_row(2, [part.placed.empty], "text", context)])
    first = next(rendered)
    expected_bytes = len(first) / min(chunk, max(1, rows)) * rows * 1.5
    pieces = chain((head.encode(), first), rendered, _tables(part, context), (tail.encode(),))
    # Four times as fast as zlib, and on every x86-64 since 2008 the same bytes.
    deflate = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, -isal_zlib.MAX_WBITS)
    archive.add(name, pieces, deflate, may_be_huge=expected_bytes > MOST_BYTES)


def _tables(part: FilledSheet, context: CellContext) -> Iterator[bytes | memoryview]:
    """The rows' totals, then the tables below them, each after an empty row: title, header, rows or words instead."""
    row = part.first_below
    yield from _totals(part.totals, part.placed.area, row - 1 - len(part.totals), context)
    widths = [column.width for column in part.placed.sheet.columns]
    for table in part.below:
        more = [""] * table.columns[-1].widened
        yield _row(row, [table.title, *[""] * (len(table.columns) - 1), *more], "section", context, _high(21))
        yield _row(
            row + 1,
            [*(column.title for column in table.columns), *more],
            "header",
            context,
            _high(header_height(table.columns, widths)),
        )
        if table.frame.empty:
            yield _row(row + 2, [table.empty], "text", context)
        else:
            yield rows_xml(table.frame, table.columns, context, row + 2)
            last = row + 1 + len(table.frame)
            area = Area(table.columns, ((part.tab.title, row + 2, last),))
            yield from _totals(table.totals, area, last + 1, context)
        row += table.height


def _totals(lines: Sequence[TotalLine], area: Area, first: int, context: CellContext) -> Iterator[bytes]:
    """A row a line: a word, what its rows have in common, and each sum, as a formula where a number is exact."""
    letters = {column.name: column_letter(at) for at, column in enumerate(area.columns)}
    in_words = {column.name for column in area.columns if column.kind is Kind.WORDS}
    for row, line in enumerate(lines, start=first):
        word = next(name for name in letters if name not in line.keys and name not in line.sums)
        same = [(name, f"${letters[name]}{row}" if text else EMPTY) for name, text in line.keys.items()]
        cells = []
        for name, letter in letters.items():
            total = line.sums.get(name)
            if total is None or total.amount is None:
                key = line.keys.get(name) or ""
                text = _TOTAL if name == word else key.replace("_", " ") if name in in_words else key
                cells.append(_text_cell(f"{letter}{row}", text, "total", context))
                continue
            style = total_money_style(total.currency)
            if style in context.styles and max(abs(total.amount), total.largest) < EXACT:
                exponent = context.currencies.exponent(total.currency)
                formula = escape(area.total(name, exponent, *same))
                value = major_text(total.amount, exponent)
                head = f'<c r="{letter}{row}" s="{context.styles[style]}">'
                cells.append(f"{head}<f>{formula}</f><v>{value}</v></c>")
            else:
                shown = context.currencies.show(total.amount, total.currency)
                cells.append(_text_cell(f"{letter}{row}", shown, "money as text", context))
        for more in range(len(area.columns), len(area.columns) + area.columns[-1].widened):
            cells.append(_text_cell(f"{column_letter(more)}{row}", "", "total", context))
        yield f'<row r="{row}">{"".join(cells)}</row>'.encode()


def _high(points: float) -> str:
    return f'ht="{points}" customHeight="1"'


def _row(row: int, texts: list[str], style: str, context: CellContext, attributes: str = "") -> bytes:
    """A row of texts in one style."""
    made = (_text_cell(f"{column_letter(index)}{row}", text, style, context) for index, text in enumerate(texts))
    return f'<row r="{row}" {attributes}>{"".join(made)}</row>'.encode()


def _text_cell(place: str, text: str, style: str, context: CellContext) -> str:
    content = f' t="inlineStr"><is>{text_xml(text)}</is></c>' if text else "/>"
    return f'<c r="{place}" s="{context.styles[style]}"{content}'


def _around_rows(xml: str, part: FilledSheet) -> tuple[str, str]:
    """What openpyxl wrote before and after the rows: its header kept, the real size declared, the links put in."""
    wide = max(len(columns) for columns in (part.placed.sheet.columns, *(t.columns for t in part.below)))
    size = f"A1:{column_letter(wide - 1)}{part.last_row}"
    head, rest = xml.split(f'<row r="{HEADER_ROWS + 1}"', 1)
    tail = rest[rest.index("</sheetData>") :]
    if part.links or part.shop_links:
        before, after = _LINKS.split(tail)
        inside = (f'<hyperlink ref="{cell}" location="{escape(place)}"/>' for cell, place in part.links)
        to_shop = (_shop_link(number, *link) for number, link in enumerate(part.shop_links, start=1))
        tail = f'{before}<hyperlinks xmlns:r="{_OFFICE}">{"".join(chain(inside, to_shop))}</hyperlinks>{after}'
    return re.sub(r'<dimension ref="[^"]*"', f'<dimension ref="{size}"', head, count=1), tail


def _shop_link(number: int, cell: str, url: str) -> str:
    """The link of a cell; its target stands in the sheet's relationships, what follows "#" here, as Excel does it."""
    place = url.partition("#")[2]
    location = f" location={quoteattr(place)}" if place else ""
    return f'<hyperlink ref="{cell}" r:id="rId{number}"{location}/>'


def _targets(links: Sequence[Link]) -> str:
    """The relationships of a sheet whose links lead out of the file, in their order."""
    targets = (quoteattr(url.partition("#")[0]) for _, url in links)
    relationships = (
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/hyperlink" Target={target} TargetMode="External"/>'
        for number, target in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_RELATIONSHIPS}">{"".join(relationships)}</Relationships>'


def _rendered(part: FilledSheet, context: CellContext, chunk: int) -> Iterator[bytes | memoryview]:
    """XML of the rows, chunk by chunk; while one is compressed the next is rendered."""
    starts = range(part.tab.start, part.tab.stop, chunk)

    def render(start: int) -> memoryview:
        stop = min(part.tab.stop, start + chunk)
        first = start - part.tab.start + HEADER_ROWS + 1
        return rows_xml(part.placed.frame.iloc[start:stop], part.placed.sheet.columns, context, first)

    if len(starts) == 1:
        yield render(starts[0])
        return
    with ThreadPoolExecutor(1) as ahead:
        waiting = ahead.submit(render, starts[0])
        for start in starts[1:]:
            done = waiting.result()
            waiting = ahead.submit(render, start)
            yield done
        yield waiting.result()


def _with_values(xml: str, values: Mapping[str, str]) -> str:
    left = dict(values)

    def fill(match: re.Match[str]) -> str:
        place, attributes, formula = match.groups()
        value = left.pop(place, None)
        return match[0] if value is None else f'<c r="{place}"{attributes}>{formula or ""}<v>{value}</v></c>'

    filled = _CELL.sub(fill, xml)
    assert not left, f"cells without a place for their value: {sorted(left)}"
    return filled
