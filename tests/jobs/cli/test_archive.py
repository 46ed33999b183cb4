"""`recon db archive` on a merchant's store: runs go on as before, the backup is whole, mistakes are told."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from typer.testing import CliRunner

from jobs.check import check_all
from jobs.cli.app import app
from jobs.cli.db import archive, cut_at
from jobs.config import config as configuration
from jobs.config.config import Config
from jobs.run.opening.store import open_ready_store
from jobs.run.outcome import JobError, Outcome
from jobs.setup.reading import WARNING
from recon.people import Person, Role
from recon.store.desk.people import Act, add_user
from recon.store.engine import open_store
from recon.store.versions.archive import ArchiveError, folder_of
from reports.verify.digests import digests
from tests.kit.archived_store import rows_of
from tests.kit.job import Job, clock, finished_job
from tests.kit.page import Trusting, paged
from tests.kit.small_config import configured

LATER = timedelta(days=3)


@pytest.mark.proof
async def test_runs_go_on_as_before_and_a_backup_is_whole(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th",)) as (merchant, _):
        orders, then = merchant.orders("th"), clock()
        orders.write_text(orders.read_text(encoding="utf-8").replace(",paid,", ",pending,", 3), encoding="utf-8")
        await merchant.run()
        config = configuration.load(merchant.config, {})
        store = open_ready_store(config)
        add_user(store, Person("anna", Role.ANALYST), "", Act("ada", clock()))
        before = await merchant.run(report=True)
        breaks, books = merchant.breaks(), parts(before)
        at_that_time = await as_of(merchant, then)
        rows = rows_of(store)
        moved = archive(config, (clock() + LATER).date(), clock() + 2 * LATER, "ada")
        assert moved["moved"]["order"] == {"versions": 3, "raw": 0}
        assert moved["moved"]["charge"]["raw"] > 50
        assert moved["store_bytes_after"] < moved["store_bytes_before"]
        assert (moved["note"], moved["folder"]) == ("", str(folder_of(store)))
        assert rows_of(store) == rows
        after = await merchant.run(report=True)
        assert (after.pulled["th"]["new"], after.pulled["th"]["changed"]) == (0, 0)
        assert after.audit_head != before.audit_head
        assert parts(after) == books, "the head of the audit chain alone is another one"
        assert merchant.breaks() == breaks
        assert rows_of(store) == rows
        assert await as_of(merchant, then) == at_that_time, "the orders as they were are in the archive alone"
        copy = tmp_path / "copies" / "recon.db"
        copy.parent.mkdir()
        words = ["--config", str(merchant.config), "db", "backup", str(copy)]
        assert CliRunner().invoke(app, words).exit_code == 0
        of_today = CliRunner().invoke(app, [*words[:-1], str(copy.parent)])
        assert of_today.stdout.strip() == str(copy.parent / f"recon-{datetime.now(UTC):%Y-%m-%d}.db")
        assert Path(f"{of_today.stdout.strip()}.archive").is_dir()
        copied = open_store(f"sqlite:///{copy}")
        assert rows_of(copied) == rows
        copied.dispose()
        store.dispose()
        await lost(merchant, config, then, next(one for one in moved["files"] if one.startswith("order-")))


async def lost(merchant: Job, config: Config, then: datetime, name: str) -> None:
    """A file of orders that is not there any more: told by whoever needs it, and by `recon check`."""
    (folder,) = merchant.folder.glob("*.archive")
    (folder / name).unlink()
    words = ["--config", str(merchant.config), "db", "backup", str(merchant.folder / "other.db")]
    failed = CliRunner().invoke(app, words)
    assert (failed.exit_code, name in failed.stderr) == (2, True)
    (item,) = [one for one in await check_all(lambda: config, clock) if one.what == "archive"]
    assert (item.result, name in item.details) == (WARNING, True)
    with pytest.raises(ArchiveError, match=name):
        await as_of(merchant, then)
    subjects = [one["id"] for one in merchant.breaks() if one["code"] == "order_not_marked_paid"]
    async with paged(merchant.config, Trusting()) as site, site.login("anna") as visitor:
        texts = [await visitor.text(f"/breaks/{one}") for one in subjects]
    hidden = [text for text in texts if "Older versions are not shown" in text]
    assert hidden
    assert all('<th scope="row">Amount</th>' in text for text in hidden), "what is known now is shown all the same"


def parts(outcome: Outcome) -> list[dict[str, bytes]]:
    """What is in each workbook, without the head of the audit chain."""
    head, found = str(outcome.audit_head).encode(), []
    for path in outcome.reports:
        with ZipFile(path) as book:
            found.append({name: book.read(name).replace(head, b"") for name in book.namelist()})
    return found


async def as_of(merchant: Job, moment: datetime) -> list[Any]:
    """The digests of what was known at a moment."""
    outcome = await merchant.run(pull=False, record=False, as_of=moment)
    return [digests(one) for one in outcome.results]


def test_the_day_begins_at_midnight_in_each_account_s_zone(tmp_path: Path) -> None:
    config = configuration.load(configured(tmp_path), {}, ())
    cut = cut_at(config, date(2026, 3, 1))
    assert cut.of("th") == datetime(2026, 2, 28, 17, tzinfo=UTC)
    assert cut.of("jp") == datetime(2026, 2, 28, 15, tzinfo=UTC)
    assert cut.of("no longer configured") == datetime(2026, 2, 28, 10, tzinfo=UTC)
    with pytest.raises(JobError, match="future"):
        archive(config, date(2026, 3, 1), datetime(2026, 2, 28, 16, tzinfo=UTC), "ada")


def test_an_empty_store_has_nothing_to_archive_and_the_folder_is_the_configured_one(tmp_path: Path) -> None:
    path = configured(tmp_path)
    path.write_text(path.read_text().replace("[store]", '[store]\narchive = "old"'))
    words = ["--config", str(path), "db", "archive", "--before", "2026-03-01"]
    assert CliRunner().invoke(app, words).stdout == "nothing to do\n"
    said = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert (said["moved"], said["files"], said["folder"]) == ({}, [], str(tmp_path / "old"))
    assert CliRunner().invoke(app, [*words[:-1], "9999-01-01"]).exit_code == 2
    assert CliRunner().invoke(app, [*words[:-1], "never"]).exit_code == 2
