"""Looks at the day: what they tell and when, and that they are no night's result and take nothing from one."""

import asyncio
import random
import shutil
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.config import config as configuration
from jobs.config.config import Config
from jobs.run.judging_request import context_of
from jobs.run.opening.store import open_ready_store
from jobs.run.sweeps.asking_again import due_again
from recon.model import Window
from recon.store.runs.attempts import attempts, last_looks
from recon.store.runs.history import last_of_each_range
from recon.store.runs.record import list_breaks, list_runs
from recon.store.versions.load import load_matches
from recon.store.versions.save import PulledWindow, save_windows
from tests.kit.job import finished_job
from tests.kit.small_merchant import (
    DAY,
    MIDNIGHT,
    MINUTE,
    charged,
    look,
    merchant,
    night,
    omise_says,
    open_breaks,
    shop_says,
)

EVERY = 15 * MINUTE
NOON = MIDNIGHT + DAY / 2


def order(id: str, amount: str, status: str, at: datetime) -> str:
    return f"{id},{amount},THB,{status},{at.isoformat()}\n"


def kakaopay(status: str = "pending") -> Any:
    """A charge of noon that nobody says the end of: by the rule book it is over after ten minutes."""
    order_id = '{"order_id": "A-1"}'
    return charged(
        "chrg_1", status, amount=700, created_at=NOON, expires_at=None, method="kakaopay", metadata=order_id
    )


@dataclass
class Looked:
    """A merchant who was looked at since a minute after noon, and each break with the first look that told it."""

    config: Config
    told: dict[str, datetime]

    def of(self, words: str) -> timedelta:
        """How long after noon it was told."""
        return self.told[words] - NOON


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Looked:
    """Of noon: a KakaoPay charge left alone, a lost webhook, and two that are paid and lack their other side."""
    paid: dict[str, Any] = {"created_at": NOON, "paid_at": NOON}
    charges = (
        kakaopay(),
        charged("chrg_2", amount=900, metadata='{"order_id": "A-2"}', **paid),
        charged("chrg_4", amount=700, metadata='{"order_id": "A-4"}', **paid),
    )
    orders = (("A-1", "7.00", "pending"), ("A-2", "9.00", "pending"), ("A-3", "5.00", "paid"))
    shop = "".join(order(*one, NOON) for one in orders)
    config = merchant(tmp_path_factory.mktemp("looked"), shop, *charges)
    told: dict[str, datetime] = {}
    for number in range(5):
        now = NOON + MINUTE + number * EVERY
        asyncio.run(look(config, now))
        for words in open_breaks(config):
            told.setdefault(words, now)
    assert len(told) == 4
    return Looked(config, told)


def test_a_kakaopay_charge_left_alone_is_told_within_its_minutes_the_grace_and_one_look(looked: Looked) -> None:
    end = timedelta(minutes=10 + 30)
    assert end < looked.of("pending_stuck chrg_1") <= end + EVERY


def test_a_lost_webhook_is_told_within_the_grace_and_one_look(looked: Looked) -> None:
    assert 30 * MINUTE < looked.of("order_not_marked_paid A-2") <= 30 * MINUTE + EVERY


async def test_what_is_younger_than_settle_is_told_only_when_it_is_older_and_closes_when_its_side_comes(
    looked: Looked, tmp_path: Path
) -> None:
    missing = ("charge_missing A-3", "order_missing chrg_4")
    assert [looked.of(words) for words in missing] == [MINUTE + 4 * EVERY] * 2
    shutil.copytree(looked.config.reports.folder.parent, tmp_path, dirs_exist_ok=True)
    config = configuration.load(tmp_path / "config.toml", {})
    shop_says(config, "".join(order(*one, NOON) for one in (("A-2", "9.00", "paid"), ("A-4", "7.00", "paid"))))
    late = charged("chrg_3", amount=500, metadata='{"order_id": "A-3"}', created_at=NOON, paid_at=NOON)
    omise_says(config, NOON + 90 * MINUTE, late)
    await look(config, NOON + 2 * 60 * MINUTE)
    assert open_breaks(config) == {"pending_stuck chrg_1"}


async def test_a_look_is_no_run_of_any_range_and_keeps_no_links(tmp_path: Path) -> None:
    paid = charged("chrg_1", amount=700, created_at=NOON, paid_at=NOON, metadata='{"order_id": "A-1"}')
    config = merchant(tmp_path, order("A-1", "7.00", "paid", NOON) + order("A-2", "5.00", "paid", NOON), paid)
    quiet = await look(config, NOON + MINUTE)
    assert (quiet.run_id, quiet.complete, quiet.of_today, quiet.results[0].matched_orders) == (None, True, True, 1)
    outcome = await look(config, NOON + 90 * MINUTE)
    store = open_ready_store(config)
    try:
        [run] = list_runs(store, 5)
        assert (run.run_id, run.record.command, run.accounts) == (outcome.run_id, "watch", ())
        assert run.record.options["accounts"] == ["th"]
        assert (last_of_each_range(store, "th"), len(load_matches(store, ["th"]))) == ([], 0)
        assert attempts(store, date.min) == []  # of nights
        assert last_looks(store) == {"th": NOON + 90 * MINUTE}
    finally:
        store.dispose()


async def test_a_look_pulls_and_reads_no_balance_and_writes_no_workbook(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th",)) as (job, _):
        files = sorted(path.name for path in (tmp_path / "reports-out").rglob("*"))
        balances = job.server.requests["/balance"]
        outcome = await job.run(first=None, last=None, as_of=None, accounts=("th",), today=True)
        assert outcome.complete, outcome.messages
        assert job.server.requests["/charges"] > 0
        assert job.server.requests["/balance"] == balances
        assert sorted(path.name for path in (tmp_path / "reports-out").rglob("*")) == files


@pytest.mark.parametrize(
    ("before", "now", "asked"),
    [
        (MINUTE / 2, 2, True),  # a minute old
        (2 * MINUTE, 2.5, False),
        (2 * MINUTE, 9, True),
        (30 * MINUTE, 39, False),
        (30 * MINUTE, 40, True),  # its end and the grace
        (40 * MINUTE, 300, False),
    ],
)
def test_a_pending_charge_is_asked_for_again_at_some_minutes_and_last_when_it_should_have_ended(
    tmp_path: Path, before: timedelta, now: float, asked: bool
) -> None:
    config = merchant(tmp_path, "", kakaopay())
    store = open_ready_store(config)
    try:
        mark = NOON + before
        save_windows(store, "th", [PulledWindow("event", Window(mark, mark), 0, 0, mark)])
        ids = due_again(context_of(config, NOON + now * MINUTE))(store, "th", None)
    finally:
        store.dispose()
    assert ids == {"charge": ["chrg_1"] if asked else []}


def _hours(chance: random.Random) -> list[tuple[datetime, list[str], list[Any]]]:
    """What shop and Omise say over two days, hour by hour: amounts repeat, so that some pairs are only guessed."""
    orders: dict[str, str] = {}
    hours = []
    for hour in range(1, 48, 4):
        at = MIDNIGHT + hour * 60 * MINUTE
        charges = []
        for number in range(chance.randrange(4)):
            key = f"{hour}{number}"
            amount = chance.choice((500, 500, 700))
            status = chance.choice(("successful", "successful", "failed", "pending"))
            named = chance.choice((None, f"A-{key}", f"A-{hour - 4}{number}"))
            paid_at = at if status == "successful" else None
            metadata = f'{{"order_id": "{named}"}}' if named else "{}"
            money = {"amount": amount, "created_at": at, "paid_at": paid_at, "metadata": metadata}
            if chance.random() < 0.8:
                charges.append(charged(f"chrg_{key}", status, **money))
            if chance.random() < 0.8:
                word = chance.choice(("paid", "paid", "pending", "cancelled"))
                orders[f"A-{key}"] = order(f"A-{key}", f"{amount // 100}.00", word, at - MINUTE)
        changed = chance.choice(sorted(orders)) if orders else None
        if changed:
            orders[changed] = orders[changed].replace(",pending,", ",paid,")
        hours.append((at, list(orders.values()), charges))
    return hours


async def test_a_pair_that_a_look_guessed_binds_no_night(tmp_path: Path) -> None:
    nameless: dict[str, Any] = {"amount": 700, "metadata": "{}"}
    config = merchant(tmp_path, order("A-1", "7.00", "paid", NOON))
    omise_says(config, NOON, charged("chrg_1", created_at=NOON, paid_at=NOON, **nameless))
    assert (await look(config, NOON + 2 * MINUTE)).results[0].matched_orders == 1
    later = NOON + 60 * MINUTE
    omise_says(config, later, charged("chrg_2", created_at=later, paid_at=later, **nameless))
    await night(config, MIDNIGHT + DAY + 90 * MINUTE, date(2026, 3, 3))
    assert "match_ambiguous A-1" in open_breaks(config)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(12))
async def test_a_night_finds_the_same_whether_or_not_the_day_was_looked_at(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    hours = _hours(chance)
    watched = {hour for hour, *_ in hours if chance.random() < 0.6}
    found = []
    for looks in (True, False):
        folder = tmp_path / str(looks)
        folder.mkdir()
        config = merchant(folder, "")
        for at, orders, charges in hours:
            shop_says(config, "".join(orders))
            omise_says(config, at + 5 * MINUTE, *charges)
            if looks and at in watched:
                await look(config, at + 10 * MINUTE)
            if at.hour == 18:  # 01:10 in Bangkok
                await night(config, at + 10 * MINUTE, date(2026, 3, at.day))
        outcome = await night(config, MIDNIGHT + 2 * DAY + 90 * MINUTE, date(2026, 3, 4))
        store = open_ready_store(config)
        try:
            breaks = {known.latest.id: known.latest for known in list_breaks(store) if known.status == "open"}
            links = sorted(load_matches(store, ["th"]).itertuples(index=False, name=None))
        finally:
            store.dispose()
        result = outcome.results[0]
        found.append((breaks, links, result.matched_orders, result.proofs, dict(result.notes)))
    assert found[0] == found[1]
    assert found[0][0]
