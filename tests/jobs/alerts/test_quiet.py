"""Quiet hours: when a message may go, over midnight and when clocks change."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from jobs.alerts.quiet import loud_at

BANGKOK, BERLIN = ZoneInfo("Asia/Bangkok"), ZoneInfo("Europe/Berlin")


def at(text: str, zone: ZoneInfo = BANGKOK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("moment", "hours", "loud"),
    [
        ("2026-03-04T21:59", "22:00-07:00", "2026-03-04T21:59"),
        ("2026-03-04T22:00", "22:00-07:00", "2026-03-05T07:00"),
        ("2026-03-05T00:00", "22:00-07:00", "2026-03-05T07:00"),
        ("2026-03-05T06:59", "22:00-07:00", "2026-03-05T07:00"),
        ("2026-03-05T07:00", "22:00-07:00", "2026-03-05T07:00"),
        ("2026-03-05T13:30", "12:00-14:00", "2026-03-05T14:00"),
        ("2026-03-05T15:00", "12:00-14:00", "2026-03-05T15:00"),
        ("2026-03-05T15:00", "", "2026-03-05T15:00"),
        ("2026-03-05T15:00", "07:00-07:00", "2026-03-05T15:00"),
    ],
)
def test_a_message_waits_for_the_end_of_quiet_hours(moment: str, hours: str, loud: str) -> None:
    assert loud_at(at(moment).astimezone(UTC), hours, BANGKOK) == at(loud)


def test_the_end_is_by_the_local_clock_also_in_the_night_that_clocks_change() -> None:
    evening = at("2026-03-28T23:00", BERLIN)
    assert loud_at(evening, "22:00-07:00", BERLIN) == datetime(2026, 3, 29, 5, tzinfo=UTC)
    skipped = loud_at(at("2026-03-29T01:30", BERLIN), "22:00-02:30", BERLIN)
    assert skipped > at("2026-03-29T01:30", BERLIN)
