"""The steps of a batch in any order, one by one or side by side: what comes of doing them in a row in one process."""

import asyncio
from datetime import date
from pathlib import Path
from random import Random

import pytest

from jobs.batch.backfill import backfill, open_backfill
from jobs.batch.local import Unseen, outcomes_of
from jobs.batch.plan import ready
from jobs.batch.steps import Work, perform
from jobs.run.lock import Busy
from jobs.run.opening.store import ready_store
from recon.store.queue import batches
from recon.store.queue.batches import Step
from tests.kit.job import Job, Silent, clock
from tests.kit.two_months import backfill_options, left_behind, two_months

pytestmark = pytest.mark.proof

FIRST, LAST, ACCOUNTS = date(2026, 1, 30), date(2026, 3, 2), ("th", "jp", "sg", "my")


@pytest.mark.parametrize("together", [False, True])
async def test_whatever_order_the_steps_come_in(tmp_path: Path, together: bool) -> None:
    async with two_months(tmp_path / "row", 2, 150, FIRST, LAST, ACCOUNTS) as made:
        await backfill(*backfill_options(made), clock, Silent())
        expected = left_behind(made)
    async with two_months(tmp_path / "any", 2, 150, FIRST, LAST, ACCOUNTS) as made:
        await in_any_order(made, Random(2), together)
        for what, left in left_behind(made).items():
            assert left == expected[what], what
    assert len(expected["names"]) == 3 * (len(ACCOUNTS) + 1)
    assert any(one["code"] == "wrong_account" for one in expected["breaks"]), "links cross accounts"


async def in_any_order(made: Job, chance: Random, together: bool) -> None:
    """Every step by a process of its own, as it were: none knows what another one remembers."""
    config, options = backfill_options(made)
    batch_id = open_backfill(config, options, clock())
    assert batch_id is not None
    with ready_store(config) as store:
        batch = batches.one_batch(store, batch_id)
        assert batch is not None

        async def do(step: Step) -> None:
            while True:
                try:
                    await perform(Work(config, store, batch, clock, Unseen()), step.key)
                except Busy:
                    await asyncio.sleep(0.05)
                else:
                    return

        while left := ready(batches.steps(store, batch_id)):
            chosen = chance.sample(left, len(left) if together else 1)
            await asyncio.gather(*(do(step) for step in chosen))
        outcomes_of(Work(config, store, batch, clock, Unseen()))
