"""Before tests: how many examples `make proof` tries of a property (the suite: Hypothesis' own hundred); caches.

And the search for cycles: at its own pace it takes an eighth of the suite's time. And the disk: no test cuts the
power, so none waits until it has written. No test asks anybody outside: names of other machines do not resolve, on a
machine with a network either.
"""

import gc
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import settings

from recon.store import engine
from tests.kit import made_once, statements_cache

settings.register_profile("suite", deadline=None)  # a loaded machine is no fault
settings.register_profile("proof", max_examples=1_000, deadline=None)
settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:  # noqa: ARG001
    """In the process of the run before its workers start, and in each of them."""
    made_once.begin()
    statements_cache.share()
    engine.SYNCHRONOUS = "OFF"
    gc.set_threshold(200_000, 50, 1_000)
    resolve = socket.getaddrinfo

    def only_here(host: Any, *more: Any, **named: Any) -> Any:
        if host and host != "localhost" and not _is_address(host):
            raise socket.gaierror(socket.EAI_NONAME, f"tests ask nobody outside, and so not {host}")
        return resolve(host, *more, **named)

    socket.getaddrinfo = only_here


def _is_address(host: str | bytes) -> bool:
    try:
        return bool(ip_address(host.decode() if isinstance(host, bytes) else host))
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def what_is_left_open_is_found() -> Iterator[None]:
    """Looks through no module again, and through all else once more at the end: what is left open fails a test.

    Commands freeze what they find; those that tests call would keep the tests' garbage until the end.
    """
    gc.freeze()
    freeze, gc.freeze = gc.freeze, lambda: None
    yield
    gc.collect()
    freeze()  # pytest looks ten times more
