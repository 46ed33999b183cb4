"""A store that a run with a wrong clock poisoned, repaired, is after the next nights what one is that never was.

The gateway takes Omise's `Date` out, as some do: else such a run would not have begun.
"""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from jobs import demo
from jobs.cli.db import repair
from jobs.config import config as configuration
from jobs.run.outcome import Outcome, RunOptions
from jobs.run.run import run
from recon.sandbox.worlds.world import make_world
from recon.store.desk import audit
from recon.store.engine import open_store, reading
from recon.store.moments import later_words
from recon.store.runs.record import list_breaks
from recon.store.tables import BREAK_EVENT, PULL_WINDOW, RUN, RUN_ACCOUNT
from reports.documents import break_document
from tests.kit.job import FIRST, Silent
from tests.kit.sandbox import Sandbox, serve
from tests.kit.store_samples import DATABASES, fresh_url

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NIGHTS = [datetime(2026, 3, day, 20, tzinfo=UTC) for day in (3, 4, 5, 6)]
WORLD = make_world(3, FIRST, FIRST + 3 * DAY, 30, ("th",))


@dataclass
class House:
    """One merchant's job on one store, under a clock that is moved by hand."""

    folder: Path
    url: str
    server: Sandbox
    path: Path

    async def night(self, at: datetime, ahead: timedelta = timedelta()) -> Outcome:
        """What runs by itself at a moment, on a machine whose clock is ahead."""
        self.server.set_moment(at)
        options = RunOptions(by="test", report=False)
        return await run(configuration.load(self.path, {}), options, lambda: at + ahead, Silent())

    async def repaired(self, at: datetime, **options: Any) -> dict[str, Any]:
        return await repair(configuration.load(self.path, {}), lambda: at, "test", trusted=True, **options)

    def later(self, at: datetime) -> str:
        store = open_store(self.url)
        try:
            return later_words(store, at)
        finally:
            store.dispose()

    def left(self) -> dict[str, Any]:
        """Breaks, marks and the digests of every night's result; and whether the audit chain holds."""
        store = open_store(self.url)
        try:
            with reading(store) as connection:
                window = PULL_WINDOW.c
                kept = (window.kind, window.start_at, window.end_at, window.total, window.stored, window.complete)
                marks = sorted(tuple(row) for row in connection.execute(select(*kept)))
                results = connection.execute(
                    select(RUN.c.as_of, RUN.c.status, RUN_ACCOUNT.c.first_day, RUN_ACCOUNT.c.result_digest)
                    .join(RUN_ACCOUNT, RUN_ACCOUNT.c.run_id == RUN.c.id)
                    .order_by(RUN.c.as_of)
                ).all()
                events = sorted(
                    tuple(row)
                    for row in connection.execute(
                        select(BREAK_EVENT.c.break_id, BREAK_EVENT.c.what, BREAK_EVENT.c.at)
                    )
                )
            return {
                "breaks": sorted((break_document(known, {}) for known in list_breaks(store)), key=lambda b: b["id"]),
                "marks": marks,
                "results": [tuple(row) for row in results],
                "events": events,
                "audit": audit.prove(store, ()),
            }
        finally:
            store.dispose()


async def house(stack: AsyncExitStack, folder: Path, database: str) -> House:
    server = await stack.enter_async_context(serve(WORLD, moment=NIGHTS[0]))
    server.set_date("none")
    path = demo.prepare(WORLD, folder, server.url)
    url = fresh_url(database, folder)
    path.write_text(path.read_text(encoding="utf-8").replace("sqlite:///recon.db", url), encoding="utf-8")
    return House(folder, url, server, path)


@pytest.mark.proof
@pytest.mark.parametrize("poisoned", [0, 2], ids=["the first night", "the third night"])
@pytest.mark.parametrize("ahead", [3 * DAY, 13_149 * DAY], ids=["three days", "2062"])
@pytest.mark.parametrize("database", DATABASES)
async def test_repaired_and_then_nights_is_as_never_poisoned(
    tmp_path: Path, database: str, ahead: timedelta, poisoned: int
) -> None:
    async with AsyncExitStack() as stack:
        clean = await house(stack, tmp_path / "clean", database)
        other = await house(stack, tmp_path / "other", database)
        for number, at in enumerate(NIGHTS):
            if number == poisoned:
                assert (await other.night(at - HOUR, ahead)).complete, "nobody could know"
                assert "the store knows a later moment than now" in other.later(at - HOUR / 2)
                seen = await other.repaired(at - HOUR / 2, dry=True)
                done = await other.repaired(at - HOUR / 2)
                assert seen["counts"] == done["counts"]
                assert len(done["undone_runs"]) == 1
                assert other.later(at - HOUR / 2) == ""
                assert (await other.repaired(at - HOUR / 2))["counts"] == {}, "once is enough"
            for each in (clean, other):
                outcome = await each.night(at)
                assert not [words for words in outcome.messages if "later moment" in words]
        assert other.left() == clean.left()
