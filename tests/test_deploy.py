"""The files in deploy/ are what they say: units, image, compose, CronJob; every command and path in them exists."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from jobs.batch.queue import PACE
from jobs.config import config as configuration
from jobs.service.serve import GRACE
from tests.kit.places import ROOT
from tests.test_docs import commands

DEPLOY = ROOT / "deploy"
UNITS = sorted(path.name for path in DEPLOY.glob("recon-*"))
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
CRONJOB: dict[str, Any] = yaml.safe_load((DEPLOY / "cronjob.yaml").read_text(encoding="utf-8"))
POD: dict[str, Any] = CRONJOB["spec"]["jobTemplate"]["spec"]["template"]["spec"]
SECRETS = Path("/run/secrets")


def instructions() -> list[tuple[str, str]]:
    """The image's build, a line each."""
    joined = re.sub(r"\\\n\s*", "", DOCKERFILE)
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def is_command(words: list[str]) -> bool:
    """Whether `recon` has it, options left out."""
    return " ".join(["recon", *(word for word in words if not word.startswith("-"))]) in commands()


def started(name: str) -> list[str]:
    """The command line of a unit."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    return shlex.split(next(line.partition("=")[2] for line in text.splitlines() if line.startswith("ExecStart=")))


def test_every_unit_is_there() -> None:
    assert UNITS == ["recon-run.service", "recon-run.timer", "recon-serve.service", "recon-worker.service"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for name in UNITS:
        text = (DEPLOY / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("/opt/recon/.venv/bin/recon", sys.executable), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in UNITS)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "recon-" in line]
    assert (done.returncode, ours) == (0, [])


@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".service")])
def test_units_start_a_command_that_exists(name: str) -> None:
    program, *words = started(name)
    assert Path(program).name == "recon"
    assert is_command(words)


@pytest.mark.parametrize(("name", "grace_s"), [("serve", GRACE.total_seconds()), ("worker", PACE.grace)])
def test_services_are_given_longer_than_their_grace(name: str, grace_s: float) -> None:
    text = (DEPLOY / f"recon-{name}.service").read_text(encoding="utf-8")
    [seconds] = re.findall(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    assert int(seconds) > grace_s
    assert COMPOSE["services"][name]["stop_grace_period"] == f"{int(seconds) // 60}m"


def test_the_image_is_built_from_files_that_exist() -> None:
    known = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"}
    assert {word for word, _ in instructions()} <= known
    kept = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    for sources in (rest.split()[:-1] for word, rest in instructions() if word == "COPY" and "--from" not in rest):
        for source in sources:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in kept, source


def test_the_image_runs_as_nobody_special_and_holds_no_secret() -> None:
    users = [rest for word, rest in instructions() if word == "USER"]
    assert users == ["10001:10001"]
    environment = [rest for word, rest in instructions() if word == "ENV"]
    assert not re.search(r"key|secret|password|token|url", " ".join(environment), re.IGNORECASE)


def test_the_image_starts_a_command_that_exists() -> None:
    found = dict(instructions())
    assert json.loads(found["ENTRYPOINT"]) == ["recon"]
    assert is_command(json.loads(found["CMD"]))


def test_compose_starts_commands_that_exist_after_the_tables_are_made() -> None:
    services = COMPOSE["services"]
    ours = {name: one for name, one in services.items() if one.get("image") == "omise-recon"}
    assert set(ours) == {"upgrade", "serve", "worker"}
    assert all(is_command(one["command"]) for one in ours.values())
    for name in ("serve", "worker"):
        assert services[name]["depends_on"] == {"upgrade": {"condition": "service_completed_successfully"}}
    assert services["upgrade"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert (DEPLOY / ours["serve"]["build"]["context"] / ours["serve"]["build"]["dockerfile"]).is_file()


def test_compose_names_every_secret_and_volume_that_it_uses() -> None:
    used = {name for one in COMPOSE["services"].values() for name in one.get("secrets", ())}
    assert used == set(COMPOSE["secrets"])
    assert {one["file"] for one in COMPOSE["secrets"].values()} == {f"secrets/{name}" for name in used}
    mounted = {mount.partition(":")[0] for one in COMPOSE["services"].values() for mount in one.get("volumes", ())}
    assert {name for name in mounted if not name.startswith(".")} == set(COMPOSE["volumes"])


def test_the_cronjob_runs_commands_that_exist_as_nobody_special() -> None:
    [upgrade], [run] = POD["initContainers"], POD["containers"]
    assert is_command(upgrade["args"])
    assert is_command(run["args"])
    assert POD["securityContext"]["runAsNonRoot"]
    assert POD["securityContext"]["runAsUser"] == 10001
    mounts = {mount["name"] for one in (upgrade, run) for mount in one["volumeMounts"]}
    assert mounts == {volume["name"] for volume in POD["volumes"]}
    policy = CRONJOB["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    assert [rule["onExitCodes"]["values"] for rule in policy] == [[2]]
    assert CRONJOB["spec"]["concurrencyPolicy"] == "Forbid"


def test_the_containers_configuration_is_whole_and_its_secrets_are_those_of_compose(tmp_path: Path) -> None:
    text = (DEPLOY / "config.toml").read_text(encoding="utf-8")
    named = set(re.findall(rf'file = "{SECRETS}/(\w+)"', text))
    assert named == set(COMPOSE["services"]["serve"]["secrets"])
    for name in named:
        value = "postgresql://recon:a@database/recon" if name == "store_url" else "skey_test_1"
        (tmp_path / name).write_text(value, encoding="utf-8")
    path = tmp_path / "config.toml"
    path.write_text(text.replace(str(SECRETS), str(tmp_path)), encoding="utf-8")
    config = configuration.load(path, {})
    assert config.store_url.startswith("postgresql://")
    assert config.page.host == "0.0.0.0"
    inside = {mount.split(":")[1] for mount in COMPOSE["services"]["serve"]["volumes"]}
    assert {"/config/config.toml", str(config.reports.folder), "/data/orders"} <= inside
