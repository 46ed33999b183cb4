"""Forms that dates and times are written in: those of the configuration, or all that can be read in one way only."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Literal

from recon.bounds import YEARS

Era = Literal["buddhist", "japanese"]
ERAS: tuple[Era, ...] = ("buddhist", "japanese")
COMMON = "common"  # in a configuration, where a preset's files have another era
SECOND = 1_000_000  # microseconds
DAY = 86_400 * SECOND
BUDDHIST_YEARS = range(2500, 2701)
_BUDDHIST = 543  # years
_BUDDHIST_CENTURY = 2500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
# The first day of each Japanese era.
_JAPANESE = {
    "M": date(1868, 1, 25),
    "T": date(1912, 7, 30),
    "S": date(1926, 12, 25),
    "H": date(1989, 1, 8),
    "R": date(2019, 5, 1),
}
_KANJI = {"明治": "M", "大正": "T", "昭和": "S", "平成": "H", "令和": "R"}
_MONTHS = (
    ("january", "jan", "มกราคม", "ม.ค."),
    ("february", "feb", "กุมภาพันธ์", "ก.พ."),
    ("march", "mar", "มีนาคม", "มี.ค."),
    ("april", "apr", "เมษายน", "เม.ย."),
    ("may", "พฤษภาคม", "พ.ค."),
    ("june", "jun", "มิถุนายน", "มิ.ย."),
    ("july", "jul", "กรกฎาคม", "ก.ค."),
    ("august", "aug", "สิงหาคม", "ส.ค."),
    ("september", "sept", "sep", "กันยายน", "ก.ย."),
    ("october", "oct", "ตุลาคม", "ต.ค."),
    ("november", "nov", "พฤศจิกายน", "พ.ย."),
    ("december", "dec", "ธันวาคม", "ธ.ค."),
)
_MONTH_OF = {name.replace(".", ""): number for number, names in enumerate(_MONTHS, 1) for name in names}
_NAMES = "|".join(re.escape(name) for name in sorted((n for names in _MONTHS for n in names), key=len, reverse=True))
_NAME = rf"(?i:{_NAMES})\.?"
_HALF = r"(?i:[ap]\.?m\.?)"
_OFFSET = r"[Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?"
_DATE_PARTS = {"Y": "year", "y": "short", "m": "month", "d": "day", "b": "name", "B": "name"}
_CLOCK_PARTS = {"H": "hour", "I": "hour", "M": "minute", "S": "second", "p": "half"}
_LETTERS = (*_DATE_PARTS, *_CLOCK_PARTS, "f", "z", "a", "A")
_NUMERIC = frozenset("YymdHIMSf")
_CLOCK = re.compile(
    rf"(?P<hour>[0-9]{{1,2}}):(?P<minute>[0-9]{{2}})(?::(?P<second>[0-9]{{2}}))?\s*(?P<half>{_HALF})?"
)
# Behind a day, where no format says otherwise.
_ANY_TIME = (
    rf"(?:(?:[Tt]|\s+(?:-\s*)?)(?P<clock>[0-9]{{1,2}}:[0-9]{{2}}(?::[0-9]{{2}})?(?:\s?{_HALF})?)"
    rf"(?:\.(?P<fraction>[0-9]{{1,9}}))?(?:\s?(?P<offset>{_OFFSET}))?)?"
)


@dataclass(frozen=True, slots=True)
class DateForms:
    """`formats` of the configuration (those of `strptime`) at `place`, tried in turn, and the era of their years."""

    formats: tuple[str, ...] = ()
    era: Era | None = None
    place: str = ""

    @property
    def forms(self) -> tuple["Form", ...]:
        """Every form that is tried, in turn."""
        return _forms(self.formats, self.era)

    @property
    def advice(self) -> str:
        """Where a form can be set."""
        return f"set date_format of [{self.place}]" if self.place else "write it as YYYY-MM-DD"


USUAL = DateForms()


@dataclass(frozen=True, slots=True)
class Form:
    """One form: `column` splits a text into day, clock, fraction and offset (for RE2 and `re`), the others these."""

    column: str
    day: re.Pattern[str]
    clock: re.Pattern[str]
    era: Era | None

    def midnight(self, text: str) -> int | None:
        """Microseconds of a day's start, were the zone UTC; null for no day, or none of a year that can be meant."""
        parts = self.day.fullmatch(text)
        day = None if parts is None else day_of(parts.groupdict(), self.era)
        return None if day is None else (day.toordinal() - _EPOCH) * DAY

    def since_midnight(self, text: str) -> int | None:
        """Microseconds of a clock's text; 0 for none, null where no clock shows it."""
        if not text:
            return 0
        parts = self.clock.fullmatch(text)
        return None if parts is None else _seconds(parts.groupdict())


def check_format(text: str) -> str:
    """A format of the configuration; raises ValueError, in words, where it is none."""
    letters = re.findall(r"%(.?)", text, re.DOTALL)
    unknown = [letter for letter in letters if letter not in (*_LETTERS, "%")]
    if unknown:
        raise ValueError(f'"{text}": %{unknown[0]} is none of {" ".join(f"%{letter}" for letter in _LETTERS)}')
    for needed in ("Yy", "mbB", "d"):
        if not any(letter in needed for letter in letters):
            raise ValueError(f'"{text}" has no {" or ".join(f"%{letter}" for letter in needed)}')
    twice = sorted({letter for letter in letters if letter != "%" and letters.count(letter) > 1})
    if twice:
        raise ValueError(f'"{text}" has %{twice[0]} twice')
    return text


def day_of(parts: dict[str, str | None], era: Era | None) -> date | None:
    """The day of a `year` (or its `short` two digits and perhaps `era`), a `month` or its `name`, and a `day`."""
    month = int(parts["month"] or "") if parts.get("month") else _MONTH_OF[_plain(parts.get("name") or "")]
    try:
        if parts.get("year"):
            year = int(parts["year"] or "")
            if era == "buddhist" and year in BUDDHIST_YEARS:
                year -= _BUDDHIST
        elif era == "japanese":
            return _japanese_day(parts, month)
        else:
            short = int(parts["short"] or "")
            if looks_short_buddhist(short) != (era == "buddhist"):
                return None
            year = _BUDDHIST_CENTURY + short - _BUDDHIST if era else 2000 + short
        day = date(year, month, int(parts["day"] or ""))
    except ValueError:
        return None
    return day if day.year in YEARS else None


def looks_buddhist(text: str, year: int) -> str:
    """Why the year of a text is refused."""
    return f'year of "{text}" looks Buddhist-era ({year} = {year - _BUDDHIST}): write the common era'


def _japanese_day(parts: dict[str, str | None], month: int) -> date | None:
    """A year of an era, of Reiwa where none is named; null where the era does not have the day."""
    short = parts["short"] or ""
    if not parts.get("era") and not looks_short_reiwa(short):
        return None
    letter = (parts.get("era") or "R").upper()
    letter = _KANJI.get(letter, letter)
    names = list(_JAPANESE)
    start = _JAPANESE[letter]
    day = date(start.year - 1 + (1 if short == "元" else int(short)), month, int(parts["day"] or ""))
    after = _JAPANESE[names[names.index(letter) + 1]] if letter != names[-1] else date.max
    return day if start <= day < after else None


def looks_short_buddhist(short: int) -> bool:
    """Whether a year of two digits must be Buddhist: orders and statements are of 2560 (2017) and after."""
    return short >= 60


def looks_short_reiwa(short: str) -> bool:
    """Whether a year that names no era can be of Reiwa: 20 and after are of 2020 and after, or of Heisei."""
    return short == "元" or int(short) < 20


def _plain(name: str) -> str:
    return name.casefold().replace(".", "")


def _seconds(parts: dict[str, str | None]) -> int | None:
    """A clock of 12 or 24 hours; some programs write 24 of them and the half as well."""
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    half = _plain(parts.get("half") or "")
    if half == "am" and hour > 12:
        return None
    if half == "pm" and hour < 12:
        hour += 12
    elif half == "am" and hour == 12:
        hour = 0
    if hour > 23 or minute > 59 or second > 59:
        return None
    return (hour * 3600 + minute * 60 + second) * SECOND + microseconds(parts.get("fraction") or "")


def microseconds(fraction: str) -> int:
    """Of the digits behind a second's point."""
    return int(fraction.ljust(6, "0")[:6])


@cache
def _forms(formats: tuple[str, ...], era: Era | None) -> tuple[Form, ...]:
    """A day as ISO 8601 has it is read in any case: so cells of a workbook that are days arrive."""
    usual = tuple(_usual(era))
    return (*(_written(text, era) for text in formats), usual[0]) if formats else usual


@cache
def year_last(day_first: bool, era: Era | None) -> Form:
    """A day in numbers with its year behind; which number is the day the text itself does not show."""
    first, second = ("day", "month") if day_first else ("month", "day")
    text = rf"(?P<{first}>[0-9]{{1,2}})[-/.](?P<{second}>[0-9]{{1,2}})[-/.](?P<year>[0-9]{{4}})"
    return _form(text, era)


def _form(day: str, era: Era | None) -> Form:
    return Form(f"^(?P<day>{_nameless(day)}){_ANY_TIME}$", re.compile(day), _CLOCK, era)


def _usual(era: Era | None) -> Iterable[Form]:
    """What can be read in one way only, the most frequent first; whether a day or a month leads is not among it."""
    year = r"(?P<year>[0-9]{4})"
    month = r"(?P<month>[0-9]{1,2})"
    day = r"(?P<day>[0-9]{1,2})"
    name = rf"(?P<name>{_NAME})"
    texts = [
        r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})",
        rf"{year}[-/.]{month}[-/.]{day}",
        r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
        rf"{year}年\s?{month}月\s?{day}日",
        rf"{day}[-/\s]\s?{name}[-/\s]\s?{year}",
        rf"{name}\s{day},?\s{year}",
    ]
    for text in texts:
        yield _form(text, era)
    if era == "buddhist":
        return
    year = _japanese(wide=True, named=era is None)
    for text in (rf"{year}[-/.]{month}[-/.]{day}", rf"{year}年\s?{month}月\s?{day}日"):
        yield _form(text, "japanese")
    if era == "japanese":
        yield _form(rf"{_japanese(wide=False)}(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})", era)


def _japanese(*, wide: bool, named: bool = False) -> str:
    """`named`: only with its era, which is then known from the text itself."""
    short = "[0-9]{1,2}|元" if wide else "[0-9]{2}"
    return rf"(?P<era>[MTSHRmtshr]|{'|'.join(_KANJI)}){'' if named else '?'}(?P<short>{short})"


def _written(text: str, era: Era | None) -> Form:
    """The form of one format: a day's number may be without its zero, but where digits stand in one piece."""
    pieces = re.findall(r"%.|\s+|[^%\s]+", unicodedata.normalize("NFKC", text), re.DOTALL)
    kinds = [_kind(piece) for piece in pieces]
    day, clock = (_between(kinds, kind) for kind in ("date", "clock"))
    patterns = [_piece(pieces, at, era) for at in range(len(pieces))]
    column = "^"
    for at, pattern in enumerate(patterns):
        column += "(?P<day>" if at == day.start else "(?P<clock>" if at == clock.start else ""
        inside = at in day or at in clock
        column += _nameless(pattern) if inside else pattern
        column += ")" if at + 1 in (day.stop, clock.stop) and inside else ""
    return Form(
        column + "$",
        re.compile("".join(patterns[at] for at in day)),
        re.compile("".join(patterns[at] for at in clock)),
        era,
    )


def _kind(piece: str) -> str:
    letter = piece[1:] if piece.startswith("%") else ""
    return "date" if letter in _DATE_PARTS and letter else "clock" if letter in _CLOCK_PARTS and letter else ""


def _between(kinds: list[str], kind: str) -> range:
    places = [at for at, there in enumerate(kinds) if there == kind]
    return range(places[0], places[-1] + 1) if places else range(0)


def _piece(pieces: list[str], at: int, era: Era | None) -> str:
    piece = pieces[at]
    if piece.isspace():
        return r"\s+"
    if not piece.startswith("%") or piece == "%%":
        return re.escape(piece.replace("%%", "%"))
    letter = piece[1]
    beside = [pieces[near] for near in (at - 1, at + 1) if 0 <= near < len(pieces)]
    in_one_piece = any(near[0] == "%" and near[1:] in _NUMERIC for near in beside)
    width = "{2}" if in_one_piece else "{1,2}"
    if letter == "y" and era == "japanese":
        return _japanese(wide=not in_one_piece)
    special = {
        "Y": "(?P<year>[0-9]{4})",
        "y": "(?P<short>[0-9]{2})",
        "b": f"(?P<name>{_NAME})",
        "B": f"(?P<name>{_NAME})",
        "p": f"(?P<half>{_HALF})",
        "f": "(?P<fraction>[0-9]{1,9})",
        "z": f"(?P<offset>{_OFFSET})",
        "a": r"[^\s,]+",
        "A": r"[^\s,]+",
    }
    return special.get(letter) or rf"(?P<{ {**_DATE_PARTS, **_CLOCK_PARTS}[letter] }>[0-9]{width})"


def _nameless(pattern: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)
