"""The demonstration: on worlds of unseen seeds every planted break is found, and nothing else."""

from pathlib import Path

import pytest

from jobs.demo import demo
from tests.kit.job import Silent, clock

pytestmark = pytest.mark.proof


@pytest.mark.parametrize("seed", [7_001])
async def test_it_finds_what_was_planted_and_nothing_else(tmp_path: Path, seed: int) -> None:
    done = await demo(tmp_path, 200, seed, clock, Silent())
    assert done.outcome.complete
    assert [line for line in done.table if line.missed or line.extra] == []
    codes = {line.code for line in done.table if line.found}
    assert codes >= {"late_success", "refund_window_closed", "transfer_stuck", "dispute_lost", "method_unknown"}
