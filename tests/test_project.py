"""What strangers need beside the code: a licence, bounds of the libraries, checks that are those of `make test`."""

import re
import subprocess
import sys
import tomllib
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.kit.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
RUNS = ("postgres", "queue", "alerts", "delivery", "oidc", "mysql")  # what `make install` and the image bring of them
# Licences under which a library may be used beside Apache-2.0; the LGPL, since it is only imported.
ALLOWED = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL 2\.0|Mozilla Public License 2\.0|LGPL-3\.0|0BSD|Zlib|CC0"
)


def _yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_the_licence_is_one_everywhere() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert PROJECT["license"] == "Apache-2.0"
    assert PROJECT["authors"] == [{"name": "omise-recon contributors"}]
    assert not [line for line in PROJECT["classifiers"] if line.startswith("License ::")], "the expression says it"


def test_the_packages_are_typed() -> None:
    assert all((ROOT / package / "py.typed").is_file() for package in ("recon", "jobs", "reports"))


@pytest.mark.parametrize("wanted", [*PROJECT["dependencies"], *(line for name in RUNS for line in EXTRAS[name])])
def test_libraries_have_a_least_and_a_first_that_was_not_tried(wanted: str) -> None:
    if wanted.startswith("tzdata"):
        return  # zones' data: the newest is always right
    assert "~=" in wanted or (">=" in wanted and "<" in wanted)


def test_every_library_may_be_used_and_says_so() -> None:
    listed = subprocess.run([sys.executable, ROOT / ".ci" / "licences"], capture_output=True, text=True, check=True)
    lines = listed.stdout.splitlines()
    assert {line.split()[0] for line in lines} >= {"aiohttp", "pandas", "sqlalchemy", "apscheduler", "openpyxl"}
    odd = [line for line in lines if not ALLOWED.search(line[48:])]
    assert not odd, "licences that nobody looked at"


def test_the_workflow_calls_what_everybody_calls() -> None:
    job = _yaml(".github/workflows/ci.yml")["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.13"]
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]


def test_the_hooks_are_the_checks_of_make_lint() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    lint = re.findall(r"^\t\$\(BIN\)/(.+)$", makefile.partition("\nlint:")[2].partition("\n\n")[0], re.MULTILINE)
    hooks = [hook["entry"] for repo in _yaml(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    assert [hook.removeprefix(".venv/bin/") for hook in hooks] == [line.removesuffix(" .") for line in lint]


def test_the_locks_hold_what_demo_and_tests_need() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for lock, extras in (("run", RUNS), ("dev", ("dev",))):
        options = "".join(f" --extra {name}" for name in extras)
        assert f"requirements/build.in{options} -o requirements/{lock}.txt" in makefile
        locked = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8").lower()
        for wanted in (line for extra in RUNS for line in EXTRAS[extra]):
            name = re.split(r"[\[>]", wanted)[0].lower()
            assert re.search(rf"^{name}==", locked, re.MULTILINE), wanted
            assert wanted in EXTRAS["dev"]
