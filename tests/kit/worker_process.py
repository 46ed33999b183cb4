"""A worker in a hurry, as a process: `python -m tests.kit.worker_process CONFIG NAME`; SIGTERM ends it."""

import asyncio
import sys
from pathlib import Path

from jobs.batch.worker import work
from jobs.config import config as configuration
from jobs.logs.logs import configure
from jobs.service.signals import asked_to_end
from tests.kit.job import clock
from tests.kit.queue_samples import FAST


async def main(path: Path, name: str) -> None:
    """Until it is asked to end."""
    configure(as_json=False)
    with asked_to_end() as stop:
        await work(configuration.load(path, {}), clock, name, 2, stop, FAST)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
