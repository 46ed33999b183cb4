"""Keys that are refused before anything is written, and where a hash stands in an object."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jobs.cli.app import app
from recon.omise.hashes import StoredHashes
from recon.privacy import HashKey, key_id
from recon.store.engine import open_store
from recon.store.runs.attempts import Claim, Holder, begin
from tests.kit.rotated_keys import SECTIONS
from tests.kit.small_config import SMALL, configured
from tests.kit.store_samples import empty_store


@pytest.mark.parametrize(
    ("hash_key", "audit_key", "words"),
    [
        ("", "a" * 32, "privacy.hash_key: file"),
        ("h" * 32, "", "store.audit_key: file"),
        ("x" * 32, "a" * 32, f"customers are hashed with key {key_id(b'h' * 32)}, and the first of"),
        ("h" * 32, "x" * 32, f"the audit log goes on with key {key_id(b'a' * 32)}, and the first of"),
        ("h" * 31, "a" * 32, "a key of 31 characters"),
    ],
)
def test_a_key_that_is_absent_short_or_another_is_refused_before_anything_is_written(
    merchant: Path, hash_key: str, audit_key: str, words: str
) -> None:
    for name, key in (("hash", hash_key), ("audit", audit_key)):
        (merchant.parent / "keys" / name).write_text(key, encoding="utf-8")
    before = (merchant.parent / "recon.db").read_bytes()
    result = CliRunner().invoke(app, ["--config", str(merchant), "tokens", "add", "reader"])
    assert result.exit_code == 2
    assert words in result.stderr
    assert (merchant.parent / "recon.db").read_bytes() == before
    read = CliRunner().invoke(app, ["--config", str(merchant), "tokens", "list", "--json"])
    assert read.exit_code == (2 if "31" in words else 0)


@pytest.fixture(scope="module")
def merchant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration whose store goes on with two keys."""
    folder = tmp_path_factory.mktemp("merchant")
    text = SMALL.replace("[store]\n", '[store]\naudit_key = { file = "keys/audit" }\n') + SECTIONS
    config = configured(folder, text=text)
    (folder / "keys").mkdir(exist_ok=True)
    for name, key in (("hash", "h" * 32), ("audit", "a" * 32), ("th", "skey_test_1")):
        (folder / "keys" / name).write_text(key, encoding="utf-8")
    empty_store(folder / "recon.db")
    result = CliRunner().invoke(app, ["--config", str(config), "tokens", "add", "first"])
    assert result.exit_code == 0, result.stderr
    assert f"store: sqlite:///{folder}" in result.stderr
    return config


@pytest.fixture
def rotating(merchant: Path, tmp_path: Path) -> Path:
    """A copy of it, its keys as they should be, each behind a link."""
    shutil.copytree(merchant.parent, tmp_path / "shop")
    for name, key in (("hash", "h" * 32), ("audit", "a" * 32)):
        (tmp_path / name).write_text(key, encoding="utf-8")
        (tmp_path / name).chmod(0o640)
        link = tmp_path / "shop" / "keys" / name
        link.unlink()
        link.symlink_to(tmp_path / name)
    return tmp_path / "shop" / "config.toml"


@pytest.mark.parametrize("name", ["hash", "audit"])
def test_a_key_is_written_where_it_stands_with_the_rights_that_it_has(rotating: Path, name: str) -> None:
    file = rotating.parent.parent / name
    file.with_name(f"{name}.new").write_text("left by a kill", encoding="utf-8")
    result = CliRunner().invoke(app, ["--config", str(rotating), "keys", "rotate", name])
    assert result.exit_code == 0, result.stderr
    assert len(file.read_bytes().splitlines()) == 2
    assert (file.stat().st_mode & 0o777, (rotating.parent / "keys" / name).is_symlink()) == (0o640, True)
    assert not [*rotating.parent.parent.rglob("*.new")]


def test_a_rotation_that_ended_after_its_key_was_written_goes_on_with_that_key(
    rotating: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at each of its steps: test_cut_short.py."""

    def fail(*_: object) -> None:
        raise OSError("gone")

    rotate = ["--config", str(rotating), "keys", "rotate", "hash", "--json"]
    with monkeypatch.context() as patch:
        patch.setattr("recon.store.versions.personal.renew", fail)
        assert CliRunner().invoke(app, rotate).exit_code == 3
    written = (rotating.parent.parent / "hash").read_bytes()
    assert len(written.splitlines()) == 2
    again = CliRunner().invoke(app, rotate)
    assert again.exit_code == 0, again.stderr
    assert (rotating.parent.parent / "hash").read_bytes() == written
    assert json.loads(again.stdout)["rotated"][0]["to"] == key_id(written.splitlines()[0])


@pytest.mark.parametrize("name", ["hash", "audit"])
def test_no_key_is_written_while_a_run_goes_on(rotating: Path, name: str) -> None:
    store = open_store(f"sqlite:///{rotating.parent / 'recon.db'}")
    now = datetime.now(UTC)
    claim = Claim("th", now.date(), now.date(), now, now, pulled=True)
    begin(store, [claim], Holder("anna", "host", 1, "process"), now, lambda _: False)
    store.dispose()
    files = {path: path.read_bytes() for path in rotating.parent.parent.iterdir() if path.is_file()}
    result = CliRunner().invoke(app, ["--config", str(rotating), "keys", "rotate", name])
    assert (result.exit_code, "a run of th goes on" in result.stderr) == (2, True)
    assert files == {path: path.read_bytes() for path in rotating.parent.parent.iterdir() if path.is_file()}


def test_no_hash_key_is_written_where_the_audit_log_lacks_its_own(rotating: Path) -> None:
    (rotating.parent / "keys" / "audit").write_text("x" * 32, encoding="utf-8")
    result = CliRunner().invoke(app, ["--config", str(rotating), "keys", "rotate", "hash"])
    assert (result.exit_code, "the audit log goes on with key" in result.stderr) == (2, True)
    assert (rotating.parent.parent / "hash").read_text(encoding="utf-8") == "h" * 32


def test_a_hash_is_changed_wherever_it_stands_and_nothing_else_is() -> None:
    key = HashKey((b"k" * 32,))
    mail, phone = key.hash("a@b.example"), key.hash("0812345678")
    node: dict[str, Any] = {
        "object": "charge",
        "id": "chrg_1",
        "description": mail,
        "card": {"object": "card", "name": phone},
        "metadata": {"order_id": key.hidden("a@b.example"), "mail": mail, "more": f'{{"tel": "{phone}", "n": 1}}'},
        "refunds": {"object": "list", "data": [{"object": "refund", "id": "rfnd_1"}]},
    }
    parts = StoredHashes(lambda _: None).clean(node)
    assert [part["object"] for part in parts] == ["charge", "card", "list", "refund"]
    assert (node["description"], node["card"]) == (None, {"object": "card", "name": None})
    assert node["metadata"] == {"order_id": key.hidden("a@b.example"), "mail": None, "more": '{"tel": null, "n": 1}'}
