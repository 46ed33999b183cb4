"""What holds of every command: impossible days and a store of a newer version end with 2, later moments are told."""

import asyncio
import re
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jobs.cli.app import COMMANDS, app, load_command
from recon import people
from recon.extras import advice
from recon.store.engine import to_micros
from tests.kit.job import done_once, judged_as
from tests.kit.page import CHEAP
from tests.kit.retries import retry_at_once

# Words that a command needs besides its name, to come as far as its store.
RANGE = ("--from", "2026-03-02", "--to", "2026-03-03")
SOON = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
WORDS: dict[str, tuple[str, ...]] = {
    "erase": ("--customer", "somchai@example.com"),
    "run": ("--no-pull", "--no-report", *RANGE),
    "pull": RANGE,
    "report": RANGE,
    "backfill": RANGE,
    "matches list": RANGE,
    "breaks show": ("BRK",),
    "breaks assign": ("BRK", "--to", "ann"),
    "breaks note": ("BRK", "seen"),
    "breaks acknowledge": ("BRK", "--until", SOON),
    "breaks resolve": ("BRK", "--reason", "timing"),
    "breaks link": ("BRK", "ord-1", "chrg_1"),
    "breaks write-off": ("BRK", "--reason", "timing"),
    "breaks ignore": ("--code", "order_missing", "--until", SOON, "--reason", "x"),
    "breaks approve": ("BRK",),
    "breaks reject": ("BRK", "--reason", "x"),
    "breaks undo": ("BRK",),
    "patterns end": ("rul_1",),
    "breaks reopen": ("BRK",),
    "rulings export": ("out.xlsx",),
    "runs show": ("1",),
    "runs diff": ("1", "1"),
    "verify": ("--audit",),
    "sign": ("BOOK", "--as", "preparer"),
    "users add": ("ann", "--role", "viewer"),
    "users disable": ("ann",),
    "users link": ("ann", "--subject", "s-1", "--issuer", "https://login.example"),
    "users password": ("ann",),
    "tokens add": ("script", "--role", "viewer"),
    "tokens revoke": ("script",),
    "db archive": ("--before", "2026-02-01"),
    "db backup": ("copy.db",),
    "db copy": ("sqlite:///copied.db",),
    "db repair": ("--clock", "--dry-run"),
}
WITHOUT_STORE = {"init", "demo", "sandbox", "rules", "methods", "presets list", "rulings import", "serve", "worker"}


def commands() -> list[str]:
    names = []
    for name in COMMANDS:
        inner = getattr(load_command(name), "commands", {})
        names += [f"{name} {other}" for other in inner] or [name]
    return [name for name in names if name not in WITHOUT_STORE]


# check has an item, a pull and a backfill name it among what is not complete, an upgrade only knows tables.
SAYS_OTHERWISE = ("check", "pull", "backfill", "db upgrade")
RANGED = [name for name in ("run", "pull", "report", "backfill", "matches list") if name in commands()]


@pytest.fixture(scope="module")
def kept() -> Path:
    _, folder, _, _ = asyncio.run(done_once(("th",)))
    return folder


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers at its Omise's address any more; and passwords are cheap."""
    retry_at_once(monkeypatch)
    monkeypatch.setattr(people, "_HASHER", CHEAP)


@pytest.fixture
def folder(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it."""
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def copied(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One copy for all who are refused."""
    return Path(shutil.copytree(kept, tmp_path_factory.mktemp("copied"), dirs_exist_ok=True))


@pytest.fixture(scope="module")
def newer(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One copy, of a newer version."""
    folder = Path(shutil.copytree(kept, tmp_path_factory.mktemp("newer"), dirs_exist_ok=True))
    changed(folder, "update alembic_version set version_num = '9999'")
    return folder


def changed(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / "recon.db")
    connection.execute("pragma synchronous = off")
    connection.execute(statement)
    connection.commit()
    connection.close()


def recon(folder: Path, name: str, *words: str) -> tuple[int, str]:
    """The exit code and stderr of a command on the folder's store."""
    connection = sqlite3.connect(folder / "recon.db")
    [break_id] = connection.execute("select max(id) from break where status = 'open'").fetchone()
    connection.close()
    book = str(next((folder / "reports").glob("settlement_th*.xlsx")))
    filled = [{"BRK": break_id or "", "BOOK": book}.get(word, word) for word in (*name.split(), *words)]
    environ = {"RECON_CONFIG": None, "RECON_PASSWORD": "a long pass phrase"}
    result = CliRunner().invoke(
        app, ["--config", "config.toml", *filled], env=environ, input="a long pass phrase\n" * 2
    )
    assert "Traceback" not in result.output
    return result.exit_code, result.stderr


IMPOSSIBLE = {
    "the first day of all": ("--from", "0001-01-01"),
    "the first day to the first": ("--from", "0001-01-01", "--to", "0001-01-01"),
    "the last day of all": ("--from", "9999-12-31"),
    "up to the last day": ("--from", "2026-03-02", "--to", "9999-12-31"),
    "the last day twice": ("--from", "9999-12-31", "--to", "9999-12-31"),
    "up to the first day": ("--to", "0001-01-01"),
    "reversed": ("--from", "2026-03-03", "--to", "2026-03-02"),
    "tomorrow": ("--from", f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d}"),
    "no day": ("--from", "2026-02-30"),
    "an as-of to come": (*RANGE, "--as-of", "2062-01-01T00:00:00Z"),
    "an as-of in an hour": (*RANGE, "--as-of", f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"),
    "the last as-of of all": (*RANGE, "--as-of", "9999-12-31T23:59:59-12:00"),
    "the first as-of of all": (*RANGE, "--as-of", "0001-01-01T00:00:00+14:00"),
    "an as-of without an offset": (*RANGE, "--as-of", "2026-03-03T00:00:00"),
}


@pytest.mark.parametrize("words", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
@pytest.mark.parametrize("name", RANGED)
def test_days_and_moments_that_cannot_be_end_with_2(
    copied: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(copied)
    before = (copied / "recon.db").read_bytes()
    options = ("--no-pull",) if name == "run" else ()
    code, told = recon(copied, name, *options, *words)
    assert code == 2, told
    assert (copied / "recon.db").read_bytes() == before


@pytest.mark.parametrize("name", commands())
def test_a_store_of_a_newer_version_ends_with_2(newer: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(newer)
    before = (newer / "recon.db").read_bytes()
    code, told = recon(newer, name, *WORDS.get(name, ()))
    assert code == 2, told
    assert (newer / "recon.db").read_bytes() == before
    if name != "check":  # its table is its answer
        assert "later than this software knows" in told


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.proof if name in ("report", "run", "sign") else ())  # which judge first
        for name in commands()
        if name not in SAYS_OTHERWISE
    ],
)
def test_a_store_that_knows_a_later_moment_says_so_once(folder: Path, name: str) -> None:
    later = to_micros(datetime.now(UTC) + timedelta(days=3))
    changed(folder, f"update run set as_of = {later}")
    _, told = recon(folder, name, *WORDS.get(name, ()))
    if name == "db repair":
        assert "later moment" not in told, "it is the answer"
        return
    assert len(re.findall("the store knows a later moment than now", told)) == 1, told
    assert "recon db repair --clock" in told


def test_check_fails_and_a_run_is_not_complete(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    *_, outcome = asyncio.run(done_once(("th",)))
    judged_as(outcome, monkeypatch)
    changed(folder, f"update run set as_of = {to_micros(datetime.now(UTC) + timedelta(days=3))}")
    code, _ = recon(folder, "check")
    assert code == 2
    code, told = recon(folder, "run", *WORDS["run"])
    assert code == 3
    assert "later moment" in told


def test_repair_wants_to_know_what_and_whose_clock(folder: Path) -> None:
    code, told = recon(folder, "db repair")
    assert (code, "say what: --clock" in told) == (2, True)
    code, told = recon(folder, "db repair", "--clock")  # nobody answers at Omise's address
    assert (code, "say --trust-clock" in told) == (2, True)
    changed(folder, f"update run set as_of = {to_micros(datetime.now(UTC) + timedelta(days=3))}")
    assert recon(folder, "db repair", "--clock", "--trust-clock")[0] == 0
    assert (folder / "recon.db.before-repair.bak").is_file()
    assert recon(folder, "runs list") == (0, "")


def test_a_copy_names_no_password_and_overwrites_nothing(folder: Path) -> None:
    code, told = recon(folder, "db copy", "mysql://ann:hunter2@host/recon")
    assert (code, "neither sqlite:///PATH nor postgresql://" in told, "hunter2" in told) == (2, True, False)
    code, told = recon(folder, "db copy", "postgresql://ann:hunter2@host:hunter2/recon")
    assert (code, "neither sqlite:///PATH nor postgresql://" in told, "hunter2" in told) == (2, True, False)
    assert recon(folder, "db copy", "sqlite:///copied.db") == (0, "store: sqlite:///copied.db\n")
    before = (folder / "copied.db").read_bytes()
    code, told = recon(folder, "db copy", "sqlite:///copied.db")
    assert (code, "the target is not empty, nothing was written: rows in account" in told) == (2, True)
    assert (folder / "copied.db").read_bytes() == before
    changed(folder, f"update attempt set ended_at = null, beat_at = {to_micros(datetime.now(UTC))}")
    code, told = recon(folder, "db copy", "sqlite:///other.db")
    assert (code, "a run of th goes on" in told) == (2, True)
    assert not (folder / "other.db").exists()


def test_a_copy_to_postgresql_without_its_driver_says_how_to_install_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.cli.db.missing", advice)
    code, told = recon(folder, "db copy", "postgresql://ann:hunter2@host/recon")
    assert (code, told) == (2, "the target needs psycopg: pip install 'omise-recon[postgres]'\n")
