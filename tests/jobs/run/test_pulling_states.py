"""A few rounds of the pull's machine; tests/proof/test_pull_states.py runs many."""

import pytest
from hypothesis import settings

from tests.kit.pull_states import Pulls

pytestmark = pytest.mark.proof  # the suite has what it walks through in test_pulling.py and test_incremental.py
TestPulls = Pulls.TestCase
TestPulls.settings = settings(max_examples=8, stateful_step_count=8, derandomize=True)
