"""A larger world, run after run, on SQLite and on PostgreSQL: the same tables, JSON and workbooks."""

from pathlib import Path

import pytest

from recon.sandbox.worlds.world import make_world
from tests.jobs.run.test_same_on_both import compare
from tests.kit.job import FIRST, LAST


@pytest.mark.proof
async def test_the_same_larger_world_has_the_same_result_run_after_run(tmp_path: Path) -> None:
    world = make_world(2, FIRST, LAST, 400, ("th", "jp", "sg", "my"))
    (first, again, later, last), _ = await compare(tmp_path, world, ((0, True), (0, True), (1, True), (9, True)))
    assert first.files == again.files
    assert first.files != later.files != last.files
