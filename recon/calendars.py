"""Local business days to moments in UTC; knows no holiday yet, no account and no clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from recon.model import Window


def days_window(first: date, last: date, zone: ZoneInfo) -> Window:
    """From the first day's local midnight to the midnight after the last, in UTC: both days inclusive.

    A day on which the zone's clocks change is 23 or 25 hours long.
    """
    start = datetime.combine(first, time.min, zone)
    end = datetime.combine(last + timedelta(days=1), time.min, zone)
    return Window(start.astimezone(UTC), end.astimezone(UTC))


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The business date on which a moment falls."""
    return moment.astimezone(zone).date()


def joined(windows: list[Window]) -> tuple[Window, ...]:
    """The same moments as few windows: overlapping and touching ones become one."""
    result: list[Window] = []
    for window in sorted(windows, key=lambda one: (one.start, one.end)):
        if result and window.start <= result[-1].end:
            result[-1] = Window(result[-1].start, max(result[-1].end, window.end))
        else:
            result.append(window)
    return tuple(result)
