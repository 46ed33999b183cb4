"""`recon db archive` on a merchant's store: runs go on as before, the backup is whole, mistakes are told."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jobs import config as configuration
from jobs.archive_command import archive, cut_at
from jobs.cli import app
from jobs.outcome import JobError
from jobs.run import open_ready_store
from recon.store.archive import folder_of
from recon.store.engine import open_store
from reports.verify import digests
from tests.archived_store import rows_of
from tests.job import Job, clock, finished_job
from tests.small_config import configured

LATER = timedelta(days=3)


async def test_runs_go_on_as_before_and_a_backup_is_whole(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th",)) as (merchant, _):
        orders, then = merchant.orders("th"), clock()
        orders.write_text(orders.read_text(encoding="utf-8").replace(",paid,", ",pending,", 3), encoding="utf-8")
        await merchant.run()
        before = await merchant.run(report=True)
        breaks, books = merchant.breaks(), [path.read_bytes() for path in before.reports]
        at_that_time = await as_of(merchant, then)
        config = configuration.load(merchant.config, {})
        store = open_ready_store(config)
        rows = rows_of(store)
        moved = archive(config, (clock() + LATER).date(), clock() + 2 * LATER)
        assert moved["moved"]["order"] == {"versions": 3, "raw": 0}
        assert moved["moved"]["charge"]["raw"] > 50
        assert moved["store_bytes_after"] < moved["store_bytes_before"]
        assert (moved["note"], moved["folder"]) == ("", str(folder_of(store)))
        assert rows_of(store) == rows
        after = await merchant.run(report=True)
        assert (after.pulled["th"]["new"], after.pulled["th"]["changed"]) == (0, 0)
        assert [path.read_bytes() for path in after.reports] == books
        assert merchant.breaks() == breaks
        assert rows_of(store) == rows
        assert await as_of(merchant, then) == at_that_time, "the orders as they were are in the archive alone"
        copy = tmp_path / "copies" / "recon.db"
        copy.parent.mkdir()
        words = ["--config", str(merchant.config), "db", "backup", str(copy)]
        assert CliRunner().invoke(app, words).exit_code == 0
        copied = open_store(f"sqlite:///{copy}")
        assert rows_of(copied) == rows
        copied.dispose()
        (folder_of(store) / moved["files"][0]).unlink()
        store.dispose()
        failed = CliRunner().invoke(app, [*words[:-1], str(tmp_path / "other.db")])
        assert (failed.exit_code, moved["files"][0] in failed.stderr) == (2, True)


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
        archive(config, date(2026, 3, 1), datetime(2026, 2, 28, 16, tzinfo=UTC))


def test_an_empty_store_has_nothing_to_archive_and_the_folder_is_the_configured_one(tmp_path: Path) -> None:
    path = configured(tmp_path)
    path.write_text(path.read_text().replace("[store]", '[store]\narchive = "old"'))
    words = ["--config", str(path), "db", "archive", "--before", "2026-03-01"]
    assert CliRunner().invoke(app, words).stdout == "nothing to do\n"
    said = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert (said["moved"], said["files"], said["folder"]) == ({}, [], str(tmp_path / "old"))
    assert CliRunner().invoke(app, [*words[:-1], "9999-01-01"]).exit_code == 2
    assert CliRunner().invoke(app, [*words[:-1], "never"]).exit_code == 2
