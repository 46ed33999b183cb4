"""The road: read orders, pull, load, match, triage, judge, record, report; no step calls its neighbour."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from jobs.again import ROWS, context_of
from jobs.banking import Banked, read_banks
from jobs.config import Config
from jobs.delivery import deliver
from jobs.history import with_histories
from jobs.holding import Hold, run_held
from jobs.judging import Asked, Findings, Question, find
from jobs.logs import bound
from jobs.opening import read_items, save_items
from jobs.outcome import JobError, Outcome, Progress, RunOptions, Unsigned
from jobs.pulling import Gate, Pulled, Puller, Reach, check_account, pull_account
from jobs.reporting import Writing, write_reports
from jobs.tracing import span
from jobs.unsigning import unsign
from recon import __version__
from recon.calendars import days_window, local_day
from recon.changes import counts, open_breaks
from recon.model import Account, Window
from recon.omise.client import Limits
from recon.omise.scrub import Scrub
from recon.orders.load import read
from recon.orders.source import Loaded, SourceMissing, SourceUnreadable
from recon.store import migrate, record, save, workbooks
from recon.store.engine import SQLITE, Store, open_store
from recon.store.load import load_matches
from recon.store.nights import Claim
from reports.verify import digests

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Days:
    """The range of one account, in its own zone."""

    first: date
    last: date
    window: Window


@dataclass
class _Run:
    config: Config
    options: RunOptions
    clock: Callable[[], datetime]
    progress: Progress
    engine: Store
    started: datetime
    as_of: datetime
    accounts: tuple[Account, ...]
    days: Mapping[str, Days]
    timings: dict[str, float] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)  # of the results, by account
    rows: dict[str, Mapping[str, str]] = field(default_factory=dict)  # of what the data say, by account and frame
    unread: set[str] = field(default_factory=set)  # accounts with an order source that could not be read
    hold: Hold | None = None  # on its accounts, where the run is to be recorded

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage and say that it goes on."""
        begun = perf_counter()
        self.progress.start(name, None)
        with bound(stage=name), span(name):
            yield
        self.progress.finish(name)
        self.timings[name] = round(self.timings.get(name, 0.0) + perf_counter() - begun, 3)


async def run(config: Config, options: RunOptions, clock: Callable[[], datetime], progress: Progress) -> Outcome:
    """One execution of the job over a range; raises JobError where nothing could run, Busy where another one runs.

    A source that fails leaves the run incomplete: its account is not judged, the others are.
    """
    started = clock().astimezone(UTC)
    as_of = (options.as_of or started).astimezone(UTC)
    accounts, days = resolve(config, options, started)
    engine = await asyncio.to_thread(open_ready_store, config)
    try:
        work = _Run(config, options, clock, progress, engine, started, as_of, accounts, days)
        if not options.record:
            return await _travel(work)
        claims = [Claim(n, d.first, d.last, d.window.end, as_of, options.pull) for n, d in days.items()]
        return await run_held(engine, claims, options.by, clock, partial(_travel_held, work), options.unless_done)
    finally:
        await asyncio.to_thread(engine.dispose)


def resolve(config: Config, options: RunOptions, now: datetime) -> tuple[tuple[Account, ...], dict[str, Days]]:
    """The accounts asked for and the days of each; raises JobError in words."""
    known = {account.name: account for account in config.as_accounts()}
    unknown = [name for name in options.accounts if name not in known]
    if unknown:
        names = ", ".join(known)
        raise JobError(*(f"--account {name}: no such account in the configuration ({names})" for name in unknown))
    chosen = [known[name] for name in dict.fromkeys(options.accounts or known)]
    days: dict[str, Days] = {}
    for account in chosen:
        yesterday = local_day(now, account.zone) - DAY
        last = options.last or max(options.first or yesterday, yesterday)
        first = options.first or last
        if first > last:
            raise JobError(f"--from {first} is after --to {last}")
        if first > yesterday + DAY:
            raise JobError(f"--from {first} lies in the future")
        days[account.name] = Days(first, last, days_window(first, last, account.zone))
    return tuple(chosen), days


def open_ready_store(config: Config) -> Store:
    """The store, migrated: SQLite by itself, after a copy of an older file; PostgreSQL says what to run."""
    try:
        engine = open_store(config.store_url)
        if engine.dialect.name == SQLITE:
            migrate.upgrade(engine)
        elif not migrate.is_current(engine):
            engine.dispose()
            raise JobError("the store's tables are not up to date: run `recon db upgrade`")
    except migrate.StoreTooNew as error:
        raise JobError(f"store: {error}") from None
    except (OSError, ValueError) as error:
        raise JobError(f"store.url: {error}") from None
    return engine


@contextmanager
def ready_store(config: Config) -> Iterator[Store]:
    """The store for the block, its connections closed after it."""
    engine = open_ready_store(config)
    try:
        yield engine
    finally:
        engine.dispose()


async def _travel_held(work: _Run, hold: Hold) -> Outcome:
    work.hold = hold
    return await _travel(work)


async def _travel(work: _Run) -> Outcome:
    options = work.options
    if options.opening is not None:
        items = await asyncio.to_thread(read_items, work.config, options.opening, options.by)
        await asyncio.to_thread(save_items, work.config, work.engine, items, work.clock)
    intake: dict[str, Loaded] = {}
    pulls: dict[str, Pulled] = {}
    if options.read_orders:
        with work.stage("orders"):
            intake = await _read_orders(work)
    banks = Banked()
    if options.read_orders and work.config.bank:
        with work.stage("bank"):
            banks = await asyncio.to_thread(read_banks, work.config, work.engine, work.clock)
        work.messages += [f"{words}; its lines are not known: run again" for words in banks.unreadable]
    if options.pull:
        with work.stage("pull"):
            pulls = await _pull(work)
    findings = Findings()
    if options.judge:
        with work.stage("judge"):
            question = _question(work, intake, banks, pulls)
            findings = await asyncio.to_thread(_find, work, question)
    if options.judge and not options.pull and not findings.pulled:
        work.messages.append("no charges were ever pulled: run without --no-pull")
    run_id = await asyncio.to_thread(_record, work, findings) if options.judge and options.record else None
    unsigned: tuple[Unsigned, ...] = ()
    if run_id is not None:
        unsigned = await asyncio.to_thread(unsign, work.config, work.engine, findings, run_id, work.clock)
    reports: tuple[Path, ...] = ()
    if options.judge and options.report:
        with bound(run_id=run_id), work.stage("report"):
            writing = Writing(work.config, work.engine, work.clock, work.as_of, run_id, options.format)
            reports = await asyncio.to_thread(write_reports, writing, findings, question.context, work.digests)
            work.messages += await asyncio.to_thread(deliver, work.config.reports, reports)
    complete = not work.messages and all(result.complete for result in findings.results)
    return Outcome(
        run_id, complete, work.as_of, findings.results, reports, dict(work.timings), tuple(work.messages),
        {name: _traffic(pulled) for name, pulled in pulls.items()}, unsigned,
        {name: (days.first, days.last) for name, days in work.days.items()},
        await asyncio.to_thread(workbooks.head, work.engine),
    )  # fmt: skip


def _traffic(pulled: Pulled) -> dict[str, int]:
    return {name: getattr(pulled, name) for name in ("pages", "retries", "new", "changed")}


async def _read_orders(work: _Run) -> dict[str, Loaded]:
    """Every order source, stored; an unreadable one leaves its accounts unjudged, a missing one ends the run."""
    config = work.config
    accounts = {account.name: account.currency for account in config.as_accounts()}
    window = Window(min(d.window.start for d in work.days.values()), max(d.window.end for d in work.days.values()))
    loaded: dict[str, Loaded] = {}
    missing: list[str] = []
    for source in config.sources():
        read_it = partial(
            read, source, accounts=accounts, currencies=config.currencies(), hash_key=config.hash_key, window=window,
            changed_since=work.started - timedelta(days=config.omise.lookback_days),
        )  # fmt: skip
        try:
            loaded[source.name] = await asyncio.to_thread(read_it)
        except SourceMissing as error:
            missing.append(str(error))
        except SourceUnreadable as error:
            work.messages.append(f"{error}: the accounts of orders.{source.name} were not judged; run again")
            work.unread |= {source.account} if source.account else set(accounts)
    if missing:
        raise JobError(*missing)
    for one in loaded.values():
        await asyncio.to_thread(save.save_orders, work.engine, one.orders, one.rejected, work.clock())
    return loaded


async def _pull(work: _Run) -> dict[str, Pulled]:
    """All accounts side by side, each with its own limits; first every key and account is proved."""
    puller = Puller(work.engine, work.clock, work.progress, asyncio.Lock())
    gates = {account.name: _gate(work.config, account.name) for account in work.accounts}
    answers = await asyncio.gather(
        *(check_account(puller, account, gates[account.name]) for account in work.accounts), return_exceptions=True
    )
    refused = [message for answer in answers if isinstance(answer, JobError) for message in answer.messages]
    if refused:
        raise JobError(*refused)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    ready = [account for account, answer in zip(work.accounts, answers, strict=True) if not answer]
    failed = {a.name: Pulled(a, str(answer)) for a, answer in zip(work.accounts, answers, strict=True) if answer}
    done = await asyncio.gather(
        *(pull_account(puller, account, gates[account.name], _reach(work, account)) for account in ready)
    )
    pulls = {pulled.account.name: pulled for pulled in done} | failed
    for name, pulled in sorted(pulls.items()):
        if pulled.failure:
            work.messages.append(
                f'account "{name}" was not pulled to its end and not judged ({pulled.failure}); run again'
            )
        if pulled.short:
            work.messages.append(f'account "{name}": {"; ".join(pulled.short)}; run again')
    return pulls


def _gate(config: Config, name: str) -> Gate:
    section, omise = config.accounts[name], config.omise
    limits = Limits(
        requests_per_second=omise.requests_per_second,
        concurrency=omise.concurrency,
        deadline_s=omise.deadline.total_seconds(),
    )
    scrub = Scrub(config.hash_key, tuple(config.matching.customer_keys))
    return Gate(omise.base_url, section.secret_key.reveal(), limits, scrub, section.livemode)


def _reach(work: _Run, account: Account) -> Reach:
    """The range and more on both sides, at most to the as-of moment, frozen when the run starts."""
    omise, window = work.config.omise, work.days[account.name].window
    until, lookback = min(work.as_of, work.started), omise.lookback_days * DAY
    end = min(window.end + omise.lookahead_days * DAY, until)
    return Reach(Window(min(window.start - lookback, end), end), until, lookback)


def _find(work: _Run, question: Question) -> Findings:
    findings = find(work.engine, question)
    for one in findings.results:
        found = digests(one)
        work.digests[one.account.name], work.rows[one.account.name] = found.result, found.rows
    return with_histories(work.engine, findings, work.digests)


def _question(work: _Run, intake: Mapping[str, Loaded], banks: Banked, pulls: Mapping[str, Pulled]) -> Question:
    config = work.config
    skipped = {name for name, pulled in pulls.items() if pulled.failure} | work.unread
    accounts = {account.name: account for account in config.as_accounts()}
    return Question(
        asked=tuple(_asked(work, a, intake, banks, pulls) for a in work.accounts if a.name not in skipped),
        all_accounts=accounts,
        as_of=work.as_of,
        versions_at=None if work.options.pull else work.options.as_of,
        context=context_of(config, work.as_of, with_bank=banks.whole or not work.options.read_orders),
        match_settings=config.match_settings(),
        metadata_keys=config.matching.metadata_keys,
        customer_keys=config.matching.customer_keys,
        orders_read=bool(intake) and not work.unread,
        bank_read=banks.whole,
    )


def _asked(
    work: _Run, account: Account, intake: Mapping[str, Loaded], banks: Banked, pulls: Mapping[str, Pulled]
) -> Asked:
    name, days, pulled = account.name, work.days[account.name], pulls.get(account.name)
    first = account is work.accounts[0]  # shows what names no known account, so that nothing is counted twice
    nameless = sum(one.ignored.get("", 0) for one in intake.values())
    return Asked(
        account=account,
        first=days.first,
        last=days.last,
        window=days.window,
        short=pulled.short if pulled else (),
        pulled=pulled is not None,
        ignored_rows=sum(one.ignored.get(name, 0) for one in intake.values()) + (nameless if first else 0),
        duplicate_rows=sum(one.duplicates.get(name, 0) for one in intake.values()),
        inputs=(*(file for one in intake.values() for file in one.inputs), *banks.inputs(name)),
        unassigned=first,
        notes={**banks.notes(name), **(pulled.notes if pulled else {})},
    )


def _record(work: _Run, findings: Findings) -> int | None:
    """Everything of the run in one transaction."""
    if findings.carried is None or not findings.results:
        return None
    if work.hold is not None:
        work.hold.prove()
    run_record = record.RunRecord(
        started_at=work.started,
        recorded_at=work.clock(),
        as_of=work.as_of,
        who=work.options.by,
        command=work.options.command,
        options=_recorded(work),
        software=__version__,
        config_digest=work.config.digest,
        status="incomplete" if work.messages else "complete",
        timings=dict(work.timings),
    )
    accounts = [
        record.RunAccount(
            one.account.name, one.first_day, one.last_day, {**counts(one), ROWS: work.rows[one.account.name]},
            work.digests[one.account.name],
        )
        for one in findings.results
    ]  # fmt: skip
    carried = findings.carried
    names = [one.account for one in accounts]
    matches = findings.links if findings.current else load_matches(work.engine, names)
    left = {one.account.name: open_breaks(one.breaks) for one in findings.results}
    return record.record_run(
        work.engine, run_record, accounts, carried.changed, carried.events, matches, left,
        again=findings.again, audit_key=work.config.audit_key,
    )  # fmt: skip


def _recorded(work: _Run) -> dict[str, Any]:
    """What was asked for, and what the configuration's digest does not fix: the rule book and the days off."""
    return {
        "from": str(work.options.first or ""), "to": str(work.options.last or ""),
        "accounts": list(work.options.accounts), "pull": work.options.pull,
        "as_of": work.options.as_of.isoformat() if work.options.as_of else "",
        "opening": work.options.opening.name if work.options.opening else "",
        "rule_book": work.config.method_book().digest,
        "days_off": {
            name: [day.isoformat() for day in calendar.days_off]
            for name, calendar in work.config.calendars(work.as_of.date()).items()
            if name in work.days
        },
    }  # fmt: skip
