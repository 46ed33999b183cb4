"""Wires the finance page: its ground, the runs it may ask for, verification and signatures; serves nothing."""

import asyncio
import ipaddress
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import takewhile
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from jobs.batch.local import Unseen
from jobs.config.config import Config
from jobs.desk import verifying
from jobs.desk.journal import ExportRequest, hand_over
from jobs.desk.signing import before_signing
from jobs.run.opening.store import ready_store
from jobs.run.outcome import JobError, Outcome, Progress, RunOptions
from jobs.run.run import run as judge
from recon import __version__
from recon.people import Person
from recon.store.desk import workbooks
from recon.store.desk.workbook_bytes import content_of
from recon.store.desk.workbooks import GROUP, StoredWorkbook
from recon.store.engine import Store
from recon.store.runs import record
from recon.store.versions.evidence import order_sources
from reports.journal.layouts import layouts
from reports.page.access.identity import SignOn
from reports.page.access.provider import Provider
from reports.page.site import ExportedJournal, Notary, RunProgress, RunRequest, Site, StageProgress, Verdict
from reports.shop_links import ShopLinks

_KEPT = 200  # runs whose progress can be asked for
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})

Run = Callable[[RunOptions, Progress], Awaitable[Outcome]]


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def make_site(
    config: Config,
    store: Store,
    clock: Callable[[], datetime],
    runner: "PageRuns",
    notary: Notary,
    health: Callable[[], Mapping[str, object]],
) -> Site:
    """What the page works with."""
    page = config.page
    public = urlsplit(page.public_url or "").hostname
    hosts = {*LOOPBACK, page.host.lower(), *([public.lower()] if public else [])}
    return Site(
        store=store,
        clock=clock,
        accounts=config.accounts_by_name(),
        currencies=config.currencies(),
        book=config.method_book(),
        limits=config.limits(),
        runner=runner,
        notary=notary,
        folder=config.reports.folder,
        software=__version__,
        hosts=frozenset(hosts),
        audit_key=config.audit_key,
        shop_links=ShopLinks(config.order_links, partial(order_sources, store)),
        secure=bool(page.tls.cert) or page.behind_proxy,
        behind_proxy=page.behind_proxy,
        provider=provider_of(config),
        health=health,
    )


def provider_of(config: Config) -> Provider | None:
    """The provider of single sign-on, where one is configured; raises LookupError where its secret is not set."""
    section = config.page.oidc
    if section is None:
        return None
    accounts = {group: None if "*" in names else frozenset(names) for group, names in section.accounts.items()}
    sign_on = SignOn(
        issuer=section.issuer,
        client_id=section.client_id,
        client_secret=section.client_secret.reveal() if section.client_secret else "",
        public_url=(config.page.public_url or "").rstrip("/"),
        roles_claim=section.roles_claim,
        roles=section.roles,
        accounts=accounts,
    )
    return Provider(sign_on, config.line(section.issuer))


@dataclass
class _PageRun:
    """A run that somebody asked for, with its progress as the page shows it."""

    shown: RunProgress
    task: asyncio.Task[None] | None = None
    begun: float | None = None

    def start(self, name: str, total: int | None) -> None:
        """A stage begins, or goes on."""
        if all(stage.name != name for stage in self.shown.stages):
            self.shown = replace(self.shown, stages=(*self.shown.stages, StageProgress(name, 0, total)))
        self._set(name, over=False)

    def advance(self, name: str, done: int, total: int | None) -> None:
        """A stage has done so much in all."""
        self._set(name, done=done, total=total)

    def finish(self, name: str) -> None:
        """A stage is over."""
        self._set(name, over=True)

    def end(self, run_id: int | None, messages: tuple[str, ...], of_group: tuple[str, ...] = ()) -> None:
        """The run is over; what comes after its first end says nothing new."""
        if not self.shown.finished:
            self.shown = replace(self._now(), finished=True, run_id=run_id, messages=messages, of_group=of_group)

    def at(self, ahead: int) -> RunProgress:
        """How far it is now."""
        return self.shown if self.shown.finished else replace(self._now(), ahead=ahead)

    def _now(self) -> RunProgress:
        return replace(self.shown, seconds=0.0 if self.begun is None else perf_counter() - self.begun)

    def _set(self, name: str, **values: Any) -> None:
        stages = tuple(replace(stage, **values) if stage.name == name else stage for stage in self.shown.stages)
        self.shown = replace(self.shown, stages=stages)


class PageRuns:
    """Runs ranges that people ask for, one after the other, in the page's own loop."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._one_at_a_time = asyncio.Lock()
        self._runs: OrderedDict[str, _PageRun] = OrderedDict()

    def start(self, request: RunRequest) -> str:
        """A ticket; the run begins when those before it are over."""
        ticket = secrets.token_urlsafe(12)
        page_run = _PageRun(RunProgress(request))
        ended = [old for old, run in self._runs.items() if run.shown.finished]
        for old in ended[: max(0, len(self._runs) - _KEPT + 1)]:
            del self._runs[old]
        self._runs[ticket] = page_run
        page_run.task = asyncio.get_running_loop().create_task(self._execute(page_run))
        return ticket

    def progress(self, ticket: str) -> RunProgress | None:
        """How far it is; None for a ticket that was never given."""
        page_run = self._runs.get(ticket)
        if page_run is None:
            return None
        before = takewhile(lambda run: run is not page_run, self._runs.values())
        return page_run.at(0 if page_run.begun is not None else sum(not run.shown.finished for run in before))

    def tickets(self) -> Sequence[str]:
        """Of the latest runs that were asked for, in their order."""
        return list(self._runs)

    def cancel(self, ticket: str, who: str) -> None:
        """Ends a run that has not ended: what was finished is kept, and the range can be run again."""
        page_run = self._runs[ticket]
        page_run.end(None, (f"cancelled by {who}: what was finished is kept; run the range again",))
        if page_run.task:
            page_run.task.cancel()

    async def drain(self) -> None:
        """Ends what runs: what was finished is kept, and the range can be run again."""
        tasks = [page_run.task for page_run in self._runs.values() if page_run.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _execute(self, page_run: _PageRun) -> None:
        request = page_run.shown.request
        options = RunOptions(request.first, request.last, request.accounts, by=request.who, command="page")
        async with self._one_at_a_time:
            page_run.begun = perf_counter()
            try:
                outcome = await self._run(options, page_run)
                ended = [unsigned.sentence for unsigned in outcome.unsigned if unsigned.account != GROUP]
                of_group = [unsigned.sentence for unsigned in outcome.unsigned if unsigned.account == GROUP]
                page_run.end(outcome.run_id, (*outcome.messages, *ended), tuple(of_group))
            except JobError as error:
                page_run.end(None, error.messages)
            except Exception as error:  # the page must not die of a run
                page_run.end(None, (f"the run failed: {type(error).__name__}",))


@dataclass(frozen=True)
class PageNotary:
    """Verification and signatures for the page, by the same functions as the commands'."""

    config: Config
    clock: Callable[[], datetime]

    def verify(self, sha256: str) -> Verdict:
        """The workbook against its run and against the data of today."""
        verified = verifying.verify(self.config, *self._file(sha256))
        outdated = verified.verdict == verifying.UNTOUCHED and verified.data != verifying.CURRENT
        lines = verifying.lines(verified, self.config.currencies())[1:]
        return Verdict(verified.data if outdated else verified.verdict, tuple(line.strip() for line in lines))

    def sign(self, sha256: str, role: str, person: Person, reason: str) -> Verdict:
        """Signed, where it may be."""
        try:
            path, content = self._file(sha256)
            signed = verifying.sign(
                self.config, path, role, person.name, self.clock, reason, content, sees=person.sees
            ).sign_off
        except JobError as error:
            return Verdict("refused", error.messages)
        return Verdict("signed", (f"signed as {signed.role} by {signed.who}",))

    def signed_copy(self, sha256: str) -> bytes | None:
        """The workbook with the signatures that stand filled in; None where there is no such copy."""
        return verifying.copy_with_signatures(self.config, sha256)

    def before_signing(self, store: Store, book: StoredWorkbook, person: Person) -> Verdict:
        """What a person's signature would be put under; state "doubtful" where it needs a reason, else "in order"."""
        run = record.find_run(store, book.run_id) if book.run_id is not None else None
        before = before_signing(store, run, book, person.sees)
        return Verdict("doubtful" if before.doubts else "in order", tuple(before.words(self.config.currencies())))

    def export_journal(self, sha256: str, who: str) -> ExportedJournal | Verdict:
        """As `recon journal` does it: what is new of the days as they are known now; else why there is no file."""
        with ready_store(self.config) as store:
            book = workbooks.by_hash(store, sha256)
        if book is None:
            return Verdict("refused", ("there is no such workbook",))
        options = RunOptions(
            book.first_day,
            book.last_day,
            (book.account,),
            pull=False,
            record=False,
            report=False,
            by=who,
            command="journal",
        )
        layout = self.config.journal.format
        try:
            outcome = asyncio.run(judge(self.config, options, self.clock, Unseen()))
            handed = hand_over(self.config, outcome, ExportRequest(layout, None, who, self.clock()))
        except JobError as error:
            return Verdict("refused", error.messages)
        if not handed.files:
            words = f"nothing new to export: {handed.left_out:,} entries stand exported as they are"
            return Verdict("refused", (words, *handed.messages))
        name = f"journal_{book.account}_{book.first_day}_{book.last_day}_{handed.export.id}"
        return ExportedJournal(f"{name}{layouts()[layout].suffix}", handed.files[0])

    def _file(self, sha256: str) -> tuple[Path, bytes]:
        """A workbook's name, and the bytes that were kept of it, else those of its file; raises JobError."""
        with ready_store(self.config) as store:
            book = workbooks.by_hash(store, sha256)
            content = content_of(store, sha256)
        if book is None:
            raise JobError("there is no such workbook")
        try:
            return Path(book.name), content or (self.config.reports.folder / book.name).read_bytes()
        except OSError as error:
            raise JobError(f"{book.name}: cannot be read ({error.strerror})") from None
