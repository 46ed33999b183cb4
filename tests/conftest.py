"""Registers with how many examples `make proof` tries properties; the suite takes Hypothesis' own hundred."""

import pytest
from hypothesis import settings

from tests.kit import made_once

settings.register_profile("proof", max_examples=1_000, deadline=None)


def pytest_configure(config: pytest.Config) -> None:  # noqa: ARG001
    """Before the workers of this run are started."""
    made_once.begin()
