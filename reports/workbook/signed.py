"""A copy of a workbook whose sign-off block is filled in; the workbook itself stays as it was written."""

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openpyxl.utils import get_column_letter
from python_calamine import CalamineWorkbook

from reports.workbook.cells import text_xml

PREPARED = "Prepared by"
REVIEWED = "Reviewed by"
DATE = "Date"
UNDER = "Signed over"
_SUMMARY = "Summary"
_PART = "xl/worksheets/sheet1.xml"  # the Summary is the first sheet
_CELL = re.compile(r'<c r="([A-Z]+\d+)"( s="\d+")?(?:[^>]*/>|[^>]*>.*?</c>)')
_BOXES = {"preparer": PREPARED, "reviewer": REVIEWED}


@dataclass(frozen=True)
class Signed:
    """What stands in the boxes of one role: who, when in words."""

    role: str
    who: str
    when: str


def signed_copy(content: bytes, signatures: Sequence[Signed], under: str) -> bytes:
    """The workbook's bytes with these signatures and what they were put under in their boxes.

    The same signatures give the same bytes. A workbook without such boxes, of an older release, comes back filled as
    far as it has them.
    """
    texts = _texts(content, signatures, under)
    copy = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as package, zipfile.ZipFile(copy, "w") as filled:
        for part in package.infolist():
            data = package.read(part)
            if part.filename == _PART:
                data = _filled(data.decode(), texts).encode()
            filled.writestr(part, data, zipfile.ZIP_DEFLATED)
    return copy.getvalue()


def _texts(content: bytes, signatures: Sequence[Signed], under: str) -> dict[str, str]:
    """By cell what is to stand in it; a label's box is the cell beside it."""
    with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
        rows = book.get_sheet_by_name(_SUMMARY).to_python(skip_empty_area=False)
    by_label = {_BOXES[signed.role]: signed for signed in signatures}
    texts = {}
    for number, row in enumerate(rows, start=1):
        label = str(row[0]) if row else ""
        signed = by_label.get(label)
        if signed and DATE in row:
            texts[f"B{number}"] = signed.who
            texts[f"{get_column_letter(row.index(DATE) + 2)}{number}"] = signed.when
        elif label == UNDER:
            texts[f"B{number}"] = under
    return texts


def _filled(xml: str, texts: Mapping[str, str]) -> str:
    """The sheet's XML with other texts in some cells, which keep their style."""

    def cell(match: re.Match[str]) -> str:
        place, style = match.groups()
        if place not in texts:
            return match[0]
        return f'<c r="{place}"{style or ""} t="inlineStr"><is>{text_xml(texts[place])}</is></c>'

    return _CELL.sub(cell, xml)
