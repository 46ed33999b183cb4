"""Damage, full disks, locks and readers that hang up: told in words with what to do, never a traceback, never a 1."""

import asyncio
import errno
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import DatabaseError, OperationalError
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.config import config as configuration
from jobs.run import run as running
from jobs.run.judging import Findings, find
from jobs.run.judging_request import JudgingRequest
from jobs.run.outcome import RunOptions
from jobs.run.reporting import write_reports
from recon.store.damage import trouble
from recon.store.engine import Store
from reports.workbook.write import remove_left, replacing
from tests.kit.job import FIRST, LAST, Silent, clock, done_once
from tests.kit.places import ROOT
from tests.kit.retries import retry_at_once
from tests.kit.small_config import configured


@pytest.fixture(scope="module")
def kept() -> Path:
    _, folder, _, _ = asyncio.run(done_once(("th",)))
    return folder


@pytest.fixture
def folder(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it; nobody answers at its Omise's address any more."""
    retry_at_once(monkeypatch)
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    return tmp_path


def recon(folder: Path, *words: str) -> tuple[int, str, str]:
    config = str(folder / "config.toml")
    result = CliRunner().invoke(app, ["--config", config, *words], env={"RECON_CONFIG": None})
    assert "Traceback" not in result.output
    return result.exit_code, result.stdout, result.stderr


def lost(text: str, name: str = "") -> OperationalError:
    driver = sqlite3.OperationalError(text)
    if name:
        driver.sqlite_errorname = name
    return OperationalError("select 1", {}, driver)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (lost("database is locked"), "run again when it is over"),
        (DatabaseError("x", {}, sqlite3.DatabaseError("database disk image is malformed")), "the store is damaged"),
        (DatabaseError("x", {}, sqlite3.DatabaseError("file is not a database")), "go back to the last copy"),
        (lost("disk I/O error"), "the store is damaged"),
        (lost("disk I/O error", "SQLITE_IOERR_SHMSIZE"), "the disk is full: make room"),
        (lost("disk I/O error", "SQLITE_IOERR_WRITE"), "the disk is full: make room"),
        (lost("disk I/O error", "SQLITE_IOERR_READ"), "the store is damaged"),
        (lost("database or disk is full"), "the disk is full: make room"),
        (lost("attempt to write a readonly database"), "look at the rights"),
        (lost("unable to open database file"), "look at the rights"),
        (sqlite3.OperationalError("database or disk is full"), "the disk is full"),
        (psycopg.errors.DiskFull("could not extend file: No space left on device"), "the disk is full"),
        (psycopg.errors.DataCorrupted("invalid page in block 7 of relation base/1/2"), "the store is damaged"),
        (psycopg.OperationalError("connection refused"), "cannot be reached: is it running?"),
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "the disk is full"),
        (OSError(errno.EIO, "Input/output error"), ""),
        (ValueError("database is locked"), ""),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_an_error_means(error: Exception, words: str) -> None:
    said = trouble(error)
    assert words in said
    assert bool(said) == bool(words)


def no_file(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to be read as one" * 40)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def zeroed(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for page in range(3, len(data) // 4096):
        data[page * 4096 : page * 4096 + 512] = bytes(512)
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("harm", [no_file, cut, zeroed], ids=lambda harm: harm.__name__)
@pytest.mark.parametrize(
    "words", [("check",), ("breaks", "list"), ("report", "--from", "2026-03-02", "--to", "2026-03-04")]
)
def test_a_damaged_store_is_told_with_what_to_do(folder: Path, harm: Any, words: tuple[str, ...]) -> None:
    harm(folder / "recon.db")
    code, out, told = recon(folder, *words)
    assert code == (2 if words == ("check",) else 3), told
    said = " ".join((out + told).replace("│", " ").split())
    assert "damaged" in said or "last copy" in said or "malformed" in said, said


def test_check_finds_one_wrong_page_that_no_command_reads(folder: Path) -> None:
    connection = sqlite3.connect(folder / "recon.db")
    connection.execute("pragma wal_checkpoint(truncate)")
    name = "ix_charge_account_created_at"
    [root] = connection.execute("select rootpage from sqlite_master where name = ?", (name,)).fetchone()
    [size] = connection.execute("pragma page_size").fetchone()
    connection.close()
    data = bytearray((folder / "recon.db").read_bytes())
    data[(root - 1) * size + 200 : root * size] = bytes(size - 200)
    (folder / "recon.db").write_bytes(bytes(data))
    code, out, told = recon(folder, "check")
    assert code == 2
    assert "FAILED" in out + told


ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": ""}


def piped(folder: Path, shell: str) -> "subprocess.CompletedProcess[str]":
    command = f"{sys.executable} -m tests.kit.recon_process --config {folder / 'config.toml'}"
    line = f"set -o pipefail; {shell.replace('recon', command)}"
    return subprocess.run(["bash", "-c", line], env=ENVIRON, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("shell", "code"),
    [
        ("recon breaks list | head -0", 0),
        pytest.param("recon breaks list --json | head -c 1", 0, marks=pytest.mark.proof),
        pytest.param("recon rules | head -1", 0, marks=pytest.mark.proof),
        ("recon breaks list > /dev/full", 3),
        pytest.param("recon breaks list --json > /dev/full", 3, marks=pytest.mark.proof),
        pytest.param("recon runs list 2> /dev/full", 0, marks=pytest.mark.proof),
        pytest.param("recon report --from 2026-03-02 --to 2026-03-04 2>&1 | head -0", 0, marks=pytest.mark.proof),
    ],
)
def test_a_reader_that_hangs_up_is_no_traceback_and_no_1(folder: Path, shell: str, code: int) -> None:
    ended = piped(folder, shell)
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr
    assert ended.returncode == code, ended.stderr


@pytest.mark.parametrize("words", [("breaks", "approve", f"rul_{2**63}"), ("runs", "list", "--limit", str(2**63))])
def test_a_number_that_no_database_holds_is_a_mistake(folder: Path, words: tuple[str, ...]) -> None:
    assert recon(folder, *words)[0] == 2


def test_parts_of_a_killed_run_go_and_those_of_one_that_lives_stay(tmp_path: Path) -> None:
    left = tmp_path / ".settlement_th_2026-03-02_2026-03-04.xlsx.0123.part"
    left.write_bytes(b"half a workbook")
    with replacing(tmp_path / "settlement_jp.xlsx") as file:
        file.write(b"whole")
        remove_left(tmp_path)
        assert not left.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["settlement_jp.xlsx"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        pytest.param(ValueError("a sheet's name is too long"), marks=pytest.mark.proof),
    ],
    ids=str,
)
def test_a_report_that_fails_takes_nothing_of_the_recorded_run(
    folder: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    found: list[Findings] = []

    def judged_once(store: Store, request: JudgingRequest) -> Findings:
        found.extend([] if found else [find(store, request)])
        return found[0]

    monkeypatch.setattr("jobs.run.stages.find", judged_once)
    monkeypatch.setattr("jobs.run.stages.write_reports", fail)
    code, out, told = recon(folder, "run", "--no-pull", "--from", "2026-03-02", "--to", "2026-03-04", "--json")
    document = json.loads(out)
    assert (code, document["status"]) == (3, "incomplete")
    assert document["run_id"] == 2
    assert document["accounts"][0]["orders"] > 0
    assert "run 2 is recorded; its reports could not be written" in told
    monkeypatch.setattr("jobs.run.stages.write_reports", write_reports)
    assert recon(folder, "report", "--from", "2026-03-02", "--to", "2026-03-04")[0] == 0


async def test_another_run_that_goes_on_is_named(folder: Path) -> None:
    config = configuration.load(folder / "config.toml", {})
    connection = sqlite3.connect(folder / "recon.db")
    connection.execute(
        "update attempt set ended_at = null, host = 'elsewhere', beat_at = ?",
        (int(clock().timestamp() * 1_000_000),),
    )
    connection.commit()
    connection.close()
    options = RunOptions(FIRST, LAST, pull=False, by="test", report=False)
    with pytest.raises(Exception, match=r"goes on since .*; run again when it is over"):
        await running.run(config, options, clock, Silent())


def test_today_goes_with_no_other_days_and_no_other_moment(tmp_path: Path) -> None:
    code, out, said = recon(tmp_path, "run", "--today", "--from", "2026-03-02", "--no-pull", "--json")
    assert (code, out) == (2, "")
    assert "--today looks at the day so far, as of now: it does not go with --from and --no-pull" in said


def test_a_store_is_not_opened_where_its_log_finds_no_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = shutil.disk_usage(folder)._replace(free=40_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: room)
    code, _, said = recon(folder, "runs", "list")
    assert (code, said.strip()) == (3, "the disk is full: make room, then run again; what was finished is kept")


JOBS = {
    "report": "",
    "recon journal list": "",
    "db backup /mnt/backups": "",
    "reprot": 'there is no command "reprot" (did you mean "report"?)',
    "report --bogus": "No such option: --bogus",
    "breaks show": "Missing argument 'id'.",
    "db": "a command is missing",
    "run 'x": "No closing quotation",
}


def test_check_says_which_commands_of_the_schedule_cannot_be_run(tmp_path: Path) -> None:
    lines = (
        f'[[schedule.jobs]]\nname = "{at}"\ncron = "0 8 * * *"\ncommand = "{job}"\n' for at, job in enumerate(JOBS)
    )
    configured(tmp_path, "".join(lines))
    _, out, _ = recon(tmp_path, "check", "--json")
    said = {item["details"] for item in json.loads(out)["items"] if item["what"] == "schedule"}
    assert said == {f'schedule.jobs "{at}": {words}' for at, words in enumerate(JOBS.values()) if words}
