"""Where the money of the last closed week went, as its workbooks say it, and what is open of each exposure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from recon import columns as c
from recon.model import Exposure
from recon.people import Person
from recon.rules import exposure_of
from recon.store.desk.overview import OpenSum
from recon.store.desk.workbooks import StoredWorkbook
from recon.store.runs.history import EarlierRun
from reports.page.results import kept
from reports.page.results.drawn import DrawnBlock, DrawnTable
from reports.page.results.workbooks import visible
from reports.page.site import Site
from reports.summary.money import NOT_EXPLAINED, WENT

_WEEK = timedelta(days=6)


@dataclass(frozen=True)
class MoneyLine:
    """A line of a waterfall as its workbook shows it."""

    name: str
    amount: str
    is_total: bool


@dataclass(frozen=True)
class WeekOfMoney:
    """Of an account the last closed week, else the latest range; `matched`: orders matched and those that expect a
    charge (null: not known); without waterfalls (by currency) where the workbook cannot be opened here."""

    book: StoredWorkbook
    waterfalls: Mapping[str, Sequence[MoneyLine]]
    matched: tuple[int, int] | None


@dataclass(frozen=True)
class OpenValue:
    """What is open of one exposure: how many breaks, and the amount at risk of each currency that has any."""

    exposure: Exposure
    count: int
    amounts: Mapping[str, int]


def weeks_of_money(
    site: Site, person: Person, ranges: Mapping[str, Sequence[EarlierRun]], now: datetime
) -> list[WeekOfMoney]:
    """One for each account that has a workbook."""
    books: dict[str, StoredWorkbook] = {}
    for book in visible(site, person):
        if book.account in ranges and book.last_day < site.today(book.account, now):
            best = books.get(book.account)
            books[book.account] = book if best is None else max(best, book, key=_closeness)
    return [
        WeekOfMoney(book, _waterfalls(site, book), _matched(book, ranges[book.account]))
        for book in (books[name] for name in ranges if name in books)
    ]


def _closeness(book: StoredWorkbook) -> tuple[bool, date, timedelta]:
    span = book.last_day - book.first_day
    return span == _WEEK, book.last_day, span


def _waterfalls(site: Site, book: StoredWorkbook) -> dict[str, list[MoneyLine]]:
    workbook = kept.kept(site, book)
    blocks = kept.blocks_of(workbook) if workbook else []
    return {
        block.title.removeprefix(WENT).strip(", "): list(_lines(block))
        for block in blocks
        if block.title.startswith(WENT)
    }


def _lines(block: DrawnBlock) -> Iterator[MoneyLine]:
    """Those that moved something, and what is not explained."""
    for cells in (row for part in block.parts if isinstance(part, DrawnTable) for row in part.rows):
        money = next((cell for cell in cells if "money" in cell.style), None)
        if money is not None and (money.text.strip("-0.") or cells[0].text == NOT_EXPLAINED):
            yield MoneyLine(cells[0].text, money.text, money.style.startswith("total"))


def _matched(book: StoredWorkbook, runs: Sequence[EarlierRun]) -> tuple[int, int] | None:
    days = (book.first_day, book.last_day)
    counts = next((run.part.counts for run in runs if (run.part.first_day, run.part.last_day) == days), {})
    if not counts.get(c.EXPECTING_ORDERS) or not counts.get(c.RATE_KNOWN, True):
        return None
    return counts[c.MATCHED_ORDERS], counts[c.EXPECTING_ORDERS]


def open_values(sums: Sequence[OpenSum]) -> list[OpenValue]:
    """By what the amounts mean for cash; currencies and exposures are never added together."""
    values = []
    for exposure in Exposure:
        parts = [part for part in sums if exposure_of(part.code, 0, part.sign) == exposure]
        amounts: dict[str, int] = {}
        for part in parts:
            if part.currency:
                amounts[part.currency] = amounts.get(part.currency, 0) + part.amount
        if parts:
            values.append(OpenValue(exposure, sum(part.count for part in parts), dict(sorted(amounts.items()))))
    return values
