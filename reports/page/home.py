"""The first page: how the nights went, what is open, what needs a person now; changes nothing."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from aiohttp import web
from markupsafe import Markup

from recon import columns as c
from recon.calendars import local_day
from recon.model import KnownBreak
from recon.people import Person, Right
from recon.store.desk import worklist
from recon.store.runs import history
from reports.page import pictures
from reports.page.cache import cached
from reports.page.render import render
from reports.page.security import require
from reports.page.site import SITE, Site

NIGHTS = 14
TREND = 30  # days of the charts
URGENT = 8  # breaks of each list


@dataclass(frozen=True)
class OpenValue:
    """What is open in one currency (null: breaks without an amount)."""

    currency: str | None
    count: int
    amount: int


@dataclass(frozen=True)
class Home:
    """Everything that the first page shows to those who see the same accounts."""

    days: Sequence[date]
    nights: Mapping[tuple[str, date], worklist.DayRun]
    begun: Mapping[str, date]  # the first day that was ever run, by account
    values: Sequence[OpenValue]
    by_severity: Sequence[tuple[str, int]]
    due: Sequence[KnownBreak]
    costly: Sequence[tuple[str, Sequence[KnownBreak]]]
    charts: Sequence[Markup]


async def home(request: web.Request) -> web.Response:
    """For the accounts of whoever asks."""
    person, site = require(request, Right.VIEW), request.app[SITE]
    now = site.clock()
    key = ("home", person.accounts, now.date())
    found = await asyncio.to_thread(cached, site, key, lambda: _home(site, person, now))
    names = site.names_for(person)
    return render(request, "home.html", home=found, names=names)


def _home(site: Site, person: Person, now: datetime) -> Home:
    store, visible = site.store, person.accounts
    yesterdays = [local_day(now, account.zone) - timedelta(days=1) for account in site.accounts.values()]
    last = max(yesterdays)
    days = [last - timedelta(days=back) for back in range(NIGHTS)][::-1]
    sums = worklist.open_sums(store, visible)
    values: dict[str | None, list[int]] = defaultdict(lambda: [0, 0])
    severities: dict[str, int] = defaultdict(int)
    for one in sums:
        values[one.currency][0] += one.count
        values[one.currency][1] += one.amount
        severities[one.severity.word] += one.count
    currencies = sorted(currency for currency in values if currency)
    due = worklist.find(store, worklist.Filter(visible=visible, has_due=True), "due", False, 0, URGENT)
    costly = [
        (
            currency,
            worklist.find(store, worklist.Filter(visible=visible, currency=currency), "risk", True, 0, 5).breaks,
        )
        for currency in currencies
    ]
    ranges = {name: history.last_of_each_range(store, name) for name in site.names_for(person)}
    return Home(
        days=days,
        nights={(run.account, run.day): run for run in worklist.days(store, visible, days[0], last)},
        values=[OpenValue(currency, *found) for currency, found in sorted(values.items(), key=_named_first)],
        by_severity=[(word, severities[word]) for word in ("critical", "high", "medium", "low") if severities[word]],
        due=due.breaks,
        costly=costly,
        begun={name: min(run.found.first_day for run in runs) for name, runs in ranges.items() if runs},
        charts=_charts(worklist.ages(store, visible, now), ranges),
    )


def _named_first(item: tuple[str | None, list[int]]) -> tuple[bool, str]:
    return item[0] is None, item[0] or ""


def _charts(
    ages: Sequence[tuple[str | None, tuple[int, ...]]], ranges: Mapping[str, Sequence[history.EarlierRun]]
) -> list[Markup]:
    counts = [sum(found[number] for _, found in ages) for number in range(len(worklist.AGES))]
    names = [f"{least}–{most} days" if most is not None else "over 90" for least, most in worklist.AGES]
    charts = [pictures.bars("Open breaks by age", list(zip(names, counts, strict=True)))]
    charts += [
        pictures.line(f"Match rate of {name}, by day", _rates(runs), 100, " %") for name, runs in ranges.items()
    ]
    return charts


def _rates(runs: Sequence[history.EarlierRun]) -> list[tuple[str, int]]:
    """Whole percent, rounded down, of the orders that expect a charge; days without any are left out."""
    days = sorted(
        (one for one in (run.found for run in runs) if one.first_day == one.last_day), key=lambda one: one.first_day
    )
    return [
        (one.first_day.isoformat(), 100 * one.counts[c.MATCHED_ORDERS] // one.counts[c.EXPECTING_ORDERS])
        for one in days[-TREND:]
        if one.counts.get(c.EXPECTING_ORDERS)
    ]
