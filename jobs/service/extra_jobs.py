"""Runs a command line of `recon` in a process of its own.

A process of its own, since commands begin event loops, end with exit codes and may take much memory; and since a
signal ends it as it ends any command.
"""

import asyncio
import shlex
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

Extra = Callable[[str], Awaitable[int]]
EXTRA_GRACE = timedelta(hours=1)  # how late a job may still begin
_END_S = 10.0  # between the signal that asks and the one that ends
_ENTRY = "from jobs.cli.app import main; main()"


def in_own_process(config: Path) -> Extra:
    """Runs commands with a configuration file; each gives its exit code, negative where a signal ended it."""

    async def run(command: str) -> int:
        words = shlex.split(command)
        words = words[1:] if words[:1] == ["recon"] else words
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _ENTRY,
            "--config",
            str(config),
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return await process.wait()
        except asyncio.CancelledError:
            await _end(process)
            raise

    return run


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _END_S)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
