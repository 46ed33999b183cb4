"""Keys are rotated, a customer is erased, data goes past its time: nothing is judged anew, every proof holds."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from jobs.cli.app import app
from jobs.config import config as configuration
from jobs.run.opening.store import open_ready_store
from recon.omise.hashes import StoredHashes
from recon.privacy import HASH, HashKey, key_id
from recon.store.desk.people import Act
from recon.store.versions import archiving
from recon.store.versions.archiving import Cut
from tests.kit.canaries import kept_by
from tests.kit.job import FIRST, Job, clock, job
from tests.kit.small_config import SMALL, configured
from tests.kit.store_samples import empty_store

SECTIONS = """
[privacy]
hash_key = { file = "keys/hash" }
[retention]
customer_fields = "1d"
"""


def recon(made: Job, *words: str) -> Result:
    return CliRunner().invoke(app, ["--config", str(made.config), *words])


def done(made: Job, *words: str) -> dict[str, Any]:
    result = recon(made, *words, "--json")
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def keys(made: Job, name: str) -> list[bytes]:
    """A key a line, the newest first."""
    return (made.folder / "keys" / name).read_bytes().splitlines()


def hashes(made: Job) -> set[str]:
    """Every customer hash that is stored, raw objects and archive included."""
    texts = [text for name, text in kept_by(made) if not name.endswith((".xlsx", ".db"))]
    return {match.group().decode() for text in texts for match in re.finditer(HASH.pattern.encode(), text)}


def state(made: Job) -> dict[str, Any]:
    versions = {kind: len(made.rows(kind)) for kind in ("charge", "refund", "transaction", "order")}
    matches = sorted(row[:4] for row in made.rows("match"))
    return {
        **versions,
        "matches": matches,
        "breaks": sorted((known["id"], known["status"]) for known in made.breaks()),
    }


def plant(made: Job, customer: str) -> None:
    """A customer of the first order that a charge without a name pays, on both sides."""
    path = made.orders("th")
    named = [charge for charge in made.world.books["th"].charges if "customer_email" in charge.metadata]
    middle = datetime(FIRST.year, FIRST.month, FIRST.day + 1, 12, tzinfo=UTC).timestamp()
    charge = min(named, key=lambda charge: abs(charge.created - middle))
    email = str(charge.metadata["customer_email"])
    path.write_text(path.read_text(encoding="utf-8").replace(email, customer), encoding="utf-8")
    for charge in named:
        if charge.metadata["customer_email"] == email:
            charge.metadata["customer_email"] = customer


def archive(made: Job) -> None:
    """All that can go into the archive, as if a day later."""
    config = configuration.load(made.config, {})
    store = open_ready_store(config)
    tomorrow = clock() + timedelta(days=1)
    assert archiving.archive(store, Cut({}, tomorrow), Act("anna", tomorrow, config.audit_key))
    store.dispose()


@pytest.mark.proof
async def test_two_rotations_an_erased_customer_and_a_retention_run_leave_everything_proved(
    tmp_path: Path,
) -> None:
    async with job(tmp_path, orders=30, accounts=("th",)) as made:
        text = made.config.read_text(encoding="utf-8") + SECTIONS
        text = text.replace("[store]\n", '[store]\naudit_key = { file = "keys/audit" }\n')
        made.config.write_text(text, encoding="utf-8")
        for name in ("hash", "audit"):
            (tmp_path / "keys" / name).write_text(f"{name} key number one, long enough\n", encoding="utf-8")
        plant(made, "buyer-canary@example.com")
        outcome = await made.run(report=True)
        book = next(str(path) for path in outcome.reports if "_th_" in path.name)
        await made.run()
        before = state(made)
        done(made, "sign", book, "--as", "preparer", "--reason", "known")
        archive(made)
        first = hashes(made)
        assert first
        assert {hash.partition("_")[0] for hash in first} == {key_id(b"hash key number one, long enough")}

        for _ in range(2):
            for name in ("hash", "audit"):
                told = recon(made, "keys", "rotate", name)
                assert told.exit_code == 0, told.stderr
        newest = HashKey(tuple(keys(made, "hash")[::-1]))
        assert len(newest.keys) == len(keys(made, "audit")) == 3
        assert hashes(made) == {str(newest.renewed(hash)) for hash in first}, "none of an earlier key is left"
        assert done(made, "verify", "--audit")["audit"]["proved"]
        done(made, "verify", book)
        await made.run()
        assert state(made) == before, "nothing came anew under the new key"

        customer = "buyer-canary@example.com"
        assert newest.hash(customer) in hashes(made)
        erased = done(made, "erase", "--customer", f" {customer.upper()}")
        assert erased["rows"].keys() == {"charge", "order"}
        assert erased["files"]
        assert Path(book).name in erased["workbooks"]
        left = hashes(made)
        assert left < {str(newest.renewed(hash)) for hash in first}
        assert done(made, "erase", "--customer", customer)["rows"] == {}
        await made.run(full=True)
        assert (state(made), hashes(made)) == (before, left), "it does not come again"

        assert done(made, "retention", "apply")["rows"]
        assert done(made, "retention", "apply")["rows"] == {}
        await made.run(full=True)
        assert hashes(made) == set()
        assert done(made, "verify", "--audit")["audit"]["proved"]
        whats = [row[3] for row in made.rows("audit")]
        assert [whats.count(what) for what in ("hash key begun", "audit key begun", "customer erased")] == [2, 2, 1]
        canary = [name for name, text in kept_by(made) if b"buyer-canary" in text]
        assert canary == []

        middle = keys(made, "audit").pop(1)
        lines = [line for line in keys(made, "audit") if line != middle]
        (tmp_path / "keys" / "audit").write_bytes(b"\n".join(lines))
        lacking = recon(made, "verify", "--audit")
        assert lacking.exit_code == 1
        assert (
            f"key {key_id(middle)}, which made them, is not in [store] audit_key" in lacking.stdout + lacking.stderr
        )
        assert "edited" not in lacking.stdout + lacking.stderr


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
