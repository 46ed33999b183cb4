"""Omise's receipts over the sandbox, from the list to the books: pulled, stored, tied to ledger and fees."""

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from jobs import demo
from jobs.config import config as configuration
from jobs.run.outcome import RunOptions
from jobs.run.run import run
from recon import columns as c
from recon.model import Result
from recon.sandbox.server.objects import body
from recon.sandbox.worlds.world import make_world
from tests.kit.job import FIRST, LAST, Job, Silent, clock
from tests.kit.sandbox import serve

BOTH = ("th", "my")


async def over(folder: Path, plant: bool, accounts: Sequence[str] = BOTH) -> tuple[Job, list[Result]]:
    """A run over a live account's world, after a pull of its first look."""
    world = make_world(3, FIRST, LAST, 150, accounts, plant=plant, live=True)
    async with serve(world, moment=world.first_look) as running:
        config = configuration.load(demo.prepare(world, folder, running.url), {})
        first = RunOptions(FIRST, LAST, as_of=world.first_look, report=False, judge=False, record=False, by="test")
        await run(config, first, clock, Silent())
        running.set_moment(world.as_of)
        later = RunOptions(FIRST, LAST, as_of=world.as_of, report=False, by="test")
        outcome = await run(config, later, clock, Silent())
        assert outcome.complete
    return Job(folder, world, running, folder / "config.toml"), list(outcome.results)


Found = tuple[Job, list[Result]]


@pytest.fixture(scope="module", params=[("th",), pytest.param(BOTH, marks=pytest.mark.proof)], ids="+".join)
def with_plants(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Found:
    return asyncio.run(over(tmp_path_factory.mktemp("receipts"), plant=True, accounts=request.param))


@pytest.mark.proof  # the suite has the world with faults below
async def test_receipts_are_pulled_stored_and_tied_in(tmp_path: Path) -> None:
    done, results = await over(tmp_path, plant=False)
    now = int(done.world.as_of.timestamp())
    said = {
        row.id: body(row, now) for books in done.world.books.values() for row in books.receipts if row.created <= now
    }
    assert len(said) >= 4
    assert {row[1] for row in done.rows("receipt")} == said.keys()
    adjusted = [one for one in said.values() if one["adjustment_transaction"]]
    assert adjusted
    moves = {one["adjustment_transaction"]["transaction"] for one in adjusted}
    assert moves <= {row[1] for row in done.rows("transaction")}
    for result in results:
        assert [proof for proof in result.proofs if proof.unexplained] == []
        lines = result.settlement.fees
        receipts = lines[lines[c.KIND] == "receipt"]
        name = result.account.name
        within = [one for one in said.values() if one["id"] in {r.id for r in done.world.books[name].receipts}]
        inside = [one for one in within if FIRST <= date.fromisoformat(one["issued_on"]) <= LAST]
        assert receipts[c.FEE].sum() == sum(one["subtotal"] for one in inside)
        assert receipts[c.FEE_VAT].sum() == sum(one["vat"] for one in inside)
        days = result.settlement.receipts
        assert set(days[c.MATCH]) == {c.AGREES}
        assert days[c.BASE_DIFFERENCE].abs().max() == 0
        assert days[c.VAT_DIFFERENCE].abs().max() == 0
        assert days[c.VAT].sum() == sum(one["vat"] for one in inside)
    assert [b for b in done.breaks() if b["code"] == "receipt_mismatch"] == []
    assert [b for b in done.breaks() if b["code"].startswith("transaction")] == []


def test_a_receipt_of_other_fees_is_found_and_the_others_of_the_week_agree(with_plants: Found) -> None:
    done, results = with_plants
    (planted,) = [p for p in done.world.truth_since_first_look if p.code == "receipt_mismatch"]
    (found,) = [b for b in done.breaks() if b["code"] == "receipt_mismatch"]
    assert (found["account"], found["subject_id"]) == (planted.account, planted.subject_id)
    states = [state for result in results for state in result.settlement.receipts[c.MATCH]]
    assert states.count(c.DIFFERS) == 1
    assert set(states) == {c.AGREES, c.DIFFERS}


def test_a_balance_that_comes_off_is_found_and_explains_its_proof(with_plants: Found) -> None:
    done, results = with_plants
    planted = [p for p in done.world.truth_since_first_look if p.code == "balance_mismatch"]
    found = [b for b in done.breaks() if b["code"] == "balance_mismatch"]
    assert [b["account"] for b in found] == [p.account for p in planted]
    assert found[0]["difference"] == done.world.books[found[0]["account"]].balance_error[1]
    assert [p.name for r in results for p in r.proofs if p.unexplained] == []
    differing = {
        r.account.name: p for r in results for p in r.proofs if p.name == "ledger_to_balance" and p.difference
    }
    (item,) = differing.pop(found[0]["account"]).items
    assert (item.what, item.amount) == ("open break balance_mismatch", found[0]["difference"])
    assert differing == {}
