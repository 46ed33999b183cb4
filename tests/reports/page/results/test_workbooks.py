"""A report's page: what stands beside it, by which clock its times go, what it looks like on paper."""

import re
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]

from recon.store.desk import workbooks
from recon.store.desk.workbooks import SignOff
from tests.kit.page import page
from tests.reports.page.results.test_runs import again_without_one
from tests.reports.page.test_browser import CHROMIUM, browser, logged_in


async def test_a_report_says_what_is_expected_its_clock_and_what_changed_since_the_others(tmp_path: Path) -> None:
    async with page(tmp_path) as site_page, site_page.login("thea") as thea:
        [book] = workbooks.latest(site_page.store, ("th",), 10)
        text = await thea.text(f"/reports/{book.sha256}")
        assert "Payouts of th expected at the bank, by day, THB</figcaption>" in text
        assert "Other workbooks" not in text
        assert "Times are those of Asia/Bangkok." in await thea.text(f"/reports/{book.sha256}?sheet=Disputes")
        again_without_one(site_page.store)
        later = replace(book, sha256="a" * 64, run_id=2, written_at=book.written_at + timedelta(hours=1))
        workbooks.keep(site_page.store, later, BytesIO(b""))
        text = await thea.text(f"/reports/{'a' * 64}")
        assert f'<a href="/reports/{book.sha256}">{book.name}</a>, as of ' in text
        assert "/runs/compare?before=1&amp;after=2" in text
        assert re.search(r"as of <time[^>]*>2026-03-0\d \d\d:\d\d <small>Asia/Bangkok</small>", text)
        settled = await thea.text("/settlement")
        assert all(f"?sheet={name}" in settled for name in ("Journal", "Disputes", "Rulings"))


async def test_a_signature_is_asked_of_those_who_can_give_it_and_leads_on_to_the_next_account(tmp_path: Path) -> None:
    async with page(tmp_path) as served, served.login("anna") as anna, served.login("ada") as ada:
        books = {book.account: book for book in workbooks.latest(served.store, None, 10)}
        beside = f'<a href="/reports/{books["jp"].sha256}">jp</a>'
        for visitor in (anna, ada):
            text = await visitor.text(f"/reports/{books['th'].sha256}")
            assert (beside in text, ">Sign as preparer<" in text, ">Sign as reviewer<" in text) == (True, True, False)
        for account in ("th", "jp"):
            book = books[account]
            days = (book.first_day, book.last_day)
            signed = SignOff(0, account, *days, book.result_digest, book.sha256, "preparer", "anna", book.written_at)
            workbooks.sign(served.store, signed, None)
        for visitor, reviews in ((anna, False), (ada, True)):
            text = await visitor.text(f"/reports/{books['th'].sha256}")
            assert (beside in text, ">Sign as preparer<" in text, ">Sign as reviewer<" in text) == (
                reviews,
                False,
                reviews,
            )


async def test_many_reports_are_listed_by_the_page(tmp_path: Path) -> None:
    async with page(tmp_path) as site_page, site_page.login("thea") as thea:
        [book] = workbooks.latest(site_page.store, ("th",), 10)
        for number in range(1, 101):
            first_day = book.first_day - timedelta(days=number)
            earlier = replace(book, sha256=f"{number:064}", first_day=first_day)
            workbooks.keep(site_page.store, earlier, BytesIO(b""))
        first = await thea.text("/reports?account=th")
        assert (first.count("/download"), "Page 1 of 2" in first) == (100, True)
        second = await thea.text("/reports?account=th&page=2")
        assert (second.count("/download"), "Newer" in second) == (1, True)


async def test_reports_stand_by_their_days_then_by_account_whenever_they_were_written(tmp_path: Path) -> None:
    async with page(tmp_path) as served, served.login("ada") as ada:
        [book] = workbooks.latest(served.store, ("th",), 10)
        for hours, account in enumerate(("my", "jp", "sg"), start=1):
            later = replace(
                book, sha256=f"{hours:064}", account=account, written_at=book.written_at + timedelta(hours=hours)
            )
            workbooks.keep(served.store, later, BytesIO(b""))
        earlier = replace(book, sha256="e" * 64, first_day=book.first_day - timedelta(days=9), account="aa")
        workbooks.keep(served.store, earlier, BytesIO(b""))
        listed = re.findall(r'<td data-label="Account">(?:<bdi>)?(\w+)', await ada.text("/reports"))
        assert listed == [*sorted(listed[:-1]), "aa"]
        assert {"jp", "my", "sg", "th"} <= set(listed)


@pytest.mark.skipif(CHROMIUM is None, reason="no browser: apt-get install chromium")
@pytest.mark.proof
async def test_lists_are_printed_across_and_reports_upright_without_what_is_to_be_pressed(tmp_path: Path) -> None:
    async with page(tmp_path) as site_page, browser() as chromium, logged_in(chromium, site_page, "ada", []) as tab:
        [book] = workbooks.latest(site_page.store, ("th",), 10)
        sides = {}
        for path in ("/", "/breaks", f"/reports/{book.sha256}", f"/reports/{book.sha256}?sheet=Breaks"):
            await tab.goto(site_page.url + path)
            pdf = await tab.pdf(prefer_css_page_size=True)
            boxes = re.findall(rb"/MediaBox \[0 0 (\d+)[.\d]* (\d+)", pdf)
            sides[path] = {"across" if int(width) > int(height) else "upright" for width, height in boxes}
            await tab.emulate_media(media="print")
            shown = "(all) => all.filter((one) => one.checkVisibility()).length"
            assert await tab.locator("button, input, select, header nav").evaluate_all(shown) == 0, path
            wide = await tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide == 0, path
            await tab.emulate_media(media="null")
        assert list(sides.values()) == [{"upright"}, {"across"}, {"upright"}, {"across"}]


@pytest.mark.skipif(CHROMIUM is None, reason="no browser: apt-get install chromium")
@pytest.mark.proof
async def test_reports_and_runs_have_no_fault_that_axe_knows_in_light_and_dark(tmp_path: Path) -> None:
    async with page(tmp_path) as site_page, browser() as chromium, logged_in(chromium, site_page, "ada", []) as tab:
        again_without_one(site_page.store)
        books = {book.account: f"/reports/{book.sha256}" for book in workbooks.latest(site_page.store, None, 9)}
        sheets = [f"{books[account]}?sheet={sheet}" for account, sheet in (("th", "Breaks"), ("group", "Journal"))]
        runs = ["/runs", "/runs/2", "/runs/compare?before=1&after=2"]
        for scheme in ("light", "dark"):
            await tab.emulate_media(color_scheme=scheme)
            for path in ("/reports", "/settlement", *books.values(), *sheets, *runs, "/nowhere"):
                await tab.goto(site_page.url + path)
                await tab.locator("details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
                violations = (await Axe().run(tab)).response["violations"]
                assert [violation["id"] for violation in violations] == [], (scheme, path)
