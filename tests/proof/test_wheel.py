"""The wheel by itself: built, installed outside the tree on each Python that is here, with and without extras."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.kit.places import ROOT

pytestmark = pytest.mark.proof
NAMES = ("python3.11", "python3.13", "python3.14")
PYTHONS = sorted({sys.executable, *filter(None, map(shutil.which, NAMES))})
# What is used, not what is developed with; traces want a collector.
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
USED = ",".join(sorted(EXTRAS.keys() - {"dev"}))


def runs(*words: str | Path, cwd: Path) -> str:
    """What a command says, in a folder and an environment that know nothing of the tree."""
    environ = {"HOME": str(cwd), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(words, cwd=cwd, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, f"{words}\n{done.stdout[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing is left in the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("recon", "jobs", "reports"):
        shutil.copytree(ROOT / name, folder / "tree" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "tree")
    build = (sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder))
    subprocess.run((*build, str(folder / "tree")), check=True)
    [built] = folder.glob("*.whl")
    return built


@pytest.mark.parametrize("python", PYTHONS, ids=lambda path: Path(path).name)
@pytest.mark.parametrize("extras", ["", f"[{USED}]"], ids=["bare", "extras"])
def test_the_wheel_runs_the_demo_without_the_tree(tmp_path: Path, wheel: Path, python: str, extras: str) -> None:
    subprocess.run((python, "-m", "venv", str(tmp_path / "venv")), check=True)
    binaries = tmp_path / "venv" / "bin"
    # pip keeps its own settings: where libraries come from is this machine's matter
    subprocess.run((str(binaries / "pip"), "install", "-q", f"{wheel}{extras}"), check=True)
    place = runs(binaries / "python", "-c", "import recon; print(recon.__file__)", cwd=tmp_path).strip()
    assert Path(place).is_relative_to(tmp_path / "venv")
    assert runs(binaries / "recon", "--version", cwd=tmp_path).split()[-1] == "0.1.0"
    said = runs(binaries / "recon", "demo", "--out", "demo-out", "--orders", "100", cwd=tmp_path)
    assert "settlement_group_" in said
    assert [*(tmp_path / "demo-out").rglob("settlement_group_*.xlsx")]
