"""Business days by country, and local days to moments in UTC.

Holidays are the `holidays` package's, corrected by holidays.toml and by the configuration.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from recon.columnar import np, npt
from recon.model import Window

# The years around a moment whose holidays a calendar holds; before and after, only weekends are days off.
YEARS_BEFORE = 1
YEARS_AFTER = 1
# Omise's Malaysian accounts settle by the banks of the capital; by default the package leaves a state's days out.
_SUBDIVISIONS = {"MY": "KUL"}
# By whose days Omise dates its receipts, whatever the account's country: a Malaysian account's were seen so, too.
RECEIPT_ZONE = ZoneInfo("Asia/Bangkok")


@dataclass(frozen=True)
class Calendar:
    """One account's business days: Monday to Friday in its zone, but for its days off, which stand in order."""

    zone: ZoneInfo
    days_off: tuple[date, ...] = ()

    def end_after(self, moment: datetime, business_days: int) -> datetime:
        """The midnight, in UTC, that ends the n-th business day after a moment's local day; never before that day's.

        From a Friday one business day ends with Monday; so it does from the Saturday and the Sunday.
        """
        made = moment.astimezone(self.zone).date()
        last = np.busday_offset(made, business_days, roll="backward", holidays=list(self.days_off)).astype(date)
        return days_window(made, max(made, last), self.zone).end

    def business_days_after(self, days: npt.NDArray[np.datetime64], count: int) -> npt.NDArray[np.datetime64]:
        """Per day (datetime64[D]) the n-th business day after it; 0: itself, or the first after it."""
        off = np.array(self.days_off, dtype="datetime64[D]")
        whole = days.astype("datetime64[D]")
        if count == 0:
            return np.busday_offset(whole, 0, roll="forward", holidays=off)
        return np.busday_offset(whole, count, roll="backward", holidays=off)


def business_calendar(
    region: str, zone: ZoneInfo, around: date, add: Collection[date] = (), remove: Collection[date] = ()
) -> Calendar:
    """The calendar of a country for the years around a day; one that the package does not know has only weekends."""
    years = range(around.year - YEARS_BEFORE, around.year + YEARS_AFTER + 1)
    days_off = _public_days(region, years) | {day for day in add if day.year in years}
    return Calendar(zone, tuple(sorted(days_off - set(remove))))


@lru_cache
def _public_days(region: str, years: range) -> frozenset[date]:
    import holidays  # late: what only reads the store needs no calendar

    if region not in holidays.list_supported_countries():
        return frozenset()
    # Names are never read, but they depend on the process's language unless one is asked for.
    days = holidays.country_holidays(
        region,
        subdiv=_SUBDIVISIONS.get(region),
        years=years,
        language="en_US",
        categories=("public", "bank") if region == "JP" else "public",
    )
    return frozenset(days) - _open_days(region)


def _open_days(region: str) -> set[date]:
    text = resources.files("recon").joinpath("methods", "holidays.toml").read_text(encoding="utf-8")
    return {day for row in tomllib.loads(text)["correction"] if row["region"] == region for day in row["remove"]}


def days_window(first: date, last: date, zone: ZoneInfo) -> Window:
    """From the first day's local midnight to the midnight after the last, in UTC: both days inclusive.

    A day on which the zone's clocks change is 23 or 25 hours long.
    """
    start = datetime.combine(first, time.min, zone)
    end = datetime.combine(last + timedelta(days=1), time.min, zone)
    return Window(start.astimezone(UTC), end.astimezone(UTC))


def months_to_date(window: Window, zone: ZoneInfo) -> dict[date, Window]:
    """The calendar months that a window of whole days touches, each from its first day to the window's last at most.

    By the last day that each has.
    """
    last = local_day(window.end - timedelta(microseconds=1), zone)
    first = local_day(window.start, zone).replace(day=1)
    months: dict[date, Window] = {}
    while first <= last:
        following = (first + timedelta(days=31)).replace(day=1)
        end = min(following - timedelta(days=1), last)
        months[end] = days_window(first, end, zone)
        first = following
    return months


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The business date on which a moment falls."""
    return moment.astimezone(zone).date()


def joined(windows: Iterable[Window]) -> tuple[Window, ...]:
    """The same moments as few windows: overlapping and touching ones become one."""
    result: list[Window] = []
    for window in sorted(windows, key=lambda window: (window.start, window.end)):
        if result and window.start <= result[-1].end:
            result[-1] = Window(result[-1].start, max(result[-1].end, window.end))
        else:
            result.append(window)
    return tuple(result)


def within(windows: Iterable[Window], others: Iterable[Window]) -> tuple[Window, ...]:
    """What of the windows lies in one of the others, in order."""
    shared = [
        Window(max(window.start, other.start), min(window.end, other.end))
        for window in joined(windows)
        for other in joined(others)
    ]
    return tuple(window for window in shared if window.start < window.end)


def outside(windows: Iterable[Window], others: Iterable[Window]) -> tuple[Window, ...]:
    """What of the windows lies in none of the others, in order."""
    covered = joined(others)
    gaps: list[Window] = []
    for window in joined(windows):
        start = window.start
        for other in covered:
            if start < other.end and other.start < window.end:
                gaps.append(Window(start, other.start))
                start = other.end
        gaps.append(Window(start, window.end))
    return tuple(gap for gap in gaps if gap.start < gap.end)
