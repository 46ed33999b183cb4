"""A rotation, an erasure or a retention run that is killed and called again ends as if nothing had happened."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from recon.privacy import HashKey, key_id
from tests.kit.cut_short import CALLS, CUSTOMER, NEW_KEY, Ended, cut_short
from tests.kit.job import job
from tests.kit.rotated_keys import FIRST_KEY, archive, configure, plant
from tests.kit.store_samples import DATABASES, fresh_url

pytestmark = pytest.mark.proof  # the suite has a rotation that ends in its middle in test_personal.py

OLD = HashKey((FIRST_KEY.format("hash").encode(),))
NEW_NAME = key_id(NEW_KEY.format("rotate hash").encode())


async def killed(folder: Path, what: str, database: str, cuts: int) -> Sequence[Ended]:
    """A merchant with an archive, on which something is called and killed."""
    async with job(folder / "shop", orders=12, accounts=("th",)) as made:
        url = "" if database == "sqlite" else fresh_url(database, folder)
        configure(made, url or None)
        plant(made, CUSTOMER)
        await made.run()
        archive(made)
    steps = cut_short(folder / "shop", what, url, cuts)
    whole, *others = steps
    assert [step.is_cut for step in steps] == [False, *(True for _ in others)]
    for step in steps:
        assert (step.wrong, step.left) == ([], []), step
        assert len(step.keys) == 1 or (what == "retention" and not step.keys), "nothing is half rewritten"
        assert (step.state, step.hashes) == (whole.state, whole.hashes), f"step {step.step}"
    names = {found.partition("_")[0] for found in whole.hashes}
    assert names == {"rotate hash": {NEW_NAME}, "retention": set()}.get(what, set(OLD.ids))
    if what == "erase":
        assert OLD.hash(CUSTOMER) not in whole.hashes
    return others


async def test_a_rotation_that_was_killed_goes_on(tmp_path: Path) -> None:
    steps = await killed(tmp_path, "rotate hash", "sqlite", cuts=3)
    assert {step.is_done for step in steps} == {False, True}


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("what", CALLS)
async def test_each_change_is_killed_at_its_steps(tmp_path: Path, what: str, database: str) -> None:
    cuts = 0 if database == "sqlite" else 40  # most steps are one row's
    assert len(await killed(tmp_path, what, database, cuts)) > 15
