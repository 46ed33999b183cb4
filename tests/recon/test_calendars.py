"""Business days by country: weekends, holidays and corrections, in the account's own zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from recon.calendars import Calendar, business_calendar, days_window
from tests.kit.clocks import ZONES

# account, made (local), business days, the last day that counts
ENDS = [
    ("sg", "2026-10-19T10:00", 5, "2026-10-26"),  # Monday to Monday
    ("sg", "2026-10-16T23:59:59", 1, "2026-10-19"),  # Friday
    ("sg", "2026-10-17T00:00", 1, "2026-10-19"),  # Saturday
    ("sg", "2026-10-18T12:00", 1, "2026-10-19"),  # Sunday
    ("sg", "2026-10-16T10:00", 0, "2026-10-16"),
    ("sg", "2026-10-17T10:00", 0, "2026-10-17"),  # never before its own day
    ("th", "2026-04-10T10:00", 5, "2026-04-22"),  # Songkran: 13 to 15 April
    ("th", "2026-10-22T10:00", 1, "2026-10-26"),  # Chulalongkorn Day is a Friday
    ("th", "2026-07-29T10:00", 1, "2026-07-30"),  # Buddhist Lent: banks are open
    ("th", "2025-04-15T10:00", 1, "2025-04-16"),  # in lieu of Songkran: banks are open
    ("jp", "2026-12-28T15:00", 5, "2027-01-06"),  # 31 December to 3 January are bank holidays
    ("jp", "2026-05-01T15:00", 2, "2026-05-08"),  # Golden Week
    ("my", "2026-12-31T15:00", 1, "2027-01-04"),  # New Year is a holiday of Kuala Lumpur
    ("sg", "2028-02-28T15:00", 1, "2028-02-29"),  # a leap day
    ("sg", "2028-02-29T15:00", 3, "2028-03-03"),
    ("us", "2026-10-30T10:00", 5, "2026-11-06"),  # clocks go back on 1 November
    ("us", "2026-03-06T10:00", 5, "2026-03-13"),  # and forward on 8 March
]


def calendar(account: str, around: date) -> Calendar:
    region, zone = ZONES[account]
    return business_calendar(region, ZoneInfo(zone), around)


@pytest.mark.parametrize(("account", "made", "days", "last"), ENDS)
def test_business_days_end_with_a_local_day(account: str, made: str, days: int, last: str) -> None:
    moment = datetime.fromisoformat(made).replace(tzinfo=ZoneInfo(ZONES[account][1]))
    ours = calendar(account, moment.date())
    end = ours.end_after(moment.astimezone(UTC), days)
    assert end == days_window(date.fromisoformat(last), date.fromisoformat(last), ours.zone).end


def test_the_day_of_a_moment_is_the_zones_own() -> None:
    late = datetime(2026, 10, 16, 17, 30, tzinfo=UTC)  # Saturday half past midnight in Bangkok
    assert calendar("th", late.date()).end_after(late, 1) == datetime(2026, 10, 19, 17, tzinfo=UTC)
    assert Calendar(ZoneInfo("UTC")).end_after(late, 1) == datetime(2026, 10, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2028, 2, 29), 24)]
)
def test_a_day_on_which_clocks_change_is_shorter_or_longer(first: date, hours: int) -> None:
    window = days_window(first, first, ZoneInfo("America/New_York"))
    assert (window.end - window.start).total_seconds() == hours * 3_600


def test_the_configuration_adds_and_removes_days() -> None:
    add, remove = date(2026, 10, 26), date(2026, 10, 23)
    ours = business_calendar("TH", ZoneInfo("Asia/Bangkok"), add, add=(add,), remove=(remove,))
    assert add in ours.days_off
    assert remove not in ours.days_off
    assert remove in calendar("th", add).days_off


def test_a_country_that_nobody_knows_has_weekends_alone() -> None:
    assert business_calendar("XX", ZoneInfo("UTC"), date(2026, 1, 1)).days_off == ()


def test_days_do_not_depend_on_the_language_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    english = calendar("th", date(2026, 1, 1)).days_off
    monkeypatch.setenv("LANGUAGE", "th")
    monkeypatch.setenv("LANG", "th_TH.UTF-8")
    assert calendar("th", date(2026, 1, 1)).days_off == english
