"""Three people close the demo's week of four accounts on the page, from the first page to signed, exported reports.

Pictures of each step stand in the folder that `RECON_WALK` names, else in the test's own.
"""

import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, Locator
from playwright.async_api import Page as Tab

from jobs import demo
from jobs.config import config as configuration
from jobs.desk.journal import all_exports
from jobs.run.outcome import RunOptions
from jobs.run.run import run
from jobs.service.site import PageNotary
from recon.model import BreakStatus, Severity
from recon.sandbox.worlds.world import make_world
from recon.store.desk import workbooks, worklist
from recon.store.desk.worklist import Filter
from tests.jobs.cli.test_journal import CODES
from tests.kit.job import Silent, clock
from tests.kit.page import PASSWORD, Page, paged
from tests.kit.sandbox import serve
from tests.reports.page.test_browser import CHROMIUM, browser

pytestmark = [pytest.mark.proof, pytest.mark.skipif(CHROMIUM is None, reason="no browser: apt-get install chromium")]
MOST_CLICKS = 60
ACCOUNTS = ("jp", "my", "sg", "th")


@dataclass
class Walk:
    """What was pressed, chosen and filled in by all of them, with a picture of what came of it."""

    folder: Path
    steps: list[str] = field(default_factory=list)
    clicks: int = 0

    async def picture(self, tab: Tab, words: str) -> None:
        self.steps.append(words)
        await tab.screenshot(path=self.folder / f"{len(self.steps):02} {words.replace('/', ' ')}.png")

    async def click(self, tab: Tab, what: Locator, words: str) -> None:
        await what.click()
        self.clicks += 1
        await tab.wait_for_load_state()
        await self.picture(tab, words)

    async def choose(self, tab: Tab, what: Locator, option: str) -> None:
        await what.select_option(option)
        await self.picture(tab, f"choose {option}")

    async def fill(self, tab: Tab, what: Locator, text: str) -> None:
        await what.fill(text)
        await self.picture(tab, f"fill in {text}")

    @asynccontextmanager
    async def as_(self, chromium: Browser, served: Page, name: str) -> AsyncIterator[Tab]:
        context = await chromium.new_context(accept_downloads=True, viewport={"width": 1280, "height": 900})
        tab = await context.new_page()
        await tab.goto(served.url)
        await tab.get_by_label("Name").fill(name)
        await tab.get_by_label("Password").fill(PASSWORD)
        await self.click(tab, tab.get_by_role("button", name="Log in"), f"{name} logs in")
        yield tab
        await context.close()


async def test_analyst_approver_and_controller_close_the_demos_week(tmp_path: Path) -> None:
    folder = Path(os.environ.get("RECON_WALK", tmp_path / "walk"))
    folder.mkdir(parents=True, exist_ok=True)
    walk = Walk(folder)
    last = clock().date() - timedelta(days=4)
    week = (last - timedelta(days=6), last)
    world = make_world(1, *week, 120, ACCOUNTS)
    async with serve(world) as sandbox:
        path = demo.prepare(world, tmp_path / "work", sandbox.url)
        path.write_text(path.read_text(encoding="utf-8") + CODES, encoding="utf-8")
        config = configuration.load(path, {})
        await run(config, RunOptions(*week, by="night"), clock, Silent())
        async with paged(path, PageNotary(config, clock)) as served, browser() as chromium:
            async with walk.as_(chromium, served, "anna") as anna:
                await _rule(walk, anna)
            async with walk.as_(chromium, served, "paul") as paul:
                await _approve(walk, paul)
            async with walk.as_(chromium, served, "anna") as anna:
                await _run_and_sign(walk, anna, week)
            async with walk.as_(chromium, served, "ada") as ada:
                await _review_and_export(walk, ada, tmp_path)
            still_open = worklist.find(served.store, Filter(statuses=(BreakStatus.OPEN,)), "id", False, 0, 1)
            critical = worklist.find(served.store, Filter(severities=(Severity.CRITICAL,)), "id", False, 0, 1)
            assert (still_open.total, critical.total) == (0, 0)
            signed = [(sign_off.role, sign_off.who) for sign_off in workbooks.standing(served.store)]
            assert Counter(signed) == {("preparer", "anna"): 4, ("reviewer", "ada"): 4}
            assert sorted(export.accounts for export in all_exports(config)) == [(name,) for name in ACCOUNTS]
    print("\n".join(f"{number:2} {step}" for number, step in enumerate(walk.steps, start=1)))
    print(f"{walk.clicks} clicks")
    assert walk.clicks < MOST_CLICKS, walk.steps


async def _rule(walk: Walk, tab: Tab) -> None:
    """What is critical is proposed to be written off; all the rest is expected until a day."""
    await walk.click(tab, tab.get_by_role("link", name="Breaks", exact=True).first, "the breaks")
    await walk.choose(tab, tab.get_by_label("Severity"), "critical")
    await walk.click(tab, tab.get_by_role("button", name="Show"), "show them")
    await walk.click(tab, tab.get_by_label("All on this page"), "all on this page")
    await walk.choose(tab, tab.get_by_label("Ruling"), "write_off")
    await walk.fill(tab, tab.get_by_label("Reason or note"), "cleared with the shop")
    await walk.click(tab, tab.get_by_role("button", name="Rule", exact=True), "propose it")
    await walk.click(tab, tab.get_by_role("link", name="Clear"), "all severities")
    await walk.choose(tab, tab.get_by_label("Status"), "open")
    await walk.click(tab, tab.get_by_role("button", name="Show"), "show what is open")
    await walk.click(tab, tab.get_by_label("All on this page"), "all on this page")
    await walk.click(tab, tab.get_by_label("that match"), "all that match")
    await walk.choose(tab, tab.get_by_label("Ruling"), "acknowledge")
    until = (clock().date() + timedelta(days=30)).isoformat()
    await walk.fill(tab, tab.get_by_label("Expected until"), until)
    await walk.click(tab, tab.get_by_role("button", name="Rule", exact=True), "expect them")


async def _approve(walk: Walk, tab: Tab) -> None:
    waiting = tab.locator("section", has=tab.get_by_role("heading", name="Waiting for your approval"))
    await walk.click(tab, waiting.get_by_role("link", name="All", exact=False).last, "what waits for them")
    await walk.click(tab, tab.get_by_label("All on this page"), "all on this page")
    await walk.click(tab, tab.get_by_role("button", name="Approve"), "approve")


async def _run_and_sign(walk: Walk, tab: Tab, week: tuple[date, date]) -> None:
    await walk.click(tab, tab.get_by_role("link", name="Runs", exact=True), "the runs")
    await walk.fill(tab, tab.get_by_label("From"), week[0].isoformat())
    await walk.fill(tab, tab.get_by_label("To", exact=True), week[1].isoformat())
    await walk.click(tab, tab.get_by_role("button", name="Run", exact=True), "run the range")
    await tab.get_by_text("is over after").wait_for(timeout=60_000)
    await walk.click(tab, tab.locator("#progress").get_by_role("link", name="What it found"), "what it found")
    await walk.click(tab, tab.get_by_role("link", name=f"settlement_{ACCOUNTS[0]}"), "the first report")
    await _sign(walk, tab, "preparer")
    for account in ACCOUNTS[1:]:
        await _next(walk, tab, account)
        await _sign(walk, tab, "preparer")


async def _next(walk: Walk, tab: Tab, account: str) -> None:
    beside = tab.get_by_text("Of these days to be signed, too").get_by_role("link", name=account, exact=True)
    await walk.click(tab, beside, f"the report of {account}")


async def _sign(walk: Walk, tab: Tab, role: str) -> None:
    reason = tab.get_by_label("Reason")
    if await reason.get_attribute("required") is not None:
        await walk.fill(tab, reason, "what is open is known and expected")
    await walk.click(tab, tab.get_by_role("button", name=f"Sign as {role}"), f"sign as {role}")


async def _review_and_export(walk: Walk, tab: Tab, folder: Path) -> None:
    unsigned = tab.locator("section", has=tab.get_by_role("heading", name="To be signed"))
    await walk.click(tab, unsigned.get_by_role("link").first, "the report that is to be signed")
    await walk.click(tab, tab.get_by_role("link", name="Balance proof").first, "how it is proved")
    await walk.click(tab, tab.get_by_role("link", name="Rulings", exact=True), "what was decided")
    assert await tab.locator(".sheet tbody").get_by_text("write off", exact=True).count() >= 4
    for account in (None, *ACCOUNTS[1:]):
        if account:
            await _next(walk, tab, account)
        await _sign(walk, tab, "reviewer")
        await _download(walk, tab, "button", "Export journal", folder)
    await _download(walk, tab, "link", "Signed copy", folder)


async def _download(walk: Walk, tab: Tab, role: Literal["button", "link"], name: str, folder: Path) -> None:
    async with tab.expect_download() as download:
        await walk.click(tab, tab.get_by_role(role, name=name), name)
    await (await download.value).save_as(folder / (await download.value).suggested_filename)
