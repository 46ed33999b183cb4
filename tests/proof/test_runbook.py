"""The runbook's commands, run as they stand on its pages, each page over a store of its own."""

import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recon.privacy import key_id
from tests.kit import postgresql
from tests.kit.places import ROOT

pytestmark = pytest.mark.proof
RUNBOOK = ROOT / "docs" / "runbook"
TODAY = datetime.now(UTC).date()
AHEAD_US = 3 * 86_400_000_000
ID = re.compile("brk_[a-z0-9]+")
COMMANDS = {
    "recon": f"#!/bin/sh\nexec {sys.executable} -c 'from jobs.cli.app import main; main()' \"$@\"\n",
    "systemctl": '#!/bin/sh\necho systemctl "$@"\n',
}


@dataclass
class Desk:
    """A folder with a configuration, and the commands that the pages name."""

    folder: Path
    environ: dict[str, str]

    def run(self, lines: str) -> str:
        """A block of a page, in a shell that ends at the first line that fails; what was said."""
        words = ["bash", "-euc", lines]
        done = subprocess.run(words, cwd=self.folder, env=self.environ, capture_output=True, text=True)
        assert done.returncode == 0, f"{lines}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def point_at_database(self) -> None:
        """From now on the store is where RECON_STORE_URL says."""
        settings = self.folder / "config.toml"
        text = settings.read_text(encoding="utf-8").replace('"sqlite:///recon.db"', '{ env = "RECON_STORE_URL" }')
        settings.write_text(text, encoding="utf-8")

    def breaks(self) -> str:
        return self.run("recon breaks list --json")


def blocks(page: str, under: str = "") -> list[str]:
    """What a page, or what stands under one of its heads, says to type."""
    text = (RUNBOOK / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(r"```sh\n(.*?)```", text.partition(under)[2] if under else text, re.DOTALL)


@contextmanager
def own_database(desk: Desk) -> Iterator[None]:
    """A PostgreSQL for the block, which RECON_STORE_URL names."""
    server = postgresql.own_server()
    if server is None:
        pytest.skip("no PostgreSQL of our own here")
    server.start()
    try:
        desk.environ |= {"RECON_STORE_URL": server.url, "PATH": f"{server.binaries}:{desk.environ['PATH']}"}
        yield
    finally:
        server.stop()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A shop whose yesterday was run; its Omise goes on answering."""
    folder = tmp_path_factory.mktemp("runbook")
    (folder / "bin").mkdir()
    for name, text in COMMANDS.items():
        (folder / "bin" / name).write_text(text, encoding="utf-8")
        (folder / "bin" / name).chmod(0o755)
    desk = Desk(folder / "shop", environ={"PATH": f"{folder / 'bin'}:/usr/bin:/bin", "PYTHONPATH": str(ROOT)})
    words = [str(folder / "bin" / "recon"), "sandbox", "--port", "0", "--orders", "120", "--out", str(desk.folder)]
    with subprocess.Popen(words, env=desk.environ, stdout=subprocess.PIPE, text=True) as sandbox:
        try:
            assert sandbox.stdout
            assert sandbox.stdout.readline().startswith("http://")
            first = TODAY - timedelta(days=4)
            desk.run(f"recon run --from {first} --to {TODAY - timedelta(days=1)} --no-report --no-alert")
            yield desk
        finally:
            sandbox.terminate()


@pytest.fixture
def desk(shop: Desk, request: pytest.FixtureRequest) -> Desk:
    """A copy of the shop's folder with its store."""
    folder = shop.folder.with_name(re.sub(r"\W+", "-", request.node.name))
    shutil.copytree(shop.folder, folder)
    return Desk(folder, dict(shop.environ))


@pytest.mark.parametrize("page", ["upgrade", "disk-full", "night-failed", "queue-stuck", "omise-down"])
def test_a_page_is_run_line_by_line(desk: Desk, page: str) -> None:
    typed = blocks(page)
    assert typed
    for block in typed:
        desk.run(block)


def give_keys(desk: Desk) -> dict[str, Path]:
    """A hash key and an audit key, with which the last days are read and judged anew; their files."""
    (desk.folder / "secrets").mkdir()
    paths = {name: desk.folder / "secrets" / f"{name}_key" for name in ("hash", "audit")}
    for name, path in paths.items():
        path.write_text(f"the {name} key that a merchant has had for years\n", encoding="utf-8")
    settings = desk.folder / "config.toml"
    text = settings.read_text(encoding="utf-8")
    audit = 'audit_key = { file = "secrets/audit_key" }'
    text = text.replace("[store]\n", f"[store]\n{audit}\n")
    settings.write_text(f'{text}\n[privacy]\nhash_key = {{ file = "secrets/hash_key" }}\n', encoding="utf-8")
    desk.run("recon run --full --no-report --no-alert")
    desk.run("recon tokens add reader")
    return paths


def names_of_keys(desk: Desk) -> set[str]:
    """Of the customers' hashes that the store's orders have."""
    with closing(sqlite3.connect(desk.folder / "recon.db")) as store:
        found = store.execute('select distinct substr(customer, 1, 8) from "order" where customer is not null')
        return {name for (name,) in found}


def first_key(path: Path) -> str:
    return key_id(path.read_bytes().splitlines()[0])


def test_keys_are_changed(desk: Desk) -> None:
    paths = give_keys(desk)
    assert names_of_keys(desk) == {first_key(paths["hash"])}
    both, mounted = blocks("keys-rotate")
    said = desk.run(both)
    assert "the audit log is proved" in said
    for name, path in paths.items():
        assert f"{name}: key {first_key(path)} goes on after " in said
        assert len(path.read_bytes().splitlines()) == 2
    said = desk.run(mounted)
    assert f"hash: key {first_key(paths['hash'])} goes on after " in said
    assert len(paths["hash"].read_bytes().splitlines()) == 3
    assert names_of_keys(desk) == {first_key(paths["hash"])}
    assert "the audit log is proved" in desk.run("recon verify --audit")


def test_keys_are_lost(desk: Desk) -> None:
    paths = give_keys(desk)
    lost = {name: first_key(path) for name, path in paths.items()}
    asked, hashes, audit = blocks("keys-lost")
    desk.run(asked)
    for path in paths.values():
        path.write_text("", encoding="utf-8")
    assert f"key {lost['audit']}, which made them, is not in [store] audit_key" in desk.run(audit)
    desk.run(hashes)
    assert names_of_keys(desk) == set()
    desk.run("recon run --full --no-report --no-alert")
    assert names_of_keys(desk) == {first_key(paths["hash"])}


def test_a_copy_of_sqlite_is_restored(desk: Desk) -> None:
    keep, restore, *_ = blocks("restore", "## SQLite")
    before = desk.breaks()
    desk.run(keep)
    desk.run("recon breaks list --json | grep -o 'brk_[a-z0-9]*' | head -1 | xargs -I ID recon breaks note ID wrong")
    (desk.folder / "recon.db").write_bytes(b"damaged" * 9_000)
    assert "the audit log is proved" in desk.run(re.sub(r"\d{4}-\d\d-\d\d", f"{datetime.now(UTC):%Y-%m-%d}", restore))
    assert desk.breaks() == before


def test_a_dump_of_postgresql_is_restored(desk: Desk) -> None:
    with own_database(desk):
        keep, restore, *_ = blocks("restore", "## PostgreSQL")
        desk.point_at_database()
        desk.run("recon db upgrade && recon run --no-report --no-alert")
        before = desk.breaks()
        desk.run(keep)
        desk.run("psql -qc 'drop schema public cascade' -c 'create schema public' \"$RECON_STORE_URL\"")
        assert "the audit log is proved" in desk.run(restore)
        assert desk.breaks() == before


def test_a_store_moves_to_postgresql_and_back(desk: Desk) -> None:
    again = "recon run --no-pull --no-report --no-alert --json || test $? = 1"
    with own_database(desk):
        move, prove = blocks("sqlite-to-postgresql")
        before = desk.breaks()
        assert "read back, all are the same" in desk.run(move)
        desk.point_at_database()
        assert "the audit log is proved" in desk.run(prove)
        assert desk.breaks() == before
        assert "read back, all are the same" in desk.run("recon db copy sqlite:///back.db")
        desk.run(again)
        ids = ID.findall(desk.breaks())
    desk.environ["RECON_STORE_URL"] = "sqlite:///back.db"
    assert desk.breaks() == before
    desk.run(again)
    assert ID.findall(desk.breaks()) == ids


def test_a_store_of_a_wrong_clock_is_put_right(desk: Desk) -> None:
    with closing(sqlite3.connect(desk.folder / "recon.db")) as store, store:
        store.execute(f"UPDATE run SET as_of = as_of + {AHEAD_US}, recorded_at = recorded_at + {AHEAD_US}")
    assert "the store knows a later moment than now: a run at" in desk.run("recon runs list")
    for block in blocks("clock"):
        desk.run(block)
    assert "later moment" not in desk.run("recon runs list")
