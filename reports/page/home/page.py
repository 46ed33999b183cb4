"""The first page: what needs its reader today, the money, what is open, the nights; changes nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from aiohttp import web

from recon.calendars import local_day
from recon.model import AGES, KnownBreak
from recon.people import Person, Right
from recon.store.desk import overview, worklist
from recon.store.runs import history
from reports.page.access.security import require
from reports.page.breaks.causes import CauseGroup, of_one_cause
from reports.page.cache import cached
from reports.page.home.money import OpenValue, WeekOfMoney, open_values, weeks_of_money
from reports.page.home.today import NightTrouble, night_troubles, today_of
from reports.page.render import render
from reports.page.results import charts
from reports.page.results.charts import Chart
from reports.page.site import SITE, Site

NIGHTS = 14
_COSTLY = 5  # breaks of each currency


@dataclass(frozen=True)
class Home:
    """Everything that the first page shows to those who see the same accounts."""

    days: Sequence[date]  # newest first
    nights: Mapping[tuple[str, date], overview.DayRun]
    begun: Mapping[str, date]  # the first day that was ever run, by account
    troubles: Sequence[NightTrouble]
    weeks: Sequence[WeekOfMoney]
    values: Sequence[OpenValue]
    by_severity: Mapping[str, int]
    causes: Sequence[CauseGroup]
    costly: Sequence[tuple[str, Sequence[KnownBreak]]]
    trend: Chart  # of what is open, by exposure
    ages: Chart  # how many breaks are of an age
    charts: Sequence[Chart]


async def home(request: web.Request) -> web.Response:
    """For the person who asks."""
    person = require(request, Right.VIEW)
    site = request.app[SITE]
    now = site.clock()
    days = (now.date(), *(site.today(name, now) for name in site.accounts))
    shown = await asyncio.to_thread(cached, site, ("home", person.accounts, *days), lambda: _home(site, person, now))
    today = await asyncio.to_thread(cached, site, ("today", person, *days), lambda: today_of(site, person, now))
    return render(request, "home.html", home=shown, today=today, names=site.names_for(person))


def _home(site: Site, person: Person, now: datetime) -> Home:
    store = site.store
    visible = person.accounts
    names = site.names_for(person)
    ranges = {name: history.last_of_each_range(store, name) for name in names}
    ran = {
        name: (min(run.part.first_day for run in runs), max(run.part.last_day for run in runs))
        for name, runs in ranges.items()
        if runs
    }
    days = _days(site, now, [last for _, last in ran.values()])
    nights = {(run.account, run.day): run for run in overview.days(store, visible, days[-1], days[0])}
    sums = overview.open_sums(store, visible)
    costly = [
        (currency, worklist.find(store, worklist.Filter(visible, currency=currency), "risk", True, 0, _COSTLY).breaks)
        for currency in sorted({part.currency for part in sums if part.currency})
    ]
    return Home(
        days=days,
        nights=nights,
        begun={name: first for name, (first, _) in ran.items()},
        troubles=night_troubles(_yesterday(site, now), days, nights, ran),
        weeks=weeks_of_money(site, person, ranges, now),
        values=open_values(sums),
        by_severity=overview.by_severity(sums),
        causes=of_one_cause(store, visible),
        costly=costly,
        trend=charts.open_by_exposure(site, visible, now),
        ages=charts.counted("Open breaks by age", _ages(overview.ages(store, visible, site.todays(now)))),
        charts=[charts.new_and_closed(site, visible, now), *charts.match_rates(site, person)],
    )


def _yesterday(site: Site, now: datetime) -> date:
    """The last day that is over in any account."""
    return max(local_day(now, account.zone) for account in site.accounts.values()) - timedelta(days=1)


def _days(site: Site, now: datetime, last_days: Sequence[date]) -> list[date]:
    """The last nights, newest first; where none of them ran, those up to the last that did."""
    yesterday = _yesterday(site, now)
    last = max((day for day in last_days if day <= yesterday), default=yesterday)
    if yesterday - last < timedelta(days=NIGHTS):
        last = yesterday
    return [last - timedelta(days=back) for back in range(NIGHTS)]


def _ages(counts: Sequence[int]) -> list[tuple[str, int]]:
    names = [f"{least}–{most} days" if most is not None else f"over {least - 1}" for least, most in AGES]
    return list(zip(names, counts, strict=True))
