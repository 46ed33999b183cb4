"""Desk workbooks for tests: exported, filled in as a person would, and taken apart as an attacker would."""

import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from recon.model import KnownBreak
from recon.model.rulings import ApprovalLimits
from reports.rulings.desk import write_rulings
from reports.rulings.sheet import NAME
from tests.kit.report_example import BREAKS, TH

DAY = date(2026, 11, 24)
SHEET = "xl/worksheets/sheet1.xml"


def export(path: Path, known: Sequence[KnownBreak] = BREAKS) -> Path:
    """A file of `recon rulings export`."""
    path.write_bytes(_exported(tuple(known)))
    return path


@cache
def _exported(known: tuple[KnownBreak, ...]) -> bytes:
    file = io.BytesIO()
    write_rulings(known, {TH.name: TH}, ApprovalLimits(), file, DAY)
    return file.getvalue()


def fill(path: Path, *rulings: Mapping[str, Any], since: str = "") -> Path:
    """Fill in rows from the first on, or from a break's, by column title, and save as a spreadsheet program does."""
    book = load_workbook(path)
    sheet = book[NAME]
    places = {cell.value: number for number, cell in enumerate(sheet[1], start=1)}
    ids = [row[0].value for row in sheet.iter_rows(min_row=2)]
    for number, ruling in enumerate(rulings, start=2 + (ids.index(since) if since else 0)):
        for title, value in ruling.items():
            sheet.cell(number, places[title]).value = value
    book.save(path)
    return path


def rows_of(path: Path, name: str = NAME) -> list[dict[str, Any]]:
    """A sheet's rows by column title."""
    book = load_workbook(path, read_only=True)
    header, *rows = book[name].iter_rows(values_only=True)
    book.close()
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def rewritten(path: Path, parts: Mapping[str, Callable[[bytes], bytes] | bytes]) -> Path:
    """The same package with parts changed or added."""
    with zipfile.ZipFile(path) as package:
        content: dict[str, bytes] = {name: package.read(name) for name in package.namelist()}
    for name, change in parts.items():
        content[name] = change if isinstance(change, bytes) else change(content[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in content.items():
            package.writestr(name, data)
    return path


def with_shared_texts(path: Path) -> Path:
    """The same package with its texts in a part of their own, reading aids beside them, as Excel saves it."""
    texts: list[bytes] = []

    def share(found: re.Match[bytes]) -> bytes:
        texts.append(b"<x:si>" + found[1] + b'<x:rPh sb="0" eb="1"><x:t>aid</x:t></x:rPh></x:si>')
        return b't="s"><v>%d</v></c>' % (len(texts) - 1)

    inline = re.compile(rb't="inlineStr"><is>(.*?)</is></c>', re.DOTALL)
    rewritten(path, {SHEET: lambda xml: inline.sub(share, xml)})
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    named = b'<Relationship Id="s1" Type="' + kind + b'" Target="/xl/sharedStrings.xml"/></Relationships>'
    whole = (
        b"".join(texts).replace(b"<t", b"<x:t").replace(b"</t", b"</x:t").replace(b"<r>", b"").replace(b"</r>", b"")
    )
    parts: dict[str, Callable[[bytes], bytes] | bytes] = {
        "xl/sharedStrings.xml": b'<x:sst xmlns:x="y">' + whole + b"</x:sst>",
        "xl/_rels/workbook.xml.rels": lambda xml: xml.replace(b"</Relationships>", named),
    }
    return rewritten(path, parts)
