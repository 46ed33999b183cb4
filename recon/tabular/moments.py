"""Moments and days from columns of text; refuses what two people could read differently."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from recon.arrays import Ints, Mask
from recon.bounds import YEARS
from recon.columnar import np, npt, pa, pc
from recon.tabular.date_forms import (
    BUDDHIST_YEARS,
    COMMON,
    DAY,
    SECOND,
    USUAL,
    DateForms,
    Form,
    looks_buddhist,
    looks_short_reiwa,
    microseconds,
    year_last,
)
from recon.tabular.table import mapped, mask_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NUMBERS = re.compile(r"(?:\d{1,4}[/.]\d{1,2}[/.]\d{1,4}|\d{1,2}-\d{1,2}-\d{2,4})\b.*", re.ASCII | re.DOTALL)
_YEAR = re.compile(r"(?<![0-9])[0-9]{4}(?![0-9])|^[0-9]{4}(?=[0-9]{4}(?![0-9]))")
_TWO_NUMBERS = r"^(?P<first>[0-9]{1,2})[-/.](?P<second>[0-9]{1,2})[-/.][0-9]{4}(?:[^0-9]|$)"


class _Parts(NamedTuple):
    """A column taken apart: microseconds where a row was `read`, offsets where it has one."""

    midnight: Ints
    clock: Ints
    offset: Ints
    has_offset: Mask
    read: Mask


def moments(
    texts: pa.Array, zone: ZoneInfo, dates: DateForms = USUAL
) -> tuple[npt.NDArray[np.int64], dict[int, str]]:
    """Microseconds since the epoch (UTC) of a column (0 where refused), and by position why a text was refused.

    Without formats RFC 3339 and its relatives are read, other forms that have the year first or a named month, and
    of a day in numbers with the year last what the column settles.
    A text without an offset is in `zone`. Days, clock times and offsets repeat, so each is worked out once. A day
    that is the first or the second number is known where one of the whole column is over 12.
    """
    parts = _parts(texts, dates)
    local = parts.midnight + parts.clock
    steady = mapped(pa.array(parts.midnight), lambda day: _steady(day, zone), pa.int64())
    is_steady = mask_of(pc.is_valid(steady))
    shift = np.where(parts.has_offset, parts.offset, pc.fill_null(steady, 0).to_numpy())
    refused = {at: _why_not(texts[at].as_py(), dates, "time") for at in np.flatnonzero(~parts.read).tolist()}
    for at in np.flatnonzero(parts.read & ~parts.has_offset & ~is_steady).tolist():
        early, late = _offsets(int(local[at]), zone)
        shift[at] = early
        if early != late:
            refused[at] = _unclear(texts[at].as_py(), zone, twice=early > late)
    values = local - shift
    if refused:
        values[list(refused)] = 0
    return values, refused


def days(texts: pa.Array, zone: ZoneInfo, dates: DateForms = USUAL) -> tuple[pa.Array, dict[int, str]]:
    """ISO days of a column (null where refused), a moment with an offset on its day in `zone`; and why not."""
    parts = _parts(texts, dates)
    named = mapped(pa.array(parts.midnight), _iso, pa.string())
    if parts.has_offset.any():
        utc = pa.array(parts.midnight + parts.clock - parts.offset)
        named = pc.if_else(
            pa.array(parts.has_offset), mapped(utc, lambda value: _day_in(value, zone), pa.string()), named
        )
    refused = {at: _why_not(texts[at].as_py(), dates, "date") for at in np.flatnonzero(~parts.read).tolist()}
    return pc.if_else(pa.array(parts.read), named, pa.scalar(None, pa.string())), refused


def _parts(texts: pa.Array, dates: DateForms) -> _Parts:
    """Each text by the first form that reads it."""
    count = len(texts)
    zeros = np.zeros((3, count), dtype=np.int64)
    no = np.zeros((2, count), dtype=bool)
    parts = _Parts(zeros[0], zeros[1], zeros[2], no[0], no[1])
    rest = np.arange(count)
    for form in dates.forms:
        rest = _by(form, texts, rest, parts)
        if not len(rest):
            return parts
    if not dates.formats:
        for form in _numeric(texts if len(rest) == count else texts.take(pa.array(rest)), dates):
            rest = _by(form, texts, rest, parts)
    return parts


def _by(form: Form, texts: pa.Array, rest: Ints, parts: _Parts) -> Ints:
    """Puts in what a form reads of the rows that are left; those that it does not read."""
    split = pc.extract_regex(texts if len(rest) == len(texts) else texts.take(pa.array(rest)), form.column)
    if split.null_count == len(split):
        return rest
    names = {field.name for field in split.type}
    day = mapped(pc.struct_field(split, "day"), form.midnight, pa.int64())
    zero = pa.array(np.zeros(len(rest), dtype=np.int64))
    clock = mapped(pc.struct_field(split, "clock"), form.since_midnight, pa.int64()) if "clock" in names else zero
    if "fraction" in names:
        clock = pc.add(clock, mapped(pc.struct_field(split, "fraction"), microseconds, pa.int64()))
    has_offset = np.zeros(len(rest), dtype=bool)
    offset = zero
    if "offset" in names:
        offsets = pc.struct_field(split, "offset")
        has_offset = mask_of(pc.not_equal(offsets, ""))
        offset = mapped(offsets, _offset, pa.int64())
    read = mask_of(pc.is_valid(pc.add(day, pc.add(clock, offset))))
    at = rest[read]
    for into, values in ((parts.midnight, day), (parts.clock, clock), (parts.offset, offset)):
        into[at] = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)[read]
    parts.has_offset[at] = has_offset[read]
    parts.read[at] = True
    left: Ints = rest[~read]
    return left


def _numeric(texts: pa.Array, dates: DateForms) -> Iterator[Form]:
    """The form of days in numbers with the year last; none where nothing shows which number is which."""
    numbers = pc.extract_regex(texts, _TWO_NUMBERS)
    first, second = (pc.cast(pc.struct_field(numbers, name), pa.int64()) for name in ("first", "second"))
    day_first = bool(pc.any(pc.greater(first, 12)).as_py())
    month_first = bool(pc.any(pc.greater(second, 12)).as_py())
    if day_first != month_first:
        yield year_last(day_first, dates.era)


def _offset(text: str) -> int | None:
    if text in ("", "Z", "z", "UTC", "GMT"):
        return 0
    digits = text[1:].replace(":", "").ljust(4, "0")
    hours = int(digits[:2])
    minutes = int(digits[2:])
    if hours > 23 or minutes > 59:
        return None
    return (hours * 3600 + minutes * 60) * (-SECOND if text[0] == "-" else SECOND)


def _iso(midnight: int) -> str:
    return date.fromordinal(_EPOCH.toordinal() + midnight // DAY).isoformat()


def _day_in(utc: int, zone: ZoneInfo) -> str:
    return (_EPOCH + utc * _MICROSECOND).astimezone(zone).date().isoformat()


def _offsets(local: int, zone: ZoneInfo) -> tuple[int, int]:
    wall = (_EPOCH + local * _MICROSECOND).replace(tzinfo=zone)
    both = (wall.utcoffset(), wall.replace(fold=1).utcoffset())
    early, late = (offset // _MICROSECOND for offset in both if offset is not None)
    return early, late


def _steady(midnight: int, zone: ZoneInfo) -> int | None:
    """The zone's offset where it is one from a day's start to its end; none where the clock changes."""
    offsets = {*_offsets(midnight, zone), *_offsets(midnight + DAY, zone)}
    return offsets.pop() if len(offsets) == 1 else None


def _unclear(text: str, zone: ZoneInfo, *, twice: bool) -> str:
    if twice:
        return f'time "{text}" happened twice in {zone.key} (the clock went back): write it with its offset'
    return f'time "{text}" never happened in {zone.key} (the clock went forward)'


def _reads(dates: DateForms, text: str) -> bool:
    days = ((form, re.fullmatch(form.column, text)) for form in dates.forms)
    return any(parts and form.midnight(parts["day"]) is not None for form, parts in days)


def _may_be_reiwa(dates: DateForms, text: str) -> bool:
    shaped = ((form, re.fullmatch(form.column, text)) for form in dates.forms)
    days = [form.day.fullmatch(parts["day"]) for form, parts in shaped if parts]
    found = [day.groupdict() for day in days if day]
    return all(parts.get("era") or looks_short_reiwa(parts.get("short") or "0") for parts in found)


def _why_not(text: str, dates: DateForms, what: str) -> str:
    """Why no form reads a text."""
    forms = dates.forms if dates.formats else (*dates.forms, year_last(True, dates.era))
    shaped = any(re.fullmatch(form.column, text) for form in forms)
    in_numbers = not dates.formats and _NUMBERS.fullmatch(text) and not re.match(r"[0-9]{3}", text)
    written_year = _YEAR.search(text)
    year = int(written_year.group()) if shaped and written_year else YEARS.start
    if year in BUDDHIST_YEARS and dates.era != "buddhist":
        advice = f', or set era = "buddhist" in [{dates.place}]' if dates.place else ""
        return looks_buddhist(text, year) + advice
    is_short = bool(dates.formats) and not written_year
    if is_short and dates.era is None and _reads(DateForms(dates.formats, "buddhist"), text):
        return f'year of "{text}" looks Buddhist-era: set era = "buddhist" in [{dates.place}]'
    if is_short and dates.era == "buddhist" and _reads(DateForms(dates.formats), text):
        return f'year of "{text}" looks common-era: set era = "{COMMON}" in [{dates.place}]'
    if dates.era == "japanese" and not _may_be_reiwa(dates, text):
        return f'year of "{text}" cannot be Reiwa: name its era, or set era = "{COMMON}" in [{dates.place}]'
    if year not in YEARS and dates.era != "buddhist":
        return f'year of "{text}" cannot be {"an order" if what == "time" else "a statement"}\'s'
    if shaped and not in_numbers:
        return f'{what} "{text}" does not exist'
    if dates.formats:
        written = ", ".join(f'"{written}"' for written in dates.formats)
        return f'{what} "{text}" is not like date_format {written} of [{dates.place}]'
    if _NUMBERS.fullmatch(text):
        return f'date "{text}" can be read as day/month or month/day: {dates.advice}'
    example = "2026-11-24T09:30:00+07:00, 2026-11-24 09:30:00 or 2026-11-24" if what == "time" else "2026-11-24"
    return f'{what} "{text}" is not like {example}'
