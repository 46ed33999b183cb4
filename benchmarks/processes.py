"""Processes that benchmarks measure in: one for each way, with a peer's own libraries where it has any."""

import ctypes
import gc
import json
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def interpreter(peer: str, libraries: Sequence[str] = ()) -> str:
    """Ours, or that of an environment with the libraries of a peer, made once beside ours."""
    if not libraries:
        return sys.executable
    home = Path(sys.prefix) / f"bench-{peer.lower()}"
    python = home / "bin" / "python"
    if not (home / "done").exists():
        venv.create(home, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *libraries]
        subprocess.run(pip, check=True)
        (home / "done").touch()
    return str(python)


def answer(*command: object) -> Any:
    """What a process says in its last line, as JSON; what it says beside is shown where it fails."""
    done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        sys.stderr.write(done.stderr)
    done.check_returncode()
    return json.loads(done.stdout.splitlines()[-1])


def memory_mb(field: str) -> float:
    """A figure of this process, in MB: VmRSS now, VmHWM at its highest."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def memory_from_here() -> float:
    """What is resident once all that is free was given back, in MB; the highest is counted from here on."""
    import pyarrow as pa

    gc.collect()
    pa.default_memory_pool().release_unused()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return memory_mb("VmRSS")
