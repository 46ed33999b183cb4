"""Which modules commands load: each in a process forked from one that has begun as commands do: what that has loaded
counts as loaded by each.

This is a program of its own, so that it can fork without threads: it prints a JSON line for each command.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jobs.cli.options  # noqa: F401
from jobs.cli.app import main as recon
from jobs.config import config as configuration
from jobs.run.opening.store import open_ready_store


@dataclass(frozen=True)
class Loaded:
    """How a command ended, and every module that was loaded then."""

    code: int
    modules: frozenset[str]


def loaded_by(folder: Path, commands: Sequence[Sequence[str]]) -> list[Loaded]:
    """What each command, by its words, loads where it is called in a folder; what it says on stderr is passed on."""
    words = [sys.executable, "-m", "tests.kit.loaded_modules", str(folder), json.dumps(commands)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [Loaded(one["code"], frozenset(one["modules"])) for one in found]


def main() -> None:
    """Arguments: the folder, and a JSON list of the commands' words."""
    folder, commands = sys.argv[1:]
    os.chdir(folder)
    open_ready_store(configuration.load(Path("config.toml"), {}, ())).dispose()
    for words in json.loads(commands):
        child = os.fork()
        if not child:
            _call(words)
        os.waitpid(child, 0)


def _call(words: Sequence[str]) -> None:
    """Calls it, its own words away, and ends the process with a line on stdout."""
    told = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.argv = ["recon", *words]
    code: object = 1
    try:
        recon()
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        line = json.dumps({"code": code, "modules": sorted({name.partition(".")[0] for name in sys.modules})})
        os.write(told, f"{line}\n".encode())
        os._exit(0)


if __name__ == "__main__":
    main()
