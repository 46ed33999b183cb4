"""Takes turns at Omise through the store, so that all hosts together keep an account's rate."""

import asyncio
import math
from typing import TYPE_CHECKING

from recon.omise.client import SharedRate
from recon.store.engine import Store
from recon.store.queue import rate_limit

if TYPE_CHECKING:
    from jobs.config.config import Config


def turn_of(config: "Config", store: Store, account: str) -> SharedRate | None:
    """The account's turn with [queue]; without it nothing, since then one machine asks and its own limiter does."""
    if config.queue is None:
        return None
    return Shared(store, account, config.omise.requests_per_second)


class Shared:
    """One account's turn, of one client; the rate may be infinite: then only Omise's own wish for quiet is shared."""

    def __init__(self, store: Store, account: str, per_second: float) -> None:
        self._store = store
        self._account = account
        self._every = round(1_000_000 / per_second) if math.isfinite(per_second) else 0
        self._next = asyncio.Lock()  # one turn ahead at most: a process that dies loses one

    async def acquire(self) -> None:
        """Comes back when the next request may go."""
        async with self._next:
            while left := await asyncio.to_thread(rate_limit.take, self._store, self._account, self._every):
                await asyncio.sleep(left / 1_000_000)
                if not await asyncio.to_thread(rate_limit.is_quiet, self._store, self._account):
                    return

    async def pause(self, span_s: float) -> None:
        """Omise wants to be left alone for so long, by everybody."""
        await asyncio.to_thread(rate_limit.keep_quiet, self._store, self._account, round(span_s * 1_000_000))
