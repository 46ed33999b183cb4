"""A night whose order file has too many rows that cannot be read: told once, tried again when the file changes."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.alerts.send import Teller
from jobs.config import config as configuration
from jobs.run.opening.store import ready_store
from jobs.run.outcome import Outcome, RunOptions
from jobs.run.run import run
from jobs.service.schedule import Schedule, ScheduleContext
from recon.store.runs.attempts import attempts
from tests.kit.job import FIRST, Job, Silent, job
from tests.kit.night_runs import Clock
from tests.kit.receivers import Hook, webhook

HOUR = timedelta(hours=1)
HEADER = "order_id,account,amount,currency,status,created_at,refunded_amount,payment_method,charge_id\n"
SECTION = """
[orders.web]
kind = "csv"
path = "web/*.csv"
[orders.web.status]
paid = ["paid"]
[schedule]
catch_up_days = 0
[alerts]
urls = { env = "URLS" }
"""


def write(made: Job, status: str, rows: int = 12) -> None:
    """Orders over nothing: read or not, they are no break of their own."""
    (made.folder / "web").mkdir(exist_ok=True)
    lines = [f"W-{at},th,0.00,THB,{status},2026-03-04T05:00:00+00:00,0.00,card,\n" for at in range(rows)]
    (made.folder / "web" / "a.csv").write_text(HEADER + "".join(lines), encoding="utf-8")


@pytest.mark.parametrize("still", [False, pytest.param(True, marks=pytest.mark.proof)])
async def test_it_is_told_once_and_tried_again_when_its_file_changes(tmp_path: Path, still: bool) -> None:
    async with job(tmp_path, orders=4, accounts=("th",), plant=False) as made, webhook() as hook:
        made.server.set_date("none")  # the clock is the test's
        made.config.write_text(made.config.read_text(encoding="utf-8") + SECTION, encoding="utf-8")
        write(made, "completed")
        clock = Clock(made.world.as_of)
        config = configuration.load(made.config, {"URLS": f"{hook.url}/a"})

        async def night(options: RunOptions) -> Outcome:
            return await run(config, replace(options, report=False), clock, Silent())

        async def untried(_words: str) -> int:
            raise AssertionError

        with ready_store(config) as store:
            schedule = Schedule(config, ScheduleContext(store, clock, night, Teller(config, clock), untried))

            async def pass_hours(count: int) -> tuple[list[str], int]:
                """The endings of the attempts of these hours, and how often the source was told of in them."""
                before = len(attempts(store, FIRST))
                hook.calls.clear()
                for _ in range(count):
                    for account in config.as_accounts():
                        await schedule.catch_up(account)
                    await schedule.watch()
                    clock.now += HOUR
                return [attempt.ending or "" for attempt in attempts(store, FIRST)][before:], told(hook)

            assert await pass_hours(1) == (["incomplete"], 1)
            assert await pass_hours(3) == ([], 0)
            if still:
                write(made, "completed", 13)
                assert await pass_hours(2) == (["incomplete"], 1)
            write(made, "paid", 13)
            assert await pass_hours(2) == (["complete"], 0)
        endings = [row["status"] for row in made.breaks() if row["code"] == "source_incomplete"]
        assert endings == ["auto_closed"]


def told(hook: Hook) -> int:
    """In how many messages the source stands."""
    messages: list[dict[str, Any]] = [body for path, body in hook.calls if path == "/a"]
    return sum("orders.web" in body["message"] for body in messages)
