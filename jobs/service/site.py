"""Wires the finance page: its ground, the runs it may ask for, verification and signatures; serves nothing."""

import asyncio
import ipaddress
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from jobs.config.config import Config
from jobs.desk import verifying
from jobs.desk.signing import doubts_of, to_sign
from jobs.run.opening.store import ready_store
from jobs.run.outcome import JobError, Outcome, Progress, RunOptions
from recon import __version__
from recon.rules import CATALOGUE
from recon.store.desk import workbooks
from recon.store.desk.workbook_bytes import content_of
from recon.store.desk.workbooks import StoredWorkbook
from recon.store.engine import Store
from recon.store.runs import record
from recon.store.versions.evidence import order_sources
from reports.page.site import Notary, RunProgress, RunRequest, Site, Verdict
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
        accounts={account.name: account for account in config.as_accounts()},
        currencies=config.currencies(),
        catalogue=CATALOGUE,
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
        health=health,
    )


@dataclass
class _Stages:
    """A run's progress as the page shows it."""

    seen: RunProgress = field(default_factory=RunProgress)

    def start(self, name: str, total: int | None) -> None:  # noqa: ARG002
        """A stage begins."""
        if name not in self.seen.stages:
            self.seen = replace(self.seen, stages=(*self.seen.stages, name))

    def advance(self, name: str, done: int, total: int | None) -> None:
        """A stage goes on; the page shows only which one."""

    def finish(self, name: str) -> None:
        """A stage is over."""


class PageRuns:
    """Runs ranges that people ask for, one after the other, in the page's own loop."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._one_at_a_time = asyncio.Lock()
        self._progress: OrderedDict[str, _Stages] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, request: RunRequest) -> str:
        """A ticket; the run begins when those before it are over."""
        ticket = secrets.token_urlsafe(12)
        stages = _Stages()
        self._progress[ticket] = stages
        while len(self._progress) > _KEPT:
            self._progress.popitem(last=False)
        task = asyncio.get_running_loop().create_task(self._execute(request, stages))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return ticket

    def progress(self, ticket: str) -> RunProgress | None:
        """How far it is; None for a ticket that was never given."""
        stages = self._progress.get(ticket)
        return stages.seen if stages else None

    async def drain(self) -> None:
        """Ends what runs: what was finished is kept, and the range can be run again."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _execute(self, request: RunRequest, stages: _Stages) -> None:
        options = RunOptions(request.first, request.last, request.accounts, by=request.who, command="page")
        async with self._one_at_a_time:
            try:
                outcome = await self._run(options, stages)
                ended = replace(stages.seen, run_id=outcome.run_id, messages=outcome.messages)
            except JobError as error:
                ended = replace(stages.seen, messages=error.messages)
            except Exception as error:  # the page must not die of a run
                ended = replace(stages.seen, messages=(f"the run failed: {type(error).__name__}",))
        stages.seen = replace(ended, finished=True)


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

    def sign(self, sha256: str, role: str, who: str, reason: str) -> Verdict:
        """Signed, where it may be."""
        try:
            path, content = self._file(sha256)
            signed = verifying.sign(self.config, path, role, who, self.clock, reason, content).sign_off
        except JobError as error:
            return Verdict("refused", error.messages)
        return Verdict("signed", (f"signed as {signed.role} by {signed.who}",))

    def signed_copy(self, sha256: str) -> bytes | None:
        """The workbook with the signatures that stand filled in; None where there is no such copy."""
        return verifying.copy_with_signatures(self.config, sha256)

    def before_signing(self, store: Store, book: StoredWorkbook) -> Verdict:
        """What a signature would be put under; state "doubtful" where it needs a reason, else "in order"."""
        run = record.find_run(store, book.run_id) if book.run_id is not None else None
        parts = to_sign(store, run, book) if run else ()
        return Verdict("doubtful" if doubts_of(parts) else "in order", tuple(part.words for part in parts))

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
