"""The encoding of a text file: what the configuration says, or the only one that can be meant."""

import re
from collections.abc import Callable

from recon.tabular.dialect import UTF8_MARK
from recon.tabular.files import SourceFile
from recon.tabular.table import EncodingUnclear, SourceUnreadable

WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # .xlsx, .xls
PARQUET = b"PAR1"
_ITS_KIND = "set the kind of [{place}] to what it is, or export it as CSV"
# How files begin that are no text of cells, what they are and what to do.
_NO_TABLES = (
    (WORKBOOKS, f"is a workbook or an archive, no CSV: {_ITS_KIND}"),
    ((PARQUET,), f"is a Parquet file, no CSV: {_ITS_KIND}"),
    ((b"%PDF-",), "is a PDF, which is not read: export it as CSV"),
    ((b"<html", b"<!doctype html", b"<table"), "is a web page (HTML), no CSV: export it again, or save it as CSV"),
)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UTF8 = frozenset({"utf-8", "utf8", "utf-8-sig", "utf_8", "utf_8_sig", "ascii", "us-ascii"})
_SAMPLE = 200_000  # characters
_HEAD = 4_096  # bytes
_SHORTEST = 16  # bytes
_PART = 10  # one of so many may be odd: a cut word, a rare name
_WHOLE_WORDS = frozenset("àáåéèóöøæÀÁÅÉ")  # letters that are one
_NO_ASCII = re.compile(r"[^\x00-\x7f]+")
_PUNCTUATION = "€£¥©®°·´’‘“”–—…•\u00a0"
_THAI = re.compile(r"[\u0e01-\u0e3a\u0e3f-\u0e5b]")
# A mark that stands on no consonant, and a vowel that leads none.
_THAI_SLIPS = re.compile(
    r"(?<![\u0e01-\u0e2e\u0e31-\u0e3a\u0e47-\u0e4e])[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]|[\u0e40-\u0e44](?![\u0e01-\u0e2e])"
)
_HALF_WIDTH_KANA = re.compile(r"[\uff61-\uff9f]")
_HALF_WIDTH_WORDS = re.compile(r"[\uff61-\uff9f]{2,}")
_LETTERS = re.compile(r"[^\W\d_]+")
_FOREIGN_RUN = re.compile(r"[À-ÖØ-öø-ÿŠšŽžŒœŸ]{3}")
_WESTERN = re.compile(rf"[À-ÖØ-öø-ÿŠšŽžŒœŸ{_PUNCTUATION}]")


def decoded(file: SourceFile, encoding: str | None, place: str) -> tuple[str, str]:
    """A file's text and the encoding that it is in; raises SourceUnreadable where that cannot be told, or is another.

    `encoding` is what the section at `place` of the configuration says; null: the file itself must show it.
    """
    content = file.content.removeprefix(UTF8_MARK)
    head = content[:_HEAD].lstrip()
    for beginnings, words in _NO_TABLES:
        if head.startswith(beginnings) or head.lower().startswith(beginnings):
            raise SourceUnreadable(f"{file.name} {words.format(place=place)}")
    has_mark = len(content) < len(file.content)
    if encoding is None:
        return (_in_one(file.name, content, "utf-8", place), "utf-8") if has_mark else _in_only_one(file, place)
    if has_mark and encoding.lower() not in _UTF8:
        raise SourceUnreadable(f"{file.name} begins with the mark of UTF-8: {_advice(place, encoding)}")
    text = _in_one(file.name, content, encoding, place, written=encoding)
    _refuse_another(file, text, encoding, place)
    return text, encoding


def _in_one(name: str, content: bytes, encoding: str, place: str, written: str | None = None) -> str:
    """The text in one encoding; raises SourceUnreadable where it is none, or is not in the `written` one."""
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except LookupError as error:
        words = f'{name}: encoding "{encoding}" is not known: {_advice(place, encoding)}'
        raise SourceUnreadable(words) from error
    except UnicodeError as error:
        if written is not None and _text(content, "utf-8") is not None:
            raise SourceUnreadable(f"{name} is utf-8 text: {_advice(place, written)}") from error
        at = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = content[:at].count(b"\n") + 1
        words = f"{name} is not {encoding} text (line {line}): {_advice(place, written)}"
        raise SourceUnreadable(words) from error


def _refuse_another(file: SourceFile, text: str, written: str, place: str) -> None:
    """Raises SourceUnreadable where a text is none in the written encoding, and plainly one in another."""
    check = dict(_CHECKS).get(written.lower())
    is_plain = text.isascii() and "\0" not in text
    if is_plain or "utf" in written.lower() or (check and check(_sample(text))):
        return
    other = "utf-16" if "\0" in text else "utf-8"
    if "\0" in text or _text(file.content, other) is not None:
        raise SourceUnreadable(f"{file.name} is {other} text: {_advice(place, written)}")


def _in_only_one(file: SourceFile, place: str) -> tuple[str, str]:
    """The text in the only encoding that can be meant, and its name."""
    content = file.content
    utf16 = "utf-16" if content.startswith(_UTF16_MARKS) else _utf16(content[:_HEAD])
    if utf16:
        return _in_one(file.name, content, utf16, place), utf16
    utf8_text = _text(content, "utf-8")
    if utf8_text is not None:
        return utf8_text, "utf-8"
    texts = ((name, _text(content, name), check) for name, check in _CHECKS)
    can_be = [name for name, text, check in texts if text is not None and check(_sample(text))]
    if len(can_be) > 1:
        names = " or ".join(can_be)
        raise EncodingUnclear(f"{file.name} can be {names} text: {_advice(place)}", tuple(can_be))
    encoding = can_be[0] if can_be else "utf-8"  # which then says the line
    return _in_one(file.name, content, encoding, place), encoding


def _utf16(head: bytes) -> str | None:
    """UTF-16 without its mark: every other byte of plain text is zero."""
    even, odd = (head[start::2].count(0) for start in (0, 1))
    many = len(head) // 8
    if len(head) < _SHORTEST or max(even, odd) < many or min(even, odd) > many // 8:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _text(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _sample(text: str) -> str:
    """A part of a text that begins before its first letter that is no ASCII."""
    first = _NO_ASCII.search(text)
    start = max(0, first.start() - _HEAD) if first else 0
    return text[start : start + _SAMPLE]


def _special(text: str) -> str:
    return "".join(_NO_ASCII.findall(text))


def _is_thai(text: str) -> bool:
    special = _special(text)
    thai = len(_THAI.findall(special))
    others = [letter for letter in _THAI.sub("", special) if letter not in _PUNCTUATION]
    slips = len(_THAI_SLIPS.findall(text))
    return thai > 0 and not others and slips * _PART <= thai


def _is_japanese(text: str) -> bool:
    """Kanji of daily use, or words of kana; what is taken for Japanese and is not has rare kanji (JIS level 2)."""
    special = _special(text)
    half = len(_HALF_WIDTH_KANA.findall(special))
    full = _HALF_WIDTH_KANA.sub("", special).encode("cp932", "replace")
    rare = sum(b"\x98\x9f" <= full[at : at + 2] <= b"\xea\xff" for at in range(0, len(full), 2))
    words = len("".join(_HALF_WIDTH_WORDS.findall(text)))
    return rare * _PART <= half + len(full) // 2 and (bool(full) or 2 * words >= half)


def _is_western(text: str) -> bool:
    """Single letters with accents in words that have plain letters, too."""
    special = _special(text)
    if _WESTERN.sub("", special) or _FOREIGN_RUN.search(text):
        return False
    words = [word for word in _LETTERS.findall(text) if not word.isascii()]
    mixed = [word for word in words if word in _WHOLE_WORDS or re.search("[A-Za-z]", word)]
    return (len(words) - len(mixed)) * _PART <= len(words)


_CHECKS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("cp874", _is_thai),
    ("cp932", _is_japanese),
    ("cp1252", _is_western),
)


def _advice(place: str, written: str | None = None) -> str:
    names = '"utf-8", "cp874" for Thai Windows, "cp932" for Japanese, or "cp1252"'
    now = f'; it is "{written}" now' if written else ""
    return f"set [{place}] encoding to what the file is ({names}){now}"
