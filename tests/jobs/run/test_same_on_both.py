"""One world, judged on SQLite and on PostgreSQL: the same tables, the same JSON, workbooks of the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from jobs import demo
from jobs.cli.answers.documents import run_document
from jobs.config import config as configuration
from jobs.run.outcome import Outcome, RunOptions
from jobs.run.run import run
from recon.sandbox.worlds.world import World, make_world
from recon.store.desk import overview, worklist
from recon.store.engine import Store, open_store, reading
from recon.store.runs import figures
from recon.store.runs.record import list_breaks
from recon.store.schema import METADATA
from recon.store.versions.load import load_matches
from reports.documents import break_document
from reports.verify.digests import digests
from tests.kit.job import FIRST, LAST, Silent, done_once, job
from tests.kit.sandbox import serve
from tests.kit.store_samples import DATABASES, fresh_url

ACCOUNTS = ("th", "jp")
# What names the store itself or one life of a process, and how long its work took.
OF_ITS_OWN = {"run": {"config_digest", "timings"}, "attempt": {"process"}, "masking": {"masked_at", "cleared_at"}}
DAY = timedelta(days=1)
Plan = Sequence[tuple[int, bool]]  # runs: how many days later, and whether with reports


@dataclass
class Kept:
    """What one database holds after a run, and what was said and written."""

    tables: dict[str, list[tuple[Any, ...]]]
    said: dict[str, Any]
    files: dict[str, bytes]


async def runs(world: World, url: str, folder: Path, omise: str, plan: Plan) -> list[Kept]:
    """The runs of a plan, of which each later one finds that the shop has changed an order."""
    path = demo.prepare(world, folder, omise)
    path.write_text(path.read_text(encoding="utf-8").replace("sqlite:///recon.db", url), encoding="utf-8")
    found = []
    for days, report in plan:
        at = world.as_of + days * DAY
        if days:
            orders = folder / "orders" / "orders_th.csv"
            orders.write_text(orders.read_text(encoding="utf-8").replace("paid", "cancelled", 1), encoding="utf-8")
        chosen = RunOptions(FIRST, LAST, as_of=at, by="test", report=report)
        outcome = await run(configuration.load(path, {}), chosen, partial(standing, at), Silent())
        found.append(kept(open_store(url), outcome, at))
    return found


def standing(at: datetime) -> datetime:
    """A clock that stands still."""
    return at


def kept(store: Store, outcome: Outcome, at: datetime) -> Kept:
    """Everything in the store, by table, and all that is shown of it."""
    said = run_document(replace(outcome, timings={}))
    said["reports"] = [Path(name).name for name in said["reports"]]
    today = at.astimezone(UTC).date()
    with reading(store) as connection:
        tables = {}
        for name, table in METADATA.tables.items():
            wanted = [column for column in table.columns if column.name not in OF_ITS_OWN.get(name, ())]
            rows = (tuple(row) for row in connection.execute(select(*wanted)))
            tables[name] = sorted(rows, key=repr)
    said |= {
        "breaks": [break_document(known, {}) for known in list_breaks(store)],
        "matches": load_matches(store, ACCOUNTS).to_dict("records"),
        "open": overview.open_sums(store, None),
        "ages": overview.ages(
            store, None, [worklist.Today(UTC, today, frozenset(ACCOUNTS)), worklist.Today(UTC, today)]
        ),
        "figures": (figures.open_breaks(store), figures.runs_by_status(store), figures.last_good_runs(store)),
        "lists": [
            worklist.find(store, worklist.Filter(), by, down, offset=3, limit=12)
            for by in worklist.SORTS
            for down in (False, True)
        ],
    }
    store.dispose()
    return Kept(tables, said, {path.name: path.read_bytes() for path in outcome.reports})


async def compare(folder: Path, world: World, plan: Plan) -> tuple[list[Kept], list[Kept]]:
    """What the runs of a plan leave on each database, found equal."""
    async with serve(world) as running:
        running.set_date("none")  # the clock stands still in the world's time
        urls = {database: fresh_url(database, folder) for database in DATABASES}
        both = [await runs(world, url, folder / name, running.url, plan) for name, url in urls.items()]
    for ours, theirs in zip(*both, strict=True):
        for name, rows in ours.tables.items():
            assert rows == theirs.tables[name], name
        for name, words in ours.said.items():
            assert words == theirs.said[name], name
        assert ours.files.keys() == theirs.files.keys()
        for name, content in ours.files.items():
            assert content == theirs.files[name], name
    return both[0], both[1]


async def test_a_run_on_postgresql_finds_what_one_on_sqlite_found(tmp_path: Path) -> None:
    """By the digests of the result, and of every sheet's rows; all that the stores hold, in `make proof`."""
    *_, known = await done_once(("th",))
    async with job(tmp_path, orders=60, accounts=("th",)) as merchant:
        text = merchant.config.read_text(encoding="utf-8")
        url = fresh_url("postgresql", tmp_path)
        merchant.config.write_text(text.replace("sqlite:///recon.db", url), encoding="utf-8")
        found = await merchant.run()
        assert [digests(result) for result in found.results] == [digests(result) for result in known.results]
        assert len(merchant.breaks()) == len(known.results[0].breaks) > 40
        store = open_store(url)
        assert len(load_matches(store, ("th",))) >= known.results[0].matched_orders > 20
        store.dispose()


@pytest.mark.proof
async def test_the_same_world_has_the_same_result(tmp_path: Path) -> None:
    """One night of one account."""
    ((found,), _) = await compare(tmp_path, make_world(1, FIRST, LAST, 20, ("th",)), ((0, False),))
    assert found.said["matches"]
    assert found.tables["break"]
    assert {len(page.breaks) for page in found.said["lists"]} == {12}


@pytest.mark.proof
async def test_the_same_world_has_the_same_result_and_workbook_the_day_after(tmp_path: Path) -> None:
    (first, second), _ = await compare(tmp_path, make_world(1, FIRST, LAST, 20, ("th",)), ((0, False), (1, True)))
    assert len(second.files) == 1
    assert first.tables["break"] != second.tables["break"]
    assert len(second.tables["order"]) == len(first.tables["order"]) + 1
