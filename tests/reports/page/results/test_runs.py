"""Runs on the page: what they found, what changed between two, what runs now; nobody sees another's account."""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import delete, insert, select

from recon.store.desk import worklist
from recon.store.engine import Store, writing
from recon.store.queue.batches import BatchRequest, Step, open_batch
from recon.store.tables import RUN, RUN_ACCOUNT, RUN_BREAK
from reports.page.site import RunProgress, RunRequest, StageProgress
from tests.kit.job import FIRST, LAST, clock
from tests.kit.page import page, served

DAY = date(2026, 3, 2)


class Asked:
    """A runner of which one run was asked for, of jp."""

    def __init__(self) -> None:
        request = RunRequest(DAY, DAY, ("jp",), "paul")
        self.run = RunProgress(request, (StageProgress("pull", 3, 4),), seconds=61.0)
        self.cancelled_by = ""

    def start(self, _run_request: RunRequest) -> str:
        return "ticket"

    def progress(self, ticket: str) -> RunProgress | None:
        return self.run if ticket == "ticket" else None

    def tickets(self) -> list[str]:
        return ["ticket"]

    def cancel(self, _ticket: str, who: str) -> None:
        self.cancelled_by = who
        self.run = replace(self.run, finished=True, messages=("cancelled",))


async def test_two_runs_of_a_range_beside_each_other_and_only_of_the_askers_accounts(tmp_path: Path) -> None:
    async with page(tmp_path) as site_page, site_page.login("thea") as thea, site_page.login("vera") as vera:
        closed = again_without_one(site_page.store)
        listed = await thea.text("/runs")
        assert '<a href="/runs/2">2</a>' in listed
        assert '<td data-label="Account">jp</td>' not in listed
        assert '<td data-label="Account">jp</td>' in await vera.text("/runs")
        run = await thea.text("/runs/2")
        assert "/runs/compare?before=1&amp;after=2" in run
        assert "<h2>jp" not in run
        difference = await vera.text("/runs/compare?before=1&after=2")
        assert f'<td data-label="What">closed</td><td data-label="Break"><a href="/breaks/{closed}">' in difference
        assert difference.count("The same result.") == 1, "of jp"
        assert "jp" not in await thea.text("/runs/compare?before=1&after=2")
        missing = (
            "/runs/3",
            "/runs/999999999999999",
            "/runs/compare",
            "/runs/compare?before=1&after=x",
            "/runs/none",
        )
        assert [await vera.status(path) for path in missing] == [404] * len(missing)


async def test_a_run_shows_how_far_it_is_and_is_cancelled_by_who_may(tmp_path: Path) -> None:
    runner = Asked()
    async with (
        page(tmp_path) as plain,
        served(replace(plain.site, runner=runner), plain.clock) as site_page,
        site_page.login("anna") as anna,
        site_page.login("vera") as vera,
        site_page.login("thea") as thea,
    ):
        assert "/runs/ticket" in await anna.text("/runs")
        text = await vera.text("/runs/ticket")
        assert '<progress max="4" value="3" aria-label="pull"></progress> 3 of 4' in text
        assert "Running for 1 min 1 s." in text
        assert "Cancel" not in text, "who only looks"
        assert (await vera.post("/runs/ticket/cancel", "/about"))[0] == 403
        assert "/runs/ticket" not in await thea.text("/runs"), "of another account"
        assert await thea.status("/runs/ticket") == 404
        assert (await thea.post("/runs/ticket/cancel", "/runs"))[0] == 404
        assert not runner.cancelled_by
        asked = {"HX-Request": "true"}
        async with anna.http.get("/runs/ticket", headers=asked) as answer:
            part = await answer.text()
        assert ("3 of 4" in part, "Cancel" in part) == (True, False), "anew each second: no focus stays in it"
        assert not re.search(r'role="(status|alert)|aria-live', part), "nor is each second read out"
        assert ">Cancel</button>" in await anna.text("/runs/ticket")
        status, text = await anna.post("/runs/ticket/cancel", "/runs/ticket")
        assert (status, runner.cancelled_by) == (200, "anna")
        assert '<p class="error">cancelled</p>' in text
        runner.run = replace(runner.run, run_id=1, messages=())
        ended = await vera.text("/runs/ticket")
        assert '<p class="done" role="alert">Run 1 is over after 1 min 1 s.' in ended
        assert '<th scope="col" class="number">Opened</th>' in ended


async def test_today_is_that_of_the_accounts(tmp_path: Path) -> None:
    """At 18:00 UTC it is the next day in Bangkok, and the day after that is none yet."""
    async with page(tmp_path, runner=Asked()) as site_page:
        site_page.clock.at = site_page.clock.at.replace(hour=18)
        async with site_page.login("ada") as ada:
            for days, status in ((1, 200), (2, 409)):
                day = (site_page.clock.at + timedelta(days=days)).date().isoformat()
                assert (await ada.post("/runs", "/runs", from_=day, to=day, account="th"))[0] == status


async def test_what_workers_are_at_is_shown(tmp_path: Path) -> None:
    async with page(tmp_path) as site_page, site_page.login("thea") as thea, site_page.login("vera") as vera:
        request = BatchRequest("night", "night", FIRST, LAST, ("th", "jp"), {}, clock(), "serve")
        steps = [Step(f"pull {name}", place, "pull", name, FIRST, LAST) for place, name in enumerate(("th", "jp"))]
        open_batch(site_page.store, request, steps, clock(), clock())
        assert "0 of 2 done, 0 begun" in await vera.text("/runs")
        assert "On the queue" not in await thea.text("/runs")


def again_without_one(store: Store) -> str:
    """Records run 1 once more, of th without one of its breaks; the id of that."""
    gone = worklist.find(store, worklist.Filter(accounts=("th",)), "id", False, 0, 1).breaks[0].latest.id
    with writing(store) as connection:
        for table, key in ((RUN, "id"), (RUN_ACCOUNT, "run_id"), (RUN_BREAK, "run_id")):
            rows = [{**row, key: 2} for row in connection.execute(select(table)).mappings()]
            for row in rows:
                if row.get("account") == "th" and "result_digest" in row:
                    row["result_digest"] = "another"
            connection.execute(insert(table), rows)
        connection.execute(delete(RUN_BREAK).where(RUN_BREAK.c.run_id == 2, RUN_BREAK.c.break_id == gone))
    return gone
