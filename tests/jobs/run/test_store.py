"""A store that is opened beside the event loop: whoever stops waiting for it leaves nothing open."""

import asyncio
import threading
from typing import Any

import pytest

from jobs.run.opening import store as stores


class Store:
    """A store that only knows whether it was closed."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def dispose(self) -> None:
        self.closed.set()


async def test_one_that_is_being_opened_when_nobody_waits_any_more_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    begun = threading.Event()
    goes_on = threading.Event()

    def open_slowly(_: Any, **_options: Any) -> Store:
        begun.set()
        assert goes_on.wait(5)
        return store

    async def wait_for_it() -> None:
        async with stores.opened_store(None):  # type: ignore[arg-type]
            raise AssertionError

    monkeypatch.setattr(stores, "open_ready_store", open_slowly)
    waiting = asyncio.create_task(wait_for_it())
    assert await asyncio.to_thread(begun.wait, 5)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    goes_on.set()
    assert await asyncio.to_thread(store.closed.wait, 5)
