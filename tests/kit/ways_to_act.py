"""One desk, reached in all four ways to act: command line, page, API, Excel; each takes the same ask."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import select
from typer.testing import CliRunner

from jobs.cli.app import app
from recon.model import KnownBreak
from recon.store.desk import worklist
from recon.store.engine import open_store, reading
from recon.store.runs.record import RunRecord
from recon.store.tables.desk import AUDIT
from tests.kit.desk import fill
from tests.kit.opened_store import opened_store
from tests.kit.page import Page, Trusting, Visitor, paged
from tests.kit.recorded_runs import put_run
from tests.kit.small_config import ONE_ACCOUNT, TRUSTED, configured

UNTIL = (datetime.now(UTC) + timedelta(days=30)).date()
TOO_FAR = UNTIL + timedelta(days=90)
Ask = Mapping[str, Any]  # kind, break_id or ruling, and what the kind needs, as the API takes them


@dataclass(frozen=True)
class Desk:
    """A configuration, its store, and the page over it."""

    config: Path
    served: Page
    browsers: AsyncExitStack
    logged_in: dict[str, Visitor] = field(default_factory=dict)  # a browser of each person who has acted
    tokens: Counter[str] = field(default_factory=Counter)  # by person how many were made

    async def command_line(self, who: str, ask: Ask) -> str:
        """Asked by `recon breaks`; what is printed, after its exit code."""
        subject = ask.get("ruling") or ask.get("break_id")
        options = {
            "reason": "--reason",
            "until": "--until",
            "code": "--code",
            "account": "--account",
            "pattern": "--match",
        }
        words = [f"{option}={ask[name]}" for name, option in options.items() if name in ask]
        words = [ask["reason"]] if ask["kind"] == "note" else words
        command = ["breaks", ask["kind"].replace("_", "-"), *([subject] if subject else []), *words]
        return self.recon(who, *command)

    def recon(self, who: str, *words: str) -> str:
        """A command in somebody's name; its exit code and what it prints."""
        return self.run(*words, "--by", who)

    def run(self, *words: str, **environ: str) -> str:
        """A command in an environment; its exit code and what it prints."""
        result = CliRunner().invoke(app, ["--config", str(self.config), *words], env=environ)
        assert "Traceback" not in result.output
        return f"{result.exit_code} {result.output}"

    def token(self, person: str, *options: str) -> str:
        """Another token of a person's own."""
        self.tokens[person] += 1
        name = f"{person} {self.tokens[person]}"
        made = self.recon("ada", "tokens", "add", name, "--person", person, "--json", *options)
        return str(json.loads(made.splitlines()[-1].removeprefix("0 "))["token"])

    async def by_token(self, token: str, ask: Ask) -> str:
        """Asked by a script that has a token; the answer."""
        body = {"rulings": [{name: str(value) for name, value in ask.items()}]}
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession(self.served.url, headers=headers) as http,
            http.post("/api/rulings", json=body) as answer,
        ):
            return f"{answer.status} {await answer.text()}"

    def audit(self) -> list[tuple[str, dict[str, Any]]]:
        """Who did what, of the audit log, but for the making of the page's own people."""
        with reading(self.served.store) as connection:
            rows = connection.execute(select(AUDIT.c.who, AUDIT.c.detail).order_by(AUDIT.c.seq)).all()
        return [(row.who, json.loads(row.detail)) for row in rows if row.who != "test"]

    async def browser(self, who: str) -> Visitor:
        """Where a person has logged in, the first time that they act."""
        if who not in self.logged_in:
            self.logged_in[who] = await self.browsers.enter_async_context(self.served.login(who))
        return self.logged_in[who]

    async def page(self, who: str, ask: Ask) -> str:
        """Asked by a form of the page; what it says."""
        form: dict[str, Any] = {name: str(value) for name, value in ask.items() if name != "break_id"}
        visitor = await self.browser(who)
        if ask["kind"] == "ignore" or "ruling" in ask:
            status, text = await visitor.post("/patterns", **form)
        else:
            form["kind"] = [ask["kind"], ""]  # a button of its own, then the list from which nothing was chosen
            status, text = await visitor.post("/breaks/rule", id=f"{ask['break_id']}:", **form)
        return f"{status} {text}"

    async def api(self, who: str, ask: Ask) -> str:
        """Asked by a script with that person's own session; the answer."""
        visitor = await self.browser(who)
        headers = {"X-CSRF-Token": await visitor.csrf("/")}
        body = {"rulings": [{name: str(value) for name, value in ask.items()}]}
        async with visitor.http.post("/api/rulings", json=body, headers=headers) as answer:
            return f"{answer.status} {await answer.text()}"

    async def excel(self, who: str, ask: Ask) -> str:
        """Asked by the exported workbook, filled in; the row of the outcome."""
        visitor = await self.browser(who)
        async with visitor.http.get("/rulings/export") as answer:
            path = self.config.parent / "rulings.xlsx"
            path.write_bytes(await answer.read())
        filled = {"Ruling": ask["kind"].replace("_", " "), "Reason": ask.get("reason"), "Until": ask.get("until")}
        fill(path, filled, since=ask.get("break_id", ""))
        form = aiohttp.FormData({"csrf": await visitor.csrf("/breaks")})
        form.add_field("file", BytesIO(path.read_bytes()), filename="rulings.xlsx")
        async with visitor.http.post("/rulings/import", data=form) as answer:
            return f"{answer.status} {await answer.text()}"

    def known(self, break_id: str) -> KnownBreak:
        """A break as it is known now."""
        known_break = worklist.find_break(self.served.store, break_id, None)
        assert known_break is not None
        return known_break

    def patterns(self) -> list[dict[str, Any]]:
        """What `recon patterns list --json` says."""
        result = CliRunner().invoke(app, ["--config", str(self.config), "patterns", "list", "--json"])
        return list(json.loads(result.stdout)["patterns"])


Way = Callable[[Desk, str, Ask], Awaitable[str]]
WAYS: Mapping[str, Way] = {
    "command line": Desk.command_line,
    "page": Desk.page,
    "API": Desk.api,
    "Excel": Desk.excel,
}


@asynccontextmanager
async def desk(folder: Path, *breaks: KnownBreak, more: str = "") -> AsyncIterator[Desk]:
    """The desk over a store with these breaks; `more` of [rulings]. People are those of tests.kit.page."""
    config = configured(folder, TRUSTED + more, ONE_ACCOUNT)
    opened_store(folder / "var" / "recon.db")
    store = open_store(f"sqlite:///{folder}/var/recon.db")
    now = datetime.now(UTC)
    put_run(store, RunRecord(now, now, now, "test", "run", {}, "0", "d", "complete", {}), breaks=breaks)
    store.dispose()
    async with (
        paged(config, Trusting(), environ={"TH_KEY": "skey_test_x"}) as served,
        AsyncExitStack() as browsers,
    ):
        yield Desk(config, served, browsers)
