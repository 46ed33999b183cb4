"""Judges the range of an earlier run once more, from what is stored now, and says what changed; records nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from jobs.config.config import Config
from jobs.run.judging import find
from jobs.run.judging_request import AccountRequest, JudgingRequest, judging_request
from recon import columns as c
from recon.calendars import days_window
from recon.columnar import pd
from recon.model import BreakStatus, KnownBreak, Result
from recon.model.rulings import Ruling, RulingKind, RulingState, Standing
from recon.result.changes import changes, figures
from recon.rulings.decide import status_of
from recon.store.desk import rulings, workbooks
from recon.store.engine import Store
from recon.store.runs import history, record
from recon.store.runs.record import RunAccount, StoredRun
from recon.store.versions.personal import taken_out_since as taken_out
from reports.verify.digests import digests

ROWS = "rows"  # among a run's counts: the digests of its rows, by frame
_UTC = ZoneInfo("UTC")  # of an account that is configured no more
_OF_FILES = "ignored_rows"  # a figure of the files that a run read, not of what is stored
_SHEETS = {
    "matched": "Matched",
    "rejected": "Rejected rows",
    "waiting": "Pending",
    "failures": "Pending",
    "refunds": "Refunds",
    "disputes": "Disputes",
    "payouts": "Settlement",
    "parts": "Settlement",
    "unpaid": "Settlement",
    "days": "Balance proof",
    "moves": "Balance proof",
    "fees": "Fees and VAT",
    "receipts": "Fees and VAT",
    "receipt_lines": "Fees and VAT",
    "banked": "Bank",
    "breaks": "Breaks",
}


@dataclass(frozen=True)
class Change:
    """What differs between what a run recorded of an account and a result: nothing, where it is false.

    `figures` is shaped FIGURES, `breaks` CHANGES (those whose amounts changed, or that are new or closed); `sheets`
    have rows that differ.
    """

    account: str
    figures: pd.DataFrame = field(default_factory=c.FIGURES.empty)
    breaks: pd.DataFrame = field(default_factory=c.CHANGES.empty)
    sheets: tuple[str, ...] = ()

    @property
    def of_figures(self) -> bool:
        """Whether a figure or a break is another one, not only rows."""
        return bool(len(self.figures) or len(self.breaks))

    def __bool__(self) -> bool:
        return self.of_figures or bool(self.sheets)


def judged_again(config: Config, store: Store, run: StoredRun, names: Collection[str]) -> dict[str, Change]:
    """By account what the stored data say now of a run's ranges as of its moment, beside what it recorded.

    Of the run's accounts those named are judged. What people ruled since is left out. Accounts that the configuration
    has no more are left out, too.
    """
    lives = _lives(store, run)
    findings = find(store, _judging_request(config, run, names, lives))
    carried = findings.carried.reported if findings.carried else ()
    by_id = {known.latest.id: known for known in (*record.list_breaks(store), *lives, *carried)}
    by_name = {part.account: part for part in run.accounts}
    return {
        result.account.name: compare(store, run.run_id, by_name[result.account.name], result, by_id)
        for result in findings.results
    }


def compare(store: Store, run_id: int, then: RunAccount, result: Result, lives: Mapping[str, KnownBreak]) -> Change:
    """What differs between an account's part of a run and a result; `lives` has every break by its id."""
    before = history.left_open(store, run_id, then.account)
    breaks = changes(before, result.breaks, lives)
    same = (breaks[c.WHAT] == c.CHANGED) & _equal(breaks, c.EXPECTED_BEFORE, c.EXPECTED)
    same &= _equal(breaks, c.ACTUAL_BEFORE, c.ACTUAL) & _equal(breaks, c.RISK_BEFORE, c.AMOUNT_AT_RISK)
    recorded: Mapping[str, str] = then.counts.get(ROWS, {})
    now = digests(result).rows if recorded else {}
    differ = {_SHEETS.get(name, name) for name, digest in now.items() if recorded.get(name, digest) != digest}
    changed = figures(then.counts, result)
    changed = changed[(changed[c.FIGURE] != _OF_FILES).to_numpy(dtype=bool)]
    return Change(then.account, changed, breaks[~same.to_numpy(dtype=bool)], tuple(sorted(differ)))


def taken_out_since(config: Config, store: Store, run: StoredRun, accounts: Collection[str]) -> list[str]:
    """What was taken out of the customers of some accounts of a run since it was recorded, in words."""
    zones = {name: account.zone for name, account in config.accounts_by_name().items()}
    words: list[str] = []
    for part in (part for part in run.accounts if part.account in accounts):
        start = days_window(part.first_day, part.last_day, zones.get(part.account, _UTC)).start
        words += taken_out(store, run.record.recorded_at, part.account, start)
    return list(dict.fromkeys(words))


def _equal(frame: pd.DataFrame, before: str, now: str) -> pd.Series[bool]:
    missing = frame[before].isna() & frame[now].isna()
    return missing | (frame[before] == frame[now]).fillna(False)


def _judging_request(
    config: Config, run: StoredRun, names: Collection[str], lives: Iterable[KnownBreak]
) -> JudgingRequest:
    accounts = config.accounts_by_name()
    parts = {part.account: part for part in run.accounts if part.account in accounts}
    order = [name for name in (run.record.options.get("accounts") or accounts) if name in accounts]
    requests = tuple(
        AccountRequest(
            account=accounts[name],
            first=parts[name].first_day,
            last=parts[name].last_day,
            window=days_window(parts[name].first_day, parts[name].last_day, accounts[name].zone),
            unassigned=name == order[0],
        )
        for name in order
        if name in parts and name in names
    )
    return replace(judging_request(config, requests, run.record.as_of, orders_read=False), known_breaks=tuple(lives))


def _lives(store: Store, run: StoredRun) -> list[KnownBreak]:
    """Every break as the run left it: rulings since, and what later runs opened, are as if they were not."""
    as_of = run.record.as_of
    looked_at = run.record.looked_at
    left: set[str] = set()
    ruled: set[str] = set()
    for part in run.accounts:
        left |= set(history.left_open(store, run.run_id, part.account)[c.BREAK_ID])
        ruled |= workbooks.ruled_since(store, part.account, looked_at)
    closed_by = rulings.closed_by(store, ruled - left, looked_at)
    lives = []
    for known in record.list_breaks(store):
        then = replace(known, last_seen=min(known.last_seen, as_of))
        if known.latest.id in left:
            lives.append(replace(then, status=BreakStatus.OPEN, standing=None))
        elif ruling := closed_by.get(known.latest.id):
            lives.append(_closed_by(then, ruling))
        elif known.latest.id not in ruled and known.first_seen <= as_of:
            lives.append(then)
    return lives


def _closed_by(known_break: KnownBreak, ruling: Ruling) -> KnownBreak:
    """A break as a ruling had closed it; a link by hand rests on its order and charge, not on the break."""
    status = status_of(ruling.kind, RulingState.STANDS)
    assert status is not None
    facts = None if ruling.kind == RulingKind.LINK else ruling.facts
    standing = Standing(ruling.id, ruling.kind, ruling.who, ruling.reason, None, facts)
    return replace(known_break, status=status, standing=standing)
