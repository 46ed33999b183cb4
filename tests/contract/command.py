"""The commands as a user runs them, in this process, with what they print and the code they end with."""

import contextlib
import importlib
import io
import json
import os
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contract.objects import stamp
from tests.contract.world import FIRST, LAST, NOW

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """What a shell would see of a command."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        try:
            return json.loads(self.out)
        except ValueError:
            raise AssertionError(
                f"no JSON document on stdout; exit code {self.code}\n{self.out}\n{self.err}"
            ) from None

    @property
    def words(self) -> str:
        return self.out + self.err


def entry_point() -> Callable[[], object]:
    """The function that the console script `recon` calls, wherever it stands today."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    module, _, name = scripts["recon"].partition(":")
    function: Callable[[], object] = getattr(importlib.import_module(module), name)
    return function


@contextlib.contextmanager
def process_state(folder: Path, arguments: list[str], environment: Mapping[str, str]) -> Iterator[None]:
    """Working folder, arguments and environment of a command, put back afterwards."""
    before, arguments_before, folder_before = dict(os.environ), sys.argv, Path.cwd()
    os.environ.update(environment)
    sys.argv = ["recon", *arguments]
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(folder_before)
        sys.argv = arguments_before
        os.environ.clear()
        os.environ.update(before)


def recon(folder: Path, environment: Mapping[str, str], *arguments: str) -> Outcome:
    out, err, code = io.StringIO(), io.StringIO(), 0
    main = entry_point()
    state = process_state(folder, list(arguments), {"COLUMNS": "200", **environment})
    with state, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1 if end.code else 0
    return Outcome(code, out.getvalue(), err.getvalue())


def run_arguments(*more: str, as_of: str = stamp(NOW), first: str = str(FIRST), last: str = str(LAST)) -> list[str]:
    return ["run", "--json", "--no-report", "--no-alert", "--from", first, "--to", last, "--as-of", as_of, *more]
