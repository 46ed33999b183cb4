"""A stranger's first hour: a fresh clone, an empty home, python3, make and the documents, typed as they stand there.

The sandbox stands in place of Omise: its address and `--yes` are all that is added to what docs/begin.md says.
"""

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.kit.night_process import free_port
from tests.kit.places import ROOT

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="what is cloned is a checkout of git"),
]
DOCS = ROOT / "docs"
PASSWORD = "a long pass phrase"


@dataclass
class Stranger:
    """A clone, and a home with nothing in it."""

    clone: Path
    folder: Path
    environ: dict[str, str]

    def types(self, lines: str, given: str = "") -> str:
        """Lines at a shell of the folder that it is in; what was said."""
        words = ["bash", "-euc", lines]
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.environ,
            input=given,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == 0, f"{lines}\n{done.stdout[-3000:]}"
        return done.stdout

    @contextmanager
    def beside(self, *words: str) -> Iterator["subprocess.Popen[str]"]:
        """A command that goes on until the block ends."""
        command = [str(self.clone / ".venv/bin/recon"), *words]
        with subprocess.Popen(
            command, cwd=self.folder, env=self.environ, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                yield process
            finally:
                process.terminate()


@pytest.fixture
def stranger(tmp_path: Path) -> Stranger:
    """git, python3, make and the shell's own tools; nothing of ours."""
    tools = tmp_path / "tools"
    home = tmp_path / "home"
    for folder in (tools, home):
        folder.mkdir()
    (tools / "python3").symlink_to(Path(sys.base_prefix) / "bin" / "python3")
    (tools / "systemctl").write_text("#!/bin/sh\n", encoding="utf-8")
    (tools / "systemctl").chmod(0o755)
    clone = tmp_path / "omise-recon"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{ROOT}", clone], check=True)
    path = f"{clone}/.venv/bin:{tools}:/usr/bin:/bin"
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy") or "PIP_" in name}
    return Stranger(clone, clone, {"PATH": path, "HOME": str(home), **proxies})


def blocks(page: str, under: str = "") -> list[str]:
    """What a page says to type, below a head."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.findall(
        r"^ *```sh\n(.*?)^ *```", text.partition(under)[2] if under else text, re.MULTILINE | re.DOTALL
    )
    return [re.sub(r"^ +", "", block, flags=re.MULTILINE) for block in found]


def test_a_stranger_comes_from_nothing_to_a_restored_store(stranger: Stranger) -> None:
    install, *account = blocks("begin.md")
    said = stranger.types(install)
    assert "all were found" in " ".join(said.split())
    with stranger.beside("sandbox", "--port", "0", "--orders", "120", "--out", "../shop") as sandbox:
        assert sandbox.stdout
        url = sandbox.stdout.readline().strip()
        shop = stranger.clone.parent / "shop"
        books = stranger.clone.parent / "books"
        for folder in ("orders", "bank"):
            (books / folder).mkdir(parents=True)
        (books / "orders/export.csv").write_text(plain_orders(shop / "orders/orders_th.csv"), encoding="utf-8")
        shutil.copy(shop / "bank/bank_th.csv", books / "bank/statement.csv")
        key = (shop / "keys" / "th").read_text(encoding="utf-8").strip()
        script = "".join(account).replace("skey_…", key).replace("recon init ", f"recon init --yes --base-url {url} ")
        assert "at risk" in stranger.types(script)
        stranger.environ["OMISE_TH_SECRET_KEY"] = key
        stranger.folder = books
        first = datetime.now(UTC).date() - timedelta(days=4)
        stranger.types(f"recon run --from {first} --to {first + timedelta(days=3)} --no-alert")
        page_answers(stranger)
        [store] = books.rglob("recon.db")
        stranger.environ["RECON_CONFIG"] = str(books / "config.toml")
        stranger.folder = store.parent
        before = stranger.types("recon breaks list --json")
        assert '"id"' in before
        for block in blocks("runbook/upgrade.md"):
            stranger.types(block)
        keep, restore, *_ = blocks("runbook/restore.md", "## SQLite")
        stranger.types(keep)
        store.write_bytes(b"damaged" * 9_000)
        stranger.types(restore)
        assert stranger.types("recon breaks list --json") == before


def plain_orders(path: Path) -> str:
    """The shop's export without the rows whose times the sandbox spoilt on purpose: `--yes` guesses none."""
    head, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return head + "".join(row for row in rows if re.search(r",20[2-4]\d-\d\d-\d\dT", row))


def page_answers(stranger: Stranger) -> None:
    """The page with a person, as the README says."""
    port = free_port()
    stranger.types("recon users add anna --role admin", f"{PASSWORD}\n")
    with (stranger.folder / "config.toml").open("a", encoding="utf-8") as settings:
        settings.write(f"\n[page]\nport = {port}\n")
    with stranger.beside("serve", "--no-scheduler") as serve:
        for _ in range(240):
            assert serve.poll() is None
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                    assert "Password" in answer.read().decode()
                    return
            except OSError:
                time.sleep(0.25)
    raise AssertionError("the page did not answer within a minute")
