"""A worker in a hurry, as a process: `python -m tests.worker_process CONFIG NAME`; SIGTERM ends it as it ends any."""

import asyncio
import sys
from pathlib import Path

from jobs import config as configuration
from jobs.ending import asked_to_end
from jobs.logs import configure
from jobs.worker import work
from tests.job import clock
from tests.queue_samples import FAST


async def main(path: Path, name: str) -> None:
    """Until it is asked to end."""
    configure(as_json=False)
    with asked_to_end() as stop:
        await work(configuration.load(path, {}), clock, name, 2, stop, FAST)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
