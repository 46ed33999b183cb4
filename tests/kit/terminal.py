"""A command at a pseudo-terminal: what a person sees, and what this person types."""

import os
import pty
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from select import select

_PATIENCE = 30  # seconds without a word
_START = "from jobs.cli.app import main; main()"


def session(
    folder: Path,
    environ: Mapping[str, str],
    words: Sequence[str],
    answers: Sequence[tuple[str, str]] = (),
    width: int = 80,
) -> tuple[int, str]:
    """The exit code, and all that stood on the terminal; each answer is typed when its prompt has appeared."""
    ours, theirs = pty.openpty()
    settings = {**os.environ, "TERM": "dumb", **environ, "COLUMNS": str(width)}
    process = subprocess.Popen(
        [sys.executable, "-c", _START, *words], cwd=folder, env=settings, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    seen = ""
    read = 0
    left = list(answers)
    try:
        while select([ours], [], [], _PATIENCE)[0]:
            part = b""
            with suppress(OSError):  # the other end is closed
                part = os.read(ours, 65_536)
            if not part:
                break
            seen += part.decode(errors="replace")
            while left and (at := seen.find(left[0][0], read)) >= 0 and seen.rstrip(" ").endswith((":", "?")):
                read = at + len(left[0][0])
                os.write(ours, f"{left.pop(0)[1]}\n".encode())
        assert not left, f"never asked: {left}\n{seen}"
        return process.wait(timeout=_PATIENCE), seen.replace("\r\n", "\n")
    finally:
        process.kill()
        process.wait()
        os.close(ours)
