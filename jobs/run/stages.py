"""The stages of the road, one function each: a run calls them one after another, a batch's steps in pieces.

No stage calls its neighbour.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any

from jobs.config.config import Config
from jobs.logs.logs import bound
from jobs.logs.tracing import span
from jobs.run.access import AccountAccess, Proved, PullContext, access_of, prove
from jobs.run.delivery import deliver
from jobs.run.history import with_histories
from jobs.run.judging import Findings, find
from jobs.run.judging_request import AccountRequest, JudgingRequest, context_of, judging_request
from jobs.run.lock import Hold
from jobs.run.moments.days import DAY, Days
from jobs.run.moments.gateway_clock import latest
from jobs.run.outcome import Outcome, Progress, RunOptions, Unsigned, place_of
from jobs.run.pulled import Pulled
from jobs.run.pulling import PullScope, pull_account
from jobs.run.rejudging import ROWS
from jobs.run.reporting import Writing, write_reports
from jobs.run.sources import NO_ACCOUNT, SourcesRead, read_orders, read_statements
from jobs.run.sweeps.asking_again import due_again
from jobs.run.unsigning import unsign
from recon import __version__
from recon.model import Account, Note, NoteKind, Window
from recon.result.changes import counts, open_breaks
from recon.settings import Context
from recon.store.desk import workbooks
from recon.store.engine import Store, is_of_data
from recon.store.queue.batches import Marker
from recon.store.runs import record
from reports.verify.digests import digests


@dataclass
class Road:
    """One way along the road: what is asked, with what, and what came of it so far.

    `accounts` are judged; `days` has those of the whole range that they belong to, in their order: the orders of all
    of them are read, and the first one shows what names no known account, so that nothing is counted twice.
    """

    config: Config
    options: RunOptions
    clock: Callable[[], datetime]
    progress: Progress
    store: Store
    started: datetime
    as_of: datetime
    accounts: tuple[Account, ...]
    days: Mapping[str, Days]
    timings: dict[str, float] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)  # of the results, by account
    row_digests: dict[str, Mapping[str, str]] = field(default_factory=dict)  # by account and frame
    proved: Mapping[str, Proved] = field(default_factory=dict)  # by account, where there is a pull
    looked_at: datetime | None = None  # when it began to judge: what is stored later it does not know
    hold: Hold | None = None  # on its accounts, where the run is to be recorded

    @cached_property
    def pull_context(self) -> PullContext:
        """For the pulls of all its accounts."""
        return PullContext(self.store, self.clock, self.progress, asyncio.Lock())

    @cached_property
    def access(self) -> Mapping[str, AccountAccess]:
        """How each of its accounts is reached, by name."""
        return {account.name: access_of(self.config, self.store, account.name) for account in self.accounts}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage and say that it goes on."""
        begun = perf_counter()
        self.progress.start(name, None)
        with bound(stage=name), span(name):
            yield
        self.progress.finish(name)
        self.timings[name] = round(self.timings.get(name, 0.0) + perf_counter() - begun, 3)


async def read_sources(road: Road) -> SourcesRead:
    """What the shop and the bank say, stored, where the options have it read; what is missing raises JobError."""
    if not road.options.read_orders:
        return SourcesRead()
    config = road.config
    windows = [days.window for days in road.days.values()]
    start = min(window.start for window in windows)
    if road.options.today:  # before midnight an order may be made that is paid after it
        start -= DAY
    window = Window(start, max(window.end for window in windows))
    with road.stage("orders"):
        since = road.started - config.omise.lookback_days * DAY
        sources = await read_orders(config, road.store, road.clock, window, since)
    if not config.bank:
        return sources
    with road.stage("bank"):
        bank = await asyncio.to_thread(read_statements, config, road.store, road.clock)
    return replace(
        sources,
        bank_read=bank.bank_read,
        bank_unread=bank.bank_unread,
        statements=bank.statements,
        notes=bank.notes,
        note_kinds=bank.note_kinds,
        unreadable={
            account.name: (*sources.unreadable.get(account.name, ()), *bank.unreadable.get(account.name, ()))
            for account in config.as_accounts()
        },
        unread_shares=[*sources.unread_shares, *bank.unread_shares],
        messages=[*sources.messages, *bank.messages],
        share_files={**sources.share_files, **bank.share_files},
    )


async def prove_all(road: Road) -> None:
    """Every key and account, before anything is read and stored; raises JobError."""
    road.proved = await prove(road.pull_context, road.accounts, road.access)


async def pull_all(road: Road) -> dict[str, Pulled]:
    """All accounts side by side, each with its own limits, after `prove_all`."""
    unreachable = {name: proved.failure for name, proved in road.proved.items()}
    pulls = await asyncio.gather(
        *(
            pull_account(road.pull_context, account, road.access[account.name], _pull_scope(road, account))
            for account in road.accounts
            if not unreachable[account.name]
        )
    )
    failed = {account.name: Pulled(account, unreachable[account.name]) for account in road.accounts}
    return failed | {pulled.account.name: pulled for pulled in pulls}


def lacking(pulls: Mapping[str, Pulled]) -> Iterator[str]:
    """What is not complete in pulls, in words."""
    for name, pulled in sorted(pulls.items()):
        if pulled.failure:
            yield f'account "{name}" was not pulled to its end and not judged ({pulled.failure}); run again'
        if pulled.short:
            yield f'account "{name}": {"; ".join(pulled.short)}; run again'


def _pull_scope(road: Road, account: Account) -> PullScope:
    """The range and more on both sides, at most to the as-of moment, frozen when the run starts."""
    omise = road.config.omise
    window = road.days[account.name].window
    until = latest(road.proved[account.name].date, min(road.as_of, road.started))
    if road.options.today:
        not_final = due_again(context_of(road.config, road.as_of))
        today = Window(min(window.start, until), until)
        return PullScope(today, until, timedelta(0), not_final=not_final, reads_balance=False)
    lookback = omise.lookback_days * DAY
    end = min(window.end + omise.lookahead_days * DAY, until)
    stretch = Window(min(window.start - lookback, end), end)
    swept_since = road.started if road.options.full else None
    return PullScope(stretch, until, lookback, road.config.schedule.sweep_again, swept_since)


async def judge(road: Road, sources: SourcesRead, pulls: Mapping[str, Pulled]) -> tuple[Findings, Context]:
    """The road's accounts, of which those that a source failed for are left out, and by which settings."""
    with road.stage("judge"):
        road.looked_at = road.clock()
        request = _judging_request(road, sources, pulls)
        try:
            findings = await asyncio.to_thread(_find, road, request)
        except Exception as error:
            if not is_of_data(error):
                raise
            findings = await asyncio.to_thread(_find_the_others, road, request, error)
    for result in findings.results:
        waiting = [
            f"{count:,} {reason}"
            for reason, count in result.notes.items()
            if count and result.note_kinds.get(reason) == NoteKind.WAITS_FOR_OBJECTS
        ]
        road.messages += [f'account "{result.account.name}": {"; ".join(waiting)}'] if waiting else []
    if not road.options.pull:
        advice = "recon pull does it, or recon run without --no-pull"
        road.messages += [
            f'account "{name}": none of these days was ever pulled: {advice}' for name in findings.unpulled
        ]
    return findings, request.context


def _find_the_others(road: Road, request: JudgingRequest, error: Exception) -> Findings:
    """Each account alone says whether it is the one; those that can be judged are judged, together."""
    failures = {}
    for part in request.accounts:
        try:
            if len(request.accounts) == 1:
                raise error
            _find(road, replace(request, accounts=(part,)))
        except Exception as its_own:
            if not is_of_data(its_own):
                raise
            failures[part.account.name] = place_of(its_own)
    if not failures:
        raise error
    road.messages += [f'account "{name}" could not be judged: {place}' for name, place in failures.items()]
    rest = tuple(part for part in request.accounts if part.account.name not in failures)
    return _find(road, replace(request, accounts=rest)) if rest else Findings()


def _find(road: Road, request: JudgingRequest) -> Findings:
    findings = find(road.store, request)
    if request.of_today:  # what earlier runs recorded is of days that are over
        return findings
    for result in findings.results:
        name = result.account.name
        digest = digests(result)
        road.digests[name] = digest.result
        road.row_digests[name] = digest.rows
    return with_histories(road.store, findings, road.digests)


def _judging_request(road: Road, sources: SourcesRead, pulls: Mapping[str, Pulled]) -> JudgingRequest:
    failed = frozenset(name for name, pulled in pulls.items() if pulled.failure)
    requests = tuple(
        _account_request(road, account, sources, pulls.get(account.name))
        for account in road.accounts
        if account.name not in failed
    )
    return replace(
        judging_request(road.config, requests, road.as_of, orders_read=sources.orders_read),
        failed=failed,
        versions_at=None if road.options.pull else road.options.as_of,
        of_today=road.options.today,
        unread_orders=sources.unread_orders,
        unread_sources={share.place: share.account for share in sources.unread_shares},
        bank_read=sources.bank_read,
        bank_unread=frozenset(sources.bank_unread),
    )


def _account_request(road: Road, account: Account, sources: SourcesRead, pulled: Pulled | None) -> AccountRequest:
    name = account.name
    days = road.days[account.name]
    first = name == next(iter(road.days))
    return AccountRequest(
        account=account,
        first=days.first,
        last=days.last,
        window=days.window,
        short=pulled.short if pulled else (),
        unreadable=sources.unreadable.get(name, ()),
        pulled=pulled is not None,
        ignored_rows=sources.ignored.get(name, 0) + (sources.ignored.get(NO_ACCOUNT, 0) if first else 0),
        duplicate_rows=sources.duplicates.get(name, 0),
        inputs=sources.files(name),
        unassigned=first,
        unread_sources={
            share.place: f"{share.words}."
            for share in sources.unread_shares
            if share.account == name or (share.account is None and first)
        },
        notes=tuple(
            Note(words, count, sources.note_kinds.get(words, NoteKind.TO_KNOW))
            for words, count in (*sources.notes.get(name, {}).items(), *(pulled.notes.items() if pulled else ()))
        ),
    )


def record_findings(road: Road, findings: Findings, marker: Marker | None = None) -> int | None:
    """Everything that was found in one transaction, with the marker where it is a step's; null: nothing was judged,
    or a look at the day found nothing new.

    Raises StepDone where the step is done already, Busy where another process took the run over.
    """
    if findings.raised is None or not findings.results:
        return None
    of_today = road.options.today
    if of_today and not (findings.carried and findings.carried.events):
        return None
    if road.hold is not None:
        road.hold.prove()
    run_record = record.RunRecord(
        started_at=road.started,
        recorded_at=road.clock(),
        as_of=road.as_of,
        who=road.options.by,
        command=road.options.command,
        options=_recorded(road),
        software=__version__,
        config_digest=road.config.digest,
        status="incomplete" if road.messages else "complete",
        timings=dict(road.timings),
    )
    accounts = [
        record.RunAccount(
            account=result.account.name,
            first_day=result.first_day,
            last_day=result.last_day,
            counts={**counts(result), ROWS: road.row_digests[result.account.name]},
            result_digest=road.digests[result.account.name],
        )
        for result in findings.results
        if not of_today
    ]
    run_findings = record.RunFindings(
        accounts=accounts,
        carry=findings.raised.carry,
        break_ids=findings.raised.ids,
        links=findings.links,
        left_open={result.account.name: open_breaks(result.breaks) for result in findings.results if not of_today},
        cases_of=[result.account.name for result in findings.results if of_today],
    )
    return record.record_run(road.store, run_record, run_findings, road.config.audit_key, marker)


async def conclude(
    road: Road, findings: Findings, context: Context | None, run_id: int | None, pulls: Mapping[str, Pulled]
) -> Outcome:
    """What comes after recording: sign-offs end, reports are written and delivered, where there are findings."""
    options = road.options
    unsigned: tuple[Unsigned, ...] = ()
    reports: tuple[Path, ...] = ()
    if run_id is not None and not options.today:
        unsigned = await asyncio.to_thread(unsign, road.config, road.store, findings, run_id, road.clock)
    if context is not None and options.report:
        with bound(run_id=run_id), road.stage("report"):
            writing = Writing(road.config, road.store, road.clock, road.as_of, run_id, options.format)
            reports = await asyncio.to_thread(write_reports, writing, findings, context, road.digests)
            road.messages += await asyncio.to_thread(deliver, road.config.reports, reports)
    complete = not road.messages and all(result.complete for result in findings.results)
    return Outcome(
        run_id=run_id,
        complete=complete,
        as_of=road.as_of,
        results=findings.results,
        reports=reports,
        timings=dict(road.timings),
        messages=tuple(road.messages),
        pulled={name: pulled.traffic for name, pulled in pulls.items()},
        unsigned=unsigned,
        days={name: (days.first, days.last) for name, days in road.days.items()},
        of_today=options.today,
        audit_head=await asyncio.to_thread(workbooks.head, road.store),
    )


def _recorded(road: Road) -> dict[str, Any]:
    """What was asked for, what waits, and what the configuration's digest does not fix: rule book and days off."""
    context = context_of(road.config, road.as_of)
    return {
        "from": str(road.options.first or ""),
        "to": str(road.options.last or ""),
        "accounts": [account.name for account in road.accounts] if road.options.today else [*road.options.accounts],
        "pull": road.options.pull,
        "as_of": road.options.as_of.isoformat() if road.options.as_of else "",
        "opening": road.options.opening.name if road.options.opening else "",
        record.LOOKED_AT: (road.looked_at or road.started).isoformat(),
        record.WAITS_FROM: (road.as_of - context.patience).isoformat(),
        "rule_book": context.methods.digest,
        "days_off": {
            name: [day.isoformat() for day in calendar.days_off]
            for name, calendar in context.calendars.items()
            if name in road.days
        },
    }
