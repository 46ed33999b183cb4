"""Days and texts of bank statements: dates read strictly, account numbers masked."""

import re
import unicodedata
from datetime import date, datetime
from zoneinfo import ZoneInfo

from recon.bank.source import BadLine, Line
from recon.bounds import LONGEST_WRITTEN, YEARS
from recon.expressions import Expression, compiled
from recon.privacy import MASKED, mask, redact, shown_cell
from recon.tabular.date_forms import BUDDHIST_YEARS, looks_buddhist

_LONGEST = 1_000  # characters of a description
_SHOWN = 40  # characters of a value in a reason
_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})(?P<clock>[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?(?P<offset>Z|[+-]\d{2}:\d{2})?",
    re.ASCII,
)
_SLASHES = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}\b", re.ASCII)
# A number of an account: nine digits and more, in one piece or in groups, that hang on no letter (references do);
# fewer where the text says that it is one. ISO dates have eight.
_ACCOUNT_NUMBER = re.compile(
    r"(?<![\w-])(?<!\d[.,])(?P<label>(?:a/?c|acct?|account)(?: ?no)?[ .:#-]{1,4}|(?:บัญชี|口座)[ .:#-]{0,4})?"
    r"(?P<digits>\d(?:-?\d){4,33})(?!\w|[.,]\d)",
    re.ASCII | re.IGNORECASE,
)
_IBAN = re.compile(
    r"\b[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)\b", re.ASCII
)  # in one piece or in fours
_SMALL_KANA = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
_CERTAIN = 9  # digits
_KEPT = 4  # digits that stay readable, so that a person can tell one account from another


def day(text: str, zone: ZoneInfo) -> str:
    """The ISO date of `2026-11-24`, or of a moment with a time and perhaps an offset; raises BadLine."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        if _SLASHES.match(text):
            raise BadLine(f'date "{shown(text)}" can be read as day/month or month/day: write it as YYYY-MM-DD')
        raise BadLine(f'date "{shown(text)}" is not like 2026-11-24')
    year = int(text[:4])
    if year in BUDDHIST_YEARS:
        raise BadLine(looks_buddhist(text, year))
    if year not in YEARS:
        raise BadLine(f'year of "{text}" cannot be a statement\'s')
    try:
        if match["clock"] and match["offset"]:
            moment = datetime.fromisoformat(text.upper().replace(" ", "T"))
            return moment.astimezone(zone).date().isoformat()
        return date.fromisoformat(match["day"]).isoformat()
    except ValueError:
        raise BadLine(f'date "{text}" does not exist') from None


def tidy(text: str) -> str:
    """One line of printable text, spaces single, not endless."""
    text = text[: 4 * _LONGEST]
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())[:_LONGEST]


def searchable(text: str) -> str:
    """A text as a pattern is looked for in it: the width of its letters and small kana aside."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text).translate(_SMALL_KANA)


def pattern_of(text: str) -> Expression:
    """A pattern that finds a text in whatever case and width; full-width brackets and marks in it are letters."""
    return compiled(searchable("".join(map(_as_letter, text))), ignore_case=True)


def _as_letter(letter: str) -> str:
    plain = unicodedata.normalize("NFKC", letter)
    return re.escape(plain) if plain != letter and plain.isascii() else letter


def masked(text: str) -> str:
    """Without e-mail addresses, card numbers and keys; of numbers of accounts only the last four digits stay.

    A reference that holds letters, such as `trsf_5x…` or `TH2611240001`, stays whole. Of what is longer than anybody
    writes its length stays, as a whole file that could not be read has it.
    """
    if len(text) > LONGEST_WRITTEN:
        return f"{MASKED} {len(text)}"
    text = _IBAN.sub(lambda match: _tail(match.group()) if _is_iban(match.group()) else match.group(), redact(text))
    return _ACCOUNT_NUMBER.sub(_hide, text)


def content_of(line: Line) -> tuple[str, ...]:
    """What makes a line this line, wherever it stands; what is masked is in no digest of it either."""
    return line.booked_on, str(line.amount), line.currency, masked(line.description), masked(line.reference)


def shown(value: str) -> str:
    """A cell as a reason may show it: a number, a day, a code or a known word, else masked."""
    return shown_cell(masked(tidy(value)))


def worded(value: str) -> str:
    """What a format's own reader said of a file: masked, printable, cut."""
    text = kept(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def kept(value: str) -> str:
    """A text of a payout as it is stored: as `masked`, and without phones and national ids."""
    return mask(masked(tidy(value)))


def _hide(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match["digits"])
    if len(digits) < _CERTAIN and not match["label"]:
        return match.group()
    return (match["label"] or "") + _tail(digits)


def _tail(number: str) -> str:
    return f"…{number.replace(' ', '')[-_KEPT:]}"


def _is_iban(text: str) -> bool:
    letters = text.replace(" ", "")
    return int("".join(str(int(c, 36)) for c in letters[4:] + letters[:4])) % 97 == 1
