"""What is dear to make and only read or copied is made once for all workers of a run of the tests."""

import atexit
import fcntl
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = "RECON_TESTS_MADE_ONCE"  # set where the run begins: its workers are processes of their own


def begin() -> None:
    """Makes the folder that this run's workers share; it goes when the process that began the run ends."""
    if FOLDER not in os.environ:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="recon-made-once-")
        atexit.register(_end, Path(os.environ[FOLDER]), os.getpid())


def _end(root: Path, process: int) -> None:
    if os.getpid() == process:  # and no fork of it
        shutil.rmtree(root, ignore_errors=True)


def folder(name: str) -> Path:
    """Where what has that name is once it is made."""
    begin()
    return Path(os.environ[FOLDER]) / name


@contextmanager
def place(name: str) -> Iterator[tuple[Path, bool]]:
    """The folder of that name, and whether somebody has filled it; if not, who asks fills it in the block."""
    made = folder(name)
    unfinished = made.with_name(f"{name}.unfinished")
    with made.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if made.exists():
            yield made, True
            return
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        yield unfinished, False
        unfinished.rename(made)


def made_once(name: str, make: Callable[[], Any]) -> Any:
    """What `make` returned to the first worker that asked for it by this name."""
    with place(name) as (within, is_made):
        path = within / "value.pickle"
        if is_made:
            return pickle.loads(path.read_bytes())
        value = make()
        path.write_bytes(pickle.dumps(value))
    return value
