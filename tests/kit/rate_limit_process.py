"""One host among several that ask the same account: `python -m tests.kit.rate_limit_process STORE URL RATE COUNT`."""

import asyncio
import sys

from jobs.run.access import StoreRate
from recon.omise.client import Limits, open_client
from recon.store.engine import open_store


async def ask(store_url: str, url: str, rate: float, count: int) -> None:
    """Says that it is ready, waits for a line, then asks so often, eight at a time."""
    store = open_store(store_url)
    turn = StoreRate(store, "th", rate)
    async with open_client(url, "skey_test_1", Limits(rate, backoff_s=0.01, ceiling_s=0.05), turn) as client:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await asyncio.gather(*(client.get("/charges", {}, bytes) for _ in range(count)))
    store.dispose()


if __name__ == "__main__":
    asyncio.run(ask(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])))
