"""What people read and reach on the page: other scripts, hostile texts, the keyboard, live progress, what fits."""

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser
from playwright.async_api import Page as Tab

from recon.model import BreakStatus
from recon.model.rulings import RulingKind
from recon.store.desk import worklist
from recon.store.versions.save import save_objects
from reports.page.site import RunProgress, RunRequest, StageProgress
from tests.kit.job import FIRST, job
from tests.kit.page import Page, Trusting, page, paged, served
from tests.kit.store_samples import row
from tests.reports.page.test_browser import CHROMIUM, logged_in

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no browser: apt-get install chromium")
in_its_loop = pytest.mark.asyncio(loop_scope="session")
SCRIPTS = ("คำสั่งซื้อ-1", "注文-ひらがな-1", "주문-1")
HOSTILE = (
    "<script>document.title='taken'</script>",
    "\" onmouseover=\"document.title='taken'",
    "{{ 7 * 7 }}",
    "'; --",
)


def add_orders(file: Path, ids: tuple[str, ...]) -> None:
    """Paid orders without a charge, as the shop's file would have them."""
    with file.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    with file.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, lines[0].keys())
        model = next(line for line in lines if line["status"] == "paid")
        changed = {"created_at": f"{FIRST}T09:00:00+07:00", "amount": "1234.50", "charge_id": ""}
        writer.writerows({**model, **changed, "order_id": one} for one in ids)


async def break_of(site_page: Page, tab: Tab, order: str) -> str:
    """The page of the break about an order, found by the list's search: the first one by its form."""
    if order == SCRIPTS[0]:
        await tab.goto(f"{site_page.url}/breaks")
        await tab.get_by_label("Search").fill(order)
        await tab.get_by_role("button", name="Show").click()
    else:
        await tab.goto(f"{site_page.url}/breaks?{urlencode({'q': order})}")
    assert await tab.get_by_text("1 break", exact=True).count() == 1, order
    assert await tab.locator("tbody td.id").first.inner_text() == order
    await tab.locator("tbody a").first.click()
    return tab.url


@needs_browser
@in_its_loop
@pytest.mark.parametrize(
    "texts",
    [
        pytest.param((SCRIPTS[0], HOSTILE[0]), id="one of each"),
        pytest.param(SCRIPTS[1:] + HOSTILE[1:], id="the others", marks=pytest.mark.proof),
    ],
)
async def test_other_scripts_and_hostile_texts_are_shown_as_they_are(
    tmp_path: Path, chromium: Browser, texts: tuple[str, ...]
) -> None:
    complaints: list[str] = []
    async with job(tmp_path, orders=10, accounts=("th",)) as work:
        add_orders(work.orders("th"), texts)
        await work.run()
        async with (
            paged(work.config, Trusting()) as site_page,
            logged_in(chromium, site_page, "ada", complaints) as tab,
        ):
            for order in texts:
                await break_of(site_page, tab, order)
                assert await tab.locator("dd.id", has_text=order).count() >= 1
                assert await tab.get_by_text("THB 1,234.50").count() >= 1
                if order in HOSTILE:
                    await tab.locator("select[name=kind]").select_option("note")
                    await tab.get_by_label("Reason or note").fill(f"about {order}")
                    await tab.get_by_role("button", name="Rule").click()
                    assert await tab.locator(".timeline", has_text=f"about {order}").count() == 1
                assert await tab.title() != "taken"
                assert await tab.locator("main script, [onmouseover]").count() == 0
            charged = next(
                known.latest
                for known in worklist.find(
                    site_page.store, worklist.Filter(accounts=("th",)), "id", False, 0, 99
                ).breaks
                if known.latest.code == "amount_mismatch"
            )
            told = " ".join(texts)
            now = site_page.clock()
            save_objects(
                site_page.store, "th", "charge", [row("charge", str(charged.charge_id), description=told)], now
            )
            await tab.goto(f"{site_page.url}/breaks/{charged.id}")
            assert await tab.get_by_text(told, exact=True).count() == 1
    assert complaints == []


@needs_browser
@in_its_loop
@pytest.mark.proof
async def test_the_keyboard_reaches_every_action_and_the_focus_is_seen(tmp_path: Path, chromium: Browser) -> None:
    async with page(tmp_path) as site_page, logged_in(chromium, site_page, "ada", []) as tab:
        one = await tab.locator("tbody a").first.get_attribute("href")
        for path in (
            "/",
            "/breaks?severity=critical",
            str(one),
            "/reports",
            "/runs",
            "/runs/1",
            "/settlement",
            "/admin",
        ):
            await tab.goto(site_page.url + path)
            await tab.keyboard.press("Tab")
            assert await tab.evaluate("document.activeElement.className") == "skip"
            assert (await tab.locator(".skip").bounding_box() or {"x": -1})["x"] >= 0, "seen when it has the focus"
            await tab.keyboard.press("Enter")
            assert await tab.evaluate("document.activeElement.id") == "main"
            await tab.goto(site_page.url + path)
            reached: set[str] = set()
            count = await tab.evaluate(_MARK)
            for _ in range(count + 60):
                await tab.keyboard.press("Tab")
                number, outline = await tab.evaluate(_FOCUS)
                if number is not None:
                    assert outline > 0, f"the focus is not seen on {path}"
                    reached.add(number)
                if len(reached) == count:
                    break
            assert len(reached) == count, f"{path}: {count - len(reached)} of {count} are out of reach"


_MARK = """() => {
  const shown = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary")]
    .filter((one) => one.checkVisibility() && !one.disabled);
  shown.forEach((one, number) => { one.dataset.number = number; });
  return shown.length;
}"""
_FOCUS = """() => {
  const one = document.activeElement;
  return [one.dataset.number ?? null, parseFloat(getComputedStyle(one).outlineWidth)];
}"""


class Slow:
    """A runner whose one run goes on as the test says."""

    def __init__(self) -> None:
        self.seen = RunProgress(RunRequest(date(2026, 3, 2), date(2026, 3, 2), ("th",), "anna"))

    def start(self, run_request: RunRequest) -> str:
        self.seen = replace(self.seen, request=run_request)
        return "ticket"

    def tickets(self) -> Sequence[str]:
        return ["ticket"]

    def cancel(self, _ticket: str, _who: str) -> None:
        raise AssertionError

    def progress(self, ticket: str) -> RunProgress | None:
        return self.seen if ticket == "ticket" else None


@needs_browser
@in_its_loop
@pytest.mark.proof  # without a browser the suite has how far a run is in results/test_runs.py
async def test_progress_is_live_and_a_login_that_ends_meanwhile_leads_back(tmp_path: Path, chromium: Browser) -> None:
    complaints: list[str] = []
    runner = Slow()
    async with (
        page(tmp_path) as plain,
        served(replace(plain.site, runner=runner), plain.clock) as site_page,
        logged_in(chromium, site_page, "anna", complaints) as tab,
    ):
        await tab.clock.install()  # the browser's: it asks every second
        await tab.goto(f"{site_page.url}/reports")
        await tab.get_by_label("From").fill("2026-03-02")
        await tab.get_by_label("To").fill("2026-03-02")
        await tab.get_by_role("button", name="Run", exact=True).click()
        await tab.get_by_text("waiting").wait_for()
        for stages in (("pull",), ("pull", "match"), ("pull", "match", "judge")):
            runner.seen = replace(runner.seen, stages=tuple(StageProgress(name, 1, 2) for name in stages))
            await tab.clock.run_for(1_000)
            await tab.locator("#progress li", has_text=stages[-1]).wait_for(timeout=5_000)
            assert await tab.locator("#progress li").all_inner_texts() == [f"{name}  1 of 2" for name in stages]
            assert await tab.locator("#progress progress").first.get_attribute("value") == "1"
            assert await tab.locator("#progress").count() == 1
        assert complaints == []
        site_page.clock.forward(hours=13)
        await tab.clock.run_for(1_000)
        await tab.get_by_label("Password").wait_for(timeout=5_000)
        await tab.get_by_label("Name").fill("anna")
        await tab.get_by_label("Password").fill("correct horse battery")
        runner.seen = replace(runner.seen, finished=True, run_id=12)
        await tab.get_by_role("button", name="Log in").click()
        await tab.get_by_text("Run 12 is over").wait_for(timeout=5_000)
        assert tab.url.endswith("/runs/ticket")
    assert [one for one in complaints if "401" not in one] == []


async def test_only_what_fits_a_break_s_state_is_offered_and_what_is_missing_is_said(tmp_path: Path) -> None:
    async with page(tmp_path) as site_page, site_page.login("paul") as paul, site_page.login("ada") as ada:
        known = next(
            one
            for one in worklist.find(site_page.store, worklist.Filter(accounts=("th",)), "id", False, 0, 99).breaks
            if one.latest.code == "amount_scale_mismatch"
        )
        here = f"/breaks/{known.latest.id}"
        asked = {"id": known.latest.id, "one": known.latest.id}

        async def offered() -> set[str]:
            text = await ada.text(here)
            fields = (
                '<option value="{}">',
                '<button name="kind" value="{}"',
                '<button class="quiet" name="kind" value="{}"',
            )
            return {str(kind) for kind in RulingKind if any(field.format(kind) in text for field in fields)}

        def ruled(text: str) -> str:
            return text.split('role="alert"')[1].split("</p>")[0] if 'role="alert"' in text else "done"

        always = {"assign", "note"}
        assert await offered() == {*always, "acknowledge", "resolve", "write_off", "link"}
        for kind, words in (
            ("resolve", "a reason is needed"),
            ("note", "a note needs a text"),
            ("acknowledge", "day"),
            ("write_off", "a reason is needed"),
            ("link", "order"),
            ("undo", "nothing to undo"),
            ("approve", "nothing waits for approval"),
            ("reject", "nothing waits for approval"),
            ("reopen", "is not closed"),
        ):
            _, text = await paul.post("/breaks/rule", here, **asked, kind=kind)
            assert words in ruled(text), kind
        _, text = await paul.post("/breaks/rule", "/breaks", kind="note", reason="of what?")
        assert "no break was ticked" in ruled(text)
        until = site_page.clock() + timedelta(days=1)  # today in UTC may be over in Bangkok
        await paul.post("/breaks/rule", here, **asked, kind="acknowledge", until=f"{until:%Y-%m-%d}")
        assert await offered() == {*always, "resolve", "write_off", "link", "undo"}
        await paul.post("/breaks/rule", here, **asked, kind="write_off", reason="timing")
        assert await offered() == {*always, "approve", "reject", "undo"}
        await ada.post("/breaks/rule", here, **asked, kind="approve")
        assert await offered() == {*always, "reopen", "undo"}
        now = worklist.find_break(site_page.store, known.latest.id, None)
        assert now
        assert now.status == BreakStatus.WRITTEN_OFF


async def test_a_sheet_reads_as_its_currency_does(tmp_path: Path) -> None:
    async with page(tmp_path) as site_page, site_page.login("vera") as vera:
        for account in ("th", "jp"):
            assert f"<h2>{account}</h2>" in await vera.text("/settlement")
            async with vera.http.get("/api/reports") as answer:
                listed = (await answer.json())["reports"]
            book = next(one["sha256"] for one in listed if one["account"] == account)
            sheet = await vera.text(f"/reports/{book}?sheet=Settlement")
            assert ' class="part">' in sheet, "what makes a transfer up stands under it"
            of_sheet = sheet.partition(' class="part">')[2]  # above it counts stand beside the sums
            numbers = re.findall(r'<td class="number">([\d,.-]+)</td>', of_sheet)
            assert numbers
            assert all(("." in one) == (account == "th") for one in numbers), account
            summary = await vera.text(f"/reports/{book}")
            assert "<h2>Balance of trust: " in summary
            assert re.search(r"<bdi>[^<]* orders, [^<]* charges, ", summary), "what the figures rest on"
            assert f"<h2>Where the money went, {'THB' if account == 'th' else 'JPY'}</h2>" in summary
            for name in ("Balance%20proof", "Bank", "Changes", "Fees%20and%20VAT"):
                assert await vera.status(f"/reports/{book}?sheet={name}") == 200
        assert "What changed" in await vera.text("/reports")
        group = next(one["sha256"] for one in listed if one["account"] == "group")
        summary = await vera.text(f"/reports/{group}")
        assert "<h2>Where the money went (a column an account" in summary
        assert all(f'<a href="/reports/{one["sha256"]}">' in summary for one in listed if one["account"] != "group")
        assert 'href="/breaks/brk_' in await vera.text(f"/reports/{group}?sheet=Breaks")
