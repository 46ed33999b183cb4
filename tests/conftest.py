"""Before tests: how many examples `make proof` tries of a property (the suite: Hypothesis' own hundred); caches."""

import pytest
from hypothesis import settings

from tests.kit import made_once, statements_cache

settings.register_profile("proof", max_examples=1_000, deadline=None)


def pytest_configure(config: pytest.Config) -> None:  # noqa: ARG001
    """In the process of the run before its workers start, and in each of them."""
    made_once.begin()
    statements_cache.share()
