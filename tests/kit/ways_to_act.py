"""One desk, reached in all four ways to act: command line, page, API, Excel; each takes the same ask."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
from openpyxl import load_workbook
from typer.testing import CliRunner

from jobs.cli.app import app
from recon.model import KnownBreak
from recon.store.desk import worklist
from recon.store.engine import open_store
from recon.store.migrate import upgrade
from recon.store.runs.record import RunRecord
from tests.kit.desk import fill
from tests.kit.page import Page, Trusting, paged
from tests.kit.recorded_runs import put_run
from tests.kit.small_config import ONE_ACCOUNT, configured

UNTIL = (datetime.now(UTC) + timedelta(days=30)).date()
TOO_FAR = UNTIL + timedelta(days=90)
Ask = Mapping[str, Any]  # kind, break_id or ruling, and what the kind needs, as the API takes them


@dataclass(frozen=True)
class Desk:
    """A configuration, its store, and the page over it."""

    config: Path
    served: Page

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
        command = ["breaks", ask["kind"].replace("_", "-"), *([subject] if subject else []), *words]
        return self.recon(who, *command)

    def recon(self, who: str, *words: str) -> str:
        """A command of somebody who is logged in; its exit code and what it prints."""
        result = CliRunner().invoke(app, ["--config", str(self.config), *words, "--by", who])
        assert "Traceback" not in result.output
        return f"{result.exit_code} {result.output}"

    async def page(self, who: str, ask: Ask) -> str:
        """Asked by a form of the page; what it says."""
        form = {name: str(value) for name, value in ask.items() if name != "break_id"}
        async with self.served.login(who) as visitor:
            if ask["kind"] == "ignore" or "ruling" in ask:
                status, text = await visitor.post("/patterns", **form)
            else:
                status, text = await visitor.post("/breaks/rule", id=f"{ask['break_id']}:", **form)
        return f"{status} {text}"

    async def api(self, who: str, ask: Ask) -> str:
        """Asked by a script with that person's own session; the answer."""
        async with self.served.login(who) as visitor:
            headers = {"X-CSRF-Token": await visitor.csrf("/")}
            body = {"rulings": [{name: str(value) for name, value in ask.items()}]}
            async with visitor.http.post("/api/rulings", json=body, headers=headers) as answer:
                return f"{answer.status} {await answer.text()}"

    async def excel(self, who: str, ask: Ask) -> str:
        """Asked by the exported workbook, filled in; the row of the outcome."""
        async with self.served.login(who) as visitor:
            async with visitor.http.get("/rulings/export") as answer:
                path = self.config.parent / "rulings.xlsx"
                path.write_bytes(await answer.read())
            rows = [row[0].value for row in load_workbook(path)["Rulings"].iter_rows(min_row=2)]
            filled = {"Ruling": ask["kind"].replace("_", " "), "Reason": ask.get("reason"), "Until": ask.get("until")}
            place = rows.index(ask["break_id"]) if "break_id" in ask else 0
            fill(path, *({} for _ in range(place)), filled)
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
    """The desk over a store with these breaks; `more` of the configuration. People are those of tests.kit.page."""
    config = configured(folder, more, ONE_ACCOUNT)
    store = open_store(f"sqlite:///{folder}/var/recon.db")
    upgrade(store)
    now = datetime.now(UTC)
    put_run(store, RunRecord(now, now, now, "test", "run", {}, "0", "d", "complete", {}), breaks=breaks)
    store.dispose()
    async with paged(config, Trusting(), environ={"TH_KEY": "skey_test_x"}) as served:
        yield Desk(config, served)
