"""Keys that are refused before anything is written, and where a hash stands in an object."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jobs.cli.app import app
from recon.omise.hashes import StoredHashes
from recon.privacy import HashKey, key_id
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
