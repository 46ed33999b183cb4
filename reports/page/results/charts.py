"""Charts as figures first: what they show, the ticks of their axis, and where each mark of the drawing stands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property

from recon import columns as c
from recon.model import Exposure, hundredths_of
from recon.people import Person
from recon.rules import exposure_of
from recon.store.desk.trends import BreakLives, lives
from recon.store.desk.workbooks import GROUP, StoredWorkbook
from recon.store.runs import history
from reports.page.cache import cached
from reports.page.results.drawn import DrawnTable
from reports.page.results.kept import blocks_of, kept
from reports.page.site import Site
from reports.summary.arriving import CALENDAR_TITLE

LEFT, RIGHT, TOP, FLOOR = 58, 456, 22, 168  # where the axes stand
WEEKS = 12
DAYS = 30  # of a match rate
_WEEK = timedelta(days=7)
_TICKS = 4
_LABELS = 5  # of the axis below
_FEW = 14  # marks that say their own figure
_PERCENT = 10_000  # all, in hundredths of a percent
_THOUSANDS = 10_000  # major units from which thousands are enough
_SPAN = 500  # of a match rate's axis at least: five percent


@dataclass(frozen=True)
class Series:
    """One row of figures, as many as its chart has labels."""

    name: str
    values: Sequence[int]


@dataclass(frozen=True)
class Chart:
    """Figures over labels, as bars beside each other or on top of each other (`stacked`), or as a line.

    `show` writes a figure; `least` and `most` widen the axis; without them it begins at 0.
    """

    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    show: Callable[[int], str] = "{:,}".format
    tick: Callable[[int], str] = "{:,}".format  # the same in short
    kind: str = "bars"  # or "stacked", "line"
    least: int = 0
    most: int = 1

    @cached_property
    def ticks(self) -> list[int]:
        """Round figures, from below the least to above the most."""
        columns = list(zip(*(row.values for row in self.series), strict=True))
        tops = [sum(column) for column in columns] if self.kind == "stacked" else [max(column) for column in columns]
        low = min(self.least, *(min(column) for column in columns))
        high = max(self.most, *tops)
        step = next(step for step in _steps() if (high - low) <= _TICKS * step)
        return list(range(low // step * step, high + step, step))[: (-(-high // step) - low // step) + 1]

    def y(self, value: int) -> float:
        """The height of a value on the drawing."""
        low, high = self.ticks[0], self.ticks[-1]
        return round(FLOOR - (FLOOR - TOP) * (value - low) / (high - low), 1)

    def x(self, place: int) -> float:
        """The middle of a label's place."""
        return round(LEFT + (RIGHT - LEFT) * (place + 0.5) / len(self.labels), 1)

    @property
    def bars(self) -> list[tuple[int, float, float, float, float, int]]:
        """Of each bar its series, left, top, width, height and value."""
        width = (RIGHT - LEFT) / len(self.labels) * 0.7
        share = width if self.kind == "stacked" else width / len(self.series)
        bars = []
        for place in range(len(self.labels)):
            below = 0
            for number, row in enumerate(self.series):
                value = row.values[place]
                left = self.x(place) - width / 2 + (0 if self.kind == "stacked" else number * share)
                top = self.y(below + value)
                bars.append((number, round(left, 1), top, round(share, 1), round(self.y(below) - top, 1), value))
                below += value if self.kind == "stacked" else 0
        return bars

    @property
    def shown_labels(self) -> list[tuple[float, str]]:
        """A few of the labels with their places, the last one always."""
        every = -(-len(self.labels) // _LABELS)
        last = len(self.labels) - 1
        return [(self.x(place), self.labels[place]) for place in range(last % every, last + 1, every)]

    @property
    def says_all(self) -> bool:
        """Whether each mark has its own figure beside it."""
        return self.kind != "stacked" and len(self.labels) * len(self.series) <= _FEW

    @property
    def words(self) -> str:
        """All figures in a sentence each, for those who do not see the drawing."""
        return " ".join(
            f"{row.name}: " + ", ".join(f"{label} {self.show(value)}" for label, value in self._pairs(row)) + "."
            for row in self.series
        )

    def _pairs(self, row: Series) -> list[tuple[str, int]]:
        return list(zip(self.labels, row.values, strict=True))


def _nearest(amount: int, unit: int) -> int:
    return (2 * amount + unit) // (2 * unit)


def _steps() -> Sequence[int]:
    return [digit * 10**zeros for zeros in range(18) for digit in (1, 2, 5)]


def counted(title: str, counts: Sequence[tuple[str, int]]) -> Chart:
    """A bar for each label with its count."""
    return Chart(title, [label for label, _ in counts], [Series("breaks", [count for _, count in counts])])


def match_rate(account: str, runs: Sequence[history.EarlierRun]) -> Chart | None:
    """Of an account's days, each by its last run, in hundredths of a percent, rounded down, on an axis that shows it.

    Days whose rate is not known are left out; None where there are none.
    """
    days = sorted(
        (run.part for run in runs if run.part.first_day == run.part.last_day), key=lambda day: day.first_day
    )
    rates = {
        day.first_day.isoformat(): hundredths_of(day.counts[c.MATCHED_ORDERS], day.counts[c.EXPECTING_ORDERS])
        for day in days
        if day.counts.get(c.EXPECTING_ORDERS) and day.counts.get(c.RATE_KNOWN, True)
    }
    shown = dict(list(rates.items())[-DAYS:])
    if not shown:
        return None
    least = min(*shown.values(), _PERCENT - _SPAN)
    rate = Series("Match rate", list(shown.values()))
    return Chart(
        f"Match rate of {account}, by day", list(shown), [rate], _percent, _whole_percent, "line", least, _PERCENT
    )


def match_rates(site: Site, person: Person) -> list[Chart]:
    """One of each account that has any days."""
    names = site.names_for(person)
    charts = [match_rate(name, history.last_of_each_range(site.store, name)) for name in names]
    return [chart for chart in charts if chart]


def _percent(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d} %"


def _whole_percent(hundredths: int) -> str:
    return f"{hundredths // 100} %"


def open_by_exposure(site: Site, visible: frozenset[str] | None, now: datetime) -> Chart:
    """How many breaks were open at the end of each of the last weeks, by what they mean for cash."""
    ends = _week_ends(now)
    counts = {exposure: [0] * len(ends) for exposure in Exposure}
    for life in _lives(site, visible, now):
        last = len(ends) if life.closed is None else life.closed
        for week in range(max(life.opened, 0), min(last, len(ends))):
            counts[exposure_of(life.code, 0, life.sign)][week] += life.count
    rows = [Series(exposure.words, row) for exposure, row in counts.items()]
    return Chart("Open breaks at the end of each week, by what they mean for cash", ends, rows, kind="stacked")


def new_and_closed(site: Site, visible: frozenset[str] | None, now: datetime) -> Chart:
    """How many breaks opened and closed in each of the last weeks."""
    ends = _week_ends(now)
    opened = [0] * len(ends)
    closed = [0] * len(ends)
    for life in _lives(site, visible, now):
        if 0 <= life.opened < len(ends):
            opened[life.opened] += life.count
        if life.closed is not None and 0 <= life.closed < len(ends):
            closed[life.closed] += life.count
    return Chart("New and closed breaks, by week", ends, [Series("new", opened), Series("closed", closed)])


def _lives(site: Site, visible: frozenset[str] | None, now: datetime) -> list[BreakLives]:
    first = _first_week(now)
    return cached(
        site, ("lives", visible, first), lambda: lives(site.store, visible, first, _WEEK), for_a_minute=True
    )


def _first_week(now: datetime) -> datetime:
    """The Monday, in UTC, with which the first of the weeks begins."""
    monday = now.astimezone(UTC).date() - timedelta(days=now.astimezone(UTC).weekday())
    return datetime.combine(monday, time(), UTC) - (WEEKS - 1) * _WEEK


def _week_ends(now: datetime) -> list[str]:
    """The last day of each week."""
    return [
        (_first_week(now) + number * _WEEK - timedelta(days=1)).date().isoformat() for number in range(1, WEEKS + 1)
    ]


def payouts_expected(site: Site, book: StoredWorkbook) -> Chart | None:
    """What should be at the bank, by business day, as a workbook has it; None where nothing is expected.

    What should have been there before stands together, as past.
    """
    workbook = kept(site, book)
    blocks = blocks_of(workbook) if workbook else ()
    block = next((block for block in blocks if block.title.startswith(CALENDAR_TITLE)), None)
    if block is None or book.account == GROUP:
        return None
    currency = block.title.rpartition(" ")[2]
    days: dict[str, int] = {}
    for row in block.parts[-1].rows if isinstance(block.parts[-1], DrawnTable) else ():
        day = "past" if row[0].text.endswith("past") else row[0].text
        days[day] = days.get(day, 0) + site.currencies.parse_major(row[-1].text, currency)

    def show(amount: int) -> str:
        return site.currencies.show(amount, currency)

    def in_short(amount: int) -> str:
        major = _nearest(abs(amount), 10 ** site.currencies.decimals(currency))
        sign = "-" if amount < 0 else ""
        return sign + (f"{_nearest(major, 1_000):,} k" if major >= _THOUSANDS else f"{major:,}")

    title = f"Payouts of {book.account} expected at the bank, by day, {currency}"
    return Chart(title, list(days), [Series("expected", list(days.values()))], show, in_short)
