"""The finance page in a real browser: a break found, ruled on, approved; a workbook downloaded; a range run again.

Needs Debian's chromium (apt-get install chromium); without one these tests skip.
"""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, BrowserContext, async_playwright
from playwright.async_api import Page as Tab
from python_calamine import CalamineWorkbook

from tests.kit.page import PASSWORD, Page, page, page_with_omise

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no browser: apt-get install chromium"),
    pytest.mark.asyncio(loop_scope="session"),  # the browser's
]
_CUT = """() => [...document.querySelectorAll(".stack")]
  .filter((one) => one.scrollWidth > one.parentElement.clientWidth)
  .map((one) => one.caption?.innerText ?? "a table without a caption")"""
# Of rows whose cells are made as others before are, two of a table are searched for faults; a phone is shown all.
_ALIKE = """() => {
  const seen = {};
  const form = (one) => one.outerHTML.replace(/>[^<]*/g, ">").replace(/ (?!class|role)([a-z-]+)="[^"]*"/g, " $1");
  document.querySelectorAll("tbody").forEach((body) => [...body.children].forEach((row, number) => {
    const inside = `${body.parentElement.className} ${row.className}`;
    const forms = [...row.children].map((cell) => `${inside} ${form(cell)}`);
    if (number > 1 && forms.every((one) => seen[one] > 1)) row.remove();
    forms.forEach((one) => { seen[one] = (seen[one] ?? 0) + 1; });
  }));
}"""
_ALONE = {"resultTypes": ["violations"]}
DESK = ("/", "/breaks", "{first break}", "{report}?sheet=Breaks")
OTHER_PAGES = (
    "/reports",
    "{report}",
    "/runs",
    "/runs/1",
    "/runs/compare?before=1&after=1",
    "/settlement",
    "/about",
    "/admin",
    "/admin/access",
    "/account",
)


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Headless Chromium, without its sandbox: it runs as root in many a container."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield chromium
        finally:
            await chromium.close()


@asynccontextmanager
async def logged_in(chromium: Browser, served: Page, name: str, complaints: list[str]) -> AsyncIterator[Tab]:
    """A tab of its own person; what its console complains of is kept."""
    context: BrowserContext = await chromium.new_context(accept_downloads=True)
    tab = await context.new_page()
    tab.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    await tab.goto(f"{served.url}/breaks")
    await tab.get_by_label("Name").fill(name)
    await tab.get_by_label("Password").fill(PASSWORD)
    await tab.get_by_role("button", name="Log in").click()
    await tab.wait_for_url(f"{served.url}/breaks")
    yield tab
    await context.close()


async def test_a_break_is_found_written_off_and_approved_by_another(tmp_path: Path, chromium: Browser) -> None:
    complaints: list[str] = []
    async with page(tmp_path) as served:
        async with logged_in(chromium, served, "paul", complaints) as tab:
            await tab.locator("select[name=code]").first.select_option("amount_scale_mismatch")
            await tab.get_by_role("button", name="Show").click()
            await tab.locator("tbody a").first.click()
            assert await tab.get_by_text("differs").count() == 2, "the difference is marked on both sides"
            address = tab.url
            await tab.locator("select[name=kind]").select_option("write_off")
            await tab.get_by_label("Reason or note").fill("no action needed")
            await tab.get_by_role("button", name="Rule").click()
            assert await tab.locator("h1 .pending_approval").count() == 1
            assert await tab.get_by_role("button", name="Approve").count() == 0, "nobody approves their own"
            assert await tab.get_by_text("Waits for a second person: ").count() >= 1
        async with logged_in(chromium, served, "ada", complaints) as tab:
            await tab.goto(address)
            await tab.get_by_role("button", name="Approve").click()
            assert await tab.locator("h1 .written_off").count() == 1
            assert await tab.get_by_text("approved by ada").count() >= 1
    assert complaints == []


@pytest.mark.proof  # without a browser the suite has it in test_wiring.py
async def test_a_workbook_is_downloaded_and_a_range_run_again_and_signed(tmp_path: Path, chromium: Browser) -> None:
    complaints: list[str] = []
    async with (
        page_with_omise(tmp_path) as served,
        logged_in(chromium, served, "anna", complaints) as tab,
    ):
        await tab.goto(f"{served.url}/reports?account=th")
        async with tab.expect_download() as download:
            await tab.get_by_role("link", name="Download").click()
        path = await (await download.value).path()
        with CalamineWorkbook.from_filelike(BytesIO(path.read_bytes())) as book:
            assert book.sheet_names[0] == "Summary"
        await tab.get_by_label("From").fill("2026-03-02")
        await tab.get_by_label("To").fill("2026-03-04")
        await tab.get_by_role("button", name="Run", exact=True).click()
        await tab.get_by_text(re.compile(r"Run \d+ is over")).wait_for(timeout=30_000)
        await tab.get_by_role("link", name="Reports").last.click()
        await tab.locator("tbody a").first.click()
        await tab.get_by_role("button", name="Sign as preparer").click()
        assert await tab.get_by_role("status").count() == 1
    assert complaints == []


@pytest.mark.parametrize(
    "pages", [pytest.param(DESK, id="desk"), pytest.param(OTHER_PAGES, id="others", marks=pytest.mark.proof)]
)
async def test_every_page_is_free_of_serious_faults(
    tmp_path: Path, chromium: Browser, pages: tuple[str, ...]
) -> None:
    complaints: list[str] = []
    async with (
        page(tmp_path) as served,
        logged_in(chromium, served, "ada", complaints) as tab,
    ):
        first = await tab.locator("tbody a").first.get_attribute("href")
        await tab.goto(f"{served.url}/reports")
        report = await tab.locator("tbody a").first.get_attribute("href")
        for page_ in pages:
            path = page_.replace("{first break}", str(first)).replace("{report}", str(report))
            await tab.set_viewport_size({"width": 390, "height": 844})
            await tab.goto(served.url + path)
            wide = await tab.evaluate("document.documentElement.scrollWidth")
            assert wide <= 390, f"{path} is {wide} wide on a phone"
            cut = await tab.evaluate(_CUT)
            assert cut == [], f"{path}: tables that are cut off on a phone"
            await tab.set_viewport_size({"width": 1280, "height": 900})
            await tab.evaluate(_ALIKE)
            violations = (await Axe().run(tab, options=_ALONE)).response["violations"]
            grave = [
                (violation["id"], violation["nodes"][0]["html"])
                for violation in violations
                if violation["impact"] in ("serious", "critical")
            ]
            assert grave == [], path
    assert complaints == []
