"""The finance page for tests: a store with runs, people of every role, the page on loopback, clients that log in."""

import re
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from argon2 import PasswordHasher

from jobs.config import config as configuration
from jobs.config.config import Config
from jobs.run.opening.store import open_ready_store
from jobs.run.outcome import Outcome, Progress, RunOptions
from jobs.run.run import run
from jobs.service import site as wiring
from recon.people import Person, Role
from recon.store.desk.people import Act, add_token, add_user
from recon.store.desk.workbooks import StoredWorkbook
from recon.store.engine import Store
from reports.page.routes import make_site
from reports.page.site import ExportedJournal, Notary, Site, Verdict
from tests.kit.job import FIRST, LAST, done_once, job

PASSWORD = "correct horse battery"
PEOPLE = (
    Person("vera", Role.VIEWER),
    Person("anna", Role.ANALYST),
    Person("paul", Role.APPROVER),
    Person("ada", Role.ADMIN),
    Person("thea", Role.ANALYST, frozenset({"th"})),
)
# Cheap to make and to check: its parameters stand in the hash. Ours are in test_people.py.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASH = CHEAP.hash(PASSWORD)


class Trusting:
    """A notary for pages that ask for none."""

    def verify(self, sha256: str) -> Verdict:
        return Verdict("untouched", (sha256,))

    def sign(self, sha256: str, role: str, person: Person, reason: str) -> Verdict:
        why = f": {reason}" if reason else ""
        return Verdict("signed", (f"{sha256[:8]} signed by {person.name} as {role}{why}",))

    def signed_copy(self, sha256: str) -> bytes | None:
        return sha256.encode()

    def export_journal(self, sha256: str, who: str) -> ExportedJournal | Verdict:
        return Verdict("refused", (f"nothing new of {sha256[:8]} for {who}",))

    def before_signing(self, store: Store, book: StoredWorkbook, person: Person) -> Verdict:  # noqa: ARG002
        return Verdict("in order", (f"th: 1 of 1 orders matched of {book.sha256[:8]}",))


@dataclass
class Clock:
    """A clock that tests move."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass
class Page:
    """The page while it is served."""

    url: str
    store: Store
    site: Site
    clock: Clock

    @asynccontextmanager
    async def visitor(self) -> AsyncIterator["Visitor"]:
        """A browser without a login."""
        async with aiohttp.ClientSession(self.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            yield Visitor(session)

    @asynccontextmanager
    async def login(self, name: str) -> AsyncIterator["Visitor"]:
        """A browser with one."""
        async with self.visitor() as visitor:
            answer = await visitor.log_in(name, PASSWORD)
            assert answer == 200, f"{name} could not log in: {answer}"
            yield visitor

    def token(self, person: Person) -> dict[str, str]:
        """The header of a script with that person's rights."""
        secret = f"rct_{person.name}"
        add_token(self.store, person, secret, Act("test", self.clock()))
        return {"Authorization": f"Bearer {secret}"}


@dataclass
class Visitor:
    """One browser."""

    http: aiohttp.ClientSession

    async def log_in(self, name: str, password: str) -> int:
        form = await self.csrf("/login")
        data = {"name": name, "password": password, "csrf": form, "next": "/"}
        async with self.http.post("/login", data=data) as answer:
            return answer.status

    async def csrf(self, path: str) -> str:
        match = re.search(r'name="csrf" value="([^"]*)"', await self.text(path))
        return match.group(1) if match else ""

    async def text(self, path: str) -> str:
        async with self.http.get(path) as answer:
            return await answer.text()

    async def status(self, path: str) -> int:
        async with self.http.get(path, allow_redirects=False) as answer:
            return answer.status

    async def post(self, path: str, form: str = "/", **data: Any) -> tuple[int, str]:
        """A form of the page `form`, sent with its secret; the status and text where it ends."""
        fields = aiohttp.FormData({"csrf": await self.csrf(form)})
        for name, value in data.items():
            for text in value if isinstance(value, list) else [value]:
                fields.add_field(name.rstrip("_"), text)
        async with self.http.post(path, data=fields) as answer:
            return answer.status, await answer.text()


@asynccontextmanager
async def page(folder: Path, notary: Notary | None = None, **site: Any) -> AsyncIterator[Page]:
    """The page over a copy of a job that has run once with its reports; its Omise does not answer."""
    _, kept, _, _ = await done_once(("th", "jp"))
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    async with paged(folder / "config.toml", notary or Trusting(), **site) as page_:
        yield page_


@asynccontextmanager
async def page_with_omise(
    folder: Path, notary: Callable[[Config], Notary] | None = None, nights: bool = False, **world: Any
) -> AsyncIterator[Page]:
    """The page over a job whose Omise answers, so that ranges can be run again; `nights`: each day was run alone."""
    async with job(folder, **world) as work:
        await work.run(report=True)
        for day in (FIRST, FIRST + timedelta(days=1), LAST) if nights else ():
            await work.run(first=day, last=day)
        chosen = notary(configuration.load(work.config, {})) if notary else Trusting()
        async with paged(work.config, chosen, as_of=work.world.as_of) as page_:
            yield page_


@asynccontextmanager
async def paged(
    path: Path,
    notary: Notary,
    as_of: datetime | None = None,
    environ: Mapping[str, str] | None = None,
    **changes: Any,
) -> AsyncIterator[Page]:
    """The page over the store of a configuration; what is run again is as of a moment; its site may be changed."""
    config = configuration.load(path, environ or {})
    store, clock = open_ready_store(config), Clock()

    async def again(options: RunOptions, progress: Progress) -> Outcome:
        return await run(config, replace(options, as_of=as_of), clock, progress)

    try:
        site = wiring.make_site(config, store, clock, wiring.PageRuns(again), notary, lambda: {"status": "ok"})
        async with served(replace(site, **changes), clock) as page_:
            yield page_
    finally:
        store.dispose()


@asynccontextmanager
async def served(site: Site, clock: Clock, port: int = 0) -> AsyncIterator[Page]:
    """A site on loopback, with people of every role."""
    for person in PEOPLE:
        add_user(site.store, person, HASH, Act("test", clock(), site.audit_key))
    runner = web.AppRunner(make_site(site), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        host, bound = runner.addresses[0][:2]
        yield Page(f"http://{host}:{bound}", site.store, site, clock)
    finally:
        await runner.cleanup()
