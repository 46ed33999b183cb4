"""`recon methods`: the rule book on stdout, with what the configuration says instead."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jobs.cli.app import app
from tests.kit.small_config import configured

METHODS = """
[methods.kakaopay.th]
maximum = { THB = "500.00" }
[methods.moon_wallet]
refund = "none"
"""


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_without_a_configuration_it_is_the_book_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RECON_CONFIG", raising=False)
    assert "the KakaoPay document" in said("methods")
    document = json.loads(said("methods", "--json"))
    assert document["overrides"] == []
    assert {"card", "kakaopay", "econtext"} <= {one["method"] for one in document["methods"]}


def test_what_the_configuration_says_stands_beside_it(tmp_path: Path) -> None:
    path = configured(tmp_path, METHODS)
    overrides = json.loads(said("--config", str(path), "methods", "--json"))["overrides"]
    assert [(one["method"], one["region"], one["figure"], one["value"]) for one in overrides] == [
        ("kakaopay", "account th", "maximum", "500.00"),
        ("moon_wallet", "", "refund", "none"),
    ]
