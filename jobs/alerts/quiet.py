"""When people are not to be woken: hours of a local clock, and when they end."""

from datetime import UTC, datetime, time, timedelta, tzinfo


def loud_at(moment: datetime, hours: str, zone: tzinfo) -> datetime:
    """The moment itself, or the end of the quiet hours ("22:00-07:00" of the zone's clock) that it lies in, UTC."""
    if not hours:
        return moment
    begin, end = (time.fromisoformat(part) for part in hours.split("-"))
    local = moment.astimezone(zone)
    clock = local.time()
    inside = begin <= clock < end if begin < end else clock >= begin or clock < end
    if begin == end or not inside:
        return moment
    day = local.date() + (timedelta(days=1) if clock >= end else timedelta())
    # An hour that clocks skip, or show twice, must not end before it begins.
    return max(moment, datetime.combine(day, end, zone)).astimezone(UTC)
