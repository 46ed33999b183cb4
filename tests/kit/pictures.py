"""Pictures of the finance page by one command (`make pictures`): every page, two of them for the README."""

import asyncio
import sys
import tempfile
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from playwright.async_api import Browser
from playwright.async_api import Page as Tab

from tests.kit.job import LAST
from tests.kit.page import Page, page_with_omise
from tests.kit.places import ROOT
from tests.reports.page.test_browser import browser, logged_in

DOCS = {"home": "page-home.png", "break": "page-break.png"}
PAGES = {
    "home": "/",
    "breaks": "/breaks",
    "reports": "/reports",
    "runs": "/runs",
    "settlement": "/settlement",
    "rules": "/about",
    "admin": "/admin",
}


async def make(folder: Path, docs: Path) -> None:
    """Every page as an administrator sees it, on a desk, and two of them on a phone in the dark."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        async with (
            page_with_omise(Path(work), nights=True, orders=200, accounts=("th", "sg", "jp", "my")) as served,
            browser() as chromium,
        ):
            served.clock.at = datetime.combine(LAST, time(20), UTC) + timedelta(days=1)  # the next evening
            await _take_all(chromium, served, folder, docs)


async def _take_all(chromium: Browser, served: Page, folder: Path, docs: Path) -> None:
    async with logged_in(chromium, served, "ada", []) as tab:
        for name, path in PAGES.items():
            await tab.goto(served.url + path)
            await _take(tab, folder / f"{name}.png", docs if name in DOCS else None)
        await tab.goto(f"{served.url}/breaks?code=amount_mismatch")
        await tab.locator("tbody a").first.click()
        await _take(tab, folder / "break.png", docs)
        await tab.goto(f"{served.url}/reports?account=th")
        await tab.locator("tbody a").first.click()
        await _take(tab, folder / "report.png", None)
        await tab.emulate_media(color_scheme="dark")
        await tab.set_viewport_size({"width": 390, "height": 844})
        for name in ("home", "breaks", "reports"):
            await tab.goto(served.url + PAGES[name])
            await _take(tab, folder / f"{name}-phone.png", None)


async def _take(tab: Tab, path: Path, docs: Path | None) -> None:
    await tab.screenshot(path=path)
    if docs:
        await tab.screenshot(path=docs / DOCS[path.stem])


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "pictures-out")
    asyncio.run(make(target, ROOT / "docs"))
    print(target)
