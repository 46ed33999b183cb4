"""Says how large a sheet becomes before anything reads it: a reader makes room for every cell up to the last one."""

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator

from recon.bounds import LARGEST_OLD_WORKBOOK, LARGEST_WORKBOOK, MOST_SHEET_CELLS, MOST_SHEET_TEXT
from recon.tabular.xlsx_guard import DAMAGES, OLD, START, Refused, Size, check_parts, events

_SIZE = Size(LARGEST_WORKBOOK, 12 * LARGEST_WORKBOOK, 8 * LARGEST_WORKBOOK)
_BOOK = "xl/workbook.xml"
_SHEETS = "xl/worksheets/"
_TEXTS = "xl/sharedstrings.xml"
_PIECE = 1 << 22  # bytes looked at together
_SPARSE = 20  # a sheet has a cell in at least so many of its places, or is small
_SMALL = 2_000_000  # places
_CELL_MARKS = tuple(
    before + b"c" + after for before in (b"<", b":") for after in (b" ", b">", b"/", b"\t", b"\r", b"\n")
)
_CELL_COLUMN = re.compile(rb'<c r="([A-Z]{1,3})[0-9]{1,7}"')
_CELL_ROW = re.compile(rb'<c r="[A-Z]{1,3}([0-9]{1,7})"')
_PLACE = re.compile(r"([A-Za-z]{1,4})([0-9]{1,10})", re.ASCII)
_INDEX = re.compile(rb"<v>([0-9]{1,8})</v>")
_TEXT_END = re.compile(rb"</(?:\w+:)?si>")


def check_workbook(content: bytes) -> None:
    """Raises Refused for a workbook that would unpack to more than is read, in memory or in time."""
    if content.startswith(OLD):  # which has no room for more than 17 million cells
        if len(content) > LARGEST_OLD_WORKBOOK:
            raise Refused(f"the file has {len(content):,} bytes, more than an old .xls may have: save it as .xlsx")
        return
    if len(content) > LARGEST_WORKBOOK:
        raise Refused(f"the file has {len(content):,} bytes, more than the {LARGEST_WORKBOOK:,} that are read")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            check_parts(archive, _SIZE)
            names = {name.lower(): name for name in archive.namelist()}
            if _BOOK not in names:
                raise Refused("the file is not an Excel workbook (.xlsx)")
            lengths = _text_lengths(archive, names[_TEXTS]) if _TEXTS in names else []
            for name, part in names.items():
                if name.startswith(_SHEETS) and name.endswith(".xml"):
                    _check_sheet(archive, part, lengths)
    except DAMAGES as error:
        raise Refused(f"the file is damaged ({error}): save it again as .xlsx") from None


def _check_sheet(archive: zipfile.ZipFile, part: str, lengths: list[int]) -> None:
    longest = max(lengths, default=0)
    rows, columns, cells = _plain_extent(archive, part) or _extent(archive, part)
    places = rows * columns
    if places > MOST_SHEET_CELLS or (places > _SMALL and places > _SPARSE * cells):
        raise Refused(
            f"a sheet reaches to row {rows:,} and column {columns:,} with {cells:,} cells in it: "
            "delete the rows and columns behind the table, or copy it into a fresh workbook"
        )
    if longest * cells > MOST_SHEET_TEXT and _text_in(archive, part, lengths) > MOST_SHEET_TEXT:
        raise Refused("the texts of a sheet come to more than is read: split the export by date")


def _plain_extent(archive: zipfile.ZipFile, part: str) -> tuple[int, int, int] | None:
    """Last row, last column and number of cells as every program writes them; null where it is written otherwise."""
    letters: set[bytes] = set()
    last_row = count = written = 0
    for piece in _pieces(archive, part, b"<"):
        columns = _CELL_COLUMN.findall(piece)
        letters.update(columns)
        last_row = max(last_row, *map(int, {*_CELL_ROW.findall(piece)}), 0)
        count += len(columns)
        written += sum(map(piece.count, _CELL_MARKS))
    if count != written or not count:
        return None
    return last_row, max(_column(column.decode()) for column in letters), count


def _extent(archive: zipfile.ZipFile, part: str) -> tuple[int, int, int]:
    """The same of any XML, cell by cell; a cell without a place is the next one."""
    row = column = last_row = last_column = count = 0
    for kind, name, attributes in events(archive, part):
        if kind == START and name == "row":
            given = attributes.get("r", "")
            row = int(given) if given.isdecimal() and len(given) < 9 else row + 1
            column = 0
            last_row = max(last_row, row)
        elif kind == START and name == "c":
            place = _PLACE.fullmatch(attributes.get("r", ""))
            column = _column(place[1].upper()) if place else column + 1
            last_row = max(last_row, int(place[2]) if place else row)
            last_column = max(last_column, column)
            count += 1
    return last_row, last_column, count


def _text_lengths(archive: zipfile.ZipFile, part: str) -> list[int]:
    """Bytes of each shared text, its marks included."""
    lengths: list[int] = []
    rest = 0
    for piece in _pieces(archive, part, b"<"):
        *ended, last = _TEXT_END.split(piece)
        for text in ended:
            lengths.append(rest + len(text))
            rest = 0
        rest += len(last)
    return [*lengths, rest]


def _text_in(archive: zipfile.ZipFile, part: str, lengths: list[int]) -> int:
    """Bytes of all texts of a sheet, where every number could name one."""
    uses: Counter[bytes] = Counter()
    for piece in _pieces(archive, part, b"<c"):
        uses.update(_INDEX.findall(piece))
    return sum(times * lengths[int(at)] for at, times in uses.items() if int(at) < len(lengths))


def _pieces(archive: zipfile.ZipFile, part: str, mark: bytes) -> Iterator[bytes]:
    """A part in pieces that end before a mark, so that none is cut in two."""
    rest = b""
    with archive.open(part) as content:
        while piece := content.read(_PIECE):
            whole, last_mark, after = (rest + piece).rpartition(mark)
            yield whole
            rest = last_mark + after
            if len(rest) > 2 * _PIECE:
                yield rest
                rest = b""
    yield rest


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
