"""The files in deploy/ are what they say: units, image, compose, CronJob; every command and path in them exists."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from jobs.batch.queue_settings import PACE
from jobs.config import config as configuration
from jobs.service.serve import GRACE
from recon import __version__
from recon.extras import EXTRAS
from tests.kit.places import ROOT
from tests.test_docs import commands
from tests.test_project import RUNS

DEPLOY = ROOT / "deploy"
UNITS = sorted(path.name for path in DEPLOY.glob("recon-*.*"))
SERVICES = [name for name in UNITS if name.endswith(".service")]
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


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
@pytest.mark.parametrize("name", SERVICES)
def test_units_may_do_little(name: str) -> None:
    words = ["systemd-analyze", "security", "--offline=yes", "--threshold=30", "--no-pager", str(DEPLOY / name)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    exposure = re.search(r"Overall exposure level for .*: (\d+\.\d)", done.stdout)
    assert exposure
    assert float(exposure[1]) < 3


def test_units_differ_only_in_what_they_start() -> None:
    texts = [(DEPLOY / name).read_text(encoding="utf-8") for name in SERVICES]
    [confinement] = {text[text.index("# What it may do") : text.index("UMask")] for text in texts}
    assert "SystemCallFilter=@system-service" in confinement
    helper = (DEPLOY / "recon-as-service").read_text(encoding="utf-8")
    for line in ("StateDirectory=recon", "LoadCredential=secret:/etc/recon/secrets", "User=recon"):
        assert all(line in text.splitlines() for text in texts)
        assert f"--property={line}" in helper
    assert all(started(name)[0] in helper for name in SERVICES)


@pytest.mark.parametrize("name", SERVICES)
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


def test_the_image_has_whatever_the_configuration_can_ask_for() -> None:
    """Nobody installs anything in a container. Traces are asked for by the environment, not the configuration."""
    assert set(EXTRAS.values()) - {"tracing"} == set(RUNS)
    assert any(
        rest.endswith("--require-hashes -r requirements/run.txt") for word, rest in instructions() if word == "RUN"
    )


def test_the_image_runs_as_nobody_special_and_holds_no_secret() -> None:
    users = [rest for word, rest in instructions() if word == "USER"]
    assert users == ["10001:10001"]
    environment = [rest for word, rest in instructions() if word == "ENV"]
    assert not re.search(r"key|secret|password|token|url", " ".join(environment), re.IGNORECASE)


def test_the_image_starts_a_command_that_exists() -> None:
    found = dict(instructions())
    assert json.loads(found["ENTRYPOINT"]) == ["recon"]
    assert is_command(json.loads(found["CMD"]))


IMAGE = f"omise-recon:{__version__}"


def test_images_are_those_of_this_version() -> None:
    named = re.findall(r"image: (omise-recon\S*)", (DEPLOY / "cronjob.yaml").read_text(encoding="utf-8"))
    assert {*named, COMPOSE["x-recon"]["image"]} == {IMAGE}


def test_compose_starts_commands_that_exist_each_after_what_it_needs() -> None:
    services = COMPOSE["services"]
    ours = {name: service for name, service in services.items() if service.get("image") == IMAGE}
    assert set(ours) == {"upgrade", "check", "serve", "worker", "recon"}
    assert all(is_command(service["command"]) for name, service in ours.items() if name != "recon")
    after = {name: dict(_needs(service)) for name, service in services.items()}
    done = "service_completed_successfully"
    assert after == {
        "database": {},
        "upgrade": {"database": "service_healthy"},
        "check": {"upgrade": done},
        "serve": {"check": done},
        "proxy": {"serve": "service_healthy"},
        "worker": {"upgrade": done},
        "recon": {"upgrade": done},
    }
    assert (DEPLOY / ours["serve"]["build"]["context"] / ours["serve"]["build"]["dockerfile"]).is_file()


def _needs(service: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, need in service.get("depends_on", {}).items():
        yield name, need["condition"]


def test_only_the_proxy_is_reached_from_outside_and_it_leads_to_the_page() -> None:
    assert {name for name, service in COMPOSE["services"].items() if "ports" in service} == {"proxy"}
    caddy = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    assert "reverse_proxy serve:8080" in caddy
    assert "{$RECON_HOST}" in caddy
    assert ("EXPOSE", "8080") in instructions()


def test_the_first_start_makes_every_secret_and_asks_for_what_only_people_know(tmp_path: Path) -> None:
    deploy = tmp_path / "deploy"
    shutil.copytree(DEPLOY, deploy)
    called = tmp_path / "called"
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\necho "$@" >>{called}\n', encoding="utf-8")
    docker.chmod(0o755)
    environ = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    secrets = []
    for answer in ("skey_test_1\n", ""):  # the second start asks nothing and changes nothing
        words = [str(deploy / "first-start"), "anna"]
        subprocess.run(words, input=answer, text=True, env=environ, check=True, timeout=60, stderr=subprocess.DEVNULL)
        secrets.append({path.name: path.read_text(encoding="utf-8") for path in (deploy / "secrets").iterdir()})
    [first, second] = secrets
    assert first == second
    assert set(first) == set(COMPOSE["secrets"])
    assert first["omise_th_secret_key"] == "skey_test_1"
    assert first["store_url"] == f"postgresql://recon:{first['postgres_password']}@database/recon"
    assert len({first[name] for name in ("postgres_password", "hash_key", "audit_key")}) == 3
    assert {len(first[name]) for name in ("postgres_password", "hash_key", "audit_key")} == {64}
    assert (deploy / "secrets").stat().st_mode & 0o777 == 0o700
    compose = called.read_text(encoding="utf-8").splitlines()
    assert (
        compose == ["compose build", "compose run --rm recon users add anna --role admin", "compose up -d --wait"] * 2
    )
    assert is_command(["users", "add"])


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
        value = "postgresql://recon:a@database/recon" if name == "store_url" else f"skey_test_1_{'x' * 32}"
        (tmp_path / name).write_text(value, encoding="utf-8")
    path = tmp_path / "config.toml"
    path.write_text(text.replace(str(SECRETS), str(tmp_path)), encoding="utf-8")
    config = configuration.load(path, {})
    assert config.store_url.startswith("postgresql://")
    assert config.page.host == "0.0.0.0"
    inside = {mount.split(":")[1] for mount in COMPOSE["services"]["serve"]["volumes"]}
    assert {"/config/config.toml", str(config.reports.folder), "/data/orders", "/data/bank"} <= inside
