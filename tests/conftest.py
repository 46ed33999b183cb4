"""Before tests: how many examples `make proof` tries of a property (the suite: Hypothesis' own hundred); caches.

And the search for cycles: at its own pace it takes an eighth of the suite's time.
"""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.kit import made_once, statements_cache

settings.register_profile("proof", max_examples=1_000, deadline=None)


def pytest_configure(config: pytest.Config) -> None:  # noqa: ARG001
    """In the process of the run before its workers start, and in each of them."""
    made_once.begin()
    statements_cache.share()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session", autouse=True)
def what_is_left_open_is_found() -> Iterator[None]:
    """Looks through no module again until the end, and then through all: what is left open fails the last test."""
    gc.freeze()
    yield
    gc.unfreeze()  # commands that tests call have frozen more
    gc.collect()
