"""The first page: how the nights went, what is open, what needs a person now; changes nothing."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from aiohttp import web

from recon.calendars import local_day
from recon.model import AGES, Exposure, KnownBreak
from recon.people import Person, Right
from recon.rules import exposure_of
from recon.store.desk import overview, worklist
from recon.store.runs import history
from reports.page.access.security import require
from reports.page.breaks.causes import CauseGroup, of_one_cause
from reports.page.cache import cached
from reports.page.render import render
from reports.page.results import charts
from reports.page.results.charts import Chart
from reports.page.site import SITE, Site

NIGHTS = 14
URGENT = 8  # breaks of each list


@dataclass(frozen=True)
class OpenValue:
    """What is open of one exposure in one currency (null: breaks without an amount)."""

    exposure: Exposure
    currency: str | None
    count: int
    amount: int


@dataclass(frozen=True)
class Home:
    """Everything that the first page shows to those who see the same accounts."""

    days: Sequence[date]
    nights: Mapping[tuple[str, date], overview.DayRun]
    begun: Mapping[str, date]  # the first day that was ever run, by account
    values: Sequence[OpenValue]
    by_severity: Sequence[tuple[str, int]]
    causes: Sequence[CauseGroup]
    due: Sequence[KnownBreak]
    costly: Sequence[tuple[str, Sequence[KnownBreak]]]
    ages: Chart  # how many breaks are of an age
    charts: Sequence[Chart]


async def home(request: web.Request) -> web.Response:
    """For the accounts of whoever asks."""
    person = require(request, Right.VIEW)
    site = request.app[SITE]
    now = site.clock()
    key = ("home", person.accounts, now.date())
    shown = await asyncio.to_thread(cached, site, key, lambda: _home(site, person, now))
    return render(request, "home.html", home=shown, names=site.names_for(person))


def _home(site: Site, person: Person, now: datetime) -> Home:
    store = site.store
    visible = person.accounts
    yesterdays = [local_day(now, account.zone) - timedelta(days=1) for account in site.accounts.values()]
    last = max(yesterdays)
    days = [last - timedelta(days=back) for back in range(NIGHTS)][::-1]
    sums = overview.open_sums(store, visible)
    severities: Counter[str] = Counter()
    for part in sums:
        severities[part.severity.word] += part.count
    due = worklist.find(store, worklist.Filter(visible=visible, has_due=True), "due", False, 0, URGENT)
    costly = [
        (
            currency,
            worklist.find(store, worklist.Filter(visible=visible, currency=currency), "risk", True, 0, 5).breaks,
        )
        for currency in sorted({part.currency for part in sums if part.currency})
    ]
    ranges = {name: history.last_of_each_range(store, name) for name in site.names_for(person)}
    return Home(
        days=days,
        nights={(run.account, run.day): run for run in overview.days(store, visible, days[0], last)},
        values=_values(sums),
        by_severity=[(word, severities[word]) for word in ("critical", "high", "medium", "low") if severities[word]],
        causes=of_one_cause(store, visible),
        due=due.breaks,
        costly=costly,
        begun={name: min(run.part.first_day for run in runs) for name, runs in ranges.items() if runs},
        ages=charts.counted("Open breaks by age", _ages(overview.ages(store, visible, now))),
        charts=[
            charts.open_by_exposure(site, visible, now),
            charts.new_and_closed(site, visible, now),
            *charts.match_rates(site, person),
        ],
    )


def _values(sums: Sequence[overview.OpenSum]) -> list[OpenValue]:
    """By what the amounts mean for cash, in the order of Exposure, then by currency, those without an amount last."""
    kinds: dict[tuple[Exposure, str | None], list[overview.OpenSum]] = {}
    for part in sums:
        kinds.setdefault((exposure_of(part.code, 0, part.sign), part.currency), []).append(part)
    rank = list(Exposure).index
    order = sorted(kinds, key=lambda kind: (rank(kind[0]), kind[1] is None, kind[1] or ""))
    return [
        OpenValue(*kind, sum(part.count for part in kinds[kind]), sum(part.amount for part in kinds[kind]))
        for kind in order
    ]


def _ages(breaks_by_age: Sequence[tuple[str | None, tuple[int, ...]]]) -> list[tuple[str, int]]:
    names = [f"{least}–{most} days" if most is not None else f"over {least - 1}" for least, most in AGES]
    return [(name, sum(breaks[age] for _, breaks in breaks_by_age)) for age, name in enumerate(names)]
