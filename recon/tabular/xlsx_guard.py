"""Says whether a file from outside is a workbook that may be read, and finds a sheet in it."""

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.parsers import expat

MOST_PARTS = 500
MOST_RATIO = 200  # a part may unpack to so many times its size; sheets come to about fifty
_SMALL = 1_000_000  # below this any ratio is harmless
_PIECE = 8_192  # bytes read at once: with more events alive, the garbage collector takes half of the time

_ZIP = b"PK\x03\x04"
OLD = b"\xd0\xcf\x11\xe0"
# What a name or a declared type says, in small letters, and what it is.
_FORBIDDEN = (
    ("vbaproject", "macros"),
    ("macroenabled", "macros"),
    ("macrosheet", "macros"),
    ("dialogsheet", "macros"),
    ("activex", "ActiveX controls"),
    ("externallink", "links to other workbooks"),
    ("oleobject", "embedded objects"),
    ("embeddings/", "embedded objects"),
    ("connections.xml", "data connections"),
    ("connections+xml", "data connections"),
    ("querytable", "data connections"),
)
# What a broken zip, its names, its content or its XML (an encoding that nobody knows, too) raise.
DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    EOFError,
    NotImplementedError,
    ValueError,
    LookupError,
    OSError,
    struct.error,
)
_ADVICE = "copy the rows into a fresh export and import that"


START = "start"
END = "end"
TEXT = "text"
Event = tuple[str, str, dict[str, str]]  # one of these kinds; a name, or a text; attributes
_NONE: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes that a workbook may have: the file, all that it unpacks to, one part of that."""

    file: int
    unpacked: int
    part: int


SHEET_OF_A_DESK = Size(10_000_000, 200_000_000, 100_000_000)


class Refused(Exception):
    """The file is not read at all; `messages` say why, in words for the person who sent it."""

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


@dataclass(frozen=True)
class Package:
    """An open_package workbook: its sheets by name (the part of each), its shared texts, and how it counts days."""

    archive: zipfile.ZipFile
    sheets: dict[str, str]
    shared: str | None
    from_1904: bool


@contextmanager
def open_package(path: Path) -> Iterator[Package]:
    """The workbook for the block; raises Refused before any sheet is read, OSError where there is no file."""
    with path.open("rb") as file:
        _check_outside(path, file)
        try:
            archive = zipfile.ZipFile(file)
        except DAMAGES as error:
            raise _damaged(error) from None
        with archive:
            check_parts(archive, SHEET_OF_A_DESK)
            _refuse_forbidden([name.lower() for name in archive.namelist()])
            yield _package(archive)


def events(archive: zipfile.ZipFile, part: str) -> Iterator[Event]:
    """What an XML part says, names without their prefixes; raises Refused for a DTD and for what is no XML."""
    pending: list[Event] = []  # of one piece of the part: never many
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _no_doctype
    parser.StartElementHandler = lambda name, attributes: pending.append((START, _local(name), attributes))
    parser.EndElementHandler = lambda name: pending.append((END, _local(name), _NONE))
    parser.CharacterDataHandler = lambda text: pending.append((TEXT, text, _NONE))
    try:
        with archive.open(part) as content:
            while piece := content.read(_PIECE):
                parser.Parse(piece, False)
                yield from pending
                pending.clear()
        parser.Parse(b"", True)
        yield from pending
    except DAMAGES as error:
        raise _damaged(error, part) from None


def _local(name: str) -> str:
    return name.rpartition(":")[2] if ":" in name else name


def _damaged(error: Exception, part: str = "") -> Refused:
    where = f"{part}: {error}" if part else str(error)
    return Refused(f"the file is damaged ({where}): save it again as .xlsx")


def _no_doctype(*_: object) -> None:
    raise Refused("the file's XML declares a document type or entities, which no workbook needs")


def _check_outside(path: Path, file: IO[bytes]) -> None:
    head = file.read(4)
    if head == OLD:
        raise Refused("the file is encrypted, or an old .xls: save it as .xlsx without a password")
    if head != _ZIP:
        raise Refused("the file is not an Excel workbook (.xlsx)")
    size = path.stat().st_size
    if size > SHEET_OF_A_DESK.file:
        raise Refused(f"the file has {size:,} bytes, more than the {SHEET_OF_A_DESK.file:,} that are read")
    file.seek(0)


def check_parts(archive: zipfile.ZipFile, size: Size) -> None:
    """What the zip's own list says: nothing is unpacked yet. No part can unpack to more than is said here."""
    parts = archive.infolist()
    names = [part.filename.lower() for part in parts]
    if len(parts) > MOST_PARTS:
        raise Refused(f"the file holds {len(parts):,} parts, more than the {MOST_PARTS} that a workbook needs")
    if len(set(names)) < len(names):
        raise Refused("the file holds two parts of the same name: save it again as .xlsx")
    if any(part.flag_bits & 1 for part in parts):
        raise Refused("the file is encrypted: save it as .xlsx without a password")
    if any(part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in parts):
        raise Refused("the file is packed in a way that no workbook is: save it again as .xlsx")
    swollen = (
        part.file_size > size.part
        or (part.file_size > _SMALL and part.file_size > MOST_RATIO * max(1, part.compress_size))
        for part in parts
    )
    if sum(part.file_size for part in parts) > size.unpacked or any(swollen):
        raise Refused("the file unpacks to many times its size (a zip bomb, or far too many empty rows)")


def _refuse_forbidden(words: list[str]) -> None:
    contents = dict.fromkeys(content for word in words for token, content in _FORBIDDEN if token in word)
    if contents:
        raise Refused(f"the file holds {', '.join(contents)}, which are never read: {_ADVICE}")


def _package(archive: zipfile.ZipFile) -> Package:
    types = _elements(archive, "[Content_Types].xml")
    _refuse_forbidden([attributes.get("ContentType", "").lower() for _, attributes in types])
    for name in archive.namelist():
        if name.lower().endswith(".rels"):
            _check_relations(archive, name)
    book = _targets(archive, "", "/officedocument").popitem()[1]
    worksheets = _targets(archive, book, "/worksheet")
    shared = next(iter(_targets(archive, book, "/sharedstrings").values()), None)
    sheets = {}
    from_1904 = False
    for element, attributes in _elements(archive, book):
        if element == "sheet":
            relation_id = next((value for name, value in attributes.items() if name.endswith(":id")), "")
            if relation_id in worksheets:
                sheets[attributes.get("name", "")] = worksheets[relation_id]
        elif element == "workbookPr":
            from_1904 = attributes.get("date1904", "") in ("1", "true", "on")
    return Package(archive, sheets, shared, from_1904)


def _check_relations(archive: zipfile.ZipFile, name: str) -> None:
    """A typed e-mail address becomes a hyperlink by itself; nothing else may lead out of the file."""
    for _, attributes in _elements(archive, name):
        kind = attributes.get("Type", "").lower()
        _refuse_forbidden([kind.rpartition("/")[2]])
        if attributes.get("TargetMode", "").lower() == "external" and not kind.endswith("/hyperlink"):
            raise Refused(f"the file holds links to what lies outside of it, which are never read: {_ADVICE}")


def _targets(archive: zipfile.ZipFile, part: str, kind: str) -> dict[str, str]:
    """By id the parts that a part (empty: the package) names as of a kind; raises Refused where there are none."""
    folder, name = posixpath.split(part)
    targets = {}
    for _, attributes in _elements(archive, posixpath.join(folder, "_rels", f"{name}.rels")):
        if attributes.get("Type", "").lower().endswith(kind):
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", ""))).lstrip("/")
            targets[attributes.get("Id", "")] = target
    if any(target not in archive.namelist() for target in targets.values()):
        raise Refused("the file is damaged: a part that it names is not there")
    if not targets and kind != "/sharedstrings":
        raise Refused("the file is not an Excel workbook (.xlsx)")
    return targets


def _elements(archive: zipfile.ZipFile, part: str) -> list[tuple[str, dict[str, str]]]:
    """Every element of a small part, in order."""
    if part not in archive.namelist() or archive.getinfo(part).file_size > _SMALL:
        raise Refused("the file is not an Excel workbook (.xlsx)")
    return [(word, attributes) for kind, word, attributes in events(archive, part) if kind == START]
