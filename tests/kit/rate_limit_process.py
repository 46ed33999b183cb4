"""One host among several that ask the same account: `python -m tests.kit.rate_limit_process STORE URL RATE COUNT`."""

import asyncio
import sys
from collections.abc import Callable

from jobs.run.access import StoreRate
from recon.omise.client import Limits, open_client
from recon.store.engine import open_store


def wait_for_a_line() -> None:
    """Says that this process is ready, and waits until it is told to go."""
    print("ready", flush=True)
    sys.stdin.readline()


async def ask(
    store_url: str, url: str, rate: float, count: int, wait: Callable[[], object] = wait_for_a_line
) -> None:
    """Waits until all are ready, then asks so often, eight at a time."""
    store = open_store(store_url)
    turn = StoreRate(store, "th", rate)
    async with open_client(url, "skey_test_1", Limits(rate, backoff_s=0.01, ceiling_s=0.05), turn) as client:
        await asyncio.to_thread(wait)
        await asyncio.gather(*(client.get("/charges", {}, bytes) for _ in range(count)))
    store.dispose()


if __name__ == "__main__":
    asyncio.run(ask(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])))
