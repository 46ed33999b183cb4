"""Many rounds of the pull's machine."""

import pytest
from hypothesis import settings

from tests.kit.pull_states import Pulls

pytestmark = pytest.mark.proof


class ManyPulls(Pulls):
    """The same machine with settings of its own."""


TestPulls = ManyPulls.TestCase
TestPulls.settings = settings(max_examples=150, stateful_step_count=30)
