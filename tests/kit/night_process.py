"""A scheduler in a process of its own whose clock stands still: python -m tests.kit.night_process CONFIG MOMENT."""

import asyncio
import socket
import sys
from datetime import datetime
from pathlib import Path

from jobs.config import config as configuration
from jobs.service.serve import serve
from tests.kit.job import Silent


async def start(config: Path, moment: datetime) -> asyncio.subprocess.Process:
    """A scheduler at a moment, without the page."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.kit.night_process",
        str(config),
        moment.isoformat(),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


if __name__ == "__main__":
    path, moment = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
    asyncio.run(serve(configuration.load(path, {}), path, lambda: moment, Silent(), scheduler=True, page=False))
