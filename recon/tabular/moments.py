"""Moments from text, one by one and whole columns at once; refuses what two people could read differently."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from recon.tabular.table import mapped

# One pattern for both ways; RE2 and re read it alike.
_TIME = (
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ](?P<clock>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.(?P<fraction>[0-9]{1,9}))?"
    r"(?: ?(?P<offset>[Zz]|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
_ROW = re.compile(_TIME)
_COLUMN = f"^{_TIME}$"
_SLASHES = re.compile(r"\d{1,4}[/.]\d{1,2}[/.]\d{1,4}\b.*", re.ASCII | re.DOTALL)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400_000_000
_YEARS = range(1970, 2500)
_BUDDHIST_YEARS = range(2500, 2701)


class BadTime(ValueError):
    """A text that is no moment, or could be more than one; says why."""


def moment(text: str, zone: ZoneInfo) -> int:
    """Microseconds since the epoch (UTC) of a text; one without an offset is in `zone`. Raises BadTime.

    RFC 3339 and its ISO 8601 relatives: `2026-11-24T09:30:00+07:00`, `2026-11-24 09:30[:00[.5]]`, `2026-11-24`.
    """
    found = _ROW.fullmatch(text)
    if found is None:
        raise BadTime(_why_not(text))
    day, clock, fraction, offset = found.group("day", "clock", "fraction", "offset")
    start = _midnight(day)
    since = _clock(clock or "")
    if start is None or since is None:
        raise BadTime(_impossible(text))
    local = start + since + int((fraction or "0").ljust(6, "0")[:6])
    shift = _offset(offset) if offset else _shift(local, zone, text)
    if shift is None:
        raise BadTime(_impossible(text))
    return local - shift


def moments(texts: pa.Array, zone: ZoneInfo) -> tuple[npt.NDArray[np.int64], dict[int, str]]:
    """`moment` of a whole column: microseconds (0 where refused), and by position why a text was refused.

    Days, clock times and offsets repeat, so each is worked out once. What does not fit, or falls on a day on which
    the zone's offset changes, is asked of `moment` one by one.
    """
    found = pc.extract_regex(texts, _COLUMN)
    day, clock, fraction, offset = (pc.struct_field(found, name) for name in ("day", "clock", "fraction", "offset"))
    steady = _numbers(day, lambda text: _steady(text, zone))
    shift = pc.if_else(pc.equal(offset, ""), steady, _numbers(offset, lambda text: _offset(text) if text else 0))
    local = pc.add(_numbers(day, _midnight), pc.add(_numbers(clock, _clock), _fraction(fraction)))
    result = pc.subtract(local, shift)
    refused: dict[int, str] = {}
    values = pc.fill_null(result, 0).to_numpy(zero_copy_only=False).copy()
    for at in np.flatnonzero(pc.is_null(result).to_numpy(zero_copy_only=False)).tolist():
        try:
            values[at] = moment(texts[at].as_py(), zone)
        except BadTime as error:
            refused[at] = str(error)
    return values, refused


def _numbers(texts: pa.Array, of: Callable[[str], int | None]) -> pa.Array:
    return mapped(texts, of, pa.int64())


def _fraction(digits: pa.Array) -> pa.Array:
    cut = pc.utf8_slice_codeunits(pc.ascii_rpad(digits, 6, "0"), 0, 6)
    return pc.cast(cut, pa.int64())


def _midnight(day: str) -> int | None:
    """Microseconds of a day's start were the zone UTC; none where no such day exists in a year that can be meant."""
    try:
        found = date.fromisoformat(day)
    except ValueError:
        return None
    return (found.toordinal() - _EPOCH.toordinal()) * _DAY if found.year in _YEARS else None


def _clock(text: str) -> int | None:
    hour, minute, second = (int(part) for part in (*text.split(":"), "0", "0")[:3]) if text else (0, 0, 0)
    return (hour * 3600 + minute * 60 + second) * 1_000_000 if hour < 24 and minute < 60 and second < 60 else None


def _offset(text: str) -> int | None:
    if text in ("Z", "z", "UTC"):
        return 0
    digits = text[1:].replace(":", "").ljust(4, "0")
    hours = int(digits[:2])
    minutes = int(digits[2:])
    if hours > 23 or minutes > 59:
        return None
    return (hours * 3600 + minutes * 60) * (-1_000_000 if text[0] == "-" else 1_000_000)


def _offsets(local: int, zone: ZoneInfo) -> tuple[int, int]:
    wall = (_EPOCH + local * _MICROSECOND).replace(tzinfo=zone)
    both = (wall.utcoffset(), wall.replace(fold=1).utcoffset())
    early, late = (found // _MICROSECOND for found in both if found is not None)
    return early, late


def _steady(day: str, zone: ZoneInfo) -> int | None:
    """The zone's offset where it is one from a day's start to its end; none where the clock changes."""
    start = _midnight(day)
    if start is None:
        return None
    found = {*_offsets(start, zone), *_offsets(start + _DAY, zone)}
    return found.pop() if len(found) == 1 else None


def _shift(local: int, zone: ZoneInfo, text: str) -> int:
    early, late = _offsets(local, zone)
    if early > late:
        raise BadTime(f'time "{text}" happened twice in {zone.key} (the clock went back): write it with its offset')
    if early < late:
        raise BadTime(f'time "{text}" never happened in {zone.key} (the clock went forward)')
    return early


def _why_not(text: str) -> str:
    if _SLASHES.fullmatch(text):
        return f'date "{text}" can be read as day/month or month/day: write it as YYYY-MM-DD'
    return f'time "{text}" is not like 2026-11-24T09:30:00+07:00, 2026-11-24 09:30:00 or 2026-11-24'


def _impossible(text: str) -> str:
    year = int(text[:4])
    if year in _BUDDHIST_YEARS:
        return f'year of "{text}" looks Buddhist-era ({year} = {year - 543}): write the common era'
    return f'time "{text}" does not exist' if year in _YEARS else f'year of "{text}" cannot be an order\'s'
