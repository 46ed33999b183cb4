"""A few rounds of the pull's machine; `make proof` runs many (tests/proof/test_pull_states.py)."""

from hypothesis import settings

from tests.kit.pull_states import Pulls

TestPulls = Pulls.TestCase
TestPulls.settings = settings(max_examples=8, stateful_step_count=8, deadline=None, derandomize=True)
