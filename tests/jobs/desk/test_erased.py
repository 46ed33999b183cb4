"""Where a customer alone kept an order and a charge apart, what was written before an erasure says so."""

import asyncio
import csv
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from jobs.config.config import load
from jobs.run.opening.store import open_ready_store
from jobs.run.rejudging import taken_out_since
from recon.sandbox.worlds.files import ORDER_COLUMNS, write_csv
from recon.sandbox.worlds.world import World
from recon.store.desk.workbook_bytes import content_of, sha256_of
from recon.store.engine import writing
from recon.store.runs.record import RunAccount, RunRecord, StoredRun
from recon.store.tables.desk import WORKBOOK_CHUNK
from recon.store.versions.customers import keep_from
from tests.kit.job import FIRST, Job, job
from tests.kit.rotated_keys import book_of, configure, done, hashes, recon
from tests.kit.sandbox import serve
from tests.kit.small_config import configured
from tests.kit.store_samples import opened

CUSTOMER = "buyer-canary@example.com"
TAKEN_OUT = ": what only the customer told apart is linked by amount and time since"


def part(made: Job) -> str:
    """An order and its charge name two customers from now on, and nothing else; the order's id."""
    path = made.orders("th")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    paid = {
        str(charge.metadata["order_id"]): charge
        for charge in made.world.books["th"].charges
        if charge.paid_at and not charge.refunds and "order_id" in charge.metadata
    }
    amounts = [(charge.amount, charge.currency) for charge in made.world.books["th"].charges]
    row = next(
        row
        for row in rows
        if row["created_at"].startswith(str(FIRST))
        and row["status"] == "paid"
        and not row["charge_id"]
        and (charge := paid.get(row["order_id"]))
        if amounts.count((charge.amount, charge.currency)) == 1
    )
    charge = paid[row["order_id"]]
    charge.metadata = {"customer_email": "somebody-else@example.com"}
    charge.description = None
    row["customer_email"] = CUSTOMER
    write_csv(path, ORDER_COLUMNS, rows)
    return row["order_id"]


Kept = tuple[World, Path, str]  # the merchant's world and folder, Omise's address; to be copied, never changed


async def signed(folder: Path) -> Kept:
    """A merchant whose customers alone keep an order and a charge apart, and whose workbook of that is signed."""
    async with job(folder, orders=30, accounts=("th",), plant=False) as made:
        configure(made)
        order_id = part(made)
        book = book_of((await made.run(report=True)).reports)
        assert [known for known in made.breaks() if known["order_id"] == order_id]
        done(made, "sign", str(book), "--as", "preparer", "--reason", "known")
        return made.world, folder, made.server.url


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return asyncio.run(signed(tmp_path_factory.mktemp("signed")))


@asynccontextmanager
async def copy_of(kept: Kept, folder: Path) -> AsyncIterator[Job]:
    """That merchant once more, served until the block ends."""
    world, before, url = kept
    shutil.copytree(before, folder, dirs_exist_ok=True)
    async with serve(world) as running:
        config = folder / "config.toml"
        config.write_text(config.read_text(encoding="utf-8").replace(url, running.url), encoding="utf-8")
        yield Job(folder, world, running, config)


@pytest.mark.parametrize("report", [False, pytest.param(True, marks=pytest.mark.proof)])
@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("erase", "--customer", CUSTOMER), "a customer was erased on "),
        pytest.param(("retention", "apply"), "customers of before ", marks=pytest.mark.proof),
    ],
)
async def test_what_was_written_before_names_the_erasure(
    tmp_path: Path, kept: Kept, words: tuple[str, ...], named: str, report: bool
) -> None:
    async with copy_of(kept, tmp_path) as made:
        book = book_of((tmp_path / "reports").iterdir())
        await asyncio.to_thread(done, made, *words)
        verified = recon(made, "verify", str(book))
        assert verified.exit_code == 1
        assert f"{book}: untouched" in verified.stdout
        assert "data: changed since" in verified.stdout
        assert f"possible cause: {named}" in verified.stdout
        assert TAKEN_OUT in verified.stdout
        assert "edited" not in verified.stdout
        outcome = await made.run(report=report)
        [unsigned] = outcome.unsigned
        assert named in unsigned.words
        if report:
            done(made, "verify", str(book_of(outcome.reports)), "--audit")


async def test_a_damaged_copy_of_a_signed_workbook_is_replaced_by_the_file_that_stands(
    tmp_path: Path, kept: Kept
) -> None:
    async with copy_of(kept, tmp_path) as made:
        book = book_of((tmp_path / "reports").iterdir())
        store = open_ready_store(load(made.config, {}, needs=()))
        with writing(store) as connection:
            connection.execute(update(WORKBOOK_CHUNK).values(content=b"damaged"))
        assert book_of((await made.run(report=True)).reports) == book, "signed, and its result is the same"
        assert content_of(store, sha256_of(book.read_bytes())) == book.read_bytes()
        store.dispose()


@pytest.mark.parametrize(("hour", "names"), [(16, False), (18, True)])
def test_a_cause_counts_from_the_first_midnight_of_the_account(tmp_path: Path, hour: int, names: bool) -> None:
    """The first day of a range begins in Bangkok at 17:00 UTC on the day before."""
    config = load(configured(tmp_path), {}, needs=())
    now, first = datetime(2026, 3, 9, tzinfo=UTC), date(2026, 3, 1)
    run = RunRecord(now, now, now, "test", "run", {}, "0", "d", "complete", {})
    for store in opened("sqlite", tmp_path):
        with writing(store) as connection:
            keep_from(connection, datetime(2026, 2, 28, hour, tzinfo=UTC), now + timedelta(hours=1))
        stored = StoredRun(1, run, (RunAccount("th", first, first, {}, "d"),))
        assert bool(taken_out_since(config, store, stored, ["th"])) == names
        assert taken_out_since(config, store, stored, ["jp"]) == []


async def test_by_a_clock_that_is_ahead_nothing_is_past_its_time(
    tmp_path: Path, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with copy_of(kept, tmp_path) as made:
        before = hashes(made)
        monkeypatch.setattr("jobs.cli.keys.clock", lambda: datetime.now(UTC) + timedelta(days=4_000))
        result = await asyncio.to_thread(recon, made, "retention", "apply")
        assert (result.exit_code, "clock is 4000 days ahead of Omise's" in result.stderr) == (2, True)
        assert hashes(made) == before
