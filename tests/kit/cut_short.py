"""Changes of keys and of customers' data, killed before each of their steps and called again, each on its own copy.

A step is a statement of the database, its commit, or a file that is opened to be written, named or removed. This is a
program of its own, so that it can fork without threads: it prints a JSON line for each step.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pandas  # noqa: F401  once for all the forks: each would load it
from sqlalchemy import URL, Engine, event, make_url, select

from jobs.config import config as configuration
from jobs.config.config import Config
from jobs.desk import personal
from jobs.run.opening.store import open_ready_store
from recon.privacy import key_id
from recon.store import tables
from recon.store.desk import audit
from recon.store.desk.people import Act
from recon.store.engine import Store, open_store, reading
from recon.store.tables.archive import MASKING
from recon.store.tables.customers import HASH_KEY, RETENTION
from recon.store.versions import archive, packing
from recon.store.versions.personal import keys_in_force
from tests.kit.file_texts import files_of, hashes_in

CUSTOMER = "buyer-canary@example.com"
NEW_KEY = "{} key number two".ljust(64, ".")
_AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
_OF_FILES = ("open", "os.rename", "os.remove")
_WRITES = os.O_WRONLY | os.O_RDWR
_UNLIKE = {MASKING.c.id, MASKING.c.cleared_at, HASH_KEY.c.id, RETENTION.c.id}  # which the way there makes


@dataclass(frozen=True)
class Ended:
    """One step: `state` is a digest of all that stands in the end, `keys` are those of the hashes after the cut."""

    step: int
    is_cut: bool
    is_done: bool  # before it was called again
    wrong: Sequence[str]
    keys: Sequence[str]
    hashes: Sequence[str]
    left: Sequence[str]
    state: str


def cut_short(folder: Path, what: str, url: str = "", cuts: int = 0) -> list[Ended]:
    """What is called on a merchant's folder, first to its end and then killed before so many of its steps, or all."""
    words = [sys.executable, "-m", "tests.kit.cut_short", str(folder), what, f"--url={url}", f"--cuts={cuts}"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [Ended(**json.loads(line)) for line in done.stdout.splitlines()]


def main() -> None:
    """Arguments: a merchant's folder, what is called, and of PostgreSQL the URL of its store."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("what", choices=sorted(CALLS))
    parser.add_argument("--url", default="")
    parser.add_argument("--cuts", type=int, default=0, help="Only so many, from the first step to the last.")
    given = parser.parse_args()
    total = _show(given, -1)  # first as if nothing had happened
    cuts = given.cuts or total
    for step in sorted({cut * (total - 1) // (cuts - 1) for cut in range(cuts)}):
        _show(given, step)


def _show(given: argparse.Namespace, step: int) -> int:
    """Prints what becomes of one step; how many there are, where none is cut."""
    folder = given.folder.with_name(f"cut-{step}")
    counted, left = folder / "steps", folder / "left.json"
    with _copied(given.folder, given.url, folder):
        is_cut = _in_child(partial(_call, folder, given.what, step, counted))
        if _in_child(partial(_end, folder, given.what, left)):
            raise SystemExit(f"step {step}: what was cut could not be ended")
        print(json.dumps({"step": step, "is_cut": is_cut, **json.loads(left.read_text("utf-8"))}), flush=True)
        return 0 if is_cut else int(counted.read_text(encoding="utf-8"))


def _in_child(work: Callable[[], Any]) -> bool:
    """Whether it was killed; what else it ends with ends this program."""
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return True
    if os.WEXITSTATUS(status):
        raise SystemExit(1)
    return False


@contextmanager
def _copied(folder: Path, url: str, copy: Path) -> Iterator[None]:
    """A copy of the folder, and of PostgreSQL's store, for the block."""
    shutil.copytree(folder, copy)
    if url:
        whole = make_url(url)
        name = f"{whole.database}_cut_{os.getpid()}"
        _on_server(whole, f"CREATE DATABASE {name} TEMPLATE {whole.database}")
        path = copy / "config.toml"
        fresh = whole.set(database=name).render_as_string(hide_password=False)
        path.write_text(path.read_text(encoding="utf-8").replace(url, fresh), encoding="utf-8")
    yield
    if url:
        _on_server(whole, f"DROP DATABASE {name} WITH (FORCE)")
    shutil.rmtree(copy)


def _on_server(url: URL, statement: str) -> None:
    server = open_store(url.set(database="postgres").render_as_string(hide_password=False))
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)
    server.dispose()


def _call(folder: Path, what: str, step: int, counted: Path | None = None) -> None:
    """Calls it, killed before a step; -1: to its end, the number of its steps written down where asked for."""
    config = configuration.load(folder / "config.toml", {})
    steps = _kill_before(step, folder) if counted else count()
    setattr(personal, "token_hex", lambda _: NEW_KEY.format(what))  # noqa: B010
    CALLS[what](config, Act("anna", _AT, config.audit_key))
    total = next(steps)
    if counted:
        counted.write_text(str(total), encoding="utf-8")


def _kill_before(step: int, folder: Path) -> Iterator[int]:
    steps = count()

    def one(*_: Any) -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def of_files(name: str, arguments: tuple[Any, ...]) -> None:
        if name in _OF_FILES and str(folder) in str(arguments[0]) and (name != "open" or arguments[2] & _WRITES):
            one()

    event.listen(Engine, "before_cursor_execute", one)
    event.listen(Engine, "commit", one)
    sys.addaudithook(of_files)
    return steps


def _end(folder: Path, what: str, document: Path) -> None:
    """Writes what stands there after the cut, and after the same was called again, where it was not done."""
    config = configuration.load(folder / "config.toml", {})
    store = open_store(config.store_url)  # as it was left: nothing of ours opens it yet
    archive.keep_in(store, config.store.archive)
    wrong = [*audit.prove(store, config.audit_keys), *archive.look(store)[2]]
    names = sorted({found.partition("_")[0] for found in hashes_in(text for _, text in _cells(store))})
    begun, audit_begun = keys_in_force(store)
    store.dispose()
    in_force = {"rotate hash": begun, "rotate audit": audit_begun}.get(what)
    kept = {"rotate hash": config.privacy.hash_key, "rotate audit": config.store.audit_key}.get(what)
    is_done = kept is not None and len(kept.keys) > 1 and key_id(kept.keys[0]) == in_force
    if is_done:
        open_ready_store(config).dispose()
    else:
        _call(folder, what, -1)
    config = configuration.load(folder / "config.toml", {})
    store = open_ready_store(config)
    wrong += [*audit.prove(store, config.audit_keys), *archive.look(store)[2]]
    cells = [*_cells(store)]
    store.dispose()
    said = hashlib.sha256()
    for name, content in (*cells, *_files(folder)):
        said.update(f"{name} {len(content)} ".encode() + content)
    left = sorted(path.name for path in folder.rglob("*") if path.suffix in (".new", ".tmp", ".begun", ".passing"))
    pages = (path.read_bytes() for path in folder.glob("recon.db*") if path.is_file())
    found = hashes_in((*(text for _, text in (*cells, *files_of(folder))), *pages))
    ended = {"left": left, "hashes": sorted(found), "state": said.hexdigest()}
    document.write_text(json.dumps({"wrong": wrong, "keys": names, "is_done": is_done, **ended}), encoding="utf-8")


def _cells(store: Store) -> Iterator[tuple[str, bytes]]:
    """Every cell of the store that goes by what was done, and by nothing else."""
    with reading(store) as connection:
        for table in tables.METADATA.sorted_tables:
            for row in connection.execute(select(table).order_by(*table.primary_key)):
                for column, cell in zip(table.columns, row, strict=True):
                    if column not in _UNLIKE:
                        is_raw = column.name == tables.RAW and cell
                        content = cell if isinstance(cell, bytes) else str(cell).encode()
                        yield f"{table.name}.{column.name}", packing.unpack(content) if is_raw else content


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.parent != folder:
            yield str(path.relative_to(folder)), path.read_bytes()


CALLS: dict[str, Callable[[Config, Act], Any]] = {
    "rotate hash": personal.rotate_hash,
    "rotate audit": personal.rotate_audit,
    "erase": lambda config, act: personal.erase(config, CUSTOMER, act),
    "retention": personal.apply_retention,
}

if __name__ == "__main__":
    main()
