"""What is provably no person's: codes, numbers and known words; everything else of a free text is masked."""

import re
import tomllib
from functools import lru_cache
from importlib import resources

from recon.bounds import LONGEST_TEXT
from recon.privacy.patterns import MASKED, mask, redact

_LETTERS_OF_NOBODY = 2  # in a cell with a digit beside its currency, as in a damaged amount
_CURRENCY = re.compile(r"^[A-Z]{2,3} ")
_SHOWN = 40  # characters of a value in a reason
_LONG_WORD = 200  # characters: no word is longer

_LISTS = tomllib.loads(resources.files("recon").joinpath("privacy", "words.toml").read_text(encoding="utf-8"))
_PROSE = frozenset(_LISTS["prose"].split())
_STATUSES = _PROSE | frozenset(_LISTS["statuses"].split())
_HOSTS = frozenset(_LISTS["hosts"].split())
_MONTHS = frozenset(_LISTS["months"].split())
_WAYS = sorted(map(re.escape, _LISTS["payments"].strip().splitlines()), key=len, reverse=True)
_PAYMENTS = re.compile(rf"(?<!\w)({'|'.join(_WAYS)})(?!\w)", re.IGNORECASE)
_ORDER_WORDS = frozenset(_LISTS["before_ids"].split())
_RUN = re.compile("|".join(map(re.escape, sorted(_LISTS["runs"].split(), key=len, reverse=True))))

# A text falls into words; what is masked already, blanks and marks stand between them.
_BETWEEN = re.compile(
    r"(\[(?:e-mail|card number|key|phone|national id|number|masked)\]|[\s,;:()<>\"“”|。、，；：（）]+)"
)
_DIGIT = re.compile(r"\d")
_PARTS = re.compile(r"[-_]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]+")
# A stretch of a word: of Latin letters and what ASCII has, or of the letters of another script.
_STRETCH = re.compile(
    r"[\x21-\x7e\u00c0-\u024f]+"
    r"|[^\x00-\xbf\u00c0-\u024f\u2000-\u206f\u20a0-\u20bf\u3000-\u303f\uff01-\uff20]+"
)
_HOST = re.compile(r"(?:(?:https?:)?//)?(?:[a-z0-9-]{1,63}\.){1,8}([a-z]{2,10})(?::\d{1,5})?(/\S*)?", re.IGNORECASE)
_CODE = re.compile(r"[A-Z0-9#][A-Z0-9._/#:+-]{0,31}")
_PASSPORT = re.compile(r"[A-Z]{1,2}\d{6,8}[A-Z]?")
_OMISE_ID = re.compile(r"[a-z0-9]{3,6}_(?:test_)?[0-9a-z]{16,24}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d+(?:\.\d+)?%?")
_ISO_DAY = re.compile(r"20[2-9]\d-\d\d-\d\d(?:T[\d:.]{5,15}(?:Z|[+-]\d\d:?\d\d)?)?")
_ANY_DAY = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
_BARE_PHONE = re.compile(r"\+?(?:[3689]\d{7}|[1-9]\d{8}|1[15]\d{8}|[789]0\d{8}|(?:66|65|60|81)\d{8,10})")
# Codes of currencies and countries, an amount beside one, exponents.
_SHORT = re.compile(
    r"[A-Z]{3}|[A-Za-z]{1,2}|[\d.,]+[eE][+-]?\d+|[A-Z]{1,3}\$?[+-]?(?:[\d,]*\.\d+|\d{0,5})|[+-]?[\d.,]+[A-Za-z]{1,3}"
)
_CELL = re.compile(r"[\d\s.,:+/()'’%$€£¥฿TZ-]{0,60}")  # numbers, days and times, whatever is wrong with them


def masked_prose(text: str) -> str:
    """A description or message: masked as by `mask`, and of its words those of letters that are not known.

    A word that holds a digit, or stands in capitals after a word for an order, may be an order's id and stays, as
    does a text that is one such word; so do names of hosts.
    """
    if text.isalnum() and text.isascii() and (text.isupper() or _DIGIT.search(text)):
        return redact(text)
    if len(text) > LONGEST_TEXT:
        return MASKED
    pieces = _BETWEEN.split(mask(text))
    after_order = False
    for at in range(0, len(pieces), 2):
        piece = pieces[at]
        if not piece:
            continue
        word = piece.strip(".!?#'’*&=/_-").casefold()
        if word not in _PROSE and not (after_order and piece.isupper() and piece.isascii()):
            pieces[at] = _masked_word(piece)
        after_order = word in _ORDER_WORDS
    return "".join(pieces)


def masked_payment(text: str) -> str:
    """How somebody paid: as by `masked_prose`, but known names of ways of paying stay whole."""
    pieces = _PAYMENTS.split(text.replace("’", "'"))
    return "".join(piece if at % 2 else masked_prose(piece) for at, piece in enumerate(pieces))


@lru_cache(maxsize=2_000)
def is_harmless(text: str) -> bool:
    """Whether a whole text is provably no person's: known words, codes, numbers and days, none of them a phone's."""
    if len(text) > LONGEST_TEXT or mask(text, strict=True) != text:
        return False
    return all(map(_is_harmless, _BETWEEN.split(text)[::2]))


def shown_cell(text: str) -> str:
    """A cell as a reason may show it: a number, a day, a code or a known word, printable and cut, else masked."""
    printable = "".join(letter if letter.isprintable() else "\ufffd" for letter in text[: 4 * _SHOWN])
    if not _may_be_shown(printable):
        return MASKED
    return printable if len(printable) <= _SHOWN else printable[: _SHOWN - 1] + "…"


def _may_be_shown(text: str) -> bool:
    if mask(text, strict=True) != text:
        return False
    is_dated = _DIGIT.search(text) is not None
    number = _CURRENCY.sub("", text)
    if number[:1].isdigit() and number.isascii() and sum(map(str.isalpha, number)) <= _LETTERS_OF_NOBODY:
        return True
    return _CELL.fullmatch(text) is not None or all(
        _is_harmless(word)
        or _SHORT.fullmatch(word)
        or _is_status(word.casefold())
        or (is_dated and word.casefold().strip(".") in _MONTHS)
        for word in _BETWEEN.split(text.replace("\ufffd", " "))[::2]
    )


def _is_status(word: str) -> bool:
    return word in _STATUSES or (word.isascii() and all(part in _STATUSES for part in _PARTS.split(word)))


def _masked_word(word: str) -> str:
    """One word of a text, unless it may be an id, is a host's name, or holds known words alone."""
    if word.isascii():
        return word if _may_be_id(word) or _is_host(word) or _is_known(word) else MASKED
    return _STRETCH.sub(_masked_stretch, word)


def _masked_stretch(match: re.Match[str]) -> str:
    stretch = match.group()
    if stretch.isascii():
        return _masked_word(stretch)
    return MASKED if _LATIN.search(stretch) or not _is_known_run(stretch) else stretch


def _may_be_id(word: str) -> bool:
    return _DIGIT.search(word) is not None or "_" in word or word[0] == "#" or len(word) == 1


def _is_known(word: str) -> bool:
    return all(part.casefold() in _PROSE for part in _LATIN.findall(word))


def _is_known_run(word: str) -> bool:
    return not any(map(str.isalpha, _RUN.sub("", word)))


def _is_host(word: str) -> bool:
    """A host's name, alone or with a path of known words and numbers."""
    host = _HOST.fullmatch(word) if len(word) <= _LONG_WORD else None
    return host is not None and host[1].casefold() in _HOSTS and _is_known(host[2] or "")


@lru_cache(maxsize=10_000)
def _is_harmless(word: str) -> bool:
    if word.strip(".!?#'’*&=_-").casefold() in _PROSE or not any(map(str.isalnum, word)):
        return True
    if len(word) == 1:
        return word.isascii()
    if len(word) > _LONG_WORD:
        return False
    if _ISO_DAY.fullmatch(word):
        return True
    if any(pattern.fullmatch(word) for pattern in (_ANY_DAY, _BARE_PHONE, _PASSPORT)):
        return False
    if any(pattern.fullmatch(word) for pattern in (_NUMBER, _OMISE_ID, _UUID)):
        return True
    if _CODE.fullmatch(word):
        return _DIGIT.search(word) is not None
    return _is_host(word) or (_is_known(word) if word.isascii() else _is_known_run(word))
