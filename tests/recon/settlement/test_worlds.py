"""Settlement over whole worlds with hidden truth: what each transfer paid out, and that the job proves it all."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.cli.answers.documents import run_document
from recon import columns as c
from recon import settlement
from recon.model import Books
from recon.omise.objects import decode_object
from recon.omise.scrub import Scrub
from recon.sandbox.server.objects import body
from recon.sandbox.worlds.payouts import Ledger
from recon.sandbox.worlds.world import World, make_world
from recon.settlement import ledger
from tests.kit.job import finished_job, found, job, truth
from tests.kit.month_end import faults

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 15)
SHAPES = {
    "charges": c.CHARGES,
    "refunds": c.REFUNDS,
    "transfers": c.TRANSFERS,
    "transactions": c.TRANSACTIONS,
    "disputes": c.DISPUTES,
}


def books_of(world: World, days_later: int = 0) -> Books:
    """Everything that Omise would answer some days after the moment of truth, without a server and a store."""
    as_of = world.as_of + timedelta(days=days_later)
    now, frames = int(as_of.timestamp()), dict[str, Any]()
    for kind, shape in SHAPES.items():
        rows = []
        for account, known in world.books.items():
            for thing in known.kinds()[kind]:
                if thing.created <= now:
                    said = decode_object(kind[:-1], json.dumps(body(thing, now)).encode(), Scrub(None, ())).values
                    row = dict(zip(c.KINDS[kind[:-1]].names, said, strict=True))
                    row |= {"account": account, "seen_at": now, "first_seen_at": now, "was_failed": False}
                    rows.append([row.get(name) for name in shape.names])
        frames[kind] = shape.from_rows(rows)
    return Books(as_of, orders=c.ORDERS.empty(), rejected=c.REJECTED.empty(), **frames)


@pytest.mark.parametrize("seed", [9001, *(pytest.param(seed, marks=pytest.mark.proof) for seed in (9002, 9003))])
def test_full_automatic_payouts_are_rebuilt_exactly(seed: int) -> None:
    """Each transfer of these worlds takes all that is free: so it pays what became free since the one before."""
    world = make_world(seed, FIRST, LAST, 400, plant=False)
    books = books_of(world, 30)
    made = settlement.rebuild(books, ledger.read(books))
    assert len(made.payouts) > 40
    assert (made.payouts[c.UNEXPLAINED] == 0).all()
    of = dict(iter(made.parts.groupby(c.TRANSFER_ID)))
    for known in world.books.values():
        sums, since, gone = Ledger(known.transactions), 0, 0
        for transfer in known.transfers:
            if transfer.sent_at > books.as_of.timestamp():
                continue
            became_free = {
                row.id
                for row in known.transactions
                if row.direction == "credit" and since < max(row.created, row.transferable) <= transfer.created
            }
            whole = transfer.amount == sums.transferable(transfer.created) - gone
            gone += transfer.amount
            if whole:
                assert set(of[transfer.id][c.TRANSACTION_ID]) <= became_free
                since = transfer.created


@pytest.mark.parametrize("seed", [9011, *(pytest.param(seed, marks=pytest.mark.proof) for seed in (9012, 9013))])
def test_each_transfer_takes_what_the_hidden_truth_says_planted_faults_or_not(seed: int) -> None:
    world = make_world(seed, FIRST, LAST, 400)
    books = books_of(world)
    made = settlement.rebuild(books, ledger.read(books))
    names = [c.TRANSFER_ID, c.TRANSACTION_ID, c.AMOUNT]
    parts = sorted(made.parts[names].itertuples(index=False, name=None))
    told = [
        (transfer, transaction, amount)
        for known in world.books.values()
        for transfer, taken in known.paid_out.items()
        for transaction, amount in taken
    ]
    assert parts == sorted(told)
    payouts = made.payouts
    assert (payouts[c.EXPLAINED] + payouts[c.UNEXPLAINED] == payouts[c.AMOUNT]).all()


@pytest.mark.proof  # in the suite the demo finds what was planted, and each contract case its own
@pytest.mark.parametrize("seed", [811, 812])
async def test_the_job_finds_every_planted_fault_and_every_proof_ties_out(tmp_path: Path, seed: int) -> None:
    async with job(tmp_path, seed, accounts=("th", "sg", "jp", "my"), orders=160) as merchant:
        outcome = await merchant.run()
        assert found(merchant.breaks()) == truth(merchant.world)
        names = {
            "orders_to_charges",
            "charges_to_sales",
            "charges_to_ledger",
            "ledger_to_balance",
            "transfers_to_bank",
        }
        for account in run_document(outcome)["accounts"]:
            assert {proof["name"] for proof in account["proof"]} == names
            assert [p for p in account["proof"] if p["left"] + p["explained"] != p["right"]] == []
        for result in outcome.results:
            assert len(result.journal)
            assert faults(result.settlement.waterfall, result.journal) == []


@pytest.mark.parametrize("runs", [1, pytest.param(2, marks=pytest.mark.proof)])
async def test_a_balance_that_moves_without_a_transaction_is_told_until_it_is_right_again(
    tmp_path: Path, runs: int
) -> None:
    async with finished_job(tmp_path, ("th",)) as (merchant, _):
        whole = balance_total(merchant.rows("balance"))
        merchant.server.say("th", "balance", {"total": whole - 100})
        for _ in range(runs):
            outcome = await merchant.run()
            (told,) = (one for one in merchant.breaks() if one["code"] == "balance_mismatch")
            assert (told["status"], told["expected"], told["actual"]) == ("open", whole, whole - 100)
        (proof,) = (p for p in outcome.results[0].proofs if p.name == "ledger_to_balance")
        assert (proof.left, proof.right, proof.explained, proof.unexplained) == (whole, whole - 100, -100, 0)
        assert [(item.what, item.rows) for item in proof.items] == [("open break balance_mismatch", (("th", -100),))]
        merchant.server.say("th", "balance", {})
        await merchant.run()
        (told,) = (one for one in merchant.breaks() if one["code"] == "balance_mismatch")
        assert told["status"] == "auto_closed"


@pytest.mark.proof
async def test_a_later_night_proves_the_balance_from_what_was_booked_since(tmp_path: Path) -> None:
    async with job(tmp_path, accounts=("th",)) as merchant:
        for days in (-1, 0, 2):
            moment = merchant.world.as_of + timedelta(days=days)
            merchant.server.set_moment(moment)
            outcome = await merchant.run(as_of=moment)
            assert not [one for one in merchant.breaks() if one["code"] == "balance_mismatch"]
        (proof,) = (p for p in outcome.results[0].proofs if p.name == "ledger_to_balance")
        assert proof.difference == 0
        days_later = moment + timedelta(days=10)
        merchant.server.set_moment(days_later)
        booked = merchant.world.books["th"].transactions
        gone = next(t for t in booked if moment.timestamp() + 3_600 < t.created < days_later.timestamp())
        merchant.server.drop("th", "transactions", gone.id)
        await merchant.run(as_of=days_later)
        (told,) = (one for one in merchant.breaks() if one["code"] == "balance_mismatch")
        assert abs(told["difference"]) == gone.amount


def balance_total(rows: list[tuple[object, ...]]) -> int:
    """What the last reading in the store says."""
    return int(str(max(rows, key=lambda row: int(str(row[1])))[3]))
